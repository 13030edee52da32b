// A recorder's status as Prometheus has it, for the textfile collector of node_exporter.
#pragma once

#include <string>

#include "daybook/status.h"

namespace daybook {

// Metrics whose value is not known are left out.
std::string StatusMetrics(const RecorderStatus& status);

}  // namespace daybook
