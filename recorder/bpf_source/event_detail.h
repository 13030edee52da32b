// How much is told of each event, beside the filter, which says of which ones: so that a recorder
// can say that the one before it told less.
#pragma once

#include <cstdint>

#include "bpf_source/bpf_source.h"

namespace daybook {

// In one number, for what both sides share.
uint32_t EventDetail(const BpfSourceOptions& options);

// More than anybody tells: so is what cannot be known any more.
inline constexpr uint32_t kUnknownDetail = UINT32_MAX;

// Of an argument, or of a reap.
bool TellsLess(uint32_t detail, uint32_t than);

}  // namespace daybook
