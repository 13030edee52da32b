// Writes a sample of damaged files for other readers to read.
//   write_cases FOLDER COUNT
// The folder gets about COUNT files case-<number>.dbk or .dbk.zst, some of every kind of damage,
// the same on every run; and manifest.jsonl, with a line
// {"file":...,"kind":...,"case":...,"text":...} for each. Exit status: 0 written, 1 not, 2 wrong
// usage.
//   write_cases FOLDER ROW CASE
// Only that case of that row of the damage matrix, to look at.
#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "matrix.h"

namespace daybook::damage {
namespace {

bool WriteFile(const std::filesystem::path& path, const std::vector<uint8_t>& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  return file.flush().good();
}

// Of the case with that number, of which `number` were written before.
bool WriteCase(const std::filesystem::path& folder, const Trial& trial, size_t index, size_t number,
               std::ofstream& manifest) {
  const Damaged damaged = trial.kind.make(index);
  const std::string name = fmt::format("case-{:06}.dbk{}", number, trial.compressed ? ".zst" : "");
  manifest << fmt::format(R"({{"file":"{}","kind":"{}","case":{},"text":"{}"}})", name,
                          trial.kind.name, index, damaged.text)
           << '\n';
  return WriteFile(folder / name, damaged.bytes) && manifest.good();
}

bool WriteSample(const std::filesystem::path& folder, size_t count) {
  const Subjects subjects;
  std::ofstream manifest(folder / "manifest.jsonl");
  const size_t sample = std::max<size_t>(count / subjects.trials().size(), 2);
  size_t number = 0;
  for (const Trial& trial : subjects.trials()) {
    for (const size_t index : CasesOf(trial.kind.count, sample)) {
      if (!WriteCase(folder, trial, index, number++, manifest)) return false;
    }
  }
  return manifest.flush().good();
}

bool WriteOne(const std::filesystem::path& folder, std::string_view row, size_t index) {
  const Subjects subjects;
  std::ofstream manifest(folder / "manifest.jsonl");
  for (const Trial& trial : subjects.trials()) {
    if (trial.kind.name != row || index >= trial.kind.count) continue;
    return WriteCase(folder, trial, index, 0, manifest) && manifest.flush().good();
  }
  return false;
}

}  // namespace
}  // namespace daybook::damage

int main(int argc, char** argv) {
  using namespace daybook::damage;
  const unsigned long long number =
      argc == 3 || argc == 4 ? std::strtoull(argv[argc - 1], nullptr, 10) : 0;
  if (argc != 4 && number == 0) {
    fmt::print(stderr, "usage: write_cases FOLDER COUNT | write_cases FOLDER ROW CASE\n");
    return 2;
  }
  if (argc == 4 ? WriteOne(argv[1], argv[2], number) : WriteSample(argv[1], number)) return 0;
  fmt::print(stderr, "write_cases: no such case, or cannot write to {}\n", argv[1]);
  return 1;
}
