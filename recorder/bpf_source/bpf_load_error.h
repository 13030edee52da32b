// Why the kernel did not take a BPF program, in one line.
#pragma once

#include <string_view>

#include "daybook/result.h"

namespace daybook {

// From what libbpf printed while it loaded (its verifier log included) and the errno value that it
// returned.
Error LoadError(std::string_view log, int error_number);

}  // namespace daybook
