// Configuration files: what they say, which goes before which, and mistakes with their place.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <iterator>
#include <random>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "options/options.h"
#include "recorder/options_fixture.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Optional;
using testing::StartsWith;

class ConfigTest : public OptionsTest {
 protected:
  // A mistake in the default file: status 2, and one line that has its place and these words.
  void ExpectMistakeIn(const std::string& text, const std::string& line, const std::string& words) {
    files_.Put("daybook.conf", text);
    const auto parsed = Parse({});
    ASSERT_TRUE(std::holds_alternative<ExitNow>(parsed)) << text;
    EXPECT_EQ(std::get<ExitNow>(parsed).status, 2);
    EXPECT_THAT(err_, StartsWith("daybookd: " + paths_.file + line));
    EXPECT_THAT(err_, HasSubstr(words));
    EXPECT_EQ(err_.find('\n'), err_.size() - 1) << err_;
    EXPECT_EQ(out_, "");
  }

  // What --check-config prints.
  std::string Check(std::vector<std::string> arguments) {
    arguments.push_back("--check-config");
    const auto parsed = Parse(arguments);
    EXPECT_TRUE(std::holds_alternative<ExitNow>(parsed));
    EXPECT_EQ(std::get<ExitNow>(parsed).status, 0) << err_;
    EXPECT_EQ(err_, "");
    return out_;
  }
};

TEST_F(ConfigTest, AFileHasTheSameNamesAsTheCommandLine) {
  files_.Put("daybook.conf",
             "# comment\n; comment\n\n"
             "args = full\n"
             "  max-bytes=2G  # and more\n"
             "duration = \"10 min\"\n"
             "log-dir = '/a b, c'\n"
             "mask = [\"pin\", \"my-id\"]\n");
  const auto parsed = Parse({});
  ASSERT_TRUE(std::holds_alternative<Options>(parsed)) << err_;
  const Options& options = std::get<Options>(parsed);
  EXPECT_EQ(options.args, ArgsMode::kFull);
  EXPECT_EQ(options.max_bytes, uint64_t{2} << 30);
  EXPECT_THAT(options.duration_ns, Optional(600'000'000'000u));
  EXPECT_EQ(options.log_dir, "/a b, c");
  EXPECT_THAT(options.mask_words, ElementsAre("pin", "my-id"));
}

TEST_F(ConfigTest, TheCommandLineGoesBeforeFilesAndLaterFilesBeforeEarlier) {
  files_.Put("daybook.conf", "user = a\nmax-bytes = 4M\nargs = none\nmask = one\n");
  files_.Put("daybook.conf.d/20-late.conf", "max-bytes = 6M\nmask = three\n");
  files_.Put("daybook.conf.d/10-early.conf", "max-bytes = 5M\nargs = full\nmask = two\n");
  files_.Put("daybook.conf.d/30-other.conf.bak", "sauce = x\n");
  const Options options = Good({"--args", "argv0", "--mask", "four"});
  EXPECT_EQ(options.user, "a");
  EXPECT_EQ(options.max_bytes, 6u << 20);
  EXPECT_EQ(options.args, ArgsMode::kArgv0);
  EXPECT_THAT(options.mask_words, ElementsAre("one", "two", "three", "four"));
}

TEST_F(ConfigTest, AFilterOfAFileCanBeTakenBack) {
  files_.Put("daybook.conf", "only-failed = true\nevents = \"exit,comm\"\nonly-uid = [0, \"5\"]\n");
  const Filter filter = Good({"--only-failed=false", "--events", "fork", "--only-uid", "7"}).filter;
  EXPECT_FALSE(filter.only_failed);
  EXPECT_EQ(filter.events, kTypeFork);
  EXPECT_THAT(filter.only_uids, ElementsAre(0, 5, 7));
  EXPECT_TRUE(Good({}).filter.only_failed);
}

TEST_F(ConfigTest, AnotherFileTakesThePlaceOfAll) {
  files_.Put("daybook.conf", "args = none\n");
  files_.Put("daybook.conf.d/1.conf", "max-bytes = 6M\n");
  files_.Put("other", "user = x\n");
  const Options options = Good({"--config", files_ / "other"});
  EXPECT_EQ(options.user, "x");
  EXPECT_EQ(options.args, ArgsMode::kMasked);
  EXPECT_EQ(options.max_bytes, uint64_t{1} << 30);
}

TEST_F(ConfigTest, NoneIsRead) {
  files_.Put("daybook.conf", "sauce = x\n");
  EXPECT_EQ(Good({"--no-config"}).args, ArgsMode::kMasked);
}

TEST_F(ConfigTest, AFileThatIsNamedMustBeThere) {
  for (const std::string& path : {files_ / "missing", files_.path(), std::string()}) {
    const auto parsed = Parse({"--config", path});
    ASSERT_TRUE(std::holds_alternative<ExitNow>(parsed)) << path;
    EXPECT_EQ(std::get<ExitNow>(parsed).status, 2);
    EXPECT_THAT(err_, StartsWith("daybookd: "));
    EXPECT_THAT(err_, HasSubstr(path));
  }
}

TEST_F(ConfigTest, ConfigAndNoConfigExcludeEachOther) {
  files_.Put("other", "");
  EXPECT_TRUE(
      std::holds_alternative<ExitNow>(Parse({"--no-config", "--config", files_ / "other"})));
}

TEST_F(ConfigTest, WhatIsUnknownIsAMistakeWithItsPlace) {
  ExpectMistakeIn("args = none\nsauce = x\n", ":2: sauce: ", "there are log-dir, source, ");
  ExpectMistakeIn("[recorder]\nargs = none\n", ":1: recorder: ", "no sections");
  ExpectMistakeIn("recorder.args = none\n", ":1: recorder.args: ", "no such setting");
  ExpectMistakeIn("= none\n", ":1: : ", "no such setting");
  for (const char* name : {"help", "version", "config", "no-config", "check-config"}) {
    ExpectMistakeIn(name + std::string(" = true\n"), ":1: ", "no such setting");
  }
}

TEST_F(ConfigTest, AValueThatIsNoneIsAMistakeWithItsPlace) {
  ExpectMistakeIn("\nargs = most\n", ":2: args: ", "must be none, argv0, masked or full");
  ExpectMistakeIn("drain-interval = 1us\n", ":1: drain-interval: ", "from 10ms to 5s");
  ExpectMistakeIn("only-failed = 2\n", ":1: only-failed: ", "must be true or false");
  ExpectMistakeIn("only-failed = \"\"\n", ":1: only-failed: ", "must be true or false");
  for (const char* value : {"\"\"", "''", "\"\"  # none"}) {
    ExpectMistakeIn("\nargs = " + std::string(value) + "\n", ":2: args: ", "a value is missing\n");
    ExpectMistakeIn("user = " + std::string(value) + "\n", ":1: user: ", "a value is missing\n");
  }
  ExpectMistakeIn("mask = [\"pin\", \"\"]\n", ":1: mask: ", "a value is missing\n");
  ExpectMistakeIn("mask = [\"pin\", \"a b\"]\n", ":1: mask: ", "letters, digits");
  ExpectMistakeIn("mask = [\"pin\",\n\"a b\"]\n", ":1: mask: ", "letters, digits");
}

TEST_F(ConfigTest, AQuantityIsAWholeNumberAndItsUnitsAreNamed) {
  for (const char* value : {"1.5G", "G", "1T", "0x10", "0x10M"}) {
    ExpectMistakeIn("max-bytes = " + std::string(value) + "\n",
                    ":1: max-bytes: ", "must be a whole number, perhaps with K, M or G");
  }
  for (const char* value : {"30", "d", "1.5h", "30S", "0x30d"}) {
    ExpectMistakeIn("max-age = " + std::string(value) + "\n",
                    ":1: max-age: ", "must be a whole number with us, ms, s, min, h or d");
  }
}

TEST_F(ConfigTest, WhatIsTooLargeIsToldTheLargest) {
  for (const char* value : {"1048577G", "999999999G", "99999999999G", "99999999999999999999"}) {
    ExpectMistakeIn("max-bytes = " + std::string(value) + "\n",
                    ":1: max-bytes: ", "must be from 4M to 1048576G\n");
    ExpectMistakeIn("min-free = " + std::string(value) + "\n",
                    ":1: min-free: ", "must be from 0 to 1048576G\n");
  }
  for (const char* value : {"100001d", "999999d", "99999999999999999999s"}) {
    const auto expect_bounds = [&](const std::string& name, const std::string& shortest) {
      ExpectMistakeIn(name + " = " + value + "\n", ":1: " + name + ": ",
                      "must be from " + shortest + " to 100000d\n");
    };
    expect_bounds("segment-age", "1s");
    expect_bounds("audit-interval", "1s");
    expect_bounds("max-age", "1min");
    expect_bounds("duration", "1us");
    expect_bounds("min-lifetime", "0s");
  }
  files_.Put("daybook.conf", "max-bytes = 1048576G\nmax-age = 100000d\nmin-lifetime = 0us\n");
  EXPECT_EQ(Good({}).max_bytes, uint64_t{1} << 50);
}

TEST_F(ConfigTest, AFileMayBeginWithAByteOrderMark) {
  files_.Put("daybook.conf", "\xef\xbb\xbfmax-bytes = 5M\n");
  EXPECT_EQ(Good({}).max_bytes, 5u << 20);
}

TEST_F(ConfigTest, AMistakeInAFileDoesNotSpeakToTheTerminal) {
  ExpectMistakeIn("a\x1b[31m\x07\xc2\x9b = 1\n",
                  ":1: a\\x1b[31m\\x07\\xc2\\x9b: ", "no such setting");
}

TEST_F(ConfigTest, ASettingIsANameAndAValue) {
  for (const char* line : {"args", "only-failed", "x # y", "args 5"}) {
    const std::string name = std::string(line).substr(0, std::string(line).find(" #"));
    ExpectMistakeIn("\n" + std::string(line) + "\n", ":2: " + name + ": ",
                    "a setting is NAME = VALUE");
  }
  for (const char* value : {"", " ", " # none"}) {
    ExpectMistakeIn("args =" + std::string(value) + "\n", ":1: args: ", "a value is missing");
  }
  ExpectMistakeIn("duration = 10 min\n", ":1: duration: ", "quotes stand around one with blanks");
  ExpectMistakeIn("log-dir = \"/a#b\n", ":1: log-dir: ", "a quote that nothing closes");
}

TEST_F(ConfigTest, ASettingStandsOnceInAFile) {
  ExpectMistakeIn("args = none\nargs = full\n", ":2: args: ", "a second time");
  ExpectMistakeIn("args = none\nuser = x\nargs = none\n", ":3: args: ", "a second time");
  ExpectMistakeIn("mask = pin\n\nmask = [\"my-id\"]\n", ":3: mask: ", "a second time");
}

TEST_F(ConfigTest, AListHasBracketsAroundItAndCommasWithin) {
  const auto words_of = [this](const std::string& text) {
    files_.Put("daybook.conf", text);
    return Good({}).mask_words;
  };
  EXPECT_THAT(words_of("mask = []\n"), IsEmpty());
  EXPECT_THAT(words_of("mask = [pin,'my-id' , ]\r\n"), ElementsAre("pin", "my-id"));
  EXPECT_THAT(words_of("mask = [  # all\n  \"pin\",  # one\n\n  my-id\n]  # end"),
              ElementsAre("pin", "my-id"));
  const std::string mask = ":2: mask: ";
  const std::string missing = "no comma and no closing bracket behind ";
  ExpectMistakeIn("\nmask = [\"pin\"; \"licence\"]\n", mask, missing + "pin");
  ExpectMistakeIn("\nmask = [\"pin\", \"licence\"\n", mask, missing + "licence");
  ExpectMistakeIn("\nmask = [\"pin\", licence\nargs = none\n", mask, missing + "licence");
  ExpectMistakeIn("\nmask = [\"pin\",\n", mask, "a bracket that nothing closes");
  ExpectMistakeIn("\nmask = [,]\n", mask, "a value is missing");
  ExpectMistakeIn("\nmask = pin, licence\n", mask, "brackets around a list");
  ExpectMistakeIn("\nmask = [pin] licence\n", mask, "brackets around a list");
  ExpectMistakeIn("\nargs = [none]\n", ":2: args: ", "takes one value");
}

TEST_F(ConfigTest, ACommentEndsNoQuotedValue) {
  const auto folder_of = [this](const std::string& text) {
    files_.Put("daybook.conf", text);
    const auto parsed = Parse({});
    EXPECT_TRUE(std::holds_alternative<Options>(parsed)) << err_;
    return std::holds_alternative<Options>(parsed) ? std::get<Options>(parsed).log_dir : "";
  };
  EXPECT_EQ(folder_of("log-dir = \"/a#b\"  # \"c\"\n"), "/a#b");
  EXPECT_EQ(folder_of("log-dir='/a \"#\" b'#c\n"), "/a \"#\" b");
  EXPECT_EQ(folder_of("log-dir = /it's # there\n"), "/it's");
  EXPECT_EQ(folder_of("mask = ['pin',  # one\n  'my-id' ]\nlog-dir = /a\n"), "/a");
}

TEST_F(ConfigTest, WhatMayBeAPartOfTheValueIsNoComment) {
  const std::string words = "quotes stand around one with a #";
  ExpectMistakeIn("\nlog-dir = /a#b\n", ":2: log-dir: ", words);
  ExpectMistakeIn("status-file = /a# b\n", ":1: status-file: ", words);
  ExpectMistakeIn("mask = [pin,\nmy-id#, x\n]\n", ":1: mask: ", words);
}

TEST_F(ConfigTest, APipeIsNotWaitedFor) {
  ASSERT_EQ(mkfifo((files_ / "pipe").c_str(), 0600), 0);
  ASSERT_TRUE(std::holds_alternative<ExitNow>(Parse({"--config", files_ / "pipe"})));
  EXPECT_THAT(err_, HasSubstr("pipe: is no regular file"));
}

TEST_F(ConfigTest, AMistakeIsOneThoughTheCommandLineGoesBefore) {
  files_.Put("daybook.conf", "args = most\n");
  EXPECT_TRUE(std::holds_alternative<ExitNow>(Parse({"--args", "none"})));
}

TEST_F(ConfigTest, AnyBytesAreAMistakeAtWorst) {
  std::mt19937 random(1);
  for (int i = 0; i < 300; ++i) {
    std::string text;
    static const char* const kPieces[] = {"args", "=", " ",    "\n",   "[", "]", "\"", ",", "none",
                                          "#",    ".", "mask", "\xff", "'", ";", "-",  "x"};
    for (size_t count = random() % 16; count > 0; --count) {
      text += kPieces[random() % std::size(kPieces)];
    }
    files_.Put("daybook.conf", text);
    Parse({});
  }
}

TEST_F(ConfigTest, WhatACheckPrintsIsAFileOfTheSameOptions) {
  const std::string defaults = Check({});
  EXPECT_THAT(defaults, HasSubstr("log-dir = \"/var/log/daybook\"\n"));
  EXPECT_THAT(defaults, HasSubstr("args = masked\n"));
  EXPECT_THAT(defaults, HasSubstr("# duration: not set\n"));
  // In words, as on a command line.
  std::vector<std::string> words = {"--log-dir", "/a b", "--source", "replay:/x, #'y'"};
  std::istringstream more(
      "--duration 90s --segment-size 65537 --segment-age 36h --max-bytes 3G --min-free 0 "
      "--max-age 7d --compress none --drain-interval 15ms --ring 8M --args argv0 --args-max 4K "
      "--mask pin --mask my-id --user nobody --id-events none --usage fast --audit-interval 2h "
      "--status-file /s --metrics-file /m.prom --pin /p --events exit,fork --only-failed "
      "--only-uid root --only-uid 5 --except-uid 7 --min-lifetime 50ms --no-kernel-threads");
  for (std::string word; more >> word;) words.push_back(word);
  words.insert(words.end(), {"--only-cgroup", "/a \"#\" b"});
  const std::string all = Check(words);
  EXPECT_EQ(all,
            "log-dir = \"/a b\"\nsource = \"replay:/x, #'y'\"\nid-events = none\nduration = 90s\n"
            "segment-size = 65537\n"
            "segment-age = 36h\nmax-bytes = 3G\nmin-free = 0\nmax-age = 7d\ncompress = none\n"
            "drain-interval = 15ms\nring = 8M\nusage = fast\naudit-interval = 2h\nargs = "
            "argv0\nargs-max = "
            "4K\nmask = [\"pin\", \"my-id\"]\n"
            "events = \"fork,exit\"\nonly-failed = true\nonly-uid = [\"0\", \"5\"]\n"
            "except-uid = [\"7\"]\nonly-cgroup = '/a \"#\" b'\nmin-lifetime = 50ms\n"
            "no-kernel-threads = true\n"
            "status-file = \"/s\"\nmetrics-file = \"/m.prom\"\npin = \"/p\"\nuser = \"nobody\"\n");
  for (const std::string& text : {defaults, all}) {
    files_.Put("printed", text);
    EXPECT_EQ(Check({"--config", files_ / "printed"}), text);
  }
}

}  // namespace
}  // namespace daybook
