#include "rollup/rollup.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <limits>
#include <utility>

#include "daybook/codec.h"
#include "text/whole_number.h"
#include "time/time_units.h"

namespace daybook {
namespace {

constexpr int64_t kFirstNs = std::numeric_limits<int64_t>::min();
constexpr int64_t kLastNs = std::numeric_limits<int64_t>::max();
constexpr size_t kMaxRecordBytes = 65'536;  // daybook-log(5), Long records

int64_t Midnight(LocalTime time, const LocalZone& zone) {
  time.hour = time.minute = time.second = 0;
  const int64_t seconds = zone.ToSeconds(time);
  if (seconds < kFirstNs / kNsPerSecond) return kFirstNs;
  return seconds > kLastNs / kNsPerSecond ? kLastNs : seconds * kNsPerSecond;
}

std::optional<std::string> Owned(const std::optional<std::string_view>& text) {
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

std::optional<std::string_view> ViewOf(const std::optional<std::string>& text) {
  return text ? std::optional<std::string_view>(*text) : std::nullopt;
}

// Sums without a sketch have no count of their terms: no mean of them is ever asked for.
struct SumField {
  Sum Totals::*sum;
  std::optional<uint64_t> RollupGroup::*member;
};
constexpr SumField kSums[] = {{&Totals::cpu_within_us, &RollupGroup::cpu_within_us},
                              {&Totals::utime_us, &RollupGroup::utime_us},
                              {&Totals::stime_us, &RollupGroup::stime_us},
                              {&Totals::minflt, &RollupGroup::minflt},
                              {&Totals::majflt, &RollupGroup::majflt},
                              {&Totals::nvcsw, &RollupGroup::nvcsw},
                              {&Totals::nivcsw, &RollupGroup::nivcsw},
                              {&Totals::read_bytes, &RollupGroup::read_bytes},
                              {&Totals::write_bytes, &RollupGroup::write_bytes}};

// What stands in the same record as its classes, which count the terms.
struct ClassesField {
  Quantiles Totals::*quantiles;
  std::string_view RollupGroup::*classes;
  std::optional<uint64_t> RollupGroup::*member;
};
constexpr ClassesField kClasses[] = {
    {&Totals::cpu_quantiles, &RollupGroup::cpu_classes, &RollupGroup::cpu_us},
    {&Totals::elapsed_quantiles, &RollupGroup::elapsed_classes, &RollupGroup::elapsed_us},
    {&Totals::maxrss_quantiles, &RollupGroup::maxrss_classes, &RollupGroup::maxrss_kib}};

RollupGroup KeyRecord(const RollupGroupKey& key, uint64_t rollup_no) {
  RollupGroup record;
  record.rollup = rollup_no;
  record.folded = key.folded;
  record.comm = ViewOf(key.comm);
  record.user = ViewOf(key.user);
  record.uid = key.uid;
  record.service = ViewOf(key.service);
  record.container = ViewOf(key.container);
  record.wait_status = key.wait_status;
  return record;
}

// Wherever it stands.
uint64_t DigestOf(RollupGroup record) {
  record.rollup = 0;
  std::vector<uint8_t> bytes(MaxEncodedBytes(record));
  const auto* const begin = reinterpret_cast<const char*>(bytes.data());
  const uint8_t* const end = Encode(record, BlockBase{}, bytes.data());
  return std::hash<std::string_view>()({begin, static_cast<size_t>(end - bytes.data())});
}

void PutTotals(const Totals& totals, RollupGroup* record) {
  record->count = totals.count;
  record->lost = totals.lost;
  record->failed = totals.failed;
  record->first_end_ns = totals.first_end_ns;
  record->last_end_ns = totals.last_end_ns;
  for (const SumField& field : kSums) record->*field.member = (totals.*field.sum).total;
}

}  // namespace

LocalDay DayOf(int64_t realtime_ns, const LocalZone& zone) {
  const LocalTime time = zone.At(realtime_ns);
  LocalDay day{.name = fmt::format("{:04}-{:02}-{:02}", time.year, time.month, time.day),
               .begin_ns = Midnight(time, zone),
               .end_ns = kLastNs};
  // Surely in the next day: days have 23 to 25 hours, and the first of all may begin late.
  const int64_t next = (day.begin_ns == kFirstNs ? 24 : 30) * kNsPerHour;
  if (day.begin_ns <= kLastNs - next) day.end_ns = Midnight(zone.At(day.begin_ns + next), zone);
  return day;
}

std::optional<int64_t> DayNumber(std::string_view name) {
  if (name.size() != 10 || name[4] != '-' || name[7] != '-') return std::nullopt;
  const auto year = WholeNumber<int>(name.substr(0, 4));
  const auto month = WholeNumber<int>(name.substr(5, 2));
  const auto day = WholeNumber<int>(name.substr(8, 2));
  if (!year || !month || !day || !IsDate(*year, *month, *day)) return std::nullopt;
  const LocalTime time{.year = *year, .month = *month, .day = *day};
  const int64_t number = UtcSeconds(time) / kSecondsPerDay;
  constexpr int64_t kLastNumber = kLastNs / kNsPerSecond / kSecondsPerDay;
  return std::abs(number) <= kLastNumber ? std::optional(number) : std::nullopt;
}

std::string DayName(int64_t number) { return DayOf(number * kNsPerDay, LocalZone::Utc()).name; }

int64_t MidnightOf(int64_t day_number, const LocalZone& zone) {
  const std::chrono::year_month_day day{std::chrono::sys_days(std::chrono::days(day_number))};
  return Midnight({.year = static_cast<int>(day.year()),
                   .month = static_cast<int>(static_cast<unsigned>(day.month())),
                   .day = static_cast<int>(static_cast<unsigned>(day.day()))},
                  zone);
}

RollupFacts::RollupFacts(const Rollup& record)
    : numbers(record),
      host(Owned(record.host)),
      day(record.day),
      zone(record.zone),
      filter(record.filter),
      boots(record.boots),
      recorder_filters(Owned(record.recorder_filters)) {}

Rollup RollupFacts::ToRecord() const {
  Rollup record = numbers;
  record.host = ViewOf(host);
  record.day = day;
  record.zone = zone;
  record.filter = filter;
  record.boots = boots;
  record.recorder_filters = ViewOf(recorder_filters);
  return record;
}

bool IsSameRollup(const RollupFacts& a, const RollupFacts& b) {
  Rollup record = a.ToRecord();
  record.no = b.numbers.no;
  // Who wrote it before that could be told says that nobody was hidden.
  record.flags = (record.flags & ~kRollupOthersHidden) | (b.numbers.flags & kRollupOthersHidden);
  if (!record.unreaped || !b.numbers.unreaped) record.unreaped = b.numbers.unreaped;
  if (!a.recorder_filters || !b.recorder_filters) {
    record.recorder_filters = ViewOf(b.recorder_filters);
  }
  return record == b.ToRecord();
}

RollupGroupRecords::RollupGroupRecords(const KeyedTotals& group, uint64_t rollup_no) {
  RollupGroup record = KeyRecord(group.key, rollup_no);
  PutTotals(group.totals, &record);
  const std::optional<uint64_t> values[] = {group.totals.cpu_us.total,
                                            group.totals.elapsed_us.total, group.totals.maxrss_kib};
  for (size_t i = 0; i < classes_.size(); ++i) {
    classes_[i] = (group.totals.*kClasses[i].quantiles).Packed();
    if (MaxEncodedBytes(record) + classes_[i].size() > kMaxRecordBytes) {
      records_.push_back(std::exchange(record, KeyRecord(group.key, rollup_no)));
    }
    record.*kClasses[i].member = values[i];
    record.*kClasses[i].classes = classes_[i];
  }
  records_.push_back(record);
  for (RollupGroup& each : records_) each.parts = records_.size();
}

std::optional<KeyedTotals> ToTotals(const RollupGroup& record) {
  KeyedTotals group{.key = {.folded = record.folded,
                            .comm = Owned(record.comm),
                            .user = Owned(record.user),
                            .uid = record.uid,
                            .service = Owned(record.service),
                            .container = Owned(record.container),
                            .wait_status = record.wait_status},
                    .totals = {}};
  Totals& totals = group.totals;
  totals.count = record.count;
  totals.lost = record.lost;
  totals.failed = record.failed;
  totals.cpu_us.total = record.cpu_us;
  totals.elapsed_us.total = record.elapsed_us;
  totals.maxrss_kib = record.maxrss_kib;
  totals.first_end_ns = record.first_end_ns;
  totals.last_end_ns = record.last_end_ns;
  for (const SumField& field : kSums) (totals.*field.sum).total = record.*field.member;
  for (const ClassesField& field : kClasses) {
    if (!(totals.*field.quantiles).MergePacked(record.*field.classes)) return std::nullopt;
  }
  totals.cpu_us.terms = totals.cpu_quantiles.count();
  totals.elapsed_us.terms = totals.elapsed_quantiles.count();
  return group;
}

// Only the first record of a group counts its processes.
bool RollupGroupJoiner::Add(const RollupGroup& record) {
  auto part = ToTotals(record);
  if (!part) return false;
  digest_ += DigestOf(record);
  if (parts_left_ == 0 || record.count != 0 || part->key != open_.key) {
    open_ = *std::move(part);
    parts_left_ = record.parts;
  } else {
    open_.totals.Merge(part->totals);
  }
  if (parts_left_ != 0 && --parts_left_ == 0) groups_.push_back(std::move(open_));
  return true;
}

}  // namespace daybook
