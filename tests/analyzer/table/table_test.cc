#include "table/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>

namespace daybook {
namespace {

using testing::ElementsAre;

class Collector : public RowSink {
 public:
  void Row(std::span<const Cell> cells) override {
    names.emplace_back(std::get<Text>(cells[0]).bytes);
  }
  bool closed() const override { return is_closed; }

  std::vector<std::string> names;
  bool is_closed = false;
};

void AddRow(Table& table, std::string name, std::optional<uint64_t> number) {
  table.Add(std::array<Cell, 2>{Text{name}, OptionalCell(number)});
  name.assign(name.size(), '?');  // the table has its own copy, or has handed it on
}

TEST(TableTest, UnsortedRowsAreHandedOnAtOnce) {
  Collector sink;
  Table table({.columns = {0}, .sort_by = {}, .descending = false, .limit = 2}, &sink);
  AddRow(table, "b", 1);
  EXPECT_THAT(sink.names, ElementsAre("b"));
  EXPECT_FALSE(table.full());
  AddRow(table, "a", 2);
  EXPECT_TRUE(table.full());
  AddRow(table, "c", 2);
  ASSERT_TRUE(table.Finish());
  EXPECT_THAT(sink.names, ElementsAre("b", "a"));
}

TEST(TableTest, SortsStablyWithTheUnknownLast) {
  for (const bool descending : {false, true}) {
    Collector sink;
    Table table({.columns = {0}, .sort_by = 1, .descending = descending, .limit = {}}, &sink);
    AddRow(table, "unknown", std::nullopt);
    AddRow(table, "two", 2);
    AddRow(table, "one", 1);
    AddRow(table, "deux", 2);
    EXPECT_TRUE(sink.names.empty());
    ASSERT_TRUE(table.Finish());
    if (descending) {
      EXPECT_THAT(sink.names, ElementsAre("two", "deux", "one", "unknown"));
    } else {
      EXPECT_THAT(sink.names, ElementsAre("one", "two", "deux", "unknown"));
    }
  }
}

TEST(TableTest, EqualRowsStandInTheOrderOfTheirPlaces) {
  for (const bool descending : {false, true}) {
    Collector sink;
    Table table({.columns = {0}, .sort_by = 1, .descending = descending, .limit = 2}, &sink);
    table.Add(std::array<Cell, 2>{Text{"third"}, uint64_t{1}}, 3);
    table.Add(std::array<Cell, 2>{Text{"first"}, uint64_t{1}}, 1);
    table.Add(std::array<Cell, 2>{Text{"second"}, uint64_t{1}}, 2);
    ASSERT_TRUE(table.Finish());
    EXPECT_THAT(sink.names, ElementsAre("first", "second"));
  }
}

// Also where they are not sorted.
TEST(TableTest, WhatIsKnownOnlyAtTheEndIsHandedOnThen) {
  for (const std::optional<size_t> sort_by : {std::optional<size_t>(), std::optional<size_t>(1)}) {
    Collector sink;
    Table table({.columns = {1}, .sort_by = sort_by, .descending = true, .limit = {}}, &sink);
    std::string_view known = "not yet";
    table.HandOnAs(1, [&](const Cell&) { return Cell(Text{known}); });
    AddRow(table, "a", 1);
    AddRow(table, "b", 2);
    EXPECT_TRUE(sink.names.empty());
    known = "now";
    ASSERT_TRUE(table.Finish());
    EXPECT_THAT(sink.names, ElementsAre("now", "now"));
  }
}

TEST(TableTest, WhatNobodyLooksAtIsNotWaitedFor) {
  Collector sink;
  Table table({.columns = {0}, .sort_by = {}, .descending = false, .limit = {}}, &sink);
  table.HandOnAs(1, [](const Cell& cell) { return cell; });
  AddRow(table, "a", 1);
  EXPECT_THAT(sink.names, ElementsAre("a"));
}

TEST(TableTest, ALimitKeepsTheFirstOfManyWithoutHoldingThemAll) {
  Collector sink;
  Table table({.columns = {0}, .sort_by = 1, .descending = true, .limit = 3}, &sink);
  for (uint64_t i = 0; i < 10'000; ++i) AddRow(table, std::to_string(i), i);
  ASSERT_TRUE(table.Finish());
  EXPECT_THAT(sink.names, ElementsAre("9999", "9998", "9997"));
}

TEST(TableTest, ALimitOfNothingShowsNothing) {
  Collector sink;
  Table table({.columns = {0}, .sort_by = 1, .descending = true, .limit = 0}, &sink);
  for (uint64_t i = 0; i < 5'000; ++i) AddRow(table, std::to_string(i), i);
  ASSERT_TRUE(table.Finish());
  EXPECT_TRUE(sink.names.empty());
}

TEST(TableTest, SortsByStrings) {
  Collector sink;
  Table table({.columns = {0}, .sort_by = 0, .descending = false, .limit = {}}, &sink);
  for (const char* name : {"b", "", "ab"}) AddRow(table, name, 1);
  ASSERT_TRUE(table.Finish());
  EXPECT_THAT(sink.names, ElementsAre("", "ab", "b"));
}

// Also those that begin alike, that are long, and that come again and again.
TEST(TableTest, SortsByStringsInWhole) {
  const std::string begin = "/a/rather/long/path/";
  for (const std::optional<uint64_t> limit :
       {std::optional<uint64_t>(), std::optional<uint64_t>(9'000)}) {
    Collector sink;
    Table table({.columns = {0}, .sort_by = 0, .descending = true, .limit = limit}, &sink);
    std::vector<std::string> expected;
    for (uint64_t i = 0; i < 20'000; ++i) {
      expected.push_back(begin + std::to_string(i * 7919 % 1000));
      AddRow(table, expected.back(), i);
    }
    ASSERT_TRUE(table.Finish());
    std::ranges::sort(expected, std::greater());
    expected.resize(limit.value_or(expected.size()));
    EXPECT_EQ(sink.names, expected);
  }
}

// As signed numbers and as users, some of which have no name.
TEST(TableTest, SortsByNumbersAndByTextsBehindThem) {
  Collector sink;
  Table ascending({.columns = {0}, .sort_by = 1, .descending = false, .limit = {}}, &sink);
  Table descending({.columns = {0}, .sort_by = 1, .descending = true, .limit = {}}, &sink);
  for (Table* table : {&ascending, &descending}) {
    table->Add(std::array<Cell, 2>{Text{"root"}, Text{"root"}});
    table->Add(std::array<Cell, 2>{Text{"nobody knows"}, Cell()});
    table->Add(std::array<Cell, 2>{Text{"9"}, uint64_t{9}});
    table->Add(std::array<Cell, 2>{Text{"10"}, uint64_t{10}});
    table->Add(std::array<Cell, 2>{Text{"-1"}, int64_t{-1}});
    table->Add(std::array<Cell, 2>{Text{"+1"}, int64_t{1}});
    table->Add(std::array<Cell, 2>{Text{"daemon"}, Text{"daemon"}});
    ASSERT_TRUE(table->Finish());
  }
  EXPECT_THAT(sink.names, ElementsAre("-1", "+1", "9", "10", "daemon", "root", "nobody knows",  //
                                      "root", "daemon", "10", "9", "+1", "-1", "nobody knows"));
}

TEST(TableTest, IsFullWhenNobodyReads) {
  Collector sink;
  Table table({.columns = {0}, .sort_by = 1, .descending = false, .limit = {}}, &sink);
  EXPECT_FALSE(table.full());
  sink.is_closed = true;
  EXPECT_TRUE(table.full());
}

}  // namespace
}  // namespace daybook
