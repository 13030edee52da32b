#include "output/page_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "text/escape.h"
#include "time/window_text.h"

namespace daybook {
namespace {

// Of many hosts, as of long names, only some: lines of mail have an end.
std::string NamesOf(std::span<const std::string> hosts) {
  constexpr size_t kMost = 8;
  constexpr size_t kMostBytes = 64;
  std::string names;
  for (const std::string& host : hosts.first(std::min(hosts.size(), kMost))) {
    if (!names.empty()) names += ", ";
    AppendEscaped(CutToBytes(host, kMostBytes), &names);
  }
  if (hosts.size() > kMost) names += fmt::format(" and {} more hosts", hosts.size() - kMost);
  return names;
}

}  // namespace

std::string HeadLine(const PageHead& head, const LocalZone& zone) {
  std::string line = "daybook ";
  line.append(head.report).append(": ");
  if (!head.hosts.empty()) line += NamesOf(head.hosts) + ", ";
  AppendSpan(head.window, zone, &line);
  return line;
}

std::string BaselineLine(const Window& baseline, const LocalZone& zone) {
  std::string line = "compared with ";
  AppendSpan(baseline, zone, &line);
  return line;
}

}  // namespace daybook
