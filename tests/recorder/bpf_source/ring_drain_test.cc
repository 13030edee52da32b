// What waits in a ring is told batch by batch.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <random>
#include <variant>
#include <vector>

#include "bpf_source/bpf_decode.h"
#include "bpf_source/ring_buffer.h"
#include "recorder/kept.h"
#include "recorder/kernel_events.h"

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

exit_event EndOf(uint32_t pid) {
  exit_event event = AnExit();
  event.pid = pid;
  return event;
}

template <class Record>
std::vector<uint32_t> PidsOf(const std::vector<Record>& records) {
  std::vector<uint32_t> pids;
  for (const Record& record : records) pids.push_back(record.pid);
  return pids;
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

  // An end with room for nothing more.
  void AddBirthsAndAnEndUpTo(uint64_t bytes) {
    const Bytes end = Pack(AnExit());
    AddBirths(bytes - RoomOf(end));
    Add(end);
    ASSERT_GE(WaitingBytes(), bytes);
  }

  RingDrain::Drained Next() { return drain_.Next(told_); }
  void Commit() { reader_.Commit(); }
  std::vector<uint32_t> PidsBorn() const { return PidsOf(told_.All<Fork>()); }

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

TEST_F(RingDrainTest, AReapInTheBatchBehindItsEndGoesIntoIt) {
  AddBirthsAndAnEndUpTo(kBatchBytes);
  Add(Pack(AReap()));
  EXPECT_FALSE(batch_.took_from_next());
  Next();
  ASSERT_THAT(told_.All<Exit>(), SizeIs(1));
  EXPECT_NE(told_.All<Exit>()[0].flags & kProcUsageExact, 0U);
  EXPECT_TRUE(batch_.took_from_next());
  ASSERT_TRUE(drain_.has_more());
  EXPECT_EQ(Next().count, 1U);
  EXPECT_FALSE(batch_.took_from_next());
  EXPECT_THAT(told_.All<Exit>(), SizeIs(1));
  EXPECT_THAT(told_.All<Reap>(), IsEmpty());
}

// Also where others wait for theirs, and come first.
TEST_F(RingDrainTest, OfReapsInTheNextBatchEachGoesIntoItsEndOrIsToldByItself) {
  Add(Pack(EndOf(1)));
  Next();
  Commit();
  AddBirths(kBatchBytes - 3 * RoomOf(Pack(AnExit())));
  for (const uint32_t pid : {2, 3, 4}) Add(Pack(EndOf(pid)));
  for (const uint32_t pid : {3, 1, 2}) Add(Pack(AReap(pid)));
  Next();
  ASSERT_TRUE(drain_.has_more());
  Next();
  EXPECT_THAT(PidsOf(told_.All<Reap>()), ElementsAre(1));
  Add(Pack(AReap(4)));
  Add(Pack(AReap(3)));
  Next();
  EXPECT_THAT(PidsOf(told_.All<Reap>()), ElementsAre(1, 4));
  std::vector<uint32_t> exact;
  for (const Exit& exit : told_.All<Exit>()) {
    if ((exit.flags & kProcUsageExact) != 0) exact.push_back(exit.pid);
  }
  EXPECT_THAT(exact, ElementsAre(2, 3));
}

TEST_F(RingDrainTest, AReapThatIsTooFarBehindItsEndIsToldByItself) {
  AddBirthsAndAnEndUpTo(kBatchBytes);
  AddBirths(WaitingBytes() + kLookAheadBytes);
  Add(Pack(AReap()));
  Next();
  EXPECT_FALSE(batch_.took_from_next());
  Next();
  EXPECT_THAT(told_.All<Exit>(), SizeIs(1));
  EXPECT_THAT(told_.All<Reap>(), SizeIs(1));
}

// What it took could not be given back before that one.
TEST_F(RingDrainTest, AReapOfTheNextDrainIsToldByItself) {
  AddBirthsAndAnEndUpTo(kBatchBytes / 2);
  Next();
  Add(Pack(AReap()));
  EXPECT_FALSE(batch_.took_from_next());
  Next();
  EXPECT_THAT(told_.All<Reap>(), SizeIs(1));
}

// What took a reap from the next batch could be given back only with that.
TEST_F(RingDrainTest, WhereMoreThanHalfOfTheRingWaitsEachBatchCanBeGivenBackAtOnce) {
  AddBirthsAndAnEndUpTo(kBatchBytes);
  Add(Pack(AReap()));
  AddBirths(kRingBytes / 2);
  Next();
  EXPECT_FALSE(batch_.took_from_next());
  Next();
  EXPECT_THAT(told_.All<Reap>(), SizeIs(1));
}

TEST_F(RingDrainTest, BehindTheBatchNothingIsLookedAtThatIsStillWritten) {
  AddBirthsAndAnEndUpTo(kBatchBytes);
  Add(Pack(Born(900)), kBusy);
  Add(Pack(AReap()));
  Next();
  EXPECT_FALSE(batch_.took_from_next());
}

// Whoever takes over begins there.
TEST_F(RingDrainTest, NoReapIsLeftInTheRingWhoseEndIsGivenBackWithIt) {
  std::mt19937 random(47);
  std::deque<uint32_t> zombies;
  std::map<uint32_t, uint64_t> reaped_at;  // position in the ring
  size_t checked = 0;
  int took_from_next = 0;
  for (int round = 0; round < 30; ++round) {
    const uint64_t waiting = random() % (3 * kBatchBytes);
    const size_t most_zombies = random() % 600;
    while (WaitingBytes() < waiting) {
      zombies.push_back(++last_born_);
      Add(Pack(EndOf(last_born_)));
      for (; zombies.size() > most_zombies; zombies.pop_front()) {
        reaped_at[zombies.front()] = produced_;
        Add(Pack(AReap(zombies.front())));
      }
    }
    do {
      Next();
      took_from_next += batch_.took_from_next() ? 1 : 0;
      if (batch_.took_from_next()) continue;
      Commit();
      for (; checked < told_.events.size(); ++checked) {
        const auto* const exit = std::get_if<Exit>(&told_.events[checked]);
        const bool is_exact = exit != nullptr && (exit->flags & kProcUsageExact) != 0;
        if (is_exact) ASSERT_LT(reaped_at.at(exit->pid), consumed_);
      }
    } while (drain_.has_more());
    ASSERT_EQ(WaitingBytes(), 0U) << "of each drain all";
  }
  const auto exits = told_.All<Exit>();
  const auto exact = std::ranges::count_if(
      exits, [](const Exit& exit) { return (exit.flags & kProcUsageExact) != 0; });
  EXPECT_THAT(exits, SizeIs(last_born_));
  EXPECT_EQ(static_cast<size_t>(exact) + told_.All<Reap>().size(), reaped_at.size());
  EXPECT_GT(took_from_next, 5);
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
