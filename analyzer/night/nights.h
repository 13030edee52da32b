// The nights of several hosts side by side. What is new on one of them may be old on another, and
// each has its own time before.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lives/lives.h"
#include "log/log_set.h"
#include "log/recorded_times.h"
#include "night/night.h"
#include "page.h"
#include "time/local_zone.h"
#include "time/window.h"

namespace daybook {

class Nights {
 public:
  // `zone` must outlive this.
  Nights(const Window& window, int64_t now_ns, const LocalZone& zone, HostNames names)
      : window_(window), now_ns_(now_ns), zone_(zone), names_(std::move(names)) {}

  // Of the night and of the time before, in any order.
  void Take(const Boot& boot, const Life& life);

  // After the last one, when none is kept any more. `log` is what they were read from, and `before`
  // the time before that was asked for.
  void Finish(const LogSet& log, const std::optional<Window>& before);

  // Of the host with the longest one.
  std::optional<Window> baseline() const;
  // Of which something is there, but for which there is nothing to compare with.
  std::vector<std::string> HostsWithoutBaseline() const;
  // Of which so much of the night is missing; of kSome those that are compared nevertheless.
  std::vector<std::string> HostsThatLack(Night::Lack lack) const;
  // Of whose baseline they are.
  std::vector<std::string> HostsThatLackBefore() const;
  bool has_several() const { return nights_.size() > 1; }

  uint64_t Sum(uint64_t (Night::*of)() const) const;

  // The rows of all hosts, each with its host at its end.
  Rows All(Rows (Night::*of)());

 private:
  const Window window_;
  const int64_t now_ns_;
  const LocalZone& zone_;
  const HostNames names_;
  std::map<std::string, Night> nights_;  // by host
  const Boot* boot_ = nullptr;           // of the last life
  Night* night_ = nullptr;
};

}  // namespace daybook
