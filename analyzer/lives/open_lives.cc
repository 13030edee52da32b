// Which lives are not over yet, and what becomes of them when they are.
#include <algorithm>
#include <cassert>
#include <memory>
#include <type_traits>
#include <utility>

#include "lives/lives.h"

namespace daybook {
namespace {

// So many lives of one pid wait for late news at most: only a forged log has more.
constexpr size_t kMaxOpenOfPid = 16;

// Lives and programs that are over, kept for the next ones: enough where about as many begin as
// end, and little for each of many logs.
constexpr size_t kMostSpare = 64;
constexpr size_t kLongestSpareArgs = 4096;

// So many are remembered that are over: a few MiB.
constexpr size_t kMostRemembered = 4096;

}  // namespace

bool LifeBuilder::IsSame(Start a, Start b) {
  const uint64_t difference = a.ns < b.ns ? b.ns - a.ns : a.ns - b.ns;
  return difference <= (a.coarse || b.coarse ? kCoarseStartNs : 0);
}

const LifeBuilder::OpenPointer* LifeBuilder::Find(const Slot& slot, Start start) {
  for (const OpenPointer& open : slot.open) {
    const Life& life = open->life;
    const bool is_same =
        life.start_ns == start.ns || IsSame({life.start_ns, life.coarse_start}, start);
    if (is_same) return &open;
  }
  return nullptr;
}

LifeBuilder::Slot& LifeBuilder::SlotOf(uint32_t pid) {
  if (slots_.size() > most_slots_) ForgetClosed();
  return slots_[pid];
}

LifeBuilder::Open* LifeBuilder::Enter(Slot* slot, uint32_t pid, Start start) {
  Open* open = FindOrOpen(slot, pid, start);
  if (open != nullptr) open->life.proof = std::max(open->life.proof, proof_);
  return open;
}

LifeBuilder::Open* LifeBuilder::FindOrOpen(Slot* slot, uint32_t pid, Start start) {
  const OpenPointer* const found = Find(*slot, start);
  if (found == nullptr) return AddOpen(slot, pid, start);
  Open* const open = found->get();
  // Records without flags have the start that FORK told, coarse or not: that is nothing new.
  const bool is_news = open->life.start_ns != start.ns;
  if (open->life.coarse_start && !start.coarse && is_news) {
    open->life.start_ns = start.ns;
    open->life.coarse_start = false;
  }
  return open;
}

// nullptr where it is over already.
LifeBuilder::Open* LifeBuilder::AddOpen(Slot* slot, uint32_t pid, Start start) {
  bool is_newest = true;
  if (slot->closed_start_ns) {
    if (IsSame({*slot->closed_start_ns, slot->closed_coarse}, start)) return nullptr;
    is_newest = *slot->closed_start_ns < start.ns;
  }
  if (slot->open.size() == kMaxOpenOfPid) {
    const auto oldest = std::ranges::min_element(
        slot->open, {}, [](const auto& life) { return life->life.start_ns; });
    Close(*slot, oldest->get(), LifeState::kLost);
  }
  OpenPointer added = TakeSpare();
  added->life.pid = pid;
  added->life.start_ns = start.ns;
  added->life.coarse_start = start.coarse;
  added->life.last_seen_ns = start.ns;
  // Two processes never have one pid at one time: the older one is over, or news of it are late.
  for (const auto& other : slot->open) {
    if (other->life.start_ns > start.ns) {
      is_newest = false;
    } else {
      other->replaced = true;
      Doubt(other.get(), start.ns);
    }
  }
  Open* open = added.get();
  slot->open.push_back(std::move(added));
  ++living_;
  if (!is_newest) {
    open->replaced = true;
    Doubt(open, now_ns_);
  }
  return open;
}

// A sign of life: who was missed before is not lost after all.
void LifeBuilder::See(Open* open, uint64_t time_ns) {
  open->newest_ns = std::max(open->newest_ns, time_ns);
  open->life.last_seen_ns = std::max(open->life.last_seen_ns, time_ns);
  const bool may_be_reset = !open->replaced && !open->ended;
  if (open->doubted && may_be_reset && *open->doubted < time_ns) open->doubted.reset();
}

void LifeBuilder::Doubt(Open* open, uint64_t time_ns) {
  if (open->doubted) return;
  // A forged time may be ahead of all others.
  open->doubted = std::min(time_ns, now_ns_);
  deadlines_.push_back({now_ns_ + kMaxLatenessNs, open->life.pid});
}

void LifeBuilder::DoWhatIsDue() {
  if (!awaiting_.empty() && HasWaitedForSnapshot()) HandOutAwaiting();
  while (!deadlines_.empty() && deadlines_.front().time_ns <= now_ns_) {
    Slot* const slot = slots_.Find(deadlines_.front().pid);
    if (slot != nullptr) CloseDoubted(*slot);
    deadlines_.pop_front();
  }
}

void LifeBuilder::CloseDoubted(Slot& slot) {
  for (size_t i = slot.open.size(); i-- > 0;) {
    Open* open = slot.open[i].get();
    if (!open->doubted || *open->doubted + kMaxLatenessNs > now_ns_) continue;
    open->life.is_unreaped = open->ended && TellsReaps(open->life.end_ns.value_or(0));
    Close(slot, open, LifeState::kLost);
  }
}

bool LifeBuilder::HandOutEnded(uint64_t waited_ns) {
  HandOutAwaiting();
  bool others_wait = false;
  for (const Deadline& deadline : deadlines_) {
    Slot* const slot = slots_.Find(deadline.pid);
    if (slot == nullptr) continue;
    for (size_t i = slot->open.size(); i-- > 0;) {
      Open* const open = slot->open[i].get();
      if (!open->ended) continue;
      const bool has_waited = open->life.end_ns.value_or(0) + waited_ns <= now_ns_;
      open->life.is_unreaped = has_waited && TellsReaps(open->life.end_ns.value_or(0));
      if (has_waited) Close(*slot, open, LifeState::kEnded);
      others_wait = others_wait || !has_waited;
    }
  }
  return others_wait;
}

void LifeBuilder::Finish(LifeState state) {
  HandOutAwaiting();
  std::vector<Open*> rest;
  ForEachOpen([&rest](Open* open) { rest.push_back(open); });
  std::ranges::sort(
      rest, {}, [](const Open* open) { return std::pair(open->life.start_ns, open->life.pid); });
  for (Open* open : rest) {
    const LifeState at_end = open->doubted ? LifeState::kLost : state;
    open->life.state = open->ended ? LifeState::kEnded : at_end;
    HandOut(*open);
  }
  slots_.Clear();
  remembered_.clear();
  deadlines_.clear();
  snapshot_.reset();
  living_ = 0;
}

void LifeBuilder::Close(Slot& slot, Open* open, LifeState state) {
  open->life.state = open->ended ? LifeState::kEnded : state;
  NoteClosed(slot, open->life);
  const auto at = std::ranges::find_if(
      slot.open, [open](const OpenPointer& candidate) { return candidate.get() == open; });
  assert(at != slot.open.end());
  OpenPointer closed = std::move(*at);
  slot.open.erase(at);
  --living_;
  if (WaitsForSnapshot(*closed)) {
    awaiting_.push_back(closed);
  } else {
    HandOut(*closed);
  }
  Remember(std::move(closed));
}

// In the place of the one that has been for longest, where there are many.
void LifeBuilder::Remember(OpenPointer over) {
  Slot* const slot = remembers_parents_ ? slots_.Find(over->life.pid) : nullptr;
  if (slot == nullptr) return Recycle(std::move(over));
  const bool is_older = slot->last != nullptr && over->life.start_ns < slot->last->life.start_ns;
  if (is_older) return Recycle(std::move(over));
  remembered_.push_back({.pid = over->life.pid, .start_ns = over->life.start_ns});
  slot->last = std::move(over);
  if (remembered_.size() <= kMostRemembered) return;
  const Remembered first = remembered_.front();
  remembered_.pop_front();
  Slot* const of_first = slots_.Find(first.pid);
  const bool is_there = of_first != nullptr && of_first->last != nullptr &&
                        of_first->last->life.start_ns == first.start_ns;
  if (is_there) Recycle(std::exchange(of_first->last, nullptr));
}

void LifeBuilder::ForgetParents() {
  for (const Remembered& of : std::exchange(remembered_, {})) {
    if (Slot* const slot = slots_.Find(of.pid)) slot->last.reset();
  }
}

void LifeBuilder::NoteClosed(Slot& slot, const Life& life) {
  if (slot.closed_start_ns && *slot.closed_start_ns > life.start_ns) return;
  slot.closed_start_ns = life.start_ns;
  slot.closed_coarse = life.coarse_start;
  const bool has_ended = life.state == LifeState::kEnded;
  slot.closed_at_ns = has_ended ? now_ns_ : UINT64_MAX - kMaxLatenessNs;
}

// A filter may have left out that it has executed something: then it is not known what, and how
// often.
void LifeBuilder::CountExecs(Open* open) {
  Life& life = open->life;
  const bool has_flags = life.state == LifeState::kEnded || open->snapshot_no != 0;
  const bool is_untold = life.execs_told == 0 && has_flags && (life.flags & kProcNeverExeced) == 0;
  life.execs.reset();
  const bool is_any_untold = is_untold || open->untold_exec_ns != 0;
  if (life.birth_seen && !is_any_untold) life.execs = life.execs_told;
  if (is_untold && open->has_inherited) life.image.reset();
}

void LifeBuilder::HandOut(Open& open) {
  Life& life = open.life;
  CountExecs(&open);
  if (life.programs) CountPrograms(&open);
  if (open.parent_start_coarse) {
    // The parent's own records may have told its start exactly meanwhile.
    if (const auto* parent = FindParent(open)) life.parent_start_ns = (*parent)->life.start_ns;
  }
  Link(&open);
  callback_(life);
}

LifeBuilder::OpenPointer LifeBuilder::TakeSpare() {
  if (spare_.empty()) return boost::make_local_shared<Open>();
  OpenPointer open = std::move(spare_.back());
  spare_.pop_back();
  return open;
}

LocalPointer<Image> LifeBuilder::TakeSpareImage() {
  if (spare_images_.empty()) return boost::make_local_shared<Image>();
  LocalPointer<Image> image = std::move(spare_images_.back());
  spare_images_.pop_back();
  return image;
}

// Where a child or a report keeps it, they let it go.
void LifeBuilder::Recycle(OpenPointer open) {
  if (open.local_use_count() != 1 || spare_.size() == kMostSpare) return;
  if (open->life.programs) open->life.programs.reset();
  RecycleImage(&open->life.image);
  // Made anew in its place: to assign a new one would move each of its members.
  static_assert(std::is_nothrow_default_constructible_v<Open>);
  std::destroy_at(open.get());
  std::construct_at(open.get());
  spare_.push_back(std::move(open));
}

void LifeBuilder::RecycleImage(LocalPointer<const Image>* image) {
  if (!*image || image->local_use_count() != 1 || spare_images_.size() == kMostSpare) return;
  const auto& args = (*image)->args;
  if (args && args->capacity() > kLongestSpareArgs) return;
  spare_images_.push_back(boost::const_pointer_cast<Image>(std::move(*image)));
}

// So that memory is for the living, and not for every pid that there was.
void LifeBuilder::ForgetClosed() {
  slots_.EraseIf([this](const Slot& slot) {
    return slot.open.empty() && slot.last == nullptr &&
           slot.closed_at_ns + kMaxLatenessNs < now_ns_;
  });
  most_slots_ = std::max(kLeastSlots, 2 * slots_.size());
}

}  // namespace daybook
