// For tickets and wikis: a table as GitHub and others show it, then the notes and what it rests on.

#include <fmt/format.h>

#include <utility>

#include "output/coverage_text.h"
#include "output/output.h"
#include "output/page_text.h"
#include "table/cell_text.h"
#include "table/end_marks.h"

namespace daybook {
namespace {

bool IsWordCharacter(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// What would end a cell, or begin something else in it: &lt; is a character, $x$ a formula, @name
// calls somebody, :name: is a picture and https: a link.
bool NeedsBackslash(std::string_view text, size_t at) {
  const char c = text[at];
  const char before = at == 0 ? ' ' : text[at - 1];
  const std::string_view behind = text.substr(at + 1);
  const bool is_before_word = !behind.empty() && IsWordCharacter(behind.front());
  if (c == '&') return is_before_word || behind.starts_with('#');
  if (c == '@') return is_before_word;
  if (c == ':') return behind.starts_with("//") || (is_before_word && !IsWordCharacter(before));
  return std::string_view("|*_`<[]#\\~$").find(c) != std::string_view::npos;
}

void AppendMarkdown(std::string_view text, std::string* out) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (NeedsBackslash(text, i)) out->push_back('\\');
    out->push_back(text[i]);
  }
}

class MarkdownOutput : public Output {
 public:
  MarkdownOutput(OutputFile* file, const LocalZone& zone) : file_(file), zone_(zone) {}

  void Begin(std::string_view name, std::vector<Column> columns) override;
  void Row(std::span<const Cell> cells) override;
  bool closed() const override { return file_->closed(); }
  void Finish(const Ending& ending) override;
  void BeginPage(const PageHead& head) override;
  void BeginSection(std::string_view name, std::string_view title, Tone tone) override;
  void AddLine(std::string_view line, Tone tone) override;

 private:
  void AppendParagraph(std::string_view text);

  OutputFile* file_;
  const LocalZone& zone_;
  std::vector<Column> columns_;
  EndMarks marks_;
  ByteBuffer cell_;
};

void MarkdownOutput::Begin(std::string_view, std::vector<Column> columns) {
  columns_ = std::move(columns);
  marks_ = EndMarks::TakeFrom(&columns_);
  std::string& out = file_->buffer();
  for (const Column& column : columns_) {
    out += "| ";
    AppendMarkdown(Heading(column.name), &out);
    out += ' ';
  }
  out += "|\n";
  for (const Column& column : columns_) out += IsAlignedRight(column.kind) ? "|---:" : "|---";
  out += "|\n";
}

void MarkdownOutput::Row(std::span<const Cell> cells) {
  std::string& out = file_->buffer();
  for (size_t i = 0; i < columns_.size(); ++i) {
    cell_.Clear();
    AppendCellText(columns_[i].kind, cells[i], zone_, &cell_);
    marks_.AppendTo(i, cells, &cell_);
    out += "| ";
    AppendMarkdown(cell_.text(), &out);
    out += ' ';
  }
  out += "|\n";
  file_->Written();
}

void MarkdownOutput::AppendParagraph(std::string_view text) {
  std::string& out = file_->buffer();
  out += '\n';
  AppendMarkdown(text, &out);
  out += '\n';
}

void MarkdownOutput::Finish(const Ending& ending) {
  if (ending.total) Row(*ending.total);
  for (const std::string& note : ending.notes) AppendParagraph(note);
  if (ending.old_coverage != nullptr) {
    AppendParagraph(OldCoverageLine(*ending.old_coverage, zone_));
  }
  if (ending.coverage != nullptr) AppendParagraph(CoverageLine(*ending.coverage, zone_));
  if (ending.left_out != 0) AddLine(fmt::format("and {} more", ending.left_out), Tone::kPlain);
  file_->Written();
}

void MarkdownOutput::BeginPage(const PageHead& head) {
  std::string& out = file_->buffer();
  out += "# ";
  AppendMarkdown(HeadLine(head, zone_), &out);
  out += '\n';
  if (head.baseline) AppendParagraph(BaselineLine(*head.baseline, zone_));
}

void MarkdownOutput::BeginSection(std::string_view, std::string_view title, Tone) {
  file_->buffer().append("\n## ").append(title).append("\n\n");
}

void MarkdownOutput::AddLine(std::string_view line, Tone) { AppendParagraph(line); }

}  // namespace

std::unique_ptr<Output> MakeMarkdownOutput(OutputFile* file, const LocalZone& zone) {
  return std::make_unique<MarkdownOutput>(file, zone);
}

}  // namespace daybook
