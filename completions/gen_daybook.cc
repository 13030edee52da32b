// Prints how a shell completes daybook's command line.
#include "command_line.h"
#include "option_values.h"
#include "raw_options.h"
#include "shells.h"

namespace {

std::vector<std::string> Values(std::string_view verb, std::string_view option) {
  const daybook::Report* report = daybook::FindReport(verb);
  return report != nullptr ? daybook::ValuesOf(*report, option) : std::vector<std::string>();
}

// It is no report.
daybook::Command HelpOf(const daybook::Command& program) {
  daybook::Command help{.name = "help", .text = "What a verb does, and its options."};
  help.operand.kind = daybook::Argument::Kind::kWords;
  for (const daybook::Command& verb : program.verbs) help.operand.words.push_back(verb.name);
  return help;
}

}  // namespace

int main(int argc, char** argv) {
  daybook::Command program;
  daybook::SeeCommandLine([&](const CLI::App& app) { program = daybook::Describe(app, Values); });
  program.verbs.push_back(HelpOf(program));
  return daybook::PrintScript(program, argc, argv);
}
