#include "totals/unended_cpu.h"

#include <fmt/format.h>

#include "columns/life_window.h"
#include "filter/expression.h"
#include "table/cell_text.h"

namespace daybook {
namespace {

constexpr uint64_t kConsiderablePercent = 1;

}  // namespace

// By their ends, those that ended behind the window are not in it; by the other rules they are,
// with all that they took.
bool UnendedCpu::IsUntold(const Boot& boot, const Life& life) const {
  const Window& window = question_.log.window();
  const bool is_by_end = window.rule == WindowRule::kEnd;
  if (life.state != LifeState::kRunning) {
    return is_by_end && EndedBehind(window.until_ns, boot, life);
  }
  return is_by_end || Place(window, boot, life) == Placed::kInside;
}

void UnendedCpu::Take(const Boot& boot, const Life& life) {
  if (life.shown_cpu.time_ns == 0) return;  // as of most: they are in no snapshot
  if (!IsUntold(boot, life)) return;
  const Filter& filter = question_.filter;
  if (!filter.lets_all_through() && filter.Judge(boot, life, texts_) != Truth::kTrue) return;
  cpu_us_.Add(CpuWithinUs(texts_.until_ns, boot, life));
}

void UnendedCpu::AddNote(const Sum& told_us, Table& table, std::vector<NamedFact>* facts) const {
  const uint64_t cpu_us = cpu_us_.total.value_or(0);
  if (cpu_us * 100 <= told_us.total.value_or(0) * kConsiderablePercent) return;
  ByteBuffer time;
  AppendCellText(Kind::kMicroseconds, cpu_us, question_.zone, &time);
  table.AddNote(
      fmt::format("processes that had not ended took CPU time that is not told here: {}; for "
                  "theirs ask for cpu_within, with --window existence",
                  time.text()));
  facts->push_back({"unended_cpu_us", cpu_us});
}

}  // namespace daybook
