// daybookd as a service manager has it: what it is told, and what signals do.

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "daybook/status.h"
#include "live/support/live_test.h"
#include "support/notify_socket.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

class ServiceTest : public RecordedTest {
 protected:
  // The environment is the recorder's by inheritance.
  void SetUp() override {
    setenv("NOTIFY_SOCKET", manager_.address().c_str(), 1);
    if (!watchdog_usec_.empty()) setenv("WATCHDOG_USEC", watchdog_usec_.c_str(), 1);
    RecordedTest::SetUp();
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
  }

  // The next message that begins so; others may come before.
  std::string Await(const std::string& begin) {
    for (int i = 0; i < 1000; ++i) {
      const std::string message = manager_.Receive();
      if (message.empty() || message.starts_with(begin)) return message;
    }
    return {};
  }

  RecorderStatus StatusFile() const {
    std::ifstream file(folder() + "/" + kStatusFileName);
    const std::string json(std::istreambuf_iterator<char>(file), {});
    const auto status = ParseStatus(json);
    return status ? *status : RecorderStatus{};
  }

  // Its folder is not for the user that the recorder becomes.
  TempFolder manager_folder_;
  NotifySocket manager_{manager_folder_ / "notify"};
  std::string watchdog_usec_;
};

TEST_F(ServiceTest, ItIsReadyWhenItRecordsAndStopsInOrder) {
  const std::string ready = manager_.Receive();
  EXPECT_THAT(ready, StartsWith("READY=1\nSTATUS=bpf: "));
  EXPECT_THAT(ready, HasSubstr("lost 0, last sync "));
  // What was recorded until then is durable and whole.
  const KeptLog log = ReadLog(folder());
  EXPECT_THAT(log.All<SnapEnd>(), SizeIs(1));
  EXPECT_EQ(StatusFile().pid, static_cast<uint64_t>(recorder().pid()));
  EXPECT_TRUE(StatusFile().recording);
  Stop();
  EXPECT_EQ(Await("STOPPING"), "STOPPING=1");
  EXPECT_THAT(Await("STATUS="), HasSubstr("lost 0"));
  EXPECT_FALSE(StatusFile().recording);
}

TEST_F(ServiceTest, SighupEndsTheSegmentAndWhatItHoldsIsDurable) {
  EXPECT_THAT(Await("READY=1"), HasSubstr("STATUS="));
  kill(recorder().pid(), SIGHUP);
  EXPECT_THAT(Await("RELOADING=1"), StartsWith("RELOADING=1\nMONOTONIC_USEC="));
  EXPECT_THAT(Await("READY=1"), HasSubstr("STATUS="));
  EXPECT_EQ(StatusFile().segment_no, 2u);
  const KeptLog& log = Stop();
  ASSERT_THAT(log.segments, SizeIs(2));
  EXPECT_TRUE(log.segments[0].complete);
  EXPECT_EQ(log.All<SegmentEnd>()[0].reason, EndReason::kRequest);
  EXPECT_EQ(log.segments[1].All<SnapEnd>().size(), 1u);
}

class ReloadTest : public ServiceTest {
 protected:
  ReloadTest() {
    Configure("max-bytes = 512M\n");
    // A reload is over at the turn that sees what it waits for on the disk.
    recorder_options_ = {"--config", config_, "--drain-interval", "10ms"};
  }

  void Configure(const std::string& text) const { std::ofstream(config_) << text; }

  RecorderStatus Reload() {
    kill(recorder().pid(), SIGHUP);
    Await("RELOADING=1");
    Await("READY=1");
    return StatusFile();
  }

  TempFolder config_folder_;
  std::string config_ = config_folder_ / "daybook.conf";
};

// It reads as the user that it became, who has to be let through the folder.
TEST_F(ReloadTest, OnSighupLimitsThatTheConfigurationSaysNowHold) {
  std::filesystem::permissions(config_folder_.path(), std::filesystem::perms(0755));
  Await("READY=1");
  EXPECT_EQ(StatusFile().max_bytes, 512U << 20);
  Configure("max-bytes = 64M\nusage = fast\n");
  EXPECT_EQ(Reload().max_bytes, 64U << 20);
  recorder().Await("what the configuration says of usage holds from the next start; going on\n");
  Configure("max-bytes = 64 bananas\n");
  EXPECT_EQ(Reload().max_bytes, 64U << 20) << "it is wrong, and recording goes on";
  recorder().Await("the configuration could not be taken over; going on\n");
  std::filesystem::permissions(config_folder_.path(), std::filesystem::perms(0700));
  Configure("max-bytes = 128M\n");
  EXPECT_EQ(Reload().max_bytes, 64U << 20) << "it may not be read, and recording goes on";
  recorder().Await("the configuration could not be taken over; going on\n");
  const pid_t child = Spawn([] {});
  WaitFor(child);
  const KeptLog& log = Stop();
  EXPECT_EQ(log.AllOf<Exit>(static_cast<uint32_t>(child)).size(), 1U);
  EXPECT_THAT(log.segments, SizeIs(4));
}

TEST_F(ReloadTest, OfArgumentsLessIsKeptFromSighupOnAndAfterTheNextOneAsMuchAsAtTheStart) {
  std::filesystem::permissions(config_folder_.path(), std::filesystem::perms(0755));
  Await("READY=1");
  Configure("args = none\n");
  Reload();
  const pid_t without = SpawnActor({"exit", "0"});
  WaitFor(without);
  Configure("args = masked\n");
  Reload();
  const pid_t with = SpawnActor({"exit", "0"});
  WaitFor(with);
  const KeptLog& log = Stop();
  EXPECT_EQ(log.AllOf<Exec>(static_cast<uint32_t>(without)).at(0).args, std::nullopt);
  EXPECT_NE(log.AllOf<Exec>(static_cast<uint32_t>(with)).at(0).args, std::nullopt);
  std::vector<std::optional<uint64_t>> limits;
  for (const Recorder& told : log.All<Recorder>()) limits.push_back(told.args_limit_bytes);
  EXPECT_THAT(limits, ElementsAre(1024, 0, 1024, 1024));
}

// To ask the system's databases takes system calls that it has given up.
TEST_F(ReloadTest, UsersOfTheStartAreKnownAndOthersAreAskedForByNumber) {
  std::filesystem::permissions(config_folder_.path(), std::filesystem::perms(0755));
  Await("READY=1");
  for (const char* user : {"nobody", "alcie"}) {
    Configure(std::string("max-bytes = 64M\nexcept-uid = [") + user + "]\n");
    EXPECT_EQ(Reload().max_bytes, 512U << 20);
    recorder().Await("the configuration could not be taken over; going on\n");
  }
  Configure("max-bytes = 64M\nexcept-uid = [4711]\n");
  EXPECT_EQ(Reload().max_bytes, 64U << 20);
  recorder().Await(
      "what the configuration says of except-uid holds from the next start; going on\n");
  Stop();
}

class UserReloadTest : public ReloadTest {
 protected:
  UserReloadTest() { Configure("max-bytes = 512M\nexcept-uid = [nobody]\n"); }
};

TEST_F(UserReloadTest, HoweverOftenItIsReadAgainItIsTheSame) {
  std::filesystem::permissions(config_folder_.path(), std::filesystem::perms(0755));
  Await("READY=1");
  for (int i = 0; i < 120; ++i) ASSERT_EQ(Reload().max_bytes, 512U << 20);
  Stop();
}

TEST_F(ServiceTest, Sigusr1AsksForTheStatus) {
  Await("READY=1");
  const RecorderStatus before = StatusFile();
  const pid_t child = Spawn([] {});
  WaitFor(child);
  kill(recorder().pid(), SIGUSR1);
  EXPECT_THAT(Await("STATUS="), HasSubstr("events/s"));
  EXPECT_GT(StatusFile().written_realtime_ns, before.written_realtime_ns);
  EXPECT_GT(StatusFile().forks_seen, before.forks_seen);
  Stop();
}

TEST_F(ServiceTest, DaybookSaysWhetherItRecords) {
  Await("READY=1");
  const std::string ask =
      std::string(DAYBOOK_PROGRAM) + " status --log " + folder() + " >/dev/null 2>&1";
  EXPECT_EQ(std::system(ask.c_str()), 0);
  EXPECT_EQ(recorder().Stop(SIGKILL), SIGKILL);
  constexpr int kIncomplete = 4;
  EXPECT_EQ(WEXITSTATUS(std::system(ask.c_str())), kIncomplete);
}

class WatchdogTest : public ServiceTest {
 protected:
  WatchdogTest() { watchdog_usec_ = "400000"; }
};

TEST_F(WatchdogTest, ItIsFedAtHalfOfItsTime) {
  Await("READY=1");
  const auto begin = std::chrono::steady_clock::now();
  constexpr int kTimes = 5;
  for (int i = 0; i < kTimes; ++i) ASSERT_EQ(Await("WATCHDOG"), "WATCHDOG=1");
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_LT(took, std::chrono::milliseconds(400) * kTimes);
  EXPECT_GT(took, std::chrono::milliseconds(100) * kTimes);
  Stop();
}

}  // namespace
}  // namespace daybook
