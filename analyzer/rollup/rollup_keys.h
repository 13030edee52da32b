// By what roll-ups can be grouped when they are merged.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "columns/life_fields.h"
#include "rollup/rollup.h"
#include "table/table.h"

namespace daybook {

struct RollupField {
  Column column;
  std::string_view text;  // one line about it
  // What the cell points to is valid until the facts, the key or the texts change.
  Cell (*get)(const RollupFacts& facts, const RollupGroupKey& key, LifeTexts& texts);
  // A fact of the whole roll-up, also of groups whose keys were given up.
  bool is_of_all = false;
};
std::span<const RollupField> RollupFields();

// The fields that --by names, else the task name. The Error says which is none, or stands twice.
Result<std::vector<const RollupField*>> RollupKeys(std::span<const std::string> names);

}  // namespace daybook
