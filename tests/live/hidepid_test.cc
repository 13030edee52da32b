// Where /proc hides processes from the recorder, its log says so.

#include <sched.h>
#include <sys/mount.h>

#include <cstring>

#include "daybook/abilities.h"
#include "live/support/live_test.h"

namespace daybook {
namespace {

using testing::Contains;
using testing::Each;
using testing::Field;
using testing::HasSubstr;
using testing::Not;

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

TEST_F(HidepidTest, WhoMayLookAtAllSaysNothing) {
  Daybookd recorder(folder_, {"--source", "connector", "--user", "root"});
  EXPECT_EQ(recorder.Stop(), 0);
  EXPECT_THAT(ReadLog(folder_).All<Info>(), Each(Field(&Info::key, Not(kOthersHidden))));
  EXPECT_THAT(InfoOf(folder_), Not(HasSubstr("hidden")));
}

}  // namespace
}  // namespace daybook
