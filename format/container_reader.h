// A compressed segment back to its content, however damaged it is.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "block.h"
#include "buffer.h"
#include "daybook/reader.h"

namespace daybook {

// True for a compressed segment, also a damaged one; false for a raw segment, and for what is
// neither.
bool IsContainer(Bytes file);

// Gets the content in order, piece by piece.
using ContentSink = std::function<void(Bytes content)>;

struct ContainerReport {
  // Every byte of the file that is not as it was written is in one of these.
  std::vector<FrameDamage> damage;
  // The content has the length and the checksum that the head tells of.
  bool is_whole = false;
};

// Decodes every frame, or what can be decoded of it, in the order of the file.
ContainerReport ReadContainer(Bytes file, const ContentSink& sink);

struct DecodedContainer {
  Buffer content;
  std::vector<FrameDamage> damage;
  bool is_whole = false;
};
DecodedContainer DecodeContainer(Bytes file);

}  // namespace daybook
