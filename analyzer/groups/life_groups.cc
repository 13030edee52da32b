#include "groups/life_groups.h"

#include <fmt/format.h>

#include <algorithm>

#include "columns/group_keys.h"
#include "groups/job_runs.h"
#include "table/cell_packing.h"
#include "text/nearest.h"

namespace daybook {

namespace {

// 0 where there is none.
uint8_t Byte(std::string_view bytes, size_t at) {
  return at < bytes.size() ? static_cast<uint8_t>(bytes[at]) : uint8_t{0};
}

}  // namespace

Result<std::vector<const LifeField*>> GroupKeys(const Wishes& wishes, std::string_view by_default) {
  std::vector<const LifeField*> keys;
  for (const std::string& name : wishes.Values("--by")) {
    const LifeField* field = FindGroupKey(name);
    if (field == nullptr) {
      const std::string hint = DidYouMean(name, GroupKeyNames());
      return Error(fmt::format(
          "--by: no key '{}'{}", name,
          hint.empty() ? "; --filter help lists them, and there are job, job_kind and spawner"
                       : hint));
    }
    if (std::ranges::find(keys, field) != keys.end()) {
      return Error(fmt::format("--by: '{}' stands there twice", field->column.name));
    }
    keys.push_back(field);
  }
  if (keys.empty()) keys.push_back(FindGroupKey(by_default));
  return keys;
}

Result<std::vector<Column>> KeyColumns(const Wishes& wishes, std::span<const Column> others) {
  const auto keys = GroupKeys(wishes);
  if (!keys) return keys.error();
  return KeyColumns(*keys, others);
}

Result<std::vector<Column>> KeyColumns(std::span<const LifeField* const> keys,
                                       std::span<const Column> others) {
  std::vector<Column> columns;
  for (const LifeField* key : keys) columns.push_back(key->column);
  return KeyColumns(columns, others);
}

Result<std::vector<Column>> KeyColumns(std::span<const Column> keys,
                                       std::span<const Column> others) {
  std::vector<Column> columns;
  for (Column column : keys) {
    if (std::ranges::find(others, column.name, &Column::name) != others.end()) {
      return Error(fmt::format("--by: '{}' is another column here", column.name));
    }
    column.text_place = static_cast<int>(columns.size()) + 1;
    column.shown = Shown::kAlways;
    // Those without a name are told from each other by their ids, also by programs.
    if (column.kind == Kind::kUser) column.kind = Kind::kString;
    columns.push_back(column);
  }
  columns.insert(columns.end(), others.begin(), others.end());
  return columns;
}

// Most lives are of a few groups, which some bytes tell from each other: no need to hash all.
size_t* CellGroups::GuessFor(std::string_view bytes) {
  const size_t sum = bytes.size() + size_t{31} * Byte(bytes, bytes.size() / 2) +
                     size_t{7} * Byte(bytes, bytes.size() - 1);
  return &guesses_[sum % guesses_.size()];
}

size_t CellGroups::Find(std::string_view packed) {
  size_t& guess = *GuessFor(packed);
  if (guess >= packed_.size() || packed_[guess] != packed) guess = FindByHash(packed);
  return guess;
}

// Most are texts, which need not be packed to see that they are the same.
size_t CellGroups::Find(const Cell& cell) {
  const auto* const text = std::get_if<Text>(&cell);
  const bool is_whole = text != nullptr && !text->cut && !text->bytes.empty();
  size_t* const guess = is_whole ? GuessFor(text->bytes) : nullptr;
  if (is_whole && *guess < texts_.size() && texts_[*guess] == text->bytes) return *guess;
  cell_.Clear();
  PackCell(cell, nullptr, &cell_);
  const size_t found = Find(cell_.text());
  if (!is_whole) return found;
  texts_.resize(std::max(texts_.size(), found + 1));
  texts_[found] = packed_[found].substr(packed_[found].size() - text->bytes.size());
  return *guess = found;
}

size_t CellGroups::FindByHash(std::string_view packed) {
  const auto known = numbers_.find(packed);
  if (known != numbers_.end()) return known->second;
  packed_.push_back(arena_.Keep(packed));
  numbers_.emplace(packed_.back(), packed_.size() - 1);
  return packed_.size() - 1;
}

std::vector<Cell> CellGroups::Cells(size_t group) const {
  std::vector<Cell> cells;
  const std::string_view packed = packed_[group];
  for (const char* at = packed.data(); at != packed.data() + packed.size();) {
    at = UnpackCell(at, nullptr, &cells.emplace_back());
  }
  return cells;
}

LifeGroups::LifeGroups(std::vector<const LifeField*> keys, std::shared_ptr<JobRuns> runs)
    : keys_(std::move(keys)), runs_(std::move(runs)) {
  if (!runs_ && std::ranges::any_of(keys_, IsJobKey)) runs_ = JobRuns::WithoutRoots();
}

Cell LifeGroups::CellOf(const LifeField& key, const Boot& boot, const Life& life,
                        LifeTexts& texts) {
  if (!IsJobKey(&key)) return key.get(boot, life, texts);
  const JobRun& run = *runs_->Find(boot, life, texts);
  return Text{&key == &kJobKey ? std::string_view(run.name) : NameOf(run.kind)};
}

size_t LifeGroups::Find(const Boot& boot, const Life& life, LifeTexts& texts) {
  if (keys_.size() == 1) return groups_.Find(CellOf(*keys_.front(), boot, life, texts));
  key_.Clear();
  for (const LifeField* key : keys_) PackCell(CellOf(*key, boot, life, texts), nullptr, &key_);
  return groups_.Find(key_.text());
}

size_t LifeGroups::Find(const Boot& boot, const Life& program, const Life& life, LifeTexts& texts) {
  key_.Clear();
  for (const LifeField* key : keys_) {
    const Life& of = NamesProcess(key) ? life : program;
    PackCell(CellOf(*key, boot, of, texts), nullptr, &key_);
  }
  return groups_.Find(key_.text());
}

}  // namespace daybook
