// A source whose events are filtered after they have come: for those that cannot do it in the
// kernel.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "sources/filter.h"
#include "sources/source.h"

namespace daybook {

// Who has passed the filter, and who may yet do so. Pure logic.
class JudgedProcesses {
 public:
  explicit JudgedProcesses(Filter filter) : filter_(std::move(filter)) {}

  struct Verdict {
    bool is_told = false;
    // To be told before, in that order: they were kept until now. Records name the parent: with
    // who is told of, his ancestors are, as far as they are asked for, though they are too young.
    std::vector<Fork> births;
  };

  // False where it is left out, or kept.
  bool IsTold(const Fork& fork);
  Verdict Judge(const Exec& exec);
  Verdict Judge(const Exit& exit);
  // What it is by then is told: no birth is any more. `time_ns` is the snapshot's.
  bool IsTold(const SnapProc& process, uint64_t time_ns);
  // Of one whose usage was not told with its end.
  bool IsTold(const Reap& reap);
  // Whether or not it is told.
  void Note(const IdChange& change);

  // Whether something has been told of it.
  bool IsFollowed(uint32_t pid, std::optional<uint64_t> start_ns) const;

 private:
  struct Process {
    uint64_t start_ns = 0;
    bool is_followed = false;
    std::optional<Fork> birth;
    FilteredProcess newest;  // while its birth is kept
  };

  Process* Find(uint32_t pid, uint64_t start_ns);
  bool Follow(uint32_t pid, uint64_t start_ns, const FilteredProcess& process);
  Verdict Judge(uint32_t pid, uint64_t start_ns, const FilteredProcess& process);
  void Forget(uint32_t pid, uint64_t start_ns);
  std::vector<Fork> TakeBirths(Process& process);

  Filter filter_;
  std::unordered_map<uint32_t, Process> processes_;  // no more than there are pids
};

class FilteredSource : public EventSource {
 public:
  // Everything but the cgroup is filtered.
  FilteredSource(std::unique_ptr<EventSource> source, Filter filter)
      : source_(std::move(source)), filter_(std::move(filter)), judged_(filter_) {}

  LogIdentity identity() const override { return source_->identity(); }
  Clock ReadClock() const override { return source_->ReadClock(); }
  std::string_view name() const override { return source_->name(); }
  int wake_fd() const override { return source_->wake_fd(); }
  int send_fd() const override { return source_->send_fd(); }
  bool PrepareToSleep() override { return source_->PrepareToSleep(); }
  Result<size_t> Drain(EventSink& sink) override;
  bool has_more() const override { return source_->has_more(); }
  std::optional<uint64_t> recording_since_ns() const override {
    return source_->recording_since_ns();
  }
  void Stop() override { source_->Stop(); }
  bool is_live() const override { return source_->is_live(); }
  bool exhausted() const override { return source_->exhausted(); }
  Status Snapshot(SnapshotSink& sink) override;
  bool WantsResync() const override { return source_->WantsResync(); }
  SourceCounters counters() const override;
  bool tells_every_life() const override { return filter_.TellsEveryLife(); }
  std::string abilities() const override { return AbilitiesLeft(source_->abilities(), filter_); }
  std::string_view lacks_where_others_are_hidden() const override {
    return source_->lacks_where_others_are_hidden();
  }
  std::optional<uint64_t> ring_bytes() const override { return source_->ring_bytes(); }

 private:
  std::unique_ptr<EventSource> source_;
  Filter filter_;
  JudgedProcesses judged_;
  FilteredEvents filtered_;
};

}  // namespace daybook
