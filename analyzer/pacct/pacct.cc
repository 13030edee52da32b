#include "pacct/pacct.h"

#include <algorithm>
#include <bit>

namespace daybook {
namespace {

constexpr uint8_t kBigEndianBit = 0x80;
constexpr uint8_t kKnownFlags = 0x3F;
constexpr uint32_t kMaxPid = 1U << 22;  // PID_MAX_LIMIT
constexpr uint32_t kMaxWaitStatus = 0xFFFF;
constexpr size_t kCommBytes = 16;

constexpr int kCompMantissaBits = 13;
constexpr int kCompExponentShift = 3;  // base 8
constexpr uint64_t kCompMaxMantissa = (1U << kCompMantissaBits) - 1;
constexpr uint64_t kCompMaxExponent = 7;
constexpr int kComp2MantissaBits = 20;

// Where a version has its fields. 0: it has none (nothing else begins at 0, where the flags are).
struct Layout {
  size_t bytes;
  uint8_t tty, wait_status, uid, gid, pid, ppid, start, elapsed, utime, stime, memory, io, rw,
      minflt, majflt, swaps, ticks_per_s, comm, uid16, elapsed_high, elapsed_low;
};
// The offsets of the versions before 3 differ from ac_exitcode on: m68k has no padding.
constexpr Layout MakeOldLayout(uint8_t padding, size_t bytes) {
  const auto at = [&](int offset) { return static_cast<uint8_t>(offset + padding); };
  return {.bytes = bytes,
          .tty = 6,
          .wait_status = at(30),
          .uid = at(54),
          .gid = at(58),
          .pid = 0,
          .ppid = 0,
          .start = 8,
          .elapsed = 16,
          .utime = 12,
          .stime = 14,
          .memory = 18,
          .io = 20,
          .rw = 22,
          .minflt = 24,
          .majflt = 26,
          .swaps = 28,
          .ticks_per_s = static_cast<uint8_t>(padding == 0 ? 0 : 30),
          .comm = at(34),
          .uid16 = 2,
          .elapsed_high = at(51),
          .elapsed_low = at(52)};
}
constexpr Layout kLayouts[] = {MakeOldLayout(2, kPacctBytes),
                               MakeOldLayout(0, kPacctV1Bytes),
                               MakeOldLayout(2, kPacctBytes),
                               {.bytes = kPacctBytes,
                                .tty = 2,
                                .wait_status = 4,
                                .uid = 8,
                                .gid = 12,
                                .pid = 16,
                                .ppid = 20,
                                .start = 24,
                                .elapsed = 28,
                                .utime = 32,
                                .stime = 34,
                                .memory = 36,
                                .io = 38,
                                .rw = 40,
                                .minflt = 42,
                                .majflt = 44,
                                .swaps = 46,
                                .ticks_per_s = 0,
                                .comm = 48,
                                .uid16 = 0,
                                .elapsed_high = 0,
                                .elapsed_low = 0}};

// Reads a record's numbers in its own byte order.
class Fields {
 public:
  Fields(const uint8_t* bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}

  uint16_t Get16(size_t offset) const { return static_cast<uint16_t>(Get(offset, 2)); }
  uint32_t Get32(size_t offset) const { return Get(offset, 4); }
  uint64_t GetComp(size_t offset) const { return DecodeCompT(Get16(offset)); }

 private:
  uint32_t Get(size_t offset, size_t size) const {
    uint32_t value = 0;
    for (size_t i = 0; i < size; ++i) {
      value = value << 8 | bytes_[offset + (big_endian_ ? i : size - 1 - i)];
    }
    return value;
  }

  const uint8_t* bytes_;
  bool big_endian_;
};

const Layout* LayoutOf(std::span<const uint8_t> bytes) {
  if (bytes.size() < 2) return nullptr;
  const size_t version = bytes[1] & ~kBigEndianBit;
  return version < std::size(kLayouts) ? &kLayouts[version] : nullptr;
}

// Names end with NUL bytes up to the field's end: what stands behind shows that this is no name.
std::optional<std::string_view> GetComm(std::span<const uint8_t> field) {
  const auto end = std::find(field.begin(), field.end(), 0);
  if (std::any_of(end, field.end(), [](uint8_t byte) { return byte != 0; })) return std::nullopt;
  return std::string_view(reinterpret_cast<const char*>(field.data()),
                          static_cast<size_t>(end - field.begin()));
}

double GetElapsed(const Fields& fields, const Layout& layout, uint8_t version,
                  std::span<const uint8_t> bytes) {
  if (version == 3) return double{std::bit_cast<float>(fields.Get32(layout.elapsed))};
  const uint32_t low = fields.Get16(layout.elapsed_low);
  const uint32_t wide = uint32_t{bytes[layout.elapsed_high]} << 16 | low;
  return static_cast<double>(version == 0 ? fields.GetComp(layout.elapsed) : DecodeComp2T(wide));
}

// The kernel's version 0 has 16-bit ids and zeros where later ones have 32 bits; converters fill
// in both.
void ChooseIds(const Fields& fields, const Layout& layout, PacctRecord* record) {
  const uint16_t uid = fields.Get16(layout.uid16);
  const uint16_t gid = fields.Get16(layout.uid16 + 2U);
  const bool agree =
      static_cast<uint16_t>(record->uid) == uid && static_cast<uint16_t>(record->gid) == gid;
  if (agree) return;
  record->uid = uid;
  record->gid = gid;
}

// What no kernel writes: processes that ran for more seconds than there were since 1970, and parts
// of a tick that are next to nothing.
bool IsPlausibleElapsed(double ticks, uint32_t ticks_per_s) {
  constexpr double kMaxSeconds = 4294967296.0;
  constexpr double kLeast = 1.0 / 1024;
  return ticks == 0 || (ticks >= kLeast && ticks / ticks_per_s < kMaxSeconds);
}

bool IsPlausible(const PacctRecord& record) {
  return (record.flags & ~kKnownFlags) == 0 && record.wait_status <= kMaxWaitStatus &&
         record.pid.value_or(0) <= kMaxPid && record.ppid.value_or(0) <= kMaxPid &&
         IsPlausibleElapsed(record.elapsed_ticks, record.ticks_per_s) &&
         (record.start_s != 0 || !record.comm.empty());
}

template <class Integer>
void Put(Integer value, bool big_endian, uint8_t* out) {
  for (size_t i = 0; i < sizeof(value); ++i) {
    out[big_endian ? sizeof(value) - 1 - i : i] = static_cast<uint8_t>(value >> (8 * i));
  }
}

}  // namespace

std::optional<size_t> PacctRecordBytes(std::span<const uint8_t> bytes) {
  const Layout* layout = LayoutOf(bytes);
  if (layout == nullptr) return std::nullopt;
  return layout->bytes;
}

std::optional<PacctRecord> DecodePacct(std::span<const uint8_t> bytes) {
  const Layout* const layout = LayoutOf(bytes);
  if (layout == nullptr || bytes.size() < layout->bytes) return std::nullopt;
  PacctRecord record;
  record.flags = bytes[0];
  record.version = bytes[1] & static_cast<uint8_t>(~kBigEndianBit);
  record.big_endian = (bytes[1] & kBigEndianBit) != 0;
  const bool is_old = record.version != 3;
  const auto comm = GetComm(bytes.subspan(layout->comm, kCommBytes + is_old));
  if (!comm || comm->size() > kCommBytes) return std::nullopt;
  record.comm = *comm;
  const Fields fields(bytes.data(), record.big_endian);
  record.tty = fields.Get16(layout->tty);
  record.wait_status = fields.Get32(layout->wait_status);
  record.uid = fields.Get32(layout->uid);
  record.gid = fields.Get32(layout->gid);
  if (record.version == 0) ChooseIds(fields, *layout, &record);
  if (!is_old) record.pid = fields.Get32(layout->pid);
  if (!is_old) record.ppid = fields.Get32(layout->ppid);
  record.start_s = fields.Get32(layout->start);
  const uint16_t told = layout->ticks_per_s != 0 ? fields.Get16(layout->ticks_per_s) : uint16_t{0};
  if (told != 0) record.ticks_per_s = told;
  record.elapsed_ticks = GetElapsed(fields, *layout, record.version, bytes);
  record.utime_ticks = fields.GetComp(layout->utime);
  record.stime_ticks = fields.GetComp(layout->stime);
  record.memory_kib = fields.GetComp(layout->memory);
  record.io_chars = fields.GetComp(layout->io);
  record.rw_blocks = fields.GetComp(layout->rw);
  record.minflt = fields.GetComp(layout->minflt);
  record.majflt = fields.GetComp(layout->majflt);
  record.swaps = fields.GetComp(layout->swaps);
  if (!IsPlausible(record)) return std::nullopt;
  return record;
}

std::array<uint8_t, kPacctBytes> EncodePacct(const PacctRecord& record) {
  std::array<uint8_t, kPacctBytes> bytes{};
  const Layout& layout = kLayouts[3];
  const auto put = [&](auto value, size_t offset) {
    Put(value, record.big_endian, bytes.data() + offset);
  };
  bytes[0] = record.flags;
  bytes[1] = record.big_endian ? uint8_t{3 | kBigEndianBit} : uint8_t{3};
  put(record.tty, layout.tty);
  put(record.wait_status, layout.wait_status);
  put(record.uid, layout.uid);
  put(record.gid, layout.gid);
  put(record.pid.value_or(0), layout.pid);
  put(record.ppid.value_or(0), layout.ppid);
  put(record.start_s, layout.start);
  put(EncodeElapsed(static_cast<uint64_t>(record.elapsed_ticks)), layout.elapsed);
  put(EncodeCompT(record.utime_ticks), layout.utime);
  put(EncodeCompT(record.stime_ticks), layout.stime);
  put(EncodeCompT(record.memory_kib), layout.memory);
  put(EncodeCompT(record.io_chars), layout.io);
  put(EncodeCompT(record.rw_blocks), layout.rw);
  put(EncodeCompT(record.minflt), layout.minflt);
  put(EncodeCompT(record.majflt), layout.majflt);
  put(EncodeCompT(record.swaps), layout.swaps);
  record.comm.copy(reinterpret_cast<char*>(bytes.data()) + layout.comm, kCommBytes);
  return bytes;
}

uint64_t DecodeCompT(uint16_t value) {
  const int exponent = value >> kCompMantissaBits;
  return (value & kCompMaxMantissa) << (exponent * kCompExponentShift);
}

uint16_t EncodeCompT(uint64_t value) {
  uint64_t exponent = 0;
  bool round_up = false;
  while (value > kCompMaxMantissa) {
    round_up = (value & 1U << (kCompExponentShift - 1)) != 0;
    value >>= kCompExponentShift;
    ++exponent;
  }
  if (round_up && ++value > kCompMaxMantissa) {
    value >>= kCompExponentShift;
    ++exponent;
  }
  if (exponent > kCompMaxExponent) return UINT16_MAX;
  return static_cast<uint16_t>(exponent << kCompMantissaBits | value);
}

uint64_t DecodeComp2T(uint32_t value) {
  constexpr int kStoredBits = kComp2MantissaBits - 1;
  const uint64_t mantissa = value & ((1U << kStoredBits) - 1);
  const uint32_t exponent = value >> kStoredBits & 0x1F;
  if (exponent == 0) return mantissa;
  return (mantissa | 1U << kStoredBits) << (exponent - 1);
}

uint32_t EncodeElapsed(uint64_t ticks) {
  constexpr int kMantissaBits = 24;
  const int surplus = std::max(0, static_cast<int>(std::bit_width(ticks)) - kMantissaBits);
  return std::bit_cast<uint32_t>(static_cast<float>(ticks >> surplus << surplus));
}

}  // namespace daybook
