// What a salvage writes of a damaged segment, read back.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "daybook/peek.h"
#include "daybook/salvage.h"
#include "support/log_builder.h"
#include "support/temp_folder.h"

namespace {

std::vector<std::string> synced_paths;

}  // namespace

// Stands in the place of the C library's.
extern "C" int fsync(int fd) {
  synced_paths.push_back(std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd)));
  return static_cast<int>(syscall(SYS_fsync, fd));
}

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Bytes = std::vector<uint8_t>;

struct Salvaged {
  std::vector<SalvagedSegment> segments;
  std::shared_ptr<FakeDisk> disk = std::make_shared<FakeDisk>();
  std::optional<Error> error;

  const Bytes& File(size_t i = 0) const { return disk->files.at(segments.at(i).name); }
};

Salvaged Salvage(const Bytes& bytes, SalvageOptions options = {},
                 const std::string& path = "daybook-00000001.dbk",
                 std::shared_ptr<FakeDisk> disk = std::make_shared<FakeDisk>()) {
  Salvaged result;
  result.disk = std::move(disk);
  FakeFolder folder(result.disk);
  LogSalvager salvager(&folder, options);
  SegmentReader reader(bytes, {.salvage = true});
  for (bool ended = false; !ended;) {
    const Item item = reader.Next();
    ended = std::holds_alternative<End>(item);
    auto finished = salvager.Take(item, path, reader.segment());
    if (!finished) {
      result.error = finished.error();
      return result;
    }
    if (*finished) result.segments.push_back(**finished);
  }
  EXPECT_TRUE(salvager.Finish());
  return result;
}

// A record by what it says, wherever it stands.
struct Plain {
  uint8_t type;
  std::optional<uint64_t> seq;
  Proof proof;
  Bytes payload;
  BlockBase base;
  bool operator==(const Plain&) const = default;
};

struct Contents {
  std::vector<Plain> records;  // without those that only hold a segment together
  std::vector<Gap> gaps;
  bool complete = false;
  std::optional<SegmentStart> segment;
};

Contents Read(const Bytes& bytes) {
  Contents contents;
  SegmentReader reader(bytes);
  for (;;) {
    const Item item = reader.Next();
    if (const auto* end = std::get_if<End>(&item)) {
      contents.complete = end->complete;
      contents.segment = reader.segment();
      return contents;
    }
    if (const auto* gap = std::get_if<Gap>(&item)) {
      contents.gaps.push_back(*gap);
      continue;
    }
    const auto& record = std::get<RecordView>(item);
    // The tag in it is another one.
    if (record.Is<Checkpoint>() || record.Is<Mark>() || record.Is<SegmentStart>()) continue;
    if (Info info; record.As(&info) && info.key.starts_with("salvaged_")) continue;
    contents.records.push_back({.type = record.type,
                                .seq = record.seq,
                                .proof = record.proof,
                                .payload = {record.payload.begin(), record.payload.end()},
                                .base = record.base});
  }
}

// A segment with a few blocks, in order or cut off in the midst.
enum class Ending { kClosed, kOpen };
Bytes MakeSegment(Ending ending, uint32_t processes = 60) {
  LogBuilder log({.block_bytes = 400});
  for (uint32_t i = 0; i < processes; ++i) {
    log.Advance(1'000'000);
    log.Add(TestFork(1000 + i, log.now_ns()));
    if (i % 7 == 0) {
      const std::string args(600, static_cast<char>('a' + i % 26));
      log.Add(Exec{.time_ns = log.now_ns(),
                   .pid = 1000 + i,
                   .start_ns = log.now_ns(),
                   .comm = "long",
                   .args_bytes = args.size(),
                   .args = args});
    }
    log.Add(TestExit(1000 + i, log.now_ns()));
    if (i % 20 != 0) continue;
    EXPECT_TRUE(log.writer().Flush());
  }
  EXPECT_TRUE(ending == Ending::kClosed ? log.writer().Close() : log.writer().Flush());
  return log.Segment();
}

void ExpectOnlyLostBefore(const Contents& contents) {
  for (const Gap& gap : contents.gaps) EXPECT_EQ(gap.cause, GapCause::kLostBefore);
}

TEST(LogSalvagerTest, ASoundSegmentHasExactlyTheSameRecords) {
  for (const Ending ending : {Ending::kClosed, Ending::kOpen}) {
    const Bytes bytes = MakeSegment(ending);
    const Salvaged salvaged = Salvage(bytes);
    const Contents before = Read(bytes);
    const Contents after = Read(salvaged.File());
    EXPECT_EQ(after.records, before.records);
    EXPECT_THAT(after.gaps, IsEmpty());
    EXPECT_EQ(after.complete, ending == Ending::kClosed);
    EXPECT_NE(after.segment->tag, before.segment->tag);
    EXPECT_EQ(after.segment->segment_no, before.segment->segment_no);
    EXPECT_EQ(after.segment->stream_id, before.segment->stream_id);
    EXPECT_EQ(salvaged.segments.front().lost, 0U);
    EXPECT_EQ(salvaged.segments.front().gaps, 0U);
    EXPECT_EQ(salvaged.segments.front().bytes, salvaged.File().size());
  }
}

// Of the block with the first record of that type.
template <class Record>
Checkpoint CheckpointBehind(const Bytes& bytes) {
  Checkpoint checkpoint;
  SegmentReader reader(bytes);
  for (bool found = false;;) {
    const Item item = reader.Next();
    const auto* record = std::get_if<RecordView>(&item);
    found = found || (record != nullptr && record->Is<Record>());
    if (found && record != nullptr && record->As(&checkpoint)) return checkpoint;
    if (std::holds_alternative<End>(item)) ADD_FAILURE() << "no checkpoint is behind such a record";
    if (std::holds_alternative<End>(item)) return checkpoint;
  }
}

TEST(LogSalvagerTest, ABlockThatWasOpenReachesToTheLatestOfItsMoments) {
  LogBuilder log;
  const RecordingGap gap{.first_time_ns = kTestBootNs, .last_time_ns = kTestBootNs + 9'000'000};
  log.Add(gap);
  ASSERT_TRUE(log.writer().Flush());
  const auto checkpoint = CheckpointBehind<RecordingGap>(Salvage(log.Segment()).File());
  EXPECT_EQ(checkpoint.last_time_ns, gap.last_time_ns);
}

TEST(LogSalvagerTest, ABlockThatWasOpenReachesFromTheEarliestEndOfALifeToTheLatest) {
  LogBuilder log;
  for (const uint64_t end_ns :
       {kTestBootNs, kTestBootNs - 3'000'000, kTestBootNs + 9'000'000, kTestBootNs + 2'000'000}) {
    log.writer().AppendPacked({.time_ns = end_ns, .pid = 70, .ppid = 1});
  }
  ASSERT_TRUE(log.writer().Flush());
  const auto checkpoint = CheckpointBehind<Lives>(Salvage(log.Segment()).File());
  EXPECT_EQ(checkpoint.first_time_ns, kTestBootNs - 3'000'000);
  EXPECT_EQ(checkpoint.last_time_ns, kTestBootNs + 9'000'000);
}

TEST(LogSalvagerTest, AHoleInTheNumbersIsAnnounced) {
  Bytes bytes = MakeSegment(Ending::kClosed);
  const Contents whole = Read(bytes);
  bytes[bytes.size() / 2] ^= 1;
  const Contents before = Read(bytes);
  ASSERT_EQ(before.gaps.size(), 1U);
  const Salvaged salvaged = Salvage(bytes);
  const Contents after = Read(salvaged.File());
  EXPECT_EQ(after.records, before.records);
  ASSERT_EQ(after.gaps.size(), 1U);
  EXPECT_EQ(after.gaps.front().cause, GapCause::kLostBefore);
  EXPECT_EQ(after.gaps.front().records_lost, before.gaps.front().records_lost);
  EXPECT_EQ(after.gaps.front().first_lost_seq, before.gaps.front().first_lost_seq);
  EXPECT_TRUE(after.complete);
  EXPECT_LT(after.records.size(), whole.records.size());
  EXPECT_EQ(salvaged.segments.front().lost, before.gaps.front().records_lost);
  EXPECT_GT(salvaged.segments.front().left_out, 0U);
}

TEST(LogSalvagerTest, WhatNothingProvesIsWrittenOnRequestAndSaysSo) {
  Bytes bytes = MakeSegment(Ending::kClosed);
  bytes[bytes.size() / 2] ^= 1;
  const Salvaged salvaged = Salvage(bytes, {.unproved = true});
  const Contents after = Read(salvaged.File());
  const auto unproved = static_cast<uint64_t>(std::ranges::count_if(
      after.records, [](const Plain& record) { return record.proof == Proof::kSalvaged; }));
  EXPECT_EQ(unproved, salvaged.segments.front().salvaged);
  EXPECT_GT(unproved, 0U);
  for (const Plain& record : after.records) {
    EXPECT_FALSE(record.proof == Proof::kSalvaged && record.seq);
  }
  std::vector<Plain> proved = after.records;
  std::erase_if(proved, [](const Plain& record) { return record.proof != Proof::kVerified; });
  EXPECT_EQ(proved, Read(bytes).records);
  ExpectOnlyLostBefore(after);
}

bool HasEnd(const Contents& contents) {
  return std::ranges::any_of(contents.records, [](const Plain& record) {
    return record.type == Schema<SegmentEnd>::kType;
  });
}

// Wherever the damage is, the output is sound, has all that was proved and nothing else; and to
// salvage it once more changes nothing.
void ExpectCleanSalvage(const Bytes& bytes) {
  const Contents before = Read(bytes);
  for (const bool unproved : {false, true}) {
    const Salvaged once = Salvage(bytes, {.unproved = unproved});
    ASSERT_FALSE(once.error);
    if (once.segments.front().name.empty()) {
      EXPECT_THAT(before.records, IsEmpty());
      continue;
    }
    const Contents after = Read(once.File());
    ExpectOnlyLostBefore(after);
    EXPECT_EQ(after.complete, HasEnd(before));
    std::vector<Plain> proved = after.records;
    std::erase_if(proved, [](const Plain& record) { return record.proof != Proof::kVerified; });
    EXPECT_EQ(proved, before.records);
    const Salvaged twice = Salvage(once.File(), {.unproved = unproved});
    EXPECT_EQ(Read(twice.File()).records, after.records);
    EXPECT_EQ(Read(twice.File()).gaps.size(), after.gaps.size());
    EXPECT_EQ(twice.segments.front().left_out, 0U);
  }
}

TEST(LogSalvagerTest, EveryFewBytesChanged) {
  const Bytes sound = MakeSegment(Ending::kClosed, 12);
  for (size_t at = 0; at < sound.size(); at += 13) {
    Bytes bytes = sound;
    bytes[at] ^= 0x40;
    SCOPED_TRACE(at);
    ASSERT_NO_FATAL_FAILURE(ExpectCleanSalvage(bytes));
    if (HasFailure()) return;
  }
}

TEST(LogSalvagerTest, EveryFewTruncations) {
  const Bytes sound = MakeSegment(Ending::kOpen, 12);
  for (size_t size = 0; size < sound.size(); size += 29) {
    SCOPED_TRACE(size);
    ASSERT_NO_FATAL_FAILURE(ExpectCleanSalvage({sound.begin(), sound.begin() + size}));
    if (HasFailure()) return;
  }
}

TEST(LogSalvagerTest, RandomDamageOfAllSorts) {
  std::mt19937 random(7);
  const Bytes sound = MakeSegment(Ending::kClosed, 30);
  for (int round = 0; round < 150; ++round) {
    Bytes bytes = sound;
    for (uint32_t wounds = 1 + random() % 4; wounds != 0; --wounds) {
      const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(random() % bytes.size());
      const auto size = std::min<std::ptrdiff_t>(random() % 900, bytes.end() - begin);
      switch (random() % 3) {
        case 0:
          std::fill_n(begin, size, uint8_t{0});
          break;
        case 1:
          std::generate_n(begin, size, [&] { return static_cast<uint8_t>(random()); });
          break;
        default:
          bytes.erase(begin, begin + size);
      }
      if (bytes.empty()) break;
    }
    SCOPED_TRACE(round);
    ASSERT_NO_FATAL_FAILURE(ExpectCleanSalvage(bytes));
    if (HasFailure()) return;
  }
}

TEST(LogSalvagerTest, WhatStoodBehindTheEndIsBeforeIt) {
  Bytes bytes = MakeSegment(Ending::kClosed);
  bytes.insert(bytes.end(), 3000, 'x');
  const Bytes sound = MakeSegment(Ending::kClosed);
  bytes.insert(bytes.end(), sound.begin() + 5000, sound.begin() + 9000);
  for (const bool unproved : {false, true}) {
    const Contents after = Read(Salvage(bytes, {.unproved = unproved}).File());
    EXPECT_THAT(after.gaps, IsEmpty());
    EXPECT_TRUE(after.complete);
  }
}

// ---- Without its head ----

TEST(LogSalvagerTest, ACopyOfTheHeadTellsWhoseItIs) {
  LogBuilder log;
  while (log.writer().segment_no() == 1 && log.now_ns() < kTestBootNs + 70'000'000'000) {
    log.Advance(1'000'000);
    log.Add(TestFork(1000, log.now_ns()));
  }
  ASSERT_TRUE(log.writer().Close());
  Bytes bytes = log.Segment();
  ASSERT_GT(bytes.size(), 1'200'000U);
  const Contents whole = Read(bytes);
  std::fill_n(bytes.begin(), 5000, uint8_t{0});
  const Salvaged salvaged = Salvage(bytes);
  const Contents after = Read(salvaged.File());
  ExpectOnlyLostBefore(after);
  EXPECT_EQ(after.segment->stream_id, whole.segment->stream_id);
  EXPECT_EQ(after.segment->boot_id, whole.segment->boot_id);
  EXPECT_EQ(after.segment->realtime_ns, whole.segment->realtime_ns);
  EXPECT_EQ(after.records, Read(bytes).records);
}

TEST(LogSalvagerTest, WithoutAnyHeadTheFilesNameAndTheRecordsTell) {
  Bytes bytes = MakeSegment(Ending::kClosed);
  bytes[30] ^= 1;
  const Salvaged salvaged = Salvage(bytes, {}, "old/daybook-00000042.dbk");
  EXPECT_EQ(salvaged.segments.front().name, "daybook-00000042.dbk");
  const Contents after = Read(salvaged.File());
  EXPECT_EQ(after.segment->segment_no, 42U);
  EXPECT_EQ(after.segment->boot_id, Id128{});
  // By the first CLOCK record.
  EXPECT_EQ(after.segment->realtime_ns - static_cast<int64_t>(after.segment->time_ns),
            kTestRealtimeNs - static_cast<int64_t>(kTestBootNs));
  EXPECT_EQ(after.records, Read(bytes).records);
}

TEST(LogSalvagerTest, ANumberThatIsTakenIsNotTakenTwice) {
  Bytes bytes = MakeSegment(Ending::kClosed);
  const size_t one = bytes.size();
  const Bytes copy = bytes;
  bytes.insert(bytes.end(), copy.begin(), copy.end());
  // Twice the same segment in one file: the second is not believed to be another one.
  EXPECT_EQ(Salvage(bytes).segments.size(), 1U);
  const Bytes other = MakeSegment(Ending::kClosed);  // with a tag of its own
  bytes.resize(one);
  bytes.insert(bytes.end(), other.begin(), other.end());
  const Salvaged salvaged = Salvage(bytes);
  ASSERT_EQ(salvaged.segments.size(), 2U);
  EXPECT_EQ(salvaged.segments[0].name, "daybook-00000001.dbk");
  EXPECT_EQ(salvaged.segments[1].name, "daybook-00000002.dbk");
  EXPECT_EQ(Read(salvaged.File(1)).records, Read(other).records);
}

// ---- What cannot be read, and what cannot be written ----

TEST(LogSalvagerTest, OfWhatIsNoLogNothingIsWritten) {
  const Salvaged salvaged = Salvage(Bytes(5000, 'x'));
  ASSERT_EQ(salvaged.segments.size(), 1U);
  EXPECT_EQ(salvaged.segments.front().name, "");
  EXPECT_EQ(salvaged.segments.front().unproved_bytes, 5000U);
  EXPECT_THAT(salvaged.disk->files, IsEmpty());
}

TEST(LogSalvagerTest, EveryFailureIsAnErrorAndLeavesNoFileUnderItsName) {
  const Bytes bytes = MakeSegment(Ending::kClosed, 12);
  const size_t calls = Salvage(bytes).disk->calls.size();
  ASSERT_GT(calls, 10U);
  for (size_t failing = 0; failing + 1 < calls; ++failing) {
    auto disk = std::make_shared<FakeDisk>();
    disk->fault = [=](std::string_view, size_t index) { return index == failing ? EIO : 0; };
    const Salvaged salvaged = Salvage(bytes, {}, "daybook-00000001.dbk", disk);
    EXPECT_TRUE(salvaged.error) << failing;
    EXPECT_THAT(disk->files, IsEmpty()) << failing;
  }
}

// All in it would be gone with it.
TEST(LogSalvagerTest, AFolderThatIsMadeForTheOutputIsThereAfterAPowerLoss) {
  const TempFolder temp;
  synced_paths.clear();
  ASSERT_TRUE(CreateLogFolder(temp / "output"));
  EXPECT_THAT(synced_paths, ElementsAre(std::filesystem::canonical(temp.path())));
  synced_paths.clear();
  ASSERT_TRUE(CreateLogFolder(temp / "output")) << "it was there, and empty";
  EXPECT_THAT(synced_paths, IsEmpty());
}

TEST(LogSalvagerTest, AFileIsNamedOnlyWhenItIsOnDisk) {
  const auto calls = Salvage(MakeSegment(Ending::kClosed, 3)).disk->calls;
  ASSERT_GE(calls.size(), 4U);
  EXPECT_THAT(std::vector(calls.end() - 4, calls.end()),
              ElementsAre("sync", "close", "rename", "sync_folder"));
}

// Behind the highest number there is none.
TEST(LogSalvagerTest, SegmentsThatSayTheSameNumberGetFilesOfTheirOwnHoweverHighItIs) {
  constexpr uint64_t kHighest = 1'000'000'000'000'000'000;
  const Bytes bytes = MakeSegment(Ending::kClosed, 3);
  for (const uint64_t number : {uint64_t{7}, kHighest, UINT64_MAX}) {
    auto disk = std::make_shared<FakeDisk>();
    FakeFolder folder(disk);
    LogSalvager salvager(&folder, {});
    for (uint32_t tag = 1; tag <= 3; ++tag) {
      SegmentReader reader(bytes);
      for (bool ended = false; !ended;) {
        const Item item = reader.Next();
        ended = std::holds_alternative<End>(item);
        auto segment = reader.segment();
        segment->tag = tag;
        segment->segment_no = number;
        ASSERT_TRUE(salvager.Take(item, "all.dbk", segment));
      }
    }
    EXPECT_EQ(disk->files.size(), 3U) << number;
    for (const auto& [name, content] : disk->files) EXPECT_TRUE(SegmentNumberOf(name)) << name;
  }
}

}  // namespace
}  // namespace daybook
