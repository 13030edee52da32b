#include "night/night_sections.h"

#include <utility>
#include <vector>

#include "columns/life_cells.h"
#include "night/coverage_exceptions.h"

namespace daybook {

Cell Night::StatusCell(const HowItEnded& how) {
  return Text{.bytes = arena_.Keep(StatusText(how.first))};
}

constexpr Column kAbnormalColumns[] = {
    {"comm", Kind::kString, 2},    {"job", Kind::kString, 3},
    {"status", Kind::kString, 4},  {"core", Kind::kBool, 5},
    {"oom", Kind::kBool, 6},       {"count", Kind::kNumber, 7},
    {"first_time", Kind::kTime},   {"last_time", Kind::kTime, 8},
    {"args", Kind::kArguments, 9}, {"host", Kind::kString, 1, Shown::kOfSeveralHosts}};

Rows Night::AbnormalEnds() {
  Rows rows;
  for (const auto& [key, ends] : abnormal_) {
    const auto& [comm, job, how] = key;
    rows.push_back({TextCell(comm), TextCell(job), StatusCell(how), (how.first & kCoreBit) != 0,
                    how.second, ends.count, OptionalCell(ends.first_ns), OptionalCell(ends.last_ns),
                    TextCell(ends.args)});
  }
  return rows;
}

constexpr Column kLoopColumns[] = {{"comm", Kind::kString, 2},
                                   {"parent", Kind::kString, 3},
                                   {"status", Kind::kString, 4},
                                   {"count", Kind::kNumber, 5},
                                   {"most_per_minute", Kind::kNumber, 6},
                                   {"first_time", Kind::kTime, 7},
                                   {"last_time", Kind::kTime, 8},
                                   {"args", Kind::kArguments, 9},
                                   {"host", Kind::kString, 1, Shown::kOfSeveralHosts}};

Rows Night::CrashLoops() {
  Rows rows;
  for (const auto& [key, ends] : restarted_) {
    if (ends.peak.most() < kLoopPerMinute) continue;
    const auto& [comm, parent, how] = key;
    rows.push_back({TextCell(comm), TextCell(parent), StatusCell(how), ends.count, ends.peak.most(),
                    OptionalCell(ends.first_ns), OptionalCell(ends.last_ns), TextCell(ends.args)});
  }
  return rows;
}

constexpr Column kProgramColumns[] = {
    {"program", Kind::kString, 2},      {"count", Kind::kNumber, 3},
    {"cpu_us", Kind::kMicroseconds, 5}, {"first_time", Kind::kTime, 6},
    {"user", Kind::kUser, 7},           {"uid", Kind::kNumber},
    {"parent", Kind::kString, 8},       {"args", Kind::kArguments, 9},
    {"failed", Kind::kNumber, 4},       {"host", Kind::kString, 1, Shown::kOfSeveralHosts}};

Rows Night::NewPrograms() {
  Rows rows;
  for (const auto& [name, seen] : programs_) {
    if (!baseline_ || seen.before != 0 || seen.now == 0) continue;
    // A task name, where the record is lost that tells the path.
    if (const auto comm = by_comm_.find(name); comm != by_comm_.end()) {
      if (comm->second.before.count != 0) continue;
    }
    rows.push_back({TextCell(name), seen.now, OptionalCell(seen.cpu_us.total),
                    OptionalCell(seen.first_ns), AccountCell(seen.uid, texts_.users),
                    OptionalCell(seen.uid), TextCell(seen.parent), TextCell(seen.args),
                    seen.failed});
  }
  return rows;
}

constexpr Column kUserColumns[] = {{"user", Kind::kUser, 2},
                                   {"uid", Kind::kNumber},
                                   {"count", Kind::kNumber, 3},
                                   {"cpu_us", Kind::kMicroseconds, 4},
                                   {"first_time", Kind::kTime, 5},
                                   {"comm", Kind::kString, 6},
                                   {"host", Kind::kString, 1, Shown::kOfSeveralHosts}};

Rows Night::NewUsers() {
  Rows rows;
  for (const auto& [uid, seen] : users_) {
    if (!baseline_ || seen.before != 0 || seen.now == 0) continue;
    rows.push_back({AccountCell(uid, texts_.users), uint64_t{uid}, seen.now,
                    OptionalCell(seen.cpu_us.total), OptionalCell(seen.first_ns),
                    TextCell(seen.comm)});
  }
  return rows;
}

constexpr Column kChangeColumns[] = {{"comm", Kind::kString, 2},
                                     {"change", Kind::kString, 3},
                                     {"expected", Kind::kNumber, 4},
                                     {"count", Kind::kNumber, 5},
                                     {"expected_cpu_us", Kind::kMicroseconds, 10},
                                     {"cpu_us", Kind::kMicroseconds, 11},
                                     {"expected_failed", Kind::kNumber, 6},
                                     {"failed", Kind::kNumber, 7},
                                     {"old_mean_elapsed_us", Kind::kMicroseconds, 8},
                                     {"mean_elapsed_us", Kind::kMicroseconds, 9},
                                     {"host", Kind::kString, 1, Shown::kOfSeveralHosts}};

Rows Night::Changes() {
  Rows rows;
  for (const auto& [comm, periods] : by_comm_) {
    const std::string changes = ChangesOf(periods);
    if (changes.empty()) continue;
    const Totals& before = periods.before;
    const Totals& now = periods.now;
    const auto& before_us = before.cpu_us.total;
    rows.push_back({TextCell(comm), Text{.bytes = arena_.Keep(changes)}, Expected(before.count),
                    now.count - now.running, before_us ? Cell(Expected(*before_us)) : Cell(),
                    OptionalCell(now.cpu_us.total), Expected(before.failed), now.failed,
                    OptionalCell(before.elapsed_us.Mean()), OptionalCell(now.elapsed_us.Mean())});
  }
  return rows;
}

constexpr Column kJobChangeColumns[] = {{"kind", Kind::kString, 2},
                                        {"job", Kind::kString, 13},
                                        {"change", Kind::kString, 3},
                                        {"old_runs", Kind::kNumber, 4},
                                        {"old_failed", Kind::kNumber, 5},
                                        {"runs", Kind::kNumber, 6},
                                        {"failed", Kind::kNumber, 7},
                                        {"status", Kind::kString, 8},
                                        {"pid", Kind::kNumber, 9},
                                        {"failed_time", Kind::kTime, 10},
                                        {"old_mean_elapsed_us", Kind::kMicroseconds, 11},
                                        {"mean_elapsed_us", Kind::kMicroseconds, 12},
                                        {"host", Kind::kString, 1, Shown::kOfSeveralHosts}};

Rows Night::JobChanges() {
  Rows rows;
  for (const auto& [name, job] : by_job_) {
    const std::string changes = ChangesOf(name.first, job);
    if (changes.empty()) continue;
    const bool has_failed = job.now.failed != 0;
    rows.push_back({Text{.bytes = NameOf(name.first)}, Text{.bytes = name.second},
                    Text{.bytes = arena_.Keep(changes)}, job.before.count, job.before.failed,
                    job.now.count, job.now.failed, has_failed ? StatusCell(job.failed_how) : Cell(),
                    has_failed ? Cell(uint64_t{job.failed_pid}) : Cell(),
                    OptionalCell(job.failed_ns), OptionalCell(job.before.elapsed_us.Mean()),
                    OptionalCell(job.now.elapsed_us.Mean())});
  }
  return rows;
}

constexpr Column kIdentityColumns[] = {
    {"change", Kind::kString, 2},    {"from_user", Kind::kUser, 3},
    {"from_uid", Kind::kNumber},     {"user", Kind::kUser, 4},
    {"uid", Kind::kNumber},          {"comm", Kind::kString, 5},
    {"count", Kind::kNumber, 6},     {"first_time", Kind::kTime, 7},
    {"ancestors", Kind::kString, 8}, {"host", Kind::kString, 1, Shown::kOfSeveralHosts}};

Rows Night::NewIdentities() {
  Rows rows;
  for (const auto& [key, seen] : identities_) {
    if (!baseline_ || seen.before != 0 || seen.now == 0) continue;
    const auto& [how, from_uid, to_uid, comm] = key;
    rows.push_back({Text{.bytes = how}, AccountCell(from_uid, texts_.users), uint64_t{from_uid},
                    AccountCell(to_uid, texts_.users), uint64_t{to_uid}, TextCell(comm), seen.now,
                    OptionalCell(seen.first_ns), TextCell(seen.parent)});
  }
  return rows;
}

constexpr Column kTotalColumns[] = {{"processes", Kind::kNumber, 2},
                                    {"running", Kind::kNumber, 3},
                                    {"failed", Kind::kNumber, 4},
                                    {"cpu_us", Kind::kMicroseconds, 6},
                                    {"cpu_within_us", Kind::kMicroseconds, 5},
                                    {"utime_us", Kind::kMicroseconds, 7},
                                    {"stime_us", Kind::kMicroseconds, 8},
                                    {"maxrss_kib", Kind::kKibibytes, 9},
                                    {"read_bytes", Kind::kBytes, 10},
                                    {"write_bytes", Kind::kBytes, 11},
                                    {"host", Kind::kString, 1, Shown::kOfSeveralHosts}};

Rows Night::AllTotals() {
  return {{all_.count, all_.running, all_.failed, OptionalCell(all_.cpu_us.total),
           OptionalCell(all_.cpu_within_us.total), OptionalCell(all_.utime_us.total),
           OptionalCell(all_.stime_us.total), OptionalCell(all_.maxrss_kib),
           OptionalCell(all_.read_bytes.total), OptionalCell(all_.write_bytes.total)}};
}

constexpr Column kFailureColumns[] = {
    {"comm", Kind::kString, 2},    {"status", Kind::kString, 3},
    {"count", Kind::kNumber, 4},   {"of", Kind::kNumber, 5},
    {"first_time", Kind::kTime},   {"last_time", Kind::kTime, 6},
    {"args", Kind::kArguments, 7}, {"host", Kind::kString, 1, Shown::kOfSeveralHosts}};

Rows Night::Failures() {
  Rows rows;
  for (const auto& [key, ends] : failed_) {
    const auto& [comm, how] = key;
    const Periods& periods = by_comm_.find(comm)->second;
    const uint64_t ended = periods.now.count - periods.now.running;
    rows.push_back({TextCell(comm), StatusCell(how), ends.count,
                    periods.lacks_successes ? Cell() : Cell(ended), OptionalCell(ends.first_ns),
                    OptionalCell(ends.last_ns), TextCell(ends.args)});
  }
  return rows;
}

// What all took in the night, who still runs included; and what those took in all that ended.
void Night::AppendCpu(const Totals& totals, std::vector<Cell>* row) const {
  row->insert(row->end(), {OptionalCell(totals.cpu_within_us.total),
                           ShareCell(totals.cpu_within_us.total, all_.cpu_within_us.total),
                           OptionalCell(totals.cpu_us.total),
                           ShareCell(totals.cpu_us.total, all_.cpu_us.total)});
}

constexpr Column kTopColumns[] = {
    {"comm", Kind::kString, 2},          {"count", Kind::kNumber, 3},
    {"failed", Kind::kNumber, 4},        {"cpu_within_us", Kind::kMicroseconds, 5},
    {"within_share", Kind::kPercent, 6}, {"cpu_us", Kind::kMicroseconds},
    {"cpu_share", Kind::kPercent},       {"mean_cpu_us", Kind::kMicroseconds, 7},
    {"maxrss_kib", Kind::kKibibytes, 8}, {"host", Kind::kString, 1, Shown::kOfSeveralHosts}};

Rows Night::Programs() {
  Rows rows;
  for (const auto& [comm, periods] : by_comm_) {
    const Totals& totals = periods.now;
    if (totals.count == 0) continue;
    std::vector<Cell> row = {TextCell(comm), totals.count, totals.failed};
    AppendCpu(totals, &row);
    row.insert(row.end(), {OptionalCell(totals.cpu_us.Mean()), OptionalCell(totals.maxrss_kib)});
    rows.push_back(std::move(row));
  }
  return rows;
}

constexpr Column kTopUserColumns[] = {{"user", Kind::kUser, 2},
                                      {"uid", Kind::kNumber},
                                      {"count", Kind::kNumber, 3},
                                      {"failed", Kind::kNumber, 4},
                                      {"cpu_within_us", Kind::kMicroseconds, 5},
                                      {"within_share", Kind::kPercent, 6},
                                      {"cpu_us", Kind::kMicroseconds},
                                      {"cpu_share", Kind::kPercent},
                                      {"host", Kind::kString, 1, Shown::kOfSeveralHosts}};

Rows Night::Users() {
  Rows rows;
  for (const auto& [uid, totals] : by_user_) {
    std::vector<Cell> row = {AccountCell(uid, texts_.users), OptionalCell(uid), totals.count,
                             totals.failed};
    AppendCpu(totals, &row);
    rows.push_back(std::move(row));
  }
  return rows;
}

constexpr Column kJobColumns[] = {
    {"kind", Kind::kString, 2},          {"job", Kind::kString, 8},
    {"runs", Kind::kNumber, 3},          {"processes", Kind::kNumber, 4},
    {"failed", Kind::kNumber, 5},        {"cpu_within_us", Kind::kMicroseconds, 6},
    {"within_share", Kind::kPercent, 7}, {"cpu_us", Kind::kMicroseconds},
    {"cpu_share", Kind::kPercent},       {"host", Kind::kString, 1, Shown::kOfSeveralHosts}};

Rows Night::Jobs() {
  Rows rows;
  for (const auto& [key, job] : jobs_) {
    std::vector<Cell> row = {Text{.bytes = NameOf(key.first)}, TextCell(key.second), job.runs,
                             job.totals.count, job.totals.failed};
    AppendCpu(job.totals, &row);
    rows.push_back(std::move(row));
  }
  return rows;
}

constexpr Column kSpawnerColumns[] = {{"spawner", Kind::kString, 2},
                                      {"births", Kind::kNumber, 3},
                                      {"births_share", Kind::kPercent, 4},
                                      {"short", Kind::kNumber, 5},
                                      {"failed", Kind::kNumber, 6},
                                      {"cpu_us", Kind::kMicroseconds, 7},
                                      {"host", Kind::kString, 1, Shown::kOfSeveralHosts}};

Rows Night::Spawners() {
  uint64_t all = 0;
  for (const auto& [comm, births] : by_parent_) all += births.totals.count;
  Rows rows;
  for (const auto& [comm, births] : by_parent_) {
    rows.push_back({comm ? Cell(Text{.bytes = *comm}) : Cell(), births.totals.count,
                    ShareCell(births.totals.count, all), births.short_ones, births.totals.failed,
                    OptionalCell(births.totals.cpu_us.total)});
  }
  return rows;
}

constinit const std::array<NightSection, 14> kNightSections = {
    {{{"coverage", "Not in the log", kCoverageColumns, "", true}, nullptr},
     {{"abnormal_ends", "Ended by a signal, with a core dump or without memory", kAbnormalColumns,
       "-count", true},
      &Night::AbnormalEnds},
     {{"crash_loops", "Crash loops", kLoopColumns, "-count", true}, &Night::CrashLoops},
     {{"new_programs", "New programs", kProgramColumns, "first_time", true}, &Night::NewPrograms},
     {{"new_users", "New users", kUserColumns, "first_time", true}, &Night::NewUsers},
     {{"changes", "More often, slower, costlier, failing or gone", kChangeColumns, "-cpu_us", true},
      &Night::Changes},
     {{"job_changes", "Jobs that are failing, slower or gone", kJobChangeColumns, "-failed", true},
      &Night::JobChanges},
     {{"new_identities", "New changes of identity", kIdentityColumns, "first_time", true},
      &Night::NewIdentities},
     {{"totals", "Totals", kTotalColumns}, &Night::AllTotals},
     {{"failures", "Failed", kFailureColumns, "-count"}, &Night::Failures},
     {{"programs", "Programs by CPU time", kTopColumns, "-cpu_within_us"}, &Night::Programs},
     {{"users", "Users by CPU time", kTopUserColumns, "-cpu_within_us"}, &Night::Users},
     {{"jobs", "Jobs by CPU time", kJobColumns, "-cpu_within_us"}, &Night::Jobs},
     {{"spawners", "Who makes processes", kSpawnerColumns, "-births"}, &Night::Spawners}}};

}  // namespace daybook
