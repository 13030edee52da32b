// Every verb in every format, to the letter. Where a change is meant, run this test with
// DAYBOOK_RENEW_GOLDEN=1 in the environment, and look at what has changed in tests/analyzer/golden.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "night_script.h"
#include "program_runner.h"

namespace daybook {
namespace {

constexpr std::string_view kFormats[] = {"text", "json", "jsonl", "csv", "tsv", "md"};

struct Golden {
  std::string name;
  std::string arguments;          // of files that lie in the current folder
  std::string of_one_table = {};  // in formats that hold only one
};

const Golden kGoldens[] = {
    {"report", "report --log night -S '2026-09-21 14:13' -U '2026-09-21 14:14' -n 3",
     " --section abnormal_ends"},
    {"list", "list --log night -n 3"},
    {"list_programs", "list --log chain --view programs"},
    {"summary", "summary --log night --by user,comm -n 3"},
    {"jobs", "jobs --log night"},
    {"top", "top --log night -n 3"},
    {"tree", "tree --log night --filter 'under(50)' -n 5"},
    {"why", "why 204 --log night"},
    {"why_chain", "why 501 --log chain"},
    {"why_programs", "why 501 --log chain --view programs"},
    {"why_none", "why 999999 --log night"},
    {"ps", "ps --log night --at '2026-09-21 14:13:22'"},
    {"spawn", "spawn --log night"},
    {"spawn_rate", "spawn --log night --view rate"},
    {"spawn_lifetimes", "spawn --log night --view lifetimes"},
    {"failures", "failures --log night --by job,comm"},
    {"diff",
     "diff --log night --old-since '2026-09-21 14:13' --since '2026-09-21 14:13:24' --until "
     "'2026-09-21 14:14'"},
    {"identity", "identity --log night"},
    {"identity_chain", "identity --log chain"},
    {"summary_programs", "summary --log chain --per program"},
    {"summary_many_programs",
     "summary --log many --per program --columns comm,count,cpu,mean_cpu,p50_cpu,p99_cpu,elapsed,"
     "mean_elapsed,p99_elapsed"},
    {"follow", "follow --log night -S @0 -n 3"},
    {"info", "info --log sample.dbk"},
    {"dump", "dump --log sample.dbk -n 4"},
    {"verify", "verify --log damaged.dbk"},
    {"salvage", "salvage damaged.dbk -o salvaged"},
    {"status", "status --log night"},
    {"import", "import pacct -o imported"},
    {"merge", "merge sample.rollup -n 3"},
};

// In a folder of its own, so that no name is another one elsewhere.
class GoldenFolder : public ProgramRunner {
 protected:
  GoldenFolder() {
    std::filesystem::current_path(temp_.path());
    const std::string data = DAYBOOK_TEST_DATA "/";
    for (const std::string name : {"sample.dbk", "sample.rollup"}) {
      std::filesystem::copy_file(data + name, name);
    }
    std::filesystem::copy_file("sample.dbk", "damaged.dbk");
    std::fstream("damaged.dbk", std::ios::in | std::ios::out).seekp(20'000) << "damage";
    Script script("night");
    script.Snapshot();
    RunBackup(script, 6000, 200);
    RunCrashLoop(script, 10'000);
    RunBackup(script, 8000, 210);
    RunLogin(script, 12'000);
    script.log().Close();
    Script chain("chain");
    chain.Snapshot();
    RunChain(chain, 6000);
    chain.log().Close();
    Script many("many");
    many.Snapshot();
    RunManyPrograms(many, 6000);
    many.log().Close();
    (void)Run("export --log night --format pacct -o pacct");
  }
  ~GoldenFolder() override { std::filesystem::current_path("/"); }

  // All that it says.
  std::string Said(const std::string& arguments) const {
    for (const std::string made : {"salvaged", "imported"}) std::filesystem::remove_all(made);
    const Answer answer = Run(arguments);
    std::string said = answer.out;
    if (!answer.err.empty()) said += "[stderr]\n" + answer.err;
    if (answer.status != 0) said += "[exit status " + std::to_string(answer.status) + "]\n";
    return said;
  }

  void ExpectSaid(const std::string& arguments, const std::string& file) const {
    const std::string said = Said(arguments);
    const std::string path = DAYBOOK_GOLDEN_FOLDER "/" + file;
    if (std::getenv("DAYBOOK_RENEW_GOLDEN") != nullptr) std::ofstream(path) << said;
    EXPECT_EQ(said, Slurp(path)) << path;
    EXPECT_NE(said, "");
  }
};

class GoldenTest : public GoldenFolder, public testing::WithParamInterface<Golden> {};

TEST_P(GoldenTest, SaysWhatItSaid) {
  const auto& [name, arguments, of_one_table] = GetParam();
  for (const std::string_view format : kFormats) {
    const bool has_one_table = format == "csv" || format == "tsv";
    ExpectSaid(arguments + (has_one_table ? of_one_table : "") + " --output " + std::string(format),
               name + "." + std::string(format));
  }
}

// Forms of other programs, of which each says all.
struct ExportGolden {
  std::string name;  // of the file, too
  std::string format;
};

class ExportGoldenTest : public GoldenFolder, public testing::WithParamInterface<ExportGolden> {};

TEST_P(ExportGoldenTest, SaysWhatItSaid) {
  ExpectSaid("export --log night --format " + GetParam().format, GetParam().name);
}

INSTANTIATE_TEST_SUITE_P(Formats, ExportGoldenTest,
                         testing::Values(ExportGolden{"export.folded", "folded"},
                                         ExportGolden{"export.trace.json", "trace"}),
                         [](const auto& golden) { return golden.param.format; });

INSTANTIATE_TEST_SUITE_P(Verbs, GoldenTest, testing::ValuesIn(kGoldens),
                         [](const auto& golden) { return golden.param.name; });

}  // namespace
}  // namespace daybook
