// Values by process id. The kernel gives ids in turn, so that those that live at one time stand
// close together: found by some indexings, where a hash table would miss the cache each time.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

namespace daybook {

// A T must be default-constructible. Where ids are far apart, each takes the memory of a page.
template <class T>
class PidMap {
 public:
  size_t size() const { return size_; }

  // nullptr where there is none. Valid until it is erased.
  T* Find(uint32_t pid) {
    if (pid >= kFirstHigh) {
      const auto found = high_.find(pid);
      return found == high_.end() ? nullptr : &found->second;
    }
    const auto& chunk = chunks_[pid / kChunkValues];
    Page* const page = chunk ? (*chunk)[pid % kChunkValues / kPageValues].get() : nullptr;
    const uint32_t index = pid % kPageValues;
    return page != nullptr && page->Has(index) ? &page->values[index] : nullptr;
  }

  // Made where there is none.
  T& operator[](uint32_t pid) {
    if (pid >= kFirstHigh) {
      const auto [entry, is_new] = high_.try_emplace(pid);
      size_ += is_new;
      return entry->second;
    }
    auto& chunk = chunks_[pid / kChunkValues];
    if (!chunk) chunk = std::make_unique<Chunk>();
    auto& page = (*chunk)[pid % kChunkValues / kPageValues];
    if (!page) page = std::make_unique<Page>();
    const uint32_t index = pid % kPageValues;
    size_ += !page->Has(index);
    page->used |= uint32_t{1} << index;
    return page->values[index];
  }

  // In order of the ids. The function must not add or erase.
  template <class Function>
  void ForEach(Function&& function) {
    ForEachPage([&](std::unique_ptr<Page>& page) { page->ForEach(function); });
    for (auto& [pid, value] : high_) function(value);
  }

  template <class Predicate>
  void EraseIf(Predicate&& predicate) {
    ForEachPage([&](std::unique_ptr<Page>& page) {
      page->ForEach([&](T& value) {
        if (!predicate(value)) return;
        page->Erase(&value);
        --size_;
      });
      if (page->used == 0) page.reset();
    });
    size_ -= std::erase_if(high_, [&](auto& entry) { return predicate(entry.second); });
  }

  void Clear() { *this = PidMap(); }

 private:
  static constexpr uint32_t kPageValues = 16;
  static constexpr uint32_t kChunkValues = 1024 * kPageValues;
  static constexpr uint32_t kFirstHigh = 1U << 22;  // and no kernel gives higher ones

  struct Page {
    uint32_t used = 0;  // a bit of each
    std::array<T, kPageValues> values{};

    bool Has(uint32_t index) const { return (used >> index & 1) != 0; }
    void Erase(T* value) {
      used &= ~(uint32_t{1} << (value - values.data()));
      std::destroy_at(value);
      std::construct_at(value);
    }
    template <class Function>
    void ForEach(Function&& function) {
      for (uint32_t rest = used; rest != 0; rest &= rest - 1) {
        function(values[static_cast<size_t>(std::countr_zero(rest))]);
      }
    }
  };
  using Chunk = std::array<std::unique_ptr<Page>, kChunkValues / kPageValues>;

  template <class Function>
  void ForEachPage(Function&& function) {
    for (auto& chunk : chunks_) {
      if (!chunk) continue;
      for (auto& page : *chunk) {
        if (page) function(page);
      }
    }
  }

  // Two steps, so that one id far up takes 8 KiB.
  std::array<std::unique_ptr<Chunk>, kFirstHigh / kChunkValues> chunks_;
  std::map<uint32_t, T> high_;  // of logs that no kernel wrote
  size_t size_ = 0;
};

}  // namespace daybook
