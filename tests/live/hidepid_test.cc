// Where /proc hides processes from the recorder, its log says so.

#include <linux/bpf.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>

#include "daybook/abilities.h"
#include "live/support/live_test.h"

namespace daybook {
namespace {

using testing::Contains;
using testing::Each;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Optional;
using testing::SizeIs;

// What is mounted here is seen by this process and its children only.
class HidepidTest : public LiveTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    if (HasFatalFailure() || IsSkipped()) return;
    ASSERT_EQ(unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    ASSERT_EQ(mount("proc", "/proc", "proc", 0, "hidepid=2"), 0) << strerror(errno);
  }

  const TempFolder temp_;
  const std::string folder_ = temp_ / "log";
};

TEST_F(HidepidTest, EachSegmentSaysWhatTheLineAtTheStartSays) {
  Daybookd recorder(folder_, {"--source", "connector", "--user", "nobody"});
  EXPECT_THAT(recorder.said_before(), HasSubstr("hides the processes of other users (hidepid)"));
  kill(recorder.pid(), SIGHUP);
  ASSERT_TRUE(Await([this] { return ReadLog(folder_).segments.size() == 2; }));
  EXPECT_EQ(recorder.Stop(), 0);
  const KeptLog log = ReadLog(folder_);
  for (const KeptSegment& segment : log.segments) {
    EXPECT_THAT(segment.All<Info>(), Contains(Info{.key = kOthersHidden, .value = "hidepid"}));
  }
  EXPECT_THAT(InfoOf(folder_), HasSubstr("; processes of others were hidden from the recorder"));
}

// Who was born since is known, but no snapshot shows him: none of them is a list of all.
TEST_F(HidepidTest, WhoIsInNoSnapshotHasNotEnded) {
  constexpr size_t kSegments = 5;
  Daybookd recorder(folder_, {"--source", "connector", "--user", "nobody"});
  const pid_t hidden = SpawnActor({"sleep"});
  for (size_t count = 2; count <= kSegments; ++count) {
    kill(recorder.pid(), SIGHUP);
    ASSERT_TRUE(Await([&] { return ReadLog(folder_).segments.size() == count; }));
  }
  kill(hidden, SIGKILL);
  WaitFor(hidden);
  EXPECT_EQ(recorder.Stop(), 0);
  const KeptLog log = ReadLog(folder_);
  EXPECT_THAT(log.All<SnapBegin>(), SizeIs(kSegments));
  EXPECT_THAT(log.All<SnapEnd>(), IsEmpty());
  EXPECT_THAT(LifeOf(log, hidden).exit.wait_status, Optional(SIGKILL));
}

TEST_F(HidepidTest, WhoMayLookAtAllSaysNothing) {
  Daybookd recorder(folder_, {"--source", "connector", "--user", "root"});
  EXPECT_EQ(recorder.Stop(), 0);
  EXPECT_THAT(ReadLog(folder_).All<Info>(), Each(Field(&Info::key, Not(kOthersHidden))));
  EXPECT_THAT(ReadLog(folder_).All<SnapEnd>(), SizeIs(1));
  EXPECT_THAT(InfoOf(folder_), Not(HasSubstr("hidden")));
}

// As a kernel up to 5.18 with kernel.unprivileged_bpf_disabled refuses it to who has dropped its
// privileges: to this process and its children.
void RefuseToListProcessesByBpf() {
  const scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  ASSERT_NE(filter, nullptr);
  const scmp_arg_cmp creates_iterator{0, SCMP_CMP_EQ, BPF_ITER_CREATE, 0};
  ASSERT_EQ(
      seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(bpf), 1, &creates_iterator),
      0);
  ASSERT_EQ(seccomp_load(filter), 0);
  seccomp_release(filter);
}

TEST_F(HidepidTest, BpfNeedsNoProcButWhereTheKernelRefusesItsIterator) {
  Daybookd with_iterator(folder_, {"--source", "bpf", "--user", "nobody"});
  EXPECT_THAT(with_iterator.said_before(), Not(HasSubstr("hides")));
  EXPECT_EQ(with_iterator.Stop(), 0);
  EXPECT_THAT(InfoOf(folder_), Not(HasSubstr("hidden")));
  RefuseToListProcessesByBpf();
  const std::string other = temp_ / "other";
  Daybookd recorder(other, {"--source", "bpf", "--user", "nobody"});
  EXPECT_THAT(recorder.said_before(),
              HasSubstr("(hidepid): those that were there before are missing from the log; mount"));
  EXPECT_EQ(recorder.Stop(), 0);
  EXPECT_THAT(ReadLog(other).All<Info>(), Contains(Info{.key = kOthersHidden, .value = "hidepid"}));
  EXPECT_THAT(ReadLog(other).All<SnapEnd>(), IsEmpty());
  EXPECT_THAT(InfoOf(other), HasSubstr("; processes of others were hidden from the recorder"));
}

TEST_F(HidepidTest, WithoutItsIteratorBpfSaysNothingToWhoMayLookAtAll) {
  RefuseToListProcessesByBpf();
  Daybookd recorder(folder_, {"--source", "bpf", "--user", "root"});
  EXPECT_EQ(recorder.Stop(), 0);
  EXPECT_THAT(InfoOf(folder_), Not(HasSubstr("hidden")));
}

}  // namespace
}  // namespace daybook
