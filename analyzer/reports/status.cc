// Whether recording is going on: by what the recorder says, and by whether it is there.

#include "daybook/status.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "exit_status.h"
#include "log/log_set.h"
#include "log/recorder_lock.h"
#include "report.h"
#include "text/escape.h"

namespace daybook {
namespace {

constexpr std::string_view kStatusFile = "--status-file";
constexpr ReportOption kOptions[] = {
    {.name = kStatusFile,
     .value_name = "FILE",
     .text = "Where the recorder leaves its status, as its own option says; needs no --log",
     .names = ReportOption::Names::kLog}};

constexpr Column kColumns[] = {
    {"folder", Kind::kString, 1},         {"state", Kind::kString, 2},
    {"message", Kind::kString},           {"pid", Kind::kNumber, 3},
    {"version", Kind::kString},           {"source", Kind::kString, 4},
    {"start_time", Kind::kTime},          {"written_time", Kind::kTime},
    {"last_event_time", Kind::kTime, 5},  {"last_sync_time", Kind::kTime, 6},
    {"segment_no", Kind::kNumber},        {"events", Kind::kNumber, 7},
    {"events_per_second", Kind::kNumber}, {"lag_us", Kind::kMicroseconds, 8},
    {"lost", Kind::kNumber, 9},           {"newly_lost", Kind::kNumber},
    {"forks_lost", Kind::kNumber},        {"execs_lost", Kind::kNumber},
    {"exits_lost", Kind::kNumber},        {"others_lost", Kind::kNumber},
    {"unwritten_lost", Kind::kNumber},    {"forks_seen", Kind::kNumber},
    {"execs_seen", Kind::kNumber},        {"exits_seen", Kind::kNumber},
    {"filtered", Kind::kNumber},          {"log_bytes", Kind::kBytes, 10},
    {"max_bytes", Kind::kBytes},          {"free_bytes", Kind::kBytes, 11},
    {"min_free_bytes", Kind::kBytes},
};

// Beyond the turns that any event may wait for.
constexpr uint64_t kToleratedLagUs = 1'000'000;

enum class State { kRecording, kFailing, kLosing, kLagging, kStalled, kStopped, kGone, kUnknown };

std::string_view NameOf(State state) {
  switch (state) {
    case State::kRecording:
      return "recording";
    case State::kFailing:
      return "failing";
    case State::kLosing:
      return "losing";
    case State::kLagging:
      return "lagging";
    case State::kStalled:
      return "stalled";
    case State::kStopped:
      return "stopped";
    case State::kGone:
      return "gone";
    case State::kUnknown:
      return "unknown";
  }
  return "";
}

// Also where it is another user's.
bool IsAlive(uint64_t pid) { return kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM; }

// Whether the log has not been written to for so long that its recorder must be stuck.
bool IsSilent(const std::string& folder) {
  std::error_code error;
  auto newest = std::filesystem::file_time_type::min();
  for (const auto& file : std::filesystem::directory_iterator(folder, error)) {
    if (file.path().extension() == ".dbk") newest = std::max(newest, file.last_write_time(error));
  }
  const bool is_known = newest != std::filesystem::file_time_type::min();
  return is_known && std::filesystem::file_time_type::clock::now() - newest >
                         std::chrono::nanoseconds(kSilenceNs);
}

// The recorder writes its status at the same times.
bool IsSilent(const RecorderStatus& status) {
  using std::chrono::system_clock;
  const std::chrono::nanoseconds written(status.written_realtime_ns);
  return system_clock::now().time_since_epoch() - written > std::chrono::nanoseconds(kSilenceNs);
}

// The lock is looked at only where the recorder of the status lives, and then holds it: one that is
// just starting finds it free.
State StateOf(const RecorderStatus& status, const std::optional<std::string>& folder) {
  if (!status.recording) return State::kStopped;
  if (!IsAlive(status.pid) || (folder && !IsBeingRecorded(*folder))) return State::kGone;
  if (status.failing) return State::kFailing;
  if (folder ? IsSilent(*folder) : IsSilent(status)) return State::kStalled;
  if (status.newly_lost != 0) return State::kLosing;
  const bool lags = status.lag_us > kToleratedLagUs + 2 * status.drain_interval_us;
  return lags ? State::kLagging : State::kRecording;
}

State StateWithoutStatus(const std::string& folder) {
  return IsBeingRecorded(folder) ? State::kUnknown : State::kStopped;
}

Status CheckFolder(const std::string& folder) {
  std::error_code error;
  if (std::filesystem::is_directory(folder, error)) return Ok{};
  return Error(folder + ": " + (error ? error.message() : "is not the folder of a log"));
}

// Nothing where no recorder has left any; but a file that is named must be there.
Result<std::optional<RecorderStatus>> ReadStatus(const std::optional<std::string>& folder,
                                                 std::optional<std::string_view> named) {
  if (folder) {
    if (Status sound = CheckFolder(*folder); !sound) return std::move(sound).error();
  }
  const std::string path = named ? std::string(*named) : *folder + "/" + kStatusFileName;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    if (errno == ENOENT && !named) return std::optional<RecorderStatus>();
    return Error::FromErrno("cannot read " + path, errno);
  }
  auto status = ParseStatus(std::string(std::istreambuf_iterator<char>(file), {}));
  if (!status) return std::move(status).error().WithContext(path);
  return std::optional(*std::move(status));
}

// Unknown, all but the state, where there is no status.
void AddRow(const std::optional<std::string>& folder, State state,
            const std::optional<RecorderStatus>& status, Table& table) {
  const Cell folder_cell = folder ? Cell(Text{*folder}) : Cell();
  std::array<Cell, std::size(kColumns)> cells = {folder_cell, Text{NameOf(state)}};
  if (status) {
    const RecorderStatus& is = *status;
    cells = {folder_cell,
             Text{NameOf(state)},
             is.message.empty() ? Cell() : Cell(Text{is.message}),
             is.pid,
             Text{is.version},
             Text{is.source},
             is.start_realtime_ns,
             is.written_realtime_ns,
             OptionalCell(is.last_event_realtime_ns),
             OptionalCell(is.last_sync_realtime_ns),
             is.segment_no,
             is.events,
             is.events_per_second,
             is.lag_us,
             LostTotal(is),
             is.newly_lost,
             is.forks_lost,
             is.execs_lost,
             is.exits_lost,
             is.others_lost,
             is.unwritten_lost,
             OptionalCell(is.forks_seen),
             OptionalCell(is.execs_seen),
             OptionalCell(is.exits_seen),
             OptionalCell(is.filtered),
             OptionalCell(is.log_bytes),
             is.max_bytes,
             OptionalCell(is.free_bytes),
             is.min_free_bytes};
  }
  table.Add(cells);
  if (!status || status->message.empty()) return;
  std::string note;
  AppendEscaped(status->message, &note);
  table.AddNote(std::move(note));
}

Result<int> RunStatus(std::span<const std::string> folders, const Wishes& wishes, Table& table) {
  const auto named = wishes.Value(kStatusFile);
  if (named && folders.size() > 1) {
    return Error(fmt::format("{} is that of one log: give one --log", kStatusFile));
  }
  std::vector<std::optional<std::string>> logs(folders.begin(), folders.end());
  if (logs.empty()) logs.emplace_back();
  int exit_status = kExitFine;
  for (const std::optional<std::string>& folder : logs) {
    const auto status = ReadStatus(folder, named);
    if (!status) return status.error();
    const State state = *status ? StateOf(**status, folder) : StateWithoutStatus(*folder);
    if (state != State::kRecording) exit_status = kExitIncomplete;
    AddRow(folder, state, *status, table);
  }
  return exit_status;
}

}  // namespace

constinit const Report kStatusReport{
    .name = "status",
    .summary = "Whether recording is going on, and how: what the recorder says of itself.",
    .examples =
        "  daybook status\n"
        "  daybook status --log /var/log/daybook --output json\n"
        "  daybook status --status-file /run/daybook/status\n",
    .columns = kColumns,
    .options = kOptions,
    .instead_of_log = kStatusFile,
    .default_sort = "",
    .has_window = false,
    .look = RunStatus,
};

}  // namespace daybook
