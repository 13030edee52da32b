// Where the disk or the source fails, recording goes on.

#include <cerrno>

#include "recorder/recorder_fixture.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

TEST_F(RecorderTest, AFullDiskAtTheStartIsWaitedFor) {
  const auto give_room = [this] { log_.disk().fault = [](std::string_view, size_t) { return 0; }; };
  log_.disk().fault = [](std::string_view, size_t) { return ENOSPC; };
  source_.Then(TestFork(10)).ThenDo([&](EventSink& sink) {
    give_room();
    log_.Advance(2'000 * kMs);
    sink.OnFork(TestFork(11));
    return size_t{1};
  });
  source_.Then(TestFork(12));
  EXPECT_THAT(RecordAndListen(), HasSubstr("No space left on device; going on"));
  EXPECT_THAT(PidsOfForks(), ElementsAre(10, 11, 12));
}

TEST_F(RecorderTest, WhileSyncsKeepFailingThereIsOneSnapshotMoreAndOneComplaint) {
  for (uint32_t second = 1; second <= 300; ++second) {
    source_.ThenDo([this, second](EventSink& sink) {
      log_.disk().fault = [](std::string_view operation, size_t) {
        return operation == "sync" ? EIO : 0;
      };
      log_.Advance(1'000 * kMs);
      sink.OnFork(TestFork(second));
      return size_t{1};
    });
  }
  source_.ThenDo([this](EventSink&) {
    log_.disk().fault = [](std::string_view, size_t) { return 0; };
    log_.Advance(60'000 * kMs);
    return size_t{0};
  });
  source_.Then(TestFork(301));
  const std::string said = RecordAndListen();
  EXPECT_EQ(source_.snapshots, 2);
  EXPECT_EQ(said.find("going on"), said.rfind("going on")) << said;
  EXPECT_THAT(said, HasSubstr("recording again"));
  EXPECT_THAT(PidsOfForks(), SizeIs(301));
}

TEST_F(RecorderTest, AWriteThatFailsCostsNothingButTheSegment) {
  source_.Then(TestFork(10)).ThenDo([this](EventSink& sink) {
    log_.disk().fault = [failed = false](std::string_view operation, size_t) mutable {
      return operation == "write" && !std::exchange(failed, true) ? ENOSPC : 0;
    };
    sink.OnFork(TestFork(11));
    return size_t{1};
  });
  source_.Then(TestFork(12));
  const std::string said = RecordAndListen();
  EXPECT_THAT(said, HasSubstr("No space left on device; going on"));
  EXPECT_THAT(said, HasSubstr("recording again"));
  ASSERT_THAT(Log().segments, SizeIs(2));
  EXPECT_THAT(PidsOfForks(), ElementsAre(10, 11, 12));
  auto types = Types(1);  // the block that failed, and then
  types.erase(types.begin(), types.end() - 8);
  EXPECT_THAT(types, ElementsAre("snap_begin", "snap_proc", "snap_proc", "snap_proc", "snap_end",
                                 "fork", "recorder", "segment_end"));
}

TEST_F(RecorderTest, WhileTheDiskIsFullEventsWait) {
  source_.Then(TestFork(10)).ThenDo([this](EventSink& sink) {
    log_.disk().fault = [](std::string_view, size_t) { return ENOSPC; };
    sink.OnFork(TestFork(11));
    return size_t{1};
  });
  source_.Then(TestFork(12)).ThenDo([this](EventSink& sink) {
    log_.disk().fault = [](std::string_view, size_t) { return 0; };
    log_.Advance(2'000 * kMs);  // past the writer's retry interval
    sink.OnFork(TestFork(13));
    return size_t{1};
  });
  source_.ThenDo([this](EventSink&) {
    log_.Advance(1'000 * kMs);  // until the next sync, which must succeed too
    return size_t{0};
  });
  source_.Then(TestFork(14));
  const std::string said = RecordAndListen();
  EXPECT_THAT(PidsOfForks(), ElementsAre(10, 11, 12, 13, 14));
  const KeptLog log = Log();
  for (const KeptSegment& segment : log.segments) {
    EXPECT_THAT(segment.All<SnapEnd>(), Not(IsEmpty()));
  }
  EXPECT_THAT(said, HasSubstr("going on"));
  EXPECT_THAT(said, HasSubstr("recording again"));
}

TEST_F(RecorderTest, ASourceThatFailsOnceIsAskedAgain) {
  source_.ThenDo([](EventSink&) -> Result<size_t> { return Error("no events today"); });
  source_.Then(TestFork(10));
  const std::string said = RecordAndListen();
  EXPECT_THAT(said, HasSubstr("no events today; going on"));
  EXPECT_THAT(PidsOfForks(), ElementsAre(10));
}

// Beside a disk that is well, once in each time of trouble.
TEST_F(RecorderTest, ASourceThatGoesOnFailingIsComplainedOfOnce) {
  const auto fail = [](EventSink&) -> Result<size_t> { return Error("no events today"); };
  source_.ThenDo(fail).ThenDo(fail).ThenDo(fail);
  source_.Then(TestFork(10));
  const std::string said = RecordAndListen();
  EXPECT_EQ(said, "daybookd: no events today; going on\ndaybookd: recording again\n");
}

}  // namespace
}  // namespace daybook
