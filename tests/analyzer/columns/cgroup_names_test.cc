#include "columns/cgroup_names.h"

#include <gtest/gtest.h>

#include <string>

namespace daybook {
namespace {

const std::string kId = "0123456789ab" + std::string(52, 'c');

TEST(CgroupNamesTest, TheInnermostServiceHolds) {
  EXPECT_EQ(ServiceOf("/system.slice/cron.service"), "cron.service");
  EXPECT_EQ(ServiceOf("/user.slice/user-1.slice/user@1.service/app.slice/x.service/a"),
            "x.service");
  EXPECT_EQ(ServiceOf("/user.slice/user-1.slice/user@1.service/init.scope"), "user@1.service");
  EXPECT_EQ(ServiceOf("/"), std::nullopt);
  EXPECT_EQ(ServiceOf(""), std::nullopt);
  EXPECT_EQ(ServiceOf("/system.slice/.service"), std::nullopt);
}

TEST(CgroupNamesTest, LoginSessions) {
  EXPECT_EQ(LoginSessionOf("/user.slice/user-1000.slice/session-c3.scope"), "c3");
  EXPECT_EQ(LoginSessionOf("/system.slice/cron.service"), std::nullopt);
  EXPECT_EQ(LoginSessionOf("/user.slice/session-.scope"), std::nullopt);
}

TEST(CgroupNamesTest, ContainersOfEachEngine) {
  EXPECT_EQ(ContainerOf("/system.slice/docker-" + kId + ".scope"), "0123456789ab");
  EXPECT_EQ(ContainerOf("/docker/" + kId), "0123456789ab");
  EXPECT_EQ(ContainerOf("/kubepods.slice/pod7.slice/cri-containerd-" + kId + ".scope/init"),
            "0123456789ab");
  EXPECT_EQ(ContainerOf("/system.slice/pod:cri-containerd:" + kId), "0123456789ab");
  EXPECT_EQ(ContainerOf("/machine.slice/machine-web.scope"), "web");
  EXPECT_EQ(ContainerOf("/lxc.payload.db/system.slice/cron.service"), "db");
  EXPECT_EQ(ContainerOf("/docker/" + kId + "0"), std::nullopt);
  EXPECT_EQ(ContainerOf("/user.slice/user-1000.slice"), std::nullopt);
}

}  // namespace
}  // namespace daybook
