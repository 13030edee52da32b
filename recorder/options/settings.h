// What configuration files and the environment set, as it would stand on the command line.
#pragma once

#include <string>
#include <vector>

#include "daybook/result.h"
#include "options/config_files.h"
#include "options/option_parser.h"

namespace daybook {

// What files and the environment say and the command line `given` does not: later files go before
// earlier ones, and these before the environment's DAYBOOKD_PIN; of options that may be given more
// than once, all. An Error has the place of the first mistake.
Result<std::vector<std::string>> ArgumentsOfFiles(const OptionParser& given,
                                                  const ConfigPaths& paths);

}  // namespace daybook
