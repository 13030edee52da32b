// Random worlds for properties of the analyzer: everything is known of them.
#pragma once

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <iterator>
#include <string>
#include <tuple>
#include <vector>

#include "process_world.h"
#include "report_runner.h"
#include "scripted_log.h"
#include "support/temp_folder.h"

namespace rc {

template <>
struct Arbitrary<daybook::Step> {
  static Gen<daybook::Step> arbitrary() {
    // What tells of processes more often than what happens to the log.
    const auto action = gen::map(gen::inRange<int>(0, 2 * daybook::kActions), [](int number) {
      constexpr daybook::Action kMore[] = {daybook::Action::kFork, daybook::Action::kFork,
                                           daybook::Action::kExec, daybook::Action::kExit,
                                           daybook::Action::kExit, daybook::Action::kPass};
      if (number < daybook::kActions) return static_cast<daybook::Action>(number);
      return kMore[static_cast<size_t>(number) % std::size(kMore)];
    });
    return gen::build<daybook::Step>(
        gen::set(&daybook::Step::action, action),
        gen::set(&daybook::Step::who, gen::inRange<uint32_t>(0, 64)),
        gen::set(&daybook::Step::what, gen::inRange<uint32_t>(0, 10'000)));
  }
};

}  // namespace rc

namespace daybook {

// The same worlds each time, but for who asks for others by this variable, as ./check --exhaustive
// does. What RapidCheck prints before each property is what repeats it.
[[maybe_unused]] inline const int kSeeded =
    setenv("RC_PARAMS", "seed=20050310 max_success=20 max_size=60", 0);

// One host or two, whose boots have the same ids.
class Worlds {
 public:
  explicit Worlds(const Script& first, const Script& second = {}) {
    Add("web1", first);
    if (!second.empty()) Add("web2", second);
  }

  std::vector<std::string> paths() const {
    std::vector<std::string> paths;
    for (const ProcessWorld& world : worlds_) paths.push_back(world.folder());
    return paths;
  }
  const std::deque<ProcessWorld>& all() const { return worlds_; }
  const TempFolder& folder() const { return folder_; }

  size_t CountTold() const {
    size_t count = 0;
    ForEachTold([&](const ProcessWorld&, uint8_t, const TrueLife&) { ++count; });
    return count;
  }
  // Calls it with (world, boot, life) for each life of which the log tells something.
  template <class Function>
  void ForEachTold(const Function& function) const {
    for (const ProcessWorld& world : worlds_) {
      for (const auto& [boot, lives] : world.boots()) {
        for (const TrueLife& life : lives) {
          if (life.is_told) function(world, boot, life);
        }
      }
    }
  }
  uint64_t CountLost() const {
    uint64_t lost = 0;
    for (const ProcessWorld& world : worlds_) lost += world.lost_events();
    return lost;
  }
  // A moment from the beginning to the end of the first world.
  int64_t Moment(uint32_t thousandths) const {
    const int64_t first_ns = worlds_.front().WallNs(1, kScriptBootNs);
    const int64_t span_ns = worlds_.front().last_wall_ns() - first_ns;
    return first_ns + span_ns / 1000 * (thousandths % 1000) + thousandths % 1000;
  }

 private:
  void Add(const std::string& host, const Script& script) {
    worlds_.emplace_back(folder_ / host, host, script);
  }

  TempFolder folder_;
  std::deque<ProcessWorld> worlds_;  // which do not move
};

// host, boot, process
using Place = std::tuple<std::string, int, ProcessKey>;

inline Place PlaceOf(const ProcessWorld& world, uint8_t boot, const TrueLife& life) {
  return {world.host(), boot, life.key};
}
inline Place PlaceOf(const Boot& boot, const Life& life) {
  return {boot.host.value(), boot.boot_id.value().bytes[0], {life.pid, life.start_ns}};
}

inline std::vector<TextRow> Sorted(std::vector<TextRow> rows) {
  std::ranges::sort(rows);
  return rows;
}

}  // namespace daybook
