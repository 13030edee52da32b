#include "local_zone.h"

#include <date/tz.h>
#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

namespace daybook {
namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;

date::local_seconds ToLocalSeconds(const LocalTime& time) {
  const auto day = date::local_days(date::year(time.year) / time.month / time.day);
  return day + std::chrono::hours(time.hour) + std::chrono::minutes(time.minute) +
         std::chrono::seconds(time.second);
}

char* PutDigits(char* out, int value, int digits) {
  for (int i = digits - 1; i >= 0; --i, value /= 10) out[i] = static_cast<char>('0' + value % 10);
  return out + digits;
}

// "2026-11-20?14:00:00"
char* PutDateTime(char* out, const LocalTime& time, char separator) {
  out = PutDigits(out, time.year, 4);
  *out++ = '-';
  out = PutDigits(out, time.month, 2);
  *out++ = '-';
  out = PutDigits(out, time.day, 2);
  *out++ = separator;
  out = PutDigits(out, time.hour, 2);
  *out++ = ':';
  out = PutDigits(out, time.minute, 2);
  *out++ = ':';
  return PutDigits(out, time.second, 2);
}

// "UTC+3", "<-03>3" and other values of TZ that POSIX defines, where they are whole hours that
// never change: the name that the tz database has for it, whose sign is that of POSIX, too. Else
// empty.
std::string NameOfFixedOffset(std::string_view tz) {
  constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const size_t name = tz.starts_with('<') ? tz.find('>') + 1 : tz.find_first_not_of(kLetters);
  constexpr size_t kShortestName = 3;
  if (name < kShortestName || name >= tz.size()) return {};
  tz.remove_prefix(name);
  const bool is_east = tz.front() == '-';
  if (is_east || tz.front() == '+') tz.remove_prefix(1);
  int hours = 0;
  const auto parsed = std::from_chars(tz.data(), tz.data() + tz.size(), hours);
  const bool is_whole = parsed.ec == std::errc() && parsed.ptr == tz.data() + tz.size();
  if (!is_whole || hours < 0) return {};
  return fmt::format("Etc/GMT{}{}", is_east ? '-' : '+', hours);
}

}  // namespace

Result<LocalZone> LocalZone::Named(const std::string& name) {
  // The date library reports by exceptions that a name, or the whole database, is missing.
  try {
    return LocalZone(date::locate_zone(name));
  } catch (const std::runtime_error&) {
    if (name == "UTC") return LocalZone(nullptr);
    return Error(
        fmt::format("'{}' is not in the tz database; use a name such as Europe/Berlin", name));
  }
}

Result<LocalZone> LocalZone::FromEnvironment() {
  const char* tz = std::getenv("TZ");
  if (tz != nullptr && *tz == ':') ++tz;
  if (tz != nullptr && *tz == '\0') return LocalZone(nullptr);
  if (tz != nullptr && *tz != '/') {
    auto zone = Named(tz);
    const std::string fixed = NameOfFixedOffset(tz);
    if (!zone && !fixed.empty()) {
      if (auto offset = Named(fixed)) return offset;
    }
    return zone ? std::move(zone) : std::move(zone).error().WithContext("TZ");
  }
  try {
    return LocalZone(date::current_zone());
  } catch (const std::runtime_error&) {
    return LocalZone(nullptr);  // a host without a tz database
  }
}

std::string_view LocalZone::name() const {
  return zone_ != nullptr ? std::string_view(zone_->name()) : "UTC";
}

LocalTime LocalZone::At(int64_t realtime_ns) const {
  int64_t seconds = realtime_ns / kNanosPerSecond;
  int64_t nanosecond = realtime_ns % kNanosPerSecond;
  if (nanosecond < 0) {  // before 1970 the quotient is rounded up
    nanosecond += kNanosPerSecond;
    --seconds;
  }
  if (zone_ != nullptr && (seconds < offset_begin_s_ || seconds >= offset_end_s_)) {
    const date::sys_info info = zone_->get_info(date::sys_seconds(std::chrono::seconds(seconds)));
    offset_begin_s_ = info.begin.time_since_epoch().count();
    offset_end_s_ = info.end.time_since_epoch().count();
    offset_s_ = static_cast<int>(info.offset.count());
  }
  const auto local = date::local_seconds(std::chrono::seconds(seconds + offset_s_));
  const auto midnight = date::floor<date::days>(local);
  const date::year_month_day day(midnight);
  const auto second = static_cast<int>((local - midnight).count());
  return {.year = static_cast<int>(day.year()),
          .month = static_cast<int>(static_cast<unsigned>(day.month())),
          .day = static_cast<int>(static_cast<unsigned>(day.day())),
          .hour = second / 3600,
          .minute = second / 60 % 60,
          .second = second % 60,
          .nanosecond = static_cast<int>(nanosecond),
          .offset_s = offset_s_};
}

int64_t LocalZone::ToSeconds(const LocalTime& time) const {
  const date::local_seconds local = ToLocalSeconds(time);
  if (zone_ == nullptr) return local.time_since_epoch().count();
  const date::local_info info = zone_->get_info(local);
  return (local.time_since_epoch() - info.first.offset).count();
}

void LocalZone::AppendRfc3339(int64_t realtime_ns, std::string* out) const {
  const LocalTime time = At(realtime_ns);
  char buffer[sizeof("2026-11-20T14:00:00.123456+01:00")];
  char* end = PutDateTime(buffer, time, 'T');
  *end++ = '.';
  end = PutDigits(end, time.nanosecond / 1000, 6);
  const int offset_minutes = std::abs(time.offset_s) / 60;
  *end++ = time.offset_s < 0 ? '-' : '+';
  end = PutDigits(end, offset_minutes / 60, 2);
  *end++ = ':';
  end = PutDigits(end, offset_minutes % 60, 2);
  out->append(buffer, end);
}

void LocalZone::AppendForPeople(int64_t realtime_ns, std::string* out) const {
  char buffer[sizeof("2026-11-20 14:00:00")];
  out->append(buffer, PutDateTime(buffer, At(realtime_ns), ' '));
}

int64_t UtcSeconds(const LocalTime& time) {
  return ToLocalSeconds(time).time_since_epoch().count();
}

bool IsDate(int year, int month, int day) { return (date::year(year) / month / day).ok(); }

}  // namespace daybook
