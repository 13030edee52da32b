#include "filter/literal.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "text/names.h"
#include "text/whole_number.h"
#include "time/time_syntax.h"

namespace daybook {
namespace {

constexpr uint64_t kHundredthsOfPercent = 100;

struct SizeUnit {
  std::string_view name;
  uint64_t bytes;
};
constexpr SizeUnit kSizeUnits[] = {
    {"B", 1},           {"K", 1ULL << 10},   {"M", 1ULL << 20},   {"G", 1ULL << 30},
    {"T", 1ULL << 40},  {"KiB", 1ULL << 10}, {"MiB", 1ULL << 20}, {"GiB", 1ULL << 30},
    {"TiB", 1ULL << 40}};

// "1.5" times `unit`, rounded.
std::optional<uint64_t> ParseDecimal(std::string_view text, uint64_t unit) {
  constexpr double kTooMuch = 9e18;
  if (const auto whole = WholeNumber<uint64_t>(text)) {
    uint64_t product = 0;
    if (__builtin_mul_overflow(*whole, unit, &product)) return std::nullopt;
    return product;
  }
  double number = 0;
  const auto result =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
  number *= static_cast<double>(unit);
  if (!(number >= 0 && number <= kTooMuch)) return std::nullopt;  // also what is no number
  return static_cast<uint64_t>(std::llround(number));
}

std::optional<uint64_t> ParseSize(std::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  for (const SizeUnit& unit : kSizeUnits) {
    if (unit.name == text.substr(digits)) return ParseDecimal(text.substr(0, digits), unit.bytes);
  }
  return std::nullopt;
}

// In microseconds; a unit is needed.
std::optional<uint64_t> ParseDuration(std::string_view text) {
  constexpr int64_t kNsPerUs = 1000;
  if (text.empty() || text.find_last_not_of("0123456789.") == text.npos) return std::nullopt;
  const auto ns = ParseTimeSpan(text);
  if (!ns) return std::nullopt;
  return static_cast<uint64_t>(*ns / kNsPerUs);
}

std::optional<uint64_t> ParseWithUnit(Family family, std::string_view text) {
  switch (family) {
    case Family::kDuration:
      return ParseDuration(text);
    case Family::kSize:
      return ParseSize(text);
    case Family::kPercent:
      return ParsePercent(text);
    case Family::kSignal:
      return SignalNumber(text);
    default:
      return WholeNumber<uint64_t>(text);
  }
}

std::string_view Example(Family family) {
  switch (family) {
    case Family::kDuration:
      return "write for example 10ms, 1.5s or 1h30min";
    case Family::kSize:
      return "write for example 500K, 1.5M or 2G";
    case Family::kPercent:
      return "write for example 50%";
    case Family::kSignal:
      return "write for example SIGKILL or 9";
    case Family::kBool:
      return "write true or false";
    case Family::kText:
      return "write it in quotes";
    default:
      return "write digits only";
  }
}

Error NotOf(Family family, const Word& word) {
  return Error(fmt::format("'{}' is not {}; {}", word.text, NameOf(family), Example(family)));
}

// How to write one of this field.
std::string TextExample(const LifeField& field) {
  constexpr std::pair<std::string_view, std::string_view> kExamples[] = {
      {"day", "2026-11-20"}, {"hour", "2026-11-20 14:00"}};
  for (const auto& [name, text] : kExamples) {
    if (field.column.name == name) return fmt::format("write for example \"{}\"", text);
  }
  return std::string(Example(Family::kText));
}

// An account may be given by its id, and an exit code is a status.
Result<Cell> ParseText(const LifeField& field, const Word& word) {
  const bool may_be_number = field.column.kind == Kind::kUser || field.column.name == "status";
  if (word.token == Token::kString || (word.token == Token::kNumber && may_be_number)) {
    return Cell(Text{.bytes = word.text});
  }
  return Error(
      fmt::format("'{}' is not {}; {}", word.text, NameOf(Family::kText), TextExample(field)));
}

Result<Cell> ParseBool(const Word& word) {
  if (word.text == "true") return Cell(true);
  if (word.text == "false") return Cell(false);
  return NotOf(Family::kBool, word);
}

}  // namespace

std::optional<std::string> ParseLifeStatus(std::string_view text) {
  constexpr uint64_t kMaxExitCode = 255;
  if (const auto number = WholeNumber<uint64_t>(text)) {
    return *number <= kMaxExitCode ? std::optional(std::to_string(*number)) : std::nullopt;
  }
  const auto signal = SignalNumber(text);
  return signal ? std::optional(SignalName(*signal)) : std::nullopt;
}

std::optional<uint64_t> ParsePercent(std::string_view text) {
  if (text.ends_with('%')) text.remove_suffix(1);
  return ParseDecimal(text, kHundredthsOfPercent);
}

Family FamilyOf(Kind kind) {
  switch (kind) {
    case Kind::kString:
    case Kind::kArguments:
    case Kind::kUser:
    case Kind::kFields:
      return Family::kText;
    case Kind::kTime:
      return Family::kTime;
    case Kind::kMicroseconds:
      return Family::kDuration;
    case Kind::kKibibytes:
    case Kind::kBytes:
      return Family::kSize;
    case Kind::kPercent:
      return Family::kPercent;
    case Kind::kSignal:
      return Family::kSignal;
    case Kind::kBool:
      return Family::kBool;
    case Kind::kNumber:
      return Family::kNumber;
  }
  return Family::kNumber;
}

std::string_view NameOf(Family family) {
  constexpr std::array<std::string_view, 8> kNames = {"a string", "a number",     "a duration",
                                                      "a size",   "a percentage", "a time",
                                                      "a signal", "true or false"};
  return kNames[static_cast<size_t>(family)];
}

uint64_t ScaleOf(Kind kind) { return kind == Kind::kKibibytes ? 1024 : 1; }

Result<Cell> ParseLiteral(const LifeField& field, std::string_view name, const Word& word,
                          const FilterClock& clock) {
  const Family family = FamilyOf(field.column.kind);
  if (family == Family::kText) return ParseText(field, word);
  if (family == Family::kBool) return ParseBool(word);
  if (family == Family::kTime) {
    auto time = ParseTime(word.text, clock.now_ns, clock.zone);
    if (!time) return std::move(time).error();
    return Cell(*time);
  }
  const auto bare = WholeNumber<uint64_t>(word.text);
  const bool unit_is_in_name = name == field.column.name && WithoutUnit(name) != name;
  if (bare && (*bare == 0 || unit_is_in_name)) {
    uint64_t scaled = 0;
    if (__builtin_mul_overflow(*bare, ScaleOf(field.column.kind), &scaled)) {
      return NotOf(family, word);
    }
    return Cell(scaled);
  }
  const auto value = ParseWithUnit(family, word.text);
  if (!value) return NotOf(family, word);
  return Cell(*value);
}

}  // namespace daybook
