// Damage to compressed segments: no crash, no false record, what is intact is there, and every
// wrong byte is reported.
#include "container_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "compression.h"
#include "crc32c.h"
#include "daybook/compress.h"
#include "support/changed_byte.h"
#include "support/compressed_log.h"

namespace daybook {
namespace {

using File = std::vector<uint8_t>;
using Events = std::vector<ReadBack::Numbered>;

constexpr size_t kFrameTarget = 300;

bool IsSubset(const Events& part, const Events& whole) {
  uint64_t last = 0;
  for (const auto& event : part) {
    // Sequence numbers of the whole log run from 1 without a hole.
    if (event.seq <= last || event.seq > whole.size()) return false;
    last = event.seq;
    const auto& original = whole[event.seq - 1];
    if (original.type != event.type || original.payload != event.payload ||
        original.base != event.base) {
      return false;
    }
  }
  return true;
}

class ContainerDamageTest : public testing::TestWithParam<bool> {
 protected:
  // A frame of the file with its description.
  struct Unit {
    size_t description = 0;
    size_t begin = 0;
    size_t end = 0;
    Frame frame;
  };

  ContainerDamageTest() {
    const auto index = ReadCompressedIndex(file_);
    size_t at = ReadPart(file_, 0)->end;
    for (const auto& [begin, frame] : index->frames) {
      units_.push_back({.description = at,
                        .begin = begin,
                        .end = begin + frame.compressed_bytes,
                        .frame = frame});
      at = units_.back().end;
    }
    index_begin_ = at;
    table_begin_ = *FindSeekTable(file_);
  }

  // The unit whose frame has that byte of the file.
  const Unit* UnitAt(size_t position) const {
    for (const Unit& unit : units_) {
      if (position >= unit.begin && position < unit.end) return &unit;
    }
    return nullptr;
  }

  bool HasAllEventsOutside(const Events& events, const Unit* unit) const {
    const uint64_t from = unit == nullptr ? 0 : unit->frame.first_seq;
    const uint64_t to = unit == nullptr ? 0 : from + unit->frame.seq_count;
    std::set<uint64_t> seen;
    for (const auto& event : events) seen.insert(event.seq);
    // The part behind the last checkpoint is proved by where it stands, so it needs that one.
    for (uint64_t seq = 1; seq < open_seq_; ++seq) {
      if ((seq < from || seq >= to) && !seen.contains(seq)) return false;
    }
    return true;
  }

  // The file with its units in this order.
  File Assembled(const std::vector<size_t>& numbers) const {
    File file(file_.begin(), At(units_[0].description));
    for (const size_t number : numbers) {
      file.insert(file.end(), At(units_[number].description), At(units_[number].end));
    }
    file.insert(file.end(), At(index_begin_), file_.end());
    return file;
  }
  // The file with other bytes at [begin, end).
  File Replaced(size_t begin, size_t end, const File& bytes) const {
    File file(file_.begin(), At(begin));
    file.insert(file.end(), bytes.begin(), bytes.end());
    file.insert(file.end(), At(end), file_.end());
    return file;
  }
  File::const_iterator At(size_t offset) const {
    return file_.begin() + static_cast<std::ptrdiff_t>(offset);
  }
  std::vector<size_t> Numbers() const {
    std::vector<size_t> numbers(units_.size());
    for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = i;
    return numbers;
  }

  const File raw_ = LogOfLives(40, GetParam());
  const File file_ = Compressed(raw_, kFrameTarget);
  const ReadBack whole_ = ReadAll(raw_);
  std::vector<Unit> units_;
  size_t index_begin_ = 0;
  size_t table_begin_ = 0;
  // The first number that stands in no block.
  const uint64_t open_seq_ = [this] {
    uint64_t next_seq = 0;
    SegmentReader reader(raw_);
    for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
      Checkpoint checkpoint;
      if (std::get<RecordView>(item).As(&checkpoint)) {
        next_seq = checkpoint.first_seq + checkpoint.seq_count;
      }
    }
    return next_seq;
  }();
};

INSTANTIATE_TEST_SUITE_P(OpenAndClosed, ContainerDamageTest, testing::Bool(),
                         [](const auto& parameter) { return parameter.param ? "Closed" : "Open"; });

TEST_P(ContainerDamageTest, TheUndamagedFileIsWhole) {
  EXPECT_GT(units_.size(), 5u);
  EXPECT_EQ(whole_.events.size(), 80u);
  EXPECT_TRUE(whole_.gaps.empty());
  const Decompressed decoded = Decompress(file_);
  EXPECT_EQ(Causes(decoded.damage), "");
  EXPECT_EQ(decoded.content, raw_);
}

TEST_P(ContainerDamageTest, EveryChangedByteIsReportedAndCostsAtMostItsFrame) {
  size_t saved = 0;  // events out of the frames that were damaged
  for (size_t position = 0; position < file_.size(); ++position) {
    const Unit* const unit = UnitAt(position);
    for (const uint8_t value : OtherValues(file_, position)) {
      File damaged = file_;
      damaged[position] = value;
      const std::string where =
          "position " + std::to_string(position) + " value " + std::to_string(value) + "\n";
      const Decompressed decoded = Decompress(damaged);
      ASSERT_TRUE(std::ranges::any_of(decoded.damage,
                                      [&](const FrameDamage& damage) {
                                        return damage.begin <= position && position < damage.end;
                                      }))
          << where << Causes(decoded.damage);
      if (decoded.content == raw_) continue;
      // Zstd's checksum of the content does not change it, and the magic number is known.
      ASSERT_TRUE(unit != nullptr && position + 4 < unit->end && position >= unit->begin + 4)
          << where << Causes(decoded.damage);
      const ReadBack read = ReadAll(decoded.content);
      ASSERT_TRUE(IsSubset(read.events, whole_.events)) << where;
      ASSERT_TRUE(HasAllEventsOutside(read.events, unit)) << where << Causes(decoded.damage);
      saved += read.events.size() + unit->frame.seq_count - whole_.events.size();
    }
  }
  EXPECT_GT(saved, 0u);
}

TEST_P(ContainerDamageTest, EveryTruncationIsReportedAndLeavesWhatIsWhole) {
  size_t last_count = 0;
  for (size_t size = 4; size < file_.size(); ++size) {
    const auto cut = std::span(file_).first(size);
    const Decompressed decoded = Decompress(cut);
    const ReadBack read = ReadAll(decoded.content);
    ASSERT_FALSE(decoded.damage.empty()) << size;
    ASSERT_EQ(decoded.damage.back().end, size) << Causes(decoded.damage);
    ASSERT_TRUE(IsSubset(read.events, whole_.events)) << size;
    uint64_t whole = 0;
    for (const Unit& unit : units_) {
      if (unit.end <= size) whole += unit.frame.seq_count;
    }
    ASSERT_GE(read.events.size(), whole) << size;
    // Never fewer from more bytes, by the blocks of a frame that is not there as a whole.
    ASSERT_GE(read.events.size() + 20, last_count) << size;
    last_count = read.events.size();
    if (size >= index_begin_) {
      ASSERT_EQ(decoded.content, raw_) << size;
    }
  }
}

// The more of a frame comes before the damage, the more of its records come out.
TEST(ContainerPrefixTest, ADamagedFrameYieldsTheRecordsBeforeTheDamage) {
  const File raw = LogOfLives(30'000, true);
  const ReadBack whole = ReadAll(raw);
  const File file = Compressed(raw, kFrameBytes);
  const auto index = ReadCompressedIndex(file);
  ASSERT_TRUE(index);
  ASSERT_GE(index->frames.size(), 4u);
  const auto& [begin, frame] = index->frames[1];
  File damaged = file;
  const uint64_t position = begin + frame.compressed_bytes * 3 / 4;
  std::fill_n(damaged.begin() + static_cast<std::ptrdiff_t>(position), 8, 0xFF);
  const Decompressed decoded = Decompress(damaged);
  ASSERT_EQ(decoded.damage.size(), 1u) << Causes(decoded.damage);
  EXPECT_EQ(decoded.damage[0].begin, begin);
  EXPECT_EQ(decoded.damage[0].end, begin + frame.compressed_bytes);
  EXPECT_EQ(decoded.damage[0].raw_begin, frame.offset);
  EXPECT_EQ(decoded.damage[0].raw_end, frame.offset + frame.raw_bytes);
  const ReadBack read = ReadAll(decoded.content);
  EXPECT_TRUE(IsSubset(read.events, whole.events));
  const uint64_t lost = whole.events.size() - read.events.size();
  EXPECT_EQ(read.LostCount(), lost);
  EXPECT_GT(lost, 0u);
  EXPECT_LT(lost, frame.seq_count * 2 / 3);
}

TEST_P(ContainerDamageTest, AMissingFrameOrUnitIsReportedAndCostsOnlyItself) {
  for (size_t number = 0; number < units_.size(); ++number) {
    const Unit& unit = units_[number];
    std::vector<size_t> others = Numbers();
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(number));
    for (const File& file : {Replaced(unit.begin, unit.end, {}), Assembled(others)}) {
      const Decompressed decoded = Decompress(file);
      ASSERT_EQ(decoded.damage.size(), 1u) << Causes(decoded.damage);
      EXPECT_EQ(decoded.damage[0].raw_begin, unit.frame.offset);
      EXPECT_EQ(decoded.damage[0].raw_end, unit.frame.offset + unit.frame.raw_bytes);
      EXPECT_THAT(decoded.damage[0].cause, testing::HasSubstr("missing"));
      const ReadBack read = ReadAll(decoded.content);
      EXPECT_TRUE(IsSubset(read.events, whole_.events));
      EXPECT_TRUE(HasAllEventsOutside(read.events, &unit)) << number;
    }
    // The description alone.
    const Decompressed decoded = Decompress(Replaced(unit.description, unit.begin, {}));
    EXPECT_EQ(decoded.content, raw_);
    ASSERT_EQ(decoded.damage.size(), 1u) << Causes(decoded.damage);
    EXPECT_THAT(decoded.damage[0].cause, testing::HasSubstr("no description"));
  }
}

TEST_P(ContainerDamageTest, HeadIndexAndSeekTableAreMissedButNotNeeded) {
  const struct {
    size_t begin;
    size_t end;
    std::string cause;
  } kParts[] = {{0, units_[0].description, "the head is missing"},
                {index_begin_, table_begin_, "the index is missing"},
                {table_begin_, file_.size(), "the seek table is missing"},
                {index_begin_, file_.size(), "the end of the file is missing"}};
  for (const auto& part : kParts) {
    const Decompressed decoded = Decompress(Replaced(part.begin, part.end, {}));
    EXPECT_EQ(decoded.content, raw_);
    ASSERT_EQ(decoded.damage.size(), 1u) << Causes(decoded.damage);
    EXPECT_EQ(decoded.damage[0].cause, part.cause);
    EXPECT_EQ(decoded.damage[0].raw_begin, decoded.damage[0].raw_end);
  }
}

TEST_P(ContainerDamageTest, SwappedAndDoubledFramesAreReported) {
  for (size_t number = 0; number + 1 < units_.size(); ++number) {
    std::vector<size_t> swapped = Numbers();
    std::swap(swapped[number], swapped[number + 1]);
    std::vector<size_t> doubled = Numbers();
    doubled.insert(doubled.begin() + static_cast<std::ptrdiff_t>(number), number);
    for (const auto& numbers : {swapped, doubled}) {
      const Decompressed decoded = Decompress(Assembled(numbers));
      EXPECT_FALSE(decoded.damage.empty());
      EXPECT_GE(decoded.content.size(), raw_.size());
      EXPECT_TRUE(IsSubset(ReadAll(decoded.content).events, whole_.events)) << number;
    }
    const ReadBack read = ReadAll(Decompress(Assembled(doubled)).content);
    EXPECT_TRUE(HasAllEventsOutside(read.events, nullptr)) << number;
  }
}

// Descriptions whose checksum is right and that lie all the same: the bytes decide.
TEST_P(ContainerDamageTest, SizesThatLieAreReportedAndNotFollowed) {
  const Unit& unit = units_[2];
  std::vector<Frame> lies(6, unit.frame);
  lies[0].compressed_bytes = 5;
  lies[1].compressed_bytes = UINT64_MAX;
  // A length that fits two frames, with their sum.
  lies[2].compressed_bytes = units_[3].end - unit.begin;
  lies[2].compressed_crc = Crc32c(std::span(file_).subspan(unit.begin, lies[2].compressed_bytes));
  lies[3].raw_bytes = 1;
  lies[4].raw_bytes = UINT64_MAX;
  lies[5].offset = UINT64_MAX - 3;
  for (const Frame& lie : lies) {
    const Decompressed decoded =
        Decompress(Replaced(unit.description, unit.begin, EncodeDescription(lie, kTickNs)));
    EXPECT_EQ(decoded.content, raw_);
    EXPECT_FALSE(decoded.damage.empty());
  }
}

// The library would call one whole that holds nothing.
TEST_P(ContainerDamageTest, ASkippableFrameInTheirPlaceIsADamagedFrame) {
  for (const Unit& unit : units_) {
    File skippable(8);
    PutFixed(PutFixed(skippable.data(), uint32_t{0x184D'2A50}),
             static_cast<uint32_t>(unit.end - unit.begin - skippable.size()));
    const Decompressed decoded =
        Decompress(Replaced(unit.begin, unit.begin + skippable.size(), skippable));
    ASSERT_FALSE(decoded.damage.empty());
    EXPECT_THAT(decoded.damage[0].cause, testing::StartsWith("a frame is damaged"));
    EXPECT_EQ(decoded.damage[0].begin, unit.begin);
    EXPECT_EQ(decoded.damage[0].end, unit.end);
  }
}

TEST_P(ContainerDamageTest, AHeadThatLiesIsReportedAndNotFollowed) {
  const auto head = DecodeHead(*ReadPart(file_, 0));
  ASSERT_TRUE(head);
  std::vector<Container> lies(3, head->container);
  lies[0].raw_bytes = UINT64_MAX;
  lies[1].raw_bytes = 0;
  lies[2].raw_crc ^= 1;
  for (const Container& lie : lies) {
    PartBuilder builder(kTickNs);
    builder.Add(lie).Add(*head->segment);
    const Decompressed decoded =
        Decompress(Replaced(0, units_[0].description, std::move(builder).Finish()));
    EXPECT_EQ(decoded.content, raw_);
    EXPECT_FALSE(decoded.damage.empty());
  }
}

// What its parts say may mean anything: its frames are read, and nothing else is expected.
TEST_P(ContainerDamageTest, AContainerOfAnotherVersionIsReadAndNotCalledDamaged) {
  auto head = DecodeHead(*ReadPart(file_, 0));
  ASSERT_TRUE(head);
  head->container.version = kContainerVersion + 1;
  PartBuilder builder(kTickNs);
  builder.Add(head->container).Add(*head->segment);
  const File file = Replaced(0, units_[0].description, std::move(builder).Finish());
  const Decompressed decoded = Decompress(file);
  EXPECT_EQ(decoded.content, raw_);
  EXPECT_EQ(Causes(decoded.damage), "");
  EXPECT_FALSE(DecodeHead(*ReadPart(file, 0)));
  const auto index = ReadCompressedIndex(file);
  ASSERT_FALSE(index);
  EXPECT_THAT(index.error().message(), testing::HasSubstr("version 2"));
  // Nor does it hide what is wrong with a frame.
  File damaged = file;
  damaged[damaged.size() / 2] ^= 1;
  EXPECT_FALSE(Decompress(damaged).damage.empty());
}

TEST_P(ContainerDamageTest, AnIndexThatLiesIsReportedAndNotFollowed) {
  PartBuilder builder(kTickNs);
  builder.Add(FrameIndex{.frame_count = 1, .container_bytes = index_begin_}).Add(units_[0].frame);
  const Decompressed decoded =
      Decompress(Replaced(index_begin_, table_begin_, std::move(builder).Finish()));
  EXPECT_EQ(decoded.content, raw_);
  ASSERT_EQ(decoded.damage.size(), 1u) << Causes(decoded.damage);
  EXPECT_THAT(decoded.damage[0].cause, testing::HasSubstr("not that of the frames"));
}

TEST_P(ContainerDamageTest, BytesInsertedAnywhereAreReportedAndCostAtMostAFrame) {
  for (size_t position = 0; position <= file_.size(); position += 5) {
    for (const File& bytes : {File(1, 0x2B), File(9, 0x2A), File{0x28, 0xB5, 0x2F, 0xFD}}) {
      const Decompressed decoded = Decompress(Replaced(position, position, bytes));
      const ReadBack read = ReadAll(decoded.content);
      ASSERT_FALSE(decoded.damage.empty()) << position;
      ASSERT_TRUE(IsSubset(read.events, whole_.events)) << position;
      const Unit* const unit = position == 0 ? nullptr : UnitAt(position);
      ASSERT_TRUE(HasAllEventsOutside(read.events, unit)) << position << Causes(decoded.damage);
    }
  }
}

// A program's argument that looks like parts of a container stands in the compressed file as it is,
// where it cannot be compressed.
TEST(ContainerForgeryTest, AForgedPartInsideADamagedFrameHidesNothingBehindIt) {
  Frame far;
  far.compressed_bytes = 100'000;
  File forged = EncodeDescription(far, kTickNs);
  // A frame without a checksum whose one block takes 128 KiB, whatever they are.
  const File frame = {0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x58, 0x01, 0x00, 0x10};
  forged.insert(forged.end(), frame.begin(), frame.end());
  File raw = LogOfLives(400, true);
  const ReadBack whole = ReadAll(raw);
  const File file = Compressed(raw, kFrameTarget);
  const auto index = ReadCompressedIndex(file);
  ASSERT_TRUE(index);
  const auto& [begin, description] = index->frames[4];
  File damaged = file;
  std::copy(forged.begin(), forged.end(),
            damaged.begin() + static_cast<std::ptrdiff_t>(begin) + 20);
  ASSERT_GT(description.compressed_bytes, forged.size() + 20);
  const ReadBack read = ReadAll(Decompress(damaged).content);
  EXPECT_TRUE(IsSubset(read.events, whole.events));
  EXPECT_GE(read.events.size() + description.seq_count, whole.events.size());
}

TEST(IsContainerTest, TheFirstBytesSayIt) {
  const File raw = LogOfLives(60, true);
  EXPECT_TRUE(IsContainer(Compressed(raw, kFrameTarget)));
  EXPECT_FALSE(IsContainer(raw));
  EXPECT_FALSE(IsContainer({}));
}

}  // namespace
}  // namespace daybook
