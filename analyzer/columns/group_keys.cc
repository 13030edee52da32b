#include "columns/group_keys.h"

#include "columns/life_cells.h"

namespace daybook {
namespace {

Cell NoCell(const Boot&, const Life&, LifeTexts&) { return {}; }

Cell SpawnerCell(const Boot&, const Life& life, LifeTexts&) {
  const Life* parent = life.parent.get();
  return parent != nullptr ? CommCell(*parent) : Cell();
}

// By the parents of a life, so by what the log tells of births.
constexpr LifeField kFamilyKeys[] = {
    {.column = {"job", Kind::kString},
     .get = NoCell,
     .text = "the job that it belongs to",
     .rests = Rests::kOnBirth},
    {.column = {"job_kind", Kind::kString},
     .get = NoCell,
     .text = "what kind of job that is",
     .rests = Rests::kOnBirth},
    {.column = {"spawner", Kind::kString},
     .get = SpawnerCell,
     .text = "task name of its birth parent",
     .rests = Rests::kOnBirth},
};

}  // namespace

const LifeField& kJobKey = kFamilyKeys[0];
const LifeField& kJobKindKey = kFamilyKeys[1];

bool IsJobKey(const LifeField* key) { return key == &kJobKey || key == &kJobKindKey; }

bool NamesProcess(const LifeField* key) {
  static const LifeField* const kProcessId = FindLifeField("proc_id");
  return IsJobKey(key) || key == kProcessId;
}

const LifeField* FindGroupKey(std::string_view name) {
  for (const LifeField& key : kFamilyKeys) {
    if (key.column.name == name) return &key;
  }
  return FindLifeField(name);
}

std::vector<std::string_view> GroupKeyNames() {
  std::vector<std::string_view> names = LifeFieldNames();
  for (const LifeField& key : kFamilyKeys) names.push_back(key.column.name);
  return names;
}

}  // namespace daybook
