// Reads the kernel's BPF ring buffer through its mapped pages; layout and protocol as in
// kernel/bpf/ringbuf.c and Documentation/bpf/ringbuf.rst.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
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
  // `data` is the ring's `data_bytes` (a power of two) twice in a row, so that no record is split.
  RingReader(uint64_t* consumer_position, const uint64_t* producer_position, const std::byte* data,
             uint64_t data_bytes)
      : consumer_position_(consumer_position),
        producer_position_(producer_position),
        data_(data),
        data_bytes_(data_bytes),
        taken_(*consumer_position) {}

  // What of the ring is in use and was not taken: where there is some, Peek() may find something.
  uint64_t WaitingBytes() const;

  struct Peeked {
    size_t count = 0;
    uint64_t bytes = 0;  // of the ring: less than enough where no finished record follows
  };
  // Shows finished records that have not been taken, in order, up to the first that a CPU still
  // writes: their bytes, which stay in place until they are taken and committed. No further ones
  // when those shown have taken `enough_bytes` of the ring. Does not look at what is added
  // meanwhile.
  template <class Show>
  Peeked Peek(uint64_t enough_bytes, Show show);

  // Shows in the same way what follows that, until `show` returns false. None of it can be taken
  // before another Peek() has shown it.
  template <class Show>
  void LookAhead(uint64_t enough_bytes, Show show) const;

  // What the last Peek() went over is not shown again.
  void Take() { taken_ = std::max(taken_, peeked_); }

  // Gives the room of all that was taken back to the kernel.
  void Commit();

  uint64_t size() const { return data_bytes_; }

 private:
  // Header of a record: length 4 with the two bits below, page offset 4 (the kernel's own).
  static constexpr uint64_t kHeaderBytes = 8;
  static constexpr uint32_t kBusyBit = 1u << 31;     // BPF_RINGBUF_BUSY_BIT: still being written
  static constexpr uint32_t kDiscardBit = 1u << 30;  // BPF_RINGBUF_DISCARD_BIT: to be skipped
  static constexpr uint64_t kAlignment = 8;

  // Not std::atomic_ref: it cannot refer to const, and the producer's page is mapped read-only.
  template <class Word>
  static Word LoadAcquire(const Word* word) {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
  }

  // Ends where `show` returns false, at a record that a CPU still writes, or behind that position.
  template <class Show>
  uint64_t Walk(uint64_t position, uint64_t end, Show show) const;

  uint64_t* consumer_position_;
  const uint64_t* producer_position_;
  const std::byte* data_;
  uint64_t data_bytes_;
  uint64_t taken_;       // up to here
  uint64_t peeked_ = 0;  // where the last Peek() ended
};

template <class Show>
uint64_t RingReader::Walk(uint64_t position, uint64_t end, Show show) const {
  for (bool goes_on = true; goes_on && position < end;) {
    const std::byte* const record = data_ + (position & (data_bytes_ - 1));
    // Acquire: the record's bytes were written before its busy bit was cleared.
    const uint32_t length = LoadAcquire(reinterpret_cast<const uint32_t*>(record));
    if (length & kBusyBit) break;
    const uint64_t bytes = length & ~kDiscardBit;
    position += (kHeaderBytes + bytes + kAlignment - 1) & ~(kAlignment - 1);
    if (!(length & kDiscardBit)) goes_on = show(std::span(record + kHeaderBytes, bytes));
  }
  return position;
}

template <class Show>
RingReader::Peeked RingReader::Peek(uint64_t enough_bytes, Show show) {
  Peeked peeked;
  const uint64_t end = taken_ + std::min(WaitingBytes(), enough_bytes);
  peeked_ = Walk(taken_, end, [&](std::span<const std::byte> record) {
    show(record);
    ++peeked.count;
    return true;
  });
  peeked.bytes = peeked_ - taken_;
  return peeked;
}

template <class Show>
void RingReader::LookAhead(uint64_t enough_bytes, Show show) const {
  const uint64_t produced = LoadAcquire(producer_position_);
  Walk(peeked_, std::min(produced, peeked_ + enough_bytes), show);
}

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
