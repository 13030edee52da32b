// What the command line asks for.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "daybook/result.h"
#include "filter/name_notes.h"
#include "log/log_set.h"
#include "output/output.h"
#include "output/terminal.h"
#include "raw_options.h"
#include "report.h"
#include "table/table.h"
#include "time/local_zone.h"

namespace daybook {

struct Options {
  const Report* report = nullptr;
  std::vector<std::string> paths{"/var/log/daybook"};
  LogSet::Options log;
  Filter filter;
  Wishes wishes;
  int64_t now_ns = 0;
  bool salvaged = false;
  const Style* style = nullptr;  // in the place of a format
  Format format = Format::kText;
  Headings headings = Headings::kYes;
  ColorWish colors = ColorWish::kAuto;
  bool uses_pager = true;         // at a terminal
  bool shows_progress = true;     // there, too
  bool truncates = true;          // what has no room on a terminal
  std::optional<LocalZone> zone;  // where another one is asked for
  std::string output_path = "-";
  std::string folder;  // of a report that writes_folder
  AskedNames names;
  std::vector<Column> columns;  // of the report, for these wishes
  bool names_columns = false;   // those of the view, one by one
  TableView view;
};

// An Error is a wrong usage.
Result<std::variant<Options, HelpText>> ParseOptions(int argc, const char* const* argv,
                                                     int64_t now_ns, const LocalZone& zone);

}  // namespace daybook
