#!/bin/bash
# Would the tests notice? Makes the reader wrong in one way after the other, in a copy of the tree,
# and demands that some test fails each time.
#   tests/damage/mutants.sh [PART OF A NAME]
# Exit status: 0 all are noticed, 1 one is not, or a mutation fits the sources no longer.
set -euo pipefail
cd "$(dirname "$0")/../.."

only=${1-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/tree"
tar --exclude=./build --exclude=./.git -cf - . | tar -xf - -C "$work/tree"

tests=(format_insides_test analyzer_test damage_matrix)
readers='*DamageTest.*:ForgedSegmentTest.*:*RecordRunTest.*:ReaderTest.*:ChainsTest.*:FindCookieTest.*'
declare -A command=(
  [format_insides_test]="tests/format/format_insides_test --gtest_filter=$readers"
  [analyzer_test]='tests/analyzer/analyzer_test --gtest_filter=LogSetTest.*'
  [damage_matrix]=tests/damage/damage_matrix)

cmake -S "$work/tree" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DDAYBOOK_UNITY=OFF \
  -DCMAKE_C_COMPILER=clang-14 -DCMAKE_CXX_COMPILER=clang++-14 -DCMAKE_CXX_FLAGS_DEBUG=-O1 >"$work/log" || { cat "$work/log" && exit 1; }

build() {
  cmake --build "$work/build" --target "${tests[@]}" >"$work/log" 2>&1
}

# Prints the first test that fails.
noticed_by() {
  for test in "${tests[@]}"; do
    # shellcheck disable=SC2086 # a program and its option
    timeout 600 "$work/build/"${command[$test]} >/dev/null 2>&1 || { echo "$test" && return; }
  done
  return 1
}

build || { cat "$work/log" && exit 1; }
if failing=$(noticed_by); then
  echo "mutants: $failing fails before anything is changed" >&2
  exit 1
fi

missed=0
# mutant NAME FILE OLD NEW: OLD must stand there exactly once.
mutant() {
  local file=$work/tree/$2 by
  [[ $1 == *"$only"* ]] || return 0
  cp "$file" "$work/original"
  if ! python3 - "$file" "$3" "$4" <<'PYTHON'; then
import sys
path, old, new = sys.argv[1:]
text = open(path).read()
if text.count(old) != 1:
    sys.exit(f"{path}: '{old}' stands there {text.count(old)} times")
open(path, "w").write(text.replace(old, new))
PYTHON
    echo "NO LONGER FITS  $1"
    missed=1
  elif ! build; then
    tail -5 "$work/log"
    echo "DOES NOT BUILD  $1"
    missed=1
  elif by=$(noticed_by); then
    echo "noticed         $1 ($by)"
  else
    echo "NOT NOTICED     $1"
    missed=1
  fi
  mv "$work/original" "$file"
  touch "$file"
}

mutant "a block's sum is not compared" format/block.cc \
  'if (!begin || sums.Sum(*begin, checkpoint.begin) != checkpoint.record.block_crc) {' \
  'if (!begin || sums.Sum(*begin, checkpoint.begin) == 0) {'
mutant "a MARK's sum is not compared" format/block.cc \
  ' || mark.crc != crc) break;' ') break;'
mutant "a checkpoint's own sum is not compared" format/block.cc \
  'kCrcBytes - offset)) != found.record.self_crc) {' 'kCrcBytes - offset)) == 0) {'
mutant "nothing is ever durable" format/block.cc \
  'return written - std::min(written, checkpoint.unsynced_bytes);' 'return written - written;'
mutant "an ended segment is not durable" format/block.cc \
  'if ((checkpoint.flags & kCheckpointLast) != 0) return std::numeric_limits<uint64_t>::max();' ''
mutant "resync skips what a checkpoint claims" format/content_reader.cc \
  'at = FindCheckpointHeader(bytes_, at + 1)) {' \
  'at = FindCheckpointHeader(bytes_, at + kHeaderBytes + bytes_[at + kLengthOffset])) {'
mutant "salvage skips what a candidate claims" format/resync.cc \
  'at = FindCookie(bytes_, at + 1, range_.end)) {' \
  'at = FindCookie(bytes_, ReadHeader(bytes_, at) ? ReadHeader(bytes_, at)->end : at + 1,
                     range_.end)) {'
mutant "the tag is not compared after damage" format/content_reader.cc \
  'return !complete_ && checkpoint.record.tag == context_->tag &&' 'return !complete_ &&'
mutant "the tag is not compared in place" format/content_reader.cc \
  'return context_ && !complete_ && checkpoint.record.tag == context_->tag &&' \
  'return context_ && !complete_ &&'
mutant "a reader goes back after damage" format/content_reader.cc \
  'checkpoint.record.logical_offset >= context_->logical_end &&' ''
mutant "missing blocks are not seen in place" format/content_reader.cc \
  'checkpoint.record.logical_offset == context_->logical_end &&' ''
mutant "any log's segment is believed after damage" format/content_reader.cc \
  'if (!complete_ && !is_next && !is_same_log) return std::nullopt;' \
  '(void)is_next, (void)is_same_log;'
mutant "another log is believed inside a segment" format/content_reader.cc \
  'return LookFrom(position_).last_checkpoint >= position_;' 'return false;'
mutant "a short run of blocks says whose they are" format/head_search.cc \
  'bool IsLong() const { return end - begin > kMaxPayloadBytes; }' \
  'bool IsLong() const { return true; }'
mutant "numbers go on after a gap as if nothing was lost" format/content_reader.cc \
  'next_seq_ = checkpoint.record.first_seq;' ''
mutant "one candidate is an island" format/resync.h 'kIslandRecords = 3;' 'kIslandRecords = 1;'
mutant "the end of the damage is no anchor" format/resync.cc \
  'if (!range_.ends_at_record || first_end_ == range_.end) return std::nullopt;' \
  'return std::nullopt;'
mutant "records that stand in two segments are counted twice" analyzer/log/log_set.cc \
  'if (sequence_->next && seq < *sequence_->next) return false;' ''

exit "$missed"
