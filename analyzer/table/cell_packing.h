// Cells as bytes: to hold them, and to tell whether they are equal.
#pragma once

#include "table/repeated_texts.h"
#include "table/table.h"
#include "text/byte_buffer.h"

namespace daybook {

// Appends the cell; not one of Kind::kFields. With `texts`, a text that repeats is a number there;
// else equal cells are equal bytes.
void PackCell(const Cell& cell, RepeatedTexts* texts, ByteBuffer* out);

// Reads a cell, which points into `packed` or `texts`, and returns what is behind it.
const char* UnpackCell(const char* packed, const RepeatedTexts* texts, Cell* cell);

}  // namespace daybook
