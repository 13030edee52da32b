// Every truncation and every changed byte of a small log: no crash, no false record, the rest
// intact.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "layout.h"
#include "support/changed_byte.h"
#include "support/log_builder.h"

namespace daybook {
namespace {

constexpr uint64_t kBlockBytes = 256;

// Some blocks of events, flushed and synced now and then as a recorder does; with an argument that
// looks like records of ours, which an attacker may well pass to a program.
std::vector<uint8_t> SmallLog(bool closed) {
  WriterOptions options;
  options.block_bytes = kBlockBytes;
  LogBuilder log(options);
  std::string forged;
  for (int i = 0; i < 20; ++i)
    forged.append("\x2B\x91\x22\x05\x01\x02\x03\x04\x05\x2B\x91\x03", 12);
  for (uint32_t pid = 1; pid <= 40; ++pid) {
    log.Add(TestFork(pid)).Add(TestExit(pid));
    if (pid % 8 == 0) log.Add(Exec{.time_ns = kTestBootNs, .pid = pid, .args = forged});
    if (pid % 5 == 0) {
      EXPECT_TRUE(log.writer().Flush());
    }
    if (pid % 20 == 0) {
      EXPECT_TRUE(log.writer().Sync());
    }
  }
  if (closed) {
    EXPECT_TRUE(log.writer().Close());
  } else {
    EXPECT_TRUE(log.writer().Flush());
  }
  return log.Segment();
}

// Where the blocks begin: damage to one byte may cost the records of one block and no others.
std::vector<size_t> BlockBegins(const std::vector<uint8_t>& bytes) {
  std::vector<size_t> begins = {0};
  SegmentReader reader(bytes);
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    const auto& record = std::get<RecordView>(item);
    if (record.Is<Checkpoint>()) begins.push_back(record.offset + record.size);
  }
  begins.push_back(bytes.size());
  return begins;
}

// Up to where an undamaged log promises to be on disk.
uint64_t DurableBytes(const std::vector<uint8_t>& bytes) {
  uint64_t durable = 0;
  SegmentReader reader(bytes);
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    Checkpoint checkpoint;
    const auto& record = std::get<RecordView>(item);
    if (record.As(&checkpoint)) durable = record.offset - checkpoint.unsynced_bytes;
  }
  return durable;
}

using Events = std::vector<ReadBack::Numbered>;

bool IsSubset(const Events& part, const Events& whole) {
  uint64_t last = 0;
  for (const auto& event : part) {
    // Sequence numbers of the whole log run from 1 without a hole.
    if (event.seq <= last || event.seq > whole.size()) return false;
    last = event.seq;
    const auto& original = whole[event.seq - 1];
    if (original.type != event.type || original.payload != event.payload ||
        original.base != event.base) {
      return false;
    }
  }
  return true;
}

// Everything that the undamaged log holds but what only proves, as it stands in the file.
std::vector<ReadBack::Unproved> AllRecordsOf(const std::vector<uint8_t>& bytes) {
  std::vector<ReadBack::Unproved> records;
  SegmentReader reader(bytes);
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    const auto& record = std::get<RecordView>(item);
    if (IsFraming(record.type)) continue;
    records.push_back({.offset = record.offset,
                       .size = record.size,
                       .type = record.type,
                       .payload = {record.payload.begin(), record.payload.end()},
                       .base = record.base,
                       .proof = record.proof,
                       .is_whole = record.is_whole});
  }
  return records;
}

class DamageTest : public testing::TestWithParam<bool> {
 protected:
  const std::vector<uint8_t> bytes_ = SmallLog(GetParam());
  const ReadBack whole_ = ReadAll(bytes_);
  const std::vector<size_t> begins_ = BlockBegins(bytes_);
  const std::vector<ReadBack::Unproved> records_ = AllRecordsOf(bytes_);

  // What is read with salvage holds all that is read without it, the same gaps, and every record
  // outside [begin, end), which alone has been changed.
  void ExpectSalvaged(const std::vector<uint8_t>& damaged, size_t begin, size_t end) const {
    std::set<std::pair<uint64_t, std::vector<uint8_t>>> found;
    uint64_t gap_begin = 0;
    uint64_t gap_end = 0;
    SegmentReader reader(damaged, {.salvage = true});
    Events events;
    for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
      if (const auto* gap = std::get_if<Gap>(&item)) {
        gap_begin = gap->begin;
        gap_end = gap->end;
        continue;
      }
      const auto& record = std::get<RecordView>(item);
      found.emplace(record.offset, std::vector(record.payload.begin(), record.payload.end()));
      if (record.proof == Proof::kVerified) {
        if (record.seq)
          events.push_back({.seq = *record.seq, .type = record.type, .pid = PidOf(record)});
        continue;
      }
      ASSERT_FALSE(record.seq);
      ASSERT_GE(record.offset, gap_begin);
      ASSERT_LE(record.offset + record.size, gap_end);
    }
    ASSERT_EQ(events, ReadAll(damaged).events);
    for (const auto& record : records_) {
      const bool is_damaged = record.offset < end && record.offset + record.size > begin;
      ASSERT_TRUE(is_damaged || found.contains({record.offset, record.payload}) ||
                  IsBeforeLastMark(record.offset, begin))
          << "damage at " << begin << ", record at " << record.offset;
    }
  }

  // At the end of an open log fewer than two headers may follow the damage: no chain.
  bool IsBeforeLastMark(uint64_t offset, size_t damage) const {
    return !GetParam() && offset > damage && offset + 60 > bytes_.size();
  }

  // Events of the blocks that `position` does not stand in.
  size_t EventsOutsideBlockOf(size_t position) const {
    const auto next = std::upper_bound(begins_.begin(), begins_.end(), position);
    const size_t end = next == begins_.end() ? bytes_.size() : *next;
    const size_t begin = *std::prev(next);
    size_t inside = 0;
    SegmentReader reader(bytes_);
    for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
      const auto& record = std::get<RecordView>(item);
      if (record.seq && record.offset >= begin && record.offset < end) ++inside;
    }
    return whole_.events.size() - inside;
  }
};

INSTANTIATE_TEST_SUITE_P(OpenAndClosed, DamageTest, testing::Bool(),
                         [](const auto& parameter) { return parameter.param ? "Closed" : "Open"; });

TEST_P(DamageTest, TheUndamagedLogIsWhole) {
  EXPECT_TRUE(whole_.gaps.empty());
  EXPECT_EQ(whole_.events.size(), 40 * 2 + 5u);
  EXPECT_EQ(whole_.complete, GetParam());
  EXPECT_GT(begins_.size(), 10u);
}

TEST_P(DamageTest, EveryTruncationLeavesAPrefixAndSaysSo) {
  size_t last_count = 0;
  for (size_t size = 0; size < bytes_.size(); ++size) {
    const ReadBack read = ReadAll(std::span(bytes_).first(size));
    ASSERT_TRUE(IsSubset(read.events, whole_.events)) << "size " << size;
    ASSERT_FALSE(read.complete) << "size " << size;
    // Never fewer records from more bytes.
    ASSERT_GE(read.events.size(), last_count) << "size " << size;
    last_count = read.events.size();
    uint64_t gap_bytes = 0;
    for (const Gap& gap : read.gaps) {
      gap_bytes += gap.end - gap.begin;
      // What had been promised to be on disk and is not there is more than a torn tail; a cut after
      // the last promise cannot be told from a crash.
      if (size > 200) {
        ASSERT_EQ(gap.cause, GapCause::kTornTail) << "size " << size;
      }
    }
    ASSERT_LE(gap_bytes, size);
  }
}

TEST_P(DamageTest, EveryChangedByteCostsAtMostItsBlockAndNothingFalseIsShown) {
  for (size_t position = 0; position < bytes_.size(); ++position) {
    const size_t intact = EventsOutsideBlockOf(position);
    for (const uint8_t value : OtherValues(bytes_, position)) {
      std::vector<uint8_t> damaged = bytes_;
      damaged[position] = value;
      const ReadBack read = ReadAll(damaged);
      ASSERT_TRUE(IsSubset(read.events, whole_.events))
          << "position " << position << " value " << int{value};
      ASSERT_GE(read.events.size(), intact) << "position " << position << " value " << int{value};
      ASSERT_FALSE(read.gaps.empty()) << "position " << position << " value " << int{value};
      bool reported = false;
      for (const Gap& gap : read.gaps) reported |= gap.begin <= position && position < gap.end;
      ASSERT_TRUE(reported) << "position " << position << " value " << int{value};
    }
  }
}

std::string TextOf(const Item& item) {
  if (const auto* end = std::get_if<End>(&item)) return end->complete ? "complete" : "end";
  if (const auto* gap = std::get_if<Gap>(&item)) {
    return "gap " + std::to_string(gap->begin) + " " + std::to_string(gap->end) + " " +
           std::string(GapCauseName(gap->cause)) + " " +
           std::to_string(gap->records_lost.value_or(0)) + " " +
           std::to_string(gap->records_salvaged);
  }
  const auto& record = std::get<RecordView>(item);
  std::string text = std::to_string(record.type) + " " + std::to_string(record.offset) + " " +
                     std::to_string(record.size) + " " + std::to_string(record.seq.value_or(0)) +
                     " " + std::to_string(record.base.time_ticks) + " " +
                     std::to_string(record.base.pid) + " " + std::string(ProofName(record.proof));
  for (const bool is :
       {record.seq.has_value(), record.has_base, record.is_whole, record.is_in_place}) {
    text += is ? "+" : "-";
  }
  return text.append(record.payload.begin(), record.payload.end());
}

TEST_P(DamageTest, AnItemThatIsUsedAgainKeepsNothingOfTheLastOne) {
  for (size_t position = 0; position < bytes_.size(); position += 13) {
    for (const bool salvage : {false, true}) {
      std::vector<uint8_t> damaged = bytes_;
      damaged[position] ^= 0x04;
      SegmentReader fresh(damaged, {.salvage = salvage});
      SegmentReader again(damaged, {.salvage = salvage});
      Item item;
      do {
        again.Next(&item);
        ASSERT_EQ(TextOf(item), TextOf(fresh.Next())) << position;
      } while (!std::holds_alternative<End>(item));
    }
  }
}

RecordTypes TypesOfEvents() {
  RecordTypes types{};
  types[Schema<Fork>::kType] = types[Schema<Exec>::kType] = types[Schema<Exit>::kType] = true;
  return types;
}

// As an item of its own would be.
RecordView RecordOf(const RecordRun& run, size_t index) {
  RecordView record{.type = run.records[index].type,
                    .payload = run.records[index].payload,
                    .base = run.base,
                    .offset = run.offset,
                    .size = kHeaderBytes + run.records[index].payload.size(),
                    .seq = run.first_seq + index};
  for (size_t i = 0; i < index; ++i) record.offset += kHeaderBytes + run.records[i].payload.size();
  record.is_in_place = true;
  return record;
}

// What is read in runs wherever it can be, as it is read one by one; how much was in runs.
size_t ExpectRunsAsItems(const std::vector<uint8_t>& bytes, bool salvage) {
  const RecordTypes types = TypesOfEvents();
  SegmentReader by_items(bytes, {.salvage = salvage});
  SegmentReader by_runs(bytes, {.salvage = salvage});
  size_t in_runs = 0;
  for (Item item; !std::holds_alternative<End>(item);) {
    RecordRun run;
    while (by_runs.NextRun(types, &run)) {
      EXPECT_FALSE(run.records.empty());
      in_runs += run.records.size();
      for (size_t i = 0; i < run.records.size(); ++i) {
        EXPECT_EQ(TextOf(RecordOf(run, i)), TextOf(by_items.Next()));
      }
    }
    item = by_runs.Next();
    EXPECT_EQ(TextOf(item), TextOf(by_items.Next()));
    EXPECT_EQ(by_runs.segment().has_value(), by_items.segment().has_value());
  }
  return in_runs;
}

TEST_P(DamageTest, RunsHoldTheSameRecordsInTheSamePlaces) {
  // All but those that begin a block or go on in others.
  EXPECT_GT(ExpectRunsAsItems(bytes_, false), whole_.events.size() / 2);
  for (size_t position = 0; position < bytes_.size(); position += 7) {
    for (const bool salvage : {false, true}) {
      std::vector<uint8_t> damaged = bytes_;
      damaged[position] ^= 0x04;
      ExpectRunsAsItems(damaged, salvage);
      ASSERT_FALSE(HasFailure()) << "damage at " << position;
      damaged = std::vector(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(position));
      ExpectRunsAsItems(damaged, salvage);
      ASSERT_FALSE(HasFailure()) << "cut at " << position;
    }
  }
}

TEST(RecordRunTest, ComesToTheSameInSegmentsOneAfterTheOther) {
  std::vector<uint8_t> bytes = SmallLog(true);
  const std::vector<uint8_t> other = SmallLog(false);
  bytes.insert(bytes.end(), other.begin(), other.end());
  EXPECT_GT(ExpectRunsAsItems(bytes, false), 40U);
}

TEST_P(DamageTest, EveryOtherRecordOfADamagedBlockIsSalvaged) {
  for (size_t position = 0; position < bytes_.size(); ++position) {
    for (const int difference : {0x04, 0xFF}) {
      std::vector<uint8_t> damaged = bytes_;
      damaged[position] = static_cast<uint8_t>(damaged[position] ^ difference);
      ASSERT_NO_FATAL_FAILURE(ExpectSalvaged(damaged, position, position + 1)) << difference;
    }
  }
}

TEST_P(DamageTest, EveryOtherRecordIsSalvagedWhereManyBytesAreZeroedOrFull) {
  for (size_t position = 0; position < bytes_.size(); position += 11) {
    for (const size_t count : {4u, 40u, 300u, 1000u}) {
      const size_t end = std::min(position + count, bytes_.size());
      for (const uint8_t value : {uint8_t{0}, kCookie[0]}) {
        std::vector<uint8_t> damaged = bytes_;
        std::fill_n(damaged.begin() + static_cast<std::ptrdiff_t>(position), end - position, value);
        ASSERT_NO_FATAL_FAILURE(ExpectSalvaged(damaged, position, end)) << count;
      }
    }
  }
}

TEST_P(DamageTest, LostRecordsAreCountedExactlyWhereALaterBlockProvesThem) {
  // Within the blocks of events, the last block excepted.
  for (size_t position = begins_[2]; position < begins_[begins_.size() - 3]; position += 3) {
    std::vector<uint8_t> damaged = bytes_;
    damaged[position] ^= 0x40;
    const ReadBack read = ReadAll(damaged);
    ASSERT_EQ(read.events.size() + read.LostCount(), whole_.events.size()) << position;
  }
}

TEST_P(DamageTest, RemovedAndInsertedBytesCostOnlyTheirBlock) {
  for (size_t position = 0; position < bytes_.size(); position += 7) {
    const size_t intact = EventsOutsideBlockOf(position);
    for (const size_t count : {1u, 3u, 17u}) {
      const auto at = [](auto& vector, size_t offset) {
        return vector.begin() + static_cast<std::ptrdiff_t>(offset);
      };
      std::vector<uint8_t> inserted = bytes_;
      inserted.insert(at(inserted, position), count, 0x2B);
      const ReadBack more = ReadAll(inserted);
      ASSERT_TRUE(IsSubset(more.events, whole_.events)) << position;
      ASSERT_GE(more.events.size(), intact) << position << " inserted " << count;
      ASSERT_FALSE(more.gaps.empty());

      if (position + count > bytes_.size()) continue;
      std::vector<uint8_t> removed = bytes_;
      removed.erase(at(removed, position), at(removed, position + count));
      const ReadBack fewer = ReadAll(removed);
      ASSERT_TRUE(IsSubset(fewer.events, whole_.events)) << position;
      const size_t intact_of_both =
          std::min(intact, EventsOutsideBlockOf(std::min(position + count, bytes_.size() - 1)));
      // The bytes may reach into the next block.
      ASSERT_GE(fewer.events.size() + (whole_.events.size() - intact_of_both), intact) << position;
    }
  }
}

TEST_P(DamageTest, AMissingBlockIsAGapWithItsExactCount) {
  for (size_t block = 2; block + 2 < begins_.size(); ++block) {
    std::vector<uint8_t> bytes = bytes_;
    const auto begin = bytes.begin();
    bytes.erase(begin + static_cast<std::ptrdiff_t>(begins_[block]),
                begin + static_cast<std::ptrdiff_t>(begins_[block + 1]));
    const ReadBack read = ReadAll(bytes);
    ASSERT_TRUE(IsSubset(read.events, whole_.events)) << block;
    if (block + 3 < begins_.size()) {
      ASSERT_EQ(read.events.size() + read.LostCount(), whole_.events.size()) << block;
      ASSERT_EQ(read.gaps.size(), 1u) << block;
      // What had not been synced when the log was last written to, a power loss may take.
      const GapCause cause = GetParam() || begins_[block] < DurableBytes(bytes_)
                                 ? GapCause::kDamaged
                                 : GapCause::kHole;
      EXPECT_EQ(read.gaps[0].cause, cause) << block;
    }
  }
}

TEST_P(DamageTest, ABlockOfAnotherSegmentIsNeverTakenForOurs) {
  const std::vector<uint8_t> other = SmallLog(GetParam());
  const std::vector<size_t> other_begins = BlockBegins(other);
  ASSERT_EQ(other_begins, begins_) << "same content, other tag";
  for (size_t block = 2; block + 2 < begins_.size(); ++block) {
    std::vector<uint8_t> spliced = bytes_;
    std::copy(other.begin() + static_cast<std::ptrdiff_t>(begins_[block]),
              other.begin() + static_cast<std::ptrdiff_t>(begins_[block + 1]),
              spliced.begin() + static_cast<std::ptrdiff_t>(begins_[block]));
    const ReadBack read = ReadAll(spliced);
    ASSERT_TRUE(IsSubset(read.events, whole_.events));
    ASSERT_FALSE(read.gaps.empty()) << block;
  }
}

TEST_P(DamageTest, AZeroedTailIsTornAndAZeroedMiddleIsDamaged) {
  std::vector<uint8_t> tail = bytes_;
  std::fill(tail.begin() + static_cast<std::ptrdiff_t>(begins_[begins_.size() - 3]), tail.end(), 0);
  std::vector<uint8_t> middle = bytes_;
  std::fill_n(middle.begin() + static_cast<std::ptrdiff_t>(begins_[3]), 40, 0);
  EXPECT_EQ(ReadAll(middle).gaps.at(0).cause, GapCause::kDamaged);
  if (!GetParam()) {
    EXPECT_EQ(ReadAll(tail).gaps.at(0).cause, GapCause::kTornTail);
  }
}

// A whole segment in little: 132 bytes, which fit into one fragment of a program's arguments.
std::string ForgedSegment() {
  LogBuilder log;
  log.Add(TestExit(4242));
  EXPECT_TRUE(log.writer().Sync());
  const std::vector<uint8_t> bytes = log.Segment();
  const std::vector<size_t> begins = BlockBegins(bytes);
  // Its own head alone: a block of a SEGMENT_START and some records, proved by its checkpoint.
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(begins[1])};
}

TEST(ForgedSegmentTest, InsideArgumentsIsNeverBelievedWhateverIsDamaged) {
  const std::string forged = ForgedSegment();
  ASSERT_LT(forged.size(), 250u);
  LogBuilder log;
  for (uint32_t pid = 1; pid <= 20; ++pid) {
    log.Add(TestFork(pid)).Add(TestExit(pid));
    log.Add(Exec{.time_ns = kTestBootNs, .pid = pid, .comm = "x", .args = forged});
  }
  ASSERT_TRUE(log.writer().Close());
  const std::vector<uint8_t> bytes = log.Segment();
  const ReadBack whole = ReadAll(bytes);
  for (size_t position = 0; position < bytes.size(); ++position) {
    std::vector<uint8_t> damaged = bytes;
    damaged[position] ^= 0x10;
    const ReadBack read = ReadAll(damaged);
    ASSERT_TRUE(IsSubset(read.events, whole.events)) << position;
    ASSERT_TRUE(!read.segment || read.segment == whole.segment) << position;
    const ReadBack cut = ReadAll(std::span(bytes).first(position));
    ASSERT_TRUE(IsSubset(cut.events, whole.events)) << position;
    ASSERT_TRUE(!cut.segment || cut.segment == whole.segment) << position;
  }
}

// The checkpoint behind the first sync promises that everything before it is on disk.
TEST_P(DamageTest, DestroyingWhatWasSyncedIsDamageEvenAtTheEnd) {
  std::vector<uint8_t> bytes = bytes_;
  const size_t from = bytes.size() / 4;
  // Everything after the first quarter is gone except one late, good checkpoint block.
  const size_t keep_from = begins_[begins_.size() - 4];
  const size_t keep_to = begins_[begins_.size() - 3];
  for (size_t i = from; i < bytes.size(); ++i) {
    if (i < keep_from || i >= keep_to) bytes[i] = 0;
  }
  const ReadBack read = ReadAll(bytes);
  ASSERT_TRUE(IsSubset(read.events, whole_.events));
  ASSERT_EQ(read.gaps.size(), 2u);
  EXPECT_EQ(read.gaps[0].cause, GapCause::kDamaged);
}

}  // namespace
}  // namespace daybook
