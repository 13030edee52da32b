#include "groups/trace_lanes.h"

#include <algorithm>

namespace daybook {
namespace {

// Of a parent that is over, the next one above that is not: what it started is below that one. Null
// where there is none, or nobody looks so far up.
const ParentLife* NearestAlive(const Life& life) {
  const uint64_t end_ns = life.end_ns.value_or(life.last_seen_ns);
  const ParentLife* above = &life.parent;
  for (size_t steps = 0; steps < kMaxAncestors && above->get() != nullptr; ++steps) {
    const Life& parent = *above->get();
    // Of one that waits for its reap it is known already when it ended.
    const bool is_over =
        parent.state != LifeState::kRunning || parent.end_ns.value_or(end_ns) < end_ns;
    if (!is_over) return above;
    above = &parent.parent;
  }
  return nullptr;
}

}  // namespace

void TraceLanes::Drawn::Add(const TraceSpan& span) {
  first_us = std::min(first_us, span.first_us);
  last_us = std::max(last_us, span.last_us);
}

void TraceLanes::Drawn::Add(const Drawn& other) {
  first_us = std::min(first_us, other.first_us);
  last_us = std::max(last_us, other.last_us);
}

// When it was made, less was known of its span.
bool TraceLanes::HasRoom(const Frame& frame, const TraceSpan& span) {
  return frame.free_from_us <= span.first_us && span.first_us <= frame.within.first_us &&
         frame.within.last_us <= span.last_us;
}

TraceLanes::Group& TraceLanes::GroupOf(size_t number) {
  if (number >= groups_.size()) groups_.resize(number + 1);
  return groups_[number];
}

bool TraceLanes::IsFreeFrom(const Frame& frame, int64_t start_us) {
  return IsTop(frame) && frame.start_us <= start_us && frame.within.last_us <= start_us;
}

void TraceLanes::Leave(const Life& life) {
  left_.reset();
  const auto found = frames_.find(&life);
  if (found == frames_.end() || life.state == LifeState::kRunning) return;
  Frame& frame = *found->second;
  // Who outlives it cannot be drawn within it, but what came below them so far is.
  while (!IsTop(frame)) CloseTop(frame.group, frame.lane);
  left_ = frame;
  CloseTop(left_->group, left_->lane);
  left_->keeps = {};
}

// What was drawn within it stays where it is.
void TraceLanes::CloseTop(size_t group, size_t lane) {
  Lane& of_lane = groups_[group].lanes[lane];
  const std::unique_ptr<Frame> closed = std::move(of_lane.frames.back());
  of_lane.frames.pop_back();
  frames_.erase(closed->life);
  const bool is_idle = of_lane.frames.empty();
  (is_idle ? of_lane.drawn : of_lane.frames.back()->within).Add(closed->within);
  if (is_idle) groups_[group].idle.emplace(of_lane.drawn.last_us, lane);
}

void TraceLanes::AddToTop(size_t group, size_t lane, const TraceSpan& span) {
  Lane& of_lane = groups_[group].lanes[lane];
  if (!of_lane.frames.empty()) return of_lane.frames.back()->within.Add(span);
  groups_[group].idle.erase({of_lane.drawn.last_us, lane});
  of_lane.drawn.Add(span);
  groups_[group].idle.emplace(of_lane.drawn.last_us, lane);
}

// Of those that are free from then on, the one that became so last: the others are left to who
// began earlier. It is not idle any more.
size_t TraceLanes::TakeLane(size_t group, int64_t start_us) {
  Group& of_group = GroupOf(group);
  const auto behind = of_group.idle.upper_bound({start_us, SIZE_MAX});
  if (behind == of_group.idle.begin()) {
    of_group.lanes.emplace_back();
    return of_group.lanes.size() - 1;
  }
  const auto best = std::prev(behind);
  const size_t lane = best->second;
  of_group.idle.erase(best);
  return lane;
}

// The frame of its nearest ancestor that is not over, made where there is none yet, and before it
// those of the ones above. Null where that is of another group.
TraceLanes::Frame* TraceLanes::FindHost(const Boot& boot, const Life& life, size_t group) {
  std::vector<const ParentLife*> without_frame;
  const ParentLife* above = NearestAlive(life);
  auto known = frames_.end();
  while (above != nullptr && without_frame.size() < kMaxAncestors) {
    known = frames_.find(above->get());
    if (known != frames_.end() || facts_.group(boot, *above->get()) != group) break;
    without_frame.push_back(above);
    above = NearestAlive(*above->get());
  }
  Frame* host = known != frames_.end() && known->second->group == group ? known->second : nullptr;
  for (; !without_frame.empty(); without_frame.pop_back()) {
    const ParentLife& keeps = *without_frame.back();
    host = Open(host, boot, *keeps.get(), keeps, group);
  }
  return host;
}

TraceLanes::Frame* TraceLanes::Open(Frame* host, const Boot& boot, const Life& life,
                                    const ParentLife& keeps, size_t group) {
  auto frame = std::make_unique<Frame>();
  frame->life = &life;
  frame->keeps = keeps;
  frame->group = group;
  frame->start_us = facts_.start_us(boot, life);
  if (host != nullptr && IsFreeFrom(*host, frame->start_us)) {
    frame->lane = host->lane;
    frame->free_from_us = std::max(host->start_us, host->within.last_us);
  } else {
    frame->lane = TakeLane(group, frame->start_us);
    frame->free_from_us = groups_[group].lanes[frame->lane].drawn.last_us;
  }
  frames_[&life] = frame.get();
  return LaneOf(*frame).frames.emplace_back(std::move(frame)).get();
}

size_t TraceLanes::Place(const Boot& boot, const Life& life, size_t group, const TraceSpan& span) {
  if (life.state == LifeState::kRunning) return PlaceRunning(boot, life, group, span);
  if (!left_ || left_->group != group || !HasRoom(*left_, span)) {
    return PlaceAlone(boot, life, group, span);
  }
  AddToTop(group, left_->lane, span);
  return left_->lane;
}

// All that run end with the log, and in whatever order they come, each is within its parent: their
// frames stay.
size_t TraceLanes::PlaceRunning(const Boot& boot, const Life& life, size_t group,
                                const TraceSpan& span) {
  const auto known = frames_.find(&life);
  Frame& frame = known != frames_.end()
                     ? *known->second
                     : *Open(FindHost(boot, life, group), boot, life, ParentLife(), group);
  if (frame.group != group || !HasRoom(frame, span)) return PlaceAlone(boot, life, group, span);
  Lane& lane = LaneOf(frame);
  const auto own = std::ranges::find(lane.frames, &frame, &std::unique_ptr<Frame>::get);
  (own == lane.frames.begin() ? lane.drawn : (*std::prev(own))->within).Add(span);
  return frame.lane;
}

size_t TraceLanes::PlaceAlone(const Boot& boot, const Life& life, size_t group,
                              const TraceSpan& span) {
  Frame* const host = FindHost(boot, life, group);
  if (host != nullptr && IsFreeFrom(*host, span.first_us)) {
    host->within.Add(span);
    return host->lane;
  }
  const size_t lane = TakeLane(group, span.first_us);
  Group& of_group = groups_[group];
  of_group.lanes[lane].drawn.Add(span);
  of_group.idle.emplace(of_group.lanes[lane].drawn.last_us, lane);
  return lane;
}

}  // namespace daybook
