// Where daybookd's configuration stands; what is in it is for config_text.h.
#pragma once

#include <string>
#include <vector>

#include "daybook/result.h"

namespace daybook {

struct ConfigPaths {
  std::string file = "/etc/daybook/daybook.conf";
  std::string folder = "/etc/daybook/daybook.conf.d";  // its *.conf are read after it, by name
};

struct ConfigFile {
  std::string path;
  std::string text;
};

Result<ConfigFile> ReadConfigFile(const std::string& path);

// In the order in which they are read. Neither the file nor the folder need be there.
Result<std::vector<ConfigFile>> ReadConfigFiles(const ConfigPaths& paths);

}  // namespace daybook
