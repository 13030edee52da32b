#include "segment_order.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "content_reader.h"
#include "cookie.h"

namespace daybook {
namespace {

struct Place {
  size_t content = 0;
  size_t begin = 0;  // in that content
  std::optional<SegmentStart> start;
};

// Cheap, and true also where one head only seems to stand there: then a reader looks.
bool MayHoldSeveral(Bytes bytes, const std::optional<SegmentStart>& known) {
  constexpr uint8_t kType = Schema<SegmentStart>::kType;
  std::optional<uint32_t> tag;
  if (known) tag = known->tag;
  for (size_t at = FindCookieOfType(bytes, 0, kType); at < bytes.size();
       at = FindCookieOfType(bytes, at + 1, kType)) {
    const auto header = ReadHeader(bytes, at);
    SegmentStart start;
    if (!header) continue;
    if (!Decode(PayloadOf(bytes, *header), BlockBase{}, &start)) continue;
    if (tag && tag != start.tag) return true;
    tag = start.tag;
  }
  return false;
}

// As who reads them in the order of the file would find them: a head that a program's arguments
// hold begins nothing.
void AddPlaces(size_t content, Bytes bytes, std::vector<Place>* places) {
  ContentReader reader(bytes, false, {});
  std::optional<uint32_t> tag;  // of the last head; before the first one, of what was read
  bool has_head = false;
  Item item;
  for (reader.Next(&item); !std::holds_alternative<End>(item); reader.Next(&item)) {
    const auto* record = std::get_if<RecordView>(&item);
    SegmentStart start;
    const bool is_head =
        record != nullptr && record->proof == Proof::kVerified && record->As(&start);
    if (is_head && record->offset == 0) {
      if (!places->back().start) places->back().start = start;
    } else if (is_head && tag != start.tag) {  // no copy
      places->push_back({.content = content, .begin = record->offset, .start = start});
    }
    has_head = has_head || is_head;
    if (is_head) {
      tag = start.tag;
    } else if (!has_head) {
      tag = reader.tag();
    }
  }
}

std::vector<Place> PlacesOf(const std::vector<Content>& contents) {
  std::vector<Place> places;
  for (size_t i = 0; i < contents.size(); ++i) {
    const Content& content = contents[i];
    places.push_back({.content = i, .begin = 0, .start = content.segment});
    const bool may_be_split = content.jumps.empty() && !content.missing_tail;
    const bool is_unknown = contents.size() > 1 && !content.segment;
    const bool is_of_interest = is_unknown || MayHoldSeveral(content.bytes, content.segment);
    if (may_be_split && is_of_interest) AddPlaces(i, content.bytes, &places);
  }
  return places;
}

// In the order in which they are to be read.
void Sort(std::vector<Place>* places) {
  std::map<Id128, size_t> rank_of_log;
  using Key = std::pair<size_t, uint64_t>;
  std::vector<std::pair<Key, Place>> keyed;
  Key key{0, 0};
  for (const Place& place : *places) {
    if (place.start) {
      const size_t next_rank = rank_of_log.size();
      key.first = rank_of_log.try_emplace(place.start->stream_id, next_rank).first->second;
      key.second = place.start->segment_no;
    }
    keyed.emplace_back(key, place);
  }
  std::ranges::stable_sort(keyed, {}, [](const auto& entry) { return entry.first; });
  places->clear();
  for (const auto& [unused, place] : keyed) places->push_back(place);
}

// What the container says is of its first segment.
Content Part(const Content& content, size_t begin, size_t end) {
  Content part{.bytes = Buffer(content.bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                               content.bytes.begin() + static_cast<std::ptrdiff_t>(end)),
               .is_compressed = content.is_compressed,
               .is_durable = content.is_durable,
               .frame_damage = {},
               .missing_tail = {},
               .segment = {},
               .jumps = {},
               .file_begin = content.file_begin + begin};
  if (begin != 0) return part;
  part.frame_damage = content.frame_damage;
  part.segment = content.segment;
  return part;
}

}  // namespace

void PutInOrder(std::vector<Content>* contents) {
  std::vector<Place> places = PlacesOf(*contents);
  if (places.size() < 2) return;
  const auto of_file = [](const Place& place) { return std::pair(place.content, place.begin); };
  std::vector<std::pair<size_t, size_t>> begins;
  for (const Place& place : places) begins.push_back(of_file(place));
  Sort(&places);
  if (std::ranges::is_sorted(places, {}, of_file)) return;
  std::vector<Content> ordered;
  for (const Place& place : places) {
    Content& content = (*contents)[place.content];
    const auto next = std::ranges::upper_bound(begins, of_file(place));
    const bool ends_inside = next != begins.end() && next->first == place.content;
    if (place.begin == 0 && !ends_inside) {
      ordered.push_back(std::move(content));
    } else {
      ordered.push_back(
          Part(content, place.begin, ends_inside ? next->second : content.bytes.size()));
    }
  }
  *contents = std::move(ordered);
}

}  // namespace daybook
