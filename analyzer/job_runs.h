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
  kProcess,  // the outermost ancestor below the first process, or that the log tells of
  kRoot,     // an ancestor that was asked for
};
std::string_view NameOf(JobKind kind);

// One execution of a job.
struct JobRun {
  JobKind kind;
  std::string name;  // that of the job: the same for all its runs
  const Boot* boot;
  std::optional<uint32_t> root_pid;  // of a run that is known by its outermost process
  uint64_t root_start_ns = 0;
};

class JobRuns {
 public:
  // `roots`, where it is not empty, says which ancestors are jobs; the outermost one counts.
  explicit JobRuns(const Filter& roots) : roots_(roots) {}

  // The number of its run, from 0 in the order of appearance. Every ancestor that is asked about
  // gets its own at the same time: none is looked at twice.
  uint32_t Find(const Boot& boot, const Life& life, LifeTexts& texts);

  const std::vector<JobRun>& runs() const { return runs_; }

 private:
  uint32_t FindByParents(const Boot& boot, const Life& life, LifeTexts& texts);
  uint32_t FindBelow(const Boot& boot, const Life& life, LifeTexts& texts);
  std::optional<uint32_t> FindByCgroup(const Boot& boot, const Life& life);
  std::optional<uint32_t> FindByPath(const Boot& boot, uint64_t id, std::string_view path);
  uint32_t Add(JobRun run);
  uint32_t Kernel(const Boot& boot);
  uint32_t None();

  const Filter& roots_;
  std::vector<JobRun> runs_;
  std::unordered_map<std::string, uint32_t> by_key_;  // of those that are known by their cgroup
  std::map<std::pair<const Boot*, uint64_t>, std::optional<uint32_t>> by_cgroup_;
  std::optional<uint32_t> none_;
};

}  // namespace daybook
