// Segments are left out that lie outside of a window of time; in doubt a file is read.

#include "log/segment_skips.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "lives/lives.h"
#include "time/window.h"

namespace daybook {
namespace {

using testing::ElementsAre;

class SegmentSkipsTest : public testing::Test {
 protected:
  static PeekedFile File(uint64_t number, uint8_t boot, int64_t first_ns, int64_t last_ns) {
    PeekedFile file{.peek = {}, .holds_one_segment = true};
    file.peek.start = SegmentStart{.segment_no = number, .time_ns = 0, .realtime_ns = first_ns};
    file.peek.start->boot_id.bytes.fill(boot);
    file.peek.end = SegmentEnd{.time_ns = 50,
                               .first_time_ns = 0,
                               .last_time_ns = 50,
                               .first_realtime_ns = first_ns,
                               .last_realtime_ns = last_ns};
    return file;
  }
  // Dates all by one clock that runs from `boot_ns` on.
  static void SetClock(std::vector<PeekedFile>& files, int64_t boot_ns) {
    for (PeekedFile& file : files) {
      SegmentStart& start = *file.peek.start;
      SegmentEnd& end = *file.peek.end;
      const auto since_boot = [&](int64_t real_ns) {
        return static_cast<uint64_t>(std::max<int64_t>(real_ns - boot_ns, 0));
      };
      start.time_ns = since_boot(start.realtime_ns);
      end.first_time_ns = since_boot(*end.first_realtime_ns);
      end.last_time_ns = since_boot(*end.last_realtime_ns);
      end.time_ns = *end.last_time_ns;
    }
  }

  std::vector<Part> Parts(const Window& window, size_t kept_before) const {
    return PartsForLives(files_, window, kept_before,
                         [this](size_t file) { return !failed_.contains(file); });
  }

  std::set<size_t> failed_;  // snapshots
  std::vector<PeekedFile> files_{File(1, 1, 100, 200), File(2, 1, 200, 300), File(3, 2, 400, 500),
                                 File(4, 2, 500, 600), File(5, 2, 600, 700)};
};

TEST_F(SegmentSkipsTest, SegmentsThatLieOutsideAreLeftOut) {
  EXPECT_THAT(SegmentsOutside(files_, {.since_ns = 301, .until_ns = 500}),
              ElementsAre(true, true, false, true, true));
  EXPECT_THAT(SegmentsOutside(files_, {.since_ns = 300, .until_ns = 501}),
              ElementsAre(true, false, false, false, true));
}

TEST_F(SegmentSkipsTest, BootsThatLieOutsideAreLeftOutButForWhatOthersNeed) {
  EXPECT_THAT(BootsOutside(files_, {.since_ns = 700}),
              ElementsAre(true, true, false, false, false));
  EXPECT_THAT(BootsOutside(files_, {.since_ns = 800}), ElementsAre(true, true, false, false, false))
      << "the last boot still runs";
  EXPECT_THAT(BootsOutside(files_, {.until_ns = 400}), ElementsAre(false, false, false, true, true))
      << "the first file ends the boot before";
  EXPECT_THAT(BootsOutside(files_, {.until_ns = 401}),
              ElementsAre(false, false, false, false, false));
}

constexpr Part kNothing = Part::kNothing;
constexpr Part kHead = Part::kHead;
constexpr Part kAll = Part::kAll;

TEST_F(SegmentSkipsTest, OfABootWhatIsBeforeTheWindowIsLeftOut) {
  SetClock(files_, 400);  // of the second boot
  EXPECT_THAT(Parts({.since_ns = 620}, 1), ElementsAre(kNothing, kNothing, kNothing, kAll, kAll))
      << "who ended before the snapshot was born in the one before";
  EXPECT_THAT(Parts({.since_ns = 620}, 0),
              ElementsAre(kNothing, kNothing, kNothing, kNothing, kAll));
  EXPECT_THAT(Parts({.since_ns = 800}, 0),
              ElementsAre(kNothing, kNothing, kNothing, kNothing, kAll))
      << "the last one tells who still lives";
  EXPECT_THAT(Parts({.since_ns = 510, .until_ns = 520}, 0),
              ElementsAre(kNothing, kNothing, kNothing, kAll, kAll))
      << "lives go on behind the window";
}

TEST_F(SegmentSkipsTest, TheHeadOfASegmentThatIsBeingWrittenIsNotReliedUpon) {
  SetClock(files_, 400);
  files_[4].peek.end.reset();
  EXPECT_THAT(Parts({.since_ns = 800}, 0), ElementsAre(kNothing, kNothing, kNothing, kAll, kAll));
}

TEST_F(SegmentSkipsTest, WhereLivesArePlacedByTheirEndsTheHeadBehindTheWindowIsEnough) {
  SetClock(files_, 400);
  const Window window{.since_ns = 410, .until_ns = 420, .rule = WindowRule::kEnd};
  EXPECT_THAT(Parts(window, 0), ElementsAre(kNothing, kNothing, kAll, kHead, kHead))
      << "events may be late for longer than that segment";
  files_[4].peek.start->time_ns += 2 * kMaxLatenessNs;
  EXPECT_THAT(Parts(window, 0), ElementsAre(kNothing, kNothing, kAll, kHead, kNothing));
  files_[4].peek.end.reset();
  EXPECT_THAT(Parts(window, 0), ElementsAre(kNothing, kNothing, kAll, kHead, kAll))
      << "what is not known is read";
}

TEST_F(SegmentSkipsTest, AHeadWhoseSnapshotFailedIsNotReliedUpon) {
  SetClock(files_, 400);
  failed_ = {4};
  EXPECT_THAT(Parts({.since_ns = 620}, 0), ElementsAre(kNothing, kNothing, kNothing, kAll, kAll));
  failed_ = {3, 4};
  EXPECT_THAT(Parts({.since_ns = 620}, 0), ElementsAre(kNothing, kNothing, kAll, kAll, kAll));
  EXPECT_THAT(Parts({.since_ns = 620}, 1), ElementsAre(kNothing, kNothing, kAll, kAll, kAll));
  for (size_t i = 3; i < 5; ++i) files_[i].peek.start->time_ns += i * 2 * kMaxLatenessNs;
  const Window window{.since_ns = 410, .until_ns = 420, .rule = WindowRule::kEnd};
  EXPECT_THAT(Parts(window, 0), ElementsAre(kNothing, kNothing, kAll, kAll, kAll))
      << "who is in no head may have ended";
  failed_ = {3};
  EXPECT_THAT(Parts(window, 0), ElementsAre(kNothing, kNothing, kAll, kAll, kHead));
  failed_.clear();
  EXPECT_THAT(Parts(window, 0), ElementsAre(kNothing, kNothing, kAll, kHead, kNothing));
}

TEST_F(SegmentSkipsTest, ABootWhoseClockWasSetBeforeTheWindowIsReadFromThere) {
  SetClock(files_, 400);
  files_[3].peek.clocks = {{.time_ns = 110, .realtime_ns = 500'000'000}};
  EXPECT_THAT(Parts({.since_ns = 620}, 0), ElementsAre(kNothing, kNothing, kNothing, kAll, kAll));
  files_[3].peek.clocks.clear();
  files_[4].peek.start->realtime_ns += 2'000'000;
  EXPECT_THAT(Parts({.since_ns = 3'000'000}, 0),
              ElementsAre(kNothing, kNothing, kNothing, kAll, kAll));
}

TEST_F(SegmentSkipsTest, WhatIsNotKnownIsRead) {
  files_[0].peek.end.reset();
  EXPECT_THAT(SegmentsOutside(files_, {.since_ns = 301}),
              ElementsAre(false, true, false, false, false));
  EXPECT_THAT(BootsOutside(files_, {.since_ns = 301}),
              ElementsAre(false, false, false, false, false));
}

TEST_F(SegmentSkipsTest, AnEndOfAnOlderVersionSaysNothing) {
  files_[0].peek.end->first_realtime_ns.reset();
  files_[1].peek.end->last_time_ns.reset();
  EXPECT_THAT(SegmentsOutside(files_, {.since_ns = 301}),
              ElementsAre(false, false, false, false, false));
}

TEST_F(SegmentSkipsTest, AFileThatMayHoldMoreIsReadAndSoIsEveryBoot) {
  files_[4].holds_one_segment = false;
  EXPECT_THAT(BootsOutside(files_, {.since_ns = 301}),
              ElementsAre(false, false, false, false, false));
}

TEST_F(SegmentSkipsTest, ABootInTwoPlacesIsRead) {
  std::swap(files_[1], files_[3]);
  EXPECT_THAT(BootsOutside(files_, {.since_ns = 650}),
              ElementsAre(false, false, false, false, false));
}

TEST_F(SegmentSkipsTest, ABootThatNothingOfTheSameLogFollowsIsRead) {
  for (size_t i = 2; i < files_.size(); ++i) files_[i].peek.start->stream_id.bytes.fill(9);
  EXPECT_THAT(BootsOutside(files_, {.since_ns = 301}),
              ElementsAre(false, false, false, false, false));
}

}  // namespace
}  // namespace daybook
