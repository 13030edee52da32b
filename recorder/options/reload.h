// A configuration that is read again while daybookd records.
#pragma once

#include <string>

#include "options/options.h"

namespace daybook {

// What a recorder that was started with `started` runs by from then on: as `now` says where that
// takes no privilege and no other program in the kernel, the rest as it was.
Options TakenOver(Options started, const Options& now);

// The names of the settings in which they differ, as "usage, ring"; empty where there are none.
std::string DifferentSettings(const Options& running, const Options& now);

}  // namespace daybook
