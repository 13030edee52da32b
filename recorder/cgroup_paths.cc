#include "cgroup_paths.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>

namespace daybook {
namespace {

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

// Fields by their numbers in proc_pid_mountinfo(5). Optional ones stand before a dash.
std::optional<CgroupMount> ParseMount(const std::string& line) {
  std::istringstream words(line);
  std::string skipped, root, folder, type;
  words >> skipped >> skipped >> skipped >> root >> folder;
  for (std::string word; word != "-";) {
    if (!(words >> word)) return std::nullopt;
  }
  if (!(words >> type) || root != "/") return std::nullopt;
  if (type != "cgroup" && type != "cgroup2") return std::nullopt;
  return CgroupMount{.folder = Unescaped(folder), .is_v2 = type == "cgroup2"};
}

std::string ReadText(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return std::move(text).str();
}

}  // namespace

std::vector<CgroupMount> ParseCgroupMounts(std::string_view mountinfo) {
  std::istringstream lines{std::string(mountinfo)};
  std::vector<CgroupMount> mounts;
  for (std::string line; std::getline(lines, line);) {
    if (auto mount = ParseMount(line)) mounts.push_back(*std::move(mount));
  }
  return mounts;
}

// A cgroup's folder has its id for inode number.
Result<uint64_t> FindCgroup(const std::string& path, const std::string& proc_root) {
  const auto mounts = ParseCgroupMounts(ReadText(proc_root + "/self/mountinfo"));
  const auto mount = std::ranges::find(mounts, true, &CgroupMount::is_v2);
  if (mount == mounts.end()) {
    return Error("cgroup " + path + ": no hierarchy of version 2 (cgroup2) is mounted");
  }
  struct stat status = {};
  if (stat((mount->folder + path).c_str(), &status) != 0) {
    return Error::FromErrno("cgroup " + path + " (" + mount->folder + path + ")", errno);
  }
  if (!S_ISDIR(status.st_mode)) return Error("cgroup " + path + ": is a file of one");
  return status.st_ino;
}

std::optional<std::string> ReadCgroupOf(const std::string& proc_root, uint32_t pid) {
  constexpr std::string_view kV2 = "0::";
  std::ifstream lines(proc_root + "/" + std::to_string(pid) + "/cgroup");
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(kV2)) return line.substr(kV2.size());
  }
  return std::nullopt;
}

bool IsInCgroup(std::string_view path, std::string_view top) {
  if (top == "/") return true;
  return path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/');
}

}  // namespace daybook
