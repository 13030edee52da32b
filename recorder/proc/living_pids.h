// Which processes live, by pid and start. Small: 8 bytes for each that lives, and where they are
// sparse, a page for each.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

namespace daybook {

class LivingPids {
 public:
  // Of one whose start is not known exactly, any start is its own.
  static constexpr uint64_t kAnyStart = UINT64_MAX - 1;

  void Insert(uint32_t pid, uint64_t start_ns) {
    Page& page = pages_[pid / kPerPage];
    if (!page.starts) page.starts = EmptyPage();
    uint64_t& start = (*page.starts)[pid % kPerPage];
    if (start == 0) ++page.living, ++size_;
    start = start_ns + 1;
  }

  // Only the process that began then: the pid may be another one's by now.
  void Erase(uint32_t pid, uint64_t start_ns) {
    EraseIf(pid,
            [start_ns](uint64_t start) { return start == start_ns + 1 || start == kAnyStart + 1; });
  }

  // Whoever has that pid.
  void Erase(uint32_t pid) {
    EraseIf(pid, [](uint64_t) { return true; });
  }

  void Clear() {
    pages_.clear();
    size_ = 0;
  }

  size_t size() const { return size_; }

 private:
  static constexpr size_t kPerPage = 512;
  using Starts = std::array<uint64_t, kPerPage>;  // plus one; 0 is nobody
  struct Page {
    std::unique_ptr<Starts> starts;
    size_t living = 0;
  };

  // Pids go up, and short lives with them: pages come and go all the time.
  static constexpr size_t kMaxSpare = 64;

  std::unique_ptr<Starts> EmptyPage() {
    if (spare_.empty()) return std::make_unique<Starts>();
    std::unique_ptr<Starts> page = std::move(spare_.back());
    spare_.pop_back();
    return page;
  }

  template <class Predicate>
  void EraseIf(uint32_t pid, Predicate is_meant) {
    const auto found = pages_.find(pid / kPerPage);
    if (found == pages_.end()) return;
    uint64_t& start = (*found->second.starts)[pid % kPerPage];
    if (start == 0 || !is_meant(start)) return;
    start = 0;
    --size_;
    if (--found->second.living > 0) return;
    if (spare_.size() < kMaxSpare) spare_.push_back(std::move(found->second.starts));
    pages_.erase(found);
  }

  std::unordered_map<uint64_t, Page> pages_;
  std::vector<std::unique_ptr<Starts>> spare_;  // all of them empty
  size_t size_ = 0;
};

}  // namespace daybook
