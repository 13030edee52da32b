#include "options/settings.h"

#include <cstddef>
#include <cstdlib>
#include <map>
#include <utility>

#include "options/config_text.h"

namespace daybook {
namespace {

// Of one file, and then of all: an option's name and how it would stand on the command line.
using Settings = std::map<std::string, std::vector<std::string>>;

// As if that argument stood alone on the command line; empty where it may.
std::string WhatIsWrong(const std::string& argument) {
  const auto parsed = OptionParser().Parse({argument});
  if (parsed) return {};
  const std::string& text = parsed.error().message();
  const size_t name_end = text.find(": ");
  return name_end == text.npos ? text : text.substr(name_end + 2);
}

Status AddSetting(const ConfigFile& file, const Setting& setting, Settings& settings) {
  const OptionParser allowed;
  const auto kind = allowed.FindConfigurable(setting.name);
  if (!kind) {
    return SettingError(file, setting, "no such setting; there are " + allowed.ConfigurableNames());
  }
  if (setting.is_list && !kind->is_list) return SettingError(file, setting, "takes one value");
  const auto [known, is_new] = settings.try_emplace(setting.name);
  if (!is_new) return SettingError(file, setting, "is set a second time in this file");
  for (const std::string& value : setting.values) {
    known->second.push_back("--" + setting.name + "=" + value);
    // CLI11 would take an empty one for none, and a flag without one for true.
    const std::string wrong = !value.empty()  ? WhatIsWrong(known->second.back())
                              : kind->is_flag ? "must be true or false"
                                              : "a value is missing";
    if (!wrong.empty()) return SettingError(file, setting, wrong);
  }
  return Ok{};
}

Result<Settings> ParseConfigFile(const ConfigFile& file) {
  const auto written = ParseConfigText(file);
  if (!written) return written.error();
  Settings settings;
  for (const Setting& setting : *written) {
    if (Status added = AddSetting(file, setting, settings); !added) return added.error();
  }
  return settings;
}

// What the service's unit says of itself: the administrator's files go before it.
Result<Settings> SettingsOfEnvironment() {
  Settings settings;
  const char* const pin = std::getenv("DAYBOOKD_PIN");
  if (pin == nullptr || *pin == '\0') return settings;
  const std::string argument = std::string("--pin=") + pin;
  if (const std::string wrong = WhatIsWrong(argument); !wrong.empty()) {
    return Error("DAYBOOKD_PIN: " + wrong);
  }
  settings["pin"] = {argument};
  return settings;
}

Result<std::vector<ConfigFile>> FilesOf(const ConfigChoice& choice, const ConfigPaths& paths) {
  if (choice.none) return std::vector<ConfigFile>();
  if (!choice.file) return ReadConfigFiles(paths);
  auto file = ReadConfigFile(*choice.file);
  if (!file) return std::move(file).error();
  return std::vector{*std::move(file)};
}

}  // namespace

Result<std::vector<std::string>> ArgumentsOfFiles(const OptionParser& given,
                                                  const ConfigPaths& paths) {
  auto files = FilesOf(given.choice(), paths);
  if (!files) return std::move(files).error();
  auto all = SettingsOfEnvironment();
  if (!all) return std::move(all).error();
  for (const ConfigFile& file : *files) {
    auto settings = ParseConfigFile(file);
    if (!settings) return std::move(settings).error();
    for (auto& [name, arguments] : *settings) {
      auto& so_far = (*all)[name];
      if (!given.FindConfigurable(name)->is_list) so_far.clear();
      so_far.insert(so_far.end(), arguments.begin(), arguments.end());
    }
  }
  std::vector<std::string> words;
  for (const auto& [name, arguments] : *all) {
    if (given.Has(name) && !given.FindConfigurable(name)->is_list) continue;
    words.insert(words.end(), arguments.begin(), arguments.end());
  }
  return words;
}

}  // namespace daybook
