#include "life_log.h"

#include <algorithm>
#include <list>
#include <utility>

namespace daybook {
namespace {

class LifeReader {
 public:
  LifeReader(LogSet& log, const Window& window, const LifeFunction& function)
      : log_(log), window_(window), function_(function) {}

  Coverage Read();

 private:
  void Enter(const Boot& boot);
  void Take(const RecordView& record);
  template <class Record>
  void TakeAs(const RecordView& record);
  void HandOut(const Boot& boot, Life&& life);

  LogSet& log_;
  const Window& window_;
  const LifeFunction& function_;
  std::list<std::pair<const Boot*, LifeBuilder>> builders_;  // in the order of the log
  const Boot* boot_ = nullptr;
  LifeBuilder* builder_ = nullptr;
  bool stopped_ = false;
  uint64_t processes_ = 0;
  uint64_t running_ = 0;
  uint64_t ended_unseen_ = 0;
  uint64_t filtered_ = 0;
  uint64_t undated_ = 0;
  uint64_t malformed_ = 0;
};

Coverage LifeReader::Read() {
  while (const auto item = stopped_ ? std::nullopt : log_.Next()) {
    if (boot_ != &log_.boot()) Enter(log_.boot());
    if (const auto* record = std::get_if<RecordView>(&*item)) {
      Take(*record);
    } else {
      builder_->NoteGap();  // or the end of a segment, which no snapshot crosses
    }
  }
  for (auto& [boot, builder] : builders_) builder.Finish(LifeState::kRunning);
  Coverage coverage = log_.coverage();
  coverage.processes = processes_;
  coverage.running = running_;
  coverage.ended_unseen = ended_unseen_;
  coverage.filtered = filtered_;
  coverage.undated = undated_;
  coverage.malformed_records += malformed_;
  return coverage;
}

// In one log a new boot ends the one before it. What follows a headless segment cannot be joined
// to it.
void LifeReader::Enter(const Boot& boot) {
  if (boot_ != nullptr && (!boot_->stream_id || boot_->stream_id == boot.stream_id)) {
    builder_->Finish(LifeState::kLost);
    std::erase_if(builders_, [this](const auto& entry) { return entry.first == boot_; });
  }
  boot_ = &boot;
  const auto hand_out = [this, &boot](Life&& life) { HandOut(boot, std::move(life)); };
  const auto known = std::ranges::find(builders_, boot_, [](const auto& e) { return e.first; });
  builder_ =
      known != builders_.end() ? &known->second : &builders_.emplace_back(boot_, hand_out).second;
}

void LifeReader::Take(const RecordView& record) {
  switch (record.type) {
    case Schema<Fork>::kType:
      return TakeAs<Fork>(record);
    case Schema<Exec>::kType:
      return TakeAs<Exec>(record);
    case Schema<Exit>::kType:
      return TakeAs<Exit>(record);
    case Schema<SnapBegin>::kType:
      return TakeAs<SnapBegin>(record);
    case Schema<SnapProc>::kType:
      return TakeAs<SnapProc>(record);
    case Schema<SnapEnd>::kType:
      return TakeAs<SnapEnd>(record);
    default:
      return;
  }
}

template <class Record>
void LifeReader::TakeAs(const RecordView& record) {
  Record decoded;
  if (record.As(&decoded)) {
    builder_->Take(decoded);
  } else {
    ++malformed_;
  }
}

void LifeReader::HandOut(const Boot& boot, Life&& life) {
  ++processes_;
  running_ += life.state == LifeState::kRunning;
  ended_unseen_ += life.state == LifeState::kLost;
  if (window_.bounded()) {
    std::optional<uint64_t> last_ns = life.end_ns;
    if (life.state == LifeState::kLost) last_ns = life.last_seen_ns;
    const auto first = boot.clock.ToRealtime(life.start_ns);
    const auto last = last_ns ? boot.clock.ToRealtime(*last_ns) : std::nullopt;
    if (!window_.Overlaps(first, last)) {
      ++filtered_;
      undated_ += !first;
      return;
    }
  }
  if (!stopped_ && !function_(boot, std::move(life))) stopped_ = true;
}

}  // namespace

bool Window::Overlaps(std::optional<int64_t> first_ns, std::optional<int64_t> last_ns) const {
  if (!bounded()) return true;
  if (!first_ns || (until_ns && *first_ns >= *until_ns)) return false;
  return !(since_ns && last_ns && *last_ns < *since_ns);
}

Coverage ReadLives(LogSet& log, const Window& window, const LifeFunction& function) {
  return LifeReader(log, window, function).Read();
}

}  // namespace daybook
