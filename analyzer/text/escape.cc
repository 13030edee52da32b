#include "text/escape.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace daybook {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

struct Character {
  uint32_t code = 0;
  size_t size = 0;  // bytes; 0 where the bytes are no valid UTF-8
};

// The first character of `bytes`, which are not empty. Overlong forms, surrogates and codes above
// U+10FFFF are not valid.
Character FirstCharacter(std::string_view bytes) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || bytes.size() < size) return {};
  uint32_t code = lead & (0x7FU >> size);
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3FU);
  }
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kLeast[size] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {};
  return {code, size};
}

bool IsControl(uint32_t code) { return code < 0x20 || (code >= 0x7F && code < 0xA0); }

// Characters that reorder what follows them on a terminal.
bool IsBidiOverride(uint32_t code) {
  return (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

// White_Space of Unicode, without the control characters.
bool IsBlank(uint32_t code) {
  return code == ' ' || code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) ||
         code == 0x2028 || code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

constexpr std::array<bool, 256> kPlainAscii = [] {
  std::array<bool, 256> plain{};
  for (size_t c = 0x20; c < 0x7F; ++c) plain[c] = true;
  for (const char c : {'"', ',', '\\'}) plain[static_cast<uint8_t>(c)] = false;
  return plain;
}();

// The same of eight at once: of those that are not, one sets its highest bit in a term.
bool ArePlainAscii(const char* bytes) {
  constexpr uint64_t kEach = 0x0101'0101'0101'0101;
  uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof(word));
  const uint64_t no_printable = word | (word - kEach * 0x20) | (word + kEach);
  const uint64_t special = ((word ^ kEach * '"') - kEach) | ((word ^ kEach * ',') - kEach) |
                           ((word ^ kEach * '\\') - kEach);
  return ((no_printable | special) & kEach << 7) == 0;
}

void AppendHexEscapes(std::string_view bytes, std::string* out) {
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    out->append("\\x").push_back(kHexDigits[byte >> 4]);
    out->push_back(kHexDigits[byte & 15]);
  }
}

// Length of the prefix of which every byte stands for itself everywhere.
size_t PlainPrefix(std::string_view bytes) {
  size_t size = 0;
  while (size + 8 <= bytes.size() && ArePlainAscii(bytes.data() + size)) size += 8;
  while (size < bytes.size() && kPlainAscii[static_cast<uint8_t>(bytes[size])]) ++size;
  return size;
}

// Length of the prefix that a line of text can have as it is: nothing in it that a terminal would
// obey, that is no valid UTF-8 or that looks like an escape.
size_t PrefixAsIs(std::string_view bytes) {
  for (size_t size = 0;;) {
    size += PlainPrefix(bytes.substr(size));
    if (size == bytes.size()) return size;
    const std::string_view rest = bytes.substr(size);
    const Character first = FirstCharacter(rest);
    const bool looks_like_escape = first.code == '\\' && rest.size() > 1 && rest[1] == 'x';
    if (first.size == 0 || IsControl(first.code) || IsBidiOverride(first.code) ||
        looks_like_escape) {
      return size;
    }
    size += first.size;
  }
}

// Bytes that a shell takes as they are, wherever they stand in a word.
constexpr std::array<bool, 256> kShellSafe = [] {
  std::array<bool, 256> safe{};
  for (const char c : std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789%+,-./:=@_^")) {
    safe[static_cast<uint8_t>(c)] = true;
  }
  return safe;
}();

bool IsShellSafe(char c) { return kShellSafe[static_cast<uint8_t>(c)]; }

// True where single quotes are not enough: a line of text must not hold these bytes.
bool NeedsShellEscapes(std::string_view word) {
  for (;;) {
    word.remove_prefix(PlainPrefix(word));
    if (word.empty()) return false;
    const Character first = FirstCharacter(word);
    if (first.size == 0 || IsControl(first.code) || IsBidiOverride(first.code)) return true;
    word.remove_prefix(first.size);
  }
}

void AppendAnsiQuoted(std::string_view word, std::string* out) {
  out->append("$'");
  while (!word.empty()) {
    const Character first = FirstCharacter(word);
    const std::string_view bytes = word.substr(0, std::max<size_t>(first.size, 1));
    if (first.size == 0 || IsControl(first.code) || IsBidiOverride(first.code)) {
      AppendHexEscapes(bytes, out);
    } else {
      if (first.code == '\\' || first.code == '\'') out->push_back('\\');
      out->append(bytes);
    }
    word.remove_prefix(bytes.size());
  }
  out->push_back('\'');
}

}  // namespace

bool IsPlain(std::string_view bytes) { return PlainPrefix(bytes) == bytes.size(); }

void AppendEscaped(std::string_view bytes, std::string* out) {
  while (!bytes.empty()) {
    const size_t as_is = PrefixAsIs(bytes);
    out->append(bytes.substr(0, as_is));
    bytes.remove_prefix(as_is);
    if (bytes.empty()) return;
    const size_t size = std::max<size_t>(FirstCharacter(bytes).size, 1);
    AppendHexEscapes(bytes.substr(0, size), out);
    bytes.remove_prefix(size);
  }
}

void AppendJsonString(std::string_view bytes, Cut cut, std::string* out) {
  out->push_back('"');
  while (!bytes.empty()) {
    const size_t plain = PlainPrefix(bytes);
    out->append(bytes.substr(0, plain));
    bytes.remove_prefix(plain);
    if (bytes.empty()) break;
    const Character first = FirstCharacter(bytes);
    const std::string_view character = bytes.substr(0, std::max<size_t>(first.size, 1));
    if (first.size == 0) {
      out->push_back('\\');
      AppendHexEscapes(character, out);
    } else if (IsControl(first.code)) {
      out->append("\\u00").push_back(kHexDigits[first.code >> 4]);
      out->push_back(kHexDigits[first.code & 15]);
    } else if (first.code == '"') {
      out->append("\\\"");
    } else if (first.code == '\\') {
      const bool looks_like_escape = bytes.size() > 1 && bytes[1] == 'x';
      out->append(looks_like_escape ? "\\\\x5c" : "\\\\");
    } else {
      out->append(character);
    }
    bytes.remove_prefix(character.size());
  }
  if (cut == Cut::kYes) out->append(kCutMark);
  out->push_back('"');
}

void AppendStackFrame(std::string_view bytes, std::string* out) {
  if (bytes.empty()) out->append("[empty]");
  const size_t begin = out->size();
  while (!bytes.empty()) {
    const Character first = FirstCharacter(bytes);
    const std::string_view character = bytes.substr(0, std::max<size_t>(first.size, 1));
    const bool looks_like_no_name = first.code == '[' && out->size() == begin;
    const bool looks_like_escape = first.code == '\\' && bytes.size() > 1 && bytes[1] == 'x';
    if (first.size == 0 || IsControl(first.code) || IsBidiOverride(first.code) ||
        IsBlank(first.code) || first.code == ';' || looks_like_no_name || looks_like_escape) {
      AppendHexEscapes(character, out);
    } else {
      out->append(character);
    }
    bytes.remove_prefix(character.size());
  }
}

void AppendShellWord(std::string_view word, std::string* out) {
  if (!word.empty() && std::ranges::all_of(word, IsShellSafe)) {
    out->append(word);
  } else if (NeedsShellEscapes(word)) {
    AppendAnsiQuoted(word, out);
  } else {
    out->push_back('\'');
    for (size_t quote = 0; (quote = word.find('\'')) != word.npos; word.remove_prefix(quote + 1)) {
      out->append(word.substr(0, quote)).append("'\\''");
    }
    out->append(word).push_back('\'');
  }
}

void AppendShellWords(std::string_view arguments, std::string* out) {
  bool first = true;
  ForEachArgument(arguments, [&](std::string_view word) {
    if (!first) out->push_back(' ');
    first = false;
    AppendShellWord(word, out);
  });
}

void AppendHex(std::span<const uint8_t> bytes, std::string* out) {
  for (const uint8_t byte : bytes) {
    out->push_back(kHexDigits[byte >> 4]);
    out->push_back(kHexDigits[byte & 15]);
  }
}

size_t DisplayWidth(std::string_view text) {
  // All bytes but those that continue a character, counted by eight.
  constexpr uint64_t kEach = 0x0101'0101'0101'0101;
  uint64_t continuing = 0;
  size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof(word));
    continuing += ((word >> 7 & ~(word >> 6) & kEach) * kEach) >> 56;
  }
  for (; at < text.size(); ++at) continuing += (text[at] & 0xC0) == 0x80;
  return text.size() - continuing;
}

std::string_view CutToWidth(std::string_view text, size_t columns) {
  size_t end = 0;
  for (; end < text.size(); ++end) {
    const bool begins_character = (text[end] & 0xC0) != 0x80;
    if (begins_character && columns-- == 0) break;
  }
  return text.substr(0, end);
}

std::string_view CutToBytes(std::string_view text, size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes != 0 && (text[bytes] & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

}  // namespace daybook
