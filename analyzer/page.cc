#include "page.h"

#include <cassert>

#include "output/coverage_text.h"
#include "report_view.h"

namespace daybook {

void Page::Begin(const PageHead& head) {
  tells_hosts_apart_ = head.tells_hosts_apart;
  output_->BeginPage(head);
}

void Page::AddNote(std::string_view line) {
  AddLine(line);
  notes_.emplace_back(line);
}

void Page::AddLine(std::string_view line, Tone tone) { output_->AddLine(line, tone); }

void Page::Add(const Section& section, const Rows& rows) {
  if (IsForPeople(format_) && rows.empty()) return;
  output_->BeginSection(section.name, section.title,
                        section.is_exception ? Tone::kAlarm : Tone::kPlain);
  const auto view = MakeView(format_, {.report = section.name,
                                       .of_columns = section.columns,
                                       .default_sort = section.sort,
                                       .columns = {},
                                       .sort = {},
                                       .limit = limit_,
                                       .several_hosts = tells_hosts_apart_});
  output_->Begin(section.name, ColumnsOf(*view, section.columns));
  Table table(*view, output_.get());
  for (const auto& row : rows) {
    assert(row.size() == section.columns.size());
    table.Add(row);
  }
  (void)table.Finish();  // which reads nothing back: the rows are few
  output_->Finish({.total = table.total(), .notes = table.notes(), .left_out = table.LeftOut()});
}

void Page::Finish(const Coverage& coverage, std::span<const std::string> failed_on) {
  for (const std::string& rule : failed_on) {
    AddLine("exit status 1 since this applies: " + rule, Tone::kAlarm);
  }
  AddLine(CoverageLine(coverage, zone_), coverage.incomplete() ? Tone::kAlarm : Tone::kPlain);
  output_->FinishPage({.coverage = coverage, .failed_on = failed_on, .notes = notes_});
}

}  // namespace daybook
