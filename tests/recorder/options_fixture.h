// Tests that parse options.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "options/options.h"
#include "support/temp_folder.h"

namespace daybook {

// ParseOptions() prints itself: what it says is caught.
class OptionsTest : public testing::Test {
 protected:
  std::variant<Options, ExitNow> Parse(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "daybookd");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    auto parsed = ParseOptions(static_cast<int>(argv.size()), argv.data(), paths_);
    out_ = testing::internal::GetCapturedStdout();
    err_ = testing::internal::GetCapturedStderr();
    return parsed;
  }

  // With a --log-dir.
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
    EXPECT_THAT(err_, testing::StartsWith("daybookd: "));
    EXPECT_THAT(err_, testing::HasSubstr(option));
    EXPECT_EQ(err_.find('\n'), err_.size() - 1) << err_;
    EXPECT_EQ(out_, "");
  }

  TempFolder files_;
  ConfigPaths paths_{files_ / "daybook.conf", files_ / "daybook.conf.d"};
  std::string out_;
  std::string err_;
};

}  // namespace daybook
