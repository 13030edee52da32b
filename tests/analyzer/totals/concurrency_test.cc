#include "totals/concurrency.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace daybook {
namespace {

struct Span {
  uint64_t first_ns;
  uint64_t last_ns;
};

uint64_t MostOf(const std::vector<Span>& spans) {
  uint64_t most = 0;
  for (const Span& at : spans) {
    most = std::max(most, static_cast<uint64_t>(std::ranges::count_if(spans, [&](const Span& span) {
                      return span.first_ns <= at.first_ns && at.first_ns < span.last_ns;
                    })));
  }
  return most;
}

TEST(ConcurrencyTest, CountsThoseAtOneTime) {
  Concurrency spans;
  EXPECT_EQ(spans.Most(), 0U);
  spans.Add(10, 20);
  spans.Add(20, 30);  // begins as the other one ends
  EXPECT_EQ(spans.Most(), 1U);
  spans.Add(15, 25);
  EXPECT_EQ(spans.Most(), 2U);
  spans.Add(17, 17);
  EXPECT_EQ(spans.Most(), 3U);
}

TEST(ConcurrencyTest, TheLastMomentsOfTimeAreCounted) {
  Concurrency spans;
  spans.Add(UINT64_MAX, UINT64_MAX);
  spans.Add(5, UINT64_MAX);
  EXPECT_EQ(spans.Most(), 2U);
}

// Spans in the order of their ends, each told up to kLateNs late; some are held back as those of
// runs that are still open are.
class Stream {
 public:
  static constexpr uint64_t kLateNs = 30;

  explicit Stream(uint32_t seed) : random_(seed) {}

  void Add() {
    now_ns_ += Below(10);
    const uint64_t last_ns = now_ns_ - std::min(now_ns_, Below(kLateNs));
    const Span span{last_ns - std::min(last_ns, Below(Below(8) == 0 ? 2000 : 60)), last_ns};
    if (Below(16) == 0) return open_.push_back(span);
    Tell(span);
    if (!open_.empty() && Below(32) == 0) CloseOne();
  }
  void Forget() {
    std::vector<uint64_t> open_ends;
    for (const Span& span : open_) open_ends.push_back(std::max(span.last_ns, span.first_ns + 1));
    told_.Forget(now_ns_ - std::min(now_ns_, kLateNs), open_ends);
  }
  void CloseAll() {
    while (!open_.empty()) CloseOne();
  }

  const Concurrency& told() const { return told_; }
  const std::vector<Span>& all() const { return all_; }

 private:
  uint64_t Below(uint64_t limit) { return random_() % limit; }
  void Tell(const Span& span) {
    told_.Add(span.first_ns, span.last_ns);
    all_.push_back({span.first_ns, std::max(span.last_ns, span.first_ns + 1)});
  }
  void CloseOne() {
    std::swap(open_[Below(open_.size())], open_.back());
    Tell(open_.back());
    open_.pop_back();
  }

  std::mt19937 random_;
  uint64_t now_ns_ = 0;
  std::vector<Span> open_;
  Concurrency told_;
  std::vector<Span> all_;
};

TEST(ConcurrencyTest, WhatIsForgottenChangesNothing) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    Stream stream(seed);
    for (int i = 0; i < 400; ++i) {
      stream.Add();
      if (i % (1 + seed % 40) == 0) stream.Forget();
    }
    stream.CloseAll();
    ASSERT_EQ(stream.told().Most(), MostOf(stream.all())) << "seed " << seed;
  }
}

// A day of runs, one after the other.
TEST(ConcurrencyTest, MemoryIsForWhatMayStillMatter) {
  constexpr uint64_t kNone[] = {0};
  Concurrency spans;
  uint64_t forgotten = 0;
  for (uint64_t now_ns = 1000; now_ns < 1'000'000; ++now_ns) {
    spans.Add(now_ns - now_ns % 5, now_ns);
    if (!spans.is_large()) continue;
    spans.Forget(now_ns, kNone);
    EXPECT_FALSE(spans.is_large());
    ++forgotten;
  }
  EXPECT_GT(forgotten, 1000U);  // each time when there were 1024 edges, not twice as many each time
  EXPECT_EQ(spans.Most(), 5U);
}

}  // namespace
}  // namespace daybook
