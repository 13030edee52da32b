// Holds what was recorded against what the kernel counts: every fork, and who lives.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "daybook/records.h"
#include "proc/living_pids.h"
#include "sources/source.h"

namespace daybook {

class Auditor {
 public:
  // `drain` takes what waits in the source; its records come back here.
  Auditor(EventSource& source, std::function<void()> drain, uint64_t audit_interval_ns,
          std::string root = "/")
      : source_(source),
        drain_(std::move(drain)),
        audit_interval_ns_(audit_interval_ns),
        root_(std::move(root)) {}

  void Begin(uint64_t now_ns) { last_count_ns_ = last_audit_ns_ = now_ns; }

  // Since the last count, so that another one tells something.
  void NoteEvents() { is_uncounted_ = is_unaudited_ = true; }

  // What there is to tell by now, if anything: counts, so that a recorder which follows this one
  // after a crash knows what it has missed; and from time to time an audit. `before_drain`: counts
  // of no fork that still waits in the source.
  std::optional<Audit> CountIfDue(uint64_t now_ns, const Audit& before_drain);

  void OnBirth(uint32_t pid, uint64_t start_ns) { living_.Insert(pid, start_ns); }
  void OnEnd(uint32_t pid, uint64_t start_ns) { living_.Erase(pid, start_ns); }

  // Of one that is born and over by now: another one's end may have been lost.
  void OnLife(uint32_t pid) { living_.Erase(pid); }

  // A snapshot is begun: who is in it lives, and nobody else but who was born since.
  void BeginSnapshot() { living_.Clear(); }

  // False where /proc hides processes of others from the source, which asks it who lives: a
  // snapshot is no list of all.
  bool ShowsAllLiving() const;

  // What the hooks have seen, without asking anybody.
  Audit Count() const;

  // The same, with the kernel's count of the same moment. Where forks come so fast that there was
  // no such moment it is unknown, or at most too large, by what came while it was read.
  enum class Otherwise { kUnknown, kAtMost };
  Audit CountForks(Otherwise otherwise = Otherwise::kUnknown);

  // That moment's counts with the kernel's count, as it was counted at another one: the hooks may
  // be gone.
  static Audit WithKernelForks(Audit moment, const Audit& counted);

  // The same at an earlier moment.
  Audit CountForksAt(const Audit& earlier);

 private:
  struct Living {
    uint64_t by_kernel = 0;
    uint64_t by_log = 0;
  };
  Audit CountForksOnceAt(const Audit& earlier);
  Audit CountAll();
  std::optional<Living> CountLiving();

  EventSource& source_;
  std::function<void()> drain_;
  uint64_t audit_interval_ns_;
  std::string root_;
  LivingPids living_;
  bool is_ahead_known_ = false;
  uint64_t last_count_ns_ = 0;
  uint64_t last_audit_ns_ = 0;
  bool is_uncounted_ = false;
  bool is_unaudited_ = false;
};

}  // namespace daybook
