#include "disk_room.h"

#include <algorithm>
#include <cerrno>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "file.h"

namespace daybook {
namespace {

constexpr uint64_t kRoomStepBytes = 1 << 20;
constexpr uint64_t kMinRoomStepBytes = 16 << 10;
// So much is free again before a ballast is made.
constexpr uint64_t kBallastsForBallast = 4;

std::vector<uint8_t> RandomBytes(size_t count) {
  std::minstd_rand random(std::random_device{}());
  std::vector<uint8_t> bytes(count);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random() >> 8);
  return bytes;
}

// "64M": in the largest unit of which it is a whole number.
std::string SizeText(uint64_t bytes) {
  constexpr std::pair<char, uint64_t> kUnits[] = {{'G', 1 << 30}, {'M', 1 << 20}, {'K', 1 << 10}};
  for (const auto& [unit, one] : kUnits) {
    if (bytes != 0 && bytes % one == 0) return std::to_string(bytes / one) + unit;
  }
  return std::to_string(bytes);
}

// To be read as well as to be counted with.
uint64_t RoundDown(uint64_t bytes) {
  const uint64_t unit = bytes < 1 << 20 ? 1 << 10 : 1 << 20;
  return bytes / unit * unit;
}

// The limits have the names that they have for daybookd.
Error NoRoom(const std::string& for_what, const Removal& removal, const RetentionLimits& limits) {
  const std::string which =
      removal.is_within_total
          ? SizeText(RoundDown(removal.free_bytes)) + " are free, and --min-free " +
                SizeText(limits.min_free_bytes) + " is to stay so; make room, or give a smaller one"
          : "it may take --max-bytes " + SizeText(limits.max_total_bytes) + "; give a larger one";
  return Error::FromErrno("the log's limits leave no room for " + for_what + " (" + which + ")",
                          ENOSPC);
}

}  // namespace

uint64_t DiskRoom::Step() const {
  return std::clamp(options_.segment_bytes / 4, kMinRoomStepBytes, kRoomStepBytes);
}

// Somebody may have removed the ballast, or the folder with it.
Result<Store> DiskRoom::Look() {
  auto store = ReadStore(folder_);
  if (store && !store->ballast_bytes) has_ballast_ = false;
  return store;
}

// The whole segment must fit, and beside it one that a compressor may be writing. After the disk
// was full there must be some more, or it would be full again at once. Behind a segment that took
// most of the budget it begins with less.
Status DiskRoom::MakeForSegment(const Clock& clock, const Waiting& waiting) {
  auto store = Look();
  if (!store) return std::move(store).error();
  const RetentionLimits& limits = options_.retention;
  const uint64_t again = is_full_ ? 2 * options_.ballast_bytes : 0;
  // What is written a second time takes the room of what was to be spare: no old segment goes for
  // it.
  const uint64_t spare = 2 * options_.segment_bytes;
  const uint64_t repeated = std::min(waiting.repeated_bytes, spare);
  // The newest segment stays: it says which numbers are taken.
  const uint64_t newest = store->segments.empty() ? 0 : store->segments.back().number;
  const uint64_t least = std::min(options_.segment_bytes, Step()) + waiting.bytes;
  Removal removal = PlanRemoval(*store, limits,
                                {.bytes = least + again,
                                 .spare_bytes = spare - repeated,
                                 .segments = 1,
                                 .active_no = newest});
  if (!removal.is_within_total) {
    removal = PlanRemoval(*store, limits, {.bytes = least, .segments = 1, .active_no = newest});
  }
  if (limits.max_age_ns != 0) {
    ReadHeads(folder_, &*store);
    removal.segments =
        std::max(removal.segments, CountAged(*store, limits.max_age_ns, clock, boot_id_));
  }
  if (Status removed = RemoveOldest(*store, removal.segments); !removed) return removed;
  if (removal.is_enough) return Ok{};
  return NoRoom("a segment", removal, limits);
}

// What is reserved is on the disk already.
Result<uint64_t> DiskRoom::MakeInSegment(uint64_t segment_no, LogFile& file, uint64_t length) {
  const uint64_t step = Step();
  const uint64_t room_end = (length + step - 1) / step * step;
  auto store = Look();
  if (!store) return std::move(store).error();
  uint64_t on_disk = 0;
  for (const Store::Segment& segment : store->segments) {
    if (segment.number == segment_no) on_disk = segment.bytes;
  }
  const bool is_overlong = room_end > options_.segment_bytes;
  const Removal removal = PlanRemoval(*store, options_.retention,
                                      {.bytes = room_end - std::min(room_end, on_disk),
                                       .spare_bytes = is_overlong ? options_.segment_bytes : 0,
                                       .active_no = segment_no});
  if (Status removed = RemoveOldest(*store, removal.segments); !removed) {
    return std::move(removed).error();
  }
  if (!removal.is_enough) {
    return NoRoom("more", removal, options_.retention);
  }
  if (Status reserved = file.Reserve(room_end); !reserved) {
    return std::move(reserved).error();
  }
  RestoreBallast();
  return room_end;
}

// Each removal is on disk before the next one: never is a newer segment gone and an older one
// there.
Status DiskRoom::RemoveOldest(const Store& store, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (removals_ != synced_removals_ && options_.sync != SyncPolicy::kNone) {
      if (Status synced = folder_.Sync(); !synced) return synced;
      synced_removals_ = removals_;
    }
    // A compressor may have finished since the folder was listed.
    std::vector<std::string> names = store.segments[i].names;
    names.push_back(SegmentName(store.segments[i].number, SegmentForm::kCompressed));
    for (const std::string& name : names) {
      Status removed = folder_.Remove(name);
      if (!removed && removed.error().error_number() != ENOENT) return removed;
    }
    removed_before_ = store.segments[i].number + 1;
    ++removals_;
  }
  return Ok{};
}

void DiskRoom::NoteError(const Error& error) {
  is_full_ |= IsDiskFull(error.error_number());
  if (is_full_) ReleaseBallast();
}

void DiskRoom::NoteRoom() {
  is_full_ = false;
  RestoreBallast();
}

void DiskRoom::NoteSynced(uint64_t removals) {
  synced_removals_ = std::max(synced_removals_, removals);
}

void DiskRoom::ReleaseBallast() {
  if (std::exchange(has_ballast_, false)) (void)folder_.Remove(kBallastName);
}

// Its bytes are written, not only reserved, and cannot be compressed: no file system gives their
// room to others then. One that a crash left half written is made anew.
void DiskRoom::RestoreBallast() {
  if (has_ballast_ || options_.ballast_bytes == 0) return;
  auto store = ReadStore(folder_);
  if (!store) return;
  has_ballast_ = store->ballast_bytes >= options_.ballast_bytes;
  if (has_ballast_) return;
  const Removal removal = PlanRemoval(*store, options_.retention,
                                      {.bytes = kBallastsForBallast * options_.ballast_bytes,
                                       .spare_bytes = options_.segment_bytes,
                                       .active_no = 0});
  if (!removal.is_enough) return;
  if (store->ballast_bytes) (void)folder_.Remove(kBallastName);
  auto file = folder_.Create(kBallastName);
  if (!file) return;
  has_ballast_ = true;
  if (!WriteAll(**file, RandomBytes(options_.ballast_bytes))) ReleaseBallast();
}

}  // namespace daybook
