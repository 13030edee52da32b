// A walk that holds a window hands out what a reader that holds everything does.
#include "segment_walk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "crc32c.h"
#include "layout.h"
#include "raw_log.h"
#include "support/compressed_log.h"

namespace daybook {
namespace {

using File = std::vector<uint8_t>;

class Lines : public SegmentVisitor {
 public:
  void Begin(const std::optional<SegmentStart>& segment) override {
    lines_ = {segment ? "segment " + std::to_string(segment->tag) : "no segment"};
  }
  void Take(const RecordView& record, Bytes bytes) override {
    lines_.push_back("record " + std::to_string(record.type) + " at " +
                     std::to_string(record.offset) + " of " + std::to_string(record.size) +
                     " number " + std::to_string(record.seq.value_or(0)) + " base " +
                     std::to_string(record.base.time_ticks) + " sums " +
                     std::to_string(Crc32c(record.payload)) + " " + std::to_string(Crc32c(bytes)));
  }
  void Take(const Gap& gap) override {
    lines_.push_back("gap to " + std::to_string(gap.end) + " lost " +
                     std::to_string(gap.records_lost.value_or(0)) + " from " +
                     std::to_string(gap.first_lost_seq.value_or(0)));
  }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

std::vector<std::string> ByReader(const File& raw) {
  Lines lines;
  SegmentReader reader(raw);
  Item item = reader.Next();
  lines.Begin(reader.segment());
  for (; !std::holds_alternative<End>(item); item = reader.Next()) {
    if (const auto* gap = std::get_if<Gap>(&item)) {
      lines.Take(*gap);
    } else {
      const RecordView& record = std::get<RecordView>(item);
      lines.Take(record, Bytes(raw).subspan(record.offset, record.size));
    }
  }
  return lines.lines();
}

struct Walked {
  std::vector<std::string> lines;
  size_t most_back = 0;  // how far a read began before the end of the one before it
};

Walked ByWalk(const File& raw) {
  Lines lines;
  Walked walked;
  uint64_t read_end = 0;
  const auto result = WalkSegment(
      [&](uint64_t offset, size_t bytes) -> Result<File> {
        if (offset < read_end)
          walked.most_back = std::max<size_t>(walked.most_back, read_end - offset);
        const Bytes rest = Bytes(raw).subspan(std::min<uint64_t>(offset, raw.size()));
        const Bytes part = rest.first(std::min(bytes, rest.size()));
        read_end = offset + part.size();
        return File(part.begin(), part.end());
      },
      lines);
  EXPECT_TRUE(result);
  EXPECT_EQ(result->bytes, raw.size());
  EXPECT_EQ(result->crc, Crc32c(raw));
  walked.lines = lines.lines();
  return walked;
}

// Longer than several windows.
const File& LongLog() {
  static const File log = LogOfLives(40'000, true);
  return log;
}

TEST(SegmentWalkTest, AWholeSegmentIsReadOnce) {
  ASSERT_GT(LongLog().size(), 3 * kMaxBlockBytes);
  const Walked walked = ByWalk(LongLog());
  EXPECT_TRUE(walked.lines == ByReader(LongLog()));
  EXPECT_EQ(walked.most_back, 0u);
}

TEST(SegmentWalkTest, DamageOfAnyKindLeavesTheSame) {
  std::mt19937 random(5);
  for (int round = 0; round < 24; ++round) {
    File raw = LongLog();
    const size_t begin = 2000 + random() % (raw.size() - 2000);
    const size_t bytes = std::min<size_t>(raw.size() - begin, size_t{1} << (random() % 21));
    const auto place = raw.begin() + static_cast<std::ptrdiff_t>(begin);
    switch (round % 4) {
      case 0:
        *place ^= 1;
        break;
      case 1:
        std::fill_n(place, bytes, 0);
        break;
      case 2:
        raw.erase(place, place + static_cast<std::ptrdiff_t>(bytes));
        break;
      default:
        raw.resize(begin);
    }
    const Walked walked = ByWalk(raw);
    EXPECT_TRUE(walked.lines == ByReader(raw)) << round << " " << begin << " " << bytes;
    EXPECT_EQ(walked.most_back, 0u) << round;
  }
}

TEST(SegmentWalkTest, EachDamagedByteOfAShortSegmentLeavesTheSame) {
  for (const bool closed : {true, false}) {
    const File whole = LogOfLives(20, closed);
    for (size_t at = 0; at < whole.size(); ++at) {
      File raw = whole;
      raw[at] ^= 0x10;
      ASSERT_TRUE(ByWalk(raw).lines == ByReader(raw)) << at;
    }
    for (size_t length = 0; length < whole.size(); length += 3) {
      const File raw(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
      ASSERT_TRUE(ByWalk(raw).lines == ByReader(raw)) << length;
    }
  }
}

// Each hidden checkpoint ends what is damaged, and what is behind it leads far and to no block: who
// holds everything knows when to stop.
TEST(SegmentWalkTest, WhereTooMuchIsWalkedInVainTheFileIsReadWhole) {
  RawLog log;
  log.AddHead();
  Checkpoint forged = log.next();
  forged.block_bytes = forged.block_crc = 1;
  forged.logical_offset = 1 << 20;
  while (log.size() < 2 * kMaxBlockBytes) {
    RawLog hidden;
    hidden.AddCheckpoint(forged);
    forged.logical_offset += hidden.size() + 1;
    log.AddPayload(0x7E, hidden.bytes());
    for (size_t i = 0; i < hidden.size() / kHeaderBytes; ++i) log.AddPayload(0x7E, {});
  }
  const Walked walked = ByWalk(log.bytes());
  EXPECT_GT(walked.most_back, 0u);
  EXPECT_TRUE(walked.lines == ByReader(log.bytes()));
}

TEST(SegmentWalkTest, SegmentsBehindEachOtherAreToldApart) {
  File raw = LogOfLives(30, true);
  const File second = LogOfLives(25, false);
  raw.insert(raw.end(), second.begin(), second.end());
  EXPECT_TRUE(ByWalk(raw).lines == ByReader(raw));
}

}  // namespace
}  // namespace daybook
