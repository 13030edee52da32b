#include "table.h"

#include <algorithm>
#include <utility>

#include "cell_packing.h"

namespace daybook {
namespace {

constexpr uint8_t kUnknownKind = UINT8_MAX;

// Texts that begin alike have the same one.
uint64_t KeyOf(std::string_view text) {
  uint64_t key = 0;
  for (size_t i = 0; i < sizeof(key); ++i) {
    key = key << 8 | (i < text.size() ? static_cast<uint8_t>(text[i]) : 0);
  }
  return key;
}

uint64_t KeyOf(const Cell& cell) {
  constexpr uint64_t kSignBit = uint64_t{1} << 63;
  if (const auto* count = std::get_if<uint64_t>(&cell)) return *count;
  if (const auto* number = std::get_if<int64_t>(&cell)) {
    return static_cast<uint64_t>(*number) ^ kSignBit;
  }
  if (const auto* text = std::get_if<Text>(&cell)) return KeyOf(text->bytes);
  const auto* flag = std::get_if<bool>(&cell);
  return flag != nullptr && *flag ? 1 : 0;
}

}  // namespace

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
  for (size_t i = 0; i < selected_.size(); ++i) selected_[i] = cells[view_.columns[i]];
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
Table::Rank Table::RankOf(const Cell& key) const {
  if (std::holds_alternative<std::monostate>(key)) return {.key = 0, .kind = kUnknownKind};
  const auto kind = static_cast<uint8_t>(key.index());
  if (!view_.descending) return {.key = KeyOf(key), .kind = kind};
  return {.key = ~KeyOf(key), .kind = static_cast<uint8_t>(std::variant_size_v<Cell> - kind)};
}

bool Table::IsOfText(const Rank& rank) const {
  static const size_t kText = Cell(Text{}).index();
  return rank.kind == (view_.descending ? std::variant_size_v<Cell> - kText : kText);
}

bool Table::Before(const HeldRow& a, const HeldRow& b) const {
  if (a.rank < b.rank) return true;
  if (b.rank < a.rank) return false;
  if (IsOfText(a.rank)) {
    Cell a_key;
    Cell b_key;
    UnpackCell(a.packed, &packed_.texts, &a_key);
    UnpackCell(b.packed, &packed_.texts, &b_key);
    const int order = CompareCells(a_key, b_key);
    if (order != 0) return view_.descending ? order > 0 : order < 0;
  }
  return a.number < b.number;
}

void Table::HandOnAs(size_t column, std::function<Cell(const Cell& added)> shown) {
  if (!Uses(column)) return;
  shown_column_ = column;
  shown_ = std::move(shown);
}

void Table::Hold(std::span<const Cell> cells, uint64_t place) {
  const Cell key = view_.sort_by ? cells[*view_.sort_by] : Cell();
  const Rank rank = RankOf(key);
  if (last_rank_ && *last_rank_ < rank) return;
  row_.Clear();
  if (IsOfText(rank)) PackCell(key, &packed_.texts, &row_);
  Pack(cells);
  held_.push_back({.rank = rank, .number = place, .packed = KeepPacked()});
  DropSurplus();
}

void Table::Pack(std::span<const Cell> cells) {
  for (const size_t column : view_.columns) PackCell(cells[column], &packed_.texts, &row_);
}

const char* Table::KeepPacked() { return packed_.rows.Keep(row_.text()).data(); }

// With a limit, holds little more than twice as many rows; each is moved a constant number of
// times on average.
void Table::DropSurplus() {
  constexpr uint64_t kSlackRows = 1024;
  if (!view_.limit || held_.size() / 2 < std::max(*view_.limit, kSlackRows)) return;
  const auto keep = static_cast<std::ptrdiff_t>(*view_.limit);
  const auto before = [this](const HeldRow& a, const HeldRow& b) { return Before(a, b); };
  std::nth_element(held_.begin(), held_.begin() + keep, held_.end(), before);
  last_rank_ = held_[*view_.limit].rank;
  held_.resize(*view_.limit);
  Repack();
}

// Of what is held, nothing else is kept.
void Table::Repack() {
  const Packed old = std::exchange(packed_, Packed());
  Cell cell;
  for (HeldRow& row : held_) {
    const char* from = row.packed;
    row_.Clear();
    for (size_t rest = view_.columns.size() + (IsOfText(row.rank) ? 1 : 0); rest != 0; --rest) {
      from = UnpackCell(from, &old.texts, &cell);
      PackCell(cell, &packed_.texts, &row_);
    }
    row.packed = KeepPacked();
  }
}

std::vector<uint64_t> Table::Chosen() {
  Choose();
  std::vector<uint64_t> numbers;
  for (uint64_t i = 0; i < handed_on_; ++i) numbers.push_back(i);
  for (const HeldRow& row : held_) numbers.push_back(row.number - 1);
  return numbers;
}

void Table::AddLast(std::span<const Cell> cells) {
  row_.Clear();
  Pack(cells);
  last_ = KeepPacked();
}

void Table::Choose() {
  std::ranges::sort(held_, [this](const HeldRow& a, const HeldRow& b) { return Before(a, b); });
  if (view_.limit && held_.size() > *view_.limit) held_.resize(*view_.limit);
}

void Table::Finish() {
  Choose();
  Cell key;
  for (const HeldRow& row : held_) {
    if (sink_->closed()) return;
    HandOn(IsOfText(row.rank) ? UnpackCell(row.packed, &packed_.texts, &key) : row.packed);
  }
  if (last_ != nullptr && !sink_->closed()) HandOn(last_);
}

void Table::HandOn(const char* packed) {
  for (Cell& cell : selected_) packed = UnpackCell(packed, &packed_.texts, &cell);
  for (size_t i = 0; shown_ && i < selected_.size(); ++i) {
    if (view_.columns[i] == shown_column_) selected_[i] = shown_(selected_[i]);
  }
  sink_->Row(selected_);
  ++handed_on_;
}

}  // namespace daybook
