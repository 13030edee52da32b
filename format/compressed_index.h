// The index of a compressed segment, and single frames by what it says of them.
#pragma once

#include <optional>

#include "block.h"
#include "buffer.h"
#include "compression.h"
#include "daybook/compress.h"
#include "regular_file.h"

namespace daybook {

Result<CompressedIndex> ReadCompressedIndex(const RegularFile& file);

// True where all of the segment is in blocks, whose numbers go on from frame to frame: nothing was
// missing when it was compressed, and each frame tells which times are in it.
bool IsSound(const CompressedIndex& index);

// What the segment's SEGMENT_END would say, from the descriptions of the frames: without a reason,
// and with the last moment as the time. nullopt where there is no segment, or some of it is in no
// block, so that no block tells its time.
std::optional<SegmentEnd> EndOf(const CompressedIndex& index);

// Replaces `content` by that of the frame, held against its description.
Status DecodeFrame(Bytes bytes, const Frame& frame, FrameDecoder& decoder, Buffer* content);

}  // namespace daybook
