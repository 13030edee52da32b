#include "text/names.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>

#include <csignal>
#include <cstring>

#include "text/escape.h"

namespace daybook {
namespace {

// Ranges of minors of the terminal drivers, see Documentation/admin-guide/devices.txt of Linux.
struct TerminalRange {
  uint32_t major;
  uint32_t first_minor;
  uint32_t last_minor;
  std::string_view prefix;
};
constexpr uint32_t kMaxMinor = (1U << 20) - 1;
constexpr TerminalRange kTerminalRanges[] = {
    {4, 0, 63, "tty"},          {4, 64, 255, "ttyS"},    {136, 0, kMaxMinor, "pts/"},
    {166, 0, 255, "ttyACM"},    {188, 0, 255, "ttyUSB"}, {204, 64, 79, "ttyAMA"},
    {229, 0, kMaxMinor, "hvc"},
};

uint32_t Major(uint64_t device) { return static_cast<uint32_t>(device >> 20); }
uint32_t Minor(uint64_t device) { return static_cast<uint32_t>(device) & kMaxMinor; }

}  // namespace

std::string SignalName(uint64_t signal) {
  const auto first_realtime = static_cast<uint64_t>(SIGRTMIN);
  if (signal >= first_realtime && signal <= static_cast<uint64_t>(SIGRTMAX)) {
    if (signal == first_realtime) return "SIGRTMIN";
    return fmt::format("SIGRTMIN+{}", signal - first_realtime);
  }
  const char* name = signal < first_realtime ? sigabbrev_np(static_cast<int>(signal)) : nullptr;
  return name != nullptr ? fmt::format("SIG{}", name) : fmt::to_string(signal);
}

std::optional<uint64_t> SignalNumber(std::string_view name) {
  constexpr std::string_view kPrefix = "SIG";
  for (uint64_t signal = 1; signal <= static_cast<uint64_t>(SIGRTMAX); ++signal) {
    const std::string full = SignalName(signal);
    const bool is_short = full.starts_with(kPrefix) && full.substr(kPrefix.size()) == name;
    if (full == name || is_short || fmt::to_string(signal) == name) return signal;
  }
  return std::nullopt;
}

std::string TerminalName(uint64_t device) {
  if (device == 0) return "none";
  for (const TerminalRange& range : kTerminalRanges) {
    const uint32_t minor = Minor(device);
    if (Major(device) == range.major && minor >= range.first_minor && minor <= range.last_minor) {
      return fmt::format("{}{}", range.prefix, minor - range.first_minor);
    }
  }
  return DeviceNumbers(device);
}

std::string DeviceNumbers(uint64_t device) {
  return fmt::format("{}:{}", Major(device), Minor(device));
}

std::string HexId(const Id128& id) {
  std::string text;
  AppendHex(id.bytes, &text);
  return text;
}

bool AccountNames::Has(Of of, const std::string& name) {
  return of == Of::kUsers ? getpwnam(name.c_str()) != nullptr : getgrnam(name.c_str()) != nullptr;
}

std::vector<std::string> AccountNames::All(Of of) {
  std::vector<std::string> names;
  if (of == Of::kUsers) {
    setpwent();
    while (const passwd* user = getpwent()) names.emplace_back(user->pw_name);
    endpwent();
  } else {
    setgrent();
    while (const group* group = getgrent()) names.emplace_back(group->gr_name);
    endgrent();
  }
  return names;
}

const std::string* AccountNames::Find(uint32_t id) {
  if (last_ == nullptr || last_->first != id) {
    const auto [entry, is_new] = names_.try_emplace(id);
    if (is_new) entry->second = LookUp(id);
    last_ = &*entry;
  }
  return last_->second ? &*last_->second : nullptr;
}

std::optional<std::string> AccountNames::LookUp(uint32_t id) const {
  if (of_ == Of::kUsers) {
    const passwd* user = getpwuid(id);
    return user != nullptr ? std::optional<std::string>(user->pw_name) : std::nullopt;
  }
  const group* group = getgrgid(id);
  return group != nullptr ? std::optional<std::string>(group->gr_name) : std::nullopt;
}

}  // namespace daybook
