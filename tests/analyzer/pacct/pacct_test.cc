// Process accounting records: their encodings, all versions, and files with damage.
#include "pacct/pacct.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <string>
#include <vector>

#include "pacct/pacct_reader.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Bytes = std::vector<uint8_t>;

PacctRecord Make(uint32_t pid, std::string_view comm = "sh") {
  return {.flags = kPacctSu,
          .tty = 0x8805,
          .wait_status = 0x8B,
          .uid = 4'000'000'000,
          .gid = 100,
          .pid = pid,
          .ppid = 1,
          .start_s = 1'700'000'000 + pid,
          .elapsed_ticks = 1234,
          .utime_ticks = 7,
          .stime_ticks = 8191,
          .memory_kib = 65528,
          .minflt = 200,
          .comm = comm};
}

Bytes Encoded(const PacctRecord& record) {
  const auto bytes = EncodePacct(record);
  return {bytes.begin(), bytes.end()};
}

Bytes FileOf(uint32_t count) {
  Bytes file;
  for (uint32_t pid = 1; pid <= count; ++pid) {
    const Bytes record = Encoded(Make(pid, pid % 2 == 0 ? "fifteen-letters" : "sh"));
    file.insert(file.end(), record.begin(), record.end());
  }
  return file;
}

// What a reader hands out, in bites of `bite` bytes.
struct ReadBack {
  std::vector<uint32_t> pids;
  std::vector<PacctGap> gaps;
  uint64_t end = 0;
};
ReadBack ReadAll(const Bytes& file, size_t bite = 4096) {
  size_t done = 0;
  PacctReader reader([&](std::span<uint8_t> out) -> Result<size_t> {
    const size_t size = std::min({bite, out.size(), file.size() - done});
    std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(done), size, out.begin());
    done += size;
    return size;
  });
  ReadBack back;
  for (;;) {
    const auto item = reader.Next();
    EXPECT_TRUE(item);
    if (const auto* record = std::get_if<PacctRecord>(&*item)) {
      back.pids.push_back(record->pid.value_or(0));
    } else if (const auto* gap = std::get_if<PacctGap>(&*item)) {
      back.gaps.push_back(*gap);
    } else {
      back.end = reader.offset();
      return back;
    }
  }
}

TEST(PacctTest, CompTRoundsAsTheKernelDoesAndEndsAtItsLargest) {
  EXPECT_EQ(EncodeCompT(0), 0);
  EXPECT_EQ(EncodeCompT(8191), 0x1FFF);
  EXPECT_EQ(DecodeCompT(EncodeCompT(8192)), 8192U);
  EXPECT_EQ(DecodeCompT(EncodeCompT(8195)), 8192U);
  EXPECT_EQ(DecodeCompT(EncodeCompT(8196)), 8200U);
  EXPECT_EQ(DecodeCompT(EncodeCompT(65528)), 65528U);
  EXPECT_EQ(EncodeCompT(65532), 0x4400);  // the rounding overflows the fraction
  EXPECT_EQ(DecodeCompT(UINT16_MAX), uint64_t{8191} << 21);
  EXPECT_EQ(EncodeCompT(uint64_t{8191} << 21), UINT16_MAX);
  EXPECT_EQ(EncodeCompT(UINT64_MAX), UINT16_MAX);
}

TEST(PacctTest, EveryCompTIsWhatItWasReadFrom) {
  for (uint32_t value = 0; value <= UINT16_MAX; ++value) {
    const uint64_t decoded = DecodeCompT(static_cast<uint16_t>(value));
    EXPECT_EQ(DecodeCompT(EncodeCompT(decoded)), decoded) << value;
  }
}

TEST(PacctTest, Comp2THasAFirstBitThatIsNotStored) {
  EXPECT_EQ(DecodeComp2T(0), 0U);
  EXPECT_EQ(DecodeComp2T((1U << 19) - 1), (1U << 19) - 1);
  EXPECT_EQ(DecodeComp2T(1U << 19), 1U << 19);
  EXPECT_EQ(DecodeComp2T(2U << 19 | 5), ((1U << 19) | 5U) << 1);
  EXPECT_EQ(DecodeComp2T(0xFFFFFF), uint64_t{0xFFFFF} << 30);
}

TEST(PacctTest, TheElapsedTimeIsCutToAFloat) {
  const auto encoded = [](uint64_t ticks) { return std::bit_cast<float>(EncodeElapsed(ticks)); };
  EXPECT_EQ(encoded(0), 0.0F);
  EXPECT_EQ(encoded(1'000'000'000), 1e9F);
  EXPECT_EQ(encoded((1U << 24) + 1), 16777216.0F);
  EXPECT_EQ(encoded((1ULL << 32) - 1), 4294967040.0F);  // rounding would give 2^32
}

TEST(PacctTest, ARecordIsReadAsItWasWrittenInBothByteOrders) {
  for (const bool big_endian : {false, true}) {
    PacctRecord record = Make(42, "0123456789abcdef");
    record.big_endian = big_endian;
    const Bytes bytes = Encoded(record);
    EXPECT_EQ(bytes[1], big_endian ? 0x83 : 0x03);
    const auto decoded = DecodePacct(bytes);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->big_endian, big_endian);
    EXPECT_EQ(decoded->uid, 4'000'000'000);
    EXPECT_EQ(decoded->pid, 42U);
    EXPECT_EQ(decoded->ppid, 1U);
    EXPECT_EQ(decoded->tty, 0x8805);
    EXPECT_EQ(decoded->wait_status, 0x8BU);
    EXPECT_EQ(decoded->elapsed_ticks, 1234);
    EXPECT_EQ(decoded->stime_ticks, 8191U);
    EXPECT_EQ(decoded->memory_kib, 65528U);
    EXPECT_EQ(decoded->comm, "0123456789abcdef");
    EXPECT_EQ(Encoded(*decoded), bytes);
  }
}

TEST(PacctTest, Version1HasNoPadding) {
  // A process of 3 + 4 ticks, as m68k writes it.
  Bytes bytes(kPacctV1Bytes);
  bytes[1] = 0x81;
  bytes[11] = 1;  // ac_btime
  bytes[13] = 3;  // ac_utime
  bytes[15] = 4;  // ac_stime
  bytes[32] = 3;  // ac_exitcode 0x300
  bytes[34] = 'x';
  bytes[53] = 9;   // ac_etime_lo
  bytes[57] = 33;  // ac_uid
  EXPECT_EQ(PacctRecordBytes(bytes), kPacctV1Bytes);
  const auto record = DecodePacct(bytes);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->wait_status, 0x300U);
  EXPECT_EQ(record->uid, 33U);
  EXPECT_EQ(record->elapsed_ticks, 9);
  EXPECT_EQ(record->utime_ticks + record->stime_ticks, 7U);
  EXPECT_EQ(record->comm, "x");
  EXPECT_EQ(record->pid, std::nullopt);
}

TEST(PacctTest, WhatNoKernelWritesIsNoRecord) {
  const auto changed = [](size_t at, std::initializer_list<uint8_t> values) {
    Bytes bytes = Encoded(Make(42));
    std::ranges::copy(values, bytes.begin() + static_cast<std::ptrdiff_t>(at));
    return DecodePacct(bytes).has_value();
  };
  EXPECT_TRUE(changed(0, {0x1F}));
  EXPECT_FALSE(changed(0, {0x42}));               // flags
  EXPECT_FALSE(changed(1, {4}));                  // version
  EXPECT_FALSE(changed(6, {1}));                  // wait status
  EXPECT_FALSE(changed(18, {0x41}));              // pid
  EXPECT_FALSE(changed(28, {0, 0, 0xC0, 0x7F}));  // NaN
  EXPECT_FALSE(changed(28, {0, 0, 0x80, 0xBF}));  // -1
  EXPECT_FALSE(changed(28, {1, 0, 0, 0}));        // a part of a tick that is next to nothing
  EXPECT_FALSE(changed(60, {'x'}));               // behind the end of the name
  EXPECT_FALSE(DecodePacct(Bytes(kPacctBytes)));  // zeros
  EXPECT_FALSE(DecodePacct(Bytes(kPacctBytes, 0xFF)));
  EXPECT_FALSE(DecodePacct(Bytes(1)));
}

TEST(PacctReaderTest, ReadsInBitesOfAnySize) {
  const Bytes file = FileOf(40);
  for (const size_t bite : {1U, 7U, 63U, 64U, 100U, 5000U}) {
    const ReadBack back = ReadAll(file, bite);
    EXPECT_EQ(back.pids.size(), 40U);
    EXPECT_THAT(back.gaps, IsEmpty());
  }
}

TEST(PacctReaderTest, EveryTruncationIsATornTail) {
  const Bytes whole = FileOf(5);
  for (size_t size = 0; size <= whole.size(); ++size) {
    const ReadBack back = ReadAll(Bytes(whole.begin(), whole.begin() + static_cast<long>(size)));
    EXPECT_EQ(back.pids.size(), size / kPacctBytes) << size;
    if (size % kPacctBytes == 0) {
      EXPECT_THAT(back.gaps, IsEmpty()) << size;
    } else {
      EXPECT_THAT(back.gaps, ElementsAre(PacctGap{.begin = size / kPacctBytes * kPacctBytes,
                                                  .end = size,
                                                  .is_tail = size > kPacctBytes}))
          << size;
    }
  }
}

// Whatever a byte is changed to costs its own record at most, and is told or cannot be seen.
TEST(PacctReaderTest, AnyFlippedByteCostsNoOtherRecord) {
  const Bytes whole = FileOf(5);
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const int mask : {0x01, 0x02, 0x10, 0x80, 0xFF}) {
      Bytes file = whole;
      file[at] = static_cast<uint8_t>(file[at] ^ mask);
      const ReadBack back = ReadAll(file);
      const auto torn = static_cast<uint32_t>(at / kPacctBytes);
      ASSERT_EQ(back.pids.size() + back.gaps.size(), 5U) << at;
      for (uint32_t i = 0; i < 5; ++i) {
        if (i == torn) continue;
        EXPECT_THAT(back.pids, testing::Contains(i + 1)) << at;
      }
      if (!back.gaps.empty()) {
        EXPECT_THAT(back.gaps, ElementsAre(PacctGap{torn * kPacctBytes, (torn + 1) * kPacctBytes}));
      }
      EXPECT_EQ(back.end, file.size());
    }
  }
}

// Records 4 and 7 are torn, 5 and 6 gone. Their remains may look like one record where only a name
// or the first two bytes are of another one: nothing in the file could show it.
TEST(PacctReaderTest, ALostMiddleCostsNoIntactRecord) {
  const Bytes whole = FileOf(12);
  int made_of_remains = 0;
  for (size_t begin = 3 * kPacctBytes + 1; begin < 4 * kPacctBytes; ++begin) {
    for (size_t end = 6 * kPacctBytes + 1; end < 7 * kPacctBytes; ++end) {
      if ((end - begin) % kPacctBytes == 0) continue;  // two halves that fit
      Bytes file(whole.begin(), whole.begin() + static_cast<long>(begin));
      file.insert(file.end(), whole.begin() + static_cast<long>(end), whole.end());
      ReadBack back = ReadAll(file);
      ASSERT_EQ(back.gaps.size(), 1U) << begin << " to " << end;
      const uint64_t lost = back.gaps[0].end - back.gaps[0].begin;
      ASSERT_EQ(back.pids.size() * kPacctBytes + lost, file.size());
      const auto made = std::erase_if(back.pids, [](uint32_t pid) { return pid == 4 || pid == 7; });
      ASSERT_THAT(back.pids, ElementsAre(1, 2, 3, 8, 9, 10, 11, 12)) << begin << " to " << end;
      made_of_remains += static_cast<int>(made);
    }
  }
  EXPECT_LT(made_of_remains, 63 * 62 / 10);
}

TEST(PacctReaderTest, AShiftCostsNoRecord) {
  const Bytes whole = FileOf(6);
  for (size_t at = 0; at <= 6; ++at) {
    for (const int filler : {0x00, 0x03, 0x20, 0xFF}) {
      for (size_t count = 1; count < kPacctBytes; ++count) {
        Bytes file = whole;
        file.insert(file.begin() + static_cast<long>(at * kPacctBytes), count,
                    static_cast<uint8_t>(filler));
        const ReadBack back = ReadAll(file);
        ASSERT_EQ(back.pids.size(), 6U) << count << " of " << filler << " at " << at;
        ASSERT_THAT(back.gaps,
                    ElementsAre(PacctGap{at * kPacctBytes, at * kPacctBytes + count, at == 6}));
      }
    }
  }
}

TEST(PacctReaderTest, ZerosAfterAPowerLossAreAGap) {
  Bytes file = FileOf(200);
  std::fill(file.begin() + 4096, file.begin() + 8192, uint8_t{0});
  const ReadBack back = ReadAll(file);
  EXPECT_EQ(back.pids.size(), 136U);
  EXPECT_THAT(back.gaps, ElementsAre(PacctGap{4096, 8192}));
}

TEST(PacctReaderTest, WhatIsNoSuchFileIsOneGap) {
  Bytes file(300'000);
  for (size_t i = 0; i < file.size(); ++i) file[i] = static_cast<uint8_t>('a' + i % 7);
  const ReadBack back = ReadAll(file);
  EXPECT_THAT(back.pids, IsEmpty());
  EXPECT_THAT(back.gaps, ElementsAre(PacctGap{0, file.size()}));
}

TEST(PacctReaderTest, AnErrorOfReadingIsHandedOn) {
  PacctReader reader(
      [](std::span<uint8_t>) -> Result<size_t> { return Error("the disk is gone"); });
  const auto item = reader.Next();
  ASSERT_FALSE(item);
  EXPECT_EQ(item.error().message(), "the disk is gone");
}

}  // namespace
}  // namespace daybook
