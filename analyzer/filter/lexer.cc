#include "filter/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "text/ascii.h"

namespace daybook {
namespace {

// Longer ones first.
constexpr std::string_view kSymbols[] = {"==", "!=", "<=", ">=", "=~", "!~", "&&", "||",
                                         "<",  ">",  "!",  "(",  ")",  "{",  "}",  ","};

// What other languages have in the place of ours.
struct Habit {
  std::string_view written;
  std::string_view ours;
};
constexpr Habit kHabits[] = {{"=", "=="}, {"&", "&&"}, {"|", "||"}, {"~", "=~"}};

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::optional<int> HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}
  LexedFilter Lex();

 private:
  void LexWord();
  void LexString(char quote);
  void LexEscape(std::string* out);
  void LexHex(size_t begin, std::string* out);
  void LexSymbol();
  template <class Predicate>
  void TakeWhile(Token token, Predicate predicate);
  void Add(Token token, size_t begin, std::string text) {
    lexed_.words.push_back({.token = token, .begin = begin, .end = at_, .text = std::move(text)});
  }
  void Fail(size_t begin, size_t end, std::string message) {
    lexed_.mistakes.push_back({.begin = begin, .end = end, .message = std::move(message)});
  }
  bool ok() const { return lexed_.mistakes.empty(); }

  std::string_view text_;
  size_t at_ = 0;
  LexedFilter lexed_;
};

LexedFilter Lexer::Lex() {
  while (ok()) {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
    if (at_ == text_.size()) break;
    LexWord();
  }
  Add(Token::kEnd, at_, "");
  return std::move(lexed_);
}

void Lexer::LexWord() {
  const char c = text_[at_];
  if (IsLetter(c)) {
    TakeWhile(Token::kName, [](char next) { return IsLetter(next) || IsDigit(next); });
  } else if (IsDigit(c)) {
    TakeWhile(Token::kNumber, [](char next) {
      return IsDigit(next) || IsLetter(next) || next == '.' || next == '%';
    });
  } else if (c == '"' || c == '\'') {
    LexString(c);
  } else {
    LexSymbol();
  }
}

template <class Predicate>
void Lexer::TakeWhile(Token token, Predicate predicate) {
  const size_t begin = at_;
  while (at_ < text_.size() && predicate(text_[at_])) ++at_;
  Add(token, begin, std::string(text_.substr(begin, at_ - begin)));
}

void Lexer::LexString(char quote) {
  const size_t begin = at_++;
  std::string string;
  while (ok() && at_ < text_.size() && text_[at_] != quote) {
    if (quote == '"' && text_[at_] == '\\') {
      LexEscape(&string);
    } else {
      string.push_back(text_[at_++]);
    }
  }
  if (!ok()) return;
  if (at_ == text_.size()) return Fail(begin, at_, "this string has no end");
  ++at_;
  Add(Token::kString, begin, std::move(string));
}

// Regular expressions have many backslashes: what is no escape here stays as it is.
void Lexer::LexEscape(std::string* out) {
  const size_t begin = at_++;
  const char c = at_ < text_.size() ? text_[at_] : '\0';
  if (c == 'x') return LexHex(begin, out);
  if (c == '"' || c == '\\') {
    out->push_back(c);
  } else if (c == 'n') {
    out->push_back('\n');
  } else if (c == 't') {
    out->push_back('\t');
  } else {
    out->push_back('\\');
    return;
  }
  ++at_;
}

void Lexer::LexHex(size_t begin, std::string* out) {
  const auto high = at_ + 1 < text_.size() ? HexDigit(text_[at_ + 1]) : std::nullopt;
  const auto low = at_ + 2 < text_.size() ? HexDigit(text_[at_ + 2]) : std::nullopt;
  if (!high || !low) return Fail(begin, at_ + 1, "\\x needs two hexadecimal digits");
  out->push_back(static_cast<char>(*high * 16 + *low));
  at_ += 3;
}

void Lexer::LexSymbol() {
  const std::string_view rest = text_.substr(at_);
  const size_t begin = at_;
  for (const std::string_view symbol : kSymbols) {
    if (!rest.starts_with(symbol)) continue;
    at_ += symbol.size();
    return Add(Token::kSymbol, begin, std::string(symbol));
  }
  for (const Habit& habit : kHabits) {
    if (!rest.starts_with(habit.written)) continue;
    return Fail(begin, begin + 1,
                fmt::format("'{}' means nothing; did you mean '{}'?", habit.written, habit.ours));
  }
  Fail(begin, begin + 1, "this means nothing here");
}

}  // namespace

LexedFilter LexFilter(std::string_view text) { return Lexer(text).Lex(); }

}  // namespace daybook
