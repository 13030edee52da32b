// The recorder before this one, whose hooks tell of everything until this one's do.
#pragma once

#include <cstdint>
#include <optional>

#include "bpf/events.h"
#include "bpf_source/bpf_pins.h"
#include "bpf_source/bpf_program.h"
#include "bpf_source/bpf_source.h"
#include "bpf_source/event_detail.h"
#include "bpf_source/pinned_maps.h"
#include "daybook/result.h"

struct process_bpf;

namespace daybook {

class Predecessor {
 public:
  // Sets what of the plan follows from it. What is pinned and does not fit this one is done away
  // with, and a line says so: what it still held is missing in the log, which the gap between both
  // tells.
  static Result<Predecessor> Find(BpfPins* pins, const BpfSourceOptions& options, LoadPlan& plan);

  static Status RemoveAll(BpfPins& pins, const process_bpf& skeleton);

  bool exists() const { return exists_; }
  // Its verdicts on processes are those that this one would give.
  bool judges_alike() const { return exists_ && maps_.has_verdicts(); }
  // One that took over by another filter has recorded by it, and was gone before its START was in
  // the log.
  bool has_untold_filter() const { return exists_ && state_.active_filter != state_.told_filter; }
  // The same of one that told less of each event.
  bool tells_less_than_told() const {
    return exists_ && TellsLess(state_.active_detail, state_.told_detail);
  }
  const PinnedMaps& maps() const { return maps_; }
  // What it wrote last; all 0 where there is none.
  const shared_state& state() const { return state_; }

 private:
  // Why it cannot be followed; nullptr where it is.
  const char* Adopt(const BpfPins& pins, PinnedMaps maps, const process_bpf& skeleton,
                    const BpfSourceOptions& options, LoadPlan& plan);

  PinnedMaps maps_;
  shared_state state_ = {};
  bool exists_ = false;
};

}  // namespace daybook
