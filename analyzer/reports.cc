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

std::vector<Column> ColumnsByDefault(const Report& report) {
  if (report.columns_for != nullptr) {
    const LocalZone zone = LocalZone::Utc();
    return *report.columns_for({}, {.now_ns = 0, .zone = zone});
  }
  return {report.columns.begin(), report.columns.end()};
}

std::span<const Report* const> Reports() { return kReports; }

const Report* FindReport(std::string_view name) {
  for (const Report* report : kReports) {
    if (report->name == name) return report;
  }
  return nullptr;
}

}  // namespace daybook
