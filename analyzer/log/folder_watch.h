// Sleeps until something is written in a folder.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "daybook/result.h"

namespace daybook {

// By inotify. Where that is not possible it returns once a second, and `problem` says why.
class FolderWatch {
 public:
  enum class Looks : uint8_t { kWhenTold, kEachSecond };

  explicit FolderWatch(const std::string& path, Looks looks = Looks::kWhenTold);
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;
  ~FolderWatch();

  const std::optional<Error>& problem() const { return problem_; }

  enum class Waking : uint8_t {
    kChange,  // there may be more
    kRemoved,
    kTime,
    kInterrupt,
    kNoReader,
  };
  struct Others {
    int interrupts = -1;  // becomes readable
    int output = -1;      // nobody reads from it any more
    std::optional<int64_t> wait_ns = std::nullopt;
  };
  Waking Wait(const Others& others);

 private:
  Waking TakeEvents();
  bool IsGone() const;

  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  int inotify_ = -1;
  bool saw_deletion_ = false;  // of a file: the folder may be next
  std::optional<Error> problem_;
};

}  // namespace daybook
