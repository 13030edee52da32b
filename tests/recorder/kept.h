// Records that outlive who handed them over, and that say what they are when a test fails.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "daybook/reader.h"
#include "daybook/records.h"
#include "daybook/whole_life.h"
#include "source.h"

namespace daybook {

// ---- Printing: fork { time=1 pid=2 ... }; what is unknown is left out ----

template <class Value>
void PrintField(std::string_view name, const Value& value, std::ostream& out) {
  if constexpr (std::is_same_v<Value, std::string_view>) {
    out << ' ' << name << '=' << '"' << value << '"';
  } else if constexpr (std::is_enum_v<Value>) {
    out << ' ' << name << '=' << static_cast<int>(value);
  } else if constexpr (std::is_arithmetic_v<Value>) {
    out << ' ' << name << '=' << value;
  } else if constexpr (requires { value.has_value(); }) {
    if (value) PrintField(name, *value, out);
  }
}

template <class Record>
requires requires { Schema<Record>::kType; }
std::ostream& operator<<(std::ostream& out, const Record& record) {
  out << Schema<Record>::kName << " {";
  std::apply(
      [&](const auto&... field) { (PrintField(field.name, record.*field.member, out), ...); },
      Schema<Record>::kFields);
  return out << " }";
}

// ---- Keeping ----

class StringStore {
 public:
  // A copy of the record whose strings stand here.
  template <class Record>
  Record Keep(Record record) {
    std::apply([&](const auto&... field) { (KeepField(record.*field.member), ...); },
               Schema<Record>::kFields);
    return record;
  }

 private:
  template <class Value>
  void KeepField(Value& value) {
    if constexpr (std::is_same_v<Value, std::string_view>) value = strings_.emplace_back(value);
    if constexpr (std::is_same_v<Value, std::optional<std::string_view>>) {
      if (value) value = strings_.emplace_back(*value);
    }
  }

  std::deque<std::string> strings_;  // never moves what it holds
};

using Event = std::variant<Fork, Exec, Exit, Lost, Reap, CommChange, CgroupPath>;

class KeptEvents : public EventSink {
 public:
  void OnFork(const Fork& fork) override { events.emplace_back(fork); }
  void OnExec(const Exec& exec) override { events.emplace_back(strings_.Keep(exec)); }
  void OnExit(const Exit& exit) override { events.emplace_back(strings_.Keep(exit)); }
  void OnLost(const Lost& lost) override { events.emplace_back(lost); }
  void OnReap(const Reap& reap) override { events.emplace_back(reap); }
  void OnCommChange(const CommChange& change) override {
    events.emplace_back(strings_.Keep(change));
  }
  void OnCgroup(const CgroupPath& cgroup) override { events.emplace_back(strings_.Keep(cgroup)); }

  template <class Record>
  std::vector<Record> All() const {
    std::vector<Record> all;
    for (const Event& event : events) {
      if (const auto* record = std::get_if<Record>(&event)) all.push_back(*record);
    }
    return all;
  }

  std::vector<Event> events;

 private:
  StringStore strings_;
};

class KeptProcesses : public SnapshotSink {
 public:
  void OnProcess(const SnapProc& process) override { all.push_back(strings_.Keep(process)); }

  const SnapProc* Find(uint32_t pid) const {
    for (const SnapProc& process : all) {
      if (process.pid == pid) return &process;
    }
    return nullptr;
  }

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

// A whole life as the records that it stands for, of which the first has its number.
inline void KeepLife(const WholeLife& life, std::optional<uint64_t> seq, KeptSegment& segment) {
  const LifeParts parts = PartsOf(life);
  ++segment.whole_lives;
  segment.entries.push_back({seq, parts.fork});
  if (parts.exec) segment.entries.push_back({{}, segment.strings->Keep(*parts.exec)});
  segment.entries.push_back({{}, segment.strings->Keep(parts.exit)});
}

template <size_t kIndex = 0>
void KeepRecord(const RecordView& view, KeptSegment& segment) {
  if (WholeLife life; kIndex == 0 && view.As(&life)) return KeepLife(life, view.seq, segment);
  if constexpr (kIndex < std::variant_size_v<AnyRecord>) {
    std::variant_alternative_t<kIndex, AnyRecord> record;
    if (!view.As(&record)) return KeepRecord<kIndex + 1>(view, segment);
    segment.entries.push_back({view.seq, segment.strings->Keep(record)});
  }
}

inline KeptSegment KeepSegment(SegmentReader reader) {
  KeptSegment segment;
  for (;;) {
    const Item item = reader.Next();
    if (const auto* end = std::get_if<End>(&item)) {
      segment.complete = end->complete;
      return segment;
    }
    if (const auto* gap = std::get_if<Gap>(&item)) segment.gaps.push_back(*gap);
    if (const auto* view = std::get_if<RecordView>(&item)) KeepRecord(*view, segment);
  }
}

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

  size_t GapCount() const {
    size_t count = 0;
    for (const KeptSegment& segment : segments) count += segment.gaps.size();
    return count;
  }
};

}  // namespace daybook
