// Where a log was left, by what its newest files are: a number is never given twice in one stream.
#include "log_state.h"

#include <gtest/gtest.h>

#include <new>

#include "daybook/compress.h"
#include "file.h"
#include "raw_log.h"
#include "support/compressed_log.h"

namespace daybook {
namespace {

using File = std::vector<uint8_t>;

const std::string kFirst = SegmentName(1);
const std::string kSecond = SegmentName(2);
const std::string kSecondCompressed = SegmentName(2, SegmentForm::kCompressed);

File Segment(const SegmentStart& start) {
  RawLog log;
  log.Add(start).Close(kCheckpointFirst).Add(TestFork(1)).Close();
  return log.bytes();
}

SegmentStart SomeStart() {
  SegmentStart start{.signature = kSignature,
                     .major_version = kMajorVersion,
                     .tag = kRawTag,
                     .segment_no = 1,
                     .tick_ns = kTickNs,
                     .first_seq = 0};
  start.stream_id.bytes.fill(1);
  return start;
}

class LogStateTest : public testing::Test {
 protected:
  LogStateTest() {
    LogBuilder log({.block_bytes = 256}, disk_);
    for (uint32_t pid = 1; pid <= 100; ++pid) log.Add(TestFork(pid));
    EXPECT_TRUE(log.writer().Close());
    stream_id_ = log.writer().stream_id();
  }

  LogState Find() {
    FakeFolder folder(disk_);
    auto state = FindLogState(folder);
    if (!state) throw std::runtime_error(state.error().message());
    return *std::move(state);
  }
  // With that as the newest segment's file.
  LogState FindBehind(const File& file, const std::string& name = kSecond) {
    disk_->files.erase(kSecond);
    disk_->files.erase(kSecondCompressed);
    disk_->files[name] = file;
    return Find();
  }

  std::shared_ptr<FakeDisk> disk_ = std::make_shared<FakeDisk>();
  Id128 stream_id_;
};

TEST_F(LogStateTest, BehindASegmentOfAnotherVersionAnotherStreamBegins) {
  EXPECT_TRUE(FindBehind(Segment(SomeStart())).stream_id);
  SegmentStart start = SomeStart();
  start.major_version = kMajorVersion + 1;
  EXPECT_FALSE(FindBehind(Segment(start)).stream_id);
  start = SomeStart();
  start.min_reader = kMinorVersion + 1;
  EXPECT_FALSE(FindBehind(Segment(start)).stream_id);
  start = SomeStart();
  start.incompat_flags = 1;
  EXPECT_FALSE(FindBehind(Segment(start)).stream_id);
  EXPECT_FALSE(FindBehind(Compressed(Segment(start), kFrameBytes), kSecondCompressed).stream_id);
  EXPECT_EQ(Find().last_segment_no, 2u);
}

TEST_F(LogStateTest, BehindAFileOfWhichNothingIsLeftAnotherStreamBegins) {
  File garbage(3000);
  for (size_t i = 0; i < garbage.size(); ++i) garbage[i] = static_cast<uint8_t>(i * i + 1);
  EXPECT_FALSE(FindBehind(garbage).stream_id);
  EXPECT_FALSE(FindBehind(Compressed(garbage, kFrameBytes), kSecondCompressed).stream_id);
  EXPECT_FALSE(FindBehind(garbage, kSecondCompressed).stream_id);
  EXPECT_FALSE(FindBehind(File(3000, 0), kSecondCompressed).stream_id) << "it was synced";
  garbage.insert(garbage.begin(), 1 << 20, 0);
  EXPECT_FALSE(FindBehind(garbage).stream_id);
}

// No record of it had a number yet.
TEST_F(LogStateTest, BehindOneThatACrashLeftWithoutItsHeadTheStreamGoesOn) {
  const auto expect_stream = [this](const File& file, const char* what) {
    EXPECT_EQ(FindBehind(file).stream_id, stream_id_) << what;
    EXPECT_EQ(Find().next_seq, 101u) << what;
    EXPECT_EQ(FindBehind(Compressed(file, kFrameBytes), kSecondCompressed).stream_id, stream_id_)
        << what;
  };
  expect_stream({}, "empty");
  expect_stream(File(3000, 0), "zeros");
  const File head(disk_->files[kFirst].begin(), disk_->files[kFirst].begin() + 60);
  ASSERT_FALSE(ReadAll(head).segment);
  expect_stream(head, "cut");
  File filled = head;
  filled.resize(4096);
  expect_stream(filled, "cut, then zeros");
}

TEST_F(LogStateTest, NumbersThatAContainerLostAtItsEndAreNotUsedAgain) {
  File file = Compressed(disk_->files[kFirst], 300);
  disk_->files.erase(kFirst);
  const auto index = ReadCompressedIndex(file);
  ASSERT_TRUE(index);
  const FramePlace* last = nullptr;
  for (const FramePlace& place : index->frames) {
    if (place.description.seq_count != 0) last = &place;
  }
  ASSERT_NE(last, nullptr);
  ASSERT_NE(last, &index->frames.front());
  // From its content on to the index, or to the end.
  const size_t description = last->begin - 20;
  const size_t end = index->frames.back().begin + index->frames.back().description.compressed_bytes;
  File damaged = file;
  std::fill(damaged.begin() + static_cast<std::ptrdiff_t>(last->begin),
            damaged.begin() + static_cast<std::ptrdiff_t>(end), 0);
  const LogState state = FindBehind(damaged, kSecondCompressed);
  EXPECT_EQ(state.next_seq, 101u);
  EXPECT_EQ(state.stream_id, stream_id_);
  damaged = file;
  std::fill(damaged.begin() + static_cast<std::ptrdiff_t>(description), damaged.end(), 0);
  EXPECT_FALSE(FindBehind(damaged, kSecondCompressed).stream_id) << "nothing tells its numbers";
}

// A forged or sparse file may claim anything.
TEST_F(LogStateTest, ASegmentForWhichMemoryIsShortIsOneThatCannotBeRead) {
  disk_->fault = [](std::string_view operation, size_t) -> int {
    if (operation == "read") throw std::bad_alloc();
    return 0;
  };
  const LogState state = Find();
  EXPECT_EQ(state.last_segment_no, 1u);
  EXPECT_FALSE(state.stream_id);
}

}  // namespace
}  // namespace daybook
