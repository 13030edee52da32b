// Writes roll-ups into one file, which appears under its name only when it is complete and on disk.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "daybook/result.h"
#include "daybook/writer.h"
#include "rollup/rollup.h"

namespace daybook {

enum class Replace : bool { kNo, kYes };  // a file that is there already

// What speaks against writing there, known before anything is read.
Status CheckNewFile(const std::string& path, Replace replace);

class RollupFile {
 public:
  // `path`: a file, or "-" for standard output, to which it is written bit by bit.
  static Result<RollupFile> Create(const std::string& path, Replace replace, int64_t now_ns);

  RollupFile(RollupFile&&) noexcept;
  RollupFile& operator=(RollupFile&&) = delete;
  // What was not closed is removed.
  ~RollupFile();

  // Numbers it, and counts its groups.
  Status Append(RollupFacts facts, std::span<const KeyedTotals> groups);
  Status Close();

  uint64_t rollups() const { return rollups_; }

 private:
  class Target;
  RollupFile(std::shared_ptr<Target> target, LogWriter writer);

  std::shared_ptr<Target> target_;
  LogWriter writer_;
  uint64_t rollups_ = 0;
};

}  // namespace daybook
