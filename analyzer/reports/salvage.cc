// Writes what is left of a damaged log as a clean one, and tells what became of each segment.

#include "daybook/salvage.h"

#include <array>
#include <optional>
#include <string>

#include "exit_status.h"
#include "report.h"

namespace daybook {
namespace {

constexpr Column kColumns[] = {
    {"file", Kind::kString, 1},           {"segment_no", Kind::kNumber},
    {"written_as", Kind::kString, 2},     {"bytes", Kind::kBytes, 3},
    {"verified", Kind::kNumber, 4},       {"salvaged", Kind::kNumber, 5},
    {"left_out", Kind::kNumber, 6},       {"lost", Kind::kNumber, 7},
    {"unproved_bytes", Kind::kNumber, 8}, {"gaps", Kind::kNumber, 9},
};

bool HasLost(const SalvagedSegment& segment) {
  return segment.gaps != 0 || segment.lost != 0 || segment.left_out != 0;
}

void AddRow(const SalvagedSegment& segment, Table& table) {
  const std::array<Cell, std::size(kColumns)> cells = {
      TextCell(segment.path), OptionalCell(segment.segment_no),
      TextCell(segment.name), segment.bytes,
      segment.verified,       segment.salvaged,
      segment.left_out,       segment.lost,
      segment.unproved_bytes, segment.gaps,
  };
  table.Add(cells);
}

Result<Answer> RunSalvage(const Question& question, Table& table) {
  LogSet& log = question.log;
  LogSalvager salvager(question.folder, {.unproved = question.salvaged});
  int status = kExitFine;
  while (const Item* const item = log.Next()) {
    auto finished = salvager.Take(*item, log.path(), log.segment());
    if (!finished) return std::move(finished).error();
    if (!*finished) continue;
    AddRow(**finished, table);
    if (HasLost(**finished)) status = kExitIncomplete;
  }
  if (Status durable = salvager.Finish(); !durable) return std::move(durable).error();
  Coverage coverage = log.coverage();
  coverage.tells_unknown = true;
  if (coverage.incomplete()) status = kExitIncomplete;
  return Answer{.coverage = coverage, .exit_status = status};
}

}  // namespace

constinit const Report kSalvageReport{
    .name = "salvage",
    .summary = "Writes what is left of a damaged log as a clean one into a new folder.",
    .examples =
        "  daybook salvage /var/log/daybook -o /tmp/salvaged\n"
        "  daybook salvage --salvaged daybook-00000007.dbk -o salvaged\n",
    .columns = kColumns,
    .default_sort = "",
    .repeats = LogSet::Repeats::kKeep,
    .has_window = false,
    .has_salvaged = true,
    .counts_salvaged = true,
    .writes_folder = true,
    .run = RunSalvage,
};

}  // namespace daybook
