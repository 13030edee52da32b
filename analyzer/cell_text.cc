#include "cell_text.h"

#include <fmt/format.h>

#include <cctype>
#include <iterator>

#include "escape.h"
#include "field_text.h"
#include "names.h"

namespace daybook {
namespace {

void AppendDuration(uint64_t us, std::string* out) {
  constexpr uint64_t kSecond = 1'000'000;
  const auto to = std::back_inserter(*out);
  const uint64_t seconds = us / kSecond;
  if (us < 1000) {
    fmt::format_to(to, "{}us", us);
  } else if (us < kSecond) {
    fmt::format_to(to, "{:.1f}ms", static_cast<double>(us) / 1000);
  } else if (seconds < 60) {
    fmt::format_to(to, "{:.2f}s", static_cast<double>(us) / kSecond);
  } else if (seconds < 60 * 60) {
    fmt::format_to(to, "{}m{:02}s", seconds / 60, seconds % 60);
  } else if (seconds < 24 * 60 * 60) {
    fmt::format_to(to, "{}h{:02}m", seconds / 3600, seconds / 60 % 60);
  } else {
    fmt::format_to(to, "{}d{:02}h", seconds / 86400, seconds / 3600 % 24);
  }
}

void AppendBytes(uint64_t bytes, std::string* out) {
  constexpr char kPrefixes[] = "BKMGTPE";
  auto size = static_cast<double>(bytes);
  size_t prefix = 0;
  for (; size >= 1024 && prefix + 2 < sizeof(kPrefixes); ++prefix) size /= 1024;
  const int decimals = prefix == 0 || size >= 100 ? 0 : 1;
  fmt::format_to(std::back_inserter(*out), "{:.{}f}{}", size, decimals, kPrefixes[prefix]);
}

void AppendNumber(Kind kind, uint64_t number, std::string* out) {
  switch (kind) {
    case Kind::kMicroseconds:
      return AppendDuration(number, out);
    case Kind::kKibibytes:
      return AppendBytes(number * 1024, out);
    case Kind::kBytes:
      return AppendBytes(number, out);
    case Kind::kPercent:
      AppendHundredths(number, out);
      out->push_back('%');
      return;
    case Kind::kSignal:
      out->append(SignalName(number));
      return;
    default:
      fmt::format_to(std::back_inserter(*out), "{}", number);
  }
}

}  // namespace

bool IsAlignedRight(Kind kind) {
  return kind == Kind::kNumber || kind == Kind::kMicroseconds || kind == Kind::kKibibytes ||
         kind == Kind::kBytes || kind == Kind::kPercent;
}

std::string Heading(std::string_view name) {
  std::string heading;
  for (const char c : WithoutUnit(name)) {
    heading.push_back(static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
  }
  return heading;
}

void AppendCellText(Kind kind, const Cell& cell, const LocalZone& zone, std::string* out) {
  if (const auto* text = std::get_if<Text>(&cell)) {
    if (kind == Kind::kArguments) {
      AppendShellWords(text->bytes, out);
    } else {
      AppendEscaped(text->bytes, out);
    }
    if (text->cut) out->append(kCutMark);
  } else if (const auto* count = std::get_if<uint64_t>(&cell)) {
    AppendNumber(kind, *count, out);
  } else if (const auto* number = std::get_if<int64_t>(&cell)) {
    if (kind == Kind::kTime) {
      zone.AppendForPeople(*number, out);
    } else {
      fmt::format_to(std::back_inserter(*out), "{}", *number);
    }
  } else if (const auto* flag = std::get_if<bool>(&cell)) {
    out->append(*flag ? "yes" : "no");
  } else if (const auto* fields = std::get_if<const RecordFields*>(&cell)) {
    AppendFieldsText(**fields, out);
  } else if (kind != Kind::kFields) {
    out->push_back('-');
  }
}

}  // namespace daybook
