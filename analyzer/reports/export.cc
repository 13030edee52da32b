// The log in the formats of other programs.

#include <bit>

#include "life_log.h"
#include "pacct/pacct.h"
#include "pacct/pacct_lives.h"
#include "report.h"
#include "reports/export_styles.h"

namespace daybook {
namespace {

// In the byte order of this host: what reads such files knows no other.
Result<Answer> WritePacct(const Question& question) {
  OutputFile& file = *question.output;
  const Coverage coverage = ReadLives(question, [&](const Boot& boot, const Life& life) {
    if (life.state != LifeState::kEnded) return LifeUse::kFiltered;
    PacctRecord record = ExportPacct(boot, life);
    record.big_endian = std::endian::native == std::endian::big;
    const auto bytes = EncodePacct(record);
    file.buffer().append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    file.Written();
    return file.closed() ? LifeUse::kLastUsed : LifeUse::kUsed;
  });
  return Answer{.coverage = coverage};
}

constexpr Style kFormats[] = {
    {.name = "pacct",
     .summary = "process accounting records of version 3, as sa(8) and lastcomm(1) read them",
     .is_binary = true,
     .write = WritePacct},
    {.name = "folded",
     .summary = "what processes cost by the names of their ancestors, for flame graphs",
     .option = kWeighOption,
     .write = WriteFolded},
    {.name = "trace",
     .summary = "processes as bars over time, as Perfetto and chrome://tracing load them",
     .write = WriteTrace}};

constexpr ReportOption kOptions[] = {
    {kWeighOption, "WEIGHT", "Of folded: what is added up (default: cpu)", false, WeightNames}};

}  // namespace

constinit const Report kExportReport{
    .name = "export",
    .summary = "The processes in the format of other programs.",
    .examples =
        "  daybook export --format pacct -S yesterday -U today -o pacct && sa -i pacct\n"
        "  daybook export --format pacct | lastcomm -f -\n"
        "  daybook export --format folded --filter 'descends_from(comm == \"make\")' | "
        "flamegraph.pl\n"
        "  daybook export --format trace -S -1h -o build.json    # for https://ui.perfetto.dev\n",
    .columns = {},
    .options = kOptions,
    .default_sort = "",
    .skips = LogSet::Skips::kBoots,
    .window_rule = WindowRule::kEnd,
    .has_window_rule = true,
    .has_filter = true,
    .styles = kFormats,
};

}  // namespace daybook
