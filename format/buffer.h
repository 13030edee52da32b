// Memory for the content of files: whole ones that are read, and what is about to be written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

#include "large_memory.h"

namespace daybook {

// Leaves bytes as they are until they are read into; of large ones see large_memory.h. Filling and
// reading a segment of 64 MiB takes less than half of the time.
template <class T>
class BulkAllocator {
 public:
  using value_type = T;

  BulkAllocator() = default;
  template <class U>
  explicit BulkAllocator(const BulkAllocator<U>&) {}

  T* allocate(size_t count) {
    if (IsLarge(count)) return static_cast<T*>(TakeLargeMemory(count * sizeof(T)));
    void* const memory = std::malloc(count * sizeof(T));
    if (memory == nullptr) throw std::bad_alloc();
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, size_t count) {
    if (IsLarge(count)) return GiveBackLargeMemory(memory);
    std::free(memory);
  }

  // Without a value: no value.
  template <class U>
  void construct(U* place) {
    ::new (static_cast<void*>(place)) U;
  }
  template <class U, class... Arguments>
  void construct(U* place, Arguments&&... arguments) {
    ::new (static_cast<void*>(place)) U(std::forward<Arguments>(arguments)...);
  }

  bool operator==(const BulkAllocator&) const = default;

 private:
  static bool IsLarge(size_t count) { return count * sizeof(T) >= size_t{4} << 20; }
};

// resize() does not fill it with zeros.
using Buffer = std::vector<uint8_t, BulkAllocator<uint8_t>>;

}  // namespace daybook
