#include "retention.h"

#include <algorithm>
#include <map>

#include "block.h"
#include "container.h"
#include "daybook/coding.h"
#include "file.h"
#include "layout.h"
#include "range_sums.h"

namespace daybook {
namespace {

// The number of a segment's file, also while it is being compressed.
std::optional<SegmentFile> ParseLogFile(std::string_view name) {
  const std::string_view suffix = kTemporarySuffix;
  if (name.ends_with(suffix)) name.remove_suffix(suffix.size());
  return ParseSegmentName(name);
}

int64_t Sum(int64_t a, uint64_t b) {
  const auto added = static_cast<int64_t>(std::min<uint64_t>(b, INT64_MAX));
  return a > INT64_MAX - added ? INT64_MAX : a + added;
}

// Precondition: to >= from.
uint64_t Distance(int64_t from, int64_t to) {
  return static_cast<uint64_t>(to) - static_cast<uint64_t>(from);
}

// Boot time steps for nobody: within a boot it says how much later `now` is.
int64_t ExpectedRealtime(const Store::Segment::Begun& begun, const Clock& now,
                         const Id128& boot_id) {
  const bool same_boot = begun.boot_id == boot_id;
  const uint64_t begun_ns = same_boot ? std::min(begun.time_ns, now.time_ns) : 0;
  return Sum(begun.realtime_ns, now.time_ns - begun_ns);
}

// Both are proved by their checksums: nothing is deleted on the word of damaged bytes.
std::optional<SegmentStart> ReadProvedStart(std::span<const uint8_t> head) {
  Cursor cursor(head);
  uint32_t magic = 0;
  if (cursor.GetFixed(&magic) && magic == kContainerMagic) {
    const auto part = ReadPart(head, 0);
    const auto container = part ? DecodeHead(*part) : std::nullopt;
    return container ? container->segment : std::nullopt;
  }
  RangeSums sums(head);
  const auto checkpoint = ReadCheckpoint(head, WalkBlock(head, 0), kTickNs);
  if (!checkpoint || ProveBlock(sums, *checkpoint, 0) != size_t{0}) return std::nullopt;
  return ReadHead(head, 0, *checkpoint);
}

}  // namespace

Result<Store> ReadStore(LogFolder& folder) {
  auto files = folder.List();
  if (!files) return std::move(files).error();
  auto free = folder.FreeBytes();
  if (!free) return std::move(free).error();
  Store store;
  store.free_bytes = *free;
  std::map<uint64_t, Store::Segment> segments;
  for (FileInfo& file : *files) {
    if (file.name == kBallastName) store.ballast_bytes = file.bytes;
    if (file.name == kBallastName || file.name.starts_with(kSegmentPrefix)) {
      store.used_bytes += file.bytes;
    }
    const auto parsed = ParseLogFile(file.name);
    if (!parsed) continue;
    Store::Segment& segment = segments[parsed->number];
    segment.number = parsed->number;
    segment.bytes += file.bytes;
    segment.names.push_back(std::move(file.name));
  }
  for (auto& [number, segment] : segments) store.segments.push_back(std::move(segment));
  return store;
}

Result<DiskUse> MeasureDiskUse(LogFolder& folder) {
  const auto store = ReadStore(folder);
  if (!store) return store.error();
  return DiskUse{.log_bytes = store->used_bytes, .free_bytes = store->free_bytes};
}

std::optional<Store::Segment::Begun> ReadBegun(std::span<const uint8_t> head) {
  const auto start = ReadProvedStart(head);
  if (!start) return std::nullopt;
  return Store::Segment::Begun{
      .boot_id = start->boot_id, .time_ns = start->time_ns, .realtime_ns = start->realtime_ns};
}

void ReadHeads(LogFolder& folder, Store* store) {
  constexpr size_t kHeadBytes = 16 * 1024;  // the head's own block, or a CONTAINER, is shorter
  for (Store::Segment& segment : store->segments) {
    for (const std::string& name : segment.names) {
      const auto head = folder.ReadFirst(name, kHeadBytes);
      if (head && !segment.begun) segment.begun = ReadBegun(*head);
    }
  }
}

Removal PlanRemoval(const Store& store, const RetentionLimits& limits, const RoomNeeded& need) {
  uint64_t used = store.used_bytes;
  uint64_t free = store.free_bytes;
  uint64_t count = store.segments.size();
  // On a small disk no more is spare than on a small budget.
  constexpr uint64_t kSpareShare = 4;
  const uint64_t free_spare = std::min(need.spare_bytes, (used + free) / kSpareShare);
  const auto is_within_total = [&] {
    const uint64_t wanted = need.bytes + need.spare_bytes;
    return used <= limits.max_total_bytes && wanted <= limits.max_total_bytes - used;
  };
  const auto fits = [&] {
    const uint64_t wanted = need.bytes + free_spare;
    return is_within_total() && free >= wanted && free - wanted >= limits.min_free_bytes;
  };
  Removal removal;
  for (const Store::Segment& segment : store.segments) {
    const bool too_many = count + need.segments > limits.max_segments;
    if ((fits() && !too_many) || segment.number >= need.active_no) break;
    used -= segment.bytes;
    free += segment.bytes;
    --count;
    ++removal.segments;
  }
  removal.is_enough = fits();
  removal.is_within_total = is_within_total();
  removal.free_bytes = free;
  return removal;
}

// A segment ends before the next one begins, so its newest moment is no later than that. A clock
// that was set back for a while makes none older than its own beginning.
size_t CountAged(const Store& store, uint64_t max_age_ns, const Clock& now, const Id128& boot_id) {
  if (max_age_ns == 0 || RunsAhead(store, now, boot_id)) return 0;
  size_t aged = 0;
  for (size_t i = 0; i + 1 < store.segments.size(); ++i) {
    const auto& begun = store.segments[i].begun;
    const auto next = std::find_if(store.segments.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                   store.segments.end(),
                                   [](const Store::Segment& one) { return one.begun.has_value(); });
    if (next == store.segments.end()) break;
    int64_t newest_ns = next->begun->realtime_ns;
    if (begun) newest_ns = std::max(newest_ns, begun->realtime_ns);
    if (newest_ns > now.realtime_ns) break;
    if (Distance(newest_ns, now.realtime_ns) <= max_age_ns) break;
    aged = i + 1;
  }
  return aged;
}

// Compared with the last clock of an earlier boot, and with the first one of this boot: a step that
// has got into the log meanwhile is not what it is held against.
bool RunsAhead(const Store& store, const Clock& now, const Id128& boot_id) {
  if (now.max_error_us) return false;
  constexpr uint64_t kTolerance = 3'600'000'000'000;
  std::optional<int64_t> expected;
  for (const Store::Segment& segment : store.segments) {
    if (!segment.begun) continue;
    const int64_t by_this = ExpectedRealtime(*segment.begun, now, boot_id);
    const bool same_boot = segment.begun->boot_id == boot_id;
    expected = same_boot ? std::min(expected.value_or(by_this), by_this) : by_this;
    if (same_boot) break;
  }
  return expected && now.realtime_ns > Sum(*expected, kTolerance);
}

}  // namespace daybook
