#include "log/folder_watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace daybook {
namespace {

constexpr int64_t kNanosPerMillisecond = 1'000'000;
constexpr int64_t kSecondMs = 1000;

// Segments are appended to, created, put in the place of others, and removed.
constexpr uint32_t kChanges = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE;
constexpr uint32_t kRemovals = IN_DELETE_SELF | IN_MOVE_SELF;

int64_t ToMilliseconds(int64_t ns) {
  return std::max<int64_t>(ns, 0) / kNanosPerMillisecond + (ns > 0);
}

}  // namespace

FolderWatch::FolderWatch(const std::string& path, Looks looks) : path_(path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) == 0) {
    device_ = status.st_dev;
    inode_ = status.st_ino;
  }
  if (looks == Looks::kEachSecond) return;
  inotify_ = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  const bool is_watched =
      inotify_ >= 0 && inotify_add_watch(inotify_, path.c_str(), kChanges | kRemovals) >= 0;
  if (is_watched) return;
  problem_ = Error::FromErrno("cannot watch " + path + " by inotify", errno);
  if (inotify_ >= 0) close(inotify_);
  inotify_ = -1;
}

FolderWatch::~FolderWatch() {
  if (inotify_ >= 0) close(inotify_);
}

FolderWatch::Waking FolderWatch::Wait(const Others& others) {
  std::array<pollfd, 3> files{{{.fd = inotify_, .events = POLLIN, .revents = 0},
                               {.fd = others.interrupts, .events = POLLIN, .revents = 0},
                               {.fd = others.output, .events = 0, .revents = 0}}};
  int64_t wait_ms = others.wait_ns ? ToMilliseconds(*others.wait_ns) : -1;
  // Of a folder of which we have a file open, the kernel does not tell that it is removed.
  const bool may_vanish = inotify_ < 0 || saw_deletion_;
  const bool looks = may_vanish && (wait_ms < 0 || wait_ms > kSecondMs);
  if (looks) wait_ms = kSecondMs;
  const int timeout = static_cast<int>(std::min<int64_t>(wait_ms, INT32_MAX));
  const int found = poll(files.data(), files.size(), timeout);
  if (found < 0) return Waking::kChange;  // by a signal that is no interrupt: look again
  if (files[1].revents != 0) return Waking::kInterrupt;
  if (files[2].revents != 0) return Waking::kNoReader;
  if (may_vanish && IsGone()) return Waking::kRemoved;
  if (files[0].revents != 0) return TakeEvents();
  saw_deletion_ = false;
  return looks || timeout == INT32_MAX ? Waking::kChange : Waking::kTime;
}

// All that wait, of which one look at the folder is the answer.
FolderWatch::Waking FolderWatch::TakeEvents() {
  alignas(inotify_event) std::array<char, 16 << 10> buffer;
  bool is_removed = false;
  for (ssize_t got = 0; (got = read(inotify_, buffer.data(), buffer.size())) > 0;) {
    for (ssize_t at = 0; at < got;) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof(event));
      is_removed = is_removed || (event.mask & (kRemovals | IN_IGNORED)) != 0;
      saw_deletion_ = saw_deletion_ || (event.mask & IN_DELETE) != 0;
      at += static_cast<ssize_t>(sizeof(event) + event.len);
    }
  }
  return is_removed ? Waking::kRemoved : Waking::kChange;
}

bool FolderWatch::IsGone() const {
  struct stat status = {};
  if (stat(path_.c_str(), &status) != 0) return errno == ENOENT;
  // Another one has that name now.
  return inode_ != 0 && (status.st_dev != device_ || status.st_ino != inode_);
}

}  // namespace daybook
