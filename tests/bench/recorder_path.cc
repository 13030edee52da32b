// What the recorder itself does of a storm, without the kernel: lives as its hooks would tell them
// stand in a ring, and the recorder's loop takes them from there into a log, as daybookd does but
// for syncs. Prints the ns of CPU and the bytes of the log that one of them took. The same numbers
// make the same events, so that two versions can be held against each other by what valgrind's
// callgrind counts of them.
//   recorder_path FOLDER LIVES [exec]      by fork and exit, or with a program between
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "args/kept_args.h"
#include "bpf_source/bpf_decode.h"
#include "bpf_source/ring_buffer.h"
#include "recorder.h"
#include "system/clocks.h"

namespace daybook {
namespace {

// What two CPUs bear in the quarter of a second between two drains.
constexpr uint64_t kLivesPerDrain = 5'000;
constexpr size_t kRingBytes = size_t{16} << 20;
constexpr size_t kMostDrainBytes = kRingBytes / 4;
// The kernel frees processes some milliseconds after they were reaped, many at once.
constexpr uint64_t kLivesPerReaping = 100;

// A path, and the arguments behind it.
constexpr std::string_view kExe = "/usr/bin/x86_64-linux-gnu-as";
constexpr std::string_view kStrings(
    "/usr/bin/x86_64-linux-gnu-as"
    "as\0--64\0-o\0main.o\0/tmp/ccJq2.s",
    kExe.size() + 30);
constexpr size_t kArgsBytes = kStrings.size() - kExe.size();

uint64_t CpuNs() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<uint64_t>(used.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(used.tv_nsec);
}

// The kernel's side of a ring: it is never full.
class Ring {
 public:
  // Twice as long, instead of mapped twice: a batch begins at its begin, and fits.
  Ring() : data_(kRingBytes / sizeof(uint64_t)) {}

  RingReader reader() { return RingReader(&consumed_, &produced_, Bytes(), kRingBytes); }

  template <class KernelEvent>
  void Add(KernelEvent event, std::string_view strings = {}) {
    const auto bytes = static_cast<uint32_t>(sizeof(event) + strings.size());
    event.header.bytes = bytes;
    std::byte* const record = Bytes() + Place();
    std::memcpy(record, &bytes, sizeof(bytes));
    std::memcpy(record + kHeaderBytes, &event, sizeof(event));
    std::memcpy(record + kHeaderBytes + sizeof(event), strings.data(), strings.size());
    produced_ += (kHeaderBytes + bytes + 7) / 8 * 8;
  }

  // The rest up to the ring's end, where the next drain may have no room, is left out, as what the
  // kernel has begun and not told.
  void EndDrain() {
    if (kRingBytes - Place() > kMostDrainBytes) return;
    constexpr uint32_t kDiscardBit = 1u << 30;
    const auto length = static_cast<uint32_t>(kRingBytes - Place() - kHeaderBytes) | kDiscardBit;
    std::memcpy(Bytes() + Place(), &length, sizeof(length));
    produced_ += kRingBytes - Place();
  }

 private:
  static constexpr size_t kHeaderBytes = 8;

  std::byte* Bytes() { return reinterpret_cast<std::byte*>(data_.data()); }
  size_t Place() const { return produced_ % kRingBytes; }

  std::vector<uint64_t> data_;
  uint64_t consumed_ = 0;
  uint64_t produced_ = 0;
};

class StormSource : public EventSource {
 public:
  StormSource(uint64_t lives, bool execs) : lives_(lives), execs_(execs), reader_(ring_.reader()) {}

  uint64_t making_ns() const { return making_ns_; }

  LogIdentity identity() const override {
    LogIdentity identity;
    identity.host_id.bytes[0] = identity.boot_id.bytes[0] = 1;
    return identity;
  }
  Clock ReadClock() const override {
    Clock clock = ReadClocks();
    clock.time_ns = now_ns_;
    return clock;
  }
  std::string_view name() const override { return "storm"; }
  int wake_fd() const override { return -1; }
  bool PrepareToSleep() override { return false; }
  bool exhausted() const override { return lives_ == 0; }
  SourceCounters counters() const override { return {}; }
  std::optional<uint64_t> ring_bytes() const override { return kRingBytes; }
  void Commit(const Progress&) override {
    if (!batch_.took_from_next()) reader_.Commit();
  }
  Status Snapshot(SnapshotSink& sink) override {
    sink.OnProcess({.pid = kParent, .start_ns = kParentStartNs, .comm = "storm"});
    return Ok{};
  }
  Result<size_t> Drain(EventSink& sink) override {
    if (!has_more()) {
      const uint64_t begin_ns = CpuNs();
      MakeLives();
      making_ns_ += CpuNs() - begin_ns;
    }
    return drain_.Next(sink).count;
  }
  bool has_more() const override { return drain_.has_more(); }

 private:
  static constexpr uint32_t kParent = 4321;
  static constexpr uint64_t kParentStartNs = 3'600'000'000'000;

  // Not inlined: callgrind's lines tell what it takes.
  [[gnu::noinline]] void MakeLives() {
    const uint64_t count = std::min(lives_, kLivesPerDrain);
    for (uint64_t i = 0; i < count; ++i) {
      MakeLife();
      if (unreaped_.size() == kLivesPerReaping || i + 1 == count) Reap();
    }
    ring_.EndDrain();
    lives_ -= count;
  }

  void MakeLife() {
    pid_ = pid_ >= 4'000'000 ? 300 : pid_ + 1;
    const uint64_t start_ns = now_ns_ += 12'345;
    ring_.Add(fork_event{.header = {.type = EVENT_FORK},
                         .start_ns = start_ns,
                         .parent_start_ns = kParentStartNs,
                         .pid = pid_,
                         .ppid = kParent,
                         .sid = kParent});
    const process_ids ids{
        .login_uid = ID_UNKNOWN, .sid = kParent, .audit_session = ID_UNKNOWN, .cgroup_id = 4242};
    exit_event exit{.header = {.type = EVENT_EXIT},
                    .start_ns = start_ns,
                    .parent_start_ns = kParentStartNs,
                    .pid = pid_,
                    .ppid = kParent,
                    .wait_status = (pid_ % 256) << 8,
                    .flags = execs_ ? 0u : uint32_t{PROCESS_NEVER_EXECED},
                    .ids = ids,
                    .usage = Used(),
                    .maxrss_pages = 200,
                    .image_maxrss_pages = 200,
                    .comm = "storm"};
    if (execs_) Exec(start_ns, exit);
    exit.time_ns = now_ns_ += 30'000 + pid_ % 1024;
    ring_.Add(exit);
    unreaped_.push_back({.header = {.type = EVENT_REAP},
                         .start_ns = start_ns,
                         .pid = pid_,
                         .flags = PROCESS_USAGE_EXACT,
                         .usage = exit.usage});
  }

  void Exec(uint64_t start_ns, exit_event& exit) {
    exec_event exec{.header = {.type = EVENT_EXEC},
                    .time_ns = now_ns_ += 200'000,
                    .start_ns = start_ns,
                    .pid = pid_,
                    .ids = exit.ids,
                    .exe_inode = 1'234'567,
                    .exe_device = 8u << 20 | 1,
                    .exe_captured = kExe.size(),
                    .args_bytes = kArgsBytes,
                    .args_captured = kArgsBytes,
                    .args_known = 1,
                    .comm = "as",
                    .cpu_ns = 150'000};
    std::memcpy(exit.comm, exec.comm, sizeof(exec.comm));
    ring_.Add(exec, kStrings);
  }

  usage Used() const {
    const uint64_t ns = 20'000 + pid_ * uint64_t{7} % 16'384;
    return {.stime_ns = ns, .cpu_ns = ns, .minflt = 15 + pid_ % 8, .nvcsw = 1, .nivcsw = pid_ % 2};
  }

  void Reap() {
    now_ns_ += 4'000'000;
    for (reap_event& reap : unreaped_) {
      reap.time_ns = now_ns_;
      ring_.Add(reap);
    }
    unreaped_.clear();
  }

  uint64_t lives_;
  bool execs_;
  Ring ring_;
  RingReader reader_;
  EventBatch batch_;
  RingDrain drain_{reader_, batch_};
  std::vector<reap_event> unreaped_;
  uint64_t now_ns_ = 2 * kParentStartNs;
  uint32_t pid_ = 300;
  uint64_t making_ns_ = 0;
};

int Fail(const Error& error) {
  return std::fprintf(stderr, "recorder_path: %s\n", error.message().c_str()), 1;
}

uint64_t BytesIn(const std::string& path) {
  uint64_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(path)) bytes += file.file_size();
  return bytes;
}

int Record(const std::string& path, uint64_t lives, bool execs) {
  std::filesystem::create_directories(path);
  auto folder = OpenLogFolder(path);
  if (!folder) return Fail(folder.error());
  const uint64_t bytes_before = BytesIn(path);
  StormSource source(lives, execs);
  auto writer =
      LogWriter::Open(*std::move(folder), source.identity(),
                      [&source] { return source.ReadClock(); }, {.sync = SyncPolicy::kNone});
  if (!writer) return Fail(writer.error());
  RecorderLoop loop(source, *writer,
                    {.drain_interval_ns = 1, .keep_args = KeptArgs(ArgsMode::kMasked, 1024, {})});
  if (Status started = loop.Start(); !started) return Fail(started.error());
  const uint64_t begin_ns = CpuNs();
  if (Status recorded = loop.Run(); !recorded) return Fail(recorded.error());
  const uint64_t used_ns = CpuNs() - begin_ns - source.making_ns();
  std::printf("%.1f ns and %.1f bytes a life\n",
              static_cast<double>(used_ns) / static_cast<double>(lives),
              static_cast<double>(BytesIn(path) - bytes_before) / static_cast<double>(lives));
  return 0;
}

}  // namespace
}  // namespace daybook

int main(int argc, char** argv) {
  const uint64_t lives = argc >= 3 ? std::strtoull(argv[2], nullptr, 10) : 0;
  const bool execs = argc == 4 && argv[3] == std::string_view("exec");
  if (lives == 0 || argc > 4 || (argc == 4 && !execs)) {
    std::fprintf(stderr, "usage: recorder_path FOLDER LIVES [exec]\n");
    return 2;
  }
  return daybook::Record(argv[1], lives, execs);
}
