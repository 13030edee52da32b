// What lives are grouped by: the fields of list, and what follows from who else there is.
#pragma once

#include <string_view>
#include <vector>

#include "columns/life_fields.h"

namespace daybook {

// The job that a life is in, and its kind. Their `get` is not called: who groups asks JobRuns.
extern const LifeField& kJobKey;
extern const LifeField& kJobKindKey;
bool IsJobKey(const LifeField* key);

// Where one process has one value, whatever programs it ran.
bool NamesProcess(const LifeField* key);

// What --by may name: a field of list, "spawner", or a key about jobs. nullptr where there is none.
const LifeField* FindGroupKey(std::string_view name);
std::vector<std::string_view> GroupKeyNames();

}  // namespace daybook
