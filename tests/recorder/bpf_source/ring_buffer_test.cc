#include "bpf_source/ring_buffer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr uint64_t kRingBytes = 64;
constexpr uint64_t kHeaderBytes = 8;
constexpr uint32_t kBusy = 1u << 31;
constexpr uint32_t kDiscarded = 1u << 30;

// The kernel's side of a ring, in memory. Its pages are mapped twice: here each byte is written
// twice.
class RingTest : public testing::Test {
 protected:
  // Returns the record's position.
  uint64_t Add(std::string_view content, uint32_t bits = 0) {
    const uint64_t position = produced_;
    SetLength(position, static_cast<uint32_t>(content.size()) | bits);
    for (size_t i = 0; i < content.size(); ++i) Set(position + kHeaderBytes + i, content[i]);
    produced_ += (kHeaderBytes + content.size() + 7) / 8 * 8;
    EXPECT_LE(produced_ - consumed_, kRingBytes) << "the kernel would have refused";
    return position;
  }

  void SetLength(uint64_t position, uint32_t length) {
    char bytes[sizeof(length)];
    std::memcpy(bytes, &length, sizeof(length));
    for (size_t i = 0; i < sizeof(length); ++i) Set(position + i, bytes[i]);
  }

  // What one Peek() shows.
  std::vector<std::string> Peek(uint64_t enough_bytes = kRingBytes) {
    std::vector<std::string> seen;
    const auto peeked = reader_.Peek(enough_bytes, [&seen](std::span<const std::byte> record) {
      seen.emplace_back(reinterpret_cast<const char*>(record.data()), record.size());
    });
    EXPECT_EQ(peeked.count, seen.size());
    peeked_bytes_ = peeked.bytes;
    return seen;
  }

  // What it shows when it looks ahead, at most so many.
  std::vector<std::string> LookAhead(uint64_t enough_bytes, size_t most = SIZE_MAX) {
    std::vector<std::string> seen;
    reader_.LookAhead(enough_bytes, [&](std::span<const std::byte> record) {
      seen.emplace_back(reinterpret_cast<const char*>(record.data()), record.size());
      return seen.size() < most;
    });
    return seen;
  }

  void Take() { reader_.Take(); }
  void Commit() {
    reader_.Take();
    reader_.Commit();
  }
  // As another recorder sees it that takes over.
  void Reopen() { reader_ = RingReader(&consumed_, &produced_, data_.data(), kRingBytes); }
  bool HasData() const { return reader_.WaitingBytes() != 0; }
  uint64_t consumed() const { return consumed_; }
  // Of the last Peek().
  uint64_t peeked_bytes() const { return peeked_bytes_; }

 private:
  void Set(uint64_t position, char byte) {
    data_[position % kRingBytes] = data_[position % kRingBytes + kRingBytes] =
        static_cast<std::byte>(byte);
  }

  alignas(8) std::array<std::byte, 2 * kRingBytes> data_{};
  uint64_t consumed_ = 0;
  uint64_t produced_ = 0;
  RingReader reader_{&consumed_, &produced_, data_.data(), kRingBytes};
  uint64_t peeked_bytes_ = 0;
};

TEST_F(RingTest, AnEmptyRingShowsNothing) {
  EXPECT_FALSE(HasData());
  EXPECT_THAT(Peek(), IsEmpty());
  Commit();
  EXPECT_EQ(consumed(), 0u);
}

TEST_F(RingTest, RecordsComeInOrderAndWithTheirTrueLengths) {
  Add("one");
  Add("");
  Add("exactly8");
  EXPECT_TRUE(HasData());
  EXPECT_THAT(Peek(), ElementsAre("one", "", "exactly8"));
}

TEST_F(RingTest, RoomIsGivenBackOnceAndOnlyByCommit) {
  Add("one");
  EXPECT_THAT(Peek(), ElementsAre("one"));
  EXPECT_THAT(Peek(), ElementsAre("one")) << "not taken: seen again";
  Take();
  EXPECT_FALSE(HasData());
  EXPECT_THAT(Peek(), IsEmpty());
  EXPECT_EQ(consumed(), 0u);
  Commit();
  EXPECT_EQ(consumed(), 16u);
  Commit();
  EXPECT_EQ(consumed(), 16u);
  EXPECT_FALSE(HasData());
  EXPECT_THAT(Peek(), IsEmpty());
}

TEST_F(RingTest, WhatIsNotCommittedIsSeenByTheNextReader) {
  Add("one");
  Peek();
  Commit();
  Add("two");
  EXPECT_THAT(Peek(), ElementsAre("two"));
  Take();
  Reopen();
  EXPECT_TRUE(HasData());
  EXPECT_THAT(Peek(), ElementsAre("two"));
}

TEST_F(RingTest, WhatIsAddedAfterAPeekIsNotCommitted) {
  Add("one");
  EXPECT_THAT(Peek(), ElementsAre("one"));
  Add("two");
  Commit();
  EXPECT_THAT(Peek(), ElementsAre("two"));
}

TEST_F(RingTest, ARecordThatIsStillWrittenHoldsBackWhatFollows) {
  Add("one");
  const uint64_t busy = Add("two", kBusy);
  Add("three");
  EXPECT_THAT(Peek(), ElementsAre("one"));
  Commit();
  EXPECT_EQ(consumed(), busy);
  EXPECT_TRUE(HasData());
  SetLength(busy, 3);
  EXPECT_THAT(Peek(), ElementsAre("two", "three"));
}

TEST_F(RingTest, DiscardedRecordsAreSkippedAndTheirRoomIsGivenBack) {
  Add("one");
  Add("gone", kDiscarded);
  Add("two");
  EXPECT_THAT(Peek(), ElementsAre("one", "two"));
  Add("gone", kDiscarded);
  Peek();
  Commit();
  EXPECT_FALSE(HasData());
}

TEST_F(RingTest, RecordsMayCrossTheEnd) {
  for (int round = 0; round < 100; ++round) {
    const std::string content(static_cast<size_t>(round % 50), static_cast<char>('a' + round % 26));
    Add(content);
    EXPECT_THAT(Peek(), ElementsAre(content));
    Commit();
  }
  EXPECT_GT(consumed(), 10 * kRingBytes);
}

TEST_F(RingTest, AFullRingIsReadWhole) {
  for (const char* content : {"1", "2", "3", "4"}) Add(content);
  EXPECT_THAT(Peek(), ElementsAre("1", "2", "3", "4"));
  Commit();
  EXPECT_FALSE(HasData());
}

TEST_F(RingTest, ShowsNoMoreThanEnoughAndTheRestNext) {
  Add("one");
  Add("two");
  Add("three");
  EXPECT_THAT(Peek(17), ElementsAre("one", "two")) << "the second one ends behind that";
  EXPECT_EQ(peeked_bytes(), 32U);
  Take();
  EXPECT_THAT(Peek(UINT64_MAX), ElementsAre("three"));
  EXPECT_EQ(peeked_bytes(), 16U);
}

TEST_F(RingTest, ARecordThatIsStillWrittenIsNotPeekedAt) {
  Add("one");
  Add("two", kBusy);
  Add("three");
  EXPECT_THAT(Peek(48), ElementsAre("one"));
  EXPECT_EQ(peeked_bytes(), 16U);
  Take();
  EXPECT_THAT(Peek(32), IsEmpty());
  EXPECT_EQ(peeked_bytes(), 0U);
  EXPECT_TRUE(HasData());
}

TEST_F(RingTest, WhatIsLookedAtAheadIsNotTakenWithTheRest) {
  for (const char* content : {"1", "2", "3"}) Add(content);
  EXPECT_THAT(Peek(16), ElementsAre("1"));
  EXPECT_THAT(LookAhead(kRingBytes), ElementsAre("2", "3"));
  EXPECT_THAT(LookAhead(16), ElementsAre("2"));
  EXPECT_THAT(LookAhead(kRingBytes, 1), ElementsAre("2"));
  Commit();
  EXPECT_EQ(consumed(), 16U);
  EXPECT_THAT(Peek(), ElementsAre("2", "3"));
  EXPECT_THAT(LookAhead(kRingBytes), IsEmpty());
}

TEST_F(RingTest, AheadItLooksAtNothingThatIsStillWrittenOrWasDiscarded) {
  Add("one");
  Add("gone", kDiscarded);
  Add("two");
  Add("three", kBusy);
  EXPECT_THAT(Peek(16), ElementsAre("one"));
  EXPECT_THAT(LookAhead(kRingBytes), ElementsAre("two"));
}

TEST(RingSizeTest, GrowsWithTheProcessorsWithinBounds) {
  constexpr uint64_t kMib = 1 << 20;
  EXPECT_EQ(DefaultRingBytes(1), 16 * kMib);
  EXPECT_EQ(DefaultRingBytes(16), 16 * kMib);
  EXPECT_EQ(DefaultRingBytes(20), 32 * kMib);
  EXPECT_EQ(DefaultRingBytes(64), 64 * kMib);
  EXPECT_EQ(DefaultRingBytes(4096), 64 * kMib);
}

TEST(RingSizeTest, IsAPowerOfTwoOfWholePages) {
  EXPECT_TRUE(IsRingSize(4096, 4096));
  EXPECT_TRUE(IsRingSize(65536, 4096));
  EXPECT_FALSE(IsRingSize(0, 4096));
  EXPECT_FALSE(IsRingSize(2048, 4096));
  EXPECT_FALSE(IsRingSize(12288, 4096));
  EXPECT_FALSE(IsRingSize(4096, 65536));
}

}  // namespace
}  // namespace daybook
