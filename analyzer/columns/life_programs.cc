#include "columns/life_programs.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "lives/program_chain.h"

namespace daybook {
namespace {

constexpr FieldChoice kOfProcess[] = {{"host", 1}, {"boot_id"}, {"proc_id"},
                                      {"pid", 3},  {"ppid"},    {"parent_id"}};
constexpr Column kNumbers[] = {
    {"program", Kind::kNumber, 4}, {"of", Kind::kNumber, 5}, {"count", Kind::kNumber}};
constexpr FieldChoice kOfProgram[] = {{"start_time", 6}, {"end_time"}, {"elapsed", 7}, {"cpu", 8},
                                      {"comm", 10},      {"exe"},      {"args", 11},   {"uid"},
                                      {"euid"},          {"gid"},      {"user", 9},    {"sid"},
                                      {"tty"},           {"cgroup"},   {"service"},    {"status"}};

std::optional<uint64_t> CpuBetween(const std::optional<uint64_t>& begin_us,
                                   const std::optional<uint64_t>& end_us) {
  if (!begin_us || !end_us || *end_us < *begin_us) return std::nullopt;
  return *end_us - *begin_us;
}

// The only one of a process that has executed none, as far as the log tells. Where it may have
// executed one, what is known is of that, and not of its birth.
ProgramStart OnlyStart(const Life& life) {
  ProgramStart start{.image = life.image, .identity = life.identity, .cpu_us = 0};
  const bool is_one = life.execs || (life.flags & kProcNeverExeced) != 0;
  if (!is_one) {
    start.count.reset();
    return start;
  }
  if (life.birth_uid) start.identity.uid = life.birth_uid;
  if (life.birth_euid) start.identity.euid = life.birth_euid;
  return start;
}

// What is the same for all programs of a process.
void SetProcess(const Life& life, Life* program) {
  program->pid = life.pid;
  program->birth_seen = life.birth_seen;
  program->ppid = life.ppid;
  program->parent_start_ns = life.parent_start_ns;
  program->flags = life.flags;
  program->execs = life.execs;
  program->proof = life.proof;
  program->parent = life.parent;
}

// Of the last one.
void SetEnd(const Life& life, Life* program) {
  program->state = life.state;
  program->end_ns = life.end_ns;
  program->exit_ppid = life.exit_ppid;
  program->wait_status = life.wait_status;
  program->is_unreaped = life.is_unreaped;
  program->last_seen_ns = life.last_seen_ns;
  program->identity.comm = life.identity.comm;
  if (!life.acct) ForgetUncounted(life.flags, &program->usage);
}

}  // namespace

bool HasReplacedProgram(const Life& life) {
  if (!life.programs) return false;
  const auto starts = std::as_const(*life.programs).starts();
  return starts.size() > 2 || !starts.front().count;
}

void LifePrograms::Find(const Life& life) {
  const ProgramStart only = life.programs ? ProgramStart{} : OnlyStart(life);
  const std::span<const ProgramStart> starts =
      life.programs ? std::as_const(*life.programs).starts() : std::span(&only, 1);
  uint64_t before = 0;
  for (size_t i = 0; i < starts.size(); ++i) {
    const bool is_newest = i + 1 == starts.size();
    const auto& end_us = is_newest ? life.usage.cpu_us : starts[i + 1].cpu_us;
    RanProgram& program = programs_.emplace_back();
    program.number = before + 1;
    program.is_newest = is_newest;
    program.count = starts[i].count;
    before += program.count.value_or(1);
    SetProcess(life, &program.life);
    program.life.start_ns = i == 0 ? life.start_ns : starts[i].since_ns;
    program.life.coarse_start = i == 0 && life.coarse_start;
    program.life.image = starts[i].image;
    program.life.identity = starts[i].identity;
    program.life.usage.cpu_us = CpuBetween(starts[i].cpu_us, end_us);
    if (is_newest) {
      SetEnd(life, &program.life);
    } else {
      // Only in a tick the kernel brings it up to date.
      program.is_uncounted = program.life.usage.cpu_us == 0U;
      if (program.is_uncounted) program.life.usage.cpu_us.reset();
      program.life.state = LifeState::kEnded;
      program.life.end_ns = program.life.last_seen_ns = starts[i + 1].since_ns;
    }
  }
  if (!programs_.front().count) return;
  for (RanProgram& program : programs_) program.of = before;
}

void MergedPrograms::Note(const RanProgram& program) {
  if (program.count.value_or(1) == 1) return;
  ++rows_;
  programs_ += *program.count;
}

void MergedPrograms::AddNote(Table& table, std::vector<NamedFact>* facts) const {
  if (rows_ == 0) return;
  table.AddNote(
      fmt::format("programs of processes that ran many, told as one of each: {}", programs_));
  facts->insert(facts->end(), {{"merged_rows", rows_}, {"merged_programs", programs_}});
}

bool IsToldOfPrograms(const LifeField& field) {
  constexpr std::string_view kOthers[] = {
      "group",    "session",     "container", "day",    "hour",         "job", "spawner",
      "job_kind", "wait_status", "exit_code", "signal", "core",         "ok",  "failed",
      "state",    "running",     "ended",     "lost",   "kernel_thread"};
  const auto is_it = [&](const FieldChoice& choice) {
    return FindLifeField(choice.name) == &field;
  };
  return std::ranges::any_of(kOfProcess, is_it) || std::ranges::any_of(kOfProgram, is_it) ||
         std::ranges::find(kOthers, field.column.name) != std::end(kOthers);
}

std::vector<Column> ProgramColumns() {
  std::vector<Column> columns = ColumnsOf(kOfProcess);
  columns.insert(columns.end(), std::begin(kNumbers), std::end(kNumbers));
  const std::vector<Column> of_program = ColumnsOf(kOfProgram);
  columns.insert(columns.end(), of_program.begin(), of_program.end());
  return columns;
}

ProgramRows::ProgramRows(const LocalZone& zone)
    : texts_(zone), program_texts_(zone), of_process_(kOfProcess), of_program_(kOfProgram) {}

void ProgramRows::Add(const Boot& boot, const Life& life, std::span<const Cell> before,
                      std::span<const Cell> behind, Table& table) {
  programs_.ForEach(life, [&](const RanProgram& program) {
    row_.assign(before.begin(), before.end());
    of_process_.AppendTo(&row_, boot, life, texts_);
    row_.insert(row_.end(),
                {program.number, OptionalCell(program.of), OptionalCell(program.count)});
    of_program_.AppendTo(&row_, boot, program.life, program_texts_);
    row_.insert(row_.end(), behind.begin(), behind.end());
    table.Add(row_);
    merged_.Note(program);
  });
}

}  // namespace daybook
