// Who reads one file after another gets the same memory again, and nobody else keeps any.

#include "large_memory.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstring>
#include <thread>
#include <vector>

#include "daybook/memory_reuse.h"

namespace daybook {
namespace {

constexpr size_t kMiB = size_t{1} << 20;

// A sanitizer's own memory manager, where there is one.
extern "C" [[gnu::weak]] size_t __sanitizer_get_current_allocated_bytes();  // NOLINT

size_t BytesInUse() {
  if (__sanitizer_get_current_allocated_bytes != nullptr) {
    return __sanitizer_get_current_allocated_bytes();
  }
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

TEST(LargeMemoryTest, WhatIsGivenBackIsTakenAgain) {
  const MemoryReuse reuse;
  void* const first = TakeLargeMemory(8 * kMiB);
  std::memset(first, 1, 8 * kMiB);
  GiveBackLargeMemory(first);
  void* const again = TakeLargeMemory(7 * kMiB);
  EXPECT_EQ(again, first);
  GiveBackLargeMemory(again);
}

TEST(LargeMemoryTest, MuchTooLargeOrTooSmallOnesAreLeftToOthers) {
  const MemoryReuse reuse;
  void* const small = TakeLargeMemory(4 * kMiB);
  void* const large = TakeLargeMemory(64 * kMiB);
  GiveBackLargeMemory(small);
  GiveBackLargeMemory(large);
  void* const middle = TakeLargeMemory(16 * kMiB);
  EXPECT_NE(middle, small);
  EXPECT_NE(middle, large);
  void* const large_again = TakeLargeMemory(60 * kMiB);
  EXPECT_EQ(large_again, large);
  void* const small_again = TakeLargeMemory(4 * kMiB);
  EXPECT_EQ(small_again, small);
  for (void* const memory : {middle, large_again, small_again}) GiveBackLargeMemory(memory);
}

TEST(LargeMemoryTest, AllOfItCanBeUsed) {
  const MemoryReuse reuse;
  for (const size_t bytes : {4 * kMiB, 5 * kMiB + 1, 9 * kMiB - 1, 4 * kMiB + 1}) {
    void* const memory = TakeLargeMemory(bytes);
    EXPECT_GE(malloc_usable_size(memory), bytes);
    std::memset(memory, 2, bytes);
    GiveBackLargeMemory(memory);
  }
}

TEST(LargeMemoryTest, TheOneThatWasKeptLongestGoes) {
  const MemoryReuse reuse;
  std::vector<void*> pieces;
  for (int i = 0; i < 3; ++i) pieces.push_back(TakeLargeMemory(8 * kMiB));
  for (void* const piece : pieces) GiveBackLargeMemory(piece);
  void* const last = TakeLargeMemory(8 * kMiB);
  void* const second = TakeLargeMemory(8 * kMiB);
  EXPECT_EQ(last, pieces[2]);
  EXPECT_EQ(second, pieces[1]);
  GiveBackLargeMemory(last);
  GiveBackLargeMemory(second);
}

TEST(LargeMemoryTest, WithoutAReaderOfManyFilesNothingIsKept) {
  const size_t before = BytesInUse();
  GiveBackLargeMemory(TakeLargeMemory(32 * kMiB));
  {
    const MemoryReuse reuse;
    const MemoryReuse another;
    GiveBackLargeMemory(TakeLargeMemory(32 * kMiB));
  }
  EXPECT_LT(BytesInUse(), before + 16 * kMiB);
}

TEST(LargeMemoryTest, ThreadsMayShareIt) {
  const MemoryReuse reuse;
  std::vector<std::jthread> threads;
  for (int number = 0; number < 4; ++number) {
    threads.emplace_back([number] {
      for (int i = 0; i < 200; ++i) {
        auto* const memory = static_cast<unsigned char*>(TakeLargeMemory(4 * kMiB));
        memory[0] = memory[4 * kMiB - 1] = static_cast<unsigned char>(number);
        EXPECT_EQ(memory[0], number);
        EXPECT_EQ(memory[4 * kMiB - 1], number);
        GiveBackLargeMemory(memory);
      }
    });
  }
}

}  // namespace
}  // namespace daybook
