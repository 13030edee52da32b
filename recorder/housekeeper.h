// What is done to segments once nothing more is written to them: beside the recorder, in a thread
// that gets processor and disk only while nobody else wants them.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <thread>
#include <vector>

#include "daybook/result.h"
#include "daybook/writer.h"

namespace daybook {

class Housekeeper {
 public:
  // Does something to one segment that is finished with. Done again after a restart, so it must
  // see for itself what is done already. Should give up soon where it is asked to stop.
  using Job = std::function<Status(LogFolder& folder, uint64_t segment_no, std::stop_token stop)>;

  // Sleeps until it is told of finished segments. Without jobs there is nothing to do, and no
  // thread.
  Housekeeper(std::unique_ptr<LogFolder> folder, std::vector<Job> jobs);
  Housekeeper(const Housekeeper&) = delete;
  Housekeeper& operator=(const Housekeeper&) = delete;
  // Asks the job at work to stop, and waits for it.
  ~Housekeeper() = default;

  // All segments before this one are finished with: each job is done to each of them in order,
  // once.
  void Finished(uint64_t first_unfinished_no);

 private:
  void Work(const std::stop_token& stop);
  void KeepHouse(uint64_t first_unfinished_no, const std::stop_token& stop);
  void DoJobs(uint64_t segment_no, const std::stop_token& stop);

  std::unique_ptr<LogFolder> folder_;
  std::vector<Job> jobs_;
  std::set<uint64_t> done_;  // only the thread's
  bool failing_ = false;     // likewise
  std::mutex mutex_;
  std::condition_variable_any changed_;
  uint64_t first_unfinished_no_ = 0;
  std::jthread thread_;  // the last: it uses all others
};

}  // namespace daybook
