// Answers in the shape in which the GNU accounting utilities give them, for scripts that read
// those.
#pragma once

#include <array>

#include "report.h"

namespace daybook {

extern const std::array<Style, 2> kSaStyles;        // of summary
extern const std::array<Style, 1> kLastcommStyles;  // of list

}  // namespace daybook
