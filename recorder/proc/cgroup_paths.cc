#include "proc/cgroup_paths.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <deque>
#include <fstream>
#include <sstream>
#include <unordered_set>

#include "system/file_descriptor.h"

namespace daybook {
namespace {

// ---- What is mounted ----

std::string ReadText(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return std::move(text).str();
}

// As the kernel writes blanks and the like: \040.
std::string Unescaped(std::string_view text) {
  const auto is_octal = [](char c) { return c >= '0' && c <= '7'; };
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    const std::string_view digits = text.substr(i + 1, 3);
    if (text[i] == '\\' && digits.size() == 3 && std::ranges::all_of(digits, is_octal)) {
      plain += static_cast<char>((digits[0] - '0') * 64 + (digits[1] - '0') * 8 + digits[2] - '0');
      i += digits.size();
    } else {
      plain += text[i];
    }
  }
  return plain;
}

// "rw,pids" has the word "pids".
bool HasWord(std::string_view list, std::string_view word) {
  for (;;) {
    const size_t end = list.find(',');
    if (list.substr(0, end) == word) return true;
    if (end == list.npos) return false;
    list.remove_prefix(end + 1);
  }
}

struct Mount {
  std::string folder;
  std::string type;
  std::string options;  // of the file system: the controllers are among them
};

// Fields by their numbers in proc_pid_mountinfo(5). Optional ones stand before a dash. A mount of
// only a part of a hierarchy is of no use.
std::optional<Mount> ParseMount(const std::string& line) {
  std::istringstream words(line);
  std::string skipped, root, folder;
  words >> skipped >> skipped >> skipped >> root >> folder;
  for (std::string word; word != "-";) {
    if (!(words >> word)) return std::nullopt;
  }
  Mount mount;
  if (!(words >> mount.type >> skipped >> mount.options) || root != "/") return std::nullopt;
  mount.folder = Unescaped(folder);
  return mount;
}

std::vector<Mount> ReadMounts(const std::string& proc_root) {
  std::istringstream lines(ReadText(proc_root + "/self/mountinfo"));
  std::vector<Mount> mounts;
  for (std::string line; std::getline(lines, line);) {
    if (auto mount = ParseMount(line)) mounts.push_back(*std::move(mount));
  }
  return mounts;
}

// One line of /proc/PID/cgroup: the hierarchy's number, its controllers, and the path there.
struct Membership {
  uint32_t number = 0;
  std::string controllers;
  std::string path;
};

std::vector<Membership> ReadMemberships(const std::string& proc_root, const std::string& pid) {
  std::istringstream lines(ReadText(proc_root + "/" + pid + "/cgroup"));
  std::vector<Membership> all;
  for (std::string line; std::getline(lines, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    Membership& membership = all.emplace_back();
    std::from_chars(line.data(), line.data() + first, membership.number);
    membership.controllers = line.substr(first + 1, second - first - 1);
    membership.path = line.substr(second + 1);
  }
  return all;
}

bool IsOf(const Membership& membership, const CgroupHierarchy& hierarchy) {
  if (hierarchy.controller.empty()) return membership.number == 0;
  return HasWord(membership.controllers, hierarchy.controller);
}

// ---- Folders ----

// Calls with the name of each folder in it, until it returns false. Where the folder cannot be
// read, with none.
template <class Take>
void ListFolders(const std::string& path, Take take) {
  const FolderEntries folder(opendir(path.c_str()));
  if (!folder) return;
  while (const dirent* entry = readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    const bool may_be_one = entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN;
    if (!may_be_one || name == "." || name == "..") continue;
    if (!take(dirfd(folder.get()), entry->d_name)) return;
  }
}

bool HasCgroups(const CgroupHierarchy& hierarchy) {
  bool has_any = false;
  ListFolders(hierarchy.folder, [&](int, const char*) {
    has_any = true;
    return false;
  });
  return has_any;
}

// A cgroup's folder has its id for inode number.
std::optional<uint64_t> IdOfFolder(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return std::nullopt;
  return status.st_ino;
}

std::string Below(const std::string& path, const char* name) {
  return path == "/" ? path + name : path + "/" + name;
}

// Tells each once, and says when it is enough.
class Teller {
 public:
  Teller(const CgroupPaths::Limits& limits, const CgroupHierarchy& hierarchy, uint64_t now_ns,
         const std::function<void(const CgroupPath&)>& take)
      : limits_(limits),
        hierarchy_(hierarchy),
        now_ns_(now_ns),
        take_(take),
        deadline_(std::chrono::steady_clock::now() + std::chrono::nanoseconds(limits.time_ns)) {}

  bool IsDone() const {
    return told_.size() >= limits_.cgroups || std::chrono::steady_clock::now() >= deadline_;
  }
  void Tell(uint64_t id, const std::string& path) {
    if (!told_.insert(id).second) return;
    take_({.time_ns = now_ns_, .id = hierarchy_.ToLogId(id), .path = path});
  }

 private:
  const CgroupPaths::Limits& limits_;
  const CgroupHierarchy& hierarchy_;
  uint64_t now_ns_;
  const std::function<void(const CgroupPath&)>& take_;
  std::chrono::steady_clock::time_point deadline_;
  std::unordered_set<uint64_t> told_;
};

// From the top down, since those above are more likely to be met again. A folder with two links has
// no folders in it, and is not opened: it would have dozens of files.
void TellBelow(const CgroupHierarchy& hierarchy, const std::string& top, Teller& teller) {
  constexpr nlink_t kLinksOfLeaf = 2;
  std::deque<std::string> waiting = {top};
  if (const auto id = IdOfFolder(hierarchy.folder + top)) teller.Tell(*id, top);
  while (!waiting.empty() && !teller.IsDone()) {
    const std::string above = std::move(waiting.front());
    waiting.pop_front();
    ListFolders(hierarchy.folder + above, [&](int folder, const char* name) {
      struct stat status = {};
      if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return true;
      if (!S_ISDIR(status.st_mode)) return true;
      std::string path = Below(above, name);
      teller.Tell(status.st_ino, path);
      if (status.st_nlink != kLinksOfLeaf) waiting.push_back(std::move(path));
      return !teller.IsDone();
    });
  }
}

}  // namespace

std::vector<CgroupHierarchy> FindCgroupHierarchies(const std::string& proc_root) {
  const std::vector<Mount> mounts = ReadMounts(proc_root);
  const std::vector<Membership> numbers = ReadMemberships(proc_root, "self");
  std::vector<CgroupHierarchy> found;
  for (const std::string controller : {"", "pids", "memory"}) {
    const bool is_v2 = controller.empty();
    const auto mount = std::ranges::find_if(mounts, [&](const Mount& candidate) {
      return is_v2 ? candidate.type == "cgroup2"
                   : candidate.type == "cgroup" && HasWord(candidate.options, controller);
    });
    if (mount == mounts.end()) continue;
    CgroupHierarchy hierarchy{.folder = mount->folder, .controller = controller, .number = 0};
    const auto number =
        std::ranges::find_if(numbers, [&](const Membership& own) { return IsOf(own, hierarchy); });
    if (number == numbers.end()) continue;
    hierarchy.number = number->number;
    found.push_back(std::move(hierarchy));
  }
  std::stable_partition(found.begin(), found.end(), HasCgroups);
  return found;
}

Result<FoundCgroup> FindCgroup(const std::string& path,
                               const std::vector<CgroupHierarchy>& hierarchies) {
  std::string folders;
  for (const CgroupHierarchy& hierarchy : hierarchies) {
    const std::string folder = hierarchy.folder + path;
    if (const auto id = IdOfFolder(folder)) return FoundCgroup{.hierarchy = hierarchy, .id = *id};
    folders += (folders.empty() ? "" : ", ") + folder;
  }
  if (folders.empty()) return Error("cgroup " + path + ": no hierarchy of cgroups is mounted");
  return Error("cgroup " + path + ": there is no folder " + folders);
}

std::optional<std::string> ReadCgroupOf(const std::string& proc_root, uint32_t pid,
                                        const CgroupHierarchy& hierarchy) {
  for (Membership& membership : ReadMemberships(proc_root, std::to_string(pid))) {
    if (IsOf(membership, hierarchy)) return std::move(membership.path);
  }
  return std::nullopt;
}

// A process may have moved since the snapshot: the folder's id says whether it is still there.
void CgroupPaths::Tell(uint64_t now_ns, const std::function<void(const CgroupPath&)>& take) const {
  if (hierarchy_.folder.empty()) return;
  Teller teller(limits_, hierarchy_, now_ns, take);
  for (const auto& [log_id, pid] : members_) {
    if (teller.IsDone()) return;
    const auto path = ReadCgroupOf(proc_root_, pid, hierarchy_);
    const auto id = path ? IdOfFolder(hierarchy_.folder + *path) : std::nullopt;
    if (id && hierarchy_.ToLogId(*id) == log_id) teller.Tell(*id, *path);
  }
  TellBelow(hierarchy_, top_, teller);
}

}  // namespace daybook
