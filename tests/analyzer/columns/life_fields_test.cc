#include "columns/life_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "table/cell_packing.h"

namespace daybook {
namespace {

using testing::Contains;
using testing::Not;

class LifeFieldsTest : public testing::Test {
 protected:
  Cell Get(std::string_view name) { return FindLifeField(name)->get(boot_, life_, texts_); }
  std::string GetText(std::string_view name) {
    return std::string(std::get<Text>(Get(name)).bytes);
  }

  LocalZone zone_ = LocalZone::Utc();
  LifeTexts texts_{zone_};
  Boot boot_;
  Life life_;
};

TEST_F(LifeFieldsTest, NamesAreUniqueAlsoWithoutTheirUnits) {
  std::set<std::string_view> names;
  for (const LifeField& field : kLifeFields) {
    EXPECT_TRUE(names.insert(WithoutUnit(field.column.name)).second) << field.column.name;
    EXPECT_FALSE(field.text.empty()) << field.column.name;
  }
}

TEST_F(LifeFieldsTest, AreFoundByTheirShortNamesToo) {
  EXPECT_EQ(FindLifeField("cpu"), FindLifeField("cpu_us"));
  EXPECT_EQ(FindLifeField("start"), FindLifeField("start_time"));
  EXPECT_EQ(FindLifeField("newest"), nullptr);
  EXPECT_EQ(FindLifeField(""), nullptr);
  EXPECT_THAT(LifeFieldNames(), Contains("cpu"));
  EXPECT_THAT(LifeFieldNames(), Not(Contains("newest")));
}

TEST_F(LifeFieldsTest, WhatIsNotKnownHasNoCell) {
  life_.wait_status = std::nullopt;
  for (const char* name : {"host", "user", "tty", "cgroup", "service", "status", "ok", "failed",
                           "signal", "cpu", "cpu_percent", "elapsed", "day", "orphaned"}) {
    EXPECT_TRUE(std::holds_alternative<std::monostate>(Get(name))) << name;
  }
}

TEST_F(LifeFieldsTest, ACgroupIsItsPathWhereTheLogTellsIt) {
  life_.identity.cgroup_id = 77;
  EXPECT_EQ(GetText("cgroup"), "77");
  boot_.cgroups[77] = "/system.slice/cron.service";
  EXPECT_EQ(GetText("cgroup"), "/system.slice/cron.service");
  EXPECT_EQ(GetText("service"), "cron.service");
}

TEST_F(LifeFieldsTest, AStatusIsAnExitCodeOrTheNameOfASignal) {
  life_.wait_status = 3 << 8;
  EXPECT_EQ(GetText("status"), "3");
  EXPECT_EQ(Get("failed"), Cell(true));
  life_.wait_status = 9;
  EXPECT_EQ(GetText("status"), "SIGKILL");
  life_.wait_status = 0;
  EXPECT_EQ(Get("ok"), Cell(true));
}

TEST_F(LifeFieldsTest, ADayIsThatOfTheZone) {
  boot_.clock.Add(0, 1'790'031'600'000'000'000);  // 2026-09-21 23:00 UTC
  EXPECT_EQ(GetText("day"), "2026-09-21");
  EXPECT_EQ(GetText("hour"), "2026-09-21 23:00");
  const auto berlin = LocalZone::Named("Europe/Berlin");
  ASSERT_TRUE(berlin);
  LifeTexts texts(*berlin);
  EXPECT_EQ(std::get<Text>(FindLifeField("day")->get(boot_, life_, texts)).bytes, "2026-09-22");
}

// What is no other before the end may be asked of a process that still runs.
TEST_F(LifeFieldsTest, ItIsKnownWhichFieldsAreToldAtTheEnd) {
  const auto cells = [&] {
    std::vector<std::string> packed;
    for (const LifeField& field : kLifeFields) {
      ByteBuffer cell;
      PackCell(field.get(boot_, life_, texts_), nullptr, &cell);
      packed.emplace_back(cell.text());
    }
    return packed;
  };
  boot_.clock.Add(0, 1'790'000'000'000'000'000);
  life_.ppid = 1;
  const auto before = cells();
  life_.state = LifeState::kEnded;
  life_.end_ns = 5'000'000;
  life_.exit_ppid = 2;
  life_.wait_status = 9 | 0x80;
  life_.flags = kProcOomKilled | kProcSuperuser;
  life_.execs = 1;
  life_.usage = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
  const auto after = cells();
  life_.wait_status = 3 << 8;
  const auto after_exit = cells();
  life_.state = LifeState::kLost;
  const auto after_loss = cells();
  for (size_t i = 0; i < kLifeFieldCount; ++i) {
    const bool differs =
        before[i] != after[i] || before[i] != after_exit[i] || before[i] != after_loss[i];
    EXPECT_EQ(kLifeFields[i].told == Told::kAtEnd, differs) << kLifeFields[i].column.name;
  }
}

TEST_F(LifeFieldsTest, ThePercentageIsThatOfOneCpu) {
  life_.start_ns = 1'000'000'000;
  life_.end_ns = 3'000'000'000;
  life_.usage.cpu_us = 500'000;
  EXPECT_EQ(Get("cpu_percent"), Cell(uint64_t{2500}));
  life_.usage.cpu_us = UINT64_MAX;
  EXPECT_EQ(Get("cpu_percent"), Cell());
}

}  // namespace
}  // namespace daybook
