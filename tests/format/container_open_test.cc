// Files that hold compressed segments, as a user opens them: alone, cut off, one behind another.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "compression.h"
#include "container_reader.h"
#include "daybook/reader.h"
#include "support/compressed_log.h"
#include "support/temp_folder.h"

namespace daybook {
namespace {

using File = std::vector<uint8_t>;

constexpr size_t kFrameTarget = 300;

// Writes the bytes to a file and reads them as a user does.
struct Opened {
  // Of a name that says nothing the first bytes decide.
  explicit Opened(const File& bytes, const std::string& name = "segment") {
    std::string folder = testing::TempDir() + "daybook_open_XXXXXX";
    if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no folder");
    const std::string path = folder + "/" + name;
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    auto reader = SegmentReader::Open(path);
    std::filesystem::remove_all(folder);
    if (!reader) throw std::runtime_error(reader.error().message());
    for (Item item = reader->Next(); !std::holds_alternative<End>(item); item = reader->Next()) {
      if (const auto* gap = std::get_if<Gap>(&item)) gaps.push_back(*gap);
      const auto* record = std::get_if<RecordView>(&item);
      if (record == nullptr) continue;
      offsets.push_back(record->offset);
      numbered += record->seq.has_value();
    }
    damage = reader->frame_damage();
    file_bytes = reader->file_bytes();
  }

  std::vector<Gap> gaps;
  std::vector<uint64_t> offsets;
  uint64_t numbered = 0;
  std::vector<FrameDamage> damage;
  uint64_t file_bytes = 0;
};

TEST(OpenTest, ACompressedSegmentReadsLikeTheRawOne) {
  const File closed = LogOfLives(60, true);
  const File open = LogOfLives(60, false);
  File damaged = closed;
  damaged[damaged.size() / 2] ^= 1;
  const File torn(open.begin(), open.end() - 5);
  for (const File& raw : {closed, open, damaged, torn, File(5000, 'x')}) {
    const Opened expected(raw);
    const Opened read(Compressed(raw, kFrameTarget));
    EXPECT_EQ(Causes(read.damage), "");
    EXPECT_EQ(read.offsets, expected.offsets);
    EXPECT_EQ(read.file_bytes, raw.size());
    ASSERT_EQ(read.gaps.size(), expected.gaps.size());
    for (size_t i = 0; i < read.gaps.size(); ++i) {
      EXPECT_EQ(read.gaps[i].begin, expected.gaps[i].begin);
      EXPECT_EQ(read.gaps[i].end, expected.gaps[i].end);
      EXPECT_EQ(read.gaps[i].cause, expected.gaps[i].cause);
    }
  }
}

// The same bytes at the end of a raw file are what a crash leaves.
TEST(OpenTest, WhatTheContainerLostIsDamageAndNoTornTail) {
  const File raw = LogOfLives(60, false);
  File file = Compressed(raw, kFrameTarget);
  const auto index = ReadCompressedIndex(file);
  ASSERT_TRUE(index);
  const FramePlace& last = index->frames.back();
  file.resize(last.begin + last.description.compressed_bytes - 20);
  const Opened read(file);
  EXPECT_FALSE(read.damage.empty());
  for (const Gap& gap : read.gaps) EXPECT_EQ(gap.cause, GapCause::kDamaged);
}

// What a report says is missing must be all that is missing: at the end nothing in the content
// does.
TEST(OpenTest, WhereverItIsCutTheRecordsLostAreTold) {
  const File raw = LogOfLives(70, true);
  const File file = Compressed(raw, kFrameTarget);
  const uint64_t events = ReadAll(raw).events.size();
  const auto index = ReadCompressedIndex(file);
  ASSERT_TRUE(index);
  const FramePlace& last = index->frames.back();
  constexpr size_t kChecksumBytes = 4;  // of the frame; its content comes before
  const size_t content_end = last.begin + last.description.compressed_bytes - kChecksumBytes;
  for (size_t size = index->frames[0].begin; size < file.size(); size += 7) {
    const Opened read(File(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)));
    const bool has_content = size >= content_end;
    EXPECT_EQ(read.gaps.empty(), has_content) << size;
    for (const Gap& gap : read.gaps) EXPECT_EQ(gap.cause, GapCause::kDamaged) << size;
  }
  // While the index is there, their number is known.
  File hole = file;
  std::fill_n(hole.begin() + static_cast<std::ptrdiff_t>(last.begin), 60, 0);
  const Opened read(hole);
  uint64_t lost = 0;
  for (const Gap& gap : read.gaps) lost += gap.records_lost.value_or(0);
  EXPECT_EQ(read.numbered + lost, events);
  EXPECT_GT(lost, 0u);
}

// What `cat` makes of a log's files.
File Joined(const std::vector<File>& files) {
  File joined;
  for (const File& file : files) joined.insert(joined.end(), file.begin(), file.end());
  return joined;
}

TEST(OpenTest, WhatFollowsACompressedSegmentIsReadAsWhatItIs) {
  const File closed = LogOfLives(60, true);
  const File open = LogOfLives(30, false);
  const File one = Compressed(closed, kFrameTarget);
  const Opened first(closed, "first.dbk");
  const Opened last(open, "last.dbk");
  const Opened read(Joined({one, one, open}));
  EXPECT_TRUE(read.damage.empty()) << Causes(read.damage);
  EXPECT_TRUE(read.gaps.empty());
  EXPECT_EQ(read.numbered, 2 * first.numbered + last.numbered);
  EXPECT_EQ(read.file_bytes, 2 * closed.size() + open.size());
  EXPECT_EQ(read.offsets.back(), 2 * closed.size() + last.offsets.back());
  EXPECT_TRUE(std::ranges::is_sorted(read.offsets));
}

TEST(OpenTest, WhatIsNoSegmentBehindACompressedOneIsDamage) {
  const File closed = LogOfLives(60, true);
  const File one = Compressed(closed, kFrameTarget);
  const Opened whole(one);
  for (const File& garbage : {File(1, 0x5E), File(3, 0), File(5000, 0x2B), File(70, 0x5E),
                              File{0x28, 0xB5, 0x2F, 0xFD, 7, 7, 7, 7}}) {
    const Opened read(Joined({one, garbage}));
    EXPECT_EQ(read.numbered, whole.numbered);
    ASSERT_EQ(read.gaps.size(), 1u);
    EXPECT_EQ(read.gaps[0].cause, GapCause::kDamaged);
    EXPECT_EQ(read.gaps[0].begin, closed.size());
    EXPECT_EQ(read.gaps[0].end, closed.size() + garbage.size());
  }
}

// Each is judged alone: that another follows hides nothing of what one lacks.
TEST(OpenTest, DamageBeforeAnotherSegmentIsToldAsWithoutIt) {
  const File closed = LogOfLives(60, true);
  const File one = Compressed(closed, kFrameTarget);
  const auto index = ReadCompressedIndex(one);
  ASSERT_TRUE(index);
  const size_t table_begin = *FindSeekTable(one);
  for (const size_t place : {size_t{20}, static_cast<size_t>(index->frames[1].begin + 9),
                             static_cast<size_t>(index->frames.back().begin + 9), table_begin - 5,
                             table_begin, one.size() - 1}) {
    File damaged = one;
    damaged[place] ^= 0x55;
    const Opened alone(damaged);
    const Opened read(Joined({damaged, one, closed}));
    const Opened whole(one);
    const Opened before_raw(Joined({damaged, closed}));
    EXPECT_EQ(before_raw.numbered, alone.numbered + whole.numbered) << place;
    EXPECT_EQ(before_raw.damage.size(), alone.damage.size()) << Causes(before_raw.damage);
    EXPECT_EQ(before_raw.gaps.size(), alone.gaps.size()) << place;
    EXPECT_EQ(read.numbered, alone.numbered + 2 * whole.numbered) << place;
    ASSERT_EQ(read.damage.size(), alone.damage.size()) << place << Causes(read.damage);
    ASSERT_EQ(read.gaps.size(), alone.gaps.size()) << place;
    for (size_t i = 0; i < read.gaps.size(); ++i) {
      EXPECT_EQ(read.gaps[i].begin, alone.gaps[i].begin);
      EXPECT_EQ(read.gaps[i].records_lost, alone.gaps[i].records_lost);
    }
    // The same behind a sound one.
    const Opened behind(Joined({one, damaged}));
    ASSERT_EQ(behind.damage.size(), alone.damage.size()) << place;
    for (size_t i = 0; i < behind.damage.size(); ++i) {
      EXPECT_EQ(behind.damage[i].begin, one.size() + alone.damage[i].begin);
      if (alone.damage[i].raw_begin == alone.damage[i].raw_end) continue;
      EXPECT_EQ(behind.damage[i].raw_begin, closed.size() + alone.damage[i].raw_begin);
    }
  }
}

// Somebody may have joined them the wrong way round before they were compressed.
TEST(OpenTest, SegmentsOutOfOrderReadAlikeWhetherCompressedOrNot) {
  LogBuilder log({.block_bytes = 256});
  for (uint32_t pid = 1; pid <= 60; ++pid) {
    log.Add(TestFork(pid));
    if (pid % 30 == 0) {
      ASSERT_TRUE(log.writer().Rotate(EndReason::kSize));
    }
  }
  const File joined = Joined({log.Segment(2), log.Segment(1)});
  const Opened raw(joined, "joined.dbk");
  const Opened compressed(Compressed(joined, kFrameTarget));
  ASSERT_FALSE(std::ranges::is_sorted(raw.offsets)) << "the second one comes first";
  EXPECT_EQ(compressed.offsets, raw.offsets);
  EXPECT_EQ(compressed.numbered, raw.numbered);
  EXPECT_TRUE(compressed.gaps.empty());
  EXPECT_EQ(Causes(compressed.damage), "");
  // What is wrong with the container is told all the same.
  File damaged = Compressed(joined, kFrameTarget);
  damaged.back() ^= 1;
  const Opened told(damaged);
  EXPECT_EQ(told.offsets, raw.offsets);
  EXPECT_EQ(told.damage.size(), 1u);
}

// However many there are in a file, they share what it may cost.
TEST(OpenTest, ManyThatClaimMuchAreNotAllBelieved) {
  const File zeros(kMaxFrameBytes, 0);
  const File one = Compressed(zeros, kMaxFrameBytes);
  File file;
  for (int i = 0; i < 300; ++i) file.insert(file.end(), one.begin(), one.end());
  const DecodedContainers decoded = DecodeContainers(file);
  uint64_t bytes = 0;
  for (const DecodedContainer& container : decoded.containers) bytes += container.content.size();
  EXPECT_LE(bytes, (uint64_t{256} << 20) + 64 * file.size());
  EXPECT_THAT(decoded.containers.back().damage.back().cause,
              testing::HasSubstr("claims to hold more than"));
}

// Each claims content that it does not have, or has none: neither memory nor stack grows with them.
TEST(OpenTest, ThousandsOfEmptyOnesCostNothing) {
  const File whole = Compressed(LogOfLives(1, true), kFrameTarget);
  const auto head = DecodeHead(*ReadPart(whole, 0));
  ASSERT_TRUE(head && head->segment);
  for (const uint64_t claimed : {uint64_t{0}, uint64_t{1} << 40}) {
    Container container = head->container;
    container.raw_bytes = claimed;
    File empty = std::move(PartBuilder(kTickNs).Add(container).Add(*head->segment)).Finish();
    const File index =
        std::move(PartBuilder(kTickNs).Add(FrameIndex{.container_bytes = empty.size()})).Finish();
    empty.insert(empty.end(), index.begin(), index.end());
    File file;
    for (int i = 0; i < 20'000; ++i) file.insert(file.end(), empty.begin(), empty.end());
    const DecodedContainers decoded = DecodeContainers(file);
    EXPECT_EQ(decoded.containers.size(), 20'000);
    EXPECT_EQ(decoded.containers.back().content.capacity(), 0u);
    EXPECT_EQ(Opened(file).gaps.size(), claimed == 0 ? 0 : 20'000);
  }
}

// A sparse file of any length costs its owner nothing.
TEST(OpenTest, MemoryIsNotSetAsideForAllThatAHeadClaims) {
  const Container container{.version = kContainerVersion, .raw_bytes = uint64_t{1} << 40};
  File file = std::move(PartBuilder(kTickNs).Add(container)).Finish();
  file.resize(8 << 20, 0);
  EXPECT_LE(DecodeContainer(file).content.capacity(), 8 * file.size());
}

// Memory runs out where something within takes too much.
TEST(OpenTest, WantOfMemoryIsAnErrorThatNamesTheFile) {
  const TempFolder folder;
  const File file = Compressed(LogOfLives(60, true), kFrameTarget);
  folder.Put("large.dbk.zst", {reinterpret_cast<const char*>(file.data()), file.size()});
  const FrameChoice choose = [](const CompressedIndex&) -> std::vector<bool> {
    throw std::bad_alloc();
  };
  const auto reader = SegmentReader::Open(folder / "large.dbk.zst", {.choose_frames = choose});
  ASSERT_FALSE(reader);
  EXPECT_THAT(reader.error().message(), testing::HasSubstr("large.dbk.zst: not enough memory"));
}

// A program that ran before the segment's beginning was lost may have had anything as its argument.
TEST(OpenTest, ARawSegmentIsNeverTakenForACompressedOneWhateverItBeginsWith) {
  const File raw = LogOfLives(60, true);
  File forged = Compressed(raw, kFrameTarget);
  forged.insert(forged.end(), raw.begin() + 3000, raw.end());
  const Opened read(forged, "daybook-00000001.dbk");
  EXPECT_TRUE(read.damage.empty());
  EXPECT_EQ(read.file_bytes, forged.size());
}

}  // namespace
}  // namespace daybook
