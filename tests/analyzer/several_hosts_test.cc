// What the verbs show of logs of several hosts, whose processes may have the same pids and names.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "program_runner.h"
#include "script.h"

namespace daybook {
namespace {

using std::string_view_literals::operator""sv;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class SeveralHostsTest : public ProgramRunner {
 protected:
  SeveralHostsTest() {
    Write(log_path_, 0xB0, "web1");
    Write(other_path_, 0xB1, "web2");
  }

  static void Write(const std::string& path, uint8_t boot, const std::string& host) {
    Script script(path, boot, kScriptRealtimeNs, host);
    script.Snapshot();
    script.Fork(6000, 200, 50, 3000);
    script.Exec(6001, 200, 6000, {.comm = "su", .exe = "/bin/su", .args = "su\0"sv, .euid = 33});
    script.Exit(7000, 200, 6000, {.comm = "su", .cpu_us = 1000, .ppid = 50, .uid = 33});
    script.log().At(9000);
  }

  const std::string other_path_ = temp_ / "other";
  const std::string both_ = " --log LOG --log " + other_path_ + " ";
};

TEST_F(SeveralHostsTest, PeopleSeeOnWhichHostEachProcessIs) {
  for (const std::string verb : {"list", "list --view programs", "top", "tree", "ps", "identity",
                                 "why 200", "why 200 --view programs", "jobs"}) {
    EXPECT_THAT(Run(verb + both_).out, StartsWith("HOST ")) << verb;
    EXPECT_THAT(Run(verb + both_).out, HasSubstr("\nweb2 ")) << verb;
    EXPECT_THAT(Run(verb + " --log LOG").out, Not(HasSubstr("HOST "))) << verb;
  }
}

TEST_F(SeveralHostsTest, WhoseProcessOfAPidIsShownIsToldWithAWayToTheOthers) {
  EXPECT_THAT(Run("why 200" + both_).out,
              HasSubstr("-- the newest of 2 processes with this pid, on 2 hosts; --host names "
                        "another\n"));
  for (const std::string host : {"web1", "web2"}) {
    const Answer answer =
        Run("why 200 --output csv --no-header --columns host,pid --host " + host + both_ + "-n 1");
    EXPECT_EQ(answer.out, host + ",200\n");
    EXPECT_EQ(answer.err, "");
  }
}

}  // namespace
}  // namespace daybook
