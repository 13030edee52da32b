// What of a report makes it fail, as told on the command line.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daybook/result.h"

namespace daybook {

// Something that was counted: the name of a rule, and how many.
struct Fact {
  std::string_view name;
  uint64_t count = 0;
};

struct FailRule {
  std::string_view name;
  uint64_t more_than = 0;
};

// "signal" or "failed>20". The Error begins with `option`.
Result<std::vector<FailRule>> ParseFailRules(std::string_view option,
                                             std::span<const std::string> texts,
                                             std::span<const std::string_view> names);

// "signal (3)", "failed>20 (31)": those that apply.
std::vector<std::string> ApplyRules(std::span<const FailRule> rules, std::span<const Fact> facts);

}  // namespace daybook
