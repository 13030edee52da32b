#include "table.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "daybook/coding.h"

namespace daybook {
namespace {

// In front of each packed cell; the value follows.
enum class Tag : uint8_t { kNull, kFalse, kTrue, kSigned, kUnsigned, kText, kCutText };

constexpr size_t kMaxTagAndNumberBytes = 1 + kMaxVarintBytes;

size_t MaxPackedBytes(const Cell& cell) {
  const auto* text = std::get_if<Text>(&cell);
  return kMaxTagAndNumberBytes + (text != nullptr ? text->bytes.size() : 0);
}

uint8_t* Pack(const Cell& cell, uint8_t* out) {
  const auto put_tag = [&](Tag tag) { *out++ = static_cast<uint8_t>(tag); };
  if (const auto* flag = std::get_if<bool>(&cell)) {
    put_tag(*flag ? Tag::kTrue : Tag::kFalse);
  } else if (const auto* number = std::get_if<int64_t>(&cell)) {
    put_tag(Tag::kSigned);
    out = PutVarint(out, ZigZag(*number));
  } else if (const auto* count = std::get_if<uint64_t>(&cell)) {
    put_tag(Tag::kUnsigned);
    out = PutVarint(out, *count);
  } else if (const auto* text = std::get_if<Text>(&cell)) {
    put_tag(text->cut ? Tag::kCutText : Tag::kText);
    out = PutVarint(out, text->bytes.size());
    out = PutBytes(out, text->bytes.data(), text->bytes.size());
  } else {
    assert(std::holds_alternative<std::monostate>(cell));
    put_tag(Tag::kNull);
  }
  return out;
}

Cell Unpack(Cursor& cursor) {
  uint8_t tag = 0;
  uint64_t number = 0;
  std::string_view bytes;
  cursor.GetFixed(&tag);
  switch (static_cast<Tag>(tag)) {
    case Tag::kNull:
      return std::monostate();
    case Tag::kFalse:
      return false;
    case Tag::kTrue:
      return true;
    case Tag::kSigned:
      cursor.GetVarint(&number);
      return UnZigZag(number);
    case Tag::kUnsigned:
      cursor.GetVarint(&number);
      return number;
    case Tag::kText:
    case Tag::kCutText:
      cursor.GetVarint(&number);
      cursor.GetBytes(number, &bytes);
      return Text{.bytes = bytes, .cut = static_cast<Tag>(tag) == Tag::kCutText};
  }
  return std::monostate();
}

std::span<const uint8_t> AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
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

void Table::Add(std::span<const Cell> cells) {
  ++added_;
  if (view_.sort_by) return Hold(cells);
  if (full()) return;
  selected_.clear();
  for (const size_t column : view_.columns) selected_.push_back(cells[column]);
  sink_->Row(selected_);
  ++handed_on_;
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

void Table::Hold(std::span<const Cell> cells) {
  size_t room = 0;
  for (const size_t column : view_.columns) room += MaxPackedBytes(cells[column]);
  if (packed_.size() < room) packed_.resize(room);
  uint8_t* end = packed_.data();
  for (const size_t column : view_.columns) end = Pack(cells[column], end);
  Cell key = cells[*view_.sort_by];
  if (auto* text = std::get_if<Text>(&key)) text->bytes = arena_.Keep(text->bytes);
  held_.push_back({.key = key,
                   .number = added_,
                   .packed = arena_.Keep({reinterpret_cast<const char*>(packed_.data()),
                                          static_cast<size_t>(end - packed_.data())})});
  DropSurplus();
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

void Table::Finish() {
  std::ranges::sort(held_, [this](const HeldRow& a, const HeldRow& b) { return Before(a, b); });
  for (const HeldRow& row : held_) {
    if (sink_->closed() || (view_.limit && handed_on_ == *view_.limit)) return;
    Cursor cursor(AsBytes(row.packed));
    selected_.clear();
    for (size_t i = 0; i < view_.columns.size(); ++i) selected_.push_back(Unpack(cursor));
    sink_->Row(selected_);
    ++handed_on_;
  }
}

}  // namespace daybook
