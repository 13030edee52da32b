#include "life_groups.h"

#include <fmt/format.h>

#include "cell_packing.h"
#include "nearest.h"

namespace daybook {

Result<std::vector<const LifeField*>> FindGroupKeys(std::string_view option,
                                                    std::span<const std::string> names) {
  std::vector<const LifeField*> keys;
  for (const std::string& name : names) {
    const LifeField* field = FindLifeField(name);
    if (field == nullptr) {
      const std::string hint = DidYouMean(name, LifeFieldNames());
      return Error(fmt::format("{}: no key '{}'{}", option, name,
                               hint.empty() ? "; --filter help lists them" : hint));
    }
    keys.push_back(field);
  }
  return keys;
}

size_t LifeGroups::Find(const Boot& boot, const Life& life, LifeTexts& texts) {
  key_.clear();
  for (const LifeField* key : keys_) PackCell(key->get(boot, life, texts), &key_);
  const auto known = numbers_.find(key_);
  if (known != numbers_.end()) return known->second;
  packed_.push_back(arena_.Keep(key_));
  numbers_.emplace(packed_.back(), packed_.size() - 1);
  return packed_.size() - 1;
}

std::vector<Cell> LifeGroups::Cells(size_t group) const {
  std::vector<Cell> cells;
  std::string_view packed = packed_[group];
  while (!packed.empty()) cells.push_back(UnpackCell(&packed));
  return cells;
}

}  // namespace daybook
