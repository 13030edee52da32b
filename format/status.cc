#include "daybook/status.h"

#include <charconv>
#include <concepts>
#include <cstdio>
#include <type_traits>

namespace daybook {
namespace {

// ---- Writing ----

void AppendValue(bool value, std::string* out) { *out += value ? "true" : "false"; }

template <std::integral Number>
void AppendValue(Number value, std::string* out) {
  *out += std::to_string(value);
}

void AppendValue(const std::string& value, std::string* out) {
  *out += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') *out += '\\';
    if (static_cast<unsigned char>(c) >= ' ') {
      *out += c;
      continue;
    }
    char escaped[8];
    std::snprintf(escaped, sizeof(escaped), "\\u%04x", static_cast<unsigned>(c));
    *out += escaped;
  }
  *out += '"';
}

template <class Value>
void AppendValue(const std::optional<Value>& value, std::string* out) {
  if (value) return AppendValue(*value, out);
  *out += "null";
}

// ---- Reading ----

// A flat object, from its left to its right. Every step returns false at what it does not expect.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool Take(char c) {
    SkipSpace();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool AtEnd() {
    SkipSpace();
    return rest_.empty();
  }

  bool TakeString(std::string* text) {
    text->clear();
    if (!Take('"')) return false;
    while (!rest_.empty()) {
      const char c = rest_[0];
      rest_.remove_prefix(1);
      if (c == '"') return true;
      if (c != '\\') {
        *text += c;
      } else if (!TakeEscaped(text)) {
        return false;
      }
    }
    return false;
  }

  // A number, true, false or null, as it stands there.
  bool TakeWord(std::string_view* word) {
    SkipSpace();
    const size_t end = rest_.find_first_of(",} \t\r\n");
    if (end == rest_.npos || end == 0) return false;
    *word = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return true;
  }

  bool SeesString() {
    SkipSpace();
    return rest_.starts_with('"');
  }

 private:
  void SkipSpace() {
    const size_t begin = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(begin == rest_.npos ? rest_.size() : begin);
  }

  // As StatusJson() writes them: only control characters have a number.
  bool TakeEscaped(std::string* text) {
    if (rest_.empty()) return false;
    const char c = rest_[0];
    rest_.remove_prefix(1);
    if (c != 'u') return *text += c, c == '"' || c == '\\' || c == '/';
    constexpr size_t kDigits = 4;
    if (rest_.size() < kDigits) return false;
    unsigned code = 0;
    const auto [stop, error] = std::from_chars(rest_.data(), rest_.data() + kDigits, code, 16);
    if (error != std::errc{} || stop != rest_.data() + kDigits || code >= ' ') return false;
    rest_.remove_prefix(kDigits);
    *text += static_cast<char>(code);
    return true;
  }

  std::string_view rest_;
};

bool Assign(std::string_view word, bool* value) {
  *value = word == "true";
  return *value || word == "false";
}

template <std::integral Number>
bool Assign(std::string_view word, Number* value) {
  const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), *value);
  return error == std::errc{} && stop == word.data() + word.size();
}

template <class Value>
bool Assign(std::string_view word, std::optional<Value>* value) {
  if (word == "null") return value->reset(), true;
  return Assign(word, &value->emplace());
}

// The value of that member, or of one that is not known here.
bool TakeValue(Scanner& scanner, std::string_view name, RecorderStatus* status) {
  std::string text;
  std::string_view word;
  const bool is_text = scanner.SeesString();
  if (!(is_text ? scanner.TakeString(&text) : scanner.TakeWord(&word))) return false;
  const auto take = [&]<class Value>(const StatusField<Value>& field) {
    if (field.name != name) return true;
    if constexpr (std::is_same_v<Value, std::string>) {
      status->*field.member = text;
      return is_text;
    } else {
      return !is_text && Assign(word, &(status->*field.member));
    }
  };
  return kStatusFields.Apply([&](const auto&... fields) { return (take(fields) && ...); });
}

bool TakeObject(Scanner& scanner, RecorderStatus* status) {
  if (!scanner.Take('{')) return false;
  do {
    std::string name;
    if (!scanner.TakeString(&name) || !scanner.Take(':')) return false;
    if (!TakeValue(scanner, name, status)) return false;
  } while (scanner.Take(','));
  return scanner.Take('}') && scanner.AtEnd();
}

}  // namespace

uint64_t LostTotal(const RecorderStatus& status) {
  return status.forks_lost + status.execs_lost + status.exits_lost + status.others_lost +
         status.unwritten_lost;
}

std::string StatusJson(const RecorderStatus& status) {
  std::string json = "{";
  const auto append = [&](const auto& field) {
    json += json.size() == 1 ? "\n  \"" : ",\n  \"";
    json.append(field.name).append("\": ");
    AppendValue(status.*field.member, &json);
  };
  kStatusFields.Apply([&](const auto&... fields) { (append(fields), ...); });
  return json += "\n}\n";
}

Result<RecorderStatus> ParseStatus(std::string_view json) {
  RecorderStatus status;
  Scanner scanner(json);
  if (!TakeObject(scanner, &status)) return Error("this is no recorder's status");
  return status;
}

}  // namespace daybook
