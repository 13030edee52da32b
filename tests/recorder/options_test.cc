#include "options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Optional;
using testing::StartsWith;

// ParseOptions() prints itself: what it says is caught.
class OptionsTest : public testing::Test {
 protected:
  std::variant<Options, ExitNow> Parse(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "daybookd");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    auto parsed = ParseOptions(static_cast<int>(argv.size()), argv.data());
    out_ = testing::internal::GetCapturedStdout();
    err_ = testing::internal::GetCapturedStderr();
    return parsed;
  }

  // With --log-dir, which is always needed.
  Options Good(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--log-dir", "/log"});
    const auto parsed = Parse(std::move(arguments));
    EXPECT_TRUE(std::holds_alternative<Options>(parsed)) << err_;
    return std::holds_alternative<Options>(parsed) ? std::get<Options>(parsed) : Options{};
  }

  // A mistake: status 2, and one line that names the option.
  void ExpectMistake(const std::string& option, const std::string& value) {
    ExpectMistake(option, std::vector{option, value});
  }
  void ExpectMistake(const std::string& word) {
    ExpectMistake(word.substr(0, word.find('=')), std::vector{word});
  }
  void ExpectMistake(const std::string& option, std::vector<std::string> words) {
    words.insert(words.begin(), {"--log-dir", "/log"});
    const auto parsed = Parse(words);
    ASSERT_TRUE(std::holds_alternative<ExitNow>(parsed)) << testing::PrintToString(words);
    EXPECT_EQ(std::get<ExitNow>(parsed).status, 2);
    EXPECT_THAT(err_, StartsWith("daybookd: "));
    EXPECT_THAT(err_, HasSubstr(option));
    EXPECT_EQ(err_.find('\n'), err_.size() - 1) << err_;
    EXPECT_EQ(out_, "");
  }

  std::string out_;
  std::string err_;
};

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
  ExpectMistake("--segment-age", "0s");
}

TEST_F(OptionsTest, SourcesAreNamed) {
  EXPECT_EQ(Good({"--source", "bpf"}).source, "bpf");
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

TEST_F(OptionsTest, AUserMayBeNamed) { EXPECT_EQ(Good({"--user", "games"}).user, "games"); }

TEST_F(OptionsTest, TheFolderIsNeeded) {
  const auto parsed = Parse({});
  ASSERT_TRUE(std::holds_alternative<ExitNow>(parsed));
  EXPECT_EQ(std::get<ExitNow>(parsed).status, 2);
  EXPECT_THAT(err_, HasSubstr("--log-dir"));
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

}  // namespace
}  // namespace daybook
