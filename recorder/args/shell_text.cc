#include "args/shell_text.h"

namespace daybook {

// One step on in a shell's words. `open` has what closes the quotes and brackets around, the
// innermost last: they may stand in each other.
size_t ShellText::ShellStep(size_t at, std::string& open) const {
  const char c = args_[at];
  const char opened = open.empty() ? '\0' : open.back();
  const char closer = opened == kAnsiQuote ? '\'' : opened;
  if (c == '\\' && opened != '\'') return std::max(SkipContinuation(at), at + 2);
  if (c == closer && !open.empty()) {
    open.pop_back();
  } else if (closer == '\'') {
    return at + 1;
  } else if (c == '$' && closer != '"' && At(at + 1) == '\'') {
    open.push_back(kAnsiQuote);
    return at + 2;
  } else if (c == '$' && IsOneOf(At(at + 1), "({") && at + 1 < args_.size()) {
    open.push_back(args_[at + 1] == '(' ? ')' : '}');
    return at + 2;
  } else if (c == '`' || (closer != '"' && IsQuote(c))) {
    open.push_back(c);
  } else if (c == '(' && closer != '"') {
    open.push_back(')');
  }
  return at + 1;
}

// Where what was opened before ends.
size_t ShellText::ClosedEnd(size_t at, size_t end, char closer) const {
  std::string open(1, closer);
  while (at < end) {
    const size_t next = ShellStep(at, open);
    if (open.empty()) return at;
    at = next;
  }
  return end;
}

// As a shell has it, but only blanks end it.
size_t ShellText::ShellWordEnd(size_t from) {
  const size_t end = ArgEnd(from);
  size_t at = from;
  // "=> x" and "== x": the value is the next one.
  while (at < end && IsOneOf(args_[at], "=>")) ++at;
  if (at != from) at = std::min(SkipAny(at, kBlanks), end);
  // Quotes inside of quotes.
  if (at + 1 < end && args_[at] == '\\' && IsQuote(args_[at + 1])) {
    const size_t closed = Slice(at + 2, end).find(args_.substr(at, 2));
    if (closed == std::string_view::npos) return end;
    at += 2 + closed + 2;
  }
  std::string open;
  while (at < end && !(open.empty() && EndsWordAt(at))) {
    const size_t next_line = SkipContinuations(at);
    at = next_line != at ? next_line : ShellStep(at, open);
  }
  return std::min(at, end);
}

// Of the value of a word (name or flag) that begins at `word`. Only the byte before it and what
// follows decide: what is masked before must change nothing.
size_t ShellText::ValueEnd(size_t word, bool name_is_quoted, size_t value) {
  const char before = Before(word);
  const size_t end = ArgEnd(value);
  if (IsBlank(before)) return ShellWordEnd(value);
  if (IsQuote(before)) {
    const bool is_ansi = before == '\'' && Slice(0, word - 1).ends_with('$');
    const char closer = is_ansi ? kAnsiQuote : before;
    return name_is_quoted ? ShellWordEnd(value) : ClosedEnd(value, end, closer);
  }
  if (before == '?') return Find('&', value, end);
  if (before != '\0' && IsOneOf(before, "&;,")) return ListedEnd(value, end, before);
  return end;
}

// Of one of several values: they may be a shell's commands.
size_t ShellText::ListedEnd(size_t at, size_t end, char separator) const {
  while (at < end && args_[at] != separator) {
    const bool opens = Slice(at, end).starts_with("$(");
    at = opens ? ClosedEnd(at + 2, end, ')') : at + 1;
  }
  return at;
}

}  // namespace daybook
