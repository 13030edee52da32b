// Programs' arguments as a shell reads them, which an argument with blanks may be for.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace daybook {

inline constexpr std::string_view kBlanks = " \t\r\n";
inline constexpr std::string_view kWordEnds("\0 \t\r\n", 5);
inline constexpr std::string_view kWordEndsAndLines("\0 \t\r\n\\", 6);
// What closes $'...': unlike in '...', a backslash has a meaning there. No shell's bracket.
inline constexpr char kAnsiQuote = '\1';

inline bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
inline bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
inline bool IsLetter(char c) { return IsLower(c) || IsUpper(c); }
inline bool IsDigit(char c) { return c >= '0' && c <= '9'; }
inline char Lower(char c) { return IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

inline bool IsOneOf(char c, std::string_view set) { return set.find(c) != set.npos; }
inline bool IsBlank(char c) { return IsOneOf(c, kBlanks); }
inline bool IsQuote(char c) { return c == '"' || c == '\'' || c == '`'; }
inline bool EndsWord(char c) { return c == '\0' || IsBlank(c); }

// Part of a name: also any byte that is not ASCII.
inline bool IsNameByte(char c) {
  return IsLetter(c) || IsDigit(c) || c == '_' || c == '-' || c == '.' || (c & 0x80) != 0;
}

// Every position is an index into them.
class ShellText {
 protected:
  // Each ended by a NUL but perhaps the last.
  explicit ShellText(std::string_view args) : args_(args) {}

  // Behind the end nothing follows, as behind the last argument.
  char At(size_t at) const { return at < args_.size() ? args_[at] : '\0'; }
  char Before(size_t at) const { return at == 0 ? '\0' : args_[at - 1]; }
  std::string_view Slice(size_t begin, size_t end) const {
    return args_.substr(begin, end - begin);
  }
  size_t Find(char c, size_t from, size_t end) const {
    return from + std::min(Slice(from, end).find(c), end - from);
  }
  size_t SkipAny(size_t at, std::string_view set) const {
    return std::min(args_.find_first_not_of(set, at), args_.size());
  }

  // A backslash at the end of a line is nothing, also where somebody has written CRLF.
  size_t SkipContinuation(size_t at) const {
    if (At(at) != '\\') return at;
    if (At(at + 1) == '\n') return at + 2;
    return At(at + 1) == '\r' && At(at + 2) == '\n' ? at + 3 : at;
  }
  size_t SkipContinuations(size_t at) const {
    for (size_t next = SkipContinuation(at); next != at; next = SkipContinuation(at)) at = next;
    return at;
  }
  size_t SkipBlanks(size_t at) const {
    for (;;) {
      const size_t next = SkipContinuation(SkipAny(at, kBlanks));
      if (next == at) return at;
      at = next;
    }
  }
  bool EndsWordAt(size_t at) const { return EndsWord(At(SkipContinuations(at))); }

  // Kept, since it is asked for from ever higher positions: time stays linear.
  size_t ArgEnd(size_t from) {
    if (from > arg_end_ || arg_end_ == 0) arg_end_ = std::min(args_.find('\0', from), args_.size());
    return arg_end_;
  }

  size_t ClosedEnd(size_t at, size_t end, char closer) const;
  size_t ShellWordEnd(size_t from);
  size_t ValueEnd(size_t word, bool name_is_quoted, size_t value);

  const std::string_view args_;

 private:
  size_t ShellStep(size_t at, std::string& open) const;
  size_t ListedEnd(size_t at, size_t end, char separator) const;

  size_t arg_end_ = 0;
};

}  // namespace daybook
