// A program's command line, as a shell's completion has to know it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace daybook {

struct Argument {
  enum class Kind { kNone, kWords, kFile, kFolder, kUser, kGroup, kOther };
  Kind kind = Kind::kNone;
  std::vector<std::string> words;  // of kWords
  bool is_list = false;            // with commas between
};

struct CommandOption {
  std::vector<std::string> names;  // with their dashes
  std::string text;
  Argument argument;
  bool repeats = false;  // may be given more than once
};

// The program itself, or one of its verbs.
struct Command {
  std::string name;
  std::string text;
  std::vector<CommandOption> options;
  Argument operand;  // what stands there without a dash
  std::vector<Command> verbs;
};

// What may stand behind an option of a verb; empty where that is no list.
using ValuesFunction =
    std::function<std::vector<std::string>(std::string_view verb, std::string_view option)>;

// Where there are no values, the name of the option's type says what stands behind it: "FILE" or
// "a|b".
Command Describe(const CLI::App& app, const ValuesFunction& values);

}  // namespace daybook
