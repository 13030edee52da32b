// Programs that take a password behind a flag whose name says nothing of it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace daybook {

// Which part of a flag's value is the secret.
struct SecretPart {
  std::string_view marks;     // it stands behind the first such byte; none: it is all
  std::string_view key = {};  // that byte follows this
  bool or_all = false;        // without a mark it is all
};

inline constexpr std::string_view kEveryMark = ":,%";

// Nothing stands between '-' and the letter.
inline constexpr std::string_view kNeverCombined = "*";

struct MaskTool {
  std::string_view name;       // base name, or its begin where it ends in '*'
  std::string_view letters;    // short flags
  std::string_view long_flag;  // or a word that is none
  // Short flags that have a value: no other stands behind them in a word. All others may, as in
  // -su X: one that is missing here lets more be masked, not less.
  std::string_view with_value;
  SecretPart secret = {};
  bool is_later = false;  // it is not the first word behind the flag
};

inline constexpr std::string_view kCurlValues = "AbcCdDeEFhHKmoPQrtTwxXyYz";
inline constexpr std::string_view kLdapValues = "DEFHOPRTUXYbdefhlopsyz";
inline constexpr std::string_view kMysqlValues = "#DOPSehu";
inline constexpr std::string_view kRarValues = "abcdefgijklmnoqrstuvwxyz";
inline constexpr std::string_view kSambaValues = "AILMOPRTWbcdilmnpst";
inline constexpr std::string_view kSshpassValues = "abcdfgijklmnoqrstuwxyzP";

// By name, so that those of one first letter stand together.
inline constexpr std::array kMaskTools = {
    MaskTool{"7z*", "p", "", kNeverCombined},
    MaskTool{"az", "p", "", kNeverCombined},
    MaskTool{"bcp", "P", "", "FKLSUabdefhimort"},
    MaskTool{"curl", "uU", "--user", kCurlValues, {.marks = ":"}},
    MaskTool{"curl", "", "--proxy-user", "", {.marks = ":"}},
    MaskTool{"htpasswd", "bn", "", "Cr", {}, true},
    MaskTool{"http", "a", "", "Aops", {.marks = ":", .or_all = true}},
    MaskTool{"https", "a", "", "Aops", {.marks = ":", .or_all = true}},
    MaskTool{"ipmitool", "P", "", "ABCDHIKLNORSTUbdefklmopty"},
    MaskTool{"ldap*", "w", "", kLdapValues},
    MaskTool{"ldappasswd", "as", "", "DEHOPRTUXYbdefhlopwtyz"},
    MaskTool{"lftp", "u", "--user", "cefp", {.marks = ","}},
    MaskTool{"login", "p", "", "u"},  // docker login -p X
    MaskTool{"mariadb*", "p", "", kMysqlValues},
    MaskTool{"mariadb-admin", "", "password", ""},
    MaskTool{"mariadb-admin", "", "old-password", ""},
    MaskTool{"mongo*", "p", "", kNeverCombined},
    MaskTool{"mosquitto_*", "P", "--pw", kNeverCombined},
    MaskTool{"mount*", "o", "", "LNOTUt", {.marks = "%", .key = "user"}},
    MaskTool{"mycli", "p", "", "DPRSehlu"},
    MaskTool{"mysql*", "p", "", kMysqlValues},
    MaskTool{"mysqladmin", "", "password", ""},
    MaskTool{"mysqladmin", "", "old-password", ""},
    MaskTool{"net", "U", "--user", kSambaValues, {.marks = "%"}},
    MaskTool{"nmcli", "", "password", ""},
    MaskTool{"plink", "", "-pw", ""},
    MaskTool{"pscp", "", "-pw", ""},
    MaskTool{"psftp", "", "-pw", ""},
    MaskTool{"putty", "", "-pw", ""},
    MaskTool{"rar", "p", "", kRarValues},
    MaskTool{"redis-cli", "a", "", "DXdhinprstu"},
    MaskTool{"redis-server", "", "--masterauth", ""},
    MaskTool{"rpcclient", "U", "--user", kSambaValues, {.marks = "%"}},
    MaskTool{"smb*", "U", "--user", kSambaValues, {.marks = "%"}},
    MaskTool{"sqlcmd", "P", "", "GHKMQSUVYZacdghilmoqrstvwyz"},
    MaskTool{"ssh-keygen", "NP", "", "CDEFIJKMORSTVWYZabfjmnrstwz"},
    MaskTool{"sshpass", "p", "", kSshpassValues},
    MaskTool{"twine", "p", "", "cirsu"},
    MaskTool{"unrar", "p", "", kRarValues},
    MaskTool{"unzip", "P", "", "IOd"},
    MaskTool{"useradd", "p", "", "GKPRZbcdefgksu"},
    MaskTool{"usermod", "p", "", "GPRZcdefglsuvw"},
    MaskTool{"wget", "u", "--user", "ABDIOPQRTUaeilotw", {.marks = ":"}},
    MaskTool{"winexe", "U", "--user", kSambaValues, {.marks = "%"}},
    MaskTool{"zip", "P", "", "OZbnst"},
};

constexpr char FirstLetter(const MaskTool& tool) { return tool.name[0]; }
static_assert(std::ranges::is_sorted(kMaskTools, {}, FirstLetter));

static_assert(kMaskTools.size() <= 64);

// Where those stand whose name begins with that byte.
struct MaskToolRange {
  uint8_t begin = 0;
  uint8_t end = 0;
};
inline constexpr auto kMaskToolRanges = [] {
  std::array<MaskToolRange, 256> ranges{};
  for (size_t i = 0; i < kMaskTools.size(); ++i) {
    MaskToolRange& range = ranges[static_cast<uint8_t>(FirstLetter(kMaskTools[i]))];
    if (range.end == 0) range.begin = static_cast<uint8_t>(i);
    range.end = static_cast<uint8_t>(i + 1);
  }
  return ranges;
}();

constexpr std::span<const MaskTool> MaskToolsOf(char letter) {
  const MaskToolRange range = kMaskToolRanges[static_cast<uint8_t>(letter)];
  return std::span(kMaskTools).subspan(range.begin, range.end - range.begin);
}

}  // namespace daybook
