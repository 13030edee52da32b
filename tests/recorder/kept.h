// Records that outlive who handed them over, and that say what they are when a test fails.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daybook/reader.h"
#include "daybook/records.h"
#include "daybook/whole_life.h"
#include "sources/source.h"

namespace daybook {

// fork { time=1 pid=2 ... }; what is unknown is left out.
template <class Record>
requires requires { Schema<Record>::kType; }
std::ostream& operator<<(std::ostream& out, const Record& record);

class StringStore {
 public:
  // A copy of the record whose strings stand here.
  template <class Record>
  Record Keep(Record record);

 private:
  std::deque<std::string> strings_;  // never moves what it holds
};

using Event = std::variant<Fork, Exec, Exit, Lost, Reap, CommChange, CgroupPath, RecordingGap>;

class KeptEvents : public EventSink {
 public:
  void OnFork(const Fork& fork) override;
  void OnExec(const Exec& exec) override;
  void OnExit(const Exit& exit) override;
  void OnLost(const Lost& lost) override;
  void OnReap(const Reap& reap) override;
  void OnCommChange(const CommChange& change) override;
  void OnCgroup(const CgroupPath& cgroup) override;
  void OnGap(const RecordingGap& gap) override;
  void OnResync() override { ++resyncs; }

  template <class Record>
  std::vector<Record> All() const {
    std::vector<Record> all;
    for (const Event& event : events) {
      if (const auto* record = std::get_if<Record>(&event)) all.push_back(*record);
    }
    return all;
  }

  std::vector<Event> events;
  size_t resyncs = 0;

 private:
  StringStore strings_;
};

class KeptProcesses : public SnapshotSink {
 public:
  void OnProcess(const SnapProc& process) override;

  const SnapProc* Find(uint32_t pid) const;

  std::vector<SnapProc> all;

 private:
  StringStore strings_;
};

// ---- Whole logs ----

using AnyRecord = std::variant<SegmentStart, Checkpoint, Clock, Info, Lost, SegmentEnd, SnapBegin,
                               SnapProc, SnapEnd, Recorder, RecordingGap, Audit, Fork, Exec, Exit,
                               Reap, IdChange, Session, CommChange, Ptrace, CgroupPath>;

// What a reader makes of one segment, without descriptions of types.
struct KeptSegment {
  struct Entry {
    std::optional<uint64_t> seq;
    AnyRecord record;
  };
  std::vector<Entry> entries;
  std::vector<Gap> gaps;
  size_t whole_lives = 0;  // that were one record
  bool complete = false;
  std::shared_ptr<StringStore> strings = std::make_shared<StringStore>();

  template <class Record>
  std::vector<Record> All() const {
    std::vector<Record> all;
    for (const Entry& entry : entries) {
      if (const auto* record = std::get_if<Record>(&entry.record)) all.push_back(*record);
    }
    return all;
  }
};

KeptSegment KeepSegment(SegmentReader reader);

struct KeptLog {
  std::vector<KeptSegment> segments;

  template <class Record>
  std::vector<Record> All() const {
    std::vector<Record> all;
    for (const KeptSegment& segment : segments) {
      for (const Record& record : segment.All<Record>()) all.push_back(record);
    }
    return all;
  }

  template <class Record>
  std::vector<Record> AllOf(uint32_t pid) const {
    std::vector<Record> all;
    for (const Record& record : All<Record>()) {
      if (record.pid == pid) all.push_back(record);
    }
    return all;
  }

  size_t GapCount() const;
};

}  // namespace daybook
