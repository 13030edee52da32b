#include "page.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "output/coverage_text.h"
#include "report_view.h"
#include "text/escape.h"
#include "time/window_text.h"

namespace daybook {
namespace {

// Puts the section's name before each row, where rows of several tables are mixed.
class NamedRows : public RowSink {
 public:
  NamedRows(std::string_view name, RowSink* sink) : sink_(sink), row_{Text{name}} {}
  void Row(std::span<const Cell> cells) override {
    row_.resize(1);
    row_.insert(row_.end(), cells.begin(), cells.end());
    sink_->Row(row_);
  }
  bool closed() const override { return sink_->closed(); }

 private:
  RowSink* sink_;
  std::vector<Cell> row_;
};

void AppendTimeMember(std::string_view name, std::optional<int64_t> time_ns, const LocalZone& zone,
                      std::string* out) {
  out->append(",\"").append(name).append("\":");
  if (!time_ns) {
    out->append("null");
    return;
  }
  out->push_back('"');
  zone.AppendRfc3339(*time_ns, out);
  out->push_back('"');
}

// Of many hosts, as of long names, only some: lines of mail have an end.
std::string NamesOf(std::span<const std::string> hosts) {
  constexpr size_t kMost = 8;
  constexpr size_t kMostBytes = 64;
  std::string names;
  for (const std::string& host : hosts.first(std::min(hosts.size(), kMost))) {
    if (!names.empty()) names += ", ";
    AppendEscaped(CutToBytes(host, kMostBytes), &names);
  }
  if (hosts.size() > kMost) names += fmt::format(" and {} more hosts", hosts.size() - kMost);
  return names;
}

std::string HeadLine(const PageHead& head, const LocalZone& zone) {
  std::string line = "daybook ";
  line.append(head.report).append(": ");
  if (!head.hosts.empty()) line += NamesOf(head.hosts) + ", ";
  AppendSpan(head.window, zone, &line);
  return line;
}

void AppendJsonStrings(std::span<const std::string> strings, std::string* out) {
  out->push_back('[');
  for (const std::string& string : strings) {
    if (&string != &strings.front()) out->push_back(',');
    AppendJsonString(string, Cut::kNo, out);
  }
  out->push_back(']');
}

void AppendJsonHead(const PageHead& head, const LocalZone& zone, std::string* out) {
  out->append("{\"report\":\"").append(head.report).append("\",\"hosts\":");
  AppendJsonStrings(head.hosts, out);
  AppendTimeMember("since", head.window.since_ns, zone, out);
  AppendTimeMember("until", head.window.until_ns, zone, out);
  const Window baseline = head.baseline.value_or(Window{});
  AppendTimeMember("baseline_since", baseline.since_ns, zone, out);
  AppendTimeMember("baseline_until", baseline.until_ns, zone, out);
  out->append(",\"sections\":[");
}

}  // namespace

void Page::Begin(const PageHead& head) {
  tells_hosts_apart_ = head.tells_hosts_apart;
  std::string& out = file_->buffer();
  if (format_ == Format::kJson) return AppendJsonHead(head, zone_, &out);
  if (!IsForPeople(format_)) return;
  if (format_ == Format::kMarkdown) out += "# ";
  out += HeadLine(head, zone_) + '\n';
  if (!head.baseline) return;
  std::string line = "compared with ";
  AppendSpan(*head.baseline, zone_, &line);
  if (format_ == Format::kMarkdown) out += '\n';
  out += line + '\n';
}

void Page::AddNote(std::string_view line) {
  AddLine(line);
  notes_.emplace_back(line);
}

void Page::AddLine(std::string_view line, Tone tone) {
  if (!IsForPeople(format_)) return;
  file_->buffer().push_back('\n');
  AppendInTone(tone, std::string("-- ").append(line), &file_->buffer());
  file_->buffer().push_back('\n');
}

Tone Page::Alarm() const {
  return appearance_.colors == Colors::kYes ? Tone::kAlarm : Tone::kPlain;
}

void Page::BeginTable(const Section& section) {
  std::string& out = file_->buffer();
  if (format_ == Format::kText) {
    out.push_back('\n');
    AppendInTone(section.is_exception ? Alarm() : Tone::kPlain,
                 std::string("== ").append(section.title), &out);
    out.push_back('\n');
  }
  if (format_ == Format::kMarkdown) out.append("\n## ").append(section.title).append("\n\n");
  if (format_ == Format::kJson) out.append(std::exchange(has_sections_, true) ? "," : "\n");
}

void Page::FillTable(const Section& section, const Rows& rows, Output* output) {
  const auto view = MakeView(format_, {.report = section.name,
                                       .of_columns = section.columns,
                                       .default_sort = section.sort,
                                       .columns = {},
                                       .sort = {},
                                       .limit = limit_,
                                       .several_hosts = tells_hosts_apart_});
  const bool is_mixed = format_ == Format::kJsonLines;
  std::vector<Column> columns;
  if (is_mixed) columns.push_back({"section", Kind::kString});
  const auto shown = ColumnsOf(*view, section.columns);
  columns.insert(columns.end(), shown.begin(), shown.end());
  output->Begin(section.name, std::move(columns));
  NamedRows named(section.name, output);
  Table table(*view, is_mixed ? static_cast<RowSink*>(&named) : output);
  for (const auto& row : rows) table.Add(row);
  (void)table.Finish();  // which reads nothing back: the rows are few
  output->Finish({.total = table.total(), .notes = table.notes()});
}

std::unique_ptr<Output> Page::MakeTableOutput() const {
  if (format_ == Format::kJson) return MakeJsonOutput(file_, zone_, "section");
  return MakeOutput(format_, appearance_, file_, zone_);
}

void Page::Add(const Section& section, const Rows& rows) {
  if (IsForPeople(format_) && rows.empty()) return;
  BeginTable(section);
  const auto output = MakeTableOutput();
  FillTable(section, rows, output.get());
  if (!IsForPeople(format_) || !limit_ || rows.size() <= *limit_) return;
  if (format_ == Format::kMarkdown) file_->buffer() += '\n';  // else it would be one more row
  file_->buffer() += "-- and " + std::to_string(rows.size() - *limit_) + " more\n";
}

void Page::Finish(const Coverage& coverage, std::span<const std::string> failed_on) {
  std::string& out = file_->buffer();
  if (format_ == Format::kJson) {
    out += "],\n\"failed_on\":";
    AppendJsonStrings(failed_on, &out);
    out += ",\n\"notes\":";
    AppendJsonStrings(notes_, &out);
    out += ",\n\"coverage\":";
    AppendJsonCoverage(coverage, zone_, &out);
    out += "}\n";
  }
  for (const std::string& rule : failed_on) {
    AddLine("exit status 1 since this applies: " + rule, Alarm());
  }
  AddLine(CoverageLine(coverage, zone_), coverage.incomplete() ? Alarm() : Tone::kPlain);
  file_->Written();
}

}  // namespace daybook
