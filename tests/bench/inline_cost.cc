// What a life pays itself to be recorded, to some 0.2 microseconds: while timed_lives.c goes on
// on another CPU, what records is switched on for a moment and off for as long, in random order
// over all settings. The lives of such a moment are held against those of the two around it; what
// came from outside made few of them slower, by much: hence their lower quartiles, and beside them
// the medians. Nobody listens or is woken: the ring is emptied between slices, and never fills.
//   timed_lives ... | inline_cost SECONDS FOLDER SETTING...
// Settings: see switches.h. inline_cost.sh runs it.
//
// Processes are freed, and their reaps told, many at once, between lives: few of them pay for it,
// and quartiles do not show it. What all programs take by the kernel's own statistics is measured
// after that, since to count it is not free: it is in each of these numbers, about 60 ns.
#include <bpf/bpf.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "switches.h"
#include "system/clocks.h"
#include "system/file_descriptor.h"

namespace daybook {
namespace {

constexpr std::chrono::milliseconds kSlice(25);
// At the begin of each: to attach and detach sets things in motion that go on for a while.
constexpr uint64_t kSettlingNs = 3'000'000;
constexpr size_t kFewestLives = 50;
constexpr size_t kParts = 5;

constexpr int kStatisticsRounds = 5;
constexpr std::chrono::milliseconds kStatisticsSlice(100);
constexpr std::pair<std::string_view, const char*> kPrograms[] = {{"on_fork", "fork"},
                                                                  {"on_exec", "exec"},
                                                                  {"on_exit", "exit"},
                                                                  {"on_rename", "rename"},
                                                                  {"on_free", "reap"}};

// As timed_lives.c writes it.
struct TimedLife {
  uint64_t begin_ns;
  uint64_t took_ns;
};

struct Slice {
  uint64_t begin_ns;
  uint64_t end_ns;
};

struct Setting {
  std::string name;
  std::unique_ptr<Switch> recording;
  std::vector<size_t> slices;  // by their numbers: around each is one with all of them off
  uint64_t events = 0;
};

Slice Wait() {
  const uint64_t begin_ns = BootTimeNs();
  std::this_thread::sleep_for(kSlice);
  return {begin_ns, BootTimeNs()};
}

// What was told while only a part of it was attached is not counted.
Status SwitchOnce(Setting& setting, std::vector<Slice>& slices) {
  if (Status on = setting.recording->On(); !on) return on;
  if (const auto early = setting.recording->TakeEvents(); !early) return early.error();
  setting.slices.push_back(slices.size());
  slices.push_back(Wait());
  const Result<uint64_t> events = setting.recording->TakeEvents();
  if (!events) return events.error();
  setting.events += *events;
  if (Status off = setting.recording->Off(); !off) return off;
  slices.push_back(Wait());
  return Ok{};
}

Status SwitchAll(std::vector<Setting>& settings, uint64_t seconds, std::vector<Slice>& slices) {
  std::vector<Setting*> order;
  for (Setting& setting : settings) order.push_back(&setting);
  std::mt19937 random(1);
  const uint64_t end_ns = BootTimeNs() + seconds * 1'000'000'000;
  slices.push_back(Wait());
  while (BootTimeNs() < end_ns) {
    std::shuffle(order.begin(), order.end(), random);
    for (Setting* setting : order) {
      if (Status done = SwitchOnce(*setting, slices); !done) {
        return std::move(done).error().WithContext(setting->name);
      }
    }
  }
  return Ok{};
}

Status CountProgramTimes(std::vector<Setting>& settings) {
  const FileDescriptor counting(bpf_enable_stats(BPF_STATS_RUN_TIME));
  if (counting.get() < 0) return Error::FromErrno("bpf_enable_stats", errno);
  for (int round = 0; round < kStatisticsRounds; ++round) {
    for (const Setting& setting : settings) {
      if (Status on = setting.recording->On(); !on) return on;
      std::this_thread::sleep_for(kStatisticsSlice);
      if (Status off = setting.recording->Off(); !off) return off;
      if (const auto events = setting.recording->TakeEvents(); !events) return events.error();
    }
  }
  return Ok{};
}

std::vector<TimedLife> ReadLives(FILE* file) {
  std::vector<TimedLife> lives;
  std::array<TimedLife, 4096> some;
  while (const size_t count = fread(some.data(), sizeof(some[0]), some.size(), file)) {
    lives.insert(lives.end(), some.begin(), some.begin() + static_cast<ptrdiff_t>(count));
  }
  return lives;
}

// Those that lie in it as a whole.
std::span<const TimedLife> LivesOf(const Slice& slice, const std::vector<TimedLife>& lives) {
  const auto first =
      std::ranges::lower_bound(lives, slice.begin_ns + kSettlingNs, {}, &TimedLife::begin_ns);
  const auto end = std::ranges::lower_bound(
      lives, slice.end_ns, {}, [](const TimedLife& life) { return life.begin_ns + life.took_ns; });
  return first < end ? std::span(first, end) : std::span<const TimedLife>();
}

double Quantile(std::span<double> values, double share) {
  const auto place = static_cast<ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::ranges::nth_element(values, values.begin() + place);
  return values[static_cast<size_t>(place)];
}

using SliceQuantiles = std::vector<std::optional<double>>;  // nothing where there are too few lives

SliceQuantiles QuantileOfEach(const std::vector<Slice>& slices, const std::vector<TimedLife>& lives,
                              double share) {
  SliceQuantiles quantiles;
  for (const Slice& slice : slices) {
    std::vector<double> took;
    for (const TimedLife& life : LivesOf(slice, lives)) {
      took.push_back(static_cast<double>(life.took_ns));
    }
    quantiles.push_back(took.size() < kFewestLives ? std::nullopt
                                                   : std::optional(Quantile(took, share)));
  }
  return quantiles;
}

// In the order of time.
std::vector<double> Differences(const Setting& setting, const SliceQuantiles& quantiles) {
  std::vector<double> differences;
  for (const size_t on : setting.slices) {
    const auto& before = quantiles[on - 1];
    const auto& after = quantiles[on + 1];
    if (!before || !quantiles[on] || !after) continue;
    differences.push_back(*quantiles[on] - (*before + *after) / 2);
  }
  return differences;
}

// The median of all, and the least and the largest of those of each part of the time.
std::string FigureOf(std::vector<double> differences) {
  if (differences.size() < kParts) return "-";
  std::array<double, kParts> parts{};
  const std::span<double> all(differences);
  for (size_t part = 0; part < kParts; ++part) {
    const size_t begin = part * all.size() / kParts;
    parts[part] = Quantile(all.subspan(begin, (part + 1) * all.size() / kParts - begin), 0.5);
  }
  const auto [least, most] = std::ranges::minmax(parts);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%+.0f (%+.0f to %+.0f)", Quantile(all, 0.5), least,
                most);
  return text.data();
}

double EventsPerLife(const Setting& setting, const std::vector<Slice>& slices,
                     const std::vector<TimedLife>& lives) {
  const auto lives_before = [&lives](uint64_t time_ns) {
    return std::ranges::lower_bound(lives, time_ns, {}, &TimedLife::begin_ns) - lives.begin();
  };
  ptrdiff_t count = 0;
  for (const size_t on : setting.slices) {
    count += lives_before(slices[on].end_ns) - lives_before(slices[on].begin_ns);
  }
  return static_cast<double>(setting.events) / static_cast<double>(std::max<ptrdiff_t>(count, 1));
}

// Of those that each life goes through: others were run by who else was there.
void PrintProgramTimes(const Setting& setting) {
  const auto times = setting.recording->ProgramTimes();
  uint64_t most_runs = 1;
  for (const ProgramTime& time : times) most_runs = std::max(most_runs, time.runs);
  for (const auto& [program, name] : kPrograms) {
    const auto time = std::ranges::find(times, program, &ProgramTime::program);
    const bool is_of_lives = time != times.end() && time->runs > most_runs / 2;
    std::printf(" %6s", is_of_lives ? std::to_string(time->time_ns / time->runs).c_str() : "-");
  }
  std::printf("\n");
}

void Print(const std::vector<Setting>& settings, const std::vector<Slice>& slices,
           const std::vector<TimedLife>& lives) {
  const auto quartiles = QuantileOfEach(slices, lives, 0.25);
  const auto medians = QuantileOfEach(slices, lives, 0.5);
  std::printf("%-10s %26s %26s %6s", "setting", "ns over nothing", "by medians", "events");
  for (const auto& [program, name] : kPrograms) std::printf(" %6s", name);
  std::printf("\n");
  for (const Setting& setting : settings) {
    std::printf("%-10s %26s %26s %6.2f", setting.name.c_str(),
                FigureOf(Differences(setting, quartiles)).c_str(),
                FigureOf(Differences(setting, medians)).c_str(),
                EventsPerLife(setting, slices, lives));
    PrintProgramTimes(setting);
  }
  std::vector<double> off;
  for (size_t slice = 0; slice < slices.size(); slice += 2) {
    if (quartiles[slice]) off.push_back(*quartiles[slice]);
  }
  std::printf("%zu lives; without anything one takes %.0f ns\n", lives.size(),
              off.empty() ? 0 : Quantile(off, 0.5));
}

Result<std::vector<Setting>> MakeSettings(std::span<char*> names, const std::string& folder) {
  std::vector<Setting> settings;
  for (const char* name : names) {
    auto recording = MakeSwitch(name, folder);
    if (!recording) return std::move(recording).error().WithContext(name);
    settings.push_back({.name = name, .recording = *std::move(recording), .slices = {}});
  }
  return settings;
}

Status Measure(uint64_t seconds, const std::string& folder, std::span<char*> names) {
  auto settings = MakeSettings(names, folder);
  if (!settings) return settings.error();
  std::vector<Slice> slices;
  if (Status done = SwitchAll(*settings, seconds, slices); !done) return done;
  if (Status done = CountProgramTimes(*settings); !done) return done;
  const auto lives = ReadLives(stdin);
  if (lives.empty()) return Error("there were no lives");
  Print(*settings, slices, lives);
  return Ok{};
}

}  // namespace
}  // namespace daybook

int main(int argc, char** argv) {
  const uint64_t seconds = argc > 3 ? std::strtoull(argv[1], nullptr, 10) : 0;
  if (seconds == 0) {
    std::fprintf(stderr, "usage: inline_cost SECONDS FOLDER SETTING... <LIVES\n");
    return 2;
  }
  const auto names = std::span(argv, static_cast<size_t>(argc)).subspan(3);
  const daybook::Status done = daybook::Measure(seconds, argv[2], names);
  if (!done) std::fprintf(stderr, "inline_cost: %s\n", done.error().message().c_str());
  return done ? 0 : 1;
}
