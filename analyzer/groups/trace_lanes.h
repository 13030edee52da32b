// In which lane of a trace each process is drawn. Viewers take a lane for a stack of calls: of two
// bars in it one lies within the other, or they do not touch. Here what lies within another one
// descends from it; what has no room below its parent begins a lane of its own, the one that became
// free last. So a lane shows one thing after another, and there are as many as ran at once.
//
// Processes come when they end, those that run when the log ends. Memory is for those who live and
// have children that are over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "lives/lives.h"
#include "log/log_set.h"

namespace daybook {

// From one microsecond of the trace's time to another one.
struct TraceSpan {
  int64_t first_us = 0;
  int64_t last_us = 0;
};

class TraceLanes {
 public:
  // What is asked of ancestors that are not over.
  struct Facts {
    std::function<int64_t(const Boot& boot, const Life& life)> start_us;
    // The number of the group in whose lanes it is drawn: from 0.
    std::function<size_t(const Boot& boot, const Life& life)> group;
  };
  explicit TraceLanes(Facts facts) : facts_(std::move(facts)) {}
  TraceLanes(const TraceLanes&) = delete;
  TraceLanes& operator=(const TraceLanes&) = delete;

  // Call it with each life when it is handed out, whether it is drawn or not.
  void Leave(const Life& life);

  // The number of its lane in the group, from 0. Of the life that has left last.
  size_t Place(const Boot& boot, const Life& life, size_t group, const TraceSpan& span);

 private:
  // What is drawn side by side: in a lane, or within a bar of it.
  struct Drawn {
    int64_t first_us = INT64_MAX;
    int64_t last_us = INT64_MIN;

    void Add(const TraceSpan& span);
    void Add(const Drawn& other);
  };
  // Room for one that lives, and within which some have been drawn.
  struct Frame {
    const Life* life = nullptr;
    ParentLife keeps;  // it; empty of one that runs at the end of the log
    size_t group = 0;
    size_t lane = 0;
    int64_t start_us = 0;
    int64_t free_from_us = 0;  // before it, something else is drawn
    Drawn within;
  };
  struct Lane {
    Drawn drawn;
    std::vector<std::unique_ptr<Frame>> frames;  // each within the one before it
  };
  struct Group {
    std::vector<Lane> lanes;
    std::set<std::pair<int64_t, size_t>> idle;  // those without frames, by where they are free from
  };

  static bool HasRoom(const Frame& frame, const TraceSpan& span);
  Group& GroupOf(size_t number);
  Lane& LaneOf(const Frame& frame) { return groups_[frame.group].lanes[frame.lane]; }
  bool IsTop(const Frame& frame) { return LaneOf(frame).frames.back().get() == &frame; }
  bool IsFreeFrom(const Frame& frame, int64_t start_us);
  void CloseTop(size_t group, size_t lane);
  void AddToTop(size_t group, size_t lane, const TraceSpan& span);
  size_t TakeLane(size_t group, int64_t start_us);
  Frame* FindHost(const Boot& boot, const Life& life, size_t group);
  Frame* Open(Frame* host, const Boot& boot, const Life& life, const ParentLife& keeps,
              size_t group);
  size_t PlaceRunning(const Boot& boot, const Life& life, size_t group, const TraceSpan& span);
  size_t PlaceAlone(const Boot& boot, const Life& life, size_t group, const TraceSpan& span);

  Facts facts_;
  std::vector<Group> groups_;
  std::unordered_map<const Life*, Frame*> frames_;
  std::optional<Frame> left_;  // that of the life that has left last
};

}  // namespace daybook
