#include "reap_join.h"

namespace daybook {
namespace {

// Zombies that are remembered; the reaps of more are not told.
constexpr size_t kMaxUnreaped = 65536;

}  // namespace

void ReapJoin::Add(const reap_event& reap) {
  const Process process{.pid = reap.pid, .start_ns = reap.start_ns};
  if (!unreaped_.contains(process)) batch_.emplace(process, &reap);
}

const reap_event* ReapJoin::Find(const exit_event& exit) {
  const Process process{.pid = exit.pid, .start_ns = exit.start_ns};
  const auto found = batch_.find(process);
  if (found != batch_.end()) return found->second;
  if (unreaped_.size() < kMaxUnreaped) unreaped_.insert(process);
  return nullptr;
}

bool ReapJoin::IsLate(const reap_event& reap) {
  return unreaped_.erase({.pid = reap.pid, .start_ns = reap.start_ns}) != 0;
}

}  // namespace daybook
