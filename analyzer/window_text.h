// How people read a span of time.
#pragma once

#include <string>

#include "local_zone.h"
#include "window.h"

namespace daybook {

// "2026-11-20 00:00:00 to now".
void AppendSpan(const Window& window, const LocalZone& zone, std::string* out);

}  // namespace daybook
