// Regular expressions on any bytes, in time linear in the text: the only place that knows of RE2.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "daybook/result.h"

namespace re2 {
class RE2;
}

namespace daybook {

class Regex {
 public:
  // Syntax as in re2(7) or `man re2`: that of Perl without backreferences and look-around.
  static Result<Regex> Compile(const std::string& pattern);

  Regex(Regex&&) noexcept;
  ~Regex();

  // Whether it matches anywhere in the text.
  bool Matches(std::string_view text) const;

 private:
  explicit Regex(std::unique_ptr<re2::RE2> compiled);

  std::unique_ptr<re2::RE2> compiled_;
};

}  // namespace daybook
