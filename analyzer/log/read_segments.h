// The segments of a log, each read to its end, for who judges them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daybook/reader.h"
#include "log/log_set.h"
#include "log/verdict.h"

namespace daybook {

// A segment as it was read, with what only its row tells.
struct ReadSegment {
  SegmentFacts facts;
  std::string path;
  const Boot* boot = nullptr;
  uint64_t records = 0;
  std::vector<FrameDamage> frames;
  std::vector<uint64_t> salvageable;  // records of each gap, numbered or not
};

// Reads everything: what the next segment knows of one is learnt only then.
std::vector<ReadSegment> ReadSegments(LogSet& log);

}  // namespace daybook
