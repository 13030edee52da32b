// When somebody recorded a host, by the wall clock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daybook/records.h"
#include "log/log_set.h"
#include "time/clock_map.h"
#include "time/local_zone.h"
#include "time/window.h"

namespace daybook {

// Which host a boot is of: a log is of one host, by the name that it has last, so that one that was
// renamed is still one; and logs of the same name are of the same host.
class HostNames {
 public:
  HostNames() = default;
  // As far as it has been read; of a log of which nothing was, a segment that is left out tells.
  explicit HostNames(const LogSet& log);
  explicit HostNames(const std::deque<Boot>& boots);  // of what was read alone

  // Of a boot of any log set. Empty where nothing tells.
  std::string Of(const Boot& boot) const;
  std::string OfLog(const std::optional<Id128>& stream_id) const;
  bool IsImported(const std::optional<Id128>& stream_id) const;
  bool has_imported() const { return !imported_.empty(); }

 private:
  struct Named {
    int64_t last_ns = 0;
    std::string name;
  };
  std::map<Id128, Named> by_log_;
  std::set<Id128> imported_;
};

class RecordedTimes {
 public:
  struct Span {
    int64_t first_ns = 0;
    int64_t last_ns = 0;
    bool operator==(const Span&) const = default;
  };

  // From its first record to its last, but for the times in which its log says that nobody
  // recorded, and for those of which its records are missing. Both are in order of time, without
  // overlaps, and may be of other boots as well.
  void Add(const Span& boot, const std::vector<Span>& not_recorded,
           const std::vector<Span>& missing = {});
  // The boot goes on from one part of it to another, whether somebody recorded it or not.
  void AddOn(const Span& boot) { boots_.push_back(boot); }
  // A recorder was there, but what it wrote then is missing.
  void AddMissing(const Span& missing);
  // What several logs tell of one boot, each from its first record to its last, is one boot. Its
  // own clock, which is never set, says whether they overlap. In the gaps nobody wrote that log.
  using Gaps = std::map<const Boot*, std::vector<BootInterval>>;
  void AddLogsOfBoot(std::vector<const Boot*> logs, const Gaps& gaps = {});
  // So a log of it begins.
  void AddBegin(const SegmentStart& first);
  // A recorder ended in order, at that end of a boot.
  void AddStop(int64_t last_ns) { stopped_ns_ = std::max(stopped_ns_, last_ns); }
  // Call it after the last one.
  void Finish();

  bool empty() const { return boots_.empty(); }
  int64_t first_ns() const { return boots_.front().first_ns; }
  int64_t last_ns() const { return boots_.back().last_ns; }
  // True where segments from before it are gone: deleted, or moved away.
  bool has_lost_segments() const { return begin_ && begin_->has_older; }
  // True where it is known that nobody recorded behind that.
  bool has_stopped() const { return stopped_ns_ == last_ns(); }
  int64_t NsBetween(int64_t since_ns, int64_t until_ns) const;
  // So much of it is known to have been recorded, but is missing.
  int64_t MissingNsBetween(int64_t since_ns, int64_t until_ns) const;
  // Parts of that time in which nobody recorded, those before the first record and behind the last
  // one among them.
  std::vector<Span> NotRecordedIn(const Span& time) const;
  // From the last record of one to the first one of the next.
  std::vector<Span> BetweenBoots() const;
  // The same of logs of one boot, as of a recorder that was told to write elsewhere.
  const std::vector<Span>& BetweenLogs() const { return between_logs_; }
  // Of two logs of one boot: processes that both tell of are counted twice.
  const std::vector<Span>& Twice() const { return twice_; }
  // True where hardly anything of it is there since its records are missing: as a segment ends a
  // little behind the hour.
  bool IsMissing(const Window& window) const;
  // Where there is no record of the window: when the last one before it was, and the first one
  // behind it. Of one that records are missing of, their time; also where hardly anything is there.
  struct Silence {
    std::optional<int64_t> from_ns;
    std::optional<int64_t> until_ns;
    std::optional<Span> missing;
  };
  std::optional<Silence> SilenceIn(const Window& window) const;

 private:
  void AddTwice(const std::vector<const Boot*>& logs, const Gaps& gaps);

  // In order of time, without overlaps.
  std::vector<Span> boots_;
  std::vector<Span> recorded_;
  std::vector<Span> not_recorded_;
  std::vector<Span> missing_;
  std::vector<Span> between_logs_;
  std::vector<Span> twice_;
  struct Begin {
    int64_t time_ns;
    bool has_older;
  };
  std::optional<Begin> begin_;  // of the first log
  int64_t stopped_ns_ = INT64_MIN;
};

// What several logs tell of one boot, in the window of a log set.
struct LogsOfOneBoot {
  uint64_t twice_us = 0;
  uint64_t gaps = 0;  // between them, in which nobody recorded
};
LogsOfOneBoot CompareLogsOfOneBoot(const LogSet& log);

// What was imported was recorded, too; but nobody says of it when it would have gone on.
enum class Imports : uint8_t { kCount, kLeftOut };

// Of each host that a log set has read something of, or left out before its window.
std::map<std::string, RecordedTimes> RecordedByHost(const LogSet& log, const HostNames& names,
                                                    Imports imports = Imports::kCount);

// Lines for people, one for each host of which somebody recorded behind the window, but at no
// moment in it, or of which all records of it are missing. Call it when the log has been read.
std::vector<std::string> NotRecordedLines(const LogSet& log, const Window& window,
                                          const LocalZone& zone);

// That a log ends there, before its window.
std::string EndLine(int64_t end_ns, const LocalZone& zone);

}  // namespace daybook
