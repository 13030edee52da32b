// Who may listen to the proc connector, and what is said where it is refused.

#include <sched.h>

#include <cstring>
#include <string>

#include "connector/connector_source.h"
#include "live/support/connector_test.h"
#include "live/support/live_test.h"

namespace daybook {
namespace {

using testing::HasSubstr;

template <class Function>
std::string SaidAfter(Function prepare) {
  const Shared<char[512]> said;
  WaitFor(Spawn([&] {
    prepare();
    const auto source = ConnectorSource::Open({});
    std::strncpy(*said, source ? "opened" : source.error().message().c_str(), sizeof(*said) - 1);
  }));
  return *said;
}

TEST_F(ConnectorTest, NobodyMayRecord) {
  const Shared<size_t> lives;
  WaitFor(Spawn([&lives] {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(95);
    const auto source = ConnectorSource::Open({});
    if (!source) return;
    const pid_t pid = Spawn([] { _exit(3); });
    WaitFor(pid);
    usleep(100'000);
    KeptEvents events;
    if (!(*source)->Drain(events)) return;
    for (const Exit& exit : events.All<Exit>()) {
      if (exit.pid == static_cast<uint32_t>(pid) && exit.wait_status == 3u << 8) ++*lives;
    }
  }));
  EXPECT_EQ(*lives, 1u);
}

TEST_F(ConnectorTest, AnotherNetworkNamespaceIsNamedAsTheCause) {
  EXPECT_THAT(SaidAfter([] {
                if (unshare(CLONE_NEWNET) != 0) _exit(95);
              }),
              HasSubstr("network namespace"));
}

TEST_F(ConnectorTest, AnotherUserNamespaceIsNamedAsTheCause) {
  EXPECT_THAT(SaidAfter([] {
                if (unshare(CLONE_NEWUSER) != 0) _exit(95);
              }),
              HasSubstr("user namespace"));
}

TEST_F(ConnectorTest, AnotherPidNamespaceIsNamedAsTheCause) {
  const Shared<char[512]> said;
  WaitFor(Spawn([&said] {
    if (unshare(CLONE_NEWPID) != 0) _exit(95);
    WaitFor(Spawn([&said] {
      const auto source = ConnectorSource::Open({});
      std::strncpy(*said, source ? "opened" : source.error().message().c_str(), sizeof(*said) - 1);
    }));
  }));
  EXPECT_THAT(std::string(*said), HasSubstr("pid namespace"));
}

}  // namespace
}  // namespace daybook
