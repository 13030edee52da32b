// What the lives of one log on one local day add up to, as it is kept in files and merged.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daybook/records.h"
#include "log/coverage.h"
#include "time/local_zone.h"
#include "totals/totals.h"

namespace daybook {

// A day on the wall: begin <= t < end.
struct LocalDay {
  std::string name;  // "2026-11-20"
  int64_t begin_ns = 0;
  int64_t end_ns = 0;
};
// The first and the last day that 64 bits of nanoseconds have begin and end with them.
LocalDay DayOf(int64_t realtime_ns, const LocalZone& zone);

// Its number since 1970; nullopt where the name is none of a day, or of one too far from then.
std::optional<int64_t> DayNumber(std::string_view name);
std::string DayName(int64_t number);
// Where the day of that number begins, also where it is before the first of all.
int64_t MidnightOf(int64_t day_number, const LocalZone& zone);

// What a log is missing: where a log set counts it, and what a roll-up says of its day. Records
// that were left out since they were out of order are missing from the sums all the same: a roll-up
// counts them among its missing_records, also where their numbers were counted as missing before.
struct MissingField {
  uint64_t Coverage::*count;
  uint64_t Rollup::*member;
};
inline constexpr MissingField kMissingFields[] = {
    {&Coverage::dropped_events, &Rollup::dropped_events},
    {&Coverage::lost_events, &Rollup::lost_events},
    {&Coverage::recording_gaps, &Rollup::recording_gaps},
    {&Coverage::missed_forks, &Rollup::missed_forks},
    {&Coverage::unseen_forks, &Rollup::unseen_forks},
    {&Coverage::missing_records, &Rollup::missing_records},
    {&Coverage::gaps, &Rollup::gaps},
    {&Coverage::damaged_bytes, &Rollup::damaged_bytes},
    {&Coverage::hole_bytes, &Rollup::hole_bytes},
    {&Coverage::torn_bytes, &Rollup::torn_bytes}};

// A Rollup that owns its texts.
struct RollupFacts {
  Rollup numbers;  // its texts say nothing
  std::optional<std::string> host;
  std::string day;
  std::string zone;
  std::string filter;
  std::string boots;
  std::optional<std::string> recorder_filters;

  explicit RollupFacts(const Rollup& record = {});
  Rollup ToRecord() const;  // it points into this
  bool overlaps(const RollupFacts& other) const {
    return numbers.from_ns < other.numbers.until_ns && other.numbers.from_ns < numbers.until_ns;
  }
};

// True where both say the same of the same, wherever they stand.
bool IsSameRollup(const RollupFacts& a, const RollupFacts& b);

struct RollupGroupKey {
  uint64_t folded = 0;  // so many groups, whose keys were given up
  std::optional<std::string> comm;
  std::optional<std::string> user;
  std::optional<uint32_t> uid;
  std::optional<std::string> service;
  std::optional<std::string> container;
  std::optional<uint32_t> wait_status;
  bool operator==(const RollupGroupKey&) const = default;
};

struct KeyedTotals {
  RollupGroupKey key;
  Totals totals;
};

// A group as records: one, but for a group whose classes would make that too long. They point to
// texts in this object.
class RollupGroupRecords {
 public:
  RollupGroupRecords(const KeyedTotals& group, uint64_t rollup_no);
  RollupGroupRecords(const RollupGroupRecords&) = delete;
  RollupGroupRecords& operator=(const RollupGroupRecords&) = delete;

  const std::vector<RollupGroup>& records() const { return records_; }

 private:
  std::array<std::string, 3> classes_;
  std::vector<RollupGroup> records_;
};

// The reverse, of one record. nullopt where the classes are malformed.
std::optional<KeyedTotals> ToTotals(const RollupGroup& record);

// The reverse, of all records of a roll-up in their order. A group of which one is missing is left
// out: its classes would tell of fewer processes than its count.
class RollupGroupJoiner {
 public:
  // False where it is malformed.
  bool Add(const RollupGroup& record);
  const std::vector<KeyedTotals>& groups() const { return groups_; }
  // The same for the same records in any order.
  uint64_t digest() const { return digest_; }

 private:
  std::vector<KeyedTotals> groups_;
  uint64_t digest_ = 0;
  KeyedTotals open_;
  uint64_t parts_left_ = 0;  // of the open one
};

}  // namespace daybook
