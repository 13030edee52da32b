// What the reports about causes say of processes by chance, whose truth is known.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "program_runner.h"
#include "script.h"

namespace daybook {
namespace {

using testing::HasSubstr;

// Processes that are born and end in any order, with pids that are given anew.
class World {
 public:
  explicit World(uint32_t seed) : random_(seed) {}

  void Run(Script& script, int steps) {
    script.Snapshot();
    for (int i = 0; i < steps; ++i) {
      ms_ += 1 + random_() % 3;
      if (living_.empty() || random_() % 5 < 3) {
        Birth(script);
      } else {
        End(script, random_() % living_.size());
      }
    }
    while (!living_.empty()) End(script, 0);
  }

  // Of each process that init has made, in the order of their births: pid, processes, CPU time.
  std::string Jobs() const {
    std::string rows;
    for (const Job& job : jobs_) {
      rows += fmt::format("{},{},{}\n", job.pid, job.processes, job.cpu_us);
    }
    return rows;
  }
  // The same of each outermost process that took more than that.
  std::string JobsAbove(uint64_t cpu_us) const {
    std::vector<const Past*> roots(past_.size());
    std::map<const Past*, Job> jobs;
    for (size_t i = 0; i < past_.size(); ++i) {  // parents stand before their children
      const Past& past = past_[i];
      if (past.parent != kNobody) roots[i] = roots[past.parent];
      if (roots[i] == nullptr && past.cpu_us > cpu_us) roots[i] = &past;
      if (roots[i] == nullptr) continue;
      ++jobs[roots[i]].processes;
      jobs[roots[i]].cpu_us += past.cpu_us;
    }
    std::string rows;
    for (const auto& [root, job] : jobs) {
      rows += fmt::format("{},{},{}\n", root->pid, job.processes, job.cpu_us);
    }
    return rows;
  }
  uint64_t cpu_us() const { return cpu_us_; }
  uint64_t births() const { return births_; }

 private:
  struct Process {
    uint32_t pid;
    uint64_t start_ms;
    size_t job;
    size_t past;  // its own
  };
  static constexpr size_t kNobody = SIZE_MAX;
  struct Past {
    uint32_t pid;
    size_t parent;
    uint64_t cpu_us = 0;
  };
  struct Job {
    uint32_t pid;
    uint64_t processes = 0;
    uint64_t cpu_us = 0;
  };

  uint32_t FreePid() {
    for (;;) {
      const auto pid = static_cast<uint32_t>(1000 + random_() % 40);
      if (std::ranges::find(living_, pid, &Process::pid) == living_.end()) return pid;
    }
  }
  void Birth(Script& script) {
    if (living_.size() == 30) return;
    Process child{.pid = FreePid(), .start_ms = ms_, .job = jobs_.size(), .past = past_.size()};
    past_.push_back({.pid = child.pid, .parent = kNobody});
    if (living_.empty() || random_() % 6 == 0) {
      jobs_.push_back({.pid = child.pid});
      script.Fork(ms_, child.pid, 1, 0);
    } else {
      const Process& parent = living_[random_() % living_.size()];
      child.job = parent.job;
      past_.back().parent = parent.past;
      script.Fork(ms_, child.pid, parent.pid, parent.start_ms);
    }
    ++jobs_[child.job].processes;
    ++births_;
    living_.push_back(child);
  }
  void End(Script& script, size_t index) {
    const Process process = living_[index];
    const uint64_t cpu_us = random_() % 100'000;
    script.Exit(++ms_, process.pid, process.start_ms, {.comm = "p", .cpu_us = cpu_us, .ppid = 1});
    jobs_[process.job].cpu_us += cpu_us;
    past_[process.past].cpu_us = cpu_us;
    cpu_us_ += cpu_us;
    living_.erase(living_.begin() + static_cast<std::ptrdiff_t>(index));
  }

  std::mt19937 random_;
  uint64_t ms_ = 6000;
  std::vector<Process> living_;
  std::vector<Job> jobs_;
  std::vector<Past> past_;  // of all, in the order of their births
  uint64_t cpu_us_ = 0;
  uint64_t births_ = 0;
};

class RandomNightTest : public ProgramRunner {};

TEST_F(RandomNightTest, JobsTreesAndFiltersTellTheTruth) {
  for (uint32_t seed = 1; seed <= 5; ++seed) {
    log_path_ = temp_ / fmt::format("log{}", seed);
    World world(seed);
    {
      Script script(log_path_);
      world.Run(script, 600);
    }
    EXPECT_EQ(Run("jobs --runs --log LOG --sort start --output csv --columns pid,processes,cpu_us "
                  "--comm p")
                  .out,
              "pid,processes,cpu_us\n" + world.Jobs())
        << seed;
    std::string jobs =
        Run("jobs --runs --log LOG --sort start --output csv --columns pid,processes,cpu_us "
            "--root 'cpu > 80ms' --comm p")
            .out;
    const size_t others = jobs.find("\n,");
    jobs.erase(others, jobs.find('\n', others + 1) - others);
    EXPECT_EQ(jobs, "pid,processes,cpu_us\n" + world.JobsAbove(80'000)) << seed;
    EXPECT_THAT(Run("tree --log LOG --output csv --columns depth,total_cpu_us,descendants").out,
                HasSubstr(fmt::format("\n0,{},{}\n", world.cpu_us(), world.births() + 2)))
        << seed;
    EXPECT_THAT(Run("list --log LOG --filter 'descends_from(pid == 1) && comm == \"p\"'").out,
                HasSubstr(fmt::format("; filtered {};", 3)))
        << seed;
    EXPECT_THAT(Run("summary --log LOG --comm p --output csv --columns count,cpu_us").out,
                HasSubstr(fmt::format("\n{},{}\n", world.births(), world.cpu_us())))
        << seed;
  }
}

}  // namespace
}  // namespace daybook
