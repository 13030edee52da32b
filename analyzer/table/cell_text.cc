#include "table/cell_text.h"

#include <fmt/format.h>

#include <cctype>

#include "table/field_text.h"
#include "text/escape.h"
#include "text/names.h"

namespace daybook {
namespace {

// As fmt rounds the quotient of two doubles; which way it rounds what lies in the middle depends on
// how the double comes out.
void AppendQuotient(uint64_t number, uint64_t unit, int decimals, ByteBuffer* line) {
  constexpr uint64_t kScales[] = {1, 10, 100};
  const uint64_t scale = kScales[decimals];
  const uint64_t rest = number % unit * scale;
  const uint64_t middle = unit - rest % unit;
  if (rest % unit == middle) {
    const double quotient = static_cast<double>(number) / static_cast<double>(unit);
    return line->Append(fmt::format("{:.{}f}", quotient, decimals));
  }
  const uint64_t scaled = number / unit * scale + rest / unit + (rest % unit > middle ? 1 : 0);
  AppendNumber(scaled / scale, line);
  if (decimals == 0) return;
  line->Append('.');
  if (decimals == 2) line->Append(static_cast<char>('0' + scaled / 10 % 10));
  line->Append(static_cast<char>('0' + scaled % 10));
}

void AppendTwoDigits(uint64_t number, ByteBuffer* line) {
  line->Append(static_cast<char>('0' + number / 10));
  line->Append(static_cast<char>('0' + number % 10));
}

// "2h05m"
void AppendParts(uint64_t number, char unit, uint64_t part, char part_unit, ByteBuffer* line) {
  AppendNumber(number, line);
  line->Append(unit);
  AppendTwoDigits(part, line);
  line->Append(part_unit);
}

void AppendDuration(uint64_t us, ByteBuffer* line) {
  constexpr uint64_t kSecond = 1'000'000;
  const uint64_t seconds = us / kSecond;
  if (us < 1000) {
    AppendNumber(us, line);
    line->Append("us");
  } else if (us < kSecond) {
    AppendQuotient(us, 1000, 1, line);
    line->Append("ms");
  } else if (seconds < 60) {
    AppendQuotient(us, kSecond, 2, line);
    line->Append('s');
  } else if (seconds < 60 * 60) {
    AppendParts(seconds / 60, 'm', seconds % 60, 's', line);
  } else if (seconds < 24 * 60 * 60) {
    AppendParts(seconds / 3600, 'h', seconds / 60 % 60, 'm', line);
  } else {
    AppendParts(seconds / 86400, 'd', seconds / 3600 % 24, 'h', line);
  }
}

void AppendBytes(uint64_t bytes, ByteBuffer* line) {
  constexpr char kPrefixes[] = "BKMGTPE";
  auto size = static_cast<double>(bytes);
  uint64_t unit = 1;
  size_t prefix = 0;
  for (; size >= 1024 && prefix + 2 < sizeof(kPrefixes); ++prefix) {
    size /= 1024;
    unit *= 1024;
  }
  AppendQuotient(bytes, unit, prefix == 0 || size >= 100 ? 0 : 1, line);
  line->Append(kPrefixes[prefix]);
}

void AppendCountText(Kind kind, uint64_t number, ByteBuffer* line) {
  switch (kind) {
    case Kind::kMicroseconds:
      return AppendDuration(number, line);
    case Kind::kKibibytes:
      return AppendBytes(number * 1024, line);
    case Kind::kBytes:
      return AppendBytes(number, line);
    case Kind::kPercent:
      AppendHundredths(number, line);
      return line->Append('%');
    case Kind::kSignal:
      return line->Append(SignalName(number));
    default:
      AppendNumber(number, line);
  }
}

void AppendText(Kind kind, const Text& text, ByteBuffer* line) {
  if (kind == Kind::kArguments) {
    line->AppendBy([&](std::string* out) { AppendShellWords(text.bytes, out); });
  } else if (IsPlain(text.bytes)) {
    line->Append(text.bytes);
  } else {
    line->AppendBy([&](std::string* out) { AppendEscaped(text.bytes, out); });
  }
  if (text.cut) line->Append(kCutMark);
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

void AppendCellText(Kind kind, const Cell& cell, const LocalZone& zone, ByteBuffer* line) {
  if (const auto* text = std::get_if<Text>(&cell)) {
    AppendText(kind, *text, line);
  } else if (const auto* count = std::get_if<uint64_t>(&cell)) {
    AppendCountText(kind, *count, line);
  } else if (const auto* number = std::get_if<int64_t>(&cell)) {
    if (kind != Kind::kTime) return AppendNumber(*number, line);
    line->TakeTo(zone.PutForPeople(*number, line->Room(LocalZone::kForPeopleBytes)));
  } else if (const auto* flag = std::get_if<bool>(&cell)) {
    line->Append(*flag ? "yes" : "no");
  } else if (const auto* fields = std::get_if<const RecordFields*>(&cell)) {
    line->AppendBy([&](std::string* out) { AppendFieldsText(**fields, out); });
  } else if (kind != Kind::kFields) {
    line->Append('-');
  }
}

}  // namespace daybook
