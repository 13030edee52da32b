#include "job_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "cgroup_names.h"
#include "escape.h"
#include "life_cells.h"
#include "life_groups.h"

namespace daybook {
namespace {

// Task names of what starts jobs; their own children that only forked still have the name.
constexpr std::string_view kSchedulers[] = {"cron", "crond", "CRON", "anacron", "atd", "fcron"};
constexpr std::string_view kLogins[] = {"sshd",       "sshd-session",    "login",   "dropbear",
                                        "in.telnetd", "gdm-session-wor", "lightdm", "sddm-helper"};

bool IsAmong(std::span<const std::string_view> names, const Life& life) {
  return life.identity.comm && std::ranges::find(names, *life.identity.comm) != names.end();
}

bool IsStarter(const Life& life) { return IsAmong(kSchedulers, life) || IsAmong(kLogins, life); }

std::string CommOf(const Life& life) {
  return life.identity.comm ? *life.identity.comm : fmt::format("pid {}", life.pid);
}

// What a shell was told to do, else the whole command line, else the task name.
std::string CommandOf(const Life& life) {
  if (!life.image || !life.image->args || life.image->args->empty()) return CommOf(life);
  std::vector<std::string_view> words;
  ForEachArgument(*life.image->args, [&](std::string_view word) { words.push_back(word); });
  if (words.size() == 3 && words[1] == "-c") return std::string(words[2]);
  return fmt::format("{}", fmt::join(words, " "));
}

std::string UserOf(const Boot& boot, const Life& life, LifeTexts& texts) {
  const Cell user = FindLifeField("user")->get(boot, life, texts);
  if (const auto* name = std::get_if<Text>(&user)) return std::string(name->bytes);
  if (const auto* uid = std::get_if<uint64_t>(&user)) return fmt::to_string(*uid);
  return "?";
}

std::string NameFrom(JobKind kind, const Boot& boot, const Life& root, LifeTexts& texts) {
  switch (kind) {
    case JobKind::kCron:
    case JobKind::kRoot:
      return CommandOf(root);
    case JobKind::kLogin:
      return "login of " + UserOf(boot, root, texts);
    default:
      return CommOf(root);
  }
}

JobRun RunFrom(JobKind kind, const Boot& boot, const Life& root, LifeTexts& texts) {
  return {.kind = kind,
          .name = NameFrom(kind, boot, root, texts),
          .boot = &boot,
          .root_pid = root.pid,
          .root_start_ns = root.start_ns};
}

}  // namespace

std::string_view NameOf(JobKind kind) {
  constexpr std::array<std::string_view, 11> kNames = {"none",    "container", "cron",   "session",
                                                       "service", "login",     "kernel", "process",
                                                       "root",    "undecided", "no root"};
  return kNames[static_cast<size_t>(kind)];
}

uint32_t JobRuns::Find(const Boot& boot, const Life& life, LifeTexts& texts) {
  const uint32_t by_parents = Remaining(FindByParents(boot, life, texts));
  // Now that its end is known, it may be known by a better name than when its first child ended.
  JobRun& run = runs_[by_parents];
  if (run.root_pid == life.pid && run.root_start_ns == life.start_ns) {
    run.name = NameFrom(run.kind, boot, life, texts);
  }
  if (!roots_.lets_all_through()) return by_parents;
  const auto by_cgroup = FindByCgroup(boot, life);
  if (!by_cgroup) return by_parents;
  // A run of cron is in cron's own cgroup.
  const bool is_narrower =
      runs_[by_parents].kind == JobKind::kCron && runs_[*by_cgroup].kind != JobKind::kContainer;
  return is_narrower ? by_parents : *by_cgroup;
}

// From the nearest ancestor whose run is known, down to it again.
uint32_t JobRuns::FindByParents(const Boot& boot, const Life& life, LifeTexts& texts) {
  std::vector<const Life*> unknown;
  for (const Life* at = &life; at != nullptr && at->mark == 0; at = at->parent.get()) {
    unknown.push_back(at);
  }
  while (!unknown.empty()) {
    unknown.back()->mark = FindBelow(boot, *unknown.back(), texts) + 1;
    unknown.pop_back();
  }
  return life.mark - 1;
}

// That of its parent is known.
uint32_t JobRuns::FindBelow(const Boot& boot, const Life& life, LifeTexts& texts) {
  if (!roots_.lets_all_through()) return FindBelowRoots(boot, life, texts);
  if ((life.flags & kProcKernelThread) != 0) {
    return OnlyOne({.kind = JobKind::kKernel, .name = "kernel", .boot = &boot, .root_pid = {}});
  }
  const Life* parent = life.parent.get();
  if (parent == nullptr) return WithoutParent(boot, life, texts);
  if (IsFirst(*parent)) return Add(RunFrom(JobKind::kProcess, boot, life, texts));
  const uint32_t above = parent->mark - 1;
  if (runs_[above].is_many) {
    // What an orphan does is no run of the others that have its parent's name.
    return Add(
        {.kind = runs_[above].kind, .name = runs_[above].name, .boot = &boot, .root_pid = {}});
  }
  const JobKind kind_above = runs_[above].kind;
  const bool is_in_one = kind_above == JobKind::kCron || kind_above == JobKind::kLogin;
  if (is_in_one || !IsStarter(*parent) || IsStarter(life)) return above;
  if (IsAmong(kSchedulers, *parent)) {
    return Add(RunFrom(JobKind::kCron, boot, life, texts));
  }
  return Add(RunFrom(JobKind::kLogin, boot, life, texts));
}

// Whether a process that still runs is a root may be told at its end only: until then it has a run
// of its own, and so has every root below it.
uint32_t JobRuns::FindBelowRoots(const Boot& boot, const Life& life, LifeTexts& texts) {
  const Life* parent = life.parent.get();
  const uint32_t above = parent != nullptr ? Remaining(parent->mark - 1)
                                           : OnlyOne({.kind = JobKind::kNone,
                                                      .name = std::string(kOther),
                                                      .boot = &boot,
                                                      .root_pid = {}});
  if (runs_[above].kind == JobKind::kRoot) return above;
  JobKind kind = JobKind::kUndecided;
  if (!waits_for_end_ || life.state != LifeState::kRunning) {
    if (roots_.Judge(boot, life, texts) != Truth::kTrue) return above;
    kind = JobKind::kRoot;
  }
  JobRun run = RunFrom(kind, boot, life, texts);
  run.above = above;
  return Add(std::move(run));
}

// Of a log without births every process is one: those that are over, and so have no more to come,
// are together by their name.
uint32_t JobRuns::WithoutParent(const Boot& boot, const Life& life, LifeTexts& texts) {
  if (IsFirst(life) || life.state == LifeState::kRunning) {
    return Add(RunFrom(JobKind::kProcess, boot, life, texts));
  }
  return OnlyOne({.kind = JobKind::kProcess,
                  .name = life.identity.comm.value_or("?"),
                  .boot = &boot,
                  .root_pid = {},
                  .is_many = true});
}

std::optional<JobRuns::Move> JobRuns::Decide(const Boot& boot, const Life& life, LifeTexts& texts) {
  if (!waits_for_end_ || life.mark == 0) return std::nullopt;
  const uint32_t number = life.mark - 1;
  JobRun& run = runs_[number];
  if (run.kind != JobKind::kUndecided || run.root_pid != life.pid) return std::nullopt;
  if (roots_.Judge(boot, life, texts) == Truth::kTrue) {
    run.kind = JobKind::kRoot;
    run.name = NameFrom(run.kind, boot, life, texts);
    return std::nullopt;
  }
  run.kind = JobKind::kNoRoot;
  return Move{.from = number, .to = Remaining(number)};
}

// The nearest one above that may still be a job. The way there is made short for the next time.
uint32_t JobRuns::Remaining(uint32_t run) {
  uint32_t remaining = run;
  while (runs_[remaining].kind == JobKind::kNoRoot) remaining = runs_[remaining].above;
  while (run != remaining) run = std::exchange(runs_[run].above, remaining);
  return remaining;
}

// The outermost root counts. What is above stands before what is below.
std::vector<uint32_t> JobRuns::Settle() const {
  std::vector<uint32_t> settled(runs_.size());
  for (uint32_t i = 0; i < settled.size(); ++i) {
    const JobKind kind = runs_[i].kind;
    const bool is_below =
        kind == JobKind::kRoot || kind == JobKind::kUndecided || kind == JobKind::kNoRoot;
    const uint32_t above = is_below ? settled[runs_[i].above] : i;
    const bool is_outermost = kind == JobKind::kRoot && runs_[above].kind != JobKind::kRoot;
    settled[i] = is_below && !is_outermost ? above : i;
  }
  return settled;
}

std::optional<uint32_t> JobRuns::FindByCgroup(const Boot& boot, const Life& life) {
  const auto& id = life.identity.cgroup_id;
  if (!id) return std::nullopt;
  const auto known = by_cgroup_.find({&boot, *id});
  if (known != by_cgroup_.end()) return known->second;
  const auto path = boot.cgroups.find(*id);
  if (path == boot.cgroups.end()) return std::nullopt;
  return by_cgroup_[{&boot, *id}] = FindByPath(boot, *id, path->second);
}

std::optional<uint32_t> JobRuns::FindByPath(const Boot& boot, uint64_t id, std::string_view path) {
  JobRun run{.kind = JobKind::kContainer, .name = {}, .boot = &boot, .root_pid = {}};
  uint64_t instance = 0;
  if (const auto container = ContainerOf(path)) {
    run.name = *container;
  } else if (const auto session = LoginSessionOf(path)) {
    run.kind = JobKind::kSession;
    run.name = fmt::format("session {}", *session);
  } else if (const auto service = ServiceOf(path)) {
    run.kind = JobKind::kService;
    run.name = *service;
    instance = id;  // a service that is started anew has a new cgroup
  } else {
    return std::nullopt;
  }
  return OnlyOne(std::move(run), instance);
}

uint32_t JobRuns::Add(JobRun run) {
  runs_.push_back(std::move(run));
  return static_cast<uint32_t>(runs_.size() - 1);
}

// There is one of that kind and name in a boot, or one for each instance of it.
uint32_t JobRuns::OnlyOne(JobRun run, uint64_t instance) {
  const std::string key =
      fmt::format("{} {} {} {}", fmt::ptr(run.boot), NameOf(run.kind), instance, run.name);
  const auto [entry, is_new] = by_key_.try_emplace(key, 0);
  if (is_new) entry->second = Add(std::move(run));
  return entry->second;
}

}  // namespace daybook
