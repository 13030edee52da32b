// Reads the kernel's BPF ring buffer through its mapped pages; layout and protocol as in
// kernel/bpf/ringbuf.c and Documentation/bpf/ringbuf.rst.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "daybook/result.h"

namespace daybook {

// 1 MiB for each possible CPU, at least 16 MiB, at most 64 MiB, rounded up to a power of two.
uint64_t DefaultRingBytes(unsigned possible_cpus);

// Whether the kernel takes a ring of that size: a power of two, and whole pages.
bool IsRingSize(uint64_t bytes, uint64_t page_bytes);

// The one reader of a ring. Taking records and giving back their room are separate: a reader that
// follows this one begins with what was taken and not given back.
class RingReader {
 public:
  // A record's bytes; they stay in place until it is taken and committed.
  using Callback = std::function<void(std::span<const std::byte> record)>;

  // `data` is the ring's `data_bytes` (a power of two) twice in a row, so that no record is split.
  RingReader(uint64_t* consumer_position, const uint64_t* producer_position, const std::byte* data,
             uint64_t data_bytes)
      : consumer_position_(consumer_position),
        producer_position_(producer_position),
        data_(data),
        data_bytes_(data_bytes),
        taken_(*consumer_position) {}

  // True where Peek() may find something.
  bool HasData() const;

  // Shows all finished records that have not been taken, in order, up to the first that a CPU still
  // writes. Returns how many. Does not look at what is added meanwhile.
  size_t Peek(const Callback& callback);

  // What the last Peek() went over is not shown again.
  void Take() { taken_ = std::max(taken_, peeked_); }

  // Gives the room of all that was taken back to the kernel.
  void Commit();

 private:
  uint64_t* consumer_position_;
  const uint64_t* producer_position_;
  const std::byte* data_;
  uint64_t data_bytes_;
  uint64_t taken_;       // up to here
  uint64_t peeked_ = 0;  // where the last Peek() ended
};

// The mapped pages of a ring buffer map.
class RingMapping {
 public:
  static Result<RingMapping> Map(int map_fd, uint64_t data_bytes);

  RingMapping(RingMapping&& other) noexcept;
  RingMapping& operator=(RingMapping&&) = delete;
  ~RingMapping();

  // Valid while the mapping lives.
  RingReader reader() const;

 private:
  RingMapping(void* consumer_page, void* producer_pages, uint64_t data_bytes)
      : consumer_page_(consumer_page), producer_pages_(producer_pages), data_bytes_(data_bytes) {}

  void* consumer_page_;   // one page, writable
  void* producer_pages_;  // one page, then the data twice; read-only
  uint64_t data_bytes_;
};

}  // namespace daybook
