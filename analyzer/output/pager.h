// The program in which people read what is longer than their terminal.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "daybook/result.h"

namespace daybook {

class Pager {
 public:
  // Commands of which the first that there is will do, by DAYBOOK_PAGER, else PAGER. Empty where
  // none is wanted.
  static std::vector<std::string> Wanted();

  explicit Pager(std::vector<std::string> commands) : commands_(std::move(commands)) {}
  Pager(const Pager&) = delete;
  Pager& operator=(const Pager&) = delete;
  ~Pager();  // waits until it is left

  // From now on it reads standard output. Until it is left, what is typed to interrupt is for it
  // alone. An Error where there is none; then all stays as it is.
  Status Start();

 private:
  std::vector<std::string> commands_;
  pid_t pid_ = 0;
  int terminal_ = -1;  // what standard output was
};

}  // namespace daybook
