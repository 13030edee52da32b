#include "segments.h"

#include <algorithm>
#include <cassert>

#include "crc32c.h"
#include "daybook/codec.h"
#include "daybook/life_pack.h"
#include "daybook/schema.h"
#include "layout.h"
#include "segment_buffer.h"
#include "support/a_life.h"

namespace daybook::damage {
namespace {

constexpr uint64_t kBootNs = 5'000'000'000;
constexpr int64_t kRealtimeNs = 1'790'000'000'000'000'000;

class Maker {
 public:
  explicit Maker(const Recipe& recipe)
      : recipe_(recipe), random_(recipe.seed), buffer_(recipe.tag, recipe.first_seq) {}

  std::vector<uint8_t> Make() {
    Head(kCheckpointFirst);
    if (recipe_.with_schema) Descriptions(0);
    Note(Clock{.time_ns = now_ns_,
               .realtime_ns = kRealtimeNs,
               .monotonic_ns = now_ns_,
               .reason = ClockReason::kSegment});
    buffer_.CloseBlock();
    Write();
    const size_t copy_at = recipe_.bytes / 2;
    bool copied = false;
    for (size_t event = 0; buffer_.logical_bytes() < recipe_.bytes; ++event) {
      if (!copied && recipe_.with_schema && buffer_.logical_bytes() > copy_at) {
        copied = true;
        buffer_.CloseBlock();
        Head(kCheckpointCopy);
        Descriptions(kCheckpointCopy);
      }
      Event(event);
      if (buffer_.open_block_bytes() >= recipe_.block_bytes) buffer_.CloseBlock();
      if (event % 7 == 3) Flush();
      // Late in the segment nothing is synced any more: a tail there is only torn.
      if (event % 23 == 11 && buffer_.logical_bytes() < recipe_.bytes * 3 / 4) Sync();
    }
    recipe_.ended ? End() : Open();
    return std::move(out_);
  }

 private:
  void Head(uint32_t flags) {
    SegmentStart start{.signature = kSignature,
                       .major_version = kMajorVersion,
                       .minor_version = kMinorVersion,
                       .min_reader = 0,
                       .compat_flags = 0,
                       .incompat_flags = 0,
                       .tag = recipe_.tag,
                       .segment_no = recipe_.segment_no,
                       .stream_id = {},
                       .host_id = {},
                       .boot_id = {},
                       .tick_ns = kTickNs,
                       .first_seq = recipe_.first_seq,
                       .time_ns = kBootNs,
                       .realtime_ns = kRealtimeNs};
    start.stream_id.bytes.fill(recipe_.stream);
    start.host_id.bytes.fill(0x05);
    start.boot_id.bytes.fill(0xB0);
    buffer_.Append(start);
    if (flags == kCheckpointFirst) buffer_.NoteMoment(start.time_ns);
    buffer_.Append(Info{.key = "hostname", .value = "test"});
    buffer_.CloseBlock(flags);
  }

  void Descriptions(uint32_t flags) {
    for (const TypeInfo& type : LogTypes()) {
      const std::vector<uint8_t> payload = EncodeSchema(type);
      uint8_t* out = buffer_.BeginRecord(payload.size());
      uint8_t* const end = PutBytes(out, payload.data(), payload.size());
      buffer_.FinishRecord(Schema<SchemaRecord>::kType, out, end);
    }
    buffer_.CloseBlock(flags);
  }

  template <class Record>
  void Note(const Record& record) {
    buffer_.Append(record);
    if constexpr (requires { record.time_ns; }) buffer_.NoteMoment(record.time_ns);
    if constexpr (requires { record.pid; }) buffer_.NotePid(record.pid);
  }

  void Event(size_t event) {
    now_ns_ += 1000 * (1 + random_.Below(50'000));
    const auto pid = static_cast<uint32_t>(100 + event / 3);
    if (event % 12 == 6) return Note(SomeLife(pid));
    if (event % 12 == 10) return NoteLives(event / 12, pid);
    switch (event % 3) {
      case 0:
        return Note(Fork{.time_ns = now_ns_,
                         .pid = pid,
                         .ppid = 1 + static_cast<uint32_t>(random_.Below(90)),
                         .parent_start_ns = 1'000'000,
                         .uid = 1000});
      case 1:
        return NoteExec(event, pid);
      default:
        return Note(Exit{.time_ns = now_ns_,
                         .pid = pid,
                         .start_ns = now_ns_ - 20'000'000,
                         .ppid = 1,
                         .wait_status = (pid & 0xFF) << 8,
                         .cpu_us = random_.Below(100'000),
                         .comm = "test"});
    }
  }

  WholeLife SomeLife(uint32_t pid) {
    const bool executes = random_.Below(2) == 0;
    return {.time_ns = now_ns_,
            .pid = pid,
            .elapsed_us = random_.Below(100'000),
            .ppid = 1,
            .parent_start_ns = 1'000'000,
            .flags = kProcUsageExact,
            .uid = 1000,
            .cpu_us = random_.Below(100'000),
            .comm = "test",
            .exec_after_us = executes ? std::optional<uint64_t>(7) : std::nullopt,
            .exe = executes ? "/bin/test" : ""};
  }

  // Nothing of it is unknown, 0 or empty.
  WholeLife FullLife(uint32_t pid) {
    LifeParts parts = ALife(pid, now_ns_ - 300'000);
    parts.exec->args_bytes = 700;
    return Join(parts).value();
  }

  std::vector<WholeLife> LivesOfShape(size_t shape, uint32_t pid) {
    switch (shape) {
      case 0: {  // the last one ended before the one before it
        std::vector<WholeLife> three = {SomeLife(pid), SomeLife(pid + 1), SomeLife(pid + 2)};
        three[1].time_ns += 3000;
        return three;
      }
      case 1: {  // more than fit
        std::vector<WholeLife> many;
        for (uint32_t i = 0; i < 80; ++i) many.push_back(SomeLife(pid + i));
        return many;
      }
      case 2: {  // of parents in turn: 3, 2, 1 and 0 lives lie between
        std::vector<WholeLife> lives;
        for (const uint32_t parent : {1u, 2u, 3u, 4u, 1u, 3u, 1u, 1u}) {
          lives.push_back(SomeLife(pid++));
          lives.back().ppid = parent;
        }
        return lives;
      }
      case 3:
        return {FullLife(pid), SomeLife(pid + 1), FullLife(pid + 2)};
      default:  // all the same, more than fit
        return std::vector<WholeLife>(80, SomeLife(pid));
    }
  }

  // Of each shape in turn, as far as they fit.
  void NoteLives(size_t number, uint32_t pid) {
    LifePacker pack;
    for (const WholeLife& life : LivesOfShape(number % 5, pid)) {
      if (!pack.Add(life)) break;
      buffer_.NoteMoment(life.time_ns);
    }
    Note(pack.lives());
  }

  // Of ordinary length mostly, now and then so long that it needs continuations.
  void NoteExec(size_t event, uint32_t pid) {
    std::string args;
    const bool hostile = !recipe_.hostile_args.empty() && event % 9 == 4;
    if (hostile) {
      args = recipe_.hostile_args[(event / 9) % recipe_.hostile_args.size()];
    } else {
      const size_t length = random_.Below(8) == 0 ? 300 + random_.Below(400) : random_.Below(120);
      for (size_t i = 0; i < length; ++i) args += static_cast<char>('a' + random_.Below(26));
    }
    Note(Exec{.time_ns = now_ns_,
              .pid = pid,
              .start_ns = now_ns_,
              .uid = 1000,
              .comm = "test",
              .exe = "/bin/test",
              .args_bytes = args.size(),
              .args = args});
  }

  void Write() {
    const auto unwritten = buffer_.Unwritten();
    out_.insert(out_.end(), unwritten.begin(), unwritten.end());
    buffer_.Written(unwritten.size());
  }

  void Flush() {
    buffer_.Seal();
    Write();
  }

  void Sync() {
    buffer_.CloseBlock();
    Write();
    buffer_.Synced(buffer_.written());
  }

  void Open() {
    Event(0);
    Flush();
    Event(2);
    Flush();
  }

  void End() {
    buffer_.CloseBlock();
    Note(SegmentEnd{.time_ns = now_ns_,
                    .reason = EndReason::kShutdown,
                    .record_count = buffer_.record_count(),
                    .first_seq = recipe_.first_seq,
                    .next_seq = buffer_.next_seq()});
    buffer_.CloseBlock(kCheckpointLast);
    Write();
  }

  const Recipe& recipe_;
  Random random_;
  SegmentBuffer buffer_;
  std::vector<uint8_t> out_;
  uint64_t now_ns_ = kBootNs;
};

std::string_view AsText(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const uint8_t> AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

std::vector<uint8_t> MakeSegment(const Recipe& recipe) { return Maker(recipe).Make(); }

// SplitMix64.
uint64_t Random::Next() {
  uint64_t mixed = state_ += 0x9E37'79B9'7F4A'7C15;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58'476D'1CE4'E5B9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D0'49BB'1331'11EB;
  return mixed ^ (mixed >> 31);
}

std::vector<uint8_t> Random::Bytes(size_t size) {
  std::vector<uint8_t> bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(Next() >> 56);
  return bytes;
}

std::string RecordBytes(uint8_t type, std::string_view payload) {
  assert(payload.size() <= kMaxPayloadBytes);
  std::string record(AsText(kCookie));
  record += static_cast<char>(type);
  record += static_cast<char>(payload.size());
  return record.append(payload);
}

std::string FakeRecords(size_t bytes, uint64_t seed) {
  constexpr size_t kRoomForOne = 64;
  assert(bytes >= kRoomForOne);
  Random random(seed);
  std::string records;
  while (bytes - records.size() >= 2 * kRoomForOne) {
    const Exit exit{.time_ns = kBootNs,
                    .pid = static_cast<uint32_t>(random.Below(4000)),
                    .start_ns = kBootNs,
                    .ppid = 1,
                    .wait_status = 0,
                    .cpu_us = 1,
                    .comm = "forged"};
    std::vector<uint8_t> payload(MaxEncodedBytes(exit));
    const uint8_t* const end = Encode(exit, {}, payload.data());
    records += RecordBytes(Schema<Exit>::kType, AsText({payload.data(), end}));
  }
  // The last one ends exactly there: longer payloads are legal.
  const size_t rest = bytes - records.size();
  return records += RecordBytes(Schema<Fork>::kType, std::string(rest - kHeaderBytes, '\x01'));
}

std::string SealedBlock(std::string_view records, Checkpoint checkpoint) {
  checkpoint.block_bytes = records.size();
  checkpoint.block_crc = Crc32c(AsBytes(records));
  std::vector<uint8_t> payload(MaxEncodedBytes(checkpoint));
  const uint8_t* const end = Encode(checkpoint, {}, payload.data());
  std::string record = RecordBytes(Schema<Checkpoint>::kType, AsText({payload.data(), end}));
  const size_t crc_at = record.size() - sizeof(checkpoint.self_crc);
  const uint32_t crc = Crc32c(AsBytes(record).first(crc_at));
  PutFixed(reinterpret_cast<uint8_t*>(record.data()) + crc_at, crc);
  return std::string(records) + record;
}

}  // namespace daybook::damage
