// What a dump shows of records that this version does not know: the log explains itself.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "analyzer/scripted_log.h"
#include "daybook/schema.h"
#include "output/output.h"
#include "report.h"
#include "time/local_zone.h"

namespace daybook {

// A type that no version knows.
struct Weather {
  uint64_t time_ns = 0;
  uint32_t pid = 0;
  std::optional<std::string_view> place;
  int64_t degrees = 0;
  uint32_t sky = 0;
  uint32_t signs = 0;
  Id128 station;
  uint32_t raw = 0;
  std::optional<uint64_t> wind;
};
template <>
struct Schema<Weather> {
  static constexpr uint8_t kType = 0x7E;
  static constexpr std::string_view kName = "weather";
  static constexpr ValueName kSkies[] = {{1, "clear"}, {2, "cloudy"}};
  static constexpr ValueName kSigns[] = {{1, "rainbow"}, {4, "halo"}};
  static constexpr auto kFields =
      FieldTable{Field{"time", &Weather::time_ns, Wire::kTime, Unit::kNanoseconds, ""},
                 Field{"pid", &Weather::pid, Wire::kPid, Unit::kNone, ""},
                 Field{"place", &Weather::place, Wire::kString, Unit::kNone, ""},
                 Field{"degrees", &Weather::degrees, Wire::kInt, Unit::kNone, ""},
                 Field{"sky", &Weather::sky, Wire::kUint, Unit::kEnum, "", kSkies},
                 Field{"signs", &Weather::signs, Wire::kUint, Unit::kFlags, "", kSigns},
                 Field{"station", &Weather::station, Wire::kId, Unit::kNone, ""},
                 Field{"raw", &Weather::raw, Wire::kFixed32, Unit::kHex, ""},
                 Field{"wind", &Weather::wind, Wire::kUint, Unit::kNone, ""}};
};

namespace {

using testing::HasSubstr;
using testing::Not;

// The payload of an EXIT as a later version might have it: with two more fields. It is relative to
// what the block of a log's first records has as its base.
std::vector<uint8_t> LongExit() {
  const Exit exit{.time_ns = kScriptBootNs,
                  .pid = 5,
                  .start_ns = kScriptBootNs,
                  .ppid = 1,
                  .wait_status = 0,
                  .comm = "later"};
  std::vector<uint8_t> payload(MaxEncodedBytes(exit));
  const uint8_t* const end = Encode(exit, {.time_ticks = kScriptBootNs / 1000}, payload.data());
  payload.resize(static_cast<size_t>(end - payload.data()));
  const uint8_t more[] = {0xAC, 0x02, 4, 'g', 'o', 'o', 'd'};
  payload.insert(payload.end(), std::begin(more), std::end(more));
  return payload;
}

// Puts any bytes into a log as the payload of a record.
template <uint8_t Type>
struct Anything {
  std::string_view bytes;
};

}  // namespace

template <uint8_t Type>
struct Schema<Anything<Type>> {
  static constexpr uint8_t kType = Type;
  static constexpr auto kFields =
      FieldTable{Field{"bytes", &Anything<Type>::bytes, Wire::kString, Unit::kNone, ""}};
};
// Without a length before them.
template <uint8_t Type>
uint8_t* Encode(const Anything<Type>& record, const BlockBase&, uint8_t* out) {
  return PutBytes(out, record.bytes.data(), record.bytes.size());
}

namespace {

class SelfDescriptionTest : public testing::Test {
 protected:
  LogWriter& writer() { return log_.writer(); }

  template <uint8_t Type>
  void AppendBytes(const std::vector<uint8_t>& bytes) {
    writer().Append(
        Anything<Type>{.bytes = {reinterpret_cast<const char*>(bytes.data()), bytes.size()}});
  }

  // As the schema record of a newer writer.
  void Describe(const TypeInfo& type) { AppendBytes<0x02>(EncodeSchema(type)); }

  static TypeInfo DescribeWeather() {
    TypeInfo type{.type = 0x7E, .name = "weather", .min_bytes = 1, .max_bytes = 255, .fields = {}};
    internal::ForEachField<Weather>([&](const auto& field) {
      FieldInfo& info = type.fields.emplace_back();
      info.name = field.name;
      info.wire = field.wire;
      info.optional = internal::kIsOptional<typename std::remove_cvref_t<decltype(field)>::Member>;
      info.unit = field.unit;
      for (const ValueName& name : field.names) info.names.emplace_back(name.value, name.name);
    });
    return type;
  }

  static TypeInfo DescribeLongExit() {
    TypeInfo type = *std::ranges::find(BuiltinTypes(), 0x22, &TypeInfo::type);
    type.fields.push_back({.name = "energy_uj", .wire = Wire::kUint, .unit = Unit::kNone});
    type.fields.push_back({.name = "verdict", .wire = Wire::kString, .unit = Unit::kNone});
    return type;
  }

  static Weather TestWeather() {
    return {.time_ns = kScriptBootNs + 1000,
            .pid = 77,
            .place = "here",
            .degrees = -4,
            .sky = 2,
            .signs = 5,
            .station = {},
            .raw = 0xABCD,
            .wind = std::nullopt};
  }

  // The dump as lines, only of records that are no part of every log.
  std::string Dump(Format format) {
    log_.Close();
    auto log = LogSet::Open(std::vector<std::string>{folder_.path()}, {});
    EXPECT_TRUE(log) << log.error().message();
    const std::string path = folder_ / "answer";
    {
      auto file = OutputFile::Create(path);
      const LocalZone zone = LocalZone::Utc();
      const auto output = format == Format::kText ? MakeTextOutput(&*file, zone)
                                                  : MakeJsonLinesOutput(&*file, zone);
      std::vector<Column> columns;
      TableView view;
      for (const std::string_view name : {"type", "fields", "gap"}) {
        const auto column = std::ranges::find(kDumpReport.columns, name, &Column::name);
        view.columns.push_back(static_cast<size_t>(column - kDumpReport.columns.begin()));
        columns.push_back(*column);
      }
      output->Begin("dump", columns);
      Table table(view, output.get());
      const auto answer = kDumpReport.run({.log = *log, .zone = zone, .filter = {}}, table);
      EXPECT_TRUE(answer);
      EXPECT_TRUE(table.Finish());
      output->Finish({.total = {}, .notes = {}, .coverage = &answer->coverage});
      EXPECT_EQ(answer->coverage.gaps, 0U);
      EXPECT_TRUE(file->Close());
    }
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return std::move(text).str();
  }

  TempFolder folder_;
  ScriptedLog log_{folder_.path()};
};

TEST_F(SelfDescriptionTest, AnUnknownTypeIsShownByTheLogsOwnWords) {
  Describe(DescribeWeather());
  writer().Append(TestWeather());
  EXPECT_THAT(
      Dump(Format::kJsonLines),
      HasSubstr(R"({"type":"weather","fields":{"time":5000001000,"pid":77,"place":"here",)"
                R"("degrees":-4,"sky":"cloudy","signs":["rainbow","halo"],)"
                R"("station":"00000000000000000000000000000000","raw":"0xabcd","wind":null}})"));
}

TEST_F(SelfDescriptionTest, AnUnknownTypeWithoutASchemaIsHex) {
  writer().Append(TestWeather());
  EXPECT_THAT(Dump(Format::kJsonLines), HasSubstr(R"({"type":"7e","fields":{"payload":")"));
}

TEST_F(SelfDescriptionTest, FieldsThatALaterVersionAppendedAreShown) {
  Describe(DescribeLongExit());
  AppendBytes<0x22>(LongExit());
  const std::string dump = Dump(Format::kJsonLines);
  EXPECT_THAT(dump, HasSubstr(R"("audit_session":null,"energy_uj":300,"verdict":"good"}})"));
}

TEST_F(SelfDescriptionTest, FieldsThatNoSchemaTellsOfAreTheRest) {
  AppendBytes<0x22>(LongExit());
  EXPECT_THAT(Dump(Format::kJsonLines),
              HasSubstr(R"("audit_session":null,"rest":"ac0204676f6f64"}})"));
}

TEST_F(SelfDescriptionTest, OfTwoDescriptionsTheLaterOneHolds) {
  TypeInfo first{.type = 0x7E, .name = "one", .min_bytes = 0, .max_bytes = 255, .fields = {}};
  first.fields.push_back({.name = "a", .wire = Wire::kUint});
  TypeInfo second = first;
  second.name = "two";
  second.fields[0] = {.name = "b", .wire = Wire::kInt};
  Describe(first);
  AppendBytes<0x7E>({3});
  Describe(second);
  AppendBytes<0x7E>({3});
  const std::string dump = Dump(Format::kJsonLines);
  EXPECT_THAT(dump, HasSubstr(R"({"type":"one","fields":{"a":3}})"));
  EXPECT_THAT(dump, HasSubstr(R"({"type":"two","fields":{"b":-2}})"));
}

TEST_F(SelfDescriptionTest, ASegmentWithoutItsOwnDescriptionIsNotReadByAnothers) {
  TypeInfo type{.type = 0x7E, .name = "one", .min_bytes = 0, .max_bytes = 255, .fields = {}};
  type.fields.push_back({.name = "a", .wire = Wire::kUint});
  Describe(type);
  log_.Rotate(6000);
  AppendBytes<0x7E>({3});
  EXPECT_THAT(Dump(Format::kJsonLines), HasSubstr(R"({"type":"7e","fields":{"payload":"03"}})"));
}

TEST_F(SelfDescriptionTest, LengthsThatLieChangeNothingOfWhatIsProved) {
  TypeInfo type{.type = 0x7E, .name = "one", .min_bytes = 200, .max_bytes = 3, .fields = {}};
  type.fields.push_back({.name = "a", .wire = Wire::kUint});
  Describe(type);
  AppendBytes<0x7E>({3});
  EXPECT_THAT(Dump(Format::kJsonLines), HasSubstr(R"({"type":"one","fields":{"a":3}})"));
}

TEST_F(SelfDescriptionTest, WhatDoesNotDecodeIsTheRest) {
  TypeInfo type{.type = 0x7E, .name = "one", .min_bytes = 0, .max_bytes = 255, .fields = {}};
  type.fields.push_back({.name = "a", .wire = Wire::kUint});
  type.fields.push_back({.name = "b", .wire = Wire::kString});
  type.fields.push_back({.name = "c", .wire = static_cast<Wire>(60)});  // of a later version
  Describe(type);
  AppendBytes<0x7E>({0x83, 0x00});       // not the shortest form of 3
  AppendBytes<0x7E>({3, 200, 'x'});      // a string that is longer than the record
  AppendBytes<0x7E>({3, 1, 'x', 9, 9});  // a wire code that nobody knows
  AppendBytes<0x7E>({});
  const std::string dump = Dump(Format::kJsonLines);
  EXPECT_THAT(dump, HasSubstr(R"({"type":"one","fields":{"rest":"8300"}})"));
  EXPECT_THAT(dump, HasSubstr(R"({"type":"one","fields":{"a":3,"rest":"c878"}})"));
  EXPECT_THAT(dump, HasSubstr(R"({"type":"one","fields":{"a":3,"b":"x","rest":"0909"}})"));
  EXPECT_THAT(dump, HasSubstr(R"({"type":"one","fields":{}})"));
}

TEST_F(SelfDescriptionTest, AMalformedDescriptionIsNoDescription) {
  AppendBytes<0x02>({0x7E, 1, 1, 3, 'o', 'n', 'e', 40, 1});
  AppendBytes<0x7E>({3});
  EXPECT_THAT(Dump(Format::kJsonLines), HasSubstr(R"({"type":"7e","fields":{"payload":"03"}})"));
}

TEST_F(SelfDescriptionTest, NamesFromALogCannotDriveATerminal) {
  TypeInfo type{.type = 0x7E, .name = "\x1b[2Jx", .min_bytes = 0, .max_bytes = 255, .fields = {}};
  type.fields.push_back({.name = "a\n", .wire = Wire::kUint});
  Describe(type);
  AppendBytes<0x7E>({3});
  const std::string dump = Dump(Format::kText);
  EXPECT_THAT(dump, HasSubstr("\\x1b[2Jx"));
  EXPECT_THAT(dump, HasSubstr("a\\x0a=3"));
  EXPECT_THAT(dump, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace daybook
