#include "matrix.h"

#include <algorithm>
#include <cstdlib>
#include <iomanip>
#include <ostream>
#include <string_view>
#include <tuple>
#include <utility>

#include "segments.h"

namespace daybook::damage {
namespace {

constexpr size_t kSector = 512;
constexpr size_t kPage = 4096;
// Steps that have nothing in common with the lengths of anything.
constexpr size_t kSomePlaces = 7;
constexpr size_t kFewPlaces = 29;

std::string AsText(const std::vector<uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

std::vector<uint8_t> AsBytes(const std::string& text) { return {text.begin(), text.end()}; }

// What is longer is torn apart by continuations' headers.
constexpr size_t kLongestInOnePiece = 215;

std::string InOnePiece(std::string text) {
  if (text.size() > kLongestInOnePiece) std::abort();
  return text;
}

// The head of a log that is not ours: a segment in little.
std::vector<uint8_t> ForgedHead() {
  const Recipe recipe{.tag = 0xF0F0'F0F0,
                      .segment_no = 7,
                      .stream = 0xEE,
                      .first_seq = 900,
                      .bytes = 0,
                      .with_schema = false,
                      .hostile_args = {}};
  const Written whole = TakeApart(MakeSegment(recipe));
  std::string head = AsText(whole.bytes).substr(0, whole.blocks[0].end);
  return AsBytes(InOnePiece(std::move(head)));
}

std::string EveryTypeAndLength() {
  std::string text;
  for (int i = 0; i < 256; ++i) {
    text.append("\x2B\x91", 2);
    text += static_cast<char>(i);
    text += static_cast<char>(i * 37);
  }
  return text;
}

std::string Cookies(size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text.append("\x2B\x91", 2);
  return text;
}

Checkpoint ForgedCheckpoint(uint32_t tag) {
  return {.flags = 0,
          .tag = tag,
          .block_bytes = 0,
          .logical_offset = 20'000,
          .first_seq = 1'000'000,
          .seq_count = 3,
          .record_count = 3};
}

// One of the programs of `segment` was given arguments that hold a checkpoint with the segment's
// own tag, for the block in which it stands.
std::string PlantCheckpoint(const std::string& placeholder, std::vector<uint8_t>* bytes) {
  const Written segment = TakeApart(*bytes);
  std::string text = AsText(*bytes);
  const size_t at = text.find(placeholder);
  const auto block = std::find_if(segment.blocks.begin(), segment.blocks.end(),
                                  [at](const WrittenBlock& one) { return one.end > at; });
  Checkpoint forged = *block->record;
  forged.seq_count += 1000;
  const std::string before = text.substr(block->begin, at - block->begin);
  const std::string checkpoint = SealedBlock(before, forged).substr(before.size());
  text.replace(at, checkpoint.size(), checkpoint);
  // The block's own checkpoint is right all the same: this is what was written.
  const std::string records = text.substr(block->begin, block->checkpoint - block->begin);
  text.replace(block->begin, block->end - block->begin, SealedBlock(records, *block->record));
  *bytes = AsBytes(text);
  return checkpoint;
}

}  // namespace

Subjects::Subjects() {
  AddSmall();
  AddLarge();
  AddSpliced();
  AddHostile();
  AddCompressed();
}

const Written& Subjects::Keep(std::vector<uint8_t> bytes) {
  segments_.push_back(std::make_unique<Written>(TakeApart(std::move(bytes))));
  return *segments_.back();
}

void Subjects::Add(const std::string& subject, Kind kind) {
  kind.name = subject + ": " + kind.name;
  trials_.push_back({.kind = std::move(kind), .judge = Judge});
}

void Subjects::AddTo(const Compressed& compressed, const std::string& subject, Kind kind) {
  kind.name = subject + ": " + kind.name;
  trials_.push_back({.kind = std::move(kind),
                     .compressed = true,
                     .judge = [&compressed](const Kind& of, const Damaged& damaged) {
                       return JudgeCompressed(compressed, of, damaged);
                     }});
}

// Many small blocks: what happens at a boundary happens often.
void Subjects::AddSmall() {
  Recipe recipe;
  const Written& ended = Keep(MakeSegment(recipe));
  recipe.ended = false;
  recipe.bytes = 8 * 1024;
  const Written& open = Keep(MakeSegment(recipe));
  // Every place of one of them; of the others, and of larger ones, enough to meet every byte of
  // some record of every sort.
  for (const auto& [subject, segment, step] :
       {std::tuple("ended", &ended, size_t{1}), std::tuple("open", &open, kSomePlaces)}) {
    Add(subject, Truncations(*segment));
    Add(subject, ChangedBytes(*segment));
    Add(subject, Runs(*segment, RunChange::kZeroed, step));
    Add(subject, Runs(*segment, RunChange::kRemoved, step));
    Add(subject, Runs(*segment, RunChange::kInserted, step));
    Add(subject, MissingBlocks(*segment));
    Add(subject, LostHeads(*segment));
    Add(subject, ScatteredBytes(*segment, 5000));
  }
}

// Blocks of the size that the writer makes.
void Subjects::AddLarge() {
  Recipe recipe;
  recipe.bytes = 64 * 1024;
  recipe.block_bytes = 4096;
  const Written& large = Keep(MakeSegment(recipe));
  for (const size_t page : {kSector, kPage}) {
    for (const PageChange change :
         {PageChange::kZeroed, PageChange::kRandom, PageChange::kCookies,
          PageChange::kForgedRecords, PageChange::kMissing, PageChange::kDoubled}) {
      Add("64 KiB", Pages(large, page, change));
    }
    Add("64 KiB", StalePages(large, page));
    Add("64 KiB", SwappedPages(large, page));
    Add("64 KiB", PagePairs(large, page));
  }
  Add("64 KiB", ScatteredBytes(large, 2000));
}

void Subjects::AddSpliced() {
  Recipe recipe;
  const Written& one = Keep(MakeSegment(recipe));
  recipe.tag += 1;
  recipe.segment_no += 1;
  recipe.first_seq = 5000;
  recipe.seed = 2;
  const Written& next = Keep(MakeSegment(recipe));
  recipe.tag += 1;
  recipe.stream = 0x77;
  recipe.seed = 3;
  const Written& foreign = Keep(MakeSegment(recipe));
  for (const auto& [name, other] :
       {std::pair("of one log", &next), std::pair("of two logs", &foreign)}) {
    Add(name, Splices(one, *other, 2000));
    for (const size_t piece : {kSector, kPage, size_t{0}}) {
      Add(name, Interleaved(one, *other, piece, piece == 0 ? 2000 : 200));
    }
    Add(name, ForeignBlocks(one, *other));
  }
  Add("of one log", Doubled(one));
  // All is the same but the tag.
  Recipe twin;
  twin.tag += 3;
  Add("of a twin", ForeignBlocks(one, Keep(MakeSegment(twin))));
}

void Subjects::AddHostile() {
  Recipe recipe;
  recipe.bytes = 16 * 1024;
  recipe.block_bytes = 1024;
  const std::string wrong_tag =
      InOnePiece(SealedBlock(FakeRecords(150, 6), ForgedCheckpoint(0x0BAD'0BAD)));
  recipe.hostile_args = {Cookies(250), EveryTypeAndLength(), FakeRecords(kLongestInOnePiece, 4),
                         wrong_tag};
  const Written& hostile = Keep(MakeSegment(recipe));
  Add("hostile arguments", ChangedBytes(hostile));
  Add("hostile arguments", Runs(hostile, RunChange::kZeroed, kSomePlaces));
  Add("hostile arguments", Truncations(hostile));
  Add("hostile arguments", LostHeads(hostile));
  Add("forged checkpoint", FlippedBefore(hostile, wrong_tag, 300));

  const Written& forged = Keep(ForgedHead());
  recipe.hostile_args = {AsText(forged.bytes)};
  recipe.block_bytes = 4096;
  recipe.bytes = 24 * 1024;
  const Written& embedding = Keep(MakeSegment(recipe));
  for (Kind kind : {ChangedBytes(embedding), Truncations(embedding), LostHeads(embedding),
                    Runs(embedding, RunChange::kRemoved, kSomePlaces)}) {
    kind.forged = {&forged};
    Add("segment in arguments", std::move(kind));
  }

  const std::string placeholder(200, 'x');
  recipe.hostile_args = {placeholder};
  std::vector<uint8_t> bytes = MakeSegment(recipe);
  const std::string planted = PlantCheckpoint(placeholder, &bytes);
  Kind kind = FlippedBefore(Keep(std::move(bytes)), planted, 3000);
  kind.shape = Shape::kForgedTag;
  Add("its own tag forged", std::move(kind));
}

void Subjects::AddCompressed() {
  Recipe recipe;
  const Written& small = Keep(MakeSegment(recipe));
  recipe.ended = false;
  recipe.bytes = 64 * 1024;
  recipe.block_bytes = 4096;
  const Written& open = Keep(MakeSegment(recipe));
  for (const auto& [subject, raw, frame_bytes, step] :
       {std::tuple("compressed", &small, size_t{2048}, kSomePlaces),
        std::tuple("compressed, open", &open, size_t{16} * 1024, kFewPlaces)}) {
    compressed_.push_back(std::make_unique<Compressed>(Compress(*raw, frame_bytes)));
    const Compressed& compressed = *compressed_.back();
    AddTo(compressed, subject, Truncations(compressed.file));
    AddTo(compressed, subject, ChangedBytes(compressed.file));
    AddTo(compressed, subject, Runs(compressed.file, RunChange::kZeroed, step));
    AddTo(compressed, subject, Runs(compressed.file, RunChange::kRemoved, step));
    AddTo(compressed, subject, Runs(compressed.file, RunChange::kInserted, step));
    AddTo(compressed, subject, LostHeads(compressed.file));
    AddTo(compressed, subject, Pages(compressed.file, kSector, PageChange::kRandom));
    AddTo(compressed, subject, PagePairs(compressed.file, kSector));
    AddTo(compressed, subject, ScatteredBytes(compressed.file, 2000));
    AddTo(compressed, subject, MissingFrames(compressed));
    AddTo(compressed, subject, SwappedFrames(compressed));
  }
}

bool ExhaustiveIsAsked() {
  const char* const value = std::getenv("DAYBOOK_EXHAUSTIVE");
  return value != nullptr && std::string_view(value) == "1";
}

std::vector<size_t> CasesOf(size_t count, size_t sample) {
  std::vector<size_t> cases;
  if (sample >= count) {
    for (size_t i = 0; i < count; ++i) cases.push_back(i);
    return cases;
  }
  // One of each stretch, anywhere in it: the first and the last cases are special, too.
  Random random(count);
  for (size_t i = 0; i < sample; ++i) {
    const size_t begin = count * i / sample;
    const size_t end = count * (i + 1) / sample;
    cases.push_back(begin + random.Below(end - begin));
  }
  cases.front() = 0;
  cases.back() = count - 1;
  return cases;
}

Row RunTrial(const Trial& trial, size_t sample) {
  constexpr size_t kShown = 5;
  const Kind& kind = trial.kind;
  Row row{.name = kind.name, .shape = kind.shape};
  for (const size_t index : CasesOf(kind.count, sample)) {
    const Damaged damaged = kind.make(index);
    const Verdict verdict = trial.judge(kind, damaged);
    ++row.cases;
    row.intact_lost += verdict.blocks_lost;
    row.unsalvaged += verdict.records_lost;
    row.false_verified += verdict.false_verified;
    row.wrong_flagged += verdict.wrong_flagged;
    row.wrong_base += verdict.wrong_base;
    row.salvaged += verdict.salvaged;
    if (verdict.ok()) continue;
    if (++row.broken_cases > kShown) continue;
    for (const std::string& broken : verdict.broken) {
      row.broken.push_back("case " + std::to_string(index) + ", " + damaged.text + ": " + broken);
    }
  }
  return row;
}

void PrintHead(std::ostream& out) {
  out << std::left << std::setw(46) << "damage" << std::right << std::setw(9) << "cases"
      << std::setw(9) << "lost" << std::setw(12) << "unsalvaged" << std::setw(9) << "false"
      << std::setw(9) << "flagged" << std::setw(11) << "wrong base" << std::setw(11) << "salvaged"
      << std::setw(9) << "broken" << '\n';
}

void PrintRow(std::ostream& out, const Row& row) {
  const double cases = row.cases == 0 ? 1 : static_cast<double>(row.cases);
  out << std::left << std::setw(46) << row.name << std::right << std::setw(9) << row.cases
      << std::setw(9) << row.intact_lost << std::setw(12) << row.unsalvaged << std::setw(9)
      << row.false_verified << std::setw(9) << std::fixed << std::setprecision(2)
      << static_cast<double>(row.wrong_flagged) / cases << std::setw(11) << row.wrong_base
      << std::setw(11) << static_cast<double>(row.salvaged) / cases << std::setw(9)
      << row.broken_cases << '\n';
  for (const std::string& broken : row.broken) out << "    " << broken << '\n';
}

}  // namespace daybook::damage
