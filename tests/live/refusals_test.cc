// What the kernel or the disk refuses is said in one line, and the best that is left is done.

#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "live/support/live_test.h"

namespace daybook {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

size_t LinesOf(const std::string& text) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

class RefusalsTest : public LiveTest {
 protected:
  // What is mounted from here on is seen by this process and its children only.
  static void HaveOwnMounts() {
    ASSERT_EQ(unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
  }
  static void HideTypes() {
    ASSERT_EQ(mount("tmpfs", "/sys/kernel/btf", "tmpfs", 0, ""), 0) << strerror(errno);
  }

  const TempFolder temp_;
  const std::string folder_ = temp_ / "log";
};

TEST_F(RefusalsTest, WithoutTheKernelsTypesTheConnectorIsTaken) {
  HaveOwnMounts();
  HideTypes();
  Daybookd recorder(folder_);
  EXPECT_THAT(recorder.said_before(), AllOf(HasSubstr("bpf: the kernel describes no types (BTF)"),
                                            HasSubstr("trying connector")));
  EXPECT_EQ(LinesOf(recorder.said_before()), 1u);
  const pid_t parent = SpawnActor({"forks", "100"});
  WaitFor(parent);
  recorder.Stop();
  const KeptLog log = ReadLog(folder_);
  EXPECT_THAT(ChildrenOf(log, parent), SizeIs(100));
  EXPECT_EQ(log.All<Recorder>().at(0).source, "connector");
  umount("/sys/kernel/btf");
}

TEST_F(RefusalsTest, WhatWasAskedForByNameIsNotReplaced) {
  HaveOwnMounts();
  HideTypes();
  try {
    const Daybookd recorder(folder_, {"--source", "bpf"});
    FAIL() << "it records";
  } catch (const std::runtime_error& refused) {
    EXPECT_THAT(refused.what(), HasSubstr("no /sys/kernel/btf/vmlinux"));
    EXPECT_EQ(LinesOf(refused.what()), 1u);
  }
  umount("/sys/kernel/btf");
}

// Events have the host's numbers and times there, and everything else has others. /proc may be
// either's.
TEST_F(RefusalsTest, InANamespaceOfItsOwnNothingIsRecorded) {
  using Case = std::pair<const char*, const char*>;
  for (const auto& [options, kind] :
       {Case("--pid", "pid namespace"), Case("--pid --mount-proc", "pid namespace"),
        Case("--time --boottime 1000", "time namespace")}) {
    const std::string said = temp_ / "said";
    const std::string command = std::string("unshare --fork ") + options + " " + DAYBOOKD_PROGRAM +
                                " --no-config --duration 1s --log-dir " + folder_ + " 2>" + said;
    EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 1) << command;
    std::ifstream file(said);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    EXPECT_THAT(text, AllOf(HasSubstr("daybookd: bpf: "), HasSubstr("; trying connector\n"),
                            HasSubstr("daybookd: connector: "), HasSubstr(kind)));
    EXPECT_EQ(LinesOf(text), 2u) << text;
    EXPECT_FALSE(std::filesystem::exists(folder_));
  }
}

// As the service runs it. setpriv(1) gives capabilities to one who is not root.
TEST_F(RefusalsTest, TwoCapabilitiesAreEnough) {
  std::filesystem::create_directory(folder_);
  std::filesystem::permissions(temp_.path(), std::filesystem::perms(0755));
  ASSERT_EQ(chown(folder_.c_str(), 65534, 65534), 0);
  const pid_t pid = Spawn([this] {
    const int log = open((temp_ / "said").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    dup2(log, STDERR_FILENO);
    Become("/usr/bin/setpriv",
           {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
            "--inh-caps=-all,+bpf,+perfmon", "--ambient-caps=-all,+bpf,+perfmon",
            "--bounding-set=-all,+bpf,+perfmon", DAYBOOKD_PROGRAM, "--no-config", "--log-dir",
            folder_, "--source", "bpf", "--duration", "2s"});
  });
  const bool is_ready = Await([this] { return std::filesystem::exists(folder_ + "/status"); },
                              std::chrono::seconds(30));
  ASSERT_TRUE(is_ready);
  const pid_t parent = SpawnActor({"forks", "100"});
  WaitFor(parent);
  EXPECT_EQ(WaitFor(pid).status, 0);
  const KeptLog log = ReadLog(folder_);
  EXPECT_THAT(ChildrenOf(log, parent), SizeIs(100));
  EXPECT_EQ(log.All<Recorder>().at(0).source, "bpf");
}

// ---- The disk ----

class DiskTest : public RefusalsTest {
 protected:
  // Everything that its children did is in the log, or told as lost.
  static void ExpectToldAfter(const KeptLog& log, pid_t parent, size_t count) {
    EXPECT_THAT(ChildrenOf(log, parent), SizeIs(count));
  }
};

TEST_F(DiskTest, ALogThatIsRemovedGoesOnWhereItsFolderIsMadeAnew) {
  const std::string metrics_folder = temp_ / "metrics";
  std::filesystem::create_directory(metrics_folder);
  Daybookd recorder(folder_,
                    {"--user", "root", "--metrics-file", metrics_folder + "/daybook.prom"});
  WaitFor(SpawnActor({"forks", "10"}));
  std::filesystem::remove_all(folder_);
  std::filesystem::remove_all(metrics_folder);
  // Seen with the next sync; the status of that finds no folder.
  const pid_t parent = SpawnActor({"forks", "100"});
  WaitFor(parent);
  recorder.Await("was removed while it was written; going on\ndaybookd: cannot create " + folder_ +
                 "/status: No such file or directory; going on\n");
  std::filesystem::create_directory(metrics_folder);
  std::filesystem::create_directory(folder_);
  recorder.Await("recording again\n");
  for (const std::string& path :
       {folder_ + "/status", metrics_folder + "/daybook.prom", folder_ + "/daybook.ballast"}) {
    EXPECT_TRUE(Await([&] { return std::filesystem::exists(path); })) << path;
  }
  const pid_t later = SpawnActor({"forks", "100"});
  WaitFor(later);
  recorder.Stop();
  const KeptLog log = ReadLog(folder_);
  ExpectToldAfter(log, parent, 100);
  ExpectToldAfter(log, later, 100);
  EXPECT_FALSE(log.segments.at(0).All<SnapEnd>().empty());
}

TEST_F(DiskTest, WhereNothingMayBeWrittenThatIsTheReason) {
  HaveOwnMounts();
  std::filesystem::create_directory(folder_);
  ASSERT_EQ(mount("tmpfs", folder_.c_str(), "tmpfs", MS_RDONLY, ""), 0);
  try {
    const Daybookd recorder(folder_);
    FAIL() << "it records";
  } catch (const std::runtime_error& refused) {
    EXPECT_THAT(refused.what(),
                AllOf(HasSubstr("Read-only file system (mounted read-only: "),
                      HasSubstr("--log-dir"), Not(HasSubstr("give the folder to that user"))));
  }
  umount(folder_.c_str());
}

TEST_F(DiskTest, ADiskThatIsTooSmallForTheLimitsIsToldWithThem) {
  HaveOwnMounts();
  std::filesystem::create_directory(folder_);
  ASSERT_EQ(mount("tmpfs", folder_.c_str(), "tmpfs", 0, "size=40m"), 0);
  Daybookd recorder(folder_, {"--user", "root"});
  EXPECT_THAT(recorder.said_before(),
              AllOf(HasSubstr("no room for a segment (40M are free, and --min-free 64M is to stay "
                              "so; make room, or give a smaller one)"),
                    HasSubstr("No space left on device; going on\n")));
  kill(recorder.pid(), SIGKILL);
  recorder.Wait();
  umount(folder_.c_str());
}

// As the kernel does it where a file system finds itself damaged.
TEST_F(DiskTest, AFileSystemThatTurnsReadOnlyStopsNobody) {
  HaveOwnMounts();
  const std::string image = temp_ / "image";
  const std::string disk = temp_ / "disk";
  std::ofstream(image).close();
  std::filesystem::resize_file(image, 32 << 20);
  std::filesystem::create_directory(disk);
  const auto run = [](const std::string& command) {
    ASSERT_EQ(std::system(("PATH=$PATH:/usr/sbin " + command + " >&2").c_str()), 0) << command;
  };
  run("mkfs.ext4 -q -F " + image);
  run("mount -o loop,errors=remount-ro " + image + " " + disk);
  {
    Daybookd recorder(disk + "/log", {"--user", "root", "--min-free", "0"});
    run("echo 1 | tee /sys/fs/ext4/$(basename $(findmnt -no SOURCE " + disk +
        "))/trigger_fs_error ");
    const Ended ended = WaitFor(SpawnActor({"forks", "1000"}));
    EXPECT_EQ(ended.status, 0);
    recorder.Await("Read-only file system; going on\n");
    EXPECT_EQ(WaitFor(SpawnActor({"forks", "1000"})).status, 0);
    kill(recorder.pid(), SIGTERM);
    recorder.Await("Read-only file system\n");
    EXPECT_NE(recorder.Wait(), 0) << "its last records could not be written";
  }
  umount2(disk.c_str(), MNT_DETACH);
}

}  // namespace
}  // namespace daybook
