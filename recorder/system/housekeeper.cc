#include "system/housekeeper.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
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

// Nothing that goes wrong here may end the recorder, want of memory neither.
Status DoSafely(const std::function<Status()>& task) try {
  return task();
} catch (const std::exception& error) {
  return Error(std::string("housekeeping failed: ") + error.what());
}

bool IsGone(LogFolder& folder, uint64_t segment_no) {
  const auto numbers = ListSegments(folder);
  return numbers && !std::ranges::binary_search(*numbers, segment_no);
}

void Say(const Error& error) {
  std::fprintf(stderr, "daybookd: %s; going on\n", error.message().c_str());
}

}  // namespace

Housekeeper::Housekeeper(std::unique_ptr<LogFolder> folder, Beginning beginning,
                         std::vector<Job> jobs)
    : folder_(std::move(folder)), beginning_(std::move(beginning)), jobs_(std::move(jobs)) {
  thread_ = std::jthread([this](const std::stop_token& stop) { Work(stop); });
}

void Housekeeper::Finished(uint64_t first_unfinished_no) {
  first_unfinished_no_ = first_unfinished_no;
  bell_.Ring();
}

void Housekeeper::Work(const std::stop_token& stop) {
  BecomeIdle();
  const std::stop_callback wake(stop, [this] { bell_.Ring(); });
  const Status begun = DoSafely([&] { return beginning_(*folder_, stop); });
  if (!begun && !stop.stop_requested()) Say(begun.error());
  for (uint64_t kept_no = 0; !jobs_.empty() && !stop.stop_requested();) {
    const uint64_t first_unfinished_no = first_unfinished_no_;
    if (first_unfinished_no == kept_no) {
      bell_.Await();
      continue;
    }
    kept_no = first_unfinished_no;
    const Status kept = DoSafely([&] {
      KeepHouse(kept_no, stop);
      return Status(Ok{});
    });
    if (!kept) Say(kept.error());
  }
}

// The folder says what there is: also what an earlier recorder has left. Of what fails, one is said
// each time, and each once until it goes well; but not what retention has removed meanwhile.
void Housekeeper::KeepHouse(uint64_t first_unfinished_no, const std::stop_token& stop) {
  const auto numbers = ListSegments(*folder_);
  if (!numbers) return;
  std::set<uint64_t> finished(numbers->begin(), numbers->end());
  finished.erase(finished.lower_bound(first_unfinished_no), finished.end());
  bool said = false;
  for (const uint64_t segment_no : finished) {
    if (done_.contains(segment_no)) continue;
    const Status done = DoSafely([&] { return DoJobs(segment_no, stop); });
    if (stop.stop_requested()) return;
    if (done) {
      done_.insert(segment_no);
      failing_.erase(segment_no);
    } else if (!IsGone(*folder_, segment_no) && failing_.insert(segment_no).second &&
               !std::exchange(said, true)) {
      Say(done.error());
    }
  }
  const auto is_gone = [&](uint64_t segment_no) { return !finished.contains(segment_no); };
  std::erase_if(done_, is_gone);
  std::erase_if(failing_, is_gone);
}

Status Housekeeper::DoJobs(uint64_t segment_no, const std::stop_token& stop) {
  for (const Job& job : jobs_) {
    if (Status done = job(*folder_, segment_no, stop); !done) return done;
    if (stop.stop_requested()) break;
  }
  return Ok{};
}

}  // namespace daybook
