#include "totals/alike_ends.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "columns/life_cells.h"
#include "columns/life_window.h"
#include "time/time_units.h"

namespace daybook {
namespace {

// As task names have them, of 15 bytes at most; systemd is also that of a user.
constexpr std::string_view kSupervisors[] = {
    "runsv",       "supervise", "s6-supervise", "supervise-daemo", "perpd",
    "supervisord", "circusd",   "systemd",      "conmon",          "crun"};
// And what follows these: its version, and the step at which it starts a container.
constexpr std::string_view kSupervisorsBegin[] = {"PM2 v", "runc:["};

uint64_t MomentOfEnd(const Life& life) { return life.end_ns.value_or(life.last_seen_ns); }

}  // namespace

bool RestartsChildren(const Life& life) {
  if (IsFirst(life)) return true;
  const std::string_view comm = life.identity.comm ? *life.identity.comm : std::string_view();
  const auto begins = [comm](std::string_view begin) { return comm.starts_with(begin); };
  return std::ranges::any_of(kSupervisorsBegin, begins) ||
         std::ranges::find(kSupervisors, comm) != std::end(kSupervisors);
}

void MinutePeak::Add(const Boot& boot, uint64_t time_ns) {
  Insert(boot, time_ns);
  latest_ns_ = std::max(latest_ns_.value_or(time_ns), time_ns);
  most_ = std::max<uint64_t>(most_, times_.size() - first_);
}

void MinutePeak::AddEarlier(const Boot& boot, uint64_t time_ns) {
  Insert(boot, time_ns);
  if (latest_ns_ && times_.back() <= *latest_ns_) {
    most_ = std::max<uint64_t>(most_, times_.size() - first_);
  }
}

void MinutePeak::Insert(const Boot& boot, uint64_t time_ns) {
  if (boot_ != &boot) {
    boot_ = &boot;
    times_.clear();
    first_ = 0;
    latest_ns_.reset();
  }
  times_.insert(
      std::upper_bound(times_.begin() + static_cast<std::ptrdiff_t>(first_), times_.end(), time_ns),
      time_ns);
  Forget();
}

// Moves what is left only when as much can be given back.
void MinutePeak::Forget() {
  while (times_.back() - times_[first_] >= kNsPerMinute) ++first_;
  if (first_ < times_.size() / 2) return;
  times_.erase(times_.begin(), times_.begin() + static_cast<std::ptrdiff_t>(first_));
  first_ = 0;
}

bool EndedJustBefore(const Window& window, const Boot& boot, const Life& life) {
  const auto end = window.since_ns ? EndTime(boot, life) : std::nullopt;
  if (!end || *end >= *window.since_ns) return false;
  return static_cast<uint64_t>(*window.since_ns) - static_cast<uint64_t>(*end) < kNsPerMinute;
}

void AlikeEnds::AddEarlier(const Boot& boot, const Life& life) {
  peak.AddEarlier(boot, MomentOfEnd(life));
}

void AlikeEnds::Add(const Boot& boot, const Life& life) {
  const uint64_t end_ns = MomentOfEnd(life);
  ++count;
  peak.Add(boot, end_ns);
  const auto time = boot.clock.ToRealtime(end_ns);
  if (!time) return;
  first_ns = std::min(first_ns.value_or(*time), *time);
  if (last_ns && *time < *last_ns) return;
  last_ns = time;
  args.assign(ArgumentsOf(life));
}

void AlikeEnds::Merge(const AlikeEnds& other) {
  count += other.count;
  if (other.first_ns) first_ns = std::min(first_ns.value_or(*other.first_ns), *other.first_ns);
  if (!other.last_ns || (last_ns && *other.last_ns < *last_ns)) return;
  last_ns = other.last_ns;
  args = other.args;
}

}  // namespace daybook
