// What a reader of a whole folder sees.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "support/log_builder.h"

namespace daybook {

// All numbered records of the log in order, those that stand twice only once.
inline std::vector<ReadBack::Numbered> EventsOf(const FakeDisk& disk, size_t* gaps = nullptr) {
  std::map<uint64_t, ReadBack::Numbered> by_seq;
  for (const auto& [name, bytes] : disk.files) {
    if (!name.ends_with(".dbk")) continue;
    const ReadBack read = ReadAll(bytes);
    if (gaps != nullptr) *gaps += read.gaps.size();
    for (const auto& event : read.events) {
      EXPECT_EQ(by_seq.emplace(event.seq, event).first->second, event) << "told differently";
    }
  }
  std::vector<ReadBack::Numbered> events;
  for (const auto& [seq, event] : by_seq) events.push_back(event);
  return events;
}

}  // namespace daybook
