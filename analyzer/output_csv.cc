// For spreadsheets and databases, with a heading line: CSV as in RFC 4180, where an empty field is
// unknown and a string that is known to be empty is ""; and TSV, where both are empty, and nothing
// is quoted since tabs are escaped.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "escape.h"
#include "field_text.h"
#include "output.h"

namespace daybook {
namespace {

// Line ends never get here: they are escaped.
bool NeedsQuotes(char c) { return c == ',' || c == '"'; }

class CsvOutput : public Output {
 public:
  CsvOutput(char separator, OutputFile* file, const LocalZone& zone, Headings headings)
      : separator_(separator), file_(file), zone_(zone), headings_(headings) {}

  void Begin(std::string_view report, std::vector<Column> columns) override;
  void Row(std::span<const Cell> cells) override;
  bool closed() const override { return file_->closed(); }
  void Finish(const Ending&) override {}

 private:
  void AppendCell(Kind kind, const Cell& cell);
  void AppendQuoted(std::string_view text);

  char separator_;
  OutputFile* file_;
  const LocalZone& zone_;
  Headings headings_;
  std::vector<Column> columns_;
  std::string text_;
};

void CsvOutput::Begin(std::string_view, std::vector<Column> columns) {
  columns_ = std::move(columns);
  if (headings_ == Headings::kNo) return;
  std::string& out = file_->buffer();
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (i != 0) out.push_back(separator_);
    out.append(columns_[i].name);
  }
  out.push_back('\n');
}

void CsvOutput::Row(std::span<const Cell> cells) {
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i != 0) file_->buffer().push_back(separator_);
    AppendCell(columns_[i].kind, cells[i]);
  }
  file_->buffer().push_back('\n');
  file_->Written();
}

void CsvOutput::AppendCell(Kind kind, const Cell& cell) {
  std::string& out = file_->buffer();
  if (const auto* text = std::get_if<Text>(&cell)) {
    text_.clear();
    if (kind == Kind::kArguments) {
      AppendShellWords(text->bytes, &text_);
    } else {
      AppendEscaped(text->bytes, &text_);
    }
    if (text->cut) text_ += kCutMark;
    AppendQuoted(text_);
  } else if (const auto* count = std::get_if<uint64_t>(&cell); count && kind != Kind::kUser) {
    if (kind == Kind::kPercent) return AppendHundredths(*count, &out);
    const fmt::format_int digits(*count);
    out.append(digits.data(), digits.size());
  } else if (const auto* number = std::get_if<int64_t>(&cell)) {
    if (kind == Kind::kTime) return zone_.AppendRfc3339(*number, &out);
    const fmt::format_int digits(*number);
    out.append(digits.data(), digits.size());
  } else if (const auto* flag = std::get_if<bool>(&cell)) {
    out.append(*flag ? "true" : "false");
  } else if (const auto* fields = std::get_if<const RecordFields*>(&cell)) {
    text_.clear();
    AppendFieldsText(**fields, &text_);
    AppendQuoted(text_);
  }
}

void CsvOutput::AppendQuoted(std::string_view text) {
  std::string& out = file_->buffer();
  const bool is_plain = !text.empty() && std::ranges::none_of(text, NeedsQuotes);
  if (is_plain || separator_ == '\t') {
    out.append(text);
    return;
  }
  out.push_back('"');
  for (const char c : text) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
}

}  // namespace

std::unique_ptr<Output> MakeCsvOutput(OutputFile* file, const LocalZone& zone, Headings headings) {
  return std::make_unique<CsvOutput>(',', file, zone, headings);
}

std::unique_ptr<Output> MakeTsvOutput(OutputFile* file, const LocalZone& zone, Headings headings) {
  return std::make_unique<CsvOutput>('\t', file, zone, headings);
}

}  // namespace daybook
