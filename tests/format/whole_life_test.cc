#include "daybook/whole_life.h"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "daybook/codec.h"
#include "daybook/reader.h"
#include "support/a_life.h"

namespace daybook {
namespace {

constexpr uint64_t kUs = 1000;
const uint64_t kStartNs = ALife().fork.time_ns;

void ExpectSame(const LifeParts& told, const LifeParts& parts, const std::string& of) {
  EXPECT_EQ(told.fork, parts.fork) << of;
  EXPECT_EQ(told.exec, parts.exec) << of;
  EXPECT_EQ(told.exit, parts.exit) << of;
}

TEST(WholeLifeTest, OneRecordTellsWhatThreeDo) {
  for (const LifeParts& parts : {ALife(), ALifeWithoutExec()}) {
    const auto life = Join(parts);
    ASSERT_TRUE(life);
    ExpectSame(PartsOf(*life), parts, "all");
  }
}

template <class T>
void ChangeValue(T* value) {
  if constexpr (internal::kIsOptional<T>) {
    if (!value->has_value()) value->emplace();
    ChangeValue(&**value);
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    *value = "another";
  } else {
    *value = static_cast<T>(*value + 1000);
  }
}

// Changes each field of `record`, which is one of the parts, and takes each away that may be
// unknown; the others stay as they are.
template <class Record>
size_t ExpectNothingIsMissed(const LifeParts& parts, Record* record) {
  size_t refused = 0;
  const Record before = *record;
  const auto expect_told_or_refused = [&](const std::string& of) {
    const auto life = Join(parts);
    refused += !life;
    if (life) ExpectSame(PartsOf(*life), parts, of);
    *record = before;
  };
  internal::ForEachField<Record>([&](const auto& field) {
    const std::string name = std::string(Schema<Record>::kName) + "." + std::string(field.name);
    ChangeValue(&(record->*field.member));
    expect_told_or_refused(name + " changed");
    if constexpr (requires { (record->*field.member).reset(); }) {
      (record->*field.member).reset();
      expect_told_or_refused(name + " unknown");
    }
  });
  return refused;
}

TEST(WholeLifeTest, WhatOneRecordCannotTellStaysThree) {
  LifeParts parts = ALife();
  EXPECT_GT(ExpectNothingIsMissed(parts, &parts.fork), 0U);
  EXPECT_GT(ExpectNothingIsMissed(parts, &*parts.exec), 0U);
  EXPECT_GT(ExpectNothingIsMissed(parts, &parts.exit), 0U);
  parts = ALifeWithoutExec();
  EXPECT_GT(ExpectNothingIsMissed(parts, &parts.fork), 0U);
  EXPECT_GT(ExpectNothingIsMissed(parts, &parts.exit), 0U);
}

TEST(WholeLifeTest, MomentsAreThoseOfTheThreeToTheMicrosecond) {
  LifeParts parts = ALife();
  for (const uint64_t odd_ns : {1ULL, 500ULL, 999ULL}) {
    parts.fork.time_ns = parts.exec->start_ns = parts.exit.start_ns = kStartNs + odd_ns;
    parts.exec->time_ns = kStartNs + 20 * kUs + 999 - odd_ns;
    parts.exit.time_ns = kStartNs + 300 * kUs + 999 - odd_ns;
    const auto life = Join(parts);
    ASSERT_TRUE(life);
    const LifeParts told = PartsOf(*life);
    EXPECT_EQ(told.fork.time_ns, kStartNs);
    EXPECT_EQ(told.exec->start_ns, kStartNs);
    EXPECT_EQ(told.exec->time_ns, kStartNs + 20 * kUs);
    EXPECT_EQ(told.exit.start_ns, kStartNs);
    EXPECT_EQ(told.exit.time_ns / kUs, parts.exit.time_ns / kUs);
  }
}

TEST(WholeLifeTest, ArgumentsThatWereCutKeepTheirLength) {
  LifeParts parts = ALife();
  parts.exec->args_bytes = 5000;
  ExpectSame(PartsOf(*Join(parts)), parts, "cut");
  parts.exec->args.reset();
  ExpectSame(PartsOf(*Join(parts)), parts, "not kept");
  parts.exec->args_bytes = 0;
  ExpectSame(PartsOf(*Join(parts)), parts, "not kept, and empty");
}

// Of a segment that is sound to its end; nothing where it is not. Texts point into the reader's.
std::vector<WholeLife> LivesIn(SegmentReader& reader) {
  std::vector<WholeLife> lives;
  Item item = reader.Next();
  for (; !std::holds_alternative<End>(item); item = reader.Next()) {
    const auto* record = std::get_if<RecordView>(&item);
    if (record == nullptr) return {};
    if (WholeLife life; record->As(&life)) lives.push_back(life);
  }
  return std::get<End>(item).complete ? lives : std::vector<WholeLife>();
}

// Written by 0.1.0, and read the same for ever.
TEST(WholeLifeTest, ThoseOfALogThatWasWrittenOnceAreReadAsTheyWereWritten) {
  auto reader = SegmentReader::Open(DAYBOOK_TEST_DATA "/lives.dbk");
  ASSERT_TRUE(reader) << reader.error().message();
  const auto lives = LivesIn(*reader);
  ASSERT_EQ(lives.size(), 2U);
  ExpectSame(PartsOf(lives[0]), ALife(42), "the one with a program");
  ExpectSame(PartsOf(lives[1]), ALifeWithoutExec(43), "the one without");
}

// By the recorder of 0.1.0, likewise for ever.
TEST(WholeLifeTest, ThoseThatWereRecordedOnceAreReadAsTheyWere) {
  auto reader = SegmentReader::Open(DAYBOOK_TEST_DATA "/recorded_lives.dbk");
  ASSERT_TRUE(reader) << reader.error().message();
  const auto lives = LivesIn(*reader);
  ASSERT_EQ(lives.size(), 14U);
  for (size_t i = 0; i < lives.size(); ++i) {
    SCOPED_TRACE(i);
    const LifeParts parts = PartsOf(lives[i]);
    EXPECT_EQ(parts.fork.pid, lives.front().pid + i);
    EXPECT_EQ(parts.fork.ppid, lives.front().ppid);
    EXPECT_EQ(parts.exit.uid, 2001U);
    // One was reaped in the next batch.
    EXPECT_EQ((parts.exit.flags & kProcUsageExact) != 0, i != 2);
    EXPECT_EQ(parts.exec.has_value(), i < 8 || i == 13);
    if (i < 8) {
      EXPECT_EQ(parts.exec->exe, "/bin/true");
      EXPECT_EQ(parts.exec->args, std::string_view("/bin/true\0", 10));
      EXPECT_LE(parts.exec->time_ns, parts.exit.time_ns);
    }
    EXPECT_EQ(parts.exit.wait_status, i == 12 ? 3U << 8 : i == 13 ? 9U : 0U);
    const auto joined = Join(parts);
    ASSERT_TRUE(joined);
    ExpectSame(PartsOf(*joined), parts, "as it was");
  }
}

// As a forger could write it: nothing overflows.
TEST(WholeLifeTest, LengthsThatNoClockCanHaveDoNoHarm) {
  WholeLife life;
  life.elapsed_us = life.exec_cpu_us = UINT64_MAX;
  life.exec_after_us = UINT64_MAX - 1;
  life.time_ns = 1;
  EXPECT_TRUE(PartsOf(life).exec);
}

}  // namespace
}  // namespace daybook
