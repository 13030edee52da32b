// daybookd's options as a configuration file has them.
#pragma once

#include <string>

#include "options.h"

namespace daybook {

// One line for each: a setting, or a comment where it has no value. Read again, they are the same.
std::string OptionsText(const Options& options);

}  // namespace daybook
