// Bytes that a stranger chose, made safe to print and possible to read back.
//
// A byte that is no valid UTF-8, and outside JSON also every control character (newline, tab, ESC,
// C1) and every bidirectional override, is written \xNN. A backslash stands for itself unless an x
// follows: then it is written \x5c, so that nothing in a log can look like an escape.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace daybook {

// Printed behind what the recorder had to cut.
inline constexpr std::string_view kCutMark = "…";

// True where each byte stands for itself in every format: printable ASCII but for ", comma
// and backslash.
bool IsPlain(std::string_view bytes);

void AppendEscaped(std::string_view bytes, std::string* out);

// As a JSON string with its quotes, always valid JSON. Control characters are \u00NN, as usual in
// JSON; only what is no UTF-8 becomes \\xNN. `cut` adds the cut mark.
enum class Cut : bool { kNo, kYes };
void AppendJsonString(std::string_view bytes, Cut cut, std::string* out);

// As one frame of a stack that is a line of text, for programs that cut lines at blanks and stacks
// at semicolons: these and every other blank of Unicode are escaped, too. A `[` at the beginning
// is, so that only frames that are no names begin with it; "" is "[empty]".
void AppendStackFrame(std::string_view bytes, std::string* out);

// A word that a shell would read back to the same bytes: plain, 'quoted', or $'with \x escapes'.
void AppendShellWord(std::string_view word, std::string* out);

// Strings that are each ended by NUL (the last one may lack it), as words that a shell would read
// back to the same bytes.
void AppendShellWords(std::string_view arguments, std::string* out);

// Calls function(word) for each of the strings.
template <class Function>
void ForEachArgument(std::string_view arguments, Function&& function) {
  while (!arguments.empty()) {
    const size_t end = arguments.find('\0');
    function(arguments.substr(0, end));
    if (end == std::string_view::npos) return;
    arguments.remove_prefix(end + 1);
  }
}

void AppendHex(std::span<const uint8_t> bytes, std::string* out);

// Columns that `text` takes on a terminal: its characters, each counted as one wide.
size_t DisplayWidth(std::string_view text);

// The longest prefix of `text` that takes at most `columns`.
std::string_view CutToWidth(std::string_view text, size_t columns);
// The longest one of whole characters that has at most so many bytes.
std::string_view CutToBytes(std::string_view text, size_t bytes);

}  // namespace daybook
