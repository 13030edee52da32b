// What inline_cost.cc switches on and off: the hooks of daybookd, as it loads and attaches them;
// the proc connector, as it listens to that; and acct(2).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daybook/result.h"

namespace daybook {

// By the kernel's statistics, where they are counted (bpf_enable_stats()).
struct ProgramTime {
  std::string program;
  uint64_t runs;
  uint64_t time_ns;
};

class Switch {
 public:
  virtual ~Switch() = default;
  virtual Status On() = 0;
  virtual Status Off() = 0;
  // What was told since the last time: how many they are. Makes room for the next ones. An error
  // where some were lost, which costs less than to tell them.
  virtual Result<uint64_t> TakeEvents() { return uint64_t{0}; }
  virtual std::vector<ProgramTime> ProgramTimes() const { return {}; }
};

// Settings, and what they are:
//   exact, fast, exits, failed   daybookd with nothing else said, --usage fast, --events exit,
//                                --only-failed
//   noargs                       --args none
//   attached                     the hooks of `exact` before they are made active
//   connector                    --source connector
//   acct                         acct(2) into a file of the folder
Result<std::unique_ptr<Switch>> MakeSwitch(std::string_view setting, const std::string& folder);

}  // namespace daybook
