// Adds up a log: for each stream of segments and each local day what its records and its lives come
// to. Memory is taken for days and groups, not for lives.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daybook/result.h"
#include "groups/life_groups.h"
#include "life_log.h"
#include "log/log_set.h"
#include "rollup/rollup.h"

namespace daybook {

struct DayRollup {
  RollupFacts facts;
  std::vector<KeyedTotals> groups;  // by CPU time; last the folded ones, where there are any
};

class RollupBuilder {
 public:
  // `window`: of its lives those that ended there. Without an end it ends at `now_ns`, or with the
  // log where that goes on.
  RollupBuilder(const Window& window, int64_t now_ns, const LocalZone& zone);

  // First all records of a log, with nothing skipped; an Error where they are on too many days.
  // Then its lives, where none is skipped that was there in the window.
  Status ReadRecords(LogSet& log);
  void SeeLife(const Boot& boot, const Life& life);  // each one
  // Of those that the filter lets through: each one, and each that a snapshot shows.
  LifeUse Take(const Boot& boot, const Life& life);
  void TakeShown(const Boot& boot, const Life& life, const ShownCpu& before);

  // One for each stream and day. Of each the `most` groups with the most CPU time are kept apart,
  // and the `most` with the most processes; `filter` is told in each.
  std::vector<DayRollup> Finish(uint64_t most, std::string_view filter);

  // Of what a whole log is missing, leaves what these tell of.
  static void Narrow(std::span<const DayRollup> rollups, Coverage* coverage);

 private:
  struct Day {
    RollupFacts facts;
    std::set<Id128> boots;
    RecorderFilters filters;
    std::unordered_map<size_t, Totals> groups;  // by their numbers in groups_
  };
  using Days = std::map<int64_t, Day>;  // by the begin of the day
  struct Stream {
    std::optional<std::string> host;
    Days days;
    std::optional<int64_t> first_ns;  // of what it tells of the window
    std::optional<int64_t> last_ns;
  };

  // Where records without a time of their own belong, in the segment that is read.
  struct Undated {
    uint64_t before = 0;  // so many were there before the first one with a time
    Day* day = nullptr;   // of the last one with a time; null outside the window
    bool is_begun = false;
    bool others_hidden = false;  // from the recorder, as the segment says
    RecorderFilters filters;     // the same
  };

  std::optional<int64_t> TimeIn(const Boot& boot, uint64_t boot_ns) const;
  Day* DayAt(Stream& stream, int64_t time_ns);
  void TakeUndated(const RecordView& record);
  void TakeRecord(const Boot& boot, int64_t time_ns, Day* day);
  void NoteBoot(const LogSet& log);
  void Charge(Coverage now);
  int64_t EndOf(const Stream& stream) const;
  Status MakeDays(Stream& stream);
  // Which log tells of a boot, from which moment of it on.
  using LogsOfBoot = std::map<uint64_t, Id128>;
  void NoteLog(const Boot& boot, const SegmentStart& segment);
  const LogsOfBoot& LogsOf(const Boot& boot);
  Day* MadeDayAt(const Boot& boot, const std::optional<uint64_t>& boot_ns);
  void CountRunning(const Boot& boot, const Life& life);
  void AddWhatHasNoDay(Day* day) const;
  RollupGroupKey KeyOf(size_t group) const;
  std::vector<KeyedTotals> Choose(Day& day, uint64_t most) const;

  Window window_;
  int64_t now_ns_;
  const LocalZone& zone_;
  LocalDay day_;  // that was asked for last
  std::map<Id128, Stream> streams_;
  std::map<std::pair<Id128, Id128>, LogsOfBoot> logs_of_boots_;  // by the ids that a Boot has
  Undated undated_;
  Day of_no_day_;               // what is missing nobody knows when
  Day* charged_ = &of_no_day_;  // what the log set counts now belongs to this day
  Coverage before_;
  const Boot* noted_boot_ = nullptr;
  std::map<Id128, const Boot*> first_logs_;  // of each boot, as the first log tells of it
  uint64_t gaps_between_logs_ = 0;           // in which nobody recorded
  LifeTexts texts_;
  LifeGroups groups_;
};

}  // namespace daybook
