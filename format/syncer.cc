#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "daybook/writer.h"

namespace daybook {
namespace {

class InlineSyncer : public Syncer {
 public:
  void Begin(std::function<Status()> task) override { result_ = task(); }
  std::optional<Status> Poll() override { return std::exchange(result_, std::nullopt); }
  Status Wait() override { return *Poll(); }

 private:
  std::optional<Status> result_;
};

class ThreadSyncer : public Syncer {
 public:
  ThreadSyncer() : thread_([this] { Work(); }) {}
  ~ThreadSyncer() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  void Begin(std::function<Status()> task) override {
    {
      const std::lock_guard lock(mutex_);
      task_ = std::move(task);
    }
    changed_.notify_all();
  }

  std::optional<Status> Poll() override {
    const std::lock_guard lock(mutex_);
    return std::exchange(result_, std::nullopt);
  }

  Status Wait() override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return result_.has_value(); });
    return *std::exchange(result_, std::nullopt);
  }

 private:
  // The task is gone, with the file that it holds, before its result is there.
  void Work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return stopping_ || task_; });
      if (!task_) return;
      auto task = std::exchange(task_, nullptr);
      lock.unlock();
      Status result = task();
      task = nullptr;
      lock.lock();
      result_ = std::move(result);
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<Status()> task_;
  std::optional<Status> result_;
  bool stopping_ = false;
  std::thread thread_;  // the last: it uses all others
};

}  // namespace

std::unique_ptr<Syncer> MakeThreadSyncer() { return std::make_unique<ThreadSyncer>(); }
std::unique_ptr<Syncer> MakeInlineSyncer() { return std::make_unique<InlineSyncer>(); }

}  // namespace daybook
