#include "housekeeper.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

namespace daybook {
namespace {

// Neither is worth failing for.
void BecomeIdle() {
  const sched_param no_priority = {};
  (void)!sched_setscheduler(0, SCHED_IDLE, &no_priority);
  // From linux/ioprio.h: the calling thread, class "idle".
  constexpr int kWhoProcess = 1;
  constexpr int kClassIdle = 3 << 13;
  (void)!syscall(SYS_ioprio_set, kWhoProcess, 0, kClassIdle);
}

}  // namespace

Housekeeper::Housekeeper(std::unique_ptr<LogFolder> folder, std::vector<Job> jobs)
    : folder_(std::move(folder)), jobs_(std::move(jobs)) {
  if (!jobs_.empty()) thread_ = std::jthread([this](const std::stop_token& stop) { Work(stop); });
}

void Housekeeper::Finished(uint64_t first_unfinished_no) {
  {
    const std::lock_guard lock(mutex_);
    first_unfinished_no_ = first_unfinished_no;
  }
  changed_.notify_all();
}

void Housekeeper::Work(const std::stop_token& stop) {
  BecomeIdle();
  for (uint64_t kept_no = 0; !stop.stop_requested();) {
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [&] { return first_unfinished_no_ > kept_no; })) return;
      kept_no = first_unfinished_no_;
    }
    KeepHouse(kept_no, stop);
  }
}

// The folder says what there is: also what an earlier recorder has left.
void Housekeeper::KeepHouse(uint64_t first_unfinished_no, const std::stop_token& stop) {
  const auto numbers = ListSegments(*folder_);
  if (!numbers) return;
  std::set<uint64_t> finished(numbers->begin(), numbers->end());
  finished.erase(finished.lower_bound(first_unfinished_no), finished.end());
  for (const uint64_t segment_no : finished) {
    if (stop.stop_requested()) return;
    if (done_.insert(segment_no).second) DoJobs(segment_no, stop);
  }
  std::erase_if(done_, [&](uint64_t segment_no) { return !finished.contains(segment_no); });
}

// What failed once is tried again by the next recorder. Said once, until it goes well again.
void Housekeeper::DoJobs(uint64_t segment_no, const std::stop_token& stop) {
  for (const Job& job : jobs_) {
    const Status done = job(*folder_, segment_no, stop);
    if (stop.stop_requested()) return;
    if (!done && !std::exchange(failing_, true)) {
      std::fprintf(stderr, "daybookd: %s; going on\n", done.error().message().c_str());
    }
    if (!done) return;
    failing_ = false;
  }
}

}  // namespace daybook
