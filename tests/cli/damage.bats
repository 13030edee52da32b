#!/usr/bin/env bats
# What daybook says of a log that has been damaged: it finds it, tells it, and reports the rest.

load helper

setup() {
  log=$BATS_TEST_TMPDIR/damaged.dbk
  cp "$sample" "$log"
  size=$(stat -c %s "$log")
}

# `overwrite OFFSET BYTES`: so many bytes become ones that cannot be right.
overwrite() {
  head -c "$2" /dev/zero | tr '\0' '\377' |
    dd of="$log" bs=1 seek="$1" conv=notrunc status=none
}

coverage() {
  "$DAYBOOK" list --log "$log" --output json | jq -r ".coverage.$1"
}

rows() {
  "$DAYBOOK" list --log "$1" --columns proc_id,args --output jsonl
}

@test "one wrong byte is exit status 4 and found in every report" {
  overwrite $((size / 2)) 1
  for verb in list summary tree info dump; do
    for format in text json; do
      run -4 --separate-stderr "$DAYBOOK" "$verb" --log "$log" --output "$format"
      ((${#lines[@]} > 2))
    done
    for format in jsonl csv; do
      run -4 --separate-stderr "$DAYBOOK" "$verb" --log "$log" --output "$format"
      has "$stderr" "the log is not complete"
    done
  done
  run -4 "$DAYBOOK" list --log "$log"
  [[ ${lines[-1]} =~ "lost "[1-9][0-9]*", damaged "[1-9] ]]
}

@test "the rest of a damaged log is still there, and nothing that was not" {
  overwrite $((size / 2)) 1
  same 1 "$(coverage gaps)"
  (($(coverage damaged_bytes) < 10000))
  (($(coverage missing_records) > 0))
  run -0 jq -ne --slurpfile all <(rows "$sample") --slurpfile rest <(rows "$log" 2>/dev/null) '
    ($rest | length) > ($all | length) / 2 and
    (($rest | map(.proc_id)) - ($all | map(.proc_id)) | length) == 0'
}

@test "a dump has the gap where it is" {
  overwrite 6000 10
  run -4 --separate-stderr "$DAYBOOK" dump --log "$log" --output jsonl
  run -0 jq -c 'select(.type == "gap").gap' <<<"$output"
  same 1 "${#lines[@]}"
  run -0 jq -e '.cause == "damaged" and .begin <= 6000 and .end >= 6010 and .records_lost > 0' \
    <<<"$output"
}

@test "bytes that are missing in the midst are lost records" {
  { head -c 5000 "$sample" && tail -c +10001 "$sample"; } >"$log"
  run -4 "$DAYBOOK" list --log "$log"
  (($(coverage missing_records) > 0))
}

@test "an end that is torn off is what a crash leaves: exit status 0, and said" {
  truncate -s $((size - 10)) "$log"
  run -0 "$DAYBOOK" list --log "$log"
  has "${lines[-1]}" "damaged 0 bytes, torn tail"
  run -0 jq -e '.torn_bytes > 0 and .complete == false' \
    <<<"$("$DAYBOOK" info --log "$log" --output jsonl)"
}

@test "a beginning that is lost leaves a log" {
  overwrite 0 3000
  run -4 --separate-stderr "$DAYBOOK" list --log "$log" --output jsonl
  ((${#lines[@]} > 20))
}

@test "a file that is no log has no rows, and is named" {
  head -c 20000 /dev/zero | tr '\0' x >"$log"
  run -3 --separate-stderr "$DAYBOOK" list --log "$log" --output jsonl
  same "" "$output"
  has "$stderr" "$log: not a daybook log"
}

@test "many wrong bytes are many gaps, and no crash" {
  for offset in $(seq 1000 1700 "$size"); do
    overwrite "$offset" 3
  done
  for verb in list summary tree info dump; do
    run -4 "$DAYBOOK" "$verb" --log "$log"
  done
}
