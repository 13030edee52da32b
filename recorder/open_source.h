// The event source that the command line asks for.
#pragma once

#include <memory>
#include <optional>

#include "daybook/result.h"
#include "options/options.h"
#include "sources/source.h"
#include "system/privileges.h"

namespace daybook {

// How many bytes of a program's arguments are kept; 0 for none.
uint32_t ArgsLimitBytes(const Options& options);

// Where the choice is left to it, says on stderr which source was refused and why. What the source
// leaves behind for the next recorder is given to `owner`.
Result<std::unique_ptr<EventSource>> OpenSource(const Options& options,
                                                const std::optional<Account>& owner);

}  // namespace daybook
