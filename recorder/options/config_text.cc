#include "options/config_text.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace daybook {
namespace {

// Some editors put it before UTF-8.
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool IsBlankInLine(char c) { return c == ' ' || c == '\t' || c == '\r'; }

// A file that is read from its begin to its end.
class TextCursor {
 public:
  explicit TextCursor(std::string_view text) : rest_(text) {}

  size_t line() const { return line_; }
  bool at_end() const { return rest_.empty(); }
  bool at_line_end() const { return at_end() || rest_[0] == '\n'; }
  char next() const { return at_end() ? '\0' : rest_[0]; }

  std::string_view Take(size_t length) {
    const std::string_view taken = rest_.substr(0, length);
    line_ += static_cast<size_t>(std::ranges::count(taken, '\n'));
    rest_.remove_prefix(taken.size());
    return taken;
  }
  // Up to one of these.
  std::string_view TakeUntil(std::string_view ends) {
    return Take(std::min(rest_.find_first_of(ends), rest_.size()));
  }
  bool TakeOne(char c) { return next() == c && Take(1).size() == 1; }
  // Blanks, and a comment behind them.
  void SkipBlanks() {
    while (IsBlankInLine(next())) Take(1);
    if (next() == '#') TakeUntil("\n");
  }
  void SkipLines() {
    for (SkipBlanks(); next() == '\n'; SkipBlanks()) Take(1);
  }

 private:
  std::string_view rest_;
  size_t line_ = 1;
};

std::string Trimmed(std::string_view text) {
  while (!text.empty() && IsBlankInLine(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlankInLine(text.back())) text.remove_suffix(1);
  return std::string(text);
}

// It may be meant as a part of the value.
constexpr char kNoComment[] =
    "takes no # right behind its value: quotes stand around one with a #, and a blank before a "
    "comment";

// One value. What is wrong with it; empty where nothing is.
std::string TakeValue(TextCursor& text, std::string_view ends, Setting& setting) {
  const char quote = text.next();
  if (quote != '"' && quote != '\'') {
    setting.values.emplace_back(text.TakeUntil(ends));
    if (setting.values.back().empty()) return "a value is missing";
    return text.next() != '#' ? "" : kNoComment;
  }
  text.Take(1);
  setting.values.emplace_back(text.TakeUntil(quote == '"' ? "\"\n" : "'\n"));
  return text.TakeOne(quote) ? "" : "a quote that nothing closes";
}

// Behind its '['. It may go on in the next lines.
std::string TakeList(TextCursor& text, Setting& setting) {
  setting.is_list = true;
  for (text.SkipLines(); !text.TakeOne(']'); text.SkipLines()) {
    if (text.at_end()) return "a bracket that nothing closes";
    if (std::string wrong = TakeValue(text, " \t\r\n,]#", setting); !wrong.empty()) return wrong;
    text.SkipLines();
    if (!text.TakeOne(',') && text.next() != ']') {
      return "no comma and no closing bracket behind " + setting.values.back();
    }
  }
  return {};
}

// Behind its '='.
std::string TakeValues(TextCursor& text, Setting& setting) {
  std::string wrong =
      text.TakeOne('[') ? TakeList(text, setting) : TakeValue(text, " \t\r\n,#", setting);
  text.SkipBlanks();
  if (!wrong.empty() || text.at_line_end()) return wrong;
  return "takes no more behind its value: quotes stand around one with blanks or commas, and "
         "brackets around a list";
}

}  // namespace

Error SettingError(const ConfigFile& file, const Setting& setting, const std::string& wrong) {
  return Error(file.path + ":" + std::to_string(setting.line) + ": " + setting.name + ": " + wrong);
}

Result<std::vector<Setting>> ParseConfigText(const ConfigFile& file) {
  std::vector<Setting> settings;
  TextCursor text(file.text);
  if (file.text.starts_with(kByteOrderMark)) text.Take(kByteOrderMark.size());
  for (text.SkipLines(); !text.at_end(); text.SkipLines()) {
    if (text.next() == ';') {
      text.TakeUntil("\n");
      continue;
    }
    Setting setting{.line = text.line()};
    const bool is_section = text.TakeOne('[');
    setting.name = Trimmed(text.TakeUntil(is_section ? "]#\n" : "=#\n"));
    if (is_section) return SettingError(file, setting, "there are no sections");
    if (!text.TakeOne('=')) return SettingError(file, setting, "a setting is NAME = VALUE");
    text.SkipBlanks();
    if (std::string wrong = TakeValues(text, setting); !wrong.empty()) {
      return SettingError(file, setting, wrong);
    }
    settings.push_back(std::move(setting));
  }
  return settings;
}

}  // namespace daybook
