#include <algorithm>
#include <string>

#include "report.h"

namespace daybook {
namespace {

constexpr const Report* kReports[] = {
    &kNightlyReport, &kListReport,     &kSummaryReport, &kJobsReport,   &kTopReport,
    &kTreeReport,    &kWhyReport,      &kPsReport,      &kSpawnReport,  &kFailuresReport,
    &kDiffReport,    &kIdentityReport, &kFollowReport,  &kInfoReport,   &kDumpReport,
    &kVerifyReport,  &kSalvageReport,  &kStatusReport,  &kImportReport, &kExportReport,
    &kMergeReport};

}  // namespace

std::vector<Column> ColumnsByDefault(const Report& report, std::string_view view) {
  if (report.columns_for == nullptr) return {report.columns.begin(), report.columns.end()};
  Wishes wishes;
  if (!view.empty()) wishes.Add(kViewOption, {std::string(view)});
  return *report.columns_for(wishes);
}

std::vector<std::string_view> ViewsOf(const Report& report) {
  const auto option = std::ranges::find(report.options, kViewOption, &ReportOption::name);
  return option != report.options.end() ? option->values() : std::vector<std::string_view>();
}

std::span<const Report* const> Reports() { return kReports; }

std::vector<std::string_view> VerbNames() {
  std::vector<std::string_view> names;
  for (const Report* report : kReports) names.push_back(report->name);
  return names;
}

const Report* FindReport(std::string_view name) {
  for (const Report* report : kReports) {
    if (report->name == name) return report;
  }
  return nullptr;
}

}  // namespace daybook
