#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "daybook/abilities.h"
#include "daybook/compress.h"
#include "daybook/standard_streams.h"
#include "daybook/writer.h"
#include "log/previous_run.h"
#include "open_source.h"
#include "options/options.h"
#include "options/options_text.h"
#include "options/reload.h"
#include "proc/proc_scan.h"
#include "recorder.h"
#include "status/announcer.h"
#include "status/status_file.h"
#include "system/file_descriptor.h"
#include "system/housekeeper.h"
#include "system/notify.h"
#include "system/privileges.h"
#include "system/run_id.h"
#include "system/syscall_filter.h"
#include "system/wake_ups.h"

namespace daybook {
namespace {

constexpr int kCannotRecord = 1;

// A reader that went away, or a file that may not be longer, is found when writing.
void IgnoreSignalsOfWriting() {
  for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_IGN);
}

// The others are read by the recorder's loop, also those that come while it starts.
void BlockSignals() {
  const sigset_t signals = RecorderSignals();
  sigprocmask(SIG_BLOCK, &signals, nullptr);
}

WriterOptions ToWriterOptions(const Options& options) {
  return {.segment_bytes = options.segment_bytes,
          .segment_age_ns = options.segment_age_ns,
          .ballast_bytes = 1 << 20,
          .retention = {.max_total_bytes = options.max_bytes,
                        .min_free_bytes = options.min_free_bytes,
                        .max_age_ns = options.max_age_ns}};
}

// What is done to a segment that is finished with.
std::vector<Housekeeper::Job> JobsOf(const Options& options,
                                     const std::atomic<uint64_t>& min_free_bytes) {
  if (options.compression == Compression::kNone) return {};
  return {[&min_free_bytes](LogFolder& folder, uint64_t segment_no, std::stop_token stop) {
    return CompressSegment(folder, segment_no,
                           {.stop = std::move(stop), .min_free_bytes = min_free_bytes});
  }};
}

// Of what is no reason not to record.
void Complain(const Error& error) {
  std::fprintf(stderr, "daybookd: %s; going on\n", error.message().c_str());
}

Notifier ConnectNotifier() {
  auto notifier = Notifier::Connect(std::getenv("NOTIFY_SOCKET"));
  if (notifier) return *std::move(notifier);
  Complain(notifier.error());
  return {};
}

// The log's group reads its status; metrics are for everybody.
Result<Announcer::Parts> OpenAnnouncer(const Options& options) {
  auto folder = OpenLogFolder(options.log_dir);
  if (!folder) return std::move(folder).error();
  auto status = StatusFile::Open(StatusPath(options), 0640);
  if (!status) return std::move(status).error();
  Announcer::Parts parts{.notifier = ConnectNotifier(),
                         .status = *std::move(status),
                         .metrics = std::nullopt,
                         .folder = *std::move(folder),
                         .limits = ToWriterOptions(options).retention};
  if (options.metrics_file.empty()) return parts;
  auto metrics = StatusFile::Open(options.metrics_file, 0644);
  if (!metrics) return std::move(metrics).error();
  parts.metrics = *std::move(metrics);
  return parts;
}

// Where two write, each replaces what the other one says; still no reason not to record.
void ComplainOfOthers(const Announcer::Parts& parts, const Options& options) {
  const std::string what = " is written by another recorder, too: give another ";
  if (parts.status->IsAnothers()) Complain(Error(StatusPath(options) + what + "--status-file"));
  if (parts.metrics && parts.metrics->IsAnothers()) {
    Complain(Error(options.metrics_file + what + "--metrics-file"));
  }
}

// A replayed log was perhaps filtered before.
std::string FilterOf(const LogIdentity& identity, const Filter& filter) {
  std::string text = FilterText(filter);
  for (const auto& [key, value] : identity.info) {
    if (key == kFilterInfo) text = value + (text.empty() ? "" : " ") + text;
  }
  return text;
}

void SetInfo(LogIdentity& identity, std::string_view key, const std::string& value) {
  std::erase_if(identity.info, [key](const auto& info) { return info.first == key; });
  if (!value.empty()) identity.info.emplace_back(key, value);
}

// What every segment tells; what was hidden from the recorder of a replayed log, that log does.
LogIdentity IdentityOf(const EventSource& source, const Filter& filter, const Status& shown,
                       uint64_t run_id) {
  LogIdentity identity = source.identity();
  SetInfo(identity, kFilterInfo, FilterOf(identity, filter));
  if (!shown) SetInfo(identity, kOthersHidden, "hidepid");
  SetInfo(identity, kRunInfo, RunIdText(run_id));
  return identity;
}

// With what to do about it.
Error CannotWrite(const Error& error, const std::optional<Account>& account) {
  if (error.error_number() == EROFS) {
    return Error(error.message() +
                 " (mounted read-only: mount it writable, or give another --log-dir)");
  }
  const bool may_not = error.error_number() == EACCES || error.error_number() == EPERM;
  if (!account || !may_not) return error;
  return Error(fmt::format("{} (as user {}: give the folder to that user, or use --user)",
                           error.message(), account->name));
}

KeepArgs KeptArgsBy(const Options& options) {
  return KeptArgs(options.args, options.args_max_bytes, options.mask_words);
}

// A replayed log has its own.
std::optional<uint64_t> LoggedArgsLimit(const EventSource& source, const Options& options) {
  return source.name() == "replay" ? std::nullopt : std::optional(ArgsLimitBytes(options));
}

// Reads the configuration again; what is wrong with it is said.
using ReadOptions = std::function<std::optional<Options>()>;

// Of what it says now, what can be taken over.
std::optional<Options> ReadAgain(const ReadOptions& read, const Options& started) {
  const auto now = read();
  if (!now) {
    Complain(Error("the configuration could not be taken over"));
    return std::nullopt;
  }
  Options next = TakenOver(started, *now);
  if (const std::string left = DifferentSettings(next, *now); !left.empty()) {
    Complain(Error("what the configuration says of " + left + " holds from the next start"));
  }
  return next;
}

// One that is made for a start that fails goes again.
class NewFolder {
 public:
  explicit NewFolder(std::string path) : path_(std::move(path)) {
    struct stat about = {};
    is_new_ = lstat(path_.c_str(), &about) != 0 && errno == ENOENT;
  }
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;
  // Only where it is empty.
  ~NewFolder() {
    if (is_new_) (void)rmdir(path_.c_str());
  }

  void Keep() { is_new_ = false; }

 private:
  std::string path_;
  bool is_new_ = false;
};

// Everything that needs privilege comes before the drop, everything that makes files after it.
Status Record(const Options& options, const ReadOptions& read_options) {
  const auto account = FindAccount(options.user);
  if (!account) return account.error();
  auto source = OpenSource(options, *account);
  if (!source) return std::move(source).error();
  // Only now: nothing is made where nothing can be recorded.
  NewFolder new_folder(options.log_dir);
  if (Status ready = PrepareLogFolder(options.log_dir, *account); !ready) return ready;
  auto folder = OpenLogFolder(options.log_dir);
  if (!folder) return std::move(folder).error();
  auto housekeeping = OpenLogFolder(options.log_dir);
  if (!housekeeping) return std::move(housekeeping).error();
  auto parts = OpenAnnouncer(options);
  if (!parts) return std::move(parts).error();
  const int notify_socket = parts->notifier.socket();
  const FileDescriptor log_dir(open(options.log_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (log_dir.get() < 0) return Error::FromErrno("cannot open " + options.log_dir, errno);
  if (Status dropped = DropPrivileges(*account); !dropped) return dropped;

  EventSource& events = **source;
  // As the user that we are now.
  const std::string_view lacks = events.lacks_where_others_are_hidden();
  const Status shown = lacks.empty() ? Ok{} : CheckShowsOthers(lacks);
  if (!shown && shown.error().error_number() != 0) return shown.error();
  if (!shown) Complain(shown.error());
  // By descriptor: the user that we are now may not be let through the folders above.
  auto previous_run =
      FindPreviousRun("/proc/self/fd/" + std::to_string(log_dir.get()), events.uncommitted_seq());
  const auto identity = [&events, &options, &shown, run_id = events.run_id().value_or(NewRunId())] {
    return IdentityOf(events, options.filter, shown, run_id);
  };
  auto writer = LogWriter::Open(
      *std::move(folder), identity(), [&events] { return events.ReadClock(); },
      ToWriterOptions(options), MakeThreadSyncer());
  if (!writer) return CannotWrite(writer.error(), *account);
  new_folder.Keep();
  // Behind the lock of the log: of one that writes to the same log is told that alone.
  ComplainOfOthers(*parts, options);
  Announcer announcer(*std::move(parts));
  // What an earlier recorder left is cleaned up in any case.
  std::atomic<uint64_t> min_free_bytes = options.min_free_bytes;
  Housekeeper housekeeper(*std::move(housekeeping), CleanUp, JobsOf(options, min_free_bytes));
  RecorderOptions recorder_options{
      .drain_interval_ns = options.drain_interval_ns,
      .audit_interval_ns = options.audit_interval_ns,
      .watchdog_interval_ns =
          WatchdogIntervalNs(std::getenv("WATCHDOG_USEC"), std::getenv("WATCHDOG_PID")),
      .duration_ns = options.duration_ns.value_or(0),
      .keep_args = KeptArgsBy(options),
      .args_limit_bytes = LoggedArgsLimit(events, options),
      .filter = FilterOf(events.identity(), options.filter),
      .version = DAYBOOK_VERSION,
      .identity = identity,
      .previous_run = std::move(previous_run),
      .reload = [&]() -> std::optional<Reloaded> {
        const auto next = ReadAgain(read_options, options);
        if (!next) return std::nullopt;
        min_free_bytes = next->min_free_bytes;
        const WriterOptions limits = ToWriterOptions(*next);
        announcer.SetLimits(limits.retention);
        return Reloaded{.limits = limits,
                        .keep_args = KeptArgsBy(*next),
                        .args_limit_bytes = LoggedArgsLimit(events, *next)};
      },
      .on_finished = [&housekeeper](uint64_t segment_no) { housekeeper.Finished(segment_no); },
      .observer = &announcer};
  // The writer's and the housekeeper's threads are there.
  if (Status restricted = RestrictSystemCalls(std::array{notify_socket, events.send_fd()});
      !restricted)
    return restricted;
  RecorderLoop loop(events, *writer, std::move(recorder_options));
  if (Status started = loop.Start(); !started) return started;
  std::fprintf(stderr, "recording to %s by %s\n", options.log_dir.c_str(),
               std::string(events.name()).c_str());
  return loop.Run();
}

int Main(int argc, char** argv) {
  BlockSignals();
  IgnoreSignalsOfWriting();
  const auto parsed = ParseOptions(argc, argv);
  if (const auto* exit_now = std::get_if<ExitNow>(&parsed)) return exit_now->status;
  // Each file and folder is made with the mode that it is to have.
  umask(S_IWGRP | S_IWOTH);
  const auto read_options = [argc, argv]() -> std::optional<Options> {
    auto again = ParseOptions(argc, argv, {}, UserNames::kAsKnown);
    auto* const options = std::get_if<Options>(&again);
    return options != nullptr ? std::optional(std::move(*options)) : std::nullopt;
  };
  const Status recorded = Record(std::get<Options>(parsed), read_options);
  if (recorded) return 0;
  std::fprintf(stderr, "daybookd: %s\n", recorded.error().message().c_str());
  return kCannotRecord;
}

}  // namespace
}  // namespace daybook

int main(int argc, char** argv) {
  daybook::HoldStandardStreams();
  try {
    return daybook::Main(argc, argv);
  } catch (const std::system_error& error) {  // what std::thread throws
    std::fprintf(stderr,
                 "daybookd: cannot start a thread: %s (with this one, its user has more than are "
                 "allowed: end some, or raise the limit, as that of ulimit -u or TasksMax=)\n",
                 error.code().message().c_str());
    return daybook::kCannotRecord;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "daybookd: %s\n", error.what());
    return daybook::kCannotRecord;
  }
}
