// After any crash: what was known to be durable is there, nothing is told that was not written, and
// the next recorder goes on as if nothing had been.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <random>

#include "support/crash_model.h"
#include "support/log_builder.h"

namespace daybook {
namespace {

// What one number stood for when it was written.
using Written = std::map<uint64_t, uint32_t>;

// A writer that is stopped anywhere.
class Story {
 public:
  explicit Story(DiskFiles before, uint32_t first_pid) : before_(std::move(before)) {
    disk_->files = before_;
    for (auto& [name, bytes] : before_) disk_->synced_bytes[name] = bytes.size();
    next_pid_ = first_pid;
  }

  void Tell(WriterOptions options, const std::function<void(Story&)>& script) {
    LogBuilder log(options, disk_);
    log_ = &log;
    Acknowledge();
    disk_->changed = [this] { Acknowledge(); };
    script(*this);
    disk_->changed = [] {};
    log_ = nullptr;
  }

  void Add(uint32_t count = 1) {
    for (uint32_t i = 0; i < count; ++i) {
      written_[log_->writer().next_seq()] = next_pid_;
      log_->Add(TestFork(next_pid_++));
    }
  }
  LogWriter& writer() { return log_->writer(); }
  void Acknowledge() {
    if (log_ != nullptr) durable_[disk_->journal.size()] = log_->writer().durable_seq();
  }

  FakeDisk& disk() { return *disk_; }
  const std::vector<DiskOperation>& journal() const { return disk_->journal; }
  const DiskFiles& before() const { return before_; }
  const Written& written() const { return written_; }
  uint32_t next_pid() const { return next_pid_; }
  // What was known to be durable when the journal was that long.
  uint64_t DurableAt(size_t operations) const {
    uint64_t durable = 0;
    for (const auto& [length, seq] : durable_) {
      if (length <= operations) durable = std::max(durable, seq);
    }
    return durable;
  }

 private:
  DiskFiles before_;
  std::shared_ptr<FakeDisk> disk_ = std::make_shared<FakeDisk>();
  LogBuilder* log_ = nullptr;
  Written written_;
  std::map<size_t, uint64_t> durable_;
  uint32_t next_pid_ = 1;
};

Written ReadState(const DiskFiles& files) {
  Written read;
  for (const auto& [name, bytes] : files) {
    for (const auto& event : ReadAll(bytes).events) {
      const auto known = read.emplace(event.seq, event.pid).first;
      EXPECT_EQ(known->second, event.pid) << "two records of number " << event.seq;
    }
  }
  return read;
}

// Nothing that was not written, and everything up to what was known to be durable.
void Check(const Written& read, const Written& written, uint64_t first_seq, uint64_t durable_seq) {
  for (const auto& [seq, pid] : read) {
    const auto known = written.find(seq);
    ASSERT_NE(known, written.end()) << "number " << seq << " was never written";
    ASSERT_EQ(known->second, pid) << "number " << seq;
  }
  for (uint64_t seq = first_seq; seq < durable_seq; ++seq) {
    ASSERT_TRUE(read.contains(seq)) << "number " << seq << " of " << durable_seq << " is lost";
  }
}

WriterOptions SmallOptions() {
  WriterOptions options;
  options.block_bytes = 160;
  options.segment_bytes = 16 << 10;
  options.retry_interval_ns = 0;
  return options;
}

void ShortScript(Story& story) {
  story.Add(3);
  (void)story.writer().Flush();
  story.Add(2);
  (void)story.writer().Sync();
  story.Add(5);
  (void)story.writer().Flush();
  story.Add(4);
  (void)story.writer().Flush();
}

void RotatingScript(Story& story) {
  ShortScript(story);
  (void)story.writer().Rotate(EndReason::kSize);
  story.Add(3);
  (void)story.writer().Flush();
  (void)story.writer().Sync();
  story.Add(3);
  (void)story.writer().Close();
}

// The second recorder begins on what the first one's crash has left, and crashes too.
void CheckDouble(const DiskFiles& state, const Story& first, uint64_t durable_seq,
                 std::mt19937& random, size_t* states) {
  Written known = ReadState(state);
  Check(known, first.written(), 1, durable_seq);
  if (testing::Test::HasFatalFailure()) return;
  Story second(state, first.next_pid());
  second.Tell(SmallOptions(), ShortScript);
  for (const auto& [seq, pid] : second.written()) {
    ASSERT_FALSE(known.contains(seq)) << "number " << seq << " is used again";
    known[seq] = pid;
  }
  const size_t operations = random() % (second.journal().size() + 1);
  const CrashModel model(state, std::span(second.journal()).first(operations), 512);
  const Written read = ReadState(model.RandomState(random));
  ++*states;
  Check(read, known, 1, durable_seq);
  const uint64_t first_seq = second.written().begin()->first;
  Check(read, known, first_seq, second.DurableAt(operations));
}

// Killed alone the first one leaves what the kernel still has to write: the power goes out later,
// anywhere in the life of the second.
void CheckKilled(const Story& first, size_t operations, std::mt19937& random, size_t* states) {
  std::vector<DiskOperation> journal(
      first.journal().begin(), first.journal().begin() + static_cast<std::ptrdiff_t>(operations));
  const DiskFiles left = CrashModel({}, journal, 512).Cached();
  Written known = ReadState(left);
  Story second(left, first.next_pid());
  second.Tell(SmallOptions(), ShortScript);
  known.insert(second.written().begin(), second.written().end());
  for (size_t later = 0;; ++later) {
    const CrashModel model({}, journal, 512);
    const uint64_t durable_seq = std::max(first.DurableAt(operations), second.DurableAt(later));
    SCOPED_TRACE(later);
    ++*states;
    Check(ReadState(model.RandomState(random)), known, 1, durable_seq);
    if (testing::Test::HasFatalFailure() || later == second.journal().size()) return;
    journal.push_back(second.journal()[later]);
  }
}

TEST(CrashTest, WhatAKilledRecorderLeftIsDurableWhenItsSuccessorSaysSo) {
  size_t states = 0;
  std::mt19937 random(1);
  for (const auto& script : {ShortScript, RotatingScript}) {
    Story story({}, 1);
    story.Tell(SmallOptions(), script);
    for (size_t operations = 0; operations <= story.journal().size(); ++operations) {
      SCOPED_TRACE(operations);
      for (int i = 0; i < 5; ++i) CheckKilled(story, operations, random, &states);
      if (HasFatalFailure()) return;
    }
  }
  std::printf("crash states: %zu\n", states);
}

TEST(CrashTest, EveryStateOfAShortRun) {
  Story story({}, 1);
  story.Tell(SmallOptions(), ShortScript);
  constexpr size_t kMost = 20000;
  std::mt19937 random(1);
  size_t states = 0, whole = 0;
  for (size_t operations = 0; operations <= story.journal().size(); ++operations) {
    const CrashModel model({}, std::span(story.journal()).first(operations), 512);
    const uint64_t durable = story.DurableAt(operations);
    SCOPED_TRACE(operations);
    whole += model.EachState(kMost, [&](const DiskFiles& state) {
      if (HasFatalFailure()) return;
      ++states;
      CheckDouble(state, story, durable, random, &states);
    });
    if (HasFatalFailure()) return;
  }
  EXPECT_EQ(whole, story.journal().size() + 1) << "not every state was seen";
  std::printf("crash states: %zu\n", states);
}

TEST(CrashTest, ManyStatesOfLongerRuns) {
  size_t states = 0;
  for (uint32_t seed = 1; seed <= 8; ++seed) {
    std::mt19937 random(seed);
    Story story({}, 1);
    story.Tell(SmallOptions(), RotatingScript);
    for (size_t operations = 0; operations <= story.journal().size(); ++operations) {
      for (const size_t sector : {512, 4096}) {
        const CrashModel model({}, std::span(story.journal()).first(operations), sector);
        for (int i = 0; i < 10; ++i) {
          SCOPED_TRACE(operations);
          ++states;
          CheckDouble(model.RandomState(random), story, story.DurableAt(operations), random,
                      &states);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
  std::printf("crash states: %zu\n", states);
}

// Every sync for a while: what one copy held goes, and the next one takes its place.
TEST(CrashTest, CrashesWhileSyncsKeepFailing) {
  size_t states = 0;
  for (size_t failing = 1; failing <= 3; ++failing) {
    std::mt19937 random(static_cast<uint32_t>(failing));
    Story story({}, 1);
    story.Tell(SmallOptions(), [&](Story& told) {
      size_t syncs = 0;
      told.disk().fault = [&](std::string_view operation, size_t) {
        if (operation != "sync") return 0;
        ++syncs;
        return syncs >= failing && syncs < failing + 3 ? EIO : 0;
      };
      for (int i = 0; i < 6; ++i) {
        told.Add(3);
        (void)told.writer().Sync();
      }
      (void)told.writer().Close();
    });
    for (size_t operations = 0; operations <= story.journal().size(); ++operations) {
      const CrashModel model({}, std::span(story.journal()).first(operations), 512);
      for (int i = 0; i < 10; ++i) {
        SCOPED_TRACE(operations);
        ++states;
        CheckDouble(model.RandomState(random), story, story.DurableAt(operations), random, &states);
        if (HasFatalFailure()) return;
      }
    }
  }
  std::printf("crash states: %zu\n", states);
}

// A sync that fails in the middle: numbers are written twice, into different segments.
TEST(CrashTest, CrashesAfterAFailedSync) {
  size_t states = 0;
  for (size_t failing = 1; failing <= 3; ++failing) {
    std::mt19937 random(static_cast<uint32_t>(failing));
    Story story({}, 1);
    story.Tell(SmallOptions(), [&](Story& told) {
      size_t syncs = 0;
      told.disk().fault = [&](std::string_view operation, size_t) {
        return operation == "sync" && ++syncs == failing ? EIO : 0;
      };
      RotatingScript(told);
    });
    for (size_t operations = 0; operations <= story.journal().size(); ++operations) {
      const CrashModel model({}, std::span(story.journal()).first(operations), 512);
      for (int i = 0; i < 20; ++i) {
        SCOPED_TRACE(operations);
        ++states;
        CheckDouble(model.RandomState(random), story, story.DurableAt(operations), random, &states);
        if (HasFatalFailure()) return;
      }
    }
  }
  std::printf("crash states: %zu\n", states);
}

}  // namespace
}  // namespace daybook
