// The lives in a log, one after another.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "coverage.h"
#include "lives.h"
#include "log_set.h"

namespace daybook {

// Wall-clock times, in nanoseconds since 1970: since <= t < until.
struct Window {
  std::optional<int64_t> since_ns;
  std::optional<int64_t> until_ns;

  bool bounded() const { return since_ns || until_ns; }
  // True where a span overlaps the window. One that has no known beginning does not, and one
  // without an end still goes on.
  bool Overlaps(std::optional<int64_t> first_ns, std::optional<int64_t> last_ns) const;
};

// Called with each life that was alive within the window; false stops the reading. The Boot lives
// as long as the log set.
using LifeFunction = std::function<bool(const Boot& boot, Life&& life)>;

// Reads `log` to its end, in memory for the living processes. Returns what was covered.
Coverage ReadLives(LogSet& log, const Window& window, const LifeFunction& function);

}  // namespace daybook
