#include "args/arg_scan.h"

#include <algorithm>

namespace daybook {
namespace {

// Names of users are shorter. GitHub's tokens have 40 bytes, GitLab's 26.
constexpr size_t kMinTokenBytes = 20;

// Names that end in "pass" and are no password's.
constexpr std::string_view kOtherPasses[] = {"all", "band", "by",  "com",  "high", "low",  "multi",
                                             "one", "over", "sur", "tres", "two",  "under"};

// What a name ends in that says something about a secret.
constexpr std::string_view kKinds[] = {"type", "stdin", "fd", "file", "command", "mode", "count"};
// The same without a mark before it, as ssh has it: PasswordAuthentication.
constexpr std::string_view kKindOfWord = "authentication";

bool IsNoCase(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, [](char a, char b) { return Lower(a) == b; });
}
bool StartsWithNoCase(std::string_view text, std::string_view lower) {
  return IsNoCase(text.substr(0, lower.size()), lower);
}
bool EndsWithNoCase(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() && IsNoCase(text.substr(text.size() - lower.size()), lower);
}

}  // namespace

size_t ArgScan::NextCandidate(size_t at) const {
  for (; at < args_.size(); ++at) {
    const ArgMask::Begins may = mask_.MayBegin(args_[at], At(at + 1));
    if (may.is_name || (may.is_tool && IsProgramStart(at))) return at;
    if (tools_.is_empty()) continue;
    if (IsFlagStart(at) || (awaited_ != MaskPlace::kBehindFlag && IsWordStart(at))) return at;
  }
  return at;
}

size_t ArgScan::TakeAt(size_t at) {
  if (awaited_ != MaskPlace::kBehindFlag && IsWordStart(at)) {
    if (const size_t end = TakeAwaited(at); end != at) return end;
  }
  if (args_[at] == ':') {
    return args_.substr(at).starts_with(kUrlMark) ? TakeUrl(at) : at + 1;
  }
  if (!tools_.is_empty() && IsFlagStart(at)) return TakeToolFlag(at);
  const ArgMask::Begins may = mask_.MayBegin(args_[at], At(at + 1));
  if (may.is_tool && tools_.has_awaiting_word()) AwaitBehind(at);
  if (may.is_tool && TakeToolName(at)) return at + 1;
  const ArgMask::Word* const word = may.is_name ? WordAt(at) : nullptr;
  return word == nullptr ? at + 1 : TakeName(*word, at);
}

// ---- Output ----

size_t ArgScan::Mask(size_t begin, size_t end) {
  if (begin >= end) return begin;
  if (!masked_) out_.clear();
  masked_ = true;
  out_.append(Slice(copied_, begin)).append(ArgMask::kMask);
  copied_ = end;
  return end;
}

// Flags may stand in what is one word to a shell, as in those that quotes or ends of lines join,
// and each would look at all of it: who asks for that has the rest masked, so that time stays
// linear.
bool ArgScan::LooksTooOften(size_t bytes) {
  constexpr size_t kMostLooks = 16;  // at each byte, on average
  looks_ += bytes;
  return looks_ > kMostLooks * args_.size();
}

size_t ArgScan::MaskPart(const SecretPart& secret, size_t begin, size_t end) {
  const size_t taken = TakePart(secret, begin, end);
  return taken == begin && LooksTooOften(end - begin) ? Mask(begin, args_.size()) : taken;
}

// Returns `begin` where there is none.
size_t ArgScan::TakePart(const SecretPart& secret, size_t begin, size_t end) {
  if (secret.marks.empty()) return Mask(begin, end);
  const std::string_view value = Slice(begin, end);
  const size_t key = std::min(value.find(secret.key), value.size());
  const size_t found = std::min(value.find_first_of(secret.marks, key), value.size()) + begin;
  if (found == end) return secret.or_all ? Mask(begin, end) : begin;
  const bool is_quoted = IsQuote(args_[begin]) && args_[end - 1] == args_[begin];
  const size_t value_end = is_quoted ? end - 1 : end;
  if (!secret.before_at || value_end == args_.size()) return Mask(found + 1, value_end);
  const size_t at = Slice(found, value_end).rfind('@');
  return at == std::string_view::npos ? begin : Mask(found + 1, found + at);
}

// ---- URLs ----

// Without '@', what stands behind the colon is a port; or what was cut off had one; or the secret
// has a '/'.
size_t ArgScan::TakeUrl(size_t mark) {
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
bool ArgScan::IsWeb(size_t mark) const {
  const std::string_view before = args_.substr(0, mark);
  return before.ends_with("http") || before.ends_with("https");
}

// ---- Names ----

// Behind that word; 0 where it does not stand there.
size_t ArgScan::MatchEnd(const ArgMask::Word& word, size_t at) const {
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
  if (word.bounds == Bounds::kWord && !IsBoundary(at)) return 0;
  const bool is_last = word.bounds == Bounds::kLastWord || word.bounds == Bounds::kLastOfLong;
  if (is_last && !IsBoundary(at) && IsOtherPass(at)) return 0;
  if (word.bounds != Bounds::kAnywhere && !IsBoundary(end)) return 0;
  if (is_last && end < args_.size() && IsNameByte(args_[end])) return 0;
  return end;
}

bool ArgScan::IsOtherPass(size_t at) const {
  const auto is_before = [before = args_.substr(0, at)](std::string_view letters) {
    return EndsWithNoCase(before, letters);
  };
  return std::ranges::any_of(kOtherPasses, is_before);
}

const ArgMask::Word* ArgScan::WordAt(size_t at) const {
  const char first = Lower(args_[at]);
  for (const ArgMask::Word& word : mask_.words()) {
    if (word.text[0] == first && MatchEnd(word, at) != 0) return &word;
  }
  return nullptr;
}

// The name that has `at` inside. It is looked for once, so that time stays linear.
void ArgScan::FindName(size_t at) {
  if (at < name_end_) return;
  name_begin_ = at;
  while (name_begin_ > std::max(copied_, name_end_) && IsNameByte(args_[name_begin_ - 1])) {
    --name_begin_;
  }
  name_end_ = at;
  while (name_end_ < args_.size() && IsNameByte(args_[name_end_])) ++name_end_;
}

bool ArgScan::FollowsHeaderFlag() const {
  if (Slice(name_begin_, name_end_).starts_with("-H")) return true;
  std::string_view before = args_.substr(0, name_begin_);
  if (!before.empty() && IsQuote(before.back())) before.remove_suffix(1);
  const size_t last = before.find_last_not_of(std::string_view(" =\\\t\r\n\0", 7));
  before = before.substr(0, last + 1);
  return last != before.npos && (before.ends_with("-H") || before.ends_with("--header"));
}

// aws configure set aws_secret_access_key X. Words are not that long, and time stays linear.
bool ArgScan::FollowsSet() const {
  constexpr size_t kMaxBytes = 128;
  const size_t from = name_begin_ - std::min(name_begin_, kMaxBytes);
  const std::string_view before = Slice(from, name_begin_);
  const size_t word = before.find_last_of(kWordEnds) + 1;
  const size_t end = before.substr(0, word).find_last_not_of(kWordEndsAndLines) + 1;
  return EndsWithNoCase(before.substr(0, end), "set") && (end == 3 || EndsWord(before[end - 4]));
}

// Names of hosts and images look alike: auth:8080, token:latest.
bool ArgScan::ColonGivesValue(const ArgMask::Word& word, size_t name_end, size_t colon) const {
  const char next = At(colon + 1);
  return name_end != name_end_ || IsBlank(next) || next == '=' || word.before_colon ||
         StartsWithNoCase(Slice(name_begin_, name_end_), "x-") || FollowsHeaderFlag();
}

// Of which kind a secret is, or from where it is read, is none: --auth-type bearer.
bool ArgScan::NamesKind(size_t word_end) const {
  const std::string_view rest = Slice(std::min(word_end, name_end_), name_end_);
  return IsNoCase(rest, kKindOfWord) || std::ranges::any_of(kKinds, [rest](std::string_view kind) {
           const size_t mark = rest.size() - std::min(rest.size(), kind.size() + 1);
           return EndsWithNoCase(rest, kind) && IsOneOf(rest[mark], "-_");
         });
}

size_t ArgScan::TakeName(const ArgMask::Word& word, size_t at) {
  FindName(at);
  const std::string_view name = Slice(name_begin_, name_end_);
  const size_t word_end = MatchEnd(word, at);
  if (NamesKind(word_end)) return name_end_;
  if (word.text == kIdentified) {
    return IsNoCase(name, kIdentified) ? TakeIdentified(name_end_) : word_end;
  }
  const size_t closed = SkipAny(name_end_, "\\\"'])}");
  const size_t sign = SkipAny(closed, " \t");
  const bool gives = At(sign) == '=' || (At(sign) == ':' && ColonGivesValue(word, closed, sign));
  if (gives) {
    const size_t value = SkipAny(sign + 1, " \t");
    const bool is_quoted = closed != name_end_;
    const size_t end = Mask(value, ValueEnd(name_begin_, is_quoted, value));
    return std::max(end, name_end_);
  }
  if (IsNoCase(name, "password")) {
    const size_t end = TakePassword(name_end_);
    if (end != name_end_ || IsBeforeFor(name_end_)) return end;
  }
  const bool is_flag = IsFlagStart(name_begin_) && MayBeFlag(word, name_begin_);
  const bool is_tool_word = EndsWord(Before(name_begin_)) && IsToolWord(name);
  const bool is_bearer = word.text == "bearer" && name.size() == word.text.size();
  if (is_flag || is_tool_word || (is_bearer && IsBlank(At(closed))) || FollowsSet()) {
    return TakeWordsBehind(closed, {});
  }
  return name_end_;
}

bool ArgScan::IsBeforeFor(size_t at) const {
  const size_t word = SkipBlanks(at);
  return word != at && StartsWithNoCase(args_.substr(word), "for") && IsBlank(At(word + 3));
}

// In SQL: PASSWORD 'X', PASSWORD('X'), PASSWORD FOR user = 'X'.
size_t ArgScan::TakePassword(size_t at) {
  constexpr size_t kMaxBytes = 320;  // 'user'@'host'
  if (!IsBeforeFor(at)) return TakeQuoted(at);
  const size_t word = SkipBlanks(at);
  const size_t end = std::min(word + kMaxBytes, args_.size());
  const size_t sign = std::min(args_.find_first_of(std::string_view("=\0", 2), word), end);
  if (sign == end || args_[sign] != '=') return at;
  const size_t value = SkipBlanks(sign + 1);
  const size_t taken = TakeLiteral(value);
  return taken == value ? at : TakeReplaced(taken);
}

size_t ArgScan::TakeQuoted(size_t at) {
  const size_t bracket = SkipBlanks(at);
  const size_t value = At(bracket) == '(' ? SkipBlanks(bracket + 1) : bracket;
  if (value == at) return at;
  const size_t taken = TakeLiteral(value);
  return taken == value ? at : TakeReplaced(taken);
}

// Behind a new password: REPLACE 'X'.
size_t ArgScan::TakeReplaced(size_t at) {
  constexpr std::string_view kReplace = "replace";
  const size_t word = SkipBlanks(at);
  if (!StartsWithNoCase(args_.substr(word), kReplace)) return at;
  const size_t value = SkipBlanks(word + kReplace.size());
  const size_t taken = TakeLiteral(value);
  return taken == value ? at : taken;
}

// How long $$ or $tag$ is, where a shell has it as \$\$; 0 where it is none.
size_t ArgScan::DollarQuote(size_t at) const {
  const auto skip_dollar = [this](size_t from) {
    const size_t dollar = from + (At(from) == '\\' ? 1 : 0);
    return At(dollar) == '$' ? dollar + 1 : from;
  };
  size_t tag = skip_dollar(at);
  if (tag == at) return 0;
  while (IsLetter(At(tag)) || IsDigit(At(tag)) || At(tag) == '_') ++tag;
  const size_t end = skip_dollar(tag);
  return end == tag ? 0 : end - at;
}

// 'X', E'X', N'X', U&'X', $$X$$, $tag$X$tag$. A quote in it is escaped as SQL has it, or the shell
// around. Returns `value` where it is none.
size_t ArgScan::TakeLiteral(size_t value) {
  if (args_.substr(value).starts_with(ArgMask::kMask)) return value + ArgMask::kMask.size();
  const size_t end = ArgEnd(value);
  if (const size_t bytes = DollarQuote(value); bytes != 0) {
    const size_t begin = value + bytes;
    const size_t closed = Slice(begin, end).find(Slice(value, begin));
    return Mask(value, closed == std::string_view::npos ? end : begin + closed + bytes);
  }
  size_t mark = value;
  if (StartsWithNoCase(args_.substr(mark), "u&")) {
    mark += 2;
  } else if (mark < args_.size() && IsOneOf(Lower(args_[mark]), "en")) {
    ++mark;
  }
  const size_t quote = mark + (IsOneOf(At(mark), "\\$") && mark < args_.size() ? 1 : 0);
  if (!IsQuote(At(quote))) return value;
  const char closer = args_[quote] == '\'' ? kAnsiQuote : args_[quote];
  size_t closed = quote;
  while (At(mark) != '\\' && closed < end && args_[closed] == args_[quote]) {
    closed = std::min(ClosedEnd(closed + 1, end, closer) + 1, end);
  }
  return Mask(value, std::max(closed, ShellWordEnd(value)));
}

// IDENTIFIED BY 'X', IDENTIFIED WITH plugin BY 'X'.
size_t ArgScan::TakeIdentified(size_t at) {
  constexpr size_t kMaxBytes = 64;
  const size_t end = std::min(at + kMaxBytes, args_.size());
  for (size_t by = at; by < end && args_[by] != '\0'; ++by) {
    const bool is_word = IsBlank(args_[by]) && EndsWordAt(by + 3);
    if (!is_word || !StartsWithNoCase(args_.substr(by + 1), "by")) continue;
    const size_t taken = TakeQuoted(by + 3);
    if (taken != by + 3) return taken;
  }
  return at;
}

// In a name that begins there. What says that there is none has no value: psql --no-password.
bool ArgScan::MayBeFlag(const ArgMask::Word& word, size_t begin) const {
  if (args_.substr(begin).starts_with("--no-")) return false;
  return word.bounds != ArgMask::Bounds::kLastOfLong || At(begin + 1) == '-';
}

bool ArgScan::NamesSecret(size_t begin, size_t end) const {
  for (size_t at = begin; at < end; ++at) {
    if (!IsNameByte(args_[at])) return false;
  }
  for (size_t at = begin; at < end; ++at) {
    if (!mask_.MayBegin(args_[at], At(at + 1)).is_name) continue;
    const ArgMask::Word* const word = WordAt(at);
    if (word != nullptr && MayBeFlag(*word, begin)) return true;
  }
  return false;
}

// Whether the word is a flag whose secret is the next one.
bool ArgScan::AwaitsSecret(size_t begin, size_t end) const {
  if (At(begin) != '-') return false;
  const auto flag = FindToolFlag(begin);
  return (flag && (flag->end == end || flag->last_end == end)) || NamesSecret(begin, end);
}

// The next word is the flag's value, whatever it looks like; but should that be such a flag
// itself, this one takes no value (as mysql --password), and the one after it may be a secret, too.
size_t ArgScan::TakeWordsBehind(size_t flag_end, SecretPart secret) {
  for (bool is_awaited = true; is_awaited && flag_end < args_.size();) {
    const bool is_argument = args_[flag_end] == '\0';
    if (!is_argument && !EndsWordAt(flag_end)) return flag_end;
    const size_t begin = is_argument ? flag_end + 1 : SkipBlanks(flag_end);
    const size_t end = is_argument ? ArgEnd(begin) : ShellWordEnd(begin);
    is_awaited = AwaitsSecret(begin, end);
    if (is_awaited) secret = {};
    flag_end = MaskPart(secret, begin, end);
  }
  return flag_end;
}

}  // namespace daybook
