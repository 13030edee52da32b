// Scripts rely on these numbers.
#pragma once

namespace daybook {

inline constexpr int kExitFine = 0;
inline constexpr int kExitFound = 1;  // a check found something
inline constexpr int kExitUsage = 2;
inline constexpr int kExitUnreadable = 3;
inline constexpr int kExitIncomplete = 4;  // done, but data were damaged or lost

}  // namespace daybook
