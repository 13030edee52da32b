// Names of users in options.
#pragma once

#include <cstdint>
#include <string>

#include "daybook/result.h"

namespace daybook {

// Whether names are looked up, or only those are known that have been before: without privileges,
// and with few system calls, the system's databases are out of reach.
enum class UserNames : uint8_t { kLookUp, kAsKnown };

// Holds for the process, as what has been looked up does.
void LookUpUsers(UserNames names);

// The user's number.
Result<uint32_t> FindUser(const std::string& name);

}  // namespace daybook
