// What a configuration file says, before anybody knows what it means; see daybook.conf(5).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "daybook/result.h"
#include "options/config_files.h"

namespace daybook {

struct Setting {
  size_t line = 0;  // on which its name stands, from 1
  std::string name;
  std::vector<std::string> values;  // without quotes
  bool is_list = false;
};

// "FILE:LINE: name: what is wrong".
Error SettingError(const ConfigFile& file, const Setting& setting, const std::string& wrong);

// In the order of the file. An Error has the place of the first mistake.
Result<std::vector<Setting>> ParseConfigText(const ConfigFile& file);

}  // namespace daybook
