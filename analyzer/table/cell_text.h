// How cells and headings look to people: with units, escaped, never longer than they must be.
#pragma once

#include <string>
#include <string_view>

#include "table/table.h"
#include "text/byte_buffer.h"
#include "time/local_zone.h"

namespace daybook {

bool IsAlignedRight(Kind kind);

// "cpu_us" becomes "CPU": the cells have their unit.
std::string Heading(std::string_view name);

// "-" where it is unknown.
void AppendCellText(Kind kind, const Cell& cell, const LocalZone& zone, ByteBuffer* line);

}  // namespace daybook
