// What the head of a segment says of where it was written.
#pragma once

#include <optional>
#include <string>

#include "daybook/records.h"

namespace daybook {

struct SegmentHead {
  std::string host;  // its name, else what it is called without one; empty where nothing tells
  bool is_imported = false;
};

// Reads no further than to the host's name.
SegmentHead ReadSegmentHead(const std::string& path);

// What a host without a name is called: the hash of its machine id, else the id of its log, so that
// two of which neither is known are two. nullopt where nothing tells.
std::optional<std::string> NameWithout(const SegmentStart& segment);

}  // namespace daybook
