#include "time/posix_zone.h"

#include <date/ptz.h>
#include <re2/re2.h>

#include <chrono>

namespace daybook {
namespace {

// The date library looks at the form only, and not at all of that.
bool IsRule(const std::string& text) {
  static const std::string kName = "([A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)";
  static const std::string kTime = "([01]?[0-9]|2[0-4])(:[0-5][0-9]){0,2}";
  static const std::string kDay =
      "(M([1-9]|1[0-2])\\.[1-5]\\.[0-6]|J([1-9]|[1-9][0-9]|[12][0-9]{2}|3[0-5][0-9]|36[0-5])|"
      "[1-9]?[0-9]|[12][0-9]{2}|3[0-5][0-9]|36[0-5])";
  static const std::string kChange = "," + kDay + "(/" + kTime + ")?";
  static const RE2 kRule(kName + "[+-]?" + kTime + "(" + kName + "([+-]?" + kTime + ")?" + kChange +
                         kChange + ")?");
  return RE2::FullMatch(text, kRule);
}

}  // namespace

struct PosixZone::Impl {
  Posix::time_zone zone;
};

PosixZone::PosixZone(const std::string& text)
    : text_(text), impl_(new Impl{Posix::time_zone(text)}) {}

PosixZone::~PosixZone() = default;

std::shared_ptr<const PosixZone> PosixZone::Parse(const std::string& text) {
  constexpr size_t kLongest = 100;
  if (text.size() > kLongest || !IsRule(text)) return nullptr;
  return std::shared_ptr<const PosixZone>(new PosixZone(text));
}

PosixZone::Span PosixZone::At(int64_t second) const {
  const date::sys_info info = impl_->zone.get_info(date::sys_seconds(std::chrono::seconds(second)));
  return {info.begin.time_since_epoch().count(), info.end.time_since_epoch().count(),
          static_cast<int>(info.offset.count())};
}

int PosixZone::OffsetOf(int64_t local_second) const {
  const date::local_seconds local{std::chrono::seconds(local_second)};
  return static_cast<int>(impl_->zone.get_info(local).first.offset.count());
}

}  // namespace daybook
