// Lives in groups that have the same values of some fields.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "columns/life_fields.h"
#include "report.h"
#include "text/arena.h"
#include "text/byte_buffer.h"

namespace daybook {

// What stands in the place of a key for all that no other row has. No task name is that by chance.
inline constexpr std::string_view kOther = "***other";

// Which life has which job, for the keys that are about jobs. One for all who ask about the lives
// of a reading: each life keeps what was found out.
class JobRuns;

// The fields that --by names, else the one of that name. The Error says which is none, or stands
// twice.
Result<std::vector<const LifeField*>> GroupKeys(const Wishes& wishes,
                                                std::string_view by_default = "comm");

// The columns of a report about groups: one for each key, then `others`. The Error says which key
// has the name of one of these.
Result<std::vector<Column>> KeyColumns(std::span<const LifeField* const> keys,
                                       std::span<const Column> others);
Result<std::vector<Column>> KeyColumns(const Wishes& wishes, std::span<const Column> others);
Result<std::vector<Column>> KeyColumns(std::span<const Column> keys,
                                       std::span<const Column> others);

// Numbers groups from 0 in the order of their appearance. Takes no memory for one that is known.
class CellGroups {
 public:
  // `packed`: the cells by which it is told from others, as PackCell makes them.
  size_t Find(std::string_view packed);
  // The same of one cell alone.
  size_t Find(const Cell& cell);

  size_t size() const { return packed_.size(); }
  // They point into this object.
  std::vector<Cell> Cells(size_t group) const;

 private:
  size_t* GuessFor(std::string_view bytes);
  size_t FindByHash(std::string_view packed);

  Arena arena_;
  std::unordered_map<std::string_view, size_t> numbers_;  // by the packed cells
  std::vector<std::string_view> packed_;                  // by number
  std::vector<std::string_view> texts_;                   // by number, of those found by one text
  std::array<size_t, 256> guesses_{};                     // by what is cheap to look at
  ByteBuffer cell_;
};

// The same of lives, by some fields.
class LifeGroups {
 public:
  explicit LifeGroups(std::vector<const LifeField*> keys, std::shared_ptr<JobRuns> runs = nullptr);

  size_t Find(const Boot& boot, const Life& life, LifeTexts& texts);
  // The same of a program of a life, as LifePrograms has it: what names a process is the life's.
  size_t Find(const Boot& boot, const Life& program, const Life& life, LifeTexts& texts);

  size_t size() const { return groups_.size(); }
  // A cell for each key; they point into this object.
  std::vector<Cell> Cells(size_t group) const { return groups_.Cells(group); }

 private:
  Cell CellOf(const LifeField& key, const Boot& boot, const Life& life, LifeTexts& texts);

  std::vector<const LifeField*> keys_;
  std::shared_ptr<JobRuns> runs_;  // where a key is about them
  CellGroups groups_;
  ByteBuffer key_;
};

}  // namespace daybook
