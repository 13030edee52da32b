// Finds the secrets in a program's arguments: by names and URLs (arg_scan.cc), and by the programs
// that take one behind a flag of their own (arg_scan_tools.cc).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "args/arg_mask.h"
#include "args/mask_tools.h"
#include "args/shell_text.h"

namespace daybook {

inline constexpr std::string_view kUrlMark = "://";
// In SQL, before BY 'X'.
inline constexpr std::string_view kIdentified = "identified";

// One pass over the arguments. Every position is an index into them.
class ArgScan : private ShellText {
 public:
  ArgScan(const ArgMask& mask, std::string_view args, std::string& out)
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
    const bool is_mark = args_[at] == '-' || (args_[at] == '/' && tools_.has_slash_flag());
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
  size_t TakeWordsBehind(size_t flag_end, SecretPart secret);
  size_t TakeQuoted(size_t at);
  size_t TakeReplaced(size_t at);
  size_t TakeLiteral(size_t value);
  size_t TakePassword(size_t at);
  size_t TakeIdentified(size_t at);
  size_t TakeLaterWord(const ToolFlag& found, size_t flag);
  size_t TakeAwaited(size_t at);
  size_t TakeLogin(size_t at);
  size_t TakeAddress(size_t at);
  size_t TakeToken(size_t at);

  // ---- Their parts ----

  size_t DollarQuote(size_t at) const;
  const ArgMask::Word* WordAt(size_t at) const;
  size_t MatchEnd(const ArgMask::Word& word, size_t at) const;
  void FindName(size_t at);
  bool IsOtherPass(size_t at) const;
  bool FollowsHeaderFlag() const;
  bool FollowsSet() const;
  bool IsBeforeFor(size_t at) const;
  bool NamesKind(size_t word_end) const;
  bool ColonGivesValue(const ArgMask::Word& word, size_t name_end, size_t colon) const;
  bool TakeToolName(size_t at);
  void AwaitBehind(size_t at);
  void Await(MaskPlace place);
  bool MayBeFlag(const ArgMask::Word& word, size_t begin) const;
  bool NamesSecret(size_t begin, size_t end) const;
  bool AwaitsSecret(size_t begin, size_t end) const;

  size_t ToolFlagEnd(const MaskTool& tool, size_t flag) const;
  std::optional<ToolFlag> FindToolFlag(size_t flag) const;
  bool IsToolWord(std::string_view word) const;

  bool LooksTooOften(size_t bytes);
  size_t MaskPart(const SecretPart& secret, size_t begin, size_t end);
  size_t TakePart(const SecretPart& secret, size_t begin, size_t end);
  size_t Mask(size_t begin, size_t end);

  const ArgMask& mask_;
  std::string& out_;
  bool masked_ = false;
  size_t copied_ = 0;  // up to here the output is made
  NamedTools tools_;
  MaskPlace awaited_ = MaskPlace::kBehindFlag;  // another one: it is still to come
  bool may_be_value_ = false;                   // of a flag before it: then it comes behind that
  size_t looks_ = 0;                            // at bytes ahead
  size_t name_begin_ = 0;
  size_t name_end_ = 0;
  size_t url_end_ = 0;  // of the last URL that was looked at, and its last '@'
  size_t url_at_ = 0;
};

}  // namespace daybook
