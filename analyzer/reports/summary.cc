// Totals by command name.

#include <array>
#include <map>
#include <optional>
#include <string>

#include "life_cells.h"
#include "life_log.h"
#include "report.h"

namespace daybook {
namespace {

constexpr Column kColumns[] = {
    {"comm", Kind::kString, 1},
    {"count", Kind::kNumber, 2},
    {"running", Kind::kNumber, 3},
    {"lost", Kind::kNumber},
    {"failed", Kind::kNumber, 4},
    {"cpu_us", Kind::kMicroseconds, 5},
    {"mean_cpu_us", Kind::kMicroseconds, 6},
    {"utime_us", Kind::kMicroseconds, 7},
    {"stime_us", Kind::kMicroseconds, 8},
    {"elapsed_us", Kind::kMicroseconds, 9},
    {"max_rss_kib", Kind::kKibibytes, 10},
    {"minflt", Kind::kNumber, 11},
    {"majflt", Kind::kNumber, 12},
    {"nvcsw", Kind::kNumber},
    {"nivcsw", Kind::kNumber},
};

// The sum of what is known; unknown while nothing is.
struct Sum {
  std::optional<uint64_t> total;
  uint64_t terms = 0;

  void Add(const std::optional<uint64_t>& term) {
    if (!term) return;
    total = total.value_or(0) + *term;
    ++terms;
  }
  std::optional<uint64_t> Mean() const {
    if (terms == 0) return std::nullopt;
    return *total / terms;
  }
};

struct Totals {
  uint64_t count = 0;
  uint64_t running = 0;
  uint64_t lost = 0;
  uint64_t failed = 0;
  Sum cpu_us;
  Sum utime_us;
  Sum stime_us;
  Sum elapsed_us;
  std::optional<uint64_t> max_rss_kib;
  Sum minflt;
  Sum majflt;
  Sum nvcsw;
  Sum nivcsw;

  void Add(const Life& life);
};

void Totals::Add(const Life& life) {
  ++count;
  running += life.state == LifeState::kRunning;
  lost += life.state == LifeState::kLost;
  failed += life.wait_status.value_or(0) != 0;
  cpu_us.Add(life.usage.cpu_us);
  utime_us.Add(life.usage.utime_us);
  stime_us.Add(life.usage.stime_us);
  elapsed_us.Add(ElapsedUs(life));
  max_rss_kib = std::max(max_rss_kib, life.usage.maxrss_kib);
  minflt.Add(life.usage.minflt);
  majflt.Add(life.usage.majflt);
  nvcsw.Add(life.usage.nvcsw);
  nivcsw.Add(life.usage.nivcsw);
}

std::array<Cell, std::size(kColumns)> Row(const Cell& comm, const Totals& totals) {
  return {comm,
          totals.count,
          totals.running,
          totals.lost,
          totals.failed,
          OptionalCell(totals.cpu_us.total),
          OptionalCell(totals.cpu_us.Mean()),
          OptionalCell(totals.utime_us.total),
          OptionalCell(totals.stime_us.total),
          OptionalCell(totals.elapsed_us.total),
          OptionalCell(totals.max_rss_kib),
          OptionalCell(totals.minflt.total),
          OptionalCell(totals.majflt.total),
          OptionalCell(totals.nvcsw.total),
          OptionalCell(totals.nivcsw.total)};
}

Result<Answer> RunSummary(const Question& question, Table& table) {
  std::map<std::optional<std::string>, Totals> totals_by_comm;
  Totals all;
  const Coverage coverage = ReadLives(question, [&](const Boot&, const Life& life) {
    totals_by_comm[life.identity.comm].Add(life);
    all.Add(life);
    return true;
  });
  for (const auto& [comm, totals] : totals_by_comm) {
    table.Add(Row(comm ? Cell(Text{*comm}) : Cell(), totals));
  }
  table.SetTotal(Row(Text{"TOTAL"}, all));
  return Answer{.coverage = coverage};
}

}  // namespace

constinit const Report kSummaryReport{
    .name = "summary",
    .summary = "Totals by command: how often, how many failed, at what cost.",
    .examples =
        "  daybook summary --since today\n"
        "  daybook summary --sort -failed -n 10\n",
    .columns = kColumns,
    .default_sort = "-cpu_us",
    .skips = LogSet::Skips::kBoots,
    .has_filter = true,
    .run = RunSummary,
};

}  // namespace daybook
