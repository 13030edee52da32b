#include "cell_packing.h"

#include <cassert>
#include <span>

#include "daybook/coding.h"

namespace daybook {
namespace {

// In front of each packed cell; the value follows.
enum class Tag : uint8_t { kNull, kFalse, kTrue, kSigned, kUnsigned, kText, kCutText };

void Put(Tag tag, std::string* out) { out->push_back(static_cast<char>(tag)); }

void Put(Tag tag, uint64_t number, std::string* out) {
  uint8_t bytes[1 + kMaxVarintBytes] = {static_cast<uint8_t>(tag)};
  const uint8_t* const end = PutVarint(bytes + 1, number);
  out->append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(end - bytes));
}

std::span<const uint8_t> AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
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

}  // namespace

void PackCell(const Cell& cell, std::string* out) {
  if (const auto* flag = std::get_if<bool>(&cell)) {
    Put(*flag ? Tag::kTrue : Tag::kFalse, out);
  } else if (const auto* number = std::get_if<int64_t>(&cell)) {
    Put(Tag::kSigned, ZigZag(*number), out);
  } else if (const auto* count = std::get_if<uint64_t>(&cell)) {
    Put(Tag::kUnsigned, *count, out);
  } else if (const auto* text = std::get_if<Text>(&cell)) {
    Put(text->cut ? Tag::kCutText : Tag::kText, text->bytes.size(), out);
    out->append(text->bytes);
  } else {
    assert(std::holds_alternative<std::monostate>(cell));
    Put(Tag::kNull, out);
  }
}

Cell UnpackCell(std::string_view* packed) {
  Cursor cursor(AsBytes(*packed));
  const Cell cell = Unpack(cursor);
  packed->remove_prefix(packed->size() - cursor.remaining());
  return cell;
}

}  // namespace daybook
