// The command line.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "daybook/result.h"
#include "life_log.h"
#include "local_zone.h"
#include "output.h"
#include "report.h"
#include "table.h"

namespace daybook {

struct Options {
  const Report* report = nullptr;
  std::vector<std::string> paths{"/var/log/daybook"};
  Window window;
  Format format = Format::kText;
  std::string output_path = "-";
  TableView view;
};

// --help or --version: the text to print instead of doing anything.
struct HelpText {
  std::string text;
};

// An Error is a wrong usage.
Result<std::variant<Options, HelpText>> ParseOptions(int argc, const char* const* argv,
                                                     int64_t now_ns, const LocalZone& zone);

}  // namespace daybook
