#include "output/pager.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <sstream>

namespace daybook {
namespace {

// Without LESS: ends at once what fits the screen, shows colours, and leaves the text on the
// screen.
constexpr char kLess[] = "LESS=FRX";

std::vector<std::string> WordsOf(const std::string& command) {
  std::istringstream text(command);
  std::vector<std::string> words;
  for (std::string word; text >> word;) words.push_back(std::move(word));
  return words;
}

std::vector<char*> Environment() {
  std::vector<char*> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) variables.push_back(*variable);
  if (std::getenv("LESS") == nullptr) variables.push_back(const_cast<char*>(kLess));
  variables.push_back(nullptr);
  return variables;
}

// Runs a command with this as its standard input and with signals as they were before us. An errno
// where that fails.
int Spawn(const std::string& command, int input, pid_t* pid) {
  std::vector<std::string> words = WordsOf(command);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t usual;
  sigemptyset(&usual);
  for (const int signal : {SIGPIPE, SIGXFSZ}) sigaddset(&usual, signal);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  const int failure = posix_spawnp(pid, arguments.front(), &files, &attributes, arguments.data(),
                                   Environment().data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return failure;
}

}  // namespace

std::vector<std::string> Pager::Wanted() {
  const char* wanted = std::getenv("DAYBOOK_PAGER");
  if (wanted == nullptr) wanted = std::getenv("PAGER");
  if (wanted == nullptr) return {"less", "more"};
  const std::vector<std::string> words = WordsOf(wanted);
  if (words.empty() || words.front() == "cat") return {};
  return {wanted};
}

Status Pager::Start() {
  std::array<int, 2> pipe{};
  if (pipe2(pipe.data(), O_CLOEXEC) != 0) return Error::FromErrno("cannot make a pipe", errno);
  int failure = 0;
  for (const std::string& command : commands_) {
    failure = Spawn(command, pipe[0], &pid_);
    if (failure == 0) break;
    pid_ = 0;
  }
  close(pipe[0]);
  if (pid_ > 0) {
    std::signal(SIGINT, SIG_IGN);
    terminal_ = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    dup2(pipe[1], STDOUT_FILENO);
  }
  close(pipe[1]);
  if (pid_ > 0 || commands_.size() > 1) return Ok{};  // who names none does not miss it
  return Error::FromErrno("cannot run the pager " + commands_.front(), failure);
}

Pager::~Pager() {
  if (pid_ <= 0) return;
  if (dup2(terminal_, STDOUT_FILENO) < 0) close(STDOUT_FILENO);  // so the pipe ends
  close(terminal_);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
  std::signal(SIGINT, SIG_DFL);
}

}  // namespace daybook
