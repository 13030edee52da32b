#include "night/fail_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "text/nearest.h"
#include "text/whole_number.h"

namespace daybook {
namespace {

Result<FailRule> ParseOne(std::string_view option, std::string_view text,
                          std::span<const std::string_view> names) {
  const size_t at = text.find('>');
  const std::string_view name = text.substr(0, at);
  const auto known = std::ranges::find(names, name);
  if (known == names.end()) {
    return Error(fmt::format("{}: no rule '{}'{}", option, name, DidYouMeanOneOf(name, names)));
  }
  FailRule rule{.name = *known};
  if (at == text.npos) return rule;
  const std::string_view number = text.substr(at + 1);
  const auto more_than = WholeNumber<uint64_t>(number);
  if (!more_than) {
    return Error(
        fmt::format("{}: '{}' is no number; write for example {}>10", option, number, name));
  }
  rule.more_than = *more_than;
  return rule;
}

}  // namespace

Result<std::vector<FailRule>> ParseFailRules(std::string_view option,
                                             std::span<const std::string> texts,
                                             std::span<const std::string_view> names) {
  std::vector<FailRule> rules;
  for (const std::string& text : texts) {
    auto rule = ParseOne(option, text, names);
    if (!rule) return std::move(rule).error();
    rules.push_back(*rule);
  }
  return rules;
}

std::vector<std::string> ApplyRules(std::span<const FailRule> rules, std::span<const Fact> facts) {
  std::vector<std::string> applied;
  for (const FailRule& rule : rules) {
    const auto fact = std::ranges::find(facts, rule.name, &Fact::name);
    if (fact == facts.end() || fact->count <= rule.more_than) continue;
    const std::string bound = rule.more_than != 0 ? fmt::format(">{}", rule.more_than) : "";
    applied.push_back(fmt::format("{}{} ({})", rule.name, bound, fact->count));
  }
  return applied;
}

}  // namespace daybook
