// What recorders were to leave out, in their own words.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

namespace daybook {

// A host has few of them. Of a log that somebody has made up the first ones are kept, and that
// there are others.
class RecorderFilters {
 public:
  void Add(std::string_view text) {
    if (text.empty()) return;
    std::string shown(text.substr(0, kMostBytes));
    const bool has_room = texts_.size() < kMost || texts_.contains(shown);
    texts_.insert(has_room ? std::move(shown) : std::string(kOthers));
  }
  void Add(const RecorderFilters& others) {
    for (const std::string& text : others.texts_) Add(text);
  }

  // Each with a zero byte at its end, and the reverse.
  std::string Packed() const {
    std::string packed;
    for (const std::string& text : texts_) packed.append(text).push_back('\0');
    return packed;
  }
  void AddPacked(std::string_view packed) {
    while (!packed.empty()) {
      const size_t end = packed.find('\0');
      Add(packed.substr(0, end));
      packed.remove_prefix(end == packed.npos ? packed.size() : end + 1);
    }
  }

  bool empty() const { return texts_.empty(); }
  auto begin() const { return texts_.begin(); }
  auto end() const { return texts_.end(); }
  bool operator==(const RecorderFilters&) const = default;

 private:
  static constexpr size_t kMost = 8;
  static constexpr size_t kMostBytes = 1024;
  static constexpr std::string_view kOthers = "others, too many to tell";

  std::set<std::string> texts_;
};

}  // namespace daybook
