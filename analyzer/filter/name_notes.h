// Whoever asks for a name that nothing has may have it wrong.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "log/log_set.h"
#include "table/table.h"

namespace daybook {

// The line that says so of one, with those that there are to be suggested.
std::string NameNote(std::string_view begin, std::string_view name,
                     std::span<const std::string_view> known);

// What was given to options as --host, by the option.
using AskedNames = std::map<std::string_view, std::vector<std::string>>;

// Call it behind the last record. A line for each name that is not in what was read and of which a
// log tells by itself, not only by the processes that have it: of hosts and of cgroups with what
// these stand for.
void AddNameNotes(const AskedNames& asked, const LogSet& log, Table& table);

}  // namespace daybook
