#!/usr/bin/env bats
# daybook salvage: what is left of a damaged log, as a sound one.

load helper

setup() {
  log=$BATS_TEST_TMPDIR/daybook-00000001.dbk
  out=$BATS_TEST_TMPDIR/salvaged
  cp "$sample" "$log"
}

damage() {
  printf '\377\377' | dd of="$log" bs=1 seek=15000 conv=notrunc status=none
}

# What a log says, without what only holds it together.
records() {
  "$DAYBOOK" dump "${@:2}" --log "$1" --output jsonl --columns seq,proof,type,fields 2>/dev/null |
    jq -c 'select(.type | IN("checkpoint", "mark", "segment_start", "gap") | not)
      | select(.fields.key // "" | startswith("salvaged_") | not)'
}

@test "a sound log stays as it is" {
  run -0 --separate-stderr "$DAYBOOK" salvage "$log" -o "$out"
  same "" "$stderr"
  same "$(records "$log")" "$(records "$out")"
  run -0 "$DAYBOOK" verify --log "$out"
}

@test "a damaged log becomes a sound one that says what was lost" {
  damage
  before=$(sha256sum "$log")
  run -4 --separate-stderr "$DAYBOOK" salvage "$log" -o "$out" --output json
  run -0 jq -e '.rows[0] | .lost > 0 and .verified > 300 and .salvaged == 0 and .left_out > 0' \
    <<<"$output"
  same "$before" "$(sha256sum "$log")"
  same "$(records "$log")" "$(records "$out")"
  same "$("$DAYBOOK" list --log "$log" --output jsonl 2>/dev/null)" \
    "$("$DAYBOOK" list --log "$out" --output jsonl 2>/dev/null)"
  run -1 "$DAYBOOK" verify --log "$out" --output jsonl
  same "complete lost_before" "$(jq -r .verdict <<<"$output" | xargs)"
  run -4 "$DAYBOOK" list --log "$out"
  [[ ${lines[-1]} =~ "lost "[1-9][0-9]*", damaged 0 bytes" ]]
  has "$("$DAYBOOK" dump --log "$out")" "key=salvaged_from value=$log"
}

@test "beside the sound one, what a salvage lost is not missing, whichever is given first" {
  cp "$log" "$BATS_TEST_TMPDIR/sound"
  damage
  run -4 "$DAYBOOK" salvage "$log" -o "$out"
  wanted=$("$DAYBOOK" list --log "$BATS_TEST_TMPDIR/sound" --output jsonl)
  same "$wanted" "$("$DAYBOOK" list --log "$BATS_TEST_TMPDIR/sound" --log "$out" --output jsonl)"
  same "$wanted" "$("$DAYBOOK" list --log "$out" --log "$BATS_TEST_TMPDIR/sound" --output jsonl)"
}

# How its recorder ended is not told by what is left of it.
@test "what was cut off is not called left open by a recorder, and is counted where it was" {
  head -c 15000 "$sample" >"$log"
  run -4 "$DAYBOOK" salvage "$log" -o "$out"
  run -1 "$DAYBOOK" verify --log "$out" --output jsonl
  same "salvaged" "$(jq -r 'select(.row == "segment").verdict' <<<"$output")"
}

@test "what nothing proves is there on request, and marked" {
  damage
  run -4 "$DAYBOOK" salvage --salvaged "$log" -o "$out" --output json
  run -0 jq -e '.rows[0].salvaged > 50' <<<"$output"
  same "$(records "$log")" "$(records "$out")"
  same "$(records "$log" --salvaged | grep -c '"salvaged"')" \
    "$(records "$out" --salvaged | grep -c '"salvaged"')"
  # Once more changes nothing.
  run -4 "$DAYBOOK" salvage --salvaged "$out" -o "$BATS_TEST_TMPDIR/again"
  same "$(records "$out" --salvaged)" "$(records "$BATS_TEST_TMPDIR/again" --salvaged)"
}

@test "files are for the log's group, and appear only when they are whole" {
  umask 022
  "$DAYBOOK" salvage "$log" -o "$out"
  same "640 daybook-00000001.dbk" "$(cd "$out" && stat -c '%a %n' -- *)"
}

@test "a folder, a compressed segment and standard input can be salvaged" {
  cp "$sample.zst" "$BATS_TEST_TMPDIR/one.zst"
  "$DAYBOOK" salvage "$BATS_TEST_TMPDIR/one.zst" -o "$BATS_TEST_TMPDIR/a"
  "$DAYBOOK" salvage - -o "$BATS_TEST_TMPDIR/b" <"$log"
  "$DAYBOOK" salvage "$BATS_TEST_TMPDIR/a" -o "$BATS_TEST_TMPDIR/c"
  for copy in a b c; do
    same "$(records "$log")" "$(records "$BATS_TEST_TMPDIR/$copy")"
  done
}

@test "nothing is ever written to the input, or over anything" {
  mkdir "$BATS_TEST_TMPDIR/log"
  cp "$sample" "$BATS_TEST_TMPDIR/log/daybook-00000001.dbk"
  for folder in "$BATS_TEST_TMPDIR/log" "$BATS_TEST_TMPDIR/log/new" "$log" /does/not/exist; do
    run -2 --separate-stderr "$DAYBOOK" salvage "$BATS_TEST_TMPDIR/log" -o "$folder"
    has "$stderr" "$folder"
    same "" "$output"
  done
  same "daybook-00000001.dbk" "$(ls "$BATS_TEST_TMPDIR/log")"
  mkdir -p "$out/sub"
  run -2 --separate-stderr "$DAYBOOK" salvage "$log" -o "$out"
  has "$stderr" "not empty"
}

@test "what is no log is exit status 3" {
  run -3 --separate-stderr "$DAYBOOK" salvage /dev/null -o "$out"
  has "$stderr" "/dev/null: not a daybook log"
  [[ ! -e $out ]] || fail "an empty folder is left"
}

# Without the beginning and without a CLOCK record, nothing tells the wall clock.
@test "a time that nothing tells stays unknown" {
  dd if=/dev/zero of="$log" bs=1 count=512 conv=notrunc status=none
  "$DAYBOOK" salvage "$log" -o "$out" || [[ $? -eq 4 ]]
  run -4 --separate-stderr "$DAYBOOK" list --log "$log" --output jsonl --columns start_time
  before=$output
  run --separate-stderr "$DAYBOOK" list --log "$out" --output jsonl --columns start_time
  same "$before" "$output"
  run -1 "$DAYBOOK" verify "$out"
}
