// What stands below a table for programs, where people read a line.
#pragma once

#include <string_view>

#include "table/table.h"

namespace daybook {

struct NamedFact {
  std::string_view name;
  Cell value;  // a number, a time or unknown: nothing that it would have to point to
  Kind kind = Kind::kNumber;
};

}  // namespace daybook
