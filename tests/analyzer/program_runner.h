// Runs the program itself, as a shell would.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "support/temp_folder.h"

namespace daybook {

class ProgramRunner : public testing::Test {
 protected:
  struct Answer {
    int status = -1;
    std::string out;
    std::string err;
  };

  // Runs `daybook ARGUMENTS` as the shell would, on log_path_ where LOG stands.
  Answer Run(std::string arguments, const std::string& rest = "") const {
    for (size_t at = 0; (at = arguments.find("LOG")) != std::string::npos;) {
      arguments.replace(at, 3, log_path_);
    }
    const std::string out = temp_ / "out";
    const std::string err = temp_ / "err";
    const std::string command =
        "TZ=UTC " DAYBOOK_PROGRAM " " + arguments + " 2>" + err + rest + " >" + out;
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, Slurp(out), Slurp(err)};
  }

  static std::string Slurp(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return std::move(text).str();
  }

  TempFolder temp_;
  std::string log_path_ = temp_ / "log";
};

}  // namespace daybook
