#include "item_stream.h"

#include <system_error>
#include <utility>

namespace daybook {
namespace {

// Few enough for the cache; between threads more, since each handing over may wake somebody up.
constexpr size_t kAheadItems = 512;
constexpr size_t kInlineItems = 128;
constexpr size_t kMaxFullBatches = 4;

}  // namespace

ItemStream::ItemStream(OpenFunction open, Mode mode) : open_(std::move(open)), mode_(mode) {
  if (mode_ == Mode::kAhead && !StartThread()) mode_ = Mode::kInline;
  if (mode_ == Mode::kInline) Open();
}

// Where this user may have no more threads, an answer that takes longer is one, too.
bool ItemStream::StartThread() {
  try {
    thread_ = std::thread([this] { Run(); });
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

ItemStream::~ItemStream() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

const Status& ItemStream::Opened() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return opened_.has_value() || failure_ != nullptr; });
  if (failure_) std::rethrow_exception(failure_);
  return *opened_;
}

void ItemStream::Open() {
  auto reader = open_();
  const std::lock_guard lock(mutex_);
  if (reader) {
    reader_.emplace(*std::move(reader));
    opened_.emplace(Ok{});
  } else {
    opened_.emplace(std::move(reader).error());
  }
  changed_.notify_all();
}

// What goes wrong in here, as where memory is short, is thrown where the items are awaited.
void ItemStream::Run() {
  try {
    Open();
    while (reader_ && !at_end_) {
      BatchPointer batch = TakeEmpty();
      Fill(batch.get(), kAheadItems);
      Decode(batch.get());
      if (!Put(std::move(batch))) return;
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    failure_ = std::current_exception();
    changed_.notify_all();
  }
}

bool ItemStream::IsOf(const Batch& batch) const {
  const auto& segment = reader_->segment();
  if (segment.has_value() != batch.segment.has_value()) return false;
  return segment ? segment->tag == batch.segment->tag : reader_->tag() == batch.tag;
}

void ItemStream::Fill(Batch* batch, size_t most) {
  batch->size = 0;
  batch->assembled.clear();
  if (batch->items.size() < most) batch->items.resize(most);
  while (batch->size < most && !at_end_) {
    Item& item = batch->items[batch->size++].item;
    if (held_back_) {
      item = *std::exchange(held_back_, std::nullopt);
    } else {
      reader_->Next(&item);
    }
    if (batch->size == 1) {
      batch->segment = reader_->segment();
      batch->tag = reader_->tag();
    } else if (!IsOf(*batch)) {
      held_back_ = item;
      --batch->size;
      return;
    }
    at_end_ = std::holds_alternative<End>(item);
    if (auto* const record = std::get_if<RecordView>(&item)) Keep(record, batch);
  }
}

void ItemStream::Keep(RecordView* record, Batch* batch) {
  if (record->is_in_place) return;
  batch->assembled.emplace_back(record->payload.begin(), record->payload.end());
  record->payload = batch->assembled.back();
}

template <class Record>
Record* ItemStream::Pool<Record>::Next() {
  records.reserve(kAheadItems);
  if (used == records.size()) records.emplace_back();
  return &records[used++];
}

template <class Record>
bool ItemStream::DecodeAs(const RecordView& record, Batch* batch, LifeRecord* decoded) {
  if (!record.Is<Record>()) return false;
  Record* const place = std::get<Pool<Record>>(batch->decoded).Next();
  if (record.As(place)) *decoded = place;
  return true;
}

void ItemStream::Decode(Batch* batch) {
  std::apply([](auto&... pool) { ((pool.used = 0), ...); }, batch->decoded);
  for (size_t i = 0; i < batch->size; ++i) {
    StreamedItem& streamed = batch->items[i];
    streamed.decoded = std::monostate();
    const auto* record = std::get_if<RecordView>(&streamed.item);
    if (record == nullptr) continue;
    const auto decode = [&]<class... Records>(const std::tuple<Pool<Records>...>&) {
      (void)(DecodeAs<Records>(*record, batch, &streamed.decoded) || ...);
    };
    decode(batch->decoded);
  }
}

ItemStream::BatchPointer ItemStream::TakeEmpty() {
  const std::lock_guard lock(mutex_);
  if (empty_.empty()) return std::make_unique<Batch>();
  BatchPointer batch = std::move(empty_.back());
  empty_.pop_back();
  return batch;
}

// False where nobody wants more.
bool ItemStream::Put(BatchPointer batch) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return full_.size() < kMaxFullBatches || stopped_; });
  if (stopped_) return false;
  full_.push_back(std::move(batch));
  changed_.notify_all();
  return true;
}

void ItemStream::NextBatch() {
  next_ = 0;
  if (mode_ == Mode::kInline) {
    if (!batch_) batch_ = std::make_unique<Batch>();
    return Fill(batch_.get(), kInlineItems);
  }
  std::unique_lock lock(mutex_);
  if (batch_) empty_.push_back(std::move(batch_));
  changed_.wait(lock, [this] { return !full_.empty() || failure_ != nullptr; });
  if (full_.empty()) std::rethrow_exception(failure_);
  batch_ = std::move(full_.front());
  full_.pop_front();
  changed_.notify_all();
}

Result<bool> ItemStream::Refresh(SegmentReader::More more) {
  at_end_ = false;
  batch_->size = next_ = 0;
  return reader_->Refresh(more);
}

const StreamedItem& ItemStream::Next() {
  const bool is_used_up = !batch_ || next_ == batch_->size;
  if (is_used_up && batch_ && batch_->HasEnd()) return batch_->items[next_ - 1];
  if (is_used_up) NextBatch();
  return batch_->items[next_++];
}

}  // namespace daybook
