#include "command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>
#include <utility>

namespace daybook {
namespace {

using Kind = Argument::Kind;

// "auto|replay:FILE": a part that goes on with a name is completed up to there.
std::vector<std::string> Alternatives(const std::string& type) {
  std::vector<std::string> words;
  std::istringstream parts(type);
  for (std::string part; std::getline(parts, part, '|');) {
    words.push_back(part.substr(0, part.find(':') + 1));
    if (words.back().empty()) words.back() = part;
  }
  return words;
}

// "NAME,..": more of them with commas between.
Argument ArgumentOf(const CLI::Option& option, std::vector<std::string> values,
                    std::string_view name) {
  Argument argument{.kind = Kind::kOther, .words = std::move(values), .is_list = false};
  std::string type = option.get_type_name();
  type = type.substr(0, type.find(','));
  argument.is_list = option.get_delimiter() != '\0' || type == "LIST";
  if (!argument.words.empty()) {
    argument.kind = Kind::kWords;
  } else if (type.find('|') != type.npos) {
    argument = {.kind = Kind::kWords, .words = Alternatives(type)};
  } else if (type == "PATH" || type == "FILE") {
    argument.kind = Kind::kFile;
  } else if (type == "DIR" || type == "FOLDER") {
    argument.kind = Kind::kFolder;
  } else if (type == "USER" || name == "--user") {
    argument.kind = Kind::kUser;
  } else if (name == "--group") {
    argument.kind = Kind::kGroup;
  }
  return argument;
}

void AddNames(const CLI::Option& option, std::vector<std::string>* names) {
  for (const std::string& name : option.get_snames()) names->push_back('-' + name);
  for (const std::string& name : option.get_lnames()) names->push_back("--" + name);
}

}  // namespace

Command Describe(const CLI::App& app, const ValuesFunction& values) {
  Command command{.name = app.get_name(), .text = app.get_description()};
  for (const CLI::Option* option : app.get_options()) {
    CommandOption described{.text = option->get_description()};
    AddNames(*option, &described.names);
    const std::string name = described.names.empty() ? "" : described.names.back();
    if (option->get_items_expected_max() != 0) {
      described.argument = ArgumentOf(*option, values(command.name, name), name);
    }
    described.repeats = option->get_items_expected_max() > 1;
    if (option->get_positional()) command.operand = described.argument;
    if (!described.names.empty()) command.options.push_back(std::move(described));
  }
  for (const CLI::App* verb : app.get_subcommands({})) {
    command.verbs.push_back(Describe(*verb, values));
  }
  return command;
}

}  // namespace daybook
