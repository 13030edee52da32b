// The formats in which a table leaves. Each is written once and knows no report.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "log/coverage.h"
#include "output/output_file.h"
#include "output/terminal.h"
#include "table/named_fact.h"
#include "table/table.h"
#include "text/byte_buffer.h"
#include "text/escape.h"
#include "time/local_zone.h"
#include "time/window.h"

namespace daybook {

enum class Format : uint8_t { kText, kJson, kJsonLines, kCsv, kTsv, kMarkdown };

constexpr bool IsForPeople(Format format) {
  return format == Format::kText || format == Format::kMarkdown;
}

// What comes after the rows.
struct Ending {
  const std::optional<std::vector<Cell>>& total;
  const std::vector<std::string>& notes;
  const Coverage* coverage = nullptr;      // of a report that reads records
  std::span<const NamedFact> facts = {};   // what the notes say
  const Coverage* old_coverage = nullptr;  // of what it is compared with
  uint64_t left_out = 0;                   // rows, of a table of a page
};

// What a page of several tables is about.
struct PageHead {
  std::string_view report;
  std::span<const std::string> hosts = {};  // as far as they are known
  bool tells_hosts_apart = false;           // in the tables, also to people
  Window window = {};
  std::optional<Window> baseline = {};
};

// What comes behind its tables, for programs.
struct PageEnding {
  const Coverage& coverage;
  std::span<const std::string> failed_on;
  std::span<const std::string> notes;
};

class Output : public RowSink {
 public:
  // `name`: of the report, or of the section of a page.
  virtual void Begin(std::string_view name, std::vector<Column> columns) = 0;
  virtual void Finish(const Ending& ending) = 0;

  // What a page has around its tables, each of which is begun and finished like any other. What a
  // format has no place for is left out.
  virtual void BeginPage(const PageHead& /*head*/) {}
  virtual void BeginSection(std::string_view /*name*/, std::string_view /*title*/, Tone /*tone*/) {}
  virtual void AddLine(std::string_view /*line*/, Tone /*tone*/) {}  // for people
  virtual void FinishPage(const PageEnding& /*ending*/) {}
};

// The line of headings, where a format can do without.
enum class Headings : bool { kNo, kYes };

// How a format looks that leaves that open.
struct Appearance {
  Headings headings = Headings::kYes;
  // Of text: columns of the terminal that shows it; 0: no line is too long.
  size_t line_width = 0;
  size_t text_bytes = 0;                 // at most so many of a cell that is text; 0: all
  std::string_view cut_mark = kCutMark;  // behind what has no room there, one wide
  Colors colors = Colors::kNo;
};

// `file` and `zone` must outlive the output.
std::unique_ptr<Output> MakeOutput(Format format, const Appearance& appearance, OutputFile* file,
                                   const LocalZone& zone);
std::unique_ptr<Output> MakeTextOutput(OutputFile* file, const LocalZone& zone,
                                       const Appearance& appearance = {});
std::unique_ptr<Output> MakeJsonOutput(OutputFile* file, const LocalZone& zone);
std::unique_ptr<Output> MakeJsonLinesOutput(OutputFile* file, const LocalZone& zone);
std::unique_ptr<Output> MakeCsvOutput(OutputFile* file, const LocalZone& zone,
                                      Headings headings = Headings::kYes);
std::unique_ptr<Output> MakeTsvOutput(OutputFile* file, const LocalZone& zone,
                                      Headings headings = Headings::kYes);
std::unique_ptr<Output> MakeMarkdownOutput(OutputFile* file, const LocalZone& zone);

// A JSON object with a member for each column.
void AppendJsonRow(std::span<const Column> columns, std::span<const Cell> cells,
                   const LocalZone& zone, ByteBuffer* out);

// What is covered and what is missing, for programs: an object with all of it.
void AppendJsonCoverage(const Coverage& coverage, const LocalZone& zone, std::string* out);

}  // namespace daybook
