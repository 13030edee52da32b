#include "oracle.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "layout.h"

namespace daybook::damage {
namespace {

std::string Text(const Gap& gap) {
  const auto number = [](const std::optional<uint64_t>& value) {
    return value ? std::to_string(*value) : std::string("?");
  };
  return "[" + std::to_string(gap.begin) + ", " + std::to_string(gap.end) + ") " +
         std::string(GapCauseName(gap.cause)) + ", lost " + number(gap.records_lost) + " from " +
         number(gap.first_lost_seq) + ", times " + number(gap.first_time_ns) + " to " +
         number(gap.last_time_ns);
}

bool IsSalvage(const SeenRecord& seen) { return seen.view.proof != Proof::kVerified; }

bool SamePayload(const WrittenRecord& written, const RecordView& seen) {
  return written.type == seen.type && std::ranges::equal(written.payload, seen.payload);
}

bool SameRecord(const WrittenRecord& written, const RecordView& seen) {
  return SamePayload(written, seen) && written.seq == seen.seq && written.base == seen.base &&
         seen.has_base && seen.is_whole;
}

// A verified record and what it was when it was written.
struct Match {
  const Written* segment = nullptr;
  size_t index = 0;
};

class Judgement {
 public:
  Judgement(const Kind& kind, const Damaged& damaged)
      : kind_(kind),
        damaged_(damaged),
        bytes_(damaged.bytes),
        strict_(ReadItems(bytes_, {})),
        salvage_(ReadItems(bytes_, {.salvage = true})) {}

  Verdict Run() {
    CheckOrder(strict_);
    CheckOrder(salvage_);
    if (!verdict_.ok()) return verdict_;
    CheckSalvageChangesNothing();
    CheckSalvagedRecords();
    if (kind_.shape == Shape::kForgedTag) return verdict_;
    CheckVerifiedWasWritten();
    CheckNeighbours();
    CheckExpected();
    if (kind_.shape != Shape::kMoved) CheckWhatWasLeftAlone();
    return verdict_;
  }

 private:
  void Broken(std::string what) {
    constexpr size_t kEnough = 4;
    if (verdict_.broken.size() < kEnough) verdict_.broken.push_back(std::move(what));
  }

  // P5.
  void CheckOrder(const Items& items) {
    if (!items.ended) return Broken("P5: the reader does not end");
    size_t position = 0;
    size_t gap = 0;
    size_t salvaged_begin = 0;  // the next one begins here or later
    size_t salvaged_end = 0;
    size_t overlaps = 0;
    const auto take_gaps = [&](size_t until) {
      for (; gap < until; ++gap) {
        const Gap& one = items.gaps[gap];
        if (one.begin != position || one.end < one.begin || one.end > bytes_.size()) {
          Broken("P5: after byte " + std::to_string(position) + " comes the gap " + Text(one));
        }
        position = one.end;
        salvaged_begin = salvaged_end = one.begin;
        overlaps = 0;
      }
    };
    for (const SeenRecord& seen : items.records) {
      take_gaps(seen.gaps_before);
      if (IsSalvage(seen)) {
        const bool inside = seen.follows_gap && seen.view.offset >= salvaged_begin &&
                            seen.view.offset + seen.view.size <= position;
        if (!inside) {
          Broken("P5: salvaged record at " + std::to_string(seen.view.offset) +
                 " does not follow its gap in order");
        }
        // Where the first chain breaks off, its last record may be too long: once in a gap.
        if (seen.view.offset < salvaged_end && ++overlaps > 1) {
          Broken("P5: salvaged record at " + std::to_string(seen.view.offset) +
                 " overlaps another");
        }
        salvaged_begin = seen.view.offset + 1;
        salvaged_end = seen.view.offset + seen.view.size;
        continue;
      }
      if (seen.view.offset != position || seen.view.size == 0) {
        Broken("P5: after byte " + std::to_string(position) + " comes the record at " +
               std::to_string(seen.view.offset));
      }
      position = seen.view.offset + seen.view.size;
    }
    take_gaps(items.gaps.size());
    if (position != bytes_.size()) Broken("P5: bytes at the end are in no item");
  }

  // P4.
  void CheckSalvageChangesNothing() {
    for (const SeenRecord& seen : strict_.records) {
      if (IsSalvage(seen)) Broken("P4: an unproved record comes without being asked for");
    }
    auto other = salvage_.records.begin();
    for (const SeenRecord& seen : strict_.records) {
      other = std::find_if_not(other, salvage_.records.end(), IsSalvage);
      const bool same = other != salvage_.records.end() && other->view.offset == seen.view.offset &&
                        other->view.size == seen.view.size && other->view.seq == seen.view.seq &&
                        other->view.type == seen.view.type && other->view.base == seen.view.base;
      if (!same) return Broken("P4: with salvage another record is verified");
      ++other;
    }
    if (std::find_if_not(other, salvage_.records.end(), IsSalvage) != salvage_.records.end()) {
      Broken("P4: with salvage more is verified");
    }
    if (strict_.complete != salvage_.complete) Broken("P4: with salvage the end is another one");
    CompareGaps(strict_.gaps, salvage_.gaps, "P4: with salvage a gap is another one", true);
  }

  void CompareGaps(const std::vector<Gap>& expected, const std::vector<Gap>& seen,
                   const std::string& what, bool with_cause) {
    for (size_t i = 0; i < std::max(expected.size(), seen.size()); ++i) {
      if (i >= seen.size()) return Broken(what + ": missing " + Text(expected[i]));
      if (i >= expected.size()) return Broken(what + ": unexpected " + Text(seen[i]));
      const Gap& a = expected[i];
      const Gap& b = seen[i];
      const bool same = a.begin == b.begin && a.end == b.end && a.records_lost == b.records_lost &&
                        a.first_lost_seq == b.first_lost_seq &&
                        a.first_time_ns == b.first_time_ns && a.last_time_ns == b.last_time_ns &&
                        (a.cause == b.cause || !with_cause);
      if (!same) return Broken(what + ": " + Text(a) + " expected, is " + Text(b));
    }
  }

  // What is salvaged is really in the file, and counted.
  void CheckSalvagedRecords() {
    std::vector<uint64_t> numbered(salvage_.gaps.size());
    for (const SeenRecord& seen : salvage_.records) {
      if (!IsSalvage(seen)) continue;
      const RecordView& record = seen.view;
      const std::string at = "salvaged record at " + std::to_string(record.offset);
      if (record.seq) Broken(at + " has a number");
      if (IsFraming(record.type)) Broken(at + " is no record of its own");
      if (!StandsThere(record)) Broken(at + " does not stand there");
      if (IsNumbered(record.type)) ++numbered[seen.gaps_before - 1];
    }
    for (size_t i = 0; i < salvage_.gaps.size(); ++i) {
      if (salvage_.gaps[i].records_salvaged != numbered[i]) {
        Broken("a gap says " + std::to_string(salvage_.gaps[i].records_salvaged) +
               " records salvaged, and " + std::to_string(numbered[i]) + " follow it");
      }
    }
  }

  bool StandsThere(const RecordView& record) const {
    auto header = ReadHeader(bytes_, record.offset);
    if (!header || header->type != record.type) return false;
    // What is cut is shortened so that it can be decoded.
    if (!record.is_whole) return header->end <= record.offset + record.size;
    std::vector<uint8_t> payload = Payload(*header, 0);
    while (header->end < record.offset + record.size) {
      header = ReadHeader(bytes_, header->end);
      if (!header || header->type != Schema<Continuation>::kType) return false;
      const std::vector<uint8_t> fragment = Payload(*header, 1);
      payload.insert(payload.end(), fragment.begin(), fragment.end());
    }
    return header->end == record.offset + record.size &&
           std::ranges::equal(payload, record.payload);
  }

  std::vector<uint8_t> Payload(const RecordHeader& header, size_t skipped) const {
    const size_t begin = std::min(header.payload_begin + skipped, header.end);
    const Bytes payload = bytes_.subspan(begin, header.end - begin);
    return {payload.begin(), payload.end()};
  }

  // P1. From behind: the checkpoint or mark that proves a record is like no other, so of several
  // records that are alike it is the one before the match behind it.
  void CheckVerifiedWasWritten() {
    matches_.resize(strict_.records.size());
    for (size_t i = matches_.size(); i-- > 0;) {
      const RecordView& seen = strict_.records[i].view;
      matches_[i] = Find(seen, i + 1 < matches_.size() ? matches_[i + 1] : Match{});
      if (matches_[i].segment != nullptr) continue;
      ++verdict_.false_verified;
      Broken("P1: the verified record at " + std::to_string(seen.offset) + ", type " +
             std::to_string(seen.type) + ", was not written");
    }
  }

  Match Find(const RecordView& seen, const Match& next) const {
    if (next.segment != nullptr && next.index > 0 &&
        SameRecord(next.segment->records[next.index - 1], seen)) {
      return {next.segment, next.index - 1};
    }
    for (const Written* segment : kind_.genuine) {
      for (size_t i = segment->records.size(); i-- > 0;) {
        if (SameRecord(segment->records[i], seen)) return {segment, i};
      }
    }
    return {};
  }

  // P3.
  void CheckNeighbours() {
    for (size_t i = 0; i < matches_.size(); ++i) {
      const Match& match = matches_[i];
      const size_t gaps = strict_.records[i].gaps_before;
      const size_t gaps_before = i == 0 ? 0 : strict_.records[i - 1].gaps_before;
      const std::string at = std::to_string(strict_.records[i].view.offset);
      if (match.segment == nullptr) continue;
      if (i == 0 || match.index == 0 || matches_[i - 1].segment != match.segment) {
        if (match.index != 0 && gaps == gaps_before) {
          Broken("P3: bytes are missing before " + at + " and nothing says so");
        }
        continue;
      }
      const size_t previous = matches_[i - 1].index;
      if (match.index <= previous) {
        if (!StandsThereAgain(match, previous)) Broken("P3: the reader goes back at " + at);
        continue;
      }
      if (gaps == gaps_before && match.index != previous + 1) {
        Broken("P3: records are missing before " + at + " and nothing says so");
      }
      CheckLostCount(*match.segment, previous, match.index, gaps_before, gaps);
    }
  }

  // The first records of a block were proved by a MARK, and it stands whole further on.
  static bool StandsThereAgain(const Match& match, size_t previous) {
    const std::vector<WrittenRecord>& records = match.segment->records;
    return records[match.index].block == records[previous].block &&
           records[match.index].offset == match.segment->blocks[records[previous].block].begin;
  }

  void CheckLostCount(const Written& segment, size_t previous, size_t index, size_t first_gap,
                      size_t last_gap) {
    uint64_t missing = 0;
    for (size_t i = previous + 1; i < index; ++i) missing += segment.records[i].seq ? 1 : 0;
    uint64_t told = 0;
    for (size_t i = first_gap; i < last_gap; ++i) {
      told += strict_.gaps[i].records_lost.value_or(0);
    }
    if (missing == told) return;
    Broken("P3: " + std::to_string(missing) + " records are lost before record " +
           std::to_string(index) + ", and " + std::to_string(told) + " are told");
  }

  void CheckExpected() {
    const Expected expected = Expect(kind_, damaged_);
    auto seen = strict_.records.begin();
    for (const Expected::Piece& piece : expected.pieces) {
      const size_t written_end = piece.written_begin + (piece.end - piece.begin);
      for (size_t i = piece.segment->RecordAt(piece.written_begin);
           i < piece.segment->records.size() && piece.segment->records[i].offset < written_end;
           ++i, ++seen) {
        const WrittenRecord& record = piece.segment->records[i];
        const size_t offset = record.offset - piece.written_begin + piece.begin;
        const bool same = seen != strict_.records.end() && seen->view.offset == offset &&
                          SameRecord(record, seen->view);
        if (!same) return Broken("P2: no verified record at " + std::to_string(offset));
      }
    }
    if (seen != strict_.records.end()) {
      Broken("P2: an unexpected verified record at " + std::to_string(seen->view.offset));
    }
    CompareGaps(expected.gaps, strict_.gaps, "P3", expected.causes_known);
    if (expected.complete != strict_.complete) Broken("P3: the end is another one");
  }

  bool IsTouched(size_t begin, size_t end) const {
    return std::any_of(damaged_.damaged.begin(), damaged_.damaged.end(), [&](const Range& range) {
      // Where bytes were added between two, neither of them is touched.
      return range.begin < end && range.end > begin &&
             (range.begin != range.end || range.begin > begin);
    });
  }

  // Blocks that are touched, or that nothing proves without those that are: see oracle.h.
  std::vector<bool> TouchedBlocks() const {
    const std::vector<WrittenBlock>& blocks = kind_.original->blocks;
    std::vector<bool> touched;
    for (const WrittenBlock& block : blocks) touched.push_back(IsTouched(block.begin, block.end));
    if (!SaysWhoseItIs(*kind_.original, touched)) touched.assign(touched.size(), true);
    if (blocks.back().record || blocks.size() == 1) return touched;
    const WrittenBlock& before = blocks[blocks.size() - 2];
    if (IsTouched(before.checkpoint, before.end) || IsAddedAt(before.end)) touched.back() = true;
    return touched;
  }

  bool IsAddedAt(size_t offset) const {
    return std::ranges::any_of(damaged_.damaged, [offset](const Range& range) {
      return range.begin == offset && range.end == offset;
    });
  }

  // P2, by where the damage is.
  void CheckWhatWasLeftAlone() {
    const Written& original = *kind_.original;
    std::vector<bool> verified(original.records.size());
    for (const Match& match : matches_) {
      if (match.segment == &original) verified[match.index] = true;
    }
    const std::vector<bool> touched = TouchedBlocks();
    for (size_t i = 0; i < original.records.size(); ++i) {
      if (verified[i] || touched[original.records[i].block]) continue;
      ++verdict_.blocks_lost;
      Broken("P2: record " + std::to_string(i) + " of a block that was left alone is lost");
    }
    CheckWrongByte();
    CompareSalvaged(verified);
  }

  // A changed byte of a block, with nothing else wrong, is named.
  void CheckWrongByte() {
    for (const Gap& gap : strict_.gaps) {
      if (gap.wrong_byte &&
          (gap.wrong_byte->offset < gap.begin || gap.wrong_byte->offset >= gap.end)) {
        Broken("a gap names a wrong byte outside of it");
      }
    }
    const Written& original = *kind_.original;
    if (damaged_.damaged.size() != 1 || bytes_.size() != original.bytes.size()) return;
    const Range range = damaged_.damaged[0];
    if (range.end - range.begin != 1) return;
    const size_t at = range.begin;
    for (const WrittenBlock& block : original.blocks) {
      if (!block.record || at < block.begin || at >= block.checkpoint) continue;
      const WrongByte expected{.offset = at, .is = bytes_[at], .was = original.bytes[at]};
      const auto names_it = [&](const Gap& gap) { return gap.wrong_byte == expected; };
      if (std::none_of(strict_.gaps.begin(), strict_.gaps.end(), names_it)) {
        Broken("the wrong byte " + std::to_string(at) + " is not named");
      }
    }
  }

  // Where a place of the original is now, with the damage at one place.
  size_t Moved(size_t offset) const {
    if (damaged_.damaged.empty() || offset < damaged_.damaged.back().end) return offset;
    return offset + bytes_.size() - kind_.original->bytes.size();
  }

  void CompareSalvaged(const std::vector<bool>& verified) {
    const Written& original = *kind_.original;
    std::vector<bool> found(salvage_.records.size());
    for (size_t i = 0; i < original.records.size(); ++i) {
      const WrittenRecord& record = original.records[i];
      if (verified[i] || IsTouched(record.offset, record.offset + record.size)) continue;
      if (record.type == Schema<Checkpoint>::kType || record.type == Schema<Mark>::kType) continue;
      const size_t seen = SalvagedAt(Moved(record.offset), record);
      if (seen == salvage_.records.size()) {
        MissSalvage(i);
        continue;
      }
      found[seen] = true;
      ++verdict_.salvaged;
      const RecordView& view = salvage_.records[seen].view;
      if (view.has_base && view.base != record.base) ++verdict_.wrong_base;
    }
    for (size_t i = 0; i < found.size(); ++i) {
      if (IsSalvage(salvage_.records[i]) && !found[i]) ++verdict_.wrong_flagged;
    }
  }

  size_t SalvagedAt(size_t offset, const WrittenRecord& record) const {
    const auto found =
        std::find_if(salvage_.records.begin(), salvage_.records.end(), [&](const SeenRecord& one) {
          return IsSalvage(one) && one.view.offset == offset && SamePayload(record, one.view) &&
                 one.view.is_whole;
        });
    return static_cast<size_t>(found - salvage_.records.begin());
  }

  void MissSalvage(size_t index) {
    const WrittenRecord& record = kind_.original->records[index];
    if (kind_.shape == Shape::kOnePlace && TooFewBehind()) return;
    ++verdict_.records_lost;
    if (kind_.shape == Shape::kOnePlace && !IsSwallowed(record)) {
      Broken("P2: the record that stood at " + std::to_string(record.offset) + ", type " +
             std::to_string(record.type) + ", was left alone and is not salvaged");
    }
  }

  // The damaged record ends where the records behind it end, as its length says more by just as
  // much or as many of its bytes are missing: nothing shows that its payload is not all its own.
  // The same where it ends before what looks like a header, as in hostile arguments.
  bool IsSwallowed(const WrittenRecord& record) const {
    const size_t begin = Moved(record.offset);
    // What was forged in its payload may go on from within it.
    const size_t end = begin + (kind_.forged.empty() ? record.size : 1);
    return std::any_of(salvage_.records.begin(), salvage_.records.end(),
                       [&](const SeenRecord& seen) {
                         const RecordView& view = seen.view;
                         const size_t stop = view.offset + view.size;
                         return IsSalvage(seen) && view.offset < begin &&
                                (stop >= end || (stop > begin && ReadHeader(bytes_, stop)));
                       }) ||
           IsSwallowedByStructure(begin, end);
  }

  // The same, where it is a CHECKPOINT, MARK or CONT that takes their place: those are not handed
  // out by themselves.
  bool IsSwallowedByStructure(size_t begin, size_t end) const {
    const Bytes original = kind_.original->bytes;
    std::set<size_t> places;
    for (size_t at = 0; at < original.size(); at = ReadHeader(original, at)->end) {
      places.insert(Moved(at));
    }
    // One that was forged in a payload can stand anywhere.
    for (size_t at = 0; at < original.size() && at < begin;) {
      const auto was = ReadHeader(original, at);
      const bool is_structure = was && !IsNumbered(was->type) && IsTouched(at, was->end);
      const auto is = is_structure ? ReadHeader(bytes_, at) : std::nullopt;
      if (is && is->end >= end && places.contains(is->end)) return true;
      at = kind_.forged.empty() ? was->end : at + 1;
    }
    return false;
  }

  // A single header between the damage and the end of the file is no chain.
  bool TooFewBehind() const {
    if (strict_.gaps.empty() || strict_.gaps.back().end != bytes_.size()) return false;
    const Bytes original = kind_.original->bytes;
    size_t headers = 0;
    for (size_t at = 0; at < original.size(); ++headers) {
      if (at < damaged_.damaged.back().end) headers = 0;
      at = ReadHeader(original, at)->end;
    }
    return headers < 2;
  }

  const Kind& kind_;
  const Damaged& damaged_;
  const Bytes bytes_;
  const Items strict_;
  const Items salvage_;
  std::vector<Match> matches_;  // of strict_.records
  Verdict verdict_;
};

}  // namespace

bool SaysWhoseItIs(const Written& original, const std::vector<bool>& touched) {
  const std::vector<WrittenBlock>& blocks = original.blocks;
  if (!touched[0] && blocks[0].record) return true;
  size_t run = 0;
  for (size_t i = 0; i < blocks.size(); ++i) {
    if (touched[i] || !blocks[i].record ||
        HidesCont(original.bytes, blocks[i].begin, blocks[i].end)) {
      run = 0;
    } else {
      run += blocks[i].end - blocks[i].begin;
    }
    if (run > kMaxPayloadBytes) return true;
  }
  return false;
}

Verdict Judge(const Kind& kind, const Damaged& damaged) { return Judgement(kind, damaged).Run(); }

}  // namespace daybook::damage
