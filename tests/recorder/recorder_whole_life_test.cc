// Lives that come at once.
#include "daybook/life_pack.h"
#include "recorder.h"
#include "recorder/recorder_fixture.h"
#include "support/a_life.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::Optional;
using testing::SizeIs;
using std::string_view_literals::operator""sv;

class RecorderWholeLifeTest : public RecorderTest {
 protected:
  // As they stand in the log, what they stand for is in Log(): those of each record.
  std::vector<std::vector<uint32_t>> PidsOfWholeLives() {
    std::vector<std::vector<uint32_t>> pids;
    for (const auto& [name, bytes] : log_.disk().files) {
      SegmentReader reader(bytes);
      for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
        const auto* record = std::get_if<RecordView>(&item);
        std::vector<uint32_t> of_record;
        const bool is_of_lives =
            record != nullptr &&
            ForEachLife(*record, [&](const WholeLife& life) { of_record.push_back(life.pid); });
        if (is_of_lives) pids.push_back(of_record);
      }
    }
    return pids;
  }
};

TEST_F(RecorderWholeLifeTest, IsOneRecord) {
  source_.Then(ALife(10));
  ASSERT_TRUE(Record());
  EXPECT_THAT(PidsOfWholeLives(), ElementsAre(ElementsAre(10)));
}

TEST_F(RecorderWholeLifeTest, SharesARecordWithThoseThatFollow) {
  source_.Then(ALife(10), ALifeWithoutExec(11));
  ASSERT_TRUE(Record());
  EXPECT_THAT(PidsOfWholeLives(), ElementsAre(ElementsAre(10, 11)));
  const KeptLog log = Log();
  EXPECT_THAT(log.All<Fork>(), ElementsAre(ALife(10).fork, ALifeWithoutExec(11).fork));
  EXPECT_THAT(log.All<Exec>(), ElementsAre(*ALife(10).exec));
  EXPECT_THAT(log.All<Exit>(), ElementsAre(ALife(10).exit, ALifeWithoutExec(11).exit));
}

TEST_F(RecorderWholeLifeTest, KeepsOfItsArgumentsWhatIsToBeKeptAndTheirTrueLength) {
  options_.keep_args = [](std::string_view) { return std::optional<std::string_view>("x"); };
  source_.Then(ALife(10));
  ASSERT_TRUE(Record());
  ASSERT_THAT(PidsOfWholeLives(), SizeIs(1));
  EXPECT_THAT(Log().All<Exec>().at(0).args, Optional("x"sv));
  EXPECT_THAT(Log().All<Exec>().at(0).args_bytes, Optional(6));
}

// The source's processes start at their pids.
class RecorderOverLifeTest : public RecorderWholeLifeTest {
 protected:
  // In the log, when a process with that pid and start was born and is over.
  std::optional<uint64_t> LivingAfter(uint32_t pid, uint64_t start_ns) {
    options_.audit_interval_ns = 1;
    source_.counts = {.forks_seen = 1, .exits_seen = 1};
    source_.living = {1, 2, 3, 10};
    source_.ThenDo([this, pid, start_ns](EventSink& sink) {
      source_.living = {1, 2, 3};
      sink.OnLife(Join(ALife(pid, start_ns)).value());
      log_.Advance(kMs);
      return size_t{1};
    });
    EXPECT_TRUE(Record());
    return Log().All<Audit>().at(0).living_in_log;
  }
};

TEST_F(RecorderOverLifeTest, ASnapshotMayHaveMetIt) { EXPECT_EQ(LivingAfter(10, 10), 3); }

TEST_F(RecorderOverLifeTest, WhoHadItsPidBeforeHasEndedUnseen) {
  EXPECT_EQ(LivingAfter(10, 5000), 3);
}
TEST_F(RecorderOverLifeTest, NobodyElseEndsWithIt) { EXPECT_EQ(LivingAfter(11, 11), 4); }

}  // namespace
}  // namespace daybook
