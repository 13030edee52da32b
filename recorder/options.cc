#include "options.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>

#include "bpf_source.h"

namespace daybook {
namespace {

constexpr int kUsageStatus = 2;

// CLI11 takes a unit alone for one of it.
CLI::Validator AsQuantity(const CLI::AsNumberWithUnit& convert, const std::string& words) {
  const auto convert_number = [=](std::string& text) {
    const bool has_number = !text.empty() && text[0] >= '0' && text[0] <= '9';
    return has_number ? convert(text) : "must be " + words;
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
  return AsQuantity(CLI::AsNumberWithUnit(units, options), "a number with us, ms, s, min, h or d");
}

// "64M" to bytes.
CLI::Validator AsSize() {
  const std::map<std::string, uint64_t> units = {{"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}};
  return AsQuantity(CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::CASE_SENSITIVE),
                    "a number of bytes, perhaps with K, M or G");
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

CLI::Validator AsCompression() {
  return AsEnum<Compression>({{"none", Compression::kNone}, {"zstd", Compression::kZstd}},
                             "zstd or none");
}

std::string CheckSource(const std::string& source) {
  const bool replay =
      source.starts_with("replay:") && source.size() > std::string("replay:").size();
  if (source == "auto" || source == "bpf" || replay) return {};
  return "must be auto, bpf or replay:FILE";
}

std::string CheckMaskWord(const std::string& word) {
  return ArgMask::IsWord(word) ? "" : "must be of letters, digits and '-', two at least";
}

// One option, one line. The defaults stand in Options.
void AddOptions(CLI::App& app, Options& options) {
  app.add_option("--log-dir", options.log_dir, "Folder of the log; created where it is missing")
      ->required()
      ->type_name("DIR");
  app.add_option("--source", options.source, "Where events come from: auto, bpf or replay:FILE")
      ->check(CLI::Validator(CheckSource, ""))
      ->type_name("SOURCE")
      ->capture_default_str();
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
  app.add_option("--user", options.user,
                 "Become this user once recording is set up (default, for root: daybook, else "
                 "nobody)")
      ->type_name("NAME");
}

}  // namespace

std::variant<Options, ExitNow> ParseOptions(int argc, char** argv) {
  Options options;
  CLI::App app("Records the life of every process into a log that daybook(1) reads.", "daybookd");
  app.set_version_flag("--version", "daybookd " DAYBOOK_VERSION);
  AddOptions(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {  // help or version
    return ExitNow{app.exit(wanted)};
  } catch (const CLI::ParseError& error) {
    std::cerr << "daybookd: " << error.what() << " (see daybookd --help)\n";
    return ExitNow{kUsageStatus};
  }
  return options;
}

}  // namespace daybook
