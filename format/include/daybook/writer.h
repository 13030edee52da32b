// Writes a log: a folder of segments that are only ever appended to by the process that created
// them. A write or sync that fails ends the segment; whatever is not known to be on disk goes into
// the next one, with the sequence numbers that it had.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "daybook/codec.h"
#include "daybook/records.h"
#include "daybook/result.h"

namespace daybook {

// A segment's file, as the writer needs it. The operating system's is behind OpenLogFolder; tests
// bring their own to make it fail. Sync runs beside the other calls, in another thread.
class LogFile {
 public:
  virtual ~LogFile() = default;
  // Appends some or all of `bytes` and returns how many.
  virtual Result<size_t> Write(std::span<const uint8_t> bytes) = 0;
  // Has the file system set aside what the file will take up to that length, so that a full disk
  // shows before a record is cut; its length stays. Where that cannot be done, it is no error.
  virtual Status Reserve(uint64_t length) = 0;
  virtual Status Sync() = 0;
  // Gives back what was reserved and not used.
  virtual Status Close() = 0;
};

struct FileInfo {
  std::string name;
  uint64_t bytes = 0;  // that it takes on the disk
};

// Usable from several threads at once.
class LogFolder {
 public:
  virtual ~LogFolder() = default;
  // Creates the file, which must not exist (error_number() EEXIST where it does).
  virtual Result<std::unique_ptr<LogFile>> Create(const std::string& name) = 0;
  virtual Status Remove(const std::string& name) = 0;
  // `to` is replaced where it exists.
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
  // Regular files only, in no particular order.
  virtual Result<std::vector<FileInfo>> List() = 0;
  // Bytes that the file system has left for this process.
  virtual Result<uint64_t> FreeBytes() = 0;
  virtual Result<std::vector<uint8_t>> Read(const std::string& name) = 0;
  // So many bytes from `offset` on, or fewer where the file ends before.
  virtual Result<std::vector<uint8_t>> ReadAt(const std::string& name, uint64_t offset,
                                              size_t bytes) = 0;
  Result<std::vector<uint8_t>> ReadFirst(const std::string& name, size_t bytes) {
    return ReadAt(name, 0, bytes);
  }
  // Makes durable what was written to the file, by whomever. error_number() ENOENT where there is
  // none.
  virtual Status SyncFile(const std::string& name) = 0;
  // Makes what was created, renamed and removed durable.
  virtual Status Sync() = 0;
  // Keeps other writers out until this object is gone. An error where one is there.
  virtual Status Lock() = 0;
};

// The folder must exist. Its descriptor is kept: after a change of user no path is looked up again,
// unless the folder was removed: then the one that stands in its place is taken.
Result<std::unique_ptr<LogFolder>> OpenLogFolder(const std::string& path);

// The numbers of the folder's segments, compressed or not, in order.
Result<std::vector<uint64_t>> ListSegments(LogFolder& folder);

// Up to where a log goes. A copy of it has the same stream, and ends where it was made.
struct LogEnd {
  // Zero where nothing is written yet, or a writer would begin another one.
  Id128 stream_id;
  uint64_t next_seq = 1;                                  // of the records
  std::vector<std::pair<std::string, std::string>> info;  // of the newest segment that has any
};
// As the folder's segments have it; of a folder that is missing nothing is written yet.
Result<LogEnd> FindLogEnd(const std::string& path);

struct DiskUse {
  uint64_t log_bytes = 0;   // what the log takes
  uint64_t free_bytes = 0;  // what the file system has left
};
Result<DiskUse> MeasureDiskUse(LogFolder& folder);

// Waits for the disk in the writer's place: one task after the other.
class Syncer {
 public:
  virtual ~Syncer() = default;  // waits for the task at work
  // Begins the task. Precondition: the result of the last one was taken.
  virtual void Begin(std::function<Status()> task) = 0;
  // The task's result, once; nullopt while it is at work.
  virtual std::optional<Status> Poll() = 0;
  virtual Status Wait() = 0;
};

// In a thread of its own, which sleeps while there is nothing to do.
std::unique_ptr<Syncer> MakeThreadSyncer();
// At once, in the calling thread.
std::unique_ptr<Syncer> MakeInlineSyncer();

// What the log may take of the disk. Where it is too much, the oldest segments go, by number: those
// of a wrong clock go no earlier than others.
struct RetentionLimits {
  // Everything in the folder that belongs to the log, the segment being written included.
  uint64_t max_total_bytes = UINT64_MAX;
  // What is left to others on the file system.
  uint64_t min_free_bytes = 0;
  // Of the newest moment in a segment. 0 is no limit.
  uint64_t max_age_ns = 0;
  uint64_t max_segments = UINT64_MAX;
};

enum class SyncPolicy : uint8_t { kNone, kInterval, kFlush };

struct WriterOptions {
  // A segment is ended by the first record that reaches this size (never more than an eighth of
  // the retention's total),
  uint64_t segment_bytes = 64 << 20;
  // or at the next multiple of this in wall-clock time (of the clock at its start): so that an
  // hour, or a day, that is asked for is made of whole segments.
  uint64_t segment_age_ns = 3'600'000'000'000;
  // A block is closed by the first record that reaches this size: the most that one wrong byte
  // can cost.
  uint64_t block_bytes = 4096;
  SyncPolicy sync = SyncPolicy::kInterval;
  uint64_t sync_interval_ns = 1'000'000'000;
  // While no segment can be written, so much is kept beyond what waited already; later records are
  // counted lost. Never more than a sixteenth of the retention's total,
  uint64_t max_pending_bytes = 2 << 20;
  // nor is this: what is written and not known to be on disk is kept up to this size. Beyond it the
  // oldest is forgotten: lost should its sync fail.
  uint64_t max_unsynced_bytes = 2 << 20;
  // And a new segment is tried no more often than this. So is a sync after one that failed, and
  // half as often after each further one, down to once a minute.
  uint64_t retry_interval_ns = 1'000'000'000;
  // Size of the file that is given up when the disk is full, so that the end can still be said;
  // never more than an eighth of the retention's total. 0 is none.
  uint64_t ballast_bytes = 0;
  RetentionLimits retention = {};
};

// 128 bits of std::random_device: they identify, and keep no secret.
Id128 RandomId();

// Facts that stand at the head of every segment.
struct LogIdentity {
  Id128 host_id;
  Id128 boot_id;
  std::vector<std::pair<std::string, std::string>> info;
  bool holds_rollups = false;  // so that their record types are described, too
};

class LogWriter {
 public:
  // Reads the clocks; the reason in the record is set by the caller.
  using ReadClock = std::function<Clock()>;

  // Continues the log in `folder` with a new segment, numbered after the newest one; where the disk
  // is full, as soon as there is room. Fails where another writer is at work there, since their
  // sequence numbers would collide, and where no file can be made for another reason.
  static Result<LogWriter> Open(std::unique_ptr<LogFolder> folder, LogIdentity identity,
                                ReadClock read_clock, WriterOptions options = {},
                                std::unique_ptr<Syncer> syncer = MakeInlineSyncer());

  LogWriter(LogWriter&&) noexcept;
  LogWriter& operator=(LogWriter&&) noexcept;
  // Does not close: a writer that is dropped leaves what a crash would leave.
  ~LogWriter();

  // Adds a record in memory. Never fails: where nothing can be written for long, it is counted as
  // lost, and a LOST record will say so.
  template <class Record>
  void Append(const Record& record) {
    ClosePack();
    AppendAlone(record);
  }

  // The same for a life, but those that follow each other may stand in one record: it is appended
  // when one of another kind is, and by all below that write, sync, rotate, close or count a loss.
  void AppendPacked(const WholeLife& life);

  // Writes everything that was appended, and takes note of what the syncer has done. On an error
  // the segment is ended and the next one begun: with what is not known to be durable, as far as
  // max_unsynced_bytes allows; while syncs keep failing, perhaps with what was not written only.
  Status Flush();

  // Closes the block, writes, and begins to make it durable. Does not wait for that.
  Status BeginSync();
  // Closes the block, writes, and waits until all of it is durable.
  Status Sync();

  // True when appended records have waited for durability as long as the policy allows, and none
  // is being made durable.
  bool SyncDue(uint64_t now_ns) const;
  // True while numbered records are not durable, due or not; never with SyncPolicy::kNone.
  bool SyncPending() const;

  // Why the segment should be ended now; nullopt where it should not.
  std::optional<EndReason> RotationDue(uint64_t now_ns) const;
  // Ends the segment in order and begins the next, without waiting until its end is durable.
  // Afterwards segment_no() has changed.
  Status Rotate(EndReason reason);

  // Ends the segment in order and waits until it is durable. Nothing may be appended afterwards.
  Status Close();

  // Facts for the heads of the segments that follow the current one, in the place of those that it
  // was opened with.
  void SetInfo(std::vector<std::pair<std::string, std::string>> info);

  // From now on its retention, and for the segments that follow their size and age, are those of
  // `options`; the rest stays.
  void SetLimits(const WriterOptions& options);

  // Number of the current segment. Whenever it changes, also by an error, a snapshot is due.
  uint64_t segment_no() const;
  Id128 stream_id() const;
  // Of the next record that is appended, behind the one into which lives are packed just now.
  uint64_t next_seq() const;
  // Numbered records before this one are durable, but those that were forgotten before a sync of
  // them failed. 0 until that is known of what earlier writers have left.
  uint64_t durable_seq() const;
  // True from a sync that failed to the next one that does not.
  bool sync_failing() const;
  // Segments before this one are finished with: ended or given up, and durable as far as they go.
  uint64_t first_unfinished_segment_no() const;

  // Records that could not be written for want of room, since Open(): counted, and told in the log
  // when there is room.
  uint64_t unwritten_lost() const;

  // Tells the writer that events were lost elsewhere; goes into every checkpoint.
  void AddLost(uint64_t count);

 private:
  class Impl;
  explicit LogWriter(std::unique_ptr<Impl> impl);

  template <class Record>
  void AppendAlone(const Record& record) {
    uint8_t* payload = BeginRecord(MaxEncodedBytes(record));
    if (payload == nullptr) {
      return CountDropped(Schema<Record>::kType, SpanOf(record), CountEvents(record),
                          CountLost(record));
    }
    uint8_t* end = Encode(record, base(), payload);
    if constexpr (requires { record.first_time_ns; }) NoteMoment(record.first_time_ns);
    if constexpr (requires { record.last_time_ns; }) NoteMoment(record.last_time_ns);
    if constexpr (requires { record.time_ns; }) NoteMoment(record.time_ns);
    if constexpr (requires { record.pid; }) NotePid(record.pid);
    if constexpr (std::same_as<Record, Clock>) NoteAnchor(record);
    FinishRecord(Schema<Record>::kType, payload, end);
  }
  void ClosePack();

  struct Span {
    uint64_t first_ns = 0;
    uint64_t last_ns = 0;
  };
  template <class Record>
  static Span SpanOf(const Record& record) {
    if constexpr (requires { record.first_time_ns; }) {
      return {record.first_time_ns, record.last_time_ns};
    } else if constexpr (std::same_as<Record, Lives>) {
      return {record.time_ns, record.last_time_ns};
    } else if constexpr (requires { record.time_ns; }) {
      return {record.time_ns, record.time_ns};
    } else {
      return {};
    }
  }
  // What is lost with it.
  template <class Record>
  static uint64_t CountEvents(const Record&) {
    return 1;
  }
  static uint64_t CountEvents(const WholeLife& life) { return life.exec_after_us ? 3 : 2; }
  static uint64_t CountEvents(const Lives& lives) {
    return 2 * uint64_t{lives.count} + lives.execs;
  }
  // What a record tells of as lost: it must not be forgotten with it.
  template <class Record>
  static uint64_t CountLost(const Record&) {
    return 0;
  }
  static uint64_t CountLost(const Lost& lost) { return LostEvents(lost); }

  const BlockBase& base() const;
  uint8_t* BeginRecord(size_t max_payload_bytes);  // nullptr where there is no room
  void FinishRecord(uint8_t type, uint8_t* payload, uint8_t* end);
  void NoteMoment(uint64_t time_ns);
  void NotePid(uint32_t pid);
  void NoteAnchor(const Clock& clock);
  void CountDropped(uint8_t type, Span span, uint64_t events, uint64_t told_lost);

  std::unique_ptr<Impl> impl_;
};

}  // namespace daybook
