// For people: aligned columns that fit the terminal, and one line about what the log covers.

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <utility>

#include "escape.h"
#include "field_text.h"
#include "names.h"
#include "output.h"

namespace daybook {
namespace {

// So many rows are looked at before the columns' widths are fixed.
constexpr size_t kSampleRows = 512;
// A longer cell pushes the rest of its row to the right, but no other row.
constexpr size_t kMaxPadding = 40;
constexpr std::string_view kColumnGap = "  ";

bool IsAlignedRight(Kind kind) {
  return kind == Kind::kNumber || kind == Kind::kMicroseconds || kind == Kind::kKibibytes ||
         kind == Kind::kBytes || kind == Kind::kPercent;
}

// "cpu_us" becomes "CPU": the cells have their unit.
std::string Heading(std::string_view name) {
  std::string heading;
  for (const char c : WithoutUnit(name)) {
    heading.push_back(static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
  }
  return heading;
}

void AppendDuration(uint64_t us, std::string* out) {
  constexpr uint64_t kSecond = 1'000'000;
  const auto to = std::back_inserter(*out);
  const uint64_t seconds = us / kSecond;
  if (us < 1000) {
    fmt::format_to(to, "{}us", us);
  } else if (us < kSecond) {
    fmt::format_to(to, "{:.1f}ms", static_cast<double>(us) / 1000);
  } else if (seconds < 60) {
    fmt::format_to(to, "{:.2f}s", static_cast<double>(us) / kSecond);
  } else if (seconds < 60 * 60) {
    fmt::format_to(to, "{}m{:02}s", seconds / 60, seconds % 60);
  } else if (seconds < 24 * 60 * 60) {
    fmt::format_to(to, "{}h{:02}m", seconds / 3600, seconds / 60 % 60);
  } else {
    fmt::format_to(to, "{}d{:02}h", seconds / 86400, seconds / 3600 % 24);
  }
}

void AppendBytes(uint64_t bytes, std::string* out) {
  constexpr char kPrefixes[] = "BKMGTPE";
  auto size = static_cast<double>(bytes);
  size_t prefix = 0;
  for (; size >= 1024 && prefix + 2 < sizeof(kPrefixes); ++prefix) size /= 1024;
  const int decimals = prefix == 0 || size >= 100 ? 0 : 1;
  fmt::format_to(std::back_inserter(*out), "{:.{}f}{}", size, decimals, kPrefixes[prefix]);
}

class TextOutput : public Output {
 public:
  TextOutput(OutputFile* file, const LocalZone& zone) : file_(file), zone_(zone) {}

  void Begin(std::string_view report, std::vector<Column> columns) override;
  void Row(std::span<const Cell> cells) override;
  bool closed() const override { return file_->closed(); }
  void Finish(const Ending& ending) override;

 private:
  // A row's cells as text, one behind the other.
  struct TextRow {
    std::string text;
    std::vector<size_t> ends;
  };

  void FillRow(std::span<const Cell> cells, TextRow* row) const;
  void AppendCell(Kind kind, const Cell& cell, std::string* out) const;
  void AppendNumber(Kind kind, uint64_t number, std::string* out) const;
  void Measure(const TextRow& row);
  void PrintSample();
  void PrintRow(const TextRow& row);

  OutputFile* file_;
  const LocalZone& zone_;
  std::vector<Column> columns_;
  std::vector<size_t> widths_;
  size_t line_width_ = 0;  // 0: not cut
  std::vector<TextRow> sample_;
  bool sampling_ = true;
  TextRow row_;
  std::string line_;
};

void TextOutput::Begin(std::string_view, std::vector<Column> columns) {
  columns_ = std::move(columns);
  widths_.assign(columns_.size(), 0);
  line_width_ = file_->terminal_width();
  TextRow headings;
  for (const Column& column : columns_) {
    headings.text += Heading(column.name);
    headings.ends.push_back(headings.text.size());
  }
  Measure(headings);
  sample_.push_back(std::move(headings));
}

void TextOutput::Row(std::span<const Cell> cells) {
  if (!sampling_) {
    FillRow(cells, &row_);
    return PrintRow(row_);
  }
  FillRow(cells, &sample_.emplace_back());
  Measure(sample_.back());
  if (sample_.size() > kSampleRows) PrintSample();
}

void TextOutput::Finish(const Ending& ending) {
  if (ending.total) {
    FillRow(*ending.total, &row_);
    if (sampling_) Measure(row_);
  }
  PrintSample();
  if (ending.total) PrintRow(row_);
  for (const std::string& note : ending.notes) file_->buffer() += note + '\n';
  if (ending.coverage != nullptr) file_->buffer() += CoverageLine(*ending.coverage, zone_) + '\n';
  file_->Written();
}

void TextOutput::FillRow(std::span<const Cell> cells, TextRow* row) const {
  row->text.clear();
  row->ends.clear();
  for (size_t i = 0; i < cells.size(); ++i) {
    AppendCell(columns_[i].kind, cells[i], &row->text);
    row->ends.push_back(row->text.size());
  }
}

void TextOutput::AppendCell(Kind kind, const Cell& cell, std::string* out) const {
  if (const auto* text = std::get_if<Text>(&cell)) {
    if (kind == Kind::kArguments) {
      AppendShellWords(text->bytes, out);
    } else {
      AppendEscaped(text->bytes, out);
    }
    if (text->cut) out->append(kCutMark);
  } else if (const auto* count = std::get_if<uint64_t>(&cell)) {
    AppendNumber(kind, *count, out);
  } else if (const auto* number = std::get_if<int64_t>(&cell)) {
    if (kind == Kind::kTime) {
      zone_.AppendForPeople(*number, out);
    } else {
      fmt::format_to(std::back_inserter(*out), "{}", *number);
    }
  } else if (const auto* flag = std::get_if<bool>(&cell)) {
    out->append(*flag ? "yes" : "no");
  } else if (const auto* fields = std::get_if<const RecordFields*>(&cell)) {
    AppendFieldsText(**fields, out);
  } else if (kind != Kind::kFields) {
    out->push_back('-');
  }
}

void TextOutput::AppendNumber(Kind kind, uint64_t number, std::string* out) const {
  switch (kind) {
    case Kind::kMicroseconds:
      return AppendDuration(number, out);
    case Kind::kKibibytes:
      return AppendBytes(number * 1024, out);
    case Kind::kBytes:
      return AppendBytes(number, out);
    case Kind::kPercent:
      AppendHundredths(number, out);
      out->push_back('%');
      return;
    case Kind::kSignal:
      out->append(SignalName(number));
      return;
    default:
      fmt::format_to(std::back_inserter(*out), "{}", number);
  }
}

void TextOutput::Measure(const TextRow& row) {
  size_t begin = 0;
  for (size_t i = 0; i < row.ends.size(); ++i) {
    const std::string_view cell = std::string_view(row.text).substr(begin, row.ends[i] - begin);
    widths_[i] = std::clamp(DisplayWidth(cell), widths_[i], std::max(widths_[i], kMaxPadding));
    begin = row.ends[i];
  }
}

void TextOutput::PrintSample() {
  for (const TextRow& row : sample_) PrintRow(row);
  sample_.clear();
  sampling_ = false;
}

void TextOutput::PrintRow(const TextRow& row) {
  line_.clear();
  size_t begin = 0;
  for (size_t i = 0; i < row.ends.size(); ++i) {
    const std::string_view cell = std::string_view(row.text).substr(begin, row.ends[i] - begin);
    const size_t width = DisplayWidth(cell);
    const size_t padding = widths_[i] > width ? widths_[i] - width : 0;
    if (i != 0) line_ += kColumnGap;
    if (IsAlignedRight(columns_[i].kind)) line_.append(padding, ' ');
    line_ += cell;
    if (!IsAlignedRight(columns_[i].kind)) line_.append(padding, ' ');
    begin = row.ends[i];
  }
  std::string_view line = line_;
  line = line.substr(0, line.find_last_not_of(' ') + 1);
  if (line_width_ != 0) line = CutToWidth(line, line_width_);
  file_->buffer().append(line).push_back('\n');
  file_->Written();
}

}  // namespace

std::unique_ptr<Output> MakeTextOutput(OutputFile* file, const LocalZone& zone) {
  return std::make_unique<TextOutput>(file, zone);
}

std::string CoverageLine(const Coverage& coverage, const LocalZone& zone) {
  std::string line = "-- ";
  const auto to = std::back_inserter(line);
  if (coverage.first_ns && coverage.last_ns) {
    zone.AppendForPeople(*coverage.first_ns, &line);
    line += " to ";
    zone.AppendForPeople(*coverage.last_ns, &line);
  } else {
    line += "time unknown";
  }
  if (coverage.hosts > 1) fmt::format_to(to, "; {} hosts", coverage.hosts);
  fmt::format_to(to, "; boots {}, segments {}, records {}", coverage.boots, coverage.segments,
                 coverage.records);
  if (coverage.skipped_segments != 0) {
    fmt::format_to(to, ", outside the time and not read: segments {}", coverage.skipped_segments);
  }
  if (coverage.skipped_bytes != 0) {
    fmt::format_to(to, ", parts of others: {} bytes", coverage.skipped_bytes);
  }
  if (coverage.processes) {
    fmt::format_to(to, "; processes {}, running {}, ended unseen {}", *coverage.processes,
                   coverage.running, coverage.ended_unseen);
  }
  if (coverage.filtered != 0) fmt::format_to(to, "; filtered {}", coverage.filtered);
  if (coverage.undated != 0) fmt::format_to(to, ", of these undated {}", coverage.undated);
  if (coverage.undecided != 0) fmt::format_to(to, ", of these undecided {}", coverage.undecided);
  if (coverage.dropped_events != 0) {
    fmt::format_to(to, "; dropped on request {}", coverage.dropped_events);
  }
  fmt::format_to(to, "; lost {}, damaged {} bytes", coverage.lost_events + coverage.missing_records,
                 coverage.damaged_bytes);
  if (coverage.gaps != 0) fmt::format_to(to, ", gaps {}", coverage.gaps);
  if (coverage.recording_gaps != 0) {
    fmt::format_to(to, "; not recorded: times {}, forks {}", coverage.recording_gaps,
                   coverage.missed_forks);
  }
  if (coverage.unseen_forks != 0) fmt::format_to(to, ", forks unseen {}", coverage.unseen_forks);
  if (coverage.malformed_records != 0) {
    fmt::format_to(to, ", malformed {}", coverage.malformed_records);
  }
  if (coverage.repeated_records != 0) {
    fmt::format_to(to, ", repeated {}", coverage.repeated_records);
  }
  if (coverage.hole_bytes != 0) fmt::format_to(to, ", holes {} bytes", coverage.hole_bytes);
  if (coverage.torn_bytes != 0) fmt::format_to(to, ", torn tail {} bytes", coverage.torn_bytes);
  if (coverage.salvaged_records != 0) {
    fmt::format_to(to, ", salvaged and not counted {}", coverage.salvaged_records);
  }
  if (coverage.unreadable_files != 0) {
    fmt::format_to(to, ", unreadable files {}", coverage.unreadable_files);
  }
  return line;
}

}  // namespace daybook
