#include "segment_compressor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>

#include "crc32c.h"
#include "daybook/compress.h"
#include "support/compressed_log.h"

namespace daybook {
namespace {

using File = std::vector<uint8_t>;

// Raw segments of all kinds, each with a name.
std::vector<std::pair<std::string, File>> AllKinds() {
  const File closed = LogOfLives(60, true);
  const File open = LogOfLives(60, false);
  File damaged = closed;
  std::fill_n(damaged.begin() + 1500, 700, 0xFF);
  File headless = closed;
  std::fill_n(headless.begin(), 10, 0);
  File torn(open.begin(), open.end() - 5);
  File zero_fill = torn;
  zero_fill.resize(zero_fill.size() + 3 * kMaxFrameBytes + 17, 0);
  File arbitrary(2 * kMaxFrameBytes + 1);
  std::mt19937 random(7);
  for (uint8_t& byte : arbitrary) byte = static_cast<uint8_t>(random());
  // Two segments of different recorders in one file.
  File two = closed;
  two.insert(two.end(), open.begin(), open.end());
  const std::string text = "A text that is no log.\n";
  return {{"closed", closed},       {"open", open},   {"damaged", damaged},
          {"headless", headless},   {"torn", torn},   {"zero_fill", zero_fill},
          {"arbitrary", arbitrary}, {"two", two},     {"text", File(text.begin(), text.end())},
          {"one_byte", File{0x2B}}, {"empty", File{}}};
}

class AllKindsTest : public testing::TestWithParam<std::pair<std::string, File>> {
 protected:
  const File& raw() const { return GetParam().second; }
};

INSTANTIATE_TEST_SUITE_P(Segments, AllKindsTest, testing::ValuesIn(AllKinds()),
                         [](const auto& parameter) { return parameter.param.first; });

TEST_P(AllKindsTest, ComesBackBitForBit) {
  for (const size_t frame_bytes : {size_t{1}, size_t{700}, kFrameBytes, kMaxFrameBytes}) {
    const File file = Compressed(raw(), frame_bytes);
    EXPECT_TRUE(IsContainer(file));
    const Decompressed decoded = Decompress(file);
    EXPECT_TRUE(decoded.content == raw()) << frame_bytes;
    EXPECT_EQ(Causes(decoded.damage), "") << frame_bytes;
  }
}

TEST_P(AllKindsTest, ZstdMakesTheRawFileOfIt) {
  const std::string folder = testing::TempDir() + "daybook_zstd_XXXXXX";
  std::string path = folder;
  ASSERT_NE(mkdtemp(path.data()), nullptr);
  for (const size_t frame_bytes : {size_t{700}, kFrameBytes}) {
    const File file = Compressed(raw(), frame_bytes);
    std::ofstream(path + "/a.zst", std::ios::binary)
        .write(reinterpret_cast<const char*>(file.data()),
               static_cast<std::streamsize>(file.size()));
    ASSERT_EQ(std::system(("zstd -dqf " + path + "/a.zst -o " + path + "/a").c_str()), 0);
    std::ifstream in(path + "/a", std::ios::binary);
    const File made{std::istreambuf_iterator<char>(in), {}};
    EXPECT_TRUE(made == raw());
  }
  // And the index is the same when only the ends of the file are read.
  const auto by_path = ReadCompressedIndex(path + "/a.zst");
  ASSERT_TRUE(by_path) << by_path.error().message();
  EXPECT_EQ(by_path->container.raw_bytes, raw().size());
  std::filesystem::remove_all(path);
}

// Walks the file by what zstd says of its frames, and holds the seek table against that.
TEST_P(AllKindsTest, TheSeekTableTellsOfEveryFrame) {
  const File file = Compressed(raw(), 700);
  std::vector<std::pair<uint64_t, uint64_t>> frames;
  size_t at = 0;
  uint32_t magic = 0;
  for (;;) {
    ASSERT_TRUE(Cursor(std::span(file).subspan(at)).GetFixed(&magic));
    if (magic == 0x184D'2A5E) break;
    const size_t size = ZSTD_findFrameCompressedSize(file.data() + at, file.size() - at);
    ASSERT_FALSE(ZSTD_isError(size));
    const bool skippable = (magic & 0xFFFF'FFF0) == 0x184D'2A50;
    frames.emplace_back(size, skippable ? 0 : ZSTD_getFrameContentSize(file.data() + at, size));
    at += size;
  }
  Cursor table(Bytes(file).subspan(at + 4));
  uint32_t size = 0;
  ASSERT_TRUE(table.GetFixed(&size));
  ASSERT_EQ(size, table.remaining());
  ASSERT_EQ(size, frames.size() * 8 + 9);
  for (const auto& [frame_bytes, content_bytes] : frames) {
    uint32_t compressed = 0;
    uint32_t decompressed = 0;
    ASSERT_TRUE(table.GetFixed(&compressed) && table.GetFixed(&decompressed));
    EXPECT_EQ(compressed, frame_bytes);
    EXPECT_EQ(decompressed, content_bytes);
  }
  uint32_t count = 0;
  uint8_t descriptor = 0xFF;
  ASSERT_TRUE(table.GetFixed(&count) && table.GetFixed(&descriptor) && table.GetFixed(&magic));
  EXPECT_EQ(count, frames.size());
  EXPECT_EQ(descriptor, 0);
  EXPECT_EQ(magic, 0x8F92'EAB1);
  EXPECT_TRUE(table.empty());
}

TEST_P(AllKindsTest, TheIndexTellsOfEveryFrameAndLeadsToIt) {
  for (const size_t frame_bytes : {size_t{700}, kFrameBytes}) {
    const File file = Compressed(raw(), frame_bytes);
    const auto index = ReadCompressedIndex(file);
    ASSERT_TRUE(index);
    EXPECT_EQ(index->container.version, 1u);
    EXPECT_EQ(index->container.raw_bytes, raw().size());
    EXPECT_EQ(index->container.raw_crc, Crc32c(raw()));
    uint64_t offset = 0;
    for (size_t i = 0; i < index->frames.size(); ++i) {
      const Frame& frame = index->frames[i].description;
      EXPECT_EQ(frame.offset, offset);
      EXPECT_LE(frame.raw_bytes, kMaxFrameBytes);
      EXPECT_EQ(frame.first_time_ns.has_value(), frame.last_time_ns.has_value());
      const auto content = DecodeFrames(file, *index, std::span(&i, 1));
      ASSERT_TRUE(content);
      EXPECT_TRUE(std::ranges::equal(*content, std::span(raw()).subspan(offset, frame.raw_bytes)));
      offset += frame.raw_bytes;
    }
    EXPECT_EQ(offset, raw().size());
  }
}

// Of each block, what its checkpoint says.
std::vector<std::pair<RecordView, Checkpoint>> Blocks(const File& raw) {
  std::vector<std::pair<RecordView, Checkpoint>> blocks;
  SegmentReader reader(raw);
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    const auto* record = std::get_if<RecordView>(&item);
    Checkpoint checkpoint;
    if (record != nullptr && record->As(&checkpoint)) blocks.emplace_back(*record, checkpoint);
  }
  return blocks;
}

TEST(SegmentCompressorTest, FramesEndBehindTheFirstBlockThatReachesTheTarget) {
  constexpr size_t kTarget = 700;
  const File raw = LogOfLives(60, true);
  const auto index = ReadCompressedIndex(Compressed(raw, kTarget));
  ASSERT_TRUE(index);
  EXPECT_GT(index->frames.size(), 5u);
  std::set<uint64_t> ends;
  for (const auto& [record, checkpoint] : Blocks(raw)) ends.insert(record.offset + record.size);
  for (const auto& [begin, frame] : index->frames) {
    const uint64_t end = frame.offset + frame.raw_bytes;
    EXPECT_TRUE(ends.contains(end));
    if (end != raw.size()) {
      EXPECT_EQ(*ends.lower_bound(frame.offset + kTarget), end);
    }
  }
}

TEST(SegmentCompressorTest, AFrameIsDescribedByItsBlocks) {
  const File raw = LogOfLives(60, true);
  const auto index = ReadCompressedIndex(Compressed(raw, 700));
  ASSERT_TRUE(index);
  const auto blocks = Blocks(raw);
  for (const auto& [begin, frame] : index->frames) {
    uint64_t seq_count = 0;
    uint64_t first_time_ns = UINT64_MAX;
    uint64_t last_time_ns = 0;
    std::optional<uint64_t> first_seq;
    for (const auto& [record, checkpoint] : blocks) {
      if (record.offset < frame.offset || record.offset >= frame.offset + frame.raw_bytes) continue;
      if (!first_seq) first_seq = checkpoint.first_seq;
      seq_count += checkpoint.seq_count;
      first_time_ns = std::min(first_time_ns, checkpoint.first_time_ns);
      last_time_ns = std::max(last_time_ns, checkpoint.last_time_ns);
    }
    EXPECT_EQ(frame.first_seq, first_seq);
    EXPECT_EQ(frame.seq_count, seq_count);
    EXPECT_EQ(frame.first_time_ns, first_time_ns);
    EXPECT_EQ(frame.last_time_ns, last_time_ns);
  }
}

TEST(SegmentCompressorTest, HeadAndIndexTellWhoseTheSegmentIsAndItsClocks) {
  const File raw = LogOfLives(60, true);
  const auto index = ReadCompressedIndex(Compressed(raw, 700));
  ASSERT_TRUE(index);
  std::vector<Clock> clocks;
  SegmentReader reader(raw);
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    Clock clock;
    if (std::get<RecordView>(item).As(&clock)) clocks.push_back(clock);
  }
  EXPECT_EQ(index->segment, reader.segment());
  EXPECT_EQ(clocks.size(), 7u);
  EXPECT_EQ(index->clocks, clocks);
}

TEST(SegmentCompressorTest, TimesAreUnknownWhereAPartOfTheFrameIsInNoBlock) {
  const File raw = LogOfLives(60, true);
  File damaged = raw;
  damaged[1500] ^= 1;
  const auto whole = ReadCompressedIndex(Compressed(raw, 700));
  const auto index = ReadCompressedIndex(Compressed(damaged, 700));
  ASSERT_TRUE(whole && index);
  for (const auto& [begin, frame] : whole->frames) EXPECT_TRUE(frame.first_time_ns);
  for (const auto& [begin, frame] : index->frames) {
    const bool has_damage = frame.offset <= 1500 && frame.offset + frame.raw_bytes > 1500;
    EXPECT_EQ(frame.first_time_ns.has_value(), !has_damage) << frame.offset;
  }
}

// Who looks for who was living at the beginning reads that frame alone.
TEST(SegmentCompressorTest, TheFirstFrameEndsWhereTheSegmentsHeadDoes) {
  constexpr uint64_t kStep = 1'000'000'000;
  WriterOptions options;
  options.block_bytes = 256;
  LogBuilder log(options);
  for (uint32_t pid = 1; pid <= 60; ++pid) log.Add(TestFork(pid, kTestBootNs + pid * kStep));
  ASSERT_TRUE(log.writer().Close());
  const auto index = ReadCompressedIndex(Compressed(log.Segment(), kFrameBytes));
  ASSERT_TRUE(index && index->segment);
  ASSERT_EQ(index->frames.size(), 2u);
  const uint64_t head_end_ns = index->segment->time_ns + kHeadNs;
  const Frame& head = index->frames[0].description;
  EXPECT_GE(*head.last_time_ns, head_end_ns);
  // The block before the last one did not reach so far.
  uint64_t last_before_ns = 0;
  for (const auto& [record, checkpoint] : Blocks(log.Segment())) {
    if (record.offset + record.size < head.raw_bytes) last_before_ns = checkpoint.last_time_ns;
  }
  EXPECT_LT(last_before_ns, head_end_ns);
  EXPECT_GT(last_before_ns, 0u);
}

TEST(SegmentCompressorTest, WhatIsInNoBlockIsCutByLength) {
  const File raw(3 * kMaxFrameBytes + 5, 0);
  const auto index = ReadCompressedIndex(Compressed(raw, kFrameBytes));
  ASSERT_TRUE(index);
  ASSERT_EQ(index->frames.size(), 4u);
  EXPECT_EQ(index->frames[2].description.raw_bytes, kMaxFrameBytes);
  EXPECT_EQ(index->frames[3].description.raw_bytes, 5u);
  EXPECT_FALSE(index->segment);
}

TEST(SegmentCompressorTest, AnotherSegmentBehindTheFirstIsNotMixedIntoItsTimes) {
  File raw = LogOfLives(20, true);
  const size_t first = raw.size();
  const File other = LogOfLives(20, true);
  raw.insert(raw.end(), other.begin(), other.end());
  const auto index = ReadCompressedIndex(Compressed(raw, 700));
  ASSERT_TRUE(index);
  EXPECT_EQ(index->clocks.size(), 3u);
  for (const auto& [begin, frame] : index->frames) {
    EXPECT_EQ(frame.first_time_ns.has_value(), frame.offset + frame.raw_bytes <= first);
  }
}

TEST(SegmentCompressorTest, FramesOfOneTimeAreReadWithoutTheOthers) {
  const File raw = LogOfLives(60, true);
  const File file = Compressed(raw, 700);
  const auto index = ReadCompressedIndex(file);
  ASSERT_TRUE(index);
  // Lives 30 to 35, and what stands beside them.
  const uint64_t from = kTestBootNs + 30'000'000;
  const uint64_t to = kTestBootNs + 35'500'000;
  std::vector<size_t> numbers;
  for (size_t i = 0; i < index->frames.size(); ++i) {
    const Frame& frame = index->frames[i].description;
    if (*frame.first_time_ns <= to && *frame.last_time_ns >= from) numbers.push_back(i);
  }
  EXPECT_LT(numbers.size(), index->frames.size() / 2);
  const auto content = DecodeFrames(file, *index, numbers);
  ASSERT_TRUE(content);
  std::multiset<uint32_t> pids;
  for (const auto& event : ReadAll(*content).events) pids.insert(event.pid);
  for (uint32_t pid = 30; pid <= 35; ++pid) EXPECT_EQ(pids.count(pid), 2u) << pid;
}

TEST(SegmentCompressorTest, FramesThatAreNotAsTheIndexSaysAreErrors) {
  const File raw = LogOfLives(60, true);
  const File file = Compressed(raw, 700);
  const auto index = ReadCompressedIndex(file);
  ASSERT_TRUE(index);
  const size_t number = 2;
  const auto decode = [&](const File& bytes, const CompressedIndex& by) {
    return DecodeFrames(bytes, by, std::span(&number, 1)).has_value();
  };
  EXPECT_TRUE(decode(file, *index));
  File damaged = file;
  damaged[index->frames[2].begin + 30] ^= 1;
  EXPECT_FALSE(decode(damaged, *index));
  EXPECT_FALSE(decode(File(file.begin(), file.begin() + 500), *index));
  CompressedIndex lying = *index;
  lying.frames[2].begin = UINT64_MAX - 5;
  EXPECT_FALSE(decode(file, lying));
  lying.frames[2] = index->frames[2];
  lying.frames[2].description.raw_bytes += 1;
  EXPECT_FALSE(decode(file, lying));
  lying.frames.resize(2);
  EXPECT_FALSE(decode(file, lying));
}

TEST(SegmentCompressorTest, ALongIndexIsReadFromTheFileToo) {
  const std::string path = testing::TempDir() + "daybook_index.zst";
  const File raw = LogOfLives(6000, true);
  const File file = Compressed(raw, 1);
  ASSERT_GT(file.size(), 3u * 64 * 1024);
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
  const auto index = ReadCompressedIndex(path);
  std::filesystem::remove(path);
  ASSERT_TRUE(index) << index.error().message();
  EXPECT_EQ(index->frames.back().begin, ReadCompressedIndex(file)->frames.back().begin);
  EXPECT_THAT(ReadCompressedIndex(path).error().message(), testing::HasSubstr(path));
}

TEST(SegmentCompressorTest, AnIndexIsReadFromTheFileOrRefused) {
  const File raw = LogOfLives(60, true);
  const File file = Compressed(raw, 700);
  const auto index = ReadCompressedIndex(file);
  ASSERT_TRUE(index);
  const size_t head_end = ReadPart(file, 0)->end;
  const size_t index_begin =
      index->frames.back().begin + index->frames.back().description.compressed_bytes;
  for (size_t position = 0; position < file.size(); ++position) {
    File damaged = file;
    damaged[position] ^= 0x20;
    const auto read = ReadCompressedIndex(damaged);
    if (position < head_end || (position >= index_begin && position < *FindSeekTable(file))) {
      EXPECT_FALSE(read) << position;
    } else if (read) {
      EXPECT_EQ(read->frames.size(), index->frames.size()) << position;
    }
    const File cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(position));
    EXPECT_FALSE(ReadCompressedIndex(cut)) << position;
  }
}

}  // namespace
}  // namespace daybook
