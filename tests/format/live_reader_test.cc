// A segment that grows while it is read hands out what a reader of the whole one does, each record
// once and none too early.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "daybook/compress.h"
#include "daybook/reader.h"
#include "daybook/writer.h"
#include "support/log_builder.h"
#include "support/temp_folder.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using More = SegmentReader::More;

// Without the cause of a gap: it may follow from what is written only later.
std::string LineOf(const Item& item) {
  if (const auto* record = std::get_if<RecordView>(&item)) {
    return "record " + std::to_string(record->type) + " at " + std::to_string(record->offset) +
           " of " + std::to_string(record->size) + " number " +
           std::to_string(record->seq.value_or(0)) + " base " +
           std::to_string(record->base.time_ticks);
  }
  if (const auto* gap = std::get_if<Gap>(&item)) {
    return "gap from " + std::to_string(gap->begin) + " to " + std::to_string(gap->end) + " lost " +
           std::to_string(gap->records_lost.value_or(0));
  }
  return std::get<End>(item).complete ? "complete" : "end";
}

// Up to an end, which is not told.
std::vector<std::string> LinesOf(SegmentReader& reader) {
  std::vector<std::string> lines;
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    lines.push_back(LineOf(item));
  }
  return lines;
}

std::vector<std::string> LinesOfWhole(const std::vector<uint8_t>& bytes) {
  SegmentReader reader(bytes);
  return LinesOf(reader);
}

class LiveReaderTest : public testing::Test {
 protected:
  LiveReaderTest() { Grow(0); }

  // A log of several blocks, flushed now and then.
  static std::vector<uint8_t> SomeSegment() {
    LogBuilder log({.block_bytes = 512});
    for (uint32_t pid = 100; pid < 140; ++pid) {
      log.Add(TestFork(pid)).Add(TestExit(pid));
      log.Advance(1'000'000);
      if (pid % 7 != 0) continue;
      EXPECT_TRUE(log.writer().Flush());
    }
    EXPECT_TRUE(log.writer().Close());
    return log.Segment();
  }

  void Grow(size_t bytes) {
    std::ofstream file(path_, std::ios::binary | std::ios::app);
    file.write(reinterpret_cast<const char*>(segment_.data()) + written_,
               static_cast<std::streamsize>(bytes - written_));
    written_ = bytes;
  }
  SegmentReader Open() const {
    auto reader = SegmentReader::OpenLive(path_);
    if (!reader) throw std::runtime_error(reader.error().message());
    return *std::move(reader);
  }
  // All lines, where the file grows by steps of so many bytes.
  std::vector<std::string> LinesOfGrowing(size_t step) {
    SegmentReader reader = Open();
    std::vector<std::string> lines = LinesOf(reader);
    while (written_ < segment_.size()) {
      Grow(std::min(written_ + step, segment_.size()));
      EXPECT_TRUE(*reader.Refresh(More::kMayFollow));
      const auto more = LinesOf(reader);
      lines.insert(lines.end(), more.begin(), more.end());
    }
    return lines;
  }

  TempFolder temp_;
  std::string path_ = temp_ / "daybook-00000001.dbk";
  std::vector<uint8_t> segment_ = SomeSegment();
  size_t written_ = 0;
};

TEST_F(LiveReaderTest, EveryByteThatIsAddedGivesEachRecordOnce) {
  EXPECT_EQ(LinesOfGrowing(1), LinesOfWhole(segment_));
}

TEST_F(LiveReaderTest, StepsOfAnySizeGiveTheSame) {
  for (const size_t step : {7, 100, 513, 1000, 4096}) {
    std::ofstream(path_, std::ios::trunc).close();
    written_ = 0;
    EXPECT_EQ(LinesOfGrowing(step), LinesOfWhole(segment_)) << step;
  }
}

TEST_F(LiveReaderTest, WithoutAnyNewByteThereIsNothingNew) {
  Grow(segment_.size() / 2);
  SegmentReader reader = Open();
  EXPECT_FALSE(LinesOf(reader).empty());
  EXPECT_FALSE(*reader.Refresh(More::kMayFollow));
  EXPECT_THAT(LinesOf(reader), IsEmpty());
}

TEST_F(LiveReaderTest, ATornTailIsAGapOnceNobodyWritesAnyMore) {
  const auto whole = LinesOfWhole(segment_);
  Grow(segment_.size() - 1);
  SegmentReader reader = Open();
  const auto lines = LinesOf(reader);
  EXPECT_EQ(lines, std::vector(whole.begin(), whole.begin() + std::ssize(lines)));
  EXPECT_FALSE(*reader.Refresh(More::kLast));
  const std::vector<uint8_t> cut(segment_.begin(), segment_.end() - 1);
  EXPECT_THAT(LinesOf(reader), ElementsAre(LinesOfWhole(cut).back()));
  EXPECT_THAT(LinesOfWhole(cut).back(), testing::StartsWith("gap "));
}

TEST_F(LiveReaderTest, DamageIsToldOnceWhatFollowsItIsProved) {
  segment_[segment_.size() / 2] ^= 0x10;
  const auto whole = LinesOfWhole(segment_);
  EXPECT_THAT(whole, testing::Contains(testing::StartsWith("gap ")).Times(1));
  EXPECT_EQ(LinesOfGrowing(100), whole);
}

// Where blocks end in the file: behind their checkpoints.
std::vector<uint64_t> BlockEnds(const std::vector<uint8_t>& bytes) {
  std::vector<uint64_t> ends;
  SegmentReader reader(bytes);
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    const auto* record = std::get_if<RecordView>(&item);
    if (record != nullptr && record->Is<Checkpoint>())
      ends.push_back(record->offset + record->size);
  }
  return ends;
}

// Behind them a block's place in the file is not its place in the segment any more.
TEST_F(LiveReaderTest, BytesThatWereAddedOrRemovedBetweenBlocksHideNothingBehindThem) {
  const std::vector<uint8_t> sound = segment_;
  const auto ends = BlockEnds(sound);
  const auto place = [&](size_t block) {
    return sound.begin() + static_cast<std::ptrdiff_t>(ends[block]);
  };
  const size_t third = ends.size() / 3;
  std::vector<uint8_t> added(sound.begin(), place(third));
  added.insert(added.end(), 3000, 0);
  added.insert(added.end(), place(third), sound.end());
  std::vector<uint8_t> removed(sound.begin(), place(third));
  removed.insert(removed.end(), place(third + 1), sound.end());
  for (const auto& damaged : {added, removed}) {
    segment_ = damaged;
    for (const size_t step : {100, 513, 4096}) {
      std::ofstream(path_, std::ios::trunc).close();
      written_ = 0;
      EXPECT_EQ(LinesOfGrowing(step), LinesOfWhole(segment_)) << step;
    }
  }
}

// Only a raw segment grows.
TEST_F(LiveReaderTest, ACompressedSegmentIsReadOnceAndNeverGrows) {
  Grow(segment_.size());
  ASSERT_TRUE(CompressSegment(**OpenLogFolder(temp_.path()), 1));
  auto reader = SegmentReader::OpenLive(path_ + ".zst");
  ASSERT_TRUE(reader);
  EXPECT_EQ(LinesOf(*reader), LinesOfWhole(segment_));
  EXPECT_FALSE(*reader->Refresh(More::kMayFollow));
  EXPECT_FALSE(*reader->Refresh(More::kLast));
  EXPECT_THAT(LinesOf(*reader), IsEmpty());
}

TEST_F(LiveReaderTest, TheSegmentIsKnownAsSoonAsItsHeadIs) {
  SegmentReader reader = Open();
  EXPECT_THAT(LinesOf(reader), IsEmpty());
  EXPECT_FALSE(reader.segment());
  Grow(segment_.size());
  EXPECT_TRUE(*reader.Refresh(More::kMayFollow));
  EXPECT_FALSE(LinesOf(reader).empty());
  ASSERT_TRUE(reader.segment());
  EXPECT_EQ(reader.segment()->segment_no, 1U);
  EXPECT_EQ(LineOf(reader.Next()), "complete");
}

}  // namespace
}  // namespace daybook
