#include "table.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "cell_packing.h"

namespace daybook {

int CompareCells(const Cell& a, const Cell& b) {
  if (a.index() != b.index()) return a.index() < b.index() ? -1 : 1;
  if (const auto* text = std::get_if<Text>(&a)) {
    return text->bytes.compare(std::get<Text>(b).bytes);
  }
  if (const auto* number = std::get_if<int64_t>(&a)) {
    const int64_t other = std::get<int64_t>(b);
    return *number < other ? -1 : *number > other;
  }
  if (const auto* count = std::get_if<uint64_t>(&a)) {
    const uint64_t other = std::get<uint64_t>(b);
    return *count < other ? -1 : *count > other;
  }
  if (const auto* flag = std::get_if<bool>(&a)) return int{*flag} - int{std::get<bool>(b)};
  return 0;
}

std::string_view WithoutUnit(std::string_view name) {
  for (const std::string_view unit : {"_us", "_kib", "_ns", "_bytes"}) {
    if (name.ends_with(unit)) name.remove_suffix(unit.size());
  }
  return name;
}

void Table::Add(std::span<const Cell> cells, std::optional<uint64_t> place) {
  ++added_;
  if (view_.sort_by || shown_) return Hold(cells, place.value_or(added_));
  if (full()) return;
  selected_.clear();
  for (const size_t column : view_.columns) selected_.push_back(cells[column]);
  sink_->Row(selected_);
  ++handed_on_;
}

bool IsNamed(std::string_view column, std::string_view name) {
  constexpr std::string_view kTime = "_time";
  if (column == name || WithoutUnit(column) == name) return true;
  return column.ends_with(kTime) && column.substr(0, column.size() - kTime.size()) == name;
}

bool Table::Uses(size_t column) const {
  return view_.sort_by == column || std::ranges::find(view_.columns, column) != view_.columns.end();
}

bool Table::full() const {
  if (sink_->closed()) return true;
  return !view_.sort_by && view_.limit && handed_on_ >= *view_.limit;
}

void Table::SetTotal(std::span<const Cell> cells) {
  total_.emplace();
  for (const size_t column : view_.columns) total_->push_back(cells[column]);
}

// Unknown comes last in both directions.
bool Table::Before(const HeldRow& a, const HeldRow& b) const {
  const bool a_unknown = std::holds_alternative<std::monostate>(a.key);
  const bool b_unknown = std::holds_alternative<std::monostate>(b.key);
  if (a_unknown != b_unknown) return b_unknown;
  const int order = CompareCells(a.key, b.key);
  if (order != 0) return view_.descending ? order > 0 : order < 0;
  return a.number < b.number;
}

void Table::HandOnAs(size_t column, std::function<Cell(const Cell& added)> shown) {
  if (!Uses(column)) return;
  shown_column_ = column;
  shown_ = std::move(shown);
}

void Table::Hold(std::span<const Cell> cells, uint64_t place) {
  Cell key = view_.sort_by ? cells[*view_.sort_by] : Cell();
  if (auto* text = std::get_if<Text>(&key)) text->bytes = arena_.Keep(text->bytes);
  held_.push_back({.key = key, .number = place, .packed = Packed(cells)});
  DropSurplus();
}

std::string_view Table::Packed(std::span<const Cell> cells) {
  packed_.clear();
  for (const size_t column : view_.columns) PackCell(cells[column], &packed_);
  return arena_.Keep(packed_);
}

// With a limit, holds little more than twice as many rows; each is moved a constant number of
// times on average.
void Table::DropSurplus() {
  constexpr uint64_t kSlackRows = 1024;
  if (!view_.limit || held_.size() / 2 < std::max(*view_.limit, kSlackRows)) return;
  const auto keep = static_cast<std::ptrdiff_t>(*view_.limit);
  std::nth_element(held_.begin(), held_.begin() + keep, held_.end(),
                   [this](const HeldRow& a, const HeldRow& b) { return Before(a, b); });
  held_.resize(*view_.limit);
  Arena arena;
  for (HeldRow& row : held_) {
    row.packed = arena.Keep(row.packed);
    if (auto* text = std::get_if<Text>(&row.key)) text->bytes = arena.Keep(text->bytes);
  }
  arena_ = std::move(arena);
}

std::vector<uint64_t> Table::Chosen() {
  Choose();
  std::vector<uint64_t> numbers;
  for (uint64_t i = 0; i < handed_on_; ++i) numbers.push_back(i);
  for (const HeldRow& row : held_) numbers.push_back(row.number - 1);
  return numbers;
}

void Table::AddLast(std::span<const Cell> cells) { last_ = Packed(cells); }

void Table::Choose() {
  std::ranges::sort(held_, [this](const HeldRow& a, const HeldRow& b) { return Before(a, b); });
  if (view_.limit && held_.size() > *view_.limit) held_.resize(*view_.limit);
}

void Table::Finish() {
  Choose();
  for (const HeldRow& row : held_) {
    if (sink_->closed()) return;
    HandOn(row.packed);
  }
  if (last_ && !sink_->closed()) HandOn(*last_);
}

void Table::HandOn(std::string_view packed) {
  selected_.clear();
  for (const size_t column : view_.columns) {
    const Cell cell = UnpackCell(&packed);
    selected_.push_back(shown_ && column == shown_column_ ? shown_(cell) : cell);
  }
  sink_->Row(selected_);
  ++handed_on_;
}

}  // namespace daybook
