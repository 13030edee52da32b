// Who became somebody else: each change of a process's real or effective user, with the program
// that made it and the chain of its ancestors.

#include <string>
#include <vector>

#include "columns/life_cells.h"
#include "columns/life_fields.h"
#include "life_log.h"
#include "lives/identity_change.h"
#include "report.h"

namespace daybook {
namespace {

constexpr FieldChoice kFields[] = {
    {"host", 1}, {"proc_id"}, {"start_time", 2}, {"pid", 3}, {"ppid"},     {"uid"},   {"euid"},
    {"user"},    {"status"},  {"comm"},          {"exe"},    {"args", 10}, {"tty", 8}};

std::vector<Column> Columns() {
  std::vector<Column> columns = ColumnsOf(kFields);
  columns.push_back({"from_uid", Kind::kNumber});
  columns.push_back({"from_user", Kind::kUser, 4});
  columns.push_back({"to_uid", Kind::kNumber});
  columns.push_back({"to_user", Kind::kUser, 5});
  columns.push_back({"change", Kind::kString, 6});
  columns.push_back({"changed_by", Kind::kString, 7});
  columns.push_back({"changed_by_exe", Kind::kString});
  columns.push_back({"not_before", Kind::kTime});
  columns.push_back({"not_after", Kind::kTime});
  columns.push_back({"ancestors", Kind::kString, 9});
  return columns;
}

Result<std::vector<Column>> ColumnsFor(const Wishes&) { return Columns(); }

// What is known of the program that made a change.
Life ProgramThatMade(const IdentityChange& change) {
  Life life;
  if (!change.by) return life;
  life.identity.comm = *change.by->comm;
  life.image = change.by->image;
  return life;
}

Result<Answer> RunIdentity(const Question& question, Table& table) {
  LifeTexts texts(question.zone);
  const ChosenFields fields(kFields);
  std::vector<Cell> row;
  std::string ancestors;
  const auto take = [&](const Boot& boot, const Life& life) {
    const std::vector<IdentityChange> changes = FindIdentityChanges(life);
    if (changes.empty()) return LifeUse::kFiltered;
    ancestors.clear();
    AppendAncestors(life, &ancestors);
    for (const IdentityChange& change : changes) {
      const Life by = ProgramThatMade(change);
      row.clear();
      fields.AppendTo(&row, boot, life, texts);
      row.insert(row.end(),
                 {uint64_t{change.from_uid}, AccountCell(change.from_uid, texts.users),
                  uint64_t{change.to_uid}, AccountCell(change.to_uid, texts.users),
                  Text{change.how}, CommCell(by), ExeCell(by), WallTimeCell(boot, change.first_ns),
                  WallTimeCell(boot, change.last_ns), Text{ancestors}});
      table.Add(row);
    }
    return UseFor(table);
  };
  return Answer{.coverage = ReadLives(question, take, nullptr, Rests::kOnAllPrograms)};
}

}  // namespace

constinit const Report kIdentityReport{
    .name = "identity",
    .summary = "Processes that became another user, and who started them.",
    .examples =
        "  daybook identity --since yesterday\n"
        "  daybook identity --filter 'euid == 0 && tty != \"none\"'\n",
    .columns_for = ColumnsFor,
    .default_sort = "start_time",
    .skips = LogSet::Skips::kBoots,
    .window_rule = WindowRule::kEnd,
    .has_window_rule = true,
    .has_filter = true,
    .run = RunIdentity,
};

}  // namespace daybook
