// A recorder whose source plays a script and whose disk is in memory.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <csignal>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "recorder.h"
#include "recorder/kept.h"
#include "support/log_builder.h"
#include "system/wake_ups.h"

namespace daybook {

inline constexpr uint64_t kMs = 1'000'000;

// Plays a script: one step for each Drain(). When it sleeps it is woken after kNapMs.
class FakeSource : public EventSource {
 public:
  using Step = std::function<Result<size_t>(EventSink&)>;

  explicit FakeSource(LogBuilder& log)
      : log_(log), nap_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {}

  // A step that hands over these records.
  template <class... Records>
  FakeSource& Then(const Records&... records) {
    return ThenDo([records...](EventSink& sink) {
      (Hand(sink, records), ...);
      return sizeof...(Records);
    });
  }
  // The same, and the next step is of the same drain.
  template <class... Records>
  FakeSource& ThenAsAPart(const Records&... records) {
    return ThenDo([this, records...](EventSink& sink) {
      (Hand(sink, records), ...);
      has_more_ = true;
      return sizeof...(Records);
    });
  }
  FakeSource& ThenDo(Step step) {
    script_.push_back(std::move(step));
    return *this;
  }

  LogIdentity identity() const override { return {}; }
  Clock ReadClock() const override { return {.time_ns = log_.now_ns()}; }
  std::string_view name() const override { return "fake"; }
  int wake_fd() const override { return can_sleep ? nap_.get() : -1; }
  bool PrepareToSleep() override {
    ++sleeps;
    if (log_.writer().SyncPending()) ++sleeps_unsynced;
    if (!may_sleep) return false;
    const itimerspec nap{.it_value = {.tv_nsec = static_cast<long>(kNapNs)}};
    timerfd_settime(nap_.get(), 0, &nap, nullptr);
    asleep_ = true;
    return true;
  }
  Result<size_t> Drain(EventSink& sink) override {
    ++drains;
    uint64_t fired = 0;
    const bool woken = read(nap_.get(), &fired, sizeof(fired)) == sizeof(fired);
    if (asleep_ && !woken) ++drains_asleep;
    // As the kernel's source: draining ends its readiness to wake anybody.
    const itimerspec no_nap = {};
    timerfd_settime(nap_.get(), 0, &no_nap, nullptr);
    asleep_ = has_more_ = false;
    if (script_.empty()) return size_t{0};
    const Step step = std::move(script_.front());
    script_.pop_front();
    return step(sink);
  }
  bool has_more() const override { return has_more_; }
  bool exhausted() const override { return script_.empty() && !endless; }
  Status Snapshot(SnapshotSink& sink) override {
    ++snapshots;
    argless_snapshots += sink.wants_args() ? 0 : 1;
    in_doubt = false;
    for (const uint32_t pid : living) {
      sink.OnProcess({.pid = pid, .start_ns = pid, .args = living_args});
    }
    if (snapshot_error) return Error("no snapshot today");
    return Ok{};
  }
  SourceCounters counters() const override {
    if (counts.forks_seen) *counts.forks_seen += forks_each_look;
    return counts;
  }
  void Commit(const Progress& progress) override {
    commits.push_back(progress);
    if (on_commit) on_commit();
  }
  bool tells_every_life() const override { return tells_lives; }
  std::string_view lacks_where_others_are_hidden() const override { return lacks_hidden; }
  void TellCgroups(const std::function<void(const CgroupPath&)>& take) override {
    for (const std::string& path : cgroups) take({.id = path.size(), .path = path});
  }
  std::optional<uint64_t> recording_since_ns() const override { return since_ns; }
  bool continues() const override { return is_continued; }
  bool lacks_what_was_between() const override { return is_continued && !continues_wholly; }
  void Stop() override { ++stops; }
  void HandOver() override { ++handovers; }
  bool WantsResync() const override { return in_doubt; }
  std::optional<uint64_t> ring_bytes() const override { return 65536; }

  static constexpr uint64_t kNapNs = 200 * kMs;  // longer than a busy machine dozes

  std::vector<uint32_t> living = {1, 2, 3};
  std::vector<Progress> commits;
  std::function<void()> on_commit;
  std::optional<uint64_t> since_ns;
  bool is_continued = false;
  bool continues_wholly = true;
  std::optional<std::string_view> living_args;
  mutable SourceCounters counts;
  uint64_t forks_each_look = 0;
  bool can_sleep = false;
  bool may_sleep = true;
  bool endless = false;
  bool in_doubt = false;
  bool snapshot_error = false;
  bool tells_lives = true;
  std::string_view lacks_hidden;
  std::vector<std::string> cgroups;
  int sleeps = 0;
  int sleeps_unsynced = 0;
  int drains = 0;
  int drains_asleep = 0;
  int snapshots = 0;
  int argless_snapshots = 0;  // of these, those whose sink looks at no arguments
  int stops = 0;
  int handovers = 0;

 private:
  static void Hand(EventSink& sink, const Fork& fork) { sink.OnFork(fork); }
  static void Hand(EventSink& sink, const Exec& exec) { sink.OnExec(exec); }
  static void Hand(EventSink& sink, const Exit& exit) { sink.OnExit(exit); }
  static void Hand(EventSink& sink, const LifeParts& life) { sink.OnLife(Join(life).value()); }
  static void Hand(EventSink& sink, const CommChange& change) { sink.OnCommChange(change); }
  static void Hand(EventSink& sink, const Lost& lost) { sink.OnLost(lost); }

  LogBuilder& log_;
  FileDescriptor nap_;
  std::deque<Step> script_;
  bool asleep_ = false;
  bool has_more_ = false;
};

class RecorderTest : public testing::Test {
 protected:
  explicit RecorderTest(WriterOptions options = {},
                        std::unique_ptr<Syncer> syncer = MakeInlineSyncer())
      : log_(options, nullptr, std::move(syncer)), source_(log_) {
    // As daybookd does: signals wait until they are read.
    const sigset_t signals = RecorderSignals();
    sigprocmask(SIG_BLOCK, &signals, nullptr);
  }

  Status Record() {
    RecorderLoop loop(source_, log_.writer(), options_);
    if (Status started = loop.Start(); !started) return started;
    return loop.Run();
  }

  // The same, with what is said meanwhile.
  std::string RecordAndListen() {
    testing::internal::CaptureStderr();
    EXPECT_TRUE(Record());
    return testing::internal::GetCapturedStderr();
  }

  KeptLog Log() {
    KeptLog log;
    for (const auto& [name, bytes] : log_.disk().files) {
      log.segments.push_back(KeepSegment(SegmentReader(bytes)));
    }
    return log;
  }

  // The types of a segment's records from its snapshot on, checkpoints left out.
  std::vector<std::string_view> Types(size_t segment = 0) {
    std::vector<std::string_view> types;
    const KeptLog log = Log();
    for (const auto& entry : log.segments.at(segment).entries) {
      std::visit(
          [&types]<class Record>(const Record&) {
            const bool is_head = std::is_same_v<Record, SegmentStart> ||
                                 std::is_same_v<Record, Info> || std::is_same_v<Record, Checkpoint>;
            if (!is_head) types.push_back(Schema<Record>::kName);
          },
          entry.record);
    }
    return types;
  }

  // What a reader of the folder makes of it: records that stand in two segments count once.
  std::vector<uint32_t> PidsOfForks() {
    std::vector<uint32_t> pids;
    uint64_t last_seq = 0;
    const KeptLog log = Log();
    for (const KeptSegment& segment : log.segments) {
      for (const KeptSegment::Entry& entry : segment.entries) {
        if (!entry.seq || *entry.seq <= last_seq) continue;
        last_seq = *entry.seq;
        if (const auto* fork = std::get_if<Fork>(&entry.record)) pids.push_back(fork->pid);
      }
    }
    return pids;
  }

  LogBuilder log_;
  FakeSource source_;
  RecorderOptions options_{.drain_interval_ns = kMs, .clock_interval_ns = 0, .version = "1.2.3"};
};

}  // namespace daybook
