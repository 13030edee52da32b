// Files and the names of segments, as reader and writer share them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daybook/result.h"
#include "daybook/writer.h"

namespace daybook {

// True for an errno value that says that there is no room: for anybody, or for this user.
bool IsDiskFull(int error_number);

// Everything from the descriptor's position to its end. `name` is for the error.
Result<std::vector<uint8_t>> ReadAll(int fd, const std::string& name);

Status WriteAll(LogFile& file, std::span<const uint8_t> bytes);

enum class SegmentForm : uint8_t { kRaw, kCompressed };

struct SegmentFile {
  uint64_t number = 0;
  SegmentForm form = SegmentForm::kRaw;
  auto operator<=>(const SegmentFile&) const = default;
};

// No file has a higher number, so that there always are some behind it.
inline constexpr uint64_t kMaxSegmentNo = 1'000'000'000'000'000'000;

std::string SegmentName(uint64_t segment_no, SegmentForm form = SegmentForm::kRaw);

// What a segment's file name says; nullopt where SegmentName gives no such name.
std::optional<SegmentFile> ParseSegmentName(std::string_view name);

}  // namespace daybook
