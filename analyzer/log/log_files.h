// The files of logs, which nothing may be written over.
#pragma once

#include <span>
#include <string>

namespace daybook {

// True where `path` is a file of one of these logs, each a file, a folder or "-": of a folder, a
// segment or what its recorder says of itself.
bool IsPartOf(std::span<const std::string> logs, const std::string& path);

// True where a file is there that has the name of a segment.
bool IsSegment(const std::string& path);

}  // namespace daybook
