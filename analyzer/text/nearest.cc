#include "text/nearest.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace daybook {
namespace {

// Letters to insert, remove or replace to turn `a` into `b`.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

// The only one that begins with it; empty where there are more or none.
std::string_view OnlyCompletion(std::string_view word,
                                std::span<const std::string_view> candidates) {
  const auto begins = [word](std::string_view candidate) { return candidate.starts_with(word); };
  if (std::ranges::count_if(candidates, begins) != 1) return "";
  return *std::ranges::find_if(candidates, begins);
}

}  // namespace

std::string DidYouMean(std::string_view word, std::span<const std::string_view> candidates) {
  constexpr size_t kMaxChanges = 3;
  constexpr size_t kShortOption = 2;  // of which each letter is another one
  if (word.empty() || (word.starts_with('-') && word.size() <= kShortOption)) return "";
  const size_t letters = word.size() - std::min(word.find_first_not_of('-'), word.size());
  std::string_view best = OnlyCompletion(word, candidates);
  if (!best.empty()) return fmt::format("; did you mean '{}'?", best);
  // Not so far that any short word would do.
  size_t best_changes = std::min(kMaxChanges, letters / 2) + 1;
  for (const std::string_view candidate : candidates) {
    const size_t changes = EditDistance(word, candidate);
    if (changes >= best_changes) continue;
    best = candidate;
    best_changes = changes;
  }
  return best.empty() ? "" : fmt::format("; did you mean '{}'?", best);
}

std::string DidYouMeanOneOf(std::string_view word, std::span<const std::string_view> candidates) {
  const std::string hint = DidYouMean(word, candidates);
  return hint.empty() ? fmt::format("; there are {}", fmt::join(candidates, ", ")) : hint;
}

}  // namespace daybook
