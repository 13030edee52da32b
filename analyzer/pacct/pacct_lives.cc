#include "pacct/pacct_lives.h"

#include "columns/life_cells.h"
#include "time/time_units.h"

namespace daybook {
namespace {

constexpr uint64_t kUsPerSecond = 1'000'000;
constexpr uint64_t kUsPerTick = kUsPerSecond / kPacctTicksPerSecond;

// Unit::kDevice has 20 bits of minor; a record has 8, and pseudo terminals overflow into the major,
// which is theirs up to 143.
constexpr int kMinorBits = 20;
constexpr int kPacctMinorBits = 8;
constexpr uint32_t kFirstPtyMajor = 136;
constexpr uint32_t kLastPtyMajor = 143;

uint32_t ImportTty(uint16_t tty) {
  uint32_t major = tty >> kPacctMinorBits;
  uint32_t minor = tty & ((1U << kPacctMinorBits) - 1);
  if (major > kFirstPtyMajor && major <= kLastPtyMajor) {
    minor |= (major - kFirstPtyMajor) << kPacctMinorBits;
    major = kFirstPtyMajor;
  }
  return major << kMinorBits | minor;
}

uint16_t ExportTty(uint32_t device) {
  const uint32_t minor = device & ((1U << kMinorBits) - 1);
  return static_cast<uint16_t>(device >> kMinorBits << kPacctMinorBits | minor);
}

uint64_t ToUs(uint64_t ticks, uint32_t ticks_per_s) { return ticks * kUsPerSecond / ticks_per_s; }

uint64_t ToElapsedNs(const PacctRecord& record) {
  constexpr auto kNs = static_cast<double>(kNsPerSecond);
  return static_cast<uint64_t>(record.elapsed_ticks * (kNs / record.ticks_per_s));
}

uint32_t ImportFlags(uint8_t flags) {
  const uint32_t never_execed = (flags & kPacctFork) != 0 ? kProcNeverExeced : 0;
  return never_execed | ((flags & kPacctSu) != 0 ? kProcSuperuser : 0);
}

}  // namespace

ImportedProcess ImportPacct(const PacctRecord& record, uint64_t number) {
  const uint32_t pid = record.pid.value_or(0);
  const uint64_t start_ns = record.start_s * kNsPerSecond + number % kUsPerSecond * 1000;
  const uint64_t end_ns = start_ns + ToElapsedNs(record);
  return {.acct = {.time_ns = end_ns,
                   .pid = pid,
                   .start_ns = start_ns,
                   .flags = record.flags,
                   .memory_kib = record.memory_kib,
                   .io_chars = record.io_chars,
                   .rw_blocks = record.rw_blocks,
                   .swaps = record.swaps},
          .exit = {.time_ns = end_ns,
                   .pid = pid,
                   .start_ns = start_ns,
                   .ppid = record.ppid,
                   .wait_status = record.wait_status,
                   .flags = ImportFlags(record.flags),
                   .uid = record.uid,
                   .gid = record.gid,
                   .tty = ImportTty(record.tty),
                   .utime_us = ToUs(record.utime_ticks, record.ticks_per_s),
                   .stime_us = ToUs(record.stime_ticks, record.ticks_per_s),
                   .minflt = record.minflt,
                   .majflt = record.majflt,
                   .comm = record.comm}};
}

PacctRecord ExportPacct(const Boot& boot, const Life& life) {
  // A user that nobody is, rather than the superuser.
  constexpr uint32_t kNobody = UINT32_MAX;
  const Usage& usage = life.usage;
  const bool has_parts = usage.utime_us && usage.stime_us;
  const auto start_ns = boot.clock.ToRealtime(life.start_ns);
  const uint64_t elapsed_ticks = ElapsedUs(life).value_or(0) / kUsPerTick;
  const Acct acct = life.acct.value_or(Acct{});
  return {
      .flags = PacctFlags(life),
      .tty = ExportTty(life.identity.tty.value_or(0)),
      .wait_status = life.wait_status.value_or(0),
      .uid = life.identity.uid.value_or(kNobody),
      .gid = life.identity.gid.value_or(kNobody),
      .pid = life.pid,
      .ppid = life.exit_ppid ? life.exit_ppid : life.ppid,
      .start_s = static_cast<uint32_t>(static_cast<uint64_t>(start_ns.value_or(0)) / kNsPerSecond),
      .elapsed_ticks = static_cast<double>(elapsed_ticks),
      .utime_ticks = (has_parts ? *usage.utime_us : usage.cpu_us.value_or(0)) / kUsPerTick,
      .stime_ticks = (has_parts ? *usage.stime_us : 0) / kUsPerTick,
      .memory_kib = PacctMemoryKib(life),
      .io_chars = acct.io_chars,
      .rw_blocks = acct.rw_blocks,
      .minflt = usage.minflt.value_or(0),
      .majflt = usage.majflt.value_or(0),
      .swaps = acct.swaps,
      .comm = life.identity.comm ? std::string_view(*life.identity.comm) : ""};
}

uint8_t PacctFlags(const Life& life) {
  if (life.acct) return static_cast<uint8_t>(life.acct->flags);
  const uint32_t status = life.wait_status.value_or(0);
  unsigned flags = 0;
  if ((life.flags & kProcNeverExeced) != 0) flags |= kPacctFork;
  if ((life.flags & kProcSuperuser) != 0) flags |= kPacctSu;
  if ((status & kCoreBit) != 0) flags |= kPacctCore;
  if ((status & kSignalMask) != 0) flags |= kPacctSignal;
  return static_cast<uint8_t>(flags);
}

uint64_t PacctMemoryKib(const Life& life) {
  return life.acct ? life.acct->memory_kib : life.usage.maxrss_kib.value_or(0);
}

}  // namespace daybook
