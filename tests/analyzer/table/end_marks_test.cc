// What text says behind the status of a process, and what other formats say in columns.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "analyzer/program_runner.h"
#include "analyzer/script.h"
#include "daybook/records.h"

namespace daybook {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

constexpr uint32_t kKilled = 9;
constexpr uint32_t kDumped = 11 | 0x80;

class EndMarksTest : public ProgramRunner {
 protected:
  // One that ran out of memory, one that left a core, one that was killed, one that failed.
  EndMarksTest() {
    Script script(log_path_);
    script.Snapshot();
    const auto run = [&](uint64_t ms, uint32_t pid, std::string_view comm, Script::End end) {
      script.Fork(ms, pid, 50, 3000);
      script.Exec(ms + 1, pid, ms, comm, comm);
      end.comm = comm;
      script.Exit(ms + 10, pid, ms, end);
    };
    run(6000, 200, "hungry", {.wait_status = kKilled, .flags = kProcOomKilled});
    run(6100, 201, "crashed", {.wait_status = kDumped});
    run(6200, 202, "killed", {.wait_status = kKilled});
    run(6300, 203, "failed", {.wait_status = 3 << 8});
  }
};

TEST_F(EndMarksTest, TextSaysBehindTheStatusWhatElseIsKnown) {
  for (const std::string verb :
       {"list", "tree", "failures", "follow -S @0 -n 4", "top", "list --output md"}) {
    const std::string out = Run(verb + " --log LOG").out;
    EXPECT_THAT(out, ContainsRegex("SIGKILL oom [^\n]*hungry|hungry +SIGKILL oom  ")) << verb;
    EXPECT_THAT(out, ContainsRegex("SIGSEGV core [^\n]*crashed|crashed +SIGSEGV core  ")) << verb;
    EXPECT_THAT(out, Not(ContainsRegex("SIGKILL oom [^\n]*killed|killed +SIGKILL oom"))) << verb;
    EXPECT_THAT(out, Not(AnyOf(HasSubstr("CORE"), HasSubstr("OOM")))) << verb;
  }
  EXPECT_THAT(Run("why 200 --log LOG").out, HasSubstr("  SIGKILL oom  "));
}

TEST_F(EndMarksTest, WhoChoosesColumnsIsShownTheseAsTheyAre) {
  EXPECT_EQ(Run("list --log LOG --pid 200 --no-header --columns pid,signal").out.substr(0, 13),
            "200  SIGKILL\n");
}

TEST_F(EndMarksTest, ProgramsAreToldInColumnsOfTheirOwn) {
  for (const std::string verb : {"list", "failures", "follow -S @0 -n 1", "top", "why 200"}) {
    EXPECT_THAT(Run(verb + " --log LOG --output jsonl --comm hungry").out,
                AllOf(HasSubstr("\"oom\":true"), HasSubstr("\"core\":false"),
                      Not(HasSubstr("SIGKILL oom"))))
        << verb;
  }
}

// The connector tells neither a process's memory nor what it used.
TEST_F(EndMarksTest, WhatTheSourceCannotTellIsUnknown) {
  {
    Script script(log_path_);
    script.Snapshot();
    script.Fork(6000, 210, 50, 3000);
    script.Fork(6000, 211, 50, 3000);
    script.Fork(6000, 212, 50, 3000);
    script.Exit(6001, 210, 6000, {.wait_status = kKilled});
    script.Exit(6001, 211, 6000, {.wait_status = kDumped});
    script.Exit(6001, 212, 6000, {.wait_status = kKilled, .minflt = 5});
  }
  EXPECT_EQ(Run("list --log LOG --pid 50,210,211,212 --sort pid --output csv --no-header "
                "--columns pid,oom,superuser")
                .out,
            "50,,\n210,,\n211,false,\n212,false,false\n");
  EXPECT_EQ(Run("list --log LOG --output csv --no-header --columns pid "
                "--filter '!known(oom) && signal == KILL && pid > 202'")
                .out,
            "210\n");
}

}  // namespace
}  // namespace daybook
