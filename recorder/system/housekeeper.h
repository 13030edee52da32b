// What is done to segments once nothing more is written to them: beside the recorder, in a thread
// that gets processor and disk only while nobody else wants them.
#pragma once

#include <semaphore.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
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
  // Comes once, before all jobs.
  using Beginning = std::function<Status(LogFolder& folder, std::stop_token stop)>;

  // Sleeps until it is told of finished segments.
  Housekeeper(std::unique_ptr<LogFolder> folder, Beginning beginning, std::vector<Job> jobs);
  Housekeeper(const Housekeeper&) = delete;
  Housekeeper& operator=(const Housekeeper&) = delete;
  // Asks the job at work to stop, and waits for it.
  ~Housekeeper() = default;

  // All segments before this one are finished with: each job is done to each of them in order,
  // once; where one fails, all of them again at the next call. Never waits for the thread.
  void Finished(uint64_t first_unfinished_no);

 private:
  void Work(const std::stop_token& stop);
  void KeepHouse(uint64_t first_unfinished_no, const std::stop_token& stop);
  Status DoJobs(uint64_t segment_no, const std::stop_token& stop);

  // What the thread sleeps on. A mutex would make the recorder wait for a thread that may not get
  // the processor for long.
  class Bell {
   public:
    Bell() { sem_init(&semaphore_, 0, 0); }
    Bell(const Bell&) = delete;
    Bell& operator=(const Bell&) = delete;
    ~Bell() { sem_destroy(&semaphore_); }
    void Ring() { sem_post(&semaphore_); }
    void Await() { sem_wait(&semaphore_); }  // may also return without a ring

   private:
    sem_t semaphore_;
  };

  std::unique_ptr<LogFolder> folder_;
  Beginning beginning_;
  std::vector<Job> jobs_;
  std::set<uint64_t> done_;     // only the thread's
  std::set<uint64_t> failing_;  // likewise
  std::atomic<uint64_t> first_unfinished_no_ = 0;
  Bell bell_;
  std::jthread thread_;  // the last: it uses all others
};

}  // namespace daybook
