// What a log tells nothing of, since nobody recorded then.
#pragma once

#include <string>
#include <vector>

#include "local_zone.h"
#include "log_set.h"
#include "window.h"

namespace daybook {

// Lines for people, one for each host of which somebody recorded behind the window, but at no
// moment in it. Call it when the log has been read.
std::vector<std::string> NotRecordedLines(const LogSet& log, const Window& window,
                                          const LocalZone& zone);

}  // namespace daybook
