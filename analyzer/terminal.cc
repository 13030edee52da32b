#include "terminal.h"

#include <langinfo.h>
#include <locale.h>

#include "escape.h"

namespace daybook {

std::string_view CutMarkOfLocale() {
  const locale_t locale = newlocale(LC_CTYPE_MASK, "", nullptr);
  if (locale == nullptr) return ">";
  const bool is_unicode = nl_langinfo_l(CODESET, locale) == std::string_view("UTF-8");
  freelocale(locale);
  return is_unicode ? kCutMark : ">";
}

}  // namespace daybook
