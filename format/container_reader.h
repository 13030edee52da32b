// A compressed segment back to its content, however damaged it is.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "block.h"
#include "daybook/reader.h"

namespace daybook {

// True for a compressed segment, also a damaged one; false for a raw segment, and for what is
// neither.
bool IsContainer(Bytes file);

// Gets the content in order, piece by piece.
using ContentSink = std::function<void(Bytes content)>;

// Decodes every frame, or what can be decoded of it, in the order of the file, and returns what is
// wrong with the container: every byte of it that is not as it was written is in one of these.
std::vector<FrameDamage> ReadContainer(Bytes file, const ContentSink& sink);

struct DecodedContainer {
  std::vector<uint8_t> content;
  std::vector<FrameDamage> damage;
};
DecodedContainer DecodeContainer(Bytes file);

}  // namespace daybook
