// The words of a filter expression.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace daybook {

enum class Token : uint8_t {
  kEnd,
  kName,    // also and, or, not, in, true, false
  kNumber,  // 12, 1.5s, 1h30min, 50%
  kString,  // "with \" escapes" or 'without'
  kSymbol,  // == != < <= > >= =~ !~ && || ! ( ) { } ,
};

struct Word {
  Token token = Token::kEnd;
  size_t begin = 0;  // of its bytes in the expression
  size_t end = 0;
  std::string text;  // as written; of a string, what it stands for
};

// A mistake, and the bytes of the expression that it is about.
struct FilterMistake {
  size_t begin = 0;
  size_t end = 0;
  std::string message;
};

struct LexedFilter {
  std::vector<Word> words;              // the last one is kEnd
  std::vector<FilterMistake> mistakes;  // none or one; the words are those before it
};

LexedFilter LexFilter(std::string_view text);

}  // namespace daybook
