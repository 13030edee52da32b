// A filter: an expression about one life, compiled into a flat tree.
//
// It is true, false or unknown: what compares something that the log does not tell is unknown, and
// so is what depends on it. Only what is true is let through.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "columns/life_fields.h"
#include "daybook/result.h"
#include "filter/literal.h"
#include "filter/regex.h"
#include "text/arena.h"
#include "time/local_zone.h"

namespace daybook {

// In an order in which "and" is the least of all and "or" the greatest.
enum class Truth : uint8_t { kFalse, kUnknown, kTrue };

class Filter {
 public:
  // Lets through only what the expression `text` says, too. An Error shows where the mistake is.
  Status Require(std::string_view text, const FilterClock& clock);

  bool lets_all_through() const { return roots_.empty() && status_roots_.empty(); }

  Truth Judge(const Boot& boot, const Life& life, LifeTexts& texts) const;

  // By its conditions but for those about how it ended: its status, code or signal. Of conditions
  // that "and" joins, each is one.
  Truth JudgeApartFromStatus(const Boot& boot, const Life& life, LifeTexts& texts) const;
  bool IsAboutStatus() const { return !status_roots_.empty(); }

  // Whether some of its conditions are about nothing but how, and whether, a process ended.
  bool LimitsEnds() const { return !EndConditions().empty(); }
  // False where none can be as these say.
  bool AllowsAnEnd(const LocalZone& zone) const;

  // True where it asks what is told only when a process ends: before, it is not to be judged.
  bool IsAboutEnd() const;

  // What it needs most of all that it asks for.
  Rests RestsOn() const;

 private:
  friend class FilterParser;

  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

  enum class Op : uint8_t {
    kAnd,
    kOr,
    kNot,
    kFact,     // a field that is yes or no
    kCompare,  // a field with a value, or with another field
    kIn,       // a field with several values, in order
    kMatch,    // a field with a regular expression
    kKnown,
    kInCgroup,  // its cgroup is `value` or below that
    kUnder,     // the process `number` is it or one of its ancestors
    kDescendsFrom,
    kRan,
    kExistedAt,
  };
  enum class Order : uint8_t { kEqual, kUnequal, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

  struct Node {
    Op op;
    Order order = Order::kEqual;
    const LifeField* field = nullptr;
    const LifeField* other = nullptr;
    uint64_t scale = 1;  // a number of the field in the unit of the values
    uint32_t first_child = kNone;
    uint32_t next = kNone;     // sibling
    uint32_t first_value = 0;  // of kIn
    uint32_t values = 0;
    uint32_t regex = 0;
    Cell value;
  };

  struct Subject {
    const Boot& boot;
    const Life& life;
    LifeTexts& texts;
    bool is_replaced = false;  // a program that went on to be another one: it did not end
  };

  void AddConditions(uint32_t index);
  bool AsksForStatus(uint32_t index) const;
  bool AsksForEndOnly(uint32_t index) const;
  std::vector<uint32_t> EndConditions() const;
  Truth JudgeNode(uint32_t index, const Subject& subject) const;
  Truth JudgeAll(const Node& node, const Subject& subject) const;
  Truth JudgeAny(const Node& node, const Subject& subject) const;
  Truth JudgeAncestors(const Node& node, const Subject& subject) const;
  Truth JudgePrograms(const Node& node, const Subject& subject) const;
  Truth JudgeCompare(const Node& node, const Subject& subject) const;
  Truth JudgeIn(const Node& node, const Subject& subject) const;
  Truth JudgeMatch(const Node& node, const Subject& subject) const;
  static Truth JudgeInCgroup(const Node& node, const Subject& subject);
  static Truth JudgeUnder(const Node& node, const Subject& subject);
  static Truth JudgeExisted(const Node& node, const Subject& subject);
  static bool IsAbsent(const LifeField& field, const Subject& subject);
  static bool IsTold(const LifeField& field, const Subject& subject);
  static Cell Read(const LifeField& field, uint64_t scale, const Subject& subject);

  std::vector<Node> nodes_;
  std::vector<uint32_t> roots_;         // all must be true
  std::vector<uint32_t> status_roots_;  // and these, which ask how it ended
  std::vector<Cell> values_;
  std::vector<Regex> regexes_;
  Arena texts_;  // of the values
};

// A name, a unit and one line for each field that a filter may name.
std::string FilterFieldsHelp();

}  // namespace daybook
