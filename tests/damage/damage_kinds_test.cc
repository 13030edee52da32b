// Every kind of damage, a sample of its cases (all of them with DAYBOOK_EXHAUSTIVE=1), against the
// oracle.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "matrix.h"

namespace daybook::damage {
namespace {

const Subjects& TheSubjects() {
  static const Subjects subjects;
  return subjects;
}

class DamageKindsTest : public testing::TestWithParam<size_t> {};

std::string TestName(const testing::TestParamInfo<size_t>& parameter) {
  std::string name = TheSubjects().trials()[parameter.param].kind.name;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char letter) { return std::isalnum(letter) == 0; },
      '_');
  return name;
}

TEST_P(DamageKindsTest, CostsNoMoreThanItMustAndShowsNothingFalse) {
  const Trial& trial = TheSubjects().trials()[GetParam()];
  constexpr size_t kSample = 250;
  const Row row = RunTrial(trial, ExhaustiveIsAsked() ? kAllCases : kSample);
  ASSERT_GT(row.cases, 0u);
  std::ostringstream text;
  PrintRow(text, row);
  EXPECT_EQ(row.broken_cases, 0u) << text.str();
}

INSTANTIATE_TEST_SUITE_P(Kinds, DamageKindsTest,
                         testing::Range(size_t{0}, TheSubjects().trials().size()), TestName);

}  // namespace
}  // namespace daybook::damage
