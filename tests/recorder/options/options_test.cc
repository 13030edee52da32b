// What the words of a command line mean, and which of them are mistakes.

#include "options/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "options/options_text.h"
#include "recorder/options_fixture.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Optional;

TEST_F(OptionsTest, Defaults) {
  const Options options = Good({});
  EXPECT_EQ(options.log_dir, "/log");
  EXPECT_EQ(options.source, "auto");
  EXPECT_EQ(options.duration_ns, std::nullopt);
  EXPECT_EQ(options.segment_bytes, 64u << 20);
  EXPECT_EQ(options.segment_age_ns, 3'600'000'000'000u);
  EXPECT_EQ(options.drain_interval_ns, 250'000'000u);
  EXPECT_EQ(options.args, ArgsMode::kMasked);
  EXPECT_EQ(options.args_max_bytes, 1024u);
  EXPECT_THAT(options.mask_words, IsEmpty());
  EXPECT_EQ(options.compression, Compression::kZstd);
  EXPECT_EQ(options.user, "");
}

TEST_F(OptionsTest, TimesHaveUnits) {
  EXPECT_THAT(Good({"--duration", "5s"}).duration_ns, Optional(5'000'000'000u));
  EXPECT_THAT(Good({"--duration", "250us"}).duration_ns, Optional(250'000u));
  EXPECT_THAT(Good({"--duration", "10 min"}).duration_ns, Optional(600'000'000'000u));
  EXPECT_EQ(Good({"--segment-age", "2h"}).segment_age_ns, 7'200'000'000'000u);
  EXPECT_EQ(Good({"--segment-age", "1d"}).segment_age_ns, 86'400'000'000'000u);
  EXPECT_EQ(Good({"--drain-interval", "10ms"}).drain_interval_ns, 10'000'000u);
  EXPECT_THAT(Good({"--ring", "64K"}).ring_bytes, testing::Optional(65'536u));
}

TEST_F(OptionsTest, NumbersAreDecimalHoweverTheyBegin) {
  EXPECT_THAT(Good({"--duration", "060s"}).duration_ns, Optional(60'000'000'000u));
  EXPECT_THAT(Good({"--duration", "08s"}).duration_ns, Optional(8'000'000'000u));
  EXPECT_EQ(Good({"--drain-interval", "0100ms"}).drain_interval_ns, 100'000'000u);
  EXPECT_EQ(Good({"--max-bytes", "0100M"}).max_bytes, 100u << 20);
  EXPECT_EQ(Good({"--args-max", "010"}).args_max_bytes, 10u);
  ExpectMistake("--args-max", "0x10");
  ExpectMistake("--duration", "0x10s");
}

TEST_F(OptionsTest, TimesThatAreNone) {
  for (const char* value : {"5", "5parsecs", "-5s", "5S", "", "999999999d"}) {
    ExpectMistake("--duration", value);
  }
}

TEST_F(OptionsTest, SizesMayHaveUnits) {
  EXPECT_EQ(Good({"--segment-size", "65536"}).segment_bytes, 65536u);
  EXPECT_EQ(Good({"--segment-size", "64K"}).segment_bytes, 65536u);
  EXPECT_EQ(Good({"--segment-size", "8M"}).segment_bytes, 8u << 20);
  EXPECT_EQ(Good({"--segment-size", "1G"}).segment_bytes, 1u << 30);
}

TEST_F(OptionsTest, SizesThatAreNoneOrOutOfBounds) {
  for (const char* value : {"", "-1M", "1X", "16383", "0", "2000G"}) {
    ExpectMistake("--segment-size", value);
  }
}

TEST_F(OptionsTest, AUnitAloneIsNoValue) {
  ExpectMistake("--duration", "s");
  ExpectMistake("--segment-size", "M");
}

TEST_F(OptionsTest, IntervalsHaveBounds) {
  for (const char* value : {"1us", "9ms", "6s", "0s"}) ExpectMistake("--drain-interval", value);
  for (const char* value : {"32K", "100K", "2G", "0"}) ExpectMistake("--ring", value);
  ExpectMistake("--segment-age", "0s");
}

TEST_F(OptionsTest, SourcesAreNamed) {
  EXPECT_EQ(Good({"--source", "bpf"}).source, "bpf");
  EXPECT_EQ(Good({"--source", "connector"}).source, "connector");
  EXPECT_EQ(Good({"--source", "replay:/a b"}).source, "replay:/a b");
  for (const char* value : {"", "magic", "replay", "replay:", "bpf2"}) {
    ExpectMistake("--source", value);
  }
}

TEST_F(OptionsTest, SegmentsAreCompressedOrNot) {
  EXPECT_EQ(Good({"--compress", "none"}).compression, Compression::kNone);
  EXPECT_EQ(Good({"--compress", "zstd"}).compression, Compression::kZstd);
  for (const char* value : {"", "gzip", "1"}) ExpectMistake("--compress", value);
}

TEST_F(OptionsTest, ArgumentsAreKeptInFourWays) {
  EXPECT_EQ(Good({"--args", "none"}).args, ArgsMode::kNone);
  EXPECT_EQ(Good({"--args", "argv0"}).args, ArgsMode::kArgv0);
  EXPECT_EQ(Good({"--args", "masked"}).args, ArgsMode::kMasked);
  EXPECT_EQ(Good({"--args", "full"}).args, ArgsMode::kFull);
  for (const char* value : {"", "most", "1", "FULL"}) ExpectMistake("--args", value);
}

TEST_F(OptionsTest, ArgumentsAreKeptToALimit) {
  EXPECT_EQ(Good({"--args-max", "4K"}).args_max_bytes, 4096u);
  EXPECT_EQ(Good({"--args-max", "1"}).args_max_bytes, 1u);
  for (const char* value : {"", "0", "4097", "5K"}) ExpectMistake("--args-max", value);
}

TEST_F(OptionsTest, WordsForTheMaskAddUp) {
  EXPECT_THAT(Good({"--mask", "pin", "--mask", "my-id"}).mask_words, ElementsAre("pin", "my-id"));
  for (const char* value : {"", "x", "a b", "-x"}) ExpectMistake("--mask=" + std::string(value));
}

TEST_F(OptionsTest, ByDefaultNothingIsLeftOut) {
  EXPECT_FALSE(Good({}).filter.LeavesOutAnything());
  EXPECT_EQ(FilterText(Good({}).filter), "");
}

TEST_F(OptionsTest, EventsAreChosenByTheirTypes) {
  EXPECT_EQ(Good({"--events", "exit,fork"}).filter.events, kTypeFork | kTypeExit);
  for (const char* value : {"", "all", "fork,", "fork exec"}) {
    ExpectMistake("--events=" + std::string(value));
  }
}

TEST_F(OptionsTest, UsersAreNamesOrNumbersAndAddUp) {
  const Filter filter =
      Good({"--only-uid", "root", "--only-uid", "4000000000", "--except-uid", "nobody"}).filter;
  EXPECT_THAT(filter.only_uids, ElementsAre(0, 4000000000));
  EXPECT_THAT(filter.except_uids, ElementsAre(65534));
  for (const char* value : {"", "-1", "4294967295", "4294967296", "1.5", "0x1", "no-such-user"}) {
    ExpectMistake("--only-uid=" + std::string(value));
    ExpectMistake("--except-uid=" + std::string(value));
  }
}

TEST_F(OptionsTest, ACgroupIsAPath) {
  EXPECT_EQ(Good({"--only-cgroup", "/"}).filter.only_cgroup, "/");
  EXPECT_EQ(Good({"--only-cgroup", "/a b/c..d"}).filter.only_cgroup, "/a b/c..d");
  for (const char* value : {"", "a", "/a/", "/a/../b", "/..", "//", "/a//b", "/a/./b", "/."}) {
    ExpectMistake("--only-cgroup=" + std::string(value));
  }
}

TEST_F(OptionsTest, OtherFilters) {
  EXPECT_TRUE(Good({"--only-failed"}).filter.only_failed);
  EXPECT_TRUE(Good({"--no-kernel-threads"}).filter.no_kernel_threads);
  EXPECT_EQ(Good({"--min-lifetime", "15ms"}).filter.min_lifetime_ns, 15'000'000u);
  for (const char* value : {"", "5", "s", "-1s"}) ExpectMistake("--min-lifetime", value);
}

TEST_F(OptionsTest, FiltersThatLeaveNothingAreAMistake) {
  ExpectMistake("--only-failed", std::vector<std::string>{"--only-failed", "--events", "fork"});
  ExpectMistake("--only-uid", std::vector<std::string>{"--only-uid", "5", "--except-uid", "5"});
}

TEST_F(OptionsTest, AFilterInWordsIsTheCommandLineAgain) {
  const std::string text =
      "--events fork,exit --only-failed --only-uid 0 --only-uid 5 --except-uid 5 "
      "--only-cgroup /a --min-lifetime 90s --no-kernel-threads";
  std::istringstream stream(text);
  std::vector<std::string> words(std::istream_iterator<std::string>(stream), {});
  EXPECT_EQ(FilterText(Good(words).filter), text);
}

TEST_F(OptionsTest, ChangesOfIdsMayBeTold) {
  EXPECT_EQ(Good({}).id_events, IdEvents::kNone);
  EXPECT_EQ(Good({"--id-events", "none"}).id_events, IdEvents::kNone);
  EXPECT_EQ(Good({"--id-events", "connector"}).id_events, IdEvents::kConnector);
  for (const char* value : {"", "bpf", "1"}) ExpectMistake("--id-events", value);
}

TEST_F(OptionsTest, AFlagIsTrueOrFalse) {
  EXPECT_TRUE(Good({"--only-failed"}).filter.only_failed);
  EXPECT_TRUE(Good({"--only-failed=true"}).filter.only_failed);
  EXPECT_FALSE(Good({"--only-failed=false"}).filter.only_failed);
  for (const char* value : {"2", "-1", "maybe"}) {
    ExpectMistake("--only-failed=" + std::string(value));
    ExpectMistake("--no-kernel-threads=" + std::string(value));
  }
}

TEST_F(OptionsTest, AUserMayBeNamed) { EXPECT_EQ(Good({"--user", "games"}).user, "games"); }

TEST_F(OptionsTest, TheFolderHasADefault) {
  const auto parsed = Parse({});
  ASSERT_TRUE(std::holds_alternative<Options>(parsed));
  EXPECT_EQ(std::get<Options>(parsed).log_dir, "/var/log/daybook");
}

TEST_F(OptionsTest, WhatIsGivenTwiceIsSaidInOurWords) {
  ExpectMistake("--user", std::vector<std::string>{"--user", "a", "--user", "b"});
  EXPECT_THAT(err_, HasSubstr("--user: may be given only once"));
  ExpectMistake("--user", std::vector<std::string>{"--user"});
  EXPECT_THAT(err_, HasSubstr("--user: its value is missing"));
}

TEST_F(OptionsTest, AFolderHasAName) { ExpectMistake("--log-dir="); }

// --check-config prints all as a configuration, which has no other quotes, and none over lines.
TEST_F(OptionsTest, WhatNoConfigurationCanSayIsAMistake) {
  for (const std::string path : {"/a\nb", "/it's \"a\""}) {
    for (const char* option :
         {"--log-dir", "--only-cgroup", "--status-file", "--metrics-file", "--pin"}) {
      ExpectMistake(option, path);
    }
    ExpectMistake("--source", "replay:" + path);
  }
  EXPECT_EQ(Good({"--pin", "/it's\ta"}).pin_dir, "/it's\ta");
}

TEST_F(OptionsTest, NoMistakeSpeaksToTheTerminal) {
  ExpectMistake("\\x1b]0;x\\x07\\x0a", "--\x1b]0;x\x07\n");
  EXPECT_EQ(err_.find('\x1b'), err_.npos);
}

TEST_F(OptionsTest, StatusAndMetricsAreTwoFiles) {
  using Words = std::vector<std::string>;
  const std::string file = files_ / "file";
  const std::string same = files_ / "folder/.././file";
  ExpectMistake("metrics-file", Words{"--status-file", file, "--metrics-file", same});
  ExpectMistake(file, Words{"--check-config", "--status-file", file, "--metrics-file", file});
  ExpectMistake("/log/status", Words{"--metrics-file", "/log//status"});
  EXPECT_EQ(Good({"--status-file", file, "--metrics-file", file + "2"}).status_file, file);
}

TEST_F(OptionsTest, ACheckRefusesAUserThatIsNone) {
  ExpectMistake("--user", {"--check-config", "--user", "no-such-user"});
}

TEST_F(OptionsTest, UnknownOptionsAreMistakes) { ExpectMistake("--sauce", "bpf"); }

TEST_F(OptionsTest, HelpAndVersionAreNoMistakes) {
  for (const char* option : {"--help", "--version"}) {
    const auto parsed = Parse({option});
    ASSERT_TRUE(std::holds_alternative<ExitNow>(parsed));
    EXPECT_EQ(std::get<ExitNow>(parsed).status, 0);
    EXPECT_THAT(out_, HasSubstr("daybookd"));
    EXPECT_EQ(err_, "");
  }
}

TEST_F(OptionsTest, TheEnvironmentMayPin) {
  setenv("DAYBOOKD_PIN", "/run/pins", 1);
  EXPECT_EQ(Good({}).pin_dir, "/run/pins");
  EXPECT_EQ(Good({"--pin", "/other"}).pin_dir, "/other");
  EXPECT_EQ(Good({"--pin", "none"}).pin_dir, "");
  files_.Put("daybook.conf", "pin = none\n");
  EXPECT_EQ(Good({}).pin_dir, "");
  EXPECT_EQ(Good({"--no-config"}).pin_dir, "/run/pins");
  setenv("DAYBOOKD_PIN", "run/pins", 1);
  ExpectMistake("DAYBOOKD_PIN: must be an absolute path", std::vector<std::string>{});
  setenv("DAYBOOKD_PIN", "", 1);
  EXPECT_EQ(Good({"--no-config"}).pin_dir, "");
  unsetenv("DAYBOOKD_PIN");
  EXPECT_EQ(Good({"--no-config"}).pin_dir, "");
}

}  // namespace
}  // namespace daybook
