// What is kept of programs' arguments.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "args/arg_mask.h"
#include "daybook/whole_life.h"

namespace daybook {

// From the least to the most.
enum class ArgsMode { kNone, kArgv0, kMasked, kFull };

class KeptArgs {
 public:
  // `mask_words` are for ArgMask.
  KeptArgs(ArgsMode mode, size_t max_bytes, const std::vector<std::string>& mask_words)
      : mode_(mode), max_bytes_(max_bytes), mask_(mask_words) {}

  // Valid as long as `args`, and until the next call.
  std::optional<std::string_view> operator()(std::string_view args);

 private:
  ArgsMode mode_;
  size_t max_bytes_;
  ArgMask mask_;
};

// Decides that; where it is empty, all of them are kept. What it returns is valid until the next
// call.
using KeepArgs = std::function<std::optional<std::string_view>(std::string_view args)>;

// Here the arguments of every source pass.
template <class Record>
Record WithKeptArgs(Record record, const KeepArgs& keep_args) {
  if (record.args && keep_args) record.args = keep_args(*record.args);
  return record;
}
inline WholeLife WithKeptArgs(WholeLife life, const KeepArgs& keep_args) {
  if (life.args && keep_args) SetArgs(keep_args(*life.args), ArgsBytesOf(life), &life);
  return life;
}

}  // namespace daybook
