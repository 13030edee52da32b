// A report of several tables, one below the other. Each is written by the output of its format.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "log/coverage.h"
#include "output/output.h"
#include "output/terminal.h"
#include "report.h"
#include "table/table.h"

namespace daybook {

// One of its tables.
struct Section {
  std::string_view name;
  std::string_view title;
  std::span<const Column> columns;
  std::string_view sort = {};  // "-column" is descending
  bool is_exception = false;   // what somebody should look at; what else there is stands below
};

using Rows = std::vector<std::vector<Cell>>;

class Page {
 public:
  // Of each table at most `limit` rows. `file` and `zone` must outlive the page.
  Page(Format format, std::optional<uint64_t> limit, const Appearance& appearance, OutputFile* file,
       const LocalZone& zone)
      : format_(format),
        limit_(limit),
        output_(MakeOutput(format, appearance, file, zone)),
        zone_(zone) {}

  void Begin(const PageHead& head);
  // A table, with a cell for each column in each row; people are not shown an empty one.
  void Add(const Section& section, const Rows& rows);
  // A line for people, of what other formats tell otherwise.
  void AddLine(std::string_view line, Tone tone = Tone::kPlain);
  // What no table tells: a line for people, and a member of the document in JSON.
  void AddNote(std::string_view line);
  // `failed_on`: names of rules that apply.
  void Finish(const Coverage& coverage, std::span<const std::string> failed_on);

  Format format() const { return format_; }
  // For Answer::notes: other formats have no place for them.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  Format format_;
  std::optional<uint64_t> limit_;
  std::unique_ptr<Output> output_;
  const LocalZone& zone_;
  bool tells_hosts_apart_ = false;
  std::vector<std::string> notes_;
};

}  // namespace daybook
