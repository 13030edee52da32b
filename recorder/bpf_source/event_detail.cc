#include "bpf_source/event_detail.h"

#include "bpf_source/bpf_program.h"
#include "sources/filter.h"

namespace daybook {
namespace {

// Bits: bytes of the arguments, which of them, and whether reaps are told.
constexpr uint32_t kArgsBytes = 0xffff;
constexpr uint32_t kFirstArg = 0x1'0000;
constexpr uint32_t kAllArgs = 0x2'0000;
constexpr uint32_t kArgs = kFirstArg | kAllArgs;
constexpr uint32_t kReaps = 0x4'0000;

uint32_t ArgsBits(const BpfSourceOptions& options) {
  const bool are_told = (options.filter.events & kTypeExec) != 0 && options.args_limit != 0;
  if (!are_told || options.args == ArgsCapture::kNone) return 0;
  return options.args_limit | (options.args == ArgsCapture::kAll ? kAllArgs : kFirstArg);
}

}  // namespace

uint32_t EventDetail(const BpfSourceOptions& options) {
  return ArgsBits(options) | (TellsReaps(options) ? kReaps : 0);
}

bool TellsLess(uint32_t detail, uint32_t than) {
  for (const uint32_t part : {kArgsBytes, kArgs, kReaps}) {
    if ((detail & part) < (than & part)) return true;
  }
  return false;
}

}  // namespace daybook
