// What people call the numbers that the kernel keeps.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daybook/field.h"

namespace daybook {

// "SIGKILL", "SIGRTMIN+3"; the number where it has no name.
std::string SignalName(uint64_t signal);

// 9 of "SIGKILL", "KILL" or "9"; nullopt where there is no such signal.
std::optional<uint64_t> SignalNumber(std::string_view name);

// "pts/3", "tty1", "ttyS0"; "4:300" where the numbers say nothing; "none" for 0. `device` is
// Unit::kDevice.
std::string TerminalName(uint64_t device);

// "8:1"
std::string DeviceNumbers(uint64_t device);

std::string HexId(const Id128& id);

// Names of users or groups by the accounts of this host, each looked up once.
class AccountNames {
 public:
  enum class Of : uint8_t { kUsers, kGroups };
  explicit AccountNames(Of of) : of_(of) {}

  // Whether an account of this host has that name.
  static bool Has(Of of, const std::string& name);
  // All that it lists.
  static std::vector<std::string> All(Of of);

  // nullptr where this host knows no such account. Valid as long as this object.
  const std::string* Find(uint32_t id);

 private:
  using Names = std::unordered_map<uint32_t, std::optional<std::string>>;

  std::optional<std::string> LookUp(uint32_t id) const;

  Of of_;
  Names names_;
  const Names::value_type* last_ = nullptr;  // what was asked for last
};

}  // namespace daybook
