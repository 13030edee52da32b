#include "daybook/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "support/log_builder.h"

namespace daybook {
namespace {

using testing::Contains;
using testing::IsEmpty;

std::optional<TypeInfo> RoundTrip(const TypeInfo& type) {
  const std::vector<uint8_t> payload = EncodeSchema(type);
  SchemaRecord record;
  if (!Decode(payload, BlockBase{}, &record)) return std::nullopt;
  return DecodeSchema(record);
}

TEST(SchemaTest, EveryBuiltinTypeComesBackFromItsOwnRecord) {
  for (const TypeInfo& type : BuiltinTypes()) EXPECT_EQ(RoundTrip(type), type) << type.name;
}

TEST(SchemaTest, TypesAndNamesAreUniqueAndTypesValid) {
  std::set<uint8_t> types;
  std::set<std::string> names;
  for (const TypeInfo& type : BuiltinTypes()) {
    EXPECT_TRUE(types.insert(type.type).second) << type.name;
    EXPECT_TRUE(names.insert(type.name).second) << type.name;
    EXPECT_NE(type.type, 0x00);
    EXPECT_LT(type.type, 0x80) << "our own types end at 7F";
    std::set<std::string> fields;
    for (const FieldInfo& field : type.fields) {
      EXPECT_TRUE(fields.insert(field.name).second) << type.name << '.' << field.name;
    }
  }
}

// Frozen for ever: a log written years ago must read the same.
TEST(SchemaTest, TypeNumbersNeverChange) {
  std::map<std::string, int> numbers;
  for (const TypeInfo& type : BuiltinTypes()) numbers[type.name] = type.type;
  const std::map<std::string, int> expected = {
      {"segment_start", 0x01}, {"schema", 0x02},        {"checkpoint", 0x03}, {"mark", 0x04},
      {"clock", 0x05},         {"info", 0x06},          {"lost", 0x07},       {"segment_end", 0x09},
      {"cont", 0x0F},          {"snap_begin", 0x10},    {"snap_proc", 0x11},  {"snap_end", 0x12},
      {"recorder", 0x13},      {"recording_gap", 0x14}, {"audit", 0x15},      {"fork", 0x20},
      {"exec", 0x21},          {"exit", 0x22},          {"reap", 0x23},       {"id", 0x24},
      {"session", 0x25},       {"comm", 0x26},          {"ptrace", 0x27},     {"cgroup", 0x28},
      {"life", 0x2A},          {"acct", 0x2B},          {"lives", 0x2C},      {"rollup", 0x30},
      {"rollup_group", 0x31}};
  EXPECT_EQ(numbers, expected);
}

TEST(SchemaTest, EveryTruncationOfASchemaIsRefusedOrShorter) {
  for (const TypeInfo& type : BuiltinTypes()) {
    const std::vector<uint8_t> payload = EncodeSchema(type);
    SchemaRecord record;
    ASSERT_TRUE(Decode(payload, BlockBase{}, &record));
    const std::string_view fields = record.fields;
    for (size_t size = 0; size < fields.size(); ++size) {
      record.fields = fields.substr(0, size);
      const auto read = DecodeSchema(record);
      if (read) {
        EXPECT_LT(read->fields.size(), type.fields.size()) << type.name << ' ' << size;
      }
    }
  }
}

TEST(SchemaTest, EverySegmentDescribesAllItsTypes) {
  LogBuilder log;
  ASSERT_TRUE(log.writer().Close());
  const std::vector<uint8_t> bytes = log.Segment();
  SegmentReader reader(bytes);
  std::vector<TypeInfo> described;
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    SchemaRecord record;
    if (std::get<RecordView>(item).As(&record)) described.push_back(*DecodeSchema(record));
  }
  EXPECT_EQ(described, LogTypes());
}

// What salvage goes by. The segment is sound, so one header leads to the next.
TEST(SchemaTest, EveryRecordWrittenIsWithinTheBoundsOfItsType) {
  LogBuilder log;
  const std::string args(1000, 'a');
  log.Add(TestFork(10)).Add(Exec{.time_ns = kTestBootNs, .pid = 10, .args = args});
  log.Add(TestExit(10));
  ASSERT_TRUE(log.writer().Close());
  const std::vector<uint8_t> bytes = log.Segment();
  std::map<uint8_t, TypeInfo> types;
  for (const TypeInfo& type : BuiltinTypes()) types[type.type] = type;
  std::map<std::string, int> seen;
  for (size_t at = 0; at < bytes.size(); at += 4u + bytes[at + 3]) {
    const TypeInfo& type = types.at(bytes[at + 2]);
    EXPECT_GE(bytes[at + 3], type.min_bytes) << type.name;
    EXPECT_LE(bytes[at + 3], type.max_bytes) << type.name;
    ++seen[type.name];
  }
  EXPECT_GE(seen["cont"], 3);
  EXPECT_EQ(seen["exit"], 1);
}

TEST(SchemaTest, ATypeThatOnlyTheFileKnowsIsReadByItsSchema) {
  const TypeInfo future{.type = 0x7A,
                        .name = "future",
                        .min_bytes = 2,
                        .max_bytes = 20,
                        .fields = {{.name = "when", .wire = Wire::kTime},
                                   {.name = "how", .wire = Wire::kString, .optional = true}}};
  const std::vector<uint8_t> payload = EncodeSchema(future);
  SchemaRecord record;
  ASSERT_TRUE(Decode(payload, BlockBase{}, &record));
  TypeRegistry registry;
  EXPECT_EQ(registry.Find(0x7A), nullptr);
  registry.Learn(record);
  ASSERT_NE(registry.Find(0x7A), nullptr);
  const std::vector<uint8_t> bytes = {0x02, 0x04, 'o', 'l', 'd', 0x99};
  const BlockBase base{.time_ticks = 10, .pid = 0, .tick_ns = 1000};
  const DecodedFields decoded = DecodeFields(*registry.Find(0x7A), bytes, base);
  ASSERT_EQ(decoded.values.size(), 2u);
  EXPECT_EQ(std::get<uint64_t>(decoded.values[0]), 11'000u);
  EXPECT_EQ(std::get<std::string_view>(decoded.values[1]), "old");
  EXPECT_EQ(decoded.rest.size(), 1u);
}

// What no writer of this version describes is left as bytes, with all that follows it.
TEST(SchemaTest, AFieldThatCannotBeKnownEndsWhatIsDecoded) {
  const std::vector<uint8_t> payload = {7, 1, 2, 3, 4, 9};
  for (const FieldInfo& strange : {FieldInfo{.name = "later", .wire = static_cast<Wire>(10)},
                                   FieldInfo{.name = "x", .wire = Wire::kFixed32, .optional = true},
                                   FieldInfo{.name = "x", .wire = Wire::kId, .optional = true}}) {
    EXPECT_FALSE(IsKnownCode(strange));
    const TypeInfo type{.type = 0x70, .fields = {{.name = "known"}, strange, {.name = "behind"}}};
    const DecodedFields decoded = DecodeFields(type, payload, {});
    EXPECT_EQ(decoded.values, std::vector<FieldValue>{uint64_t{7}});
    EXPECT_EQ(decoded.rest.size(), payload.size() - 1);
  }
}

TEST(SchemaTest, APidHas32Bits) {
  const TypeInfo type{.type = 0x70, .fields = {{.name = "pid", .wire = Wire::kPid}}};
  const std::vector<uint8_t> one_more = {2};
  EXPECT_EQ(DecodeFields(type, one_more, {.pid = UINT32_MAX - 1}).values,
            std::vector<FieldValue>{uint64_t{UINT32_MAX}});
  EXPECT_TRUE(DecodeFields(type, one_more, {.pid = UINT32_MAX}).values.empty());
}

}  // namespace
}  // namespace daybook
