// Whose child a life is.
#include <algorithm>
#include <utility>

#include "lives/lives.h"

namespace daybook {
namespace {

// So many wait for a snapshot at most: more than end while it is taken.
constexpr size_t kMostAwaiting = 4096;

// Also where it might be, but nobody looks so far up.
bool MayBeAncestor(const Life& ancestor, const Life& life) {
  const Life* at = &life;
  for (size_t steps = 0; steps < kMaxAncestors; ++steps, at = at->parent.get()) {
    if (at == nullptr) return false;
    if (at == &ancestor) return true;
  }
  return true;
}

// Where there are more, one that has a parent itself.
const Life& TopmostKnown(const Life& life) {
  const Life* at = &life;
  for (size_t steps = 0; steps < kMaxAncestors && at->parent.get() != nullptr; ++steps) {
    at = at->parent.get();
  }
  return *at;
}

}  // namespace

// Chains of parents may be as long as the log: none is left to recursion.
ParentLife::~ParentLife() {
  LocalPointer<Life> life = std::move(life_);
  while (life && life.local_use_count() == 1) {
    LocalPointer<Life> next = std::move(life->parent.life_);
    life = std::move(next);
  }
}

// init and kthreadd, and what a foreign log calls the child of nobody.
bool IsFirst(const Life& life) {
  constexpr uint32_t kLastFirstPid = 2;
  return life.pid <= kLastFirstPid || life.ppid == 0U;
}

const LifeBuilder::OpenPointer* LifeBuilder::FindParent(const Open& child) {
  const Life& life = child.life;
  Slot* const slot = life.ppid ? slots_.Find(*life.ppid) : nullptr;
  if (slot == nullptr) return nullptr;
  if (life.parent_start_ns) {
    const Start start{*life.parent_start_ns, child.parent_start_coarse};
    const OpenPointer* const open = Find(*slot, start);
    const bool is_over = open == nullptr && slot->last != nullptr &&
                         IsSame({slot->last->life.start_ns, slot->last->life.coarse_start}, start);
    return is_over ? &slot->last : open;
  }
  // By pid alone: who had it when the child was born.
  const OpenPointer* parent = nullptr;
  for (const OpenPointer& open : slot->open) {
    const bool is_older = open->life.start_ns <= life.start_ns;
    if (is_older && (parent == nullptr || (*parent)->life.start_ns < open->life.start_ns)) {
      parent = &open;
    }
  }
  return parent;
}

void LifeBuilder::Link(Open* child) {
  if (child->life.parent.get() != nullptr) return;
  if (const OpenPointer* const parent = FindParent(*child)) LinkTo(*parent, child);
}

void LifeBuilder::LinkTo(const OpenPointer& parent, Open* child) {
  if (child->life.parent.get() != nullptr || parent.get() == child) return;
  // A forged log could make a ring.
  if (child->is_parent && MayBeAncestor(child->life, parent->life)) return;
  parent->is_parent = true;
  child->life.parent = ParentLife(LocalPointer<Life>(parent, &parent->life));
}

// A child begins with its parent's program; what the child's own records say is better.
void LifeBuilder::Inherit(uint64_t fork_ns, Open* child) {
  const OpenPointer* const found = FindParent(*child);
  if (found == nullptr) return;
  Open* const parent = found->get();
  LinkTo(*found, child);
  const bool is_over = parent->life.state != LifeState::kRunning;
  if (!is_over) See(parent, fork_ns);
  const auto& parent_start_ns = child->life.parent_start_ns;
  if (!is_over && parent->life.coarse_start && parent_start_ns && !child->parent_start_coarse) {
    parent->life.start_ns = *parent_start_ns;
    parent->life.coarse_start = false;
  }
  if (programs_ == Programs::kAllKept) return InheritEarlier(parent->life, fork_ns, child);
  const LocalPointer<const Image>& image = parent->life.image;
  if (image && image->since_ns > fork_ns) return;  // of later than the fork
  InheritProgram(image, parent->life.identity.comm, child);
}

void LifeBuilder::InheritProgram(const LocalPointer<const Image>& image,
                                 const std::optional<std::string>& parent_comm, Open* child) {
  // Its own program has a name of its own, also where that is not known.
  auto& comm = child->life.identity.comm;
  if (child->life.execs_told == 0 && !comm) comm = parent_comm;
  if (child->life.image || !image) return;
  child->life.image = image;
  child->has_inherited = true;
}

// Of who is over: whether the snapshot that comes may tell of its parent, or of one further up.
bool LifeBuilder::WaitsForSnapshot(const Open& open) const {
  if (!awaits_snapshot_ || open.life.acct) return false;
  const Life& top = TopmostKnown(open.life);
  // Also whose child it is, of one that is alive.
  const bool may_be_told = top.ppid || top.state == LifeState::kRunning;
  return top.parent.get() == nullptr && may_be_told && !IsFirst(top);
}

// None comes after so long, or so many.
bool LifeBuilder::HasWaitedForSnapshot() const {
  const uint64_t first_ns = awaiting_.front()->life.last_seen_ns;
  return awaiting_.size() == kMostAwaiting || first_ns + kMaxLatenessNs < now_ns_;
}

void LifeBuilder::HandOutAwaiting() {
  awaits_snapshot_ = false;
  for (const OpenPointer& open : awaiting_) Link(open.get());  // a parent may end behind its child
  for (OpenPointer& open : std::exchange(awaiting_, {})) {
    HandOut(*open);
    Recycle(std::move(open));
  }
}

}  // namespace daybook
