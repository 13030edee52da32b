#include "system/run_id.h"

#include <algorithm>
#include <random>
#include <utility>

namespace daybook {

uint64_t NewRunId() {
  std::random_device random;
  return uint64_t{random()} << 32 | random();
}

std::string RunIdText(uint64_t id) { return std::to_string(id); }

bool IsLastRun(const LogEnd& log, uint64_t id) {
  return std::ranges::find(log.info, std::pair(std::string(kRunInfo), RunIdText(id))) !=
         log.info.end();
}

}  // namespace daybook
