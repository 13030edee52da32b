#include "cgroup_paths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/temp_folder.h"

namespace daybook {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Optional;
using testing::SizeIs;

TEST(CgroupMountsTest, WholeHierarchiesAreFound) {
  const auto mounts = ParseCgroupMounts(
      "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
      "32 31 0:29 / /sys/fs/cgroup/memory rw shared:2 master:3 - cgroup cgroup rw,memory\n"
      "41 31 0:38 / /a\\040b\\134c rw,nosuid - cgroup2 cgroup2 rw\n"
      "42 31 0:38 /part /elsewhere rw - cgroup2 cgroup2 rw\n");
  ASSERT_THAT(mounts, SizeIs(2));
  EXPECT_EQ(mounts[0].folder, "/sys/fs/cgroup/memory");
  EXPECT_FALSE(mounts[0].is_v2);
  EXPECT_EQ(mounts[1].folder, "/a b\\c");
  EXPECT_TRUE(mounts[1].is_v2);
}

TEST(CgroupMountsTest, OtherTextHasNone) {
  for (const char* text :
       {"", "\n", "-", "1 2 3", "1 2 0:1 / /x rw cgroup2", "a b c / /x - cgroup2x",
        "1 2 3 / /x rw -", "\\", "1 2 3 / \\04 rw - tmpfs"}) {
    EXPECT_THAT(ParseCgroupMounts(text), IsEmpty()) << text;
  }
}

class CgroupPathsTest : public testing::Test {
 protected:
  void Mount(const std::string& type) {
    folder_.Put("proc/self/mountinfo",
                "41 31 0:38 / " + folder_ / "cgroup" + " rw - " + type + " x rw\n");
    folder_.Put("cgroup/user.slice/x/cgroup.procs", "");
  }

  TempFolder folder_;
  std::string proc_ = folder_ / "proc";
};

TEST_F(CgroupPathsTest, AnIdIsThatOfTheFolder) {
  Mount("cgroup2");
  for (const std::string path : {"/", "/user.slice", "/user.slice/x"}) {
    struct stat status = {};
    ASSERT_EQ(stat((folder_ / "cgroup" + path).c_str(), &status), 0);
    const auto id = FindCgroup(path, proc_);
    ASSERT_TRUE(id) << id.error().message();
    EXPECT_EQ(*id, status.st_ino);
  }
}

TEST_F(CgroupPathsTest, WhyThereIsNoneIsTold) {
  Mount("cgroup2");
  EXPECT_THAT(FindCgroup("/nope", proc_).error().message(), HasSubstr("/cgroup/nope"));
  EXPECT_THAT(FindCgroup("/user.slice/x/cgroup.procs", proc_).error().message(), HasSubstr("file"));
  Mount("cgroup");
  EXPECT_THAT(FindCgroup("/", proc_).error().message(), HasSubstr("cgroup2"));
}

TEST_F(CgroupPathsTest, AProcessIsInTheCgroupThatProcTells) {
  folder_.Put("proc/7/cgroup", "4:memory:/m\n0::/user.slice/a:b\n");
  folder_.Put("proc/8/cgroup", "4:memory:/m\n");
  EXPECT_THAT(ReadCgroupOf(proc_, 7), Optional(std::string("/user.slice/a:b")));
  EXPECT_EQ(ReadCgroupOf(proc_, 8), std::nullopt);
  EXPECT_EQ(ReadCgroupOf(proc_, 9), std::nullopt);
}

TEST(CgroupTreeTest, WhatIsBelowIsInIt) {
  EXPECT_TRUE(IsInCgroup("/a", "/a"));
  EXPECT_TRUE(IsInCgroup("/a/b", "/a"));
  EXPECT_FALSE(IsInCgroup("/ab", "/a"));
  EXPECT_FALSE(IsInCgroup("/", "/a"));
  EXPECT_TRUE(IsInCgroup("/a", "/"));
  EXPECT_TRUE(IsInCgroup("/", "/"));
}

}  // namespace
}  // namespace daybook
