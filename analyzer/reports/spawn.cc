// How processes are born: how many and when, who makes them, and how short they live.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "life_cells.h"
#include "life_fields.h"
#include "life_log.h"
#include "report.h"
#include "totals.h"

namespace daybook {
namespace {

// A process that lives shorter costs about as much to make as it does.
constexpr uint64_t kShortUs = 10'000;

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kMinuteSeconds = 60;

constexpr ReportOption kOptions[] = {
    {"--view", "VIEW", "spawners (default): by parent; rate: by minute; lifetimes: a histogram"}};

constexpr Column kSpawnerColumns[] = {
    {"spawner", Kind::kString, 1},
    {"births", Kind::kNumber, 2},
    {"births_share", Kind::kPercent, 3},
    {"short", Kind::kNumber, 4},
    {"forked_only", Kind::kNumber, 5},
    {"failed", Kind::kNumber, 6},
    {"cpu_us", Kind::kMicroseconds, 7},
    {"mean_cpu_us", Kind::kMicroseconds, 8},
    {"mean_elapsed_us", Kind::kMicroseconds, 9},
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

// Births in each second of the wall clock that has any.
class Rate {
 public:
  void Add(int64_t realtime_ns) { ++births_[realtime_ns / kSecondNs]; }

  void FillTable(Table& table) const {
    for (auto at = births_.begin(); at != births_.end();) {
      const int64_t minute = at->first / kMinuteSeconds;
      uint64_t births = 0;
      uint64_t peak = 0;
      for (; at != births_.end() && at->first / kMinuteSeconds == minute; ++at) {
        births += at->second;
        peak = std::max(peak, at->second);
      }
      table.Add(std::array<Cell, std::size(kRateColumns)>{minute * kMinuteSeconds * kSecondNs,
                                                          births, peak});
    }
  }

  // Returns what the note says.
  std::vector<NamedFact> AddNote(const LocalZone& zone, Table& table) const {
    if (births_.empty()) return {};
    uint64_t births = 0;
    auto peak = births_.begin();
    for (auto at = births_.begin(); at != births_.end(); ++at) {
      births += at->second;
      if (at->second > peak->second) peak = at;
    }
    const auto seconds =
        static_cast<uint64_t>(births_.rbegin()->first - births_.begin()->first + 1);
    std::string note = fmt::format("-- births: {} in {} s, at most {} in a second: ", births,
                                   seconds, peak->second);
    zone.AppendForPeople(peak->first * kSecondNs, &note);
    table.AddNote(std::move(note));
    return {{"births", births},
            {"seconds", seconds},
            {"peak_second", peak->second},
            {"peak_time", peak->first * kSecondNs, Kind::kTime}};
  }

 private:
  std::map<int64_t, uint64_t> births_;  // by second since 1970
};

struct Births {
  Totals totals;
  uint64_t short_ones = 0;
  uint64_t forked_only = 0;

  void Add(const Life& life) {
    totals.Add(life);
    short_ones += ElapsedUs(life).value_or(kShortUs) < kShortUs;
    forked_only += (life.flags & kProcNeverExeced) != 0;
  }
};

// Only what was born while the log was written: who was there before has no birth to count.
bool IsBorn(const Life& life) { return life.execs.has_value(); }

struct Spawns {
  std::map<std::optional<std::string>, Births> by_parent;
  std::map<uint32_t, Births> by_lifetime;  // by the power of two that it is below, in us
  Births all;
  Rate rate;

  void Add(const Boot& boot, const Life& life) {
    const Life* parent = life.parent.get();
    by_parent[parent != nullptr ? parent->identity.comm : std::nullopt].Add(life);
    if (const auto us = ElapsedUs(life)) {
      by_lifetime[static_cast<uint32_t>(std::bit_width(*us))].Add(life);
    }
    all.Add(life);
    if (const auto time = boot.clock.ToRealtime(life.start_ns)) rate.Add(*time);
  }
};

std::vector<NamedFact> FillSpawners(const Spawns& spawns, const LocalZone& zone, Table& table) {
  const auto row = [&](const Cell& name, const Births& births) {
    const Totals& totals = births.totals;
    return std::array<Cell, std::size(kSpawnerColumns)>{
        name,
        totals.count,
        ShareCell(totals.count, spawns.all.totals.count),
        births.short_ones,
        births.forked_only,
        totals.failed,
        OptionalCell(totals.cpu_us.total),
        OptionalCell(totals.cpu_us.Mean()),
        OptionalCell(totals.elapsed_us.Mean())};
  };
  std::vector<const std::pair<const std::optional<std::string>, Births>*> ranked;
  for (const auto& entry : spawns.by_parent) ranked.push_back(&entry);
  std::ranges::stable_sort(ranked, std::greater(),
                           [](const auto* entry) { return entry->second.totals.count; });
  for (const auto* entry : ranked) {
    const auto& [comm, births] = *entry;
    table.Add(row(comm ? Cell(Text{*comm}) : Cell(), births));
  }
  table.SetTotal(row(Text{"TOTAL"}, spawns.all));
  return spawns.rate.AddNote(zone, table);
}

void FillLifetimes(const Spawns& spawns, Table& table) {
  Totals all;
  for (const auto& [power, births] : spawns.by_lifetime) all.Merge(births.totals);
  for (const auto& [power, births] : spawns.by_lifetime) {
    const uint64_t from_us = power == 0 ? 0 : uint64_t{1} << (power - 1);
    const uint64_t to_us = power >= 64 ? UINT64_MAX : uint64_t{1} << power;
    table.Add(std::array<Cell, std::size(kLifetimeColumns)>{
        from_us, to_us, births.totals.count, ShareCell(births.totals.count, all.count),
        births.forked_only, OptionalCell(births.totals.cpu_us.total),
        ShareCell(births.totals.cpu_us.total, all.cpu_us.total)});
  }
}

void FillRate(const Spawns& spawns, Table& table) { spawns.rate.FillTable(table); }

constexpr std::string_view kViews[] = {"spawners", "rate", "lifetimes"};

// What has no place in a view is in none of its numbers.
bool IsIn(std::string_view view, const Boot& boot, const Life& life) {
  if (!IsBorn(life)) return false;
  if (view == "rate") return boot.clock.ToRealtime(life.start_ns).has_value();
  return view != "lifetimes" || ElapsedUs(life).has_value();
}

Result<std::vector<Column>> ColumnsFor(const Wishes& wishes, const FilterClock&) {
  const std::string_view view = wishes.Value("--view").value_or(kViews[0]);
  const auto columns = [](std::span<const Column> all) {
    return std::vector<Column>(all.begin(), all.end());
  };
  if (view == "spawners") return columns(kSpawnerColumns);
  if (view == "rate") return columns(kRateColumns);
  if (view == "lifetimes") return columns(kLifetimeColumns);
  return Error(fmt::format("--view: no view '{}'; there are {}", view, fmt::join(kViews, ", ")));
}

Result<Answer> RunSpawn(const Question& question, Table& table) {
  const std::string_view view = question.wishes.Value("--view").value_or(kViews[0]);
  Spawns spawns;
  Answer answer;
  answer.coverage = ReadLives(question, [&](const Boot& boot, const Life& life) {
    if (!IsIn(view, boot, life)) return LifeUse::kFiltered;
    spawns.Add(boot, life);
    return LifeUse::kUsed;
  });
  if (view == "rate") {
    FillRate(spawns, table);
  } else if (view == "lifetimes") {
    FillLifetimes(spawns, table);
  } else {
    answer.facts = FillSpawners(spawns, question.zone, table);
  }
  return answer;
}

}  // namespace

constinit const Report kSpawnReport{
    .name = "spawn",
    .summary = "Births: how many, when, by whom, and how short the lives are.",
    .examples =
        "  daybook spawn --since today\n"
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
