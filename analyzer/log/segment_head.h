// What the head of a segment says of where it was written.
#pragma once

#include <string>

namespace daybook {

struct SegmentHead {
  std::string host;  // its name, else the hash of its machine id; empty where nothing tells
  bool is_imported = false;
};

// Reads no further than to the host's name.
SegmentHead ReadSegmentHead(const std::string& path);

}  // namespace daybook
