#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "filter/expression.h"
#include "filter/options.h"

namespace daybook {
namespace {

using testing::HasSubstr;
using std::string_literals::operator""s;

constexpr uint64_t kSecond = 1'000'000'000;
constexpr int64_t kNowNs = 1'790'000'000'000'000'000;  // 2026-09-21 14:13:20 UTC

class FilterTest : public testing::Test {
 protected:
  FilterTest() {
    boot_.host = "web1";
    boot_.clock.Add(0, kNowNs);
    life_.pid = 4321;
    life_.start_ns = 10 * kSecond;
    life_.end_ns = 12 * kSecond;
    life_.ppid = 99;
    life_.state = LifeState::kEnded;
    life_.wait_status = 3 << 8;
    life_.identity.uid = 0;
    life_.identity.euid = 33;
    life_.identity.comm = "cc1";
    life_.usage.cpu_us = 1'500'000;
    life_.usage.maxrss_kib = 2048;
    life_.image = boost::make_local_shared<Image>(
        Image{.exe = "/usr/bin/cc1", .args = "cc1\0-O2\0a b.c\0"s, .args_bytes = 13});
  }

  Truth Judge(std::string_view text) { return Judge(text, life_); }

  Truth Judge(std::string_view text, const Life& life) {
    Filter filter;
    const Status status = filter.Require(text, {.now_ns = kNowNs, .zone = zone_});
    EXPECT_TRUE(status) << status.error().message();
    if (!status) return Truth::kUnknown;
    return filter.Judge(boot_, life, texts_);
  }

  bool Holds(std::string_view text) { return Judge(text) == Truth::kTrue; }

  std::string Mistake(std::string_view text) {
    Filter filter;
    const Status status = filter.Require(text, {.now_ns = kNowNs, .zone = zone_});
    return status ? "none" : status.error().message();
  }

  LocalZone zone_ = LocalZone::Utc();
  LifeTexts texts_{zone_};
  Boot boot_;
  Life life_;
};

TEST_F(FilterTest, WhatHolds) {
  for (const char* text : {"user == \"root\" && cpu > 1s && comm =~ \"^cc\" && !ok",
                           "cpu == 1.5s",
                           "cpu >= 1500ms",
                           "cpu_us == 1500000",
                           "cpu != 0",
                           "cpu > 0",
                           "elapsed == 2s",
                           "elapsed < 1min30s",
                           "maxrss == 2M",
                           "maxrss_kib == 2048",
                           "maxrss > 1.5M",
                           "maxrss < 2049K",
                           "maxrss >= 2MiB",
                           "pid == 4321",
                           "pid in {1, 4321, 7}",
                           "comm in {\"a\", \"cc1\"}",
                           "comm in {'cc1'}",
                           "comm < \"cd\"",
                           "status == 3",
                           "status == \"3\"",
                           "exit_code in {3}",
                           "failed",
                           "not ok",
                           "! ! failed",
                           "failed == true",
                           "ok != true",
                           "not (ok or pid == 1)",
                           "uid != euid",
                           "args =~ \"-O2 a b\"",
                           "args == \"cc1 -O2 a b.c\"",
                           "exe =~ 'bin/cc\\d$'",
                           "comm !~ \"x\"",
                           "cpu_percent == 75%",
                           "cpu_percent > 74.5",
                           "host == \"web1\"",
                           "start == \"2026-09-21 14:13:30\"",
                           "start_time < \"2026-09-22\"",
                           "day == \"2026-09-21\"",
                           "hour == \"2026-09-21 14:00\"",
                           "existed_at(\"2026-09-21 14:13:31\")",
                           "known(cpu)",
                           "!known(tty)",
                           "signal != SIGKILL",
                           "under(4321)",
                           "ended and not running",
                           "minflt > 3 || ok || pid == 4321",
                           "ppid == 99",
                           "state == \"ended\""}) {
    EXPECT_EQ(Judge(text), Truth::kTrue) << text;
  }
}

TEST_F(FilterTest, WhatDoesNot) {
  for (const char* text :
       {"user == \"nobody\"", "cpu > 1500ms", "maxrss > 2M", "pid in {1, 2}", "comm == \"cc\"",
        "comm =~ \"^c1\"", "ok", "signal == SIGKILL", "signal in {9}", "failed && pid == 1",
        "existed_at(\"2026-09-21 14:13:29\")", "existed_at(\"2026-09-21 14:13:32\")",
        "known(tty) && pid == 4321", "minflt > 3 && ok"}) {
    EXPECT_EQ(Judge(text), Truth::kFalse) << text;
  }
}

TEST_F(FilterTest, WhatTheLogDoesNotTellIsUnknownAndSoIsItsOpposite) {
  for (const char* text : {"minflt > 3", "minflt <= 3", "!(minflt > 3)", "minflt in {1}",
                           "tty =~ \"pts\"", "tty !~ \"pts\"", "minflt == majflt", "uid == gid",
                           "minflt > 3 && failed", "minflt > 3 || ok", "service == \"x\""}) {
    EXPECT_EQ(Judge(text), Truth::kUnknown) << text;
  }
  life_.identity.cgroup_id = 7;
  boot_.cgroups[7] = "/system.slice/a.service";
  EXPECT_EQ(Judge("service == \"a.service\""), Truth::kTrue);
  EXPECT_EQ(Judge("container == \"x\""), Truth::kFalse) << "it is known to be in none";
  EXPECT_EQ(Judge("container != \"x\""), Truth::kTrue);
}

TEST_F(FilterTest, InACgroupIsWhatIsBelowIt) {
  EXPECT_EQ(Judge("in_cgroup('/')"), Truth::kUnknown);
  life_.identity.cgroup_id = 7;
  EXPECT_EQ(Judge("in_cgroup('/')"), Truth::kTrue) << "as all are";
  EXPECT_EQ(Judge("in_cgroup('/a')"), Truth::kUnknown) << "its path is not told";
  EXPECT_EQ(Judge("in_cgroup('7')"), Truth::kTrue);
  EXPECT_EQ(Judge("in_cgroup('77')"), Truth::kUnknown) << "it may be below that";
  boot_.cgroups = {{7, "/system.slice/a.service"}, {8, "/system.slice"}, {9, "/user.slice"}};
  for (const char* text : {"in_cgroup(\"/system.slice\")", "in_cgroup('system.slice/a.service/')",
                           "in_cgroup('/system.slice/a.service')", "in_cgroup('/')",
                           "in_cgroup('7')", "in_cgroup('8')"}) {
    EXPECT_EQ(Judge(text), Truth::kTrue) << text;
  }
  for (const char* text : {"in_cgroup('/system.slice/a')", "in_cgroup('/user.slice')",
                           "in_cgroup('/a.service')", "in_cgroup('9')"}) {
    EXPECT_EQ(Judge(text), Truth::kFalse) << text;
  }
}

TEST_F(FilterTest, SignalsHaveNamesAndNumbers) {
  life_.wait_status = 9 | 0x80;
  for (const char* text :
       {"signal == SIGKILL", "signal == KILL", "signal == 9", "core", "signal in {\"KILL\", 15}",
        "status == \"SIGKILL\"", "status == \"KILL\"", "exit_code != 0"}) {
    EXPECT_EQ(Judge(text), Truth::kTrue) << text;
  }
}

TEST_F(FilterTest, AUserWithoutANameIsItsNumber) {
  life_.identity.uid = 4'000'000'000;
  EXPECT_TRUE(Holds("user == \"4000000000\""));
  EXPECT_TRUE(Holds("user =~ \"^40\""));
  EXPECT_TRUE(Holds("user in {4000000000}"));
  EXPECT_FALSE(Holds("user == \"root\""));
}

TEST_F(FilterTest, AnyBytesAreMatched) {
  life_.identity.comm = "\xff\x01z";
  EXPECT_TRUE(Holds(R"(comm == "\xff\x01z")"));
  EXPECT_TRUE(Holds(R"(comm =~ "^\xff.z$")"));
  EXPECT_TRUE(Holds(R"(comm =~ '^\xff\x01z$')"));
}

TEST_F(FilterTest, AncestorsAreLookedAtUpToTheFirst) {
  const auto cron = boost::make_local_shared<Life>();
  cron->pid = 50;
  cron->ppid = 0;
  cron->identity.comm = "cron";
  const auto shell = boost::make_local_shared<Life>();
  shell->pid = 99;
  shell->ppid = 50;
  shell->identity.comm = "sh";
  shell->parent = ParentLife(cron);
  life_.parent = ParentLife(shell);
  EXPECT_EQ(Judge("descends_from(comm == \"cron\")"), Truth::kTrue);
  EXPECT_EQ(Judge("descends_from(comm == \"sh\" && descends_from(comm == \"cron\"))"),
            Truth::kTrue);
  EXPECT_EQ(Judge("descends_from(comm == \"cc1\")"), Truth::kFalse)
      << "it is no ancestor of itself";
  EXPECT_EQ(Judge("under(50)"), Truth::kTrue);
  EXPECT_EQ(Judge("under(51)"), Truth::kFalse);
  EXPECT_EQ(Judge("!under(51)"), Truth::kTrue);
  cron->ppid = 1;  // of which the log does not tell
  EXPECT_EQ(Judge("under(51)"), Truth::kUnknown);
  EXPECT_EQ(Judge("descends_from(comm == \"cc1\")"), Truth::kUnknown);
  EXPECT_EQ(Judge("under(50)"), Truth::kTrue);
}

TEST_F(FilterTest, WhatRunsExistsSinceItsBirth) {
  life_.state = LifeState::kRunning;
  life_.end_ns.reset();
  life_.wait_status.reset();
  EXPECT_EQ(Judge("existed_at(\"now\")"), Truth::kFalse);
  boot_.last_ns = 50 * kSecond;
  EXPECT_EQ(Judge("existed_at(\"2026-09-21 14:14:00\")"), Truth::kTrue);
  EXPECT_EQ(Judge("existed_at(\"+1h\")"), Truth::kUnknown) << "the log ends before";
  EXPECT_EQ(Judge("ok"), Truth::kUnknown);
  EXPECT_EQ(Judge("signal != KILL"), Truth::kUnknown);
  life_.state = LifeState::kLost;
  life_.last_seen_ns = 20 * kSecond;
  EXPECT_EQ(Judge("existed_at(\"2026-09-21 14:13:39\")"), Truth::kTrue);
  EXPECT_EQ(Judge("existed_at(\"+1h\")"), Truth::kUnknown);
}

TEST_F(FilterTest, AMistakeIsPointedAt) {
  const struct {
    const char* text;
    const char* message;
  } cases[] = {
      {"pid == 1 && usr == \"x\"",
       "no field 'usr'; did you mean 'user'?\n  pid == 1 && usr == \"x\"\n              ^~~"},
      {"zzzzzzzz == 1", "no field 'zzzzzzzz'; --filter help lists them\n"},
      {"cpu > 5",
       "'5' is not a duration; write for example 10ms, 1.5s or 1h30min\n  cpu > 5\n"
       "        ^"},
      {"cpu > 5parsec", "'5parsec' is not a duration; "},
      {"maxrss > 5X", "'5X' is not a size; write for example 500K, 1.5M or 2G\n"},
      {"maxrss > 5", "'5' is not a size; "},
      {"maxrss > 99999999999999999999G", "'99999999999999999999G' is not a size; "},
      {"maxrss_kib > 18446744073709551615", "'18446744073709551615' is not a size; "},
      {"pid == many", "'many' is not a number; write digits only\n"},
      {"pid == -1", "this means nothing here\n  pid == -1\n         ^"},
      {"signal == SIGFOO", "'SIGFOO' is not a signal; write for example SIGKILL or 9\n"},
      {"status == \"bad\"",
       "'bad' is not a status: that is an exit code, 0 to 255, or a signal; write for example "
       "\"3\" or \"SIGKILL\"\n"},
      {"cpu_percent > nan", "'nan' is not a percentage; "},
      {"comm == cron", "'cron' is not a string; write it in quotes\n"},
      {"comm == 7", "'7' is not a string; write it in quotes\n"},
      {"hour == 9", "'9' is not a string; write for example \"2026-11-20 14:00\"\n"},
      {"day in {20}", "'20' is not a string; write for example \"2026-11-20\"\n"},
      {"hour > today", "'today' is not a string; write for example \"2026-11-20 14:00\"\n"},
      {"start > \"noon\"", "'noon' is not a time; "},
      {"ok == 1", "'1' is not true or false; write true or false\n"},
      {"ok < true", "'ok' is true or false: it has no order\n"},
      {"comm", "'comm' is a string: compare it with "},
      {"pid =~ \"1\"", "'pid' is a number: only strings match\n"},
      {"comm =~ cron", "a regular expression in quotes belongs behind '=~'\n"},
      {"comm =~ \"(\"", "no regular expression: missing ): (\n  comm =~ \"(\"\n          ^~~"},
      {"pid == comm", "'comm' is a string, and 'pid' is a number\n"},
      {"comm = \"a\"", "'=' means nothing; did you mean '=='?\n"},
      {"ok & ok", "'&' means nothing; did you mean '&&'?\n"},
      {"ok | ok", "'|' means nothing; did you mean '||'?\n"},
      {"comm == \"a", "this string has no end\n"},
      {"comm == \"\\xg0\"", "\\x needs two hexadecimal digits\n"},
      {"", "a condition is missing here\n  \n  ^"},
      {"ok &&", "a condition is missing here\n  ok &&\n       ^"},
      {"(ok", "')' is missing here after what is in parentheses\n"},
      {"ok)", "this does not belong here; '&&' or '||' joins two conditions\n"},
      {"ok ok", "this does not belong here; "},
      {"5 < pid", "a field belongs on the left, as in cpu > 1s\n"},
      {"pid ==", "a value is missing here\n"},
      {"pid in 1", "'{' is missing here before the values of 'in'\n"},
      {"pid in {1", "'}' is missing here after the values of 'in'\n"},
      {"under(cron)", "'under' takes the pid at the top of a tree, as in under(1234)\n"},
      {"under 5", "'(' is missing here after 'under'\n"},
      {"known(5)", "a field belongs on the left, as in cpu > 1s\n"},
      {"in_cgroup(a)", "'in_cgroup' takes a path, as in in_cgroup(\"/system.slice\")\n"},
      {"in_cgroup(5)", "'in_cgroup' takes a path, as in in_cgroup(\"/system.slice\")\n"},
      {"in_cgroup('')", "an empty path; all cgroups are below '/'\n"},
      {"in_cgroup('a'", "')' is missing here to end 'in_cgroup('\n"},
      {"ran(nvcsw > 1)", "'nvcsw' is not told of programs\n  ran(nvcsw > 1)\n      ^~~~~"},
      {"ran(cpu > utime)",
       "'utime' is not told of programs\n  ran(cpu > utime)\n            ^~~~~"},
      {"ran(comm == \"x\" && descends_from(nvcsw > 1)) && x", "no field 'x'"},
      {"existed_at(\"x\")", "'x' is not a time; "},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_THAT(Mistake(text), testing::StartsWith(message)) << text;
  }
}

TEST_F(FilterTest, TheMarkStandsBelowWhatIsShown) {
  EXPECT_EQ(Mistake("comm == \"\x1b\" && x"),
            "no field 'x'; --filter help lists them\n"
            "  comm == \"\\x1b\" && x\n"
            "                    ^");
}

TEST_F(FilterTest, DeepNestingIsRefusedAndLongChainsAreNot) {
  const std::string deep = std::string(10'000, '(') + "ok" + std::string(10'000, ')');
  EXPECT_THAT(Mistake(deep), HasSubstr("nested too deeply"));
  std::string chain = "ok";
  for (int i = 0; i < 10'000; ++i) chain += " || pid == 1";
  EXPECT_EQ(Judge(chain), Truth::kFalse);
  EXPECT_EQ(Judge(std::string(10'001, '!') + "ok"), Truth::kTrue);
}

TEST_F(FilterTest, EveryPartOfAnExpressionIsRefusedOrUnderstood) {
  const std::string whole =
      "user == \"root\" && (cpu > 1.5s || maxrss_kib in {1, 2}) && comm !~ '^c' && !under(7) && "
      "descends_from(known(tty)) && existed_at(\"-1h\") && signal != KILL && uid <= euid";
  EXPECT_EQ(Mistake(whole), "none");
  for (size_t begin = 0; begin < whole.size(); ++begin) {
    for (size_t end = begin; end <= whole.size(); ++end) {
      Filter filter;
      const std::string part = whole.substr(begin, end - begin);
      if (!filter.Require(part, {.now_ns = kNowNs, .zone = zone_})) continue;
      filter.Judge(boot_, life_, texts_);
    }
  }
}

TEST_F(FilterTest, OptionsStandForExpressions) {
  const auto judge = [&](std::string_view name, std::vector<std::string> values) {
    for (const FilterOption& option : FilterOptions()) {
      if (option.name != name) continue;
      const GivenFilter given[] = {{.option = &option, .values = std::move(values)}};
      const auto filter = MakeFilter(given, {.now_ns = kNowNs, .zone = zone_});
      return filter ? std::to_string(filter->Judge(boot_, life_, texts_) == Truth::kTrue)
                    : filter.error().message();
    }
    return "no option "s;
  };
  EXPECT_EQ(judge("--comm", {"x", "cc1"}), "1");
  EXPECT_EQ(judge("--comm", {"x\" || true"}), "0");
  EXPECT_EQ(judge("--comm", {"\\"}), "0");
  EXPECT_EQ(judge("--pid", {"4321"}), "1");
  EXPECT_EQ(judge("--pid", {"x"}), "--pid: 'x' is not a number; write digits only");
  EXPECT_EQ(judge("--failed", {""}), "1");
  EXPECT_EQ(judge("--min-cpu", {"2s"}), "0");
  EXPECT_EQ(judge("--min-cpu", {"2"}),
            "--min-cpu: '2' is not a duration; write for example 10ms, 1.5s or 1h30min");
  EXPECT_EQ(judge("--existed-at", {"2026-09-21 14:13:31"}), "1");
}

}  // namespace
}  // namespace daybook
