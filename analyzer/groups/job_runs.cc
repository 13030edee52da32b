#include "groups/job_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "columns/cgroup_names.h"
#include "groups/life_groups.h"
#include "text/escape.h"

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

// So long after the end of a process it may be told: its records may be late, and its reap.
constexpr uint64_t kSettlesNs = 3 * kMaxLatenessNs;

JobRun RunFrom(JobKind kind, const Boot& boot, const Life& root, LifeTexts& texts) {
  return {.kind = kind,
          .name = NameFrom(kind, boot, root, texts),
          .boot = &boot,
          .root_pid = root.pid,
          .root_start_ns = root.start_ns};
}

// Empty where the log does not tell it.
std::string_view CgroupOf(const Boot& boot, const Life& life) {
  const auto& id = life.identity.cgroup_id;
  const auto path = id ? boot.cgroups.find(*id) : boot.cgroups.end();
  return path != boot.cgroups.end() ? path->second : std::string_view();
}

JobRun RunOf(JobKind kind, std::string name, const Boot& boot) {
  return {.kind = kind, .name = std::move(name), .boot = &boot, .root_pid = {}};
}

}  // namespace

std::string_view NameOf(JobKind kind) {
  constexpr std::array<std::string_view, 11> kNames = {"none",    "container", "cron",   "session",
                                                       "service", "login",     "kernel", "process",
                                                       "root",    "undecided", "no root"};
  return kNames[static_cast<size_t>(kind)];
}

// One by one: there may be a chain of as many as the log has.
JobRuns::OverQueue::~OverQueue() {
  while (first) Pop();
}

void JobRuns::OverQueue::Push(std::unique_ptr<JobRun> run) {
  run->links.next_over_ = std::move(first);
  first = std::move(run);
}

std::unique_ptr<JobRun> JobRuns::OverQueue::Pop() {
  std::unique_ptr<JobRun> run = std::move(first);
  first = std::move(run->links.next_over_);
  return run;
}

JobRuns::JobRuns(const Filter& roots, OverFunction when_over)
    : roots_(roots), waits_for_end_(roots.IsAboutEnd()), when_over_(std::move(when_over)) {}

std::shared_ptr<JobRuns> JobRuns::WithoutRoots() {
  static const Filter kNoRoots;
  return std::make_shared<JobRuns>(kNoRoots);
}

JobRuns::~JobRuns() = default;

const LocalPointer<JobRun>& JobRuns::Find(const Boot& boot, const Life& life, LifeTexts& texts) {
  TakeOver();
  uint64_t& newest_end_ns = newest_end_ns_[&boot];
  newest_end_ns = std::max(newest_end_ns, life.end_ns.value_or(0));
  const LocalPointer<JobRun>& by_parents = Remaining(FindByParents(boot, life, texts));
  // Now that its end is known, it may be known by a better name than when its first child ended.
  if (by_parents->root_pid == life.pid && by_parents->root_start_ns == life.start_ns) {
    by_parents->name = NameFrom(by_parents->kind, boot, life, texts);
  }
  if (!roots_.lets_all_through()) return by_parents;
  const LocalPointer<JobRun>& by_cgroup = FindByCgroup(boot, life);
  if (!by_cgroup) return by_parents;
  // A run of cron is in cron's own cgroup.
  const bool is_narrower =
      by_parents->kind == JobKind::kCron && by_cgroup->kind != JobKind::kContainer;
  return is_narrower ? by_parents : by_cgroup;
}

std::optional<JobName> JobRuns::FindOwn(const Boot& boot, const Life& life, LifeTexts& texts) {
  const Life* parent = life.parent.get();
  if (parent == nullptr || (!IsFirst(*parent) && !IsAmong(kSchedulers, *parent))) return {};
  const std::string_view path = CgroupOf(boot, life);
  if (ContainerOf(path)) return {};
  if (IsFirst(*parent)) {
    const auto service = LoginSessionOf(path) ? std::nullopt : ServiceOf(path);
    if (!service) return {};
    return JobName(JobKind::kService, *service);
  }
  TakeOver();
  const JobRun& run = *FindByParents(boot, life, texts);
  const bool is_own = run.root_pid == life.pid && run.root_start_ns == life.start_ns;
  if (run.kind != JobKind::kCron || !is_own) return {};
  return JobName(run.kind, NameFrom(run.kind, boot, life, texts));
}

// From the nearest ancestor whose run is known, down to it again.
const LocalPointer<JobRun>& JobRuns::FindByParents(const Boot& boot, const Life& life,
                                                   LifeTexts& texts) {
  unknown_.clear();
  for (const Life* at = &life; at != nullptr && !at->job_run; at = at->parent.get()) {
    unknown_.push_back(at);
  }
  for (; !unknown_.empty(); unknown_.pop_back()) {
    unknown_.back()->job_run = FindBelow(boot, *unknown_.back(), texts);
  }
  return life.job_run;
}

// That of its parent is known.
LocalPointer<JobRun> JobRuns::FindBelow(const Boot& boot, const Life& life, LifeTexts& texts) {
  if (!roots_.lets_all_through()) return FindBelowRoots(boot, life, texts);
  if ((life.flags & kProcKernelThread) != 0) {
    return OnlyOne(RunOf(JobKind::kKernel, "kernel", boot));
  }
  const Life* parent = life.parent.get();
  if (parent == nullptr) return WithoutParent(boot, life, texts);
  if (IsFirst(*parent)) return Add(RunFrom(JobKind::kProcess, boot, life, texts));
  const LocalPointer<JobRun>& above = parent->job_run;
  // What an orphan does is no run of the others that have its parent's name.
  if (above->is_many) return Add(RunOf(above->kind, above->name, boot));
  const bool is_in_one = above->kind == JobKind::kCron || above->kind == JobKind::kLogin;
  if (is_in_one || !IsStarter(*parent) || IsStarter(life)) return above;
  const bool is_scheduled = IsAmong(kSchedulers, *parent);
  return Add(RunFrom(is_scheduled ? JobKind::kCron : JobKind::kLogin, boot, life, texts));
}

// Whether a process that still runs is a root may be told at its end only: until then it has a run
// of its own, and so has every root below it.
LocalPointer<JobRun> JobRuns::FindBelowRoots(const Boot& boot, const Life& life, LifeTexts& texts) {
  const Life* parent = life.parent.get();
  LocalPointer<JobRun> above = parent != nullptr
                                   ? Remaining(parent->job_run)
                                   : OnlyOne(RunOf(JobKind::kNone, std::string(kOther), boot));
  if (above->kind == JobKind::kRoot) return above;
  JobKind kind = JobKind::kUndecided;
  if (!waits_for_end_ || life.state != LifeState::kRunning) {
    if (roots_.Judge(boot, life, texts) != Truth::kTrue) return above;
    kind = JobKind::kRoot;
  }
  JobRun run = RunFrom(kind, boot, life, texts);
  run.links.above_ = std::move(above);
  return Add(std::move(run));
}

// Of a log without births every process is one: those that are over, and so have no more to come,
// are together by their name.
LocalPointer<JobRun> JobRuns::WithoutParent(const Boot& boot, const Life& life, LifeTexts& texts) {
  if (IsFirst(life) || life.state == LifeState::kRunning) {
    return Add(RunFrom(JobKind::kProcess, boot, life, texts));
  }
  JobRun run = RunOf(JobKind::kProcess, life.identity.comm.value_or("?"), boot);
  run.is_many = true;
  return OnlyOne(std::move(run));
}

void JobRuns::Decide(const Boot& boot, const Life& life, LifeTexts& texts) {
  if (!waits_for_end_ || !life.job_run) return;
  JobRun& run = *life.job_run;
  if (run.kind != JobKind::kUndecided || run.root_pid != life.pid) return;
  if (roots_.Judge(boot, life, texts) != Truth::kTrue) return GiveUp(&run);
  run.kind = JobKind::kRoot;
  run.name = NameFrom(run.kind, boot, life, texts);
  for (const auto& below : std::exchange(run.links.below_, {})) run.totals.Join(below->totals);
}

// Its outermost process is no root after all: what it has belongs to the next one above.
void JobRuns::GiveUp(JobRun* run) {
  run->kind = JobKind::kNoRoot;
  const LocalPointer<JobRun> above = run->links.above_ = Remaining(run->links.above_);
  above->totals.Join(std::exchange(run->totals, {}));
  for (auto& below : std::exchange(run->links.below_, {})) {
    below->links.above_ = above;
    Settle(std::move(below));
  }
}

// The nearest one from there up that may still be a job. The way there is made short for the next
// time.
const LocalPointer<JobRun>& JobRuns::Remaining(const LocalPointer<JobRun>& run) {
  if (run->kind != JobKind::kNoRoot) return run;
  const LocalPointer<JobRun>* remaining = &run->links.above_;
  while ((*remaining)->kind == JobKind::kNoRoot) remaining = &(*remaining)->links.above_;
  const LocalPointer<JobRun> found = *remaining;
  for (LocalPointer<JobRun> at = run; at->links.above_ != found;) {
    at = std::exchange(at->links.above_, found);
  }
  return run->links.above_;
}

// What is over only now may have ended long ago.
void JobRuns::Finish() {
  newest_end_ns_.clear();
  by_key_.clear();
  by_cgroup_.clear();
  TakeOver();
}

void JobRuns::TakeOver() {
  while (over_->first) {
    std::unique_ptr<JobRun> run = over_->Pop();
    open_.erase(run.get());
    if (when_over_) Settle(std::move(run));
  }
}

// The outermost root counts.
void JobRuns::Settle(std::unique_ptr<JobRun> run) {
  if (run->kind == JobKind::kUndecided) GiveUp(run.get());
  if (run->kind == JobKind::kNoRoot) return;
  JobRun* const above = run->links.above_ ? Remaining(run->links.above_).get() : nullptr;
  if (above != nullptr && above->kind == JobKind::kRoot) {
    above->totals.Join(run->totals);
  } else if (above != nullptr && above->kind == JobKind::kUndecided) {
    const LocalPointer<JobRun> kept =
        std::exchange(run->links.above_, nullptr);  // until it is decided
    above->links.below_.push_back(std::move(run));
  } else {
    when_over_(*run);
  }
}

std::vector<uint64_t> JobRuns::OpenEnds(const Boot& boot) const {
  std::vector<uint64_t> ends;
  for (const JobRun* run : open_) {
    const RunSpan& span = run->totals.span;
    if (run->boot != &boot || span.empty()) continue;
    ends.push_back(std::max(span.last_ns, span.first_ns + 1));  // as they are counted
  }
  return ends;
}

std::optional<uint64_t> JobRuns::SettledUntil(const Boot& boot) const {
  const auto newest = newest_end_ns_.find(&boot);
  if (waits_for_end_ || newest == newest_end_ns_.end()) return std::nullopt;
  return newest->second - std::min(newest->second, kSettlesNs);
}

const LocalPointer<JobRun>& JobRuns::FindByCgroup(const Boot& boot, const Life& life) {
  static const LocalPointer<JobRun> kNone;
  const auto& id = life.identity.cgroup_id;
  if (!id) return kNone;
  const auto known = by_cgroup_.find({&boot, *id});
  if (known != by_cgroup_.end()) return known->second;
  const auto path = boot.cgroups.find(*id);
  if (path == boot.cgroups.end()) return kNone;
  return by_cgroup_[{&boot, *id}] = FindByPath(boot, *id, path->second);
}

LocalPointer<JobRun> JobRuns::FindByPath(const Boot& boot, uint64_t id, std::string_view path) {
  if (const auto container = ContainerOf(path)) {
    return OnlyOne(RunOf(JobKind::kContainer, std::string(*container), boot));
  }
  if (const auto session = LoginSessionOf(path)) {
    return OnlyOne(RunOf(JobKind::kSession, fmt::format("session {}", *session), boot));
  }
  const auto service = ServiceOf(path);
  if (!service) return nullptr;
  // A service that is started anew has a new cgroup.
  return OnlyOne(RunOf(JobKind::kService, std::string(*service), boot), id);
}

LocalPointer<JobRun> JobRuns::Add(JobRun run) {
  run.number = ++added_;
  LocalPointer<JobRun> added(new JobRun(std::move(run)), [over = over_](JobRun* ended) {
    over->Push(std::unique_ptr<JobRun>(ended));
  });
  open_.insert(added.get());
  return added;
}

// There is one of that kind and name in a boot, or one for each instance of it.
LocalPointer<JobRun> JobRuns::OnlyOne(JobRun run, uint64_t instance) {
  const std::string key =
      fmt::format("{} {} {} {}", fmt::ptr(run.boot), NameOf(run.kind), instance, run.name);
  LocalPointer<JobRun>& known = by_key_[key];
  if (!known) {
    known = Add(std::move(run));
    open_.erase(known.get());  // to the end, whatever ends
  }
  return known;
}

}  // namespace daybook
