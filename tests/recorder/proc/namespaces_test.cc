#include "proc/namespaces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recorder/fake_proc.h"

namespace daybook {
namespace {

using testing::HasSubstr;

TEST(NamespacesTest, AProcThatDoesNotKnowUsIsAnothers) {
  const FakeProc proc;
  proc.Add(1);
  EXPECT_TRUE(CheckNamespaces(proc.root())) << "nothing says that it is a /proc";
  proc.folder().Put("stat", "cpu 1\n");
  const Status checked = CheckNamespaces(proc.root());
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message(),
              HasSubstr(proc.root() + " is that of another pid namespace"));
}

TEST(NamespacesTest, AnotherPidNamespaceIsKnownByItsNumber) {
  const FakeProc proc;
  proc.folder().Put("stat", "cpu 1\n");
  proc.folder().Put("self/ns/pid", "");
  const Status checked = CheckNamespaces(proc.root());
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message(),
              HasSubstr("in the host's pid namespace, and this is another"));
}

// Where the kernel knows none, there is no such file.
TEST(NamespacesTest, AnotherTimeNamespaceHasOtherClocks) {
  const FakeProc proc;
  proc.folder().Put("stat", "cpu 1\n");
  proc.folder().Put("self/comm", "");
  EXPECT_TRUE(CheckNamespaces(proc.root()));
  proc.folder().Put("self/ns/time", "");
  const Status checked = CheckNamespaces(proc.root());
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message(), HasSubstr("of the host's time namespace, and this is"));
}

}  // namespace
}  // namespace daybook
