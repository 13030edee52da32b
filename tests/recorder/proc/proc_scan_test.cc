#include "proc/proc_scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cerrno>

#include "recorder/fake_proc.h"

namespace daybook {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Optional;
using testing::StartsWith;
using testing::UnorderedElementsAre;
using std::string_view_literals::operator""sv;

constexpr uint64_t kTickNs = 10'000'000;  // USER_HZ is 100 everywhere

// ---- /proc/PID/stat ----

TEST(ProcStatTest, FieldsByTheirNumbers) {
  const std::string line = StatLine(42, {.comm = "bash",
                                         .state = 'R',
                                         .ppid = 7,
                                         .sid = 9,
                                         .tty_nr = 34819,
                                         .flags = 0x400100,
                                         .threads = 3,
                                         .start_ticks = 12345});
  const auto stat = ParseProcStat(line);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->pid, 42u);
  EXPECT_EQ(stat->comm, "bash");
  EXPECT_EQ(stat->state, 'R');
  EXPECT_EQ(stat->ppid, 7u);
  EXPECT_EQ(stat->sid, 9u);
  EXPECT_EQ(stat->tty, 136u << 20 | 3);
  EXPECT_EQ(stat->flags, kProcSuperuser);
  EXPECT_EQ(stat->threads, 3u);
  EXPECT_EQ(stat->start_ns, 12345 * kTickNs);
}

TEST(ProcStatTest, ATaskNameMayHoldAnyByte) {
  for (const std::string_view comm :
       {"", "a b", "(", ")", ") R 1 (", "(a) (b) c", "a\nb", "\xff\xfe", ") S 5 6"}) {
    const std::string line = StatLine(42, {.comm = std::string(comm), .ppid = 7});
    const auto stat = ParseProcStat(line);
    ASSERT_TRUE(stat) << comm;
    EXPECT_EQ(stat->comm, comm);
    EXPECT_EQ(stat->ppid, 7u) << comm;
  }
}

TEST(ProcStatTest, FlagsSayKernelThreadAndNeverExeced) {
  EXPECT_EQ(ParseProcStat(StatLine(2, {.flags = 0x208040}))->flags,
            kProcKernelThread | kProcNeverExeced);
}

TEST(ProcStatTest, EveryTruncationBeforeTheStartTimeIsRefused) {
  const std::string line = StatLine(42, {.comm = "a b", .start_ticks = 5});
  const size_t start = line.rfind(" 5 ");
  for (size_t size = 0; size <= start; ++size) {
    EXPECT_FALSE(ParseProcStat(line.substr(0, size))) << line.substr(0, size);
  }
  EXPECT_TRUE(ParseProcStat(line.substr(0, start + 2)));
}

TEST(ProcStatTest, WhatIsNoStatLineIsRefused) {
  for (const char* text :
       {"", "\n", "42", "42 ()", "x (a) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5",
        "42 (a) S -1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5",
        "42 (a) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 x",
        "42 ) S (a 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5"}) {
    EXPECT_FALSE(ParseProcStat(text)) << text;
  }
}

TEST(ProcStatTest, FlippedBitsDoNoHarm) {
  const std::string line = StatLine(42, {.comm = "a b", .tty_nr = 34819});
  for (size_t at = 0; at < line.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = line;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      (void)ParseProcStat(flipped);
      (void)ParseProcStatus(flipped);
    }
  }
}

// ---- /proc/PID/status and terminals ----

TEST(ProcStatusTest, IdsOfBothLines) {
  const auto ids = ParseProcStatus(FakeProc::kStatus);
  ASSERT_TRUE(ids);
  EXPECT_EQ(ids->uid, 1u);
  EXPECT_EQ(ids->euid, 2u);
  EXPECT_EQ(ids->suid, 3u);
  EXPECT_EQ(ids->gid, 5u);
  EXPECT_EQ(ids->egid, 6u);
  EXPECT_EQ(ids->sgid, 7u);
}

TEST(ProcStatusTest, ANameThatLooksLikeALineIsNone) {
  const auto ids =
      ParseProcStatus("Name:\tUid: 9 9 9\\nUid:\t8\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n");
  ASSERT_TRUE(ids);
  EXPECT_EQ(ids->uid, 1u);
}

TEST(ProcStatusTest, MissingOrDamagedLinesAreRefused) {
  for (const char* text :
       {"", "Name:\tx\n", "\nUid:\t1\t2\t3\t4\n", "\nUid:\t1\t2\nGid:\t1\t2\t3\n",
        "\nUid:\t1\tx\t3\n\nGid:\t1\t2\t3\n", "\nUid:\t4294967296\t2\t3\n\nGid:\t1\t2\t3\n"}) {
    EXPECT_FALSE(ParseProcStatus(text)) << text;
  }
}

TEST(TtyTest, MajorAndMinorFromTheirBits) {
  EXPECT_EQ(ParseTty(0), 0u);
  EXPECT_EQ(ParseTty(1025), 4u << 20 | 1);                    // tty1
  EXPECT_EQ(ParseTty(136 << 8 | 255), 136u << 20 | 255);      // pts/255
  EXPECT_EQ(ParseTty(1 << 20 | 136 << 8), 136u << 20 | 256);  // a minor of more than 8 bits
}

// ---- Whole processes ----

class ScanTest : public testing::Test {
 protected:
  std::optional<ScannedProcess> Scan(uint32_t pid) const {
    return ScanProcess({.root = proc_.root(), .args_limit = 8}, pid);
  }

  FakeProc proc_;
};

TEST_F(ScanTest, ListsFoldersThatAreNumbers) {
  proc_.Add(1);
  proc_.Add(4711);
  for (const char* other :
       {"self/stat", "1x/stat", "x1/stat", "-1/stat", "version", "99999999999"}) {
    proc_.folder().Put(other, "");
  }
  EXPECT_THAT(*ListProcesses(proc_.root()), UnorderedElementsAre(1, 4711));
}

TEST_F(ScanTest, AFolderThatCannotBeListedIsAnError) {
  const auto pids = ListProcesses(proc_.folder() / "none");
  ASSERT_FALSE(pids);
  EXPECT_THAT(pids.error().message(), testing::HasSubstr("none: No such file"));
}

TEST_F(ScanTest, AProcessWithAllThatItHas) {
  proc_.Add(42, {.comm = "a) b\n", .ppid = 7, .sid = 9, .tty_nr = 34819, .flags = 0x100},
            "ls\0-l\0"sv);
  proc_.Link(42, "exe", "/bin/ls (deleted)");
  const auto process = Scan(42);
  ASSERT_TRUE(process);
  const SnapProc record = process->record();
  EXPECT_EQ(record.pid, 42u);
  EXPECT_EQ(record.start_ns, 100 * kTickNs);
  EXPECT_EQ(record.flags, kProcSuperuser | kProcCoarseStart);
  EXPECT_THAT(record.ppid, Optional(7));
  EXPECT_EQ(record.parent_start_ns, std::nullopt);
  EXPECT_THAT(record.uid, Optional(1));
  EXPECT_THAT(record.sgid, Optional(7));
  EXPECT_THAT(record.sid, Optional(9));
  EXPECT_THAT(record.tty, Optional(136u << 20 | 3));
  EXPECT_EQ(record.login_uid, std::nullopt);
  EXPECT_THAT(record.comm, Optional("a) b\n"sv));
  EXPECT_THAT(record.exe, Optional("/bin/ls (deleted)"sv));
  EXPECT_THAT(record.args, Optional("ls\0-l\0"sv));
  EXPECT_THAT(record.args_bytes, Optional(6));
}

TEST_F(ScanTest, AKernelThreadHasNeitherProgramNorArguments) {
  proc_.Add(2, {.comm = "kthreadd", .flags = 0x208040});
  const auto process = Scan(2);
  ASSERT_TRUE(process);
  EXPECT_TRUE(process->fields.flags & kProcKernelThread);
  EXPECT_EQ(process->record().exe, std::nullopt);
  EXPECT_EQ(process->record().args, std::nullopt);
  EXPECT_EQ(process->record().args_bytes, std::nullopt);
}

TEST_F(ScanTest, ArgumentsAreCutAndTheirLengthIsTrue) {
  const std::string args(100'000, 'x');
  proc_.Add(42, {}, args);
  EXPECT_THAT(Scan(42)->args, Optional(std::string("xxxxxxxx")));
  EXPECT_THAT(Scan(42)->fields.args_bytes, Optional(100'000));
  const auto none = ScanProcess({.root = proc_.root(), .args_limit = 0}, 42);
  EXPECT_EQ(none->args, std::nullopt);
  EXPECT_THAT(none->fields.args_bytes, Optional(100'000));
  EXPECT_EQ(ScanProcess({.root = proc_.root()}, 42)->fields.args_bytes, std::nullopt);
}

TEST_F(ScanTest, TheFirstArgumentAlone) {
  proc_.Add(42, {}, "ls\0-l\0"sv);
  const ProcScanOptions options{.root = proc_.root(), .args_limit = 8, .first_arg_only = true};
  EXPECT_THAT(ScanProcess(options, 42)->args, Optional(std::string("ls\0"sv)));
}

TEST_F(ScanTest, AFirstArgumentThatIsCutIsKeptAsFarAsItGoes) {
  proc_.Add(42, {}, "longer than the limit");
  const ProcScanOptions options{.root = proc_.root(), .args_limit = 8, .first_arg_only = true};
  EXPECT_THAT(ScanProcess(options, 42)->args, Optional(std::string("longer t")));
}

TEST_F(ScanTest, ALoginIsKnown) {
  proc_.Add(42);
  proc_.Put(42, "loginuid", "1000");
  EXPECT_THAT(Scan(42)->fields.login_uid, Optional(1000));
  proc_.Remove(42, "loginuid");  // a kernel without audit
  EXPECT_EQ(Scan(42)->fields.login_uid, std::nullopt);
}

TEST_F(ScanTest, ZombiesAreOverUnlessThreadsRunOn) {
  proc_.Add(5, {.state = 'Z'});
  proc_.Add(6, {.state = 'Z', .threads = 2});
  proc_.Add(7, {.state = 'X'});
  EXPECT_FALSE(Scan(5));
  EXPECT_TRUE(Scan(6));
  EXPECT_FALSE(Scan(7));
}

TEST_F(ScanTest, WhoVanishesIsNothing) {
  EXPECT_FALSE(Scan(42));
  proc_.Add(42);
  proc_.Remove(42, "status");
  EXPECT_FALSE(Scan(42));
  proc_.Add(43);
  proc_.Remove(43, "stat");
  EXPECT_FALSE(Scan(43));
  proc_.Add(44);
  proc_.Remove(44, "cmdline");  // between two reads
  EXPECT_TRUE(Scan(44));
}

TEST_F(ScanTest, MalformedFilesAreNothing) {
  proc_.Add(42);
  for (const char* text : {"", "42 (x) S", "nonsense"}) {
    proc_.Put(42, "stat", text);
    EXPECT_FALSE(Scan(42)) << text;
  }
  proc_.Add(43);
  proc_.Put(43, "status", "Name:\tx\n");
  EXPECT_FALSE(Scan(43));
}

TEST_F(ScanTest, AnExactStartReplacesACoarseOneIfItCanBeTheSame) {
  proc_.Add(42);
  for (const uint64_t other : {100 * kTickNs - 1, 101 * kTickNs}) {
    auto process = Scan(42);
    process->RefineStart(other);
    EXPECT_EQ(process->fields.start_ns, 100 * kTickNs);
    EXPECT_TRUE(process->fields.flags & kProcCoarseStart);
  }
  for (const uint64_t exact : {100 * kTickNs, 101 * kTickNs - 1}) {
    auto process = Scan(42);
    process->RefineStart(exact);
    EXPECT_EQ(process->fields.start_ns, exact);
    EXPECT_FALSE(process->fields.flags & kProcCoarseStart);
  }
}

TEST(ScanRealProcTest, ThisProcess) {
  const auto self = ScanProcess({.args_limit = 4096}, static_cast<uint32_t>(getpid()));
  ASSERT_TRUE(self);
  EXPECT_THAT(self->fields.ppid, Optional(getppid()));
  EXPECT_THAT(self->fields.euid, Optional(geteuid()));
  EXPECT_FALSE(self->fields.flags & kProcNeverExeced);
  EXPECT_THAT(self->args.value_or(""), testing::Not(IsEmpty()));
}

TEST(ProcShowsOthersTest, TooFewDescriptorsHideNothing) {
  const FakeProc proc;
  proc.Add(1);
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const Status shown = CheckShowsOthers("all", proc.root());
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_FALSE(shown);
  EXPECT_EQ(shown.error().error_number(), EMFILE);
}

TEST(ProcShowsOthersTest, WithHidepidTheFirstProcessIsNotThere) {
  const FakeProc proc;
  proc.Add(1);
  proc.Add(4711);
  EXPECT_TRUE(CheckShowsOthers("all", proc.root()));
  proc.Remove(1, "status");
  const Status hidden = CheckShowsOthers("something is missing", proc.root());
  ASSERT_FALSE(hidden);
  EXPECT_THAT(hidden.error().message(),
              AllOf(StartsWith(proc.root()), HasSubstr("(hidepid): something is missing; "),
                    HasSubstr("gid=")));
}

}  // namespace
}  // namespace daybook
