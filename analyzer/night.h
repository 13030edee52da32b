// What the lives of a period add up to, and what is new or different from a period before it. In
// memory for programs, users, jobs and kinds of failures, not for lives.
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

#include "alike_ends.h"
#include "arena.h"
#include "identity_change.h"
#include "job_runs.h"
#include "life_fields.h"
#include "page.h"
#include "totals.h"
#include "window.h"

namespace daybook {

class Night {
 public:
  // What ends before `window` is of the period before; what ends after it still runs.
  Night(const Window& window, int64_t now_ns, const LocalZone& zone);

  // Of both periods, in any order.
  void Take(const Boot& boot, const Life& life);

  // After the last one, when none is kept any more.
  void Finish() { runs_.Finish(); }

  // Once it is known how long the period before is of which the log tells: there is something to
  // compare with.
  void SetBaseline(int64_t length_ns);
  bool has_baseline() const { return baseline_ns_.has_value(); }

  uint64_t used() const { return all_.count; }
  uint64_t failed() const { return all_.failed; }
  // Of the abnormal ends.
  uint64_t signals() const { return signals_; }
  uint64_t cores() const { return cores_; }
  uint64_t ooms() const { return ooms_; }

  // A cell for each column of the section of that name, see reports/nightly.cc. What cells point to
  // is in this object.
  Rows AbnormalEnds();
  Rows CrashLoops();
  Rows NewPrograms();
  Rows NewUsers();
  Rows Changes();
  Rows NewIdentities();
  Rows AllTotals() const;
  Rows Programs() const;
  Rows Users();
  Rows Jobs() const;
  Rows Spawners() const;

 private:
  // What was seen of something that may be new.
  struct Sighting {
    uint64_t before = 0;
    uint64_t now = 0;
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
    uint64_t nights =
        0;  // a bit for each time as long as this one, from the last one on, that had it
  };
  struct JobOfNight {
    uint64_t runs = 0;
    Totals totals;
  };
  struct Births {
    Totals totals;
    uint64_t short_ones = 0;
  };
  using HowItEnded = std::pair<uint32_t, bool>;  // wait status, and whether the kernel killed it
  using IdentityKey = std::tuple<std::string_view, uint32_t, uint32_t, std::string>;

  enum class Place : uint8_t { kBefore, kNight, kAfter };

  Place PlaceOf(const Boot& boot, const Life& life) const;
  bool IsOlder(const Boot& boot, uint64_t time_ns) const;  // than the night
  void TakeBefore(const Boot& boot, const Life& life);
  void TakeNow(const Boot& boot, const Life& life, JobRun* run);
  void TakeRun(const JobRun& run);
  void See(const Boot& boot, const Life& life, bool is_before);
  void SeeChange(const Boot& boot, const Life& life, bool is_known, const IdentityChange& change);
  void SeeOne(const Boot& boot, const Life& life, bool is_before, Sighting* sighting);
  void TakeFailure(const Boot& boot, const Life& life, const JobRun* run);
  Cell UserCell(std::optional<uint32_t> uid);
  Cell StatusCell(const HowItEnded& how);
  uint64_t NightsBefore(const Boot& boot, const Life& life) const;
  uint64_t Expected(uint64_t before) const;
  bool IsInEachNight(uint64_t nights) const;
  std::string_view ChangeOf(const Periods& periods) const;

  Window window_;
  int64_t length_ns_ = 0;
  LifeTexts texts_;
  Arena arena_;
  std::optional<int64_t> baseline_ns_;
  const Filter no_roots_;
  JobRuns runs_;
  Totals all_;
  uint64_t signals_ = 0;
  uint64_t cores_ = 0;
  uint64_t ooms_ = 0;
  std::unordered_map<std::string, Sighting> programs_;  // by path, else by task name
  std::map<uint32_t, Sighting> users_;
  std::map<IdentityKey, Sighting> identities_;
  std::map<std::string, Periods, std::less<>> by_comm_;
  std::map<std::optional<uint32_t>, Totals> by_user_;
  std::map<std::pair<JobKind, std::string>, JobOfNight> jobs_;  // of the runs that are over
  std::map<std::optional<std::string>, Births> by_parent_;
  // By task name and, of runs that are over, job: the name of a run may change until then.
  std::map<std::tuple<std::string, std::string, HowItEnded>, AlikeEnds> abnormal_;
  std::unordered_map<const JobRun*, std::map<std::pair<std::string, HowItEnded>, AlikeEnds>>
      abnormal_of_open_;
  // By the task names of program and parent: where each failure may mean that it is started again.
  std::map<std::tuple<std::string, std::string, HowItEnded>, AlikeEnds> restarted_;
};

}  // namespace daybook
