// The files of logs, in the order in which they are to be read, and how much of each.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daybook/peek.h"
#include "daybook/records.h"
#include "daybook/result.h"
#include "log/headless.h"
#include "log/joined_logs.h"
#include "log/segment_skips.h"
#include "time/window.h"

namespace daybook {

// How the name of a compressed segment ends, behind that of the raw one.
inline constexpr std::string_view kCompressed = ".zst";

struct FileToRead {
  std::string path;
  bool found_in_folder = false;     // by its name
  bool is_newest = false;           // in that folder
  std::optional<SegmentPeek> peek;  // where PeekFiles() was asked for
  std::optional<SegmentStart> first_segment;
  // What is known of it without its SEGMENT_START; `first_segment` may then come from others.
  std::optional<HeadlessSegment> headless;
  std::optional<uint64_t> other_ended_ns;  // another log of its boot, before this one
  Part part = Part::kAll;                  // that is to be read
  std::vector<Clock> anchors;              // also of frames that are not read
  uint64_t bytes = 0;                      // of one that is read whole, where there is a progress
};

// What is not read at all where it lies outside the window; see segment_skips.h.
enum class Skips : uint8_t {
  kNothing,
  kSegments,
  kFrames,  // segments, and of compressed ones frames
  kBoots,
  kLives,  // boots, and of them what rows that do not tell of births need not know
  kEnds,   // the same of rows that tell only what the ends of lives tell
};

// False also of "-", and of what is not there.
bool IsRegularFile(const std::string& path);

// Those that `path`, a file, a folder or "-", names: of a folder all, or the newest ones alone.
enum class Choice : uint8_t { kAll, kNewest };
Result<std::vector<FileToRead>> FindFiles(const std::string& path, Choice choice);

// Adds those that were made in the folder of the last one since it was listed. False where there
// are none.
bool AddNewFiles(std::vector<FileToRead>* files);

// Looks into them. A pipe can be read only once, and what cannot be read is reported when it is to
// be read.
void PeekFiles(std::span<FileToRead> files);

// By log in order of appearance, then by number. A file that does not tell stays behind the one
// that it was given after. Of copies of a segment the soundest is first: what others lack is then
// not missing.
void SortFiles(std::vector<FileToRead>* files);

// Joins logs that follow each other in a boot, whose files are sorted: those of the next one then
// stand behind those of the one before.
JoinedIds JoinFiles(std::vector<FileToRead>* files);

// What PeekFiles() found, as of a segment of one log with those that it is joined with: that would
// tell of the time in which nobody recorded.
SegmentPeek PeekOf(const FileToRead& file, const JoinedIds& joined);

// Sets how much of each is to be read.
void PlanParts(std::span<FileToRead> files, const JoinedIds& joined, Skips skips,
               const Window& window);

}  // namespace daybook
