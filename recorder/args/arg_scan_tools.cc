// By programs: their flags, and words of theirs that are no flags.
#include <algorithm>
#include <utility>

#include "args/arg_scan.h"

namespace daybook {
namespace {

// One of several short flags in a word, as in curl -#su X, zip -@P X.
bool IsCombined(char c) { return IsLetter(c) || IsDigit(c) || IsOneOf(c, "#:@"); }

}  // namespace

// Notes the tool whose base name begins at `at`.
bool ArgScan::TakeToolName(size_t at) {
  if (!IsProgramStart(at)) return false;
  bool is_new = false;
  for (const MaskTool& tool : MaskToolsOf(args_[at])) {
    std::string_view name = tool.name;
    const bool is_begin = name.ends_with('*');
    if (is_begin) name.remove_suffix(1);
    if (!args_.substr(at).starts_with(name)) continue;
    size_t end = at + name.size();
    while (is_begin && end < args_.size() && IsNameByte(args_[end])) ++end;
    if (!EndsWordAt(end) && !IsQuote(At(end))) continue;
    is_new = tools_.Add(tool) || is_new;
    const bool awaits = tool.place == MaskPlace::kLogin || tool.place == MaskPlace::kAddress;
    if (awaits && !HasAwaitingWord(tool)) Await(tool.place);
  }
  return is_new;
}

void ArgScan::Await(MaskPlace place) {
  awaited_ = place;
  may_be_value_ = false;
}

// Where a word stands at `at` behind which a tool that was named has one: vault login X.
void ArgScan::AwaitBehind(size_t at) {
  if (!IsProgramStart(at)) return;
  for (const MaskTool* tool : tools_.all()) {
    if (!HasAwaitingWord(*tool)) continue;
    if (!args_.substr(at).starts_with(tool->long_flag)) continue;
    const size_t end = at + tool->long_flag.size();
    if (EndsWordAt(end) || IsQuote(At(end))) Await(tool->place);
  }
}

// How far the flag of that tool goes at which the word begins; 0 where it is none.
size_t ArgScan::ToolFlagEnd(const MaskTool& tool, size_t flag) const {
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
std::optional<ArgScan::ToolFlag> ArgScan::FindToolFlag(size_t flag) const {
  std::optional<ToolFlag> found;
  for (const MaskTool* tool : tools_.all()) {
    const size_t end = ToolFlagEnd(*tool, flag);
    if (end == 0) continue;
    const bool is_later = tool->place == MaskPlace::kLaterWord;
    if (!found) {
      found = ToolFlag{end, end, tool->secret, !is_later, is_later};
      continue;
    }
    const bool is_all = tool->secret.marks.empty() || found->secret.marks.empty();
    *found = {std::min(end, found->end),
              std::max(end, found->last_end),
              {.marks = is_all ? std::string_view() : kEveryMark,
               .or_all = tool->secret.or_all || found->secret.or_all,
               .before_at = tool->secret.before_at && found->secret.before_at},
              found->is_next || !is_later,
              found->is_later || is_later};
  }
  return found;
}

// mysqladmin password X, nmcli con modify x wifi-sec.psk X
bool ArgScan::IsToolWord(std::string_view word) const {
  for (const MaskTool* tool : tools_.all()) {
    if (HasAwaitingWord(*tool)) continue;  // it is awaited
    std::string_view tool_word = tool->long_flag;
    const bool is_end = tool_word.starts_with('*');
    if (is_end) tool_word.remove_prefix(1);
    if (is_end ? word.ends_with(tool_word) : word == tool_word) return true;
  }
  return false;
}

// htpasswd's -b FILE USER X, or with -n USER X. Looks ahead, and so not by ArgEnd().
//
// Where it may as well be a flag of another tool, all is masked from its value on.
size_t ArgScan::TakeLaterWord(const ToolFlag& found, size_t flag) {
  constexpr int kMostWords = 16;  // with all flags
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
      is_value = IsOneOf(word.back(), "CrHI");  // -C COST, -r ROUNDS, -H HASH, -I ITERATIONS
    } else if (!std::exchange(is_value, false) && left_as_they_are-- == 0) {
      const size_t first = EndsWordAt(found.end) ? behind_flag : found.end;
      return takes_secret ? Mask(found.is_next ? first : begin, end) : flag + 1;
    }
    const bool too_often = LooksTooOften(end - begin);
    const bool ends_argument = At(end) == '\0';
    begin = std::min(ends_argument ? end + 1 : SkipBlanks(end), args_.size());
    if (count == 0) behind_flag = begin;
    if (too_often) return Mask(behind_flag, args_.size());
    end = ends_argument ? Find('\0', begin, args_.size()) : ShellWordEnd(begin);
  }
  return takes_secret && begin < args_.size() ? Mask(behind_flag, args_.size()) : flag + 1;
}

// A word at `at`, where one is awaited. Returns `at` where the other rules are to look at it.
size_t ArgScan::TakeAwaited(size_t at) {
  if (SkipContinuation(at) != at) return at;
  if (IsOneOf(args_[at], ";|&<>()")) {
    awaited_ = MaskPlace::kBehindFlag;
    return at;
  }
  switch (awaited_) {
    case MaskPlace::kLogin:
      return TakeLogin(at);
    case MaskPlace::kAddress:
      return TakeAddress(at);
    default:
      return TakeToken(at);
  }
}

// USER/X, USER/X@DATABASE; but /, /@DATABASE, USER@//HOST/SERVICE and @SCRIPT have no X. Words
// without a mark may be values of flags. How far a word goes is asked only of one that is masked,
// so that time stays linear.
size_t ArgScan::TakeLogin(size_t at) {
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

// USER:X@HOST; but HOST:PORT has no X. Words without both marks may be values of flags.
size_t ArgScan::TakeAddress(size_t at) {
  if (args_[at] == '-') return at;
  size_t end = at;
  while (!EndsWord(At(end))) ++end;
  const size_t mark = Find(':', at, end);
  const bool is_url = Slice(mark, end).starts_with(kUrlMark);
  if (mark == end || is_url) return at;
  const size_t host = Slice(mark, end).rfind('@');
  if (end == args_.size()) return Mask(mark + 1, end);  // cut: it may have been one
  if (host == std::string_view::npos) return at;
  awaited_ = MaskPlace::kBehindFlag;
  return Mask(mark + 1, mark + host);
}

// X, -flag X, -flag=value X; but not NAME=value. A word behind a flag may be its value, or is it.
size_t ArgScan::TakeToken(size_t at) {
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

size_t ArgScan::TakeToolFlag(size_t flag) {
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

}  // namespace daybook
