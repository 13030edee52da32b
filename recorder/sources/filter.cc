#include "sources/filter.h"

#include <algorithm>
#include <set>

#include "sources/source.h"

namespace daybook {
namespace {

bool Contains(const std::vector<uint32_t>& uids, uint32_t uid) {
  return std::ranges::find(uids, uid) != uids.end();
}

// Calls with each part of the list.
template <class Take>
void Split(std::string_view list, char separator, Take take) {
  for (;;) {
    const size_t end = list.find(separator);
    take(list.substr(0, end));
    if (end == list.npos) return;
    list.remove_prefix(end + 1);
  }
}

bool IsLeftOut(std::string_view ability, uint32_t events) {
  // What a process used stands in its end, or follows it.
  if (ability == kTellsUsage || ability == kTellsReaps) return (events & kTypeExit) == 0;
  return std::ranges::any_of(kEventTypes, [&](const EventTypeName& type) {
    return type.ability == ability && (events & type.bit) == 0;
  });
}

// FNV-1a of whole numbers.
class NumberHash {
 public:
  void Add(uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) {
      hash_ = (hash_ ^ ((number >> shift) & 0xff)) * 0x100000001b3;
    }
  }
  uint64_t value() const { return hash_; }

 private:
  uint64_t hash_ = 0xcbf29ce484222325;
};

}  // namespace

std::optional<uint32_t> ParseEventTypes(std::string_view list) {
  uint32_t events = 0;
  bool is_known = true;
  Split(list, ',', [&](std::string_view word) {
    const auto type = std::ranges::find(kEventTypes, word, &EventTypeName::name);
    is_known = is_known && type != std::end(kEventTypes);
    if (is_known) events |= type->bit;
  });
  return is_known ? std::optional(events) : std::nullopt;
}

std::string EventTypesText(uint32_t events) {
  std::string text;
  for (const EventTypeName& type : kEventTypes) {
    if (events & type.bit) text.append(text.empty() ? "" : ",").append(type.name);
  }
  return text;
}

bool Filter::LeavesOutProcesses() const {
  return no_kernel_threads || only_failed || !only_uids.empty() || !except_uids.empty() ||
         !only_cgroup.empty() || min_lifetime_ns != 0;
}

bool Filter::PassesForGood() const {
  Filter other = *this;
  other.no_kernel_threads = false;
  return !other.LeavesOutProcesses();
}

bool Filter::TellsEveryLife() const {
  constexpr uint32_t kLives = kTypeFork | kTypeExit;
  return !LeavesOutProcesses() && (events & kLives) == kLives;
}

uint64_t JudgingFilterHash(const Filter& filter, uint64_t cgroup_id) {
  const UserFilter users = UsersOf(filter);
  NumberHash hash;
  for (const bool part : {filter.only_failed, filter.no_kernel_threads, users.are_left_out}) {
    hash.Add(part ? 1 : 0);
  }
  hash.Add(filter.min_lifetime_ns);
  hash.Add(filter.only_cgroup.empty() ? 0 : cgroup_id);
  for (const uint32_t uid : std::set(users.uids.begin(), users.uids.end())) hash.Add(uid);
  return std::max<uint64_t>(hash.value(), 1);
}

uint64_t FilterHash(const Filter& filter, uint64_t cgroup_id) {
  NumberHash hash;
  hash.Add(JudgingFilterHash(filter, cgroup_id));
  hash.Add(filter.events);
  return std::max<uint64_t>(hash.value(), 1);
}

Status CheckFilter(const Filter& filter) {
  if (filter.only_failed && (filter.events & kTypeExit) == 0) {
    return Error("--only-failed records ends alone: --events must have exit");
  }
  if (!filter.only_uids.empty() && UsersOf(filter).uids.empty()) {
    return Error("--except-uid leaves none of the users of --only-uid");
  }
  return Ok{};
}

UserFilter UsersOf(const Filter& filter) {
  if (filter.only_uids.empty()) return {.are_left_out = true, .uids = filter.except_uids};
  UserFilter users;
  for (const uint32_t uid : filter.only_uids) {
    if (!Contains(filter.except_uids, uid)) users.uids.push_back(uid);
  }
  return users;
}

bool Passes(const Filter& filter, const FilteredProcess& process) {
  if (filter.only_failed && !process.has_failed) return false;
  if (filter.no_kernel_threads && process.is_kernel_thread) return false;
  if (!process.has_failed && process.age_ns < filter.min_lifetime_ns) return false;
  if (!process.uid) return true;
  const bool is_asked_for = filter.only_uids.empty() || Contains(filter.only_uids, *process.uid);
  return is_asked_for && !Contains(filter.except_uids, *process.uid);
}

std::string AbilitiesLeft(std::string_view abilities, const Filter& filter) {
  std::string left;
  Split(abilities, ' ', [&](std::string_view word) {
    if (!IsLeftOut(word, filter.events)) left.append(left.empty() ? "" : " ").append(word);
  });
  return left;
}

}  // namespace daybook
