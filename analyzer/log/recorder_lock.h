// Whether somebody is writing a log just now.
#pragma once

#include <string>

namespace daybook {

// True while a recorder holds its lock on the folder. Looks only for a moment: a recorder that
// starts in just this moment would find the folder taken.
bool IsBeingRecorded(const std::string& folder);

}  // namespace daybook
