#include "process_world.h"

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "daybook/reader.h"
#include "daybook/whole_life.h"
#include "scripted_log.h"
#include "support/a_life.h"

namespace daybook {
namespace {

constexpr uint64_t kMillisecondNs = 1'000'000;
constexpr int64_t kSwitchedOffNs = 3'600'000'000'000;

constexpr std::string_view kActionNames[kActions] = {
    "pass",  "fork", "daemonize", "live",  "exec",   "rename", "change_user",
    "adopt", "exit", "lose",      "pause", "rotate", "reboot", "set_clock"};

// Ends as they are, in the encoding of wait(2): well, not well, by a signal, with a core dump.
constexpr uint32_t kStatuses[] = {0, 0, 1U << 8, 3U << 8, 9, 11 | 0x80};

constexpr std::string_view kPrograms[] = {"cc", "sh", "make", "cron"};

// What begins a time of which the log tells apart, and the end of its parent.
bool EndsShortLives(Action action, bool is_by_parent) {
  switch (action) {
    case Action::kPass:
    case Action::kLose:
    case Action::kPause:
    case Action::kRotate:
    case Action::kReboot:
      return true;
    case Action::kExit:
      return is_by_parent;
    default:
      return false;
  }
}

// Of one that used less than is known once it is reaped, its usage is not exact.
WholeLife WholeLifeOf(const TrueLife& life, bool executes, uint64_t cpu_us) {
  LifeParts parts = executes ? ALife(life.key.pid, life.key.start_ns)
                             : ALifeWithoutExec(life.key.pid, life.key.start_ns);
  parts.exit.time_ns = *life.end_ns;
  parts.exit.wait_status = life.wait_status;
  parts.exit.cpu_us = cpu_us;
  if (parts.exec) parts.exec->cpu_us = cpu_us / 2;
  parts.exit.comm = life.comm;
  if (cpu_us != life.cpu_us) parts.exit.flags &= ~kProcUsageExact;
  parts.fork.ppid = *(parts.exit.ppid = life.birth_parent->pid);
  parts.fork.parent_start_ns = parts.exit.parent_start_ns = life.birth_parent->start_ns;
  parts.fork.uid = parts.exit.uid = life.uid;
  if (parts.exec) {
    parts.exec->uid = life.uid;
    parts.exec->comm = life.comm;
  }
  return Join(parts).value();
}

void Check(const Status& status) {
  if (!status) throw std::runtime_error(status.error().message());
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Step& step) {
  return out << kActionNames[static_cast<size_t>(step.action)] << '(' << step.who << ", "
             << step.what << ')';
}

ProcessWorld::ProcessWorld(std::string folder, std::string host, const Script& script)
    : folder_(std::move(folder)), host_(std::move(host)) {
  std::filesystem::create_directory(folder_);
  Boot();
  for (const Step& step : script) Play(step);
  EndShortLife();
  Reap();
  EndLoss();
  CloseWriter(true);
}

int64_t ProcessWorld::WallNs(uint8_t boot, uint64_t time_ns) const {
  const auto& offsets = wall_offsets_ns_.at(boot);
  auto offset = offsets.upper_bound(time_ns);
  if (offset != offsets.begin()) --offset;
  return offset->second + static_cast<int64_t>(time_ns);
}

uint64_t ProcessWorld::Prune(uint32_t thousandths) const {
  auto folder = OpenLogFolder(folder_);
  if (!folder) throw std::runtime_error(folder.error().message());
  const auto numbers = ListSegments(**folder);
  if (!numbers) throw std::runtime_error(numbers.error().message());
  const size_t removed = (numbers->size() - 1) * std::min<size_t>(thousandths, 1000) / 1000;
  const auto files = FindSegments(folder_);
  for (size_t i = 0; i < removed; ++i) std::filesystem::remove((*files)[i]);
  return (*numbers)[removed];
}

void ProcessWorld::Play(const Step& step) {
  if (loss_ && loss_->events_left == 0) EndLoss();
  now_ns_ += kMillisecondNs / 4;
  // Before its time is over, and while others go on.
  if (step.action == Action::kPass || step.what % 2 == 0) Reap();
  const uint32_t number = living_[step.who % living_.size()];
  if (short_life_ && EndsShortLives(step.action, short_life_->parent == number)) EndShortLife();
  Act(step, number);
  if (short_life_ && short_life_->steps_left-- == 0) EndShortLife();
}

void ProcessWorld::Act(const Step& step, uint32_t number) {
  const bool is_odd = step.what % 2 != 0;
  switch (step.action) {
    case Action::kPass:
      now_ns_ += step.what % 5000 * kMillisecondNs;
      return;
    case Action::kFork:
      Fork(number, is_odd);
      return;
    case Action::kDaemonize:
      return Daemonize(number, is_odd);
    case Action::kLive:
      return BeginShortLife(number, step.what);
    case Action::kExec:
      return Exec(number, step.what);
    case Action::kRename:
      return Rename(number, step.what);
    case Action::kChangeUser:
      life(number).uid = step.what % 3;
      return;
    case Action::kAdopt:
      life(number).is_subreaper = true;
      return;
    case Action::kExit:
      return Exit(number, step.what);
    case Action::kLose:
      return BeginLoss(step.what % 4 + 1, false);
    case Action::kPause:
      return BeginLoss(step.what % 4 + 1, true);
    case Action::kRotate:
      if (!writer_) return;
      Check(writer_->Rotate(EndReason::kSize));
      return is_odd ? SnapshotDuringExec(number, step.what / 2) : Snapshot();
    case Action::kReboot:
      return Reboot(!is_odd);
    case Action::kSetClock:
      return SetClock(step.what);
  }
}

void ProcessWorld::Boot() {
  const int64_t wall_ns =
      boots_.empty() ? kScriptRealtimeNs : WallNs(boot_, now_ns_) + kSwitchedOffNs;
  ++boot_;
  now_ns_ = kScriptBootNs;
  wall_offsets_ns_[boot_][0] = wall_ns - static_cast<int64_t>(kScriptBootNs);
  next_pid_ = 200;
  free_pids_.clear();
  TrueLife init;
  init.key = {1, 0};
  init.comm = "systemd";
  TrueLife shell;
  shell.key = {100, 2 * kMillisecondNs};
  shell.birth_parent = init.key;
  shell.comm = "bash";
  lives() = {init, shell};
  living_ = {0, 1};
  OpenWriter();
  Snapshot();
}

void ProcessWorld::Reboot(bool closes) {
  Reap();
  EndLoss();
  CloseWriter(closes);
  for (TrueLife& one : lives()) one.is_end_proved = true;
  Boot();
}

// While nobody records, nobody tells from when on it was so.
void ProcessWorld::SetClock(uint32_t what) {
  constexpr int64_t kHalfHourNs = 1'800'000'000'000;
  constexpr int64_t kHalfHoursOfADay = 48;
  if (!writer_) return;
  const int64_t offset = WallNs(boot_, now_ns_) - static_cast<int64_t>(now_ns_);
  const int64_t step = int64_t{what} % (2 * kHalfHoursOfADay + 1) - kHalfHoursOfADay;
  wall_offsets_ns_[boot_][now_ns_] = offset + step * kHalfHourNs;
  writer_->Append(Clock{.time_ns = now_ns_,
                        .realtime_ns = WallNs(boot_, now_ns_),
                        .monotonic_ns = now_ns_,
                        .reason = ClockReason::kStep});
}

void ProcessWorld::OpenWriter() {
  LogIdentity identity;
  identity.boot_id.bytes.fill(boot_);
  identity.info = {{"hostname", host_}};
  const auto clock = [this] {
    return Clock{
        .time_ns = now_ns_, .realtime_ns = WallNs(boot_, now_ns_), .monotonic_ns = now_ns_};
  };
  auto folder = OpenLogFolder(folder_);
  if (!folder) throw std::runtime_error(folder.error().message());
  auto writer = LogWriter::Open(*std::move(folder), identity, clock,
                                {.block_bytes = 300, .sync = SyncPolicy::kNone});
  if (!writer) throw std::runtime_error(writer.error().message());
  writer_ = *std::move(writer);
  writer_->Append(Recorder{.time_ns = now_ns_, .abilities = "fork exec exit usage reap comm"});
}

void ProcessWorld::CloseWriter(bool closes) {
  Check(closes ? writer_->Close() : writer_->Flush());
  writer_.reset();
}

void ProcessWorld::Snapshot() {
  writer_->Append(SnapBegin{.time_ns = now_ns_});
  for (const uint32_t number : living_) TellBySnapshot(&life(number));
  writer_->Append(SnapEnd{.time_ns = now_ns_, .process_count = living_.size()});
  for (TrueLife& one : lives()) one.is_end_proved = one.is_end_proved || one.end_ns;
}

// It is met before the exec or behind it; events of that time are told when the snapshot is done.
void ProcessWorld::SnapshotDuringExec(uint32_t number, uint32_t what) {
  const auto told_comm = life(number).told_comm;
  const bool is_met_before = what % 2 != 0;
  writer_->Append(SnapBegin{.time_ns = now_ns_});
  const uint64_t exec_ns = now_ns_ += kMillisecondNs / 16;
  if (!is_met_before) Execute(number, what);
  for (const uint32_t living : living_) TellBySnapshot(&life(living));
  if (is_met_before) Execute(number, what);
  now_ns_ += kMillisecondNs / 16;
  writer_->Append(SnapEnd{.time_ns = now_ns_, .process_count = living_.size()});
  for (TrueLife& one : lives()) one.is_end_proved = one.is_end_proved || one.end_ns;
  // Which of its programs had the name that the snapshot tells, is not known.
  if (!loss_) life(number).told_comm = told_comm;
  TellExec(number, what, exec_ns);
}

void ProcessWorld::TellBySnapshot(TrueLife* one) {
  SnapProc process{.pid = one->key.pid, .start_ns = one->key.start_ns, .uid = one->uid};
  process.comm = one->comm;
  if (one->birth_parent && !one->has_execed) process.flags = kProcNeverExeced;
  if (one != &life(0)) {
    const ProcessKey parent = life(one->reaper).key;
    process.ppid = parent.pid;
    process.parent_start_ns = parent.start_ns;
    if (!one->told_parent) one->told_parent = parent;
  }
  writer_->Append(process);
  one->is_told = true;
  one->told_in = writer_->segment_no();
  one->told_comm = one->comm;
  one->told_uid = one->uid;
}

template <class Record>
bool ProcessWorld::Tell(const Record& record, uint64_t Loss::*lost, TrueLife* of) {
  if (!loss_) {
    if constexpr (std::is_same_v<Record, WholeLife>) {
      writer_->AppendPacked(record);
    } else {
      writer_->Append(record);
    }
    of->is_told = true;
    of->told_in = writer_->segment_no();
    return true;
  }
  ++(*loss_.*lost);
  if (loss_->events_left > 0) --loss_->events_left;
  return false;
}

TrueLife ProcessWorld::Born(uint32_t parent, bool reuses_pid) {
  TrueLife child;
  child.birth_parent = life(parent).key;
  child.reaper = parent;
  child.uid = life(parent).uid;
  child.comm = life(parent).comm;
  child.key.start_ns = now_ns_;
  if (reuses_pid && !free_pids_.empty()) {
    child.key.pid = free_pids_.back();
    free_pids_.pop_back();
  } else {
    child.key.pid = next_pid_++;
  }
  return child;
}

uint32_t ProcessWorld::Fork(uint32_t parent, bool reuses_pid) {
  TrueLife child = Born(parent, reuses_pid);
  const daybook::Fork fork{.time_ns = now_ns_,
                           .pid = child.key.pid,
                           .ppid = child.birth_parent->pid,
                           .parent_start_ns = child.birth_parent->start_ns,
                           .uid = child.uid};
  if (Tell(fork, &Loss::forks, &child)) {
    child.is_birth_told = true;
    child.told_parent = child.birth_parent;
    child.told_uid = child.uid;
  }
  const auto number = static_cast<uint32_t>(lives().size());
  lives().push_back(child);
  living_.push_back(number);
  return number;
}

void ProcessWorld::Daemonize(uint32_t parent, bool reuses_pid) {
  const uint32_t middle = Fork(parent, reuses_pid);
  now_ns_ += kMillisecondNs / 8;
  Fork(middle, false);
  now_ns_ += kMillisecondNs / 8;
  Exit(middle, 1);
}

// While events are lost, it is told as any other.
void ProcessWorld::BeginShortLife(uint32_t parent, uint32_t what) {
  const bool reuses_pid = what % 2 != 0;
  if (loss_ || short_life_) {
    const uint32_t number = Fork(parent, reuses_pid);
    now_ns_ += kMillisecondNs / 8;
    return Exit(number, what);
  }
  const auto number = static_cast<uint32_t>(lives().size());
  lives().push_back(Born(parent, reuses_pid));
  if (what / 2 % 2 != 0) life(number).comm = kPrograms[what / 4 % std::size(kPrograms)];
  short_life_ = {.number = number,
                 .parent = parent,
                 .executes = what / 2 % 2 != 0,
                 .is_zombie = what / 4 % 4 == 0,
                 .steps_left = what / 16 % 4};
}

void ProcessWorld::EndShortLife() {
  if (!short_life_) return;
  const ShortLife ended = *std::exchange(short_life_, std::nullopt);
  if (ended.is_zombie) Reap();
  now_ns_ += kMillisecondNs / 8;
  TrueLife& one = life(ended.number);
  one.end_ns = now_ns_;
  one.wait_status = kStatuses[ended.number % std::size(kStatuses)];
  one.cpu_us = ended.number + 1;
  const uint64_t told_us = ended.is_zombie ? one.cpu_us - 1 : one.cpu_us;
  if (!Tell(WholeLifeOf(one, ended.executes, told_us), &Loss::others, &one)) return;
  one.is_birth_told = one.is_end_told = true;
  one.end_told_in = one.told_in;
  one.told_parent = one.birth_parent;
  one.told_execs = ended.executes ? 1 : 0;
  if (ended.executes) one.told_programs = {{one.comm, told_us / 2}};
  one.told_comm = one.comm;
  one.told_uid = one.uid;
  one.told_cpu_us = told_us;
  if (ended.is_zombie) {
    zombie_ = ended.number;
  } else {
    free_pids_.push_back(one.key.pid);
  }
}

void ProcessWorld::Exec(uint32_t number, uint32_t what) {
  Execute(number, what);
  TellExec(number, what, now_ns_);
}

void ProcessWorld::Execute(uint32_t number, uint32_t what) {
  TrueLife& one = life(number);
  one.has_execed = true;
  one.cpu_us += what % 7 * 100;
  one.comm = kPrograms[what % std::size(kPrograms)];
}

void ProcessWorld::TellExec(uint32_t number, uint32_t what, uint64_t time_ns) {
  TrueLife& one = life(number);
  const std::string exe = "/usr/bin/" + one.comm;
  daybook::Exec exec{
      .time_ns = time_ns, .pid = one.key.pid, .start_ns = one.key.start_ns, .uid = one.uid};
  exec.comm = one.comm;
  exec.exe = exe;
  exec.args = exe;
  if (what % 5 != 0) exec.cpu_us = one.cpu_us;  // not every source tells it
  if (!Tell(exec, &Loss::execs, &one)) {
    one.has_untold_exec = true;
    return;
  }
  if (!one.told_programs.empty()) one.told_programs.back().comm = one.told_comm;
  one.told_programs.push_back({one.comm, exec.cpu_us});
  ++one.told_execs;
  one.told_comm = one.comm;
  one.told_uid = one.uid;
}

void ProcessWorld::Rename(uint32_t number, uint32_t what) {
  TrueLife& one = life(number);
  one.comm = "worker/" + std::to_string(what % 4);
  const CommChange change{
      .time_ns = now_ns_, .pid = one.key.pid, .start_ns = one.key.start_ns, .comm = one.comm};
  if (!Tell(change, &Loss::others, &one)) return;
  one.told_comm = one.comm;
}

// One that its parent leaves a zombie is told in two records, of which the first one knows less.
void ProcessWorld::Exit(uint32_t number, uint32_t what) {
  if (number == 0) return;  // nothing ends init but the machine's end
  Reap();
  TrueLife& one = life(number);
  one.end_ns = now_ns_;
  one.wait_status = kStatuses[what / 2 % std::size(kStatuses)];
  one.cpu_us += what % 5 * 1000 + number + 1;
  const bool is_zombie = what % 4 == 1;
  const ProcessKey reaper = life(one.reaper).key;
  daybook::Exit exit{.time_ns = now_ns_,
                     .pid = one.key.pid,
                     .start_ns = one.key.start_ns,
                     .ppid = reaper.pid,
                     .wait_status = one.wait_status,
                     .uid = one.uid};
  exit.comm = one.comm;
  exit.flags = (is_zombie ? 0 : kProcUsageExact) | (one.has_execed ? 0 : kProcNeverExeced);
  exit.cpu_us = is_zombie ? one.cpu_us - 1 : one.cpu_us;
  if (Tell(exit, &Loss::exits, &one)) {
    one.is_end_told = true;
    one.end_told_in = one.told_in;
    one.told_comm = one.comm;
    one.told_uid = one.uid;
    one.told_cpu_us = exit.cpu_us;
  }
  std::erase(living_, number);
  Orphan(number);
  if (is_zombie) {
    zombie_ = number;
  } else {
    free_pids_.push_back(one.key.pid);
  }
}

void ProcessWorld::Reap() {
  if (!zombie_) return;
  TrueLife& one = life(*std::exchange(zombie_, std::nullopt));
  now_ns_ += kMillisecondNs / 4;
  free_pids_.push_back(one.key.pid);
  const daybook::Reap reap{.time_ns = now_ns_,
                           .pid = one.key.pid,
                           .start_ns = one.key.start_ns,
                           .flags = kProcUsageExact,
                           .cpu_us = one.cpu_us};
  // Of itself a reap tells nothing.
  TrueLife reaped;
  if (Tell(reap, &Loss::others, &reaped) && one.is_end_told) one.told_cpu_us = one.cpu_us;
}

// The nearest subreaper above takes its children, else init.
void ProcessWorld::Orphan(uint32_t parent) {
  uint32_t heir = life(parent).reaper;
  while (heir != 0 && !life(heir).is_subreaper) heir = life(heir).reaper;
  for (const uint32_t number : living_) {
    if (number != 0 && life(number).reaper == parent) life(number).reaper = heir;
  }
}

void ProcessWorld::BeginLoss(uint32_t events, bool is_pause) {
  if (loss_) return;
  loss_ = Loss{.events_left = events, .is_pause = is_pause, .began_ns = now_ns_};
  if (is_pause) CloseWriter(true);
}

void ProcessWorld::EndLoss() {
  if (!loss_) return;
  const Loss loss = *loss_;
  loss_.reset();
  if (loss.is_pause) {
    OpenWriter();
    writer_->Append(RecordingGap{.first_time_ns = loss.began_ns, .last_time_ns = now_ns_});
    return Snapshot();
  }
  const uint64_t events = loss.forks + loss.execs + loss.exits + loss.others;
  if (events == 0) return;
  lost_events_ += events;
  writer_->Append(Lost{.first_time_ns = loss.began_ns,
                       .last_time_ns = now_ns_,
                       .forks = loss.forks,
                       .execs = loss.execs,
                       .exits = loss.exits,
                       .records = loss.others});
}

}  // namespace daybook
