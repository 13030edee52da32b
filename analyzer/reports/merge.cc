// What files of roll-ups add up to: of many days, and of many hosts.

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "groups/life_groups.h"
#include "groups/totals_table.h"
#include "log/recorded_times.h"
#include "report.h"
#include "rollup/rollup_file.h"
#include "rollup/rollup_keys.h"
#include "rollup/rollup_reader.h"
#include "table/cell_packing.h"

namespace daybook {
namespace {

std::vector<std::string_view> KeyNames() {
  std::vector<std::string_view> names;
  for (const RollupField& field : RollupFields()) names.push_back(field.column.name);
  return names;
}

constexpr ReportOption kOptions[] = {
    {"--by", "KEY,..",
     "Group by these: host, day, month, comm (default), user, uid, service, container, "
     "wait_status, exit_code, signal, status, core, ok",
     true, KeyNames},
    {"--host", "NAME,..", "Only roll-ups of these hosts", true},
    {.name = "--into",
     .value_name = "FILE",
     .text = "Also write the roll-ups, each once, to this file",
     .names = ReportOption::Names::kOutput},
    {"--replace", "", "Where that file is there already, put the new one in its place"}};

Result<std::vector<Column>> ColumnsFor(const Wishes& wishes) {
  const auto keys = RollupKeys(wishes.Values("--by"));
  if (!keys) return keys.error();
  std::vector<Column> columns;
  for (const RollupField* key : *keys) columns.push_back(key->column);
  // Some groups tell of nothing else.
  constexpr int kBehindShare = 107;
  std::vector<Column> totals = TotalsColumns();
  for (size_t i = 0; i < totals.size(); ++i) {
    if (kTotalsFields[i].needs != Needs::kWithin) continue;
    totals[i].shown = Shown::kAlways;
    totals[i].text_place = kBehindShare;
  }
  return KeyColumns(columns, totals);
}

Status Check(const Wishes& wishes, const FilterClock&) {
  const auto into = wishes.Value("--into");
  if (!into && wishes.Has("--replace")) return Error("--replace: is of use with --into only");
  if (!into) return Ok{};
  if (into == "-") return Error("--into: a file is needed, the table goes to standard output");
  return CheckNewFile(std::string(*into), Replace{wishes.Has("--replace")});
}

// Adds groups of many roll-ups up by some of their keys.
class MergedGroups {
 public:
  MergedGroups(std::vector<const RollupField*> keys, const LocalZone& zone)
      : keys_(std::move(keys)), texts_(zone) {}

  void Add(const RollupFacts& facts, const KeyedTotals& group) {
    if (group.key.folded != 0 && !AreAllOfAll()) of_unknown_groups_ += group.totals.count;
    if (Totals* const totals = Find(facts, group.key)) {
      totals->Merge(group.totals);
    } else {
      folded_.Merge(group.totals);
    }
  }

  // Processes whose groups were given up: some row or other lacks them.
  uint64_t of_unknown_groups() const { return of_unknown_groups_; }

  // Rows of the same rank, and those of roll-ups that do not tell it, are in the order of their CPU
  // time and keys, in whatever order the files are given.
  void FillTable(Table& table) {
    std::vector<Row> rows;
    for (size_t i = 0; i < totals_.size(); ++i) rows.push_back({groups_.Cells(i), i});
    std::ranges::sort(rows, HasLessKey);
    std::ranges::stable_sort(rows, std::ranges::greater(),
                             [&](const Row& row) { return totals_[row.group].MostCpuUs(); });
    std::vector<Totals> totals;
    for (const Row& row : rows) totals.push_back(std::move(totals_[row.group]));
    const auto cells = [&](size_t row) { return rows[row].cells; };
    FillTotals(totals, cells, keys_.size(), folded_, table);
  }

 private:
  struct Row {
    std::vector<Cell> cells;  // of its keys
    size_t group;
  };
  static bool HasLessKey(const Row& a, const Row& b) {
    return std::ranges::lexicographical_compare(
        a.cells, b.cells, [](const Cell& x, const Cell& y) { return CompareCells(x, y) < 0; });
  }

  bool AreAllOfAll() const {
    return std::ranges::all_of(keys_, [](const RollupField* key) { return key->is_of_all; });
  }

  // nullptr for what no key is known of: it stands below all groups.
  Totals* Find(const RollupFacts& facts, const RollupGroupKey& key) {
    packed_.Clear();
    bool has_key = false;
    for (const RollupField* field : keys_) {
      const bool is_given_up = key.folded != 0 && !field->is_of_all;
      has_key = has_key || !is_given_up;
      PackCell(is_given_up ? Cell(Text{kOther}) : field->get(facts, key, texts_), nullptr,
               &packed_);
    }
    if (!has_key) return nullptr;
    const size_t group = groups_.Find(packed_.text());
    if (group == totals_.size()) totals_.emplace_back();
    return &totals_[group];
  }

  std::vector<const RollupField*> keys_;
  LifeTexts texts_;
  CellGroups groups_;
  std::vector<Totals> totals_;
  Totals folded_;
  uint64_t of_unknown_groups_ = 0;
  ByteBuffer packed_;
};

// Where they are to be written, too.
Result<std::optional<RollupFile>> OpenInto(const Question& question) {
  const auto path = question.wishes.Value("--into");
  if (!path) return std::optional<RollupFile>();
  const Replace replace{question.wishes.Has("--replace")};
  auto file = RollupFile::Create(std::string(*path), replace, question.now_ns);
  if (!file) return std::move(file).error();
  return std::optional<RollupFile>(*std::move(file));
}

Result<Answer> RunMerge(const Question& question, Table& table) {
  const auto keys = RollupKeys(question.wishes.Values("--by"));
  if (!keys) return keys.error();
  auto into = OpenInto(question);
  if (!into) return std::move(into).error();
  MergedGroups merged(*keys, question.zone);
  const auto take = [&](const RollupFacts& facts, std::span<const KeyedTotals> groups) -> Status {
    for (const KeyedTotals& group : groups) merged.Add(facts, group);
    return *into ? (*into)->Append(facts, groups) : Status(Ok{});
  };
  RollupReader reader(question.log, question.wishes.Values("--host"), take);
  if (Status read = reader.Read(); !read) return std::move(read).error();
  if (*into) {
    if (Status closed = (*into)->Close(); !closed) return std::move(closed).error();
  }
  merged.FillTable(table);
  const uint64_t of_unknown_groups = merged.of_unknown_groups();
  if (of_unknown_groups != 0) {
    table.AddNote(
        fmt::format("processes in {} that may belong to any row: {}", kOther, of_unknown_groups));
  }
  table.AddNotes(reader.MissingDays());
  table.AddNotes(reader.UnknownHosts());
  if (const auto end = reader.EndBeforeWindow()) table.AddNote(EndLine(*end, question.zone));
  Answer answer{.coverage = reader.coverage(), .facts = {{"other_processes", of_unknown_groups}}};
  answer.failures = reader.failures();
  return answer;
}

}  // namespace

constinit const Report kMergeReport{
    .name = "merge",
    .summary = "What roll-ups of many days and hosts add up to; report --partial writes them.",
    .examples =
        "  daybook report --partial web1-2026-11-20.rollup\n"
        "  daybook merge rollups/ --by month,host --sort month\n"
        "  daybook merge web*.rollup --since 2026-11-01 --until 2026-12-01 --into "
        "november.rollup\n",
    .options = kOptions,
    .check = Check,
    .columns_for = ColumnsFor,
    .default_sort = "-cpu_within_us",
    .repeats = LogSet::Repeats::kKeep,
    .find_files = FindRollupFiles,
    .run = RunMerge,
};

}  // namespace daybook
