// Tests that replay logs.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "recorder/kept.h"
#include "sources/replay_source.h"
#include "support/a_life.h"
#include "support/log_builder.h"
#include "support/temp_folder.h"

namespace daybook {

using std::string_view_literals::operator""sv;

inline constexpr uint64_t kMs = 1'000'000;

inline SnapProc Init() {
  return {.pid = 1, .start_ns = 1'000'000, .ppid = 0, .uid = 0, .comm = "init", .exe = "/init"};
}

inline Exec TestExec(uint32_t pid) {
  return {.time_ns = kTestBootNs + kMs,
          .pid = pid,
          .start_ns = kTestBootNs,
          .old_tid = 77,
          .uid = 1000,
          .exe_device = 8u << 20 | 1,
          .comm = "ls",
          .exe_bytes = 7,
          .exe = "/bin/ls",
          .args_bytes = 9,
          .args = "ls\0\xff\n\0"sv};
}

class ReplayTest : public testing::Test {
 protected:
  // A log with a snapshot, a life and a loss.
  static void Fill(LogBuilder& log) {
    log.Add(Recorder{.time_ns = kTestBootNs, .event = RecorderEvent::kStart, .source = "bpf"});
    log.Add(SnapBegin{.time_ns = kTestBootNs}).Add(Init());
    log.Add(SnapEnd{.time_ns = kTestBootNs, .process_count = 1});
    log.Add(TestFork(10)).Add(TestExec(10));
    log.Add(Lost{.first_time_ns = kTestBootNs, .last_time_ns = kTestBootNs + kMs, .forks = 3});
    log.Add(TestExit(10)).Add(TestFork(11, kTestBootNs + 5 * kMs));
  }

  void Save(std::span<const uint8_t> bytes, int number = 1) const {
    folder_.Put("daybook-0000000" + std::to_string(number) + ".dbk",
                {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }

  std::unique_ptr<ReplaySource> Open() const {
    auto source = ReplaySource::Open(folder_.path());
    if (!source) ADD_FAILURE() << source.error().message();
    return source ? *std::move(source) : nullptr;
  }

  static Status DrainAll(ReplaySource& source, EventSink& sink) {
    while (!source.exhausted()) {
      auto drained = source.Drain(sink);
      if (!drained) return std::move(drained).error();
    }
    return Ok{};
  }

  // Of those who live when all is told.
  std::vector<uint32_t> FlagsAtTheEnd() const {
    const auto source = Open();
    KeptEvents events;
    EXPECT_TRUE(DrainAll(*source, events));
    KeptProcesses living;
    EXPECT_TRUE(source->Snapshot(living));
    std::vector<uint32_t> flags;
    for (const SnapProc& process : living.all) flags.push_back(process.flags);
    return flags;
  }

  TempFolder folder_;
};

}  // namespace daybook
