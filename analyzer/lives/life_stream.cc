#include "lives/life_stream.h"

#include <cassert>
#include <span>
#include <system_error>
#include <utility>
#include <variant>

#include "lives/record_types.h"

namespace daybook {

constinit const RecordTypes kInRuns = TypesOf<Fork, Exec, Exit, WholeLife, Lives, Reap>();

// Where this user may have no more threads, it takes longer.
LifeStream::LifeStream(SegmentReader& reader, Mode mode) : reader_(reader) {
  if (mode == Mode::kInline) return;
  try {
    thread_ = std::thread([this] { FillAll(); });
  } catch (const std::system_error&) {
    // As inline.
  }
}

LifeStream::~LifeStream() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    is_unwanted_ = true;
  }
  has_emptied_.notify_one();
  thread_.join();
}

void LifeStream::Part::Clear() {
  steps.clear();
  raw.clear();
  records.Clear();
  payloads.clear();
  payload_bytes = 0;
  segments.clear();
}

// False behind the end.
bool LifeStream::Fill(Part* part) {
  part->Clear();
  RecordRun run;
  while (part->steps.size() < kPartSteps && part->bytes() < kPartBytes) {
    if (reader_.NextRun(kInRuns, &run, kRunRecords)) {
      AddRun(run, part);
    } else {
      AddItem(part);
      if (std::holds_alternative<End>(part->steps.back().item)) return false;
    }
  }
  return true;
}

void LifeStream::AddRun(const RecordRun& run, Part* part) {
  Part::Step& step = part->steps.emplace_back();
  step.first_raw = part->raw.size();
  part->raw.insert(part->raw.end(), run.records.begin(), run.records.end());
  step.raw_records = run.records.size();
  step.run = DecodeRun(run, &part->records);
  step.run->raw.records = {};
}

void LifeStream::AddItem(Part* part) {
  Part::Step& step = part->steps.emplace_back();
  reader_.Next(&step.item);
  auto* const record = std::get_if<RecordView>(&step.item);
  if (record != nullptr && !record->is_in_place) {
    record->payload = part->payloads.emplace_back(record->payload.begin(), record->payload.end());
    part->payload_bytes += record->payload.size();
  }
  const auto& segment = reader_.segment();
  if (part->segments.empty() || part->segments.back() != segment) part->segments.push_back(segment);
  step.segment = part->segments.size() - 1;
  step.tag = reader_.tag();
}

void LifeStream::FillAll() {
  try {
    for (bool is_over = false; !is_over;) {
      Part* const part = PartToFill();
      if (part == nullptr) return;
      is_over = !Fill(part);
      const std::lock_guard lock(mutex_);
      if (++filled_ == 1) has_filled_.notify_one();
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    thrown_ = std::current_exception();
    has_filled_.notify_one();
  }
}

// Waits until there are several, so that the threads seldom change. nullptr where no more is
// wanted.
LifeStream::Part* LifeStream::PartToFill() {
  std::unique_lock lock(mutex_);
  if (filled_ == kParts) {
    has_emptied_.wait(lock, [this] { return is_unwanted_ || filled_ <= kParts / 2; });
  }
  if (is_unwanted_) return nullptr;
  return &parts_[next_to_fill_++ % kParts];
}

// The next one, in the place of the one that was taken.
void LifeStream::TakePart() {
  next_step_ = 0;
  const bool is_first = !std::exchange(has_part_, true);
  if (!thread_.joinable()) {
    Fill(&parts_[0]);
    return;
  }
  std::unique_lock lock(mutex_);
  if (!is_first) {
    part_ = (part_ + 1) % kParts;
    if (--filled_ == kParts / 2) has_emptied_.notify_one();
  }
  has_filled_.wait(lock, [this] { return filled_ != 0 || thrown_; });
  if (filled_ == 0) std::rethrow_exception(thrown_);
}

LifeStream::Part::Step* LifeStream::NextStep() {
  if (!has_part_ || next_step_ == parts_[part_].steps.size()) TakePart();
  return &parts_[part_].steps[next_step_];
}

const Item& LifeStream::Next() {
  if (has_ended_ && thread_.joinable()) return parts_[part_].steps.back().item;
  const Part::Step& step = *NextStep();
  assert(!step.run);
  ++next_step_;
  segment_ = parts_[part_].segments[step.segment];
  tag_ = step.tag;
  has_ended_ = std::holds_alternative<End>(step.item);
  return step.item;
}

LifeRun* LifeStream::NextRun() {
  if (has_ended_) return nullptr;
  Part::Step& step = *NextStep();
  if (!step.run) return nullptr;
  ++next_step_;
  step.run->raw.records = std::span(parts_[part_].raw).subspan(step.first_raw, step.raw_records);
  return &*step.run;
}

}  // namespace daybook
