// One record for a short life, and the three that it stands for.
#pragma once

#include <optional>

#include "daybook/records.h"

namespace daybook {

struct LifeParts {
  Fork fork;
  std::optional<Exec> exec;
  Exit exit;
};

// Strings of the parts point where those of `life` do.
LifeParts PartsOf(const WholeLife& life);

// The one record that tells as much, times to kTickNs; nothing where it cannot: where anything that
// more than one of them tell is not the same, or unknown.
std::optional<WholeLife> Join(const LifeParts& parts);

}  // namespace daybook
