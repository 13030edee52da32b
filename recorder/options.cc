#include "options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <bit>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "bpf_source.h"
#include "config_files.h"
#include "config_text.h"
#include "daybook/result.h"
#include "daybook/standard_streams.h"
#include "filter.h"
#include "options_text.h"
#include "privileges.h"
#include "user_names.h"

namespace daybook {
namespace {

constexpr int kFailedStatus = 1;
constexpr int kUsageStatus = 2;

// CLI11 takes a unit alone for one of it, and does not say which units there are.
CLI::Validator AsQuantity(const CLI::AsNumberWithUnit& convert, const std::string& words) {
  const auto convert_number = [=](std::string& text) {
    const bool has_number = !text.empty() && text[0] >= '0' && text[0] <= '9';
    try {
      if (has_number && convert(text).empty()) return std::string();
    } catch (const CLI::ValidationError&) {
    }
    return "must be " + words;
  };
  return CLI::Validator(convert_number, "");
}

// "250ms" to nanoseconds. A number alone would leave open of what.
CLI::Validator AsTime() {
  const std::map<std::string, uint64_t> units = {
      {"us", 1'000},           {"ms", 1'000'000},        {"s", 1'000'000'000},
      {"min", 60'000'000'000}, {"h", 3'600'000'000'000}, {"d", 86'400'000'000'000}};
  const auto options = static_cast<CLI::AsNumberWithUnit::Options>(
      CLI::AsNumberWithUnit::UNIT_REQUIRED | CLI::AsNumberWithUnit::CASE_SENSITIVE);
  return AsQuantity(CLI::AsNumberWithUnit(units, options),
                    "a whole number with us, ms, s, min, h or d");
}

// "64M" to bytes.
CLI::Validator AsSize() {
  const std::map<std::string, uint64_t> units = {{"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}};
  return AsQuantity(CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::CASE_SENSITIVE),
                    "a whole number, perhaps with K, M or G");
}

// The bounds in words, since the value is a plain number by now.
CLI::Validator Within(uint64_t lowest, uint64_t highest, const std::string& words) {
  const auto check = [=](const std::string& text) {
    uint64_t value = 0;
    const bool fits = CLI::detail::lexical_cast(text, value) && value >= lowest && value <= highest;
    return fits ? std::string() : "must be " + words;
  };
  return CLI::Validator(check, "");
}

// The name to the enumerator's number, which CLI11 can convert.
template <class Enum>
CLI::Validator AsEnum(const std::map<std::string, Enum>& values, const std::string& words) {
  const auto convert = [=](std::string& text) -> std::string {
    const auto value = values.find(text);
    if (value == values.end()) return "must be " + words;
    text = std::to_string(static_cast<int>(value->second));
    return {};
  };
  return CLI::Validator(convert, "");
}

CLI::Validator AsArgsMode() {
  return AsEnum<ArgsMode>({{"none", ArgsMode::kNone},
                           {"argv0", ArgsMode::kArgv0},
                           {"masked", ArgsMode::kMasked},
                           {"full", ArgsMode::kFull}},
                          "none, argv0, masked or full");
}

CLI::Validator AsUsageMode() {
  return AsEnum<UsageMode>({{"exact", UsageMode::kExact}, {"fast", UsageMode::kFast}},
                           "exact or fast");
}

CLI::Validator AsIdEvents() {
  return AsEnum<IdEvents>({{"none", IdEvents::kNone}, {"connector", IdEvents::kConnector}},
                          "none or connector");
}

CLI::Validator AsCompression() {
  return AsEnum<Compression>({{"none", Compression::kNone}, {"zstd", Compression::kZstd}},
                             "zstd or none");
}

std::string CheckSource(const std::string& source) {
  const bool replay =
      source.starts_with("replay:") && source.size() > std::string("replay:").size();
  if (source == "auto" || source == "bpf" || source == "connector" || replay) return {};
  return "must be auto, bpf, connector or replay:FILE";
}

std::string CheckRing(const std::string& text) {
  uint64_t bytes = 0;
  const bool fits = CLI::detail::lexical_cast(text, bytes) && std::has_single_bit(bytes) &&
                    bytes >= 64 << 10 && bytes <= 1 << 30;
  return fits ? "" : "must be a power of two from 64K to 1G";
}

// "fork,exec" to bits.
CLI::Validator AsEventTypes() {
  const auto convert = [](std::string& text) -> std::string {
    const auto events = ParseEventTypes(text);
    if (!events) return "must be some of " + EventTypesText(kAllTypes) + ", with commas between";
    text = std::to_string(*events);
    return {};
  };
  return CLI::Validator(convert, "");
}

// A name to its number.
CLI::Validator AsUser() {
  const auto convert = [](std::string& text) -> std::string {
    constexpr uint32_t kNoUser = UINT32_MAX;  // to the kernel
    uint32_t uid = 0;
    if (CLI::detail::lexical_cast(text, uid) && std::to_string(uid) == text) {
      return uid == kNoUser ? text + " is no user's number" : "";
    }
    const auto found = FindUser(text);
    if (!found) return found.error().message();
    text = std::to_string(*found);
    return {};
  };
  return CLI::Validator(convert, "");
}

std::string CheckCgroupPath(const std::string& path) {
  const auto has = [&](const char* part) { return (path + "/").find(part) != std::string::npos; };
  const bool is_plain = path.starts_with('/') && !has("//") && !has("/./") && !has("/../");
  return is_plain || path == "/"
             ? ""
             : "must be a cgroup's path as in /proc/PID/cgroup, such as /user.slice";
}

std::string CheckMaskWord(const std::string& word) {
  return ArgMask::IsWord(word) ? "" : "must be of letters, digits and '-', two at least";
}

// To an empty path for none.
CLI::Validator AsPinFolder() {
  const auto convert = [](std::string& path) -> std::string {
    if (path == "none") return path.clear(), "";
    return path.starts_with('/') ? "" : "must be an absolute path, or none";
  };
  return CLI::Validator(convert, "");
}

std::string CheckFolder(const std::string& path) {
  return path.empty() ? "must be a folder's path" : "";
}

// CLI11 takes a number for how often a flag was given, and each but 0 for true.
std::string CheckFlag(const std::string& value) {
  return value == "true" || value == "false" ? "" : "must be true or false";
}

// In the log's folder it would pass for a part of the log.
std::string CheckFileName(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  const bool is_log = name.starts_with("daybook-") || name == "daybook.ballast";
  return name.empty() || is_log ? "must be a file's path, without the name of a segment" : "";
}

void AddFilterOptions(CLI::App& app, Filter& filter) {
  app.add_option("--events", filter.events,
                 "Record these alone (default " + EventTypesText(kAllTypes) + ")")
      ->transform(AsEventTypes())
      ->type_name("LIST");
  app.add_flag("--only-failed", filter.only_failed,
               "Record the ends of processes that fail, by status or signal, and nothing else")
      ->check(CLI::Validator(CheckFlag, ""));
  app.add_option("--only-uid", filter.only_uids,
                 "Record processes of this user, by name or number; may be given more than once")
      ->transform(AsUser())
      ->allow_extra_args(false)
      ->type_name("USER");
  app.add_option("--except-uid", filter.except_uids,
                 "Leave out processes of this user; may be given more than once")
      ->transform(AsUser())
      ->allow_extra_args(false)
      ->type_name("USER");
  app.add_option("--only-cgroup", filter.only_cgroup,
                 "Record processes in this cgroup and those below it")
      ->check(CLI::Validator(CheckCgroupPath, ""))
      ->type_name("PATH");
  app.add_option("--min-lifetime", filter.min_lifetime_ns,
                 "Record processes from this age on, and those that fail before")
      ->transform(AsTime())
      ->type_name("TIME");
  app.add_flag("--no-kernel-threads", filter.no_kernel_threads, "Leave out kernel threads")
      ->check(CLI::Validator(CheckFlag, ""));
}

// One option, one line. The defaults stand in Options.
void AddOptions(CLI::App& app, Options& options) {
  app.add_option("--log-dir", options.log_dir, "Folder of the log; created where it is missing")
      ->check(CLI::Validator(CheckFolder, ""))
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--source", options.source,
                 "Where events come from: auto, bpf, connector or replay:FILE")
      ->check(CLI::Validator(CheckSource, ""))
      ->type_name("auto|bpf|connector|replay:FILE")
      ->capture_default_str();
  app.add_option("--id-events", options.id_events,
                 "What tells, beside bpf, when a process changes its ids: none (default) or "
                 "connector")
      ->transform(AsIdEvents())
      ->type_name("none|connector");
  app.add_option("--duration", options.duration_ns, "Stop after this time (5s, 10min)")
      ->transform(AsTime())
      ->check(Within(1, UINT64_MAX, "longer than nothing"))
      ->type_name("TIME");
  app.add_option("--segment-size", options.segment_bytes,
                 "Begin a new segment when one is this long (default 64M)")
      ->transform(AsSize())
      ->check(Within(16 << 10, uint64_t{1} << 40, "from 16K to 1024G"))
      ->type_name("SIZE");
  app.add_option("--segment-age", options.segment_age_ns,
                 "Begin a new segment when one is this old (default 1h)")
      ->transform(AsTime())
      ->check(Within(1'000'000'000, UINT64_MAX, "1s or more"))
      ->type_name("TIME");
  app.add_option("--max-bytes", options.max_bytes,
                 "Delete the oldest segments before the log is longer than this (default 1G)")
      ->transform(AsSize())
      ->check(Within(4 << 20, uint64_t{1} << 50, "4M or more"))
      ->type_name("SIZE");
  app.add_option("--min-free", options.min_free_bytes,
                 "Or before the file system has less than this left (default 64M)")
      ->transform(AsSize())
      ->check(Within(0, uint64_t{1} << 50, "a size"))
      ->type_name("SIZE");
  app.add_option("--max-age", options.max_age_ns,
                 "Delete segments whose last moment is this old (default: never)")
      ->transform(AsTime())
      ->check(Within(60'000'000'000, UINT64_MAX, "1min or more"))
      ->type_name("TIME");
  app.add_option("--compress", options.compression,
                 "What becomes of segments that are finished: zstd (default) or none")
      ->transform(AsCompression())
      ->type_name("zstd|none");
  app.add_option("--drain-interval", options.drain_interval_ns,
                 "Take events from the kernel this often while there are any, 10ms to 5s "
                 "(default 250ms)")
      ->transform(AsTime())
      ->check(Within(10'000'000, 5'000'000'000, "from 10ms to 5s"))
      ->type_name("TIME");
  app.add_option("--ring", options.ring_bytes,
                 "Room for events in the kernel, a power of two from 64K to 1G (default: 1M for "
                 "each CPU, 16M at least and 64M at most)")
      ->transform(AsSize())
      ->check(CLI::Validator(CheckRing, ""))
      ->type_name("SIZE");
  app.add_option("--args", options.args,
                 "What to keep of programs' arguments: none, argv0, masked (all but secrets, the "
                 "default) or full")
      ->transform(AsArgsMode())
      ->type_name("none|argv0|masked|full");
  app.add_option("--args-max", options.args_max_bytes,
                 "At most so much of each program's arguments, up to 4K (default 1K)")
      ->transform(AsSize())
      ->check(Within(1, kMaxArgsLimit, "from 1 to 4K"))
      ->type_name("SIZE");
  app.add_option("--mask", options.mask_words,
                 "What this word names is a secret, too; may be given more than once")
      ->check(CLI::Validator(CheckMaskWord, ""))
      ->allow_extra_args(false)
      ->type_name("WORD");
  AddFilterOptions(app, options.filter);
  app.add_option("--usage", options.usage,
                 "What processes used: exact, also by what they did last (default), or fast: as "
                 "known at their end")
      ->transform(AsUsageMode())
      ->type_name("exact|fast");
  app.add_option("--audit-interval", options.audit_interval_ns,
                 "Hold what was recorded against the kernel's counts this often (default 10min)")
      ->transform(AsTime())
      ->check(Within(1'000'000'000, UINT64_MAX, "1s or more"))
      ->type_name("TIME");
  app.add_option("--status-file", options.status_file,
                 "Where to say how recording goes (default: status, in the log's folder)")
      ->check(CLI::Validator(CheckFileName, ""))
      ->type_name("PATH");
  app.add_option("--metrics-file", options.metrics_file,
                 "The same for Prometheus, in node_exporter's textfile folder (default: nowhere)")
      ->check(CLI::Validator(CheckFileName, ""))
      ->type_name("PATH");
  app.add_option(
         "--pin", options.pin_dir,
         "A folder on a bpf file system: a recorder that follows this one takes over there, "
         "and misses nothing; or none (default: $DAYBOOKD_PIN, else none)")
      ->transform(AsPinFolder())
      ->type_name("DIR");
  app.add_option("--user", options.user,
                 "Become this user once recording is set up (default, for root: daybook, else "
                 "nobody)")
      ->type_name("NAME");
}

// What says where the rest comes from: not for a file.
struct ConfigChoice {
  std::optional<std::string> file;
  bool none = false;
  bool check = false;
};

void AddConfigOptions(CLI::App& app, ConfigChoice& choice) {
  CLI::Option* const file =
      app.add_option("--config", choice.file, "Read this configuration, and no other")
          ->type_name("FILE");
  CLI::Option* const none = app.add_flag("--no-config", choice.none, "Read no configuration");
  CLI::Option* const check = app.add_flag("--check-config", choice.check,
                                          "Print the options that hold, and record nothing");
  none->excludes(file);
  for (CLI::Option* option : {file, none, check}) option->configurable(false);
  app.set_version_flag("--version", "daybookd " DAYBOOK_VERSION)->configurable(false);
  app.get_help_ptr()->configurable(false);
}

class CommandLine {
 public:
  CommandLine() {
    AddOptions(app_, options_);
    AddConfigOptions(app_, choice_);
  }
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  const Options& options() const { return options_; }
  const ConfigChoice& choice() const { return choice_; }

  // Throws as CLI11 does. May be called once.
  void Parse(std::vector<std::string> words) {
    std::ranges::reverse(words);
    app_.parse(std::move(words));
  }
  std::string TextOf(const CLI::Success& wanted) const {
    std::ostringstream text;
    app_.exit(wanted, text, text);
    return std::move(text).str();
  }
  const CLI::App& app() const { return app_; }

  // The option of that name, where a file may have it.
  const CLI::Option* FindConfigurable(const std::string& name) const {
    const CLI::Option* option = app_.get_option_no_throw("--" + name);
    return option != nullptr && option->get_configurable() ? option : nullptr;
  }

  bool Has(const std::string& name) const { return app_.count("--" + name) != 0; }

  std::string ConfigurableNames() const {
    std::string names;
    for (const CLI::Option* option : app_.get_options()) {
      if (!option->get_configurable()) continue;
      names += (names.empty() ? "" : ", ") + option->get_lnames().at(0);
    }
    return names;
  }

 private:
  CLI::App app_{"Records the life of every process into a log that daybook(1) reads.", "daybookd"};
  Options options_;
  ConfigChoice choice_;
};

// ---- Configuration files ----

// Of one file, and then of all: an option's name and how it would stand on the command line.
using Settings = std::map<std::string, std::vector<std::string>>;

bool IsList(const CLI::Option& option) { return option.get_items_expected_max() > 1; }

// As if that argument stood alone on the command line; empty where it may.
std::string WhatIsWrong(const std::string& argument) {
  try {
    CommandLine().Parse({argument});
  } catch (const CLI::ParseError& error) {
    const std::string text = error.what();
    const size_t name_end = text.find(": ");
    return name_end == text.npos ? text : text.substr(name_end + 2);
  }
  return {};
}

Status AddSetting(const ConfigFile& file, const Setting& setting, Settings& settings) {
  const CommandLine allowed;
  const CLI::Option* const option = allowed.FindConfigurable(setting.name);
  if (option == nullptr) {
    return SettingError(file, setting, "no such setting; there are " + allowed.ConfigurableNames());
  }
  if (setting.is_list && !IsList(*option)) return SettingError(file, setting, "takes one value");
  const auto [known, is_new] = settings.try_emplace(setting.name);
  if (!is_new) return SettingError(file, setting, "is set a second time in this file");
  for (const std::string& value : setting.values) {
    known->second.push_back("--" + setting.name + "=" + value);
    const bool is_flag = option->get_expected_max() == 0;
    // CLI11 would take it for no value, and a flag without one for true.
    const bool is_missing = value.empty() && !is_flag;
    const std::string wrong = is_missing      ? "a value is missing"
                              : value.empty() ? CheckFlag(value)
                                              : WhatIsWrong(known->second.back());
    if (!wrong.empty()) return SettingError(file, setting, wrong);
  }
  return Ok{};
}

Result<Settings> ParseConfigFile(const ConfigFile& file) {
  const auto written = ParseConfigText(file);
  if (!written) return written.error();
  Settings settings;
  for (const Setting& setting : *written) {
    if (Status added = AddSetting(file, setting, settings); !added) return added.error();
  }
  return settings;
}

// What the service's unit says of itself: the administrator's files go before it.
Result<Settings> SettingsOfEnvironment() {
  Settings settings;
  const char* const pin = std::getenv("DAYBOOKD_PIN");
  if (pin == nullptr || *pin == '\0') return settings;
  const std::string argument = std::string("--pin=") + pin;
  if (const std::string wrong = WhatIsWrong(argument); !wrong.empty()) {
    return Error("DAYBOOKD_PIN: " + wrong);
  }
  settings["pin"] = {argument};
  return settings;
}

Result<std::vector<ConfigFile>> FilesOf(const ConfigChoice& choice, const ConfigPaths& paths) {
  if (choice.none) return std::vector<ConfigFile>();
  if (!choice.file) return ReadConfigFiles(paths);
  auto file = ReadConfigFile(*choice.file);
  if (!file) return std::move(file).error();
  return std::vector{*std::move(file)};
}

// What files and the environment say and the command line does not.
Result<std::vector<std::string>> ArgumentsOfFiles(const CommandLine& given,
                                                  const ConfigPaths& paths) {
  auto files = FilesOf(given.choice(), paths);
  if (!files) return std::move(files).error();
  auto all = SettingsOfEnvironment();
  if (!all) return std::move(all).error();
  for (const ConfigFile& file : *files) {
    auto settings = ParseConfigFile(file);
    if (!settings) return std::move(settings).error();
    for (auto& [name, arguments] : *settings) {
      auto& so_far = (*all)[name];
      if (!IsList(*given.FindConfigurable(name))) so_far.clear();
      so_far.insert(so_far.end(), arguments.begin(), arguments.end());
    }
  }
  std::vector<std::string> words;
  for (const auto& [name, arguments] : *all) {
    if (given.Has(name) && !IsList(*given.FindConfigurable(name))) continue;
    words.insert(words.end(), arguments.begin(), arguments.end());
  }
  return words;
}

ExitNow Mistake(const std::string& what) {
  std::cerr << "daybookd: " << what << '\n';
  return ExitNow{kUsageStatus};
}

ExitNow Print(const std::string& text) {
  const Status written = WriteStandardOutput(text);
  if (written) return ExitNow{0};
  std::cerr << "daybookd: " << written.error().message() << '\n';
  return ExitNow{kFailedStatus};
}

}  // namespace

void SeeCommandLine(const std::function<void(const CLI::App& app)>& see) {
  const CommandLine line;
  see(line.app());
}

std::variant<Options, ExitNow> ParseOptions(int argc, char** argv, const ConfigPaths& paths,
                                            UserNames names) {
  LookUpUsers(names);
  std::vector<std::string> words(argv + 1, argv + argc);
  CommandLine given;
  CommandLine all;
  try {
    given.Parse(words);
    auto from_files = ArgumentsOfFiles(given, paths);
    if (!from_files) return Mistake(from_files.error().message());
    words.insert(words.begin(), from_files->begin(), from_files->end());
    all.Parse(words);
  } catch (const CLI::Success& wanted) {  // help or version
    return Print(given.TextOf(wanted));
  } catch (const CLI::ExtrasError&) {
    return Mistake("not expected: '" + given.app().remaining().front() + "' (see daybookd --help)");
  } catch (const CLI::ParseError& error) {
    return Mistake(std::string(error.what()) + " (see daybookd --help)");
  }
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
