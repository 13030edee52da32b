#include "bpf_source/ring_buffer.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <utility>

namespace daybook {
namespace {

constexpr uint64_t kMib = 1 << 20;
constexpr uint64_t kBytesPerCpu = kMib;
constexpr uint64_t kMinRingBytes = 16 * kMib;
constexpr uint64_t kMaxRingBytes = 64 * kMib;

uint64_t PageBytes() { return static_cast<uint64_t>(sysconf(_SC_PAGESIZE)); }

}  // namespace

uint64_t DefaultRingBytes(unsigned possible_cpus) {
  return std::bit_ceil(std::clamp(kBytesPerCpu * possible_cpus, kMinRingBytes, kMaxRingBytes));
}

bool IsRingSize(uint64_t bytes, uint64_t page_bytes) {
  return std::has_single_bit(bytes) && bytes % page_bytes == 0;
}

uint64_t RingReader::WaitingBytes() const {
  const uint64_t produced = LoadAcquire(producer_position_);
  return produced > taken_ ? produced - taken_ : 0;
}

void RingReader::Commit() {
  // Release: our reads of the records come before the kernel may overwrite them.
  if (taken_ > *consumer_position_) __atomic_store_n(consumer_position_, taken_, __ATOMIC_RELEASE);
}

Result<RingMapping> RingMapping::Map(int map_fd, uint64_t data_bytes) {
  const uint64_t page = PageBytes();
  void* consumer = mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
  if (consumer == MAP_FAILED) return Error::FromErrno("mapping the ring's consumer page", errno);
  void* producer =
      mmap(nullptr, page + 2 * data_bytes, PROT_READ, MAP_SHARED, map_fd, static_cast<off_t>(page));
  if (producer == MAP_FAILED) {
    const int error_number = errno;
    munmap(consumer, page);
    return Error::FromErrno("mapping the ring's data", error_number);
  }
  return RingMapping(consumer, producer, data_bytes);
}

RingMapping::RingMapping(RingMapping&& other) noexcept
    : consumer_page_(std::exchange(other.consumer_page_, nullptr)),
      producer_pages_(std::exchange(other.producer_pages_, nullptr)),
      data_bytes_(other.data_bytes_) {}

RingMapping::~RingMapping() {
  if (consumer_page_ == nullptr) return;
  munmap(consumer_page_, PageBytes());
  munmap(producer_pages_, PageBytes() + 2 * data_bytes_);
}

RingReader RingMapping::reader() const {
  return RingReader(static_cast<uint64_t*>(consumer_page_),
                    static_cast<const uint64_t*>(producer_pages_),
                    static_cast<const std::byte*>(producer_pages_) + PageBytes(), data_bytes_);
}

}  // namespace daybook
