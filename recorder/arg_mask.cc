#include "arg_mask.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

namespace daybook {
namespace {

constexpr std::string_view kUrlMark = "://";
// Names of users are shorter. GitHub's tokens have 40 bytes, GitLab's 26.
constexpr size_t kMinTokenBytes = 20;
constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kWordEnds("\0 \t\r\n", 5);

// Programs that take a password behind a flag whose name says nothing of it.
struct Tool {
  std::string_view name;       // base name, or its begin where it ends in '*'
  std::string_view letters;    // short flags
  std::string_view long_flag;  // or a word that is none
  std::string_view switches;   // short flags without a value, that may stand before it: -su X
  std::string_view marks;      // the secret stands behind the first such byte; none: it is all
  bool is_later = false;       // it is not the first word behind the flag
};

constexpr std::string_view kCurlSwitches = "#0123456BGIJLMNORSVZafgijklnpqsv";
constexpr std::string_view kMysqlSwitches = "ABEGHILNVXbfijnoqrstvw";

constexpr std::string_view kNoMark;
constexpr std::string_view kEveryMark = ":,%";

constexpr std::array kTools = {
    Tool{"7z*", "p", "", "", kNoMark},
    Tool{"az", "p", "", "", kNoMark},
    Tool{"bcp", "P", "", "", kNoMark},
    Tool{"curl", "uU", "--user", kCurlSwitches, ":"},
    Tool{"curl", "", "--proxy-user", "", ":"},
    Tool{"http", "a", "", "", ":"},
    Tool{"https", "a", "", "", ":"},
    Tool{"htpasswd", "bn", "", "5BDcdimpsv", kNoMark, true},
    Tool{"ipmitool", "P", "", "v", kNoMark},
    Tool{"ldap*", "w", "", "AnvxWZ", kNoMark},
    Tool{"lftp", "u", "--user", "", ","},
    Tool{"login", "p", "", "", kNoMark},  // docker login -p X
    Tool{"mariadb*", "p", "", kMysqlSwitches, kNoMark},
    Tool{"mariadb-admin", "", "password", "", kNoMark},
    Tool{"mongo*", "p", "", "", kNoMark},
    Tool{"mosquitto_*", "P", "", "", kNoMark},
    Tool{"mycli", "p", "", "", kNoMark},
    Tool{"mysql*", "p", "", kMysqlSwitches, kNoMark},
    Tool{"mysqladmin", "", "password", "", kNoMark},
    Tool{"redis-cli", "a", "", "cx", kNoMark},
    Tool{"smbclient", "U", "--user", "EgNk", "%"},
    Tool{"sqlcmd", "P", "", "", kNoMark},
    Tool{"ssh-keygen", "NP", "", "q", kNoMark},
    Tool{"sshpass", "p", "", "vh", kNoMark},
    Tool{"twine", "p", "", "", kNoMark},
    Tool{"unzip", "P", "", "acfjlnopqtuvz", kNoMark},
    Tool{"wget", "u", "--user", "", ":"},
    Tool{"zip", "P", "", "0123456789ADFTXdefgijklmoqruvwxyz", kNoMark},
};

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsLetter(char c) { return IsLower(c) || IsUpper(c); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
char Lower(char c) { return IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

bool IsOneOf(char c, std::string_view set) { return set.find(c) != set.npos; }
bool IsBlank(char c) { return IsOneOf(c, kBlanks); }
bool IsQuote(char c) { return c == '"' || c == '\'' || c == '`'; }
bool EndsWord(char c) { return c == '\0' || IsBlank(c); }

// Part of a name: also any byte that is not ASCII.
bool IsNameByte(char c) {
  return IsLetter(c) || IsDigit(c) || c == '_' || c == '-' || c == '.' || (c & 0x80) != 0;
}

bool StartsWithNoCase(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() &&
         std::ranges::equal(text.substr(0, lower.size()), lower,
                            [](char a, char b) { return Lower(a) == b; });
}

// One pass over the arguments. Every position is an index into them.
class Scan {
 public:
  Scan(const ArgMask& mask, std::string_view args, std::string& out)
      : mask_(mask), args_(args), out_(out) {}

  std::string_view Run() {
    for (size_t at = NextCandidate(0); at < args_.size(); at = NextCandidate(at)) at = TakeAt(at);
    if (!masked_) return args_;
    out_.append(args_.substr(copied_));
    return out_;
  }

 private:
  // ---- Places ----

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

  // Kept, since it is asked for from ever higher positions: time stays linear.
  size_t ArgEnd(size_t from) {
    if (from > arg_end_ || arg_end_ == 0) arg_end_ = std::min(args_.find('\0', from), args_.size());
    return arg_end_;
  }

  bool IsFlagStart(size_t at) const {
    return args_[at] == '-' && (EndsWord(Before(at)) || IsQuote(Before(at)));
  }
  bool IsProgramStart(size_t at) const {
    const char before = Before(at);
    return EndsWord(before) || IsQuote(before) || IsOneOf(before, "/(){};|&=\\");
  }

  // No letter goes on here, or a new word begins as in accessToken.
  bool IsBoundary(size_t at) const {
    const char before = Before(at);
    const char after = At(at);
    return !IsLetter(before) || !IsLetter(after) || (IsLower(before) && IsUpper(after));
  }

  size_t ShellStep(size_t at, std::string& open) const;
  size_t ClosedEnd(size_t at, size_t end, char closer) const;
  size_t ShellWordEnd(size_t from);
  size_t ValueEnd(size_t word, bool name_is_quoted, size_t value);
  size_t ListedEnd(size_t at, size_t end, char separator) const;

  // ---- Rules: each returns where to go on ----

  size_t NextCandidate(size_t at) const;
  size_t TakeAt(size_t at);
  size_t TakeUrl(size_t mark);
  bool IsWeb(size_t mark) const;
  size_t TakeName(const ArgMask::Word& word, size_t at);
  size_t TakeToolFlag(size_t flag);
  size_t TakeWordsBehind(size_t flag_end, std::string_view marks);
  size_t TakeLaterWord(size_t flag);

  // ---- Their parts ----

  const ArgMask::Word* WordAt(size_t at) const;
  size_t MatchEnd(const ArgMask::Word& word, size_t at) const;
  void FindName(size_t at);
  bool FollowsHeaderFlag() const;
  bool ColonGivesValue(const ArgMask::Word& word, size_t name_end, size_t colon) const;
  bool TakeToolName(size_t at);
  bool NamesSecret(size_t begin, size_t end) const;
  bool AwaitsSecret(size_t begin, size_t end) const;

  struct ToolFlag {
    size_t end;
    std::string_view marks;
    bool is_later;
  };
  size_t ToolFlagEnd(const Tool& tool, size_t flag) const;
  std::optional<ToolFlag> FindToolFlag(size_t flag) const;
  bool IsToolWord(std::string_view word) const;

  size_t MaskBehind(std::string_view marks, size_t begin, size_t end);
  size_t Mask(size_t begin, size_t end);

  const ArgMask& mask_;
  std::string_view args_;
  std::string& out_;
  bool masked_ = false;
  size_t copied_ = 0;   // up to here the output is made
  uint32_t tools_ = 0;  // that were named so far, by their index
  size_t name_begin_ = 0;
  size_t name_end_ = 0;
  size_t arg_end_ = 0;
  size_t url_end_ = 0;  // of the last URL that was looked at, and its last '@'
  size_t url_at_ = 0;
};

static_assert(kTools.size() <= 32);

size_t Scan::NextCandidate(size_t at) const {
  for (; at < args_.size(); ++at) {
    const char c = args_[at];
    const char next = At(at + 1);
    if (mask_.MayBegin(c, next)) return at;
    if (mask_.MayBeginTool(c, next) && IsProgramStart(at)) return at;
    if (tools_ != 0 && IsFlagStart(at)) return at;
  }
  return at;
}

size_t Scan::TakeAt(size_t at) {
  if (args_[at] == ':') {
    return args_.substr(at).starts_with(kUrlMark) ? TakeUrl(at) : at + 1;
  }
  if (tools_ != 0 && IsFlagStart(at)) return TakeToolFlag(at);
  if (TakeToolName(at)) return at + 1;
  const ArgMask::Word* const word = WordAt(at);
  return word == nullptr ? at + 1 : TakeName(*word, at);
}

// ---- Where things end ----

// One step on in a shell's words. `open` has what closes the quotes and brackets around, the
// innermost last: they may stand in each other.
size_t Scan::ShellStep(size_t at, std::string& open) const {
  const char c = args_[at];
  const char closer = open.empty() ? '\0' : open.back();
  if (c == '\\' && closer != '\'') return at + 2;
  if (c == closer && !open.empty()) {
    open.pop_back();
  } else if (closer == '\'') {
    return at + 1;
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
size_t Scan::ClosedEnd(size_t at, size_t end, char closer) const {
  std::string open(1, closer);
  while (at < end) {
    const size_t next = ShellStep(at, open);
    if (open.empty()) return at;
    at = next;
  }
  return end;
}

// As a shell has it, but only blanks end it.
size_t Scan::ShellWordEnd(size_t from) {
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
  while (at < end && !(open.empty() && IsBlank(args_[at]))) at = ShellStep(at, open);
  return std::min(at, end);
}

// Of the value of a word (name or flag) that begins at `word`. Only the byte before it and what
// follows decide: what is masked before must change nothing.
size_t Scan::ValueEnd(size_t word, bool name_is_quoted, size_t value) {
  const char before = Before(word);
  const size_t end = ArgEnd(value);
  if (IsBlank(before)) return ShellWordEnd(value);
  if (IsQuote(before)) {
    return name_is_quoted ? ShellWordEnd(value) : ClosedEnd(value, end, before);
  }
  if (before == '?') return Find('&', value, end);
  if (before != '\0' && IsOneOf(before, "&;,")) return ListedEnd(value, end, before);
  return end;
}

// Of one of several values: they may be a shell's commands.
size_t Scan::ListedEnd(size_t at, size_t end, char separator) const {
  while (at < end && args_[at] != separator) {
    const bool opens = Slice(at, end).starts_with("$(");
    at = opens ? ClosedEnd(at + 2, end, ')') : at + 1;
  }
  return at;
}

// ---- Output ----

size_t Scan::Mask(size_t begin, size_t end) {
  if (begin >= end) return begin;
  if (!masked_) out_.clear();
  masked_ = true;
  out_.append(Slice(copied_, begin)).append(ArgMask::kMask);
  copied_ = end;
  return end;
}

size_t Scan::MaskBehind(std::string_view marks, size_t begin, size_t end) {
  if (marks.empty()) return Mask(begin, end);
  const size_t found = std::min(Slice(begin, end).find_first_of(marks), end - begin) + begin;
  if (found == end) return begin;
  const bool is_quoted = IsQuote(args_[begin]) && args_[end - 1] == args_[begin];
  return Mask(found + 1, is_quoted ? end - 1 : end);
}

// ---- URLs ----

// Without '@', what stands behind the colon is a port; or what was cut off had one; or the secret
// has a '/'.
size_t Scan::TakeUrl(size_t mark) {
  const size_t user = mark + kUrlMark.size();
  if (url_end_ < user) {
    url_end_ = user;
    url_at_ = 0;
    for (; url_end_ < args_.size() && !EndsWord(args_[url_end_]); ++url_end_) {
      if (args_[url_end_] == '@') url_at_ = url_end_;
    }
  }
  const size_t host_end = std::min(args_.find_first_of("/?#", user), url_end_);
  const size_t address_end = At(user) == '[' ? Find(']', user, host_end) : user;
  const size_t secret = Find(':', address_end, host_end) + 1;
  const size_t at = Slice(user, host_end).rfind('@');
  if (secret > host_end) {
    if (!IsWeb(mark)) return user;
    if (host_end == args_.size()) return Mask(user, host_end);  // cut: it may have been one
    const bool is_token = at != std::string_view::npos && at >= kMinTokenBytes;
    return is_token ? Mask(user, user + at) : user;
  }
  if (host_end == args_.size()) return Mask(secret, host_end);
  if (at != std::string_view::npos) {
    return user + at >= secret ? Mask(secret, user + at) : user;
  }
  if (std::ranges::all_of(Slice(secret, host_end), IsDigit)) return user;
  if (url_at_ > secret) return Mask(secret, url_at_);
  return url_end_ == args_.size() ? Mask(secret, url_end_) : user;
}

// Only there a token stands alone before the '@'.
bool Scan::IsWeb(size_t mark) const {
  const std::string_view before = args_.substr(0, mark);
  return before.ends_with("http") || before.ends_with("https");
}

// ---- Names ----

// Behind that word; 0 where it does not stand there.
size_t Scan::MatchEnd(const ArgMask::Word& word, size_t at) const {
  if (Lower(args_[at]) != word.text[0]) return 0;
  size_t end = at;
  for (const char c : word.text) {
    if (c == '-') {
      end += IsOneOf(At(end), "-_.") && end < args_.size() ? 1 : 0;
    } else if (Lower(At(end)) == c) {
      ++end;
    } else {
      return 0;
    }
  }
  using Bounds = ArgMask::Bounds;
  const bool is_word = word.bounds == Bounds::kWord || word.bounds == Bounds::kLastWord;
  // SSHPASS=X, as variables of the environment are named.
  const bool is_variable = word.bounds == Bounds::kLastWord && At(end) == '=' &&
                           std::ranges::all_of(Slice(at, end), IsUpper);
  if (is_word && !is_variable && !IsBoundary(at)) return 0;
  if (word.bounds != Bounds::kAnywhere && !IsBoundary(end)) return 0;
  if (word.bounds == Bounds::kLastWord && end < args_.size() && IsNameByte(args_[end])) return 0;
  return end;
}

const ArgMask::Word* Scan::WordAt(size_t at) const {
  for (const ArgMask::Word& word : mask_.words()) {
    if (MatchEnd(word, at) != 0) return &word;
  }
  return nullptr;
}

// The name that has `at` inside. It is looked for once, so that time stays linear.
void Scan::FindName(size_t at) {
  if (at < name_end_) return;
  name_begin_ = at;
  while (name_begin_ > std::max(copied_, name_end_) && IsNameByte(args_[name_begin_ - 1])) {
    --name_begin_;
  }
  name_end_ = at;
  while (name_end_ < args_.size() && IsNameByte(args_[name_end_])) ++name_end_;
}

bool Scan::FollowsHeaderFlag() const {
  if (Slice(name_begin_, name_end_).starts_with("-H")) return true;
  std::string_view before = args_.substr(0, name_begin_);
  if (!before.empty() && IsQuote(before.back())) before.remove_suffix(1);
  const size_t last = before.find_last_not_of(std::string_view(" =\0", 3));
  before = before.substr(0, last + 1);
  return last != before.npos && (before.ends_with("-H") || before.ends_with("--header"));
}

// Names of hosts and images look alike: auth:8080, token:latest.
bool Scan::ColonGivesValue(const ArgMask::Word& word, size_t name_end, size_t colon) const {
  const char next = At(colon + 1);
  return name_end != name_end_ || IsBlank(next) || next == '=' || word.before_colon ||
         StartsWithNoCase(Slice(name_begin_, name_end_), "x-") || FollowsHeaderFlag();
}

size_t Scan::TakeName(const ArgMask::Word& word, size_t at) {
  FindName(at);
  const size_t closed = SkipAny(name_end_, "\\\"'])}");
  const size_t sign = SkipAny(closed, " \t");
  const bool gives = At(sign) == '=' || (At(sign) == ':' && ColonGivesValue(word, closed, sign));
  if (gives) {
    const size_t value = SkipAny(sign + 1, " \t");
    const bool is_quoted = closed != name_end_;
    const size_t end = Mask(value, ValueEnd(name_begin_, is_quoted, value));
    return std::max(end, name_end_);
  }
  if (IsFlagStart(name_begin_)) return TakeWordsBehind(closed, kNoMark);
  if (EndsWord(Before(name_begin_)) && IsToolWord(Slice(name_begin_, name_end_))) {
    return TakeWordsBehind(closed, kNoMark);
  }
  const bool is_bearer = word.text == "bearer" && name_end_ - name_begin_ == word.text.size();
  if (is_bearer && IsBlank(At(closed))) return TakeWordsBehind(closed, kNoMark);
  return name_end_;
}

bool Scan::NamesSecret(size_t begin, size_t end) const {
  for (size_t at = begin; at < end; ++at) {
    if (!IsNameByte(args_[at])) return false;
  }
  for (size_t at = begin; at < end; ++at) {
    if (mask_.MayBegin(args_[at], At(at + 1)) && WordAt(at) != nullptr) return true;
  }
  return false;
}

// Whether the word is a flag whose secret is the next one.
bool Scan::AwaitsSecret(size_t begin, size_t end) const {
  if (At(begin) != '-') return false;
  const auto flag = FindToolFlag(begin);
  return (flag && flag->end == end) || NamesSecret(begin, end);
}

// The next word is the flag's value, whatever it looks like; but should that be such a flag
// itself, this one takes no value (as mysql --password), and the one after it may be a secret, too.
size_t Scan::TakeWordsBehind(size_t flag_end, std::string_view marks) {
  for (bool is_awaited = true; is_awaited && flag_end < args_.size();) {
    const bool is_argument = args_[flag_end] == '\0';
    if (!is_argument && !IsBlank(args_[flag_end])) return flag_end;
    const size_t begin = is_argument ? flag_end + 1 : SkipAny(flag_end, kBlanks);
    const size_t end = is_argument ? ArgEnd(begin) : ShellWordEnd(begin);
    is_awaited = AwaitsSecret(begin, end);
    flag_end = MaskBehind(is_awaited ? kNoMark : marks, begin, end);
  }
  return flag_end;
}

// ---- Tools ----

// Notes the tool whose base name begins at `at`.
bool Scan::TakeToolName(size_t at) {
  if (!IsProgramStart(at)) return false;
  const uint32_t before = tools_;
  for (size_t i = 0; i < kTools.size(); ++i) {
    std::string_view name = kTools[i].name;
    const bool is_begin = name.ends_with('*');
    if (is_begin) name.remove_suffix(1);
    if (name[0] != args_[at] || !args_.substr(at).starts_with(name)) continue;
    size_t end = at + name.size();
    while (is_begin && end < args_.size() && IsNameByte(args_[end])) ++end;
    if (EndsWord(At(end)) || IsQuote(At(end))) tools_ |= uint32_t{1} << i;
  }
  return tools_ != before;
}

// How far the flag of that tool goes at which the word begins; 0 where it is none.
size_t Scan::ToolFlagEnd(const Tool& tool, size_t flag) const {
  const size_t long_end = flag + tool.long_flag.size();
  const bool is_long = !tool.long_flag.empty() && args_.substr(flag).starts_with(tool.long_flag);
  if (is_long && !IsNameByte(At(long_end))) return long_end;
  const size_t letter = SkipAny(flag + 1, tool.switches);
  return letter < args_.size() && IsOneOf(args_[letter], tool.letters) ? letter + 1 : 0;
}

// Several tools on one command line may give a flag several meanings.
std::optional<Scan::ToolFlag> Scan::FindToolFlag(size_t flag) const {
  std::optional<ToolFlag> found;
  for (size_t i = 0; i < kTools.size(); ++i) {
    const size_t end = (tools_ >> i & 1) != 0 ? ToolFlagEnd(kTools[i], flag) : 0;
    if (end == 0) continue;
    const std::string_view marks = kTools[i].marks;
    if (!found) {
      found = ToolFlag{end, marks, kTools[i].is_later};
    } else {
      const bool is_all = marks.empty() || found->marks.empty();
      *found = {std::min(end, found->end), is_all ? kNoMark : kEveryMark,
                found->is_later && kTools[i].is_later};
    }
  }
  return found;
}

// mysqladmin password X
bool Scan::IsToolWord(std::string_view word) const {
  for (size_t i = 0; i < kTools.size(); ++i) {
    if ((tools_ >> i & 1) != 0 && kTools[i].long_flag == word) return true;
  }
  return false;
}

// htpasswd's -b FILE USER X, or with -n USER X. Looks ahead, and so not by ArgEnd().
size_t Scan::TakeLaterWord(size_t flag) {
  constexpr int kMostWords = 16;  // with all flags
  bool takes_secret = false;
  bool is_value = false;
  int left_as_they_are = 2;
  size_t end = std::min(args_.find_first_of(kWordEnds, flag), args_.size());
  size_t begin = flag;
  for (int count = 0; begin < args_.size() && count < kMostWords; ++count) {
    const std::string_view word = Slice(begin, end);
    if (word.starts_with('-')) {
      takes_secret = takes_secret || word.find('b') != word.npos;
      if (word.find('n') != word.npos) left_as_they_are = 1;
      is_value = IsOneOf(word.back(), "Cr");  // -C COST, -r ROUNDS
    } else if (!std::exchange(is_value, false) && left_as_they_are-- == 0) {
      return takes_secret ? Mask(begin, end) : flag + 1;
    }
    const bool ends_argument = At(end) == '\0';
    begin = std::min(ends_argument ? end + 1 : SkipAny(end, kBlanks), args_.size());
    end = ends_argument ? Find('\0', begin, args_.size()) : ShellWordEnd(begin);
  }
  return flag + 1;
}

size_t Scan::TakeToolFlag(size_t flag) {
  const auto found = FindToolFlag(flag);
  if (!found) return flag + 1;
  if (found->is_later) return TakeLaterWord(flag);
  const char quote = Before(flag);
  const bool is_quoted = IsQuote(quote) && At(found->end) == quote;
  const size_t word_end = found->end + (is_quoted ? 1 : 0);
  if (EndsWord(At(word_end))) return TakeWordsBehind(word_end, found->marks);
  const size_t value = found->end + (At(found->end) == '=' ? 1 : 0);
  const size_t end = ValueEnd(flag, false, value);
  const bool is_name = NamesSecret(flag, end);
  const size_t next = MaskBehind(found->marks, value, end);
  // mysql's -password is the password "assword", but another's flag.
  return is_name ? TakeWordsBehind(end, kNoMark) : next;
}

}  // namespace

// A word that goes on is often something else: tokenizer, author, -pass-through (of linkers).
ArgMask::ArgMask(const std::vector<std::string>& more_words)
    : words_({{"password", Bounds::kAnywhere, true},
              {"passwd", Bounds::kAnywhere, true},
              {"passphrase", Bounds::kAnywhere, true},
              {"pass", Bounds::kLastWord, true},
              {"pwd", Bounds::kWord, true},
              {"secret", Bounds::kAnywhere, false},
              {"token", Bounds::kEnd, false},
              {"api-key", Bounds::kAnywhere, false},
              {"private-key", Bounds::kAnywhere, false},
              {"access-key", Bounds::kAnywhere, false},
              {"credential", Bounds::kAnywhere, false},
              {"authorization", Bounds::kAnywhere, true},
              {"auth", Bounds::kWord, false},
              {"bearer", Bounds::kAnywhere, false}}) {
  for (std::string word : more_words) {
    assert(IsWord(word));
    std::ranges::transform(word, word.begin(), Lower);
    words_.push_back({std::move(word), Bounds::kAnywhere, true});
  }
  for (const Word& word : words_) pairs_[Pair(word.text[0], word.text[1])] = true;
  for (const Tool& tool : kTools) tool_pairs_[Pair(tool.name[0], tool.name[1])] = true;
  pairs_[Pair(kUrlMark[0], kUrlMark[1])] = true;
}

bool ArgMask::IsWord(std::string_view word) {
  const auto is_alphanumeric = [](char c) { return IsLetter(c) || IsDigit(c); };
  return word.size() >= 2 && is_alphanumeric(word[0]) && is_alphanumeric(word[1]) &&
         std::ranges::all_of(word, [&](char c) { return is_alphanumeric(c) || c == '-'; });
}

std::string_view ArgMask::Apply(std::string_view args) {
  std::string_view masked = Scan(*this, args, buffers_[0]).Run();
  // What a mask has taken away, a quote or a '/', may show what follows in another light.
  for (size_t pass = 1; pass < kPasses && masked.data() != args.data(); ++pass) {
    args = masked;
    masked = Scan(*this, args, buffers_[pass % 2]).Run();
    if (masked == args) break;
  }
  return masked;
}

}  // namespace daybook
