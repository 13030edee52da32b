// From the text of an expression to the nodes of a Filter.
#pragma once

#include <optional>
#include <string_view>

#include "filter/expression.h"
#include "filter/lexer.h"
#include "filter/literal.h"

namespace daybook {

class FilterParser {
 public:
  FilterParser(std::string_view text, const FilterClock& clock, Filter* filter);

  // The index of the root in the filter's nodes. After a failure, mistake() tells which, and the
  // filter is good for nothing.
  std::optional<uint32_t> Parse();

  const FilterMistake& mistake() const { return *mistake_; }

 private:
  using Op = Filter::Op;
  using Order = Filter::Order;
  using Index = std::optional<uint32_t>;  // nullopt after a failure

  // A field as it was named.
  struct NamedField {
    const LifeField* field;
    Word name;
  };

  const Word& Peek() const { return words_[at_]; }
  Word Take();
  bool Skip(std::string_view symbol_or_name);
  bool Expect(std::string_view symbol, std::string_view why);

  Index ParseOr();
  Index ParseAnd();
  Index ParseNot();
  Index ParsePrimary();
  Index ParseNested();
  Index ParseCall(const Word& name);
  Index ParseUnder();
  Index ParseAbout(Op op);
  Index ParseInCgroup();
  Index ParseKnown();
  Index ParseExistedAt();
  Index ParseFieldTest();
  Index ParseSet(const NamedField& field);
  Index ParseMatch(const NamedField& field, std::string_view op);
  Index ParseCompare(const NamedField& field, Order order);
  Index CompareFields(const NamedField& field, Order order, const NamedField& other);
  std::optional<NamedField> ParseField();
  std::optional<NamedField> ToldField(const NamedField& field);
  std::optional<Cell> ParseValue(const NamedField& field);
  Index Fact(const NamedField& field);

  uint32_t Add(Filter::Node node);
  Index Join(Op op, const std::vector<uint32_t>& children);
  Cell Keep(const Cell& value);
  Cell Cgroup(const std::string& written);
  std::nullopt_t Fail(const Word& word, std::string message);

  FilterClock clock_;
  Filter& filter_;
  std::vector<Word> words_;
  size_t at_ = 0;
  size_t nesting_ = 0;
  bool is_of_program_ = false;  // within ran()
  std::optional<FilterMistake> mistake_;
};

}  // namespace daybook
