// Where this process stands among the namespaces of its host.
#pragma once

#include <string>

#include "daybook/result.h"

namespace daybook {

// The kernel's events number processes as the host's first pid namespace does, and their times are
// those of its first time namespace. One Error where this process, or /proc, is in another: the log
// would have each process twice, by two numbers or two starts.
Status CheckNamespaces(const std::string& proc_root = "/proc");

// False only where it is known to be another.
bool IsFirstUserNamespace();

}  // namespace daybook
