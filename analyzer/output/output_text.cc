// For people: aligned columns that fit the terminal, and one line about what the log covers.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "output/coverage_text.h"
#include "output/output.h"
#include "output/page_text.h"
#include "table/cell_text.h"
#include "table/column_fit.h"
#include "table/end_marks.h"
#include "text/byte_buffer.h"
#include "text/escape.h"

namespace daybook {
namespace {

// So many rows are looked at before the columns' widths are fixed.
constexpr size_t kSampleRows = 512;
// A longer cell pushes the rest of its row to the right, but no other row.
constexpr size_t kMaxPadding = 120;
// Arguments may be far longer than all else.
constexpr size_t kMaxArgumentsPadding = 40;

size_t UsualWidth(Kind kind) {
  switch (kind) {
    case Kind::kTime:
      return std::string_view("2026-11-20 14:00:00").size();
    case Kind::kNumber:
    case Kind::kMicroseconds:
      return 7;  // a pid, "100.0ms"
    case Kind::kUser:
    case Kind::kString:
      return 8;
    default:
      return 0;
  }
}

// What ended badly, or how many did.
bool IsFailure(const Column& column, const Cell& cell) {
  if (column.name == "signal") return !std::holds_alternative<std::monostate>(cell);
  if (column.name == "status") {
    const auto* status = std::get_if<Text>(&cell);
    return status != nullptr && status->bytes != "0";
  }
  if (column.name != "exit_code" && column.name != "failed") return false;
  const auto* number = std::get_if<uint64_t>(&cell);
  return number != nullptr && *number != 0;
}

class TextOutput : public Output {
 public:
  TextOutput(OutputFile* file, const LocalZone& zone, const Appearance& appearance)
      : file_(file), zone_(zone), appearance_(appearance) {}

  void Begin(std::string_view name, std::vector<Column> columns) override;
  void Row(std::span<const Cell> cells) override;
  void Flush() override;
  bool closed() const override { return file_->closed(); }
  void Finish(const Ending& ending) override;
  void BeginPage(const PageHead& head) override;
  void BeginSection(std::string_view name, std::string_view title, Tone tone) override;
  void AddLine(std::string_view line, Tone tone) override;

 private:
  // A row's cells as text, one behind the other.
  struct TextRow {
    std::string_view Cell(size_t i) const {
      const size_t begin = i == 0 ? 0 : ends[i - 1];
      return line.text().substr(begin, ends[i] - begin);
    }

    size_t Width(std::string_view cell) const {
      return is_ascii ? cell.size() : DisplayWidth(cell);
    }

    ByteBuffer line;
    std::vector<size_t> ends;
    std::vector<Tone> tones;  // only where there are colours
    bool is_ascii = false;    // all of it: to look once is faster than at each cell
  };

  struct FittedCell {
    std::string_view text;
    size_t width = 0;
  };

  // How the cells of a column stand below each other.
  struct Lane {
    size_t width = 0;  // to which they are padded
    bool is_right = false;
  };

  void FillRow(std::span<const Cell> cells, TextRow* row) const;
  void CutText(Kind kind, size_t begin, ByteBuffer* line) const;
  void Measure(const TextRow& row);
  void Fit();
  void PrintSample();
  void PrintRow(const TextRow& row);
  size_t FillLine(const TextRow& row, std::span<const size_t> rooms);
  FittedCell Shortened(std::string_view cell, size_t room);
  void AppendToLine(Tone tone, std::string_view text);
  void NoteLeftOut();
  void PrintCoverage(const Coverage& coverage, std::string_view line);
  void PrintNote(std::string_view note, Tone tone = Tone::kPlain);
  void PrintLine(Tone tone, std::string_view mark, std::string_view text);

  OutputFile* file_;
  const LocalZone& zone_;
  Appearance appearance_;
  std::vector<Column> columns_;
  EndMarks marks_;
  std::vector<Lane> lanes_;
  std::vector<size_t> longest_;
  std::vector<size_t> rooms_;  // at a terminal, once that is known; 0: the column is left out
  std::vector<TextRow> sample_;
  bool sampling_ = true;
  bool has_flushed_ = false;
  TextRow row_;
  ByteBuffer line_;
  std::string shortened_;
};

void TextOutput::Begin(std::string_view, std::vector<Column> columns) {
  columns_ = std::move(columns);
  marks_ = EndMarks::TakeFrom(&columns_);
  lanes_.clear();
  for (const Column& column : columns_) {
    lanes_.push_back({.is_right = IsAlignedRight(column.kind)});
  }
  longest_.assign(columns_.size(), 1);
  rooms_.clear();
  sampling_ = true;
  if (appearance_.headings == Headings::kNo) return;
  TextRow headings;
  for (const Column& column : columns_) {
    headings.line.Append(Heading(column.name));
    headings.ends.push_back(headings.line.size());
    headings.tones.push_back(Tone::kHeading);
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

// Where rows come bit by bit, columns become as wide as what has been seen. Headings that come
// before all rows make room for what is to be expected.
void TextOutput::Flush() {
  if (!std::exchange(has_flushed_, true) && sample_.size() == 1) {
    for (size_t i = 0; i < columns_.size(); ++i) {
      lanes_[i].width = std::max(lanes_[i].width, UsualWidth(columns_[i].kind));
      longest_[i] = std::max(longest_[i], lanes_[i].width);
    }
  }
  PrintSample();
  sampling_ = true;
}

void TextOutput::Finish(const Ending& ending) {
  if (ending.total) {
    FillRow(*ending.total, &row_);
    if (sampling_) Measure(row_);
  }
  PrintSample();
  if (ending.total) PrintRow(row_);
  NoteLeftOut();
  for (const std::string& note : ending.notes) PrintNote(note);
  if (ending.old_coverage != nullptr) {
    PrintCoverage(*ending.old_coverage, OldCoverageLine(*ending.old_coverage, zone_));
  }
  if (ending.coverage != nullptr) {
    PrintCoverage(*ending.coverage, CoverageLine(*ending.coverage, zone_));
  }
  if (ending.left_out != 0) PrintNote(fmt::format("and {} more", ending.left_out));
  file_->Written();
}

void TextOutput::BeginPage(const PageHead& head) {
  PrintLine(Tone::kPlain, "", HeadLine(head, zone_));
  if (head.baseline) PrintLine(Tone::kPlain, "", BaselineLine(*head.baseline, zone_));
}

void TextOutput::BeginSection(std::string_view, std::string_view title, Tone tone) {
  file_->buffer().push_back('\n');
  PrintLine(tone, "== ", title);
}

void TextOutput::AddLine(std::string_view line, Tone tone) {
  file_->buffer().push_back('\n');
  PrintNote(line, tone);
}

void TextOutput::FillRow(std::span<const Cell> cells, TextRow* row) const {
  row->line.Clear();
  row->ends.resize(columns_.size());
  row->tones.clear();
  const std::span<const Column> columns = columns_;
  const std::span<size_t> ends = row->ends;
  for (size_t i = 0; i < columns.size(); ++i) {
    const size_t begin = row->line.size();
    AppendCellText(columns[i].kind, cells[i], zone_, &row->line);
    marks_.AppendTo(i, cells, &row->line);
    if (appearance_.text_bytes != 0) CutText(columns[i].kind, begin, &row->line);
    ends[i] = row->line.size();
    if (appearance_.colors == Colors::kNo) continue;
    row->tones.push_back(IsFailure(columns[i], cells[i]) ? Tone::kAlarm : Tone::kPlain);
  }
  row->is_ascii = DisplayWidth(row->line.text()) == row->line.size();
}

// Where there is a limit.
void TextOutput::CutText(Kind kind, size_t begin, ByteBuffer* line) const {
  const size_t bytes = line->size() - begin;
  if (bytes <= appearance_.text_bytes || !CanBeShortened(kind)) return;
  const size_t kept = appearance_.text_bytes - appearance_.cut_mark.size();
  const std::string_view text = CutToBytes(line->text().substr(begin), kept);
  line->TakeTo(line->Room(0) - (bytes - text.size()));
  line->Append(appearance_.cut_mark);
}

void TextOutput::Measure(const TextRow& row) {
  for (size_t i = 0; i < row.ends.size(); ++i) {
    const size_t width = row.Width(row.Cell(i));
    const bool is_arguments = columns_[i].kind == Kind::kArguments;
    const size_t most = is_arguments ? kMaxArgumentsPadding : kMaxPadding;
    size_t& lane = lanes_[i].width;
    lane = std::clamp(width, lane, std::max(lane, most));
    longest_[i] = std::max(longest_[i], width);
  }
}

// Only once: rows do not change their columns below a heading.
void TextOutput::Fit() {
  if (appearance_.line_width == 0 || !rooms_.empty()) return;
  rooms_ = FitColumns(columns_, longest_, appearance_.line_width);
  for (size_t i = 0; i < rooms_.size(); ++i) lanes_[i].width = std::min(lanes_[i].width, rooms_[i]);
}

void TextOutput::PrintSample() {
  Fit();
  for (const TextRow& row : sample_) PrintRow(row);
  sample_.clear();
  sampling_ = false;
}

void TextOutput::PrintRow(const TextRow& row) {
  const size_t width = FillLine(row, {});
  if (!rooms_.empty() && width > appearance_.line_width) FillLine(row, rooms_);
  line_.Append('\n');
  file_->buffer().append(line_.text());
  file_->Written();
}

// What has no room is cut and marked.
TextOutput::FittedCell TextOutput::Shortened(std::string_view cell, size_t room) {
  shortened_.assign(CutToWidth(cell, room - 1)).append(appearance_.cut_mark);
  return {.text = shortened_, .width = DisplayWidth(shortened_)};
}

// Returns how wide the line is. A text that takes more than its column's room, where there are
// rooms, is shortened.
size_t TextOutput::FillLine(const TextRow& row, std::span<const size_t> rooms) {
  line_.Clear();
  const std::string_view cells = row.line.text();
  const std::span<const size_t> ends = row.ends;
  const std::span<const Lane> lanes = lanes_;
  const std::span<const size_t> shown = rooms_;  // whether it is
  const bool has_colors = appearance_.colors == Colors::kYes;
  size_t width = 0;
  size_t padding = 0;  // before the next cell
  size_t begin = 0;
  for (size_t i = 0; i < ends.size(); ++i) {
    FittedCell cell{.text = cells.substr(begin, ends[i] - begin)};
    begin = ends[i];
    if (!shown.empty() && shown[i] == 0) continue;
    cell.width = row.Width(cell.text);
    if (!rooms.empty() && cell.width > rooms[i] && CanBeShortened(columns_[i].kind)) {
      cell = Shortened(cell.text, rooms[i]);
    }
    const Lane lane = lanes[i];
    const size_t rest = lane.width - std::min(lane.width, cell.width);
    if (lane.is_right) padding += rest;
    if (!cell.text.empty()) {
      width += padding + cell.width;
      line_.AppendSpaces(std::exchange(padding, 0));
      AppendToLine(has_colors ? row.tones[i] : Tone::kPlain, cell.text);
    }
    padding += kColumnGap.size() + (lane.is_right ? 0 : rest);
  }
  return width;
}

void TextOutput::AppendToLine(Tone tone, std::string_view text) {
  if (tone == Tone::kPlain) return line_.Append(text);
  line_.AppendBy([&](std::string* out) { AppendInTone(tone, text, out); });
}

void TextOutput::PrintCoverage(const Coverage& coverage, std::string_view line) {
  PrintNote(line, coverage.incomplete() ? Tone::kAlarm : Tone::kPlain);
}

void TextOutput::PrintNote(std::string_view note, Tone tone) { PrintLine(tone, "-- ", note); }

void TextOutput::PrintLine(Tone tone, std::string_view mark, std::string_view text) {
  const bool has_colors = appearance_.colors == Colors::kYes;
  AppendInTone(has_colors ? tone : Tone::kPlain, std::string(mark).append(text), &file_->buffer());
  file_->buffer().push_back('\n');
}

void TextOutput::NoteLeftOut() {
  std::string names;
  for (size_t i = 0; i < rooms_.size(); ++i) {
    if (rooms_[i] == 0) names.append(names.empty() ? "" : ", ").append(columns_[i].name);
  }
  if (names.empty()) return;
  PrintNote(fmt::format("too wide for this terminal: {}; --no-truncate shows all", names));
}

}  // namespace

std::unique_ptr<Output> MakeTextOutput(OutputFile* file, const LocalZone& zone,
                                       const Appearance& appearance) {
  return std::make_unique<TextOutput>(file, zone, appearance);
}

}  // namespace daybook
