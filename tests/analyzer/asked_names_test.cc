// Options that ask for names: of which they are, and what is said where nothing has one.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "program_runner.h"
#include "script.h"

namespace daybook {
namespace {

using std::string_view_literals::operator""sv;
using testing::HasSubstr;
using testing::Not;

class AskedNamesTest : public ProgramRunner {
 protected:
  static constexpr char kId[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

  AskedNamesTest() {
    Script script(log_path_);
    script.Snapshot();
    const std::string docker = std::string("/system.slice/docker-") + kId + ".scope";
    uint64_t id = 10;
    for (const std::string_view path :
         {"/system.slice"sv, "/system.slice/nginx.service"sv, "/system.slice.d/x"sv,
          "/user.slice/user-1000.slice/session-3.scope"sv, std::string_view(docker), "/"sv,
          "/systemXslice/y"sv, "/a+b/c"sv, "/app-x\\x2dy.slice/z"sv}) {
      const auto pid = static_cast<uint32_t>(200 + id);
      script.Cgroup(6000, id, path);
      script.Fork(6000, pid, 50, 3000);
      script.Exit(6001, pid, 6000, {.comm = "x", .cgroup_id = id++});
    }
  }

  std::string Pids(const std::string& filter) const {
    std::string pids =
        Run("list --log LOG --no-header --output csv --columns pid --sort pid " + filter).out;
    std::ranges::replace(pids, '\n', ' ');
    return pids;
  }
};

// Whoever may make a cgroup gives it a name.
TEST_F(AskedNamesTest, WhatMayBeMeantCannotDriveATerminal) {
  const std::string path = temp_ / "escape";
  {
    Script script(path);
    script.Snapshot();
    script.Cgroup(6000, 10, "/system.slice/ngin\x1B]x.service");
    script.Fork(6000, 200, 50, 3000);
    script.Exit(6001, 200, 6000, {.comm = "x", .cgroup_id = 10});
  }
  const std::string out = Run("list --service ngin.service --log " + path).out;
  EXPECT_THAT(out, HasSubstr("did you mean 'ngin"));
  EXPECT_THAT(out, Not(HasSubstr("\x1B")));
}

TEST_F(AskedNamesTest, WhatIsInACgroupIsWhatIsBelowItToo) {
  EXPECT_EQ(Pids("--cgroup /system.slice"), "210 211 214 ");
  EXPECT_EQ(Pids("--cgroup system.slice/"), "210 211 214 ");
  EXPECT_EQ(Pids("--cgroup /system.slice/nginx.service"), "211 ");
  EXPECT_EQ(Pids("--cgroup /system.slice/nginx.service,/user.slice"), "211 213 ");
  EXPECT_EQ(Pids("--cgroup /"), "210 211 212 213 214 215 216 217 218 ");
  EXPECT_EQ(Pids("--cgroup /a+b"), "217 ");
  EXPECT_EQ(Pids("--cgroup '/app-x\\x2dy.slice'"), "218 ");
  EXPECT_EQ(Pids("--cgroup /system"), "");
  EXPECT_EQ(Pids("--cgroup /system?slice"), "");
  EXPECT_EQ(Pids("--filter 'cgroup == \"/system.slice\"'"), "210 ");
}

TEST_F(AskedNamesTest, ServicesAndContainersMayBeNamedShortOrLong) {
  EXPECT_EQ(Pids("--service nginx"), "211 ");
  EXPECT_EQ(Pids("--service nginx.service,cron"), "211 ");
  EXPECT_EQ(Pids("--container 0123456789ab"), "214 ");
  EXPECT_EQ(Pids(std::string("--container ") + kId), "214 ");
}

TEST_F(AskedNamesTest, WhoseNameNothingHasIsToldSo) {
  const std::pair<std::string, std::string> cases[] = {
      {"--service ngnix",
       "-- what was read tells of no service 'ngnix.service'; did you mean 'nginx.service'?\n"},
      {"--cgroup /nowhere", "-- what was read tells of no cgroup '/nowhere'\n"},
      {"--session 4", "-- what was read tells of no session '4'"},
      {"--container web", "-- what was read tells of no container 'web'\n"}};
  EXPECT_THAT(Run("list --log LOG --cgroup 99").out, Not(HasSubstr("tells of no"))) << "an id";
  EXPECT_EQ(Run("list --log LOG --cgroup ''").err,
            "daybook: --cgroup: an empty path; all cgroups are below '/'\n");
  for (const auto& [filter, note] : cases) {
    EXPECT_THAT(Run("list --log LOG " + filter).out, HasSubstr(note)) << filter;
  }
  for (const std::string filter : {"--service nginx", "--cgroup /user.slice", "--cgroup /",
                                   "--session 3", "--container 0123456789ab"}) {
    EXPECT_THAT(Run("list --log LOG " + filter).out, Not(HasSubstr("tells of no"))) << filter;
  }
}

// Also where older segments are left out; those of another host may be the only ones that are.
TEST_F(AskedNamesTest, WhoseNameNothingHasIsToldSoOfWhatWasRead) {
  const std::string path = temp_ / "days";
  {
    Script script(path, 0xB1, kScriptRealtimeNs, "web2");
    script.Snapshot();
    for (uint64_t hour = 1; hour < 4; ++hour) {
      script.log().Rotate(5000 + hour * 3'600'000);
      script.Snapshot({{1, 0, 0, "systemd"}}, 5000 + hour * 3'600'000);
      script.Cgroup(6000 + hour * 3'600'000, 10, "/system.slice/nginx.service");
    }
  }
  const std::string late = "list --log " + path + " -S '2026-09-21 17:13:10' ";
  ASSERT_THAT(Run(late).out, HasSubstr("outside the time and not read: segments "));
  EXPECT_THAT(Run(late + "--host wbe2").out,
              HasSubstr("-- what was read tells of no host 'wbe2'; did you mean 'web2'?\n"));
  EXPECT_THAT(Run(late + "--service ngnix").out,
              HasSubstr("-- what was read tells of no service 'ngnix.service'; did you mean "));
  EXPECT_THAT(Run(late + "--cgroup /nowhere").out,
              HasSubstr("-- what was read tells of no cgroup '/nowhere'\n"));
  EXPECT_THAT(Run(late + "--host web2 --service nginx").out, Not(HasSubstr("tells of no")));
  const std::string behind = "summary --log LOG --log " + path + " -S '2026-09-21 17:10' ";
  EXPECT_THAT(Run(behind + "--host web1").out, Not(HasSubstr("tells of no host")));
}

// The kernel keeps the first 15 bytes of a name.
TEST_F(AskedNamesTest, ALongTaskNameIsThatOfWhichTheKernelKeepsTheBegin) {
  {
    Script script(log_path_);
    script.Snapshot();
    for (const auto& [pid, comm] :
         {std::pair(300u, "systemd-timesyn"sv), {301u, "systemd-time"sv}}) {
      script.Fork(6000, pid, 50, 3000);
      script.Exit(6001, pid, 6000, {.comm = comm});
    }
  }
  EXPECT_EQ(Pids("--comm systemd-timesyncd"), "300 ");
  EXPECT_EQ(Pids("--comm systemd-time,other"), "301 ");
}

}  // namespace
}  // namespace daybook
