// Every process that has ended as lastcomm(1) of the GNU accounting utilities prints it, in the
// reverse order of the log.

#include <cstdio>
#include <string>
#include <vector>

#include "life_log.h"
#include "pacct/pacct_lives.h"
#include "reports/styles.h"
#include "text/arena.h"
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

class Lines {
 public:
  explicit Lines(const LocalZone& zone) : zone_(zone) {}

  void Add(const Boot& boot, const Life& life);
  void WriteBackwards(OutputFile& file) const;

 private:
  std::string UserText(const Life& life);

  const LocalZone& zone_;
  AccountNames users_{AccountNames::Of::kUsers};
  Arena arena_;
  std::vector<std::string_view> lines_;
};

std::string Lines::UserText(const Life& life) {
  if (!life.identity.uid) return "??";
  const std::string* name = users_.Find(*life.identity.uid);
  return name != nullptr ? *name : std::to_string(*life.identity.uid);
}

void Lines::Add(const Boot& boot, const Life& life) {
  const double cpu_s = static_cast<double>(life.usage.cpu_us.value_or(0)) / kSecond;
  const auto start_ns = boot.clock.ToRealtime(life.start_ns);
  char line[256];
  const int size =
      std::snprintf(line, sizeof(line), "%-*.*s %s %-*.*s %-*.*s %6.2f secs %-16.16s\n", kCommWidth,
                    kCommWidth, CommText(life).c_str(), FlagsText(PacctFlags(life)).c_str(),
                    kNameWidth, kNameWidth, UserText(life).c_str(), kNameWidth, kNameWidth,
                    TerminalText(life.identity.tty.value_or(0)).c_str(), cpu_s,
                    TimeText(start_ns.value_or(0), zone_).c_str());
  lines_.push_back(arena_.Keep({line, static_cast<size_t>(size)}));
}

void Lines::WriteBackwards(OutputFile& file) const {
  for (auto line = lines_.rbegin(); line != lines_.rend() && !file.closed(); ++line) {
    file.buffer() += *line;
    file.Written();
  }
}

Result<Answer> WriteLastcomm(const Question& question) {
  Lines lines(question.zone);
  const Coverage coverage = ReadLives(question, [&](const Boot& boot, const Life& life) {
    if (life.state != LifeState::kEnded) return LifeUse::kFiltered;
    lines.Add(boot, life);
    return LifeUse::kUsed;
  });
  lines.WriteBackwards(*question.output);
  return Answer{.coverage = coverage};
}

}  // namespace

constinit const std::array<Style, 1> kLastcommStyles = {
    Style{.name = "lastcomm", .summary = "as lastcomm prints it", .write = WriteLastcomm}};

}  // namespace daybook
