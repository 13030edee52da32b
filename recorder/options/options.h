// daybookd's options, from its command line and its configuration files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "args/kept_args.h"
#include "options/config_files.h"
#include "options/user_names.h"
#include "sources/filter.h"

namespace daybook {

enum class UsageMode { kExact, kFast };
enum class IdEvents { kNone, kConnector };
enum class Compression { kNone, kZstd };

struct Options {
  std::string log_dir = "/var/log/daybook";
  std::string source = "auto";           // auto, bpf, connector, or replay:FILE
  IdEvents id_events = IdEvents::kNone;  // beside bpf
  std::optional<uint64_t> duration_ns;
  uint64_t segment_bytes = 64 << 20;
  uint64_t segment_age_ns = 3'600'000'000'000;
  uint64_t max_bytes = uint64_t{1} << 30;
  uint64_t min_free_bytes = 64 << 20;
  uint64_t max_age_ns = 0;  // no limit
  Compression compression = Compression::kZstd;
  uint64_t drain_interval_ns = 250'000'000;
  std::optional<uint64_t> ring_bytes;  // by the number of CPUs
  UsageMode usage = UsageMode::kExact;
  uint64_t audit_interval_ns = 600'000'000'000;
  ArgsMode args = ArgsMode::kMasked;
  uint64_t args_max_bytes = 1 << 10;
  std::vector<std::string> mask_words;
  Filter filter;
  std::string status_file;   // empty: in the log's folder
  std::string metrics_file;  // empty: none
  std::string pin_dir;       // empty: nothing outlives the recorder
  std::string user;          // empty: the default account
};

// Where the status is written.
std::string StatusPath(const Options& options);

// What the caller has to do instead of recording: the text was printed, this is the exit status.
struct ExitNow {
  int status = 0;
};

// The command line goes before files, later files before earlier ones, and these before the
// environment's DAYBOOKD_PIN. Prints help, version, the result where only a check is asked for, and
// errors itself.
std::variant<Options, ExitNow> ParseOptions(int argc, char** argv, const ConfigPaths& paths = {},
                                            UserNames names = UserNames::kLookUp);

}  // namespace daybook
