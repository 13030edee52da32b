// Prints how a shell completes daybookd's command line.
#include <sstream>

#include "options/option_parser.h"
#include "shells.h"
#include "sources/filter.h"

namespace {

std::vector<std::string> Values(std::string_view, std::string_view option) {
  std::vector<std::string> values;
  if (option != "--events") return values;
  std::istringstream types(daybook::EventTypesText(daybook::kAllTypes));
  for (std::string type; std::getline(types, type, ',');) values.push_back(type);
  return values;
}

}  // namespace

int main(int argc, char** argv) {
  daybook::Command program;
  daybook::SeeCommandLine([&](const CLI::App& app) { program = daybook::Describe(app, Values); });
  return daybook::PrintScript(program, argc, argv);
}
