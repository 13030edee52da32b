// Bytes that grow at their end. Room is asked for once for a cell, which is then written without
// further looks at how much there is.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace daybook {

class ByteBuffer {
 public:
  void Clear() { end_ = bytes_.get(); }
  std::string_view text() const { return {bytes_.get(), size()}; }
  size_t size() const { return static_cast<size_t>(end_ - bytes_.get()); }

  // Where up to so many bytes may be written. Tell TakeTo() where they end.
  char* Room(size_t bytes) {
    if (static_cast<size_t>(limit_ - end_) < bytes) Grow(bytes);
    return end_;
  }
  void TakeTo(char* end) { end_ = end; }

  void Append(char c) {
    *Room(1) = c;
    ++end_;
  }
  void Append(std::string_view text) {
    if (text.empty()) return;
    std::memcpy(Room(text.size()), text.data(), text.size());
    end_ += text.size();
  }
  // Mostly a few: as many as a register holds are written in any case.
  void AppendSpaces(size_t count) {
    constexpr std::string_view kFew = "                ";
    char* const at = Room(std::max(count, kFew.size()));
    std::memcpy(at, kFew.data(), kFew.size());
    if (count > kFew.size()) std::memset(at, ' ', count);
    end_ += count;
  }

  // What `append` adds to a string.
  template <class Append>
  void AppendBy(Append&& append) {
    scratch_.clear();
    append(&scratch_);
    this->Append(std::string_view(scratch_));
  }

 private:
  void Grow(size_t bytes) {
    constexpr size_t kLeastBytes = 1024;
    const size_t used = size();
    const size_t room = std::max(2 * (used + bytes), kLeastBytes);
    auto grown = std::make_unique_for_overwrite<char[]>(room);
    if (used != 0) std::memcpy(grown.get(), bytes_.get(), used);
    bytes_ = std::move(grown);
    end_ = bytes_.get() + used;
    limit_ = bytes_.get() + room;
  }

  std::unique_ptr<char[]> bytes_;
  char* end_ = nullptr;
  char* limit_ = nullptr;
  std::string scratch_;
};

// In digits, of which there are at most so many.
inline constexpr size_t kMostNumberBytes = sizeof("-9223372036854775808") - 1;
template <class Integer>
char* PutNumber(char* out, Integer number) {
  return std::to_chars(out, out + kMostNumberBytes, number).ptr;
}
template <class Integer>
void AppendNumber(Integer number, ByteBuffer* out) {
  out->TakeTo(PutNumber(out->Room(kMostNumberBytes), number));
}

// 1234 is "12.34".
inline void AppendHundredths(uint64_t number, ByteBuffer* out) {
  AppendNumber(number / 100, out);
  out->Append('.');
  out->Append(static_cast<char>('0' + number / 10 % 10));
  out->Append(static_cast<char>('0' + number % 10));
}

}  // namespace daybook
