#include "columns/life_cells.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "text/byte_buffer.h"

namespace daybook {
namespace {

Cell StringCell(const std::optional<std::string>& text, const std::optional<uint64_t>& bytes) {
  if (!text) return std::monostate();
  return Text{.bytes = *text, .cut = bytes && *bytes > text->size()};
}

}  // namespace

bool AppendProcessId(const Boot& boot, uint32_t pid, uint64_t start_ns, std::string* out) {
  constexpr size_t kBootDigits = 16;
  if (!boot.boot_id) return false;
  std::array<char, kBootDigits + 2 * (1 + kMostNumberBytes)> text;
  char* end = std::copy_n(boot.boot_text.data(), kBootDigits, text.data());
  *end++ = '-';
  end = std::to_chars(end, end + kMostNumberBytes, start_ns / 1000, 16).ptr;
  *end++ = '-';
  out->append(text.data(), PutNumber(end, pid));
  return true;
}

Cell PidCell(const Life& life) { return life.pid == 0 ? Cell() : Cell(uint64_t{life.pid}); }

Cell WallTimeCell(const Boot& boot, const std::optional<uint64_t>& boot_ns) {
  if (!boot_ns) return std::monostate();
  return OptionalCell(boot.clock.ToRealtime(*boot_ns));
}

std::optional<uint64_t> ElapsedUs(const Life& life) {
  if (!life.end_ns || *life.end_ns < life.start_ns) return std::nullopt;
  return (*life.end_ns - life.start_ns) / 1000;
}

bool IsShortLived(const Life& life) {
  constexpr uint64_t kShortUs = 10'000;
  return ElapsedUs(life).value_or(kShortUs) < kShortUs;
}

Cell CommCell(const Life& life) { return StringCell(life.identity.comm, std::nullopt); }

Cell CpuSoFarCell(const Life& life) {
  return life.shown_cpu.time_ns != 0 ? Cell(life.shown_cpu.cpu_us) : Cell();
}

Cell ExeCell(const Life& life) {
  if (!life.image) return std::monostate();
  return StringCell(life.image->exe, life.image->exe_bytes);
}

Cell ArgumentsCell(const Life& life) {
  if (!life.image) return std::monostate();
  Cell cell = StringCell(life.image->args, life.image->args_bytes);
  // A secret and its mask differ in length: only what has no end was cut.
  if (auto* text = std::get_if<Text>(&cell); text && text->bytes.find("***") != text->bytes.npos) {
    text->cut = life.image->args_bytes && !text->bytes.ends_with('\0');
  }
  return cell;
}

std::string_view ArgumentsOf(const Life& life) {
  const bool are_known = life.image && life.image->args;
  return are_known ? std::string_view(*life.image->args) : std::string_view();
}

Cell ExitCodeCell(const Life& life) {
  if (!life.wait_status || (*life.wait_status & kSignalMask) != 0) return std::monostate();
  return uint64_t{ExitCodeOf(*life.wait_status)};
}

Cell SignalCell(const Life& life) {
  if (!life.wait_status || (*life.wait_status & kSignalMask) == 0) return std::monostate();
  return uint64_t{*life.wait_status & kSignalMask};
}

Cell CoreCell(const Life& life) {
  if (!life.wait_status) return std::monostate();
  return (*life.wait_status & kCoreBit) != 0;
}

Cell StateCell(const Life& life) {
  switch (life.state) {
    case LifeState::kRunning:
      return Text{.bytes = "running"};
    case LifeState::kEnded:
      return Text{.bytes = "ended"};
    case LifeState::kLost:
      return Text{.bytes = "lost"};
  }
  return std::monostate();
}

}  // namespace daybook
