// Segments follow each other while processes come and go as fast as they can.

#include <set>

#include "live/support/live_test.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

constexpr int kChildren = 6000;

class RotationTest : public RecordedTest {
 protected:
  // A segment ends where a drain finds it full: with short intervals a fast machine has many too.
  RotationTest() { recorder_options_ = {"--segment-size", "32K", "--drain-interval", "10ms"}; }
};

TEST_F(RotationTest, NothingIsLostOrToldTwiceBetweenSegments) {
  const std::vector<pid_t> actors = {SpawnActor({"forks", std::to_string(kChildren)}),
                                     SpawnActor({"forks", std::to_string(kChildren)})};
  for (const pid_t actor : actors) ASSERT_EQ(WaitFor(actor).status, 0);
  const KeptLog& log = Stop();

  ASSERT_GT(log.segments.size(), 5u);
  uint64_t next_seq = 1;
  uint64_t segment_no = 1;
  for (const KeptSegment& segment : log.segments) {
    SCOPED_TRACE(segment_no);
    EXPECT_TRUE(segment.complete);
    ASSERT_TRUE(std::holds_alternative<SegmentStart>(segment.entries.at(0).record));
    const auto& start = std::get<SegmentStart>(segment.entries[0].record);
    EXPECT_EQ(start.segment_no, segment_no++);
    EXPECT_EQ(start.first_seq, next_seq);
    EXPECT_THAT(segment.All<SnapBegin>(), SizeIs(1));
    ASSERT_THAT(segment.All<SnapEnd>(), SizeIs(1));
    EXPECT_EQ(segment.All<SnapEnd>()[0].process_count, segment.All<SnapProc>().size());
    for (const auto& entry : segment.entries) {
      if (!entry.seq) continue;
      ASSERT_EQ(*entry.seq, next_seq);
      ++next_seq;
    }
  }

  const auto exits = log.All<Exit>();
  for (const pid_t actor : actors) {
    std::set<std::pair<uint32_t, uint64_t>> born;
    for (const Fork& fork : ChildrenOf(log, actor)) born.emplace(fork.pid, fork.time_ns);
    EXPECT_THAT(born, SizeIs(kChildren));
    std::vector<uint32_t> statuses;
    for (const Exit& exit : exits) {
      if (exit.ppid != static_cast<uint32_t>(actor)) continue;
      EXPECT_EQ(born.erase({exit.pid, exit.start_ns}), 1u) << exit;
      statuses.push_back(exit.wait_status.value_or(~0u));
    }
    EXPECT_THAT(born, SizeIs(0)) << "born and never ended";
    ASSERT_THAT(statuses, SizeIs(kChildren));
    for (uint32_t i = 0; i < kChildren; ++i) ASSERT_EQ(statuses[i], i % 256 << 8);
  }
}

TEST_F(RotationTest, WhoLivesIsInEverySnapshot) {
  const pid_t sleeper = SpawnActor({"sleep"});
  ASSERT_EQ(WaitFor(SpawnActor({"forks", std::to_string(kChildren)})).status, 0);
  const KeptLog& log = Stop();
  kill(sleeper, SIGKILL);
  WaitFor(sleeper);
  const auto forks = log.AllOf<Fork>(static_cast<uint32_t>(sleeper));
  ASSERT_THAT(forks, SizeIs(1));
  ASSERT_GT(log.segments.size(), 3u);
  for (size_t i = 1; i < log.segments.size(); ++i) {
    std::vector<uint64_t> starts;
    for (const SnapProc& process : log.segments[i].All<SnapProc>()) {
      if (process.pid == forks[0].pid) starts.push_back(process.start_ns);
    }
    EXPECT_THAT(starts, ElementsAre(forks[0].time_ns)) << i;
  }
}

}  // namespace
}  // namespace daybook
