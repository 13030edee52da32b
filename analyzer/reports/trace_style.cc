// Processes as bars over time, in the trace event format of Chrome's tracing tools, which Perfetto
// and others read: a track for each job, and below it as many lanes as its processes need.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "columns/life_cells.h"
#include "columns/life_fields.h"
#include "columns/life_window.h"
#include "groups/job_runs.h"
#include "groups/life_stacks.h"
#include "groups/trace_lanes.h"
#include "life_log.h"
#include "output/output.h"
#include "reports/export_styles.h"
#include "text/byte_buffer.h"
#include "text/escape.h"

namespace daybook {
namespace {

// What a click on a bar shows, where it is known.
constexpr std::string_view kArguments[] = {"pid",         "ppid",   "proc_id",    "parent_id",
                                           "user",        "exe",    "args",       "start_time",
                                           "elapsed_us",  "cpu_us", "maxrss_kib", "read_bytes",
                                           "write_bytes", "status", "state"};

class Trace {
 public:
  explicit Trace(const Question& question);

  void Leave(const Life& life) { lanes_.Leave(life); }
  void Draw(const Boot& boot, const Life& life);
  void Finish(const Coverage& coverage);

 private:
  // A job of a host. What viewers take for ids of processes and threads are numbers of tracks and
  // lanes here: one for each, so that no two are taken for one.
  struct Track {
    std::string title;
    std::vector<uint64_t> lanes;  // those that have been named
  };

  int64_t ToUs(const Boot& boot, uint64_t boot_ns) const;
  int64_t StartUs(const Boot& boot, const Life& life) const;
  TraceSpan SpanOf(const Boot& boot, const Life& life) const;
  size_t TrackOf(const Boot& boot, const Life& life);
  uint64_t LaneOf(size_t track, size_t lane);
  void AppendName(std::string_view of, uint64_t track, uint64_t lane, std::string_view name);
  void AppendArguments(const Boot& boot, const Life& life);
  void BeginEvent();
  void Write();

  const Window& window_;
  const LocalZone& zone_;
  OutputFile& file_;
  bool names_hosts_;
  LifeTexts texts_;
  std::vector<const LifeField*> fields_;
  // From boot time to the trace's, of each boot.
  std::unordered_map<const Boot*, int64_t> offsets_ns_;
  // By run, as long as there is one: its name may change.
  std::unordered_map<const JobRun*, size_t> track_of_run_;
  JobRuns runs_;
  std::map<std::string, size_t> numbers_;  // of tracks, by their titles
  std::vector<Track> tracks_;
  uint64_t ids_ = 0;
  TraceLanes lanes_;
  std::vector<Column> columns_;
  std::vector<Cell> cells_;
  std::string words_;
  std::string separator_ = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n";
  ByteBuffer line_;
};

const Filter& NoRoots() {
  static const Filter kNoRoots;
  return kNoRoots;
}

Trace::Trace(const Question& question)
    : window_(question.log.window()),
      zone_(question.zone),
      file_(*question.output),
      names_hosts_(question.log.has_several_logs()),
      texts_(question.zone),
      runs_(NoRoots(), [this](const JobRun& run) { track_of_run_.erase(&run); }),
      lanes_(
          {.start_us = [this](const Boot& boot, const Life& life) { return StartUs(boot, life); },
           .group = [this](const Boot& boot, const Life& life) { return TrackOf(boot, life); }}) {
  for (const std::string_view name : kArguments) fields_.push_back(FindLifeField(name));
}

void Trace::Draw(const Boot& boot, const Life& life) {
  const auto [offset, is_new] = offsets_ns_.try_emplace(&boot);
  if (is_new) {
    // As the wall clock was when the first one ended that is drawn. It may be set afterwards: then
    // bars would overlap that did not.
    const uint64_t moment_ns = life.end_ns.value_or(life.last_seen_ns);
    const auto realtime_ns = boot.clock.ToRealtime(moment_ns);
    if (realtime_ns) {
      offset->second = static_cast<int64_t>(static_cast<uint64_t>(*realtime_ns) - moment_ns);
    }
  }
  const size_t track = TrackOf(boot, life);
  const TraceSpan span = SpanOf(boot, life);
  const uint64_t lane = LaneOf(track, lanes_.Place(boot, life, track, span));
  const Cell comm = CommCell(life);
  const auto* name = std::get_if<Text>(&comm);
  BeginEvent();
  line_.AppendBy([&](std::string* out) {
    AppendJsonString(name != nullptr ? name->bytes : kUnknownFrame, Cut::kNo, out);
    *out += fmt::format(
        ",\"cat\":\"process\",\"ph\":\"X\",\"ts\":{},\"dur\":{},\"pid\":{},\"tid\":{},",
        span.first_us, span.last_us - span.first_us, tracks_[track].lanes.front(), lane);
  });
  AppendArguments(boot, life);
  Write();
}

// By the clock that goes on when the wall clock is set. Wraps instead of overflowing: the numbers
// come from a file.
int64_t Trace::ToUs(const Boot& boot, uint64_t boot_ns) const {
  return static_cast<int64_t>(boot_ns + static_cast<uint64_t>(offsets_ns_.at(&boot))) / 1000;
}

// Not before the log begins, or the window: else the first look at a build would be one at what was
// there for months. What seems to be over before that, since the clock was set, is left as it is.
int64_t Trace::StartUs(const Boot& boot, const Life& life) const {
  const int64_t start_us = ToUs(boot, life.start_ns);
  int64_t least_us = ToUs(boot, boot.first_ns.value_or(0));
  if (window_.since_ns) least_us = std::max(least_us, *window_.since_ns / 1000);
  const bool is_before = life.end_ns && ToUs(boot, *life.end_ns) < least_us;
  return is_before ? start_us : std::max(start_us, least_us);
}

TraceSpan Trace::SpanOf(const Boot& boot, const Life& life) const {
  const bool is_running = life.state == LifeState::kRunning;
  const uint64_t seen_ns = is_running ? boot.last_ns : life.last_seen_ns;
  const int64_t first_us = StartUs(boot, life);
  int64_t last_us = ToUs(boot, life.end_ns.value_or(seen_ns));
  if (window_.until_ns) last_us = std::min(last_us, *window_.until_ns / 1000);
  return {.first_us = first_us, .last_us = std::max(first_us, last_us)};
}

size_t Trace::TrackOf(const Boot& boot, const Life& life) {
  const JobRun& run = *runs_.Find(boot, life, texts_);
  const auto [known, is_new] = track_of_run_.try_emplace(&run);
  if (!is_new) return known->second;
  std::string title = names_hosts_ ? boot.host.value_or("?") + ": " : "";
  title.append(NameOf(run.kind)).append(": ").append(run.name);
  const auto [number, is_first] = numbers_.try_emplace(title, tracks_.size());
  if (is_first) tracks_.push_back({.title = std::move(title), .lanes = {}});
  return known->second = number->second;
}

// Its first lane has the number of the track: viewers show that one at the top.
uint64_t Trace::LaneOf(size_t track, size_t lane) {
  std::vector<uint64_t>& lanes = tracks_[track].lanes;
  while (lanes.size() <= lane) {
    lanes.push_back(++ids_);
    if (lanes.size() == 1) AppendName("process_name", ids_, ids_, tracks_[track].title);
    AppendName("thread_name", lanes.front(), ids_, fmt::format("lane {:02}", lanes.size()));
  }
  return lanes[lane];
}

void Trace::AppendName(std::string_view of, uint64_t track, uint64_t lane, std::string_view name) {
  BeginEvent();
  line_.AppendBy([&](std::string* out) {
    AppendJsonString(of, Cut::kNo, out);
    *out += fmt::format(",\"ph\":\"M\",\"pid\":{},\"tid\":{},\"args\":{{\"name\":", track, lane);
    AppendJsonString(name, Cut::kNo, out);
    out->append("}}");
  });
  Write();
}

// A user without a name is shown by its number, and the arguments in one line, as in a shell.
void Trace::AppendArguments(const Boot& boot, const Life& life) {
  columns_.clear();
  cells_.clear();
  if (names_hosts_ && boot.host) {
    columns_.push_back({"host"});
    cells_.emplace_back(Text{*boot.host});
  }
  for (const LifeField* field : fields_) {
    Cell cell = field->get(boot, life, texts_);
    if (std::holds_alternative<std::monostate>(cell)) continue;
    Column column = field->column;
    if (column.kind == Kind::kUser) column.kind = Kind::kString;
    if (column.kind == Kind::kArguments) {
      column.kind = Kind::kString;
      Text& text = std::get<Text>(cell);
      words_.clear();
      AppendShellWords(text.bytes, &words_);
      text.bytes = words_;
    }
    columns_.push_back(column);
    cells_.push_back(cell);
  }
  line_.Append("\"args\":");
  AppendJsonRow(columns_, cells_, zone_, &line_);
  line_.Append('}');
}

void Trace::BeginEvent() {
  line_.Clear();
  line_.Append(separator_);
  separator_ = ",\n";
  line_.Append("{\"name\":");
}

void Trace::Write() {
  file_.buffer().append(line_.text());
  file_.Written();
}

void Trace::Finish(const Coverage& coverage) {
  std::string& out = file_.buffer();
  if (tracks_.empty()) out.append(separator_);
  out.append("\n],\n\"otherData\":{\"coverage\":");
  AppendJsonCoverage(coverage, zone_, &out);
  out.append("}}\n");
  file_.Written();
}

}  // namespace

Result<Answer> WriteTrace(const Question& question) {
  Trace trace(question);
  const Coverage coverage = ReadLives(
      question,
      [&](const Boot& boot, const Life& life) {
        trace.Draw(boot, life);
        return question.output->closed() ? LifeUse::kLastUsed : LifeUse::kUsed;
      },
      [&](const Boot&, const Life& life) { trace.Leave(life); });
  trace.Finish(coverage);
  return Answer{.coverage = coverage};
}

}  // namespace daybook
