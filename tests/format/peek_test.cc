#include "daybook/peek.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "compressed_index.h"
#include "container.h"
#include "daybook/compress.h"
#include "support/log_builder.h"

namespace daybook {
namespace {

class PeekTest : public testing::Test {
 protected:
  PeekTest() {
    std::string name = std::filesystem::temp_directory_path() / "daybook-peek-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder_ = name;
    path_ = folder_ / "daybook-00000001.dbk";
  }
  ~PeekTest() override { std::filesystem::remove_all(folder_); }

  SegmentPeek Peek(const std::vector<uint8_t>& bytes) {
    std::ofstream(path_, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    const auto peek = PeekSegment(path_);
    EXPECT_TRUE(peek);
    return *peek;
  }

  static std::vector<uint8_t> Segment(bool closed, uint32_t processes = 2000) {
    LogBuilder log;
    for (uint32_t i = 0; i < processes; ++i) {
      log.Advance(1'000'000);
      log.Add(TestFork(1000 + i, log.now_ns()));
    }
    EXPECT_TRUE(closed ? log.writer().Close() : log.writer().Flush());
    return log.Segment();
  }

  std::filesystem::path folder_;
  std::filesystem::path path_;
};

TEST_F(PeekTest, HeadAndEndOfAClosedSegment) {
  const SegmentPeek peek = Peek(Segment(true));
  ASSERT_TRUE(peek.start);
  ASSERT_TRUE(peek.end);
  EXPECT_EQ(peek.start->segment_no, 1U);
  EXPECT_EQ(peek.end->next_seq - peek.end->first_seq, 2000U);
  EXPECT_EQ(peek.end->last_time_ns, kTestBootNs + 2'000'000'000);
  EXPECT_EQ(peek.end->last_realtime_ns, kTestRealtimeNs + 2'000'000'000);
}

TEST_F(PeekTest, AnOpenSegmentHasNoEnd) {
  const SegmentPeek peek = Peek(Segment(false));
  EXPECT_TRUE(peek.start);
  EXPECT_FALSE(peek.end);
}

TEST_F(PeekTest, AnEndThatDoesNotFitTheFileSaysNothing) {
  const auto bytes = Segment(true);
  auto other = bytes;
  other.push_back(0);
  EXPECT_FALSE(Peek(other).end) << "something stands behind it";
  other = bytes;
  other.erase(other.begin() + 20'000);
  EXPECT_FALSE(Peek(other).end) << "a byte is missing";
  other = bytes;
  const auto second = Segment(true);
  other.insert(other.end(), second.begin(), second.end());
  EXPECT_FALSE(Peek(other).end) << "it is that of another segment";
  EXPECT_TRUE(Peek(other).start);
}

TEST_F(PeekTest, WhatNoChecksumProvesIsNotBelieved) {
  const auto bytes = Segment(true);
  auto other = bytes;
  other[20] ^= 1;
  EXPECT_FALSE(Peek(other).start);
  other = bytes;
  other[other.size() - 60] ^= 1;
  EXPECT_TRUE(Peek(other).start);
  EXPECT_FALSE(Peek(other).end);
}

TEST_F(PeekTest, EveryTruncationOfAShortSegment) {
  const auto bytes = Segment(true, 3);
  for (size_t size = 0; size < bytes.size(); size += 7) {
    const SegmentPeek peek = Peek({bytes.begin(), bytes.begin() + static_cast<long>(size)});
    EXPECT_FALSE(peek.end) << size;
  }
  EXPECT_TRUE(Peek(bytes).end);
}

TEST_F(PeekTest, ACompressedSegmentSaysTheSame) {
  const SegmentPeek raw = Peek(Segment(true));
  const auto folder = OpenLogFolder(folder_);
  ASSERT_TRUE(CompressSegment(**folder, 1));
  const auto peek = PeekSegment(path_.string() + ".zst");
  ASSERT_TRUE(peek);
  EXPECT_EQ(peek->start, raw.start);
  ASSERT_TRUE(peek->end);
  EXPECT_EQ(peek->end->next_seq, raw.end->next_seq);
  EXPECT_EQ(peek->end->first_time_ns, raw.end->first_time_ns);
  EXPECT_EQ(peek->end->last_time_ns, raw.end->last_time_ns);
  EXPECT_EQ(peek->end->first_realtime_ns, raw.end->first_realtime_ns);
  EXPECT_EQ(peek->end->last_realtime_ns, raw.end->last_realtime_ns);
}

class PeekCompressedTest : public PeekTest {
 protected:
  // With readings of the clock, each so much later by the wall clock than by the other one.
  std::vector<uint8_t> Compressed(const std::vector<int64_t>& steps_ns) {
    LogBuilder log;
    for (const int64_t step_ns : steps_ns) {
      log.Advance(1'000'000);
      log.Add(TestFork(1000, log.now_ns()));
      Clock clock{.time_ns = log.now_ns()};
      clock.realtime_ns =
          kTestRealtimeNs + static_cast<int64_t>(log.now_ns() - kTestBootNs) + step_ns;
      log.Add(clock);
    }
    EXPECT_TRUE(log.writer().Close());
    Peek(log.Segment());
    std::filesystem::remove(path_.string() + ".zst");
    const auto folder = OpenLogFolder(folder_);
    EXPECT_TRUE(CompressSegment(**folder, 1));
    const auto bytes = (*folder)->Read("daybook-00000001.dbk.zst");
    return bytes ? *bytes : std::vector<uint8_t>();
  }
};

TEST_F(PeekCompressedTest, WhereTheClockWasNotSetTheHeadSaysAll) {
  auto bytes = Compressed({0, 900'000, -900'000});
  const SegmentPeek whole = Peek(bytes);
  ASSERT_TRUE(whole.end);
  EXPECT_TRUE(whole.clocks.empty());
  EXPECT_EQ(whole.end->last_time_ns, kTestBootNs + 3'000'000);
  const auto seek_table = FindSeekTable(bytes);
  ASSERT_TRUE(seek_table);
  for (size_t i = 250; i < *seek_table; ++i) bytes[i] ^= 1;
  const SegmentPeek peek = Peek(bytes);
  EXPECT_EQ(peek.start, whole.start);
  EXPECT_EQ(peek.end, whole.end);
}

TEST_F(PeekCompressedTest, WhereItWasSetTheIndexDoes) {
  for (const int64_t step_ns : {1'000'001, -1'000'001}) {
    const SegmentPeek peek = Peek(Compressed({0, step_ns, 0}));
    ASSERT_TRUE(peek.end);
    ASSERT_EQ(peek.clocks.size(), 4U) << "the first is that of the start, and it was set back";
    EXPECT_EQ(peek.clocks[2].realtime_ns, kTestRealtimeNs + 2'000'000 + step_ns);
  }
}

TEST_F(PeekCompressedTest, TheHeadSaysWhatTheIndexSays) {
  for (const std::vector<int64_t>& steps_ns :
       std::vector<std::vector<int64_t>>{{0}, {0, 700'000}, {0, 0, -900'000}}) {
    auto bytes = Compressed(steps_ns);
    const auto end = Peek(bytes).end;
    ASSERT_TRUE(end);
    const auto index = ReadCompressedIndex(bytes);
    ASSERT_TRUE(index);
    EXPECT_EQ(end, EndOf(*index));
  }
}

TEST_F(PeekCompressedTest, SeveralInOneFileHaveNoEnd) {
  const auto one = Compressed({0});
  auto two = one;
  const auto second = Compressed({0, 0});
  two.insert(two.end(), second.begin(), second.end());
  EXPECT_TRUE(Peek(one).end);
  EXPECT_FALSE(Peek(two).end);
}

TEST_F(PeekCompressedTest, OneThatLacksBytesHasNoEnd) {
  const auto bytes = Compressed({0, 0, 0});
  ASSERT_GT(bytes.size(), 400U);
  for (size_t at = 230; at + 150 < bytes.size(); ++at) {
    auto cut = bytes;
    cut.erase(cut.begin() + static_cast<long>(at));
    EXPECT_FALSE(Peek(cut).end) << at;
  }
}

TEST_F(PeekCompressedTest, OneThatWasCutHasNoEnd) {
  auto bytes = Compressed({0});
  while (!bytes.empty()) {
    bytes.pop_back();
    EXPECT_FALSE(Peek(bytes).end) << bytes.size();
  }
}

TEST_F(PeekTest, WhatIsNoFileOfASegment) {
  EXPECT_FALSE(PeekSegment(folder_ / "nothing"));
  EXPECT_FALSE(Peek({}).start);
  EXPECT_FALSE(Peek(std::vector<uint8_t>(50'000, 'x')).start);
  EXPECT_FALSE(PeekSegment("/dev/null"));
}

TEST_F(PeekTest, AFilesNameSaysItsNumber) {
  EXPECT_EQ(SegmentNumberOf("/a/daybook-00000042.dbk"), 42U);
  EXPECT_EQ(SegmentNumberOf("daybook-00000042.dbk.zst"), 42U);
  EXPECT_EQ(SegmentNumberOf("daybook-123456789.dbk"), 123456789U);
  EXPECT_EQ(SegmentNumberOf("/daybook-00000042.dbk/other"), std::nullopt);
}

// Two names of a number would hide one of the files; and a number must have one behind it.
TEST_F(PeekTest, AFilesNameIsOfTheOneFormThatARecorderGivesIt) {
  EXPECT_EQ(SegmentNumberOf("daybook-1000000000000000000.dbk"), 1'000'000'000'000'000'000U);
  for (const char* name :
       {"daybook-1000000000000000001.dbk", "daybook-18446744073709551615.dbk",
        "daybook-99999999999999999999.dbk", "daybook-000000005.dbk", "daybook-0000005.dbk",
        "daybook-+0000005.dbk", "daybook-0x000005.dbk", "daybook-.dbk"}) {
    EXPECT_EQ(SegmentNumberOf(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace daybook
