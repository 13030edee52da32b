// In which cgroup a process is: its path in the log, whenever the cgroup was made, and whichever
// version the host has.

#include <cstdio>

#include "bpf_source/bpf_source.h"
#include "live/support/live_test.h"
#include "live/support/test_cgroup.h"

namespace daybook {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Optional;

std::string Name(const std::string& suffix) {
  return "/daybook_cgroup_" + std::to_string(getpid()) + suffix;
}

std::optional<std::string> PathOf(const std::vector<CgroupPath>& cgroups,
                                  std::optional<uint64_t> id) {
  std::optional<std::string> path;
  for (const CgroupPath& cgroup : cgroups) {
    if (cgroup.id == id) path = cgroup.path;
  }
  return path;
}

// What `daybook list` says of a process.
std::string ListedCgroupOf(const std::string& folder, pid_t pid) {
  const std::string command =
      DAYBOOK_PROGRAM " list --output jsonl --columns pid,cgroup --log " + folder;
  FILE* const program = popen(command.c_str(), "r");
  if (program == nullptr) throw std::runtime_error("popen");
  const std::string wanted = "{\"pid\":" + std::to_string(pid) + ",";
  std::string found;
  for (char line[4096]; fgets(line, sizeof(line), program) != nullptr;) {
    if (std::string_view(line).starts_with(wanted)) found = line;
  }
  pclose(program);
  return found;
}

class CgroupTest : public LiveTest {
 protected:
  // A child there that runs a program.
  static pid_t SpawnIn(const TestCgroup& cgroup) {
    return Spawn([&cgroup] {
      cgroup.Enter();
      Become("/bin/true", {"true"});
    });
  }
};

// ---- The source, in every hierarchy that the host has ----

struct KeptCgroups {
  std::vector<CgroupPath> all;
  std::deque<std::string> strings;

  std::function<void(const CgroupPath&)> Taker() {
    return [this](CgroupPath cgroup) {
      cgroup.path = strings.emplace_back(cgroup.path);
      all.push_back(cgroup);
    };
  }
};

TEST_F(CgroupTest, IdsOfTheKernelAreThoseOfFoldersInEveryHierarchy) {
  const auto hierarchies = FindCgroupHierarchies();
  ASSERT_FALSE(hierarchies.empty());
  for (const CgroupHierarchy& hierarchy : hierarchies) {
    SCOPED_TRACE(hierarchy.folder);
    const TestCgroup before(hierarchy, Name("_before"));
    auto source = BpfSource::Open({.cgroups = hierarchy});
    ASSERT_TRUE(source) << source.error().message();
    const TestCgroup meanwhile(hierarchy, Name("_meanwhile"));
    const pid_t first = SpawnIn(before);
    const pid_t second = SpawnIn(meanwhile);
    for (const pid_t pid : {first, second}) ASSERT_EQ(WaitFor(pid).status, 0);
    KeptEvents events;
    ASSERT_TRUE((*source)->Drain(events));
    KeptProcesses living;
    ASSERT_TRUE((*source)->Snapshot(living));
    KeptCgroups found;
    (*source)->TellCgroups(found.Taker());
    const std::vector<CgroupPath> made = events.All<CgroupPath>();
    for (const Exec& exec : events.All<Exec>()) {
      if (exec.pid == static_cast<uint32_t>(first)) {
        EXPECT_THAT(PathOf(found.all, exec.cgroup_id), Optional(Name("_before")));
        EXPECT_EQ(exec.cgroup_id.value_or(0) >> CgroupHierarchy::kNumberShift, hierarchy.number);
      }
      if (exec.pid == static_cast<uint32_t>(second)) {
        EXPECT_THAT(PathOf(made, exec.cgroup_id), Optional(Name("_meanwhile")));
        EXPECT_THAT(PathOf(found.all, exec.cgroup_id), Optional(Name("_meanwhile")));
      }
    }
    const auto of_first = [&](const Exit& exit) {
      return exit.pid == static_cast<uint32_t>(first);
    };
    const auto exits = events.All<Exit>();
    const auto exit = std::ranges::find_if(exits, of_first);
    ASSERT_NE(exit, exits.end());
    EXPECT_THAT(PathOf(found.all, exit->cgroup_id), Optional(Name("_before")));
    const SnapProc* const self = living.Find(static_cast<uint32_t>(getpid()));
    ASSERT_NE(self, nullptr);
    EXPECT_EQ(PathOf(found.all, self->cgroup_id),
              ReadCgroupOf("/proc", static_cast<uint32_t>(getpid()), hierarchy));
    const bool is_v1 = !hierarchy.controller.empty();
    EXPECT_EQ((*source)->abilities().find("cgroup_v1_" + hierarchy.controller) != std::string::npos,
              is_v1);
  }
}

TEST_F(CgroupTest, ASubtreeCanBeFollowedInEveryHierarchy) {
  for (const CgroupHierarchy& hierarchy : FindCgroupHierarchies()) {
    SCOPED_TRACE(hierarchy.folder);
    const TestCgroup top(hierarchy, Name("_top"));
    const TestCgroup below(hierarchy, Name("_top") + "/below");
    const TestCgroup beside(hierarchy, Name("_beside"));
    auto source = BpfSource::Open({.filter = {.only_cgroup = Name("_top")}, .cgroups = hierarchy});
    ASSERT_TRUE(source) << source.error().message();
    const pid_t inside = SpawnIn(below);
    const pid_t outside = SpawnIn(beside);
    for (const pid_t pid : {inside, outside}) WaitFor(pid);
    KeptEvents events;
    ASSERT_TRUE((*source)->Drain(events));
    std::vector<uint32_t> pids;
    for (const Exec& exec : events.All<Exec>()) pids.push_back(exec.pid);
    EXPECT_THAT(pids, testing::ElementsAre(inside));
    KeptCgroups found;
    (*source)->TellCgroups(found.Taker());
    EXPECT_EQ(found.all.size(), 2u) << "those below";
  }
}

// ---- The log, without privileges, of the hierarchy that the recorder chooses ----

TEST_F(CgroupTest, EverySegmentTellsThePaths) {
  const TempFolder temp;
  const CgroupHierarchy hierarchy = FindCgroupHierarchies().at(0);
  const TestCgroup before(hierarchy, Name("_before"));
  Daybookd recorder(temp / "log");
  const TestCgroup meanwhile(hierarchy, Name("_meanwhile"));
  const pid_t first = SpawnIn(before);
  const pid_t second = SpawnIn(meanwhile);
  for (const pid_t pid : {first, second}) ASSERT_EQ(WaitFor(pid).status, 0);
  kill(recorder.pid(), SIGHUP);
  ASSERT_TRUE(Await([&] { return FindSegments(temp / "log")->size() == 2; }));
  const pid_t third = SpawnIn(meanwhile);
  WaitFor(third);
  EXPECT_EQ(recorder.Stop(), 0);
  const KeptLog log = ReadLog(temp / "log");
  for (const KeptSegment& segment : log.segments) {
    EXPECT_THAT(segment.All<CgroupPath>(),
                Contains(testing::Field(&CgroupPath::path, std::string_view(Name("_before")))));
    EXPECT_THAT(segment.All<CgroupPath>(),
                Contains(testing::Field(&CgroupPath::path, std::string_view(Name("_meanwhile")))));
  }
  EXPECT_THAT(ListedCgroupOf(temp / "log", first), HasSubstr("\"" + Name("_before") + "\""));
  EXPECT_THAT(ListedCgroupOf(temp / "log", second), HasSubstr("\"" + Name("_meanwhile") + "\""));
  const std::string alone = FindSegments(temp / "log")->back();
  EXPECT_THAT(ListedCgroupOf(alone, third), HasSubstr("\"" + Name("_meanwhile") + "\""));
}

// ---- A host with very many ----

TEST_F(CgroupTest, VeryManyDoNotHoldUpTheRecorder) {
  constexpr int kCgroups = 3000;
  constexpr CgroupPaths::Limits kLimits{.cgroups = 1000, .time_ns = 1'000'000'000};
  const CgroupHierarchy hierarchy = Version2();
  const TestCgroup top(hierarchy, Name("_many"));
  std::deque<TestCgroup> many;
  for (int i = 0; i < kCgroups; ++i) {
    many.emplace_back(hierarchy, Name("_many") + "/" + std::to_string(i));
  }
  const CgroupPaths all(hierarchy, Name("_many"), "/proc", {.time_ns = UINT32_MAX});
  KeptCgroups found;
  all.Tell(1, found.Taker());
  EXPECT_EQ(found.all.size(), size_t{kCgroups} + 1);
  KeptCgroups some;
  CgroupPaths(hierarchy, Name("_many"), "/proc", kLimits).Tell(1, some.Taker());
  EXPECT_EQ(some.all.size(), kLimits.cgroups);
  const auto begin = std::chrono::steady_clock::now();
  KeptCgroups timed;
  CgroupPaths(hierarchy, Name("_many"), "/proc", {.time_ns = 1'000'000}).Tell(1, timed.Taker());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(500));
}

}  // namespace
}  // namespace daybook
