// Prints what each kind of damage costs.
//   damage_matrix [--exhaustive]
// Columns: cases tried; records of blocks left alone that were not verified; records left alone
// that were not even salvaged; records verified that were never written; per case, records handed
// out with a flag and wrong; salvaged and right, but with times and pids of another block; per
// case, salvaged and right; cases in which any property of oracle.h does not hold. Exit status: 1
// where a property does not hold, 2 wrong usage.
#include <cstdio>
#include <iostream>
#include <string_view>

#include "matrix.h"

int main(int argc, char** argv) {
  using namespace daybook::damage;
  bool exhaustive = ExhaustiveIsAsked();
  std::string_view only;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--exhaustive") {
      exhaustive = true;
    } else if (!argument.starts_with("-") && only.empty()) {
      only = argument;
    } else {
      std::fprintf(stderr, "usage: damage_matrix [--exhaustive] [PART OF A ROW'S NAME]\n");
      return 2;
    }
  }
  constexpr size_t kSample = 1000;
  const Subjects subjects;
  bool fine = true;
  PrintHead(std::cout);
  for (const Trial& trial : subjects.trials()) {
    if (trial.kind.name.find(only) == std::string::npos) continue;
    const Row row = RunTrial(trial, exhaustive ? kAllCases : kSample);
    PrintRow(std::cout, row);
    std::cout.flush();
    fine &= row.broken_cases == 0;
  }
  return fine ? 0 : 1;
}
