// Lives lend their memory to later ones: nothing of them may stay in it.

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "lives/lives.h"
#include "lives/program_chain.h"

namespace daybook {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

template <class T>
std::string TextOf(const std::optional<T>& value) {
  if (!value) return "- ";
  std::ostringstream text;
  text << *value << ' ';
  return text.str();
}

std::string TextOf(const Image& image) {
  return std::to_string(image.since_ns) + " " + TextOf(image.exe) + TextOf(image.exe_bytes) +
         TextOf(image.args) + TextOf(image.args_bytes);
}

std::string TextOf(const ProgramChain& programs) {
  std::string text;
  for (const ProgramStart& start : programs.starts()) {
    text += std::to_string(start.since_ns) + " " + TextOf(start.identity.sid) +
            TextOf(start.identity.comm) + TextOf(start.cpu_us) + TextOf(start.count);
    if (start.image) text += TextOf(*start.image);
  }
  return text;
}

// All that a life tells of itself, its programs and its ancestors.
std::string TextOf(const Life& life) {
  std::string text = std::to_string(life.pid) + " " + std::to_string(life.start_ns) + " " +
                     std::to_string(life.flags) + " " +
                     std::to_string(static_cast<int>(life.state)) + " " +
                     std::to_string(static_cast<int>(life.proof)) + " " +
                     std::to_string(life.last_seen_ns) + (life.job_run ? " run" : "") +
                     (life.coarse_start ? " coarse " : " ") + (life.acct ? "acct " : "- ");
  text += TextOf(life.ppid) + TextOf(life.parent_start_ns) + TextOf(life.exit_ppid) +
          TextOf(life.birth_uid) + TextOf(life.birth_euid) + TextOf(life.execs) +
          TextOf(life.end_ns) + TextOf(life.wait_status);
  const Identity& identity = life.identity;
  text += TextOf(identity.uid) + TextOf(identity.euid) + TextOf(identity.gid) +
          TextOf(identity.sid) + TextOf(identity.tty) + TextOf(identity.cgroup_id) +
          TextOf(identity.comm);
  const Usage& usage = life.usage;
  text += TextOf(usage.cpu_us) + TextOf(usage.maxrss_kib) + TextOf(usage.minflt) +
          TextOf(usage.image_maxrss_kib) + TextOf(usage.read_bytes) + TextOf(usage.zombie_us);
  if (life.image) text += TextOf(*life.image);
  if (life.programs) text += TextOf(*life.programs);
  if (life.parent.get() != nullptr) text += "of " + TextOf(*life.parent.get());
  return text;
}

// Lives of some pids, with whatever their records may hold or lack.
class RandomRecords {
 public:
  explicit RandomRecords(uint32_t seed) : random_(seed) {}

  void GiveTo(LifeBuilder* builder) {
    const uint32_t pid = 2 + Below(30);
    now_ns_ += Below(kSecond);
    Process& process = processes_[pid];
    const uint32_t step = Below(6);
    if (process.start_ns == 0 || step == 0) {
      process.start_ns = now_ns_;
      const uint32_t ppid = 2 + Below(30);
      return builder->Take(Fork{.time_ns = now_ns_,
                                .pid = pid,
                                .ppid = ppid,
                                .parent_start_ns = processes_[ppid].start_ns,
                                .uid = Maybe(Below(9))});
    }
    if (step == 1) {
      return builder->Take(Acct{.time_ns = now_ns_, .pid = pid, .start_ns = process.start_ns});
    }
    if (step == 2) {
      return builder->Take(SnapProc{.pid = pid,
                                    .start_ns = process.start_ns,
                                    .flags = Below(2) == 0 ? kProcCoarseStart : 0,
                                    .tty = Maybe(Below(9)),
                                    .exe = MaybeText(),
                                    .args = MaybeText()});
    }
    if (step == 3) {
      builder->SetProof(Below(2) == 0 ? Proof::kSalvaged : Proof::kVerified);
      return builder->Take(Exit{.time_ns = now_ns_,
                                .pid = pid,
                                .start_ns = std::exchange(process.start_ns, 0),
                                .wait_status = Maybe(Below(9)),
                                .flags = Below(2) == 0 ? kProcUsageExact : 0,
                                .cgroup_id = Maybe<uint64_t>(Below(9)),
                                .cpu_us = Maybe<uint64_t>(Below(9)),
                                .comm = MaybeText(),
                                .image_maxrss_kib = Maybe<uint64_t>(Below(9)),
                                .read_bytes = Maybe<uint64_t>(Below(9)),
                                .zombie_us = Maybe<uint64_t>(Below(9))});
    }
    builder->Take(Exec{.time_ns = now_ns_,
                       .pid = pid,
                       .start_ns = process.start_ns,
                       .sid = Maybe(Below(9)),
                       .exe_bytes = Maybe<uint64_t>(Below(9)),
                       .exe = MaybeText(),
                       .args_bytes = Maybe<uint64_t>(Below(9)),
                       .args = MaybeText()});
  }

 private:
  struct Process {
    uint64_t start_ns = 0;
  };

  uint32_t Below(uint64_t limit) { return static_cast<uint32_t>(random_() % limit); }
  template <class T>
  std::optional<T> Maybe(T value) {
    return Below(2) == 0 ? std::optional(value) : std::nullopt;
  }
  std::optional<std::string_view> MaybeText() {
    text_.assign(1 + Below(40), static_cast<char>('a' + Below(26)));
    return Below(2) == 0 ? std::optional<std::string_view>(kept_.emplace_back(text_))
                         : std::nullopt;
  }

  std::mt19937 random_;
  uint64_t now_ns_ = kSecond;
  std::map<uint32_t, Process> processes_;
  std::string text_;
  std::deque<std::string> kept_;  // that records point to
};

// Who keeps lives keeps the builder from using their memory again.
TEST(LifeBuilderTest, LivesAreTheSameWhetherAnybodyKeepsThemOrNot) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    const auto programs =
        seed % 2 == 0 ? LifeBuilder::Programs::kKept : LifeBuilder::Programs::kAllKept;
    std::vector<Life> kept;
    std::vector<std::string> told_as_they_went;
    std::vector<std::string> told;
    LifeBuilder keeping(
        [&](const Life& life) {
          kept.push_back(life);
          told_as_they_went.push_back(TextOf(life));
        },
        programs);
    LifeBuilder dropping([&](const Life& life) { told.push_back(TextOf(life)); }, programs);
    for (LifeBuilder* const builder : {&keeping, &dropping}) {
      RandomRecords records(seed);
      for (int i = 0; i < 2000; ++i) records.GiveTo(builder);
      builder->Finish(LifeState::kRunning);
    }
    ASSERT_GT(told.size(), 100U);
    ASSERT_EQ(told, told_as_they_went) << seed;
    for (size_t i = 0; i < kept.size(); ++i) ASSERT_EQ(kept[i].pid, std::stoul(told[i]));
  }
}

}  // namespace
}  // namespace daybook
