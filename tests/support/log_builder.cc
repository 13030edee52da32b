#include "support/log_builder.h"

#include <cstdio>
#include <stdexcept>
#include <utility>
#include <variant>

namespace daybook {
namespace {

LogWriter OpenWriter(WriterOptions options, std::shared_ptr<FakeDisk> disk,
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

}  // namespace

LogBuilder::LogBuilder(WriterOptions options, std::shared_ptr<FakeDisk> disk,
                       std::unique_ptr<Syncer> syncer)
    : disk_(disk ? std::move(disk) : std::make_shared<FakeDisk>()),
      now_ns_(std::make_shared<uint64_t>(kTestBootNs)),
      writer_(OpenWriter(options, disk_, now_ns_, std::move(syncer))) {}

std::vector<uint8_t> LogBuilder::Segment(uint64_t number) const {
  char name[32];
  std::snprintf(name, sizeof(name), "daybook-%08llu.dbk", static_cast<unsigned long long>(number));
  return disk_->files.at(name);
}

template LogBuilder& LogBuilder::Add(const Fork&);
template LogBuilder& LogBuilder::Add(const Exec&);
template LogBuilder& LogBuilder::Add(const Exit&);
template LogBuilder& LogBuilder::Add(const Clock&);
template LogBuilder& LogBuilder::Add(const Lost&);
template LogBuilder& LogBuilder::Add(const SnapProc&);
template bool Decode(std::span<const uint8_t>, const BlockBase&, Fork*);
template bool Decode(std::span<const uint8_t>, const BlockBase&, Exec*);
template bool Decode(std::span<const uint8_t>, const BlockBase&, Exit*);
template bool Decode(std::span<const uint8_t>, const BlockBase&, Clock*);
template bool Decode(std::span<const uint8_t>, const BlockBase&, Lost*);
template bool Decode(std::span<const uint8_t>, const BlockBase&, SnapProc*);
template bool Decode(std::span<const uint8_t>, const BlockBase&, SegmentStart*);
template bool Decode(std::span<const uint8_t>, const BlockBase&, Checkpoint*);

Fork TestFork(uint32_t pid, uint64_t time_ns) {
  return {.time_ns = time_ns, .pid = pid, .ppid = 1, .parent_start_ns = 1'000'000, .uid = 1000};
}

Exit TestExit(uint32_t pid, uint64_t time_ns) {
  return {.time_ns = time_ns,
          .pid = pid,
          .start_ns = kTestBootNs,
          .ppid = 1,
          .wait_status = (pid & 0xFF) << 8,
          .cpu_us = pid,
          .comm = "test"};
}

uint64_t ReadBack::LostCount() const {
  uint64_t lost = 0;
  for (const Gap& gap : gaps) lost += gap.records_lost.value_or(0);
  return lost;
}

uint32_t PidOf(const RecordView& record) {
  Fork fork;
  Exec exec;
  Exit exit;
  if (record.As(&fork)) return fork.pid;
  if (record.As(&exec)) return exec.pid;
  if (record.As(&exit)) return exit.pid;
  return 0;
}

ReadBack ReadAll(std::span<const uint8_t> bytes, ReaderOptions options) {
  ReadBack result;
  SegmentReader reader(bytes, options);
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
    if (record.proof != Proof::kVerified) {
      result.unproved.push_back(
          {.offset = record.offset,
           .size = record.size,
           .type = record.type,
           .payload = {record.payload.begin(), record.payload.end()},
           .base = record.has_base ? std::optional(record.base) : std::nullopt,
           .proof = record.proof,
           .is_whole = record.is_whole});
      continue;
    }
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
