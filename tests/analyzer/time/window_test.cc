// Answers for a window of time, over logs whose clock was set back and forth: against every record
// looked at one by one, and against the same answer without leaving out any file.

#include "time/window.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "analyzer/report_runner.h"
#include "analyzer/scripted_log.h"
#include "daybook/compress.h"

namespace daybook {
namespace {

constexpr int64_t kHourNs = 3'600'000'000'000;

// Writes boots of several segments each, with a wall clock that is set now and then, by some seeds.
class RandomLog {
 public:
  RandomLog(std::string folder, uint32_t seed)
      : folder_(std::move(folder)),
        is_stepping_(seed <= kSteppingSeeds),
        fails_snapshots_(seed % 2 == 0),
        random_(seed) {}
  static constexpr uint32_t kSteppingSeeds = 6;

  void WriteBoot(uint8_t boot, int segments) {
    now_ns_ = 5'000'000'000;
    living_.clear();
    LogIdentity identity;
    identity.boot_id.bytes.fill(boot);
    auto folder = OpenLogFolder(folder_);
    auto writer = LogWriter::Open(*std::move(folder), identity, [this] { return Read(); },
                                  {.block_bytes = 300, .sync = SyncPolicy::kNone});
    ASSERT_TRUE(writer) << writer.error().message();
    writer->Append(
        Recorder{.time_ns = now_ns_, .event = RecorderEvent::kStart, .abilities = "exit reap"});
    for (int segment = 0; segment < segments; ++segment) {
      // What is not compressed does not say whether the clock was set back again.
      steps_left_ = !is_stepping_ ? 0 : segment % 2 == 0 ? 25 : 1;
      WriteSegment(*writer);
      const bool is_last = segment + 1 == segments;
      ASSERT_TRUE(is_last ? writer->Close() : writer->Rotate(EndReason::kSize));
    }
    wall_ns_ += kHourNs;  // switched off
  }

  // Where the wall clock stands.
  int64_t wall_ns() const { return wall_ns_; }

 private:
  Clock Read() const {
    return {.time_ns = now_ns_, .realtime_ns = wall_ns_, .monotonic_ns = now_ns_};
  }
  void Pass(uint64_t ns) {
    now_ns_ += ns;
    wall_ns_ += static_cast<int64_t>(ns);
  }
  struct Process {
    uint32_t pid;
    uint64_t start_ns;
  };
  uint32_t Below(uint32_t end) { return static_cast<uint32_t>(random_() % end); }

  // Who has ended just before the snapshot is told behind it, as by a recorder that had the event
  // still waiting.
  void WriteSegment(LogWriter& writer) {
    std::optional<Process> ended;
    if (!living_.empty()) {
      ended = living_.back();
      living_.pop_back();
    }
    const bool fails = fails_snapshots_ && Below(3) == 0;
    writer.Append(SnapBegin{.time_ns = now_ns_});
    for (const Process& process : living_) {
      if (fails && Below(2) == 0) break;
      writer.Append(SnapProc{.pid = process.pid,
                             .start_ns = process.start_ns,
                             .ppid = 1,
                             .comm = "sh",
                             .exe = ExeOf(process.pid),
                             .cpu_us = 1 + Below(9)});
    }
    if (!fails) writer.Append(SnapEnd{.time_ns = now_ns_, .process_count = living_.size()});
    for (uint64_t id = 1; id < 8; ++id) {
      writer.Append(CgroupPath{.time_ns = now_ns_, .id = id, .path = "/padding/of/a/frame/or/two"});
    }
    Pass(1'000'000'000);
    if (ended) End(writer, *ended, now_ns_ - 1'500'000'000);
    for (int event = 0; event < 25; ++event) {
      Pass(uint64_t{1 + Below(600)} * 1'000'000'000);
      if (steps_left_ > 0 && Below(8) == 0) StepClock(writer);
      // Some come late, also over the end of a segment.
      const uint64_t time_ns = now_ns_ - uint64_t{Below(3)} * 400'000'000;
      if (living_.empty() || Below(2) == 0) {
        living_.push_back({next_pid_++, time_ns});
        const Process& born = living_.back();
        writer.Append(Fork{.time_ns = time_ns, .pid = born.pid, .ppid = 1});
        writer.Append(Exec{.time_ns = time_ns,
                           .pid = born.pid,
                           .start_ns = time_ns,
                           .comm = "sh",
                           .exe = ExeOf(born.pid)});
      } else {
        const size_t i = Below(static_cast<uint32_t>(living_.size()));
        End(writer, living_[i], time_ns);
        living_.erase(living_.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
  }

  // Of every other one the reap tells what it used.
  void End(LogWriter& writer, const Process& process, uint64_t time_ns) {
    const bool is_zombie = process.pid % 2 == 0;
    writer.Append(Exit{.time_ns = time_ns,
                       .pid = process.pid,
                       .start_ns = process.start_ns,
                       .wait_status = 0,
                       .flags = is_zombie ? 0 : kProcUsageExact,
                       .cpu_us = 10,
                       .comm = "sh"});
    if (!is_zombie) return;
    Pass(2'000'000'000);
    writer.Append(Reap{.time_ns = now_ns_,
                       .pid = process.pid,
                       .start_ns = process.start_ns,
                       .flags = kProcUsageExact,
                       .cpu_us = 11});
  }

  static std::string_view ExeOf(uint32_t pid) { return pid % 3 == 0 ? "/bin/a" : "/bin/b"; }

  void StepClock(LogWriter& writer) {
    --steps_left_;
    wall_ns_ += (int64_t{Below(9)} - 4) * kHourNs / 2;
    Clock clock = Read();
    clock.reason = ClockReason::kStep;
    writer.Append(clock);
  }

  std::string folder_;
  bool is_stepping_;
  bool fails_snapshots_;  // some of them
  int steps_left_ = 0;    // in this segment
  std::mt19937 random_;
  uint64_t now_ns_ = 0;
  int64_t wall_ns_ = kScriptRealtimeNs;
  uint32_t next_pid_ = 100;
  std::vector<Process> living_;
};

Ran RunIn(const Report& report, const std::string& path, const Window& window,
          LogSet::Skips skips) {
  Asked asked{.paths = {path}};
  asked.log = {.repeats = report.repeats, .window = window, .skips = skips};
  return RunReport(report, asked);
}

std::string FirstDifference(const Ran& some, const Ran& all) {
  const auto text = [](const Ran& ran, size_t row) {
    std::string joined = row < ran.rows.size() ? "" : "no row";
    for (size_t i = 0; row < ran.rows.size() && i < ran.rows[row].size(); ++i) {
      joined += ran.rows[row][i] + " ";
    }
    return joined;
  };
  size_t row = 0;
  while (row < all.rows.size() && text(some, row) == text(all, row)) ++row;
  return "\nfirst in row " + std::to_string(row) + ":\n" + text(some, row) + "\n" + text(all, row);
}

void ForgetColumn(std::string_view name, Ran* ran) {
  const size_t column = ran->ColumnOf(name);
  for (auto& row : ran->rows) row[column].clear();
}

// "file:offset" of every record in the window, each judged by the anchors before it in its segment.
std::vector<std::string> DumpByHand(const std::string& folder, const Window& window) {
  std::vector<std::string> places;
  const auto paths = FindSegments(folder);
  for (const std::string& path : *paths) {
    auto reader = SegmentReader::Open(path);
    std::vector<std::pair<uint64_t, int64_t>> anchors;
    for (Item item = reader->Next(); !std::holds_alternative<End>(item); item = reader->Next()) {
      const auto& record = std::get<RecordView>(item);
      if (anchors.empty()) {
        anchors.emplace_back(reader->segment()->time_ns, reader->segment()->realtime_ns);
      }
      if (Clock clock; record.As(&clock)) anchors.emplace_back(clock.time_ns, clock.realtime_ns);
      const uint64_t block_ns = record.base.time_ticks * record.base.tick_ns;
      const uint64_t time_ns =
          TimeOf(record).value_or(std::max(block_ns, reader->segment()->time_ns));
      auto anchor = anchors.front();
      for (const auto& later : anchors) {
        if (later.first <= time_ns && later.first >= anchor.first) anchor = later;
      }
      const int64_t wall_ns = anchor.second + static_cast<int64_t>(time_ns - anchor.first);
      if (window.since_ns && wall_ns < *window.since_ns) continue;
      if (window.until_ns && wall_ns >= *window.until_ns) continue;
      places.push_back(path + ":" + std::to_string(record.offset));
    }
  }
  return places;
}

class WindowTest : public testing::TestWithParam<uint32_t> {
 protected:
  WindowTest() {
    RandomLog log(folder_.path(), GetParam());
    for (uint8_t boot = 1; boot <= 3; ++boot) log.WriteBoot(boot, 4);
    end_ns_ = log.wall_ns();
    const auto folder = OpenLogFolder(folder_.path());
    for (uint64_t number = 1; number <= 12; number += 2) {
      EXPECT_TRUE(CompressSegment(**folder, number, {.frame_bytes = 700}));
    }
  }

  Window RandomWindow() {
    const auto moment = [&] {
      const auto span = static_cast<uint64_t>(end_ns_ - kScriptRealtimeNs + 4 * kHourNs);
      return kScriptRealtimeNs - 2 * kHourNs + static_cast<int64_t>(random_() % span);
    };
    Window window;
    if (random_() % 4 != 0) window.since_ns = moment();
    if (random_() % 4 != 0) window.until_ns = window.since_ns.value_or(moment()) + kHourNs;
    return window;
  }

  TempFolder folder_;
  std::mt19937_64 random_{GetParam()};
  int64_t end_ns_ = 0;
};

TEST_P(WindowTest, ADumpHasExactlyTheRecordsInTheWindow) {
  uint64_t skipped = 0;
  uint64_t skipped_bytes = 0;
  for (int round = 0; round < 12; ++round) {
    const Window window = RandomWindow();
    const Ran ran = RunIn(kDumpReport, folder_.path(), window, LogSet::Skips::kFrames);
    std::vector<std::string> places;
    for (const auto& row : ran.rows) places.push_back(row[0] + ":" + row[1]);
    ASSERT_EQ(places, DumpByHand(folder_.path(), window)) << round;
    skipped += ran.coverage.skipped_segments;
    skipped_bytes += ran.coverage.skipped_bytes;
  }
  EXPECT_GT(skipped, 12U);
  EXPECT_GT(skipped_bytes, 500U);
}

TEST_P(WindowTest, FilesThatAreLeftOutChangeNoRow) {
  std::map<std::string_view, uint64_t> skipped;
  for (int round = 0; round < 12; ++round) {
    Window window = RandomWindow();
    window.rule = static_cast<WindowRule>(round % 3);
    for (const Report* report :
         {&kDumpReport, &kInfoReport, &kListReport, &kTreeReport, &kSummaryReport}) {
      Ran all = RunIn(*report, folder_.path(), window, LogSet::Skips::kNothing);
      // By default its rows rest on nothing but ends.
      const auto skips = report == &kSummaryReport ? LogSet::Skips::kEnds : report->skips;
      Ran some = RunIn(*report, folder_.path(), window, skips);
      for (Ran* const ran : {&all, &some}) {
        // Only births tell from when on execs are counted.
        if (report == &kListReport) ForgetColumn("execs", ran);
        // Where it is asked for, it rests on more.
        if (report == &kSummaryReport) ForgetColumn("cpu_within_us", ran);
      }
      ASSERT_EQ(some.rows, all.rows) << report->name << round << FirstDifference(some, all);
      EXPECT_EQ(some.coverage.segments + some.coverage.skipped_segments, all.coverage.segments);
      EXPECT_EQ(some.coverage.missing_records, 0U);
      skipped[report->name] += some.coverage.skipped_segments;
    }
  }
  EXPECT_GT(skipped["info"], 12U);
  EXPECT_GT(skipped["list"], GetParam() > RandomLog::kSteppingSeeds ? 50U : 12U);
}

// Of the lives whose end is told: those that the whole list shows to have been there.
TEST_P(WindowTest, AListHasExactlyTheLivesInTheWindow) {
  const Ran whole = RunIn(kListReport, folder_.path(), {}, LogSet::Skips::kNothing);
  const size_t start = whole.ColumnOf("start_time");
  const size_t end = whole.ColumnOf("end_time");
  const size_t id = whole.ColumnOf("proc_id");
  const size_t state = whole.ColumnOf("state");
  for (int round = 0; round < 12; ++round) {
    const Window window = RandomWindow();
    std::set<std::string> expected;
    std::set<std::string> found;
    for (const auto& row : whole.rows) {
      if (row[state] != "ended") continue;
      const int64_t first_ns = std::stoll(row[start]);
      const int64_t last_ns = std::stoll(row[end]);
      if (window.until_ns && first_ns >= *window.until_ns) continue;
      if (window.since_ns && last_ns < *window.since_ns) continue;
      expected.insert(row[id]);
    }
    const Ran ran = RunIn(kListReport, folder_.path(), window, kListReport.skips);
    for (const auto& row : ran.rows) {
      if (row[state] == "ended") found.insert(row[id]);
    }
    ASSERT_EQ(found, expected) << round;
  }
}

// Whatever the clock does, and also those that ended unseen or still run.
TEST_P(WindowTest, EachLifeIsInOneOfThePeriodsThatFollowEachOther) {
  const auto count = [&](const Window& window) {
    return RunIn(kListReport, folder_.path(), window, kListReport.skips).rows.size();
  };
  const size_t all = count({});
  for (int round = 0; round < 6; ++round) {
    for (const WindowRule rule : {WindowRule::kStart, WindowRule::kEnd}) {
      const auto span = static_cast<uint64_t>(end_ns_ - kScriptRealtimeNs);
      const int64_t first = kScriptRealtimeNs + static_cast<int64_t>(random_() % span);
      const int64_t second = first + static_cast<int64_t>(random_() % (10 * kHourNs));
      EXPECT_EQ(count({.until_ns = first, .rule = rule}) +
                    count({.since_ns = first, .until_ns = second, .rule = rule}) +
                    count({.since_ns = second, .rule = rule}),
                all)
          << round;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, WindowTest,
                         testing::Range<uint32_t>(1, 2 * RandomLog::kSteppingSeeds + 1));

}  // namespace
}  // namespace daybook
