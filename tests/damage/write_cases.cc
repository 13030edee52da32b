// Writes a sample of damaged files for other readers to read.
//   write_cases FOLDER COUNT
// The folder gets about COUNT files case-<number>.dbk or .dbk.zst, some of every kind of damage,
// the same on every run; and manifest.jsonl, with a line
// {"file":...,"kind":...,"case":...,"text":...} for each. Exit status: 0 written, 1 not, 2 wrong
// usage.
#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "matrix.h"

namespace daybook::damage {
namespace {

bool WriteFile(const std::filesystem::path& path, const std::vector<uint8_t>& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  return file.flush().good();
}

bool WriteCases(const std::filesystem::path& folder, size_t count) {
  const Subjects subjects;
  std::ofstream manifest(folder / "manifest.jsonl");
  const size_t sample = std::max<size_t>(count / subjects.trials().size(), 2);
  size_t number = 0;
  for (const Trial& trial : subjects.trials()) {
    const Kind& kind = trial.kind;
    for (const size_t index : CasesOf(kind.count, sample)) {
      const Damaged damaged = kind.make(index);
      const std::string name =
          fmt::format("case-{:06}.dbk{}", number++, trial.compressed ? ".zst" : "");
      if (!WriteFile(folder / name, damaged.bytes)) return false;
      manifest << fmt::format(R"({{"file":"{}","kind":"{}","case":{},"text":"{}"}})", name,
                              kind.name, index, damaged.text)
               << '\n';
    }
  }
  return manifest.flush().good();
}

}  // namespace
}  // namespace daybook::damage

int main(int argc, char** argv) {
  const unsigned long long count = argc == 3 ? std::strtoull(argv[2], nullptr, 10) : 0;
  if (count == 0) {
    fmt::print(stderr, "usage: write_cases FOLDER COUNT\n");
    return 2;
  }
  if (daybook::damage::WriteCases(argv[1], count)) return 0;
  fmt::print(stderr, "write_cases: cannot write all files to {}\n", argv[1]);
  return 1;
}
