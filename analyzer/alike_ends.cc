#include "alike_ends.h"

#include "life_cells.h"

namespace daybook {

void AlikeEnds::Add(const Boot& boot, const Life& life) {
  const uint64_t end_ns = life.end_ns.value_or(life.last_seen_ns);
  ++count;
  peak.Add(end_ns);
  const auto time = boot.clock.ToRealtime(end_ns);
  if (!time) return;
  first_ns = std::min(first_ns.value_or(*time), *time);
  if (last_ns && *time < *last_ns) return;
  last_ns = time;
  const Cell cell = ArgumentsCell(life);
  if (const auto* text = std::get_if<Text>(&cell)) args.assign(text->bytes);
}

void AlikeEnds::Merge(const AlikeEnds& other) {
  count += other.count;
  if (other.first_ns) first_ns = std::min(first_ns.value_or(*other.first_ns), *other.first_ns);
  if (!other.last_ns || (last_ns && *other.last_ns < *last_ns)) return;
  last_ns = other.last_ns;
  args = other.args;
}

}  // namespace daybook
