// Values by process id. The kernel gives ids in turn, so that those that live at one time stand
// close together: found by two indexings, where a hash table would miss the cache each time.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace daybook {

// Memory is for pages of kPageValues ids of which one is used. A T must be default-constructible.
template <class T>
class PidMap {
 public:
  size_t size() const { return size_; }

  // nullptr where there is none. Valid until it is erased.
  T* Find(uint32_t pid) {
    Page* const page = FindPage(pid / kPageValues);
    const uint32_t index = pid % kPageValues;
    return page != nullptr && page->Has(index) ? &page->values[index] : nullptr;
  }

  // Made where there is none.
  T& operator[](uint32_t pid) {
    std::unique_ptr<Page>& page = PageOf(pid / kPageValues);
    if (!page) page = std::make_unique<Page>();
    const uint32_t index = pid % kPageValues;
    size_ += page->Has(index) ? 0 : 1;
    page->used |= uint64_t{1} << index;
    return page->values[index];
  }

  // In order of the ids. The function must not add or erase.
  template <class Function>
  void ForEach(Function&& function) {
    ForEachPage([&](std::unique_ptr<Page>& page) { page->ForEach(function); });
  }

  template <class Predicate>
  void EraseIf(Predicate&& predicate) {
    ForEachPage([&](std::unique_ptr<Page>& page) {
      page->ForEach([&](T& value) {
        if (!predicate(value)) return;
        page->used &= ~(uint64_t{1} << (&value - page->values.data()));
        value = T();
        --size_;
      });
      if (page->used == 0) page.reset();
    });
    std::erase_if(high_pages_, [](const auto& entry) { return !entry.second; });
  }

  void Clear() { *this = PidMap(); }

 private:
  static constexpr uint32_t kPageValues = 64;                      // one bit each
  static constexpr uint32_t kLowPages = (1U << 22) / kPageValues;  // no kernel gives higher ids

  struct Page {
    uint64_t used = 0;
    std::array<T, kPageValues> values;

    bool Has(uint32_t index) const { return (used >> index & 1) != 0; }
    template <class Function>
    void ForEach(Function&& function) {
      for (uint64_t rest = used; rest != 0; rest &= rest - 1) {
        function(values[static_cast<size_t>(std::countr_zero(rest))]);
      }
    }
  };

  Page* FindPage(uint32_t number) {
    if (number < low_pages_.size()) return low_pages_[number].get();
    const auto found = high_pages_.find(number);
    return found == high_pages_.end() ? nullptr : found->second.get();
  }

  std::unique_ptr<Page>& PageOf(uint32_t number) {
    if (number >= kLowPages) return high_pages_[number];
    if (number >= low_pages_.size()) low_pages_.resize(number + 1);
    return low_pages_[number];
  }

  template <class Function>
  void ForEachPage(Function&& function) {
    for (auto& page : low_pages_) {
      if (page) function(page);
    }
    for (auto& [number, page] : high_pages_) function(page);
  }

  std::vector<std::unique_ptr<Page>> low_pages_;          // by the first id / kPageValues
  std::map<uint32_t, std::unique_ptr<Page>> high_pages_;  // of logs that no kernel wrote
  size_t size_ = 0;
};

}  // namespace daybook
