// What a recorder can tell: the words in the `abilities` of its START.
#pragma once

#include <string>
#include <string_view>

#include "daybook/records.h"

namespace daybook {

// A log keeps them for ever.
inline constexpr std::string_view kTellsLives = "fork exec exit";
inline constexpr std::string_view kTellsUsage = "usage";  // what a process used, in EXIT
inline constexpr std::string_view kTellsReaps = "reap";   // and exactly, to the last
inline constexpr std::string_view kTellsComm = "comm";
inline constexpr std::string_view kTellsCgroups = "cgroup";
// Before the name of a controller: ids of cgroups are of its hierarchy of version 1.
inline constexpr std::string_view kCgroupsAreOfV1 = "cgroup_v1_";
inline constexpr std::string_view kTellsIds = "ids session ptrace";  // changes, with their time
inline constexpr std::string_view kContinues = "continued";  // where the recorder before it stopped
inline constexpr std::string_view kTellsNamesByProc = "names_by_proc";  // of who lived long enough

// Key of an INFO at the head of each segment: what the recorder leaves out, as on its command line.
inline constexpr std::string_view kFilterInfo = "filter";
// Options among these of which readers must know, since they cannot see what is left out.
inline constexpr std::string_view kOnlyFailedOption = "--only-failed";
inline constexpr std::string_view kOnlyUidOption = "--only-uid";
inline constexpr std::string_view kExceptUidOption = "--except-uid";
inline constexpr std::string_view kOnlyCgroupOption = "--only-cgroup";
inline constexpr std::string_view kMinLifetimeOption = "--min-lifetime";

// Another one, where /proc hides from the recorder who is not its
// user's; the value says by what.
inline constexpr std::string_view kOthersHidden = "others_hidden";

inline bool HasAbility(const Recorder& start, std::string_view word) {
  const std::string words = " " + std::string(start.abilities.value_or("")) + " ";
  return words.find(" " + std::string(word) + " ") != words.npos;
}

}  // namespace daybook
