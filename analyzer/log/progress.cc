#include "log/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "table/cell_text.h"
#include "time/local_zone.h"
#include "time/time_units.h"

namespace daybook {
namespace {

constexpr uint64_t kQuietNs = kNsPerSecond;  // before the first line
constexpr uint64_t kBetweenNs = kNsPerSecond / 4;

std::string TextOf(Kind kind, uint64_t number) {
  ByteBuffer text;
  AppendCellText(kind, Cell(number), LocalZone::Utc(), &text);
  return std::string(text.text());
}

size_t ColumnsOfStandardError() {
  winsize size{};
  constexpr size_t kUsual = 80;
  const bool is_known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return is_known ? size.ws_col : kUsual;
}

// In the background it would be written into what somebody types.
void WriteInForeground(std::string_view bytes) {
  if (tcgetpgrp(STDERR_FILENO) != getpgrp()) return;
  (void)!write(STDERR_FILENO, bytes.data(), bytes.size());
}

}  // namespace

Progress::Terminal Progress::StandardError() {
  const auto now_ns = [] {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<uint64_t>(std::chrono::nanoseconds(now).count());
  };
  return {.now_ns = now_ns, .columns = ColumnsOfStandardError, .write = WriteInForeground};
}

Progress::Progress(Terminal terminal)
    : terminal_(std::move(terminal)),
      began_ns_(terminal_.now_ns()),
      next_ns_(began_ns_ + kQuietNs) {}

void Progress::Expect(std::optional<uint64_t> bytes) {
  if (all_bytes_) all_bytes_ = bytes ? std::optional(*all_bytes_ + *bytes) : std::nullopt;
}

void Progress::Read(uint64_t bytes) {
  if (erased_) return;
  const uint64_t now_ns = terminal_.now_ns();
  if (now_ns < next_ns_) return;
  next_ns_ = now_ns + kBetweenNs;
  Draw(Line(bytes_before_ + bytes, now_ns - began_ns_));
}

void Progress::EndLogSet(uint64_t bytes) {
  bytes_before_ += bytes;
  Clear();
}

// A log that grows may have more than was expected.
std::string Progress::Line(uint64_t bytes, uint64_t elapsed_ns) const {
  const double seconds = static_cast<double>(elapsed_ns) / kNsPerSecond;
  const double rate = static_cast<double>(bytes) / seconds;
  const std::string per_second = TextOf(Kind::kBytes, static_cast<uint64_t>(rate)) + "/s";
  const std::string read = "daybook: read " + TextOf(Kind::kBytes, bytes);
  if (!all_bytes_ || bytes > *all_bytes_ || bytes == 0) return read + ", " + per_second;
  const double left = static_cast<double>(*all_bytes_ - bytes) / rate;
  return fmt::format("{} of {} ({}%), {}, {:.0f}s left", read, TextOf(Kind::kBytes, *all_bytes_),
                     100 * bytes / *all_bytes_, per_second, left);
}

// The last column stays free, since there a terminal may begin another line.
void Progress::Draw(std::string line) {
  const size_t columns = std::max<size_t>(terminal_.columns(), 1) - 1;
  line.resize(std::min(line.size(), columns));
  const size_t length = line.size();
  line.resize(std::max(length, std::min(drawn_, columns)), ' ');
  terminal_.write("\r" + line);
  drawn_ = length;
}

void Progress::Erase() {
  Clear();
  erased_ = true;
}

void Progress::Clear() {
  // The terminal may have become narrower.
  const size_t width = std::min(drawn_, std::max<size_t>(terminal_.columns(), 1) - 1);
  if (drawn_ > 0) terminal_.write("\r" + std::string(width, ' ') + "\r");
  drawn_ = 0;
}

}  // namespace daybook
