#include "log/written_events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/log_builder.h"

namespace daybook {
namespace {

using testing::Optional;

CommChange Renamed(uint32_t pid, uint64_t time_ns) {
  return {.time_ns = time_ns, .pid = pid, .start_ns = kTestBootNs, .comm = "new"};
}

TEST(WrittenEventsTest, EachIsTakenOutAsOftenAsItWasWritten) {
  WrittenEvents written;
  written.Add(TestFork(10));
  written.Add(Renamed(10, kTestBootNs));
  written.Add(Renamed(10, kTestBootNs));
  EXPECT_TRUE(written.TakeOut(TestFork(10)));
  EXPECT_FALSE(written.TakeOut(TestFork(10)));
  EXPECT_TRUE(written.TakeOut(Renamed(10, kTestBootNs)));
  EXPECT_TRUE(written.TakeOut(Renamed(10, kTestBootNs)));
  EXPECT_FALSE(written.TakeOut(Renamed(10, kTestBootNs)));
}

TEST(WrittenEventsTest, OthersStay) {
  WrittenEvents written;
  written.Add(TestFork(10));
  EXPECT_FALSE(written.TakeOut(TestFork(11)));
  EXPECT_FALSE(written.TakeOut(TestFork(10, kTestBootNs + 1'000))) << "another one of that pid";
  EXPECT_FALSE(written.TakeOut(Renamed(10, kTestBootNs))) << "of another type";
  EXPECT_FALSE(written.TakeOut(TestExit(10)));
  EXPECT_FALSE(written.TakeOut(CgroupPath{.time_ns = kTestBootNs, .id = 10, .path = "/a"}));
}

TEST(WrittenEventsTest, AnotherNameInTheSameMicrosecondIsAnotherChange) {
  WrittenEvents written;
  written.Add(Renamed(10, kTestBootNs));
  CommChange another = Renamed(10, kTestBootNs);
  another.comm = "newer";
  EXPECT_FALSE(written.TakeOut(another));
  EXPECT_TRUE(written.TakeOut(Renamed(10, kTestBootNs)));
}

TEST(WrittenEventsTest, TheLogKnowsMicrosecondsOnly) {
  WrittenEvents written;
  written.Add(TestFork(10, 5'000'000));
  EXPECT_TRUE(written.TakeOut(TestFork(10, 5'000'999)));
}

TEST(WrittenEventsTest, AnEndThatWasWrittenWithoutItsReapLacksIt) {
  WrittenEvents written;
  written.Add(TestExit(10));
  Exit exit = TestExit(10);
  EXPECT_EQ(written.MissingReap(exit), std::nullopt) << "it has come without its reap again";
  exit.flags |= kProcUsageExact;
  exit.zombie_us = 7;
  EXPECT_TRUE(written.TakeOut(exit));
  const auto reap = written.MissingReap(exit);
  ASSERT_TRUE(reap);
  EXPECT_EQ(reap->time_ns, exit.time_ns + 7'000);
  EXPECT_EQ(reap->pid, 10u);
  EXPECT_EQ(reap->start_ns, exit.start_ns);
  EXPECT_EQ(reap->flags, exit.flags);
  EXPECT_THAT(reap->cpu_us, Optional(10));
}

TEST(WrittenEventsTest, AnEndThatWasWrittenWithItsReapLacksNothing) {
  WrittenEvents written;
  Exit exit = TestExit(10);
  exit.flags |= kProcUsageExact;
  written.Add(exit);
  EXPECT_TRUE(written.TakeOut(exit));
  EXPECT_EQ(written.MissingReap(exit), std::nullopt);
  exit.pid = 11;
  EXPECT_EQ(written.MissingReap(exit), std::nullopt) << "not written at all";
}

TEST(WrittenEventsTest, AReapThatNowComesBehindItsEndWasWrittenWithIt) {
  const Reap reap{.pid = 10, .start_ns = TestExit(10).start_ns};
  WrittenEvents written;
  written.Add(TestExit(10));
  EXPECT_FALSE(written.TakeOut(reap)) << "it was written without";
  Exit exit = TestExit(10);
  exit.flags |= kProcUsageExact;
  written.Add(exit);
  EXPECT_TRUE(written.TakeOut(reap));
  EXPECT_FALSE(written.TakeOut(Reap{.pid = 10, .start_ns = reap.start_ns + 1000}));
}

}  // namespace
}  // namespace daybook
