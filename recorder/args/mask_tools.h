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
  bool before_at = false;     // it ends before the last '@'; where none follows there is none
};

inline constexpr std::string_view kEveryMark = ":,%=";

// Nothing stands between '-' and the letter.
inline constexpr std::string_view kNeverCombined = "*";

// Where the secret stands.
enum class MaskPlace : uint8_t {
  kBehindFlag,  // in the flag's word or in the next one
  kLaterWord,   // htpasswd -b FILE USER X
  kToken,       // the first word that is no flag, behind the word `long_flag`: vault login X
  kLogin,       // the first word that is no flag, of all or behind the word `long_flag`:
                // sqlplus USER/X@DATABASE, rman target USER/X@DATABASE
  kAddress,     // the same: mysqlsh USER:X@HOST
};

struct MaskTool {
  std::string_view name;     // base name, or its begin where it ends in '*'
  std::string_view letters;  // short flags
  // Or a word that is none, or its end behind a '*'; its value follows where it ends in ':'.
  std::string_view long_flag;
  // Short flags that have a value: no other stands behind them in a word. All others may, as in
  // -su X: one that is missing here lets more be masked, not less.
  std::string_view with_value;
  SecretPart secret = {};
  MaskPlace place = MaskPlace::kBehindFlag;
};

inline constexpr std::string_view kCurlValues = "AbcCdDeEFhHKmoPQrtTwxXyYz";
inline constexpr std::string_view kCurlValuesAndUsers = "AcCdDeEFhHKmoPQrtTuUwxXyYz";
inline constexpr std::string_view kLdapValues = "DEFHOPRTUXYbdefhlopsyz";
inline constexpr std::string_view kMysqlValues = "#DOPSehu";
inline constexpr std::string_view kRarValues = "abcdefgijklmnoqrstuvwxyz";
inline constexpr std::string_view kSambaValues = "AILMOPRTWbcdilmnpst";
inline constexpr std::string_view kSnmpValues = "CDEILMOPRTYZaelmnrtuvx";
inline constexpr std::string_view kSshpassValues = "abcdfgijklmnoqrstuwxyzP";

// By name, so that those of one first letter stand together.
inline constexpr std::array kMaskTools = {
    MaskTool{"7z*", "p", "", kNeverCombined},
    MaskTool{"az", "p", "", kNeverCombined},
    MaskTool{"bcp", "P", "", "FKLSUabdefhimort"},
    MaskTool{"cqlsh", "p", "", "ketu"},
    MaskTool{"curl", "uU", "--user", kCurlValues, {.marks = ":"}},
    MaskTool{"curl", "", "--proxy-user", "", {.marks = ":"}},
    MaskTool{"curl", "b", "--cookie", kCurlValuesAndUsers, {.marks = "="}},  // else it is a file
    MaskTool{"curl", "x", "--proxy", kCurlValuesAndUsers, {.marks = ":", .before_at = true}},
    MaskTool{"curl", "E", "--cert", kCurlValuesAndUsers, {.marks = ":"}},
    MaskTool{"doveadm", "p", "", "su"},
    MaskTool{"etcdctl", "", "--user", "", {.marks = ":"}},
    MaskTool{"expdp", "", "", "", {}, MaskPlace::kLogin},
    MaskTool{"htpasswd", "bn", "", "Cr", {}, MaskPlace::kLaterWord},
    MaskTool{"http", "a", "", "Aops", {.marks = ":", .or_all = true}},
    MaskTool{"https", "a", "", "Aops", {.marks = ":", .or_all = true}},
    MaskTool{"impdp", "", "", "", {}, MaskPlace::kLogin},
    MaskTool{"ipmitool", "P", "", "ABCDHIKLNORSTUbdefklmopty"},
    MaskTool{"kubectl", "", "--from-literal", "", {.marks = "="}},
    MaskTool{"ldap*", "w", "", kLdapValues},
    MaskTool{"ldappasswd", "as", "", "DEHOPRTUXYbdefhlopwtyz"},
    MaskTool{"lftp", "u", "--user", "cefp", {.marks = ","}},
    MaskTool{"login", "p", "", "u"},  // docker login -p X
    MaskTool{"mariabackup", "p", "", kMysqlValues},
    MaskTool{"mariadb*", "p", "", kMysqlValues},
    MaskTool{"mariadb-admin", "", "*password", ""},
    MaskTool{"mongo*", "p", "", kNeverCombined},
    MaskTool{"mosquitto_*", "P", "--pw", kNeverCombined},
    MaskTool{"mosquitto_passwd", "b", "", "", {}, MaskPlace::kLaterWord},
    MaskTool{"mount*", "o", "", "LNOTUt", {.marks = "%", .key = "user"}},
    MaskTool{"mycli", "p", "", "DPRSehlu"},
    MaskTool{"mydumper", "p", "", kMysqlValues},
    MaskTool{"myloader", "p", "", kMysqlValues},
    MaskTool{"mysql*", "p", "", kMysqlValues},
    MaskTool{"mysqladmin", "", "*password", ""},
    MaskTool{"mysqlsh", "", "--uri", "", {.marks = ":", .before_at = true}, MaskPlace::kAddress},
    MaskTool{"net", "U", "--user", kSambaValues, {.marks = "%"}},
    MaskTool{"ngrok", "", "add-authtoken", "", {}, MaskPlace::kToken},
    MaskTool{"ngrok", "", "authtoken", "", {}, MaskPlace::kToken},
    MaskTool{"nmcli", "", "*password", ""},
    MaskTool{"nmcli", "", "*.psk", ""},
    MaskTool{"openssl", "", "-K", ""},
    MaskTool{"openssl", "", "-hmac", ""},
    MaskTool{"openssl", "", "-k", ""},
    MaskTool{"openssl", "", "-macopt", "", {.marks = ":"}},
    MaskTool{"plink", "", "-pw", ""},
    MaskTool{"pscp", "", "-pw", ""},
    MaskTool{"psftp", "", "-pw", ""},
    MaskTool{"putty", "", "-pw", ""},
    MaskTool{"rabbitmqadmin", "p", "", "HPVNcuf"},
    MaskTool{"rar", "p", "", kRarValues},
    MaskTool{"rdesktop", "p", "", "ATacdgknrsux"},
    MaskTool{"redis-cli", "a", "", "DXdhinprstu"},
    MaskTool{"redis-cli", "", "AUTH", "", {}, MaskPlace::kToken},
    MaskTool{"redis-cli", "", "auth", "", {}, MaskPlace::kToken},
    MaskTool{"redis-server", "", "--masterauth", ""},
    MaskTool{"rman", "", "auxiliary", "", {}, MaskPlace::kLogin},
    MaskTool{"rman", "", "catalog", "", {}, MaskPlace::kLogin},
    MaskTool{"rman", "", "target", "", {}, MaskPlace::kLogin},
    MaskTool{"rpcclient", "U", "--user", kSambaValues, {.marks = "%"}},
    MaskTool{"slappasswd", "s", "", "Tcho"},
    MaskTool{"smb*", "U", "--user", kSambaValues, {.marks = "%"}},
    MaskTool{"sdl-freerdp*", "", "/p:", ""},
    MaskTool{"smbmap", "p", "", kNeverCombined},
    MaskTool{"snmpbulk*", "AXc", "", kSnmpValues},
    MaskTool{"snmpget*", "AXc", "", kSnmpValues},
    MaskTool{"snmpinform", "AXc", "", kSnmpValues},
    MaskTool{"snmpset", "AXc", "", kSnmpValues},
    MaskTool{"snmptable", "AXc", "", kSnmpValues},
    MaskTool{"snmptrap", "AXc", "", kSnmpValues},
    MaskTool{"snmpwalk", "AXc", "", kSnmpValues},
    MaskTool{"sqlcmd", "P", "", "GHKMQSUVYZacdghilmoqrstvwyz"},
    MaskTool{"sqlldr", "", "", "", {}, MaskPlace::kLogin},
    MaskTool{"sqlplus", "", "", "", {}, MaskPlace::kLogin},
    MaskTool{"ssh-keygen", "NP", "", "CDEFIJKMORSTVWYZabfjmnrstwz"},
    MaskTool{"sshpass", "p", "", kSshpassValues},
    MaskTool{"tsql", "P", "", "DHISUJoptv"},
    MaskTool{"twine", "p", "", "cirsu"},
    MaskTool{"unrar", "p", "", kRarValues},
    MaskTool{"unzip", "P", "", "IOd"},
    MaskTool{"useradd", "p", "", "GKPRZbcdefgksu"},
    MaskTool{"usermod", "p", "", "GPRZcdefglsuvw"},
    MaskTool{"vault", "", "login", "", {}, MaskPlace::kToken},
    MaskTool{"vault", "", "unseal", "", {}, MaskPlace::kToken},
    MaskTool{"wget", "u", "--user", "ABDIOPQRTUaeilotw", {.marks = ":"}},
    MaskTool{"winexe", "U", "--user", kSambaValues, {.marks = "%"}},
    MaskTool{"wlfreerdp*", "", "/p:", ""},
    MaskTool{"xfreerdp*", "", "/p:", ""},
    MaskTool{"xfreerdp*", "", "/gp:", ""},
    MaskTool{"xh", "a", "", "Aop", {.marks = ":", .or_all = true}},
    MaskTool{"xhs", "a", "", "Aop", {.marks = ":", .or_all = true}},
    MaskTool{"xtrabackup", "p", "", kMysqlValues},
    MaskTool{"zip", "P", "", "OZbnst"},
};

// What it takes stands behind a word of its own: it is awaited only there.
constexpr bool HasAwaitingWord(const MaskTool& tool) {
  const bool is_awaited = tool.place == MaskPlace::kToken || tool.place == MaskPlace::kLogin;
  return is_awaited && !tool.long_flag.empty();
}

constexpr char FirstLetter(const MaskTool& tool) { return tool.name[0]; }
static_assert(std::ranges::is_sorted(kMaskTools, {}, FirstLetter));

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

// Those that a command line has named so far, each once.
class NamedTools {
 public:
  // False where it has been named before.
  bool Add(const MaskTool& tool) {
    if (std::ranges::find(all(), &tool) != all().end()) return false;
    tools_[count_++] = &tool;
    has_slash_flag_ = has_slash_flag_ || tool.long_flag.starts_with('/');
    has_awaiting_word_ = has_awaiting_word_ || HasAwaitingWord(tool);
    return true;
  }

  bool is_empty() const { return count_ == 0; }
  std::span<const MaskTool* const> all() const { return std::span(tools_).first(count_); }
  bool has_slash_flag() const { return has_slash_flag_; }
  bool has_awaiting_word() const { return has_awaiting_word_; }

 private:
  size_t count_ = 0;
  bool has_slash_flag_ = false;
  bool has_awaiting_word_ = false;
  std::array<const MaskTool*, kMaskTools.size()> tools_;  // those up to `count_`
};

}  // namespace daybook
