#include "job_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cgroup_names.h"
#include "escape.h"
#include "life_cells.h"

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
  constexpr std::array<std::string_view, 9> kNames = {
      "none", "container", "cron", "session", "service", "login", "kernel", "process", "root"};
  return kNames[static_cast<size_t>(kind)];
}

uint32_t JobRuns::Find(const Boot& boot, const Life& life, LifeTexts& texts) {
  const uint32_t by_parents = FindByParents(boot, life, texts);
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
  const Life* parent = life.parent.get();
  const uint32_t above = parent != nullptr ? parent->mark - 1 : 0;
  if (!roots_.lets_all_through()) {
    if (parent != nullptr && runs_[above].kind == JobKind::kRoot) return above;
    if (roots_.Judge(boot, life, texts) != Truth::kTrue) return None();
    return Add(RunFrom(JobKind::kRoot, boot, life, texts));
  }
  if ((life.flags & kProcKernelThread) != 0) return Kernel(boot);
  if (parent == nullptr || IsFirst(*parent)) {
    return Add(RunFrom(JobKind::kProcess, boot, life, texts));
  }
  const JobKind kind_above = runs_[above].kind;
  const bool is_in_one = kind_above == JobKind::kCron || kind_above == JobKind::kLogin;
  if (is_in_one || !IsStarter(*parent) || IsStarter(life)) return above;
  if (IsAmong(kSchedulers, *parent)) {
    return Add(RunFrom(JobKind::kCron, boot, life, texts));
  }
  return Add(RunFrom(JobKind::kLogin, boot, life, texts));
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
  const std::string key =
      fmt::format("{} {} {} {}", fmt::ptr(&boot), NameOf(run.kind), instance, run.name);
  const auto [entry, is_new] = by_key_.try_emplace(key, 0);
  if (is_new) entry->second = Add(std::move(run));
  return entry->second;
}

uint32_t JobRuns::Add(JobRun run) {
  runs_.push_back(std::move(run));
  return static_cast<uint32_t>(runs_.size() - 1);
}

uint32_t JobRuns::Kernel(const Boot& boot) {
  const auto [entry, is_new] = by_key_.try_emplace(fmt::format("{}", fmt::ptr(&boot)), 0);
  if (is_new) {
    entry->second =
        Add({.kind = JobKind::kKernel, .name = "kernel", .boot = &boot, .root_pid = {}});
  }
  return entry->second;
}

uint32_t JobRuns::None() {
  if (!none_)
    none_ = Add({.kind = JobKind::kNone, .name = "***other", .boot = nullptr, .root_pid = {}});
  return *none_;
}

}  // namespace daybook
