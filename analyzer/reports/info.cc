// What the segments of a log are, and how much of each is left.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "daybook/life_pack.h"
#include "log/recorded_times.h"
#include "log/segment_ends.h"
#include "report.h"
#include "text/names.h"

namespace daybook {
namespace {

constexpr Column kColumns[] = {
    {"file", Kind::kString, 1},          {"segment_no", Kind::kNumber},
    {"host", Kind::kString, 2},          {"boot_id", Kind::kString},
    {"stream_id", Kind::kString},        {"start_time", Kind::kTime, 3},
    {"end_time", Kind::kTime, 4},        {"bytes", Kind::kBytes, 5},
    {"file_bytes", Kind::kBytes},        {"records", Kind::kNumber, 6},
    {"events", Kind::kNumber, 7},        {"lost", Kind::kNumber, 8},
    {"damaged_bytes", Kind::kNumber, 9}, {"hole_bytes", Kind::kNumber},
    {"torn_bytes", Kind::kNumber},       {"gaps", Kind::kNumber, 10},
    {"complete", Kind::kBool, 11},       {"previous_end", Kind::kString},
    {"version", Kind::kString, 12},      {"source", Kind::kString, 13},
    {"kernel", Kind::kString, 14},       {"filter", Kind::kString},
};

// One segment's row as it is gathered.
struct SegmentRow {
  std::string path;
  uint64_t offset = 0;  // where it begins in its file
  uint64_t bytes = 0;
  std::optional<uint64_t> file_bytes;
  const Boot* boot = nullptr;
  std::optional<std::string> host;
  std::optional<SegmentStart> start;
  bool has_time = false;  // the start says when it was made
  ClockMap clock;         // its own anchors: whether it is shown depends on no other segment
  std::optional<uint64_t> first_ns;
  uint64_t last_ns = 0;
  uint64_t records = 0;
  uint64_t events = 0;
  uint64_t ended = 0;
  size_t missing_before = 0;  // of LogSet::missing(): so many are told of when it begins
  Coverage before;            // of the log, before this segment
  Coverage after;
  uint64_t lost_records = 0;
  bool complete = false;  // has its SEGMENT_END
  std::optional<std::string> version;
  std::optional<std::string> source;
  std::optional<std::string> kernel;
  std::optional<std::string> filter;
};

class SegmentLister {
 public:
  SegmentLister(LogSet& log, Table& table) : log_(log), table_(table) {}

  Answer Run();

 private:
  void Begin(uint64_t offset);
  void Take(const RecordView& record);
  void TakeRun(const RecordRun& run);
  void TakeOfLife(const RecordView& record);
  void EndSegment();
  uint64_t LostInSegments();
  void CountLost();
  void TakeBack(uint64_t records);
  void EndFile();
  std::optional<uint64_t> StoredBytes(uint64_t bytes) const;
  void AddLostBehind();
  void AddAll();
  void Add(const SegmentRow& row);
  void AddMissing(const LogSet::Missing& missing, const HostNames& names);

  LogSet& log_;
  Table& table_;
  std::optional<SegmentRow> row_;
  std::vector<SegmentRow> rows_;
  size_t first_of_file_ = 0;   // in rows_
  size_t missing_ = 0;         // of LogSet::missing(): so many have been looked at
  uint64_t lost_between_ = 0;  // in those, behind a segment
  uint64_t lost_ = 0;          // in the segments so far
  Coverage before_;
  std::optional<uint64_t> bytes_ = 0;  // in files; unknown where one of them is
  uint64_t ended_ = 0;
};

Cell StringCell(const std::optional<std::string>& text) {
  return text ? Cell(Text{*text}) : Cell();
}

Cell PreviousEndCell(const std::optional<SegmentStart>& start) {
  if (!start || !start->previous_end) return std::monostate();
  for (const ValueName& name : kPreviousEndNames) {
    if (name.value == static_cast<uint64_t>(*start->previous_end)) return Text{name.name};
  }
  return std::monostate();
}

Answer SegmentLister::Run() {
  while (const Item* const item = log_.Next()) {
    if (log_.is_new_segment()) {
      if (row_) EndSegment();
      Begin(SegmentBegin(*item));
    }
    if (const auto* record = std::get_if<RecordView>(item)) {
      Take(*record);
    } else if (const auto* end = std::get_if<End>(item)) {
      row_->complete = end->complete;
      EndFile();
    }
    while (const RecordRun* const run = log_.NextRun()) TakeRun(*run);
  }
  CountLost();
  AddLostBehind();
  AddAll();
  Answer answer;
  if (ended_ != 0 && bytes_) {
    answer.facts = {
        {"bytes", *bytes_}, {"ended_processes", ended_}, {"bytes_per_process", *bytes_ / ended_}};
    table_.AddNote(fmt::format("{} bytes, {} processes ended: {:.1f} bytes for each", *bytes_,
                               ended_, static_cast<double>(*bytes_) / static_cast<double>(ended_)));
  }
  answer.coverage = log_.coverage();
  answer.coverage.tells_unknown = true;
  return answer;
}

// What is missing behind a segment, only the next one shows, which is no loss of that one.
uint64_t SegmentLister::LostInSegments() {
  for (; missing_ < log_.missing().size(); ++missing_) {
    const LogSet::Missing& missing = log_.missing()[missing_];
    if (missing.behind_segment_no) lost_between_ += missing.records;
  }
  return log_.counts().missing_records - lost_between_;
}

// What is less than before, a gap has told wrongly, or a copy of its segment has it.
void SegmentLister::CountLost() {
  const uint64_t before = std::exchange(lost_, LostInSegments());
  if (lost_ < before) {
    TakeBack(before - lost_);
  } else if (row_) {
    row_->lost_records += lost_ - before;
  }
}

void SegmentLister::TakeBack(uint64_t records) {
  for (auto row = rows_.rbegin(); row != rows_.rend() && records != 0; ++row) {
    const uint64_t taken = std::min(row->lost_records, records);
    row->lost_records -= taken;
    records -= taken;
  }
}

void SegmentLister::Begin(uint64_t offset) {
  CountLost();
  row_.emplace();
  row_->missing_before = missing_;
  row_->path = log_.path();
  row_->offset = offset;
  row_->before = before_;
  row_->start = log_.segment();
  if (row_->start && row_->start->realtime_ns != 0) {
    row_->clock.Add(row_->start->time_ns, row_->start->realtime_ns);
  }
  row_->has_time = row_->start && row_->start->realtime_ns != 0 && !log_.is_segment_inferred();
}

// Births, programs and ends.
bool IsEvent(const RecordView& record) {
  return record.Is<Fork>() || record.Is<Exec>() || record.Is<Exit>();
}

// What tells of births, programs and ends, and when.
void SegmentLister::TakeOfLife(const RecordView& record) {
  SegmentRow& row = *row_;
  row.events += IsEvent(record) ? 1 : 0;
  row.ended += record.Is<Exit>() ? 1 : 0;
  (void)ForEachLife(record, [&row](const WholeLife& life) {
    row.events += life.exec_after_us ? 3 : 2;
    ++row.ended;
  });
  if (const auto time = TimeOf(record)) {
    row.first_ns = std::min(row.first_ns.value_or(*time), *time);
    row.last_ns = std::max(row.last_ns, *time);
  }
  if (Lives lives; record.As(&lives)) row.last_ns = std::max(row.last_ns, lives.last_time_ns);
}

// Behind the item before it, in the same segment.
void SegmentLister::TakeRun(const RecordRun& run) {
  row_->records += run.records.size();
  row_->boot = &log_.boot();
  for (const auto& [type, payload] : run.records) {
    TakeOfLife({.type = type, .payload = payload, .base = run.base});
  }
}

void SegmentLister::Take(const RecordView& record) {
  SegmentRow& row = *row_;
  ++row.records;
  row.boot = &log_.boot();
  row.complete = row.complete || record.Is<SegmentEnd>();
  TakeOfLife(record);
  if (Clock clock; record.As(&clock)) {
    row.clock.Add(clock.time_ns, clock.realtime_ns);
  } else if (Info info; record.As(&info)) {
    if (info.key == "kernel") row.kernel = info.value;
    if (info.key == "version") row.version = info.value;
    if (info.key == "source") row.source = info.value;
    if (info.key == "filter") row.filter = info.value;
  } else if (Recorder recorder; record.As(&recorder)) {
    row.version = recorder.version;
    row.source = recorder.source;
  }
}

// What a segment takes in its file. A compressed one is alone in it.
std::optional<uint64_t> SegmentLister::StoredBytes(uint64_t bytes) const {
  if (!log_.is_compressed()) return bytes;
  std::error_code unknown;
  const auto file_bytes = std::filesystem::file_size(log_.path(), unknown);
  return unknown ? std::nullopt : std::optional<uint64_t>(file_bytes);
}

void SegmentLister::EndSegment() {
  CountLost();
  before_ = row_->after = log_.counts();
  if (row_->boot == nullptr) row_->boot = &log_.boot();
  row_->host = row_->boot->host;
  rows_.push_back(*std::exchange(row_, std::nullopt));
}

void SegmentLister::EndFile() {
  EndSegment();
  const auto rows = std::span(rows_).subspan(std::exchange(first_of_file_, rows_.size()));
  std::vector<uint64_t> begins;
  for (const SegmentRow& row : rows) begins.push_back(row.offset);
  // What stands before the first record there is, is the first one's.
  *std::ranges::min_element(begins) = 0;
  const std::vector<uint64_t> ends = SegmentEnds(begins, log_.file_bytes());
  for (size_t i = 0; i < ends.size(); ++i) {
    rows[i].bytes = ends[i] - begins[i];
    rows[i].file_bytes = StoredBytes(rows[i].bytes);
  }
}

// Of copies of a segment the last one was read to its end when the next segment began.
void SegmentLister::AddLostBehind() {
  for (const LogSet::Missing& missing : log_.missing()) {
    if (missing.segments || !missing.behind_segment_no) continue;
    const auto found = std::find_if(rows_.rbegin(), rows_.rend(), [&](const SegmentRow& row) {
      return row.start && row.start->stream_id == missing.own_id &&
             row.start->segment_no == *missing.behind_segment_no;
    });
    if (found != rows_.rend()) found->lost_records += missing.records;
  }
}

void SegmentLister::AddAll() {
  const HostNames names(log_);
  const std::span<const LogSet::Missing> missing = log_.missing();
  size_t told = 0;
  for (const SegmentRow& row : rows_) {
    for (; told < row.missing_before; ++told) AddMissing(missing[told], names);
    Add(row);
  }
  for (; told < missing.size(); ++told) AddMissing(missing[told], names);
}

void SegmentLister::Add(const SegmentRow& row) {
  const Coverage& after = row.after;
  const Boot& boot = *row.boot;
  std::optional<uint64_t> first_ns = row.first_ns;
  if (row.has_time) first_ns = row.start->time_ns;
  const uint64_t last_ns = std::max(row.last_ns, first_ns.value_or(0));
  const auto first = first_ns ? boot.clock.ToRealtime(*first_ns) : std::nullopt;
  const auto last = first_ns ? boot.clock.ToRealtime(last_ns) : std::nullopt;
  if (log_.window().bounded()) {
    const auto intervals = row.clock.ToBootTimes(log_.window());
    if (!first_ns || !Overlaps(intervals, *first_ns, last_ns)) return;
  }
  if (bytes_) bytes_ = row.file_bytes ? std::optional(*bytes_ + *row.file_bytes) : std::nullopt;
  ended_ += row.ended;
  const bool has_boot = row.start && row.start->boot_id != Id128{};
  const std::string boot_id = row.start ? HexId(row.start->boot_id) : "";
  const std::string stream_id = row.start ? HexId(row.start->stream_id) : "";
  const std::array<Cell, std::size(kColumns)> cells = {
      Text{row.path},
      row.start ? Cell(row.start->segment_no) : Cell(),
      StringCell(row.host),
      has_boot ? Cell(Text{boot_id}) : Cell(),
      row.start ? Cell(Text{stream_id}) : Cell(),
      OptionalCell(first),
      OptionalCell(last),
      row.bytes,
      OptionalCell(row.file_bytes),
      row.records,
      row.events,
      after.lost_events - row.before.lost_events + row.lost_records,
      after.damaged_bytes - row.before.damaged_bytes,
      after.hole_bytes - row.before.hole_bytes,
      after.torn_bytes - row.before.torn_bytes,
      after.gaps - row.before.gaps,
      row.complete,
      PreviousEndCell(row.start),
      StringCell(row.version),
      StringCell(row.source),
      StringCell(row.kernel),
      StringCell(row.filter),
  };
  table_.Add(cells);
}

void SegmentLister::AddMissing(const LogSet::Missing& missing, const HostNames& names) {
  if (!missing.segments || !log_.InWindow(missing)) return;
  const std::string stream_id = HexId(*missing.own_id);
  const std::string host = names.OfLog(missing.stream_id);
  const std::array<Cell, std::size(kColumns)> cells = {
      std::monostate(),  // no file has it
      missing.segments->first,
      host.empty() ? Cell() : Cell(Text{host}),
      std::monostate(),
      Text{stream_id},
      OptionalCell(missing.first_ns),
      OptionalCell(missing.last_ns),
      std::monostate(),
      std::monostate(),
      std::monostate(),
      std::monostate(),
      missing.records,
  };
  table_.Add(cells);
}

Result<Answer> RunInfo(const Question& question, Table& table) {
  return SegmentLister(question.log, table).Run();
}

}  // namespace

constinit const Report kInfoReport{
    .name = "info",
    .summary = "The segments of the log: span, size, what was lost or damaged, who wrote them.",
    .examples =
        "  daybook info\n"
        "  daybook info --log /backup/web1/ --output json\n",
    .columns = kColumns,
    .default_sort = "",
    .skips = LogSet::Skips::kSegments,
    .run = RunInfo,
};

}  // namespace daybook
