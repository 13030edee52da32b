#include <fmt/format.h>

#include "shells.h"

namespace daybook {
namespace {

using Kind = Argument::Kind;

std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '\'';
}

// What may stand there, as words or as a command that prints them.
std::string Candidates(const Argument& argument) {
  switch (argument.kind) {
    case Kind::kWords:
      return argument.is_list ? fmt::format("(__fish_complete_list , 'string split , {}')",
                                            fmt::join(argument.words, ","))
                              : fmt::format("{}", fmt::join(argument.words, " "));
    case Kind::kFolder:
      return "(__fish_complete_directories)";
    case Kind::kUser:
      return argument.is_list ? "(__fish_complete_list , __fish_complete_users)"
                              : "(__fish_complete_users)";
    case Kind::kGroup:
      return argument.is_list ? "(__fish_complete_list , __fish_complete_groups)"
                              : "(__fish_complete_groups)";
    case Kind::kNone:
    case Kind::kFile:
    case Kind::kOther:
      break;
  }
  return {};
}

std::string OptionLine(const std::string& start, const CommandOption& option) {
  std::string line = start;
  for (const std::string& name : option.names) {
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  const Kind kind = option.argument.kind;
  if (kind == Kind::kFile) line += " -r -F";
  if (kind != Kind::kFile && kind != Kind::kNone) line += " -x";
  const std::string candidates = Candidates(option.argument);
  if (!candidates.empty()) line += " -a " + Quoted(candidates);
  return line + " -d " + Quoted(option.text) + '\n';
}

}  // namespace

std::string FishScript(const Command& program) {
  std::string script = fmt::format(
      "# Completion of {0} for fish. Made from its table of options when it was built.\n",
      program.name);
  const std::string complete = "complete -c " + program.name;
  const bool has_verbs = !program.verbs.empty();
  const std::string of_program = complete + (has_verbs ? " -n __fish_use_subcommand" : "");
  if (has_verbs || program.operand.kind != Kind::kFile) script += of_program + " -f\n";
  for (const CommandOption& option : program.options) script += OptionLine(of_program, option);
  for (const Command& verb : program.verbs) {
    script += fmt::format("{} -a {} -d {}\n", of_program, verb.name, Quoted(verb.text));
  }
  for (const Command& verb : program.verbs) {
    const std::string of_verb =
        fmt::format("{} -n '__fish_seen_subcommand_from {}'", complete, verb.name);
    if (verb.operand.kind != Kind::kFile) {
      const std::string words = Candidates(verb.operand);
      script += of_verb + " -f" + (words.empty() ? "" : " -a " + Quoted(words)) + '\n';
    }
    for (const CommandOption& option : verb.options) script += OptionLine(of_verb, option);
  }
  return script;
}

}  // namespace daybook
