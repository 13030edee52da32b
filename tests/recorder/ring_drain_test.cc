// What waits in a ring is told batch by batch.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "bpf_decode.h"
#include "recorder/kept.h"
#include "recorder/kernel_events.h"
#include "ring_buffer.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr uint64_t kRingBytes = 4 * kBatchBytes;

fork_event Born(uint32_t pid) {
  fork_event event = AFork();
  event.pid = pid;
  return event;
}

class RingDrainTest : public testing::Test {
 protected:
  // As the kernel's program does it. Its pages are mapped twice: here each byte is written twice.
  void Add(const Bytes& event, uint32_t bits = 0) {
    ASSERT_LE(WaitingBytes() + RoomOf(event), kRingBytes) << "the kernel would have refused";
    const auto length = static_cast<uint32_t>(event.size()) | bits;
    Put(produced_, &length, sizeof(length));
    Put(produced_ + kHeaderBytes, event.data(), event.size());
    produced_ += RoomOf(event);
  }
  void AddBirths(uint64_t until_bytes) {
    for (const uint64_t end = consumed_ + until_bytes; produced_ < end;) {
      Add(Pack(Born(++last_born_)));
    }
  }

  RingDrain::Drained Next() { return drain_.Next(told_); }
  void Commit() { reader_.Commit(); }
  std::vector<uint32_t> PidsBorn() const {
    std::vector<uint32_t> pids;
    for (const Fork& fork : told_.All<Fork>()) pids.push_back(fork.pid);
    return pids;
  }

  uint64_t WaitingBytes() const { return produced_ - consumed_; }
  static uint64_t RoomOf(const Bytes& event) { return kHeaderBytes + (event.size() + 7) / 8 * 8; }

  static constexpr uint32_t kBusy = 1u << 31;

  KeptEvents told_;
  uint32_t last_born_ = 0;
  EventBatch batch_;
  uint64_t consumed_ = 0;
  uint64_t produced_ = 0;

 private:
  static constexpr uint64_t kHeaderBytes = 8;

  void Put(uint64_t position, const void* bytes, size_t size) {
    const uint64_t at = position % kRingBytes;
    std::memcpy(data_.data() + at, bytes, size);
    // The other place of each: behind the first data, or before the second.
    const uint64_t before_the_end = std::min<uint64_t>(size, kRingBytes - at);
    std::memcpy(data_.data() + at + kRingBytes, bytes, before_the_end);
    std::memcpy(data_.data(), static_cast<const std::byte*>(bytes) + before_the_end,
                size - before_the_end);
  }

  std::vector<std::byte> data_ = std::vector<std::byte>(2 * kRingBytes);
  RingReader reader_{&consumed_, &produced_, data_.data(), kRingBytes};

 protected:
  RingDrain drain_{reader_, batch_};
};

TEST_F(RingDrainTest, EachBatchCanBeGivenBackBeforeTheNext) {
  for (int round = 0; round < 4; ++round) {  // and so across the ring's end
    AddBirths(2 * kBatchBytes + kBatchBytes / 2);
    size_t count = 0;
    for (int batch = 0; batch < 3; ++batch) {
      const uint64_t waited = WaitingBytes();
      count += Next().count;
      EXPECT_EQ(drain_.has_more(), batch < 2);
      Commit();
      EXPECT_LE(WaitingBytes(), waited - std::min(waited, kBatchBytes));
    }
    EXPECT_EQ(WaitingBytes(), 0U);
    const std::vector<uint32_t> pids = PidsBorn();
    ASSERT_THAT(pids, SizeIs(last_born_));
    EXPECT_EQ(pids.front(), 1U);
    EXPECT_EQ(pids.back(), last_born_);
    EXPECT_GT(count, 0U);
  }
}

TEST_F(RingDrainTest, WhatComesMeanwhileIsOfTheNextDrain) {
  AddBirths(kBatchBytes + kBatchBytes / 2);
  const uint32_t waited = last_born_;
  Next();
  Commit();
  AddBirths(kBatchBytes);
  EXPECT_TRUE(drain_.has_more());
  Next();
  EXPECT_FALSE(drain_.has_more());
  EXPECT_THAT(PidsBorn(), SizeIs(waited));
  Next();
  EXPECT_THAT(PidsBorn(), SizeIs(last_born_));
}

TEST_F(RingDrainTest, BehindARecordThatIsStillWrittenItEnds) {
  AddBirths(1);
  Add(Pack(Born(900)), kBusy);
  AddBirths(2 * kBatchBytes);
  EXPECT_EQ(Next().count, 1U);
  EXPECT_FALSE(drain_.has_more());
  EXPECT_EQ(Next().count, 0U);
  EXPECT_FALSE(drain_.has_more());
}

TEST_F(RingDrainTest, OfAnEmptyRingNothingIsTold) {
  EXPECT_EQ(Next().count, 0U);
  EXPECT_FALSE(drain_.has_more());
}

TEST_F(RingDrainTest, AReapInTheBatchBehindItsEndIsToldByItself) {
  const Bytes end = Pack(AnExit());
  AddBirths(kBatchBytes - RoomOf(end));
  Add(end);
  ASSERT_GE(produced_, kBatchBytes);
  Add(Pack(AReap()));
  Next();
  EXPECT_THAT(told_.All<Exit>(), SizeIs(1));
  EXPECT_THAT(told_.All<Reap>(), IsEmpty());
  EXPECT_TRUE(drain_.has_more());
  EXPECT_EQ(Next().count, 1U);
  EXPECT_THAT(told_.All<Exit>(), SizeIs(1));
  ASSERT_THAT(told_.All<Reap>(), SizeIs(1));
  EXPECT_EQ(told_.All<Reap>()[0].pid, told_.All<Exit>()[0].pid);
}

TEST_F(RingDrainTest, DamagedEventsAreLeftOutAndCounted) {
  AddBirths(1);
  Add(Bytes(24));
  AddBirths(WaitingBytes() + 1);
  const RingDrain::Drained drained = Next();
  EXPECT_EQ(drained.count, 3U);
  EXPECT_EQ(drained.damaged, 1U);
  EXPECT_THAT(PidsBorn(), ElementsAre(1, 2));
}

}  // namespace
}  // namespace daybook
