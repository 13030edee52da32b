// Blocks as no writer of ours makes them, salvaged.

#include <gtest/gtest.h>

#include "daybook/salvage.h"
#include "raw_log.h"
#include "support/log_builder.h"

namespace daybook {
namespace {

constexpr uint8_t kUnknownType = 0x90;

// A record without its last continuation gets one, and is longer then.
TEST(LogSalvagerBlocksTest, ABlockThatGrowsBeyondTheLongestOneIsSplit) {
  RawLog log;
  log.AddHead();
  const size_t begin = log.size();
  size_t records = 0;
  constexpr size_t kRecordBytes = kHeaderBytes + kMaxPayloadBytes;
  for (; log.size() - begin + kRecordBytes <= kMaxBlockBytes; ++records) {
    log.AddPayload(kUnknownType, std::vector<uint8_t>(kMaxPayloadBytes, 'x'));
  }
  log.Close();
  ASSERT_EQ(ReadAll(log.bytes()).events.size(), records);

  const auto disk = std::make_shared<FakeDisk>();
  FakeFolder folder(disk);
  LogSalvager salvager(&folder, {});
  SegmentReader reader(log.bytes(), {});
  for (bool ended = false; !ended;) {
    const Item item = reader.Next();
    ended = std::holds_alternative<End>(item);
    ASSERT_TRUE(salvager.Take(item, "daybook-00000001.dbk", reader.segment()));
  }
  const ReadBack salvaged = ReadAll(disk->files.at("daybook-00000001.dbk"));
  EXPECT_TRUE(salvaged.gaps.empty());
  EXPECT_EQ(salvaged.events.size(), records);
}

}  // namespace
}  // namespace daybook
