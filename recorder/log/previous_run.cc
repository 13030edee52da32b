#include "log/previous_run.h"

#include <algorithm>
#include <fstream>
#include <new>
#include <utility>
#include <vector>

#include "daybook/life_pack.h"
#include "daybook/reader.h"
#include "daybook/records.h"
#include "daybook/whole_life.h"
#include "sources/source.h"

namespace daybook {
namespace {

// So many segments are looked at: the recorder counts at the begin of each.
constexpr size_t kMaxSegments = 4;

// Follows the counts through one segment.
class ForkCount {
 public:
  // What the kernel had counted before the hooks did, where that is known already.
  explicit ForkCount(std::optional<uint64_t> base = {}) : base_(base) {}

  void Take(const RecordView& record) {
    Recorder recorder;
    Audit audit;
    Fork fork;
    if (record.As(&recorder) && recorder.event == RecorderEvent::kStart) {
      Begin(recorder);
    } else if (record.As(&recorder)) {
      Note(recorder.time_ns, recorder.kernel_forks, recorder.forks_seen);
    } else if (record.As(&audit)) {
      Note(audit.time_ns, audit.kernel_forks, audit.forks_seen);
    } else if (record.As(&fork)) {
      NoteFork(fork.time_ns);
    }
  }

  void Take(const WholeLife& life) { NoteFork(BirthOf(life)); }

  std::optional<uint64_t> base() const { return base_; }
  std::optional<uint64_t> forks() const {
    return counted_ ? std::optional(*counted_ + later_ns_.size()) : std::nullopt;
  }

 private:
  // What its hooks have seen by then waits: it is recorded where it stands in the log. Of one that
  // took over, what waited before that, too.
  void Begin(const Recorder& start) {
    const bool is_known = start.kernel_forks && start.forks_seen;
    *this =
        ForkCount(is_known ? std::optional(*start.kernel_forks - *start.forks_seen) : std::nullopt);
    if (!HasAbility(start, kContinues)) counted_ = base_;
  }

  // Of threads nothing is told.
  void NoteFork(uint64_t time_ns) {
    if (time_ns > counted_ns_) later_ns_.push_back(time_ns);
  }

  // The hook's own count goes on from the last one of the kernel's. Which forks are in it, their
  // times say: they may stand behind it in the log, and later ones before it.
  void Note(uint64_t time_ns, std::optional<uint64_t> kernel, std::optional<uint64_t> seen) {
    if (kernel && seen) base_ = *kernel - *seen;
    if (!base_ || !seen) return;
    counted_ = *base_ + *seen;
    counted_ns_ = time_ns;
    std::erase_if(later_ns_, [time_ns](uint64_t fork_ns) { return fork_ns <= time_ns; });
  }

  std::optional<uint64_t> base_;
  std::optional<uint64_t> counted_;
  uint64_t counted_ns_ = 0;
  std::vector<uint64_t> later_ns_;  // forks since then
};

template <class... Records>
void KeepIfOneOf(const RecordView& view, WrittenEvents* written) {
  const auto keep = [&]<class Record>(Record record) {
    if (view.As(&record)) written->Add(record);
  };
  (keep(Records()), ...);
}

// When it happened where it is one of these, and until when where it tells of some time; else 0.
template <class... Records>
uint64_t TimeOfOneOf(const RecordView& view) {
  uint64_t time_ns = 0;
  const auto take = [&]<class Record>(Record record) {
    if (!view.As(&record)) return;
    if constexpr (requires { record.last_time_ns; }) {
      time_ns = record.last_time_ns;
    } else {
      time_ns = record.time_ns;
    }
  };
  (take(Records()), ...);
  return time_ns;
}

// All that came before one of these has been drained and stands before it, but for births and
// programs of lives that end in the same batch. (Before a snapshot's end events wait; checkpoints
// know no difference.)
uint64_t RecordedUntil(const RecordView& view) {
  return TimeOfOneOf<Clock, Recorder, Audit, Lost, Fork, Exec, Exit, WholeLife, Lives, Reap,
                     IdChange, Session, CommChange, Ptrace, CgroupPath>(view);
}

// Numbers of what is asked for. What one segment had not made durable the next one has, too: it is
// taken from the younger one.
struct Seqs {
  uint64_t since = 0;
  uint64_t until = UINT64_MAX;
};

// What one segment tells.
struct Reading {
  std::optional<SegmentStart> segment;
  uint64_t first_seq = UINT64_MAX;  // of what was read
  uint64_t last_time_ns = 0;
  ForkCount count;
  WrittenEvents written;
};

// Goes on with that count. Where a tag is given, only what has it is taken: bytes that begin
// anywhere may begin with what somebody has put into his arguments.
Reading Read(SegmentReader reader, Seqs seqs, ForkCount count = ForkCount(),
             std::optional<uint32_t> tag = {}) {
  Reading reading;
  reading.count = count;
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    const auto* record = std::get_if<RecordView>(&item);
    if (record == nullptr || record->proof != Proof::kVerified) continue;
    if (tag && reader.tag() != tag) continue;
    reading.count.Take(*record);
    if (record->seq) reading.first_seq = std::min(reading.first_seq, *record->seq);
    const bool is_asked = record->seq && *record->seq >= seqs.since && *record->seq < seqs.until;
    if (is_asked) {
      KeepIfOneOf<Fork, Exec, Exit, Reap, CommChange, CgroupPath, Lost>(*record, &reading.written);
    }
    (void)ForEachLife(*record, [&](const WholeLife& life) {
      reading.count.Take(life);
      if (is_asked) reading.written.Add(life);
    });
    reading.last_time_ns = std::max(reading.last_time_ns, RecordedUntil(*record));
  }
  reading.segment = reader.segment();
  return reading;
}

std::vector<uint8_t> ReadBytes(std::ifstream& file, std::streamoff begin, size_t count) {
  std::vector<uint8_t> bytes(count);
  file.seekg(begin);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(count));
  bytes.resize(static_cast<size_t>(file.gcount()));
  return bytes;
}

// Both ends of a longer file; empty where it is not longer.
struct Ends {
  std::vector<uint8_t> first;
  std::vector<uint8_t> last;
};
Ends ReadEnds(const std::string& path, size_t end_bytes) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const std::streamoff last_begin = file.tellg() - static_cast<std::streamoff>(end_bytes);
  if (!file || last_begin <= 0) return {};
  return {.first = ReadBytes(file, 0, end_bytes), .last = ReadBytes(file, last_begin, end_bytes)};
}

// Reads up to the first record that has the kernel's count beside that of the hooks.
ForkCount CountAtBegin(SegmentReader& reader) {
  ForkCount count;
  for (Item item = reader.Next(); !count.base() && !std::holds_alternative<End>(item);
       item = reader.Next()) {
    const auto* record = std::get_if<RecordView>(&item);
    if (record != nullptr && record->proof == Proof::kVerified) count.Take(*record);
  }
  return count;
}

// What is asked for, where so many bytes at both ends of a longer file have all of it.
std::optional<Reading> ReadEndsOf(const std::string& path, Seqs seqs, size_t end_bytes) {
  const Ends ends = ReadEnds(path, end_bytes);
  SegmentReader head(ends.first);
  const ForkCount count(CountAtBegin(head).base());
  if (!count.base() || !head.segment()) return std::nullopt;
  Reading reading = Read(SegmentReader(ends.last), seqs, count, head.segment()->tag);
  if (!reading.count.forks() || reading.first_seq > seqs.since) return std::nullopt;
  reading.segment = head.segment();
  return reading;
}

// No more than is needed, about: the recorder counts the hooks' forks once a second, and says four
// times a second up to where the log has its events.
std::optional<Reading> ReadAtEnds(const std::string& path, Seqs seqs, size_t max_end_bytes) {
  constexpr size_t kFirstBytes = size_t{256} << 10;
  constexpr size_t kGrowth = 4;
  for (size_t bytes = std::min(kFirstBytes, max_end_bytes);;
       bytes = std::min(kGrowth * bytes, max_end_bytes)) {
    auto reading = ReadEndsOf(path, seqs, bytes);
    if (reading || bytes == max_end_bytes) return reading;
  }
}

// What an old segment would have told is no reason not to record, whatever memory it takes.
std::optional<Reading> ReadFile(const std::string& path, Seqs seqs, size_t max_end_bytes) try {
  if (auto reading = ReadAtEnds(path, seqs, max_end_bytes)) return reading;
  auto reader = SegmentReader::Open(path);
  if (!reader) return std::nullopt;
  Reading reading = Read(*std::move(reader), seqs);
  if (!reading.segment) return std::nullopt;
  return reading;
} catch (const std::bad_alloc&) {
  return std::nullopt;
}

}  // namespace

std::optional<PreviousRun> FindPreviousRun(const std::string& log_dir,
                                           std::optional<uint64_t> written_since_seq,
                                           size_t max_end_bytes) {
  auto paths = FindSegments(log_dir);
  if (!paths) return std::nullopt;
  Seqs seqs{.since = written_since_seq.value_or(UINT64_MAX)};
  std::optional<PreviousRun> run;
  for (size_t i = 0; i < paths->size(); ++i) {
    auto reading = ReadFile((*paths)[paths->size() - 1 - i], seqs, max_end_bytes);
    // One that has its head alone was left by a recorder that has recorded nothing.
    if (!reading || reading->first_seq == UINT64_MAX) continue;
    const SegmentStart& segment = *reading->segment;
    if (!run) {
      run = PreviousRun{.boot_id = segment.boot_id,
                        .last_time_ns = reading->last_time_ns,
                        .kernel_forks = {},
                        .written = {}};
    }
    if (segment.boot_id != run->boot_id) break;
    run->written.Add(reading->written);
    seqs.until = std::min(seqs.until, reading->first_seq);
    // What an older segment counted lacks all that the newer ones recorded: too much looks missed.
    if (!run->kernel_forks) run->kernel_forks = reading->count.forks();
    const bool is_counted = run->kernel_forks || i + 1 >= kMaxSegments;
    if (is_counted && segment.first_seq <= seqs.since) break;
  }
  return run;
}

RecordingGap GapSince(const PreviousRun& run, const Id128& boot_id, const Recorder& start,
                      std::optional<uint64_t> recording_since_ns) {
  const bool is_same_boot = run.boot_id == boot_id;
  const uint64_t until_ns = std::min(recording_since_ns.value_or(start.time_ns), start.time_ns);
  RecordingGap gap{.first_time_ns = is_same_boot ? std::min(run.last_time_ns, until_ns) : 0,
                   .last_time_ns = until_ns,
                   .missed_forks = {}};
  const auto before = is_same_boot ? run.kernel_forks : 0;
  if (start.kernel_forks && start.forks_seen && before) {
    const uint64_t until = *start.kernel_forks - std::min(*start.kernel_forks, *start.forks_seen);
    gap.missed_forks = until - std::min(until, *before);
  }
  return gap;
}

}  // namespace daybook
