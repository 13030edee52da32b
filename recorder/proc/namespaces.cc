#include "proc/namespaces.h"

#include <sys/stat.h>
#include <unistd.h>

namespace daybook {
namespace {

// They are fixed (include/linux/proc_ns.h).
constexpr ino_t kFirstUserNamespace = 0xEFFFFFFD;
constexpr ino_t kFirstPidNamespace = 0xEFFFFFFC;
constexpr ino_t kFirstTimeNamespace = 0xEFFFFFFA;

bool MayBe(const std::string& path, ino_t number) {
  struct stat info = {};
  return stat(path.c_str(), &info) != 0 || info.st_ino == number;
}

// Of a namespace that does not number us. A folder without `stat` is no /proc at all.
bool IsForeignProc(const std::string& root) {
  struct stat info = {};
  return stat((root + "/self").c_str(), &info) != 0 && access((root + "/stat").c_str(), F_OK) == 0;
}

}  // namespace

Status CheckNamespaces(const std::string& proc_root) {
  if (IsForeignProc(proc_root)) {
    return Error(proc_root +
                 " is that of another pid namespace than this process is in: mount the one of the "
                 "host's there");
  }
  if (!MayBe(proc_root + "/self/ns/pid", kFirstPidNamespace)) {
    return Error(
        "the kernel tells of processes by their numbers in the host's pid namespace, and this is "
        "another: run daybookd in the host's (of a container: as by docker run --pid=host)");
  }
  if (!MayBe(proc_root + "/self/ns/time", kFirstTimeNamespace)) {
    return Error(
        "the kernel tells of processes by the clocks of the host's time namespace, and this is "
        "another: run daybookd in the host's (as by nsenter --time=/proc/1/ns/time)");
  }
  return Ok{};
}

bool IsFirstUserNamespace() { return MayBe("/proc/self/ns/user", kFirstUserNamespace); }

}  // namespace daybook
