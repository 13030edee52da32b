#include "daybook/cgroup_path.h"

#include <gtest/gtest.h>

namespace daybook {
namespace {

TEST(CgroupPathTest, WhatIsBelowIsInIt) {
  EXPECT_TRUE(IsInCgroup("/a", "/a"));
  EXPECT_TRUE(IsInCgroup("/a/b", "/a"));
  EXPECT_FALSE(IsInCgroup("/ab", "/a"));
  EXPECT_FALSE(IsInCgroup("/", "/a"));
}

TEST(CgroupPathTest, TheRootIsAboveAllThatHaveAPath) {
  EXPECT_TRUE(IsInCgroup("/a", "/"));
  EXPECT_TRUE(IsInCgroup("/", "/"));
  EXPECT_FALSE(IsInCgroup("4711", "/"));
}

}  // namespace
}  // namespace daybook
