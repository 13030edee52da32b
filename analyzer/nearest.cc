#include "nearest.h"

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

}  // namespace

std::string DidYouMean(std::string_view word, std::span<const std::string_view> candidates) {
  constexpr size_t kMaxChanges = 3;
  std::string_view best;
  // Not so far that any short word would do.
  size_t best_changes = std::min(kMaxChanges, word.size() / 2) + 1;
  for (const std::string_view candidate : candidates) {
    const size_t changes = EditDistance(word, candidate);
    if (changes >= best_changes) continue;
    best = candidate;
    best_changes = changes;
  }
  return best.empty() ? "" : fmt::format("; did you mean '{}'?", best);
}

}  // namespace daybook
