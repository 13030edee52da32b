// Every kind of damage, tried on segments of every sort, counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "compressed.h"
#include "damages.h"
#include "oracle.h"

namespace daybook::damage {

// One kind of damage to one segment, and who judges what is made of it.
struct Trial {
  Kind kind;
  bool compressed = false;
  std::function<Verdict(const Kind& kind, const Damaged& damaged)> judge;
};

// The segments that are damaged, and all kinds of damage to them.
class Subjects {
 public:
  Subjects();

  const std::vector<Trial>& trials() const { return trials_; }

 private:
  void AddSmall();
  void AddLarge();
  void AddSpliced();
  void AddHostile();
  void AddCompressed();
  const Written& Keep(std::vector<uint8_t> bytes);
  void Add(const std::string& subject, Kind kind);
  void AddTo(const Compressed& compressed, const std::string& subject, Kind kind);

  std::vector<std::unique_ptr<Written>> segments_;
  std::vector<std::unique_ptr<Compressed>> compressed_;
  std::vector<Trial> trials_;
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

Row RunTrial(const Trial& trial, size_t sample);

// As a table for people.
void PrintHead(std::ostream& out);
void PrintRow(std::ostream& out, const Row& row);

}  // namespace daybook::damage
