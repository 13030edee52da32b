#include "status/trouble.h"

#include <cstdio>
#include <utility>

namespace daybook {

// A disk that takes what is written, and does not keep it, is not well.
void Trouble::Report(const Status& status, Place place) {
  if (status && place == kDisk && writer_.sync_failing()) return;
  const bool was_failing = std::exchange(failing_[place], !status);
  if (!status) {
    meter_.OnTrouble(status.error().message());
    if (was_failing) return;
    std::fprintf(stderr, "daybookd: %s; going on\n", status.error().message().c_str());
  } else if (was_failing && !is_any()) {
    std::fprintf(stderr, "daybookd: recording again\n");
    meter_.OnRecovery();
  }
}

}  // namespace daybook
