// What is written beside a field, as a value of that field's kind.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "columns/life_fields.h"
#include "daybook/result.h"
#include "filter/lexer.h"
#include "time/local_zone.h"

namespace daybook {

// What times and days in an expression are relative to.
struct FilterClock {
  int64_t now_ns;
  const LocalZone& zone;
};

// As the field "status" has it: "3", or "SIGKILL" of "KILL" too. nullopt where it is no status.
std::optional<std::string> ParseLifeStatus(std::string_view text);

// In hundredths of a percent: "50%", "12.5".
std::optional<uint64_t> ParsePercent(std::string_view text);

// How fields of a kind are compared.
enum class Family : uint8_t { kText, kNumber, kDuration, kSize, kPercent, kTime, kSignal, kBool };
Family FamilyOf(Kind kind);
std::string_view NameOf(Family family);  // "a duration"

// A number of a field of this kind, in the unit in which its family is compared.
uint64_t ScaleOf(Kind kind);

// The value that `word` is for `field`, which was named `name`: with its unit in the name a bare
// number is of that unit. A Text points into `word`. The Error says what to write.
Result<Cell> ParseLiteral(const LifeField& field, std::string_view name, const Word& word,
                          const FilterClock& clock);

}  // namespace daybook
