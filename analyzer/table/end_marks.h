// What people are told behind the status of a process: "SIGKILL oom", "SIGSEGV core".
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "table/table.h"
#include "text/byte_buffer.h"

namespace daybook {

// Columns that hold what is said there, and are yes or no.
inline constexpr std::string_view kEndMarks[] = {"core", "oom"};

// The one of these columns behind whose cells it is said; as many as there are where there is none.
size_t MarkedColumn(std::span<const Column> columns);

class EndMarks {
 public:
  // Takes those out that are only marks: they are the last ones.
  static EndMarks TakeFrom(std::vector<Column>* columns);

  // Appends to the cell in this column what belongs behind it. The marks are the last of `cells`.
  void AppendTo(size_t column, std::span<const Cell> cells, ByteBuffer* line) const {
    if (column == marked_) AppendMarks(cells.last(names_.size()), line);
  }

 private:
  void AppendMarks(std::span<const Cell> marks, ByteBuffer* line) const;

  size_t marked_ = 0;
  std::vector<std::string_view> names_;
};

}  // namespace daybook
