// Lives in groups that have the same values of some fields.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "arena.h"
#include "life_fields.h"

namespace daybook {

// The fields with these names; the Error says which is none, and begins with `option`.
Result<std::vector<const LifeField*>> FindGroupKeys(std::string_view option,
                                                    std::span<const std::string> names);

// Numbers groups from 0 in the order of their appearance. Takes no memory for a life whose group
// is known.
class LifeGroups {
 public:
  explicit LifeGroups(std::vector<const LifeField*> keys) : keys_(std::move(keys)) {}

  size_t Find(const Boot& boot, const Life& life, LifeTexts& texts);

  size_t size() const { return packed_.size(); }
  // A cell for each key; they point into this object.
  std::vector<Cell> Cells(size_t group) const;

 private:
  std::vector<const LifeField*> keys_;
  Arena arena_;
  std::unordered_map<std::string_view, size_t> numbers_;  // by the packed cells
  std::vector<std::string_view> packed_;                  // by number
  std::string key_;
};

}  // namespace daybook
