#include "filter/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "columns/cgroup_names.h"
#include "columns/group_keys.h"
#include "columns/life_programs.h"
#include "text/names.h"
#include "text/nearest.h"
#include "text/whole_number.h"

namespace daybook {
namespace {

// Deeper than anybody writes, and far from the end of the stack.
constexpr size_t kMaxNesting = 100;

constexpr std::string_view kCalls[] = {"under",     "descends_from", "ran",
                                       "in_cgroup", "known",         "existed_at"};

bool IsCall(std::string_view name) { return std::ranges::find(kCalls, name) != std::end(kCalls); }

std::string NoField(std::string_view name) {
  if (FindGroupKey(name) != nullptr) {
    return fmt::format(
        "'{}' is no field, since who else is in a job decides; --by {} groups by it, "
        "jobs --runs tells the pid of each run, and under(PID) lets through what is below that",
        name, name);
  }
  std::vector<std::string_view> names = LifeFieldNames();
  names.insert(names.end(), std::begin(kCalls), std::end(kCalls));
  const std::string hint = DidYouMean(name, names);
  return fmt::format("no field '{}'{}", name, hint.empty() ? "; --filter help lists them" : hint);
}

// What a user or group that was written so is called here: an id may stand for its name. An error
// where this host has none, since then no row could ever have it.
Result<std::string> AccountAsShown(std::string_view field, const std::string& text) {
  const auto of = field == "user" ? AccountNames::Of::kUsers : AccountNames::Of::kGroups;
  if (const auto id = WholeNumber<uint32_t>(text)) {
    AccountNames names(of);
    const std::string* name = names.Find(*id);
    return name != nullptr ? *name : text;
  }
  if (AccountNames::Has(of, text)) return text;
  const std::vector<std::string> all = AccountNames::All(of);
  const std::vector<std::string_view> known(all.begin(), all.end());
  return Error(fmt::format("this host has no {} '{}'{}", field, text, DidYouMean(text, known)));
}

}  // namespace

FilterParser::FilterParser(std::string_view text, const FilterClock& clock, Filter* filter)
    : clock_(clock), filter_(*filter) {
  LexedFilter lexed = LexFilter(text);
  words_ = std::move(lexed.words);
  if (!lexed.mistakes.empty()) mistake_ = std::move(lexed.mistakes.front());
}

std::optional<uint32_t> FilterParser::Parse() {
  if (mistake_) return std::nullopt;
  const Index root = ParseOr();
  if (root && Peek().token != Token::kEnd) {
    return Fail(Peek(), "this does not belong here; '&&' or '||' joins two conditions");
  }
  return root;
}

Word FilterParser::Take() {
  Word word = Peek();
  if (word.token != Token::kEnd) ++at_;
  return word;
}

bool FilterParser::Skip(std::string_view symbol_or_name) {
  const Word& word = Peek();
  const bool is_one = word.token == Token::kSymbol || word.token == Token::kName;
  if (!is_one || word.text != symbol_or_name) return false;
  ++at_;
  return true;
}

bool FilterParser::Expect(std::string_view symbol, std::string_view why) {
  if (Skip(symbol)) return true;
  Fail(Peek(), fmt::format("'{}' is missing here {}", symbol, why));
  return false;
}

FilterParser::Index FilterParser::ParseOr() {
  std::vector<uint32_t> children;
  do {
    const Index child = ParseAnd();
    if (!child) return std::nullopt;
    children.push_back(*child);
  } while (Skip("||") || Skip("or"));
  return Join(Op::kOr, children);
}

FilterParser::Index FilterParser::ParseAnd() {
  std::vector<uint32_t> children;
  do {
    const Index child = ParseNot();
    if (!child) return std::nullopt;
    children.push_back(*child);
  } while (Skip("&&") || Skip("and"));
  return Join(Op::kAnd, children);
}

FilterParser::Index FilterParser::ParseNot() {
  bool is_negated = false;
  while (Skip("!") || Skip("not")) is_negated = !is_negated;
  const Index operand = ParsePrimary();
  if (!operand || !is_negated) return operand;
  return Add({.op = Op::kNot, .first_child = *operand});
}

FilterParser::Index FilterParser::ParsePrimary() {
  if (Peek().token == Token::kSymbol && Peek().text == "(") {
    Take();
    return ParseNested();
  }
  if (Peek().token == Token::kName && IsCall(Peek().text)) return ParseCall(Take());
  return ParseFieldTest();
}

// Up to and with its closing parenthesis.
FilterParser::Index FilterParser::ParseNested() {
  if (++nesting_ > kMaxNesting) return Fail(Peek(), "nested too deeply");
  const Index inner = ParseOr();
  --nesting_;
  if (!inner || !Expect(")", "after what is in parentheses")) return std::nullopt;
  return inner;
}

FilterParser::Index FilterParser::ParseCall(const Word& name) {
  if (!Expect("(", fmt::format("after '{}'", name.text))) return std::nullopt;
  if (name.text == "descends_from") return ParseAbout(Op::kDescendsFrom);
  if (name.text == "ran") return ParseAbout(Op::kRan);
  Index call;
  if (name.text == "under") {
    call = ParseUnder();
  } else if (name.text == "in_cgroup") {
    call = ParseInCgroup();
  } else if (name.text == "known") {
    call = ParseKnown();
  } else {
    call = ParseExistedAt();
  }
  if (!call || !Expect(")", fmt::format("to end '{}('", name.text))) return std::nullopt;
  return call;
}

FilterParser::Index FilterParser::ParseUnder() {
  const LifeField& pid = *FindLifeField("pid");
  const Word word = Take();
  const auto value = ParseLiteral(pid, "pid", word, clock_);
  if (!value) return Fail(word, "'under' takes the pid at the top of a tree, as in under(1234)");
  return Add({.op = Op::kUnder, .value = *value});
}

// An expression about others than the process itself, or parts of it.
FilterParser::Index FilterParser::ParseAbout(Op op) {
  const bool is_of_program = std::exchange(is_of_program_, op == Op::kRan);
  const Index inner = ParseNested();
  is_of_program_ = is_of_program;
  if (!inner) return std::nullopt;
  return Add({.op = op, .first_child = *inner});
}

// A variable of a shell that is not set is no wish to see everything.
FilterParser::Index FilterParser::ParseInCgroup() {
  const Word word = Take();
  if (word.token != Token::kString) {
    return Fail(word, "'in_cgroup' takes a path, as in in_cgroup(\"/system.slice\")");
  }
  if (word.text.empty()) return Fail(word, "an empty path; all cgroups are below '/'");
  return Add({.op = Op::kInCgroup, .field = FindLifeField("cgroup"), .value = Cgroup(word.text)});
}

// Its id, or its path. There is none of a number that no id can be.
Cell FilterParser::Cgroup(const std::string& written) {
  if (const auto id = WholeNumber<uint64_t>(written)) return *id;
  return Keep(Text{.bytes = CgroupPathFrom(written)});
}

FilterParser::Index FilterParser::ParseKnown() {
  const auto field = ParseField();
  if (!field) return std::nullopt;
  return Add({.op = Op::kKnown, .field = field->field});
}

FilterParser::Index FilterParser::ParseExistedAt() {
  const LifeField& start = *FindLifeField("start_time");
  const Word word = Take();
  const auto value = ParseLiteral(start, "start_time", word, clock_);
  if (!value) return Fail(word, value.error().message());
  return Add({.op = Op::kExistedAt, .value = *value});
}

FilterParser::Index FilterParser::ParseFieldTest() {
  static constexpr std::pair<std::string_view, Order> kOrders[] = {
      {"==", Order::kEqual},       {"!=", Order::kUnequal}, {"<", Order::kLess},
      {"<=", Order::kLessOrEqual}, {">", Order::kGreater},  {">=", Order::kGreaterOrEqual}};
  const auto field = ParseField();
  if (!field) return std::nullopt;
  for (const std::string_view match : {"=~", "!~"}) {
    if (Skip(match)) return ParseMatch(*field, match);
  }
  for (const auto& [symbol, order] : kOrders) {
    if (Skip(symbol)) return ParseCompare(*field, order);
  }
  if (Skip("in")) return ParseSet(*field);
  return Fact(*field);
}

FilterParser::Index FilterParser::Fact(const NamedField& field) {
  if (field.field->column.kind != Kind::kBool) {
    return Fail(field.name,
                fmt::format("'{}' is {}: compare it with ==, !=, <, <=, >, >=, =~, !~ "
                            "or in",
                            field.name.text, NameOf(FamilyOf(field.field->column.kind))));
  }
  return Add({.op = Op::kFact, .field = field.field});
}

std::optional<FilterParser::NamedField> FilterParser::ParseField() {
  const Word word = Take();
  if (word.token == Token::kEnd) return Fail(word, "a condition is missing here");
  if (word.token == Token::kNumber || word.token == Token::kString) {
    return Fail(word, "a field belongs on the left, as in cpu > 1s");
  }
  if (word.token != Token::kName) return Fail(word, "a condition is missing before this");
  const LifeField* field = FindLifeField(word.text);
  if (field == nullptr) return Fail(word, NoField(word.text));
  return ToldField({.field = field, .name = word});
}

std::optional<FilterParser::NamedField> FilterParser::ToldField(const NamedField& field) {
  if (!is_of_program_ || IsToldOfPrograms(*field.field)) return field;
  return Fail(field.name, fmt::format("'{}' is not told of programs", field.name.text));
}

std::optional<Cell> FilterParser::ParseValue(const NamedField& field) {
  Word word = Take();
  if (word.token == Token::kEnd || word.token == Token::kSymbol) {
    return Fail(word, "a value is missing here");
  }
  if (field.field == FindLifeField("status") && word.token == Token::kString) {
    auto status = ParseLifeStatus(word.text);
    if (!status) {
      return Fail(word, fmt::format("'{}' is not a status: that is an exit code, 0 to 255, or a "
                                    "signal; write for example \"3\" or \"SIGKILL\"",
                                    word.text));
    }
    word.text = std::move(*status);
  }
  if (field.field->column.kind == Kind::kUser && word.token != Token::kName) {
    auto account = AccountAsShown(field.field->column.name, word.text);
    if (!account) return Fail(word, account.error().message());
    word.text = std::move(*account);
  }
  const auto value = ParseLiteral(*field.field, field.name.text, word, clock_);
  if (!value) return Fail(word, value.error().message());
  return Keep(*value);
}

FilterParser::Index FilterParser::ParseSet(const NamedField& field) {
  if (!Expect("{", "before the values of 'in'")) return std::nullopt;
  std::vector<Cell> values;
  do {
    const auto value = ParseValue(field);
    if (!value) return std::nullopt;
    values.push_back(*value);
  } while (Skip(","));
  if (!Expect("}", "after the values of 'in'")) return std::nullopt;
  std::ranges::sort(values, [](const Cell& a, const Cell& b) { return CompareCells(a, b) < 0; });
  const auto first = static_cast<uint32_t>(filter_.values_.size());
  filter_.values_.insert(filter_.values_.end(), values.begin(), values.end());
  return Add({.op = Op::kIn,
              .field = field.field,
              .scale = ScaleOf(field.field->column.kind),
              .first_value = first,
              .values = static_cast<uint32_t>(values.size())});
}

FilterParser::Index FilterParser::ParseMatch(const NamedField& field, std::string_view op) {
  if (FamilyOf(field.field->column.kind) != Family::kText) {
    return Fail(field.name, fmt::format("'{}' is {}: only strings match", field.name.text,
                                        NameOf(FamilyOf(field.field->column.kind))));
  }
  const Word word = Take();
  if (word.token != Token::kString) {
    return Fail(word, fmt::format("a regular expression in quotes belongs behind '{}'", op));
  }
  auto regex = Regex::Compile(word.text);
  if (!regex) return Fail(word, "no regular expression: " + regex.error().message());
  const auto index = static_cast<uint32_t>(filter_.regexes_.size());
  filter_.regexes_.push_back(std::move(*regex));
  const uint32_t match = Add({.op = Op::kMatch, .field = field.field, .regex = index});
  return op == "=~" ? match : Add({.op = Op::kNot, .first_child = match});
}

FilterParser::Index FilterParser::ParseCompare(const NamedField& field, Order order) {
  const Kind kind = field.field->column.kind;
  if (FamilyOf(kind) == Family::kBool && order != Order::kEqual && order != Order::kUnequal) {
    return Fail(field.name, fmt::format("'{}' is true or false: it has no order", field.name.text));
  }
  const Word& word = Peek();
  const LifeField* other = word.token == Token::kName ? FindLifeField(word.text) : nullptr;
  if (other != nullptr) return CompareFields(field, order, {.field = other, .name = Take()});
  const auto value = ParseValue(field);
  if (!value) return std::nullopt;
  return Add({.op = Op::kCompare,
              .order = order,
              .field = field.field,
              .scale = ScaleOf(kind),
              .value = *value});
}

FilterParser::Index FilterParser::CompareFields(const NamedField& field, Order order,
                                                const NamedField& other) {
  if (!ToldField(other)) return std::nullopt;
  const Family left = FamilyOf(field.field->column.kind);
  const Family right = FamilyOf(other.field->column.kind);
  if (left != right) {
    return Fail(other.name, fmt::format("'{}' is {}, and '{}' is {}", other.name.text,
                                        NameOf(right), field.name.text, NameOf(left)));
  }
  return Add({.op = Op::kCompare,
              .order = order,
              .field = field.field,
              .other = other.field,
              .scale = ScaleOf(field.field->column.kind)});
}

uint32_t FilterParser::Add(Filter::Node node) {
  filter_.nodes_.push_back(node);
  return static_cast<uint32_t>(filter_.nodes_.size() - 1);
}

FilterParser::Index FilterParser::Join(Op op, const std::vector<uint32_t>& children) {
  if (children.size() == 1) return children.front();
  for (size_t i = 0; i + 1 < children.size(); ++i) {
    filter_.nodes_[children[i]].next = children[i + 1];
  }
  return Add({.op = op, .first_child = children.front()});
}

Cell FilterParser::Keep(const Cell& value) {
  const auto* text = std::get_if<Text>(&value);
  return text != nullptr ? Cell(Text{.bytes = filter_.texts_.Keep(text->bytes)}) : value;
}

std::nullopt_t FilterParser::Fail(const Word& word, std::string message) {
  if (!mistake_) {
    mistake_ = FilterMistake{.begin = word.begin, .end = word.end, .message = std::move(message)};
  }
  return std::nullopt;
}

}  // namespace daybook
