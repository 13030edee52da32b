#include "report.h"

namespace daybook {
namespace {

constexpr const Report* kReports[] = {&kListReport,    &kSummaryReport, &kTreeReport,
                                      &kInfoReport,    &kDumpReport,    &kVerifyReport,
                                      &kSalvageReport, &kStatusReport};

}  // namespace

std::span<const Report* const> Reports() { return kReports; }

const Report* FindReport(std::string_view name) {
  for (const Report* report : kReports) {
    if (report->name == name) return report;
  }
  return nullptr;
}

}  // namespace daybook
