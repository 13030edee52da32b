#include "table/held_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <functional>
#include <random>

#include "support/temp_folder.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr size_t kColumns = 2;
const std::vector<size_t> kAll = {0, 1};

// Anything that a column may hold: repeated texts, long ones, cut ones, none.
Cell RandomCell(std::mt19937_64& random, std::string* memory) {
  switch (random() % 8) {
    case 0:
      return Cell();
    case 1:
      return random() % 2 == 0;
    case 2:
      return static_cast<int64_t>(random());
    case 3:
      return random() % 100;
    case 4:
      *memory = "/a/path/that/comes/again/" + std::to_string(random() % 5);
      return Text{*memory};
    case 5:
      memory->assign(random() % 2000, static_cast<char>(random()));
      return Text{.bytes = *memory, .cut = random() % 2 == 0};
    default:
      *memory = std::string(random() % 3, 'x') + std::to_string(random() % 1000);
      return Text{*memory};
  }
}

// What is handed out, cell by cell.
std::vector<std::string> RowsOf(HeldRows& rows) {
  std::vector<std::string> found;
  const Status read = rows.ForEach([&](uint64_t number, std::span<const Cell> cells) {
    std::string& row = found.emplace_back(std::to_string(number));
    for (const Cell& cell : cells) {
      row += '|';
      if (const auto* text = std::get_if<Text>(&cell)) {
        row.append(text->bytes).append(text->cut ? "..." : "");
      } else if (const auto* count = std::get_if<uint64_t>(&cell)) {
        row += std::to_string(*count);
      } else if (const auto* signed_number = std::get_if<int64_t>(&cell)) {
        row += "i" + std::to_string(*signed_number);
      } else if (const auto* flag = std::get_if<bool>(&cell)) {
        row += *flag ? "true" : "false";
      }
    }
    return true;
  });
  EXPECT_TRUE(read);
  return found;
}

void AddRandomRows(uint64_t seed, size_t count, HeldRows* rows) {
  std::mt19937_64 random(seed);
  for (uint64_t number = 0; number < count; ++number) {
    std::array<std::string, kColumns + 1> memory;
    const Cell key = RandomCell(random, &memory[0]);
    const std::array<Cell, kColumns> cells = {RandomCell(random, &memory[1]),
                                              RandomCell(random, &memory[2])};
    rows->Add(key, cells, number);
  }
}

void AddNumbers(uint64_t count, HeldRows* rows) {
  for (uint64_t i = 0; i < count; ++i) {
    const std::string text = std::to_string(i) + std::string(500, '.');
    rows->Add(i * 7919 % count, std::array<Cell, kColumns>{i, Text{text}}, i);
  }
}

std::vector<uint64_t> SortedNumbers(HeldRows& rows) {
  std::vector<uint64_t> keys;
  EXPECT_TRUE(rows.ForEach([&](uint64_t number, std::span<const Cell> cells) {
    EXPECT_EQ(std::get<uint64_t>(cells[0]), number);
    keys.push_back(number);
    return true;
  }));
  return keys;
}

TEST(HeldRowsTest, InAFileTheyAreSortedAsInMemory) {
  const TempFolder folder;
  for (uint64_t seed = 0; seed < 2; ++seed) {
    for (const bool descending : {false, true}) {
      for (const std::optional<uint64_t> limit : {std::optional<uint64_t>(), {700}, {3'000}}) {
        HeldRows in_memory({.columns = kAll, .descending = descending, .limit = limit});
        HeldRows in_runs(
            {.columns = kAll, .descending = descending, .limit = limit, .most_bytes = 350'000},
            folder.path());
        AddRandomRows(seed, 4'000, &in_memory);
        AddRandomRows(seed, 4'000, &in_runs);
        EXPECT_EQ(in_memory.runs(), 0);
        EXPECT_GT(in_runs.runs(), limit == 700 ? 0 : 2);
        const auto expected = RowsOf(in_memory);
        EXPECT_EQ(expected.size(), limit.value_or(4'000));
        EXPECT_EQ(RowsOf(in_runs), expected);
        EXPECT_EQ(RowsOf(in_runs), expected) << "the second time";
      }
    }
  }
}

TEST(HeldRowsTest, ARunMayBeASingleRow) {
  const TempFolder folder;
  HeldRows rows({.columns = kAll, .most_bytes = 0}, folder.path());
  AddNumbers(50, &rows);
  EXPECT_EQ(rows.runs(), 50);
  EXPECT_EQ(SortedNumbers(rows).size(), 50);
}

TEST(HeldRowsTest, NothingIsSeenInTheFolder) {
  const TempFolder folder;
  HeldRows rows({.columns = kAll, .most_bytes = 0}, folder.path());
  AddNumbers(3, &rows);
  EXPECT_EQ(rows.runs(), 3);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(HeldRowsTest, HandsOutTheColumnsThatAreAskedFor) {
  HeldRows rows({.columns = {1, 0, 1}});
  rows.Add(uint64_t{1}, std::array<Cell, 2>{Text{"a"}, Text{"b"}}, 0);
  EXPECT_THAT(RowsOf(rows), ElementsAre("0|b|a|b"));
}

TEST(HeldRowsTest, ItEndsWhereNoMoreIsWanted) {
  const TempFolder folder;
  HeldRows rows({.columns = kAll, .most_bytes = 0}, folder.path());
  AddNumbers(20, &rows);
  size_t seen = 0;
  EXPECT_TRUE(rows.ForEach([&](uint64_t, std::span<const Cell>) { return ++seen < 3; }));
  EXPECT_EQ(seen, 3);
}

TEST(HeldRowsTest, WithoutAPlaceForAFileTheyAreHeldInMemory) {
  HeldRows rows({.columns = kAll, .most_bytes = 350'000}, "/no/such/folder");
  AddNumbers(3'000, &rows);
  EXPECT_EQ(rows.runs(), 0);
  EXPECT_EQ(SortedNumbers(rows).size(), 3'000);
}

// As where the filesystem becomes full: what was written before counts, the rest stays in memory.
TEST(HeldRowsTest, WhatCannotBeWrittenStaysInMemory) {
  const TempFolder folder;
  HeldRows rows({.columns = kAll, .most_bytes = 350'000}, folder.path());
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{.rlim_cur = 500'000, .rlim_max = before.rlim_max};
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  AddNumbers(3'000, &rows);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(rows.runs(), 1);
  EXPECT_EQ(SortedNumbers(rows).size(), 3'000);
}

// Of an open file of this process without a name in that folder.
int DescriptorIn(const std::string& folder) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code closed_meanwhile;
    const auto target = std::filesystem::read_symlink(entry.path(), closed_meanwhile).string();
    if (target.starts_with(folder)) return std::stoi(entry.path().filename());
  }
  return -1;
}

TEST(HeldRowsTest, WhatCannotBeReadBackIsAnError) {
  const TempFolder folder;
  HeldRows rows({.columns = kAll, .most_bytes = 350'000}, folder.path());
  AddNumbers(3'000, &rows);
  ASSERT_GT(rows.runs(), 1);
  const int fd = DescriptorIn(folder.path());
  ASSERT_GE(fd, 0);
  ASSERT_EQ(ftruncate(fd, 400'000), 0);
  const Status read = rows.ForEach([](uint64_t, std::span<const Cell>) { return true; });
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message(),
              HasSubstr("cannot read back the rows that wait in " + folder.path()));
}

}  // namespace
}  // namespace daybook
