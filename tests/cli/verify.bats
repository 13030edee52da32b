#!/usr/bin/env bats
# daybook verify: one verdict for each segment, where it is wounded and what is lost.

load helper

setup() {
  log=$BATS_TEST_TMPDIR/daybook-00000001.dbk
  cp "$sample" "$log"
  size=$(stat -c %s "$log")
}

# `verdict STATUS VERDICT`: what verify says of the log, and with which exit status.
verdict() {
  run "-$1" --separate-stderr "$DAYBOOK" verify --log "$log" --output jsonl
  answer=$output
  same "$2" "$(jq -r 'select(.row == "segment").verdict' <<<"$answer")"
}

# `gap FILTER`: the filter holds for the one gap.
gap() {
  run -0 jq -es "map(select(.row == \"gap\")) | length == 1 and (.[0] | $1)" <<<"$answer"
}

# Where the blocks behind the first begin: lines of offsets.
block_ends() {
  "$DAYBOOK" dump --log "$sample" --output jsonl |
    jq -s '[., .[1:]] | transpose | map(select(.[0].type == "checkpoint" and .[1]) | .[1].offset) | .[]'
}

@test "a sound log is complete, in every format" {
  verdict 0 complete
  for format in text json jsonl csv; do
    run -0 --separate-stderr "$DAYBOOK" verify --log "$log" --output "$format"
    has "$output" complete
    same "" "$stderr"
  done
  run -0 "$DAYBOOK" verify --log - <"$log"
}

@test "one wrong byte is named, with the value that it had" {
  was=$(od -An -tu1 -j 15000 -N 1 "$log" | tr -d ' ')
  is=$((was ^ 16))
  printf '%b' "\\x$(printf %02x "$is")" | dd of="$log" bs=1 seek=15000 conv=notrunc status=none
  verdict 4 damaged
  gap ".wrong_byte == 15000 and .byte_is == $is and .byte_was == $was"
  gap ".detail == \"byte 15000 is $(printf %02x "$is"), was $(printf %02x "$was")\""
  gap '.lost > 0 and .salvageable == .lost and .last_lost_seq - .first_lost_seq + 1 == .lost'
  gap '.first_time < .last_time and .begin <= 15000 and .end > 15000'
}

@test "a last record that is cut is what a crash leaves" {
  truncate -s $((size - 10)) "$log"
  verdict 1 torn_tail
  gap '.verdict == "torn_tail" and .detail == "cut_record"'
}

@test "zeros at the end are what a crash leaves" {
  mapfile -t ends < <(block_ends)
  truncate -s "${ends[-3]}" "$log"
  truncate -s $((ends[-3] + 3000)) "$log"
  verdict 1 torn_tail
  gap '.detail == "zero_fill"'
}

@test "a segment that ends between two blocks was left open" {
  mapfile -t ends < <(block_ends)
  truncate -s "${ends[-2]}" "$log"
  verdict 1 open
}

@test "bytes behind the end are told" {
  echo more >>"$log"
  verdict 4 trailing
  gap ".begin == $size and .end == $((size + 5))"
}

@test "an empty file is what a crash leaves; in a folder" {
  : >"$BATS_TEST_TMPDIR/daybook-00000002.dbk"
  run -1 --separate-stderr "$DAYBOOK" verify --log "$BATS_TEST_TMPDIR" --output jsonl
  same "complete empty" "$(jq -r .verdict <<<"$output" | xargs)"
}

@test "all damage is told, not only the first" {
  for offset in 6000 14000 22000; do
    printf '\377\377' | dd of="$log" bs=1 seek="$offset" conv=notrunc status=none
  done
  verdict 4 damaged
  same 3 "$(jq -s 'map(select(.row == "gap")) | length' <<<"$answer")"
  run -0 jq -es '(map(select(.row == "gap").unproved_bytes) | add) == .[0].unproved_bytes and
    .[0].verified_bytes + .[0].unproved_bytes == .[0].end and
    (map(select(.row == "gap").lost) | add) == .[0].lost' <<<"$answer"
}

@test "what cannot be read is exit status 3, and the rest is checked" {
  head -c 5000 /dev/zero >"$BATS_TEST_TMPDIR/zeros"
  run -3 --separate-stderr "$DAYBOOK" verify --log "$BATS_TEST_TMPDIR/zeros" --output jsonl
  has "$stderr" "not a daybook log"
  same "no_log" "$(jq -r 'select(.row == "segment").verdict' <<<"$output")"
  run -3 --separate-stderr "$DAYBOOK" verify --log /does/not/exist --log "$log" --output jsonl
  same "unreadable complete" "$(jq -r .verdict <<<"$output" | xargs)"
}

@test "the input is never written" {
  printf '\377' | dd of="$log" bs=1 seek=9000 conv=notrunc status=none
  before=$(sha256sum "$log" && stat -c '%Y %Z %s' "$log")
  run -4 "$DAYBOOK" verify --log "$log"
  same "$before" "$(sha256sum "$log" && stat -c '%Y %Z %s' "$log")"
}

@test "of a compressed segment that is cut, the content is damaged, all of it" {
  log=$BATS_TEST_TMPDIR/cut.zst
  head -c 900 "$sample.zst" >"$log"
  verdict 4 damaged
  same 1 "$(jq -s 'map(select(.row == "segment")) | length' <<<"$answer")"
  same "$size" "$(jq 'select(.row == "segment").unproved_bytes' <<<"$answer")"
  [[ $answer != *"only the container"* ]]
}

@test "no byte is named wrong behind a frame that is not whole" {
  cp "$sample.zst" "$log.zst"
  log=$log.zst
  printf '\377\377' | dd of="$log" bs=1 seek=3000 conv=notrunc status=none
  verdict 4 damaged
  run -0 jq -es 'all(.[]; .wrong_byte == null)' <<<"$answer"
}

@test "the name says what is a log, in a folder and alone" {
  : >"$BATS_TEST_TMPDIR/daybook-00000002.dbk"
  log=$BATS_TEST_TMPDIR/daybook-00000002.dbk
  verdict 1 empty
}

@test "what is no log is not counted as damage" {
  head -c 5000 /dev/zero >"$BATS_TEST_TMPDIR/zeros"
  run -3 --separate-stderr "$DAYBOOK" verify --log "$BATS_TEST_TMPDIR/zeros"
  has "$output" "damaged 0 bytes"
}

@test "logs may be arguments" {
  run -0 "$DAYBOOK" verify "$log"
  has "$output" complete
}

@test "of a compressed segment the frame is told, too" {
  cp "$sample.zst" "$log.zst"
  printf '\377\377\377' | dd of="$log.zst" bs=1 seek=3000 conv=notrunc status=none
  log=$log.zst
  verdict 4 damaged
  run -0 jq -es 'any(.[]; .row == "frame" and .file_begin <= 3000 and .file_end > 3000)' <<<"$answer"
}
