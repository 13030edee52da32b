#include "table/end_marks.h"

#include <algorithm>

namespace daybook {

size_t MarkedColumn(std::span<const Column> columns) {
  auto found = std::ranges::find(columns, "signal", &Column::name);
  if (found == columns.end()) found = std::ranges::find(columns, "status", &Column::name);
  return static_cast<size_t>(found - columns.begin());
}

EndMarks EndMarks::TakeFrom(std::vector<Column>* columns) {
  EndMarks marks;
  const auto first = std::ranges::find(*columns, Shown::kAsMark, &Column::shown);
  for (auto mark = first; mark != columns->end(); ++mark) marks.names_.push_back(mark->name);
  columns->erase(first, columns->end());
  marks.marked_ = MarkedColumn(*columns);
  return marks;
}

void EndMarks::AppendMarks(std::span<const Cell> marks, ByteBuffer* line) const {
  for (size_t i = 0; i < marks.size(); ++i) {
    const auto* is_so = std::get_if<bool>(&marks[i]);
    if (is_so == nullptr || !*is_so) continue;
    line->Append(' ');
    line->Append(names_[i]);
  }
}

}  // namespace daybook
