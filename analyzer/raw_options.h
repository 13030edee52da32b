// The words of the command line by the options that they are for. What they mean is told by
// options.h.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daybook/result.h"
#include "report.h"

namespace CLI {
class App;
}

namespace daybook {

// What follows the verb, as typed.
struct RawOptions {
  const Report* report = nullptr;
  std::vector<std::string> paths;
  std::optional<std::string> since;
  std::optional<std::string> until;
  std::optional<std::string> window;
  std::optional<std::string> format;
  std::string output_path = "-";
  std::vector<std::string> columns;
  std::optional<std::string> sort;
  std::optional<std::string> limit;
  bool reverse = false;
  bool no_header = false;
  bool no_truncate = false;
  bool no_pager = false;
  bool quiet = false;
  std::string color = "auto";
  bool utc = false;
  std::optional<std::string> zone;
  bool salvaged = false;
  std::string folder;
  // By the option's name; of a flag that is given, one empty value.
  std::map<std::string_view, std::vector<std::string>> filters;
  std::map<std::string_view, std::vector<std::string>> wishes;
  std::optional<std::string> style;
};

// --help or --version: the text to print instead of doing anything.
struct HelpText {
  std::string text;
};

// An Error is a wrong usage.
Result<std::variant<RawOptions, HelpText>> ReadCommandLine(int argc, const char* const* argv);

// Hands the whole command line to `see`, as it is before anything is typed.
void SeeCommandLine(const std::function<void(const CLI::App& app)>& see);

}  // namespace daybook
