// Streams of scripted files: opened ahead or not, the items are those of the reader.

#include "lives/item_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <string>

#include "support/log_builder.h"

namespace daybook {
namespace {

using testing::ElementsAreArray;
using Bytes = std::vector<uint8_t>;

ItemStream::OpenFunction OpenOf(const Bytes& file) {
  return [&file]() -> Result<SegmentReader> { return SegmentReader(file, {}); };
}

// Lives, of which each has more arguments than fit into one record.
Bytes SegmentOf(uint32_t lives, uint32_t first_pid) {
  const std::string args(600, 'x');
  LogBuilder log;
  for (uint32_t pid = first_pid; pid < first_pid + lives; ++pid) {
    const uint64_t time_ns = kTestBootNs + pid * uint64_t{1000};
    log.Add(TestFork(pid, time_ns));
    log.Add(Exec{.time_ns = time_ns, .pid = pid, .start_ns = time_ns, .args = args});
  }
  EXPECT_TRUE(log.writer().Close());
  return log.Segment();
}

std::string TextOf(const Item& item, const std::optional<SegmentStart>& segment) {
  const std::string tag = std::to_string(segment ? segment->tag : 0) + ": ";
  if (std::holds_alternative<End>(item)) return tag + "end";
  if (std::holds_alternative<Gap>(item)) return tag + "gap";
  const auto& record = std::get<RecordView>(item);
  return tag + std::to_string(record.type) + " at " + std::to_string(record.offset) + " " +
         std::string(record.payload.begin(), record.payload.end());
}

std::vector<std::string> ReadDirectly(const Bytes& file) {
  std::vector<std::string> items;
  SegmentReader reader(file, {});
  for (;;) {
    const Item item = reader.Next();
    items.push_back(TextOf(item, reader.segment()));
    if (std::holds_alternative<End>(item)) return items;
  }
}

std::vector<std::string> ReadBy(ItemStream& stream) {
  std::vector<std::string> items;
  for (;;) {
    const Item& item = stream.Next();
    items.push_back(TextOf(item, stream.segment()));
    if (std::holds_alternative<End>(item)) return items;
  }
}

class ItemStreamTest : public testing::TestWithParam<ItemStream::Mode> {};

TEST_P(ItemStreamTest, TheItemsAreThoseOfTheReaderAlsoWhereAnotherSegmentBegins) {
  Bytes file = SegmentOf(300, 1000);
  const Bytes second = SegmentOf(5, 5000);
  file.insert(file.end(), second.begin(), second.end());
  ItemStream stream(OpenOf(file), GetParam());
  ASSERT_TRUE(stream.Opened());
  EXPECT_THAT(ReadBy(stream), ElementsAreArray(ReadDirectly(file)));
  EXPECT_TRUE(std::holds_alternative<End>(stream.Next())) << "again and again";
}

TEST_P(ItemStreamTest, AFileThatCannotBeOpenedIsAnError) {
  ItemStream stream([]() -> Result<SegmentReader> { return Error("no such file"); }, GetParam());
  ASSERT_FALSE(stream.Opened());
  EXPECT_EQ(stream.Opened().error().message(), "no such file");
}

TEST_P(ItemStreamTest, WhatIsThrownIsThrownWhereItIsAwaited) {
  const auto open = [mode = GetParam()] {
    ItemStream stream([]() -> Result<SegmentReader> { throw std::runtime_error("no memory"); },
                      mode);
    (void)stream.Opened();
  };
  EXPECT_THROW(open(), std::runtime_error);
}

INSTANTIATE_TEST_SUITE_P(Modes, ItemStreamTest,
                         testing::Values(ItemStream::Mode::kInline, ItemStream::Mode::kAhead),
                         [](const auto& test) {
                           return test.param == ItemStream::Mode::kInline ? "Inline" : "Ahead";
                         });

TEST(ItemStreamEndTest, WhoGoesWaitsForTheOpening) {
  const Bytes file = SegmentOf(3, 1000);
  std::promise<void> may_open;
  std::atomic<bool> is_opened = false;
  std::optional<ItemStream> stream(
      std::in_place,
      [&]() -> Result<SegmentReader> {
        may_open.get_future().wait();
        is_opened = true;
        return SegmentReader(file, {});
      },
      ItemStream::Mode::kAhead);
  auto gone = std::async(std::launch::async, [&] { stream.reset(); });
  may_open.set_value();
  gone.get();
  EXPECT_TRUE(is_opened);
}

}  // namespace
}  // namespace daybook
