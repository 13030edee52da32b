#include "args/arg_mask.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "args/arg_scan.h"

namespace daybook {

// A word that goes on is often something else: tokenizer, author, -pass-through (of linkers). Few
// arguments have an "ok" and many a "co", where a cookie would be looked for.
ArgMask::ArgMask(const std::vector<std::string>& more_words)
    : words_({{"password", Bounds::kAnywhere, true},
              {"passwd", Bounds::kAnywhere, true},
              {"passphrase", Bounds::kAnywhere, true},
              {"pass", Bounds::kLastWord, true},
              // Programs of MySQL take the begin of a name for it.
              {"passw", Bounds::kLastWord, false},
              {"passwo", Bounds::kLastWord, false},
              {"passwor", Bounds::kLastWord, false},
              {"pwd", Bounds::kWord, true},
              {"pw", Bounds::kLastOfLong, false},
              {"okie", Bounds::kLastWord, false},
              {"secret", Bounds::kAnywhere, false},
              {"token", Bounds::kEnd, false},
              {"api-key", Bounds::kAnywhere, false},
              {"application-key", Bounds::kAnywhere, false},
              {"private-key", Bounds::kAnywhere, false},
              {"passcode", Bounds::kAnywhere, true},
              // Of encryption and of subscription: few words have "cr".
              {"cryption-key", Bounds::kAnywhere, false},
              {"cription-key", Bounds::kAnywhere, false},
              {"access-key", Bounds::kAnywhere, false},
              {"account-key", Bounds::kAnywhere, false},
              {"credential", Bounds::kAnywhere, false},
              {"auth-key", Bounds::kAnywhere, false},
              {"psk", Bounds::kLastWord, false},
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
    if (!HasAwaitingWord(tool)) continue;
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
  std::string_view masked = ArgScan(*this, args, buffers_[0]).Run();
  // What a mask has taken away, a quote or a '/', may show what follows in another light.
  for (size_t pass = 1; pass < kPasses && masked.data() != args.data(); ++pass) {
    args = masked;
    masked = ArgScan(*this, args, buffers_[pass % 2]).Run();
    if (masked == args) break;
  }
  return masked;
}

}  // namespace daybook
