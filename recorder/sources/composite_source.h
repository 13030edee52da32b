// Two sources as one: a main one that tells of lives, and one beside it that tells of changes of
// ids, which it knows no start times for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daybook/result.h"
#include "sources/filter.h"
#include "sources/source.h"
#include "system/file_descriptor.h"

namespace daybook {

class CompositeSource : public EventSource {
 public:
  // Its name is that of the main one, a plus sign, and that of the one beside it. The main one
  // filters by itself; of processes that it leaves out, what comes from beside is left out here.
  // All that one Drain() of the main one tells it must have fetched before it tells the first of
  // it.
  static Result<std::unique_ptr<CompositeSource>> Create(std::unique_ptr<EventSource> main,
                                                         std::unique_ptr<EventSource> beside,
                                                         const Filter& filter = {},
                                                         std::string proc_root = "/proc");

  ~CompositeSource() override;

  LogIdentity identity() const override { return main_->identity(); }
  Clock ReadClock() const override { return main_->ReadClock(); }
  std::string_view name() const override { return name_; }
  int wake_fd() const override { return either_.get(); }
  int send_fd() const override { return beside_->send_fd(); }
  bool PrepareToSleep() override;
  // What a process has changed comes before what it has done since: its exec, its end, the birth of
  // a child.
  Result<size_t> Drain(EventSink& sink) override;
  bool has_more() const override { return main_->has_more(); }
  // The one beside leaves nothing to the next recorder, and the main one knows whether there was
  // one.
  void Commit(const Progress& progress) override { main_->Commit(progress); }
  std::optional<uint64_t> recording_since_ns() const override {
    return main_->recording_since_ns();
  }
  bool continues() const override { return main_->continues(); }
  std::optional<uint64_t> run_id() const override { return main_->run_id(); }
  std::optional<uint64_t> uncommitted_seq() const override { return main_->uncommitted_seq(); }
  bool lacks_what_was_between() const override { return main_->lacks_what_was_between(); }
  void Stop() override;
  void HandOver() override;
  bool exhausted() const override { return main_->exhausted(); }
  Status Snapshot(SnapshotSink& sink) override;
  void TellCgroups(const std::function<void(const CgroupPath&)>& take) override {
    main_->TellCgroups(take);
  }
  bool WantsResync() const override { return main_->WantsResync(); }
  SourceCounters counters() const override;
  bool tells_every_life() const override { return main_->tells_every_life(); }
  std::string abilities() const override;
  std::string_view lacks_where_others_are_hidden() const override {
    return main_->lacks_where_others_are_hidden();
  }
  std::optional<uint64_t> ring_bytes() const override { return main_->ring_bytes(); }

  // Of so many processes, living as far as is known.
  size_t known_starts() const { return starts_.size(); }

 private:
  CompositeSource(std::unique_ptr<EventSource> main, std::unique_ptr<EventSource> beside,
                  FileDescriptor either, const Filter& filter, std::string proc_root);

  class Held;
  class Merging;

  void HandHeld(EventSink& sink);
  std::optional<uint64_t> StartOf(uint32_t pid, uint64_t time_ns) const;
  bool IsStillThere(uint32_t pid, uint64_t start_ns) const;
  void ForgetTheDead();

  std::unique_ptr<EventSource> main_;
  std::unique_ptr<EventSource> beside_;
  std::string name_;
  bool leaves_out_processes_;
  bool ends_are_told_;    // of all whose start is known
  bool births_are_told_;  // of all
  std::string proc_root_;
  uint64_t left_out_ = 0;
  FileDescriptor either_;                          // an epoll that holds both sources' wake_fd
  std::unordered_map<uint32_t, uint64_t> starts_;  // of the living, by pid
  std::unique_ptr<Held> held_;                     // from beside
  uint64_t drain_begin_ns_ = 0;
  std::vector<std::pair<uint32_t, uint64_t>> ended_;  // in this drain: pid and start
  size_t most_starts_ = 0;  // with more than these, the dead are forgotten
};

}  // namespace daybook
