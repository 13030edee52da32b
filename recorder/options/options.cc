#include "options/options.h"

#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "daybook/standard_streams.h"
#include "daybook/status.h"
#include "options/option_parser.h"
#include "options/options_text.h"
#include "options/settings.h"
#include "options/user_names.h"
#include "sources/filter.h"
#include "system/privileges.h"

namespace daybook {
namespace {

constexpr int kFailedStatus = 1;
constexpr int kUsageStatus = 2;

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// Also those that UTF-8 has in two bytes.
bool BeginsControl(std::string_view text) {
  const bool is_of_two =
      text.size() > 1 && text[0] == '\xc2' && text[1] >= '\x80' && text[1] < '\xa0';
  return IsControl(text[0]) || is_of_two;
}

// What stands in a file is not to be obeyed by a terminal.
std::string Printable(std::string_view text) {
  std::string printable;
  for (size_t control = 0; !text.empty(); text.remove_prefix(1)) {
    if (BeginsControl(text)) control = IsControl(text[0]) ? 1 : 2;
    if (control == 0) {
      printable += text[0];
    } else {
      printable += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
      --control;
    }
  }
  return printable;
}

ExitNow Mistake(const std::string& what) {
  std::cerr << "daybookd: " << Printable(what) << '\n';
  return ExitNow{kUsageStatus};
}

// By the folder that it is found in: the file itself is replaced, also where it is a link.
std::filesystem::path Resolved(const std::string& path) {
  std::error_code unknown;
  const std::filesystem::path file = std::filesystem::absolute(path, unknown);
  return std::filesystem::weakly_canonical(file.parent_path(), unknown) / file.filename();
}

Status CheckFiles(const Options& options) {
  const std::string status_file = StatusPath(options);
  if (options.metrics_file.empty() || Resolved(options.metrics_file) != Resolved(status_file)) {
    return Ok{};
  }
  return Error("metrics-file must be another file than that of the status, " + status_file);
}

ExitNow WrongUsage(const Error& error) {
  return Mistake(error.message() + " (see daybookd --help)");
}

ExitNow Print(const std::string& text) {
  const Status written = WriteStandardOutput(text);
  if (written) return ExitNow{0};
  std::cerr << "daybookd: " << written.error().message() << '\n';
  return ExitNow{kFailedStatus};
}

}  // namespace

std::string StatusPath(const Options& options) {
  if (!options.status_file.empty()) return options.status_file;
  return options.log_dir + "/" + kStatusFileName;
}

std::variant<Options, ExitNow> ParseOptions(int argc, char** argv, const ConfigPaths& paths,
                                            UserNames names) {
  LookUpUsers(names);
  std::vector<std::string> words(argv + 1, argv + argc);
  OptionParser given;
  if (const auto asked = given.Parse(words); !asked) {
    return WrongUsage(asked.error());
  } else if (*asked) {
    return Print(**asked);
  }
  auto from_files = ArgumentsOfFiles(given, paths);
  if (!from_files) return Mistake(from_files.error().message());
  words.insert(words.begin(), from_files->begin(), from_files->end());
  OptionParser all;
  if (const auto parsed = all.Parse(std::move(words)); !parsed) return WrongUsage(parsed.error());
  if (Status sound = CheckFilter(all.options().filter); !sound) {
    return Mistake(sound.error().message());
  }
  if (Status sound = CheckFiles(all.options()); !sound) return Mistake(sound.error().message());
  if (!given.choice().check) return all.options();
  if (const auto account = FindAccount(all.options().user); !account) {
    return Mistake(account.error().message());
  }
  return Print(OptionsText(all.options()));
}

}  // namespace daybook
