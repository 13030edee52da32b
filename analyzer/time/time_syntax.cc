#include "time/time_syntax.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>

#include "text/ascii.h"
#include "time/time_units.h"

namespace daybook {
namespace {

constexpr int64_t kMicrosecond = 1000;
constexpr int64_t kMillisecond = 1000 * kMicrosecond;

struct TimeUnit {
  std::string_view name;
  int64_t ns;
};

// The units of systemd.time(7); a month is 30.44 days and a year 365.25, as there.
constexpr TimeUnit kTimeUnits[] = {{"", kNsPerSecond},
                                   {"us", kMicrosecond},
                                   {"usec", kMicrosecond},
                                   {"µs", kMicrosecond},
                                   {"ms", kMillisecond},
                                   {"msec", kMillisecond},
                                   {"s", kNsPerSecond},
                                   {"sec", kNsPerSecond},
                                   {"second", kNsPerSecond},
                                   {"seconds", kNsPerSecond},
                                   {"m", kNsPerMinute},
                                   {"min", kNsPerMinute},
                                   {"minute", kNsPerMinute},
                                   {"minutes", kNsPerMinute},
                                   {"h", kNsPerHour},
                                   {"hr", kNsPerHour},
                                   {"hour", kNsPerHour},
                                   {"hours", kNsPerHour},
                                   {"d", kNsPerDay},
                                   {"day", kNsPerDay},
                                   {"days", kNsPerDay},
                                   {"w", 7 * kNsPerDay},
                                   {"week", 7 * kNsPerDay},
                                   {"weeks", 7 * kNsPerDay},
                                   {"M", 2'629'800 * kNsPerSecond},
                                   {"month", 2'629'800 * kNsPerSecond},
                                   {"months", 2'629'800 * kNsPerSecond},
                                   {"y", 31'557'600 * kNsPerSecond},
                                   {"year", 31'557'600 * kNsPerSecond},
                                   {"years", 31'557'600 * kNsPerSecond}};

// Reads forward through the text; what does not match is left where it was.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool empty() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

  bool Skip(std::string_view prefix) {
    if (!rest_.starts_with(prefix)) return false;
    rest_.remove_prefix(prefix.size());
    return true;
  }
  void SkipSpaces() {
    while (Skip(" ")) {
    }
  }

  // A number of `least` to `most` digits.
  bool Number(size_t least, size_t most, int64_t* value) {
    size_t digits = 0;
    while (digits < rest_.size() && IsDigit(rest_[digits])) ++digits;
    if (digits < least || digits > most) return false;
    *value = 0;
    for (const char c : rest_.substr(0, digits)) *value = *value * 10 + (c - '0');
    rest_.remove_prefix(digits);
    return true;
  }
  bool Number(size_t digits, int* value) {
    int64_t number = 0;
    if (!Number(digits, digits, &number)) return false;
    *value = static_cast<int>(number);
    return true;
  }

  // ".5" as `unit` / 2; nothing at all as 0. Digits finer than a billionth are ignored.
  bool Fraction(int64_t unit, int64_t* value) {
    *value = 0;
    if (!Skip(".")) return true;
    if (rest_.empty() || !IsDigit(rest_[0])) return false;
    int64_t digits = 0;
    int64_t scale = 1;
    for (; !rest_.empty() && IsDigit(rest_[0]); rest_.remove_prefix(1)) {
      if (scale == 1'000'000'000) continue;
      digits = digits * 10 + (rest_[0] - '0');
      scale *= 10;
    }
    *value = static_cast<int64_t>(static_cast<double>(unit) * static_cast<double>(digits) /
                                  static_cast<double>(scale));
    return true;
  }

  std::string_view Word() {
    size_t size = 0;
    while (size < rest_.size() && rest_[size] != ' ' && !IsDigit(rest_[size])) ++size;
    const std::string_view word = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return word;
  }

 private:
  std::string_view rest_;
};

// number * unit + fraction, or nullopt where it does not fit.
std::optional<int64_t> Scale(int64_t number, int64_t unit, int64_t fraction) {
  int64_t product = 0;
  if (__builtin_mul_overflow(number, unit, &product)) return std::nullopt;
  if (__builtin_add_overflow(product, fraction, &product)) return std::nullopt;
  return product;
}

// "1h30min", "1 day 2 hours"; a number without a unit is seconds.
std::optional<int64_t> ParseSpan(std::string_view text) {
  Scanner scanner(text);
  int64_t total = 0;
  scanner.SkipSpaces();
  if (scanner.empty()) return std::nullopt;
  while (!scanner.empty()) {
    constexpr size_t kMostDigits = 18;  // fit 63 bits
    int64_t number = 0;
    if (!scanner.Number(1, kMostDigits, &number)) return std::nullopt;
    // The fraction can only be scaled once the unit is known.
    int64_t billionths = 0;
    if (!scanner.Fraction(1'000'000'000, &billionths)) return std::nullopt;
    scanner.SkipSpaces();
    const std::string_view word = scanner.Word();
    const TimeUnit* unit = nullptr;
    for (const TimeUnit& candidate : kTimeUnits) {
      if (candidate.name == word) unit = &candidate;
    }
    if (unit == nullptr) return std::nullopt;
    const auto fraction = static_cast<int64_t>(static_cast<double>(unit->ns) *
                                               (static_cast<double>(billionths) / 1e9));
    const auto span = Scale(number, unit->ns, fraction);
    if (!span || __builtin_add_overflow(total, *span, &total)) return std::nullopt;
    scanner.SkipSpaces();
  }
  return total;
}

std::optional<int64_t> ParseRelative(std::string_view text, int64_t now_ns) {
  bool back = text.starts_with('-');
  if (back || text.starts_with('+')) {
    text.remove_prefix(1);
  } else if (text.ends_with(" ago")) {
    text.remove_suffix(std::string_view(" ago").size());
    back = true;
  } else if (text.ends_with(" left")) {
    text.remove_suffix(std::string_view(" left").size());
  } else {
    return std::nullopt;
  }
  const auto span = ParseSpan(text);
  int64_t time = 0;
  if (!span) return std::nullopt;
  const bool overflow = back ? __builtin_sub_overflow(now_ns, *span, &time)
                             : __builtin_add_overflow(now_ns, *span, &time);
  if (overflow) return std::nullopt;
  return time;
}

// "HH:MM[:SS[.fraction]]"
bool ParseClock(Scanner& scanner, LocalTime* time) {
  int64_t nanosecond = 0;
  if (!scanner.Number(2, &time->hour) || !scanner.Skip(":")) return false;
  if (!scanner.Number(2, &time->minute)) return false;
  if (scanner.Skip(":")) {
    if (!scanner.Number(2, &time->second) || !scanner.Fraction(kNsPerSecond, &nanosecond))
      return false;
  }
  time->nanosecond = static_cast<int>(nanosecond);
  return time->hour < 24 && time->minute < 60 && time->second < 60;
}

// "Z", " UTC" or "+01:00" behind a time; nothing leaves `offset_s` unknown.
bool ParseOffset(Scanner& scanner, std::optional<int>* offset_s) {
  scanner.SkipSpaces();
  if (scanner.empty()) return true;
  if (scanner.Skip("Z") || scanner.Skip("z") || scanner.Skip("UTC")) {
    *offset_s = 0;
    return true;
  }
  const bool west = scanner.Skip("-");
  if (!west && !scanner.Skip("+")) return false;
  int hours = 0;
  int minutes = 0;
  if (!scanner.Number(2, &hours)) return false;
  if (!scanner.empty()) scanner.Skip(":");
  if (!scanner.empty() && !scanner.Number(2, &minutes)) return false;
  const int seconds = (hours * 60 + minutes) * 60;
  *offset_s = west ? -seconds : seconds;
  return hours < 24 && minutes < 60;
}

constexpr std::string_view kWeekdays[] = {"sunday",   "monday", "tuesday", "wednesday",
                                          "thursday", "friday", "saturday"};

// "Thu " or "Thursday ", in letters of either case: its number, Sunday's being 0.
std::optional<int64_t> ParseWeekday(Scanner& scanner) {
  std::string word(scanner.rest().substr(0, scanner.rest().find(' ')));
  std::ranges::transform(word, word.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const std::string_view& weekday : kWeekdays) {
    if (word != weekday && word != weekday.substr(0, 3)) continue;
    if (word.size() == scanner.rest().size()) return std::nullopt;
    scanner.Skip(scanner.rest().substr(0, word.size()));
    scanner.SkipSpaces();
    return &weekday - kWeekdays;
  }
  return std::nullopt;
}

int64_t WeekdayOf(const LocalTime& date) {
  const LocalTime midnight{.year = date.year, .month = date.month, .day = date.day};
  constexpr int64_t kOfFirstDay = 4;  // 1970 began with a Thursday
  const int64_t days = UtcSeconds(midnight) / kSecondsPerDay;
  return ((days + kOfFirstDay) % 7 + 7) % 7;
}

// "2026-11-20" or "26-11-20"; of two digits those from 69 on are of the last century.
bool ParseDate(Scanner& scanner, LocalTime* time) {
  if (scanner.rest().find('-') == 2) {
    if (!scanner.Number(2, &time->year)) return false;
    time->year += time->year < 69 ? 2000 : 1900;
  } else if (!scanner.Number(4, &time->year)) {
    return false;
  }
  return scanner.Skip("-") && scanner.Number(2, &time->month) && scanner.Skip("-") &&
         scanner.Number(2, &time->day) && IsDate(time->year, time->month, time->day);
}

std::optional<int64_t> ParseCalendar(std::string_view text, int64_t now_ns, const LocalZone& zone) {
  Scanner scanner(text);
  LocalTime time;
  std::optional<int> offset_s;
  const auto weekday = ParseWeekday(scanner);
  const size_t hyphen = scanner.rest().find('-');
  const bool has_date = hyphen == 4 || hyphen == 2;
  if (has_date) {
    if (!ParseDate(scanner, &time)) return std::nullopt;
    if (!scanner.Skip("T")) scanner.SkipSpaces();
  }
  const bool has_clock = !scanner.empty() && IsDigit(scanner.rest()[0]);
  if ((has_clock || !has_date) && !ParseClock(scanner, &time)) return std::nullopt;
  if (!ParseOffset(scanner, &offset_s) || !scanner.empty()) return std::nullopt;
  if (!has_date) {
    const LocalTime today =
        offset_s ? LocalZone::Utc().At(now_ns + *offset_s * kNsPerSecond) : zone.At(now_ns);
    time.year = today.year;
    time.month = today.month;
    time.day = today.day;
  }
  if (weekday && *weekday != WeekdayOf(time)) return std::nullopt;
  const int64_t seconds = offset_s ? UtcSeconds(time) - *offset_s : zone.ToSeconds(time);
  return Scale(seconds, kNsPerSecond, time.nanosecond);
}

// Midnight of the day that lies `days` after today.
std::optional<int64_t> Midnight(int days, int64_t now_ns, const LocalZone& zone) {
  const LocalTime today = zone.At(now_ns);
  const LocalTime noon{.year = today.year, .month = today.month, .day = today.day, .hour = 12};
  // From noon to noon in UTC there are always 24 hours.
  LocalTime day = LocalZone::Utc().At((UtcSeconds(noon) + days * kSecondsPerDay) * kNsPerSecond);
  day.hour = 0;
  return Scale(zone.ToSeconds(day), kNsPerSecond, 0);
}

std::optional<int64_t> ParseEpoch(std::string_view text) {
  Scanner scanner(text);
  constexpr size_t kMostDigits = 10;  // until the year 2286
  int64_t seconds = 0;
  int64_t nanoseconds = 0;
  const bool before = scanner.Skip("-");
  if (!scanner.Number(1, kMostDigits, &seconds) || !scanner.Fraction(kNsPerSecond, &nanoseconds) ||
      !scanner.empty()) {
    return std::nullopt;
  }
  const auto time = Scale(seconds, kNsPerSecond, nanoseconds);
  return time && before ? -*time : time;
}

constexpr std::string_view kUtc = " UTC";

// "today" and the like; with " UTC" behind it the day is that of UTC.
std::optional<int64_t> ParseDay(std::string_view text, int64_t now_ns, const LocalZone& zone) {
  if (text.ends_with(kUtc)) {
    return ParseDay(text.substr(0, text.size() - kUtc.size()), now_ns, LocalZone::Utc());
  }
  if (text == "today") return Midnight(0, now_ns, zone);
  if (text == "yesterday") return Midnight(-1, now_ns, zone);
  if (text == "tomorrow") return Midnight(1, now_ns, zone);
  return std::nullopt;
}

// How much of the time is written so, of what is a time.
int64_t LengthOf(std::string_view text) {
  if (text == "now" || text.starts_with('-') || text.starts_with('+')) return 1;
  if (text.ends_with(" ago") || text.ends_with(" left")) return 1;
  if (const size_t point = text.find('.'); point != text.npos) {
    int64_t length = kNsPerSecond;
    for (const char c : text.substr(point + 1)) {
      if (!IsDigit(c) || length == 1) break;
      length /= 10;
    }
    return length;
  }
  if (text.starts_with('@')) return kNsPerSecond;
  const size_t clock = text.find(':');
  if (clock == text.npos) return kNsPerDay;
  const std::string_view rest = text.substr(clock + 1);
  return rest.substr(0, rest.find_first_of("+-")).find(':') != rest.npos ? kNsPerSecond
                                                                         : kNsPerMinute;
}

// Where a day is meant that has begun at `first_ns`: days are of 23 and 25 hours, too.
std::optional<int64_t> EndOfDay(std::string_view text, int64_t first_ns, const LocalZone& zone) {
  if (LengthOf(text) != kNsPerDay) return std::nullopt;
  const LocalZone of_day = text.ends_with(kUtc) ? LocalZone::Utc() : zone;
  if (Midnight(0, first_ns, of_day) != first_ns) return std::nullopt;
  return Midnight(1, first_ns, of_day);
}

std::optional<int64_t> Parse(std::string_view text, int64_t now_ns, const LocalZone& zone) {
  if (text == "now") return now_ns;
  if (text.starts_with('@')) return ParseEpoch(text.substr(1));
  if (const auto day = ParseDay(text, now_ns, zone)) return day;
  if (const auto relative = ParseRelative(text, now_ns)) return relative;
  return ParseCalendar(text, now_ns, zone);
}

}  // namespace

std::optional<int64_t> ParseTimeSpan(std::string_view text) { return ParseSpan(text); }

Result<WrittenTime> ParseWrittenTime(std::string_view text, int64_t now_ns, const LocalZone& zone) {
  const auto first = ParseTime(text, now_ns, zone);
  if (!first) return first.error();
  int64_t last = 0;
  const auto next_day = EndOfDay(text, *first, zone);
  const int64_t length = next_day ? *next_day - *first : LengthOf(text);
  if (__builtin_add_overflow(*first, length - 1, &last)) last = *first;
  return WrittenTime{.first_ns = *first, .last_ns = last};
}

Result<int64_t> ParseTime(std::string_view text, int64_t now_ns, const LocalZone& zone) {
  if (const auto time = Parse(text, now_ns, zone)) return *time;
  return Error(
      fmt::format("'{}' is not a time; write for example -2h, '30min ago', yesterday, 14:00, "
                  "'2026-11-20 14:00' or @1795180800",
                  text));
}

}  // namespace daybook
