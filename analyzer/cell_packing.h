// Cells as bytes: to hold them, and to tell whether they are equal.
#pragma once

#include <string>
#include <string_view>

#include "table.h"

namespace daybook {

// Appends the cell; not one of Kind::kFields.
void PackCell(const Cell& cell, std::string* out);

// Takes the first cell off; it points into `packed`.
Cell UnpackCell(std::string_view* packed);

}  // namespace daybook
