// Every record type of the log with its table of fields: the one place where they are defined.
// Encoder, decoder, SCHEMA records, dump and the manual's tables all follow from here.
//
// Times are nanoseconds of CLOCK_BOOTTIME (it keeps counting in suspend); on disk they are ticks of
// kTickNs. A process is identified by (boot id, pid, start time); "pid" is the thread-group id.
// Strings are raw bytes as the kernel had them, never assumed to be UTF-8. A decoded string points
// into the reader's buffer. What a recorder could not know is std::nullopt, never 0.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "daybook/field.h"

namespace daybook {

// ---- Structure: what makes the log readable (types 01-1F) ----

// How the segment before this one ended, as far as the writer knew when it began this one.
enum class PreviousEnd : uint8_t { kEnded = 1, kAbandoned = 2, kOpen = 3, kUnreadable = 4 };
inline constexpr ValueName kPreviousEndNames[] = {
    {1, "ended"}, {2, "abandoned"}, {3, "open"}, {4, "unreadable"}};

// The first record of a segment; copied every 1 MiB, so that a segment without its head still says
// whose it is. What it says of the segment before it tells a file that was cut off between two
// blocks from one that was never longer.
struct SegmentStart {
  uint64_t signature = 0;
  uint32_t major_version = 0;
  uint32_t minor_version = 0;
  uint32_t min_reader = 0;
  uint64_t compat_flags = 0;
  uint64_t incompat_flags = 0;
  uint32_t tag = 0;
  uint64_t segment_no = 0;
  Id128 stream_id;
  Id128 host_id;
  Id128 boot_id;
  uint32_t tick_ns = 0;
  uint64_t first_seq = 0;
  uint64_t time_ns = 0;
  int64_t realtime_ns = 0;
  std::optional<uint64_t> previous_segment_no;
  std::optional<uint32_t> previous_tag;
  std::optional<PreviousEnd> previous_end;
  std::optional<uint64_t> previous_next_seq;
  std::optional<uint64_t> previous_bytes;
  std::optional<uint64_t> previous_synced_bytes;
  bool operator==(const SegmentStart&) const = default;
};
template <>
struct Schema<SegmentStart> {
  static constexpr uint8_t kType = 0x01;
  static constexpr std::string_view kName = "segment_start";
  static constexpr std::string_view kText = "Begins a segment and says whose it is.";
  static constexpr auto kFields = FieldTable{
      Field{"signature", &SegmentStart::signature, Wire::kFixed64, Unit::kHex,
            "The bytes 'DBK1', CR, LF, SUB, LF: shows mangling by a text-mode copy."},
      Field{"major_version", &SegmentStart::major_version, Wire::kUint, Unit::kNone,
            "Version of the format; a change of it is incompatible."},
      Field{"minor_version", &SegmentStart::minor_version, Wire::kUint, Unit::kNone,
            "Grows with each compatible addition."},
      Field{"min_reader", &SegmentStart::min_reader, Wire::kUint, Unit::kNone,
            "Oldest minor version whose readers understand this segment."},
      Field{"compat_flags", &SegmentStart::compat_flags, Wire::kUint, Unit::kHex,
            "Features that a reader may ignore."},
      Field{"incompat_flags", &SegmentStart::incompat_flags, Wire::kUint, Unit::kHex,
            "Features without which a reader must not decode payloads."},
      Field{"tag", &SegmentStart::tag, Wire::kFixed32, Unit::kHex,
            "Random; repeated in every checkpoint of the segment."},
      Field{"segment_no", &SegmentStart::segment_no, Wire::kUint, Unit::kNone,
            "Number of the segment in its log, from 1."},
      Field{"stream_id", &SegmentStart::stream_id, Wire::kId, Unit::kNone,
            "Random; the same for all segments of one log folder."},
      Field{"host_id", &SegmentStart::host_id, Wire::kId, Unit::kNone,
            "Hash of the machine id, or zero where the host has none."},
      Field{"boot_id", &SegmentStart::boot_id, Wire::kId, Unit::kNone, "Boot id of the kernel."},
      Field{"tick_ns", &SegmentStart::tick_ns, Wire::kUint, Unit::kNanoseconds,
            "Length of a tick, the unit of all times."},
      Field{"first_seq", &SegmentStart::first_seq, Wire::kUint, Unit::kNone,
            "Sequence number that the first numbered record of the segment has."},
      Field{"time", &SegmentStart::time_ns, Wire::kTicks, Unit::kNanoseconds,
            "When the segment was created."},
      Field{"realtime", &SegmentStart::realtime_ns, Wire::kInt, Unit::kNanoseconds,
            "The same moment by CLOCK_REALTIME; 0 where a salvage found nothing that tells it."},
      Field{"previous_segment_no", &SegmentStart::previous_segment_no, Wire::kUint, Unit::kNone,
            "Number of the segment before this one; unknown in the first segment of a log."},
      Field{"previous_tag", &SegmentStart::previous_tag, Wire::kUint, Unit::kHex, "Its tag."},
      Field{"previous_end", &SegmentStart::previous_end, Wire::kUint, Unit::kEnum,
            "ended: with its SEGMENT_END; abandoned: after a write error; open: found without an "
            "end when the recorder started; unreadable: nothing could be read of it.",
            kPreviousEndNames},
      Field{"previous_next_seq", &SegmentStart::previous_next_seq, Wire::kUint, Unit::kNone,
            "One more than the last sequence number that was written to it."},
      Field{"previous_bytes", &SegmentStart::previous_bytes, Wire::kUint, Unit::kBytes,
            "Length of it, uncompressed, up to the last block or mark that was wholly written."},
      Field{"previous_synced_bytes", &SegmentStart::previous_synced_bytes, Wire::kUint,
            Unit::kBytes, "Of these, how many were known to be on disk."}};
};

// Describes one record type in the file itself. schema.h turns it into names and fields.
struct SchemaRecord {
  uint32_t type = 0;
  uint32_t min_bytes = 0;
  uint32_t max_bytes = 0;
  std::string_view name;
  std::string_view fields;
  bool operator==(const SchemaRecord&) const = default;
};
template <>
struct Schema<SchemaRecord> {
  static constexpr uint8_t kType = 0x02;
  static constexpr std::string_view kName = "schema";
  static constexpr std::string_view kText = "Describes one record type in the file itself.";
  static constexpr auto kFields = FieldTable{
      Field{"type", &SchemaRecord::type, Wire::kUint, Unit::kHex, "The record type described."},
      Field{"min_bytes", &SchemaRecord::min_bytes, Wire::kUint, Unit::kBytes,
            "Shortest payload that this writer makes."},
      Field{"max_bytes", &SchemaRecord::max_bytes, Wire::kUint, Unit::kBytes,
            "Longest payload of one physical record that this writer makes."},
      Field{"name", &SchemaRecord::name, Wire::kString, Unit::kNone, "Name of the record type."},
      Field{
          "fields", &SchemaRecord::fields, Wire::kString, Unit::kHex,
          "Packed field descriptions: wire code, unit, name, number of value names, value names."}};
};

// Closes a block: everything since the previous checkpoint.
struct Checkpoint {
  uint32_t flags = 0;
  uint32_t tag = 0;
  uint64_t block_bytes = 0;
  uint64_t logical_offset = 0;
  uint64_t first_seq = 0;
  uint64_t seq_count = 0;
  uint64_t record_count = 0;
  uint64_t base_time_ns = 0;
  uint64_t first_time_ns = 0;
  uint64_t last_time_ns = 0;
  uint64_t base_pid = 0;
  uint64_t last_pid = 0;
  uint64_t lost_total = 0;
  uint64_t unsynced_bytes = 0;
  uint32_t block_crc = 0;
  uint32_t self_crc = 0;
  bool operator==(const Checkpoint&) const = default;
};
inline constexpr uint32_t kCheckpointFirst = 1;
inline constexpr uint32_t kCheckpointLast = 2;
inline constexpr uint32_t kCheckpointCopy = 4;
// The two that only the output of a salvage has.
inline constexpr uint32_t kCheckpointSalvaged = 8;
inline constexpr uint32_t kCheckpointAfterLoss = 16;
inline constexpr ValueName kCheckpointFlagNames[] = {{kCheckpointFirst, "first"},
                                                     {kCheckpointLast, "last"},
                                                     {kCheckpointCopy, "copy"},
                                                     {kCheckpointSalvaged, "salvaged"},
                                                     {kCheckpointAfterLoss, "after_loss"}};
template <>
struct Schema<Checkpoint> {
  static constexpr uint8_t kType = 0x03;
  static constexpr std::string_view kName = "checkpoint";
  static constexpr std::string_view kText = "Closes a block and proves it.";
  static constexpr auto kFields = FieldTable{
      Field{"flags", &Checkpoint::flags, Wire::kUint, Unit::kFlags,
            "First or last checkpoint of the segment, or that of a copy of its head. In a "
            "salvaged log: the block's records were proved by nothing and have no "
            "numbers; records before the block were lost.",
            kCheckpointFlagNames},
      Field{"tag", &Checkpoint::tag, Wire::kFixed32, Unit::kHex, "The segment's tag."},
      Field{"block_bytes", &Checkpoint::block_bytes, Wire::kUint, Unit::kBytes,
            "Length of the block; it ends where this record begins."},
      Field{"logical_offset", &Checkpoint::logical_offset, Wire::kUint, Unit::kBytes,
            "Where the block began in the segment as it was written."},
      Field{"first_seq", &Checkpoint::first_seq, Wire::kUint, Unit::kNone,
            "Sequence number of the block's first numbered record."},
      Field{"seq_count", &Checkpoint::seq_count, Wire::kUint, Unit::kNone,
            "Numbered records in the block."},
      Field{"record_count", &Checkpoint::record_count, Wire::kUint, Unit::kNone,
            "All records in the block, continuations and marks not counted."},
      Field{"base_time", &Checkpoint::base_time_ns, Wire::kTicks, Unit::kNanoseconds,
            "Base of the block's times."},
      Field{"first_time", &Checkpoint::first_time_ns, Wire::kTicks, Unit::kNanoseconds,
            "Earliest moment that a record of the block tells of."},
      Field{"last_time", &Checkpoint::last_time_ns, Wire::kTicks, Unit::kNanoseconds,
            "Latest such moment; base of the next block's times."},
      Field{"base_pid", &Checkpoint::base_pid, Wire::kUint, Unit::kNone,
            "Base of the block's pids."},
      Field{"last_pid", &Checkpoint::last_pid, Wire::kUint, Unit::kNone,
            "Base of the next block's pids."},
      Field{"lost_total", &Checkpoint::lost_total, Wire::kUint, Unit::kNone,
            "Events known to be lost since the recorder started."},
      Field{"unsynced", &Checkpoint::unsynced_bytes, Wire::kUint, Unit::kBytes,
            "Bytes before this record that were not known to be on disk."},
      Field{"block_crc", &Checkpoint::block_crc, Wire::kFixed32, Unit::kHex,
            "CRC32C of the block's bytes."},
      Field{"self_crc", &Checkpoint::self_crc, Wire::kFixed32, Unit::kHex,
            "CRC32C of this record's bytes before this field, header included."}};
};

// Seals what has been flushed of a block that is still open.
struct Mark {
  uint64_t record_count = 0;
  uint32_t crc = 0;
  bool operator==(const Mark&) const = default;
};
template <>
struct Schema<Mark> {
  static constexpr uint8_t kType = 0x04;
  static constexpr std::string_view kName = "mark";
  static constexpr std::string_view kText = "Seals the part of an open block that was flushed.";
  static constexpr auto kFields = FieldTable{
      Field{"record_count", &Mark::record_count, Wire::kUint, Unit::kNone,
            "Records so far in the block, continuations and marks not counted."},
      Field{"crc", &Mark::crc, Wire::kFixed32, Unit::kHex,
            "CRC32C of the block's place (tag, logical offset, first sequence number, base time in "
            "ticks, base pid) and of its bytes before this field."}};
};

enum class ClockReason : uint8_t { kSegment = 1, kPeriodic = 2, kStep = 3 };
inline constexpr ValueName kClockReasonNames[] = {{1, "segment"}, {2, "periodic"}, {3, "step"}};

// Ties boot time to the wall clock.
struct Clock {
  uint64_t time_ns = 0;
  int64_t realtime_ns = 0;
  uint64_t monotonic_ns = 0;
  uint64_t uncertainty_ns = 0;
  ClockReason reason = ClockReason::kPeriodic;
  std::optional<int32_t> tai_offset_s;
  std::optional<uint64_t> max_error_us;
  bool operator==(const Clock&) const = default;
};
template <>
struct Schema<Clock> {
  static constexpr uint8_t kType = 0x05;
  static constexpr std::string_view kName = "clock";
  static constexpr std::string_view kText = "Ties boot time to the wall clock.";
  static constexpr auto kFields = FieldTable{
      Field{"time", &Clock::time_ns, Wire::kTime, Unit::kNanoseconds, "CLOCK_BOOTTIME."},
      Field{"realtime", &Clock::realtime_ns, Wire::kInt, Unit::kNanoseconds,
            "CLOCK_REALTIME at that moment."},
      Field{"monotonic", &Clock::monotonic_ns, Wire::kTicks, Unit::kNanoseconds,
            "CLOCK_MONOTONIC at that moment."},
      Field{"uncertainty", &Clock::uncertainty_ns, Wire::kUint, Unit::kNanoseconds,
            "The clocks were read within this time."},
      Field{"reason", &Clock::reason, Wire::kUint, Unit::kEnum, "Why the anchor was written.",
            kClockReasonNames},
      Field{"tai_offset", &Clock::tai_offset_s, Wire::kInt, Unit::kSeconds,
            "TAI minus UTC, where the kernel has been told."},
      Field{"max_error", &Clock::max_error_us, Wire::kUint, Unit::kMicroseconds,
            "The kernel's bound of the wall clock's error, where a time service keeps it."}};
};

// A fact about the host or the recorder, as text.
struct Info {
  std::string_view key;
  std::string_view value;
  bool operator==(const Info&) const = default;
};
template <>
struct Schema<Info> {
  static constexpr uint8_t kType = 0x06;
  static constexpr std::string_view kName = "info";
  static constexpr std::string_view kText = "A fact about the host or the recorder.";
  static constexpr auto kFields = FieldTable{
      Field{"key", &Info::key, Wire::kString, Unit::kNone, "Which fact: hostname, kernel, ..."},
      Field{"value", &Info::value, Wire::kString, Unit::kNone, "What it is."}};
};

enum class LostReason : uint8_t {
  kKernelRing = 1,
  kWriteError = 2,
  kDamagedLog = 3,
  kDiskFull = 4,
  kNoRecorder = 5,  // between two recorders, the second of which took over
};
inline constexpr ValueName kLostReasonNames[] = {{1, "kernel_ring"},
                                                 {2, "write_error"},
                                                 {3, "damaged_log"},
                                                 {4, "disk_full"},
                                                 {5, "no_recorder"}};

// Events that are not in the log, and why.
struct Lost {
  uint64_t first_time_ns = 0;
  uint64_t last_time_ns = 0;
  LostReason reason = LostReason::kKernelRing;
  std::optional<uint64_t> forks;
  std::optional<uint64_t> execs;
  std::optional<uint64_t> exits;
  std::optional<uint64_t> records;
  std::optional<uint32_t> cpu;
  bool operator==(const Lost&) const = default;
};
template <>
struct Schema<Lost> {
  static constexpr uint8_t kType = 0x07;
  static constexpr std::string_view kName = "lost";
  static constexpr std::string_view kText = "Events that are not in the log, and why.";
  static constexpr auto kFields = FieldTable{
      Field{"first_time", &Lost::first_time_ns, Wire::kTime, Unit::kNanoseconds,
            "They were lost after this time,"},
      Field{"last_time", &Lost::last_time_ns, Wire::kTime, Unit::kNanoseconds,
            "and before this time."},
      Field{"reason", &Lost::reason, Wire::kUint, Unit::kEnum, "What lost them.", kLostReasonNames},
      Field{"forks", &Lost::forks, Wire::kUint, Unit::kNone, "FORK events lost."},
      Field{"execs", &Lost::execs, Wire::kUint, Unit::kNone, "EXEC events lost."},
      Field{"exits", &Lost::exits, Wire::kUint, Unit::kNone, "EXIT events lost."},
      Field{"records", &Lost::records, Wire::kUint, Unit::kNone,
            "Records lost, where only their number is known. Of those that could not be written, a "
            "LIFE, and each of LIVES, is as many as it stands for."},
      Field{"cpu", &Lost::cpu, Wire::kUint, Unit::kNone, "Number of the CPU that lost them."}};
};

// How many events a LOST record tells of; 1 where it knows no number.
constexpr uint64_t LostEvents(const Lost& lost) {
  const uint64_t known = lost.forks.value_or(0) + lost.execs.value_or(0) + lost.exits.value_or(0) +
                         lost.records.value_or(0);
  return known == 0 ? 1 : known;
}

enum class EndReason : uint8_t { kSize = 1, kAge = 2, kShutdown = 3, kRequest = 4 };
inline constexpr ValueName kEndReasonNames[] = {
    {1, "size"}, {2, "age"}, {3, "shutdown"}, {4, "request"}};

// The last record of a segment that was closed in order.
struct SegmentEnd {
  uint64_t time_ns = 0;
  EndReason reason = EndReason::kShutdown;
  uint64_t record_count = 0;
  uint64_t first_seq = 0;
  uint64_t next_seq = 0;
  uint64_t lost_total = 0;
  std::optional<uint64_t> first_time_ns;
  std::optional<uint64_t> last_time_ns;
  std::optional<int64_t> first_realtime_ns;
  std::optional<int64_t> last_realtime_ns;
  bool operator==(const SegmentEnd&) const = default;
};
template <>
struct Schema<SegmentEnd> {
  static constexpr uint8_t kType = 0x09;
  static constexpr std::string_view kName = "segment_end";
  static constexpr std::string_view kText = "Ends a segment that was closed in order.";
  static constexpr auto kFields = FieldTable{
      Field{"time", &SegmentEnd::time_ns, Wire::kTime, Unit::kNanoseconds, "When it was closed."},
      Field{"reason", &SegmentEnd::reason, Wire::kUint, Unit::kEnum, "Why it was closed.",
            kEndReasonNames},
      Field{"record_count", &SegmentEnd::record_count, Wire::kUint, Unit::kNone,
            "All records before this one, continuations, marks and checkpoints not counted."},
      Field{"first_seq", &SegmentEnd::first_seq, Wire::kUint, Unit::kNone,
            "First sequence number of the segment."},
      Field{"next_seq", &SegmentEnd::next_seq, Wire::kUint, Unit::kNone,
            "Sequence number that the next segment begins with."},
      Field{"lost_total", &SegmentEnd::lost_total, Wire::kUint, Unit::kNone,
            "Events known to be lost since the recorder started."},
      Field{"first_time", &SegmentEnd::first_time_ns, Wire::kTicks, Unit::kNanoseconds,
            "Earliest moment that a block of the segment tells of."},
      Field{"last_time", &SegmentEnd::last_time_ns, Wire::kTicks, Unit::kNanoseconds,
            "Latest such moment."},
      Field{"first_realtime", &SegmentEnd::first_realtime_ns, Wire::kInt, Unit::kNanoseconds,
            "Earliest wall-clock time that a moment between these two has, by the segment's clock "
            "anchors,"},
      Field{"last_realtime", &SegmentEnd::last_realtime_ns, Wire::kInt, Unit::kNanoseconds,
            "and the latest one: not that of the last moment, where the clock was set back."}};
};

// The bytes of a record that did not fit into 255: fragment 0, 1, 2 ... of the record before it.
struct Continuation {
  uint32_t index = 0;
  bool operator==(const Continuation&) const = default;
};
template <>
struct Schema<Continuation> {
  static constexpr uint8_t kType = 0x0F;
  static constexpr std::string_view kName = "cont";
  static constexpr std::string_view kText =
      "Continues the record before it; the bytes after the index are appended to its payload.";
  static constexpr auto kFields =
      FieldTable{Field{"index", &Continuation::index, Wire::kUint, Unit::kNone,
                       "Number of the fragment, from 0; counted modulo 128."}};
};

// ---- The container of a compressed segment (types 0A-0C): in its skippable frames only ----

// The first record of the container: what it holds.
struct Container {
  uint32_t version = 0;
  uint64_t raw_bytes = 0;
  uint32_t raw_crc = 0;
  bool operator==(const Container&) const = default;
};
template <>
struct Schema<Container> {
  static constexpr uint8_t kType = 0x0A;
  static constexpr std::string_view kName = "container";
  static constexpr std::string_view kText = "Begins a compressed segment and says what it holds.";
  static constexpr auto kFields =
      FieldTable{Field{"version", &Container::version, Wire::kUint, Unit::kNone,
                       "Version of the container: 1."},
                 Field{"raw_bytes", &Container::raw_bytes, Wire::kUint, Unit::kBytes,
                       "Length of the segment, uncompressed."},
                 Field{"raw_crc", &Container::raw_crc, Wire::kFixed32, Unit::kHex,
                       "CRC32C of the segment, uncompressed."}};
};

// Describes the compressed frame behind it; all of them stand once more in the index.
struct Frame {
  uint64_t offset = 0;
  uint64_t raw_bytes = 0;
  uint64_t compressed_bytes = 0;
  uint32_t compressed_crc = 0;
  uint64_t first_seq = 0;
  uint64_t seq_count = 0;
  std::optional<uint64_t> first_time_ns;
  std::optional<uint64_t> last_time_ns;
  bool operator==(const Frame&) const = default;
};
template <>
struct Schema<Frame> {
  static constexpr uint8_t kType = 0x0B;
  static constexpr std::string_view kName = "frame";
  static constexpr std::string_view kText = "Describes one compressed frame.";
  static constexpr auto kFields = FieldTable{
      Field{"offset", &Frame::offset, Wire::kUint, Unit::kBytes,
            "Where its content begins in the segment, uncompressed."},
      Field{"raw_bytes", &Frame::raw_bytes, Wire::kUint, Unit::kBytes, "Length of its content."},
      Field{"compressed_bytes", &Frame::compressed_bytes, Wire::kUint, Unit::kBytes,
            "Length of the frame."},
      Field{"compressed_crc", &Frame::compressed_crc, Wire::kFixed32, Unit::kHex,
            "CRC32C of the frame."},
      Field{"first_seq", &Frame::first_seq, Wire::kUint, Unit::kNone,
            "First sequence number in its blocks."},
      Field{"seq_count", &Frame::seq_count, Wire::kUint, Unit::kNone,
            "Numbered records in its blocks."},
      Field{"first_time", &Frame::first_time_ns, Wire::kTicks, Unit::kNanoseconds,
            "Earliest moment that its blocks tell of; unknown where a part of it is in no block."},
      Field{"last_time", &Frame::last_time_ns, Wire::kTicks, Unit::kNanoseconds,
            "Latest such moment."}};
};

// Begins the index: FRAME records follow it, then the segment's CLOCK records.
struct FrameIndex {
  uint64_t frame_count = 0;
  uint64_t container_bytes = 0;
  bool operator==(const FrameIndex&) const = default;
};
template <>
struct Schema<FrameIndex> {
  static constexpr uint8_t kType = 0x0C;
  static constexpr std::string_view kName = "frame_index";
  static constexpr std::string_view kText = "Begins the index of a compressed segment.";
  static constexpr auto kFields =
      FieldTable{Field{"frame_count", &FrameIndex::frame_count, Wire::kUint, Unit::kNone,
                       "Compressed frames in the file."},
                 Field{"container_bytes", &FrameIndex::container_bytes, Wire::kUint, Unit::kBytes,
                       "Length of the file before the index."}};
};

// ---- What was living when the segment began (types 10-12) ----

struct SnapBegin {
  uint64_t time_ns = 0;
  bool operator==(const SnapBegin&) const = default;
};
template <>
struct Schema<SnapBegin> {
  static constexpr uint8_t kType = 0x10;
  static constexpr std::string_view kName = "snap_begin";
  static constexpr std::string_view kText = "Begins a snapshot of the living processes.";
  static constexpr auto kFields = FieldTable{
      Field{"time", &SnapBegin::time_ns, Wire::kTime, Unit::kNanoseconds, "When it was begun."}};
};

// Bits of `flags` in FORK, EXIT, REAP and SNAP_PROC.
inline constexpr uint32_t kProcKernelThread = 1;
inline constexpr uint32_t kProcNeverExeced = 2;
inline constexpr uint32_t kProcSuperuser = 4;
inline constexpr uint32_t kProcOomKilled = 8;
inline constexpr uint32_t kProcUsagePartial = 16;
inline constexpr uint32_t kProcCoarseStart = 32;
inline constexpr uint32_t kProcUsageExact = 64;
inline constexpr ValueName kProcFlagNames[] = {
    {kProcKernelThread, "kernel_thread"}, {kProcNeverExeced, "never_execed"},
    {kProcSuperuser, "superuser"},        {kProcOomKilled, "oom_killed"},
    {kProcUsagePartial, "usage_partial"}, {kProcCoarseStart, "coarse_start"},
    {kProcUsageExact, "usage_exact"}};

struct SnapProc {
  uint32_t pid = 0;
  uint64_t start_ns = 0;
  uint32_t flags = 0;
  std::optional<uint32_t> ppid;
  std::optional<uint64_t> parent_start_ns;
  std::optional<uint32_t> uid;
  std::optional<uint32_t> euid;
  std::optional<uint32_t> suid;
  std::optional<uint32_t> gid;
  std::optional<uint32_t> egid;
  std::optional<uint32_t> sgid;
  std::optional<uint32_t> login_uid;
  std::optional<uint32_t> sid;
  std::optional<uint32_t> tty;
  std::optional<uint64_t> cgroup_id;
  std::optional<std::string_view> comm;
  std::optional<std::string_view> exe;
  std::optional<uint64_t> args_bytes;
  std::optional<std::string_view> args;
  std::optional<uint64_t> cpu_us;
  std::optional<uint32_t> namespace_level;
  std::optional<uint32_t> namespace_pid;
  bool operator==(const SnapProc&) const = default;
};
template <>
struct Schema<SnapProc> {
  static constexpr uint8_t kType = 0x11;
  static constexpr std::string_view kName = "snap_proc";
  static constexpr std::string_view kText = "A process that was living.";
  static constexpr auto kFields = FieldTable{
      Field{"pid", &SnapProc::pid, Wire::kPid, Unit::kNone, "Process id."},
      Field{"start", &SnapProc::start_ns, Wire::kTime, Unit::kNanoseconds, "When it was born."},
      Field{"flags", &SnapProc::flags, Wire::kUint, Unit::kFlags, "What it is.", kProcFlagNames},
      Field{"ppid", &SnapProc::ppid, Wire::kPid, Unit::kNone, "Its parent then."},
      Field{"parent_start", &SnapProc::parent_start_ns, Wire::kTime, Unit::kNanoseconds,
            "When that parent was born."},
      Field{"uid", &SnapProc::uid, Wire::kUint, Unit::kNone, "Real user id."},
      Field{"euid", &SnapProc::euid, Wire::kUint, Unit::kNone, "Effective user id."},
      Field{"suid", &SnapProc::suid, Wire::kUint, Unit::kNone, "Saved user id."},
      Field{"gid", &SnapProc::gid, Wire::kUint, Unit::kNone, "Real group id."},
      Field{"egid", &SnapProc::egid, Wire::kUint, Unit::kNone, "Effective group id."},
      Field{"sgid", &SnapProc::sgid, Wire::kUint, Unit::kNone, "Saved group id."},
      Field{"login_uid", &SnapProc::login_uid, Wire::kUint, Unit::kNone,
            "User id at login (audit); unknown where nobody logged in."},
      Field{"sid", &SnapProc::sid, Wire::kUint, Unit::kNone, "Session id."},
      Field{"tty", &SnapProc::tty, Wire::kUint, Unit::kDevice, "Controlling terminal; 0 is none."},
      Field{"cgroup_id", &SnapProc::cgroup_id, Wire::kUint, Unit::kNone,
            "Id of its cgroup; see CGROUP."},
      Field{"comm", &SnapProc::comm, Wire::kString, Unit::kNone, "Task name, at most 15 bytes."},
      Field{"exe", &SnapProc::exe, Wire::kString, Unit::kNone, "Path of the running program."},
      Field{"args_bytes", &SnapProc::args_bytes, Wire::kUint, Unit::kBytes,
            "True length of the arguments."},
      Field{"args", &SnapProc::args, Wire::kString, Unit::kArguments,
            "Arguments, perhaps cut to the recorder's limit."},
      Field{"cpu", &SnapProc::cpu_us, Wire::kUint, Unit::kMicroseconds,
            "CPU time that it had taken, of all its threads; where one of them was just ending, "
            "about."},
      Field{"namespace_level", &SnapProc::namespace_level, Wire::kUint, Unit::kNone, "As in FORK."},
      Field{"namespace_pid", &SnapProc::namespace_pid, Wire::kUint, Unit::kNone, "As in FORK."}};
};

struct SnapEnd {
  uint64_t time_ns = 0;
  uint64_t process_count = 0;
  bool operator==(const SnapEnd&) const = default;
};
template <>
struct Schema<SnapEnd> {
  static constexpr uint8_t kType = 0x12;
  static constexpr std::string_view kName = "snap_end";
  static constexpr std::string_view kText = "Ends a snapshot.";
  static constexpr auto kFields = FieldTable{
      Field{"time", &SnapEnd::time_ns, Wire::kTime, Unit::kNanoseconds, "When it was complete."},
      Field{"process_count", &SnapEnd::process_count, Wire::kUint, Unit::kNone,
            "Processes in it."}};
};

// ---- The recorder about itself (types 13-15) ----

enum class RecorderEvent : uint8_t { kStart = 1, kStop = 2 };
inline constexpr ValueName kRecorderEventNames[] = {{1, "start"}, {2, "stop"}};

// The recorder starts, is about to stop, or goes on with other settings.
struct Recorder {
  uint64_t time_ns = 0;
  RecorderEvent event = RecorderEvent::kStart;
  std::string_view source;
  std::string_view version;
  std::optional<uint64_t> kernel_forks;
  std::optional<uint64_t> forks_seen;
  std::optional<uint64_t> execs_seen;
  std::optional<uint64_t> exits_seen;
  std::optional<uint64_t> ring_bytes;
  std::optional<uint64_t> drain_interval_us;
  std::optional<uint64_t> args_limit_bytes;
  std::optional<std::string_view> abilities;
  std::optional<std::string_view> filter;
  bool operator==(const Recorder&) const = default;
};
template <>
struct Schema<Recorder> {
  static constexpr uint8_t kType = 0x13;
  static constexpr std::string_view kName = "recorder";
  static constexpr std::string_view kText =
      "The recorder starts, is about to stop, or goes on with other settings.";
  static constexpr auto kFields = FieldTable{
      Field{"time", &Recorder::time_ns, Wire::kTime, Unit::kNanoseconds, "When."},
      Field{"event", &Recorder::event, Wire::kUint, Unit::kEnum, "Which of the two.",
            kRecorderEventNames},
      Field{"source", &Recorder::source, Wire::kString, Unit::kNone, "Where events come from."},
      Field{"version", &Recorder::version, Wire::kString, Unit::kNone, "The recorder's version."},
      Field{"kernel_forks", &Recorder::kernel_forks, Wire::kUint, Unit::kNone,
            "The kernel's count of forks and thread creations since boot (/proc/stat); at a start "
            "where forks came without a pause, perhaps a few more."},
      Field{"forks_seen", &Recorder::forks_seen, Wire::kUint, Unit::kNone,
            "Forks and thread creations that this recorder's hook saw."},
      Field{"execs_seen", &Recorder::execs_seen, Wire::kUint, Unit::kNone,
            "Execs that this recorder's hook saw."},
      Field{"exits_seen", &Recorder::exits_seen, Wire::kUint, Unit::kNone,
            "Ends of processes that this recorder's hook saw."},
      Field{"ring_bytes", &Recorder::ring_bytes, Wire::kUint, Unit::kBytes,
            "Size of the kernel's ring buffer."},
      Field{"drain_interval", &Recorder::drain_interval_us, Wire::kUint, Unit::kMicroseconds,
            "How often the ring is emptied while events come."},
      Field{"args_limit", &Recorder::args_limit_bytes, Wire::kUint, Unit::kBytes,
            "At most so many bytes of a program's arguments are kept."},
      Field{"abilities", &Recorder::abilities, Wire::kString, Unit::kNone,
            "What the source tells of, in words with spaces between: what is not among them is "
            "unknown, not absent."},
      Field{"filter", &Recorder::filter, Wire::kString, Unit::kNone,
            "What is left out on request, as on the command line."}};
};

// Nobody was recording. Where the host was started anew meanwhile, what ran before that is not in
// the number.
struct RecordingGap {
  uint64_t first_time_ns = 0;
  uint64_t last_time_ns = 0;
  std::optional<uint64_t> missed_forks;
  bool operator==(const RecordingGap&) const = default;
};
template <>
struct Schema<RecordingGap> {
  static constexpr uint8_t kType = 0x14;
  static constexpr std::string_view kName = "recording_gap";
  static constexpr std::string_view kText = "Nobody was recording.";
  static constexpr auto kFields =
      FieldTable{Field{"first_time", &RecordingGap::first_time_ns, Wire::kTime, Unit::kNanoseconds,
                       "From this time on,"},
                 Field{"last_time", &RecordingGap::last_time_ns, Wire::kTime, Unit::kNanoseconds,
                       "until this time."},
                 Field{"missed_forks", &RecordingGap::missed_forks, Wire::kUint, Unit::kNone,
                       "Forks and thread creations that the kernel counted meanwhile; after a "
                       "recorder that was killed, also the thread creations of its last second; "
                       "perhaps a few more where forks came without a pause."}};
};

// What was seen so far, held against what the kernel counts. Sources: the hooks' own counters;
// /proc/stat; the list of living processes.
struct Audit {
  uint64_t time_ns = 0;
  std::optional<uint64_t> forks_seen;
  std::optional<uint64_t> execs_seen;
  std::optional<uint64_t> exits_seen;
  std::optional<uint64_t> kernel_forks;
  std::optional<uint64_t> living;
  std::optional<uint64_t> living_in_log;
  std::optional<uint64_t> filtered;
  bool operator==(const Audit&) const = default;
};
template <>
struct Schema<Audit> {
  static constexpr uint8_t kType = 0x15;
  static constexpr std::string_view kName = "audit";
  static constexpr std::string_view kText =
      "What was seen since the recorder's start, held against what the kernel counts.";
  static constexpr auto kFields = FieldTable{
      Field{"time", &Audit::time_ns, Wire::kTime, Unit::kNanoseconds, "When."},
      Field{"forks_seen", &Audit::forks_seen, Wire::kUint, Unit::kNone,
            "Forks and thread creations that the hook saw, before any filter."},
      Field{"execs_seen", &Audit::execs_seen, Wire::kUint, Unit::kNone, "Execs that the hook saw."},
      Field{"exits_seen", &Audit::exits_seen, Wire::kUint, Unit::kNone,
            "Ends of processes that the hook saw."},
      Field{"kernel_forks", &Audit::kernel_forks, Wire::kUint, Unit::kNone,
            "The kernel's count of forks and thread creations since boot (/proc/stat)."},
      Field{"living", &Audit::living, Wire::kUint, Unit::kNone,
            "Processes that live, as the kernel lists them."},
      Field{"living_in_log", &Audit::living_in_log, Wire::kUint, Unit::kNone,
            "Processes that live, as the log tells."},
      Field{"filtered", &Audit::filtered, Wire::kUint, Unit::kNone,
            "Events that were left out on request."}};
};

// ---- The life of a process (types 20-7F) ----

// A process was born. Source: tracepoint sched_process_fork.
struct Fork {
  uint64_t time_ns = 0;
  uint32_t pid = 0;
  uint32_t ppid = 0;
  std::optional<uint64_t> parent_start_ns;
  uint32_t flags = 0;
  std::optional<uint32_t> uid;
  std::optional<uint32_t> euid;
  std::optional<uint32_t> gid;
  std::optional<uint32_t> egid;
  std::optional<uint32_t> sid;
  std::optional<uint32_t> namespace_level;
  std::optional<uint32_t> namespace_pid;
  bool operator==(const Fork&) const = default;
};
template <>
struct Schema<Fork> {
  static constexpr uint8_t kType = 0x20;
  static constexpr std::string_view kName = "fork";
  static constexpr std::string_view kText = "A process was born.";
  static constexpr auto kFields = FieldTable{
      Field{"time", &Fork::time_ns, Wire::kTime, Unit::kNanoseconds,
            "When: the start time that identifies it from now on."},
      Field{"pid", &Fork::pid, Wire::kPid, Unit::kNone, "The child."},
      Field{"ppid", &Fork::ppid, Wire::kPid, Unit::kNone, "Its birth parent."},
      Field{"parent_start", &Fork::parent_start_ns, Wire::kTime, Unit::kNanoseconds,
            "When that parent was born."},
      Field{"flags", &Fork::flags, Wire::kUint, Unit::kFlags, "What it is.", kProcFlagNames},
      Field{"uid", &Fork::uid, Wire::kUint, Unit::kNone, "Real user id."},
      Field{"euid", &Fork::euid, Wire::kUint, Unit::kNone, "Effective user id."},
      Field{"gid", &Fork::gid, Wire::kUint, Unit::kNone, "Real group id."},
      Field{"egid", &Fork::egid, Wire::kUint, Unit::kNone, "Effective group id."},
      Field{"sid", &Fork::sid, Wire::kUint, Unit::kNone, "Session id."},
      Field{"namespace_level", &Fork::namespace_level, Wire::kUint, Unit::kNone,
            "Depth of its pid namespace; unknown in the first one."},
      Field{"namespace_pid", &Fork::namespace_pid, Wire::kUint, Unit::kNone,
            "Its process id there."}};
};

// A process has begun to run a program. Source: tracepoint sched_process_exec.
struct Exec {
  uint64_t time_ns = 0;
  uint32_t pid = 0;
  uint64_t start_ns = 0;
  std::optional<uint32_t> old_tid;
  std::optional<uint32_t> uid;
  std::optional<uint32_t> euid;
  std::optional<uint32_t> suid;
  std::optional<uint32_t> gid;
  std::optional<uint32_t> egid;
  std::optional<uint32_t> sgid;
  std::optional<uint32_t> login_uid;
  std::optional<uint32_t> sid;
  std::optional<uint32_t> tty;
  std::optional<uint64_t> cgroup_id;
  std::optional<uint64_t> exe_device;
  std::optional<uint64_t> exe_inode;
  std::optional<std::string_view> comm;
  std::optional<uint64_t> exe_bytes;
  std::optional<std::string_view> exe;
  std::optional<uint64_t> args_bytes;
  std::optional<std::string_view> args;
  std::optional<uint64_t> cpu_us;
  bool operator==(const Exec&) const = default;
};
template <>
struct Schema<Exec> {
  static constexpr uint8_t kType = 0x21;
  static constexpr std::string_view kName = "exec";
  static constexpr std::string_view kText = "A process has begun to run a program.";
  static constexpr auto kFields = FieldTable{
      Field{"time", &Exec::time_ns, Wire::kTime, Unit::kNanoseconds, "When."},
      Field{"pid", &Exec::pid, Wire::kPid, Unit::kNone, "Process id."},
      Field{"start", &Exec::start_ns, Wire::kTime, Unit::kNanoseconds, "When it was born."},
      Field{"old_tid", &Exec::old_tid, Wire::kPid, Unit::kNone,
            "Former id of the thread that called exec, where it was not the leader."},
      Field{"uid", &Exec::uid, Wire::kUint, Unit::kNone, "Real user id."},
      Field{"euid", &Exec::euid, Wire::kUint, Unit::kNone, "Effective user id."},
      Field{"suid", &Exec::suid, Wire::kUint, Unit::kNone, "Saved user id."},
      Field{"gid", &Exec::gid, Wire::kUint, Unit::kNone, "Real group id."},
      Field{"egid", &Exec::egid, Wire::kUint, Unit::kNone, "Effective group id."},
      Field{"sgid", &Exec::sgid, Wire::kUint, Unit::kNone, "Saved group id."},
      Field{"login_uid", &Exec::login_uid, Wire::kUint, Unit::kNone,
            "User id at login (audit); unknown where nobody logged in."},
      Field{"sid", &Exec::sid, Wire::kUint, Unit::kNone, "Session id."},
      Field{"tty", &Exec::tty, Wire::kUint, Unit::kDevice, "Controlling terminal; 0 is none."},
      Field{"cgroup_id", &Exec::cgroup_id, Wire::kUint, Unit::kNone,
            "Id of its cgroup; see CGROUP."},
      Field{"exe_device", &Exec::exe_device, Wire::kUint, Unit::kDevice,
            "Device of the file that runs (of a script: its interpreter)."},
      Field{"exe_inode", &Exec::exe_inode, Wire::kUint, Unit::kNone, "Inode of that file."},
      Field{"comm", &Exec::comm, Wire::kString, Unit::kNone, "Task name, at most 15 bytes."},
      Field{"exe_bytes", &Exec::exe_bytes, Wire::kUint, Unit::kBytes, "True length of the path."},
      Field{"exe", &Exec::exe, Wire::kString, Unit::kNone,
            "Path that was given to execve(2), perhaps cut to the recorder's limit."},
      Field{"args_bytes", &Exec::args_bytes, Wire::kUint, Unit::kBytes,
            "True length of the arguments."},
      Field{"args", &Exec::args, Wire::kString, Unit::kArguments,
            "Arguments, perhaps cut to the recorder's limit."},
      Field{"cpu", &Exec::cpu_us, Wire::kUint, Unit::kMicroseconds,
            "CPU time of the process so far, by the scheduler's clock as it was last brought up to "
            "date: what comes behind it is that of the new program."}};
};

// A process (thread group) has ended. Source: tracepoint sched_process_exit, last thread only.
struct Exit {
  uint64_t time_ns = 0;
  uint32_t pid = 0;
  uint64_t start_ns = 0;
  std::optional<uint32_t> ppid;
  std::optional<uint64_t> parent_start_ns;
  std::optional<uint32_t> wait_status;
  uint32_t flags = 0;
  std::optional<uint32_t> uid;
  std::optional<uint32_t> euid;
  std::optional<uint32_t> suid;
  std::optional<uint32_t> gid;
  std::optional<uint32_t> egid;
  std::optional<uint32_t> sgid;
  std::optional<uint32_t> login_uid;
  std::optional<uint32_t> sid;
  std::optional<uint32_t> tty;
  std::optional<uint64_t> cgroup_id;
  std::optional<uint64_t> utime_us;
  std::optional<uint64_t> stime_us;
  std::optional<uint64_t> cpu_us;
  std::optional<uint64_t> maxrss_kib;
  std::optional<uint64_t> minflt;
  std::optional<uint64_t> majflt;
  std::optional<uint64_t> nvcsw;
  std::optional<uint64_t> nivcsw;
  std::optional<std::string_view> comm;
  std::optional<uint64_t> image_maxrss_kib;
  std::optional<uint64_t> rchar_bytes;
  std::optional<uint64_t> wchar_bytes;
  std::optional<uint64_t> read_bytes;
  std::optional<uint64_t> write_bytes;
  std::optional<uint64_t> children_cpu_us;
  std::optional<uint64_t> zombie_us;
  std::optional<uint32_t> audit_session;
  bool operator==(const Exit&) const = default;
};
template <>
struct Schema<Exit> {
  static constexpr uint8_t kType = 0x22;
  static constexpr std::string_view kName = "exit";
  static constexpr std::string_view kText = "A process has ended.";
  static constexpr auto kFields = FieldTable{
      Field{"time", &Exit::time_ns, Wire::kTime, Unit::kNanoseconds, "When."},
      Field{"pid", &Exit::pid, Wire::kPid, Unit::kNone, "Process id."},
      Field{"start", &Exit::start_ns, Wire::kTime, Unit::kNanoseconds, "When it was born."},
      Field{"ppid", &Exit::ppid, Wire::kPid, Unit::kNone, "Its parent at the end."},
      Field{"parent_start", &Exit::parent_start_ns, Wire::kTime, Unit::kNanoseconds,
            "When that parent was born."},
      Field{"wait_status", &Exit::wait_status, Wire::kUint, Unit::kWaitStatus,
            "What wait(2) tells its parent."},
      Field{"flags", &Exit::flags, Wire::kUint, Unit::kFlags, "What it was.", kProcFlagNames},
      Field{"uid", &Exit::uid, Wire::kUint, Unit::kNone, "Real user id."},
      Field{"euid", &Exit::euid, Wire::kUint, Unit::kNone, "Effective user id."},
      Field{"suid", &Exit::suid, Wire::kUint, Unit::kNone, "Saved user id."},
      Field{"gid", &Exit::gid, Wire::kUint, Unit::kNone, "Real group id."},
      Field{"egid", &Exit::egid, Wire::kUint, Unit::kNone, "Effective group id."},
      Field{"sgid", &Exit::sgid, Wire::kUint, Unit::kNone, "Saved group id."},
      Field{"login_uid", &Exit::login_uid, Wire::kUint, Unit::kNone,
            "User id at login (audit); unknown where nobody logged in."},
      Field{"sid", &Exit::sid, Wire::kUint, Unit::kNone, "Session id."},
      Field{"tty", &Exit::tty, Wire::kUint, Unit::kDevice, "Controlling terminal; 0 is none."},
      Field{"cgroup_id", &Exit::cgroup_id, Wire::kUint, Unit::kNone,
            "Id of its cgroup; see CGROUP."},
      Field{"utime", &Exit::utime_us, Wire::kUint, Unit::kMicroseconds,
            "CPU time in user mode, all threads, as the kernel's ticks sampled it."},
      Field{"stime", &Exit::stime_us, Wire::kUint, Unit::kMicroseconds,
            "CPU time in kernel mode, likewise."},
      Field{"cpu", &Exit::cpu_us, Wire::kUint, Unit::kMicroseconds,
            "CPU time by the scheduler's clock, all threads: what wait4(2) tells the parent, where "
            "the usage is exact; else up to the exit, as the clock was last brought up to date."},
      Field{"maxrss", &Exit::maxrss_kib, Wire::kUint, Unit::kKibibytes,
            "Peak resident size as getrusage(2) gives it."},
      Field{"minflt", &Exit::minflt, Wire::kUint, Unit::kNone, "Page faults without I/O."},
      Field{"majflt", &Exit::majflt, Wire::kUint, Unit::kNone, "Page faults with I/O."},
      Field{"nvcsw", &Exit::nvcsw, Wire::kUint, Unit::kNone, "Voluntary context switches."},
      Field{"nivcsw", &Exit::nivcsw, Wire::kUint, Unit::kNone, "Involuntary context switches."},
      Field{"comm", &Exit::comm, Wire::kString, Unit::kNone,
            "Task name of the leader, at most 15 bytes."},
      Field{"image_maxrss", &Exit::image_maxrss_kib, Wire::kUint, Unit::kKibibytes,
            "Peak resident size of the program that ended alone; maxrss may be inherited from "
            "what ran before the exec."},
      Field{
          "rchar", &Exit::rchar_bytes, Wire::kUint, Unit::kBytes,
          "Read by read(2) and the like. This and the three that follow are of the process alone, "
          "and unknown where threads had left it and it had waited for children: the kernel adds "
          "these up."},
      Field{"wchar", &Exit::wchar_bytes, Wire::kUint, Unit::kBytes,
            "Written by write(2) and the like."},
      Field{"read_bytes", &Exit::read_bytes, Wire::kUint, Unit::kBytes, "Read from storage."},
      Field{"write_bytes", &Exit::write_bytes, Wire::kUint, Unit::kBytes,
            "Sent to storage, or dirtied in the page cache."},
      Field{"children_cpu", &Exit::children_cpu_us, Wire::kUint, Unit::kMicroseconds,
            "CPU time of the children that it waited for."},
      Field{"zombie", &Exit::zombie_us, Wire::kUint, Unit::kMicroseconds,
            "How long it waited to be reaped, and then some 10 ms until the kernel freed it."},
      Field{"audit_session", &Exit::audit_session, Wire::kUint, Unit::kNone,
            "Session id of the audit system; unknown where nobody logged in."}};
};

// What a process used, to the last: where it was reaped so late that EXIT could not tell it.
// Source: tracepoint sched_process_free of the group's leader.
struct Reap {
  uint64_t time_ns = 0;
  uint32_t pid = 0;
  uint64_t start_ns = 0;
  uint32_t flags = 0;
  std::optional<uint64_t> utime_us;
  std::optional<uint64_t> stime_us;
  std::optional<uint64_t> cpu_us;
  std::optional<uint64_t> minflt;
  std::optional<uint64_t> majflt;
  std::optional<uint64_t> nvcsw;
  std::optional<uint64_t> nivcsw;
  std::optional<uint64_t> rchar_bytes;
  std::optional<uint64_t> wchar_bytes;
  std::optional<uint64_t> read_bytes;
  std::optional<uint64_t> write_bytes;
  bool operator==(const Reap&) const = default;
};
template <>
struct Schema<Reap> {
  static constexpr uint8_t kType = 0x23;
  static constexpr std::string_view kName = "reap";
  static constexpr std::string_view kText =
      "A process that had ended was reaped: what it used, to the last.";
  static constexpr auto kFields = FieldTable{
      Field{"time", &Reap::time_ns, Wire::kTime, Unit::kNanoseconds, "When."},
      Field{"pid", &Reap::pid, Wire::kPid, Unit::kNone, "Process id."},
      Field{"start", &Reap::start_ns, Wire::kTime, Unit::kNanoseconds, "When it was born."},
      Field{"flags", &Reap::flags, Wire::kUint, Unit::kFlags, "What it was.", kProcFlagNames},
      Field{"utime", &Reap::utime_us, Wire::kUint, Unit::kMicroseconds, "As in EXIT."},
      Field{"stime", &Reap::stime_us, Wire::kUint, Unit::kMicroseconds, "As in EXIT."},
      Field{"cpu", &Reap::cpu_us, Wire::kUint, Unit::kMicroseconds,
            "CPU time by the scheduler's clock, all threads: what wait4(2) tells the parent."},
      Field{"minflt", &Reap::minflt, Wire::kUint, Unit::kNone, "As in EXIT."},
      Field{"majflt", &Reap::majflt, Wire::kUint, Unit::kNone, "As in EXIT."},
      Field{"nvcsw", &Reap::nvcsw, Wire::kUint, Unit::kNone, "As in EXIT."},
      Field{"nivcsw", &Reap::nivcsw, Wire::kUint, Unit::kNone, "As in EXIT."},
      Field{"rchar", &Reap::rchar_bytes, Wire::kUint, Unit::kBytes, "As in EXIT."},
      Field{"wchar", &Reap::wchar_bytes, Wire::kUint, Unit::kBytes, "As in EXIT."},
      Field{"read_bytes", &Reap::read_bytes, Wire::kUint, Unit::kBytes, "As in EXIT."},
      Field{"write_bytes", &Reap::write_bytes, Wire::kUint, Unit::kBytes, "As in EXIT."}};
};

// A process has changed its user or group ids. Source: the proc connector.
struct IdChange {
  uint64_t time_ns = 0;
  uint32_t pid = 0;
  std::optional<uint64_t> start_ns;
  std::optional<uint32_t> uid;
  std::optional<uint32_t> euid;
  std::optional<uint32_t> gid;
  std::optional<uint32_t> egid;
  bool operator==(const IdChange&) const = default;
};
template <>
struct Schema<IdChange> {
  static constexpr uint8_t kType = 0x24;
  static constexpr std::string_view kName = "id";
  static constexpr std::string_view kText = "A process has changed its user or group ids.";
  static constexpr auto kFields = FieldTable{
      Field{"time", &IdChange::time_ns, Wire::kTime, Unit::kNanoseconds, "When."},
      Field{"pid", &IdChange::pid, Wire::kPid, Unit::kNone, "Process id."},
      Field{"start", &IdChange::start_ns, Wire::kTime, Unit::kNanoseconds, "When it was born."},
      Field{"uid", &IdChange::uid, Wire::kUint, Unit::kNone, "Real user id from now on."},
      Field{"euid", &IdChange::euid, Wire::kUint, Unit::kNone, "Effective user id."},
      Field{"gid", &IdChange::gid, Wire::kUint, Unit::kNone, "Real group id from now on."},
      Field{"egid", &IdChange::egid, Wire::kUint, Unit::kNone, "Effective group id."}};
};

// A process leads a session of its own from now on. Source: the proc connector.
struct Session {
  uint64_t time_ns = 0;
  uint32_t pid = 0;
  std::optional<uint64_t> start_ns;
  bool operator==(const Session&) const = default;
};
template <>
struct Schema<Session> {
  static constexpr uint8_t kType = 0x25;
  static constexpr std::string_view kName = "session";
  static constexpr std::string_view kText = "A process leads a session of its own from now on.";
  static constexpr auto kFields = FieldTable{
      Field{"time", &Session::time_ns, Wire::kTime, Unit::kNanoseconds, "When."},
      Field{"pid", &Session::pid, Wire::kPid, Unit::kNone, "Process id."},
      Field{"start", &Session::start_ns, Wire::kTime, Unit::kNanoseconds, "When it was born."}};
};

// A process has given itself another name without an exec. Sources: tracepoint task_rename; the
// proc connector.
struct CommChange {
  uint64_t time_ns = 0;
  uint32_t pid = 0;
  std::optional<uint64_t> start_ns;
  std::string_view comm;
  bool operator==(const CommChange&) const = default;
};
template <>
struct Schema<CommChange> {
  static constexpr uint8_t kType = 0x26;
  static constexpr std::string_view kName = "comm";
  static constexpr std::string_view kText =
      "A process has given itself another task name, without an exec.";
  static constexpr auto kFields = FieldTable{
      Field{"time", &CommChange::time_ns, Wire::kTime, Unit::kNanoseconds, "When."},
      Field{"pid", &CommChange::pid, Wire::kPid, Unit::kNone, "Process id."},
      Field{"start", &CommChange::start_ns, Wire::kTime, Unit::kNanoseconds, "When it was born."},
      Field{"comm", &CommChange::comm, Wire::kString, Unit::kNone,
            "Task name of the leader from now on, at most 15 bytes."}};
};

// A process is traced by another one from now on, or no longer. Source: the proc connector.
struct Ptrace {
  uint64_t time_ns = 0;
  uint32_t pid = 0;
  std::optional<uint64_t> start_ns;
  std::optional<uint32_t> tracer_pid;
  bool operator==(const Ptrace&) const = default;
};
template <>
struct Schema<Ptrace> {
  static constexpr uint8_t kType = 0x27;
  static constexpr std::string_view kName = "ptrace";
  static constexpr std::string_view kText =
      "A process is traced by another one from now on, or no longer.";
  static constexpr auto kFields = FieldTable{
      Field{"time", &Ptrace::time_ns, Wire::kTime, Unit::kNanoseconds, "When."},
      Field{"pid", &Ptrace::pid, Wire::kPid, Unit::kNone, "The traced process."},
      Field{"start", &Ptrace::start_ns, Wire::kTime, Unit::kNanoseconds, "When it was born."},
      Field{"tracer", &Ptrace::tracer_pid, Wire::kPid, Unit::kNone,
            "Process id of the tracer; unknown where there is none any more."}};
};

// The path of a cgroup, under which its id is met elsewhere.
struct CgroupPath {
  uint64_t time_ns = 0;
  uint64_t id = 0;
  std::string_view path;
  bool operator==(const CgroupPath&) const = default;
};
template <>
struct Schema<CgroupPath> {
  static constexpr uint8_t kType = 0x28;
  static constexpr std::string_view kName = "cgroup";
  static constexpr std::string_view kText =
      "The path of a cgroup, whose id stands in other records.";
  static constexpr auto kFields =
      FieldTable{Field{"time", &CgroupPath::time_ns, Wire::kTime, Unit::kNanoseconds,
                       "When it was made, or found to be there."},
                 Field{"id", &CgroupPath::id, Wire::kUint, Unit::kNone,
                       "Its id: the inode number of its folder, and from bit 44 on the number of "
                       "its hierarchy, which is 0 in version 2."},
                 Field{"path", &CgroupPath::path, Wire::kString, Unit::kNone,
                       "Its path in its hierarchy, perhaps cut."}};
};

// A whole short life: its FORK, its one EXEC where it had one, and its EXIT, where all three came
// at once and one record tells the same (whole_life.h). It stands where the EXIT would. What most
// such lives do not have stands last, and is left out at the end of the record: unknown, or 0.
struct WholeLife {
  uint64_t time_ns = 0;
  uint32_t pid = 0;
  uint64_t elapsed_us = 0;
  uint32_t ppid = 0;
  uint64_t parent_start_ns = 0;
  uint32_t wait_status = 0;
  uint32_t flags = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint32_t sid = 0;
  std::optional<uint64_t> cgroup_id;
  std::optional<uint32_t> login_uid;
  std::optional<uint32_t> audit_session;
  uint32_t tty = 0;
  uint64_t cpu_us = 0;
  uint64_t utime_us = 0;
  uint64_t stime_us = 0;
  uint64_t maxrss_kib = 0;
  std::optional<uint64_t> image_maxrss_kib;
  uint64_t minflt = 0;
  uint64_t nvcsw = 0;
  uint64_t nivcsw = 0;
  std::string_view comm;
  std::optional<uint64_t> zombie_us;
  std::optional<uint64_t> exec_after_us;
  uint64_t exec_cpu_us = 0;
  uint64_t exe_device = 0;
  uint64_t exe_inode = 0;
  uint64_t rchar_bytes = 0;
  uint64_t wchar_bytes = 0;
  uint64_t read_bytes = 0;
  uint64_t write_bytes = 0;
  uint64_t majflt = 0;
  uint64_t children_cpu_us = 0;
  std::optional<uint32_t> euid;
  std::optional<uint32_t> egid;
  std::optional<uint32_t> suid;
  std::optional<uint32_t> sgid;
  std::optional<uint32_t> old_tid;
  std::optional<uint32_t> namespace_level;
  std::optional<uint32_t> namespace_pid;
  std::optional<uint64_t> args_bytes;
  std::string_view exe;
  std::optional<std::string_view> args;
  bool operator==(const WholeLife&) const = default;
};
template <>
struct Schema<WholeLife> {
  static constexpr uint8_t kType = 0x2A;
  static constexpr std::string_view kName = "life";
  static constexpr std::string_view kText =
      "A whole life: what its FORK, its EXEC if it had one, and its EXIT would tell.";
  // So many fields are always written; of the others those behind the last one that is known and
  // not 0 are left out.
  static constexpr size_t kLeastFields = 7;
  static constexpr auto kFields = FieldTable{
      Field{"time", &WholeLife::time_ns, Wire::kTime, Unit::kNanoseconds, "When it ended."},
      Field{"pid", &WholeLife::pid, Wire::kPid, Unit::kNone, "Process id."},
      Field{"elapsed", &WholeLife::elapsed_us, Wire::kUint, Unit::kMicroseconds,
            "So long before that it was born, both moments taken to the microsecond."},
      Field{"ppid", &WholeLife::ppid, Wire::kPid, Unit::kNone, "Its parent, from birth to end."},
      Field{"parent_start", &WholeLife::parent_start_ns, Wire::kTime, Unit::kNanoseconds,
            "When that parent was born."},
      Field{"wait_status", &WholeLife::wait_status, Wire::kUint, Unit::kWaitStatus,
            "What wait(2) tells its parent."},
      Field{"flags", &WholeLife::flags, Wire::kUint, Unit::kFlags,
            "As in EXIT; those of FORK are 0.", kProcFlagNames},
      Field{"uid", &WholeLife::uid, Wire::kUint, Unit::kNone, "Real user id."},
      Field{"gid", &WholeLife::gid, Wire::kUint, Unit::kNone, "Real group id."},
      Field{"sid", &WholeLife::sid, Wire::kUint, Unit::kNone, "Session id."},
      Field{"cgroup_id", &WholeLife::cgroup_id, Wire::kUint, Unit::kNone,
            "Id of its cgroup; see CGROUP."},
      Field{"login_uid", &WholeLife::login_uid, Wire::kUint, Unit::kNone,
            "User id at login (audit); unknown where nobody logged in."},
      Field{"audit_session", &WholeLife::audit_session, Wire::kUint, Unit::kNone, "As in EXIT."},
      Field{"tty", &WholeLife::tty, Wire::kUint, Unit::kDevice, "Controlling terminal; 0 is none."},
      Field{"cpu", &WholeLife::cpu_us, Wire::kUint, Unit::kMicroseconds, "As in EXIT."},
      Field{"utime", &WholeLife::utime_us, Wire::kUint, Unit::kMicroseconds, "As in EXIT."},
      Field{"stime", &WholeLife::stime_us, Wire::kUint, Unit::kMicroseconds, "As in EXIT."},
      Field{"maxrss", &WholeLife::maxrss_kib, Wire::kUint, Unit::kKibibytes, "As in EXIT."},
      Field{"image_maxrss", &WholeLife::image_maxrss_kib, Wire::kUint, Unit::kKibibytes,
            "As in EXIT."},
      Field{"minflt", &WholeLife::minflt, Wire::kUint, Unit::kNone, "As in EXIT."},
      Field{"nvcsw", &WholeLife::nvcsw, Wire::kUint, Unit::kNone, "As in EXIT."},
      Field{"nivcsw", &WholeLife::nivcsw, Wire::kUint, Unit::kNone, "As in EXIT."},
      Field{"comm", &WholeLife::comm, Wire::kString, Unit::kNone,
            "Task name at the end and, if it had an EXEC, behind that."},
      Field{"zombie", &WholeLife::zombie_us, Wire::kUint, Unit::kMicroseconds, "As in EXIT."},
      Field{"exec_after", &WholeLife::exec_after_us, Wire::kUint, Unit::kMicroseconds,
            "So long after its birth came its EXEC; unknown where it had none."},
      Field{"exec_cpu", &WholeLife::exec_cpu_us, Wire::kUint, Unit::kMicroseconds,
            "As cpu in EXEC."},
      Field{"exe_device", &WholeLife::exe_device, Wire::kUint, Unit::kDevice, "As in EXEC."},
      Field{"exe_inode", &WholeLife::exe_inode, Wire::kUint, Unit::kNone, "As in EXEC."},
      Field{"rchar", &WholeLife::rchar_bytes, Wire::kUint, Unit::kBytes, "As in EXIT."},
      Field{"wchar", &WholeLife::wchar_bytes, Wire::kUint, Unit::kBytes, "As in EXIT."},
      Field{"read_bytes", &WholeLife::read_bytes, Wire::kUint, Unit::kBytes, "As in EXIT."},
      Field{"write_bytes", &WholeLife::write_bytes, Wire::kUint, Unit::kBytes, "As in EXIT."},
      Field{"majflt", &WholeLife::majflt, Wire::kUint, Unit::kNone, "As in EXIT."},
      Field{"children_cpu", &WholeLife::children_cpu_us, Wire::kUint, Unit::kMicroseconds,
            "As in EXIT."},
      Field{"euid", &WholeLife::euid, Wire::kUint, Unit::kNone,
            "Effective user id; unknown where it is uid."},
      Field{"egid", &WholeLife::egid, Wire::kUint, Unit::kNone,
            "Effective group id; unknown where it is gid."},
      Field{"suid", &WholeLife::suid, Wire::kUint, Unit::kNone,
            "Saved user id; unknown where it is uid."},
      Field{"sgid", &WholeLife::sgid, Wire::kUint, Unit::kNone,
            "Saved group id; unknown where it is gid."},
      Field{"old_tid", &WholeLife::old_tid, Wire::kPid, Unit::kNone, "As in EXEC."},
      Field{"namespace_level", &WholeLife::namespace_level, Wire::kUint, Unit::kNone,
            "As in FORK."},
      Field{"namespace_pid", &WholeLife::namespace_pid, Wire::kUint, Unit::kNone, "As in FORK."},
      Field{"args_bytes", &WholeLife::args_bytes, Wire::kUint, Unit::kBytes,
            "As in EXEC; unknown also where it is the length of args."},
      Field{"exe", &WholeLife::exe, Wire::kString, Unit::kNone, "As in EXEC, the whole path."},
      Field{"args", &WholeLife::args, Wire::kString, Unit::kArguments, "As in EXEC."}};
};

// Bits of `flags` in ACCT.
inline constexpr ValueName kAcctFlagNames[] = {
    {1, "fork"}, {2, "superuser"}, {4, "compat"}, {8, "core"}, {16, "signal"}};

// What a process accounting file says that EXIT has no place for. Source: import only; the EXIT of
// the same process follows.
struct Acct {
  uint64_t time_ns = 0;
  uint32_t pid = 0;
  uint64_t start_ns = 0;
  uint32_t flags = 0;
  uint64_t memory_kib = 0;
  uint64_t io_chars = 0;
  uint64_t rw_blocks = 0;
  uint64_t swaps = 0;
  bool operator==(const Acct&) const = default;
};
template <>
struct Schema<Acct> {
  static constexpr uint8_t kType = 0x2B;
  static constexpr std::string_view kName = "acct";
  static constexpr std::string_view kText =
      "What an imported process accounting record says beyond EXIT, which follows.";
  static constexpr auto kFields = FieldTable{
      Field{"time", &Acct::time_ns, Wire::kTime, Unit::kNanoseconds, "When the process ended."},
      Field{"pid", &Acct::pid, Wire::kPid, Unit::kNone, "Process id."},
      Field{"start", &Acct::start_ns, Wire::kTime, Unit::kNanoseconds, "When it was born."},
      Field{"flags", &Acct::flags, Wire::kUint, Unit::kFlags, "As in acct(5).", kAcctFlagNames},
      Field{"memory", &Acct::memory_kib, Wire::kUint, Unit::kKibibytes,
            "Size of its address space at the end."},
      Field{"io", &Acct::io_chars, Wire::kUint, Unit::kNone,
            "Characters transferred, where the kernel counts them."},
      Field{"rw", &Acct::rw_blocks, Wire::kUint, Unit::kNone, "Blocks read or written, likewise."},
      Field{"swaps", &Acct::swaps, Wire::kUint, Unit::kNone, "Swaps, likewise."}};
};

// Several whole lives that were recorded one after the other, each told by what makes it unlike one
// of those just before it (life_pack.h). It stands where their LIFEs would.
struct Lives {
  uint64_t time_ns = 0;
  uint64_t last_time_ns = 0;
  uint32_t pid = 0;
  uint32_t count = 0;
  uint32_t execs = 0;
  std::string_view lives;
  bool operator==(const Lives&) const = default;
};
template <>
struct Schema<Lives> {
  static constexpr uint8_t kType = 0x2C;
  static constexpr std::string_view kName = "lives";
  static constexpr std::string_view kText =
      "Several whole lives, each told by what makes it unlike one before it.";
  static constexpr auto kFields = FieldTable{
      Field{"time", &Lives::time_ns, Wire::kTime, Unit::kNanoseconds,
            "When the first of them ended; none ended before."},
      Field{"last_time", &Lives::last_time_ns, Wire::kTime, Unit::kNanoseconds,
            "The latest of their ends."},
      Field{"pid", &Lives::pid, Wire::kPid, Unit::kNone, "Process id of the first of them."},
      Field{"count", &Lives::count, Wire::kUint, Unit::kNone, "How many they are."},
      Field{"execs", &Lives::execs, Wire::kUint, Unit::kNone, "So many of them had an EXEC."},
      Field{"lives", &Lives::lives, Wire::kString, Unit::kHex,
            "They themselves; see SEVERAL LIVES."}};
};

// ---- Roll-ups (types 30-31): what a log adds up to, in files that hold nothing else ----

inline constexpr ValueName kRollupFlagNames[] = {{1, "imported"}, {2, "others_hidden"}};
inline constexpr uint32_t kRollupImported = 1;
inline constexpr uint32_t kRollupOthersHidden = 2;

// One log on one local day: what was added up there, what the sums rest on, and what is missing
// from them. It stands before its groups and, so that they are of use without it, behind them.
// Source: report --partial, merge --into.
struct Rollup {
  uint64_t no = 0;
  Id128 stream_id;
  std::optional<std::string_view> host;
  std::string_view day;
  std::string_view zone;
  int64_t from_ns = 0;
  int64_t until_ns = 0;
  std::string_view filter;
  uint32_t flags = 0;
  uint64_t processes = 0;
  uint64_t used = 0;
  uint64_t running = 0;
  uint64_t groups = 0;
  uint64_t folded_groups = 0;
  std::optional<int64_t> first_realtime_ns;
  std::optional<int64_t> last_realtime_ns;
  std::string_view boots;
  uint64_t segments = 0;
  uint64_t records = 0;
  uint64_t dropped_events = 0;
  uint64_t lost_events = 0;
  uint64_t recording_gaps = 0;
  uint64_t missed_forks = 0;
  uint64_t unseen_forks = 0;
  uint64_t missing_records = 0;
  uint64_t gaps = 0;
  uint64_t damaged_bytes = 0;
  uint64_t hole_bytes = 0;
  uint64_t torn_bytes = 0;
  uint64_t unreadable_files = 0;
  uint32_t class_bits = 0;
  std::optional<uint64_t> unreaped;
  std::optional<std::string_view> recorder_filters;
  bool operator==(const Rollup&) const = default;
};
template <>
struct Schema<Rollup> {
  static constexpr uint8_t kType = 0x30;
  static constexpr std::string_view kName = "rollup";
  static constexpr std::string_view kText =
      "What one log adds up to on one local day; its groups follow, and then the same once more.";
  static constexpr auto kFields = FieldTable{
      Field{"no", &Rollup::no, Wire::kUint, Unit::kNone, "Its number in this file, from 1."},
      Field{"stream_id", &Rollup::stream_id, Wire::kId, Unit::kNone,
            "That of the log that was added up; zero where that is unknown."},
      Field{"host", &Rollup::host, Wire::kString, Unit::kNone,
            "Name of the recorded host, else the hash of its machine id, else the id of its log."},
      Field{"day", &Rollup::day, Wire::kString, Unit::kNone, "The local day: 2026-11-20."},
      Field{"zone", &Rollup::zone, Wire::kString, Unit::kNone, "In this time zone."},
      Field{"from", &Rollup::from_ns, Wire::kInt, Unit::kNanoseconds,
            "CLOCK_REALTIME from which on it adds up what ended: the begin of the day, or later,"},
      Field{"until", &Rollup::until_ns, Wire::kInt, Unit::kNanoseconds,
            "and before which: the end of the day, or earlier."},
      Field{"filter", &Rollup::filter, Wire::kString, Unit::kNone,
            "The options that chose the processes; empty where all were."},
      Field{
          "flags", &Rollup::flags, Wire::kUint, Unit::kFlags,
          "imported: from process accounting files, which are less precise. others_hidden: from a "
          "recorder from which processes of others were hidden.",
          kRollupFlagNames},
      Field{"processes", &Rollup::processes, Wire::kUint, Unit::kNone,
            "That ended in this time, or were last seen then and ended unseen."},
      Field{"used", &Rollup::used, Wire::kUint, Unit::kNone,
            "Of these, those that are in its groups; the filter left the others out."},
      Field{"running", &Rollup::running, Wire::kUint, Unit::kNone,
            "Processes that were there at the end of this time; they are in no group."},
      Field{"groups", &Rollup::groups, Wire::kUint, Unit::kNone,
            "Its groups, that of the folded ones not counted."},
      Field{"folded_groups", &Rollup::folded_groups, Wire::kUint, Unit::kNone,
            "Groups that were too small to be kept apart."},
      Field{"first_realtime", &Rollup::first_realtime_ns, Wire::kInt, Unit::kNanoseconds,
            "CLOCK_REALTIME of the earliest record of this time,"},
      Field{"last_realtime", &Rollup::last_realtime_ns, Wire::kInt, Unit::kNanoseconds,
            "and of the latest one; unknown where there are none."},
      Field{"boots", &Rollup::boots, Wire::kString, Unit::kHex,
            "Ids of the boots that were recorded, 16 bytes each."},
      Field{"segments", &Rollup::segments, Wire::kUint, Unit::kNone,
            "Segments that began in this time."},
      Field{"records", &Rollup::records, Wire::kUint, Unit::kNone,
            "Records of it; those without a time belong to that of the one before."},
      Field{"dropped_events", &Rollup::dropped_events, Wire::kUint, Unit::kNone,
            "Events that the recorder left out on request."},
      Field{"lost_events", &Rollup::lost_events, Wire::kUint, Unit::kNone,
            "Events that it says it lost."},
      Field{"recording_gaps", &Rollup::recording_gaps, Wire::kUint, Unit::kNone,
            "Times without a recorder, between two of them."},
      Field{"missed_forks", &Rollup::missed_forks, Wire::kUint, Unit::kNone,
            "Births of processes and threads in these."},
      Field{"unseen_forks", &Rollup::unseen_forks, Wire::kUint, Unit::kNone,
            "So many more the kernel counted than the recorder's hook saw."},
      Field{"missing_records", &Rollup::missing_records, Wire::kUint, Unit::kNone,
            "Sequence numbers that no record in the log has."},
      Field{"gaps", &Rollup::gaps, Wire::kUint, Unit::kNone, "Places where the log is damaged."},
      Field{"damaged_bytes", &Rollup::damaged_bytes, Wire::kUint, Unit::kBytes,
            "Bytes that are damaged there."},
      Field{"hole_bytes", &Rollup::hole_bytes, Wire::kUint, Unit::kBytes,
            "Bytes that a power loss took before they were on disk."},
      Field{"torn_bytes", &Rollup::torn_bytes, Wire::kUint, Unit::kBytes,
            "Bytes at the ends of segments that were being written."},
      Field{"unreadable_files", &Rollup::unreadable_files, Wire::kUint, Unit::kNone,
            "Files that could not be read, of this log or of another one."},
      Field{"class_bits", &Rollup::class_bits, Wire::kUint, Unit::kNone,
            "How fine the classes of its groups are: 6; see ROLL-UPS."},
      Field{"unreaped", &Rollup::unreaped, Wire::kUint, Unit::kNone,
            "Of its processes, those whose reap was too late for what it tells to be used; unknown "
            "where daybook was too old to tell."},
      Field{
          "recorder_filters", &Rollup::recorder_filters, Wire::kString, Unit::kNone,
          "What the recorder was to leave out, in its own words: texts with a zero byte at the end "
          "of each; unknown where daybook was too old to tell."}};
};

// The sums of those processes of a roll-up that have the same key. A group that is too long for a
// record is in several. A key may occur more than once: then all of its groups add up.
struct RollupGroup {
  uint64_t rollup = 0;
  uint64_t folded = 0;
  std::optional<std::string_view> comm;
  std::optional<std::string_view> user;
  std::optional<uint32_t> uid;
  std::optional<std::string_view> service;
  std::optional<std::string_view> container;
  std::optional<uint32_t> wait_status;
  uint64_t count = 0;
  uint64_t lost = 0;
  uint64_t failed = 0;
  std::optional<uint64_t> cpu_us;
  std::optional<uint64_t> utime_us;
  std::optional<uint64_t> stime_us;
  std::optional<uint64_t> elapsed_us;
  std::optional<uint64_t> maxrss_kib;
  std::optional<uint64_t> minflt;
  std::optional<uint64_t> majflt;
  std::optional<uint64_t> nvcsw;
  std::optional<uint64_t> nivcsw;
  std::optional<uint64_t> read_bytes;
  std::optional<uint64_t> write_bytes;
  std::optional<int64_t> first_end_ns;
  std::optional<int64_t> last_end_ns;
  std::string_view cpu_classes;
  std::string_view elapsed_classes;
  std::string_view maxrss_classes;
  uint64_t parts = 1;
  std::optional<uint64_t> cpu_within_us;
  bool operator==(const RollupGroup&) const = default;
};
template <>
struct Schema<RollupGroup> {
  static constexpr uint8_t kType = 0x31;
  static constexpr std::string_view kName = "rollup_group";
  static constexpr std::string_view kText =
      "The sums of those processes of a roll-up that have the same key.";
  static constexpr auto kFields = FieldTable{
      Field{"rollup", &RollupGroup::rollup, Wire::kUint, Unit::kNone,
            "Number of the roll-up in this file."},
      Field{"folded", &RollupGroup::folded, Wire::kUint, Unit::kNone,
            "Where it is the sum of groups that were too small to be kept apart, how many they "
            "were: its key is unknown then. Else 0."},
      Field{"comm", &RollupGroup::comm, Wire::kString, Unit::kNone, "Key: the task name."},
      Field{"user", &RollupGroup::user, Wire::kString, Unit::kNone,
            "Key: the name that the real user id had where the roll-up was made; unknown where it "
            "had none."},
      Field{"uid", &RollupGroup::uid, Wire::kUint, Unit::kNone, "Key: the real user id."},
      Field{"service", &RollupGroup::service, Wire::kString, Unit::kNone,
            "Key: the systemd service, by the cgroup."},
      Field{"container", &RollupGroup::container, Wire::kString, Unit::kNone,
            "Key: the container, by the cgroup."},
      Field{"wait_status", &RollupGroup::wait_status, Wire::kUint, Unit::kWaitStatus,
            "Key: what wait(2) told the parent; unknown of processes that ended unseen."},
      Field{"count", &RollupGroup::count, Wire::kUint, Unit::kNone, "Processes."},
      Field{"lost", &RollupGroup::lost, Wire::kUint, Unit::kNone,
            "Of these, those that ended unseen."},
      Field{"failed", &RollupGroup::failed, Wire::kUint, Unit::kNone,
            "Of these, those with another wait status than 0."},
      Field{"cpu", &RollupGroup::cpu_us, Wire::kUint, Unit::kMicroseconds,
            "Sum of the CPU times that are known, as are all sums here; unknown where none is."},
      Field{"utime", &RollupGroup::utime_us, Wire::kUint, Unit::kMicroseconds, "In user mode."},
      Field{"stime", &RollupGroup::stime_us, Wire::kUint, Unit::kMicroseconds, "In kernel mode."},
      Field{"elapsed", &RollupGroup::elapsed_us, Wire::kUint, Unit::kMicroseconds,
            "From births to ends."},
      Field{"maxrss", &RollupGroup::maxrss_kib, Wire::kUint, Unit::kKibibytes,
            "Largest peak resident size."},
      Field{"minflt", &RollupGroup::minflt, Wire::kUint, Unit::kNone, "Page faults without I/O."},
      Field{"majflt", &RollupGroup::majflt, Wire::kUint, Unit::kNone, "Page faults with I/O."},
      Field{"nvcsw", &RollupGroup::nvcsw, Wire::kUint, Unit::kNone, "Voluntary context switches."},
      Field{"nivcsw", &RollupGroup::nivcsw, Wire::kUint, Unit::kNone,
            "Involuntary context switches."},
      Field{"read_bytes", &RollupGroup::read_bytes, Wire::kUint, Unit::kBytes,
            "Read from storage."},
      Field{"write_bytes", &RollupGroup::write_bytes, Wire::kUint, Unit::kBytes,
            "Written to storage."},
      Field{"first_end", &RollupGroup::first_end_ns, Wire::kInt, Unit::kNanoseconds,
            "CLOCK_REALTIME of the earliest end,"},
      Field{"last_end", &RollupGroup::last_end_ns, Wire::kInt, Unit::kNanoseconds,
            "and of the latest one."},
      Field{"cpu_classes", &RollupGroup::cpu_classes, Wire::kString, Unit::kHex,
            "How many CPU times in microseconds are in which class; see ROLL-UPS."},
      Field{"elapsed_classes", &RollupGroup::elapsed_classes, Wire::kString, Unit::kHex,
            "The same of the times from birth to end, in microseconds."},
      Field{"maxrss_classes", &RollupGroup::maxrss_classes, Wire::kString, Unit::kHex,
            "The same of the peak resident sizes, in KiB."},
      Field{"parts", &RollupGroup::parts, Wire::kUint, Unit::kNone,
            "Of so many records, which follow each other, the group is the sum."},
      Field{"cpu_within", &RollupGroup::cpu_within_us, Wire::kUint, Unit::kMicroseconds,
            "CPU time that was taken on that day, also by processes that did not end on it: these "
            "are in no other number, and in the group that they belong to while they run."}};
};

// Those of a recorder's segments; each is described by a SCHEMA record there.
using LogRecords =
    TypeList<SegmentStart, SchemaRecord, Checkpoint, Mark, Clock, Info, Lost, SegmentEnd,
             Continuation, SnapBegin, SnapProc, SnapEnd, Recorder, RecordingGap, Audit, Fork, Exec,
             Exit, Reap, IdChange, Session, CommChange, Ptrace, CgroupPath, WholeLife, Acct, Lives>;

// Those that only a segment of roll-ups has, and describes besides.
using RollupRecords = TypeList<Rollup, RollupGroup>;

using AllRecords = JoinedList<LogRecords, RollupRecords>;

// Those of the container around a compressed segment.
using ContainerRecords = TypeList<Container, Frame, FrameIndex>;

// Numbered records carry a sequence number that never repeats in a log. Records that only describe
// the segment they stand in (its start, schema, snapshot, checksums ...) have none.
constexpr bool IsNumbered(uint8_t type) { return type == Schema<Lost>::kType || type >= 0x13; }

}  // namespace daybook
