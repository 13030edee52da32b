#include "log/log_files.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "daybook/peek.h"
#include "daybook/status.h"

namespace daybook {
namespace {

namespace fs = std::filesystem;

bool IsOfRecorder(const fs::path& file) {
  const fs::path extension = file.extension();
  return extension == ".dbk" || extension == ".zst" || file.filename() == kStatusFileName;
}

bool IsPartOfFolder(const std::string& folder, const fs::path& path) {
  std::error_code unknown;
  for (const auto& file : fs::directory_iterator(folder, unknown)) {
    if (IsOfRecorder(file.path()) && fs::equivalent(file.path(), path, unknown)) return true;
  }
  return false;
}

}  // namespace

bool IsSegment(const std::string& path) {
  std::error_code unknown;  // also of what a link leads to
  const fs::path written = fs::canonical(path, unknown);
  return !unknown && SegmentNumberOf(written.string());
}

bool IsPartOf(std::span<const std::string> logs, const std::string& path) {
  std::error_code unknown;
  if (path == "-" || !fs::is_regular_file(path, unknown)) return false;
  return std::ranges::any_of(logs, [&](const std::string& log) {
    if (fs::is_directory(log, unknown)) return IsPartOfFolder(log, path);
    return fs::equivalent(log == "-" ? "/dev/stdin" : log, path, unknown);
  });
}

}  // namespace daybook
