#include "totals/concurrency.h"

#include <algorithm>
#include <tuple>

namespace daybook {

void Concurrency::Add(uint64_t first_ns, uint64_t last_ns) {
  first_ns = std::min(first_ns, UINT64_MAX - 1);
  edges_.push_back({first_ns, 1});
  edges_.push_back({std::max(last_ns, first_ns + 1), -1});
}

void Concurrency::Add(const Concurrency& other) {
  edges_.insert(edges_.end(), other.edges_.begin(), other.edges_.end());
}

// Ends first, so that nothing is counted beside what begins as it ends.
uint64_t Concurrency::Most() const {
  Concurrency sorted = *this;
  sorted.Sort();
  int64_t now = 0;
  int64_t most = 0;
  for (const Edge& edge : sorted.edges_) most = std::max(most, now += edge.step);
  return static_cast<uint64_t>(most);
}

void Concurrency::Sort() {
  std::ranges::sort(edges_, {},
                    [](const Edge& edge) { return std::pair(edge.time_ns, edge.step); });
}

// What is added later and ends no earlier than a stretch of time does, covers the end of it where
// it covers any of it. So within a stretch a moment counts only where none behind it is as crowded:
// going back from its end, only new records. Each is kept as a peak of a nanosecond.
void Concurrency::Forget(uint64_t settled_ns, std::span<const uint64_t> open_ends) {
  for (const uint64_t end_ns : open_ends) edges_.push_back({end_ns, 0});  // begins a stretch
  Sort();
  const auto rest = std::ranges::lower_bound(edges_, settled_ns, {}, &Edge::time_ns);
  std::vector<Edge> kept(rest, edges_.end());
  int64_t now = 0;
  for (auto edge = edges_.begin(); edge != rest; ++edge) now += edge->step;
  if (now != 0) kept.push_back({settled_ns, now});
  int64_t most_behind = 0;
  uint64_t end_ns = settled_ns;
  for (auto edge = rest; edge != edges_.begin();) {
    --edge;
    if (now > most_behind && edge->time_ns < end_ns) {
      most_behind = now;
      kept.push_back({end_ns - 1, now});
      kept.push_back({end_ns, -now});
    }
    now -= edge->step;
    end_ns = edge->time_ns;
    if (edge->step == 0) most_behind = 0;
  }
  std::erase_if(kept, [](const Edge& edge) { return edge.step == 0; });
  edges_ = std::move(kept);
  large_ = std::max(kLeastLarge, 2 * edges_.size());
}

}  // namespace daybook
