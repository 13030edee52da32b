// What is left out of the log on request: some types of events, and some processes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daybook/result.h"

namespace daybook {

// Bits. What a process used is told with its end.
inline constexpr uint32_t kTypeFork = 1;
inline constexpr uint32_t kTypeExec = 2;
inline constexpr uint32_t kTypeExit = 4;
inline constexpr uint32_t kTypeComm = 8;
inline constexpr uint32_t kTypeCgroup = 16;
inline constexpr uint32_t kTypeId = 32;
inline constexpr uint32_t kTypeSession = 64;
inline constexpr uint32_t kTypePtrace = 128;
inline constexpr uint32_t kAllTypes = 255;

struct EventTypeName {
  uint32_t bit;
  std::string_view name;     // as the record has it
  std::string_view ability;  // as a source's abilities() have it
};
inline constexpr EventTypeName kEventTypes[] = {
    {kTypeFork, "fork", "fork"},          {kTypeExec, "exec", "exec"},
    {kTypeExit, "exit", "exit"},          {kTypeComm, "comm", "comm"},
    {kTypeCgroup, "cgroup", "cgroup"},    {kTypeId, "id", "ids"},
    {kTypeSession, "session", "session"}, {kTypePtrace, "ptrace", "ptrace"}};

// "fork,exec" to bits; nothing where a word is none of these, or missing.
std::optional<uint32_t> ParseEventTypes(std::string_view list);
std::string EventTypesText(uint32_t events);

// A process is judged when it executes a program, when it ends, and by snapshots: who is born may
// become somebody else before it runs its own program, so its birth is kept until then. Once
// something has been told of it, the rest is, to its end: no life stays without one because of a
// filter. And its parents are, as far as they live and are asked for, of whatever age: first their
// births, so that nobody stands in the log before his parent.
struct Filter {
  uint32_t events = kAllTypes;  // those that are recorded
  bool only_failed = false;     // ends with a wait status that is not 0, and nothing else
  std::vector<uint32_t> only_uids;
  std::vector<uint32_t> except_uids;
  std::string only_cgroup;       // path of one in its hierarchy, with all below it; empty is any
  uint64_t min_lifetime_ns = 0;  // what is younger, unless it has failed
  bool no_kernel_threads = false;

  bool LeavesOutProcesses() const;
  // Whether whoever passes does so to his end: no process becomes a kernel thread, though one that
  // is may execute a program and be none any more.
  bool PassesForGood() const;
  bool LeavesOutAnything() const { return events != kAllTypes || LeavesOutProcesses(); }
  // False where who lives is not what births and ends in the log tell.
  bool TellsEveryLife() const;
};

// Of all by which processes are judged; never 0. `cgroup_id` is that of only_cgroup: another one
// may be made with the same path.
uint64_t JudgingFilterHash(const Filter& filter, uint64_t cgroup_id);
// And of the types of events.
uint64_t FilterHash(const Filter& filter, uint64_t cgroup_id);

// Whether anything can be recorded at all.
Status CheckFilter(const Filter& filter);

// The real user ids that are recorded, or left out.
struct UserFilter {
  bool are_left_out = false;
  std::vector<uint32_t> uids;
};
UserFilter UsersOf(const Filter& filter);

// A process at some moment. What is not known of it is no reason to leave it out.
struct FilteredProcess {
  std::optional<uint32_t> uid;
  bool is_kernel_thread = false;
  uint64_t age_ns = 0;
  bool has_failed = false;  // has ended, with another wait status than 0
};

// All but the cgroup.
bool Passes(const Filter& filter, const FilteredProcess& process);

// The words of a source's abilities without those whose events are left out.
std::string AbilitiesLeft(std::string_view abilities, const Filter& filter);

}  // namespace daybook
