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
};

class Output : public RowSink {
 public:
  virtual void Begin(std::string_view report, std::vector<Column> columns) = 0;
  virtual void Finish(const Ending& ending) = 0;
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
// `name_key`: the member that has the name of the table.
std::unique_ptr<Output> MakeJsonOutput(OutputFile* file, const LocalZone& zone,
                                       std::string_view name_key = "report");
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
