// For programs: their standard input, output and error.
#pragma once

#include <string_view>

#include "daybook/result.h"

namespace daybook {

// To be called before anything is opened. Each of descriptors 0 to 2 that is closed becomes one
// that cannot be used either, so that no file gets its number and what is meant for a terminal.
void HoldStandardStreams();

// All of it, or why not. A reader that is gone is no error.
Status WriteStandardOutput(std::string_view text);

}  // namespace daybook
