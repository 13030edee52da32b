// Records of lives that are decoded, ahead in another thread or not, are those of the reader.

#include "lives/life_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <vector>

#include "daybook/whole_life.h"
#include "support/a_life.h"
#include "support/log_builder.h"

namespace daybook {
namespace {

using testing::Gt;
using Bytes = std::vector<uint8_t>;

// One that is not in a run, since its arguments are long; one record of several lives; and what
// tells of no life.
void AddSome(uint32_t pid, LogBuilder* log) {
  const uint64_t time_ns = kTestBootNs + pid * uint64_t{1000};
  log->Add(TestFork(pid, time_ns));
  const std::string args(pid % 7 == 0 ? 600 : 6, 'x');
  log->Add(Exec{.time_ns = time_ns, .pid = pid, .start_ns = time_ns, .args = args});
  for (uint32_t i = 0; i < pid % 5; ++i) {
    log->writer().AppendPacked(Join(ALifeWithoutExec(10'000'000 + 10 * pid + i, time_ns)).value());
  }
  if (pid % 11 == 0) log->Add(CommChange{.time_ns = time_ns, .pid = pid, .comm = "renamed"});
}

Bytes SegmentOf(uint32_t first_pid, uint32_t count) {
  LogBuilder log;
  for (uint32_t pid = first_pid; pid < first_pid + count; ++pid) AddSome(pid, &log);
  EXPECT_TRUE(log.writer().Close());
  return log.Segment();
}

struct Told {
  std::vector<std::string> items;  // what the records tell, with the tag of their segment
  uint64_t malformed = 0;
};

std::string TextOf(const Exec& exec) {
  return "exec " + std::to_string(exec.pid) + " " + std::string(exec.args.value_or(""));
}
template <class Record>
std::string TextOf(const Record& record) {
  std::string text(Schema<Record>::kName);
  if constexpr (requires { record.pid; }) text += " " + std::to_string(record.pid);
  return text;
}

void Take(const RecordView& record, const std::string& tag, Told* told) {
  const auto add = [&](const auto& decoded) {
    told->items.push_back(tag + TextOf(decoded));
    return true;
  };
  if (ForEachLife(record, add)) return;
  const auto add_if = [&]<class Record>(Record decoded) {
    return record.As(&decoded) && add(decoded);
  };
  const bool is_told = add_if(Fork()) || add_if(Exec()) || add_if(CommChange());
  if (!is_told) told->items.push_back(tag + "type " + std::to_string(record.type));
}

std::string TagOf(const std::optional<SegmentStart>& segment) {
  return std::to_string(segment ? segment->tag : 0) + ": ";
}

Told ReadDirectly(const Bytes& file) {
  Told told;
  SegmentReader reader(file, {});
  for (Item item = reader.Next();; item = reader.Next()) {
    const std::string tag = TagOf(reader.segment());
    if (const auto* record = std::get_if<RecordView>(&item)) Take(*record, tag, &told);
    if (std::holds_alternative<Gap>(item)) told.items.push_back(tag + "gap");
    if (std::holds_alternative<End>(item)) return told;
  }
}

Told ReadBy(LifeStream& stream) {
  Told told;
  for (;;) {
    const Item item = stream.Next();
    const std::string tag = TagOf(stream.segment());
    if (const auto* record = std::get_if<RecordView>(&item)) Take(*record, tag, &told);
    if (std::holds_alternative<Gap>(item)) told.items.push_back(tag + "gap");
    while (const LifeRun* const run = stream.NextRun()) {
      told.malformed += run->malformed;
      for (size_t i = run->first; i < run->end; ++i) {
        run->records->Visit(
            i, [&](const auto& record) { told.items.push_back(tag + TextOf(record)); });
      }
    }
    if (std::holds_alternative<End>(item)) return told;
  }
}

class LifeStreamTest : public testing::TestWithParam<LifeStream::Mode> {};

TEST_P(LifeStreamTest, TellsWhatTheReaderTellsAlsoWhereAnotherSegmentBegins) {
  Bytes file = SegmentOf(1000, 3000);  // far more than waits to be taken
  const Bytes second = SegmentOf(50'000, 20);
  file.insert(file.end(), second.begin(), second.end());
  SegmentReader reader(file, {});
  LifeStream stream(reader, GetParam());
  const Told told = ReadBy(stream);
  EXPECT_THAT(told.items.size(), Gt(10'000U));
  EXPECT_EQ(told.items, ReadDirectly(file).items);
  EXPECT_EQ(told.malformed, 0U);
  EXPECT_EQ(stream.NextRun(), nullptr);
  EXPECT_TRUE(std::holds_alternative<End>(stream.Next())) << "again and again";
  EXPECT_TRUE(std::holds_alternative<End>(stream.Next()));
}

TEST_P(LifeStreamTest, TellsOfDamageWhereItStands) {
  Bytes file = SegmentOf(1000, 3000);
  file[file.size() / 2] ^= 1;
  SegmentReader reader(file, {});
  LifeStream stream(reader, GetParam());
  const Told told = ReadBy(stream);
  EXPECT_EQ(told.items, ReadDirectly(file).items);
  EXPECT_THAT(told.items, testing::Contains(testing::EndsWith("gap")));
}

TEST_P(LifeStreamTest, WhatIsMalformedIsCountedAndTheRestIsTold) {
  LogBuilder log;
  log.Add(TestFork(7, kTestBootNs));
  log.Add(Lives{.time_ns = kTestBootNs, .last_time_ns = kTestBootNs, .count = 2, .lives = "x"});
  log.Add(TestFork(8, kTestBootNs + 1000));
  ASSERT_TRUE(log.writer().Close());
  const Bytes file = log.Segment();
  SegmentReader reader(file, {});
  LifeStream stream(reader, GetParam());
  const Told told = ReadBy(stream);
  EXPECT_EQ(told.malformed, 1U);
  EXPECT_THAT(told.items,
              testing::IsSupersetOf({testing::EndsWith("fork 7"), testing::EndsWith("fork 8")}));
}

// Who asks at once finds the first one being filled.
TEST_P(LifeStreamTest, WhatIsTakenIsNotBeingFilledAnyMore) {
  constexpr int kTimes = 100;
  const Bytes file = SegmentOf(1000, 300);
  const Told all = ReadDirectly(file);
  for (int i = 0; i < kTimes; ++i) {
    SegmentReader reader(file, {});
    LifeStream stream(reader, GetParam());
    ASSERT_EQ(ReadBy(stream).items, all.items);
  }
}

TEST_P(LifeStreamTest, MayBeLeftAtAnyMoment) {
  const Bytes file = SegmentOf(1000, 3000);
  for (const int steps : {0, 1, 2, 500}) {
    SegmentReader reader(file, {});
    LifeStream stream(reader, GetParam());
    for (int i = 0; i < steps; ++i) {
      if (stream.NextRun() == nullptr) (void)stream.Next();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, LifeStreamTest,
                         testing::Values(LifeStream::Mode::kInline, LifeStream::Mode::kAhead),
                         [](const auto& test) {
                           return test.param == LifeStream::Mode::kInline ? "Inline" : "Ahead";
                         });

}  // namespace
}  // namespace daybook
