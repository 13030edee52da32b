#include "log/files_to_read.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "daybook/reader.h"
#include "lives/lives.h"
#include "log/record_facts.h"
#include "log/segment_head.h"

namespace daybook {
namespace {

// What is left of a segment without a head: the whole file has to be read for it.
HeadlessSegment ReadHeadless(SegmentReader& reader, uint32_t tag) {
  HeadlessSegment headless{.tag = tag, .first_seq = {}, .first_time_ns = {}, .end = {}};
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    const auto* record = std::get_if<RecordView>(&item);
    if (record == nullptr || record->proof != Proof::kVerified) continue;
    if (reader.tag() != tag) break;  // another segment in the same file
    if (!headless.first_seq) headless.first_seq = record->seq;
    if (!headless.first_time_ns && record->seq) headless.first_time_ns = TimeOf(*record);
    if (SegmentEnd end; record->As(&end)) headless.end = end;
  }
  return headless;
}

// Whether the first snapshot of a segment is whole, or there is none since nobody recorded it. A
// recorder whose snapshot fails does not write its end.
bool HasWholeSnapshot(const std::string& path) {
  auto reader = SegmentReader::Open(path, {.choose_frames = FramesOfHead});
  if (!reader) return false;
  std::optional<uint64_t> processes;
  bool is_imported = false;
  for (Item item = reader->Next();; item = reader->Next()) {
    const auto* record = std::get_if<RecordView>(&item);
    if (record == nullptr) return is_imported && !processes && !std::holds_alternative<Gap>(item);
    if (Info info; record->As(&info)) is_imported |= info.key == kImportedFrom;
    if (SnapEnd end; record->As(&end)) return processes == end.process_count;
    if (record->Is<SnapBegin>()) {
      if (processes) return false;  // the next one
      processes = 0;
    } else if (record->Is<SnapProc>() && processes) {
      ++*processes;
    }
    if (!reader->segment()) return false;
    const bool is_of_head =
        TimeOf(*record).value_or(0) < reader->segment()->time_ns + kMaxLatenessNs;
    if (!is_of_head) return is_imported && !processes;
  }
}

// Of a salvaged segment no byte is damaged, whatever it lacks.
struct Damage {
  uint64_t lost_records = 0;
  uint64_t bytes = 0;
  auto operator<=>(const Damage&) const = default;
};

// Of all of it, which is read for that.
Damage DamageIn(const std::string& path) {
  Damage damage;
  auto reader = SegmentReader::Open(path);
  if (!reader) return {.lost_records = UINT64_MAX};
  for (Item item = reader->Next(); !std::holds_alternative<End>(item); item = reader->Next()) {
    const auto* gap = std::get_if<Gap>(&item);
    if (gap == nullptr) continue;
    damage.lost_records += gap->records_lost.value_or(0);
    damage.bytes += gap->end - gap->begin;
  }
  return damage;
}

// When the last record was; nullopt where not all of it is of that boot and log.
std::optional<uint64_t> LastTimeIn(const std::string& path, const SegmentStart& start) {
  auto reader = SegmentReader::Open(path);
  if (!reader) return std::nullopt;
  uint64_t last_ns = start.time_ns;
  for (Item item = reader->Next(); !std::holds_alternative<End>(item); item = reader->Next()) {
    const auto& segment = reader->segment();
    const bool is_other =
        segment && (segment->stream_id != start.stream_id || segment->boot_id != start.boot_id);
    if (is_other) return std::nullopt;
    const auto* record = std::get_if<RecordView>(&item);
    if (record == nullptr || record->proof != Proof::kVerified) continue;
    last_ns = std::max(last_ns, TimeOf(*record).value_or(0));
    if (Lives lives; record->As(&lives)) last_ns = std::max(last_ns, lives.last_time_ns);
  }
  return last_ns;
}

// Wraps instead of overflowing: the numbers come from a file.
int64_t Earlier(int64_t time_ns, uint64_t by_ns) {
  return static_cast<int64_t>(static_cast<uint64_t>(time_ns) - by_ns);
}

std::vector<Part> PartsToRead(std::span<const PeekedFile> files, Skips skips, const Window& window,
                              const HeadCheck& is_head_whole) {
  if (skips == Skips::kLives) return PartsForLives(files, window, 1, is_head_whole);
  if (skips == Skips::kEnds) return PartsForLives(files, window, 0, is_head_whole);
  const bool of_boots = skips == Skips::kBoots;
  std::vector<Part> parts;
  for (const bool is_outside :
       of_boots ? BootsOutside(files, window) : SegmentsOutside(files, window)) {
    parts.push_back(is_outside ? Part::kNothing : Part::kAll);
  }
  return parts;
}

// What each file says of itself, and what the others prove of those that say nothing.
void JoinHeadless(std::span<FileToRead> files) {
  std::vector<SegmentPeek> peeks;
  for (FileToRead& file : files) {
    if (!file.peek) continue;
    SegmentPeek peek = *file.peek;
    if (!peek.start) {
      auto reader = SegmentReader::Open(file.path);
      if (!reader) continue;
      (void)reader->Next();
      peek.start = reader->segment();
      const auto tag = reader->tag();
      if (!peek.start && tag) file.headless = ReadHeadless(*reader, *tag);
    }
    file.first_segment = peek.start;
    peeks.push_back(std::move(peek));
  }
  for (FileToRead& file : files) {
    if (file.headless) file.first_segment = InferStart(*file.headless, peeks);
  }
}

}  // namespace

bool IsRegularFile(const std::string& path) {
  std::error_code unknown;
  return path != "-" && std::filesystem::is_regular_file(path, unknown);
}

Result<std::vector<FileToRead>> FindFiles(const std::string& path, Choice choice) {
  auto found = FindSegments(path);
  if (!found) return std::move(found).error();
  // Until the snapshot in the newest one is whole, the one before it tells who is living.
  constexpr std::ptrdiff_t kNewest = 2;
  if (choice == Choice::kNewest && found->size() > kNewest) {
    found->erase(found->begin(), found->end() - kNewest);
  }
  std::vector<FileToRead> files;
  for (std::string& name : *found) {
    FileToRead& file = files.emplace_back();
    file.found_in_folder = name != path;
    file.is_newest = file.found_in_folder && &name == &found->back();
    file.path = std::move(name);
  }
  return files;
}

bool AddNewFiles(std::vector<FileToRead>* files) {
  const std::filesystem::path newest = files->back().path;
  const auto found = FindSegments(newest.parent_path());
  if (!found) return false;  // what becomes of the folder is for the watch to tell
  bool is_new = false;
  for (const std::string& name : *found) {
    if (SegmentNumberOf(name) <= SegmentNumberOf(newest.string())) continue;
    files->back().is_newest = false;
    FileToRead& file = files->emplace_back();
    file.path = name;
    file.found_in_folder = file.is_newest = true;
    is_new = true;
  }
  return is_new;
}

void PeekFiles(std::span<FileToRead> files) {
  for (FileToRead& file : files) {
    if (!IsRegularFile(file.path)) continue;
    if (auto peek = PeekSegment(file.path)) file.peek = std::move(*peek);
  }
}

void SortFiles(std::vector<FileToRead>* files) {
  JoinHeadless(*files);
  std::map<Id128, size_t> rank_of_log;
  std::map<std::pair<Id128, uint64_t>, size_t> copies;
  for (const FileToRead& file : *files) {
    if (const auto& start = file.first_segment) ++copies[{start->stream_id, start->segment_no}];
  }
  struct Key {
    size_t log = 0;
    uint64_t segment_no = 0;
    Damage damage;  // where there are several
    auto operator<=>(const Key&) const = default;
  };
  std::vector<std::pair<Key, FileToRead>> keyed;
  Key key;
  for (FileToRead& file : *files) {
    if (const auto& start = file.first_segment) {
      const bool has_copies = copies[{start->stream_id, start->segment_no}] > 1;
      key = {.log = rank_of_log.try_emplace(start->stream_id, rank_of_log.size()).first->second,
             .segment_no = start->segment_no,
             .damage = has_copies ? DamageIn(file.path) : Damage()};
    }
    keyed.emplace_back(key, std::move(file));
  }
  std::ranges::stable_sort(keyed, {}, [](const auto& entry) { return entry.first; });
  files->clear();
  for (auto& [unused, file] : keyed) files->push_back(std::move(file));
}

// As a recorder leaves them whose folder was moved away before it was started anew.
JoinedIds JoinFiles(std::vector<FileToRead>* files) {
  std::vector<std::optional<SegmentStart>> starts;
  for (const FileToRead& file : *files) starts.push_back(file.first_segment);
  const auto end_of = [files](size_t i) -> std::optional<uint64_t> {
    const FileToRead& file = (*files)[i];
    const bool is_told = file.peek && file.peek->end && file.peek->end->last_time_ns;
    return is_told ? file.peek->end->last_time_ns : LastTimeIn(file.path, *file.first_segment);
  };
  JoinedLogs joined = JoinLogs(
      starts, end_of, [files](size_t i) { return ReadSegmentHead((*files)[i].path).host; });
  if (joined.log_of.empty()) return {};
  for (const auto& [file, ended_ns] : joined.other_ended_ns) {
    (*files)[file].other_ended_ns = ended_ns;
  }
  std::vector<FileToRead> ordered;
  for (const size_t file : joined.order) ordered.push_back(std::move((*files)[file]));
  *files = std::move(ordered);
  return std::move(joined.log_of);
}

SegmentPeek PeekOf(const FileToRead& file, const JoinedIds& joined) {
  SegmentPeek peek = *file.peek;
  if (peek.start) peek.start->stream_id = IdOf(peek.start->stream_id, joined);
  if (!file.other_ended_ns || !peek.end || !peek.end->first_time_ns) return peek;
  SegmentEnd& end = *peek.end;
  const uint64_t before_ns =
      *end.first_time_ns - std::min(*end.first_time_ns, *file.other_ended_ns);
  *end.first_time_ns -= before_ns;
  if (end.first_realtime_ns) end.first_realtime_ns = Earlier(*end.first_realtime_ns, before_ns);
  return peek;
}

void PlanParts(std::span<FileToRead> files, const JoinedIds& joined, Skips skips,
               const Window& window) {
  std::vector<PeekedFile> peeked;
  for (const FileToRead& file : files) {
    PeekedFile& entry = peeked.emplace_back();
    if (file.peek) entry.peek = PeekOf(file, joined);
    entry.holds_one_segment = file.found_in_folder || entry.peek.end;
  }
  const std::vector<Part> parts = PartsToRead(
      peeked, skips, window, [files](size_t file) { return HasWholeSnapshot(files[file].path); });
  for (size_t i = 0; i < files.size(); ++i) files[i].part = parts[i];
}

}  // namespace daybook
