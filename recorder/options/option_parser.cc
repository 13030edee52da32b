#include "options/option_parser.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>
#include <utility>

#include "bpf_source/bpf_source.h"
#include "options/option_values.h"
#include "sources/filter.h"

namespace daybook {
namespace {

// How long segments are, and how long they are kept.
void AddLogOptions(CLI::App& app, Options& options) {
  app.add_option("--segment-size", options.segment_bytes,
                 "Begin a new segment when one is this long (default 64M)")
      ->transform(AsSize())
      ->check(Within(16 << 10, uint64_t{1} << 40, "from 16K to 1024G"))
      ->type_name("SIZE");
  app.add_option("--segment-age", options.segment_age_ns,
                 "Begin a new segment when one is this old (default 1h)")
      ->transform(AsTime())
      ->check(WithinTimes(1'000'000'000, "1s"))
      ->type_name("TIME");
  app.add_option("--max-bytes", options.max_bytes,
                 "Delete the oldest segments before the log is longer than this (default 1G)")
      ->transform(AsSize())
      ->check(Within(4 << 20, uint64_t{1} << 50, "from 4M to 1048576G"))
      ->type_name("SIZE");
  app.add_option("--min-free", options.min_free_bytes,
                 "Or before the file system has less than this left (default 64M)")
      ->transform(AsSize())
      ->check(Within(0, uint64_t{1} << 50, "from 0 to 1048576G"))
      ->type_name("SIZE");
  app.add_option("--max-age", options.max_age_ns,
                 "Delete segments whose last moment is this old (default: never)")
      ->transform(AsTime())
      ->check(WithinTimes(60'000'000'000, "1min"))
      ->type_name("TIME");
  app.add_option("--compress", options.compression,
                 "What becomes of segments that are finished: zstd (default) or none")
      ->transform(AsCompression())
      ->type_name("zstd|none");
}

void AddFilterOptions(CLI::App& app, Filter& filter) {
  app.add_option("--events", filter.events,
                 "Record these alone (default " + EventTypesText(kAllTypes) + ")")
      ->transform(AsEventTypes())
      ->type_name("LIST");
  app.add_flag("--only-failed", filter.only_failed,
               "Record the ends of processes that fail, by status or signal, and nothing else")
      ->check(IsFlag());
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
      ->check(IsCgroupPath())
      ->check(IsQuotable())
      ->type_name("PATH");
  app.add_option("--min-lifetime", filter.min_lifetime_ns,
                 "Record processes from this age on, and those that fail before")
      ->transform(AsTime())
      ->check(WithinTimes(0, "0s"))
      ->type_name("TIME");
  app.add_flag("--no-kernel-threads", filter.no_kernel_threads, "Leave out kernel threads")
      ->check(IsFlag());
}

void AddArgsOptions(CLI::App& app, Options& options) {
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
      ->check(IsMaskWord())
      ->allow_extra_args(false)
      ->type_name("WORD");
}

// One option, one line. The defaults stand in Options.
void AddOptions(CLI::App& app, Options& options) {
  app.add_option("--log-dir", options.log_dir, "Folder of the log; created where it is missing")
      ->check(IsFolder())
      ->check(IsQuotable())
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--source", options.source,
                 "Where events come from: auto, bpf, connector or replay:FILE")
      ->check(IsSource())
      ->check(IsQuotable())
      ->type_name("auto|bpf|connector|replay:FILE")
      ->capture_default_str();
  app.add_option("--id-events", options.id_events,
                 "What tells, beside bpf, when a process changes its ids: none (default) or "
                 "connector")
      ->transform(AsIdEvents())
      ->type_name("none|connector");
  app.add_option("--duration", options.duration_ns, "Stop after this time (5s, 10min)")
      ->transform(AsTime())
      ->check(WithinTimes(1, "1us"))
      ->type_name("TIME");
  AddLogOptions(app, options);
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
      ->check(IsRing())
      ->type_name("SIZE");
  AddArgsOptions(app, options);
  AddFilterOptions(app, options.filter);
  app.add_option("--usage", options.usage,
                 "What processes used: exact, also by what they did last (default), or fast: as "
                 "known at their end")
      ->transform(AsUsageMode())
      ->type_name("exact|fast");
  app.add_option("--audit-interval", options.audit_interval_ns,
                 "Hold what was recorded against the kernel's counts this often (default 10min)")
      ->transform(AsTime())
      ->check(WithinTimes(1'000'000'000, "1s"))
      ->type_name("TIME");
  app.add_option("--status-file", options.status_file,
                 "Where to say how recording goes (default: status, in the log's folder)")
      ->check(IsFileName())
      ->check(IsQuotable())
      ->type_name("PATH");
  app.add_option("--metrics-file", options.metrics_file,
                 "The same for Prometheus, in node_exporter's textfile folder (default: nowhere)")
      ->check(IsFileName())
      ->check(IsQuotable())
      ->type_name("PATH");
  app.add_option(
         "--pin", options.pin_dir,
         "A folder on a bpf file system: a recorder that follows this one takes over there, "
         "and misses nothing; or none (default: $DAYBOOKD_PIN, else none)")
      ->transform(AsPinFolder())
      ->check(IsQuotable())
      ->type_name("DIR");
  app.add_option("--user", options.user,
                 "Become this user once recording is set up (default, for root: daybook, else "
                 "nobody)")
      ->type_name("NAME");
}

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

bool IsConfigurable(const CLI::Option* option) {
  return option != nullptr && option->get_configurable();
}

// "--user: At Most 1 required but received 2" and "--user: 1 required NAME missing".
std::string InOurWords(const std::string& mismatch) {
  const bool is_repeated = mismatch.find("At Most") != mismatch.npos;
  return mismatch.substr(0, mismatch.find(':')) +
         (is_repeated ? ": may be given only once" : ": its value is missing");
}

}  // namespace

struct OptionParser::Parts {
  CLI::App app{"Records the life of every process into a log that daybook(1) reads.", "daybookd"};
  Options options;
  ConfigChoice choice;
};

OptionParser::OptionParser() : parts_(std::make_unique<Parts>()) {
  AddOptions(parts_->app, parts_->options);
  AddConfigOptions(parts_->app, parts_->choice);
}

OptionParser::~OptionParser() = default;

Result<std::optional<std::string>> OptionParser::Parse(std::vector<std::string> words) {
  CLI::App& app = parts_->app;
  std::ranges::reverse(words);
  try {
    app.parse(std::move(words));
  } catch (const CLI::Success& wanted) {
    std::ostringstream text;
    app.exit(wanted, text, text);
    return std::optional(std::move(text).str());
  } catch (const CLI::ExtrasError&) {
    return Error("not expected: '" + app.remaining().front() + "'");
  } catch (const CLI::ArgumentMismatch& error) {
    return Error(InOurWords(error.what()));
  } catch (const CLI::ParseError& error) {
    return Error(error.what());
  }
  return std::optional<std::string>();
}

const Options& OptionParser::options() const { return parts_->options; }
const ConfigChoice& OptionParser::choice() const { return parts_->choice; }
const CLI::App& OptionParser::app() const { return parts_->app; }

bool OptionParser::Has(const std::string& name) const {
  return parts_->app.count("--" + name) != 0;
}

std::optional<OptionParser::Kind> OptionParser::FindConfigurable(const std::string& name) const {
  const CLI::Option* const option = parts_->app.get_option_no_throw("--" + name);
  if (!IsConfigurable(option)) return std::nullopt;
  return Kind{.is_list = option->get_items_expected_max() > 1,
              .is_flag = option->get_expected_max() == 0};
}

std::string OptionParser::ConfigurableNames() const {
  std::string names;
  for (const CLI::Option* option : app().get_options()) {
    if (!IsConfigurable(option)) continue;
    names += (names.empty() ? "" : ", ") + option->get_lnames().at(0);
  }
  return names;
}

void SeeCommandLine(const std::function<void(const CLI::App& app)>& see) {
  const OptionParser line;
  see(line.app());
}

}  // namespace daybook
