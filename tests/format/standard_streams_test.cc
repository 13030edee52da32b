#include "daybook/standard_streams.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

namespace daybook {
namespace {

// What a child returns.
int InChild(const std::function<int()>& act) {
  const pid_t pid = fork();
  if (pid == 0) _exit(act());
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(StandardStreamsTest, WhatIsOpenedLaterIsNoneOfThem) {
  for (unsigned closed = 1; closed < 8; ++closed) {
    const int opened = InChild([closed] {
      for (int fd = 0; fd <= STDERR_FILENO; ++fd) {
        if ((closed >> fd & 1) != 0) close(fd);
      }
      HoldStandardStreams();
      return open("/dev/null", O_RDONLY);
    });
    EXPECT_GT(opened, STDERR_FILENO) << closed;
  }
}

TEST(StandardStreamsTest, OneThatWasClosedCannotBeUsed) {
  EXPECT_EQ(InChild([] {
              close(STDIN_FILENO);
              close(STDOUT_FILENO);
              HoldStandardStreams();
              char byte = 0;
              const bool is_read = read(STDIN_FILENO, &byte, 1) >= 0 || errno != EBADF;
              const bool is_written = write(STDOUT_FILENO, &byte, 1) >= 0 || errno != EBADF;
              return is_read || is_written;
            }),
            0);
}

TEST(StandardStreamsTest, OneThatIsOpenStaysAsItIs) {
  EXPECT_EQ(InChild([] {
              int pipe_ends[2];
              if (pipe(pipe_ends) != 0) return 2;
              dup2(pipe_ends[1], STDERR_FILENO);
              HoldStandardStreams();
              char byte = 'x';
              if (write(STDERR_FILENO, &byte, 1) != 1) return 3;
              return read(pipe_ends[0], &byte, 1) == 1 && byte == 'x' ? 0 : 4;
            }),
            0);
}

}  // namespace
}  // namespace daybook
