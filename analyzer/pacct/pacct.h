// The records of process accounting files, acct(5): bytes to values and back. Pure logic.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace daybook {

// Bits of PacctRecord::flags; named as in acct(5).
inline constexpr uint8_t kPacctFork = 0x01;    // AFORK: forked, never executed
inline constexpr uint8_t kPacctSu = 0x02;      // ASU: used the superuser's privileges
inline constexpr uint8_t kPacctCompat = 0x04;  // ACOMPAT
inline constexpr uint8_t kPacctCore = 0x08;    // ACORE: dumped core
inline constexpr uint8_t kPacctSignal = 0x10;  // AXSIG: killed by a signal

// AHZ where a record does not tell it.
inline constexpr uint32_t kPacctTicksPerSecond = 100;

// The longest record. Version 1, of m68k, has no padding and is shorter.
inline constexpr size_t kPacctBytes = 64;
inline constexpr size_t kPacctV1Bytes = 62;

// One process that has ended, of any version.
struct PacctRecord {
  uint8_t version = 3;
  bool big_endian = false;
  uint8_t flags = 0;
  uint16_t tty = 0;  // major << 8 | minor; 0 is none
  uint32_t wait_status = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::optional<uint32_t> pid;   // version 3
  std::optional<uint32_t> ppid;  // at the end; version 3
  uint32_t start_s = 0;          // since 1970
  uint32_t ticks_per_s = kPacctTicksPerSecond;
  double elapsed_ticks = 0;
  uint64_t utime_ticks = 0;
  uint64_t stime_ticks = 0;
  uint64_t memory_kib = 0;  // of the address space at the end
  uint64_t io_chars = 0;    // where the kernel counts them
  uint64_t rw_blocks = 0;   // where the kernel counts them
  uint64_t minflt = 0;
  uint64_t majflt = 0;
  uint64_t swaps = 0;     // where the kernel counts them
  std::string_view comm;  // at most 16 bytes; decoded, it points into the bytes
};

// Length of the record whose first two bytes these are; nullopt where no version has such bytes.
std::optional<size_t> PacctRecordBytes(std::span<const uint8_t> bytes);

// The record at the beginning of `bytes`. Nothing in a file proves a record, so this is strict:
// nullopt where a kernel would never have written such bytes.
std::optional<PacctRecord> DecodePacct(std::span<const uint8_t> bytes);

// Version 3 in the byte order that the record says. What does not fit is cut as the kernel cuts it:
// times to whole ticks, counts to 13 bits of fraction, the elapsed time to 24; the name to 16
// bytes.
std::array<uint8_t, kPacctBytes> EncodePacct(const PacctRecord& record);

// comp_t: 13 bits and an exponent to the base 8 in 3 bits. Encoding rounds, and ends at the
// largest.
uint64_t DecodeCompT(uint16_t value);
uint16_t EncodeCompT(uint64_t value);
// comp2_t: 20 bits, of which the first is not stored, and an exponent to the base 2 in 5 bits.
uint64_t DecodeComp2T(uint32_t value);
// The bits of the nearest float that is not larger.
uint32_t EncodeElapsed(uint64_t ticks);

}  // namespace daybook
