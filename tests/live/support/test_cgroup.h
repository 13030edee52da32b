// Cgroups that go with the test.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "live/support/process.h"
#include "proc/cgroup_paths.h"

namespace daybook {

inline CgroupHierarchy Version2() {
  for (const CgroupHierarchy& hierarchy : FindCgroupHierarchies()) {
    if (hierarchy.controller.empty()) return hierarchy;
  }
  throw std::runtime_error("no cgroups of version 2 are mounted");
}

class TestCgroup {
 public:
  TestCgroup(const CgroupHierarchy& hierarchy, const std::string& path)
      : folder_(hierarchy.folder + path) {
    std::filesystem::create_directory(folder_);
  }
  TestCgroup(const TestCgroup&) = delete;
  TestCgroup& operator=(const TestCgroup&) = delete;
  // Once its processes are gone.
  ~TestCgroup() {
    Await([&] { return rmdir(folder_.c_str()) == 0; });
  }

  const std::string& folder() const { return folder_; }

  // Of the caller.
  void Enter() const {
    std::ofstream procs(folder_ + "/cgroup.procs");
    if (!(procs << getpid() << std::flush)) _exit(94);
  }

 private:
  std::string folder_;
};

}  // namespace daybook
