#!/usr/bin/env bats
# Roll-ups: written by report --partial, added up by merge.

load helper

day=(-S 2026-11-22 -U 2026-11-23)
golden=$TOP/tests/data/sample.rollup

setup() {
  export TZ=UTC
  cd "$BATS_TEST_TMPDIR" || return
}

partial() {
  "$DAYBOOK" report --log "$sample" "${day[@]}" --partial "$@"
}

@test "without a time it is of yesterday, without a begin of all days that the log has" {
  before=$(date -d yesterday +%F)
  "$DAYBOOK" report --log "$sample" --partial night
  "$DAYBOOK" report --log "$sample" --partial all -U "2026-11-22 12:00"
  after=$(date -d yesterday +%F)
  days() { "$DAYBOOK" dump --log "$1" --output jsonl | jq -r 'select(.type == "rollup").fields.day' | sort -u; }
  [[ $(days night) == "$before" || $(days night) == "$after" ]]
  same "2026-11-22" "$(days all)"
}

# But for what was taken on the day, which summary tells on request.
@test "a roll-up is written, and says what summary says" {
  run -0 --separate-stderr partial web1.rollup
  has "$output" "-- web1.rollup: roll-ups 1, processes 205"
  for by in comm user,uid status service host; do
    same "$("$DAYBOOK" summary --log "$sample" "${day[@]}" --by $by --output jsonl | sort)" \
      "$("$DAYBOOK" merge web1.rollup --by $by --output jsonl | sed 's/"cpu_within_us":[^,]*,//' | sort)"
  done
  same "" "$(find . -name '.*' -type f)"
}

@test "quietly it says nothing but what is wrong" {
  run -0 --separate-stderr partial web1.rollup --quiet
  same "" "$output$stderr"
  has "$("$DAYBOOK" merge web1.rollup)" "roll-ups 1"
  run -3 --separate-stderr "$DAYBOOK" report --log "$sample" --log nowhere "${day[@]}" --partial few -q
  same "" "$output"
  has "$stderr" "nowhere"
}

@test "of a pipe and of standard output, too" {
  same "$(partial a.rollup >/dev/null && "$DAYBOOK" merge a.rollup)" \
    "$(partial - | "$DAYBOOK" merge -)"
}

@test "the roll-up that version 0.1.0 wrote is read as it was" {
  run -0 --separate-stderr "$DAYBOOK" merge "$golden" --by user,status --output csv \
    --columns user,status,count,lost,failed,cpu,p50_cpu,p95_elapsed,p99_maxrss,minflt
  same "$(cat "$TOP/tests/data/sample.rollup.csv")" "$output"
  # It does not tell of late or unseen reaps.
  same '[0,1]' "$("$DAYBOOK" merge "$golden" --output json | jq -c '.coverage | [.unreaped, .without_unreaped]')"
  has "$("$DAYBOOK" merge "$golden")" ", silent about late or unseen reaps 1"
  run -0 "$DAYBOOK" verify --log "$golden" --output csv --columns verdict
  has "$output" complete
}

@test "every format has the same rows" {
  "$DAYBOOK" merge "$golden" --output json >rows.json
  same merge "$(jq -r .report rows.json)"
  same "$(jq -c '.rows[]' rows.json)" "$("$DAYBOOK" merge "$golden" --output jsonl | jq -c .)"
  for format in csv tsv; do
    same "$(($(jq '.rows | length' rows.json) + 1))" "$("$DAYBOOK" merge "$golden" --output $format | wc -l)"
  done
  has "$("$DAYBOOK" merge "$golden" --output md)" "| cc1 | 3 |"
}

@test "columns, order, limit, and a file for the table" {
  run -0 "$DAYBOOK" merge "$golden" --columns comm,count --sort -count -n 2 --no-header --output csv
  same $'cat,54\nbusy,53\n***other,98' "$output"
  run -0 "$DAYBOOK" merge "$golden" --columns comm --sort comm --reverse -n 1 --output csv -o table
  same "" "$output"
  has "$(cat table)" wc
}

@test "hosts and days of a folder are added up, and only those of a time or a host" {
  mkdir rollups
  partial rollups/one
  "$DAYBOOK" report --log "$sample" -S 2026-11-21 -U 2026-11-22 --partial rollups/empty
  touch rollups/.one.1.tmp # as a writer leaves it that was killed
  run -0 "$DAYBOOK" merge rollups --by month,day,host --columns month,day,host,count --output csv
  same $'month,day,host,count\n2026-11,2026-11-22,sample,205' "$output"
  run -0 "$DAYBOOK" merge rollups --output json
  same "2 1 0 205 206" "$(jq -r '.coverage | "\(.rollups) \(.days) \(.missing_days) \(.used) \(.processes)"' <<<"$output")"
  same 205 "$("$DAYBOOK" merge rollups --host sample --output json | jq .total.count)"
  same 0 "$("$DAYBOOK" merge rollups --host other --output json | jq .total.count)"
  same 0 "$("$DAYBOOK" merge rollups -U 2026-11-22 --output json | jq .total.count)"
}

@test "groups that are too many are one, and the totals stay" {
  partial all
  partial few --groups 2
  partial none --groups 0
  for file in few none; do
    same "$("$DAYBOOK" merge all --output json | jq -c .total)" \
      "$("$DAYBOOK" merge $file --output json | jq -c .total)"
  done
  same '["***other"]' "$("$DAYBOOK" merge none --output json | jq -c '[.rows[].comm]')"
  run -2 --separate-stderr partial other --groups some
  same "daybook: --groups: 'some' is no number" "$stderr"
}

# A row of a group that was given up in part is less than the truth.
@test "what is in no row since its group was given up is told, and failures are kept first" {
  partial few --groups 1
  lacking=$("$DAYBOOK" merge few --output json --by comm | jq '.rows[] | select(.comm == "***other").count')
  ((lacking > 0))
  has "$("$DAYBOOK" merge few --by comm)" $'\n'"-- processes in ***other that may belong to any row: $lacking"
  facts() { "$DAYBOOK" merge few --by "$1" --output json | jq .facts.other_processes; }
  same "$lacking 0" "$(facts host,comm) $(facts host,day)"
  partial all
  worst() { "$DAYBOOK" merge "$1" --by comm,user,service,status --output jsonl | jq -s 'map(.failed) | max'; }
  ((0 < $(worst all)))
  same "$(worst all)" "$("$DAYBOOK" merge few --by comm,user,service,status --output jsonl |
    jq -s 'map(select(.comm != "***other").failed) | max')"
}

@test "many become one file, each roll-up once" {
  partial one
  "$DAYBOOK" report --log "$sample" -S 2026-11-20 -U 2026-11-23 --partial three
  run -0 "$DAYBOOK" merge one three one --into all --output json
  same "3 2" "$(jq -r '.coverage | "\(.rollups) \(.repeated_rollups)"' <<<"$output")"
  same "$("$DAYBOOK" merge three --output jsonl)" "$("$DAYBOOK" merge all --output jsonl)"
  run -0 "$DAYBOOK" merge all --into all --replace
  same 3 "$("$DAYBOOK" merge all --output json | jq .coverage.rollups)"
}

@test "no file is replaced unless that is asked for" {
  echo precious >file
  run -2 --separate-stderr partial file
  same "daybook: cannot create file: it is there already; --replace puts a new one there" "$stderr"
  run -2 --separate-stderr "$DAYBOOK" merge "$golden" --into file
  same "daybook: cannot create file: it is there already; --replace puts a new one there" "$stderr"
  same precious "$(cat file)"
  partial file --replace
  same 205 "$("$DAYBOOK" merge file --output json | jq .total.count)"
}

@test "where it cannot be written, that is said and nothing is left" {
  run -2 --separate-stderr partial none/file
  same "daybook: cannot create none/file: No such file or directory" "$stderr"
  run -3 --separate-stderr bash -c "'$DAYBOOK' report --log '$sample' --partial - >/dev/full"
  same "daybook: cannot write to standard output: No space left on device" "$stderr"
  cp "$sample" daybook-00000001.dbk
  run -2 --separate-stderr "$DAYBOOK" report --log . --partial daybook-00000001.dbk --replace
  same "daybook: cannot write to daybook-00000001.dbk: it is a part of the log" "$stderr"
  cmp "$sample" daybook-00000001.dbk
}

@test "no segment of a log is replaced, of whatever log it is" {
  partial one
  mkdir other
  cp "$sample" other/daybook-00000001.dbk
  refuses() {
    run -2 --separate-stderr "$DAYBOOK" "$@"
    same "daybook: cannot write to other/daybook-00000001.dbk: it is a part of a log" "$stderr"
    cmp "$sample" other/daybook-00000001.dbk
  }
  refuses merge one --into other/daybook-00000001.dbk --replace
  refuses report --log "$sample" --partial other/daybook-00000001.dbk --replace
  refuses list --log "$sample" -o other/daybook-00000001.dbk
  # Nor what is being read.
  run -2 --separate-stderr "$DAYBOOK" merge one -o one
  same "daybook: cannot write to one: it is a part of the log" "$stderr"
}

@test "a reader that goes away is no error" {
  run -0 --separate-stderr bash -c "set -o pipefail; '$DAYBOOK' report --log '$sample' --partial - | true"
  same "" "$stderr"
}

@test "options that do not go together" {
  while IFS='|' read -r arguments message; do
    run -2 --separate-stderr bash -c "'$DAYBOOK' $arguments"
    same "daybook: $message" "${stderr_lines[0]}"
  done <<'EOT'
report --partial f --only-exceptions|--only-exceptions: does not go with --partial
report --partial f --section jobs|--section: does not go with --partial
report --partial f --fail-on lost|--fail-on: does not go with --partial
report --partial f --baseline 1d|--baseline: does not go with --partial
report --groups 3|--groups: is of use with --partial only
report --replace|--replace: is of use with --partial only
merge f --replace|--replace: is of use with --into only
merge f --into -|--into: a file is needed, the table goes to standard output
merge f --by comm,comm|--by: 'comm' stands there twice
merge f --by servce|--by: no key 'servce'; did you mean 'service'?
merge f --by pid|--by: no key 'pid'; did you mean 'uid'?
merge|merge: file is required
EOT
}

@test "files that hold something else are told from roll-ups" {
  echo text >text
  run -3 --separate-stderr "$DAYBOOK" merge "$golden" "$sample" text
  has "$output" "TOTAL       205"
  has "$stderr" "daybook: text: not a daybook log"
  has "$stderr" "daybook: $sample: holds no roll-ups; a log is added up by: daybook report --partial FILE --log $sample"
  mkdir folder
  run -3 --separate-stderr "$DAYBOOK" merge folder
  same "daybook: no file in folder" "$stderr"
  run -3 --separate-stderr "$DAYBOOK" merge none
  has "$stderr" "daybook: cannot open none: No such file or directory"
  for verb in list summary tree failures; do
    run -3 --separate-stderr "$DAYBOOK" $verb --log "$golden"
    same "daybook: what is read holds roll-ups, which have sums but no processes; 'daybook merge' reads them" "$stderr"
  done
  run -3 --separate-stderr "$DAYBOOK" report --log "$golden" --partial new
  same "daybook: what is read holds roll-ups already; 'daybook merge --into' joins them" "$stderr"
  [[ ! -e new ]]
}

@test "two that overlap are refused" {
  partial all
  "$DAYBOOK" report --log "$sample" -S "2026-11-22 02:00:39" -U 2026-11-23 --partial part
  run -3 --separate-stderr "$DAYBOOK" merge all part
  same "daybook: all and part tell of the same time of sample on 2026-11-22 in different ways, so that processes would be counted twice; give only one of them" "$stderr"
  # Which does not matter where they are not asked for.
  run -0 "$DAYBOOK" merge all part -U 2026-11-22 --output json
  same "0 209" "$(jq -r '"\(.total.count) \(.coverage.filtered)"' <<<"$output")"
}

@test "a damaged roll-up is used as far as it is sound" {
  size=$(stat -c %s "$golden")
  head -c $((size - 700)) "$golden" >cut.rollup
  run -4 --separate-stderr "$DAYBOOK" merge cut.rollup --output json
  same 205 "$(jq '.coverage | .used + .missing_processes' <<<"$output")"
  (($(jq .coverage.missing_processes <<<"$output") > 0))
  run -4 "$DAYBOOK" merge cut.rollup
  has "$output" "damaged sums of processes"
  run -0 "$DAYBOOK" salvage "$golden" -o salvaged
  same "$("$DAYBOOK" merge "$golden" --output jsonl)" "$("$DAYBOOK" merge salvaged --output jsonl)"
}

@test "dump and info show it as any log" {
  run -0 "$DAYBOOK" dump --log "$golden" --output jsonl
  same 2 "$(jq -r 'select(.type == "rollup").fields.day' <<<"$output" | grep -c 2026-11-22)"
  same 205 "$(jq 'select(.type == "rollup_group").fields.count' <<<"$output" | paste -sd+ | bc)"
  run -0 "$DAYBOOK" info --log "$golden"
  has "$output" sample.rollup
}
