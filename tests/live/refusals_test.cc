// What the kernel or the disk refuses is said in one line, and the best that is left is done.

#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#include <filesystem>

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

}  // namespace
}  // namespace daybook
