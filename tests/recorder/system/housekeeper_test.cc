#include "system/housekeeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <thread>

#include "support/fake_folder.h"

namespace daybook {
namespace {

using testing::ElementsAre;

class HousekeeperTest : public testing::Test {
 protected:
  HousekeeperTest() {
    for (const char* name : {"daybook-00000001.dbk.zst", "daybook-00000002.dbk",
                             "daybook-00000002.dbk.zst", "daybook-00000003.dbk"}) {
      disk_->files[name] = {};
    }
  }
  void Keep(std::vector<Housekeeper::Job> jobs) {
    keeper_.emplace(std::make_unique<FakeFolder>(disk_), beginning_, std::move(jobs));
  }
  Housekeeper::Job Noting(std::string what, Status result = Ok{}) {
    return [this, what, result](LogFolder&, uint64_t segment_no, std::stop_token) {
      const std::lock_guard lock(mutex_);
      done_.push_back(what + std::to_string(segment_no));
      noted_.notify_all();
      return result;
    };
  }
  void Await(size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(
        noted_.wait_for(lock, std::chrono::seconds(30), [&] { return done_.size() >= count; }));
  }
  std::vector<std::string> DoneAfter(size_t count) {
    Await(count);
    keeper_.reset();
    return done_;
  }

  std::shared_ptr<FakeDisk> disk_ = std::make_shared<FakeDisk>();
  std::mutex mutex_;
  std::condition_variable noted_;
  std::vector<std::string> done_;
  Housekeeper::Beginning beginning_ = [](LogFolder&, std::stop_token) { return Status(Ok{}); };
  std::optional<Housekeeper> keeper_;
};

TEST_F(HousekeeperTest, TheBeginningComesBeforeAllJobsAndAlsoWithoutAny) {
  beginning_ = [this](LogFolder& folder, const std::stop_token& stop) {
    return Noting("begin")(folder, 0, stop);
  };
  Keep({Noting("a")});
  keeper_->Finished(2);
  EXPECT_THAT(DoneAfter(2), ElementsAre("begin0", "a1"));
  done_.clear();
  Keep({});
  EXPECT_THAT(DoneAfter(1), ElementsAre("begin0"));
}

TEST_F(HousekeeperTest, WhatFailedIsTriedAgainWhenTheNextSegmentIsFinished) {
  testing::internal::CaptureStderr();
  bool fails = true;
  Keep({[&](LogFolder& folder, uint64_t segment_no, const std::stop_token& stop) {
    const bool failed = segment_no == 1 && std::exchange(fails, false);
    return Noting("a", failed ? Status(Error("not now")) : Status(Ok{}))(folder, segment_no, stop);
  }});
  keeper_->Finished(2);
  Await(1);
  keeper_->Finished(3);
  EXPECT_THAT(DoneAfter(3), ElementsAre("a1", "a1", "a2"));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "daybookd: not now; going on\n");
}

TEST_F(HousekeeperTest, WantOfMemoryEndsOneJobAndNothingElse) {
  testing::internal::CaptureStderr();
  beginning_ = [](LogFolder&, const std::stop_token&) -> Status { throw std::bad_alloc(); };
  Keep({[&](LogFolder& folder, uint64_t segment_no, const std::stop_token& stop) {
    (void)Noting("a")(folder, segment_no, stop);
    if (segment_no == 1) throw std::bad_alloc();
    return Status(Ok{});
  }});
  keeper_->Finished(3);
  EXPECT_THAT(DoneAfter(2), ElementsAre("a1", "a2"));
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "daybookd: housekeeping failed: std::bad_alloc; going on\n"
            "daybookd: housekeeping failed: std::bad_alloc; going on\n");
}

TEST_F(HousekeeperTest, EachJobIsDoneToEachFinishedSegmentOnce) {
  Keep({Noting("a"), Noting("b")});
  keeper_->Finished(2);
  Await(2);
  keeper_->Finished(3);
  EXPECT_THAT(DoneAfter(4), ElementsAre("a1", "b1", "a2", "b2")) << "3 is being written";
}

// As where retention was first.
TEST_F(HousekeeperTest, WhatFailsWithASegmentThatIsGoneIsNotSaid) {
  testing::internal::CaptureStderr();
  Keep({[this](LogFolder& folder, uint64_t segment_no, const std::stop_token& stop) {
    const bool removed = segment_no == 1 && folder.Remove("daybook-00000001.dbk.zst");
    return Noting("a", removed ? Status(Error("cannot open it")) : Ok{})(folder, segment_no, stop);
  }});
  keeper_->Finished(3);
  EXPECT_THAT(DoneAfter(2), ElementsAre("a1", "a2"));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(HousekeeperTest, AJobThatFailsIsSaidOnceAndTheOthersGoOn) {
  testing::internal::CaptureStderr();
  Keep({Noting("a", Error("no room to compress"))});
  keeper_->Finished(4);
  EXPECT_THAT(DoneAfter(3), ElementsAre("a1", "a2", "a3"));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "daybookd: no room to compress; going on\n");
}

TEST_F(HousekeeperTest, ItWorksOnlyWhileNobodyElseWantsTo) {
  int policy = -1;
  long io_class = -1;
  Keep({[&](LogFolder&, uint64_t, std::stop_token) -> Status {
          policy = sched_getscheduler(0);
          io_class = syscall(SYS_ioprio_get, 1, 0) >> 13;
          return Ok{};
        },
        Noting("a")});
  keeper_->Finished(2);
  DoneAfter(1);
  EXPECT_EQ(policy, SCHED_IDLE);
  EXPECT_EQ(io_class, 3) << "idle";
}

TEST_F(HousekeeperTest, TheEndStopsTheJobAtWorkAndBeginsNoOther) {
  testing::internal::CaptureStderr();
  Keep({[&](LogFolder&, uint64_t segment_no, std::stop_token stop) -> Status {
    (void)Noting("a")(*std::make_unique<FakeFolder>(disk_), segment_no, stop);
    while (!stop.stop_requested()) std::this_thread::yield();
    return Error("stopped");
  }});
  keeper_->Finished(4);
  EXPECT_THAT(DoneAfter(1), ElementsAre("a1"));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "it did not fail";
}

}  // namespace
}  // namespace daybook
