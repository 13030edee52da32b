#!/usr/bin/env bats
# daybook import and export, and the views that go with them, as a user meets them. What they say is
# held against the GNU accounting utilities in tests/reference.

load helper

setup() {
  export TZ=UTC
  pacct=$BATS_TEST_TMPDIR/pacct
  log=$BATS_TEST_TMPDIR/log
  # Two processes: "sh" of root that forked, and "cc" of uid 4242 that took 3 + 4 ticks of 100.
  {
    printf '\1\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x64\0\0\0\1\0\0\0\0\xf1\x53\x65\0\0\xc8\x42'
    printf '\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0sh\0\0\0\0\0\0\0\0\0\0\0\0\0\0'
    printf '\0\3\3\x88\0\3\0\0\x92\x10\0\0\7\0\0\0\x65\0\0\0\1\0\0\0\0\xf1\x53\x65\0\0\xc8\x42'
    printf '\3\0\4\0\xa0\x0f\0\0\0\0\0\0\0\0\0\0cc\0\0\0\0\0\0\0\0\0\0\0\0\0\0'
  } >"$pacct"
}

@test "a file becomes a log, and the same file again" {
  run -0 --separate-stderr "$DAYBOOK" import "$pacct" -o "$log"
  same "" "$stderr"
  same "$pacct complete 3 little 0 128 2 0 2023-11-14 22:13:21 2023-11-14 22:13:21" \
    "$(xargs <<<"${lines[1]}")"
  run -0 "$DAYBOOK" verify --log "$log"
  "$DAYBOOK" export --format pacct --log "$log" | cmp - "$pacct"
  run -0 "$DAYBOOK" export --format pacct --log "$log" -o "$BATS_TEST_TMPDIR/out"
  cmp "$BATS_TEST_TMPDIR/out" "$pacct"
}

@test "every report says how precise it is" {
  "$DAYBOOK" import - -o "$log" <"$pacct"
  for verb in list summary tree info dump; do
    run -0 "$DAYBOOK" "$verb" --log "$log"
    has "${lines[-1]}" "imported from pacct: starts to 1 s, CPU times to 10 ms, parents as at the exit"
  done
}

# Two logs of which nobody knows that they are of one host are of two.
@test "of which host a file is can be told, and unnamed logs are of different ones" {
  jobs() { "$DAYBOOK" jobs --log "$log.1" --log "$log.2" --output csv --no-header --columns job,host; }
  "$DAYBOOK" import "$pacct" -o "$log.1"
  "$DAYBOOK" import "$pacct" -o "$log.2"
  same 4 "$(jobs | sort -u | wc -l)"
  same 2 "$("$DAYBOOK" summary --log "$log.1" --log "$log.2" --output json | jq .coverage.hosts)"
  same 2 "$("$DAYBOOK" list --log "$log.1" --log "$log.2" --output jsonl | jq -r .host | sort -u | wc -l)"
  for part in 1 2; do
    "$DAYBOOK" report --log "$log.$part" -S 2023-11-14 -U 2023-11-15 --partial "$log.$part.rollup"
  done
  run -0 "$DAYBOOK" merge "$log.1.rollup" "$log.2.rollup" --by host --output json
  same '[2,2,true]' "$(jq -c '[.coverage.hosts, (.rows | length), all(.rows[]; .host)]' <<<"$output")"
  rm -r "$log.2"
  "$DAYBOOK" import --host web2 "$pacct" -o "$log.2"
  same "web2" "$("$DAYBOOK" info --log "$log.2" --output jsonl | jq -r .host)"
  has "$(jobs)" "cc,web2"
}

@test "whether a birth parent hid a failure is unknown, not 0" {
  "$DAYBOOK" import "$pacct" -o "$log"
  run -0 --separate-stderr "$DAYBOOK" failures --log "$log" --output csv --no-header \
    --columns count,swallowed
  same "1," "$output"
}

@test "the views have no more than what the scripts expect" {
  "$DAYBOOK" import "$pacct" -o "$log"
  run -0 --separate-stderr "$DAYBOOK" list --style lastcomm --log "$log"
  same "" "$stderr"
  same "cc                     4242     pts/3      0.07 secs Tue Nov 14 22:13
sh                F    root     __         0.00 secs Tue Nov 14 22:13" "$output"
  run -0 "$DAYBOOK" summary --style sa --log "$log"
  same "       2       0.03re       0.00cp         0avio       500k
       2       0.03re       0.00cp         0avio       500k   ***other*" "$output"
  run -0 "$DAYBOOK" summary --style sa-users --log "$log"
  same "4242 1 0.02re 0.00cp 0avio 1000k" "$(xargs <<<"${lines[1]}")"
}

# Its CPU times are exact; those of a file are cut to ticks of 10 ms.
@test "a recorded log can be exported and seen the old way, too" {
  without_cpu() { "$DAYBOOK" list --style lastcomm --log "$1" | sed 's/ [0-9.]* secs//'; }
  ended=$("$DAYBOOK" list --log "$sample" --output jsonl | grep -c '"state":"ended"')
  ((ended > 0))
  same "$ended" "$(without_cpu "$sample" | wc -l)"
  "$DAYBOOK" export --format pacct --log "$sample" -o "$pacct"
  same "$((64 * ended))" "$(wc -c <"$pacct")"
  "$DAYBOOK" import "$pacct" -o "$log"
  same "$(without_cpu "$sample")" "$(without_cpu "$log")"
}

@test "damage is told by the bytes, and by the exit status as verify has it" {
  { head -c 64 "$pacct" && printf 'garbage' && tail -c 64 "$pacct"; } >"$BATS_TEST_TMPDIR/damaged"
  run -4 "$DAYBOOK" import "$BATS_TEST_TMPDIR/damaged" -o "$log" --columns verdict,begin,end
  same "damaged 0 135 damaged 64 71" "$(xargs <<<"${lines[*]:1}")"
  head -c 100 "$pacct" >"$BATS_TEST_TMPDIR/torn"
  run -1 "$DAYBOOK" import "$BATS_TEST_TMPDIR/torn" -o "$log.2" --columns verdict,begin,end
  same "torn_tail 0 100 torn_tail 64 100" "$(xargs <<<"${lines[*]:1}")"
}

@test "what cannot be read is named, with the cause and what to do" {
  run -3 --separate-stderr "$DAYBOOK" import "$BATS_TEST_TMPDIR/missing" -o "$log"
  same "daybook: cannot open $BATS_TEST_TMPDIR/missing: No such file or directory" "$stderr"
  run -3 --separate-stderr "$DAYBOOK" import "$BATS_TEST_TMPDIR" -o "$log"
  same "daybook: cannot read $BATS_TEST_TMPDIR: Is a directory" "$stderr"
  same 1 "${#lines[@]}" # the heading
  gzip -k "$pacct"
  run -3 --separate-stderr "$DAYBOOK" import "$pacct.gz" -o "$log"
  same "daybook: $pacct.gz: is compressed; give it as: zcat FILE | daybook import - -o FOLDER" \
    "$stderr"
  run -3 --separate-stderr "$DAYBOOK" import "$sample" -o "$log"
  same "daybook: $sample: not a process accounting file: no record of version 0 to 3 is in it" \
    "$stderr"
  [[ ! -e $log ]]
}

@test "nothing is written where something is" {
  "$DAYBOOK" import "$pacct" -o "$log"
  run -2 --separate-stderr "$DAYBOOK" import "$pacct" -o "$log"
  has "$stderr" "$log"
  run -2 --separate-stderr "$DAYBOOK" export --format pacct --log "$log" \
    -o "$log/daybook-00000001.dbk"
  has "$stderr" "it is a part of the log"
}

@test "binary records go to no terminal" {
  "$DAYBOOK" import "$pacct" -o "$log"
  run -2 script -qec "'$DAYBOOK' export --format pacct --log '$log'" /dev/null
  has "$output" "daybook: not to a terminal: this is no text; give a file with -o"
}

@test "wrong styles and formats are told, and what goes with none" {
  run -2 --separate-stderr "$DAYBOOK" summary --style ssa
  same "daybook: --style: no 'ssa'; did you mean 'sa'?; there is sa, sa-users" "$stderr"
  run -2 --separate-stderr "$DAYBOOK" export
  same "daybook: export: --format is required" "$stderr"
  run -2 --separate-stderr "$DAYBOOK" export --format pact
  has "$stderr" "--format: no 'pact'"
  for surplus in "--output json" "--columns comm" "--sort comm" "--limit 1" --salvaged; do
    # shellcheck disable=SC2086 # an option and its value
    run -2 --separate-stderr "$DAYBOOK" list --style lastcomm $surplus
    same "daybook: ${surplus%% *}: does not go with --style lastcomm" "$stderr"
  done
}

@test "a view of a log that is not complete says so" {
  head -c 15000 "$sample" >"$BATS_TEST_TMPDIR/damaged.dbk"
  printf '\377\377' | dd of="$BATS_TEST_TMPDIR/damaged.dbk" bs=1 seek=8000 conv=notrunc status=none
  run -4 --separate-stderr "$DAYBOOK" summary --style sa --log "$BATS_TEST_TMPDIR/damaged.dbk"
  has "$stderr" "daybook: the log is not complete"
}
