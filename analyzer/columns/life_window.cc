#include "columns/life_window.h"

#include <algorithm>

#include "text/escape.h"

namespace daybook {
namespace {

std::optional<int64_t> StartOf(const Boot& boot, const Life& life) {
  return boot.clock.ToRealtime(life.start_ns);
}

bool RunsUnknownAt(const Boot& boot, const Life& life, const std::optional<int64_t>& time_ns) {
  return life.state == LifeState::kRunning && time_ns && !TellsOf(boot, *time_ns);
}

// By their ends, those that run are in the last of all periods, whenever that begins, so that
// periods add up; but not where a recorder has said that it would not see their ends any more.
bool RunsInLastPeriod(const Window& window, const Boot& boot, const Life& life) {
  return !boot.stopped_ns || !RunsUnknownAt(boot, life, window.since_ns);
}

bool EndedBy(const std::optional<int64_t>& until_ns, const Boot& boot, const Life& life) {
  if (life.state != LifeState::kEnded || !until_ns) return life.state == LifeState::kEnded;
  const auto end = EndTime(boot, life);
  return end && *end < *until_ns;
}

// Of one that is as old as the log or younger, nothing was taken before; a filter may have left out
// its birth.
bool IsKnownFromBirth(const Boot& boot, const Life& life) {
  const bool is_of_log = boot.first_ns && life.start_ns >= *boot.first_ns;
  return life.birth_seen || is_of_log || life.acct;
}

// What it had taken at the begin of a time, or when it is first known.
std::optional<ShownCpu> CpuAtBegin(const Boot& boot, const Life& life) {
  if (life.before_cpu.time_ns != 0) return life.before_cpu;
  if (IsKnownFromBirth(boot, life)) return ShownCpu();
  return life.first_cpu.time_ns != 0 ? std::optional(life.first_cpu) : std::nullopt;
}

Placed PlaceMoment(const Window& window, const std::optional<int64_t>& time_ns) {
  if (!time_ns) return Placed::kUndated;
  return window.Contains(*time_ns) ? Placed::kInside : Placed::kOutside;
}

}  // namespace

std::optional<int64_t> EndTime(const Boot& boot, const Life& life) {
  if (life.state == LifeState::kRunning) return std::nullopt;
  return boot.clock.ToRealtime(life.end_ns.value_or(life.last_seen_ns));
}

Placed PlaceInBounds(const Window& window, const Boot& boot, const Life& life) {
  const bool is_running = life.state == LifeState::kRunning;
  if (window.rule == WindowRule::kEnd) {
    if (!is_running) return PlaceMoment(window, EndTime(boot, life));
    const bool is_inside = !window.until_ns && RunsInLastPeriod(window, boot, life);
    return is_inside ? Placed::kInside : Placed::kOutside;
  }
  const auto start = StartOf(boot, life);
  if (window.rule == WindowRule::kStart || !start) return PlaceMoment(window, start);
  if (RunsUnknownAt(boot, life, window.since_ns)) return Placed::kOutside;
  return window.Overlaps(start, EndTime(boot, life)) ? Placed::kInside : Placed::kOutside;
}

bool IsThereWithoutEnd(const Window& window, const Boot& boot, const Life& life) {
  const auto end = EndTime(boot, life);
  if (!window.Overlaps(StartOf(boot, life), end)) return false;
  return life.state != LifeState::kEnded || (window.until_ns && end && *end >= *window.until_ns);
}

bool EndedBehind(const std::optional<int64_t>& until_ns, const Boot& boot, const Life& life) {
  if (!until_ns || life.state == LifeState::kRunning) return false;
  const auto start = StartOf(boot, life);
  const auto end = EndTime(boot, life);
  return start && *start < *until_ns && end && *end >= *until_ns;
}

void CountOpenEnd(const Window& window, const Boot& boot, const Life& life, LifeCounts* counts) {
  const bool is_running = life.state == LifeState::kRunning;
  const bool is_lost = life.state == LifeState::kLost;
  if (!window.bounded()) {
    counts->running += is_running;
    counts->ended_unseen += is_lost;
    counts->unreaped += life.is_unreaped;
    return;
  }
  const bool is_by_end = window.rule == WindowRule::kEnd;
  const bool is_told = is_by_end ? RunsInLastPeriod(window, boot, life)
                                 : !RunsUnknownAt(boot, life, window.since_ns);
  if (!is_told) return;
  if (!window.Overlaps(StartOf(boot, life), EndTime(boot, life))) return;
  const bool runs_on = is_running || EndedBehind(window.until_ns, boot, life);
  counts->running += runs_on;
  counts->ended_unseen += is_lost && !runs_on;
  counts->unreaped += life.is_unreaped && !runs_on;
}

std::optional<bool> AliveAt(const Boot& boot, const Life& life, int64_t time_ns) {
  const auto start = StartOf(boot, life);
  if (!start) return std::nullopt;
  if (*start > time_ns) return false;
  if (RunsUnknownAt(boot, life, time_ns)) return std::nullopt;
  if (life.state == LifeState::kRunning) return true;
  const auto end = EndTime(boot, life);
  if (life.state == LifeState::kLost) {
    return end && time_ns <= *end ? std::optional(true) : std::nullopt;
  }
  // One of no length was there when it was born.
  return time_ns == *start || (end && time_ns < *end);
}

std::optional<bool> AliveWithin(const Boot& boot, const Life& life, int64_t first_ns,
                                int64_t last_ns) {
  const auto start = StartOf(boot, life);
  if (start && *start > first_ns && *start <= last_ns) return true;
  return AliveAt(boot, life, first_ns);
}

std::optional<uint64_t> CpuWithinUs(const std::optional<int64_t>& until_ns, const Boot& boot,
                                    const Life& life) {
  const auto begin = CpuAtBegin(boot, life);
  if (!begin) return std::nullopt;
  ShownCpu end = life.shown_cpu;
  if (life.usage.cpu_us && EndedBy(until_ns, boot, life)) {
    // An end that was not waited for may know less than a snapshot.
    end = {.time_ns = UINT64_MAX, .cpu_us = std::max(end.cpu_us, *life.usage.cpu_us)};
  }
  if (end.time_ns <= begin->time_ns) return std::nullopt;
  return end.cpu_us - std::min(end.cpu_us, begin->cpu_us);
}

std::optional<uint64_t> CpuSinceUs(const ShownCpu& shown, const Boot& boot, const Life& life,
                                   uint64_t cpu_us) {
  if (shown.time_ns == 0 && !IsKnownFromBirth(boot, life)) return std::nullopt;
  return cpu_us - std::min(cpu_us, shown.cpu_us);
}

void EndsOfLogs::Take(const Boot& boot, const Life& life) {
  if (!RunsUnknownAt(boot, life, moment_ns_)) return;
  const int64_t last_ns = *boot.clock.LatestUpTo(boot.last_ns);
  int64_t& end =
      ends_.try_emplace(boot.host.value_or("a host without a name"), last_ns).first->second;
  end = std::max(end, last_ns);
}

std::vector<std::string> EndsOfLogs::Lines(const LocalZone& zone) const {
  std::vector<std::string> lines;
  for (const auto& [host, end_ns] : ends_) {
    std::string& line = lines.emplace_back("the log of ");
    AppendEscaped(host, &line);
    line += " ends at ";
    zone.AppendForPeople(end_ns, &line);
    line += ": who lived after that it does not tell";
  }
  return lines;
}

}  // namespace daybook
