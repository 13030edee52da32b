#include "night/night.h"

#include <algorithm>
#include <cmath>

#include "columns/abnormal_end.h"
#include "columns/life_cells.h"
#include "columns/life_window.h"
#include "totals/change.h"

namespace daybook {
namespace {

// What is this much more than in the period before is a change: twice as much, and not a few more
// of what is rare or cheap anyway.
constexpr uint64_t kTimesAsMuch = 2;
constexpr uint64_t kTwice = kWholeThreshold;  // for rules that are shared with diff
constexpr uint64_t kMinMoreProcesses = 20;
constexpr uint64_t kMinMoreCpuUs = 1'000'000;
constexpr uint64_t kMinMoreElapsedUs = 1'000'000;  // in all

bool IsOomKill(const Life& life) { return (life.flags & kProcOomKilled) != 0; }

std::string CommOf(const Life* life) {
  return life != nullptr ? life->identity.comm.value_or("") : "";
}

}  // namespace

Night::Night(const Window& window, int64_t now_ns, const LocalZone& zone)
    : window_(window),
      before_(window, now_ns, zone),
      texts_(zone),
      runs_(no_roots_, [this](const JobRun& run) { TakeRun(run); }) {}

// Less than the night is long says little: much of what runs once a night would be new. What is
// missing of it was recorded: it is none the shorter for that, unless half of it is.
void Night::SetBaseline(const Window& before, const RecordedTimes& recorded) {
  if (before_.length_ns() == 0 || recorded.empty()) return;
  const int64_t end_ns = *window_.since_ns + before_.length_ns();
  recorded_ns_ = recorded.NsBetween(*window_.since_ns, end_ns);
  if (recorded.MissingNsBetween(*window_.since_ns, end_ns) >= kSilenceNs) {
    const bool is_all = recorded.IsMissing({.since_ns = window_.since_ns, .until_ns = end_ns});
    lack_ = is_all ? Lack::kAll : Lack::kSome;
  }
  const int64_t since_ns = std::max({*before.since_ns, recorded.first_ns(), int64_t{0}});
  if (since_ns >= *before.until_ns) return;
  baseline_ns_ = recorded.NsBetween(since_ns, *before.until_ns);
  const int64_t missing_ns = recorded.MissingNsBetween(since_ns, *before.until_ns);
  const int64_t enough_ns = std::min(recorded_ns_, before_.LastStretchNs());
  const bool is_long = before_.IsLongSince(since_ns) && baseline_ns_ + missing_ns >= enough_ns &&
                       baseline_ns_ >= recorded_ns_ / 2;
  if (is_long && recorded_ns_ > 0 && lack_ != Lack::kAll) {
    baseline_ = Window{.since_ns = since_ns, .until_ns = before.until_ns};
    lacks_before_ = missing_ns >= kSilenceNs;
    NoteNights(recorded);
  }
}

// Those of which half as much was recorded as of this one, or as is usual: a host may be off at
// weekends, and on for longer than ever tonight.
void Night::NoteNights(const RecordedTimes& recorded) {
  std::vector<int64_t> nights;
  for (const Window& night : before_.StretchesSince(*baseline_->since_ns)) {
    nights.push_back(recorded.NsBetween(*night.since_ns, *night.until_ns));
  }
  const auto on = std::ranges::count_if(nights, [](int64_t ns) { return ns != 0; });
  const int64_t usual_ns = baseline_ns_ / std::max<int64_t>(on, 1);
  const int64_t least_ns = std::max<int64_t>(std::min(recorded_ns_, usual_ns) / 2, 1);
  for (size_t night = 0; night < nights.size(); ++night) {
    if (nights[night] >= least_ns) recorded_nights_ |= uint64_t{1} << night;
  }
}

// A life counts where it ends, so that nights add up. Of one that runs where its log ends before
// the night nobody knows whether it was there.
Night::Place Night::PlaceOf(const Boot& boot, const Life& life) const {
  if (life.state == LifeState::kRunning && window_.since_ns) {
    if (!TellsOf(boot, *window_.since_ns)) return Place::kUnknown;
  }
  const auto end = EndTime(boot, life);
  if (!end) return Place::kNight;
  if (window_.since_ns && *end < *window_.since_ns) return Place::kBefore;
  return window_.until_ns && *end >= *window_.until_ns ? Place::kAfter : Place::kNight;
}

void Night::Take(const Boot& boot, const Life& life) {
  const Place place = PlaceOf(boot, life);
  if (place == Place::kUnknown) return See(boot, life, true);
  if (place == Place::kBefore) return TakeBefore(boot, life);
  JobRun* const run = runs_.Find(boot, life, texts_).get();
  if (place == Place::kNight) return TakeNow(boot, life, run);
  Life running = life;  // names and ids are the last known ones, not those of the night's end
  running.state = LifeState::kRunning;
  running.end_ns.reset();
  running.wait_status.reset();
  running.usage = {};
  TakeNow(boot, running, run);
}

void Night::TakeBefore(const Boot& boot, const Life& life) {
  See(boot, life, true);
  TakeOwnEnd(boot, life, true);
  Periods& of_comm = by_comm_[life.identity.comm.value_or("")];
  of_comm.before.Add(life);
  of_comm.longest_before_us = std::max(of_comm.longest_before_us, ElapsedUs(life).value_or(0));
  of_comm.nights |= NightsBefore(boot, life);
  of_comm.lacks_successes = of_comm.lacks_successes || boot.lacks_successes;
  if (life.wait_status.value_or(0) == 0 || !EndedJustBefore(window_, boot, life)) return;
  if (AlikeEnds* const ends = RestartsLike(life)) ends->AddEarlier(boot, life);
}

void Night::TakeNow(const Boot& boot, const Life& life, JobRun* run) {
  See(boot, life, false);
  Periods& of_comm = by_comm_[life.identity.comm.value_or("")];
  of_comm.lacks_successes = of_comm.lacks_successes || boot.lacks_successes;
  const auto within_us = CpuWithinUs(window_.until_ns, boot, life);
  for (Totals* const totals :
       {&all_, &of_comm.now, &by_user_[life.identity.uid], &run->totals.totals}) {
    totals->Add(life);
    totals->cpu_within_us.Add(within_us);
  }
  TakeOwnEnd(boot, life, false);
  if (life.birth_seen && !IsOlder(boot, life.start_ns)) {
    const Life* parent = life.parent.get();
    Births& births = by_parent_[parent != nullptr ? parent->identity.comm : std::nullopt];
    births.totals.Add(life);
    births.short_ones += IsShortLived(life);
  }
  if (life.wait_status.value_or(0) != 0) TakeFailure(boot, life, run);
}

// A service that is started anew is another run of the same job.
void Night::TakeRun(const JobRun& run) {
  if (run.totals.totals.count == 0) return;
  JobOfNight& job = jobs_[{run.kind, run.name}];
  ++job.runs;
  job.totals.Merge(run.totals.totals);
  const auto abnormal = abnormal_of_open_.extract(&run);
  if (!abnormal) return;
  for (const auto& [key, ends] : abnormal.mapped()) {
    abnormal_[{key.first, run.name, key.second}].Merge(ends);
  }
}

bool Night::IsOlder(const Boot& boot, uint64_t time_ns) const {
  const auto time = boot.clock.ToRealtime(time_ns);
  return window_.since_ns && time && *time < *window_.since_ns;
}

bool Night::IsBehind(const Boot& boot, uint64_t time_ns) const {
  const auto time = boot.clock.ToRealtime(time_ns);
  return window_.until_ns && time && *time >= *window_.until_ns;
}

// Who was there already when the night began is not new in it; a program may be, that an older
// process executes then, and so may a change of its user. What may have been before is not new.
void Night::See(const Boot& boot, const Life& life, bool is_before) {
  if ((life.flags & kProcKernelThread) == 0) SeePrograms(boot, life, is_before);
  const bool is_known = is_before || IsOlder(boot, life.start_ns);
  if (life.identity.uid) {
    SeeOne(boot, life, life.start_ns, is_known, &users_[*life.identity.uid]);
  }
  for (const IdentityChange& change : FindIdentityChanges(life)) {
    if (is_before || !IsBehind(boot, change.first_ns)) SeeChange(boot, life, is_before, change);
  }
}

// Those that it executed; what it was only born with its parent has executed. The only one has all
// that the process used, as in the other sections.
void Night::SeePrograms(const Boot& boot, const Life& life, bool is_before) {
  const uint64_t newest_ns = std::max(life.start_ns, life.image ? life.image->since_ns : 0);
  if (!HasReplacedProgram(life)) return SeeProgram(boot, life, newest_ns, is_before);
  std::vector<const Sighting*> seen;  // of a process once each
  programs_of_life_.ForEach(life, [&](const RanProgram& program) {
    const Life& ran = program.life;
    const bool is_of_parent = program.number == 1 && program.count == 1U;
    const bool is_known = ran.identity.comm || (ran.image && ran.image->exe);
    if (!is_of_parent && is_known) SeeProgram(boot, ran, ran.start_ns, is_before, &seen);
  });
}

void Night::SeeProgram(const Boot& boot, const Life& ran, uint64_t since_ns, bool is_before,
                       std::vector<const Sighting*>* seen) {
  if (!is_before && IsBehind(boot, since_ns)) return;
  const bool has_exe = ran.image && ran.image->exe;
  Sighting& sighting = programs_[has_exe ? *ran.image->exe : CommOf(&ran)];
  const bool is_known = is_before || IsOlder(boot, since_ns);
  if (seen != nullptr && std::ranges::find(*seen, &sighting) != seen->end()) {
    if (!is_known) AddUse(ran, &sighting);
    return;
  }
  SeeOne(boot, ran, since_ns, is_known, &sighting);
  if (seen != nullptr) seen->push_back(&sighting);
}

// By whom it was made, if that is known.
void Night::SeeChange(const Boot& boot, const Life& life, bool is_before,
                      const IdentityChange& change) {
  const bool is_known = is_before || IsOlder(boot, change.first_ns);
  IdentityKey key{change.how, change.from_uid, change.to_uid,
                  change.by ? change.by->comm->value_or("") : ""};
  Sighting& sighting = identities_[std::move(key)];
  const bool is_first = sighting.now == 0;
  SeeOne(boot, life, change.first_ns, is_known, &sighting);
  if (is_known || !is_first) return;
  sighting.parent.clear();
  AppendAncestors(life, &sighting.parent);
}

void Night::AddUse(const Life& life, Sighting* sighting) {
  sighting->failed += life.wait_status.value_or(0) != 0;
  sighting->cpu_us.Add(life.usage.cpu_us);
}

void Night::SeeOne(const Boot& boot, const Life& life, uint64_t since_ns, bool is_before,
                   Sighting* sighting) {
  if (is_before) {
    ++sighting->before;
    return;
  }
  ++sighting->now;
  AddUse(life, sighting);
  if (sighting->before != 0) return;  // no news
  const auto start = boot.clock.ToRealtime(since_ns);
  if (sighting->first_ns && (!start || *start >= *sighting->first_ns)) return;
  sighting->first_ns = start;
  sighting->uid = life.identity.uid;
  sighting->comm = CommOf(&life);
  sighting->parent = CommOf(life.parent.get());
  sighting->args.assign(ArgumentsOf(life));
}

// What is started again and again is a supervisor's child, or dies of a signal: other programs that
// fail often, as grep and test do, only answer no. nullptr of these.
AlikeEnds* Night::RestartsLike(const Life& life) {
  const Life* parent = life.parent.get();
  if (!IsAbnormal(life) && (parent == nullptr || !RestartsChildren(*parent))) return nullptr;
  return &restarted_[{CommOf(&life), CommOf(parent), {*life.wait_status, IsOomKill(life)}}];
}

void Night::TakeFailure(const Boot& boot, const Life& life, const JobRun* run) {
  const HowItEnded how{*life.wait_status, IsOomKill(life)};
  failed_[{CommOf(&life), how}].Add(boot, life);
  if (AlikeEnds* const ends = RestartsLike(life)) ends->Add(boot, life);
  if (!IsAbnormal(life)) return;
  abnormal_of_open_[run][{CommOf(&life), how}].Add(boot, life);
  signals_ += (how.first & kSignalMask) != 0;
  cores_ += (how.first & kCoreBit) != 0;
  ooms_ += how.second;
}

// How much of it a time as long as what was recorded of the night had.
uint64_t Night::Expected(uint64_t before) const {
  const double share = static_cast<double>(recorded_ns_) / static_cast<double>(baseline_ns_);
  return static_cast<uint64_t>(std::llround(static_cast<double>(before) * share));
}

// A bit for the night in which it ended.
uint64_t Night::NightsBefore(const Boot& boot, const Life& life) const {
  const auto end = EndTime(boot, life);
  const auto night = end ? before_.StretchAt(*end) : std::nullopt;
  return night ? uint64_t{1} << *night : 0;
}

bool Night::IsInEachNight(uint64_t nights) const {
  return recorded_nights_ != 0 && (recorded_nights_ & ~nights) == 0;
}

// Of what is not in the night.
bool Night::IsGone(uint64_t before, uint64_t nights) const {
  return lack_ == Lack::kNothing && Expected(before) != 0 && IsInEachNight(nights);
}

// Times vary much, above all where people or networks are waited for: what took as long once is
// nothing new.
bool Night::IsSlower(const Sum& before, const Sum& now, uint64_t longest_before_us) {
  if (!IsLonger(before, now, kTwice)) return false;
  const uint64_t more_us = *now.Mean() - *before.Mean();
  return *now.Mean() > longest_before_us && more_us * now.terms >= kMinMoreElapsedUs;
}

bool Night::IsFailing(const Periods& periods) const {
  return !periods.lacks_successes &&
         daybook::IsFailing(FailedOf(periods.before), FailedOf(periods.now), kTwice);
}

std::string Night::ChangesOf(const Periods& periods) const {
  if (!baseline_ || periods.before.count == 0) return "";  // what is new has its own table
  if (periods.now.count == 0) {
    return IsGone(periods.before.count, periods.nights) ? "gone" : "";
  }
  std::string changes;
  const auto add_if = [&](bool has_changed, std::string_view change) {
    if (has_changed) changes.append(changes.empty() ? "" : ",").append(change);
  };
  const uint64_t count = Expected(periods.before.count);
  const uint64_t cpu_us = Expected(periods.before.cpu_us.total.value_or(0));
  const uint64_t now_us = periods.now.cpu_us.total.value_or(0);
  // Those that still run have no counterpart before: there each counts where it ended.
  const uint64_t ended = periods.now.count - periods.now.running;
  add_if(ended >= kTimesAsMuch * count && ended >= count + kMinMoreProcesses, "more_often");
  add_if(IsSlower(periods.before.elapsed_us, periods.now.elapsed_us, periods.longest_before_us),
         "slower");
  add_if(now_us >= kTimesAsMuch * cpu_us && now_us >= cpu_us + kMinMoreCpuUs, "costlier");
  add_if(IsFailing(periods), "failing");
  return changes;
}

uint64_t Night::failing() const {
  return static_cast<uint64_t>(std::ranges::count_if(by_comm_, [this](const auto& entry) {
    const Periods& periods = entry.second;
    return baseline_ && periods.before.count != 0 && periods.now.count != 0 && IsFailing(periods);
  }));
}

}  // namespace daybook
