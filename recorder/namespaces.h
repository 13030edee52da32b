// Where this process stands among the namespaces of its host.
#pragma once

#include <string>

#include "daybook/result.h"

namespace daybook {

// The kernel's events number processes as the host's first pid namespace does. One Error where this
// process, or /proc, is in another: the log would have each process twice, by two numbers.
Status CheckPidNamespace(const std::string& proc_root = "/proc");

// False only where it is known to be another.
bool IsFirstUserNamespace();

}  // namespace daybook
