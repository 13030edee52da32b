#include "bpf_source/pinned_maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <utility>

#include "process.skel.h"

namespace daybook {
namespace {

constexpr size_t kVerdicts = 3;  // of KeptMaps()

std::optional<bpf_map_info> InfoOf(int fd) {
  bpf_map_info info = {};
  uint32_t bytes = sizeof(info);
  if (bpf_obj_get_info_by_fd(fd, &info, &bytes) != 0) return std::nullopt;
  return info;
}

bool IsLike(const bpf_map* wanted, int fd) {
  const auto found = InfoOf(fd);
  return found && found->type == bpf_map__type(wanted) &&
         found->key_size == bpf_map__key_size(wanted) &&
         found->value_size == bpf_map__value_size(wanted) &&
         found->max_entries == bpf_map__max_entries(wanted) &&
         found->map_flags == bpf_map__map_flags(wanted);
}

}  // namespace

std::array<KeptMap, 5> KeptMaps(const process_bpf& skeleton) {
  return {KeptMap{"events", skeleton.maps.events}, KeptMap{"counters", skeleton.maps.counters},
          KeptMap{"exit_claims", skeleton.maps.exit_claims},
          KeptMap{"judged", skeleton.maps.judged_processes}, KeptMap{"state", skeleton.maps.bss}};
}

const char* StatePin(const process_bpf& skeleton) { return KeptMaps(skeleton).back().pin; }

Status PinMaps(BpfPins& pins, const process_bpf& skeleton) {
  for (const auto& [pin, map] : KeptMaps(skeleton)) {
    if (Status pinned = pins.PinMap(pin, bpf_map__fd(map)); !pinned) return pinned;
  }
  return Ok{};
}

Status ReplaceVerdicts(BpfPins& pins, const process_bpf& skeleton) {
  const auto [pin, map] = KeptMaps(skeleton)[kVerdicts];
  return pins.ReplaceMap(pin, bpf_map__fd(map));
}

Result<PinnedMaps> PinnedMaps::Find(const BpfPins& pins, const process_bpf& skeleton) {
  PinnedMaps pinned;
  for (const auto& [pin, map] : KeptMaps(skeleton)) {
    auto found = pins.Find(pin);
    if (!found) return std::move(found).error();
    if (*found) pinned.fds_.push_back(**std::move(found));
  }
  pinned.is_any_ = !pinned.fds_.empty();
  if (pinned.fds_.size() != KeptMaps(skeleton).size()) pinned.fds_.clear();
  return pinned;
}

std::optional<uint64_t> PinnedMaps::ring_bytes() const {
  const auto info = InfoOf(fds_.front().get());
  return info ? std::optional<uint64_t>(info->max_entries) : std::nullopt;
}

std::optional<shared_state> PinnedMaps::state() const {
  const uint32_t zero = 0;
  shared_state state = {};
  if (bpf_map_lookup_elem(fds_.back().get(), &zero, &state) != 0) return std::nullopt;
  return state;
}

bool PinnedMaps::Fit(const process_bpf& skeleton) const {
  const auto wanted = KeptMaps(skeleton);
  for (size_t i = 0; i < fds_.size(); ++i) {
    if (i != kVerdicts && !IsLike(wanted[i].map, fds_[i].get())) return false;
  }
  return true;
}

bool PinnedMaps::VerdictsFit(const process_bpf& skeleton) const {
  return IsLike(KeptMaps(skeleton)[kVerdicts].map, fds_[kVerdicts].get());
}

void PinnedMaps::ForgetVerdicts() { fds_[kVerdicts] = FileDescriptor(); }

bool PinnedMaps::has_verdicts() const { return fds_[kVerdicts].get() >= 0; }

Status PinnedMaps::GiveTo(process_bpf& skeleton) const {
  const auto wanted = KeptMaps(skeleton);
  for (size_t i = 0; i < fds_.size(); ++i) {
    if (i == kVerdicts && !has_verdicts()) continue;
    if (bpf_map__reuse_fd(wanted[i].map, fds_[i].get()) == 0) continue;
    return Error::FromErrno("taking over the map " + std::string(wanted[i].pin), errno);
  }
  return Ok{};
}

}  // namespace daybook
