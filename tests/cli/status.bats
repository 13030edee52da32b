#!/usr/bin/env bats
# Whether recording is going on. Here nobody records; what a living recorder says is for tests/live.

load helper

setup() {
  log=$BATS_TEST_TMPDIR/log
}

# A recorder that has ended: the folder, its status and its metrics.
record() {
  "$DAYBOOKD" --log-dir "$log" --source "replay:$sample" --user "$(id -un)" "$@"
}

state() {
  jq -r '.rows[0].state' <<<"$output"
}

@test "a recorder that has ended in order is told as such, with its last counts" {
  record
  run -4 --separate-stderr "$DAYBOOK" status --log "$log" --output json
  same stopped "$(state)"
  same "$log" "$(jq -r '.rows[0].folder' <<<"$output")"
  same replay "$(jq -r '.rows[0].source' <<<"$output")"
  same 0 "$(jq -r '.rows[0].lost' <<<"$output")"
  [[ $(jq -r '.rows[0].events' <<<"$output") -gt 0 ]]
  [[ $(jq -r '.rows[0].log_bytes' <<<"$output") -gt 0 ]]
  same null "$(jq -r '.coverage' <<<"$output")"
  same "" "$stderr"
}

@test "people get a line, csv and jsonl a row" {
  record
  run -4 --separate-stderr "$DAYBOOK" status --log "$log"
  has "$output" "stopped"
  run -4 --separate-stderr "$DAYBOOK" status --log "$log" --output csv
  same 2 "${#lines[@]}"
  run -4 --separate-stderr "$DAYBOOK" status --log "$log" --output jsonl --columns state
  same '{"state":"stopped"}' "$output"
}

@test "a recorder that was killed is gone" {
  record
  sed -i 's/"recording": false/"recording": true/; s/"pid": [0-9]*/"pid": 4194305/' "$log/status"
  run -4 --separate-stderr "$DAYBOOK" status --log "$log" --output json
  same gone "$(state)"
  # The pid is somebody else's now.
  sed -i "s/\"pid\": [0-9]*/\"pid\": $$/" "$log/status"
  run -4 --separate-stderr "$DAYBOOK" status --log "$log" --output json
  same gone "$(state)"
}

# As the recorder that has the folder: with its lock.
with_status() {
  sed "s/\"recording\": false/\"recording\": true/; s/\"pid\": [0-9]*/\"pid\": $$/; $1" \
    "$BATS_TEST_TMPDIR/written" >"$log/status"
  flock --exclusive "$log" "$DAYBOOK" status --log "$log" --output json
}

@test "one that records is healthy; one that fails, loses or lags is not" {
  record
  cp "$log/status" "$BATS_TEST_TMPDIR/written"
  run -0 --separate-stderr with_status ''
  same recording "$(state)"
  run -4 --separate-stderr with_status 's/"lag_us": 0/"lag_us": 60000000/'
  same lagging "$(state)"
  run -4 --separate-stderr with_status 's/"newly_lost": [0-9]*/"newly_lost": 3/'
  same losing "$(state)"
  run -4 --separate-stderr with_status \
    's/"failing": false/"failing": true/; s/"message": ""/"message": "no room"/'
  same failing "$(state)"
  same "no room" "$(jq -r '.rows[0].message' <<<"$output")"
  run -4 --separate-stderr flock --exclusive "$log" "$DAYBOOK" status --log "$log"
  same "-- no room" "${lines[-1]}"
}

@test "one that writes nothing any more has stalled" {
  record
  cp "$log/status" "$BATS_TEST_TMPDIR/written"
  touch -d '-4 min' "$log"/daybook-*.dbk
  run -4 --separate-stderr with_status ''
  same stalled "$(state)"
}

@test "where there is no status, the lock tells whether somebody records" {
  mkdir "$log"
  run -4 --separate-stderr "$DAYBOOK" status --log "$log" --output json
  same stopped "$(state)"
  same null "$(jq -r '.rows[0].pid' <<<"$output")"
  run -4 --separate-stderr flock --exclusive "$log" "$DAYBOOK" status --log "$log" --output json
  same unknown "$(state)"
}

@test "what cannot be read is exit status 3 and named" {
  run -3 --separate-stderr "$DAYBOOK" status --log /does/not/exist
  has "$stderr" /does/not/exist
  run -3 --separate-stderr "$DAYBOOK" status --log "$sample"
  has "$stderr" "$sample"
  mkdir "$log"
  echo '{"pid": 7' >"$log/status"
  run -3 --separate-stderr "$DAYBOOK" status --log "$log"
  has "$stderr" "$log/status"
}

@test "status and metrics stand where they were asked for, and are no part of the log" {
  mkdir "$BATS_TEST_TMPDIR/metrics"
  record --metrics-file "$BATS_TEST_TMPDIR/metrics/daybook.prom"
  same 640 "$(stat -c %a "$log/status")"
  same 644 "$(stat -c %a "$BATS_TEST_TMPDIR/metrics/daybook.prom")"
  same daybook.prom "$(ls "$BATS_TEST_TMPDIR/metrics")"
  run -0 grep -x 'daybook_recording 0' "$BATS_TEST_TMPDIR/metrics/daybook.prom"
  run -0 grep -x 'daybook_lost_events_total{kind="fork"} 0' "$BATS_TEST_TMPDIR/metrics/daybook.prom"
  same "$(printf '%s\n' daybook-00000001.dbk daybook.ballast status)" "$(ls "$log")"
  same 1 "$("$DAYBOOK" info --log "$log" --output jsonl | wc -l)"
  run -0 "$DAYBOOK" verify --log "$log"
  # Elsewhere.
  rm -r "$log"
  record --status-file "$BATS_TEST_TMPDIR/metrics/status"
  [[ ! -e $log/status && -s $BATS_TEST_TMPDIR/metrics/status ]]
}

@test "a status that stands elsewhere is read there" {
  elsewhere=$BATS_TEST_TMPDIR/elsewhere
  record --status-file "$elsewhere"
  run -4 --separate-stderr "$DAYBOOK" status --log "$log" --status-file "$elsewhere" --output json
  same stopped "$(state)"
  same replay "$(jq -r '.rows[0].source' <<<"$output")"
  sed -i "s/\"recording\": false/\"recording\": true/; s/\"pid\": [0-9]*/\"pid\": $$/" "$elsewhere"
  run -0 --separate-stderr flock --exclusive "$log" \
    "$DAYBOOK" status --log "$log" --status-file "$elsewhere" --output json
  same recording "$(state)"
  run -3 --separate-stderr "$DAYBOOK" status --log "$log" --status-file "$elsewhere.missing"
  has "$stderr" "$elsewhere.missing"
  run -3 --separate-stderr "$DAYBOOK" status --log "$log" --log "$log" --status-file "$elsewhere"
  has "$stderr" "--status-file is that of one log"
}

@test "a status that is named needs no folder" {
  elsewhere=$BATS_TEST_TMPDIR/elsewhere
  record --status-file "$elsewhere"
  run -4 --separate-stderr "$DAYBOOK" status --status-file "$elsewhere" --output json
  same "stopped null" "$(state) $(jq -r '.rows[0].folder' <<<"$output")"
  # What is left to tell it by is who lives, and when it was written.
  sed -i "s/\"recording\": false/\"recording\": true/; s/\"pid\": [0-9]*/\"pid\": $$/" "$elsewhere"
  run -0 --separate-stderr "$DAYBOOK" status --status-file "$elsewhere" --output json
  same recording "$(state)"
  sed -i "s/\"written_realtime_ns\": [0-9]*/\"written_realtime_ns\": 1/" "$elsewhere"
  run -4 --separate-stderr "$DAYBOOK" status --status-file "$elsewhere" --output json
  same stalled "$(state)"
  sed -i 's/"pid": [0-9]*/"pid": 4194305/' "$elsewhere"
  run -4 --separate-stderr "$DAYBOOK" status --status-file "$elsewhere" --output json
  same gone "$(state)"
  run -3 --separate-stderr "$DAYBOOK" status --status-file "$elsewhere.missing"
  has "$stderr" "$elsewhere.missing"
  echo '{"pid": 7' >"$elsewhere"
  run -3 --separate-stderr "$DAYBOOK" status --status-file "$elsewhere"
  has "$stderr" "$elsewhere: "
}

@test "neither may have a segment's name" {
  for option in --status-file --metrics-file; do
    run -2 --separate-stderr "$DAYBOOKD" --log-dir "$log" "$option" "$log/daybook-00000001.dbk"
    has "$stderr" "$option"
  done
}
