// What is different of jobs that run again and again: the program of most is a shell or an
// interpreter, whose name tells nothing of them.

#include <algorithm>
#include <csignal>
#include <utility>

#include "columns/abnormal_end.h"
#include "columns/life_cells.h"
#include "columns/life_window.h"
#include "night/night.h"
#include "totals/change.h"

namespace daybook {
namespace {

// Names may be others each time, as of services for one connection; users make them, too. What is
// not among so many is compared with nothing.
constexpr size_t kMostJobs = 65'536;

// Of jobs that failed now and then before: so many more failures than that lets expect.
constexpr uint64_t kMinMoreFailedRuns = 5;

// The manager of services stops them by signals that nobody sends for a failure.
bool HasFailed(JobKind kind, const Life& life) {
  const uint32_t status = life.wait_status.value_or(0);
  if (kind != JobKind::kService) return status != 0;
  // Some programs, and all shells, say by their exit code that they were.
  constexpr uint32_t kBySignal = 128;
  const uint32_t code = (status & kSignalMask) == 0 ? ExitCodeOf(status) : 0;
  const bool is_stop_code = code == kBySignal + SIGHUP || code == kBySignal + SIGINT ||
                            code == kBySignal + SIGPIPE || code == kBySignal + SIGTERM;
  return status != 0 && !is_stop_code && !EndedByUsualSignal(life);
}

}  // namespace

// Nothing that a run starts counts: grep and test only answer no, and whether that matters is said
// by who asked them.
void Night::TakeOwnEnd(const Boot& boot, const Life& life, bool is_before) {
  if (life.state == LifeState::kLost) return;  // nobody knows how it ended
  auto name = runs_.FindOwn(boot, life, texts_);
  if (!name) return;
  const JobKind kind = name->first;
  auto known = by_job_.find(*name);
  if (known == by_job_.end()) {
    has_more_jobs_ = has_more_jobs_ || by_job_.size() >= kMostJobs;
    if (has_more_jobs_) return;
    known = by_job_.try_emplace(std::move(*name)).first;
  }
  JobPeriods& job = known->second;
  OwnEnds& ends = is_before ? job.before : job.now;
  const auto elapsed_us = ElapsedUs(life);
  const bool has_failed = HasFailed(kind, life);
  ++ends.count;
  ends.running += life.state == LifeState::kRunning;
  ends.failed += has_failed;
  ends.elapsed_us.Add(elapsed_us);
  job.lacks_successes = job.lacks_successes || boot.lacks_successes;
  if (is_before) {
    job.longest_before_us = std::max(job.longest_before_us, elapsed_us.value_or(0));
    job.nights |= NightsBefore(boot, life);
  } else if (has_failed) {
    const auto end_ns = EndTime(boot, life);
    if (job.failed_ns && end_ns < job.failed_ns) return;
    job.failed_pid = life.pid;
    job.failed_how = {*life.wait_status, (life.flags & kProcOomKilled) != 0};
    job.failed_ns = end_ns;
  }
}

// Jobs do not answer no, as programs do: the first failure of one that never failed is news, and so
// are those of most runs of one that seldom did. What cron starts for the first time should not
// fail either: it may be an old job whose shell came less far than ever, and is not yet the program
// by which it was known. A new service may be one connection, which has a name of its own.
bool Night::IsFailing(JobKind kind, const JobPeriods& job) const {
  if (job.lacks_successes || job.now.failed == 0) return false;
  if (job.before.count == 0) return kind == JobKind::kCron && !has_more_jobs_;
  if (job.before.failed == 0) return true;
  const FailedShare before{.failed = job.before.failed, .count = job.before.count};
  const FailedShare now{.failed = job.now.failed, .count = job.now.count - job.now.running};
  if (!FailsMore(before, now, kWholeThreshold)) return false;
  return now.failed * 2 >= now.count ||
         now.failed >= before.failed * now.count / before.count + kMinMoreFailedRuns;
}

// How long a service ran that is not there for one task only says when it was stopped.
std::string Night::ChangesOf(JobKind kind, const JobPeriods& job) const {
  if (!baseline_) return "";
  if (job.now.count == 0) return IsGone(job.before.count, job.nights) ? "gone" : "";
  const bool may_be_slower = kind == JobKind::kCron || IsInEachNight(job.nights);
  const bool is_slower =
      may_be_slower && IsSlower(job.before.elapsed_us, job.now.elapsed_us, job.longest_before_us);
  if (!IsFailing(kind, job)) return is_slower ? "slower" : "";
  return is_slower ? "slower,failing" : "failing";
}

uint64_t Night::failing_jobs() const {
  return static_cast<uint64_t>(std::ranges::count_if(by_job_, [this](const auto& entry) {
    return baseline_ && IsFailing(entry.first.first, entry.second);
  }));
}

}  // namespace daybook
