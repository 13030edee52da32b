#include "proc/cgroup_paths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <map>

#include "support/temp_folder.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Optional;
using testing::Pair;
using testing::SizeIs;
using testing::UnorderedElementsAre;

// A host's /proc and its cgroups.
class CgroupPathsTest : public testing::Test {
 protected:
  // Folder, type and options of what is mounted, in that order.
  void Mount(const std::vector<std::array<std::string, 3>>& mounts) {
    std::string text = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n";
    for (const auto& [folder, type, options] : mounts) {
      std::filesystem::create_directories(folder_ / folder);
      text += "32 31 0:29 / " + folder_ / folder + " rw shared:2 master:3 - " + type + " x " +
              options + "\n";
    }
    folder_.Put("proc/self/mountinfo", text);
    folder_.Put("proc/self/cgroup", "8:pids:/\n4:cpu,memory:/m\n1:name=systemd:/\n0::/a:b\n");
  }
  void MountBoth() {
    Mount({{"memory", "cgroup", "rw,cpu,memory"},
           {"pids", "cgroup", "rw,pids"},
           {"v2", "cgroup2", "rw"}});
  }

  void Make(const std::string& cgroup) {
    std::filesystem::create_directories(folder_ / cgroup);
    folder_.Put(cgroup + "/cgroup.procs", "");
  }

  std::vector<std::string> Controllers() {
    std::vector<std::string> controllers;
    for (const auto& hierarchy : FindCgroupHierarchies(proc_)) {
      controllers.push_back(hierarchy.controller);
    }
    return controllers;
  }

  uint64_t Inode(const std::string& path) {
    struct stat status = {};
    EXPECT_EQ(stat((folder_ / path).c_str(), &status), 0) << path;
    return status.st_ino;
  }

  TempFolder folder_;
  std::string proc_ = folder_ / "proc";
};

// ---- Hierarchies ----

TEST_F(CgroupPathsTest, Version2IsTheBest) {
  MountBoth();
  EXPECT_THAT(Controllers(), ElementsAre("", "pids", "memory"));
  const auto found = FindCgroupHierarchies(proc_);
  EXPECT_EQ(found[0].folder, folder_ / "v2");
  EXPECT_EQ(found[0].number, 0u);
  EXPECT_EQ(found[1].number, 8u);
  EXPECT_EQ(found[2].number, 4u);
  for (const char* cgroup : {"v2/x", "pids/x", "memory/x"}) Make(cgroup);
  EXPECT_THAT(Controllers(), ElementsAre("", "pids", "memory"));
}

TEST_F(CgroupPathsTest, OneWithoutCgroupsIsTheWorst) {
  MountBoth();
  Make("memory/x");
  EXPECT_THAT(Controllers(), ElementsAre("memory", "", "pids"));
  Make("pids/x");
  EXPECT_THAT(Controllers(), ElementsAre("pids", "memory", ""));
}

TEST_F(CgroupPathsTest, OnlyWhatIsMountedAsAWholeCounts) {
  Mount({});
  EXPECT_THAT(Controllers(), IsEmpty());
  Mount({{"v1", "cgroup", "rw,cpuset"}, {"v2", "cgroup2", "rw"}});
  EXPECT_THAT(Controllers(), ElementsAre(""));
  folder_.Put("proc/self/mountinfo", "41 31 0:38 /part /x rw - cgroup2 cgroup2 rw\n");
  EXPECT_THAT(Controllers(), IsEmpty());
}

TEST_F(CgroupPathsTest, AFoldersNameMayHaveBlanks) {
  Mount({});
  folder_.Put("proc/self/mountinfo", "41 31 0:38 / /a\\040b\\134c rw - cgroup2 cgroup2 rw\n");
  const auto found = FindCgroupHierarchies(proc_);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].folder, "/a b\\c");
}

TEST_F(CgroupPathsTest, OtherTextHasNone) {
  Mount({});
  for (const char* text :
       {"", "\n", "-", "1 2 3", "1 2 0:1 / /x rw cgroup2", "a b c / /x - cgroup2",
        "1 2 3 / /x rw -", "\\", "1 2 3 / \\04 rw - cgroup2 x"}) {
    folder_.Put("proc/self/mountinfo", text);
    EXPECT_THAT(Controllers(), IsEmpty()) << text;
  }
  MountBoth();
  for (const char* text : {"", ":", "::", "x", "x:y", "4:memory", "99999999999:pids"}) {
    folder_.Put("proc/self/cgroup", text);
    FindCgroupHierarchies(proc_);
  }
  EXPECT_THAT(FindCgroupHierarchies(folder_ / "nowhere"), IsEmpty());
}

TEST_F(CgroupPathsTest, IdsOfDifferentHierarchiesDiffer) {
  const CgroupHierarchy v2;
  const CgroupHierarchy memory{.folder = "/m", .controller = "memory", .number = 4};
  EXPECT_EQ(v2.ToLogId(40963), 40963u);
  EXPECT_EQ(memory.ToLogId(40963), (uint64_t{4} << 44) + 40963);
}

// ---- One cgroup ----

TEST_F(CgroupPathsTest, AnIdIsThatOfTheFolder) {
  MountBoth();
  Make("v2/user.slice/x");
  const auto hierarchies = FindCgroupHierarchies(proc_);
  for (const std::string path : {"/", "/user.slice", "/user.slice/x"}) {
    const auto found = FindCgroup(path, hierarchies);
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_EQ(found->id, Inode("v2" + path));
    EXPECT_EQ(found->hierarchy.controller, "");
  }
}

TEST_F(CgroupPathsTest, ItIsOfTheFirstHierarchyThatHasIt) {
  MountBoth();
  for (const char* cgroup : {"v2/a", "pids/b", "memory/b"}) Make(cgroup);
  const auto found = FindCgroup("/b", FindCgroupHierarchies(proc_));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->hierarchy.controller, "pids");
  EXPECT_EQ(found->id, Inode("pids/b"));
}

TEST_F(CgroupPathsTest, WhyThereIsNoneIsTold) {
  EXPECT_THAT(FindCgroup("/nope", {}).error().message(), HasSubstr("mounted"));
  MountBoth();
  Make("v2/x");
  const auto hierarchies = FindCgroupHierarchies(proc_);
  EXPECT_THAT(FindCgroup("/nope", hierarchies).error().message(),
              testing::AllOf(HasSubstr("/v2/nope"), HasSubstr("/memory/nope")));
  EXPECT_FALSE(FindCgroup("/x/cgroup.procs", hierarchies)) << "is a file";
}

TEST_F(CgroupPathsTest, AProcessIsInTheCgroupThatProcTells) {
  const CgroupHierarchy v2{.folder = "/v2"};
  const CgroupHierarchy memory{.folder = "/m", .controller = "memory", .number = 4};
  folder_.Put("proc/7/cgroup", "4:cpu,memory:/m\n0::/user.slice/a:b\n");
  folder_.Put("proc/8/cgroup", "3:memoryx:/m\n");
  EXPECT_THAT(ReadCgroupOf(proc_, 7, v2), Optional(std::string("/user.slice/a:b")));
  EXPECT_THAT(ReadCgroupOf(proc_, 7, memory), Optional(std::string("/m")));
  EXPECT_EQ(ReadCgroupOf(proc_, 8, v2), std::nullopt);
  EXPECT_EQ(ReadCgroupOf(proc_, 8, memory), std::nullopt);
  EXPECT_EQ(ReadCgroupOf(proc_, 9, v2), std::nullopt);
}

// ---- All of them ----

class TellCgroupsTest : public CgroupPathsTest {
 protected:
  TellCgroupsTest() { Make("h"); }

  CgroupPaths Paths(const std::string& top = "/", const CgroupPaths::Limits& limits = {}) {
    return CgroupPaths({.folder = folder_ / "h", .controller = "pids", .number = 8}, top, proc_,
                       limits);
  }

  // Paths by ids, in the order in which they are told.
  static std::vector<std::pair<uint64_t, std::string>> Told(const CgroupPaths& paths) {
    std::vector<std::pair<uint64_t, std::string>> told;
    paths.Tell(55, [&told](const CgroupPath& cgroup) {
      EXPECT_EQ(cgroup.time_ns, 55u);
      told.emplace_back(cgroup.id, cgroup.path);
    });
    return told;
  }

  uint64_t Id(const std::string& path) { return Inode("h" + path) | uint64_t{8} << 44; }
  auto Cgroup(const std::string& path) { return Pair(Id(path), path); }

  void PutProcess(uint32_t pid, const std::string& cgroup) {
    folder_.Put("proc/" + std::to_string(pid) + "/cgroup", "8:pids:" + cgroup + "\n0::/\n");
  }
};

TEST_F(TellCgroupsTest, TheyAreToldFromTheTopDown) {
  for (const char* cgroup : {"h/a", "h/b", "h/b/c", "h/b/c/d e\n"}) Make(cgroup);
  const auto told = Told(Paths());
  EXPECT_THAT(told, UnorderedElementsAre(Cgroup("/"), Cgroup("/a"), Cgroup("/b"), Cgroup("/b/c"),
                                         Cgroup("/b/c/d e\n")));
  EXPECT_EQ(told[0].second, "/");
  EXPECT_EQ(told[4].second, "/b/c/d e\n");
}

TEST_F(TellCgroupsTest, OnlyThoseBelowTheFilters) {
  for (const char* cgroup : {"h/a", "h/b/c"}) Make(cgroup);
  EXPECT_THAT(Told(Paths("/b")), ElementsAre(Cgroup("/b"), Cgroup("/b/c")));
}

TEST_F(TellCgroupsTest, ThoseWithProcessesComeFirstAndOnce) {
  for (const char* cgroup : {"h/a", "h/b", "h/b/c"}) Make(cgroup);
  PutProcess(7, "/b/c");
  PutProcess(8, "/b/c");
  CgroupPaths paths = Paths("/", {.cgroups = 3});
  paths.Note({.pid = 7, .cgroup_id = Id("/b/c")});
  paths.Note({.pid = 8, .cgroup_id = Id("/b/c")});
  paths.Note({.pid = 9});
  const auto told = Told(paths);
  ASSERT_THAT(told, SizeIs(3));
  EXPECT_THAT(told[0], Cgroup("/b/c"));
  EXPECT_THAT(told[1], Cgroup("/"));
  paths.BeginSnapshot();
  EXPECT_THAT(Told(paths)[0], Cgroup("/"));
}

TEST_F(TellCgroupsTest, AProcessThatHasMovedProvesNothing) {
  for (const char* cgroup : {"h/a", "h/b"}) Make(cgroup);
  PutProcess(7, "/b");
  PutProcess(8, "/../outside");
  CgroupPaths paths = Paths("/a", {});
  paths.Note({.pid = 7, .cgroup_id = Id("/a") + 1});
  paths.Note({.pid = 8, .cgroup_id = 12345});
  paths.Note({.pid = 9, .cgroup_id = 12346});
  EXPECT_THAT(Told(paths), ElementsAre(Cgroup("/a")));
}

TEST_F(TellCgroupsTest, NoMoreThanTheLimit) {
  for (int i = 0; i < 50; ++i) Make("h/" + std::to_string(i));
  EXPECT_THAT(Told(Paths("/", {.cgroups = 10})), SizeIs(10));
  EXPECT_THAT(Told(Paths("/", {.cgroups = 1000})), SizeIs(51));
  EXPECT_THAT(Told(Paths("/", {.time_ns = 0})), SizeIs(1)) << "there is time for the top";
}

TEST_F(TellCgroupsTest, WhereNothingIsMountedNothingIsTold) {
  EXPECT_THAT(Told(CgroupPaths({}, "/", proc_, {})), IsEmpty());
  EXPECT_THAT(Told(CgroupPaths({.folder = folder_ / "nowhere"}, "/", proc_, {})), IsEmpty());
}

}  // namespace
}  // namespace daybook
