// Every process, one a row, newest first.

#include <array>
#include <string>

#include "life_cells.h"
#include "names.h"
#include "report.h"

namespace daybook {
namespace {

constexpr Column kColumns[] = {
    {"host", Kind::kString},
    {"boot_id", Kind::kString},
    {"proc_id", Kind::kString},
    {"pid", Kind::kNumber, 2},
    {"start_time", Kind::kTime, 1},
    {"start_ns", Kind::kNumber},
    {"end_time", Kind::kTime},
    {"end_ns", Kind::kNumber},
    {"elapsed_us", Kind::kMicroseconds, 6},
    {"ppid", Kind::kNumber, 3},
    {"parent_id", Kind::kString},
    {"exit_ppid", Kind::kNumber},
    {"comm", Kind::kString, 13},
    {"exe", Kind::kString},
    {"args", Kind::kArguments, 14},
    {"uid", Kind::kNumber},
    {"euid", Kind::kNumber},
    {"gid", Kind::kNumber},
    {"user", Kind::kUser, 4},
    {"sid", Kind::kNumber},
    {"tty", Kind::kString, 5},
    {"cgroup", Kind::kString},
    {"wait_status", Kind::kNumber},
    {"exit_code", Kind::kNumber, 10},
    {"signal", Kind::kSignal, 11},
    {"core", Kind::kBool},
    {"utime_us", Kind::kMicroseconds},
    {"stime_us", Kind::kMicroseconds},
    {"cpu_us", Kind::kMicroseconds, 7},
    {"maxrss_kib", Kind::kKibibytes, 8},
    {"minflt", Kind::kNumber},
    {"majflt", Kind::kNumber},
    {"nvcsw", Kind::kNumber},
    {"nivcsw", Kind::kNumber},
    {"image_maxrss_kib", Kind::kKibibytes},
    {"rchar_bytes", Kind::kNumber},
    {"wchar_bytes", Kind::kNumber},
    {"read_bytes", Kind::kNumber},
    {"write_bytes", Kind::kNumber},
    {"zombie_us", Kind::kMicroseconds},
    {"exact", Kind::kBool},
    {"execs", Kind::kNumber},
    {"state", Kind::kString, 9},
    {"proof", Kind::kString, 12, Shown::kSalvaged},
    {"newest", Kind::kNumber, 0, Shown::kNever},
};

// A row under construction: owns what its cells point to.
class ListRow {
 public:
  using Cells = std::array<Cell, std::size(kColumns)>;

  // Valid until the next call.
  Cells Fill(const Boot& boot, const Life& life);

 private:
  Cell UserCell(const Life& life);
  Cell TerminalCell(const Life& life);
  Cell CgroupCell(const Life& life);
  Cell ParentIdCell(const Boot& boot, const Life& life);
  Cell ProcessIdCell(const Boot& boot, const Life& life);

  UserNames users_;
  std::string process_id_;
  std::string parent_id_;
  std::string terminal_;
  std::string cgroup_;
};

// Orders lives: the running ones first, the youngest of them at the top, then by the end, or by
// the last sign of life. Wall-clock nanoseconds stay below kRunning until the year 2116.
int64_t Newest(const Boot& boot, const Life& life) {
  constexpr int64_t kRunning = int64_t{1} << 62;
  const bool is_running = life.state == LifeState::kRunning;
  const uint64_t moment = is_running ? life.start_ns : life.end_ns.value_or(life.last_seen_ns);
  const auto boot_moment = static_cast<int64_t>(moment & INT64_MAX);
  const int64_t key = boot.clock.ToRealtime(moment).value_or(boot_moment) % kRunning;
  return is_running ? kRunning + key : key;
}

ListRow::Cells ListRow::Fill(const Boot& boot, const Life& life) {
  const Identity& ids = life.identity;
  const Usage& usage = life.usage;
  return {
      boot.host ? Cell(Text{*boot.host}) : Cell(),
      boot.boot_id ? Cell(Text{boot.boot_text}) : Cell(),
      ProcessIdCell(boot, life),
      uint64_t{life.pid},
      WallTimeCell(boot, life.start_ns),
      life.start_ns,
      WallTimeCell(boot, life.end_ns),
      OptionalCell(life.end_ns),
      OptionalCell(ElapsedUs(life)),
      OptionalCell(life.ppid),
      ParentIdCell(boot, life),
      OptionalCell(life.exit_ppid),
      CommCell(life),
      ExeCell(life),
      ArgumentsCell(life),
      OptionalCell(ids.uid),
      OptionalCell(ids.euid),
      OptionalCell(ids.gid),
      UserCell(life),
      OptionalCell(ids.sid),
      TerminalCell(life),
      CgroupCell(life),
      OptionalCell(life.wait_status),
      ExitCodeCell(life),
      SignalCell(life),
      CoreCell(life),
      OptionalCell(usage.utime_us),
      OptionalCell(usage.stime_us),
      OptionalCell(usage.cpu_us),
      OptionalCell(usage.maxrss_kib),
      OptionalCell(usage.minflt),
      OptionalCell(usage.majflt),
      OptionalCell(usage.nvcsw),
      OptionalCell(usage.nivcsw),
      OptionalCell(usage.image_maxrss_kib),
      OptionalCell(usage.rchar_bytes),
      OptionalCell(usage.wchar_bytes),
      OptionalCell(usage.read_bytes),
      OptionalCell(usage.write_bytes),
      OptionalCell(usage.zombie_us),
      life.state == LifeState::kEnded ? Cell((life.flags & kProcUsageExact) != 0) : Cell(),
      OptionalCell(life.execs),
      StateCell(life),
      Text{ProofName(life.proof)},
      Newest(boot, life),
  };
}

Cell ListRow::UserCell(const Life& life) {
  if (!life.identity.uid) return std::monostate();
  if (const std::string* name = users_.Find(*life.identity.uid)) return Text{*name};
  return uint64_t{*life.identity.uid};
}

Cell ListRow::TerminalCell(const Life& life) {
  if (!life.identity.tty) return std::monostate();
  terminal_ = TerminalName(*life.identity.tty);
  return Text{terminal_};
}

// Its id, as long as logs do not tell what the ids stand for.
Cell ListRow::CgroupCell(const Life& life) {
  if (!life.identity.cgroup_id) return std::monostate();
  cgroup_ = std::to_string(*life.identity.cgroup_id);
  return Text{cgroup_};
}

Cell ListRow::ParentIdCell(const Boot& boot, const Life& life) {
  parent_id_.clear();
  if (!life.ppid || !life.parent_start_ns ||
      !AppendProcessId(boot, *life.ppid, *life.parent_start_ns, &parent_id_)) {
    return std::monostate();
  }
  return Text{parent_id_};
}

Cell ListRow::ProcessIdCell(const Boot& boot, const Life& life) {
  process_id_.clear();
  if (!AppendProcessId(boot, life.pid, life.start_ns, &process_id_)) return std::monostate();
  return Text{process_id_};
}

Result<Answer> RunList(const Question& question, Table& table) {
  ListRow row;
  const Coverage coverage = ReadLives(question.log, [&](const Boot& boot, const Life& life) {
    table.Add(row.Fill(boot, life));
    return !table.full();
  });
  return Answer{.coverage = coverage};
}

}  // namespace

constinit const Report kListReport{
    .name = "list",
    .summary = "Every process: who, when, from whom, at what cost, and how it ended.",
    .examples =
        "  daybook list --since yesterday --until today\n"
        "  daybook list -S -1h --sort -cpu_us -n 20\n"
        "  daybook list --output jsonl --columns comm,args,exit_code\n",
    .columns = kColumns,
    .default_sort = "-newest",
    .skips = LogSet::Skips::kBoots,
    .has_salvaged = true,
    .run = RunList,
};

}  // namespace daybook
