// The programs of a process, each as if it were all of one, and their rows in tables.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "columns/life_fields.h"
#include "lives/lives.h"
#include "table/named_fact.h"
#include "table/table.h"

namespace daybook {

// Whether it executed one program and then another, or may have.
bool HasReplacedProgram(const Life& life);

struct RanProgram {
  uint64_t number = 0;         // among those of its process that are known, from 1
  std::optional<uint64_t> of;  // so many; unknown where there may be more
  bool is_newest = false;
  // For how many it stands: of more than one it is not known what they were. Unknown of the first
  // one of a process that may have run others before it was seen.
  std::optional<uint64_t> count;
  bool is_uncounted = false;  // its CPU time, which was less than the kernel counts before an exec
  // From when it was executed until the next one was. Its ids are those behind the exec, its status
  // is known of the last one, and of its usage only the CPU time is.
  Life life;
};

class LifePrograms {
 public:
  // Of a life that was read for all its programs. Keeps nothing of it, so that who made the life
  // may use its memory again.
  template <class Function>
  void ForEach(const Life& life, Function&& function) {
    Find(life);
    for (const RanProgram& program : programs_) function(program);
    programs_.clear();
  }

 private:
  void Find(const Life& life);

  std::vector<RanProgram> programs_;
};

// Counts those that stand for more than one, of processes that ran many.
class MergedPrograms {
 public:
  void Note(const RanProgram& program);
  // Says so, if there are any. Call it once, after the last one.
  void AddNote(Table& table, std::vector<NamedFact>* facts) const;

 private:
  uint64_t rows_ = 0;
  uint64_t programs_ = 0;  // that they stand for
};

// False of what is told of a process as a whole: most of what it used, and how it was reaped.
bool IsToldOfPrograms(const LifeField& field);

// Behind other columns: those of a program.
std::vector<Column> ProgramColumns();

// Rows, one for each program.
class ProgramRows {
 public:
  explicit ProgramRows(const LocalZone& zone);

  // `row` has what stands before; `behind`, what stands behind.
  void Add(const Boot& boot, const Life& life, std::span<const Cell> before,
           std::span<const Cell> behind, Table& table);
  void AddNote(Table& table, std::vector<NamedFact>* facts) const { merged_.AddNote(table, facts); }

 private:
  LifeTexts texts_;
  LifeTexts program_texts_;
  ChosenFields of_process_;
  ChosenFields of_program_;
  LifePrograms programs_;
  std::vector<Cell> row_;
  MergedPrograms merged_;
};

}  // namespace daybook
