#include "subtrees.h"

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
  if (life.state == LifeState::kRunning) running_.try_emplace(self, ParentOf(boot, life));
  HandUp(boot, life, subtree);
  return subtree;
}

// To the nearest ancestor that is still to be added, which hands it on with its own. Those in
// between are over.
void Subtrees::HandUp(const Boot& boot, const Life& life, const Subtree& subtree) {
  const Life* above = life.parent.get();
  if (above == nullptr) {
    if (const auto parent = ParentOf(boot, life)) below_[*parent].Add(subtree);
    return;
  }
  for (size_t steps = 0; above != nullptr && steps < kMaxAncestors; ++steps) {
    if (above->state == LifeState::kRunning) return below_[IdentityOf(boot, *above)].Add(subtree);
    late_[IdentityOf(boot, *above)].Add(subtree);
    above = above->parent.get();
  }
}

void Subtrees::Finish() {
  for (const auto& [process, subtree] : below_) {
    std::optional<ProcessIdentity> at = process;
    for (size_t steps = 0; at && steps < kMaxAncestors; ++steps) {
      late_[*at].Add(subtree);
      const auto parent = running_.find(*at);
      at = parent != running_.end() ? parent->second : std::nullopt;
    }
  }
  below_.clear();
}

Subtree Subtrees::LateOf(const ProcessIdentity& process) const {
  const auto late = late_.find(process);
  return late != late_.end() ? late->second : Subtree();
}

}  // namespace daybook
