// Paths and arguments are bytes as the kernel had them.

#include <sys/prctl.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "live/support/live_test.h"

namespace daybook {
namespace {

using testing::Optional;
using testing::SizeIs;
using std::string_literals::operator""s;
using std::string_view_literals::operator""sv;

constexpr size_t kArgsLimit = 1024;

class StringsTest : public RecordedTest {
 protected:
  // The only exec of a child that becomes that program; the log is read here.
  Exec ExecOf(const std::string& path, const std::vector<std::string>& arguments) {
    const pid_t pid = Spawn([&] { Become(path, arguments); });
    EXPECT_EQ(WaitFor(pid).status, 0);
    const Life life = LifeOf(Stop(), pid);
    EXPECT_THAT(life.execs, SizeIs(1));
    return life.execs.at(0);
  }

  TempFolder files_;
};

TEST_F(StringsTest, AnyByteMayBeInThem) {
  const std::string path = files_ / "new\nline \xff\xfe\x1b[2J and more";
  std::filesystem::copy_file("/bin/true", path);
  const Exec exec = ExecOf(path, {"a\nb", "\xc3\x28\xff", "", "last"});
  EXPECT_THAT(exec.exe, Optional(std::string_view(path)));
  EXPECT_THAT(exec.comm, Optional("new\nline \xff\xfe\x1b[2J"sv)) << "15 bytes";
  EXPECT_THAT(exec.args, Optional("a\nb\0\xc3\x28\xff\0\0last\0"sv));
}

TEST_F(StringsTest, ArgumentsAreCutAndTheirLengthIsTrue) {
  const std::string large(100'000, 'x');
  const Exec exec = ExecOf("/bin/true", {"true", large});
  EXPECT_THAT(exec.args_bytes, Optional(5 + large.size() + 1));
  const std::string kept = "true" + std::string(1, '\0') + large;
  EXPECT_THAT(exec.args, Optional(std::string_view(kept).substr(0, kArgsLimit)));
}

TEST_F(StringsTest, AProgramMayHaveNoArguments) {
  const Exec exec = ExecOf("/bin/true", {});
  ASSERT_TRUE(exec.args);
  EXPECT_THAT(exec.args_bytes, Optional(exec.args->size()));
  // Since 5.18 the kernel gives it an empty one.
  EXPECT_TRUE(exec.args->empty() || *exec.args == "\0"sv);
}

TEST_F(StringsTest, ALongPathIsWhole) {
  std::string folder;
  for (const char letter : {'a', 'b', 'c', 'd'}) folder += std::string(200, letter) + "/";
  files_.Put(folder + "file", "");
  const std::string path = files_ / (folder + "true");
  std::filesystem::copy_file("/bin/true", path);
  const Exec exec = ExecOf(path, {"true"});
  EXPECT_THAT(exec.exe, Optional(std::string_view(path)));
  EXPECT_THAT(exec.exe_bytes, Optional(path.size()));
}

TEST_F(StringsTest, AScriptIsItsOwnPathAndItsInterpretersFile) {
  const std::string path = files_ / "script";
  files_.Put("script", "#!/bin/sh\nexit 0\n");
  std::filesystem::permissions(path, std::filesystem::perms::all);
  const Exec exec = ExecOf(path, {"script", "x"});
  EXPECT_THAT(exec.exe, Optional(std::string_view(path)));
  EXPECT_THAT(exec.comm, Optional("script"sv));
  const std::string arguments =
      "/bin/sh" + std::string(1, '\0') + path + std::string(1, '\0') + "x" + std::string(1, '\0');
  EXPECT_THAT(exec.args, Optional(std::string_view(arguments)));
}

class NoArgsTest : public StringsTest {
 protected:
  NoArgsTest() { recorder_options_ = {"--args", "none"}; }
};

TEST_F(NoArgsTest, OnlyTheirLengthIsKept) {
  const Exec exec = ExecOf("/bin/true", {"true", "secret"});
  EXPECT_EQ(exec.args, std::nullopt);
  EXPECT_THAT(exec.args_bytes, Optional(12));
}

class FirstArgTest : public StringsTest {
 protected:
  FirstArgTest() { recorder_options_ = {"--args", "argv0"}; }
};

TEST_F(FirstArgTest, OnlyTheFirstIsKept) {
  const Exec exec = ExecOf("/bin/true", {"true", "secret"});
  EXPECT_THAT(exec.args, Optional("true\0"sv));
  EXPECT_THAT(exec.args_bytes, Optional(12));
}

// The bytes of all files of the log.
std::string RawLog(const std::string& folder) {
  std::string bytes;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    std::ifstream stream(file.path(), std::ios::binary);
    bytes.append(std::istreambuf_iterator<char>(stream), {});
  }
  return bytes;
}

class SecretTest : public StringsTest {
 protected:
  SecretTest() { recorder_options_ = {"--compress", "none", "--mask", "frob", "--args-max", "64"}; }
};

// Of an exec and of a process that was there before, whole and cut.
TEST_F(SecretTest, NoByteOfASecretIsInTheLog) {
  const Exec exec =
      ExecOf("/bin/true", {"true", "--password=Hokuspokus", "--frob", "Simsalabim",
                           "http://me:Abrakadabra" + std::string(100, 'y') + "@host"});
  EXPECT_THAT(exec.args, Optional("true\0--password=***\0--frob\0***\0http://me:***"sv));
  EXPECT_THAT(exec.args_bytes, Optional(5 + 22 + 7 + 11 + 10 + 11 + 100 + 6));
  const std::string log = RawLog(folder());
  EXPECT_NE(log.find("--password=***"), log.npos);
  for (const char* secret : {"Hokus", "Simsa", "Abra"}) EXPECT_EQ(log.find(secret), log.npos);
}

class LivingSecretTest : public LiveTest {};

TEST_F(LivingSecretTest, NorThatOfAProcessThatWasThereBefore) {
  const pid_t pid = Spawn([] {
    Become("/bin/sh", {"sh", "-c", "kill -STOP $$", "--token=Hokuspokus"});
  });
  ASSERT_EQ(waitpid(pid, nullptr, WUNTRACED), pid);
  TempFolder temp;
  Daybookd recorder(temp / "log", {"--compress", "none"});
  EXPECT_EQ(recorder.Stop(), 0);
  kill(pid, SIGKILL);
  WaitFor(pid);
  const std::string log = RawLog(temp / "log");
  EXPECT_NE(log.find("--token=***"), log.npos);
  EXPECT_EQ(log.find("Hokus"), log.npos);
}

// As a snapshot has those that were there before.
class LivingArgsTest : public LiveTest {
 protected:
  // Of a child that was stopped by its own doing, which ends here. The log is read here.
  SnapProc ShownOf(pid_t pid, const std::vector<std::string>& recorder_options = {}) {
    EXPECT_EQ(waitpid(pid, nullptr, WUNTRACED), pid);
    Daybookd recorder(temp_ / "log", recorder_options);
    EXPECT_EQ(recorder.Stop(), 0);
    kill(pid, SIGKILL);
    WaitFor(pid);
    log_ = ReadLog(temp_ / "log");
    for (const SnapProc& process : log_.All<SnapProc>()) {
      if (process.pid == static_cast<uint32_t>(pid)) return process;
    }
    ADD_FAILURE() << "not shown";
    return {};
  }

  pid_t SpawnStopped() {
    return Spawn([] { Become("/bin/sh", {"sh", "-c", "kill -STOP $$", std::string(3000, 'x')}); });
  }
  static constexpr size_t kTrueLength = 3 + 3 + 14 + 3001;

  TempFolder temp_;
  KeptLog log_;
};

TEST_F(LivingArgsTest, TheyAreCutAndTheirLengthIsTrue) {
  const SnapProc shown = ShownOf(SpawnStopped());
  const std::string kept = "sh\0-c\0kill -STOP $$\0"s + std::string(3000, 'x');
  EXPECT_THAT(shown.args, Optional(std::string_view(kept).substr(0, kArgsLimit)));
  EXPECT_THAT(shown.args_bytes, Optional(kTrueLength));
}

TEST_F(LivingArgsTest, TheFirstAloneIsKeptOnRequest) {
  const SnapProc shown = ShownOf(SpawnStopped(), {"--args", "argv0"});
  EXPECT_THAT(shown.args, Optional("sh\0"sv));
  EXPECT_THAT(shown.args_bytes, Optional(kTrueLength));
}

TEST_F(LivingArgsTest, NoneAreKeptOnRequest) {
  const SnapProc shown = ShownOf(SpawnStopped(), {"--args", "none"});
  EXPECT_EQ(shown.args, std::nullopt);
  EXPECT_THAT(shown.args_bytes, Optional(kTrueLength));
}

TEST_F(StringsTest, ANameThatAProcessGivesItselfIsThatOfItsEnd) {
  const pid_t pid = Spawn([] { prctl(PR_SET_NAME, "a) b\n\xff 0123456789"); });
  WaitFor(pid);
  EXPECT_THAT(LifeOf(Stop(), pid).exit.comm, Optional("a) b\n\xff 01234567"sv));
}

}  // namespace
}  // namespace daybook
