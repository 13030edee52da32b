// How a log is written; the functions are in three files: segments from their begin to their end,
// what is appended on its way into them, and what is synced.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daybook/life_pack.h"
#include "daybook/writer.h"
#include "disk_room.h"
#include "log_state.h"
#include "segment_buffer.h"

namespace daybook {

class LogWriter::Impl {
 public:
  Impl(std::unique_ptr<LogFolder> folder, LogIdentity identity, ReadClock read_clock,
       WriterOptions options, std::unique_ptr<Syncer> syncer, const LogState& state);

  Status Start();
  Status StartSegment();
  Status Flush();
  Status BeginSync();
  Status Sync();
  Status Rotate(EndReason reason);
  Status Close();
  void SetInfo(std::vector<std::pair<std::string, std::string>> info) {
    next_info_ = std::move(info);
  }
  void SetLimits(const WriterOptions& options);
  bool SyncDue(uint64_t now_ns) const;
  bool SyncPending() const;
  std::optional<EndReason> RotationDue(uint64_t now_ns) const;
  const Id128& stream_id() const { return stream_id_; }
  uint64_t durable_seq() const { return durable_seq_; }
  bool sync_failing() const { return failed_syncs_ != 0; }
  uint64_t unwritten_lost() const { return unwritten_lost_; }
  uint64_t first_unfinished_segment_no() const;

  uint8_t* BeginRecord(size_t max_payload_bytes);
  void FinishRecord(uint8_t type, uint8_t* payload, uint8_t* end);
  void CountDropped(uint8_t type, Span span, uint64_t events, uint64_t told_lost);

  SegmentBuffer& buffer() { return current_.buffer; }
  LifePacker& pack() { return pack_; }
  uint64_t segment_no() const { return current_.number; }

 private:
  // A segment of which something is not known to be on disk.
  struct Segment {
    Segment(uint64_t segment_no, SegmentBuffer kept)
        : number(segment_no), buffer(std::move(kept)) {}
    uint64_t number;
    std::shared_ptr<LogFile> file;  // null while it cannot be written
    SegmentBuffer buffer;
    uint64_t head_end = 0;  // logical; what comes behind it is of use to somebody
    uint64_t room_end = 0;  // the file may be written up to here
    bool is_named = false;  // the folder's entry is on disk
  };
  // What the syncer is at.
  struct SyncAtWork {
    std::shared_ptr<LogFile> file;  // a number may be used again, this not
    SegmentBuffer::Position position;
    bool ends_segment = false;
    uint64_t removals = 0;
  };

  Result<Segment> CreateFile(const Clock& clock);
  Status CheckCreates();
  void AppendDropped();
  void BeginTrouble();
  bool InTrouble() const { return pending_limit_.has_value(); }
  uint64_t FirstKeptSeq() const;
  size_t KeptBytes() const;
  DiskRoom::Waiting Waiting() const;

  Status MakeRoom();
  void ForgetRemoved();
  static Status WriteOut(LogFile& file, SegmentBuffer& buffer);
  Status WriteCurrent();
  void ForgetExcess();
  Status SayEnd(EndReason reason);
  Status EndSegment(EndReason reason);
  uint64_t EndTime(EndReason reason) const;
  Status EndForWantOfRoom(Error error);
  Status EndAndWait();
  Status EnsureFile();
  Status TryToStart();

  void BeginSyncOf(Segment& segment, const SegmentBuffer::Position& position, bool ends_segment);
  void BeginEndSync();
  Segment* FindUnsynced(const std::shared_ptr<LogFile>& file);
  void SyncEarlier();
  bool SyncsPause() const;
  Status NoteSync(Status result);
  Status NoteFailedSync(Error error);
  Status PollSyncs();
  Status WaitForSyncs();
  void GiveUp(const Error& error);
  void GiveUpWriting(const Error& error);
  bool TakeBackFile();
  Status BeginAnew(Error error);
  void NotePrevious(PreviousEnd end);

  std::unique_ptr<LogFolder> folder_;
  LogIdentity identity_;  // of the current segment
  std::optional<std::vector<std::pair<std::string, std::string>>> next_info_;  // of the next one
  ReadClock read_clock_;
  WriterOptions given_;
  WriterOptions options_;  // so far as they go together
  DiskRoom room_;
  Id128 stream_id_;
  std::optional<PreviousSegment> previous_;
  uint64_t durable_seq_ = 0;
  SegmentStart start_;      // of the current segment
  uint64_t round_ns_ = 0;   // from which on that is as old as it may be
  uint64_t next_copy_ = 0;  // its head is copied at this logical offset
  uint64_t last_sync_ns_ = 0;
  bool has_created_ = false;  // any file
  uint64_t last_attempt_ns_ = 0;
  std::optional<Error> refused_;  // why there is no file, where one was tried for
  // Of segments that were given up: what the next one begins with, in order.
  std::vector<SegmentBuffer> carried_;
  std::deque<Segment> closing_;  // ended, but that is not on disk yet; in order
  Segment current_;
  LifePacker pack_;  // what stands behind its last record
  std::optional<SyncAtWork> at_work_;
  // Of the buffer, from a failure until all that waits is written: set once, however often it is
  // tried meanwhile.
  std::optional<size_t> pending_limit_;
  unsigned failed_syncs_ = 0;  // in a row
  uint64_t next_sync_ns_ = 0;  // none is begun before, but those that are waited for
  Lost dropped_;
  uint64_t dropped_count_ = 0;
  uint64_t unwritten_lost_ = 0;     // of these and of earlier ones, what AddLost has not
  uint64_t dropped_told_ = 0;       // of these, what AddLost has counted already
  std::unique_ptr<Syncer> syncer_;  // goes first: its task uses the folder
};

}  // namespace daybook
