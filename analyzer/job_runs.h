// Which top-level job a life belongs to: a container, a run of cron, a login, a service, or the
// process at the top of its tree. By cgroup where the log tells its path, else by birth parents, so
// that orphans and daemons stay with whoever started them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "filter/expression.h"
#include "life_fields.h"

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

// One execution of a job.
struct JobRun {
  JobKind kind;
  std::string name;  // that of the job: the same for all its runs
  const Boot* boot;
  std::optional<uint32_t> root_pid;  // of a run that is known by its outermost process
  uint64_t root_start_ns = 0;
  uint32_t above = 0;    // of what is below an undecided one: the run that it may be a part of
  bool is_many = false;  // each process of it is a run of its own
};

class JobRuns {
 public:
  // `roots`, where it is not empty, says which ancestors are jobs; the outermost one counts.
  explicit JobRuns(const Filter& roots) : roots_(roots), waits_for_end_(roots.IsAboutEnd()) {}

  // The number of its run, from 0 in the order of appearance. Every ancestor that is asked about
  // gets its own at the same time: none is looked at twice.
  uint32_t Find(const Boot& boot, const Life& life, LifeTexts& texts);

  // Call it with every life that is over, before Find. A run of which nothing is left, since its
  // outermost process is no root after all: what it has belongs to the run `to`.
  struct Move {
    uint32_t from;
    uint32_t to;
  };
  std::optional<Move> Decide(const Boot& boot, const Life& life, LifeTexts& texts);

  // For each run the one that it is a part of, most often itself. Call it after the last life.
  std::vector<uint32_t> Settle() const;

  const std::vector<JobRun>& runs() const { return runs_; }

 private:
  uint32_t FindByParents(const Boot& boot, const Life& life, LifeTexts& texts);
  uint32_t FindBelow(const Boot& boot, const Life& life, LifeTexts& texts);
  uint32_t FindBelowRoots(const Boot& boot, const Life& life, LifeTexts& texts);
  uint32_t WithoutParent(const Boot& boot, const Life& life, LifeTexts& texts);
  uint32_t Remaining(uint32_t run);
  std::optional<uint32_t> FindByCgroup(const Boot& boot, const Life& life);
  std::optional<uint32_t> FindByPath(const Boot& boot, uint64_t id, std::string_view path);
  uint32_t Add(JobRun run);
  uint32_t OnlyOne(JobRun run, uint64_t instance = 0);

  const Filter& roots_;
  bool waits_for_end_;
  std::vector<JobRun> runs_;
  std::unordered_map<std::string, uint32_t> by_key_;  // of those that have no outermost process
  std::map<std::pair<const Boot*, uint64_t>, std::optional<uint32_t>> by_cgroup_;
};

}  // namespace daybook
