// Some frames of a compressed segment are read: what is in them is told as if all had been read,
// and nothing else is.

#include "chosen_frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "compression.h"
#include "container.h"
#include "content_reader.h"
#include "crc32c.h"
#include "daybook/compress.h"
#include "support/compressed_log.h"
#include "support/temp_folder.h"

namespace daybook {
namespace {

using File = std::vector<uint8_t>;

struct Told {
  uint64_t offset = 0;
  uint8_t type = 0;
  std::optional<uint64_t> seq;
  std::vector<uint8_t> payload;
  std::optional<uint64_t> time_ticks;
  bool operator==(const Told&) const = default;
};

struct Read {
  std::vector<Told> records;
  std::vector<std::pair<uint64_t, uint64_t>> skips;
  uint64_t next_seq = 0;  // of the last skip
  size_t gaps = 0;
  uint64_t file_bytes = 0;
};

Read ReadFile(const std::string& path, FrameChoice choose) {
  auto reader = SegmentReader::Open(path, {.choose_frames = std::move(choose)});
  EXPECT_TRUE(reader);
  Read read{.records = {}, .skips = {}, .file_bytes = reader->file_bytes()};
  for (;;) {
    const Item item = reader->Next();
    if (const auto* record = std::get_if<RecordView>(&item)) {
      read.records.push_back({.offset = record->offset,
                              .type = record->type,
                              .seq = record->seq,
                              .payload = {record->payload.begin(), record->payload.end()},
                              .time_ticks = record->base.time_ticks});
      EXPECT_TRUE(reader->segment());
    } else if (const auto* skip = std::get_if<Skip>(&item)) {
      read.skips.emplace_back(skip->begin, skip->end);
      read.next_seq = skip->next_seq;
    } else if (std::holds_alternative<Gap>(item)) {
      ++read.gaps;
    } else {
      return read;
    }
  }
}

class ChosenFramesTest : public testing::Test {
 protected:
  std::string Write(const File& bytes) {
    const std::string path = folder_.path() + "/daybook-00000001.dbk.zst";
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    return path;
  }
  static FrameChoice These(std::vector<bool> frames) {
    return [frames = std::move(frames)](const CompressedIndex&) { return frames; };
  }

  TempFolder folder_;
};

TEST_F(ChosenFramesTest, EverySetOfFramesIsReadAsItStandsInTheWhole) {
  const std::string path = Write(Compressed(LogOfLives(60, true), 700));
  const auto index = ReadCompressedIndex(path);
  ASSERT_TRUE(index);
  const size_t count = index->frames.size();
  ASSERT_GT(count, 4U);
  const Read whole = ReadFile(path, {});
  ASSERT_EQ(whole.gaps, 0U);
  uint64_t end_seq = 0;
  for (const Told& record : whole.records) end_seq = record.seq ? *record.seq + 1 : end_seq;
  const size_t sets = size_t{1} << std::min<size_t>(count, 10);
  for (size_t set = 0; set < sets; ++set) {
    std::vector<bool> frames(count);
    for (size_t i = 0; i < count; ++i) frames[i] = i >= 10 || (set >> i & 1) != 0;
    const Read some = ReadFile(path, These(frames));
    frames[0] = true;  // where the segment's head is
    std::vector<Told> expected;
    std::vector<std::pair<uint64_t, uint64_t>> skips;
    for (size_t i = 0; i < count; ++i) {
      const Frame& frame = index->frames[i].description;
      const uint64_t end = frame.offset + frame.raw_bytes;
      if (frames[i]) {
        for (const Told& record : whole.records) {
          if (record.offset >= frame.offset && record.offset < end) expected.push_back(record);
        }
      } else if (!skips.empty() && skips.back().second == frame.offset) {
        skips.back().second = end;
      } else {
        skips.emplace_back(frame.offset, end);
      }
    }
    ASSERT_TRUE(some.records == expected) << set;
    ASSERT_EQ(some.skips, skips) << set;
    ASSERT_EQ(some.gaps, 0U) << set;
    ASSERT_EQ(some.file_bytes, whole.file_bytes);
    if (!frames.back()) {
      ASSERT_EQ(some.next_seq, end_seq);
    }
  }
}

// Then damage is told as it always is.
TEST_F(ChosenFramesTest, AFileIsReadWholeWhereWhatIsWantedOfItIsDamaged) {
  const File file = Compressed(LogOfLives(60, true), 1500);
  const auto index = ReadCompressedIndex(file);
  ASSERT_TRUE(index);
  const size_t count = index->frames.size();
  std::vector<bool> third(count);
  third[2] = true;
  for (size_t i = 0; i < count; ++i) {
    File damaged = file;
    damaged[index->frames[i].begin + 20] ^= 1;
    const std::string path = Write(damaged);
    const Read some = ReadFile(path, These(third));
    const bool is_read = i == 0 || i == 2;
    EXPECT_EQ(some.skips.empty(), is_read) << i;
    if (is_read) {
      EXPECT_TRUE(some.records == ReadFile(path, {}).records);
    }
  }
  File cut = file;
  cut.resize(cut.size() - 1);
  EXPECT_TRUE(ReadFile(Write(cut), These(third)).skips.empty()) << "the index is damaged";
}

TEST_F(ChosenFramesTest, ASegmentThatWasNotSoundIsReadWhole) {
  File raw = LogOfLives(60, true);
  std::fill_n(raw.begin() + 3000, 100, uint8_t{0xFF});
  const std::string path = Write(Compressed(raw, 1500));
  const Read some = ReadFile(path, These({true}));
  EXPECT_THAT(some.skips, testing::IsEmpty());
  EXPECT_TRUE(some.records == ReadFile(path, {}).records);
  EXPECT_EQ(some.gaps, 1U);
}

TEST_F(ChosenFramesTest, AFileThatIsNotCompressedIsReadWhole) {
  const File raw = LogOfLives(60, true);
  const std::string path = folder_.path() + "/daybook-00000001.dbk";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(raw.data()), static_cast<std::streamsize>(raw.size()));
  EXPECT_THAT(ReadFile(path, These({true})).skips, testing::IsEmpty());
}

// A segment of zeros whose index is sound.
File Bomb(size_t frame_count) {
  constexpr uint64_t kTimeNs = 1'000'000;
  const SegmentStart start{.signature = kSignature,
                           .major_version = kMajorVersion,
                           .segment_no = 1,
                           .tick_ns = kTickNs,
                           .first_seq = 1};
  const Container container{.version = kContainerVersion,
                            .raw_bytes = frame_count * kMaxFrameBytes};
  File zeros;
  EXPECT_TRUE(FrameCompressor().Compress(File(kMaxFrameBytes, 0), &zeros));
  Frame frame{.raw_bytes = kMaxFrameBytes,
              .compressed_bytes = zeros.size(),
              .compressed_crc = Crc32c(zeros),
              .first_seq = 1,
              .first_time_ns = kTimeNs,
              .last_time_ns = kTimeNs};
  File file = std::move(PartBuilder(kTickNs).Add(container).Add(start)).Finish();
  PartBuilder index(kTickNs);
  std::vector<SeekEntry> entries = {{.frame_bytes = file.size()}};
  const auto append = [&](const File& bytes, uint64_t content_bytes) {
    file.insert(file.end(), bytes.begin(), bytes.end());
    entries.push_back({.frame_bytes = bytes.size(), .content_bytes = content_bytes});
  };
  std::vector<Frame> frames;
  for (size_t i = 0; i < frame_count; ++i) {
    frame.offset = i * kMaxFrameBytes;
    append(EncodeDescription(frame, kTickNs), 0);
    append(zeros, kMaxFrameBytes);
    frames.push_back(frame);
  }
  index.Add(FrameIndex{.frame_count = frame_count, .container_bytes = file.size()});
  for (const Frame& one : frames) index.Add(one);
  append(std::move(index).Finish(), 0);
  const File table = EncodeSeekTable(entries);
  file.insert(file.end(), table.begin(), table.end());
  return file;
}

// Reading it whole is bounded.
TEST_F(ChosenFramesTest, MoreThanAFileMayHoldIsNotChosen) {
  constexpr size_t kFrames = 300;
  const File bomb = Bomb(kFrames);
  ASSERT_LT(ContentLimit(bomb.size()), kFrames * kMaxFrameBytes);
  const std::string path = Write(bomb);
  std::vector<bool> frames(kFrames, false);
  frames[1] = true;
  EXPECT_TRUE(ReadChosenFrames(path, These(frames)));
  frames.assign(kFrames - 1, true);
  frames.push_back(false);
  EXPECT_FALSE(ReadChosenFrames(path, These(frames)));
}

// Checksums do not help against who makes them: jumps may stand anywhere, over any bytes.
TEST(JumpsTest, WhereverTheyStandEveryByteIsReadOnceAndEveryJumpTold) {
  std::mt19937 random(11);
  const File raw = LogOfLives(60, true);
  for (int round = 0; round < 2000; ++round) {
    File bytes = raw;
    for (auto i = random() % 3; i > 0; --i) bytes[random() % bytes.size()] ^= 0x55;
    std::vector<Jump> jumps;
    for (size_t at = random() % 4000; at <= bytes.size(); at += random() % 4000) {
      jumps.push_back({.at = at, .bytes = random() % 9, .next_seq = random() % 100});
    }
    ContentReader reader(bytes, true, {}, jumps);
    size_t told = 0;
    uint64_t position = 0;
    for (;;) {
      const Item item = reader.Next();
      if (const auto* record = std::get_if<RecordView>(&item)) {
        ASSERT_GE(record->offset, position);
        position = record->offset + record->size;
      } else if (const auto* gap = std::get_if<Gap>(&item)) {
        ASSERT_GE(gap->begin, position);
        position = gap->end;
      } else if (std::holds_alternative<Skip>(item)) {
        ++told;
      } else {
        break;
      }
    }
    ASSERT_EQ(told, jumps.size());
  }
}

}  // namespace
}  // namespace daybook
