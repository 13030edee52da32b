// Makes processes and waits for them: what the kernel tells their parent is the measure.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace daybook {

struct Ended {
  int status = 0;
  rusage usage = {};
};

inline Ended WaitFor(pid_t pid) {
  Ended ended;
  while (wait4(pid, &ended.status, 0, &ended.usage) != pid) {
    if (errno != EINTR) throw std::runtime_error("no child " + std::to_string(pid));
  }
  return ended;
}

// A child that does this and then exits with 0.
template <class Function>
pid_t Spawn(Function behave) {
  std::fflush(nullptr);
  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error("fork");
  if (pid == 0) {
    behave();
    _exit(0);
  }
  return pid;
}

// In a child: becomes that program.
inline void Become(const std::string& path, std::vector<std::string> arguments) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  execv(path.c_str(), argv.data());
  _exit(127);
}

// A child of that user that becomes that program.
inline pid_t SpawnAs(uid_t uid, const std::string& path, std::vector<std::string> arguments = {}) {
  arguments.insert(arguments.begin(), path);
  return Spawn([&] {
    if (setuid(uid) != 0) _exit(95);
    Become(path, std::move(arguments));
  });
}

// tests/live/actor.c with these arguments. What it prints goes to that file. It ends with the
// thread that made it: a test that fails leaves none.
inline pid_t SpawnActor(std::vector<std::string> arguments,
                        const std::string& output = "/dev/null") {
  arguments.insert(arguments.begin(), "actor");
  return Spawn([&] {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(open(output.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600), STDOUT_FILENO);
    Become(ACTOR_PROGRAM, std::move(arguments));
  });
}

// Something that a child can tell its parent by.
template <class Value>
class Shared {
 public:
  Shared()
      : value_(static_cast<Value*>(mmap(nullptr, sizeof(Value), PROT_READ | PROT_WRITE,
                                        MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    if (value_ == MAP_FAILED) throw std::runtime_error("mmap");
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() { munmap(value_, sizeof(Value)); }

  Value& operator*() const { return *value_; }
  Value* operator->() const { return value_; }

 private:
  Value* value_;
};

// Looks again and again, for at most that long; creates no process.
inline bool Await(const std::function<bool()>& condition,
                  std::chrono::seconds limit = std::chrono::seconds(30)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace daybook
