// The fields of a record, of a type known or not, as one line for people.
#pragma once

#include <string>

#include "daybook/schema.h"
#include "table/table.h"

namespace daybook {

// "time=123 pid=7 flags=superuser|oom_killed comm=sh args=[sh -c 'exit 3']"
void AppendFieldsText(const RecordFields& fields, std::string* out);

// The name that an enum's value or a flag's bit has in its schema; empty where it has none.
std::string_view ValueNameOf(const FieldInfo& field, uint64_t value);

}  // namespace daybook
