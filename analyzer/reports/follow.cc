// Each process as it ends, while the log is written.

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <system_error>
#include <utility>

#include "columns/life_fields.h"
#include "life_log.h"
#include "log/folder_watch.h"
#include "output/messages.h"
#include "report.h"

namespace daybook {
namespace {

constexpr ReportOption kOptions[] = {
    {"--poll", "", "Look once a second: for file systems that do not tell of others' writes"}};

// Signals that ask for an end, seen when it suits. The first one and all that follow are kept away,
// since one often comes with another: what is left to do is to write the end.
class Interrupts {
 public:
  Interrupts() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, &before_);
    file_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;
  ~Interrupts() {
    if (file_ >= 0) close(file_);
    if (!is_seen_) sigprocmask(SIG_SETMASK, &before_, nullptr);
  }

  int file() const { return file_; }
  // It stays readable, for whoever waits for something else, too.
  bool See() {
    pollfd signal{.fd = file_, .events = POLLIN, .revents = 0};
    is_seen_ = is_seen_ || poll(&signal, 1, 0) > 0;
    return is_seen_;
  }

 private:
  sigset_t before_{};
  int file_ = -1;
  bool is_seen_ = false;
};

int64_t NowNs() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

// In which no more was written: then no reap is waited for any longer.
constexpr int64_t kQuietNs = 1'000'000'000;

class Follower : public LifeWatch {
 public:
  Follower(const Question& question, Table& table)
      : question_(question),
        table_(table),
        texts_(question.zone),
        watch_(question.paths.front(), question.wishes.Has("--poll")
                                           ? FolderWatch::Looks::kEachSecond
                                           : FolderWatch::Looks::kWhenTold),
        is_begun_(question.log.window().since_ns.has_value()) {
    for (size_t i = 0; i < is_used_.size(); ++i) is_used_[i] = table.Uses(i);
    if (watch_.problem()) {
      PrintError(Error(watch_.problem()->message() + ": looking once a second"));
    }
  }

  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;
  // What is left to write must not wait for who does not read, where the end was asked for.
  ~Follower() override {
    question_.output->EndOn(-1);
    if (interrupts_ && interrupts_->See()) question_.output->Hurry();
  }

  // Called where all that is written was read.
  Waking Wait(bool for_reaps) override;
  LifeUse Take(const Boot& boot, const Life& life);

  const std::optional<Error>& failure() const { return failure_; }

 private:
  const Question& question_;
  Table& table_;
  LifeTexts texts_;
  // From the first wait on: while it catches up, they end it at once.
  std::optional<Interrupts> interrupts_;
  FolderWatch watch_;
  bool is_begun_;         // what ends from now on is shown
  bool is_over_ = false;  // nothing more is waited for
  std::array<bool, kLifeFieldCount> is_used_{};
  std::array<Cell, kLifeFieldCount> row_;
  std::optional<Error> failure_;
};

LifeWatch::Waking Follower::Wait(bool for_reaps) {
  if (!interrupts_) {
    interrupts_.emplace();
    question_.output->EndOn(interrupts_->file());
  }
  is_begun_ = true;
  table_.Flush();
  question_.output->Flush();
  if (is_over_ || table_.full()) return Waking::kEnd;
  FolderWatch::Others others{.interrupts = interrupts_->file(),
                             .output = question_.output->descriptor()};
  const std::optional<int64_t> until_ns = question_.log.window().until_ns;
  if (until_ns) others.wait_ns = *until_ns - NowNs();
  const bool waits_for_reaps = for_reaps && (!until_ns || *others.wait_ns > kQuietNs);
  if (waits_for_reaps) others.wait_ns = kQuietNs;
  const FolderWatch::Waking waking = watch_.Wait(others);
  if (waking == FolderWatch::Waking::kRemoved) {
    failure_ = Error(question_.paths.front() + " was removed or renamed: nothing more to follow");
  }
  const bool is_quiet = waits_for_reaps && waking == FolderWatch::Waking::kTime;
  is_over_ = interrupts_->See() || (waking != FolderWatch::Waking::kChange && !is_quiet);
  if (is_over_) return Waking::kEnd;
  return is_quiet ? Waking::kQuiet : Waking::kChange;
}

// Also what is handed out when nothing more is waited for: an end without its reap, and what was
// lost before.
LifeUse Follower::Take(const Boot& boot, const Life& life) {
  if (life.state == LifeState::kRunning || !is_begun_) return LifeUse::kFiltered;
  for (size_t i = 0; i < row_.size(); ++i) {
    if (is_used_[i]) row_[i] = kLifeFields[i].get(boot, life, texts_);
  }
  table_.Add(row_);
  // What is asked for while it catches up, is to end at once.
  const bool is_interrupted = !is_over_ && interrupts_ && interrupts_->See();
  return is_interrupted ? LifeUse::kLastUsed : UseFor(table_);
}

Result<Answer> RunFollow(const Question& question, Table& table) {
  std::error_code unknown;
  if (question.paths.size() != 1 ||
      !std::filesystem::is_directory(question.paths.front(), unknown)) {
    return Error("follow: one folder that is written to can be followed; list reads anything else");
  }
  Follower follower(question, table);
  const Coverage coverage =
      FollowLives(question, &follower,
                  [&](const Boot& boot, const Life& life) { return follower.Take(boot, life); });
  if (follower.failure()) return *follower.failure();
  return Answer{.coverage = coverage};
}

}  // namespace

constinit const Report kFollowReport{
    .name = "follow",
    .summary = "Each process as it ends, while the log is being written.",
    .examples =
        "  daybook follow --failed\n"
        "  daybook follow --since -10min --user www-data\n"
        "  daybook follow --output jsonl --filter 'cpu > 10s' -n 1\n",
    .columns = kLifeColumns,
    .options = kOptions,
    .default_sort = "",
    .skips = LogSet::Skips::kBoots,
    .has_filter = true,
    .is_live = true,
    .run = RunFollow,
};

}  // namespace daybook
