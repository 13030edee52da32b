// Compressed segments that are made to cost a reader memory or time: it gives up in the end, and
// says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "compression.h"
#include "container_reader.h"
#include "crc32c.h"
#include "daybook/compress.h"
#include "support/compressed_log.h"

namespace daybook {
namespace {

using File = std::vector<uint8_t>;

// Half a kilobyte that claims to be a megabyte, again and again.
TEST(ContainerBombTest, MoreThanAFileMayHoldIsNotDecoded) {
  File frame;
  ASSERT_TRUE(FrameCompressor().Compress(File(kMaxFrameBytes, 0), &frame));
  ASSERT_LT(frame.size(), 200u);
  File bomb;
  for (int i = 0; i < 2000; ++i) bomb.insert(bomb.end(), frame.begin(), frame.end());
  ASSERT_TRUE(IsContainer(bomb));
  uint64_t bytes = 0;
  const auto damage = ReadContainer(bomb, [&](Bytes content) { bytes += content.size(); }).damage;
  EXPECT_LE(bytes, (uint64_t{256} << 20) + 64 * bomb.size());
  ASSERT_FALSE(damage.empty());
  EXPECT_THAT(damage.back().cause, testing::HasSubstr("claims to hold more than"));
}

// The same, of frames that turn out to be wrong only when all of them is decoded.
TEST(ContainerBombTest, WhatIsDecodedInVainCountsAsWell) {
  File frame;
  ASSERT_TRUE(FrameCompressor().Compress(File(kMaxFrameBytes, 0), &frame));
  frame.back() ^= 1;  // of its checksum
  Frame description;
  description.raw_bytes = kMaxFrameBytes;
  description.compressed_bytes = frame.size();
  const File part = EncodeDescription(description, kTickNs);
  File bomb;
  for (int i = 0; i < 600; ++i) {
    bomb.insert(bomb.end(), part.begin(), part.end());
    bomb.insert(bomb.end(), frame.begin(), frame.end());
  }
  const auto damage = ReadContainer(bomb, [](Bytes) {}).damage;
  ASSERT_FALSE(damage.empty());
  EXPECT_THAT(damage.back().cause, testing::HasSubstr("claims to hold more than"));
}

TEST(ContainerHostileTest, BytesThatAreFullOfFalseBeginningsEnd) {
  File file;
  while (file.size() < size_t{1} << 18) {
    const File frame = {0x28, 0xB5, 0x2F, 0xFD, 0xA4, 0x00, 0x00, 0x10, 0x00, 0xFD, 0xFF, 0x0F};
    file.insert(file.end(), frame.begin(), frame.end());
  }
  const auto damage = ReadContainer(file, [](Bytes) {}).damage;
  ASSERT_FALSE(damage.empty());
  EXPECT_LE(damage.size(), 4096u);
  EXPECT_EQ(damage.back().end, file.size());
}

void Append(const File& bytes, File* file) {
  file->insert(file->end(), bytes.begin(), bytes.end());
}

File HeadOf(uint64_t raw_bytes) {
  PartBuilder builder(kTickNs);
  return std::move(builder.Add(Container{.version = kContainerVersion, .raw_bytes = raw_bytes}))
      .Finish();
}

// Behind hostile bytes it shows whether what they cost was counted, until it was enough.
constexpr Frame kDamagedFrame{.raw_bytes = 1000};
void AppendDamagedFrame(File* file) {
  Append(EncodeDescription(kDamagedFrame, kTickNs), file);
  Append({0x28, 0xB5, 0x2F, 0xFD, 0xFF}, file);
}

void ExpectExhausted(const std::vector<FrameDamage>& damage) {
  EXPECT_THAT(Causes(damage), testing::HasSubstr("too much of the file is damaged"));
}

// The beginning of a part that claims to be longer than all of them, again and again.
File FalseLargeParts(size_t units, const File& before, const File& behind) {
  constexpr size_t kDistance = 100'000;
  File file;
  std::vector<uint32_t> lengths;
  // Both ends of each say the same length.
  const size_t footers =
      units * (before.size() + kSkippableHeaderBytes + behind.size()) + kDistance;
  for (size_t i = 0; i < units; ++i) {
    Append(before, &file);
    const size_t end = footers + i * sizeof(uint32_t) + kContainerFooterBytes;
    lengths.push_back(static_cast<uint32_t>(end - file.size()));
    File begin(kSkippableHeaderBytes);
    PutFixed(PutFixed(begin.data(), kContainerMagic),
             static_cast<uint32_t>(lengths.back() - kSkippableHeaderBytes));
    Append(begin, &file);
    Append(behind, &file);
  }
  file.resize(footers + units * sizeof(uint32_t) + kContainerFooterBytes, 0x55);
  for (size_t i = 0; i < units; ++i) {
    PutFixed(file.data() + footers + i * sizeof(uint32_t), lengths[i]);
  }
  return file;
}

TEST(ContainerHostileTest, SearchesForASeekTableFromManyPlacesAreNotAllMade) {
  File file = HeadOf(0);
  for (int i = 0; i < 1500; ++i) {
    Append({0x07}, &file);
    Append(PartBuilder(kTickNs).Finish(), &file);
  }
  AppendDamagedFrame(&file);
  ExpectExhausted(ReadContainer(file, [](Bytes) {}).damage);
}

TEST(ContainerHostileTest, FalseLargePartsBetweenTrueOnesAreNotAllSummed) {
  File file = FalseLargeParts(1500, PartBuilder(kTickNs).Finish(), {});
  AppendDamagedFrame(&file);
  ExpectExhausted(ReadContainer(file, [](Bytes) {}).damage);
}

// Each stands in the place of a container's head, and the container holds something all the same.
TEST(ContainerHostileTest, FalseLargeHeadsOfManyContainersAreNotAllSummed) {
  File rest;
  ASSERT_TRUE(FrameCompressor().Compress(File(10, 0x07), &rest));
  const FrameIndex index{.container_bytes = kSkippableHeaderBytes + rest.size()};
  Append(std::move(PartBuilder(kTickNs).Add(index)).Finish(), &rest);
  Append(EncodeSeekTable({}), &rest);
  constexpr size_t kContainers = 200;
  const DecodedContainers decoded = DecodeContainers(FalseLargeParts(kContainers, {}, rest));
  EXPECT_GT(decoded.containers.size(), 2u);
  EXPECT_LT(decoded.containers.size(), kContainers / 2);
}

// Each begins with a block that ends where a chain of others begins, which all would be walked.
TEST(ContainerHostileTest, AChainOfBlocksThatManyFramesLeadToIsNotWalkedForEach) {
  constexpr size_t kFrames = 1000;
  const File begin = {0x28, 0xB5, 0x2F, 0xFD, 0x84, 0x00, 0xE8, 0x03, 0x00, 0x00};
  constexpr size_t kBlockHeaderBytes = 3;
  File file = HeadOf(1 << 20);
  const size_t chain = file.size() + kFrames * (begin.size() + kBlockHeaderBytes);
  const auto append_block = [&file](size_t bytes, uint32_t type) {
    const auto header = static_cast<uint32_t>(bytes << 3) | type << 1;
    for (int i = 0; i < 3; ++i) file.push_back(static_cast<uint8_t>(header >> (8 * i)));
  };
  for (size_t i = 0; i < kFrames; ++i) {
    Append(begin, &file);
    append_block(chain - file.size() - kBlockHeaderBytes, 0);
  }
  while (file.size() < size_t{1} << 19) {
    append_block(1, 1);  // one byte, repeated once
    file.push_back(0x41);
  }
  AppendDamagedFrame(&file);
  ExpectExhausted(ReadContainer(file, [](Bytes) {}).damage);
}

}  // namespace
}  // namespace daybook
