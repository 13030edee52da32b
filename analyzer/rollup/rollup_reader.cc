#include "rollup/rollup_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>

#include "filter/name_notes.h"
#include "text/escape.h"
#include "text/names.h"

namespace daybook {
namespace {

constexpr size_t kMaxDaysToTell = 10;

// A host without a name is told from others by its log.
std::string HostOf(const RollupFacts& facts) {
  return facts.host ? *facts.host : HexId(facts.numbers.stream_id);
}

std::string Described(const RollupFacts& facts) {
  return fmt::format("{} on {}", facts.host ? *facts.host : "a host without a name", facts.day);
}

std::set<std::string, std::less<>> BootsOf(const RollupFacts& facts) {
  std::set<std::string, std::less<>> boots;
  for (size_t at = 0; at + sizeof(Id128) <= facts.boots.size(); at += sizeof(Id128)) {
    boots.insert(facts.boots.substr(at, sizeof(Id128)));
  }
  return boots;
}

uint64_t ProcessesIn(const RollupGroupJoiner& joiner) {
  uint64_t processes = 0;
  for (const KeyedTotals& group : joiner.groups()) processes += group.totals.count;
  return processes;
}

// Of two in which something is missing; which is given first does not matter.
bool HasLess(const RollupGroupJoiner& a, const RollupGroupJoiner& b) {
  return std::pair(ProcessesIn(a), a.digest()) < std::pair(ProcessesIn(b), b.digest());
}

// From the same one by a newer version.
void Learn(const RollupFacts& from, RollupFacts* known) {
  known->numbers.flags |= from.numbers.flags & kRollupOthersHidden;
  if (!known->numbers.unreaped) known->numbers.unreaped = from.numbers.unreaped;
  if (!known->recorder_filters) known->recorder_filters = from.recorder_filters;
}

// What the files of roll-ups themselves are missing.
constexpr uint64_t Coverage::*kOfFiles[] = {
    &Coverage::missing_records, &Coverage::unordered_records,
    &Coverage::unknown_records, &Coverage::gaps,
    &Coverage::damaged_bytes,   &Coverage::hole_bytes,
    &Coverage::torn_bytes,      &Coverage::unreadable_files};

}  // namespace

Result<std::vector<std::string>> FindRollupFiles(std::span<const std::string> paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!std::filesystem::is_directory(path, error)) {
      files.push_back(path);
      continue;
    }
    const auto first = static_cast<std::ptrdiff_t>(files.size());
    for (std::filesystem::directory_iterator entry(path, error), end; !error && entry != end;
         entry.increment(error)) {
      std::error_code unknown;
      const bool is_hidden = entry->path().filename().string().starts_with('.');
      if (!is_hidden && entry->is_regular_file(unknown)) files.push_back(entry->path().string());
    }
    if (error) return Error("cannot read folder " + path + ": " + error.message());
    std::sort(files.begin() + first, files.end());
  }
  if (files.empty()) return Error("no file in " + paths.front());
  return files;
}

RollupReader::RollupReader(LogSet& log, std::span<const std::string> hosts, Take take)
    : log_(log), hosts_(hosts.begin(), hosts.end()), take_(std::move(take)) {}

Status RollupReader::Read() {
  while (const Item* const item = log_.Next()) {
    // Another segment in the same file has numbers of its own.
    if (log_.is_new_segment()) {
      if (Status finished = Finish(); !finished) return finished;
    }
    if (const auto* record = std::get_if<RecordView>(item)) {
      if (Status taken = TakeRecord(*record); !taken) return taken;
    } else if (const auto* end = std::get_if<End>(item)) {
      if (Status finished = Finish(); !finished) return finished;
      EndFile(*end);
    }
  }
  return HandOutDamaged();
}

Coverage RollupReader::coverage() const {
  Coverage coverage = coverage_;
  const Coverage of_files = log_.coverage();
  for (const auto member : kOfFiles) coverage.*member += of_files.*member;
  coverage.unreadable_files += failures_.size();
  RollupCoverage& rollups = coverage.rollups.emplace(rollups_);
  for (const auto& [unused, of_log] : seen_) {
    for (const Seen& seen : of_log) {
      const Rollup& numbers = seen.facts.numbers;
      coverage.others_hidden |= (numbers.flags & kRollupOthersHidden) != 0;
      coverage.filters.AddPacked(seen.facts.recorder_filters.value_or(""));
      coverage.unreaped += numbers.unreaped.value_or(0);
      rollups.without_unreaped += !numbers.unreaped;
    }
  }
  coverage.recorded_twice_us = RecordedTwiceUs();
  coverage.boots = boots_.size();
  coverage.hosts = recorded_.size();
  for (const auto& [unused, latest] : running_) coverage.running += latest.processes;
  if (coverage.processes) *coverage.processes += coverage.running;
  coverage.filtered += coverage.running;  // they are in no group
  rollups.mixed_filters = filters_.size() > 1;
  std::set<int64_t> days;
  for (const auto& [unused, of_host] : recorded_) {
    days.insert(of_host.begin(), of_host.end());
    if (of_host.empty()) continue;
    const auto span = static_cast<uint64_t>(*of_host.rbegin() - *of_host.begin()) + 1;
    rollups.missing_days += span - of_host.size();
  }
  rollups.days = days.size();
  return coverage;
}

std::optional<int64_t> RollupReader::EndBeforeWindow() const {
  const auto& since_ns = log_.window().since_ns;
  if (!since_ns || rollups_.rollups != 0) return std::nullopt;
  std::optional<int64_t> last_ns;
  for (const auto& [unused, of_log] : left_out_) {
    for (const RollupFacts& facts : of_log) {
      if (facts.numbers.until_ns > *since_ns) return std::nullopt;
      last_ns = std::max(last_ns, facts.numbers.last_realtime_ns);
    }
  }
  return last_ns;
}

// By the first and the last record of each: of a recorder that wrote elsewhere in between it is too
// much.
uint64_t RollupReader::RecordedTwiceUs() const {
  std::map<std::pair<std::string, std::string>, std::vector<std::pair<int64_t, int64_t>>> boots;
  for (const auto& [log, of_log] : seen_) {
    for (const Seen& seen : of_log) {
      const Rollup& numbers = seen.facts.numbers;
      if (!numbers.first_realtime_ns || !numbers.last_realtime_ns) continue;
      for (const std::string& boot : BootsOf(seen.facts)) {
        boots[{log.host, boot}].emplace_back(*numbers.first_realtime_ns, *numbers.last_realtime_ns);
      }
    }
  }
  std::map<std::string, std::set<std::pair<int64_t, int64_t>>> twice;  // by host
  for (auto& [boot, spans] : boots) {
    std::ranges::sort(spans);
    int64_t until_ns = spans.front().first;
    for (const auto& [first_ns, last_ns] : spans) {
      if (first_ns < until_ns) twice[boot.first].emplace(first_ns, std::min(last_ns, until_ns));
      until_ns = std::max(until_ns, last_ns);
    }
  }
  uint64_t twice_us = 0;
  for (const auto& [host, spans] : twice) {
    int64_t from_ns = spans.begin()->first;
    for (const auto& [first_ns, last_ns] : spans) {
      from_ns = std::max(from_ns, first_ns);
      if (from_ns < last_ns) {
        twice_us += (static_cast<uint64_t>(last_ns) - static_cast<uint64_t>(from_ns)) / 1000;
      }
      from_ns = std::max(from_ns, last_ns);
    }
  }
  return twice_us;
}

std::vector<std::string> RollupReader::MissingDays() const {
  std::vector<std::string> lines;
  for (const auto& [host, days] : recorded_) {
    std::string line;
    size_t told = 0;
    for (auto day = days.begin(); day != days.end() && std::next(day) != days.end(); ++day) {
      for (int64_t missing = *day + 1; missing < *std::next(day); ++missing) {
        if (told++ < kMaxDaysToTell) line += (told == 1 ? " " : ", ") + DayName(missing);
        if (told > kMaxDaysToTell) break;
      }
    }
    if (told == 0) continue;
    if (told > kMaxDaysToTell) line += ", ...";
    std::string& note = lines.emplace_back();
    AppendEscaped(host, &note);
    note.append(": nothing of").append(line);
  }
  return lines;
}

std::vector<std::string> RollupReader::UnknownHosts() const {
  if (!failures_.empty() || rollups_.unknown_rollups != 0) return {};  // they may be of any host
  std::set<std::string_view> known;
  for (const auto& [log, unused] : seen_) known.insert(log.host);
  for (const auto& [log, unused] : left_out_) known.insert(log.host);
  const std::vector<std::string_view> names(known.begin(), known.end());
  std::vector<std::string> lines;
  for (const std::string& host : hosts_) {
    if (!known.contains(host)) lines.push_back(NameNote("no roll-up is of host", host, names));
  }
  return lines;
}

Status RollupReader::TakeRecord(const RecordView& record) {
  if (Info info; record.As(&info)) {
    holds_rollups_ = holds_rollups_ || (info.key == kHolds && info.value == kRollups);
  } else if (Rollup rollup; record.As(&rollup)) {
    if (Status entered = Enter(rollup.no); !entered) return entered;
    if (!pending_->facts) pending_->facts.emplace(rollup);
    // The one behind the groups: another copy of the file may follow.
    if (!pending_->joiner.groups().empty()) return Finish();
  } else if (RollupGroup group; record.As(&group)) {
    if (Status entered = Enter(group.rollup); !entered) return entered;
    coverage_.malformed_records += !pending_->joiner.Add(group);
  } else if (record.Is<Rollup>() || record.Is<RollupGroup>()) {
    ++coverage_.malformed_records;
  }
  return Ok{};
}

// The roll-up with that number in the file; the one before it is complete.
Status RollupReader::Enter(uint64_t no) {
  if (pending_ && pending_->no == no) return Ok{};
  if (Status finished = Finish(); !finished) return finished;
  pending_ = Pending{.no = no, .facts = std::nullopt, .joiner = {}};
  holds_rollups_ = true;
  return Ok{};
}

Status RollupReader::Finish() {
  if (!pending_) return Ok{};
  return Judge(*std::exchange(pending_, std::nullopt));
}

// Without what it tells of, sums might count something twice.
Status RollupReader::Judge(Pending rollup) {
  if (!rollup.facts) return ++rollups_.unknown_rollups, Ok{};
  if (!IsChosen(*rollup.facts)) return Ok{};
  if (const uint32_t bits = rollup.facts->numbers.class_bits; bits != Quantiles::kBits) {
    return Error(
        fmt::format("{}: its classes are of another kind, class_bits {} and not {}; merge "
                    "it with the version of daybook that wrote it",
                    PathHere(), bits, Quantiles::kBits));
  }
  const auto seen = Find(*rollup.facts);
  if (!seen) return seen.error();
  return Offer(std::move(rollup), *seen);
}

// What is not is filtered, also where it is given more than once.
bool RollupReader::IsChosen(const RollupFacts& facts) {
  const Window& window = log_.window();
  const Rollup& numbers = facts.numbers;
  const bool is_inside = !(window.since_ns && numbers.from_ns < *window.since_ns) &&
                         !(window.until_ns && numbers.until_ns > *window.until_ns);
  const bool is_outside = (window.since_ns && numbers.until_ns <= *window.since_ns) ||
                          (window.until_ns && numbers.from_ns >= *window.until_ns);
  const bool is_of_host = hosts_.empty() || (facts.host && hosts_.contains(*facts.host));
  if (is_inside && is_of_host) return true;
  auto& others = left_out_[KeyOf(facts)];
  const bool is_repeated = std::ranges::any_of(
      others, [&facts](const RollupFacts& other) { return IsSameRollup(other, facts); });
  if (is_repeated) return false;
  others.push_back(facts);
  coverage_.processes = coverage_.processes.value_or(0) + numbers.processes;
  coverage_.filtered += numbers.processes;
  rollups_.partly_outside += is_of_host && !is_outside;
  return false;
}

// The same, where it was given before.
Result<RollupReader::Seen*> RollupReader::Find(const RollupFacts& facts) {
  const bool is_unknown = facts.numbers.stream_id == Id128{} && !facts.host;
  auto& others = seen_[KeyOf(facts)];
  for (Seen& other : others) {
    if (IsSameRollup(other.facts, facts)) {
      ++rollups_.repeated_rollups;
      Learn(facts, &other.facts);
      return &other;
    }
    if (is_unknown || !other.facts.overlaps(facts)) continue;
    return Error(
        fmt::format("{} and {} tell of the same time of {} in different ways, so that processes "
                    "would be counted twice; give only one of them",
                    other.path, PathHere(), Described(facts)));
  }
  others.push_back({.facts = facts, .path = PathHere(), .digest = {}, .damaged = {}});
  return &others.back();
}

// One that is whole is handed out now; the others are held, since a whole one may follow.
Status RollupReader::Offer(Pending rollup, Seen* seen) {
  const RollupGroupJoiner& joiner = rollup.joiner;
  if (ProcessesIn(joiner) < rollup.facts->numbers.used) {
    const bool is_best = !seen->damaged || HasLess(seen->damaged->joiner, joiner);
    if (!seen->digest && is_best) seen->damaged = std::move(rollup);
    return Ok{};
  }
  if (seen->digest && *seen->digest != joiner.digest()) {
    return Error(
        fmt::format("{} and {} say the same of {}, but their groups differ; give only the "
                    "right one of them",
                    seen->path, PathHere(), Described(seen->facts)));
  }
  if (seen->digest) return Ok{};
  seen->digest = joiner.digest();
  seen->damaged.reset();
  seen->path = PathHere();
  return HandOut(rollup);
}

Status RollupReader::HandOutDamaged() {
  for (const auto& [unused, of_log] : seen_) {
    for (const Seen& seen : of_log) {
      if (!seen.damaged) continue;
      if (Status taken = HandOut(*seen.damaged); !taken) return taken;
    }
  }
  return Ok{};
}

Status RollupReader::HandOut(const Pending& rollup) {
  const RollupFacts& facts = *rollup.facts;
  CountFacts(facts);
  const std::vector<KeyedTotals>& groups = rollup.joiner.groups();
  const uint64_t processes = ProcessesIn(rollup.joiner);
  coverage_.used += processes;
  const uint64_t used = facts.numbers.used;
  rollups_.missing_processes += std::max(used, processes) - processes;
  for (const KeyedTotals& group : groups) coverage_.ended_unseen += group.totals.lost;
  return take_(facts, groups);
}

void RollupReader::CountFacts(const RollupFacts& facts) {
  const Rollup& numbers = facts.numbers;
  ++rollups_.rollups;
  coverage_.segments += numbers.segments;
  coverage_.records += numbers.records;
  coverage_.unreadable_files += numbers.unreadable_files;
  for (const MissingField& field : kMissingFields) {
    coverage_.*field.count += numbers.*field.member;
  }
  coverage_.processes = coverage_.processes.value_or(0) + numbers.processes;
  coverage_.filtered += std::max(numbers.processes, numbers.used) - numbers.used;
  coverage_.imported |= (numbers.flags & kRollupImported) != 0;
  if (const auto first = numbers.first_realtime_ns) {
    coverage_.first_ns = std::min(coverage_.first_ns.value_or(*first), *first);
  }
  if (const auto last = numbers.last_realtime_ns) {
    coverage_.last_ns = std::max(coverage_.last_ns.value_or(*last), *last);
  }
  auto& latest = running_[HostOf(facts)];
  latest = std::max(latest, {numbers.until_ns, numbers.last_realtime_ns, numbers.running});
  auto& days = recorded_[HostOf(facts)];
  const auto day = DayNumber(facts.day);
  if (day && numbers.records != 0) days.insert(*day);
  filters_.insert(facts.filter);
  boots_.merge(BootsOf(facts));
}

// Of a file that is no log at all the log set tells. One of roll-ups is never still being written.
void RollupReader::EndFile(const End& end) {
  if (std::exchange(holds_rollups_, false)) {
    rollups_.cut_files += !end.complete;
    return;
  }
  const auto& told = log_.failures();
  if (!told.empty() && told.back().path == log_.path()) return;
  failures_.emplace_back(fmt::format(
      "{}: holds no roll-ups; a log is added up by: daybook report --partial FILE --log {}",
      PathHere(), PathHere()));
}

std::string RollupReader::PathHere() const {
  return log_.path() == "-" ? "standard input" : log_.path();
}

}  // namespace daybook
