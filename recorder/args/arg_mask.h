// Takes secrets out of programs' arguments before they are written.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace daybook {

// What is a secret:
//   --password=X  --password X  TOKEN=X  "api-key": "X"    by the name before it
//   Authorization: X  Bearer X                             headers
//   scheme://user:X@host                                   anywhere in an argument
//   mysql -pX  curl -u user:X  sqlplus user/X@db           by a short table of programs
//   PASSWORD 'X'  IDENTIFIED BY 'X'                        in SQL
// An argument with blanks may be a shell's command line, and is looked at as one. Where it is not
// clear how far a secret goes, more is masked, not less.
class ArgMask {
 public:
  static constexpr std::string_view kMask = "***";

  // More words make a name secret: anywhere in it, in any case; '-' stands for '-', '_', '.' or
  // nothing. IsWord() must hold for each.
  explicit ArgMask(const std::vector<std::string>& more_words = {});

  // Letters, digits and '-', the first two no '-'.
  static bool IsWord(std::string_view word);

  // `args`, each ended by a NUL but perhaps the last, with kMask for each secret. Where none is
  // found that is `args` itself, and nothing was allocated; else it is valid until the next call.
  // Of arguments that were cut anywhere, no byte of a secret is left either. Takes linear time.
  std::string_view Apply(std::string_view args);

  // ---- For the scan ----

  // Where in a name: anywhere; but no letter follows; as a word of it; as its last word; the same,
  // but in no word of short flags, as of tcpdump -pw FILE.
  enum class Bounds { kAnywhere, kEnd, kWord, kLastWord, kLastOfLong };
  struct Word {
    std::string text;  // lower case
    Bounds bounds;
    bool before_colon;  // also "name:value" without a blank: no name of hosts or images
  };
  const std::vector<Word>& words() const { return words_; }

  // What can begin with two bytes: a word or the mark of a URL; a tool's name.
  struct Begins {
    bool is_name = false;
    bool is_tool = false;
  };
  Begins MayBegin(char first, char second) const { return pairs_[Pair(first, second)]; }

 private:
  static constexpr size_t kPasses = 8;

  // Letters without their case; others coincide, which costs only time.
  static size_t Pair(char first, char second) {
    return (static_cast<size_t>(first) & 31) << 5 | (static_cast<size_t>(second) & 31);
  }

  std::vector<Word> words_;
  std::array<Begins, 1024> pairs_{};
  std::array<std::string, 2> buffers_;
};

}  // namespace daybook
