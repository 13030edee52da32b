// The command line's short ways to filter: each stands for an expression.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daybook/result.h"
#include "filter/expression.h"

namespace daybook {

struct FilterOption {
  enum class Form : uint8_t {
    kFact,        // FIELD
    kOneOf,       // FIELD in {VALUE, ...}, each as NameInField() has it
    kInCgroup,    // in_cgroup(VALUE) || ...
    kAtLeast,     // FIELD >= VALUE
    kExistedAt,   // existed_at(VALUE)
    kExpression,  // as it stands
  };
  std::string_view name;  // with its dashes
  Form form;
  std::string_view field;
  std::string_view value_name;
  std::string_view text;
};

std::span<const FilterOption> FilterOptions();

constexpr bool TakesSeveral(FilterOption::Form form) {
  return form == FilterOption::Form::kOneOf || form == FilterOption::Form::kInCgroup;
}

// What the field has where a user writes it shorter or longer: nginx for nginx.service, all digits
// of a container's id, a cgroup's path as CgroupPathFrom() takes it.
std::string NameInField(std::string_view option, std::string_view value);

// As it was given, with the values that were given to it.
struct GivenFilter {
  const FilterOption* option;
  std::vector<std::string> values;
};

// All of them must hold. The Error names the option.
Result<Filter> MakeFilter(std::span<const GivenFilter> given, const FilterClock& clock);

}  // namespace daybook
