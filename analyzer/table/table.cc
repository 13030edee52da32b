#include "table/table.h"

#include <algorithm>
#include <utility>

#include "table/cell_packing.h"
#include "table/held_rows.h"

namespace daybook {

Table::Table(TableView view, RowSink* sink)
    : view_(std::move(view)), sink_(sink), selected_(view_.columns.size()) {}
Table::~Table() = default;

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

void Table::HandOnAs(size_t column, std::function<Cell(const Cell& added)> shown) {
  if (!Uses(column)) return;
  shown_column_ = column;
  shown_ = std::move(shown);
}

HeldRows& Table::held() {
  if (!held_) {
    held_ = std::make_unique<HeldRows>(HeldRows::Order{
        .columns = view_.columns, .descending = view_.descending, .limit = view_.limit});
  }
  return *held_;
}

std::span<const Cell> Table::Select(std::span<const Cell> cells) {
  for (size_t i = 0; i < selected_.size(); ++i) selected_[i] = cells[view_.columns[i]];
  return selected_;
}

void Table::Add(std::span<const Cell> cells, std::optional<uint64_t> place) {
  const uint64_t number = added_++;
  if (view_.sort_by || shown_) {
    const Cell key = view_.sort_by ? cells[*view_.sort_by] : Cell();
    held().Add(key, cells, place.value_or(number));
  } else if (!full()) {
    HandOn(Select(cells));
  }
}

std::vector<uint64_t> Table::Chosen() {
  std::vector<uint64_t> numbers;
  for (uint64_t i = 0; i < handed_on_; ++i) numbers.push_back(i);
  Status read = held().ForEach([&](uint64_t number, std::span<const Cell>) {
    numbers.push_back(number);
    return true;
  });
  if (!read) failed_ = std::move(read);
  return numbers;
}

uint64_t Table::LeftOut() const {
  const bool is_cut = view_.limit && added_ > *view_.limit && last_.empty();
  return is_cut ? added_ - *view_.limit : 0;
}

void Table::AddLast(std::span<const Cell> cells) {
  ByteBuffer packed;
  for (const Cell& cell : Select(cells)) PackCell(cell, nullptr, &packed);
  last_ = packed.text();
}

Status Table::Finish() {
  if (!failed_) return failed_;
  const auto hand_on = [this](std::span<const Cell> cells) {
    if (sink_->closed()) return false;
    HandOn(shown_ ? ShownInstead(cells) : cells);
    return true;
  };
  Status read = held().ForEach(
      [&](uint64_t /*number*/, std::span<const Cell> cells) { return hand_on(cells); });
  if (!read || last_.empty()) return read;
  std::vector<Cell> last(selected_.size());
  const char* packed = last_.data();
  for (Cell& cell : last) packed = UnpackCell(packed, nullptr, &cell);
  hand_on(last);
  return Ok{};
}

std::span<const Cell> Table::ShownInstead(std::span<const Cell> selected) {
  for (size_t i = 0; i < selected_.size(); ++i) {
    selected_[i] = view_.columns[i] == shown_column_ ? shown_(selected[i]) : selected[i];
  }
  return selected_;
}

void Table::HandOn(std::span<const Cell> selected) {
  sink_->Row(selected);
  ++handed_on_;
}

}  // namespace daybook
