// Every kind of damage, tried on segments of every sort, counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "damages.h"
#include "oracle.h"

namespace daybook::damage {

// The segments that are damaged, and all kinds of damage to them.
class Subjects {
 public:
  Subjects();

  const std::vector<Kind>& kinds() const { return kinds_; }

 private:
  void AddSmall();
  void AddLarge();
  void AddSpliced();
  void AddHostile();
  const Written& Keep(std::vector<uint8_t> bytes);
  void Add(const std::string& subject, Kind kind);

  std::vector<std::unique_ptr<Written>> segments_;
  std::vector<Kind> kinds_;
};

// True with --exhaustive's environment variable, DAYBOOK_EXHAUSTIVE=1.
bool ExhaustiveIsAsked();

// Case numbers to try of `count`: all of them, or a sample that is spread over them and the same on
// every run.
std::vector<size_t> CasesOf(size_t count, size_t sample);
inline constexpr size_t kAllCases = SIZE_MAX;

// One line of the matrix.
struct Row {
  std::string name;
  Shape shape = Shape::kOnePlace;
  size_t cases = 0;
  uint64_t intact_lost = 0;  // of blocks left alone, and, salvage included, of all records
  uint64_t unsalvaged = 0;
  uint64_t false_verified = 0;
  uint64_t wrong_flagged = 0;
  uint64_t wrong_base = 0;
  uint64_t salvaged = 0;
  size_t broken_cases = 0;
  std::vector<std::string> broken;  // the first few, with the case's number and text
};

Row RunKind(const Kind& kind, size_t sample);

// As a table for people.
void PrintHead(std::ostream& out);
void PrintRow(std::ostream& out, const Row& row);

}  // namespace daybook::damage
