// Who became somebody else: processes that run as another user than they were born as, or act as
// another one, with the chain of their ancestors.

#include <string>
#include <vector>

#include "life_fields.h"
#include "life_log.h"
#include "report.h"

namespace daybook {
namespace {

constexpr size_t kMaxShownAncestors = 8;

constexpr FieldChoice kFields[] = {{"host"}, {"proc_id"}, {"start_time", 1}, {"pid", 2}, {"ppid"},
                                   {"uid"},  {"euid"},    {"user", 4},       {"status"}, {"comm"},
                                   {"exe"},  {"args", 7}, {"tty", 5}};

std::vector<Column> Columns() {
  std::vector<Column> columns = ColumnsOf(kFields);
  columns.push_back({"from_uid", Kind::kNumber});
  columns.push_back({"from_user", Kind::kUser, 3});
  columns.push_back({"change", Kind::kString});
  columns.push_back({"ancestors", Kind::kString, 6});
  return columns;
}

Result<std::vector<Column>> ColumnsFor(const Wishes&, const FilterClock&) { return Columns(); }

struct Change {
  uint32_t from_uid;
  std::string_view how;
};

// setuid: its real user is another one than at birth. effective: it acts as another one than its
// real user, as a set-user-ID program does.
std::optional<Change> FindChange(const Life& life) {
  const Identity& ids = life.identity;
  if (!ids.uid) return std::nullopt;
  if (life.birth_uid && *life.birth_uid != *ids.uid) return Change{*life.birth_uid, "setuid"};
  if (ids.euid && *ids.euid != *ids.uid) return Change{*ids.uid, "effective"};
  return std::nullopt;
}

// "bash < sshd < systemd"
void AppendAncestors(const Life& life, std::string* out) {
  const Life* at = life.parent.get();
  for (size_t shown = 0; at != nullptr; at = at->parent.get(), ++shown) {
    if (shown != 0) out->append(" < ");
    if (shown == kMaxShownAncestors) {
      out->append("...");
      return;
    }
    out->append(at->identity.comm.value_or("?"));
  }
}

Result<Answer> RunIdentity(const Question& question, Table& table) {
  LifeTexts texts(question.zone);
  const ChosenFields fields(kFields);
  std::vector<Cell> row;
  std::string ancestors;
  const Coverage coverage = ReadLives(question, [&](const Boot& boot, const Life& life) {
    const auto change = FindChange(life);
    if (!change) return true;
    row.clear();
    ancestors.clear();
    fields.AppendTo(&row, boot, life, texts);
    AppendAncestors(life, &ancestors);
    const std::string* from = texts.users.Find(change->from_uid);
    const uint64_t from_uid = change->from_uid;
    row.push_back(from_uid);
    row.push_back(from != nullptr ? Cell(Text{*from}) : Cell(from_uid));
    row.push_back(Text{change->how});
    row.push_back(Text{ancestors});
    table.Add(row);
    return !table.full();
  });
  return Answer{.coverage = coverage};
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
    .has_filter = true,
    .run = RunIdentity,
};

}  // namespace daybook
