// "Did you mean ...?"
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace daybook {

// "; did you mean 'list'?" for the only candidate that begins with the word, else for the one that
// takes the fewest changes of a letter, or nothing where none is near.
std::string DidYouMean(std::string_view word, std::span<const std::string_view> candidates);

// The same, else all that there are: "; there are text, json".
std::string DidYouMeanOneOf(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace daybook
