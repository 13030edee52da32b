#include "bpf_source/predecessor.h"

#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "process.skel.h"
#include "system/run_id.h"

namespace daybook {
namespace {

bool IsOfLog(const shared_state& state, const LogEnd& log) {
  return std::ranges::equal(state.log_stream, log.stream_id.bytes);
}

// Of what it says to be written, a copy that was made before has not got all.
bool GoesFurther(const shared_state& state, const LogEnd& log) {
  return state.committed / 2 > log.next_seq;
}

// Hooks of recorders that were killed before they recorded: they do nothing.
void RemoveOrphans(BpfPins& pins, uint64_t active) {
  if (Status removed = pins.RemoveLinks(active); !removed) {
    std::fprintf(stderr, "daybookd: %s; going on\n", removed.error().message().c_str());
  }
}

// Of a log that nothing is written to yet nobody else has written.
bool IsLastRecorder(const shared_state& state, const LogEnd& log) {
  return log.stream_id == Id128{} || IsLastRun(log, state.run_id);
}

}  // namespace

Result<Predecessor> Predecessor::Find(BpfPins* pins, const BpfSourceOptions& options,
                                      LoadPlan& plan) {
  Predecessor found;
  if (pins == nullptr) return found;
  const Skeleton skeleton(process_bpf__open());
  if (!skeleton) return Error::FromErrno("opening the BPF programs", errno);
  auto maps = PinnedMaps::Find(*pins, *skeleton);
  if (!maps) return std::move(maps).error();
  const bool is_any = maps->is_any();
  plan.generation = pins->NewestGeneration() + 1;
  const char* const unfit = found.Adopt(*pins, *std::move(maps), *skeleton, options, plan);
  if (unfit == nullptr) {
    RemoveOrphans(*pins, found.state_.active);
    return found;
  }
  if (Status removed = RemoveAll(*pins, *skeleton); !removed) return std::move(removed).error();
  if (is_any) {
    std::fprintf(stderr, "daybookd: what is pinned in %s %s; replaced\n", pins->path().c_str(),
                 unfit);
  }
  return found;
}

Status Predecessor::RemoveAll(BpfPins& pins, const process_bpf& skeleton) {
  // Killed in between, what is left is incomplete, not hooks that look whole.
  if (Status removed = pins.RemoveMap(StatePin(skeleton)); !removed) return removed;
  // Then the links: what they would still tell has no place to go.
  if (Status removed = pins.RemoveLinks(); !removed) return removed;
  for (const auto& [pin, map] : KeptMaps(skeleton)) {
    if (Status removed = pins.RemoveMap(pin); !removed) return removed;
  }
  return Ok{};
}

const char* Predecessor::Adopt(const BpfPins& pins, PinnedMaps maps, const process_bpf& skeleton,
                               const BpfSourceOptions& options, LoadPlan& plan) {
  if (!maps.is_complete()) return "is incomplete";
  LoadPlan its_plan = plan;
  its_plan.ring_bytes = maps.ring_bytes().value_or(0);
  if (its_plan.ring_bytes != options.ring_bytes.value_or(its_plan.ring_bytes)) {
    return "has a ring of another size";
  }
  SizeMaps(skeleton, its_plan);
  const auto state = maps.Fit(skeleton) ? maps.state() : std::nullopt;
  if (!state) return "does not fit this version or these options";
  if (state->layout != EVENT_LAYOUT) return "is of another version";
  if (!IsOfLog(*state, options.log)) return "is of another log";
  if (!IsLastRecorder(*state, options.log)) return "is older than the end of this log";
  if (GoesFurther(*state, options.log)) return "goes further than this log";
  if (!pins.HasLinks(state->active)) return "records nothing";
  const bool judges_alike = state->judging_filter == plan.judging_filter;
  if (!judges_alike || !maps.VerdictsFit(skeleton)) maps.ForgetVerdicts();
  plan = its_plan;
  maps_ = std::move(maps);
  state_ = *state;
  exists_ = true;
  return nullptr;
}

}  // namespace daybook
