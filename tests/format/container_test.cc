#include "container.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crc32c.h"

namespace daybook {
namespace {

using File = std::vector<uint8_t>;

constexpr Frame kFrame = {.offset = 262'200,
                          .raw_bytes = 262'300,
                          .compressed_bytes = 50'000,
                          .compressed_crc = 0x1234'5678,
                          .first_seq = 900,
                          .seq_count = 800,
                          .first_time_ns = 5'000'000'000,
                          .last_time_ns = 6'000'000'000};

TEST(ContainerTest, APartIsASkippableFrameOfZstdWithLengthAndChecksumAtItsEnd) {
  const File part = EncodeDescription(kFrame, kTickNs);
  Cursor cursor(part);
  uint32_t magic = 0;
  uint32_t size = 0;
  ASSERT_TRUE(cursor.GetFixed(&magic) && cursor.GetFixed(&size));
  EXPECT_EQ(magic, 0x184D'2A5Au);
  EXPECT_EQ(size, part.size() - 8);
  EXPECT_EQ(part[8], 0x2B);
  EXPECT_EQ(part[9], 0x91);
  EXPECT_EQ(part[10], Schema<Frame>::kType);
  Cursor footer(Bytes(part).last(8));
  uint32_t length = 0;
  uint32_t sum = 0;
  ASSERT_TRUE(footer.GetFixed(&length) && footer.GetFixed(&sum));
  EXPECT_EQ(length, part.size());
  EXPECT_EQ(sum, Crc32c(std::span(part).first(part.size() - 4)));
}

TEST(ContainerTest, ADescriptionComesBackWithKnownAndUnknownTimes) {
  Frame no_times = kFrame;
  no_times.first_time_ns = no_times.last_time_ns = std::nullopt;
  for (const Frame& frame : {kFrame, no_times, Frame{}}) {
    File file = {0xEE};
    const File description = EncodeDescription(frame, kTickNs);
    file.insert(file.end(), description.begin(), description.end());
    const size_t end = file.size();
    file.push_back(0xEE);
    const auto part = ReadPart(file, 1);
    ASSERT_TRUE(part);
    EXPECT_EQ(part->end, end);
    EXPECT_EQ(DecodeDescription(*part, kTickNs), frame);
    EXPECT_FALSE(DecodeHead(*part));
    EXPECT_FALSE(DecodeIndex(*part, kTickNs));
    const auto before = ReadPartBefore(file, end);
    ASSERT_TRUE(before);
    EXPECT_EQ(before->begin, 1u);
    EXPECT_FALSE(ReadPartBefore(file, end - 1));
    EXPECT_FALSE(ReadPartBefore(file, end + 1));
    EXPECT_FALSE(ReadPartBefore(file, end + 2));
  }
}

TEST(ContainerTest, EveryCutAndEveryChangedBitOfAPartIsSeen) {
  const File part = EncodeDescription(kFrame, kTickNs);
  for (size_t position = 0; position < part.size(); ++position) {
    EXPECT_FALSE(ReadPart(std::span(part).first(position), 0)) << position;
    for (int bit = 0; bit < 8; ++bit) {
      File damaged = part;
      damaged[position] = static_cast<uint8_t>(damaged[position] ^ (1 << bit));
      EXPECT_FALSE(ReadPart(damaged, 0)) << position;
      EXPECT_FALSE(ReadPartBefore(damaged, damaged.size())) << position;
    }
  }
}

TEST(ContainerTest, AnIndexHoldsFramesAndClocks) {
  const Clock clock = {.time_ns = 7'000'000'000, .realtime_ns = -5, .monotonic_ns = 6'000'000'000};
  PartBuilder builder(kTickNs);
  builder.Add(FrameIndex{.frame_count = 2, .container_bytes = 77}).Add(kFrame).Add(Frame{});
  const File file = std::move(builder.Add(clock).Add(clock)).Finish();
  const auto index = DecodeIndex(*ReadPart(file, 0), kTickNs);
  ASSERT_TRUE(index);
  EXPECT_EQ(index->container_bytes, 77u);
  EXPECT_THAT(index->frames, testing::ElementsAre(kFrame, Frame{}));
  EXPECT_THAT(index->clocks, testing::ElementsAre(clock, clock));
}

TEST(ContainerTest, AnIndexThatLiesAboutItsFramesIsNone) {
  for (const uint64_t count : {uint64_t{1}, uint64_t{3}, UINT64_MAX}) {
    PartBuilder builder(kTickNs);
    builder.Add(FrameIndex{.frame_count = count}).Add(kFrame).Add(Frame{});
    const File file = std::move(builder).Finish();
    EXPECT_FALSE(DecodeIndex(*ReadPart(file, 0), kTickNs)) << count;
  }
}

TEST(ContainerTest, TheSeekTableIsTheStandardOne) {
  const SeekEntry entries[] = {{.frame_bytes = 66}, {.frame_bytes = 50'000, .content_bytes = 99}};
  const File table = EncodeSeekTable(entries);
  EXPECT_THAT(table, testing::ElementsAre(0x5E, 0x2A, 0x4D, 0x18, 25, 0, 0, 0,  //
                                          66, 0, 0, 0, 0, 0, 0, 0,              //
                                          0x50, 0xC3, 0, 0, 99, 0, 0, 0,        //
                                          2, 0, 0, 0, 0, 0xB1, 0xEA, 0x92, 0x8F));
  EXPECT_TRUE(IsSeekTable(table, 0));
  EXPECT_EQ(FindSeekTable(table), 0u);
}

TEST(ContainerTest, ASeekTableWithAFalseLengthIsNone) {
  File table = EncodeSeekTable(std::vector<SeekEntry>(3));
  for (const size_t position : {size_t{0}, size_t{4}, table.size() - 9, table.size() - 1}) {
    File damaged = table;
    damaged[position] ^= 1;
    EXPECT_FALSE(IsSeekTable(damaged, 0)) << position;
  }
  for (size_t size = 0; size < table.size(); ++size) {
    EXPECT_FALSE(IsSeekTable(std::span(table).first(size), 0)) << size;
  }
  table.push_back(0);
  EXPECT_FALSE(IsSeekTable(table, 0)) << "it must be the end of the file";
}

TEST(PartFinderTest, FindsPartsFramesAndSeekTablesInOrder) {
  File file(10, 0x2A);
  const File description = EncodeDescription(kFrame, kTickNs);
  const auto append = [&](const File& bytes) {
    file.insert(file.end(), bytes.begin(), bytes.end());
    return file.size() - bytes.size();
  };
  File broken = description;
  broken[20] ^= 1;
  append(broken);
  const size_t first = append(description);
  const size_t zstd = append({0x28, 0xB5, 0x2F, 0xFD});
  append({0x5E, 0x2A, 0x4D, 0x18, 1, 2, 3});
  const size_t second = append(description);
  append({0x2A, 0x4D, 0x18});
  const size_t table = append(EncodeSeekTable({}));
  PartFinder finder(file);
  EXPECT_EQ(finder.Next(0), first);
  EXPECT_EQ(finder.Next(first), first);
  EXPECT_EQ(finder.Next(first + 1), zstd);
  EXPECT_EQ(finder.Next(zstd + 1), second);
  EXPECT_EQ(finder.Next(second + 1), table);
  EXPECT_EQ(finder.Next(table + 1), file.size());
  EXPECT_EQ(finder.Next(file.size()), file.size());
}

// Every place claims to be a part of the same great length: to sum them all would be quadratic.
TEST(PartFinderTest, WorkInVainIsBoundedAndSmallPartsAreStillFound) {
  constexpr uint32_t kClaimed = 1 << 20;
  File file(size_t{4} << 20);
  for (size_t at = 0; at + 16 <= file.size(); at += 16) {
    uint8_t* out = PutFixed(file.data() + at, kContainerMagic);
    out = PutFixed(out, kClaimed - 8);
    PutFixed(PutFixed(out, kClaimed), 0);
  }
  const File description = EncodeDescription(kFrame, kTickNs);
  file.insert(file.end(), description.begin(), description.end());
  PartFinder finder(file);
  EXPECT_EQ(finder.Next(1), file.size() - description.size());
  EXPECT_TRUE(finder.exhausted());
}

TEST(PartFinderTest, ASearchForASeekTableIsWorkWhetherOneIsFoundOrNot) {
  constexpr size_t kBytes = 1 << 20;
  constexpr int kMoreThanEnough = 20;
  File file(kBytes, 0x07);
  const auto search_often = [&] {
    PartFinder finder(file);
    for (int i = 0; i < kMoreThanEnough; ++i) (void)finder.FindSeekTable(0, 1);
    return finder.exhausted();
  };
  EXPECT_TRUE(search_often());
  const SeekEntry right = {.frame_bytes = kBytes};
  const File table = EncodeSeekTable({&right, 1});
  file.insert(file.end(), table.begin(), table.end());
  ASSERT_EQ(PartFinder(file).FindSeekTable(0, 1), kBytes);
  EXPECT_TRUE(search_often());
}

// Where too much was read in vain, small parts are still believed: it is they that lead to records.
TEST(PartFinderTest, APartWithAWrongSumIsWorkAndLargeOnesAreNotReadForEver) {
  constexpr int kMoreThanEnough = 20;
  File large(size_t{1} << 20, 0);
  uint8_t* const end = large.data() + large.size();
  PutFixed(PutFixed(large.data(), kContainerMagic), static_cast<uint32_t>(large.size() - 8));
  PutFixed(end - 8, static_cast<uint32_t>(large.size()));
  File file = large;
  PutFixed(end - 4, Crc32c(Bytes(large).first(large.size() - 4)));
  file.insert(file.end(), large.begin(), large.end());
  const File description = EncodeDescription(kFrame, kTickNs);
  file.insert(file.end(), description.begin(), description.end());
  PartFinder finder(file);
  EXPECT_TRUE(finder.PartAt(large.size()));
  for (int i = 0; i < kMoreThanEnough; ++i) EXPECT_FALSE(finder.PartAt(0));
  EXPECT_TRUE(finder.exhausted());
  EXPECT_FALSE(finder.PartAt(large.size()));
  EXPECT_TRUE(finder.PartAt(2 * large.size()));
}

}  // namespace
}  // namespace daybook
