// The items of one file in their order. The file is opened, that is read and decompressed, in a
// thread of its own, while others are joined; what it holds is proved and decoded by who takes it,
// so that nothing but the bytes goes from one processor to another.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <optional>
#include <vector>

#include "daybook/reader.h"
#include "daybook/records.h"
#include "daybook/result.h"

namespace daybook {

class ItemStream {
 public:
  enum class Mode : uint8_t { kInline, kAhead };
  using OpenFunction = std::function<Result<SegmentReader>()>;

  // `open` is called in a thread where there is one; whoever destroys the stream waits for it.
  ItemStream(OpenFunction open, Mode mode);

  // Waits until the file is open, or could not be opened. All below needs one that is open.
  const Status& Opened();

  // End again and again at the end. Valid until the next call.
  const Item& Next() {
    reader_->Next(&item_);
    return item_;
  }

  // As the SegmentReader's.
  [[nodiscard]] bool NextRun(const RecordTypes& types, RecordRun* run) {
    return reader_->NextRun(types, run);
  }

  // Of a live segment, where the last item was its End: as the SegmentReader's.
  Result<bool> Refresh(SegmentReader::More more) { return reader_->Refresh(more); }

  // As the SegmentReader tells it with the last item.
  const std::optional<SegmentStart>& segment() const { return reader_->segment(); }
  std::optional<uint32_t> tag() const { return reader_->tag(); }

  uint64_t file_bytes() const { return reader_->file_bytes(); }
  bool is_compressed() const { return reader_->is_compressed(); }
  const std::vector<FrameDamage>& frame_damage() const { return reader_->frame_damage(); }

 private:
  std::future<Result<SegmentReader>> opening_;
  std::optional<Status> opened_;
  std::optional<SegmentReader> reader_;
  Item item_;
};

}  // namespace daybook
