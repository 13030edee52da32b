// The maps that outlive a recorder in the folder of its pins.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "bpf/events.h"
#include "bpf_source/bpf_pins.h"
#include "daybook/result.h"
#include "system/file_descriptor.h"

struct bpf_map;
struct process_bpf;

namespace daybook {

// What outlives a recorder; its links are replaced.
struct KeptMap {
  const char* pin;
  bpf_map* map;
};
std::array<KeptMap, 5> KeptMaps(const process_bpf& skeleton);
// Nothing is taken over without it.
const char* StatePin(const process_bpf& skeleton);

Status PinMaps(BpfPins& pins, const process_bpf& skeleton);
Status ReplaceVerdicts(BpfPins& pins, const process_bpf& skeleton);

// The maps of the recorder before this one. Its hooks still write into them.
class PinnedMaps {
 public:
  // None where there are no pins, or something of them is missing.
  static Result<PinnedMaps> Find(const BpfPins& pins, const process_bpf& skeleton);

  bool is_any() const { return is_any_; }
  bool is_complete() const { return !fds_.empty(); }

  // Of complete ones.
  std::optional<uint64_t> ring_bytes() const;
  std::optional<shared_state> state() const;
  // The skeleton is open, not loaded. All but the verdicts on processes,
  bool Fit(const process_bpf& skeleton) const;
  // and these.
  bool VerdictsFit(const process_bpf& skeleton) const;
  void ForgetVerdicts();
  bool has_verdicts() const;

  // So that it is loaded with them.
  Status GiveTo(process_bpf& skeleton) const;

 private:
  std::vector<FileDescriptor> fds_;  // as KeptMaps() has them
  bool is_any_ = false;
};

}  // namespace daybook
