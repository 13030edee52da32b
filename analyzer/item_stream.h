// The items of one file in their order, read ahead in a thread of its own: there the file is read
// and decompressed, its blocks are proved, and the records of lives are decoded, while they are
// joined here.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

#include "daybook/reader.h"
#include "daybook/records.h"
#include "daybook/result.h"

namespace daybook {

// A record that tells of a life, decoded by the thread that reads ahead. Others, and malformed
// ones, are left to who wants them.
using LifeRecord = std::variant<std::monostate, const Fork*, const Exec*, const Exit*, const Reap*,
                                const SnapProc*>;

template <class Record, class Variant = LifeRecord>
inline constexpr bool kIsDecodedAhead = false;
template <class Record, class... Choices>
inline constexpr bool kIsDecodedAhead<Record, std::variant<Choices...>> =
    (std::is_same_v<const Record*, Choices> || ...);

struct StreamedItem {
  Item item;
  LifeRecord decoded;
};

class ItemStream {
 public:
  enum class Mode : uint8_t { kInline, kAhead };
  using OpenFunction = std::function<Result<SegmentReader>()>;

  // `open` is called in the stream's thread, where there is one.
  ItemStream(OpenFunction open, Mode mode);
  ItemStream(const ItemStream&) = delete;
  ItemStream& operator=(const ItemStream&) = delete;
  // Reads no further than to what is being read just now, which may be the whole file.
  ~ItemStream();

  // Waits until the file is open, or could not be opened. All below needs one that is open.
  const Status& Opened();

  // End again and again at the end. Valid until the next call.
  const StreamedItem& Next();

  // Of a live segment, where the last item was its End, and inline only: as the SegmentReader's.
  Result<bool> Refresh(SegmentReader::More more);

  // As the SegmentReader told it with the last item.
  const std::optional<SegmentStart>& segment() const { return batch_->segment; }
  std::optional<uint32_t> tag() const { return batch_->tag; }

  uint64_t file_bytes() const { return reader_->file_bytes(); }
  bool is_compressed() const { return reader_->is_compressed(); }
  const std::vector<FrameDamage>& frame_damage() const { return reader_->frame_damage(); }

 private:
  // Decoded records of one type, made once and used again.
  template <class Record>
  struct Pool {
    std::vector<Record> records;  // that never move
    size_t used = 0;
    Record* Next();
  };
  // Items between which nothing changes of what is known of their segment.
  struct Batch {
    std::vector<StreamedItem> items;
    size_t size = 0;                             // of these are filled
    std::deque<std::vector<uint8_t>> assembled;  // payloads that stand in pieces in the file
    std::tuple<Pool<Fork>, Pool<Exec>, Pool<Exit>, Pool<Reap>, Pool<SnapProc>> decoded;
    std::optional<SegmentStart> segment;
    std::optional<uint32_t> tag;

    bool HasEnd() const { return size > 0 && std::holds_alternative<End>(items[size - 1].item); }
  };
  using BatchPointer = std::unique_ptr<Batch>;

  bool StartThread();
  void Open();
  void Run();
  void Fill(Batch* batch, size_t most);
  static void Keep(RecordView* record, Batch* batch);
  template <class Record>
  static bool DecodeAs(const RecordView& record, Batch* batch, LifeRecord* decoded);
  static void Decode(Batch* batch);
  bool IsOf(const Batch& batch) const;
  BatchPointer TakeEmpty();
  bool Put(BatchPointer batch);
  void NextBatch();

  OpenFunction open_;
  Mode mode_;                            // the caller's own
  std::optional<SegmentReader> reader_;  // the thread's own, but for what does not change
  std::optional<Item> held_back_;        // it begins the next batch
  bool at_end_ = false;

  BatchPointer batch_;  // at which the caller is
  size_t next_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Status> opened_;
  std::deque<BatchPointer> full_;
  std::vector<BatchPointer> empty_;
  std::exception_ptr failure_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace daybook
