// daybookd's options as a configuration file has them.
#pragma once

#include <string>

#include "options/options.h"

namespace daybook {

// One line for each: a setting, or a comment where it has no value. Read again, they are the same.
std::string OptionsText(const Options& options);

// What is left out, as on the command line; empty where nothing is.
std::string FilterText(const Filter& filter);

}  // namespace daybook
