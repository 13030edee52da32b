#include "rollup/rollup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace daybook {
namespace {

constexpr int64_t kHourNs = 3'600'000'000'000;

LocalZone Berlin() { return *LocalZone::Named("Europe/Berlin"); }

int64_t Hours(const LocalDay& day) { return (day.end_ns - day.begin_ns) / kHourNs; }

TEST(LocalDayTest, DaysAreAsLongAsTheClockMakesThem) {
  const LocalZone zone = Berlin();
  // 2026-03-28 12:00 UTC; the clock goes forward in the night behind it.
  LocalDay day = DayOf(1'774'699'200'000'000'000, zone);
  EXPECT_EQ(day.name, "2026-03-28");
  EXPECT_EQ(Hours(day), 24);
  day = DayOf(day.end_ns, zone);
  EXPECT_EQ(day.name, "2026-03-29");
  EXPECT_EQ(Hours(day), 23);
  day = DayOf(day.end_ns, zone);
  EXPECT_EQ(day.name, "2026-03-30");
  // 2026-10-25 12:00 UTC: the hour from 2 to 3 was there twice.
  EXPECT_EQ(Hours(DayOf(1'792'929'600'000'000'000, zone)), 25);
}

TEST(LocalDayTest, DaysFollowEachOtherWithoutAGap) {
  for (const char* name : {"Europe/Berlin", "America/St_Johns", "Asia/Tehran", "Pacific/Apia"}) {
    const LocalZone zone = *LocalZone::Named(name);
    LocalDay day = DayOf(1'290'000'000'000'000'000, zone);  // in 2010
    for (int i = 0; i < 1000; ++i) {
      const LocalDay next = DayOf(day.end_ns, zone);
      ASSERT_EQ(next.begin_ns, day.end_ns) << name << ' ' << day.name;
      ASSERT_EQ(DayOf(day.end_ns - 1, zone).name, day.name) << name;
      ASSERT_GT(next.name, day.name) << name;
      day = next;
    }
  }
}

TEST(LocalDayTest, TheEndsOfTimeAreInADay) {
  constexpr int64_t kFirst = std::numeric_limits<int64_t>::min();
  constexpr int64_t kLast = std::numeric_limits<int64_t>::max();
  for (const char* name : {"UTC", "America/St_Johns", "Pacific/Kiritimati"}) {
    const LocalZone zone = *LocalZone::Named(name);
    LocalDay day = DayOf(kFirst, zone);
    EXPECT_EQ(day.begin_ns, kFirst) << name;
    EXPECT_LE(Hours(day), 24) << name;
    EXPECT_EQ(DayOf(day.end_ns, zone).begin_ns, day.end_ns) << name;
    day = DayOf(kLast, zone);
    EXPECT_EQ(day.end_ns, kLast) << name;
    EXPECT_LE(Hours(day), 24) << name;
    EXPECT_EQ(DayOf(day.begin_ns - 1, zone).end_ns, day.begin_ns) << name;
  }
}

TEST(LocalDayTest, ADayHasANumber) {
  EXPECT_EQ(DayNumber("1970-01-01"), 0);
  EXPECT_EQ(DayNumber("2026-09-21"), 20717);
  EXPECT_EQ(DayName(20717), "2026-09-21");
  for (const char* name : {"", "2026-9-21", "2026-02-29", "2026-13-01", "2026-09-2x", "2026/09/21",
                           "2026-09-211", "+026-09-21", "9999-12-31"}) {
    EXPECT_EQ(DayNumber(name), std::nullopt) << name;
  }
}

// Some numbers in each class that there is.
Quantiles AllClasses(uint64_t count_in_each) {
  std::string packed;
  uint8_t bytes[2 * kMaxVarintBytes];
  for (int no = 0; no < 3776; ++no) {
    const uint8_t* const end = PutVarint(PutVarint(bytes, no == 0 ? 0 : 1), count_in_each);
    packed.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(end - bytes));
  }
  Quantiles all;
  EXPECT_TRUE(all.MergePacked(packed));
  return all;
}

KeyedTotals SomeGroup() {
  KeyedTotals group{.key = {.folded = 0,
                            .comm = "cc1",
                            .user = "www",
                            .uid = 33,
                            .service = "ci.service",
                            .container = std::nullopt,
                            .wait_status = 256},
                    .totals = {}};
  Life life;
  life.state = LifeState::kEnded;
  life.start_ns = 1'000'000'000;
  life.end_ns = 3'000'000'000;
  life.wait_status = 256;
  life.usage = {.utime_us = 1,
                .stime_us = 2,
                .cpu_us = 3,
                .maxrss_kib = 4,
                .minflt = 5,
                .majflt = 6,
                .nvcsw = 7,
                .nivcsw = 8,
                .read_bytes = 9,
                .write_bytes = 10};
  group.totals.AddWithQuantiles(life);
  group.totals.AddEnd(12'345);
  return group;
}

KeyedTotals ThroughRecords(const KeyedTotals& group, size_t* record_count) {
  const RollupGroupRecords records(group, 1);
  *record_count = records.records().size();
  RollupGroupJoiner joiner;
  for (const RollupGroup& record : records.records()) EXPECT_TRUE(joiner.Add(record));
  EXPECT_EQ(joiner.groups().size(), 1);
  return joiner.groups().at(0);
}

// What a table shows of it.
std::vector<Cell> CellsOf(const Totals& totals) {
  std::vector<Cell> cells;
  for (const TotalsField& field : kTotalsFields) cells.push_back(field.get(totals, totals));
  return cells;
}

TEST(RollupGroupTest, AGroupComesBack) {
  const KeyedTotals group = SomeGroup();
  size_t records = 0;
  const KeyedTotals read = ThroughRecords(group, &records);
  EXPECT_EQ(records, 1);
  EXPECT_EQ(CellsOf(read.totals), CellsOf(group.totals));
  EXPECT_EQ(read.key.comm, "cc1");
  EXPECT_EQ(read.key.user, "www");
  EXPECT_EQ(read.key.uid, 33);
  EXPECT_EQ(read.key.service, "ci.service");
  EXPECT_EQ(read.key.container, std::nullopt);
  EXPECT_EQ(read.key.wait_status, 256);
}

// In three records.
KeyedTotals LongGroup() {
  KeyedTotals group = SomeGroup();
  const Quantiles all = AllClasses(uint64_t{1} << 50);
  for (const auto member :
       {&Totals::cpu_quantiles, &Totals::elapsed_quantiles, &Totals::maxrss_quantiles}) {
    (group.totals.*member).Merge(all);
  }
  group.totals.cpu_us.terms = group.totals.cpu_quantiles.count();
  group.totals.elapsed_us.terms = group.totals.elapsed_quantiles.count();
  return group;
}

// No payload may be longer than 64 KiB.
TEST(RollupGroupTest, AGroupThatIsTooLongIsSeveralRecordsThatAddUp) {
  const KeyedTotals group = LongGroup();
  size_t records = 0;
  const KeyedTotals read = ThroughRecords(group, &records);
  EXPECT_EQ(records, 3);
  EXPECT_EQ(CellsOf(read.totals), CellsOf(group.totals));
  const RollupGroupRecords each(group, 1);
  for (const RollupGroup& record : each.records()) EXPECT_LE(MaxEncodedBytes(record), 65'536);
}

TEST(RollupGroupTest, AGroupOfWhichARecordIsMissingIsLeftOut) {
  const KeyedTotals group = LongGroup();
  const RollupGroupRecords records(group, 1);
  for (size_t missing = 0; missing < records.records().size(); ++missing) {
    RollupGroupJoiner joiner;
    for (size_t i = 0; i < records.records().size(); ++i) {
      if (i != missing) joiner.Add(records.records()[i]);
    }
    EXPECT_TRUE(joiner.groups().empty()) << missing;
    for (const RollupGroup& record : records.records()) joiner.Add(record);
    ASSERT_EQ(joiner.groups().size(), 1) << missing;
    EXPECT_EQ(CellsOf(joiner.groups()[0].totals), CellsOf(group.totals)) << missing;
  }
}

TEST(RollupGroupTest, MalformedClassesAreRefused) {
  RollupGroup record;
  record.cpu_classes = "\x01";
  EXPECT_FALSE(ToTotals(record));
}

TEST(RollupFactsTest, TheyAreTheSameWhereverTheyStand) {
  Rollup record;
  record.no = 1;
  record.host = "web1";
  record.day = "2026-09-21";
  record.boots = "0123456789abcdef";
  const RollupFacts facts(record);
  EXPECT_EQ(facts.ToRecord(), record);
  record.no = 7;
  EXPECT_TRUE(IsSameRollup(facts, RollupFacts(record)));
  record.flags |= kRollupOthersHidden;  // which an older program did not tell
  EXPECT_TRUE(IsSameRollup(facts, RollupFacts(record)));
  record.unreaped = 3;  // nor that
  EXPECT_TRUE(IsSameRollup(facts, RollupFacts(record)));
  EXPECT_TRUE(IsSameRollup(RollupFacts(record), facts));
  const RollupFacts newer(record);
  record.recorder_filters = std::string_view("--only-failed\0", 14);  // nor that
  EXPECT_TRUE(IsSameRollup(newer, RollupFacts(record)));
  EXPECT_TRUE(IsSameRollup(RollupFacts(record), newer));
  EXPECT_EQ(RollupFacts(record).ToRecord(), record);
  const RollupFacts newest(record);
  record.recorder_filters = "";
  EXPECT_FALSE(IsSameRollup(newest, RollupFacts(record)));
  record.recorder_filters.reset();
  record.unreaped = 4;
  EXPECT_FALSE(IsSameRollup(newer, RollupFacts(record)));
  record.unreaped = 3;
  record.used = 1;
  EXPECT_FALSE(IsSameRollup(facts, RollupFacts(record)));
}

}  // namespace
}  // namespace daybook
