#include "rollup/partial.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "log/progress.h"
#include "output/messages.h"
#include "rollup/rollup_builder.h"
#include "rollup/rollup_file.h"
#include "text/whole_number.h"

namespace daybook {
namespace {

constexpr uint64_t kDefaultGroups = 1000;
constexpr std::string_view kSurplus[] = {"--only-exceptions", "--fail-on", "--baseline",
                                         "--section"};

Result<uint64_t> GroupsOf(const Wishes& wishes) {
  const auto text = wishes.Value("--groups");
  if (!text) return kDefaultGroups;
  if (const auto number = WholeNumber<uint64_t>(*text)) return *number;
  return Error(fmt::format("--groups: '{}' is no number", *text));
}

std::string PathOf(const Wishes& wishes) { return std::string(*wishes.Value("--partial")); }

Replace ReplaceOf(const Wishes& wishes) { return Replace{wishes.Has("--replace")}; }

// All records, so that what is missing before the window is not told of its first day. Of the lives
// those of other boots are skipped: a day's numbers are the same without them.
Result<Coverage> Build(const Question& question, const Window& window, RollupBuilder* builder,
                       std::vector<Error>* failures) {
  auto records = LogSet::Open(question.paths, {.window = window, .skips = LogSet::Skips::kNothing});
  if (!records) return std::move(records).error();
  auto log = LogSet::Open(question.paths, {.window = window, .skips = LogSet::Skips::kBoots});
  if (!log) return std::move(log).error();
  if (question.progress != nullptr) {
    question.progress->ExpectNothing();  // of the log that was asked for: these are read instead
    records->Show(question.progress);
    log->Show(question.progress);
  }
  if (Status read = builder->ReadRecords(*records); !read) return std::move(read).error();
  AddFailures(*records, question.log, failures);
  const Question lives{.log = *log, .zone = question.zone, .filter = question.filter};
  return ReadLives(
      lives, [&](const Boot& boot, const Life& life) { return builder->Take(boot, life); },
      [&](const Boot& boot, const Life& life) { builder->SeeLife(boot, life); }, Rests::kOnBirth,
      [&](const Boot& boot, const Life& life, const ShownCpu& before) {
        builder->TakeShown(boot, life, before);
      });
}

Result<uint64_t> WriteFile(const std::string& path, Replace replace, int64_t now_ns,
                           std::span<const DayRollup> rollups) {
  auto file = RollupFile::Create(path, replace, now_ns);
  if (!file) return std::move(file).error();
  for (const DayRollup& rollup : rollups) {
    if (Status added = file->Append(rollup.facts, rollup.groups); !added) break;
  }
  if (Status closed = file->Close(); !closed) return std::move(closed).error();
  return file->rollups();
}

}  // namespace

bool AsksForPartial(const Wishes& wishes) { return wishes.Has("--partial"); }

Status CheckPartial(const Wishes& wishes) {
  if (!AsksForPartial(wishes)) {
    for (const std::string_view option : {"--groups", "--replace"}) {
      if (!wishes.Has(option)) continue;
      return Error(fmt::format("{}: is of use with --partial only", option));
    }
    return Ok{};
  }
  for (const std::string_view option : kSurplus) {
    if (wishes.Has(option)) return Error(fmt::format("{}: does not go with --partial", option));
  }
  if (const auto groups = GroupsOf(wishes); !groups) return groups.error();
  return CheckNewFile(PathOf(wishes), ReplaceOf(wishes));
}

void AddFailures(const LogSet& log, const LogSet& told, std::vector<Error>* failures) {
  for (const LogSet::Failure& failure : log.failures()) {
    const bool is_told = std::ranges::any_of(
        told.failures(), [&](const auto& other) { return other.path == failure.path; });
    if (!is_told) failures->push_back(failure.error);
  }
}

Result<Answer> WritePartial(const Question& question, Page& page) {
  const std::string path = PathOf(question.wishes);
  Window window = question.log.window();
  window.rule = WindowRule::kEnd;
  RollupBuilder builder(window, question.now_ns, question.zone);
  Answer answer;
  auto coverage = Build(question, window, &builder, &answer.failures);
  if (!coverage) return std::move(coverage).error();
  if (coverage->holds_rollups) {
    return Error("what is read holds roll-ups already; 'daybook merge --into' joins them");
  }
  const auto rollups =
      builder.Finish(*GroupsOf(question.wishes), question.wishes.Value(kFiltersWish).value_or(""));
  answer.coverage = *coverage;
  RollupBuilder::Narrow(rollups, &answer.coverage);
  const auto written = WriteFile(path, ReplaceOf(question.wishes), question.now_ns, rollups);
  // A pipe whose reader is gone is no error, as for every output.
  if (!written && written.error().error_number() != EPIPE) return written.error();
  if (path == "-" || question.wishes.Has("--quiet")) {
    PrintCountedTwice("log", answer.coverage, question.zone);
    if (answer.coverage.incomplete()) PrintIncomplete("log", answer.coverage, question.zone);
    return answer;
  }
  page.Begin({.report = "report", .window = window});
  page.AddLine(fmt::format("{}: roll-ups {}, processes {}", path, *written, coverage->used));
  page.Finish(answer.coverage, {});
  return answer;
}

}  // namespace daybook
