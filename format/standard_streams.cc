#include "daybook/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace daybook {

// The lowest number that is free is the one that open(2) returns. Each is opened for what nobody
// does with it, so that who uses it gets the error that a closed one gives.
void HoldStandardStreams() {
  int fd = 0;
  for (const int mode : {O_WRONLY, O_RDONLY, O_RDONLY}) {
    const bool is_open = fcntl(fd, F_GETFD) >= 0;
    if (!is_open && open("/dev/null", mode) != fd) return;
    ++fd;
  }
}

Status WriteStandardOutput(std::string_view text) {
  const bool is_written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if ((is_written && std::fflush(stdout) == 0) || errno == EPIPE) return Ok{};
  return Error::FromErrno("cannot write to standard output", errno);
}

}  // namespace daybook
