// A disk that takes its time.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "daybook/writer.h"

namespace daybook {

// A syncer whose tasks wait until the test lets them.
class SlowSyncer : public Syncer {
 public:
  struct Hand {
    std::function<Status()> task;
    std::optional<Status> result;
    bool IsBusy() const { return task != nullptr; }
    void Work() { result = std::exchange(task, nullptr)(); }
  };
  explicit SlowSyncer(std::shared_ptr<Hand> hand) : hand_(std::move(hand)) {}
  void Begin(std::function<Status()> task) override {
    EXPECT_FALSE(hand_->IsBusy() || hand_->result) << "one after the other";
    hand_->task = std::move(task);
  }
  std::optional<Status> Poll() override { return std::exchange(hand_->result, std::nullopt); }
  Status Wait() override {
    if (hand_->IsBusy()) hand_->Work();
    return *Poll();
  }

 private:
  std::shared_ptr<Hand> hand_;
};

}  // namespace daybook
