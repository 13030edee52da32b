#include "namespaces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recorder/fake_proc.h"

namespace daybook {
namespace {

using testing::HasSubstr;

TEST(NamespacesTest, AProcThatDoesNotKnowUsIsAnothers) {
  const FakeProc proc;
  proc.Add(1);
  EXPECT_TRUE(CheckPidNamespace(proc.root())) << "nothing says that it is a /proc";
  proc.folder().Put("stat", "cpu 1\n");
  const Status checked = CheckPidNamespace(proc.root());
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message(),
              HasSubstr(proc.root() + " is that of another pid namespace"));
}

TEST(NamespacesTest, AnotherNamespaceIsKnownByItsNumber) {
  const FakeProc proc;
  proc.folder().Put("stat", "cpu 1\n");
  proc.folder().Put("self/ns/pid", "");
  const Status checked = CheckPidNamespace(proc.root());
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message(),
              HasSubstr("in the host's pid namespace, and this is another"));
}

}  // namespace
}  // namespace daybook
