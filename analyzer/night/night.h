// What the lives of one host add up to in a period, and what is new or different from a period
// before it. In memory for programs, users, jobs and kinds of failures, not for lives.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "columns/life_fields.h"
#include "columns/life_programs.h"
#include "groups/job_runs.h"
#include "lives/identity_change.h"
#include "log/recorded_times.h"
#include "night/time_before.h"
#include "page.h"
#include "text/arena.h"
#include "time/window.h"
#include "totals/alike_ends.h"
#include "totals/totals.h"

namespace daybook {

class Night {
 public:
  // What ends before `window` is of the period before; what ends after it still runs. `zone` must
  // outlive this.
  Night(const Window& window, int64_t now_ns, const LocalZone& zone);

  // Of both periods, in any order.
  void Take(const Boot& boot, const Life& life);

  // After the last one, when none is kept any more.
  void Finish() { runs_.Finish(); }

  // Once it is known when somebody recorded: there may be something to compare with, in this time
  // before, or in as much of it as the log has.
  void SetBaseline(const Window& before, const RecordedTimes& recorded);
  const std::optional<Window>& baseline() const { return baseline_; }
  // What of its records is missing: what seems to be gone may be among that.
  enum class Lack : uint8_t { kNothing, kSome, kAll };
  Lack lack() const { return lack_; }
  // True where records of the baseline are missing: what seems to be new may be among them.
  bool lacks_before() const { return lacks_before_; }

  uint64_t used() const { return all_.count; }
  uint64_t failed() const { return all_.failed; }
  // Of the abnormal ends.
  uint64_t signals() const { return signals_; }
  uint64_t cores() const { return cores_; }
  uint64_t ooms() const { return ooms_; }

  // A cell for each column of the section of that name but for its host, see night_sections.cc.
  // What cells point to is in this object.
  Rows AbnormalEnds();
  Rows CrashLoops();
  Rows NewPrograms();
  Rows NewUsers();
  Rows Changes();
  Rows JobChanges();
  Rows NewIdentities();
  Rows AllTotals();
  Rows Failures();
  Rows Programs();
  Rows Users();
  Rows Jobs();
  Rows Spawners();
  uint64_t failing() const;       // of Changes()
  uint64_t failing_jobs() const;  // of JobChanges()

 private:
  using HowItEnded = std::pair<uint32_t, bool>;  // wait status, and whether the kernel killed it
  // What was seen of something that may be new.
  struct Sighting {
    uint64_t before = 0;
    uint64_t now = 0;
    uint64_t failed = 0;  // now
    Sum cpu_us;
    std::optional<int64_t> first_ns;
    std::optional<uint32_t> uid;
    std::string comm;
    std::string parent;  // or ancestors
    std::string args;
  };
  struct Periods {
    Totals before;
    Totals now;
    uint64_t longest_before_us = 0;
    // A bit for each time as long as this one, from the last one on, that had it.
    uint64_t nights = 0;
    bool lacks_successes = false;  // so that failures are no share of them
  };
  struct JobOfNight {
    uint64_t runs = 0;
    Totals totals;
  };
  // Runs of a job by the ends of their outermost processes.
  struct OwnEnds {
    uint64_t count = 0;
    uint64_t running = 0;
    uint64_t failed = 0;
    Sum elapsed_us;
  };
  struct JobPeriods {
    OwnEnds before;
    OwnEnds now;
    uint64_t longest_before_us = 0;  // this and what follows as in Periods
    uint64_t nights = 0;
    bool lacks_successes = false;
    // The last one of the night that failed.
    uint32_t failed_pid = 0;
    HowItEnded failed_how;
    std::optional<int64_t> failed_ns;
  };
  struct Births {
    Totals totals;
    uint64_t short_ones = 0;
  };
  using IdentityKey = std::tuple<std::string_view, uint32_t, uint32_t, std::string>;

  enum class Place : uint8_t { kBefore, kNight, kAfter, kUnknown };

  Place PlaceOf(const Boot& boot, const Life& life) const;
  bool IsOlder(const Boot& boot, uint64_t time_ns) const;  // than the night
  bool IsBehind(const Boot& boot, uint64_t time_ns) const;
  void TakeBefore(const Boot& boot, const Life& life);
  void TakeNow(const Boot& boot, const Life& life, JobRun* run);
  void TakeRun(const JobRun& run);
  void TakeOwnEnd(const Boot& boot, const Life& life, bool is_before);
  void See(const Boot& boot, const Life& life, bool is_before);
  void SeePrograms(const Boot& boot, const Life& life, bool is_before);
  void SeeProgram(const Boot& boot, const Life& ran, uint64_t since_ns, bool is_before,
                  std::vector<const Sighting*>* seen = nullptr);
  void SeeChange(const Boot& boot, const Life& life, bool is_before, const IdentityChange& change);
  // From that moment on, or then.
  void SeeOne(const Boot& boot, const Life& life, uint64_t since_ns, bool is_before,
              Sighting* sighting);
  static void AddUse(const Life& life, Sighting* sighting);
  void TakeFailure(const Boot& boot, const Life& life, const JobRun* run);
  AlikeEnds* RestartsLike(const Life& life);
  Cell StatusCell(const HowItEnded& how);
  void AppendCpu(const Totals& totals, std::vector<Cell>* row) const;
  uint64_t NightsBefore(const Boot& boot, const Life& life) const;
  void NoteNights(const RecordedTimes& recorded);
  uint64_t Expected(uint64_t before) const;
  bool IsInEachNight(uint64_t nights) const;
  bool IsGone(uint64_t before, uint64_t nights) const;
  static bool IsSlower(const Sum& before, const Sum& now, uint64_t longest_before_us);
  bool IsFailing(const Periods& periods) const;
  std::string ChangesOf(const Periods& periods) const;
  bool IsFailing(JobKind kind, const JobPeriods& job) const;
  std::string ChangesOf(JobKind kind, const JobPeriods& job) const;

  Window window_;
  TimeBefore before_;
  int64_t recorded_ns_ = 0;  // of the window, when there is a baseline
  Lack lack_ = Lack::kNothing;
  bool lacks_before_ = false;
  LifeTexts texts_;
  Arena arena_;
  std::optional<Window> baseline_;
  int64_t baseline_ns_ = 0;       // of it, recorded
  uint64_t recorded_nights_ = 0;  // of it, as in Periods
  const Filter no_roots_;
  JobRuns runs_;
  Totals all_;
  uint64_t signals_ = 0;
  uint64_t cores_ = 0;
  uint64_t ooms_ = 0;
  LifePrograms programs_of_life_;
  std::unordered_map<std::string, Sighting> programs_;  // by path, else by task name
  std::map<uint32_t, Sighting> users_;
  std::map<IdentityKey, Sighting> identities_;
  std::map<std::string, Periods, std::less<>> by_comm_;
  std::map<std::optional<uint32_t>, Totals> by_user_;
  std::map<JobName, JobOfNight> jobs_;    // of the runs that are over
  std::map<JobName, JobPeriods> by_job_;  // of those that run again and again
  bool has_more_jobs_ = false;            // than by_job_ may have
  std::map<std::optional<std::string>, Births> by_parent_;
  // By task name and, of runs that are over, job: the name of a run may change until then.
  std::map<std::tuple<std::string, std::string, HowItEnded>, AlikeEnds> abnormal_;
  std::unordered_map<const JobRun*, std::map<std::pair<std::string, HowItEnded>, AlikeEnds>>
      abnormal_of_open_;
  std::map<std::pair<std::string, HowItEnded>, AlikeEnds> failed_;
  // By the task names of program and parent: where each failure may mean that it is started again.
  std::map<std::tuple<std::string, std::string, HowItEnded>, AlikeEnds> restarted_;
};

}  // namespace daybook
