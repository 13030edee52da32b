// The items of one file in their order. The file is opened, that is read and decompressed, in a
// thread of its own, while others are joined; what it holds is proved by who takes it, unless it is
// lives that are asked for.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <optional>
#include <vector>

#include "daybook/reader.h"
#include "daybook/records.h"
#include "daybook/result.h"
#include "lives/life_stream.h"

namespace daybook {

class ItemStream {
 public:
  using Mode = LifeStream::Mode;
  using OpenFunction = std::function<Result<SegmentReader>()>;

  // `open` is called in a thread where there is one; whoever destroys the stream waits for it.
  ItemStream(OpenFunction open, Mode mode);

  // Waits until the file is open, or could not be opened. All below needs one that is open.
  const Status& Opened();

  // From now on its records of lives are taken by NextLives.
  void DecodeLives(Mode mode) { lives_.emplace(*reader_, mode); }

  // End again and again at the end. Valid until the next call.
  const Item& Next() {
    if (lives_) return lives_->Next();
    reader_->Next(&item_);
    return item_;
  }

  // As the LifeStream's.
  bool IsAtLives() { return lives_ && lives_->IsAtRun(); }
  LifeRun* NextLives() { return lives_->NextRun(); }

  // As the SegmentReader's.
  [[nodiscard]] bool NextRun(const RecordTypes& types, RecordRun* run) {
    return reader_->NextRun(types, run);
  }

  // Of a live segment, where the last item was its End: as the SegmentReader's.
  Result<bool> Refresh(SegmentReader::More more) { return reader_->Refresh(more); }

  // As the SegmentReader tells it with the last item.
  const std::optional<SegmentStart>& segment() const {
    return lives_ ? lives_->segment() : reader_->segment();
  }
  std::optional<uint32_t> tag() const { return lives_ ? lives_->tag() : reader_->tag(); }

  uint64_t file_bytes() const { return reader_->file_bytes(); }
  bool is_compressed() const { return reader_->is_compressed(); }
  const std::vector<FrameDamage>& frame_damage() const { return reader_->frame_damage(); }

 private:
  std::future<Result<SegmentReader>> opening_;
  std::optional<Status> opened_;
  std::optional<SegmentReader> reader_;
  std::optional<LifeStream> lives_;  // which uses the reader
  Item item_;
};

}  // namespace daybook
