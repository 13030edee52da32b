// Every process that has ended as lastcomm(1) of the GNU accounting utilities prints it, in the
// reverse order of the log.

#include <array>
#include <cstdio>
#include <span>
#include <string>
#include <variant>

#include "life_log.h"
#include "pacct/pacct_lives.h"
#include "reports/styles.h"
#include "table/held_rows.h"
#include "text/names.h"
#include "time/time_units.h"

namespace daybook {
namespace {

constexpr int kCommWidth = 16;
constexpr int kNameWidth = 8;  // of a user, and of a terminal
constexpr double kSecond = 1e6;

// Of each bit of the flags, from AFORK's on, in the order in which they are shown.
struct FlagLetter {
  uint8_t flag;
  char letter;
};
constexpr FlagLetter kFlagLetters[] = {{kPacctSu, 'S'},
                                       {kPacctFork, 'F'},
                                       {kPacctCompat, 'C'},
                                       {kPacctCore, 'D'},
                                       {kPacctSignal, 'X'}};

std::string FlagsText(uint8_t flags) {
  std::string text;
  for (const FlagLetter& known : kFlagLetters) {
    text += (flags & known.flag) != 0 ? known.letter : ' ';
  }
  return text;
}

// What could drive a terminal, or is no ASCII, is shown as "?".
std::string CommText(const Life& life) {
  std::string text = life.identity.comm.value_or("");
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text;
}

std::string TerminalText(uint32_t device) {
  constexpr uint32_t kConsole = 5U << 20 | 1;
  if (device == 0) return "__";
  if (device == kConsole) return "console";
  std::string name = TerminalName(device);
  if (name.find(':') == name.npos) return name;
  name[name.find(':')] = ',';
  return '[' + name + ']';
}

// "Tue Nov 14 22:13", as ctime(3) begins.
std::string TimeText(int64_t realtime_ns, const LocalZone& zone) {
  constexpr const char* kDays[] = {"Thu", "Fri", "Sat", "Sun",
                                   "Mon", "Tue", "Wed"};  // from 1970 on
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const LocalTime time = zone.At(realtime_ns);
  // Of the local calendar; also before 1970, where a clock says so.
  const int64_t second = UtcSeconds(time);
  const int64_t day = second / kSecondsPerDay - (second % kSecondsPerDay < 0 ? 1 : 0);
  const int64_t weekday = (day % 7 + 7) % 7;
  char text[sizeof("Tue Nov 14 22:13") + 16];
  std::snprintf(text, sizeof(text), "%s %s %2d %02d:%02d", kDays[weekday], kMonths[time.month - 1],
                time.day, time.hour, time.minute);
  return text;
}

// What its line tells of a life: cells, which take less memory than the line.
enum : size_t { kComm, kFlags, kUid, kTerminal, kCpu, kStart, kCells };

class Lines {
 public:
  explicit Lines(const LocalZone& zone) : zone_(zone) {}

  void Add(const Boot& boot, const Life& life);
  // An error where what waits in a file cannot be read back.
  Status WriteBackwards(OutputFile& file);

 private:
  std::string UserText(const Cell& uid);
  void Write(std::span<const Cell> cells, OutputFile& file);

  const LocalZone& zone_;
  AccountNames users_{AccountNames::Of::kUsers};
  HeldRows rows_{{.columns = {kComm, kFlags, kUid, kTerminal, kCpu, kStart}, .descending = true}};
  uint64_t added_ = 0;
};

std::string Lines::UserText(const Cell& uid) {
  const auto* known = std::get_if<uint64_t>(&uid);
  if (known == nullptr) return "??";
  const std::string* name = users_.Find(static_cast<uint32_t>(*known));
  return name != nullptr ? *name : std::to_string(*known);
}

void Lines::Add(const Boot& boot, const Life& life) {
  const std::string comm = CommText(life);
  const std::array<Cell, kCells> cells = {Text{comm},
                                          uint64_t{PacctFlags(life)},
                                          OptionalCell(life.identity.uid),
                                          uint64_t{life.identity.tty.value_or(0)},
                                          life.usage.cpu_us.value_or(0),
                                          boot.clock.ToRealtime(life.start_ns).value_or(0)};
  const uint64_t number = added_++;
  rows_.Add(number, cells, number);
}

Status Lines::WriteBackwards(OutputFile& file) {
  return rows_.ForEach([&](uint64_t /*number*/, std::span<const Cell> cells) {
    Write(cells, file);
    return !file.closed();
  });
}

void Lines::Write(std::span<const Cell> cells, OutputFile& file) {
  const std::string comm(std::get<Text>(cells[kComm]).bytes);
  const auto flags = static_cast<uint8_t>(std::get<uint64_t>(cells[kFlags]));
  const auto terminal = static_cast<uint32_t>(std::get<uint64_t>(cells[kTerminal]));
  const double cpu_s = static_cast<double>(std::get<uint64_t>(cells[kCpu])) / kSecond;
  const int64_t start_ns = std::get<int64_t>(cells[kStart]);
  char line[256];
  const int size =
      std::snprintf(line, sizeof(line), "%-*.*s %s %-*.*s %-*.*s %6.2f secs %-16.16s\n", kCommWidth,
                    kCommWidth, comm.c_str(), FlagsText(flags).c_str(), kNameWidth, kNameWidth,
                    UserText(cells[kUid]).c_str(), kNameWidth, kNameWidth,
                    TerminalText(terminal).c_str(), cpu_s, TimeText(start_ns, zone_).c_str());
  file.buffer().append(line, static_cast<size_t>(size));
  file.Written();
}

Result<Answer> WriteLastcomm(const Question& question) {
  Lines lines(question.zone);
  const Coverage coverage = ReadLives(question, [&](const Boot& boot, const Life& life) {
    if (life.state != LifeState::kEnded) return LifeUse::kFiltered;
    lines.Add(boot, life);
    return LifeUse::kUsed;
  });
  if (Status written = lines.WriteBackwards(*question.output); !written) {
    return std::move(written).error();
  }
  return Answer{.coverage = coverage};
}

}  // namespace

constinit const std::array<Style, 1> kLastcommStyles = {
    Style{.name = "lastcomm", .summary = "as lastcomm prints it", .write = WriteLastcomm}};

}  // namespace daybook
