// Scripted logs for tests, written by the real writer into memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daybook/reader.h"
#include "daybook/writer.h"
#include "support/fake_folder.h"

namespace daybook {

inline constexpr uint64_t kTestBootNs = 5'000'000'000;
inline constexpr int64_t kTestRealtimeNs = 1'790'000'000'000'000'000;

class LogBuilder {
 public:
  explicit LogBuilder(WriterOptions options = {}, std::shared_ptr<FakeDisk> disk = nullptr,
                      std::unique_ptr<Syncer> syncer = MakeInlineSyncer())
      : disk_(disk ? std::move(disk) : std::make_shared<FakeDisk>()),
        now_ns_(std::make_shared<uint64_t>(kTestBootNs)),
        writer_(Open(options, disk_, now_ns_, std::move(syncer))) {}

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
  std::vector<uint8_t> Segment(uint64_t number = 1) const {
    char name[32];
    std::snprintf(name, sizeof(name), "daybook-%08llu.dbk",
                  static_cast<unsigned long long>(number));
    return disk_->files.at(name);
  }

 private:
  static LogWriter Open(WriterOptions options, std::shared_ptr<FakeDisk> disk,
                        std::shared_ptr<uint64_t> now_ns, std::unique_ptr<Syncer> syncer) {
    LogIdentity identity;
    identity.boot_id.bytes.fill(0xB0);
    identity.host_id.bytes.fill(0x05);
    identity.info = {{"hostname", "test"}};
    auto clock = [now_ns] {
      return Clock{.time_ns = *now_ns,
                   .realtime_ns = kTestRealtimeNs + static_cast<int64_t>(*now_ns - kTestBootNs),
                   .monotonic_ns = *now_ns};
    };
    auto writer = LogWriter::Open(std::make_unique<FakeFolder>(std::move(disk)), identity, clock,
                                  options, std::move(syncer));
    if (!writer) throw std::runtime_error(writer.error().message());
    return *std::move(writer);
  }

  std::shared_ptr<FakeDisk> disk_;
  std::shared_ptr<uint64_t> now_ns_;
  LogWriter writer_;
};

inline Fork TestFork(uint32_t pid, uint64_t time_ns = kTestBootNs) {
  return {.time_ns = time_ns, .pid = pid, .ppid = 1, .parent_start_ns = 1'000'000, .uid = 1000};
}

inline Exit TestExit(uint32_t pid, uint64_t time_ns = kTestBootNs + 2'000'000) {
  return {.time_ns = time_ns,
          .pid = pid,
          .start_ns = kTestBootNs,
          .ppid = 1,
          .wait_status = (pid & 0xFF) << 8,
          .cpu_us = pid,
          .comm = "test"};
}

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
  std::vector<Numbered> events;
  std::vector<Gap> gaps;
  size_t records = 0;
  bool complete = false;
  std::optional<SegmentStart> segment;

  uint64_t LostCount() const {
    uint64_t lost = 0;
    for (const Gap& gap : gaps) lost += gap.records_lost.value_or(0);
    return lost;
  }
};

inline uint32_t PidOf(const RecordView& record) {
  Fork fork;
  Exec exec;
  Exit exit;
  if (record.As(&fork)) return fork.pid;
  if (record.As(&exec)) return exec.pid;
  if (record.As(&exit)) return exit.pid;
  return 0;
}

inline ReadBack ReadAll(std::span<const uint8_t> bytes) {
  ReadBack result;
  SegmentReader reader(bytes);
  for (;;) {
    const Item item = reader.Next();
    if (const auto* end = std::get_if<End>(&item)) {
      result.complete = end->complete;
      result.segment = reader.segment();
      return result;
    }
    if (const auto* gap = std::get_if<Gap>(&item)) {
      result.gaps.push_back(*gap);
      continue;
    }
    const auto& record = std::get<RecordView>(item);
    ++result.records;
    if (!record.seq) continue;
    result.events.push_back({.seq = *record.seq,
                             .type = record.type,
                             .payload = {record.payload.begin(), record.payload.end()},
                             .base = record.base,
                             .pid = PidOf(record)});
  }
}

}  // namespace daybook
