// A small world of processes that plays a script. What happens in it is written to a log as a
// recorder would, losses included, and beside it stands what is true.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daybook/writer.h"

namespace daybook {

enum class Action : uint8_t {
  kPass,       // time
  kFork,       // `what` odd: with the pid that was given back last
  kDaemonize,  // a double fork, whose middle ends
  kLive,       // a short life, told in one record; `what` decides how short, and what it does
  kExec,
  kRename,
  kChangeUser,
  kAdopt,     // becomes a subreaper
  kExit,      // `what` decides on the status, and whether its reap is told apart
  kLose,      // the next events, as many as `what` says
  kPause,     // the same, since no recorder runs
  kRotate,    // `what` odd: while the snapshot is taken, that one executes something
  kReboot,    // `what` odd: the log has no end
  kSetClock,  // by up to a day forth or back
};
inline constexpr uint8_t kActions = 14;

// Any step has a meaning in any world: a script without some of its steps is still one.
struct Step {
  Action action = Action::kPass;
  uint32_t who = 0;  // which of the living
  uint32_t what = 0;
};
using Script = std::vector<Step>;
std::ostream& operator<<(std::ostream& out, const Step& step);

// Of a process, in one boot of one host.
struct ProcessKey {
  uint32_t pid = 0;
  uint64_t start_ns = 0;
  auto operator<=>(const ProcessKey&) const = default;
};

// As the log tells it.
struct ToldProgram {
  std::optional<std::string> comm;        // at its end, or its newest
  std::optional<uint64_t> cpu_before_us;  // that its process had used when it began
};

struct TrueLife {
  ProcessKey key;
  std::optional<ProcessKey> birth_parent;
  uint32_t reaper = 0;  // its parent now: number of the life
  bool is_subreaper = false;
  uint32_t uid = 0;
  std::string comm;
  std::optional<uint64_t> end_ns;
  uint32_t wait_status = 0;
  uint64_t cpu_us = 0;

  // What the log tells of it.
  bool is_told = false;
  bool is_birth_told = false;
  bool is_end_told = false;
  bool is_end_proved = false;  // by a snapshot without it, or since its boot is over
  uint64_t told_in = 0;        // number of the last segment that tells of it
  uint64_t end_told_in = 0;    // and of its end
  std::optional<ProcessKey> told_parent;
  bool has_execed = false;
  uint64_t told_execs = 0;
  bool has_untold_exec = false;
  std::vector<ToldProgram> told_programs;  // but for the one that it was born with
  std::optional<std::string> told_comm;
  std::optional<uint32_t> told_uid;
  std::optional<uint64_t> told_cpu_us;
};

class ProcessWorld {
 public:
  // Plays the script and writes a log into `folder`, which it makes.
  ProcessWorld(std::string folder, std::string host, const Script& script);

  const std::string& folder() const { return folder_; }
  const std::string& host() const { return host_; }
  // By boot, from 1: in the order of birth, or of their place in the first snapshot.
  const std::map<uint8_t, std::vector<TrueLife>>& boots() const { return boots_; }
  uint64_t lost_events() const { return lost_events_; }  // as LOST records tell

  // What the wall clock said at that moment of a boot.
  int64_t WallNs(uint8_t boot, uint64_t time_ns) const;
  int64_t last_wall_ns() const { return WallNs(boot_, now_ns_); }

  // Removes the oldest segments, as retention does: so many thousandths of all but the newest one.
  // Returns the number of the first that is left.
  uint64_t Prune(uint32_t thousandths) const;

 private:
  // Events that happen while the recorder does not hear of them.
  struct Loss {
    uint32_t events_left;
    bool is_pause;
    uint64_t began_ns;
    uint64_t forks = 0;
    uint64_t execs = 0;
    uint64_t exits = 0;
    uint64_t others = 0;
  };

  std::vector<TrueLife>& lives() { return boots_[boot_]; }
  TrueLife& life(uint32_t number) { return lives()[number]; }
  void Play(const Step& step);
  void Act(const Step& step, uint32_t number);
  void Boot();
  void Reboot(bool closes);
  void OpenWriter();
  void CloseWriter(bool closes);
  void Snapshot();
  void SnapshotDuringExec(uint32_t number, uint32_t what);
  void TellBySnapshot(TrueLife* one);
  void SetClock(uint32_t what);
  uint32_t Fork(uint32_t parent, bool reuses_pid);
  void Daemonize(uint32_t parent, bool reuses_pid);
  TrueLife Born(uint32_t parent, bool reuses_pid);
  void BeginShortLife(uint32_t parent, uint32_t what);
  void EndShortLife();
  void Exec(uint32_t number, uint32_t what);
  void Execute(uint32_t number, uint32_t what);
  void TellExec(uint32_t number, uint32_t what, uint64_t time_ns);
  void Rename(uint32_t number, uint32_t what);
  void Exit(uint32_t number, uint32_t what);
  void Reap();
  void Orphan(uint32_t parent);
  void BeginLoss(uint32_t events, bool is_pause);
  void EndLoss();
  // False where it is lost.
  template <class Record>
  bool Tell(const Record& record, uint64_t Loss::*lost, TrueLife* of);

  std::string folder_;
  std::string host_;
  std::map<uint8_t, std::vector<TrueLife>> boots_;
  // By boot, and by the moment from which on it is so.
  std::map<uint8_t, std::map<uint64_t, int64_t>> wall_offsets_ns_;
  uint8_t boot_ = 0;
  uint64_t now_ns_ = 0;
  std::optional<LogWriter> writer_;
  std::vector<uint32_t> living_;  // numbers of lives; the first one is init
  uint32_t next_pid_ = 0;
  std::vector<uint32_t> free_pids_;
  std::optional<uint32_t> zombie_;  // whose parent has not waited for it yet
  // Of one that nobody else has to do with, and of which nothing is told until it ends.
  struct ShortLife {
    uint32_t number;
    uint32_t parent;
    bool executes;
    bool is_zombie;
    uint32_t steps_left;
  };
  std::optional<ShortLife> short_life_;
  std::optional<Loss> loss_;
  uint64_t lost_events_ = 0;
};

}  // namespace daybook
