#include "daybook/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace daybook {
namespace {

using testing::HasSubstr;

RecorderStatus Example() {
  RecorderStatus status;
  uint64_t number = 1;
  const auto fill = [&]<class Value>(const StatusField<Value>& field) {
    Value& value = status.*field.member;
    if constexpr (std::is_same_v<Value, std::string>) {
      value = "text " + std::to_string(++number);
    } else if constexpr (std::is_same_v<Value, bool>) {
      value = !value;
    } else {
      value = static_cast<int64_t>(++number * 1'000'000'000'000);
    }
  };
  kStatusFields.Apply([&](const auto&... fields) { (fill(fields), ...); });
  return status;
}

TEST(StatusTest, ItIsReadAsItWasWritten) {
  const auto read = ParseStatus(StatusJson(Example()));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, Example());
  const auto empty = ParseStatus(StatusJson({}));
  ASSERT_TRUE(empty);
  EXPECT_EQ(*empty, RecorderStatus{});
}

TEST(StatusTest, WhatIsUnknownIsNull) {
  EXPECT_THAT(StatusJson({}), HasSubstr("\"forks_seen\": null"));
}

TEST(StatusTest, AMessageMayHoldAnything) {
  RecorderStatus status;
  status.message = "cannot write \"/a\\b\"\n\x01\x1f: \xc3\xbc \xff";
  const auto read = ParseStatus(StatusJson(status));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->message, status.message);
}

TEST(StatusTest, MembersOfANewerVersionAreSkipped) {
  const auto read = ParseStatus(R"({"new": -1.5e3, "pid": 7, "newer": "\"}", "newest": null})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->pid, 7u);
}

TEST(StatusTest, WhatIsCutIsNoStatus) {
  const std::string json = StatusJson(Example());
  for (size_t length = 0; length + 1 < json.size(); ++length) {
    EXPECT_FALSE(ParseStatus(json.substr(0, length))) << length;
  }
}

TEST(StatusTest, WhatIsOfAnotherKindIsNoStatus) {
  for (const char* json : {"", "[]", "{}", "7", "{\"pid\": \"7\"}", "{\"pid\": -7}",
                           "{\"pid\": 7, }", "{\"message\": 7}", "{\"recording\": 1}",
                           "{\"pid\": 7} {", "{\"pid\": 99999999999999999999}"}) {
    EXPECT_FALSE(ParseStatus(json)) << json;
  }
}

}  // namespace
}  // namespace daybook
