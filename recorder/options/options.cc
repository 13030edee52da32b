#include "options/options.h"

#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "daybook/standard_streams.h"
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

ExitNow Mistake(const std::string& what) {
  std::cerr << "daybookd: " << what << '\n';
  return ExitNow{kUsageStatus};
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
  if (!given.choice().check) return all.options();
  if (const auto account = FindAccount(all.options().user); !account) {
    return Mistake(account.error().message());
  }
  return Print(OptionsText(all.options()));
}

}  // namespace daybook
