#include "filter/expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <vector>

#include "columns/life_cells.h"
#include "columns/life_programs.h"
#include "columns/life_window.h"
#include "daybook/cgroup_path.h"
#include "filter/parser.h"
#include "text/escape.h"

namespace daybook {
namespace {

Truth Not(Truth truth) {
  return static_cast<Truth>(static_cast<uint8_t>(Truth::kTrue) - static_cast<uint8_t>(truth));
}

Truth ToTruth(bool value) { return value ? Truth::kTrue : Truth::kFalse; }

bool IsKnown(const Cell& cell) { return !std::holds_alternative<std::monostate>(cell); }

// The expression, and below it marks under the bytes of the mistake.
std::string Show(std::string_view text, const FilterMistake& mistake) {
  std::string shown;
  std::string before;
  std::string marked;
  AppendEscaped(text, &shown);
  AppendEscaped(text.substr(0, mistake.begin), &before);
  AppendEscaped(text.substr(mistake.begin, mistake.end - mistake.begin), &marked);
  const size_t width = std::max<size_t>(DisplayWidth(marked), 1);
  return fmt::format("{}\n  {}\n  {:{}}^{:~<{}}", mistake.message, shown, "", DisplayWidth(before),
                     "", width - 1);
}

bool TellsStatus(const LifeField* field) {
  constexpr std::string_view kFields[] = {"wait_status", "exit_code", "signal", "status",
                                          "core",        "ok",        "failed", "oom"};
  return field != nullptr && std::ranges::find(kFields, field->column.name) != std::end(kFields);
}

// What follows from how it ended, or from that it has not. Other kernels may have left any number
// as a thread's raw status.
bool TellsEndOnly(const LifeField* field) {
  constexpr std::string_view kFields[] = {"state", "running", "ended", "lost"};
  if (field == nullptr || field->column.name == "wait_status") return false;
  return TellsStatus(field) || std::ranges::find(kFields, field->column.name) != std::end(kFields);
}

// One for each way to end, and those that have not ended, or not that anybody knows of.
std::vector<Life> AllEnds() {
  constexpr uint32_t kStatuses = 1 << 16;
  std::vector<Life> ends(3);
  ends[0].state = LifeState::kRunning;
  ends[1].state = LifeState::kLost;
  ends[2].state = LifeState::kEnded;
  for (uint32_t status = 0; status < kStatuses; ++status) {
    const bool is_of_signal = (status & kSignalMask) != 0;
    if (is_of_signal ? status > 0xFF : (status & 0xFF) != 0) continue;
    Life end;
    end.state = LifeState::kEnded;
    end.wait_status = status;
    ends.push_back(end);  // as those tell it who know nothing of its memory
    end.usage.minflt = 0;
    ends.push_back(end);
    end.flags = kProcOomKilled;
    ends.push_back(std::move(end));
  }
  return ends;
}

// As one line, with a space between words.
Text Joined(const Text& arguments, std::string* out) {
  std::string_view bytes = arguments.bytes;
  if (bytes.ends_with('\0')) bytes.remove_suffix(1);
  out->assign(bytes);
  std::ranges::replace(*out, '\0', ' ');
  return {.bytes = *out};
}

// A user without a name on this host is known by the digits of its id.
Text Digits(uint64_t number, std::string* out) {
  *out = fmt::format_int(number).str();
  return {.bytes = *out};
}

Cell Scaled(const Cell& cell, uint64_t scale) {
  uint64_t product = 0;
  if (scale == 1 || !std::holds_alternative<uint64_t>(cell)) return cell;
  if (__builtin_mul_overflow(std::get<uint64_t>(cell), scale, &product)) product = UINT64_MAX;
  return product;
}

std::string FieldLine(const LifeField& field) {
  return fmt::format("  {:<18} {:<14} {}\n", field.column.name, NameOf(FamilyOf(field.column.kind)),
                     field.text);
}

// Calls judge(ancestor), from the parent up, until one is true. Unknown where one is, or where the
// log does not tell of all of them.
template <class Judge>
Truth AnyAncestor(const Life& life, Judge judge) {
  Truth any = Truth::kFalse;
  const Life* at = &life;
  for (size_t steps = 0; any != Truth::kTrue; ++steps) {
    const Life* parent = at->parent.get();
    if (steps == kMaxAncestors) return Truth::kUnknown;
    if (parent == nullptr) return IsFirst(*at) ? any : Truth::kUnknown;
    any = std::max(any, judge(*parent));
    at = parent;
  }
  return any;
}

}  // namespace

Status Filter::Require(std::string_view text, const FilterClock& clock) {
  FilterParser parser(text, clock, this);
  const auto root = parser.Parse();
  if (!root) return Error(Show(text, parser.mistake()));
  AddConditions(*root);
  return Ok{};
}

void Filter::AddConditions(uint32_t index) {
  if (nodes_[index].op != Op::kAnd) {
    return (AsksForStatus(index) ? status_roots_ : roots_).push_back(index);
  }
  for (uint32_t child = nodes_[index].first_child; child != kNone; child = nodes_[child].next) {
    AddConditions(child);
  }
}

bool Filter::AsksForStatus(uint32_t index) const {
  const Node& node = nodes_[index];
  if (node.op == Op::kDescendsFrom) return false;  // not for its own
  if (TellsStatus(node.field) || TellsStatus(node.other)) return true;
  for (uint32_t child = node.first_child; child != kNone; child = nodes_[child].next) {
    if (AsksForStatus(child)) return true;
  }
  return false;
}

bool Filter::AsksForEndOnly(uint32_t index) const {
  const Node& node = nodes_[index];
  if (node.first_child == kNone) {
    return TellsEndOnly(node.field) && (node.other == nullptr || TellsEndOnly(node.other));
  }
  if (node.op == Op::kDescendsFrom || node.op == Op::kRan) return false;
  for (uint32_t child = node.first_child; child != kNone; child = nodes_[child].next) {
    if (!AsksForEndOnly(child)) return false;
  }
  return true;
}

std::vector<uint32_t> Filter::EndConditions() const {
  std::vector<uint32_t> conditions;
  for (const auto* roots : {&roots_, &status_roots_}) {
    std::ranges::copy_if(*roots, std::back_inserter(conditions),
                         [&](uint32_t root) { return AsksForEndOnly(root); });
  }
  return conditions;
}

bool Filter::AllowsAnEnd(const LocalZone& zone) const {
  const std::vector<uint32_t> conditions = EndConditions();
  const Boot boot;
  LifeTexts texts(zone);
  return std::ranges::any_of(AllEnds(), [&](const Life& life) {
    return std::ranges::all_of(conditions, [&](uint32_t condition) {
      return JudgeNode(condition, {.boot = boot, .life = life, .texts = texts}) == Truth::kTrue;
    });
  });
}

Truth Filter::Judge(const Boot& boot, const Life& life, LifeTexts& texts) const {
  Truth all = JudgeApartFromStatus(boot, life, texts);
  for (const uint32_t root : status_roots_) {
    if (all == Truth::kFalse) break;
    all = std::min(all, JudgeNode(root, {.boot = boot, .life = life, .texts = texts}));
  }
  return all;
}

Truth Filter::JudgeApartFromStatus(const Boot& boot, const Life& life, LifeTexts& texts) const {
  Truth all = Truth::kTrue;
  for (const uint32_t root : roots_) {
    if (all == Truth::kFalse) break;
    all = std::min(all, JudgeNode(root, {.boot = boot, .life = life, .texts = texts}));
  }
  return all;
}

bool Filter::IsAboutEnd() const {
  const auto at_end = [](const LifeField* field) {
    return field != nullptr && field->told == Told::kAtEnd;
  };
  return std::ranges::any_of(nodes_, [&](const Node& node) {
    return node.op == Op::kExistedAt || at_end(node.field) || at_end(node.other);
  });
}

Rests Filter::RestsOn() const {
  Rests most = Rests::kOnEnd;
  for (const Node& node : nodes_) {
    const bool is_of_ancestors = node.op == Op::kUnder || node.op == Op::kDescendsFrom;
    if (is_of_ancestors) most = std::max(most, Rests::kOnBirth);
    if (node.op == Op::kRan) most = Rests::kOnAllPrograms;
    for (const LifeField* field : {node.field, node.other}) {
      if (field != nullptr) most = std::max(most, field->rests);
    }
  }
  return most;
}

Truth Filter::JudgeNode(uint32_t index, const Subject& subject) const {
  const Node& node = nodes_[index];
  switch (node.op) {
    case Op::kAnd:
      return JudgeAll(node, subject);
    case Op::kOr:
      return JudgeAny(node, subject);
    case Op::kNot:
      return Not(JudgeNode(node.first_child, subject));
    case Op::kFact: {
      if (IsAbsent(*node.field, subject)) return Truth::kFalse;
      const Cell fact = Read(*node.field, 1, subject);
      return IsKnown(fact) ? ToTruth(std::get<bool>(fact)) : Truth::kUnknown;
    }
    case Op::kCompare:
      return JudgeCompare(node, subject);
    case Op::kIn:
      return JudgeIn(node, subject);
    case Op::kMatch:
      return JudgeMatch(node, subject);
    case Op::kKnown:
      return ToTruth(IsTold(*node.field, subject));
    case Op::kInCgroup:
      return JudgeInCgroup(node, subject);
    case Op::kUnder:
      return JudgeUnder(node, subject);
    case Op::kDescendsFrom:
      return JudgeAncestors(node, subject);
    case Op::kRan:
      return JudgePrograms(node, subject);
    case Op::kExistedAt:
      return JudgeExisted(node, subject);
  }
  return Truth::kUnknown;
}

Truth Filter::JudgeAll(const Node& node, const Subject& subject) const {
  Truth all = Truth::kTrue;
  for (uint32_t child = node.first_child; child != kNone; child = nodes_[child].next) {
    all = std::min(all, JudgeNode(child, subject));
    if (all == Truth::kFalse) break;
  }
  return all;
}

Truth Filter::JudgeAny(const Node& node, const Subject& subject) const {
  Truth any = Truth::kFalse;
  for (uint32_t child = node.first_child; child != kNone; child = nodes_[child].next) {
    any = std::max(any, JudgeNode(child, subject));
    if (any == Truth::kTrue) break;
  }
  return any;
}

Truth Filter::JudgeAncestors(const Node& node, const Subject& subject) const {
  return AnyAncestor(subject.life, [&](const Life& ancestor) {
    return JudgeNode(node.first_child,
                     {.boot = subject.boot, .life = ancestor, .texts = subject.texts});
  });
}

// Unknown, too, where it may have run others than the log tells of.
Truth Filter::JudgePrograms(const Node& node, const Subject& subject) const {
  Truth any = Truth::kFalse;
  LifePrograms programs;
  programs.ForEach(subject.life, [&](const RanProgram& program) {
    if (program.count != 1U) any = std::max(any, Truth::kUnknown);
    if (any == Truth::kTrue) return;
    const Subject ran{.boot = subject.boot,
                      .life = program.life,
                      .texts = subject.texts,
                      .is_replaced = !program.is_newest};
    any = std::max(any, JudgeNode(node.first_child, ran));
  });
  return any;
}

Truth Filter::JudgeUnder(const Node& node, const Subject& subject) {
  const uint64_t pid = std::get<uint64_t>(node.value);
  if (subject.life.pid == pid) return Truth::kTrue;
  return AnyAncestor(subject.life,
                     [&](const Life& ancestor) { return ToTruth(ancestor.pid == pid); });
}

Truth Filter::JudgeExisted(const Node& node, const Subject& subject) {
  const auto alive = AliveAt(subject.boot, subject.life, std::get<int64_t>(node.value));
  return alive ? ToTruth(*alive) : Truth::kUnknown;
}

Truth Filter::JudgeCompare(const Node& node, const Subject& subject) const {
  const Cell left = Read(*node.field, node.scale, subject);
  const Cell right = node.other != nullptr
                         ? Read(*node.other, ScaleOf(node.other->column.kind), subject)
                         : node.value;
  if (!IsKnown(left) && IsAbsent(*node.field, subject)) {
    return ToTruth(node.order == Order::kUnequal);
  }
  if (!IsKnown(left) || !IsKnown(right)) return Truth::kUnknown;
  const int order = CompareCells(left, right);
  switch (node.order) {
    case Order::kEqual:
      return ToTruth(order == 0);
    case Order::kUnequal:
      return ToTruth(order != 0);
    case Order::kLess:
      return ToTruth(order < 0);
    case Order::kLessOrEqual:
      return ToTruth(order <= 0);
    case Order::kGreater:
      return ToTruth(order > 0);
    case Order::kGreaterOrEqual:
      return ToTruth(order >= 0);
  }
  return Truth::kUnknown;
}

Truth Filter::JudgeIn(const Node& node, const Subject& subject) const {
  const Cell cell = Read(*node.field, node.scale, subject);
  if (!IsKnown(cell)) return IsAbsent(*node.field, subject) ? Truth::kFalse : Truth::kUnknown;
  const auto first = values_.begin() + node.first_value;
  return ToTruth(
      std::binary_search(first, first + node.values, cell,
                         [](const Cell& a, const Cell& b) { return CompareCells(a, b) < 0; }));
}

Truth Filter::JudgeMatch(const Node& node, const Subject& subject) const {
  const Cell cell = Read(*node.field, 1, subject);
  if (!IsKnown(cell)) return IsAbsent(*node.field, subject) ? Truth::kFalse : Truth::kUnknown;
  return ToTruth(regexes_[node.regex].Matches(std::get<Text>(cell).bytes));
}

// An id stands for the path that the log tells of it.
Truth Filter::JudgeInCgroup(const Node& node, const Subject& subject) {
  const auto& id = subject.life.identity.cgroup_id;
  if (!id) return Truth::kUnknown;
  const auto path_of = [&](uint64_t cgroup) -> std::optional<std::string_view> {
    const auto found = subject.boot.cgroups.find(cgroup);
    if (found == subject.boot.cgroups.end()) return std::nullopt;
    return found->second;
  };
  const auto* asked_id = std::get_if<uint64_t>(&node.value);
  if (asked_id != nullptr && *asked_id == *id) return Truth::kTrue;
  const auto asked = asked_id != nullptr ? path_of(*asked_id) : std::get<Text>(node.value).bytes;
  if (asked == "/") return Truth::kTrue;
  const auto path = path_of(*id);
  return path && asked ? ToTruth(IsInCgroup(*path, *asked)) : Truth::kUnknown;
}

// A user without a name on this host has none here either, whatever its id.
bool Filter::IsTold(const LifeField& field, const Subject& subject) {
  const Cell cell = field.get(subject.boot, subject.life, subject.texts);
  const bool is_bare_id =
      field.column.kind == Kind::kUser && std::holds_alternative<uint64_t>(cell);
  return IsKnown(cell) && !is_bare_id;
}

// As the values are that it is compared with.
Cell Filter::Read(const LifeField& field, uint64_t scale, const Subject& subject) {
  const Cell cell = field.get(subject.boot, subject.life, subject.texts);
  if (!IsKnown(cell)) return cell;
  if (field.column.kind == Kind::kArguments) {
    return Joined(std::get<Text>(cell), &subject.texts.arguments);
  }
  const auto* number = std::get_if<uint64_t>(&cell);
  if (number != nullptr && field.column.kind == Kind::kUser) {
    return Digits(*number,
                  field.column.name == "user" ? &subject.texts.user : &subject.texts.group);
  }
  return Scaled(cell, scale);
}

bool Filter::IsAbsent(const LifeField& field, const Subject& subject) {
  if (subject.is_replaced && TellsStatus(&field)) return true;
  return field.is_absent != nullptr && field.is_absent(subject.boot, subject.life);
}

std::string FilterFieldsHelp() {
  std::string text = "Fields:\n";
  for (const LifeField& field : kLifeFields) {
    if (field.column.shown != Shown::kNever) text += FieldLine(field);
  }
  text +=
      "\nOf processes above it:\n"
      "  under(PID)             the process with this pid, or one below it\n"
      "  descends_from(EXPR)    an ancestor for which the expression is true\n"
      "Others:\n"
      "  ran(EXPR)              a program that it ran, itself or before others, for which it is "
      "true\n"
      "  in_cgroup(\"PATH\")      its cgroup is this one, or below it\n"
      "  known(FIELD)           the log tells it\n"
      "  existed_at(\"TIME\")     it was alive at that time\n"
      "\nComparisons: == != < <= > >=, =~ and !~ with a regular expression, in {A, B}.\n"
      "Joined by && || ! or and, or, not, with parentheses. Units: us ms s min h d; B K M G T; %.\n"
      "A unit may be left out of a field's name: cpu is cpu_us.\n"
      "\nExample: --filter 'user == \"www\" && cpu > 1s && comm =~ \"^cc\" && !ok'\n";
  return text;
}

}  // namespace daybook
