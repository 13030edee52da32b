// The filter in the kernel's program and the one behind sources that cannot filter in the kernel
// decide alike, whatever is asked for and whatever a process does.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bpf_decode.h"
#include "filtered_source.h"
#include "recorder/kernel_program.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kAgeNs = 100 * kMs;
constexpr uint32_t kManyJudged = 4096;

// What comes out, in words: "fork 10".
class Told : public EventSink {
 public:
  void OnFork(const Fork& fork) override { Note("fork", fork.pid); }
  void OnExec(const Exec& exec) override { Note("exec", exec.pid); }
  void OnExit(const Exit& exit) override { Note("exit", exit.pid); }
  void OnReap(const Reap& reap) override { Note("reap", reap.pid); }
  void OnCommChange(const CommChange& change) override { Note("comm", change.pid); }
  void OnLost(const Lost&) override { order.push_back("lost"); }

  std::vector<std::string> order;

 private:
  void Note(const std::string& what, uint32_t pid) {
    order.push_back(what + " " + std::to_string(pid));
  }
};

// What a process does, in order: it is born, gets another name, executes a program (or does not),
// gets another name, ends and is reaped.
struct Life {
  uint32_t birth_uid;
  uint32_t exec_uid;
  uint32_t end_uid;
  bool born_as_kernel_thread;
  bool executes;
  uint64_t exec_age_ns;
  uint64_t end_age_ns;
  uint32_t wait_status;
};

std::string Describe(const Filter& filter, const Life& life) {
  return "events " + EventTypesText(filter.events) + (filter.only_failed ? ", only failed" : "") +
         (filter.only_uids.empty() ? "" : ", only user 1") +
         (filter.except_uids.empty() ? "" : ", except user 1") +
         (filter.min_lifetime_ns == 0 ? "" : ", no short lives") +
         (filter.no_kernel_threads ? ", no kernel threads" : "") + "; born as user " +
         std::to_string(life.birth_uid) + (life.born_as_kernel_thread ? ", a kernel thread" : "") +
         (life.executes ? ", executes as user " + std::to_string(life.exec_uid) + " at " +
                              std::to_string(life.exec_age_ns / kMs) + " ms"
                        : "") +
         ", ends as user " + std::to_string(life.end_uid) + " at " +
         std::to_string(life.end_age_ns / kMs) + " ms with " + std::to_string(life.wait_status);
}

// ---- The kernel's ----

class KernelFilter {
 public:
  explicit KernelFilter(const Filter& filter, uint32_t max_judged = kManyJudged) {
    program_filter program = {};
    const bool only_user = !filter.only_uids.empty();
    const bool not_user = !filter.except_uids.empty();
    const std::pair<uint32_t, bool> bits[] = {{FILTER_EVENTS, filter.events != kAllTypes},
                                              {FILTER_FAILED, filter.only_failed},
                                              {FILTER_USERS, only_user || not_user},
                                              {FILTER_LIFETIME, filter.min_lifetime_ns != 0},
                                              {FILTER_KERNEL_THREADS, filter.no_kernel_threads}};
    for (const auto& [bit, holds] : bits) program.filters |= holds ? bit : 0;
    const std::pair<uint32_t, uint32_t> events[] = {{kTypeFork, EVENT_FORK},
                                                    {kTypeExec, EVENT_EXEC},
                                                    {kTypeExit, EVENT_EXIT},
                                                    {kTypeComm, EVENT_COMM}};
    for (const auto& [type, event] : events) {
      program.left_out_events |= filter.events & type ? 0 : 1u << event;
    }
    program.least_lifetime_ns = filter.min_lifetime_ns;
    program.uid = 1;
    program.user_is_left_out = not_user ? 1 : 0;
    program.max_judged = max_judged;
    program_load(&program, &Take, this);
  }
  KernelFilter(const KernelFilter&) = delete;
  KernelFilter& operator=(const KernelFilter&) = delete;

  void Live(uint32_t pid, uint64_t start_ns, const Life& life) {
    Begin(pid, start_ns, life);
    End(pid, start_ns, life);
  }

  void Begin(uint32_t pid, uint64_t start_ns, const Life& life) {
    process_ = {.pid = pid,
                .uid = life.birth_uid,
                .is_kernel_thread = life.born_as_kernel_thread ? 1u : 0,
                .start_ns = start_ns};
    program_fork(&process_, start_ns);
    program_rename(&process_, start_ns);
  }

  void End(uint32_t pid, uint64_t start_ns, const Life& life) {
    process_ = {.pid = pid,
                .uid = life.exec_uid,
                .is_kernel_thread = life.born_as_kernel_thread && !life.executes ? 1u : 0,
                .start_ns = start_ns};
    if (life.executes) program_exec(&process_, start_ns + life.exec_age_ns);
    program_rename(&process_, start_ns + life.exec_age_ns);
    process_.uid = life.end_uid;
    process_.wait_status = life.wait_status;
    program_exit(&process_, start_ns + life.end_age_ns);
    program_free(&process_, start_ns + life.end_age_ns);
  }

  std::vector<std::string> TakeTold() { return std::exchange(told_.order, {}); }

  static FilteredEvents filtered() {
    const cpu_counters& counters = *program_counters();
    return {.forks = counters.forks_filtered,
            .execs = counters.execs_filtered,
            .exits = counters.exits_filtered,
            .others = counters.others_filtered};
  }

 private:
  // Each is a batch of its own: a reap comes later than its end.
  static void Take(void* self, const void* event, uint32_t bytes) {
    auto& filter = *static_cast<KernelFilter*>(self);
    const std::span batch(static_cast<const std::byte*>(event), bytes);
    EXPECT_TRUE(filter.batch_.Add(batch));
    filter.batch_.Deliver(filter.told_);
  }

  program_process process_ = {};
  EventBatch batch_;
  Told told_;
};

// ---- The other one ----

class ScriptedSource : public EventSource {
 public:
  std::string_view name() const override { return "scripted"; }
  int wake_fd() const override { return -1; }
  bool PrepareToSleep() override { return false; }
  Result<size_t> Drain(EventSink& sink) override { return events(sink), size_t{1}; }
  bool exhausted() const override { return true; }
  Status Snapshot(SnapshotSink&) override { return Ok{}; }
  SourceCounters counters() const override { return {}; }
  std::optional<uint64_t> ring_bytes() const override { return std::nullopt; }

  std::function<void(EventSink&)> events;
};

class OtherFilter {
 public:
  explicit OtherFilter(const Filter& filter) {
    auto source = std::make_unique<ScriptedSource>();
    scripted_ = source.get();
    source_ = std::make_unique<FilteredSource>(std::move(source), filter);
  }

  void Live(uint32_t pid, uint64_t start_ns, const Life& life) {
    const uint32_t born = life.born_as_kernel_thread ? kProcKernelThread : 0;
    const uint64_t exec_ns = start_ns + life.exec_age_ns;
    scripted_->events = [&](EventSink& sink) {
      sink.OnFork({.time_ns = start_ns, .pid = pid, .flags = born, .uid = life.birth_uid});
      sink.OnCommChange({.time_ns = start_ns, .pid = pid, .start_ns = start_ns});
      if (life.executes) {
        sink.OnExec({.time_ns = exec_ns, .pid = pid, .start_ns = start_ns, .uid = life.exec_uid});
      }
      sink.OnCommChange({.time_ns = exec_ns, .pid = pid, .start_ns = start_ns});
      sink.OnExit({.time_ns = start_ns + life.end_age_ns,
                   .pid = pid,
                   .start_ns = start_ns,
                   .wait_status = life.wait_status,
                   .flags = life.executes ? 0 : born,
                   .uid = life.end_uid});
      sink.OnReap({.time_ns = start_ns + life.end_age_ns, .pid = pid, .start_ns = start_ns});
    };
    EXPECT_TRUE(source_->Drain(told_));
  }

  std::vector<std::string> TakeTold() { return std::exchange(told_.order, {}); }
  FilteredEvents filtered() const {
    return source_->counters().filtered.value_or(FilteredEvents());
  }

 private:
  ScriptedSource* scripted_;
  std::unique_ptr<FilteredSource> source_;
  Told told_;
};

// ---- Tables ----

std::vector<Filter> Filters() {
  const std::vector<uint32_t> one = {1};
  std::vector<Filter> filters;
  for (const uint32_t events : {kAllTypes, kAllTypes & ~kTypeFork, kTypeFork | kTypeExit, kTypeExit,
                                kAllTypes & ~kTypeExit}) {
    for (int bits = 0; bits < 32; ++bits) {
      const bool both_users = (bits & 2) != 0 && (bits & 4) != 0;
      if (both_users) continue;
      filters.push_back({.events = events,
                         .only_failed = (bits & 1) != 0,
                         .only_uids = (bits & 2) != 0 ? one : std::vector<uint32_t>(),
                         .except_uids = (bits & 4) != 0 ? one : std::vector<uint32_t>(),
                         .min_lifetime_ns = (bits & 8) != 0 ? kAgeNs : 0,
                         .no_kernel_threads = (bits & 16) != 0});
    }
  }
  return filters;
}

std::vector<Life> Lives() {
  std::vector<Life> lives;
  for (uint32_t bits = 0; bits < 256; ++bits) {
    const auto has = [bits](uint32_t bit) { return (bits >> bit) & 1; };
    const uint64_t exec_age_ns = has(5) ? 2 * kAgeNs : kMs;
    lives.push_back({.birth_uid = has(0),
                     .exec_uid = has(1),
                     .end_uid = has(2),
                     .born_as_kernel_thread = has(3) != 0,
                     .executes = has(4) != 0,
                     .exec_age_ns = exec_age_ns,
                     .end_age_ns = exec_age_ns + (has(6) ? 2 * kAgeNs : kMs),
                     .wait_status = has(7) ? 256u : 0});
  }
  return lives;
}

TEST(KernelFilterTest, ItDecidesAsTheOtherOne) {
  const auto lives = Lives();
  for (const Filter& filter : Filters()) {
    KernelFilter kernel(filter);
    OtherFilter other(filter);
    for (uint32_t i = 0; i < lives.size(); ++i) {
      const uint32_t pid = 100 + i;
      const uint64_t start_ns = (1 + i) * 1'000 * kMs;
      kernel.Live(pid, start_ns, lives[i]);
      other.Live(pid, start_ns, lives[i]);
      ASSERT_EQ(kernel.TakeTold(), other.TakeTold()) << Describe(filter, lives[i]);
    }
    if (!filter.LeavesOutAnything()) continue;
    EXPECT_EQ(kernel.filtered().forks, other.filtered().forks) << Describe(filter, lives[0]);
    EXPECT_EQ(kernel.filtered().execs, other.filtered().execs) << Describe(filter, lives[0]);
    EXPECT_EQ(kernel.filtered().exits, other.filtered().exits) << Describe(filter, lives[0]);
    EXPECT_EQ(kernel.filtered().others, other.filtered().others) << Describe(filter, lives[0]);
  }
}

constexpr Life kHelper = {
    .born_as_kernel_thread = true, .executes = true, .exec_age_ns = kMs, .end_age_ns = 2 * kMs};

// Of kernels before 5.19.
TEST(KernelFilterTest, AProgramThatTheKernelStartsIsWhole) {
  KernelFilter kernel({.no_kernel_threads = true});
  kernel.Live(10, kMs, kHelper);
  EXPECT_THAT(kernel.TakeTold(),
              ElementsAre("fork 10", "exec 10", "comm 10", "exit 10", "reap 10"));
  Life thread = kHelper;
  thread.executes = false;
  kernel.Live(11, kMs, thread);
  EXPECT_THAT(kernel.TakeTold(), IsEmpty());
}

constexpr Life kOther = {.executes = true, .exec_age_ns = kMs, .end_age_ns = 2 * kMs};

TEST(KernelFilterTest, WhoCannotBeKeptUntilHeIsJudgedIsRecordedWhole) {
  KernelFilter kernel({.only_uids = {1}}, 1);
  kernel.Begin(10, kMs, kOther);
  kernel.Begin(11, kMs, kOther);
  kernel.End(10, kMs, kOther);
  kernel.End(11, kMs, kOther);
  EXPECT_THAT(kernel.TakeTold(),
              ElementsAre("fork 11", "comm 11", "exec 11", "comm 11", "exit 11", "reap 11"));
  kernel.Live(12, kMs, kOther);
  EXPECT_THAT(kernel.TakeTold(), IsEmpty()) << "there is room again";
}

TEST(KernelFilterTest, WhoIsShownIsToldOfToItsEnd) {
  KernelFilter kernel({.only_uids = {1}});
  const program_process born_before = {.pid = 10, .uid = 1, .start_ns = kMs};
  const program_process other = {.pid = 11, .uid = 2, .start_ns = kMs};
  EXPECT_TRUE(program_show(&born_before, 2 * kMs, nullptr));
  EXPECT_FALSE(program_show(&other, 2 * kMs, nullptr));
  program_process born_since = {.pid = 12, .start_ns = 2 * kMs};
  program_fork(&born_since, 2 * kMs);
  born_since.uid = 1;
  EXPECT_TRUE(program_show(&born_since, 3 * kMs, nullptr));
  for (program_process process : {born_before, other, born_since}) {
    process.uid = 3;
    program_exit(&process, 4 * kMs);
    program_free(&process, 4 * kMs);
  }
  EXPECT_THAT(kernel.TakeTold(), ElementsAre("exit 10", "reap 10", "exit 12", "reap 12"));
}

TEST(KernelFilterTest, WhoIsBornWhileASnapshotLooksAtHimIsToldOfToHisEnd) {
  KernelFilter kernel({.min_lifetime_ns = 50 * kMs});
  static constexpr program_process kBorn = {.pid = 10, .start_ns = kMs};
  EXPECT_TRUE(program_show(&kBorn, 90 * kMs, [] { program_fork(&kBorn, 2 * kMs); }));
  program_exit(&kBorn, 3 * kMs);
  program_free(&kBorn, 3 * kMs);
  EXPECT_THAT(kernel.TakeTold(), ElementsAre("exit 10", "reap 10"));
}

// Its entry goes to a stranger, who is no other than his own filter makes him.
TEST(KernelFilterTest, WhoEndsWhileASnapshotLooksAtHimLeavesNothingToOthers) {
  KernelFilter kernel({.min_lifetime_ns = 50 * kMs});
  static constexpr program_process kEnding = {.pid = 10, .start_ns = kMs};
  static constexpr program_process kStranger = {.pid = 11, .start_ns = 90 * kMs};
  program_fork(&kEnding, kMs);
  program_show(&kEnding, 90 * kMs, [] {
    program_exit(&kEnding, 90 * kMs);
    program_free(&kEnding, 90 * kMs);
    program_fork(&kStranger, 90 * kMs);
  });
  EXPECT_THAT(kernel.TakeTold(), ElementsAre("fork 10", "exit 10", "reap 10"));
  program_exit(&kStranger, 91 * kMs);
  program_free(&kStranger, 91 * kMs);
  EXPECT_THAT(kernel.TakeTold(), IsEmpty());
}

TEST(KernelFilterTest, WhomAnotherFilterCouldNotKeepThisOneJudges) {
  KernelFilter kernel({.only_uids = {1}}, 1);
  for (const uint32_t pid : {10, 11}) kernel.Begin(pid, kMs, kOther);
  for (const uint32_t pid : {10, 11}) kernel.End(pid, kMs, kOther);
  EXPECT_THAT(kernel.TakeTold(), Not(IsEmpty()));
  program_judge_anew();
  const program_process unknown = {.pid = 12, .uid = 0, .start_ns = kMs};
  program_exit(&unknown, 2 * kMs);
  EXPECT_THAT(kernel.TakeTold(), IsEmpty());
}

TEST(KernelFilterTest, WhereOnlyFailuresAreToldNobodyElseIsForWantOfRoom) {
  KernelFilter kernel({.only_failed = true}, 1);
  for (const uint32_t pid : {10, 11}) {
    const program_process failed = {.pid = pid, .wait_status = 256, .start_ns = kMs};
    program_exit(&failed, 2 * kMs);
  }
  EXPECT_THAT(kernel.TakeTold(), ElementsAre("exit 10", "exit 11"));
  kernel.Live(12, kMs, kOther);
  EXPECT_THAT(kernel.TakeTold(), IsEmpty());
}

}  // namespace
}  // namespace daybook
