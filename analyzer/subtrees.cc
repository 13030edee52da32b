#include "subtrees.h"

#include <utility>

namespace daybook {
namespace {

ProcessIdentity IdentityOf(const Boot& boot, const Life& life) {
  return {&boot, life.pid, life.start_ns};
}

// Also of one of which there is nothing more to be told.
std::optional<ProcessIdentity> ParentOf(const Boot& boot, const Life& life) {
  if (const Life* parent = life.parent.get()) return IdentityOf(boot, *parent);
  if (!life.ppid || !life.parent_start_ns) return std::nullopt;
  return ProcessIdentity(&boot, *life.ppid, *life.parent_start_ns);
}

}  // namespace

Subtree Subtrees::Add(const Boot& boot, const Life& life) {
  Subtree subtree{.lives = 1, .cpu_us = life.usage.cpu_us.value_or(0)};
  const ProcessIdentity self = IdentityOf(boot, life);
  if (const auto below = below_.find(self); below != below_.end()) {
    subtree.Add(below->second);
    below_.erase(below);
  }
  if (life.state == LifeState::kRunning) running_.insert(self);
  HandUp(boot, life, subtree);
  return subtree;
}

// To the nearest ancestor that is still to be added, which hands it on with its own. Those in
// between have been.
void Subtrees::HandUp(const Boot& boot, const Life& life, const Subtree& subtree) {
  const Life* above = life.parent.get();
  if (above == nullptr) {
    if (const auto parent = ParentOf(boot, life)) below_[*parent].Add(subtree);
    return;
  }
  for (size_t steps = 0; above != nullptr && steps < kMaxAncestors; ++steps) {
    const ProcessIdentity process = IdentityOf(boot, *above);
    const bool is_to_come = above->state == LifeState::kRunning && !running_.contains(process);
    if (is_to_come) return below_[process].Add(subtree);
    late_[process].Add(subtree);
    above = above->parent.get();
  }
}

void Subtrees::Finish() {
  for (const auto& [process, subtree] : std::exchange(below_, {})) late_[process].Add(subtree);
}

Subtree Subtrees::LateOf(const ProcessIdentity& process) const {
  const auto late = late_.find(process);
  return late != late_.end() ? late->second : Subtree();
}

}  // namespace daybook
