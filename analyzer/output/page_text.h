// What a page begins with, in words.
#pragma once

#include <string>

#include "output/output.h"
#include "time/local_zone.h"
#include "time/window.h"

namespace daybook {

std::string HeadLine(const PageHead& head, const LocalZone& zone);
std::string BaselineLine(const Window& baseline, const LocalZone& zone);

}  // namespace daybook
