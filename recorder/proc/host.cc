#include "proc/host.h"

#include <sys/utsname.h>

#include <algorithm>
#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid.hpp>
#include <fstream>

#include "system/parse_number.h"

namespace daybook {
namespace {

std::string ReadLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// machine-id(5) asks not to show the id itself: a name-based UUID of it is as good for telling
// hosts apart and does not lead back.
Id128 HostId(const std::string& machine_id) {
  static constexpr boost::uuids::uuid kNamespace = {{0x64, 0x61, 0x79, 0x62, 0x6f, 0x6f, 0x4b, 0x64,
                                                     0x9d, 0x1c, 0x2b, 0x91, 0x0a, 0x72, 0x68,
                                                     0x6f}};
  Id128 id;
  if (ParseId(machine_id) == id) return id;
  const auto uuid = boost::uuids::name_generator_sha1(kNamespace)(machine_id);
  std::copy(uuid.begin(), uuid.end(), id.bytes.begin());
  return id;
}

}  // namespace

Id128 ParseId(std::string_view text) {
  Id128 id;
  size_t digits = 0;
  for (const char c : text) {
    if (c == '-') continue;
    const int digit = HexDigit(c);
    if (digit < 0 || digits == 2 * id.bytes.size()) return {};
    uint8_t& byte = id.bytes[digits++ / 2];
    byte = static_cast<uint8_t>(byte << 4 | digit);
  }
  return digits == 2 * id.bytes.size() ? id : Id128{};
}

LogIdentity ThisHost(const std::string& root) {
  LogIdentity identity;
  identity.host_id = HostId(ReadLine(root + "/etc/machine-id"));
  identity.boot_id = ParseId(ReadLine(root + "/proc/sys/kernel/random/boot_id"));
  utsname names = {};
  if (uname(&names) == 0) {
    identity.info = {{"hostname", names.nodename},
                     {"kernel", std::string(names.sysname) + " " + names.release},
                     {"machine", names.machine}};
  }
  return identity;
}

std::optional<uint64_t> KernelForks(const std::string& root) {
  constexpr std::string_view kKey = "processes ";
  std::ifstream file(root + "/proc/stat");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(kKey)) continue;
    const auto forks = ParseNumber<uint64_t>(std::string_view(line).substr(kKey.size()));
    if (forks) return forks;
  }
  return std::nullopt;
}

// A list of ranges, in order: "0-3,8-11".
std::optional<uint32_t> CpuNumbersEnd(const std::string& root) {
  const std::string list = ReadLine(root + "/sys/devices/system/cpu/possible");
  const size_t separator = list.find_last_of(",-");
  const size_t last_begin = separator == list.npos ? 0 : separator + 1;
  const auto last = ParseNumber<uint32_t>(std::string_view(list).substr(last_begin));
  if (!last || *last == UINT32_MAX) return std::nullopt;
  return *last + 1;
}

}  // namespace daybook
