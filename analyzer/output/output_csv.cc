// For spreadsheets and databases, with a heading line: CSV as in RFC 4180, where an empty field is
// unknown and a string that is known to be empty is ""; and TSV, where both are empty, and nothing
// is quoted since tabs are escaped.

#include <utility>

#include "output/output.h"
#include "table/field_text.h"
#include "text/byte_buffer.h"
#include "text/escape.h"

namespace daybook {
namespace {

class CsvOutput : public Output {
 public:
  CsvOutput(char separator, OutputFile* file, const LocalZone& zone, Headings headings)
      : separator_(separator), file_(file), zone_(zone), headings_(headings) {}

  void Begin(std::string_view name, std::vector<Column> columns) override;
  void Row(std::span<const Cell> cells) override;
  bool closed() const override { return file_->closed(); }
  void Finish(const Ending&) override {}

 private:
  void AppendCell(Kind kind, const Cell& cell);
  void AppendText(Kind kind, const Text& text);
  void AppendQuoted(std::string_view text);

  char separator_;
  OutputFile* file_;
  const LocalZone& zone_;
  Headings headings_;
  std::vector<Column> columns_;
  ByteBuffer line_;
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
  line_.Clear();
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i != 0) line_.Append(separator_);
    AppendCell(columns_[i].kind, cells[i]);
  }
  line_.Append('\n');
  file_->buffer().append(line_.text());
  file_->Written();
}

void CsvOutput::AppendCell(Kind kind, const Cell& cell) {
  if (const auto* count = std::get_if<uint64_t>(&cell)) {
    if (kind == Kind::kUser) return;
    if (kind == Kind::kPercent) return AppendHundredths(*count, &line_);
    AppendNumber(*count, &line_);
  } else if (const auto* text = std::get_if<Text>(&cell)) {
    AppendText(kind, *text);
  } else if (const auto* number = std::get_if<int64_t>(&cell)) {
    if (kind != Kind::kTime) return AppendNumber(*number, &line_);
    line_.TakeTo(zone_.PutRfc3339(*number, line_.Room(LocalZone::kRfc3339Bytes)));
  } else if (const auto* flag = std::get_if<bool>(&cell)) {
    line_.Append(std::string_view(*flag ? "true" : "false"));
  } else if (const auto* fields = std::get_if<const RecordFields*>(&cell)) {
    text_.clear();
    AppendFieldsText(**fields, &text_);
    AppendQuoted(text_);
  }
}

void CsvOutput::AppendText(Kind kind, const Text& text) {
  const bool is_plain = kind != Kind::kArguments && !text.cut && IsPlain(text.bytes);
  if (is_plain && !text.bytes.empty()) return line_.Append(text.bytes);
  text_.clear();
  if (kind == Kind::kArguments) {
    AppendShellWords(text.bytes, &text_);
  } else {
    AppendEscaped(text.bytes, &text_);
  }
  if (text.cut) text_ += kCutMark;
  AppendQuoted(text_);
}

// Line ends never get here: they are escaped.
void CsvOutput::AppendQuoted(std::string_view text) {
  const auto has = [text](char c) { return text.find(c) != text.npos; };
  const bool is_plain = !text.empty() && !has(',') && !has('"');
  if (is_plain || separator_ == '\t') return line_.Append(text);
  line_.Append('"');
  for (const char c : text) {
    if (c == '"') line_.Append('"');
    line_.Append(c);
  }
  line_.Append('"');
}

}  // namespace

std::unique_ptr<Output> MakeCsvOutput(OutputFile* file, const LocalZone& zone, Headings headings) {
  return std::make_unique<CsvOutput>(',', file, zone, headings);
}

std::unique_ptr<Output> MakeTsvOutput(OutputFile* file, const LocalZone& zone, Headings headings) {
  return std::make_unique<CsvOutput>('\t', file, zone, headings);
}

}  // namespace daybook
