#include "args/kept_args.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace daybook {
namespace {

using testing::Optional;
using std::string_view_literals::operator""sv;

constexpr std::string_view kArgs = "x\0--pin=1234\0--password=1234\0"sv;

TEST(KeptArgsTest, OfNoneNothingIsKnown) {
  EXPECT_EQ(KeptArgs(ArgsMode::kNone, 100, {})(kArgs), std::nullopt);
}

TEST(KeptArgsTest, Argv0IsTheFirstWithItsEnd) {
  KeptArgs keep(ArgsMode::kArgv0, 100, {});
  EXPECT_THAT(keep(kArgs), Optional("x\0"sv));
  EXPECT_THAT(keep("cut"), Optional("cut"sv));
  EXPECT_THAT(keep(""), Optional(""sv));
}

TEST(KeptArgsTest, FullIsAll) {
  EXPECT_THAT(KeptArgs(ArgsMode::kFull, 100, {})(kArgs), Optional(kArgs));
}

TEST(KeptArgsTest, MaskedIsAllButSecrets) {
  EXPECT_THAT(KeptArgs(ArgsMode::kMasked, 100, {})(kArgs),
              Optional("x\0--pin=1234\0--password=***\0"sv));
  EXPECT_THAT(KeptArgs(ArgsMode::kMasked, 100, {"pin"})(kArgs),
              Optional("x\0--pin=***\0--password=***\0"sv));
}

TEST(KeptArgsTest, AllKeepToTheLimit) {
  EXPECT_THAT(KeptArgs(ArgsMode::kArgv0, 1, {})(kArgs), Optional("x"sv));
  EXPECT_THAT(KeptArgs(ArgsMode::kFull, 4, {})(kArgs), Optional("x\0--"sv));
  EXPECT_THAT(KeptArgs(ArgsMode::kMasked, 25, {})(kArgs),
              Optional("x\0--pin=1234\0--password=*"sv));
}

}  // namespace
}  // namespace daybook
