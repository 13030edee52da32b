#include "system/notify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <string>

#include "support/notify_socket.h"
#include "support/temp_folder.h"

namespace daybook {
namespace {

using testing::HasSubstr;

TEST(NotifyTest, APathIsTold) {
  const TempFolder temp;
  const NotifySocket manager(temp / "notify");
  const auto notifier = Notifier::Connect(manager.address().c_str());
  ASSERT_TRUE(notifier) << notifier.error().message();
  EXPECT_GE(notifier->socket(), 0);
  notifier->Tell("READY=1\nSTATUS=fine");
  notifier->Tell("WATCHDOG=1");
  EXPECT_EQ(manager.Receive(), "READY=1\nSTATUS=fine");
  EXPECT_EQ(manager.Receive(), "WATCHDOG=1");
}

TEST(NotifyTest, AnAbstractNameIsTold) {
  const NotifySocket manager("@daybook-test-" + std::to_string(getpid()));
  const auto notifier = Notifier::Connect(manager.address().c_str());
  ASSERT_TRUE(notifier) << notifier.error().message();
  notifier->Tell("READY=1");
  EXPECT_EQ(manager.Receive(), "READY=1");
}

TEST(NotifyTest, NobodyIsToldWhereThereIsNobody) {
  for (const char* address : {static_cast<const char*>(nullptr), ""}) {
    const auto notifier = Notifier::Connect(address);
    ASSERT_TRUE(notifier);
    EXPECT_EQ(notifier->socket(), -1);
    notifier->Tell("READY=1");
  }
}

TEST(NotifyTest, WhatIsNoAddressIsNamed) {
  const std::string long_path = "/" + std::string(200, 'x');
  for (const char* address : {"vsock:2:1234", "notify", long_path.c_str(), "/no/such/socket"}) {
    const auto notifier = Notifier::Connect(address);
    ASSERT_FALSE(notifier) << address;
    EXPECT_THAT(notifier.error().message(), HasSubstr(address));
  }
}

TEST(NotifyTest, AManagerThatIsGoneIsNoReasonToStop) {
  const TempFolder temp;
  Notifier notifier;
  {
    const NotifySocket manager(temp / "notify");
    notifier = *Notifier::Connect(manager.address().c_str());
  }
  notifier.Tell("WATCHDOG=1");
}

TEST(NotifyTest, TheWatchdogIsFedTwiceAsOftenAsItWants) {
  const std::string self = std::to_string(getpid());
  EXPECT_EQ(WatchdogIntervalNs("3000000", self.c_str()), 1'500'000'000u);
  EXPECT_EQ(WatchdogIntervalNs("3000000", nullptr), 1'500'000'000u);
  EXPECT_EQ(WatchdogIntervalNs("3000000", "1"), 0u) << "another process's";
  EXPECT_EQ(WatchdogIntervalNs(nullptr, self.c_str()), 0u);
  EXPECT_EQ(WatchdogIntervalNs("", nullptr), 0u);
  EXPECT_EQ(WatchdogIntervalNs("soon", nullptr), 0u);
  EXPECT_EQ(WatchdogIntervalNs("18446744073709551615", nullptr), 0u);
}

}  // namespace
}  // namespace daybook
