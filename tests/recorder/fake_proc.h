// A folder that looks like /proc.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "support/temp_folder.h"

namespace daybook {

// Of /proc/PID/stat; what daybook does not use is 0 there.
struct FakeStat {
  std::string comm = "prog";
  char state = 'S';
  int ppid = 1;
  int sid = 1;
  int tty_nr = 0;
  unsigned flags = 0;
  int threads = 1;
  unsigned long start_ticks = 100;  // of 10 ms
};

inline std::string StatLine(uint32_t pid, const FakeStat& stat) {
  return std::to_string(pid) + " (" + stat.comm + ") " + stat.state + ' ' +
         std::to_string(stat.ppid) + " 1 " + std::to_string(stat.sid) + ' ' +
         std::to_string(stat.tty_nr) + " -1 " + std::to_string(stat.flags) +
         " 0 0 0 0 0 0 0 0 20 0 " + std::to_string(stat.threads) + " 0 " +
         std::to_string(stat.start_ticks) + " 1000 10\n";
}

class FakeProc {
 public:
  static constexpr char kStatus[] =
      "Name:\tprog\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nThreads:\t1\n";

  // A process with everything that it can have.
  void Add(uint32_t pid, const FakeStat& stat = {}, std::string_view cmdline = {}) const {
    Put(pid, "stat", StatLine(pid, stat));
    Put(pid, "status", kStatus);
    Put(pid, "cmdline", cmdline);
    Put(pid, "loginuid", "4294967295");
  }

  void Put(uint32_t pid, const std::string& file, std::string_view content) const {
    folder_.Put(std::to_string(pid) + "/" + file, content);
  }

  void Remove(uint32_t pid, const std::string& file) const {
    std::filesystem::remove(folder_ / (std::to_string(pid) + "/" + file));
  }

  void Link(uint32_t pid, const std::string& file, const std::string& target) const {
    std::filesystem::create_symlink(target, folder_ / (std::to_string(pid) + "/" + file));
  }

  const TempFolder& folder() const { return folder_; }
  const std::string& root() const { return folder_.path(); }

 private:
  TempFolder folder_;
};

}  // namespace daybook
