#include <fmt/format.h>

#include "shells.h"

namespace daybook {
namespace {

using Kind = Argument::Kind;

// Within single quotes, where `special` characters mean something to _arguments or _describe.
std::string Escaped(std::string_view text, std::string_view special) {
  std::string escaped;
  for (const char c : text) {
    if (special.find(c) != special.npos) escaped += '\\';
    escaped += c == '\'' ? "'\\''" : std::string(1, c);
  }
  return escaped;
}

// What completes it, behind "MESSAGE:".
std::string Action(const Argument& argument) {
  switch (argument.kind) {
    case Kind::kWords:
      return argument.is_list ? fmt::format("_values -s , word {}", fmt::join(argument.words, " "))
                              : fmt::format("({})", fmt::join(argument.words, " "));
    case Kind::kFile:
      return "_files";
    case Kind::kFolder:
      return "_files -/";
    case Kind::kUser:
      return argument.is_list ? "_sequence _users" : "_users";
    case Kind::kGroup:
      return argument.is_list ? "_sequence _groups" : "_groups";
    case Kind::kNone:
    case Kind::kOther:
      break;
  }
  return " ";
}

// "--name=" and "-n+" take what follows at once, or as the next word.
std::string Name(const std::string& name, const Argument& argument) {
  if (argument.kind == Kind::kNone) return name;
  return name + (name.starts_with("--") ? "=" : "+");
}

std::string Spec(const CommandOption& option) {
  std::string others = option.repeats ? "*" : "";
  if (!option.repeats) others = fmt::format("({})", fmt::join(option.names, " "));
  std::string argument;
  if (option.argument.kind != Kind::kNone) argument = ":value:" + Action(option.argument);
  std::string specs;
  for (const std::string& name : option.names) {
    specs += fmt::format(" \\\n        '{}{}[{}]{}'", others, Name(name, option.argument),
                         Escaped(option.text, "[]\\:"), Escaped(argument, ""));
  }
  return specs;
}

std::string Arguments(const Command& command) {
  std::string text = "_arguments";
  for (const CommandOption& option : command.options) text += Spec(option);
  if (command.operand.kind != Kind::kNone) {
    text += fmt::format(" \\\n        '*:operand:{}'", Action(command.operand));
  }
  return text;
}

}  // namespace

std::string ZshScript(const Command& program) {
  std::string script = fmt::format(
      "#compdef {0}\n# Completion of {0} for zsh. Made from its table of options when it was "
      "built.\n\n_{0}() {{\n",
      program.name);
  if (program.verbs.empty()) {
    return script + fmt::format("  {}\n}}\n\n_{} \"$@\"\n", Arguments(program), program.name);
  }
  script += "  local context state state_descr line\n  typeset -A opt_args\n  local -a verbs=(\n";
  for (const Command& verb : program.verbs) {
    script += fmt::format("    '{}:{}'\n", verb.name, Escaped(verb.text, ":\\"));
  }
  script +=
      "  )\n  " +
      Arguments({.name = {}, .text = {}, .options = program.options, .operand = {}, .verbs = {}});
  script +=
      " \\\n        '1:verb:->verb' \\\n        '*::argument:->argument'\n"
      "  case $state in\n    verb) _describe verb verbs ;;\n    argument)\n      case $words[1] "
      "in\n";
  for (const Command& verb : program.verbs) {
    script += fmt::format("      {})\n        {}\n        ;;\n", verb.name, Arguments(verb));
  }
  return script + fmt::format("      esac\n      ;;\n  esac\n}}\n\n_{} \"$@\"\n", program.name);
}

}  // namespace daybook
