// What a user asks of a report's table, checked against the report.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daybook/result.h"
#include "output.h"
#include "report.h"

namespace daybook {

// `columns`: names, or none for those that the format shows by itself. `sort`: a column, "-column",
// "none", or empty for the report's own order.
Result<TableView> MakeView(const Report& report, Format format,
                           std::span<const std::string> columns, std::string_view sort,
                           std::optional<uint64_t> limit);

}  // namespace daybook
