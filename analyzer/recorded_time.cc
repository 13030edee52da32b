#include "recorded_time.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>

#include "escape.h"

namespace daybook {
namespace {

// Of a host: when somebody recorded next before the window, and next behind it.
struct Silence {
  std::optional<int64_t> from_ns;
  std::optional<int64_t> until_ns;
  bool is_recorded = false;  // in the window
};

// From the first moment to the last one somebody recorded.
void Take(const Window& window, int64_t first_ns, int64_t last_ns, Silence* silence) {
  if (last_ns < first_ns) return;
  if (window.since_ns && last_ns < *window.since_ns) {
    silence->from_ns = std::max(silence->from_ns.value_or(last_ns), last_ns);
  } else if (window.until_ns && first_ns >= *window.until_ns) {
    silence->until_ns = std::min(silence->until_ns.value_or(first_ns), first_ns);
  } else {
    silence->is_recorded = true;
  }
}

void TakeBoot(const LogSet& log, const Boot& boot, const Window& window, Silence* silence) {
  auto begin = boot.first_ns ? boot.clock.ToRealtime(*boot.first_ns) : std::nullopt;
  const auto end = boot.clock.ToRealtime(boot.last_ns);
  if (!begin || !end) return;
  for (const LogSet::NotRecorded& gap : log.not_recorded()) {
    if (gap.boot != &boot) continue;
    const auto first = boot.clock.ToRealtime(gap.first_ns);
    const auto last = boot.clock.ToRealtime(gap.last_ns);
    if (!first || !last) continue;
    Take(window, *begin, *first, silence);
    begin = std::max(*begin, *last);
  }
  Take(window, *begin, *end, silence);
}

}  // namespace

std::vector<std::string> NotRecordedLines(const LogSet& log, const Window& window,
                                          const LocalZone& zone) {
  std::map<std::string, Silence> hosts;
  for (const Boot& boot : log.boots()) {
    TakeBoot(log, boot, window, &hosts[boot.host.value_or("a host without a name")]);
  }
  const bool is_all_read = log.left_out().empty();
  std::vector<std::string> lines;
  for (const auto& [host, silence] : hosts) {
    if (silence.is_recorded || !silence.until_ns) continue;
    std::string& line = lines.emplace_back("-- on ");
    AppendEscaped(host, &line);
    line += " nobody recorded ";
    if (silence.from_ns && is_all_read) {
      line += "from ";
      zone.AppendForPeople(*silence.from_ns, &line);
      line += ' ';
    }
    line += "until ";
    zone.AppendForPeople(*silence.until_ns, &line);
    line += ": who lived then is known only as far as it lived on";
  }
  return lines;
}

}  // namespace daybook
