// Scripted logs for tests, written by the real writer into memory.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

#include "daybook/codec.h"
#include "daybook/reader.h"
#include "daybook/writer.h"
#include "support/fake_folder.h"

namespace daybook {

inline constexpr uint64_t kTestBootNs = 5'000'000'000;
inline constexpr int64_t kTestRealtimeNs = 1'790'000'000'000'000'000;

class LogBuilder {
 public:
  explicit LogBuilder(WriterOptions options = {}, std::shared_ptr<FakeDisk> disk = nullptr,
                      std::unique_ptr<Syncer> syncer = MakeInlineSyncer());

  LogWriter& writer() { return writer_; }
  FakeDisk& disk() { return *disk_; }
  uint64_t now_ns() const { return *now_ns_; }
  void Advance(uint64_t ns) { *now_ns_ += ns; }

  template <class Record>
  LogBuilder& Add(const Record& record) {
    writer_.Append(record);
    return *this;
  }

  // The bytes of the segment with that number.
  std::vector<uint8_t> Segment(uint64_t number = 1) const;

 private:
  std::shared_ptr<FakeDisk> disk_;
  std::shared_ptr<uint64_t> now_ns_;
  LogWriter writer_;
};

// Compiled once, for all tests, and as the program is: a test's own copies would be neither
// optimised nor checked as the program's are, and the linker takes the first that it meets.
extern template LogBuilder& LogBuilder::Add(const Fork&);
extern template LogBuilder& LogBuilder::Add(const Exec&);
extern template LogBuilder& LogBuilder::Add(const Exit&);
extern template LogBuilder& LogBuilder::Add(const Clock&);
extern template LogBuilder& LogBuilder::Add(const Lost&);
extern template LogBuilder& LogBuilder::Add(const SnapProc&);
extern template bool Decode(std::span<const uint8_t>, const BlockBase&, Fork*);
extern template bool Decode(std::span<const uint8_t>, const BlockBase&, Exec*);
extern template bool Decode(std::span<const uint8_t>, const BlockBase&, Exit*);
extern template bool Decode(std::span<const uint8_t>, const BlockBase&, Clock*);
extern template bool Decode(std::span<const uint8_t>, const BlockBase&, Lost*);
extern template bool Decode(std::span<const uint8_t>, const BlockBase&, SnapProc*);
extern template bool Decode(std::span<const uint8_t>, const BlockBase&, SegmentStart*);
extern template bool Decode(std::span<const uint8_t>, const BlockBase&, Checkpoint*);

Fork TestFork(uint32_t pid, uint64_t time_ns = kTestBootNs);
Exit TestExit(uint32_t pid, uint64_t time_ns = kTestBootNs + 2'000'000);

// What a reader made of some bytes, in a form that can be compared and outlives the reader.
struct ReadBack {
  struct Numbered {
    uint64_t seq;
    uint8_t type;
    std::vector<uint8_t> payload;
    BlockBase base;
    uint32_t pid;
    auto operator<=>(const Numbered& other) const {
      return std::tie(seq, type, pid) <=> std::tie(other.seq, other.type, other.pid);
    }
    bool operator==(const Numbered& other) const {
      return std::tie(seq, type, pid) == std::tie(other.seq, other.type, other.pid);
    }
  };
  // One that no checksum proves.
  struct Unproved {
    uint64_t offset;
    uint64_t size;
    uint8_t type;
    std::vector<uint8_t> payload;
    std::optional<BlockBase> base;
    Proof proof;
    bool is_whole;
  };
  std::vector<Numbered> events;
  std::vector<Unproved> unproved;
  std::vector<Gap> gaps;
  size_t records = 0;
  bool complete = false;
  std::optional<SegmentStart> segment;

  uint64_t LostCount() const;
};

uint32_t PidOf(const RecordView& record);
ReadBack ReadAll(std::span<const uint8_t> bytes, ReaderOptions options = {});

}  // namespace daybook
