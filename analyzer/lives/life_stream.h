// The items of one file in their order, and between them the records of lives, decoded. All that
// can be done with a file alone, to prove it and to decode it, is done in a thread of its own, some
// parts ahead, while the lives of the parts before are joined.
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "daybook/reader.h"
#include "lives/life_records.h"

namespace daybook {

// Of these, those that are verified are taken as runs: they tell of lives only, and begin with
// their time.
extern const RecordTypes kInRuns;

class LifeStream {
 public:
  enum class Mode : uint8_t { kInline, kAhead };

  // Of what the reader has not told yet. It must outlive this, and meanwhile nobody else may ask it
  // for more; of one that is live, inline only, behind an End.
  LifeStream(SegmentReader& reader, Mode mode);
  LifeStream(const LifeStream&) = delete;
  LifeStream& operator=(const LifeStream&) = delete;
  ~LifeStream();

  // What comes next, where that is no run; End again and again at the end. Valid until
  // the next call.
  const Item& Next();
  // True where what comes next is a run. Ends what Next handed out.
  bool IsAtRun() { return !has_ended_ && NextStep()->run; }
  // The next records of lives; null where another item comes next. Valid until the next call.
  LifeRun* NextRun();

  // As the SegmentReader tells it with the last item.
  const std::optional<SegmentStart>& segment() const { return segment_; }
  std::optional<uint32_t> tag() const { return tag_; }

 private:
  // Several items and runs, so that to hand them over costs little for each.
  struct Part {
    struct Step {
      Item item;
      std::optional<LifeRun> run;  // else it is the item
      // The run's records among `raw`: what that is to be when it is taken.
      size_t first_raw = 0;
      size_t raw_records = 0;
      size_t segment = 0;
      std::optional<uint32_t> tag;
    };
    std::vector<Step> steps;
    std::vector<RecordRun::Record> raw;
    LifeRecords records;
    std::deque<std::vector<uint8_t>> payloads;          // that do not stand in the file
    size_t payload_bytes = 0;                           // of these
    std::vector<std::optional<SegmentStart>> segments;  // that steps are of

    void Clear();
    size_t bytes() const { return records.bytes() + payload_bytes; }
  };
  static constexpr size_t kParts = 8;
  // A part has what is little beside the caches of a processor, and takes far longer than to wake a
  // thread up.
  static constexpr size_t kPartBytes = 128 << 10;
  static constexpr size_t kPartSteps = 256;
  static constexpr size_t kRunRecords = 32;

  bool Fill(Part* part);
  void AddRun(const RecordRun& run, Part* part);
  void AddItem(Part* part);
  void FillAll();
  Part* PartToFill();
  void TakePart();
  Part::Step* NextStep();

  SegmentReader& reader_;
  std::array<Part, kParts> parts_;  // inline only the first one
  size_t next_to_fill_ = 0;
  size_t part_ = 0;       // that is taken
  size_t next_step_ = 0;  // of it
  bool has_part_ = false;
  bool has_ended_ = false;               // the last item was an End
  std::optional<SegmentStart> segment_;  // of the step that was taken
  std::optional<uint32_t> tag_;

  std::mutex mutex_;
  std::condition_variable has_filled_;
  std::condition_variable has_emptied_;
  size_t filled_ = 0;  // parts that wait to be taken, and the one that is
  bool is_unwanted_ = false;
  std::exception_ptr thrown_;
  std::thread thread_;
};

}  // namespace daybook
