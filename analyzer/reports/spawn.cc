// How processes are born: how many and when, who makes them, and how short they live.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "columns/group_keys.h"
#include "columns/life_cells.h"
#include "columns/life_fields.h"
#include "groups/life_groups.h"
#include "life_log.h"
#include "report.h"
#include "time/time_units.h"
#include "totals/totals.h"

namespace daybook {
namespace {

constexpr int64_t kMinuteSeconds = 60;

constexpr std::string_view kViews[] = {"spawners", "rate", "lifetimes"};

std::vector<std::string_view> Views() { return {std::begin(kViews), std::end(kViews)}; }

constexpr ReportOption kOptions[] = {
    {"--by", "KEY,..", "Group by these columns of list, job or job_kind (default: spawner)", true,
     GroupKeyNames},
    {kViewOption, "VIEW", "spawners (default): by --by; rate: by minute; lifetimes: a histogram",
     false, Views}};

constexpr std::string_view kDefaultKey = "spawner";

// Behind the keys.
constexpr Column kBirthColumns[] = {
    {"births", Kind::kNumber, 102},
    {"births_share", Kind::kPercent, 103},
    {"short", Kind::kNumber, 104},
    {"forked_only", Kind::kNumber, 105},
    {"failed", Kind::kNumber, 106},
    {"cpu_us", Kind::kMicroseconds, 107},
    {"mean_cpu_us", Kind::kMicroseconds, 108},
    {"mean_elapsed_us", Kind::kMicroseconds, 109},
};
constexpr Column kRateColumns[] = {
    {"time", Kind::kTime, 1},
    {"births", Kind::kNumber, 2},
    {"peak_second", Kind::kNumber, 3},
};
constexpr Column kLifetimeColumns[] = {
    {"from_us", Kind::kMicroseconds, 1}, {"to_us", Kind::kMicroseconds, 2},
    {"count", Kind::kNumber, 3},         {"count_share", Kind::kPercent, 4},
    {"forked_only", Kind::kNumber, 5},   {"cpu_us", Kind::kMicroseconds, 6},
    {"cpu_share", Kind::kPercent, 7},
};

// Births in each second of the wall clock: four bytes for each second of a minute that has any.
class Rate {
 public:
  void Add(int64_t realtime_ns) {
    const int64_t second = FloorQuotient(realtime_ns, kNsPerSecond);
    const int64_t minute = FloorQuotient(second, kMinuteSeconds);
    ++minutes_[minute][static_cast<size_t>(second - minute * kMinuteSeconds)];
  }

  void FillTable(Table& table) const {
    for (const auto& [minute, births] : minutes_) {
      table.Add(std::array<Cell, std::size(kRateColumns)>{
          NsOf(minute * kMinuteSeconds), SumOf(births), uint64_t{std::ranges::max(births)}});
    }
  }

  // Returns what the note says.
  std::vector<NamedFact> AddNote(const LocalZone& zone, Table& table) const {
    if (minutes_.empty()) return {};
    uint64_t births = 0;
    uint64_t most = 0;
    int64_t peak = 0;  // second
    for (const auto& [minute, of_seconds] : minutes_) {
      births += SumOf(of_seconds);
      const auto at = std::ranges::max_element(of_seconds);
      if (*at <= most) continue;
      most = *at;
      peak = minute * kMinuteSeconds + (at - of_seconds.begin());
    }
    const auto is_any = [](uint32_t number) { return number != 0; };
    const auto& [first_minute, first] = *minutes_.begin();
    const auto& [last_minute, last] = *minutes_.rbegin();
    const auto begin = std::ranges::find_if(first, is_any) - first.begin();
    const auto end = last.rend() - std::find_if(last.rbegin(), last.rend(), is_any);
    const auto seconds =
        static_cast<uint64_t>((last_minute - first_minute) * kMinuteSeconds + end - begin);
    std::string note =
        fmt::format("births: {} in {} s, at most {} in a second: ", births, seconds, most);
    zone.AppendForPeople(NsOf(peak), &note);
    table.AddNote(std::move(note));
    return {{"births", births},
            {"seconds", seconds},
            {"peak_second", most},
            {"peak_time", NsOf(peak), Kind::kTime}};
  }

 private:
  using OfSeconds = std::array<uint32_t, kMinuteSeconds>;

  // The quotient that is not greater: before 1970, too.
  static int64_t FloorQuotient(int64_t number, int64_t unit) {
    return number / unit - (number % unit < 0 ? 1 : 0);
  }
  static int64_t NsOf(int64_t second) {
    return std::max(second, INT64_MIN / kNsPerSecond) * kNsPerSecond;
  }
  static uint64_t SumOf(const OfSeconds& births) {
    return std::accumulate(births.begin(), births.end(), uint64_t{0});
  }

  std::map<int64_t, OfSeconds> minutes_;  // since 1970
};

struct Births {
  Totals totals;
  uint64_t short_ones = 0;
  uint64_t forked_only = 0;

  void Add(const Life& life) {
    totals.Add(life);
    short_ones += IsShortLived(life);
    forked_only += (life.flags & kProcNeverExeced) != 0;
  }
};

// Only what was born while the log was written: who was there before has no birth to count.
bool IsBorn(const Life& life) { return life.birth_seen; }

// Births in groups.
class Spawners {
 public:
  Spawners(std::vector<const LifeField*> keys, const LocalZone& zone)
      : texts_(zone), keys_(keys.size()), names_(std::move(keys)) {}

  void Add(const Boot& boot, const Life& life) {
    const size_t group = names_.Find(boot, life, texts_);
    if (group == groups_.size()) groups_.emplace_back();
    groups_[group].Add(life);
    all_.Add(life);
  }
  void Fill(Table& table) const;

 private:
  // `cells`: those of the keys.
  std::vector<Cell> Row(std::vector<Cell> cells, const Births& births) const;

  LifeTexts texts_;
  size_t keys_;
  LifeGroups names_;
  std::vector<Births> groups_;
  Births all_;
};

std::vector<Cell> Spawners::Row(std::vector<Cell> cells, const Births& births) const {
  const Totals& totals = births.totals;
  cells.insert(cells.end(),
               {totals.count, ShareCell(totals.count, all_.totals.count), births.short_ones,
                births.forked_only, totals.failed, OptionalCell(totals.cpu_us.total),
                OptionalCell(totals.cpu_us.Mean()), OptionalCell(totals.elapsed_us.Mean())});
  return cells;
}

void Spawners::Fill(Table& table) const {
  std::vector<size_t> ranked(groups_.size());
  std::iota(ranked.begin(), ranked.end(), size_t{0});
  std::ranges::stable_sort(ranked, std::greater(),
                           [&](size_t group) { return groups_[group].totals.count; });
  for (const size_t group : ranked) table.Add(Row(names_.Cells(group), groups_[group]));
  std::vector<Cell> title(keys_);
  title.front() = Text{"TOTAL"};
  table.SetTotal(Row(std::move(title), all_));
}

// By the power of two that the lifetime is below, in microseconds.
using Lifetimes = std::map<uint32_t, Births>;

void FillLifetimes(const Lifetimes& lifetimes, Table& table) {
  Totals all;
  for (const auto& [power, births] : lifetimes) all.Merge(births.totals);
  for (const auto& [power, births] : lifetimes) {
    const uint64_t from_us = power == 0 ? 0 : uint64_t{1} << (power - 1);
    const uint64_t to_us = power >= 64 ? UINT64_MAX : uint64_t{1} << power;
    table.Add(std::array<Cell, std::size(kLifetimeColumns)>{
        from_us, to_us, births.totals.count, ShareCell(births.totals.count, all.count),
        births.forked_only, OptionalCell(births.totals.cpu_us.total),
        ShareCell(births.totals.cpu_us.total, all.cpu_us.total)});
  }
}

Result<std::vector<Column>> ColumnsFor(const Wishes& wishes) {
  const std::string_view view = wishes.Value(kViewOption).value_or(kViews[0]);
  const auto keys = GroupKeys(wishes, kDefaultKey);
  if (!keys) return keys.error();
  if (view == "spawners") return KeyColumns(*keys, kBirthColumns);
  if (wishes.Has("--by")) return Error(fmt::format("--by: there are no groups in --view {}", view));
  const auto columns = [](std::span<const Column> all) {
    return std::vector<Column>(all.begin(), all.end());
  };
  return view == "rate" ? columns(kRateColumns) : columns(kLifetimeColumns);
}

// What has no place in a view is in none of its numbers.
Answer RunSpawners(const Question& question, std::vector<const LifeField*> keys, Table& table) {
  Spawners spawners(std::move(keys), question.zone);
  Rate rate;
  const Coverage coverage = ReadLives(question, [&](const Boot& boot, const Life& life) {
    if (!IsBorn(life)) return LifeUse::kFiltered;
    spawners.Add(boot, life);
    if (const auto time = boot.clock.ToRealtime(life.start_ns)) rate.Add(*time);
    return LifeUse::kUsed;
  });
  spawners.Fill(table);
  return {.coverage = coverage, .facts = rate.AddNote(question.zone, table)};
}

Answer RunRate(const Question& question, Table& table) {
  Rate rate;
  const Coverage coverage = ReadLives(question, [&](const Boot& boot, const Life& life) {
    const auto time = boot.clock.ToRealtime(life.start_ns);
    if (!IsBorn(life) || !time) return LifeUse::kFiltered;
    rate.Add(*time);
    return LifeUse::kUsed;
  });
  rate.FillTable(table);
  return {.coverage = coverage};
}

Answer RunLifetimes(const Question& question, Table& table) {
  Lifetimes lifetimes;
  const Coverage coverage = ReadLives(question, [&](const Boot&, const Life& life) {
    const auto us = ElapsedUs(life);
    if (!IsBorn(life) || !us) return LifeUse::kFiltered;
    lifetimes[static_cast<uint32_t>(std::bit_width(*us))].Add(life);
    return LifeUse::kUsed;
  });
  FillLifetimes(lifetimes, table);
  return {.coverage = coverage};
}

Result<Answer> RunSpawn(const Question& question, Table& table) {
  const std::string_view view = question.wishes.Value(kViewOption).value_or(kViews[0]);
  if (view == "rate") return RunRate(question, table);
  if (view == "lifetimes") return RunLifetimes(question, table);
  auto keys = GroupKeys(question.wishes, kDefaultKey);
  if (!keys) return keys.error();
  return RunSpawners(question, *std::move(keys), table);
}

}  // namespace

constinit const Report kSpawnReport{
    .name = "spawn",
    .summary = "Births: how many, when, by whom, and how short the lives are.",
    .examples =
        "  daybook spawn --since today\n"
        "  daybook spawn --by job,spawner -n 10\n"
        "  daybook spawn --view rate --sort -births -n 10\n"
        "  daybook spawn --view lifetimes --filter 'descends_from(comm == \"make\")'\n",
    .options = kOptions,
    .columns_for = ColumnsFor,
    .default_sort = "",
    .skips = LogSet::Skips::kBoots,
    .window_rule = WindowRule::kStart,
    .has_filter = true,
    .run = RunSpawn,
};

}  // namespace daybook
