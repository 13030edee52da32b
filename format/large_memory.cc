#include "large_memory.h"

#include <malloc.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>

#include "daybook/memory_reuse.h"

namespace daybook {
namespace {

constexpr size_t kHugePageBytes = size_t{2} << 20;

// What nobody uses just now.
class Spares {
 public:
  void AddUser() {
    const std::scoped_lock lock(mutex_);
    ++users_;
  }

  void RemoveUser() {
    const std::scoped_lock lock(mutex_);
    if (--users_ != 0) return;
    for (void*& piece : pieces_) std::free(std::exchange(piece, nullptr));
  }

  // nullptr where none is of about that size: the others are for who needs more, or less.
  void* Take(size_t bytes) {
    const std::scoped_lock lock(mutex_);
    const auto found = std::ranges::find_if(pieces_, [bytes](void* piece) {
      const size_t room = piece == nullptr ? 0 : malloc_usable_size(piece);
      return room >= bytes && room / 2 <= bytes;
    });
    if (found == pieces_.end()) return nullptr;
    std::rotate(found, found + 1, pieces_.end());
    return std::exchange(pieces_.back(), nullptr);
  }

  // For one that has been here longer, where there are as many as are kept.
  void Keep(void* memory) {
    {
      const std::scoped_lock lock(mutex_);
      if (users_ != 0) {
        std::swap(pieces_.back(), memory);
        std::rotate(pieces_.begin(), pieces_.end() - 1, pieces_.end());
      }
    }
    std::free(memory);
  }

 private:
  std::mutex mutex_;
  size_t users_ = 0;
  // The newest first; for a compressed file, and for what it holds.
  std::array<void*, 2> pieces_{};
};

constinit Spares spares;

}  // namespace

MemoryReuse::MemoryReuse() { spares.AddUser(); }
MemoryReuse::~MemoryReuse() { spares.RemoveUser(); }

void* TakeLargeMemory(size_t bytes) {
  if (void* const spare = spares.Take(bytes)) return spare;
  const size_t rounded = (bytes + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes;
  void* const memory = std::aligned_alloc(kHugePageBytes, rounded);
  if (memory == nullptr) throw std::bad_alloc();
  (void)madvise(memory, rounded, MADV_HUGEPAGE);  // where there are none: as before
  return memory;
}

void GiveBackLargeMemory(void* memory) { spares.Keep(memory); }

}  // namespace daybook
