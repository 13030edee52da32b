#include <fmt/format.h>

#include <map>

#include "shells.h"

namespace daybook {
namespace {

using Kind = Argument::Kind;

// As the function below takes it: what is to be completed, then the words.
std::string Takes(const Argument& argument) {
  constexpr std::string_view kKinds[] = {"", "words", "file", "folder", "user", "group", "other"};
  std::string text(kKinds[static_cast<size_t>(argument.kind)]);
  if (argument.is_list) text += "-list";
  for (const std::string& word : argument.words) text += ' ' + word;
  return text;
}

// Short names only where there is no long one: they are as quickly typed.
std::string OptionNames(const Command& command) {
  std::string names = "words";
  for (const CommandOption& option : command.options) names += ' ' + option.names.back();
  return names;
}

void AddCases(const std::map<std::string, std::string>& patterns_of, std::string* script) {
  for (const auto& [takes, patterns] : patterns_of) {
    *script += fmt::format("    {})\n      takes='{}'\n      ;;\n", patterns, takes);
  }
}

void AddPattern(std::string* patterns, const std::string& pattern) {
  patterns->append(patterns->empty() ? "" : " | ").append('\'' + pattern + '\'');
}

// Behind which options something stands, by what that is.
void AddArguments(const Command& command, std::map<std::string, std::string>* patterns_of,
                  const std::string& verb) {
  for (const CommandOption& option : command.options) {
    if (option.argument.kind == Kind::kNone) continue;
    for (const std::string& name : option.names) {
      AddPattern(&(*patterns_of)[Takes(option.argument)], fmt::format("{} {}", verb, name));
    }
  }
}

constexpr std::string_view kHead =
    R"(# Completion of {0} for bash. Made from its table of options when it was built.

_{0}() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} option=${{COMP_WORDS[COMP_CWORD - 1]}}
  local verb='' takes='' before=''
  # Of "--option=word" each part stands by itself.
  if [[ $word == = ]]; then
    word=
  elif [[ $option == = ]]; then
    option=${{COMP_WORDS[COMP_CWORD - 2]}}
  fi
)";

constexpr std::string_view kTail = R"(  if [[ ${takes%% *} == *-list && $word == *,* ]]; then
    before=${word%,*},
    word=${word##*,}
  fi
  local -a generate=()
  case $takes in
    words*) generate=(-W "${takes#* }") ;;
    file*) generate=(-f) ;;
    folder*) generate=(-d) ;;
    user*) generate=(-u) ;;
    group*) generate=(-g) ;;
  esac
  COMPREPLY=()
  ((${#generate[@]})) || return 0
  mapfile -t COMPREPLY < <(compgen -P "$before" "${generate[@]}" -- "$word")
  case ${takes%% *} in
    file* | folder*) compopt -o filenames 2>/dev/null ;;
    *-list) compopt -o nospace 2>/dev/null ;;
  esac
  return 0
}

)";

}  // namespace

std::string BashScript(const Command& program) {
  std::string script = fmt::format(kHead, program.name);
  const bool has_verbs = !program.verbs.empty();
  if (has_verbs) script += "  ((COMP_CWORD > 1)) && verb=${COMP_WORDS[1]}\n";
  std::map<std::string, std::string> arguments;
  AddArguments(program, &arguments, "");
  for (const Command& verb : program.verbs) AddArguments(verb, &arguments, verb.name);
  script += "  case \"$verb $option\" in\n";
  AddCases(arguments, &script);
  script += "  esac\n  if [[ -z $takes && $word == -* ]]; then\n    case $verb in\n";
  std::map<std::string, std::string> options;
  std::map<std::string, std::string> operands;
  AddPattern(&options[OptionNames(program)], "");
  for (const Command& verb : program.verbs) {
    AddPattern(&options[OptionNames(verb)], verb.name);
    if (verb.operand.kind != Kind::kNone) AddPattern(&operands[Takes(verb.operand)], verb.name);
  }
  if (has_verbs) {
    Argument verbs{.kind = Kind::kWords};
    for (const Command& verb : program.verbs) verbs.words.push_back(verb.name);
    AddPattern(&operands[Takes(verbs)], "");
  }
  AddCases(options, &script);
  script += "    esac\n";
  if (!operands.empty()) {
    script += "  elif [[ -z $takes ]]; then\n    case $verb in\n";
    AddCases(operands, &script);
    script += "    esac\n";
  }
  script += "  fi\n";
  script += kTail;
  return script + fmt::format("complete -F _{0} {0}\n", program.name);
}

}  // namespace daybook
