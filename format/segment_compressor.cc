#include "segment_compressor.h"

#include <algorithm>
#include <utility>

#include "compressed_index.h"
#include "crc32c.h"
#include "daybook/peek.h"

namespace daybook {
namespace {

// A block that begins before this target fits into its frame, however long it is.
constexpr size_t kMaxFrameTarget =
    kMaxFrameBytes - (kMaxBlockBytes + kHeaderBytes + kMaxPayloadBytes);

// What the reader proves is what is described, and where it finds a block's end, or the end of
// damage, a frame may be cut.
class Planner : public SegmentVisitor {
 public:
  explicit Planner(size_t frame_bytes)
      : frame_bytes_(std::clamp<size_t>(frame_bytes, 1, kMaxFrameTarget)) {}

  void Begin(const std::optional<SegmentStart>& segment) override;
  void Take(const RecordView& record, Bytes bytes) override;
  void Take(const Gap& gap) override;
  SegmentPlan Finish(const WalkedSegment& walked);

 private:
  void TakeBlock(const RecordView& record, const Checkpoint& checkpoint);
  void Boundary(uint64_t offset);
  bool IsHeadFrame() const;
  void Cut(uint64_t offset);

  size_t frame_bytes_;
  SegmentPlan plan_;
  Frame frame_;                // the one that is being filled
  uint64_t block_bytes_ = 0;   // of it that are in blocks of the segment
  std::vector<Clock> clocks_;  // of a block that is not proved yet
};

void Planner::Begin(const std::optional<SegmentStart>& segment) {
  *this = Planner(frame_bytes_);
  plan_.segment = segment;
}

SegmentPlan Planner::Finish(const WalkedSegment& walked) {
  Boundary(walked.bytes);
  if (frame_.offset < walked.bytes) Cut(walked.bytes);
  plan_.container = {
      .version = kContainerVersion, .raw_bytes = walked.bytes, .raw_crc = walked.crc};
  return std::move(plan_);
}

void Planner::Take(const Gap& gap) {
  clocks_.clear();
  Boundary(gap.end);
}

void Planner::Take(const RecordView& record, Bytes bytes) {
  Checkpoint checkpoint;
  if (record.As(&checkpoint)) return TakeBlock(record, checkpoint);
  if (Clock clock; record.As(&clock)) clocks_.push_back(clock);
  if (SegmentStart start; plan_.segment_start.empty() && record.As(&start) && plan_.segment &&
                          start.tag == plan_.segment->tag &&
                          record.size <= kHeaderBytes + kMaxPayloadBytes) {
    plan_.segment_start.assign(bytes.begin(), bytes.end());
  }
}

// Other segments may stand behind the one that is described: their numbers and times are others.
void Planner::TakeBlock(const RecordView& record, const Checkpoint& checkpoint) {
  const uint64_t bytes = checkpoint.block_bytes + record.size;
  if (!plan_.segment || checkpoint.tag == plan_.segment->tag) {
    plan_.clocks.insert(plan_.clocks.end(), clocks_.begin(), clocks_.end());
    if (block_bytes_ == 0) {
      frame_.first_seq = checkpoint.first_seq;
      frame_.first_time_ns = checkpoint.first_time_ns;
      frame_.last_time_ns = checkpoint.last_time_ns;
    }
    frame_.seq_count += checkpoint.seq_count;
    frame_.first_time_ns = std::min(*frame_.first_time_ns, checkpoint.first_time_ns);
    frame_.last_time_ns = std::max(*frame_.last_time_ns, checkpoint.last_time_ns);
    block_bytes_ += bytes;
  }
  clocks_.clear();
  Boundary(record.offset + record.size);
}

void Planner::Boundary(uint64_t offset) {
  while (offset - frame_.offset > kMaxFrameBytes) Cut(frame_.offset + kMaxFrameBytes);
  if (offset - frame_.offset >= frame_bytes_ || IsHeadFrame()) Cut(offset);
}

// Who looks only for who was living when the segment began reads no more than that.
bool Planner::IsHeadFrame() const {
  return plan_.frames.empty() && plan_.segment && frame_.last_time_ns &&
         *frame_.last_time_ns >= plan_.segment->time_ns + kHeadNs;
}

void Planner::Cut(uint64_t offset) {
  frame_.raw_bytes = offset - frame_.offset;
  if (block_bytes_ != frame_.raw_bytes) frame_.first_time_ns = frame_.last_time_ns = std::nullopt;
  plan_.frames.push_back(frame_);
  frame_ = {.offset = offset};
  block_bytes_ = 0;
}

// What the index will say of the segment as a whole; nullopt where it has more to say of its clock.
std::optional<SegmentEnd> SummaryOf(const SegmentPlan& plan) {
  if (!plan.segment || plan.segment_start.empty()) return std::nullopt;
  const Clock first{.time_ns = plan.segment->time_ns, .realtime_ns = plan.segment->realtime_ns};
  for (const Clock& clock : plan.clocks) {
    if (!IsOneClock(first, clock)) return std::nullopt;
  }
  CompressedIndex index{
      .container = plan.container, .segment = plan.segment, .frames = {}, .clocks = plan.clocks};
  for (const Frame& frame : plan.frames) index.frames.push_back({.begin = 0, .description = frame});
  return EndOf(index);
}

}  // namespace

Result<SegmentPlan> PlanSegment(const ReadBytes& read, size_t frame_bytes) {
  Planner planner(frame_bytes);
  const auto walked = WalkSegment(read, planner);
  if (!walked) return walked.error();
  return planner.Finish(*walked);
}

SegmentCompressor::SegmentCompressor(ReadBytes read, size_t frame_bytes)
    : read_(std::move(read)), frame_target_(frame_bytes) {}

SegmentCompressor::SegmentCompressor(Bytes raw, size_t frame_bytes)
    : SegmentCompressor(
          [raw](uint64_t offset, size_t bytes) -> Result<std::vector<uint8_t>> {
            const Bytes rest = raw.subspan(std::min<uint64_t>(offset, raw.size()));
            const Bytes part = rest.first(std::min(bytes, rest.size()));
            return std::vector<uint8_t>(part.begin(), part.end());
          },
          frame_bytes) {}

Result<std::vector<uint8_t>> SegmentCompressor::Next() {
  switch (stage_) {
    case Stage::kHead:
      stage_ = Stage::kFrames;
      return Head();
    case Stage::kFrames:
      if (next_frame_ < plan_.frames.size()) return DescribedFrame();
      stage_ = Stage::kDone;
      return IndexAndSeekTable();
    default:
      return std::vector<uint8_t>{};
  }
}

void SegmentCompressor::Count(size_t frame_bytes, uint64_t content_bytes) {
  entries_.push_back({.frame_bytes = frame_bytes, .content_bytes = content_bytes});
  file_bytes_ += frame_bytes;
}

Result<std::vector<uint8_t>> SegmentCompressor::Head() {
  auto plan = PlanSegment(read_, frame_target_);
  if (!plan) return std::move(plan).error();
  plan_ = *std::move(plan);
  tick_ns_ = TickOf(ReadSegmentStart(plan_.segment_start, 0));
  PartBuilder builder(tick_ns_);
  builder.Add(plan_.container).AddEncoded(plan_.segment_start);
  if (const auto summary = SummaryOf(plan_)) builder.Add(*summary);
  std::vector<uint8_t> head = std::move(builder).Finish();
  Count(head.size(), 0);
  return head;
}

Result<std::vector<uint8_t>> SegmentCompressor::DescribedFrame() {
  Frame& frame = plan_.frames[next_frame_++];
  const auto content = read_(frame.offset, frame.raw_bytes);
  if (!content) return content.error();
  if (content->size() != frame.raw_bytes) return Error("it became shorter while it was read");
  std::vector<uint8_t> compressed;
  Status status = compressor_.Compress(*content, &compressed);
  if (!status) return std::move(status).error();
  frame.compressed_bytes = compressed.size();
  frame.compressed_crc = Crc32c(compressed);
  std::vector<uint8_t> bytes = EncodeDescription(frame, tick_ns_);
  Count(bytes.size(), 0);
  Count(compressed.size(), frame.raw_bytes);
  bytes.insert(bytes.end(), compressed.begin(), compressed.end());
  return bytes;
}

std::vector<uint8_t> SegmentCompressor::IndexAndSeekTable() {
  PartBuilder builder(tick_ns_);
  builder.Add(FrameIndex{.frame_count = plan_.frames.size(), .container_bytes = file_bytes_});
  for (const Frame& frame : plan_.frames) builder.Add(frame);
  for (const Clock& clock : plan_.clocks) builder.Add(clock);
  std::vector<uint8_t> bytes = std::move(builder).Finish();
  Count(bytes.size(), 0);
  const std::vector<uint8_t> table = EncodeSeekTable(entries_);
  bytes.insert(bytes.end(), table.begin(), table.end());
  return bytes;
}

}  // namespace daybook
