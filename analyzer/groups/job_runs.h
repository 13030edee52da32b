// Which top-level job a life belongs to: a container, a run of cron, a login, a service, or the
// process at the top of its tree. By cgroup where the log tells its path, else by birth parents, so
// that orphans and daemons stay with whoever started them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "columns/life_fields.h"
#include "filter/expression.h"
#include "totals/job_totals.h"

namespace daybook {

enum class JobKind : uint8_t {
  kNone,       // below nothing that was asked for
  kContainer,  // by cgroup
  kCron,       // a command that cron or the like has started
  kSession,    // a login session by cgroup
  kService,    // by cgroup
  kLogin,      // what sshd or the like has started
  kKernel,
  kProcess,    // the outermost ancestor below the first process, or that the log tells of
  kRoot,       // an ancestor that was asked for
  kUndecided,  // whether it is one that was asked for is told at its end
  kNoRoot,     // it has turned out to be none
};
std::string_view NameOf(JobKind kind);

// How runs hang together until they are over: for JobRuns alone.
class JobRunLinks {
  friend class JobRuns;

  LocalPointer<JobRun> above_;  // of what is below an undecided one: what it may be a part of
  // Of an undecided one: what is over of the runs below it. Their `above_` is this.
  std::vector<std::unique_ptr<JobRun>> below_;
  std::unique_ptr<JobRun> next_over_;  // in the queue of those that are
};

// One execution of a job.
struct JobRun {
  JobKind kind;
  std::string name;  // that of the job: the same for all its runs
  const Boot* boot;
  std::optional<uint32_t> root_pid;  // of a run that is known by its outermost process
  uint64_t root_start_ns = 0;
  bool is_many = false;  // each process of it is a run of its own
  uint64_t number = 0;   // in the order of appearance
  RunTotals totals;      // for whoever asks for runs to add to
  JobRunLinks links;
};

// The same for all runs of a job.
using JobName = std::pair<JobKind, std::string>;

// Keeps a run as long as one of its processes is kept, or somebody else who has a share in it; one
// that has no outermost process to the end.
class JobRuns {
 public:
  using OverFunction = std::function<void(const JobRun& run)>;

  // `roots`, where it is not empty, says which ancestors are jobs; the outermost one counts.
  // `when_over` gets each run once, when nothing can be added to it any more.
  explicit JobRuns(const Filter& roots, OverFunction when_over = nullptr);
  // Every life has a job then.
  static std::shared_ptr<JobRuns> WithoutRoots();
  JobRuns(const JobRuns&) = delete;
  JobRuns& operator=(const JobRuns&) = delete;
  ~JobRuns();

  // Its run. Every ancestor that is asked about gets its own at the same time: none is looked at
  // twice.
  const LocalPointer<JobRun>& Find(const Boot& boot, const Life& life, LifeTexts& texts);

  // The job of which this process is a run, so that the run ends as it does: what cron or the like
  // has started, or what the first process has for a service. nullopt of others, and of jobs that
  // nobody runs again and again. It costs no memory.
  std::optional<JobName> FindOwn(const Boot& boot, const Life& life, LifeTexts& texts);

  // Call it with every life that is over, before Find.
  void Decide(const Boot& boot, const Life& life, LifeTexts& texts);

  // Call it after the last life, when none is kept any more.
  void Finish();

  // When the last process of each run that is not over ended, as far as it is known: the run may
  // turn out to be over since. Of one boot.
  std::vector<uint64_t> OpenEnds(const Boot& boot) const;

  // Whatever is over only now has ended at that moment of a boot or later, where its end was told.
  // nullopt: no such moment is known.
  std::optional<uint64_t> SettledUntil(const Boot& boot) const;

 private:
  // Runs that are over, until somebody has the time for them.
  struct OverQueue {
    std::unique_ptr<JobRun> first;

    OverQueue() = default;
    OverQueue(const OverQueue&) = delete;
    OverQueue& operator=(const OverQueue&) = delete;
    ~OverQueue();
    void Push(std::unique_ptr<JobRun> run);
    std::unique_ptr<JobRun> Pop();
  };

  const LocalPointer<JobRun>& FindByParents(const Boot& boot, const Life& life, LifeTexts& texts);
  LocalPointer<JobRun> FindBelow(const Boot& boot, const Life& life, LifeTexts& texts);
  LocalPointer<JobRun> FindBelowRoots(const Boot& boot, const Life& life, LifeTexts& texts);
  LocalPointer<JobRun> WithoutParent(const Boot& boot, const Life& life, LifeTexts& texts);
  static const LocalPointer<JobRun>& Remaining(const LocalPointer<JobRun>& run);
  const LocalPointer<JobRun>& FindByCgroup(const Boot& boot, const Life& life);
  LocalPointer<JobRun> FindByPath(const Boot& boot, uint64_t id, std::string_view path);
  LocalPointer<JobRun> Add(JobRun run);
  LocalPointer<JobRun> OnlyOne(JobRun run, uint64_t instance = 0);
  void TakeOver();
  void Settle(std::unique_ptr<JobRun> run);
  void GiveUp(JobRun* run);

  const Filter& roots_;
  bool waits_for_end_;
  OverFunction when_over_;
  uint64_t added_ = 0;
  LocalPointer<OverQueue> over_ = boost::make_local_shared<OverQueue>();
  std::unordered_set<const JobRun*> open_;
  std::unordered_map<std::string, LocalPointer<JobRun>> by_key_;  // without outermost process
  std::map<std::pair<const Boot*, uint64_t>, LocalPointer<JobRun>> by_cgroup_;
  std::map<const Boot*, uint64_t> newest_end_ns_;
  std::vector<const Life*> unknown_;  // while ancestors are looked at
};

}  // namespace daybook
