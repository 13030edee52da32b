// Time zones by rules as POSIX has them for TZ. Apart from others since the date library's header
// for these is one of C++17: so is the source, and nothing here may be newer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace daybook {

class PosixZone {
 public:
  // Of the form
  //   std offset [dst [offset] ,start[/time],end[/time]]
  // with days and hours that there are; nullptr where it is not. What begins and ends summer time
  // must be said: systems differ in what they take instead.
  static std::shared_ptr<const PosixZone> Parse(const std::string& text);

  PosixZone(const PosixZone&) = delete;
  PosixZone& operator=(const PosixZone&) = delete;
  ~PosixZone();

  const std::string& text() const { return text_; }

  // Seconds since 1970, from begin up to end, and the offset that holds there, east of UTC.
  struct Span {
    int64_t begin_s;
    int64_t end_s;
    int offset_s;
  };
  Span At(int64_t second) const;
  // That of a local time. Of two moments with that time the first; in a gap, as before it.
  int OffsetOf(int64_t local_second) const;

 private:
  struct Impl;

  explicit PosixZone(const std::string& text);

  std::string text_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace daybook
