#include "time/local_zone.h"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "time/time_units.h"

namespace daybook {
namespace {

date::local_seconds ToLocalSeconds(const LocalTime& time) {
  const auto day = date::local_days(date::year(time.year) / time.month / time.day);
  return day + std::chrono::hours(time.hour) + std::chrono::minutes(time.minute) +
         std::chrono::seconds(time.second);
}

char* PutDigits(char* out, int value, int digits) {
  for (int i = digits - 1; i >= 0; --i, value /= 10) out[i] = static_cast<char>('0' + value % 10);
  return out + digits;
}

// A moment in whole seconds and what is left of it.
struct Moment {
  int64_t second;
  int nanosecond;
};

Moment Split(int64_t realtime_ns) {
  int64_t second = realtime_ns / kNsPerSecond;
  int64_t nanosecond = realtime_ns % kNsPerSecond;
  if (nanosecond < 0) {  // before 1970 the quotient is rounded up
    nanosecond += kNsPerSecond;
    --second;
  }
  return {.second = second, .nanosecond = static_cast<int>(nanosecond)};
}

constexpr std::string_view kOfHost = "/etc/localtime";

// TZ may be the path of a zone, in the folder where zones usually are.
std::string NameOf(std::string_view tz) {
  constexpr std::string_view kFolder = "/zoneinfo/";
  const size_t folder = tz.starts_with('/') ? tz.find(kFolder) : tz.npos;
  return std::string(folder == tz.npos ? tz : tz.substr(folder + kFolder.size()));
}

}  // namespace

Result<LocalZone> LocalZone::Named(const std::string& name) {
  // The date library reports by exceptions that a name, or the whole database, is missing.
  try {
    return LocalZone(date::locate_zone(name));
  } catch (const std::runtime_error&) {
    if (name == "UTC") return Utc();
  }
  if (auto rule = PosixZone::Parse(name)) return LocalZone(std::move(rule));
  return Error(
      fmt::format("'{}' is not in the tz database, nor a rule as CET-1CEST,M3.5.0,M10.5.0/3; "
                  "use a name such as Europe/Berlin",
                  name));
}

Result<LocalZone> LocalZone::FromEnvironment() {
  const char* tz = std::getenv("TZ");
  if (tz != nullptr && *tz == ':') ++tz;
  if (tz != nullptr && *tz == '\0') return Utc();
  if (tz != nullptr && std::string_view(tz) != kOfHost) {
    auto zone = Named(NameOf(tz));
    return zone ? std::move(zone) : std::move(zone).error().WithContext("TZ");
  }
  try {
    return LocalZone(date::current_zone());
  } catch (const std::runtime_error&) {
    return Utc();  // a host without a tz database
  }
}

std::string_view LocalZone::name() const {
  if (rule_) return rule_->text();
  return zone_ != nullptr ? std::string_view(zone_->name()) : "UTC";
}

const LocalZone::Offset& LocalZone::OffsetAt(int64_t second) const {
  if (second >= offset_.begin_s && second < offset_.end_s) return offset_;
  if (rule_) {
    const PosixZone::Span span = rule_->At(second);
    offset_ = {.begin_s = span.begin_s, .end_s = span.end_s, .offset_s = span.offset_s};
  } else if (zone_ != nullptr) {
    const date::sys_info info = zone_->get_info(date::sys_seconds(std::chrono::seconds(second)));
    offset_ = {.begin_s = info.begin.time_since_epoch().count(),
               .end_s = info.end.time_since_epoch().count(),
               .offset_s = static_cast<int>(info.offset.count())};
  } else {
    offset_ = {.begin_s = INT64_MIN, .end_s = INT64_MAX, .offset_s = 0};
  }
  return offset_;
}

LocalTime LocalZone::At(int64_t realtime_ns) const {
  const Moment moment = Split(realtime_ns);
  const int offset_s = OffsetAt(moment.second).offset_s;
  const auto local = date::local_seconds(std::chrono::seconds(moment.second + offset_s));
  const auto midnight = date::floor<date::days>(local);
  const date::year_month_day day(midnight);
  const auto second = static_cast<int>((local - midnight).count());
  return {.year = static_cast<int>(day.year()),
          .month = static_cast<int>(static_cast<unsigned>(day.month())),
          .day = static_cast<int>(static_cast<unsigned>(day.day())),
          .hour = second / 3600,
          .minute = second / 60 % 60,
          .second = second % 60,
          .nanosecond = moment.nanosecond,
          .offset_s = offset_s};
}

int64_t LocalZone::ToSeconds(const LocalTime& time) const {
  const date::local_seconds local = ToLocalSeconds(time);
  const int64_t second = local.time_since_epoch().count();
  if (rule_) return second - rule_->OffsetOf(second);
  return zone_ != nullptr ? second - zone_->get_info(local).first.offset.count() : second;
}

// Times are mostly in order: what they have in common is made once.
const LocalZone::Minute& LocalZone::MinuteAt(int64_t second, int64_t realtime_ns) const {
  if (second >= minute_.begin_s && second < minute_.end_s) return minute_;
  const Offset& offset = OffsetAt(second);
  const LocalTime time = At(realtime_ns);
  minute_.zero_s = second - time.second;
  minute_.begin_s = std::max(minute_.zero_s, offset.begin_s);
  minute_.end_s = std::min(minute_.zero_s + 60, offset.end_s);
  char* out = PutDigits(minute_.text.data(), time.year, 4);
  for (const auto& [separator, value] : {std::pair('-', time.month), std::pair('-', time.day),
                                         std::pair(' ', time.hour), std::pair(':', time.minute)}) {
    *out++ = separator;
    out = PutDigits(out, value, 2);
  }
  *out = ':';
  const int offset_minutes = std::abs(time.offset_s) / 60;
  out = minute_.offset_text.data();
  *out++ = time.offset_s < 0 ? '-' : '+';
  out = PutDigits(out, offset_minutes / 60, 2);
  *out++ = ':';
  PutDigits(out, offset_minutes % 60, 2);
  return minute_;
}

char* LocalZone::PutForPeople(int64_t realtime_ns, char* out) const {
  const int64_t second = Split(realtime_ns).second;
  const Minute& minute = MinuteAt(second, realtime_ns);
  out = std::copy(minute.text.begin(), minute.text.end(), out);
  return PutDigits(out, static_cast<int>(second - minute.zero_s), 2);
}

char* LocalZone::PutRfc3339(int64_t realtime_ns, char* out) const {
  constexpr size_t kDateBytes = sizeof("2026-11-20") - 1;
  char* end = PutForPeople(realtime_ns, out);
  out[kDateBytes] = 'T';
  *end++ = '.';
  end = PutDigits(end, Split(realtime_ns).nanosecond / 1000, 6);
  return std::copy(minute_.offset_text.begin(), minute_.offset_text.end(), end);
}

void LocalZone::AppendRfc3339(int64_t realtime_ns, std::string* out) const {
  char buffer[kRfc3339Bytes];
  out->append(buffer, PutRfc3339(realtime_ns, buffer));
}

void LocalZone::AppendForPeople(int64_t realtime_ns, std::string* out) const {
  char buffer[kForPeopleBytes];
  out->append(buffer, PutForPeople(realtime_ns, buffer));
}

int64_t UtcSeconds(const LocalTime& time) {
  return ToLocalSeconds(time).time_since_epoch().count();
}

bool IsDate(int year, int month, int day) { return (date::year(year) / month / day).ok(); }

}  // namespace daybook
