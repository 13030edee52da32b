// Lives that one record tells, beside what their parts give.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/life_records.h"
#include "daybook/abilities.h"
#include "lives/lives.h"
#include "support/a_life.h"

namespace daybook {
namespace {

using testing::Optional;

class WholeLifeTakenTest : public testing::Test {
 protected:
  template <class... Records>
  void Take(const Records&... records) {
    (builder_.Take(records), ...);
  }

  std::vector<Life> lives_;
  LifeBuilder builder_{[this](const Life& life) { lives_.push_back(life); }};
};

void ExpectSameLife(const Life& a, const Life& b) {
  EXPECT_EQ(a.pid, b.pid);
  EXPECT_EQ(a.start_ns, b.start_ns);
  EXPECT_EQ(a.ppid, b.ppid);
  EXPECT_EQ(a.parent_start_ns, b.parent_start_ns);
  EXPECT_EQ(a.exit_ppid, b.exit_ppid);
  EXPECT_EQ(a.flags, b.flags);
  EXPECT_EQ(a.identity.euid, b.identity.euid);
  EXPECT_EQ(a.identity.cgroup_id, b.identity.cgroup_id);
  EXPECT_EQ(a.identity.comm, b.identity.comm);
  EXPECT_EQ(a.birth_uid, b.birth_uid);
  EXPECT_EQ(a.birth_euid, b.birth_euid);
  EXPECT_EQ(a.execs, b.execs);
  EXPECT_EQ(a.state, b.state);
  EXPECT_EQ(a.end_ns, b.end_ns);
  EXPECT_EQ(a.wait_status, b.wait_status);
  EXPECT_EQ(a.usage.cpu_us, b.usage.cpu_us);
  EXPECT_EQ(a.usage.write_bytes, b.usage.write_bytes);
  EXPECT_EQ(a.usage.zombie_us, b.usage.zombie_us);
  EXPECT_EQ(a.last_seen_ns, b.last_seen_ns);
  const auto key_of = [](const Life* life) {
    return life == nullptr ? std::pair(0U, uint64_t{0}) : std::pair(life->pid, life->start_ns);
  };
  EXPECT_EQ(key_of(a.parent.get()), key_of(b.parent.get()));
  EXPECT_EQ(a.proof, b.proof);
  EXPECT_EQ(a.identity.uid, b.identity.uid);
  EXPECT_EQ(a.identity.gid, b.identity.gid);
  EXPECT_EQ(a.identity.sid, b.identity.sid);
  EXPECT_EQ(a.identity.tty, b.identity.tty);
  EXPECT_EQ(a.usage.utime_us, b.usage.utime_us);
  EXPECT_EQ(a.usage.stime_us, b.usage.stime_us);
  EXPECT_EQ(a.usage.maxrss_kib, b.usage.maxrss_kib);
  EXPECT_EQ(a.usage.image_maxrss_kib, b.usage.image_maxrss_kib);
  EXPECT_EQ(a.usage.minflt, b.usage.minflt);
  EXPECT_EQ(a.usage.majflt, b.usage.majflt);
  EXPECT_EQ(a.usage.nvcsw, b.usage.nvcsw);
  EXPECT_EQ(a.usage.nivcsw, b.usage.nivcsw);
  EXPECT_EQ(a.usage.rchar_bytes, b.usage.rchar_bytes);
  EXPECT_EQ(a.usage.wchar_bytes, b.usage.wchar_bytes);
  EXPECT_EQ(a.usage.read_bytes, b.usage.read_bytes);
  ASSERT_EQ(a.image != nullptr, b.image != nullptr);
  if (!a.image) return;
  EXPECT_EQ(a.image->since_ns, b.image->since_ns);
  EXPECT_EQ(a.image->args, b.image->args);
  EXPECT_EQ(a.image->exe, b.image->exe);
  EXPECT_EQ(a.image->exe_bytes, b.image->exe_bytes);
  EXPECT_EQ(a.image->args_bytes, b.image->args_bytes);
}

TEST_F(WholeLifeTakenTest, OneRecordOfAWholeLifeIsTheSameLifeAsThree) {
  const uint64_t start_ns = 10 * kSecond;
  LifeParts exec_left_out = ALife(42, start_ns);
  exec_left_out.exec.reset();
  for (const LifeParts& parts :
       {ALife(42, start_ns), ALifeWithoutExec(42, start_ns), exec_left_out}) {
    for (const bool is_joined : {false, true}) {
      builder_ = LifeBuilder([this](const Life& life) { lives_.push_back(life); });
      Take(ForkAt(kSecond, 7));  // another one that lives on
      Fork parent = ForkAt(2 * kSecond, 7);
      parent.time_ns = *parts.exit.parent_start_ns;
      Take(parent, Exec{.time_ns = parent.time_ns + kMs,
                        .pid = 7,
                        .start_ns = parent.time_ns,
                        .exe = "/bin/sh"});
      if (is_joined) {
        Take(*Join(parts));
      } else {
        Take(parts.fork);
        if (parts.exec) Take(*parts.exec);
        Take(parts.exit);
      }
    }
    ASSERT_EQ(lives_.size(), 2U);
    EXPECT_NE(lives_[0].parent.get(), nullptr);
    ExpectSameLife(lives_[0], lives_[1]);
    EXPECT_EQ(lives_[1].image == nullptr, !lives_[1].execs);
    lives_.clear();
  }
}

// Few pids, used again and again, with snapshots, reaps and repeated records between: every way in
// which a whole life can meet others.
class WholeLivesTest : public testing::TestWithParam<uint32_t> {
 protected:
  struct Joined {
    explicit Joined(bool takes_whole_lives) : takes_whole(takes_whole_lives) {}
    void Take(const LifeParts& parts) {
      if (takes_whole) return builder.Take(*Join(parts));
      builder.Take(parts.fork);
      if (parts.exec) builder.Take(*parts.exec);
      builder.Take(parts.exit);
    }

    bool takes_whole;
    std::vector<Life> lives;
    LifeBuilder builder{[this](const Life& life) { lives.push_back(life); }};
  };

  template <class Function>
  void Both(Function&& function) {
    function(parts_);
    function(whole_);
  }
  uint64_t Below(uint64_t limit) { return random_() % limit; }
  uint32_t APid() { return 10 + static_cast<uint32_t>(Below(4)); }
  LifeParts ALeaf();
  void Step();

  std::mt19937_64 random_{GetParam()};
  uint64_t now_ns_ = 100 * kSecond;
  uint64_t parent_start_ns_ = kSecond;
  LifeParts last_ = ALife(10, kSecond);
  Joined parts_{false};
  Joined whole_{true};
};

LifeParts WholeLivesTest::ALeaf() {
  const uint64_t start_ns = now_ns_ - Below(3) * kSecond;  // perhaps told late
  LifeParts parts = Below(2) == 0 ? ALife(APid(), start_ns) : ALifeWithoutExec(APid(), start_ns);
  if (Below(3) == 0) parts.exit.flags &= ~kProcUsageExact;
  if (Below(3) == 0) parts.exit.flags &= ~kProcNeverExeced;
  if (Below(2) == 0) {
    parts.fork.ppid = APid();
    parts.exit.ppid = parts.fork.ppid;
    parts.fork.parent_start_ns = parts.exit.parent_start_ns = parent_start_ns_;
  }
  return parts;
}

void WholeLivesTest::Step() {
  now_ns_ += Below(4) == 0 ? 6 * kSecond : kMs * (1 + Below(500));
  switch (Below(8)) {
    case 0: {
      const Fork fork = ForkAt(now_ns_, APid());
      parent_start_ns_ = now_ns_;
      return Both([&](Joined& joined) { joined.builder.Take(fork); });
    }
    case 1: {
      const SnapProc living =
          SnapAt(now_ns_ - Below(2) * kSecond, APid(), Below(2) == 0 ? kProcCoarseStart : 0U);
      return Both([&](Joined& joined) {
        joined.builder.Take(SnapBegin{.time_ns = now_ns_});
        joined.builder.Take(living);
        joined.builder.Take(SnapEnd{.time_ns = now_ns_ + kMs, .process_count = 1});
      });
    }
    case 2: {
      const Reap reap{.time_ns = now_ns_,
                      .pid = last_.exit.pid,
                      .start_ns = last_.exit.start_ns,
                      .flags = kProcUsageExact,
                      .cpu_us = 99};
      return Both([&](Joined& joined) { joined.builder.Take(reap); });
    }
    case 3:
      return Both([&](Joined& joined) { joined.Take(last_); });
    default:
      last_ = ALeaf();
      return Both([&](Joined& joined) { joined.Take(last_); });
  }
}

TEST_P(WholeLivesTest, AreTheSameLivesAsTheirParts) {
  for (int step = 0; step < 400; ++step) Step();
  Both([](Joined& joined) { joined.builder.Finish(LifeState::kRunning); });
  ASSERT_EQ(parts_.lives.size(), whole_.lives.size());
  for (size_t i = 0; i < parts_.lives.size(); ++i) {
    SCOPED_TRACE("life " + std::to_string(i));
    ExpectSameLife(parts_.lives[i], whole_.lives[i]);
    if (HasFailure()) return;
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, WholeLivesTest, testing::Range(0U, 50U));

TEST_F(WholeLifeTakenTest, AWholeLifeThatIsReapedLaterWaitsForItsReap) {
  Take(Recorder{.event = RecorderEvent::kStart, .abilities = kTellsReaps});
  LifeParts parts = ALife(42, 10 * kSecond);
  parts.exit.flags &= ~kProcUsageExact;
  Take(*Join(parts));
  EXPECT_TRUE(lives_.empty());
  Take(Reap{.time_ns = 11 * kSecond, .pid = 42, .start_ns = 10 * kSecond, .cpu_us = 77});
  ASSERT_EQ(lives_.size(), 1U);
  EXPECT_THAT(lives_[0].usage.cpu_us, Optional(77U));
}

TEST_F(WholeLifeTakenTest, AWholeLifeThatIsToldTwiceIsOne) {
  const WholeLife life = *Join(ALife(42, 10 * kSecond));
  Take(life, life);
  builder_.Finish(LifeState::kRunning);
  EXPECT_EQ(lives_.size(), 1U);
}

}  // namespace
}  // namespace daybook
