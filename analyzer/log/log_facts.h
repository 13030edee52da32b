// What records tell of the logs that they are of: their boots and clocks, what is there and what is
// missing. No I/O.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daybook/peek.h"
#include "daybook/reader.h"
#include "daybook/recorder_counts.h"
#include "lives/life_records.h"
#include "log/boot.h"
#include "log/coverage.h"
#include "log/joined_logs.h"
#include "log/missing_records.h"
#include "log/sequence.h"
#include "time/clock_map.h"
#include "time/window.h"

namespace daybook {

// What becomes of records that are there twice.
enum class Repeats : uint8_t { kSkip, kKeep };

class LogFacts {
 public:
  LogFacts(Repeats repeats, const Window& window) : repeats_(repeats), window_(window) {}

  // From now on paths of cgroups are kept.
  void KeepCgroups() { keeps_cgroups_ = true; }

  // These are read as one.
  void JoinLogs(JoinedIds joined) { joined_ = std::move(joined); }
  const JoinedIds& joined() const { return joined_; }

  // What follows is of that file. Where another log of its boot has ended before it: when, in the
  // time of the boot.
  void BeginFile(const std::string& path, std::optional<uint64_t> other_ended_ns);
  void EndFile() { EndLogChange(); }
  // It proved to be no log.
  void ForgetFile() { counts_ = counts_before_file_; }
  void AddUnreadable() { ++counts_.unreadable_files; }

  // What follows is of that segment. `head` says how it is known, `anchors` also what its parts
  // tell that are not read.
  enum class Head : uint8_t { kTold, kInferred };
  void EnterSegment(SegmentStart start, Head head, std::span<const Clock> anchors);
  // Of one of which nobody knows which it is.
  void EnterHeadless();
  bool is_in_segment() const { return boot_ != nullptr; }

  // False where it is to be skipped.
  bool Take(const RecordView& record);
  // False where nothing of it is to be handed out.
  bool TakeRun(LifeRun* run);
  void TakeGap(const Gap& gap);
  // What is not handed out, since no checksum proves it, or since it is outside the window.
  void TakeUnproved() { ++counts_.salvaged_records; }
  void TakeSkip(const Skip& skip);
  void TakeSkipped(const std::string& path, const SegmentPeek& segment);

  // Of the last record.
  const Boot& boot() const { return *boot_; }
  // As the LogSet's.
  bool InWindow(uint64_t first_ns, uint64_t last_ns);
  bool TellsTime() const { return segment_clock_.ToRealtime(0).has_value(); }
  // Of the last gap.
  uint64_t lost_in_gap() const { return lost_in_gap_; }
  const std::deque<Boot>& boots() const { return boots_; }
  const Coverage& counts() const { return counts_; }
  // The first segment of each log, read or left out, by the id of a boot.
  const std::map<Id128, SegmentStart>& first_segments() const { return first_segments_; }
  const std::vector<NotRecordedTime>& not_recorded() const { return not_recorded_; }
  const std::vector<SpanOfBoot>& lost_in_gaps() const { return lost_in_gaps_; }
  const std::vector<MissingRecords>& missing() const { return missing_; }

  // With what a look at all boots tells, but for which hosts they are of, and what several logs
  // tell of one of them.
  Coverage coverage() const;

 private:
  // What has been seen of one log.
  struct Log {
    std::optional<Id128> stream_id;
    Sequence numbers;
    Boot* boot = nullptr;                    // of the last segment that was read
    std::optional<SegmentEnd> left_out_end;  // where one was left out behind that
    std::optional<SegmentStart> segment;     // the last one, read or left out
    RecorderCounts counts;
  };

  void LeaveOutUpTo(uint64_t next_seq);
  void TakeTime(const RecordView& record);
  bool TakeLateRun(uint64_t late, LifeRun* run);
  void TakeNews(const RecordRun& run, const std::optional<LifeRun::Times>& times);
  void TakeAbout(const RecordView& record);
  void TakeRecorder(const Recorder& recorder);
  void TakeNotRecorded(const NotRecordedTime& time);
  void EndLogChange(const Recorder& start = {});
  void AddCounts(const RecorderCounts::More& more);
  void NoteFilter(std::string_view filter);
  void NoteCgroup(const CgroupPath& cgroup);
  void AddAnchor(uint64_t boot_ns, int64_t realtime_ns);
  Boot* AddBoot();
  Boot* BootOf(const SegmentStart& start);
  Log* LogOf(const SegmentStart& start);
  bool TakeNumber(uint64_t seq);
  void CountLate(uint64_t first_seq, uint64_t end_seq);
  bool IsLateSnapshot(const RecordView& record) const;
  bool TakeMissing(uint64_t next_seq, const SegmentStart* shown_by = nullptr);
  void AddMissing(const Sequence::Jump& jump, const SegmentStart* shown_by);

  Repeats repeats_;
  Window window_;
  bool keeps_cgroups_ = false;
  JoinedIds joined_;
  std::string path_;
  std::optional<uint64_t> other_ended_ns_;  // another log of the boot, before the next segment
  std::deque<Boot> boots_;
  Boot* boot_ = nullptr;
  std::map<std::pair<Id128, Id128>, Boot*> boots_by_id_;  // as of a boot
  ClockMap segment_clock_;                                // the anchors of the segment alone
  std::optional<std::vector<BootInterval>> in_window_;    // by segment_clock_
  std::map<Id128, Log> logs_;                             // by stream id
  std::map<Id128, SegmentStart> first_segments_;
  Log headless_;
  Log* log_ = nullptr;
  std::optional<uint64_t> next_in_file_;  // the next number, but behind what was left out unread
  LifeRecords decoded_anew_;
  Coverage counts_;
  Coverage counts_before_file_;
  std::vector<NotRecordedTime> not_recorded_;
  std::optional<NotRecordedTime> log_change_;  // before the segment that is read
  std::optional<uint64_t> forks_at_stop_;      // by the kernel's count, where no recorder followed
  uint64_t lost_in_gap_ = 0;
  std::vector<SpanOfBoot> lost_in_gaps_;
  std::vector<MissingRecords> missing_;
};

}  // namespace daybook
