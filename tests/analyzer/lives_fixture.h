// Tests that join records to lives.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "life_records.h"
#include "lives/lives.h"

namespace daybook {

class LivesTest : public testing::Test {
 protected:
  template <class... Records>
  void Take(const Records&... records) {
    (builder_.Take(records), ...);
  }

  // A complete snapshot of these, begun at that time.
  void Snapshot(uint64_t time_ns, const std::vector<SnapProc>& processes) {
    Take(SnapBegin{.time_ns = time_ns});
    for (const SnapProc& process : processes) Take(process);
    Take(SnapEnd{.time_ns = time_ns + kMs, .process_count = processes.size()});
  }

  void Finish(LifeState state = LifeState::kRunning) { builder_.Finish(state); }

  std::vector<LifeState> States() const {
    std::vector<LifeState> states;
    for (const Life& life : lives_) states.push_back(life.state);
    return states;
  }

  std::vector<Life> lives_;
  LifeBuilder builder_{[this](const Life& life) { lives_.push_back(life); }};
};

inline Exec ExecAt(uint64_t time_ns, uint64_t start_ns, uint32_t pid = 7) {
  return {.time_ns = time_ns,
          .pid = pid,
          .start_ns = start_ns,
          .uid = 1000,
          .comm = "ls",
          .exe = "/bin/ls",
          .args_bytes = 6,
          .args = std::string_view("ls\0-l\0", 6)};
}

inline Exit ExitAt(uint64_t time_ns, uint64_t start_ns, uint32_t pid = 7) {
  return {.time_ns = time_ns,
          .pid = pid,
          .start_ns = start_ns,
          .ppid = 1,
          .wait_status = 0x300,
          .cpu_us = 42,
          .comm = "ls"};
}

}  // namespace daybook
