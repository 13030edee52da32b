#include "output/messages.h"

#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "output/coverage_text.h"
#include "text/escape.h"

namespace daybook {

// Lines below the first one are indented, so that no name with a line end looks like a message.
void PrintError(const Error& error) {
  std::string line = "daybook: ";
  std::string_view rest = error.message();
  for (size_t end = 0; (end = rest.find("\n  ")) != rest.npos; rest.remove_prefix(end + 1)) {
    AppendEscaped(rest.substr(0, end), &line);
    line += '\n';
  }
  AppendEscaped(rest, &line);
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

void PrintIncomplete(std::string_view which, const Coverage& coverage, const LocalZone& zone) {
  PrintError(
      Error(fmt::format("the {} is not complete -- {}", which, CoverageLine(coverage, zone))));
}

void PrintCountedTwice(std::string_view which, const Coverage& coverage, const LocalZone& zone) {
  if (coverage.recorded_twice_us == 0) return;
  PrintError(
      Error(fmt::format("of the {} some time is {}", which, CountedTwiceText(coverage, zone))));
}

}  // namespace daybook
