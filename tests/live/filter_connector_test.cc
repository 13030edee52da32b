// The same filters where the proc connector is the source.

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "live/support/connector_test.h"
#include "live/support/filter_test.h"
#include "live/support/live_test.h"

namespace daybook {
namespace {

using testing::Each;
using testing::Field;
using testing::HasSubstr;
using testing::Not;
using testing::Optional;
using std::string_view_literals::operator""sv;

class ConnectorFilterTest : public ConnectorTest {
 protected:
  const KeptLog& Record(std::vector<std::string> options, const std::function<void()>& meanwhile) {
    options.insert(options.begin(), {"--source", "connector"});
    Daybookd recorder(temp_ / "log", options);
    meanwhile();
    EXPECT_EQ(recorder.Stop(), 0);
    return log_ = ReadLog(temp_ / "log");
  }

  TempFolder temp_;
  KeptLog log_;
};

TEST_F(ConnectorFilterTest, EndsThatFailedAreTold) {
  pid_t fine = 0;
  pid_t failed = 0;
  const KeptLog& log = Record({"--only-failed"}, [&] {
    WaitFor(fine = Spawn([] {}));
    WaitFor(failed = Spawn([] { _exit(3); }));
  });
  EXPECT_THAT(StartOf(log).filter, Optional("--only-failed"sv));
  EXPECT_FALSE(PidsIn(log).contains(static_cast<uint32_t>(fine)));
  ASSERT_EQ(CountOf<Exit>(log, failed), 1u);
  const Exit exit = log.AllOf<Exit>(static_cast<uint32_t>(failed))[0];
  EXPECT_THAT(exit.ppid, Optional(getpid()));
  EXPECT_NE(exit.parent_start_ns, std::nullopt);
  EXPECT_NE(exit.comm, std::nullopt);
  EXPECT_THAT(log.All<Exit>(), Each(Field(&Exit::wait_status, Not(Optional(0)))));
  EXPECT_GT(log.All<Audit>().back().filtered.value_or(0), 0u);
}

TEST_F(ConnectorFilterTest, ProcessesOfAUserAreTold) {
  pid_t one = 0;
  pid_t root = 0;
  const KeptLog& log = Record({"--only-uid", "2001"}, [&] {
    WaitFor(one = SpawnAs(kOneUser, "/bin/true"));
    WaitFor(root = SpawnAs(0, "/bin/true"));
  });
  EXPECT_EQ(CountOf<Exit>(log, one), 1u);
  EXPECT_FALSE(PidsIn(log).contains(static_cast<uint32_t>(root)));
}

TEST_F(ConnectorFilterTest, WhatItCannotDoItSays) {
  try {
    Daybookd recorder(temp_ / "log", {"--source", "connector", "--only-cgroup", "/"});
    FAIL();
  } catch (const std::runtime_error& refusal) {
    EXPECT_THAT(refusal.what(), HasSubstr("connector: --only-cgroup"));
  }
}

}  // namespace
}  // namespace daybook
