#include "night/fail_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kNames[] = {"lost", "failed"};

std::vector<std::string> Applied(const std::vector<std::string>& rules,
                                 const std::vector<Fact>& facts) {
  const auto parsed = ParseFailRules("--fail-on", rules, kNames);
  EXPECT_TRUE(parsed);
  return ApplyRules(*parsed, facts);
}

std::string ErrorOf(const std::string& rule) {
  const std::string rules[] = {rule};
  const auto parsed = ParseFailRules("--fail-on", rules, kNames);
  return parsed ? "" : std::string(parsed.error().message());
}

TEST(FailRulesTest, ARuleAppliesFromTheFirstOneOrAboveItsNumber) {
  EXPECT_THAT(Applied({"lost"}, {{"lost", 0}}), IsEmpty());
  EXPECT_THAT(Applied({"lost"}, {{"lost", 1}}), ElementsAre("lost (1)"));
  EXPECT_THAT(Applied({"failed>5"}, {{"failed", 5}}), IsEmpty());
  EXPECT_THAT(Applied({"lost", "failed>5"}, {{"lost", 2}, {"failed", 6}}),
              ElementsAre("lost (2)", "failed>5 (6)"));
  EXPECT_THAT(Applied({}, {{"lost", 2}}), IsEmpty());
}

TEST(FailRulesTest, AMistakeIsNamed) {
  EXPECT_EQ(ErrorOf("lots"), "--fail-on: no rule 'lots'; did you mean 'lost'?");
  EXPECT_EQ(ErrorOf("everything"), "--fail-on: no rule 'everything'; there are lost, failed");
  EXPECT_EQ(ErrorOf("failed>few"), "--fail-on: 'few' is no number; write for example failed>10");
  EXPECT_EQ(ErrorOf("failed>"), "--fail-on: '' is no number; write for example failed>10");
}

}  // namespace
}  // namespace daybook
