// Which files of a log need not be read for a window of time. Pure logic over what their heads and
// ends say; where that is not plain, a file is read.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "daybook/compress.h"
#include "daybook/peek.h"
#include "time/window.h"

namespace daybook {

struct PeekedFile {
  SegmentPeek peek;
  // False where more segments than the first may stand in the file.
  bool holds_one_segment = false;
};

// For rows that rest on their own segment only: true for each file of which no moment lies within
// the window. `files` are in the order in which they are to be read.
std::vector<bool> SegmentsOutside(std::span<const PeekedFile> files, const Window& window);

// The same for the frames of a compressed segment: true for each that has to be read. A record
// without a time has that of the block before it.
std::vector<bool> FramesInside(const CompressedIndex& index, const Window& window);

// For rows about lives, which may begin before and end after a segment. Those of one boot do not
// depend on other boots: true for the files of each boot of which no life touches the window.
//
// The last boot of a log is never left out before the window, since its lives go on; and of a boot
// behind the window the first file is read, because it ends the lives of the boot before it.
std::vector<bool> BootsOutside(std::span<const PeekedFile> files, const Window& window);

// How much of a file is to be read. Its head tells who was living when the segment began.
enum class Part : uint8_t { kNothing, kHead, kAll };

// Whether the snapshot in the head of the file with that index is whole, or there is none, as in
// what was imported. Asked of few.
using HeadCheck = std::function<bool(size_t file)>;

// For rows about lives that do not tell what these did before the window. Besides the boots outside
// it leaves out:
//  - Of each boot the files before the window, but for the last `kept_before` of them: the head of
//    the next one tells who was living. Of those who ended just before that was written only their
//    ends are told; with one file more, all. Not where the wall clock was set in them, since only
//    they tell the time of those births.
//  - Where lives are placed by their ends, the files behind the window. Of the first ones the head
//    is read: who is not there any more, and did not end, was lost.
// A head whose snapshot failed tells of nobody: then the one before it is needed, or behind it.
std::vector<Part> PartsForLives(std::span<const PeekedFile> files, const Window& window,
                                size_t kept_before, const HeadCheck& is_head_whole);

// The frames of a compressed segment that hold its head, and what events may be late: true for
// each.
std::vector<bool> FramesOfHead(const CompressedIndex& index);

}  // namespace daybook
