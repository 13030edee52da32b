// How people read a span of time.
#pragma once

#include <string>

#include "time/local_zone.h"
#include "time/window.h"

namespace daybook {

// "2026-11-20 00:00:00 to now".
void AppendSpan(const Window& window, const LocalZone& zone, std::string* out);

}  // namespace daybook
