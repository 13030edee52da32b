// The BPF program: how it is configured, loaded, and made to record.
#pragma once

#include <cstdint>
#include <memory>

#include "bpf_source/bpf_pins.h"
#include "bpf_source/bpf_source.h"
#include "bpf_source/pinned_maps.h"
#include "daybook/result.h"
#include "proc/cgroup_paths.h"

struct process_bpf;

namespace daybook {

struct SkeletonDeleter {
  void operator()(process_bpf* skeleton) const;
};
using Skeleton = std::unique_ptr<process_bpf, SkeletonDeleter>;

struct LoadPlan {
  uint64_t ring_bytes;
  uint32_t cpu_numbers_end;
  bool uses_group_dead;
  CgroupHierarchy cgroups;
  uint64_t followed_cgroup_id;  // 0 is none
  uint32_t max_judged;          // processes
  uint64_t judging_filter;      // JudgingFilterHash()
  uint64_t filter;              // FilterHash()
  uint32_t detail;              // EventDetail()
  uint64_t generation = 1;
};

// The causes for which it cannot be loaded that can be told before trying.
Status CheckRequirements(const BpfSourceOptions& options);

// Whether the kernel says which thread is a group's last. The program asks the same at its load
// (is_group_end() in process.bpf.c).
bool KernelTellsGroupDead();

// Reaps are told of ends that are told.
bool TellsReaps(const BpfSourceOptions& options);

// Of a skeleton that is not loaded.
void SizeMaps(const process_bpf& skeleton, const LoadPlan& plan);

Result<Skeleton> Load(const BpfSourceOptions& options, const LoadPlan& plan,
                      const PinnedMaps& pinned);

// The hooks do nothing until they are made active. The skeleton owns the links.
Status Attach(process_bpf& skeleton);
Status PinHooks(BpfPins& pins, process_bpf& skeleton, uint64_t generation);
void DetachHooks(process_bpf& skeleton);

// How often the kernel has not called a hook since it was within the same one: see stay_on_cpu() in
// bpf/state.h. Usable after privileges have been dropped, but not on kernels before 5.19 that keep
// BPF from the unprivileged: 0.
uint64_t MissedCalls(process_bpf& skeleton);

}  // namespace daybook
