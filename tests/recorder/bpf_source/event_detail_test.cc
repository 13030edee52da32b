#include "bpf_source/event_detail.h"

#include <gtest/gtest.h>

#include "sources/filter.h"

namespace daybook {
namespace {

BpfSourceOptions With(ArgsCapture args, uint32_t args_limit = 1024, bool exact_usage = true) {
  BpfSourceOptions options;
  options.args = args;
  options.args_limit = args_limit;
  options.exact_usage = exact_usage;
  return options;
}

bool IsLess(const BpfSourceOptions& options, const BpfSourceOptions& than) {
  return TellsLess(EventDetail(options), EventDetail(than));
}

TEST(EventDetailTest, LessIsAnythingThatIsNotTold) {
  const auto all = With(ArgsCapture::kAll);
  const auto first = With(ArgsCapture::kFirst);
  const auto none = With(ArgsCapture::kNone);
  const auto cut = With(ArgsCapture::kAll, 64);
  const auto fast = With(ArgsCapture::kAll, 1024, false);
  for (const auto& less : {first, none, cut, fast}) {
    EXPECT_TRUE(IsLess(less, all));
    EXPECT_FALSE(IsLess(all, less));
    EXPECT_FALSE(IsLess(less, less));
  }
  EXPECT_TRUE(IsLess(none, first));
  EXPECT_FALSE(IsLess(first, none));
  EXPECT_TRUE(IsLess(first, cut)) << "perhaps";
  EXPECT_TRUE(IsLess(cut, first)) << "perhaps";
  EXPECT_TRUE(IsLess(With(ArgsCapture::kNone, 1024, true), fast));
}

TEST(EventDetailTest, OfEventsThatAreLeftOutNothingElseIs) {
  auto exits = With(ArgsCapture::kAll);
  exits.filter.events = kTypeExit;
  auto exits_without_args = exits;
  exits_without_args.args = ArgsCapture::kNone;
  EXPECT_FALSE(IsLess(exits_without_args, exits));
  auto execs = With(ArgsCapture::kAll);
  execs.filter.events = kTypeExec;
  auto execs_fast = execs;
  execs_fast.exact_usage = false;
  EXPECT_FALSE(IsLess(execs_fast, execs));
}

TEST(EventDetailTest, NobodyTellsAsMuchAsIsUnknown) {
  EXPECT_TRUE(TellsLess(EventDetail(With(ArgsCapture::kAll, kMaxArgsLimit)), kUnknownDetail));
}

}  // namespace
}  // namespace daybook
