// A compressed segment back to its content, however damaged it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "block.h"
#include "buffer.h"
#include "daybook/reader.h"

namespace daybook {

// True where the first bytes are those of a compressed segment. Where a file's name says what it
// is, the name decides: what is left of a raw segment may begin with anything that a program was
// given as an argument.
bool IsContainer(Bytes file);

// Gets the content in order, piece by piece.
using ContentSink = std::function<void(Bytes content)>;

// What the content lacks at its end: nothing in the content itself tells of it.
struct MissingTail {
  std::optional<uint64_t> next_seq;  // one more than the last number in it
};

struct ContainerReport {
  // Every byte of the file that is not as it was written is in one of these.
  std::vector<FrameDamage> damage;
  // The content has the length and the checksum that the head tells of.
  bool is_whole = false;
  std::optional<MissingTail> missing_tail;
};

// Decodes every frame, or what can be decoded of it, in the order of the file. That is to be one
// container: what follows it is reported like any other damage.
ContainerReport ReadContainer(Bytes file, const ContentSink& sink);

struct DecodedContainer {
  Buffer content;
  std::vector<FrameDamage> damage;
  bool is_whole = false;
  std::optional<MissingTail> missing_tail;
  std::optional<SegmentStart> segment;  // as the head says
};
DecodedContainer DecodeContainer(Bytes file);

// Several one after another, as cat makes of them. Where the file does not begin with one, what can
// be decoded of it is the first.
struct DecodedContainers {
  std::vector<DecodedContainer> containers;  // at least one
  size_t end = 0;                            // what follows from there on is no container
};
DecodedContainers DecodeContainers(Bytes file);

}  // namespace daybook
