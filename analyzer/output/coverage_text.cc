#include "output/coverage_text.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "table/cell_text.h"
#include "text/byte_buffer.h"
#include "text/escape.h"

namespace daybook {
namespace {

// What is nothing is not worth a word.
void AppendAny(fmt::format_string<uint64_t&> format, uint64_t number, std::string* line) {
  if (number != 0) *line += fmt::format(format, number);
}

void AppendTimes(const Coverage& coverage, const LocalZone& zone, std::string* line) {
  if (!coverage.first_ns || !coverage.last_ns) {
    *line += "time unknown";
    return;
  }
  zone.AppendForPeople(*coverage.first_ns, line);
  *line += " to ";
  zone.AppendForPeople(*coverage.last_ns, line);
}

void AppendRead(const Coverage& coverage, std::string* line) {
  if (coverage.hosts > 1) *line += fmt::format("; {} hosts", coverage.hosts);
  *line += fmt::format("; boots {}, segments {}, records {}", coverage.boots, coverage.segments,
                       coverage.records);
  AppendAny(", outside the time and not read: segments {}", coverage.skipped_segments, line);
  AppendAny(", parts of others: {} bytes", coverage.skipped_bytes, line);
}

void AppendLives(const LifeCounts& lives, std::string* line) {
  if (lives.processes) {
    *line += fmt::format("; processes {}, running {}, ended unseen {}", *lives.processes,
                         lives.running, lives.ended_unseen);
    AppendAny(", reap late or unseen {}", lives.unreaped, line);
    if (lives.stopped_early) *line += ", not read further than was asked for";
  }
  AppendAny("; filtered {}", lives.filtered, line);
  AppendAny(", of these undated {}", lives.undated, line);
  AppendAny(", of these undecided {}", lives.undecided, line);
}

void AppendMissing(const Coverage& coverage, const LocalZone& zone, std::string* line) {
  AppendAny("; dropped on request {}", coverage.dropped_events, line);
  *line += fmt::format("; lost {}, damaged {} bytes",
                       coverage.lost_events + coverage.missing_records, coverage.damaged_bytes);
  AppendAny(", gaps {}", coverage.gaps, line);
  if (coverage.recording_gaps != 0) {
    *line += fmt::format("; not recorded: times {}, forks {}", coverage.recording_gaps,
                         coverage.missed_forks);
  }
  AppendAny(", forks unseen {}", coverage.unseen_forks, line);
  if (coverage.recorded_twice_us != 0) *line += "; " + CountedTwiceText(coverage, zone);
  AppendAny(", malformed {}", coverage.malformed_records, line);
  AppendAny(", repeated {}", coverage.repeated_records, line);
  AppendAny(", out of order and left out {}", coverage.unordered_records, line);
  AppendAny(", of a newer version {}", coverage.unknown_records, line);
  AppendAny(", holes {} bytes", coverage.hole_bytes, line);
  AppendAny(", torn tail {} bytes", coverage.torn_bytes, line);
  AppendAny(", salvaged and not counted {}", coverage.salvaged_records, line);
  AppendAny(", unreadable files {}", coverage.unreadable_files, line);
}

void AppendRollups(const RollupCoverage& rollups, std::string* line) {
  *line += fmt::format("; roll-ups {}, days with records {}", rollups.rollups, rollups.days);
  AppendAny(", missing days {}", rollups.missing_days, line);
  AppendAny(", given twice and counted once {}", rollups.repeated_rollups, line);
  AppendAny(", partly outside the time and left out {}", rollups.partly_outside, line);
  AppendAny(", damaged sums of processes {}", rollups.missing_processes, line);
  AppendAny(", files cut off {}", rollups.cut_files, line);
  AppendAny(", left out since nothing says of when {}", rollups.unknown_rollups, line);
  AppendAny(", silent about late or unseen reaps {}", rollups.without_unreaped, line);
  if (rollups.mixed_filters) *line += ", not all made with the same filter";
}

// How it was recorded.
void AppendOrigin(const Coverage& coverage, std::string* line) {
  for (std::string_view before = "; filter of the recorder: ";
       const std::string& filter : coverage.filters) {
    *line += std::exchange(before, ", ");
    AppendEscaped(filter, line);
  }
  if (coverage.others_hidden) *line += "; processes of others were hidden from the recorder";
  if (coverage.imported) {
    *line += "; imported from pacct: starts to 1 s, CPU times to 10 ms, parents as at the exit";
  }
}

}  // namespace

std::string CoverageLine(const Coverage& coverage, const LocalZone& zone) {
  std::string line;
  AppendTimes(coverage, zone, &line);
  AppendRead(coverage, &line);
  AppendLives(coverage, &line);
  AppendMissing(coverage, zone, &line);
  if (coverage.rollups) AppendRollups(*coverage.rollups, &line);
  AppendOrigin(coverage, &line);
  return line;
}

std::string OldCoverageLine(const Coverage& coverage, const LocalZone& zone) {
  return "old: " + CoverageLine(coverage, zone);
}

std::string CountedTwiceText(const Coverage& coverage, const LocalZone& zone) {
  ByteBuffer time;
  AppendCellText(Kind::kMicroseconds, coverage.recorded_twice_us, zone, &time);
  return fmt::format("told by two logs and counted twice: {}", time.text());
}

}  // namespace daybook
