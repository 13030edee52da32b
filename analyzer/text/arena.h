// Keeps many small strings at the price of their bytes.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace daybook {

class Arena {
 public:
  // A copy that lives as long as the arena.
  std::string_view Keep(std::string_view bytes) {
    if (bytes.empty()) return {};
    if (bytes.size() > room_) {
      room_ = std::max(kChunkBytes, bytes.size());
      chunks_.push_back(std::make_unique_for_overwrite<char[]>(room_));
      next_ = chunks_.back().get();
      bytes_ += room_;
    }
    char* copy = next_;
    std::memcpy(copy, bytes.data(), bytes.size());
    next_ += bytes.size();
    room_ -= bytes.size();
    return {copy, bytes.size()};
  }

  // Of memory that was taken.
  size_t bytes() const { return bytes_; }

 private:
  static constexpr size_t kChunkBytes = 256 << 10;

  std::vector<std::unique_ptr<char[]>> chunks_;
  char* next_ = nullptr;
  size_t room_ = 0;
  size_t bytes_ = 0;
};

}  // namespace daybook
