#include "chosen_frames.h"

#include <algorithm>
#include <vector>

#include "compressed_index.h"
#include "container.h"
#include "regular_file.h"

namespace daybook {
namespace {

uint64_t ContentBytes(const CompressedIndex& index, const std::vector<bool>& chosen) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < chosen.size(); ++i) {
    if (chosen[i]) bytes += index.frames[i].description.raw_bytes;
  }
  return bytes;
}

// Appends what those frames hold, and notes what is left out between and behind them.
std::optional<Content> ReadFrames(const RegularFile& file, const CompressedIndex& index,
                                  const std::vector<bool>& chosen) {
  Content content{.bytes = {},
                  .is_compressed = true,
                  .is_durable = true,
                  .frame_damage = {},
                  .missing_tail = {},
                  .segment = index.segment,
                  .jumps = {},
                  .file_begin = 0};
  FrameDecoder decoder;
  Buffer frame_content;
  for (size_t i = 0; i < chosen.size(); ++i) {
    const auto& [begin, frame] = index.frames[i];
    if (!chosen[i]) {
      const bool goes_on = i > 0 && !chosen[i - 1];
      if (!goes_on) content.jumps.push_back({.at = content.bytes.size()});
      Jump& jump = content.jumps.back();
      jump.bytes += frame.raw_bytes;
      jump.logical_bytes = jump.bytes;
      jump.next_seq = frame.first_seq + frame.seq_count;
      continue;
    }
    const auto bytes = file.ReadAt(begin, frame.compressed_bytes);
    if (!bytes || !DecodeFrame(*bytes, frame, decoder, &frame_content)) return std::nullopt;
    content.bytes.insert(content.bytes.end(), frame_content.begin(), frame_content.end());
  }
  return content;
}

}  // namespace

std::optional<Content> ReadChosenFrames(const std::string& path, const FrameChoice& choose) {
  const auto file = RegularFile::Open(path);
  if (!file) return std::nullopt;
  const auto index = ReadCompressedIndex(*file);
  if (!index || !IsSound(*index)) return std::nullopt;
  std::vector<bool> chosen = choose(*index);
  chosen.resize(index->frames.size(), true);
  if (!chosen.empty()) chosen.front() = true;
  if (std::ranges::all_of(chosen, [](bool is_chosen) { return is_chosen; })) return std::nullopt;
  if (ContentBytes(*index, chosen) > ContentLimit(file->size())) return std::nullopt;
  return ReadFrames(*file, *index, chosen);
}

}  // namespace daybook
