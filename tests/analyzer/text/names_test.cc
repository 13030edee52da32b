#include "text/names.h"

#include <gtest/gtest.h>

#include <span>

#include "text/nearest.h"

namespace daybook {
namespace {

constexpr uint64_t Device(uint64_t major, uint64_t minor) { return major << 20 | minor; }

TEST(NamesTest, Terminals) {
  EXPECT_EQ(TerminalName(0), "none");
  EXPECT_EQ(TerminalName(Device(136, 3)), "pts/3");
  EXPECT_EQ(TerminalName(Device(136, 300)), "pts/300");
  EXPECT_EQ(TerminalName(Device(4, 1)), "tty1");
  EXPECT_EQ(TerminalName(Device(4, 64)), "ttyS0");
  EXPECT_EQ(TerminalName(Device(204, 64)), "ttyAMA0");
  EXPECT_EQ(TerminalName(Device(9, 7)), "9:7");
}

TEST(NamesTest, Signals) {
  EXPECT_EQ(SignalName(9), "SIGKILL");
  EXPECT_EQ(SignalName(11), "SIGSEGV");
  EXPECT_EQ(SignalName(34), "SIGRTMIN");
  EXPECT_EQ(SignalName(37), "SIGRTMIN+3");
  EXPECT_EQ(SignalName(33), "33");
  EXPECT_EQ(SignalName(1000), "1000");
}

TEST(NamesTest, Users) {
  AccountNames users(AccountNames::Of::kUsers);
  ASSERT_NE(users.Find(0), nullptr);
  EXPECT_EQ(*users.Find(0), "root");
  EXPECT_EQ(users.Find(4'000'000'000), nullptr);
}

TEST(NamesTest, TheNearestWordIsSuggestedOnlyWhereItIsNear) {
  constexpr std::string_view kWords[] = {"list", "summary", "tree"};
  EXPECT_EQ(DidYouMean("lits", kWords), "; did you mean 'list'?");
  EXPECT_EQ(DidYouMean("sumary", kWords), "; did you mean 'summary'?");
  EXPECT_EQ(DidYouMean("sum", kWords), "; did you mean 'summary'?");
  EXPECT_EQ(DidYouMean("frobnicate", kWords), "");
  EXPECT_EQ(DidYouMean("", kWords), "");
  EXPECT_EQ(DidYouMean("", std::span(kWords).first(1)), "");
  constexpr std::string_view kOptions[] = {"--log", "--limit", "--last", "--filter", "-o"};
  EXPECT_EQ(DidYouMean("--lim", kOptions), "; did you mean '--limit'?");
  EXPECT_EQ(DidYouMean("--f", kOptions), "; did you mean '--filter'?");
  EXPECT_EQ(DidYouMean("--lig", kOptions), "; did you mean '--log'?");
  EXPECT_EQ(DidYouMean("--at", kOptions), "") << "dashes are no letters";
  EXPECT_EQ(DidYouMean("-S", kOptions), "") << "another letter is another option";
  EXPECT_EQ(DidYouMean("--", kOptions), "");
}

}  // namespace
}  // namespace daybook
