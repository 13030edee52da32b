// A span of wall-clock time that an answer is asked for.
#pragma once

#include <cstdint>
#include <optional>

namespace daybook {

// Which moment of a life decides whether it is in a window. By one moment, a life is in exactly one
// of several windows that follow each other, so that what they count adds up.
enum class WindowRule : uint8_t {
  kStart,
  kEnd,        // of what still runs, later than every window's end
  kExistence,  // any moment: a life may be in many windows
};

// In nanoseconds since 1970: since <= t < until.
struct Window {
  std::optional<int64_t> since_ns;
  std::optional<int64_t> until_ns;
  WindowRule rule = WindowRule::kExistence;  // for lives

  bool bounded() const { return since_ns || until_ns; }

  bool Contains(int64_t time_ns) const {
    return !(since_ns && time_ns < *since_ns) && !(until_ns && time_ns >= *until_ns);
  }

  // True where a span overlaps the window. One that has no known beginning does not, and one
  // without an end still goes on.
  bool Overlaps(std::optional<int64_t> first_ns, std::optional<int64_t> last_ns) const {
    if (!bounded()) return true;
    if (!first_ns || (until_ns && *first_ns >= *until_ns)) return false;
    return !(since_ns && last_ns && *last_ns < *since_ns);
  }
};

}  // namespace daybook
