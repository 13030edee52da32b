// When somebody recorded a host, by the wall clock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "clock_map.h"
#include "local_zone.h"
#include "log_set.h"
#include "window.h"

namespace daybook {

// Which host a boot is of: a log is of one host, by the name that it has last, so that one that was
// renamed is still one; and logs of the same name are of the same host.
class HostNames {
 public:
  HostNames() = default;
  // As far as it has been read.
  explicit HostNames(const LogSet& log);

  // Of a boot of any log set. Empty where nothing tells.
  std::string Of(const Boot& boot) const;

 private:
  struct Named {
    int64_t last_ns = 0;
    std::string name;
  };
  std::map<Id128, Named> by_log_;
};

class RecordedTimes {
 public:
  struct Span {
    int64_t first_ns = 0;
    int64_t last_ns = 0;
    bool operator==(const Span&) const = default;
  };

  // From its first record to its last, but for the times in which its log says that nobody
  // recorded.
  void Add(const Span& boot, const std::vector<Span>& not_recorded);
  // What several logs tell of one boot, each from its first record to its last, is one boot. Its
  // own clock, which is never set, says whether they overlap. In the gaps nobody wrote that log.
  using Gaps = std::map<const Boot*, std::vector<BootInterval>>;
  void AddLogsOfBoot(std::vector<const Boot*> logs, const Gaps& gaps = {});
  // A recorder ended in order, at that end of a boot.
  void AddStop(int64_t last_ns) { stopped_ns_ = std::max(stopped_ns_, last_ns); }
  // Call it after the last one.
  void Finish();

  bool empty() const { return boots_.empty(); }
  int64_t first_ns() const { return boots_.front().first_ns; }
  int64_t last_ns() const { return boots_.back().last_ns; }
  // True where it is known that nobody recorded behind that.
  bool has_stopped() const { return stopped_ns_ == last_ns(); }
  int64_t NsBetween(int64_t since_ns, int64_t until_ns) const;
  // From the last record of one to the first one of the next.
  std::vector<Span> BetweenBoots() const;
  // The same of logs of one boot, as of a recorder that was told to write elsewhere.
  const std::vector<Span>& BetweenLogs() const { return between_logs_; }
  // Of two logs of one boot: processes that both tell of are counted twice.
  const std::vector<Span>& Twice() const { return twice_; }
  // Where nobody recorded in the window: when somebody did last before it, and first behind it.
  struct Silence {
    std::optional<int64_t> from_ns;
    std::optional<int64_t> until_ns;
  };
  std::optional<Silence> SilenceIn(const Window& window) const;

 private:
  void AddTwice(const std::vector<const Boot*>& logs, const Gaps& gaps);

  // In order of time, without overlaps.
  std::vector<Span> boots_;
  std::vector<Span> recorded_;
  std::vector<Span> between_logs_;
  std::vector<Span> twice_;
  int64_t stopped_ns_ = INT64_MIN;
};

// So long, in its window, what a log set has read tells of a boot twice.
uint64_t RecordedTwiceUs(const LogSet& log);

// Of each host that a log set has read something of.
std::map<std::string, RecordedTimes> RecordedByHost(const LogSet& log, const HostNames& names);

// Lines for people, one for each host of which somebody recorded behind the window, but at no
// moment in it. Call it when the log has been read.
std::vector<std::string> NotRecordedLines(const LogSet& log, const Window& window,
                                          const LocalZone& zone);

// That a log ends there, before its window.
std::string EndLine(int64_t end_ns, const LocalZone& zone);

}  // namespace daybook
