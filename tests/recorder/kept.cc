#include "recorder/kept.h"

#include <type_traits>
#include <utility>

#include "daybook/life_pack.h"

namespace daybook {
namespace {

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

}  // namespace

template <class Record>
requires requires { Schema<Record>::kType; }
std::ostream& operator<<(std::ostream& out, const Record& record) {
  out << Schema<Record>::kName << " {";
  Schema<Record>::kFields.Apply(
      [&](const auto&... field) { (PrintField(field.name, record.*field.member, out), ...); });
  return out << " }";
}

template std::ostream& operator<<(std::ostream&, const SegmentStart&);
template std::ostream& operator<<(std::ostream&, const Checkpoint&);
template std::ostream& operator<<(std::ostream&, const Clock&);
template std::ostream& operator<<(std::ostream&, const Info&);
template std::ostream& operator<<(std::ostream&, const Lost&);
template std::ostream& operator<<(std::ostream&, const SegmentEnd&);
template std::ostream& operator<<(std::ostream&, const SnapBegin&);
template std::ostream& operator<<(std::ostream&, const SnapProc&);
template std::ostream& operator<<(std::ostream&, const SnapEnd&);
template std::ostream& operator<<(std::ostream&, const Recorder&);
template std::ostream& operator<<(std::ostream&, const RecordingGap&);
template std::ostream& operator<<(std::ostream&, const Audit&);
template std::ostream& operator<<(std::ostream&, const Fork&);
template std::ostream& operator<<(std::ostream&, const Exec&);
template std::ostream& operator<<(std::ostream&, const Exit&);
template std::ostream& operator<<(std::ostream&, const Reap&);
template std::ostream& operator<<(std::ostream&, const IdChange&);
template std::ostream& operator<<(std::ostream&, const Session&);
template std::ostream& operator<<(std::ostream&, const CommChange&);
template std::ostream& operator<<(std::ostream&, const Ptrace&);
template std::ostream& operator<<(std::ostream&, const CgroupPath&);

// ---- Keeping ----

template <class Record>
Record StringStore::Keep(Record record) {
  const auto keep = [this]<class Value>(Value& value) {
    if constexpr (std::is_same_v<Value, std::string_view>) value = strings_.emplace_back(value);
    if constexpr (std::is_same_v<Value, std::optional<std::string_view>>) {
      if (value) value = strings_.emplace_back(*value);
    }
  };
  Schema<Record>::kFields.Apply([&](const auto&... field) { (keep(record.*field.member), ...); });
  return record;
}

void KeptEvents::OnFork(const Fork& fork) { events.emplace_back(fork); }
void KeptEvents::OnExec(const Exec& exec) { events.emplace_back(strings_.Keep(exec)); }
void KeptEvents::OnExit(const Exit& exit) { events.emplace_back(strings_.Keep(exit)); }
void KeptEvents::OnLost(const Lost& lost) { events.emplace_back(lost); }
void KeptEvents::OnReap(const Reap& reap) { events.emplace_back(reap); }
void KeptEvents::OnCommChange(const CommChange& change) {
  events.emplace_back(strings_.Keep(change));
}
void KeptEvents::OnCgroup(const CgroupPath& cgroup) { events.emplace_back(strings_.Keep(cgroup)); }
void KeptEvents::OnGap(const RecordingGap& gap) { events.emplace_back(gap); }

void KeptProcesses::OnProcess(const SnapProc& process) { all.push_back(strings_.Keep(process)); }

const SnapProc* KeptProcesses::Find(uint32_t pid) const {
  for (const SnapProc& process : all) {
    if (process.pid == pid) return &process;
  }
  return nullptr;
}

// ---- Whole logs ----

namespace {

// A whole life as the records that it stands for, of which the first has its number.
void KeepLife(const WholeLife& life, std::optional<uint64_t> seq, KeptSegment& segment) {
  const LifeParts parts = PartsOf(life);
  ++segment.whole_lives;
  segment.entries.push_back({seq, parts.fork});
  if (parts.exec) segment.entries.push_back({{}, segment.strings->Keep(*parts.exec)});
  segment.entries.push_back({{}, segment.strings->Keep(parts.exit)});
}

// The first of them has the number.
bool KeepLives(const RecordView& view, KeptSegment& segment) {
  std::optional<uint64_t> seq = view.seq;
  return ForEachLife(view, [&](const WholeLife& life) {
    KeepLife(life, std::exchange(seq, std::nullopt), segment);
  });
}

template <size_t kIndex = 0>
void KeepRecord(const RecordView& view, KeptSegment& segment) {
  if constexpr (kIndex < std::variant_size_v<AnyRecord>) {
    std::variant_alternative_t<kIndex, AnyRecord> record;
    if (!view.As(&record)) return KeepRecord<kIndex + 1>(view, segment);
    segment.entries.push_back({view.seq, segment.strings->Keep(record)});
  }
}

}  // namespace

KeptSegment KeepSegment(SegmentReader reader) {
  KeptSegment segment;
  for (;;) {
    const Item item = reader.Next();
    if (const auto* end = std::get_if<End>(&item)) {
      segment.complete = end->complete;
      return segment;
    }
    if (const auto* gap = std::get_if<Gap>(&item)) segment.gaps.push_back(*gap);
    if (const auto* view = std::get_if<RecordView>(&item)) {
      if (!KeepLives(*view, segment)) KeepRecord(*view, segment);
    }
  }
}

size_t KeptLog::GapCount() const {
  size_t count = 0;
  for (const KeptSegment& segment : segments) count += segment.gaps.size();
  return count;
}

}  // namespace daybook
