#include "daybook/life_pack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "daybook/whole_life.h"
#include "support/a_life.h"
#include "support/log_builder.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;
using testing::Le;
using testing::SizeIs;

constexpr uint32_t kTickNs = 1000;
constexpr uint64_t kMs = 1'000'000;

WholeLife ALifeOf(uint32_t pid, uint64_t start_ns = 5'000'000'000) {
  return Join(ALife(pid, start_ns)).value();
}

// One of a storm's: born by that parent, and unlike the one before it in little.
WholeLife AShortLife(uint32_t pid, uint32_t ppid = 7) {
  LifeParts parts = ALifeWithoutExec(pid, 5'000'000'000 + uint64_t{pid} * 40'000);
  parts.fork.ppid = ppid;
  parts.exit.ppid = ppid;
  parts.fork.parent_start_ns = parts.exit.parent_start_ns = uint64_t{ppid} * kMs;
  parts.exit.zombie_us = 100 + pid % 30;
  return Join(parts).value();
}

// What a record tells. The lives' strings point into its payload.
struct Told {
  std::vector<WholeLife> lives;
  bool is_ok = false;
};
Told Unpack(const Lives& record) {
  Told told;
  LifeUnpacker unpacker;
  unpacker.Begin(record, kTickNs);
  std::array<WholeLife, kLivesLookedAt> lives;
  for (size_t i = 0; unpacker.Next(&lives[i % lives.size()]); ++i) {
    told.lives.push_back(lives[i % lives.size()]);
  }
  WholeLife none;
  EXPECT_FALSE(unpacker.Next(&none));
  told.is_ok = unpacker.ok();
  return told;
}

void ExpectToldAs(const std::vector<WholeLife>& lives) {
  LifePacker packer;
  for (const WholeLife& life : lives) ASSERT_TRUE(packer.Add(life)) << packer.count();
  const Told told = Unpack(packer.lives());
  EXPECT_TRUE(told.is_ok);
  EXPECT_THAT(told.lives, ElementsAreArray(lives));
}

TEST(LifePackTest, TellsEachLifeAsItWas) {
  ExpectToldAs({ALifeOf(10)});
  ExpectToldAs({ALifeOf(10), ALifeOf(11)});
  ExpectToldAs({ALifeOf(10), AShortLife(11), ALifeOf(12)});
  ExpectToldAs({ALifeOf(10), ALifeOf(10), ALifeOf(10)});
}

TEST(LifePackTest, OneThatIsUnlikeInAnyFieldIsToldAsItWas) {
  size_t fields = 0;
  internal::ForEachField<WholeLife>([&](const auto& field) {
    SCOPED_TRACE(field.name);
    WholeLife other = ALifeOf(11);
    auto& value = other.*field.member;
    using Value = internal::PlainType<std::remove_cvref_t<decltype(value)>>;
    if constexpr (std::is_same_v<Value, std::string_view>) {
      value = "another";
    } else if constexpr (internal::kIsOptional<std::remove_cvref_t<decltype(value)>>) {
      value = static_cast<Value>(value.value_or(0) + 1'000'000);
    } else {
      value = static_cast<Value>(value + 1'000'000);
    }
    ExpectToldAs({ALifeOf(10), other, ALifeOf(12)});
    if constexpr (internal::kIsOptional<std::remove_cvref_t<decltype(value)>>) value.reset();
    ExpectToldAs({ALifeOf(10), other, ALifeOf(12)});
    ++fields;
  });
  EXPECT_EQ(fields, internal::kFieldCount<WholeLife>);
}

TEST(LifePackTest, ExtremesAreToldAsTheyAre) {
  WholeLife most = ALifeOf(UINT32_MAX);
  most.elapsed_us = most.write_bytes = UINT64_MAX;
  most.cgroup_id = UINT64_MAX - 1;  // the largest known one
  most.time_ns = UINT64_MAX / kTickNs / 2 * kTickNs;
  ExpectToldAs({WholeLife(), most, WholeLife()});
  ExpectToldAs({most, WholeLife{.time_ns = most.time_ns}, most});
}

TEST(LifePackTest, TimesAreOfWholeTicks) {
  WholeLife life = ALifeOf(10);
  life.time_ns += 999;
  LifePacker packer;
  ASSERT_TRUE(packer.Add(life));
  ASSERT_TRUE(packer.Add(life));
  EXPECT_THAT(Unpack(packer.lives()).lives, ElementsAre(ALifeOf(10), ALifeOf(10)));
}

// Four parents that take turns: each life is told by the one that the same parent bore before.
TEST(LifePackTest, InAStormALifeTakesFewBytes) {
  LifePacker packer;
  std::vector<WholeLife> lives;
  for (uint32_t pid = 100;; ++pid) {
    lives.push_back(AShortLife(pid, 7 + pid % 4));
    if (!packer.Add(lives.back())) break;
  }
  lives.pop_back();
  EXPECT_THAT(Unpack(packer.lives()).lives, ElementsAreArray(lives));
  EXPECT_GT(lives.size(), 11U);
  LifePacker one_parent;
  for (uint32_t pid = 100; one_parent.Add(AShortLife(pid)); ++pid) {
  }
  EXPECT_GT(one_parent.count(), 14U);
}

// However it is filled, it takes no more than one payload; and what was refused is not in it, nor
// what came behind that.
TEST(LifePackTest, WhatDoesNotFitChangesNothing) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    LifePacker packer;
    std::vector<std::string> texts(50);
    std::vector<WholeLife> lives;
    for (std::string& text : texts) {
      WholeLife life = random() % 2 ? ALifeOf(random() % 1000, (random() % 10'000) * kMs)
                                    : AShortLife(random() % 1000, random() % 6);
      life.time_ns += (10'000 + lives.size()) * kMs;
      text.assign(random() % 100, 'x');
      if (random() % 3 == 0) life.args = text;
      if (random() % 3 == 0) life.majflt = random();
      if (!packer.Add(life)) break;
      lives.push_back(life);
    }
    ASSERT_FALSE(packer.Add(WholeLife{.time_ns = UINT64_MAX}));
    ASSERT_THAT(packer.lives().lives, SizeIs(Le(LifePacker::kMaxBytes)));
    const Told told = Unpack(packer.lives());
    ASSERT_TRUE(told.is_ok);
    ASSERT_THAT(told.lives, ElementsAreArray(lives));
  }
}

TEST(LifePackTest, OneThatIsTooLongIsNotPacked) {
  const std::string arguments(LifePacker::kMaxBytes, 'x');
  WholeLife life = ALifeOf(10);
  life.args = arguments;
  LifePacker packer;
  EXPECT_FALSE(packer.Add(life));
  packer.Clear();
  life.args = std::string_view(arguments).substr(0, 180);
  EXPECT_FALSE(packer.Add(life)) << "with what else it tells";
  EXPECT_EQ(packer.count(), 0U);
  packer.Clear();
  EXPECT_TRUE(packer.Add(ALifeOf(10)));
}

// A segment's spans are by the first time of a record.
TEST(LifePackTest, OneThatEndedBeforeTheFirstIsRefused) {
  LifePacker packer;
  ASSERT_TRUE(packer.Add(AShortLife(20)));
  ASSERT_TRUE(packer.Add(AShortLife(22)));
  ASSERT_TRUE(packer.Add(AShortLife(21)));
  EXPECT_FALSE(packer.Add(AShortLife(19)));
}

TEST(LifePackTest, SaysHowManyItTellsAndOfWhatTime) {
  LifePacker packer;
  ASSERT_TRUE(packer.Add(AShortLife(20)));
  ASSERT_TRUE(packer.Add(ALifeOf(30, 9'000'000'000)));
  ASSERT_TRUE(packer.Add(AShortLife(40)));
  const Lives record = packer.lives();
  EXPECT_EQ(record.time_ns, AShortLife(20).time_ns);
  EXPECT_EQ(record.last_time_ns, ALifeOf(30, 9'000'000'000).time_ns);
  EXPECT_EQ(record.pid, 20U);
  EXPECT_EQ(record.count, 3U);
  EXPECT_EQ(record.execs, 1U);
  packer.Clear();
  EXPECT_EQ(packer.lives().count, 0U);
  EXPECT_EQ(packer.lives().execs, 0U);
  EXPECT_THAT(packer.lives().lives, IsEmpty());
}

// ---- Malformed ones ----

class MalformedLivesTest : public testing::Test {
 protected:
  MalformedLivesTest() {
    for (const WholeLife& life : lives_) EXPECT_TRUE(packer_.Add(life));
    record_ = packer_.lives();
    bytes_ = record_.lives;
  }

  // So many lives, the first of all, and the rest is malformed.
  void ExpectTold(size_t count) {
    record_.lives = bytes_;
    const Told told = Unpack(record_);
    EXPECT_FALSE(told.is_ok);
    ASSERT_EQ(told.lives.size(), count);
    for (size_t i = 0; i < count; ++i) EXPECT_EQ(told.lives[i], lives_[i]);
  }
  size_t EndOfFirst() const { return 1 + static_cast<uint8_t>(bytes_[0]); }

  const std::vector<WholeLife> lives_ = {AShortLife(10), AShortLife(11), AShortLife(12)};
  LifePacker packer_;
  Lives record_;
  std::string bytes_;
};

TEST_F(MalformedLivesTest, FewerLivesThanItSays) {
  record_.count = 4;
  ExpectTold(3);
}

TEST_F(MalformedLivesTest, MoreLivesThanItSays) {
  record_.count = 2;
  ExpectTold(2);
}

TEST_F(MalformedLivesTest, EveryTruncation) {
  const std::string whole = bytes_;
  for (size_t size = 0; size < whole.size(); ++size) {
    SCOPED_TRACE(size);
    bytes_ = whole.substr(0, size);
    record_.lives = bytes_;
    const Told told = Unpack(record_);
    EXPECT_FALSE(told.is_ok);
    ASSERT_LT(told.lives.size(), lives_.size());
    for (size_t i = 0; i < told.lives.size(); ++i) EXPECT_EQ(told.lives[i], lives_[i]);
  }
}

// Those before it are as they were.
TEST_F(MalformedLivesTest, EveryByteThatIsAnotherOne) {
  const std::string whole = bytes_;
  const size_t second_end = EndOfFirst() + 1 + static_cast<uint8_t>(whole[EndOfFirst()]);
  for (size_t at = 0; at < whole.size(); ++at) {
    const size_t before = at < EndOfFirst() ? 0 : at < second_end ? 1 : 2;
    for (int value = 0; value < 256; ++value) {
      bytes_ = whole;
      bytes_[at] = static_cast<char>(value);
      record_.lives = bytes_;
      const Told told = Unpack(record_);
      ASSERT_GE(told.lives.size(), before);
      for (size_t i = 0; i < before; ++i) ASSERT_EQ(told.lives[i], lives_[i]);
    }
  }
}

TEST_F(MalformedLivesTest, TheFirstIsToldByNoOther) {
  bytes_[1] = static_cast<char>(bytes_[1] | 1);
  ExpectTold(0);
}

TEST_F(MalformedLivesTest, NoneIsToldByOneBeforeTheRecord) {
  const size_t second = EndOfFirst() + 1;
  bytes_[second] = static_cast<char>((bytes_[second] & ~3) | 1);
  ExpectTold(1);
}

TEST_F(MalformedLivesTest, BytesBehindTheFieldsOfALife) {
  bytes_.insert(EndOfFirst(), 1, '\0');
  ++bytes_[0];
  ExpectTold(0);
}

// Its bit says that they are a field's.
TEST_F(MalformedLivesTest, ButAFieldThatOnlyANewerWriterKnowsIsSkipped) {
  LifePacker packer;
  ASSERT_TRUE(packer.Add(WholeLife()));
  ASSERT_EQ(packer.lives().lives, std::string_view("\3\0\0\0", 4)) << "a key, time and pid";
  constexpr uint64_t kNext = uint64_t{4} << (internal::kFieldCount<WholeLife> - 2);
  uint8_t key[kMaxVarintBytes];
  const auto key_bytes = static_cast<size_t>(PutVarint(key, kNext) - key);
  std::string life(reinterpret_cast<const char*>(key), key_bytes);
  life += std::string_view("\0\0new", 5);
  const std::string bytes = static_cast<char>(life.size()) + life;
  const Told told = Unpack({.count = 1, .lives = bytes});
  EXPECT_TRUE(told.is_ok);
  EXPECT_THAT(told.lives, ElementsAre(WholeLife()));
}

// ---- In a log ----

// What stands in its only segment, of lives: how many each record tells.
std::vector<size_t> LivesOfRecords(LogBuilder& log, std::vector<uint32_t>* pids = nullptr) {
  EXPECT_TRUE(log.writer().Close());
  std::vector<size_t> counts;
  const std::vector<uint8_t> bytes = log.Segment();
  SegmentReader reader(bytes);
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    const auto* const record = std::get_if<RecordView>(&item);
    if (record == nullptr) {
      ADD_FAILURE() << "a gap";
      return {};
    }
    if (record->Is<Fork>()) counts.push_back(0);
    size_t count = 0;
    const bool is_of_lives = ForEachLife(*record, [&](const WholeLife& life) {
      ++count;
      if (pids != nullptr) pids->push_back(life.pid);
    });
    if (is_of_lives) counts.push_back(count);
  }
  return counts;
}

TEST(PackedLogTest, LivesThatFollowEachOtherShareARecord) {
  LogBuilder log;
  const uint64_t first = log.writer().next_seq();
  std::vector<uint32_t> added;
  for (uint32_t pid = 1; pid <= 100; ++pid) {
    log.writer().AppendPacked(AShortLife(pid));
    added.push_back(pid);
  }
  std::vector<uint32_t> pids;
  const auto next_seq = log.writer().next_seq();
  const auto counts = LivesOfRecords(log, &pids);
  EXPECT_THAT(pids, ElementsAreArray(added));
  EXPECT_THAT(counts, SizeIs(Le(7U)));
  EXPECT_EQ(next_seq - first, counts.size()) << "each record has one number";
}

TEST(PackedLogTest, OneAloneIsALife) {
  LogBuilder log;
  log.writer().AppendPacked(AShortLife(1));
  ASSERT_TRUE(log.writer().Flush());
  log.writer().AppendPacked(AShortLife(2));
  EXPECT_THAT(LivesOfRecords(log), ElementsAre(1, 1));
  size_t whole = 0;
  const std::vector<uint8_t> bytes = log.Segment();
  SegmentReader reader(bytes);
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    const auto* const record = std::get_if<RecordView>(&item);
    whole += record != nullptr && record->Is<WholeLife>();
  }
  EXPECT_EQ(whole, 2U);
}

TEST(PackedLogTest, AnotherRecordStandsWhereItWasAppended) {
  LogBuilder log;
  log.writer().AppendPacked(AShortLife(1));
  log.writer().AppendPacked(AShortLife(2));
  log.Add(Fork{.time_ns = log.now_ns(), .pid = 3});
  log.writer().AppendPacked(AShortLife(4));
  log.writer().AppendPacked(AShortLife(5));
  EXPECT_THAT(LivesOfRecords(log), ElementsAre(2, 0, 2));
}

TEST(PackedLogTest, OneThatIsTooLongHasARecordOfItsOwn) {
  const std::string arguments(1000, 'x');
  LogBuilder log;
  log.writer().AppendPacked(AShortLife(1));
  log.writer().AppendPacked(AShortLife(2));
  WholeLife life = ALifeOf(3);
  life.args = arguments;
  log.writer().AppendPacked(life);
  log.writer().AppendPacked(AShortLife(4));
  log.writer().AppendPacked(AShortLife(5));
  std::vector<uint32_t> pids;
  EXPECT_THAT(LivesOfRecords(log, &pids), ElementsAre(2, 1, 2));
  EXPECT_THAT(pids, ElementsAre(1, 2, 3, 4, 5));
}

TEST(PackedLogTest, WhatIsFlushedIsWritten) {
  LogBuilder log;
  log.writer().AppendPacked(AShortLife(1));
  log.writer().AppendPacked(AShortLife(2));
  EXPECT_TRUE(log.writer().SyncPending());
  ASSERT_TRUE(log.writer().Sync());
  EXPECT_EQ(log.writer().durable_seq(), log.writer().next_seq());
  EXPECT_FALSE(log.writer().SyncPending());
}

// Rotation ends the segment behind what was appended to it.
TEST(PackedLogTest, WhatWasAppendedIsInTheSegmentThatWasCurrent) {
  LogBuilder log;
  log.writer().AppendPacked(AShortLife(1));
  log.writer().AppendPacked(AShortLife(2));
  ASSERT_TRUE(log.writer().Rotate(EndReason::kRequest));
  EXPECT_THAT(LivesOfRecords(log), ElementsAre(2));
}

// A window skips blocks by their spans, and the last life is not the last to end.
TEST(PackedLogTest, ABlockSpansTheEndsOfAllLives) {
  LogBuilder log;
  ASSERT_TRUE(log.writer().BeginSync());  // ends the block of the head
  const std::vector<uint64_t> starts = {5'200 * kMs, 5'500 * kMs, 5'900 * kMs, 5'700 * kMs};
  for (const uint64_t start_ns : starts) log.writer().AppendPacked(ALifeOf(10, start_ns));
  ASSERT_TRUE(log.writer().Close());
  const std::vector<uint8_t> bytes = log.Segment();
  SegmentReader reader(bytes);
  std::optional<std::pair<uint64_t, uint64_t>> span;
  bool is_next = false;
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    const auto& record = std::get<RecordView>(item);
    is_next = is_next || record.Is<Lives>();
    Checkpoint checkpoint;
    if (!is_next || span || !record.As(&checkpoint)) continue;
    span = {checkpoint.first_time_ns, checkpoint.last_time_ns};
  }
  const uint64_t elapsed_ns = ALifeOf(10).time_ns - 5'000 * kMs;
  ASSERT_TRUE(span);
  EXPECT_EQ(span->first, 5'200 * kMs + elapsed_ns);
  EXPECT_EQ(span->second, 5'900 * kMs + elapsed_ns);
}

// Written by 0.1.0, and read the same for ever.
TEST(PackedLogTest, ThoseOfALogThatWasWrittenOnceAreReadAsTheyWereWritten) {
  LifeParts other = ALifeWithoutExec(45, 5'000'500'000);
  other.exit.ppid = other.fork.ppid = 8;
  other.exit.majflt = 1U << 20;
  other.exit.comm = "other";
  const std::vector<WholeLife> written = {ALifeOf(42),
                                          ALifeOf(43, 5'000'400'000),
                                          Join(ALifeWithoutExec(44, 5'000'100'000)).value(),
                                          Join(other).value(),
                                          ALifeOf(46, 5'000'900'000),
                                          Join(ALifeWithoutExec(47, 5'001'000'000)).value()};
  auto reader = SegmentReader::Open(DAYBOOK_TEST_DATA "/shared_lives.dbk");
  ASSERT_TRUE(reader) << reader.error().message();
  size_t records = 0;
  Item item = reader->Next();
  for (; !std::holds_alternative<End>(item); item = reader->Next()) {
    Lives lives;
    if (!std::get<RecordView>(item).As(&lives)) continue;
    ++records;
    EXPECT_THAT(Unpack(lives).lives, ElementsAreArray(written));
  }
  EXPECT_TRUE(std::get<End>(item).complete);
  EXPECT_EQ(records, 1U);
}

}  // namespace
}  // namespace daybook
