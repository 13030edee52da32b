#include "table/held_rows.h"

#include <algorithm>
#include <boost/sort/pdqsort/pdqsort.hpp>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <utility>

#include "table/cell_packing.h"

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

HeldRows::Rank HeldRows::RankOf(const Cell& key) const {
  if (std::holds_alternative<std::monostate>(key)) return {.key = 0, .kind = kUnknownKind};
  const auto kind = static_cast<uint8_t>(key.index());
  if (!order_.descending) return {.key = KeyOf(key), .kind = kind};
  return {.key = ~KeyOf(key), .kind = static_cast<uint8_t>(std::variant_size_v<Cell> - kind)};
}

bool HeldRows::IsOfText(const Rank& rank) const {
  static const size_t kText = Cell(Text{}).index();
  return rank.kind == (order_.descending ? std::variant_size_v<Cell> - kText : kText);
}

bool HeldRows::BeforeOfSameRank(const Row& a, const Row& b) const {
  if (IsOfText(a.rank())) {
    Cell a_key;
    Cell b_key;
    UnpackCell(a.packed, &texts_, &a_key);
    UnpackCell(b.packed, &texts_, &b_key);
    const int order = CompareCells(a_key, b_key);
    if (order != 0) return order_.descending ? order > 0 : order < 0;
  }
  return a.number < b.number;
}

void HeldRows::Add(const Cell& key, std::span<const Cell> cells, uint64_t number) {
  const Rank rank = RankOf(key);
  if (last_rank_ && *last_rank_ < rank) return;
  row_.Clear();
  if (IsOfText(rank)) PackCell(key, &texts_, &row_);
  for (const size_t column : order_.columns) PackCell(cells[column], &texts_, &row_);
  const std::string_view packed = arena_.Keep(row_.text());
  rows_.push_back({.key = rank.key,
                   .number = number,
                   .packed = packed.data(),
                   .packed_bytes = static_cast<uint32_t>(packed.size()),
                   .kind = rank.kind});
  DropSurplus();
  if (bytes_of_rows() > order_.most_bytes - order_.most_bytes / kTextsPart) Spill();
}

// With a limit, holds little more than twice as many rows; each is moved a constant number of
// times on average.
void HeldRows::DropSurplus() {
  constexpr uint64_t kSlackRows = 1024;
  if (!order_.limit || rows_.size() / 2 < std::max(*order_.limit, kSlackRows)) return;
  const auto keep = static_cast<std::ptrdiff_t>(*order_.limit);
  const auto before = [this](const Row& a, const Row& b) { return Before(a, b); };
  std::nth_element(rows_.begin(), rows_.begin() + keep, rows_.end(), before);
  last_rank_ = rows_[*order_.limit].rank();
  rows_.resize(*order_.limit);
  const Arena old = std::exchange(arena_, Arena());
  for (Row& row : rows_) row.packed = arena_.Keep({row.packed, row.packed_bytes}).data();
}

void HeldRows::Sort() {
  // Rows often come nearly in their order, or in the opposite one.
  boost::sort::pdqsort(rows_.begin(), rows_.end(),
                       [this](const Row& a, const Row& b) { return Before(a, b); });
  if (order_.limit && rows_.size() > *order_.limit) rows_.resize(*order_.limit);
}

void HeldRows::Spill() {
  static_assert(std::is_trivially_copyable_v<Row>);
  if (!file_.HasRoom(2 * order_.most_bytes)) return;
  Sort();
  for (const Row& row : rows_) {
    row_.Clear();
    row_.Append({reinterpret_cast<const char*>(&row), sizeof(row)});
    row_.Append({row.packed, row.packed_bytes});
    file_.Add(row_.text());
  }
  if (!file_.EndRun()) return;
  rows_.clear();
  arena_ = {};
}

// False where it has no more.
Result<bool> HeldRows::Advance(Source* source) const {
  if (!source->run) {
    if (source->in_memory == rows_.size()) return false;
    source->row = rows_[source->in_memory++];
    return true;
  }
  auto row = source->run->Next();
  if (!row) return std::move(row).error();
  if (row->empty()) return false;
  std::memcpy(&source->row, row->data(), sizeof(Row));
  source->row.packed = row->data() + sizeof(Row);
  return true;
}

Status HeldRows::ForEach(const Function& function) {
  Sort();
  std::vector<Source> sources(file_.runs() + 1);
  for (size_t i = 0; i < file_.runs(); ++i) sources[i].run.emplace(file_, i);
  // A heap has on top what comes last.
  const auto is_behind = [this](const Source* a, const Source* b) {
    return Before(b->row, a->row);
  };
  std::vector<Source*> heap;
  for (Source& source : sources) {
    const auto has_row = Advance(&source);
    if (!has_row) return has_row.error();
    if (*has_row) heap.push_back(&source);
  }
  std::ranges::make_heap(heap, is_behind);
  std::vector<Cell> cells(order_.columns.size());
  for (uint64_t done = 0; !heap.empty() && done != order_.limit; ++done) {
    std::ranges::pop_heap(heap, is_behind);
    Source& next = *heap.back();
    Unpack(next.row, cells);
    if (!function(next.row.number, cells)) return Ok{};
    const auto has_row = Advance(&next);
    if (!has_row) return has_row.error();
    if (*has_row) {
      std::ranges::push_heap(heap, is_behind);
    } else {
      heap.pop_back();
    }
  }
  return Ok{};
}

void HeldRows::Unpack(const Row& row, std::span<Cell> cells) const {
  const char* packed = row.packed;
  Cell key;
  if (IsOfText(row.rank())) packed = UnpackCell(packed, &texts_, &key);
  for (Cell& cell : cells) packed = UnpackCell(packed, &texts_, &cell);
}

}  // namespace daybook
