// Damages of all kinds on top of each other, judged by the oracle of tests/damage. The input
// chooses a segment (one byte), then says what happens to it: six bytes each time.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "oracle.h"
#include "segments.h"

namespace daybook::damage {
namespace {

struct Subject {
  Written segment;
  Written other;  // of the same log; pieces of it may get in
};

Subject MakeSubject(Recipe recipe) {
  Written segment = TakeApart(MakeSegment(recipe));
  recipe.tag += 1;
  recipe.segment_no += 1;
  recipe.first_seq += 1000;
  recipe.seed += 100;
  return {.segment = std::move(segment), .other = TakeApart(MakeSegment(recipe))};
}

const Subject& SubjectOf(uint8_t choice) {
  static const Subject subjects[] = {
      MakeSubject({.bytes = 3000, .block_bytes = 300, .with_schema = false, .hostile_args = {}}),
      MakeSubject({.bytes = 3000,
                   .block_bytes = 300,
                   .ended = false,
                   .with_schema = false,
                   .hostile_args = {}}),
      MakeSubject({.bytes = 9000, .block_bytes = 700, .ended = false, .hostile_args = {}}),
      MakeSubject({.bytes = 5000,
                   .block_bytes = 2000,
                   .with_schema = false,
                   .hostile_args = {FakeRecords(200, 1), FakeRecords(500, 2)}}),
  };
  return subjects[choice % std::size(subjects)];
}

// Operation, place (2 bytes), length (2 bytes), value.
struct Step {
  static constexpr size_t kBytes = 6;
  enum Operation : uint8_t { kSet, kXor, kFill, kRemove, kInsert, kCopy, kTakeOther, kCut, kCount };

  explicit Step(std::span<const uint8_t> input)
      : operation(static_cast<Operation>(input[0] % kCount)),
        place(input[1] | static_cast<size_t>(input[2]) << 8),
        length(input[3] | static_cast<size_t>(input[4]) << 8),
        value(input[5]) {}

  Operation operation;
  size_t place;
  size_t length;
  uint8_t value;
};

void Apply(const Step& step, const Written& other, std::vector<uint8_t>* bytes) {
  if (bytes->empty()) return;
  const size_t at = step.place % bytes->size();
  const size_t length = std::min(step.length, bytes->size() - at);
  const auto begin = bytes->begin() + static_cast<std::ptrdiff_t>(at);
  const auto end = begin + static_cast<std::ptrdiff_t>(length);
  switch (step.operation) {
    case Step::kSet:
      *begin = step.value;
      return;
    case Step::kXor:
      *begin ^= step.value;
      return;
    case Step::kFill:
      return std::fill(begin, end, step.value);
    case Step::kRemove:
      bytes->erase(begin, end);
      return;
    case Step::kInsert:
      bytes->insert(begin, step.length % 64, step.value);
      return;
    case Step::kCopy: {
      const std::vector<uint8_t> piece(begin, end);
      const size_t to = step.value * bytes->size() / 256;
      bytes->insert(bytes->begin() + static_cast<std::ptrdiff_t>(to), piece.begin(), piece.end());
      return;
    }
    case Step::kTakeOther: {
      const size_t from = std::min(at, other.bytes.size());
      const size_t count = std::min(length, other.bytes.size() - from);
      std::copy_n(other.bytes.begin() + static_cast<std::ptrdiff_t>(from), std::min(count, length),
                  begin);
      return;
    }
    case Step::kCut:
      bytes->resize(at);
      return;
    case Step::kCount:
      return;
  }
}

void DamageAndJudge(std::span<const uint8_t> input) {
  constexpr size_t kMostSteps = 8;
  const Subject& subject = SubjectOf(input[0]);
  Kind kind{.name = "fuzzed", .shape = Shape::kMoved, .original = &subject.segment};
  kind.genuine = {&subject.segment, &subject.other};
  Damaged damaged{.text = "fuzzed", .bytes = subject.segment.bytes, .damaged = {}};
  input = input.subspan(1);
  for (size_t i = 0; i < kMostSteps && input.size() >= Step::kBytes; ++i) {
    Apply(Step(input), subject.other, &damaged.bytes);
    input = input.subspan(Step::kBytes);
  }
  const Verdict verdict = Judge(kind, damaged);
  if (verdict.ok()) return;
  for (const std::string& broken : verdict.broken) std::fprintf(stderr, "%s\n", broken.c_str());
  std::abort();
}

}  // namespace
}  // namespace daybook::damage

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size != 0) daybook::damage::DamageAndJudge({data, size});
  return 0;
}
