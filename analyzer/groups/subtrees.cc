#include "groups/subtrees.h"

#include <utility>
#include <vector>

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

bool Subtrees::IsToCome(const Boot& boot, const Life& life) const {
  return life.state == LifeState::kRunning && !running_.contains(IdentityOf(boot, life));
}

Subtree Subtrees::Add(const Boot& boot, const Life& life) {
  const auto& cpu_us = life.usage.cpu_us;
  Subtree subtree{.lives = 1, .known = cpu_us ? 1U : 0U, .cpu_us = cpu_us.value_or(0)};
  const ProcessIdentity self = IdentityOf(boot, life);
  if (const auto below = below_.extract(self)) subtree.Add(below.mapped());
  if (life.state == LifeState::kRunning) running_.insert(self);
  // What is handed up to it from now on goes on to its parent; what it has had already does not.
  if (const auto had = by_outlived_.extract(self)) {
    Enter(boot, life);
    outlived_[self].late.Remove(had.mapped());
  }
  HandUp(boot, life, subtree);
  return subtree;
}

// To the nearest ancestor that is still to be added, which hands it on with its own. Those in
// between, which have been, are told in the end.
void Subtrees::HandUp(const Boot& boot, const Life& life, const Subtree& subtree) {
  const auto parent = ParentOf(boot, life);
  if (!parent) return;
  const Life* above = life.parent.get();
  for (; above != nullptr && !IsToCome(boot, *above); above = above->parent.get()) {
    if (outlived_.contains(IdentityOf(boot, *above))) break;
    Enter(boot, *above);
  }
  const auto outlived = outlived_.find(*parent);
  if (outlived == outlived_.end()) {
    below_[*parent].Add(subtree);
    // Nothing was told of it yet: whoever this life leaves will not lead up to what is told later.
    if (life.parent.get() == nullptr) by_outlived_.try_emplace(*parent);
    return;
  }
  outlived->second.late.Add(subtree);
  const auto to_come = FindAbove(*parent);
  if (!to_come) return;
  below_[*to_come].Add(subtree);
  by_outlived_[*to_come].Add(subtree);
}

// With whoever is above it: also one that is still to be added, once that has been.
void Subtrees::Enter(const Boot& boot, const Life& life) {
  const auto parent = ParentOf(boot, life);
  outlived_.try_emplace(IdentityOf(boot, life), Outlived{.parent = parent, .above = parent});
  const Life* above = life.parent.get();
  if (above != nullptr && IsToCome(boot, *above)) by_outlived_.try_emplace(*parent);
}

// The nearest ancestor that is not outlived. The ways there are made short, since they may be as
// long as the log.
std::optional<ProcessIdentity> Subtrees::FindAbove(const ProcessIdentity& process) {
  std::vector<Outlived*> passed;
  std::optional<ProcessIdentity> at = process;
  for (; at && passed.size() <= outlived_.size(); at = passed.back()->above) {
    const auto outlived = outlived_.find(*at);
    if (outlived == outlived_.end()) break;
    passed.push_back(&outlived->second);
  }
  for (Outlived* const one : passed) one->above = at;
  return at;
}

// Each tells its parent what it has got itself.
void Subtrees::Finish() {
  for (auto& [process, subtree] : std::exchange(below_, {})) {
    if (const auto told = by_outlived_.find(process); told != by_outlived_.end()) {
      subtree.Remove(told->second);  // which they tell it themselves
    }
    outlived_[process].late.Add(subtree);
  }
  HandUpLate();
}

// Children before parents: which is which the starts do not tell, since several generations may be
// born in one tick of a coarse clock. Of a ring, which only a forged log has, nobody is told.
void Subtrees::HandUpLate() {
  const auto parent_of = [this](const Outlived& outlived) {
    const auto parent = outlived.parent ? outlived_.find(*outlived.parent) : outlived_.end();
    return parent != outlived_.end() ? &parent->second : nullptr;
  };
  for (const auto& [process, outlived] : outlived_) {
    if (Outlived* const parent = parent_of(outlived)) ++parent->awaited;
  }
  std::vector<const Outlived*> complete;
  for (const auto& [process, outlived] : outlived_) {
    if (outlived.awaited == 0) complete.push_back(&outlived);
  }
  while (!complete.empty()) {
    const Outlived& child = *complete.back();
    complete.pop_back();
    Outlived* const parent = parent_of(child);
    if (parent == nullptr) continue;
    parent->late.Add(child.late);
    if (--parent->awaited == 0) complete.push_back(parent);
  }
}

Subtree Subtrees::LateOf(const ProcessIdentity& process) const {
  const auto outlived = outlived_.find(process);
  return outlived != outlived_.end() ? outlived->second.late : Subtree();
}

}  // namespace daybook
