#include "table/cell_packing.h"

#include <bit>
#include <cassert>
#include <cstring>

#include "daybook/coding.h"

namespace daybook {
namespace {

// The upper half of a packed cell's first byte. The lower half says how many bytes of a number
// follow, the lowest one first: the value, or the size of a text, which follows then.
enum class Tag : uint8_t { kNumberless, kUnsigned, kSigned, kText, kCutText, kRepeatedText };

constexpr char kNull = 0;
constexpr char kFalse = 1;
constexpr char kTrue = 2;

// All bytes of the number are written at once, which is faster than to ask for each.
void Put(Tag tag, uint64_t number, ByteBuffer* out) {
  char* const first = out->Room(1 + sizeof(number));
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(first + 1, &number, sizeof(number));
  } else {
    PutFixed(reinterpret_cast<uint8_t*>(first + 1), number);
  }
  const auto bytes = (static_cast<unsigned>(std::bit_width(number)) + 7) / 8;
  *first = static_cast<char>(static_cast<unsigned>(tag) << 4 | bytes);
  out->TakeTo(first + 1 + bytes);
}

void PackText(const Text& text, RepeatedTexts* texts, ByteBuffer* out) {
  const uint32_t* const number = texts != nullptr && !text.cut ? texts->Find(text.bytes) : nullptr;
  if (number != nullptr) return Put(Tag::kRepeatedText, *number, out);
  Put(text.cut ? Tag::kCutText : Tag::kText, text.bytes.size(), out);
  out->Append(text.bytes);
}

}  // namespace

void PackCell(const Cell& cell, RepeatedTexts* texts, ByteBuffer* out) {
  if (const auto* count = std::get_if<uint64_t>(&cell)) {
    Put(Tag::kUnsigned, *count, out);
  } else if (const auto* text = std::get_if<Text>(&cell)) {
    PackText(*text, texts, out);
  } else if (const auto* number = std::get_if<int64_t>(&cell)) {
    Put(Tag::kSigned, ZigZag(*number), out);
  } else if (const auto* flag = std::get_if<bool>(&cell)) {
    out->Append(*flag ? kTrue : kFalse);
  } else {
    assert(std::holds_alternative<std::monostate>(cell));
    out->Append(kNull);
  }
}

const char* UnpackCell(const char* packed, const RepeatedTexts* texts, Cell* cell) {
  const auto first = static_cast<uint8_t>(*packed++);
  const auto tag = static_cast<Tag>(first >> 4);
  if (tag == Tag::kNumberless) {
    *cell = first == kNull ? Cell() : Cell(first == kTrue);
    return packed;
  }
  const char* const end = packed + (first & 0xF);
  uint64_t number = 0;
  for (const char* at = end; at != packed;) number = number << 8 | static_cast<uint8_t>(*--at);
  if (tag == Tag::kUnsigned) {
    *cell = number;
  } else if (tag == Tag::kSigned) {
    *cell = UnZigZag(number);
  } else if (tag == Tag::kRepeatedText) {
    *cell = Text{.bytes = (*texts)[number]};
  } else {
    *cell = Text{.bytes = {end, number}, .cut = tag == Tag::kCutText};
    return end + number;
  }
  return end;
}

}  // namespace daybook
