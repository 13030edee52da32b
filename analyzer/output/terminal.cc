#include "output/terminal.h"

#include <langinfo.h>
#include <locale.h>

#include <cstdlib>

#include "text/escape.h"

namespace daybook {
namespace {

std::string_view Variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : std::string_view();
}

}  // namespace

bool IsTerminalAble() {
  const std::string_view terminal = Variable("TERM");
  return !terminal.empty() && terminal != "dumb";
}

Colors ColorsFor(ColorWish wish, bool is_terminal) {
  if (wish != ColorWish::kAuto) return wish == ColorWish::kAlways ? Colors::kYes : Colors::kNo;
  const bool is_forbidden = !Variable("NO_COLOR").empty();
  return is_terminal && IsTerminalAble() && !is_forbidden ? Colors::kYes : Colors::kNo;
}

std::string_view CutMarkOfLocale() {
  const locale_t locale = newlocale(LC_CTYPE_MASK, "", nullptr);
  if (locale == nullptr) return ">";
  const bool is_unicode = nl_langinfo_l(CODESET, locale) == std::string_view("UTF-8");
  freelocale(locale);
  return is_unicode ? kCutMark : ">";
}

void AppendInTone(Tone tone, std::string_view text, std::string* out) {
  if (tone == Tone::kPlain || text.empty()) {
    out->append(text);
    return;
  }
  out->append(tone == Tone::kHeading ? "\x1b[1m" : "\x1b[31m").append(text).append("\x1b[0m");
}

}  // namespace daybook
