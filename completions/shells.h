// Scripts that tell a shell how to complete a command line.
#pragma once

#include <string>

#include "command_line.h"

namespace daybook {

std::string BashScript(const Command& program);
std::string ZshScript(const Command& program);
std::string FishScript(const Command& program);

// The main function of a generator: PROGRAM bash|zsh|fish prints the script. Returns the exit
// status.
int PrintScript(const Command& program, int argc, char** argv);

}  // namespace daybook
