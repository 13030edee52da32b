// What people have said, or their terminal can do, about how text is shown.
#pragma once

#include <string_view>

namespace daybook {

// Behind what has no room: one that the locale's characters have.
std::string_view CutMarkOfLocale();

}  // namespace daybook
