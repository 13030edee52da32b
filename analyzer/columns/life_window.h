// Where a life stands in time, by the wall clock.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lives/lives.h"
#include "log/coverage.h"
#include "log/log_set.h"
#include "time/local_zone.h"
#include "time/window.h"

namespace daybook {

// Of a lost one its last sign of life; unknown where it runs, or no clock tells.
std::optional<int64_t> EndTime(const Boot& boot, const Life& life);

enum class Placed : uint8_t { kInside, kOutside, kUndated };

// Whether a life is in the window by the window's rule.
Placed PlaceInBounds(const Window& window, const Boot& boot, const Life& life);
inline Placed Place(const Window& window, const Boot& boot, const Life& life) {
  return window.bounded() ? PlaceInBounds(window, boot, life) : Placed::kInside;
}

// True of one that was there in the window and was not seen to end in it: it runs on behind the
// window, or nobody knows.
bool IsThereWithoutEnd(const Window& window, const Boot& boot, const Life& life);

// True of one that was there at the end of that time, and has ended, or was last heard of, since.
bool EndedBehind(const std::optional<int64_t>& until_ns, const Boot& boot, const Life& life);

// Counts a life that was alive in the window, where at the window's end it still runs, or has ended
// unseen, or unreaped, until then.
void CountOpenEnd(const Window& window, const Boot& boot, const Life& life, LifeCounts* counts);

// Whether it was alive at that moment, its birth included and its end not; nullopt where the log
// does not tell: nobody is known to live on behind its end.
std::optional<bool> AliveAt(const Boot& boot, const Life& life, int64_t time_ns);

// The same of any moment from one to another one.
std::optional<bool> AliveWithin(const Boot& boot, const Life& life, int64_t first_ns,
                                int64_t last_ns);

// CPU time that it took in a window which ends at `until_ns`: from the last moment before the
// window at which that is known, which is that of a snapshot or its birth, or else the first such
// moment, to the last one in the window, which may be its end. So what it took in windows that
// follow each other adds up. Unknown where there is no later moment.
std::optional<uint64_t> CpuWithinUs(const std::optional<int64_t>& until_ns, const Boot& boot,
                                    const Life& life);

// CPU time that it took up to a moment at which `cpu_us` were taken, from that of the last snapshot
// before, `shown`, or its birth. Unknown where neither is known.
std::optional<uint64_t> CpuSinceUs(const ShownCpu& shown, const Boot& boot, const Life& life,
                                   uint64_t cpu_us);

// Lines that a moment is behind the end of a log: of each host on which somebody ran until then.
class EndsOfLogs {
 public:
  explicit EndsOfLogs(int64_t moment_ns) : moment_ns_(moment_ns) {}

  void Take(const Boot& boot, const Life& life);
  std::vector<std::string> Lines(const LocalZone& zone) const;

 private:
  int64_t moment_ns_;
  std::map<std::string, int64_t> ends_;  // by host
};

}  // namespace daybook
