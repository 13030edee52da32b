#include "options/option_values.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <map>
#include <system_error>
#include <utility>

#include "args/arg_mask.h"
#include "options/options.h"
#include "options/user_names.h"
#include "sources/filter.h"

namespace daybook {
namespace {

constexpr char kDigits[] = "0123456789";

constexpr uint64_t kDayNs = 86'400'000'000'000;
constexpr uint64_t kLongestTimeNs = 100'000 * kDayNs;

enum class NoUnit { kIsOne, kIsMistake };

// CLI11 takes a unit alone for one of it, reads numbers that begin with 0 as octal or hexadecimal
// ones, and does not say which units there are. What is too large for a number is the largest one:
// each option has bounds, and says which.
CLI::Validator AsQuantity(const std::map<std::string, uint64_t>& units, NoUnit no_unit,
                          const std::string& words) {
  const auto convert = [=](std::string& text) -> std::string {
    const size_t digits = std::min(text.find_first_not_of(kDigits), text.size());
    const std::string name = CLI::detail::trim_copy(text.substr(digits));
    const auto known = units.find(name);
    const bool has_unit = known != units.end() || (name.empty() && no_unit == NoUnit::kIsOne);
    if (digits == 0 || !has_unit) return "must be " + words;
    uint64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + digits, number);
    const uint64_t one = known != units.end() ? known->second : 1;
    const bool is_too_large = read.ec != std::errc() || number > UINT64_MAX / one;
    text = std::to_string(is_too_large ? UINT64_MAX : number * one);
    return {};
  };
  return CLI::Validator(convert, "");
}

// The name to the enumerator's number, which CLI11 can convert.
template <class Enum>
CLI::Validator AsEnum(const std::map<std::string, Enum>& values, const std::string& words) {
  const auto convert = [=](std::string& text) -> std::string {
    const auto value = values.find(text);
    if (value == values.end()) return "must be " + words;
    text = std::to_string(static_cast<int>(value->second));
    return {};
  };
  return CLI::Validator(convert, "");
}

// `fits` is asked of each value.
template <class Fits>
CLI::Validator Is(const Fits& fits, const std::string& words) {
  const auto check = [=](const std::string& text) {
    return fits(text) ? std::string() : "must be " + words;
  };
  return CLI::Validator(check, "");
}

}  // namespace

CLI::Validator AsTime() {
  return AsQuantity({{"us", 1'000},
                     {"ms", 1'000'000},
                     {"s", 1'000'000'000},
                     {"min", 60'000'000'000},
                     {"h", 3'600'000'000'000},
                     {"d", kDayNs}},
                    NoUnit::kIsMistake, "a whole number with us, ms, s, min, h or d");
}

CLI::Validator AsSize() {
  return AsQuantity({{"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}}, NoUnit::kIsOne,
                    "a whole number, perhaps with K, M or G");
}

CLI::Validator AsEventTypes() {
  const auto convert = [](std::string& text) -> std::string {
    const auto events = ParseEventTypes(text);
    if (!events) return "must be some of " + EventTypesText(kAllTypes) + ", with commas between";
    text = std::to_string(*events);
    return {};
  };
  return CLI::Validator(convert, "");
}

CLI::Validator AsUser() {
  const auto convert = [](std::string& text) -> std::string {
    constexpr uint32_t kNoUser = UINT32_MAX;  // to the kernel
    uint32_t uid = 0;
    if (CLI::detail::lexical_cast(text, uid) && std::to_string(uid) == text) {
      return uid == kNoUser ? text + " is no user's number" : "";
    }
    const auto found = FindUser(text);
    if (!found) return found.error().message();
    text = std::to_string(*found);
    return {};
  };
  return CLI::Validator(convert, "");
}

CLI::Validator AsPinFolder() {
  const auto convert = [](std::string& path) -> std::string {
    if (path == "none") return path.clear(), "";
    return path.starts_with('/') ? "" : "must be an absolute path, or none";
  };
  return CLI::Validator(convert, "");
}

CLI::Validator AsArgsMode() {
  return AsEnum<ArgsMode>({{"none", ArgsMode::kNone},
                           {"argv0", ArgsMode::kArgv0},
                           {"masked", ArgsMode::kMasked},
                           {"full", ArgsMode::kFull}},
                          "none, argv0, masked or full");
}

CLI::Validator AsUsageMode() {
  return AsEnum<UsageMode>({{"exact", UsageMode::kExact}, {"fast", UsageMode::kFast}},
                           "exact or fast");
}

CLI::Validator AsIdEvents() {
  return AsEnum<IdEvents>({{"none", IdEvents::kNone}, {"connector", IdEvents::kConnector}},
                          "none or connector");
}

CLI::Validator AsCompression() {
  return AsEnum<Compression>({{"none", Compression::kNone}, {"zstd", Compression::kZstd}},
                             "zstd or none");
}

CLI::Validator WithinTimes(uint64_t shortest_ns, const std::string& shortest) {
  return Within(shortest_ns, kLongestTimeNs, "from " + shortest + " to 100000d");
}

CLI::Validator Within(uint64_t lowest, uint64_t highest, const std::string& words) {
  const auto fits = [=](const std::string& text) {
    uint64_t value = 0;
    return CLI::detail::lexical_cast(text, value) && value >= lowest && value <= highest;
  };
  return Is(fits, words);
}

CLI::Validator IsFlag() {
  const auto fits = [](const std::string& text) { return text == "true" || text == "false"; };
  return Is(fits, "true or false");
}

CLI::Validator IsSource() {
  const auto fits = [](const std::string& source) {
    const bool replay =
        source.starts_with("replay:") && source.size() > std::string("replay:").size();
    return source == "auto" || source == "bpf" || source == "connector" || replay;
  };
  return Is(fits, "auto, bpf, connector or replay:FILE");
}

CLI::Validator IsRing() {
  const auto fits = [](const std::string& text) {
    uint64_t bytes = 0;
    return CLI::detail::lexical_cast(text, bytes) && std::has_single_bit(bytes) &&
           bytes >= 64 << 10 && bytes <= 1 << 30;
  };
  return Is(fits, "a power of two from 64K to 1G");
}

CLI::Validator IsCgroupPath() {
  const auto fits = [](const std::string& path) {
    const auto has = [&](const char* part) { return (path + "/").find(part) != std::string::npos; };
    const bool is_plain = path.starts_with('/') && !has("//") && !has("/./") && !has("/../");
    return is_plain || path == "/";
  };
  return Is(fits, "a cgroup's path as in /proc/PID/cgroup, such as /user.slice");
}

CLI::Validator IsMaskWord() {
  return Is([](const std::string& word) { return ArgMask::IsWord(word); },
            "of letters, digits and '-', two at least");
}

CLI::Validator IsQuotable() {
  const auto fits = [](const std::string& text) {
    const auto has = [&](char c) { return text.find(c) != text.npos; };
    return !has('\n') && !(has('"') && has('\''));
  };
  return Is(fits, "of one line, with one kind of quotes at most");
}

CLI::Validator IsFolder() {
  return Is([](const std::string& path) { return !path.empty(); }, "a folder's path");
}

CLI::Validator IsFileName() {
  const auto fits = [](const std::string& path) {
    const std::string name = path.substr(path.rfind('/') + 1);
    return !name.empty() && !name.starts_with("daybook-") && name != "daybook.ballast";
  };
  return Is(fits, "a file's path, without the name of a segment");
}

}  // namespace daybook
