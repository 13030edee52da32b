// The filter in the kernel's program and the one behind sources that cannot filter in the kernel,
// side by side.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bpf_source/bpf_decode.h"
#include "recorder/kernel_program.h"
#include "sources/filtered_source.h"

namespace daybook {

inline constexpr uint32_t kManyJudged = 4096;

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
    const cpu_counters& here = *program_counters(0);
    const cpu_counters& there = *program_counters(1);
    return {.forks = here.forks_filtered + there.forks_filtered,
            .execs = here.execs_filtered + there.execs_filtered,
            .exits = here.exits_filtered + there.exits_filtered,
            .others = here.others_filtered + there.others_filtered};
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
    Happen([&](EventSink& sink) {
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
    });
  }

  void Happen(std::function<void(EventSink&)> events) {
    scripted_->events = std::move(events);
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

}  // namespace daybook
