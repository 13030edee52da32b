#include "arg_mask.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdint>
#include <optional>
#include <utility>

#include "mask_tools.h"
#include "shell_text.h"

namespace daybook {
namespace {

constexpr std::string_view kUrlMark = "://";
// Names of users are shorter. GitHub's tokens have 40 bytes, GitLab's 26.
constexpr size_t kMinTokenBytes = 20;
// In SQL, before BY 'X'.
constexpr std::string_view kIdentified = "identified";

// Names that end in "pass" and are no password's.
constexpr std::string_view kOtherPasses[] = {"all", "band", "by",  "com",  "high", "low",  "multi",
                                             "one", "over", "sur", "tres", "two",  "under"};

// One of several short flags in a word, as in curl -#su X, zip -@P X.
bool IsCombined(char c) { return IsLetter(c) || IsDigit(c) || IsOneOf(c, "#:@"); }

size_t IndexOf(const MaskTool& tool) { return static_cast<size_t>(&tool - kMaskTools.data()); }

bool IsNoCase(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, [](char a, char b) { return Lower(a) == b; });
}
bool StartsWithNoCase(std::string_view text, std::string_view lower) {
  return IsNoCase(text.substr(0, lower.size()), lower);
}
bool EndsWithNoCase(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() && IsNoCase(text.substr(text.size() - lower.size()), lower);
}

// One pass over the arguments. Every position is an index into them.
class Scan : private ShellText {
 public:
  Scan(const ArgMask& mask, std::string_view args, std::string& out)
      : ShellText(args), mask_(mask), out_(out) {}

  std::string_view Run() {
    for (size_t at = NextCandidate(0); at < args_.size(); at = NextCandidate(at)) at = TakeAt(at);
    if (!masked_) return args_;
    out_.append(args_.substr(copied_));
    return out_;
  }

 private:
  // ---- Places ----

  bool IsFlagStart(size_t at) const {
    const bool is_mark = args_[at] == '-' || (args_[at] == '/' && (tools_ & kSlashTools) != 0);
    return is_mark && (EndsWord(Before(at)) || IsQuote(Before(at)));
  }
  bool IsWordStart(size_t at) const { return EndsWord(Before(at)) && !EndsWord(args_[at]); }
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

  struct ToolFlag {
    size_t end;
    size_t last_end;  // for another tool it is a longer one
    SecretPart secret;
    bool is_next;   // of a tool whose secret is in the flag's word or the next one
    bool is_later;  // of one whose secret comes later
  };

  // ---- Rules: each returns where to go on ----

  size_t NextCandidate(size_t at) const;
  size_t TakeAt(size_t at);
  size_t TakeUrl(size_t mark);
  bool IsWeb(size_t mark) const;
  size_t TakeName(const ArgMask::Word& word, size_t at);
  size_t TakeToolFlag(size_t flag);
  size_t TakeWordsBehind(size_t flag_end, const SecretPart& secret);
  size_t TakeQuoted(size_t at);
  size_t TakeIdentified(size_t at);
  size_t TakeLaterWord(const ToolFlag& found, size_t flag);
  size_t TakeAwaited(size_t at);
  size_t TakeLogin(size_t at);
  size_t TakeToken(size_t at);

  // ---- Their parts ----

  const ArgMask::Word* WordAt(size_t at) const;
  size_t MatchEnd(const ArgMask::Word& word, size_t at) const;
  void FindName(size_t at);
  bool IsOtherPass(size_t at) const;
  bool FollowsHeaderFlag() const;
  bool FollowsSet() const;
  bool NamesKind(size_t word_end) const;
  bool ColonGivesValue(const ArgMask::Word& word, size_t name_end, size_t colon) const;
  bool TakeToolName(size_t at);
  void AwaitTokenBehind(size_t at);
  void Await(MaskPlace place);
  bool MayBeFlag(const ArgMask::Word& word, size_t begin) const;
  bool NamesSecret(size_t begin, size_t end) const;
  bool AwaitsSecret(size_t begin, size_t end) const;

  size_t ToolFlagEnd(const MaskTool& tool, size_t flag) const;
  std::optional<ToolFlag> FindToolFlag(size_t flag) const;
  bool IsToolWord(std::string_view word) const;

  size_t MaskPart(const SecretPart& secret, size_t begin, size_t end);
  size_t Mask(size_t begin, size_t end);

  const ArgMask& mask_;
  std::string& out_;
  bool masked_ = false;
  size_t copied_ = 0;                           // up to here the output is made
  uint64_t tools_ = 0;                          // that were named so far, by their index
  MaskPlace awaited_ = MaskPlace::kBehindFlag;  // kToken or kLogin: it is still to come
  bool may_be_value_ = false;                   // of a flag before it: then it comes behind that
  size_t looks_ = 0;                            // at bytes ahead
  size_t name_begin_ = 0;
  size_t name_end_ = 0;
  size_t url_end_ = 0;  // of the last URL that was looked at, and its last '@'
  size_t url_at_ = 0;
};

size_t Scan::NextCandidate(size_t at) const {
  for (; at < args_.size(); ++at) {
    const ArgMask::Begins may = mask_.MayBegin(args_[at], At(at + 1));
    if (may.is_name || (may.is_tool && IsProgramStart(at))) return at;
    if (tools_ == 0) continue;
    if (IsFlagStart(at) || (awaited_ != MaskPlace::kBehindFlag && IsWordStart(at))) return at;
  }
  return at;
}

size_t Scan::TakeAt(size_t at) {
  if (awaited_ != MaskPlace::kBehindFlag && IsWordStart(at)) {
    if (const size_t end = TakeAwaited(at); end != at) return end;
  }
  if (args_[at] == ':') {
    return args_.substr(at).starts_with(kUrlMark) ? TakeUrl(at) : at + 1;
  }
  if (tools_ != 0 && IsFlagStart(at)) return TakeToolFlag(at);
  const ArgMask::Begins may = mask_.MayBegin(args_[at], At(at + 1));
  if (may.is_tool && (tools_ & kTokenTools) != 0) AwaitTokenBehind(at);
  if (may.is_tool && TakeToolName(at)) return at + 1;
  const ArgMask::Word* const word = may.is_name ? WordAt(at) : nullptr;
  return word == nullptr ? at + 1 : TakeName(*word, at);
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

size_t Scan::MaskPart(const SecretPart& secret, size_t begin, size_t end) {
  if (secret.marks.empty()) return Mask(begin, end);
  const std::string_view value = Slice(begin, end);
  const size_t key = std::min(value.find(secret.key), value.size());
  const size_t found = std::min(value.find_first_of(secret.marks, key), value.size()) + begin;
  if (found == end) return secret.or_all ? Mask(begin, end) : begin;
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

bool Scan::IsOtherPass(size_t at) const {
  const auto is_before = [before = args_.substr(0, at)](std::string_view letters) {
    return EndsWithNoCase(before, letters);
  };
  return std::ranges::any_of(kOtherPasses, is_before);
}

const ArgMask::Word* Scan::WordAt(size_t at) const {
  const char first = Lower(args_[at]);
  for (const ArgMask::Word& word : mask_.words()) {
    if (word.text[0] == first && MatchEnd(word, at) != 0) return &word;
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
  const size_t last = before.find_last_not_of(std::string_view(" =\\\t\r\n\0", 7));
  before = before.substr(0, last + 1);
  return last != before.npos && (before.ends_with("-H") || before.ends_with("--header"));
}

// aws configure set aws_secret_access_key X. Words are not that long, and time stays linear.
bool Scan::FollowsSet() const {
  constexpr size_t kMaxBytes = 128;
  const size_t from = name_begin_ - std::min(name_begin_, kMaxBytes);
  const std::string_view before = Slice(from, name_begin_);
  const size_t word = before.find_last_of(kWordEnds) + 1;
  const size_t end = before.substr(0, word).find_last_not_of(kWordEndsAndLines) + 1;
  return before.substr(0, end).ends_with("set") && (end == 3 || EndsWord(before[end - 4]));
}

// Names of hosts and images look alike: auth:8080, token:latest.
bool Scan::ColonGivesValue(const ArgMask::Word& word, size_t name_end, size_t colon) const {
  const char next = At(colon + 1);
  return name_end != name_end_ || IsBlank(next) || next == '=' || word.before_colon ||
         StartsWithNoCase(Slice(name_begin_, name_end_), "x-") || FollowsHeaderFlag();
}

// Of which kind a secret is, is none: --auth-type bearer.
bool Scan::NamesKind(size_t word_end) const {
  const std::string_view rest = Slice(std::min(word_end, name_end_), name_end_);
  return EndsWithNoCase(rest, "-type") || EndsWithNoCase(rest, "_type");
}

size_t Scan::TakeName(const ArgMask::Word& word, size_t at) {
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
  const bool is_flag = IsFlagStart(name_begin_) && MayBeFlag(word, name_begin_);
  const bool is_tool_word = EndsWord(Before(name_begin_)) && IsToolWord(name);
  const bool is_bearer = word.text == "bearer" && name.size() == word.text.size();
  if (is_flag || is_tool_word || (is_bearer && IsBlank(At(closed))) || FollowsSet()) {
    return TakeWordsBehind(closed, {});
  }
  return IsNoCase(name, "password") ? TakeQuoted(name_end_) : name_end_;
}

// In SQL: PASSWORD 'X', PASSWORD('X'). A quote in it is escaped as SQL has it, or the shell around.
size_t Scan::TakeQuoted(size_t at) {
  const size_t bracket = SkipBlanks(at);
  const size_t value = At(bracket) == '(' ? SkipBlanks(bracket + 1) : bracket;
  const size_t quote = value + (IsOneOf(At(value), "\\$") && value < args_.size() ? 1 : 0);
  if (value == at || !IsQuote(At(quote))) return at;
  const size_t end = ArgEnd(value);
  const char closer = args_[quote] == '\'' ? kAnsiQuote : args_[quote];
  size_t closed = quote;
  while (At(value) != '\\' && closed < end && args_[closed] == args_[quote]) {
    closed = std::min(ClosedEnd(closed + 1, end, closer) + 1, end);
  }
  return Mask(value, std::max(closed, ShellWordEnd(value)));
}

// IDENTIFIED BY 'X', IDENTIFIED WITH plugin BY 'X'.
size_t Scan::TakeIdentified(size_t at) {
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

// In a name that begins there.
bool Scan::MayBeFlag(const ArgMask::Word& word, size_t begin) const {
  return word.bounds != ArgMask::Bounds::kLastOfLong || At(begin + 1) == '-';
}

bool Scan::NamesSecret(size_t begin, size_t end) const {
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
bool Scan::AwaitsSecret(size_t begin, size_t end) const {
  if (At(begin) != '-') return false;
  const auto flag = FindToolFlag(begin);
  return (flag && (flag->end == end || flag->last_end == end)) || NamesSecret(begin, end);
}

// The next word is the flag's value, whatever it looks like; but should that be such a flag
// itself, this one takes no value (as mysql --password), and the one after it may be a secret, too.
size_t Scan::TakeWordsBehind(size_t flag_end, const SecretPart& secret) {
  for (bool is_awaited = true; is_awaited && flag_end < args_.size();) {
    const bool is_argument = args_[flag_end] == '\0';
    if (!is_argument && !EndsWordAt(flag_end)) return flag_end;
    const size_t begin = is_argument ? flag_end + 1 : SkipBlanks(flag_end);
    const size_t end = is_argument ? ArgEnd(begin) : ShellWordEnd(begin);
    is_awaited = AwaitsSecret(begin, end);
    flag_end = MaskPart(is_awaited ? SecretPart() : secret, begin, end);
  }
  return flag_end;
}

// ---- Tools ----

// Notes the tool whose base name begins at `at`.
bool Scan::TakeToolName(size_t at) {
  if (!IsProgramStart(at)) return false;
  const uint64_t before = tools_;
  for (const MaskTool& tool : MaskToolsOf(args_[at])) {
    std::string_view name = tool.name;
    const bool is_begin = name.ends_with('*');
    if (is_begin) name.remove_suffix(1);
    if (!args_.substr(at).starts_with(name)) continue;
    size_t end = at + name.size();
    while (is_begin && end < args_.size() && IsNameByte(args_[end])) ++end;
    if (!EndsWordAt(end) && !IsQuote(At(end))) continue;
    tools_ |= uint64_t{1} << IndexOf(tool);
    if (tool.place == MaskPlace::kLogin) Await(tool.place);
  }
  return tools_ != before;
}

void Scan::Await(MaskPlace place) {
  awaited_ = place;
  may_be_value_ = false;
}

// Where a word stands at `at` behind which a tool that was named has one: vault login X.
void Scan::AwaitTokenBehind(size_t at) {
  if (!IsProgramStart(at)) return;
  for (uint64_t tools = tools_ & kTokenTools; tools != 0; tools &= tools - 1) {
    const MaskTool& tool = kMaskTools[static_cast<size_t>(std::countr_zero(tools))];
    if (!args_.substr(at).starts_with(tool.long_flag)) continue;
    const size_t end = at + tool.long_flag.size();
    if (EndsWordAt(end) || IsQuote(At(end))) Await(tool.place);
  }
}

// How far the flag of that tool goes at which the word begins; 0 where it is none.
size_t Scan::ToolFlagEnd(const MaskTool& tool, size_t flag) const {
  const size_t long_end = flag + tool.long_flag.size();
  const bool is_long = !tool.long_flag.empty() && args_.substr(flag).starts_with(tool.long_flag);
  if (is_long && (tool.long_flag.ends_with(':') || !IsNameByte(At(long_end)))) return long_end;
  if (args_[flag] != '-') return 0;
  for (size_t at = flag + 1; IsCombined(At(at)); ++at) {
    if (IsOneOf(args_[at], tool.letters)) return at + 1;
    if (IsOneOf(args_[at], tool.with_value) || tool.with_value == kNeverCombined) return 0;
  }
  return 0;
}

// Several tools on one command line may give a flag several meanings.
std::optional<Scan::ToolFlag> Scan::FindToolFlag(size_t flag) const {
  std::optional<ToolFlag> found;
  for (uint64_t tools = tools_; tools != 0; tools &= tools - 1) {
    const MaskTool& tool = kMaskTools[static_cast<size_t>(std::countr_zero(tools))];
    const size_t end = ToolFlagEnd(tool, flag);
    if (end == 0) continue;
    const bool is_later = tool.place == MaskPlace::kLaterWord;
    if (!found) {
      found = ToolFlag{end, end, tool.secret, !is_later, is_later};
      continue;
    }
    const bool is_all = tool.secret.marks.empty() || found->secret.marks.empty();
    *found = {std::min(end, found->end),
              std::max(end, found->last_end),
              {.marks = is_all ? std::string_view() : kEveryMark,
               .or_all = tool.secret.or_all || found->secret.or_all},
              found->is_next || !is_later,
              found->is_later || is_later};
  }
  return found;
}

// mysqladmin password X
bool Scan::IsToolWord(std::string_view word) const {
  for (uint64_t tools = tools_; tools != 0; tools &= tools - 1) {
    if (kMaskTools[static_cast<size_t>(std::countr_zero(tools))].long_flag == word) return true;
  }
  return false;
}

// htpasswd's -b FILE USER X, or with -n USER X. Looks ahead, and so not by ArgEnd(). Where flags
// stand in what is one word to a shell, as in those that quotes or ends of lines join, each would
// look at all of it: who asks for that has the rest masked, so that time stays linear.
//
// Where it may as well be a flag of another tool, all is masked from its value on.
size_t Scan::TakeLaterWord(const ToolFlag& found, size_t flag) {
  constexpr int kMostWords = 16;  // with all flags
  const size_t most_looks = kMostWords * args_.size();
  bool takes_secret = false;
  bool is_value = false;
  int left_as_they_are = 2;
  size_t end = flag;
  while (!EndsWord(At(end)) && SkipContinuation(end) == end) ++end;
  size_t begin = flag;
  size_t behind_flag = flag;
  for (int count = 0; begin < args_.size() && count < kMostWords; ++count) {
    const std::string_view word = Slice(begin, end);
    if (word.starts_with('-')) {
      takes_secret = takes_secret || word.find('b') != word.npos;
      if (word.find('n') != word.npos) left_as_they_are = 1;
      is_value = IsOneOf(word.back(), "Cr");  // -C COST, -r ROUNDS
    } else if (!std::exchange(is_value, false) && left_as_they_are-- == 0) {
      const size_t first = EndsWordAt(found.end) ? behind_flag : found.end;
      return takes_secret ? Mask(found.is_next ? first : begin, end) : flag + 1;
    }
    looks_ += end - begin;
    const bool ends_argument = At(end) == '\0';
    begin = std::min(ends_argument ? end + 1 : SkipBlanks(end), args_.size());
    if (count == 0) behind_flag = begin;
    if (looks_ > most_looks) return Mask(behind_flag, args_.size());
    end = ends_argument ? Find('\0', begin, args_.size()) : ShellWordEnd(begin);
  }
  return takes_secret && begin < args_.size() ? Mask(behind_flag, args_.size()) : flag + 1;
}

// A word at `at`, where one is awaited. Returns `at` where the other rules are to look at it.
size_t Scan::TakeAwaited(size_t at) {
  if (SkipContinuation(at) != at) return at;
  if (IsOneOf(args_[at], ";|&<>()")) {
    awaited_ = MaskPlace::kBehindFlag;
    return at;
  }
  return awaited_ == MaskPlace::kLogin ? TakeLogin(at) : TakeToken(at);
}

// USER/X, USER/X@DATABASE; but /, /@DATABASE, USER@//HOST/SERVICE and @SCRIPT have no X. Words
// without a mark may be values of flags. How far a word goes is asked only of one that is masked,
// so that time stays linear.
size_t Scan::TakeLogin(size_t at) {
  if (args_[at] == '-') return at;
  size_t mark = at;
  while (!EndsWord(At(mark)) && !IsOneOf(args_[mark], "/@")) ++mark;
  if (EndsWord(At(mark))) return at;
  awaited_ = MaskPlace::kBehindFlag;
  if (args_[mark] == '@' || mark == at) return at;
  const size_t word_end = IsBlank(Before(at)) ? ShellWordEnd(at) : ArgEnd(at);
  const bool is_quoted = IsQuote(args_[at]) && args_[word_end - 1] == args_[at];
  const size_t end = is_quoted ? word_end - 1 : word_end;
  const std::string_view value = Slice(mark + 1, end);
  // Cut: what stands behind the '@' may be of the secret; so may it in quotes.
  const bool is_all = word_end == args_.size() || value.find('"') != value.npos;
  const size_t secret = is_all ? value.npos : value.rfind('@');
  return Mask(mark + 1, secret == value.npos ? end : mark + 1 + secret);
}

// X, -flag X, -flag=value X; but not NAME=value. A word behind a flag may be its value, or is it.
size_t Scan::TakeToken(size_t at) {
  size_t end = at;
  while (!EndsWord(At(end)) && At(end) != '=') ++end;
  const std::string_view name = Slice(at, end);
  if (name.starts_with('-') && name != "-") {
    may_be_value_ = At(end) != '=' && !name.starts_with("-no-");
    return at;
  }
  const bool is_value = std::exchange(may_be_value_, false);
  if (!is_value) awaited_ = MaskPlace::kBehindFlag;
  const bool is_named = At(end) == '=' && std::ranges::all_of(name, IsNameByte);
  if (name == "-" || is_named) return at;
  return Mask(at, IsBlank(Before(at)) ? ShellWordEnd(at) : ArgEnd(at));
}

size_t Scan::TakeToolFlag(size_t flag) {
  const auto found = FindToolFlag(flag);
  if (!found) return flag + 1;
  if (found->is_later) {
    const size_t later = TakeLaterWord(*found, flag);
    if (later != flag + 1 || !found->is_next) return later;
  }
  const char quote = Before(flag);
  const auto ends_word = [&](size_t end) {
    return EndsWordAt(end + (IsQuote(quote) && At(end) == quote ? 1 : 0));
  };
  const auto take_next = [&](size_t end, const SecretPart& secret) {
    return TakeWordsBehind(end + (IsQuote(quote) && At(end) == quote ? 1 : 0), secret);
  };
  if (ends_word(found->end)) return take_next(found->end, found->secret);
  const size_t value = found->end + (At(found->end) == '=' ? 1 : 0);
  const size_t end = ValueEnd(flag, false, value);
  // mysql's -password is the password "assword", and its -pw the password "w", but another's flag.
  const bool is_flag = NamesSecret(flag, end) || ends_word(found->last_end);
  const size_t next = MaskPart(found->secret, value, end);
  if (is_flag) return take_next(end, {});
  return next == value ? flag + 1 : next;  // of nothing: other rules may find something in it
}

}  // namespace

// A word that goes on is often something else: tokenizer, author, -pass-through (of linkers). Few
// arguments have an "ok" and many a "co", where a cookie would be looked for.
ArgMask::ArgMask(const std::vector<std::string>& more_words)
    : words_({{"password", Bounds::kAnywhere, true},
              {"passwd", Bounds::kAnywhere, true},
              {"passphrase", Bounds::kAnywhere, true},
              {"pass", Bounds::kLastWord, true},
              {"pwd", Bounds::kWord, true},
              {"pw", Bounds::kLastOfLong, false},
              {"okie", Bounds::kLastWord, false},
              {"secret", Bounds::kAnywhere, false},
              {"token", Bounds::kEnd, false},
              {"api-key", Bounds::kAnywhere, false},
              {"private-key", Bounds::kAnywhere, false},
              {"access-key", Bounds::kAnywhere, false},
              {"account-key", Bounds::kAnywhere, false},
              {"credential", Bounds::kAnywhere, false},
              {"authorization", Bounds::kAnywhere, true},
              {"auth", Bounds::kWord, false},
              {"bearer", Bounds::kAnywhere, false},
              {std::string(kIdentified), Bounds::kWord, false}}) {
  for (std::string word : more_words) {
    assert(IsWord(word));
    std::ranges::transform(word, word.begin(), Lower);
    words_.push_back({std::move(word), Bounds::kAnywhere, true});
  }
  for (const Word& word : words_) pairs_[Pair(word.text[0], word.text[1])].is_name = true;
  for (const MaskTool& tool : kMaskTools) {
    pairs_[Pair(tool.name[0], tool.name[1])].is_tool = true;
    if (tool.place != MaskPlace::kToken) continue;
    pairs_[Pair(tool.long_flag[0], tool.long_flag[1])].is_tool = true;
  }
  pairs_[Pair(kUrlMark[0], kUrlMark[1])].is_name = true;
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
