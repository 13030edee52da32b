#include "columns/life_cells.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace daybook {
namespace {

using std::string_literals::operator""s;

bool IsCut(std::string args, std::optional<uint64_t> args_bytes) {
  Life life;
  life.image =
      boost::make_local_shared<Image>(Image{.args = std::move(args), .args_bytes = args_bytes});
  return std::get<Text>(ArgumentsCell(life)).cut;
}

TEST(LifeCellsTest, ArgumentsAreCutWhereTheirTrueLengthIsLarger) {
  EXPECT_FALSE(IsCut("x\0"s, 2));
  EXPECT_FALSE(IsCut("x\0"s, std::nullopt));
  EXPECT_TRUE(IsCut("x\0"s, 3));
}

TEST(LifeCellsTest, WhereSecretsAreMaskedTheirEndTells) {
  EXPECT_FALSE(IsCut("x\0--token=***\0"s, 100));
  EXPECT_FALSE(IsCut("x\0--token=***\0"s, 12));
  EXPECT_TRUE(IsCut("x\0--token=***"s, 12));
  EXPECT_TRUE(IsCut("x\0--token=***\0y"s, 100));
}

}  // namespace
}  // namespace daybook
