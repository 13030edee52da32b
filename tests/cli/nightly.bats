#!/usr/bin/env bats
# The page for the morning, and the examples of what calls it.

load helper

# The minute of the sample, and one before it in which there is nothing.
window=(--log "$sample" --since "2026-11-22 02:00" --until "2026-11-22 02:01")

report() {
  TZ=UTC "$DAYBOOK" report "$@"
}

@test "without a time it is about yesterday, from midnight to midnight in local time" {
  for zone in UTC Europe/Berlin America/St_Johns; do
    export TZ=$zone
    page=$("$DAYBOOK" report --log "$sample" --output json)
    same "$(date -d 'yesterday 00:00' +%FT%T.000000%:z)" "$(jq -r .since <<<"$page")"
    same "$(date -d 'today 00:00' +%FT%T.000000%:z)" "$(jq -r .until <<<"$page")"
  done
}

@test "a day on which the clock is put forward or back is as long as it is" {
  export TZ=Europe/Berlin
  page=$("$DAYBOOK" report --log "$sample" -S 2026-10-25 -U 2026-10-26 --output json)
  same 2026-10-25T00:00:00.000000+02:00 "$(jq -r .since <<<"$page")"
  same 2026-10-26T00:00:00.000000+01:00 "$(jq -r .until <<<"$page")"
  hours=$(jq '.sections[] | select(.section == "coverage").rows[] |
    select(.what == "nothing_before").duration_us / 3600000000' <<<"$page")
  same 25 "$hours"
}

@test "every format has the same rows" {
  report "${window[@]}" --output json >"$BATS_TEST_TMPDIR/json"
  same report "$(jq -r .report "$BATS_TEST_TMPDIR/json")"
  same "$(jq -c '.sections[] | .section as $s | .rows[] | {section: $s} + .' \
    "$BATS_TEST_TMPDIR/json")" "$(report "${window[@]}" --output jsonl | jq -c .)"
  for section in $(jq -r '.sections[].section' "$BATS_TEST_TMPDIR/json"); do
    rows=$(jq --arg s "$section" '[.sections[] | select(.section == $s).rows[]] | length' \
      "$BATS_TEST_TMPDIR/json")
    for format in csv tsv; do
      same "$((rows + 1))" "$(report "${window[@]}" --section "$section" --output $format | wc -l)"
    done
  done
}

@test "the page's numbers are those of the other verbs" {
  page=$(report "${window[@]}" --output json -n 1000)
  rows() {
    jq -c --arg s "$1" '[.sections[] | select(.section == $s).rows[]]' <<<"$page"
  }
  list=(--log "$sample" --output json)
  same "$("$DAYBOOK" list "${list[@]}" | jq '.rows | length')" "$(rows totals | jq '.[0].processes')"
  same "$("$DAYBOOK" summary "${list[@]}" | jq -c '[.rows[] | [.comm, .count, .cpu_us]] | sort')" \
    "$(rows programs | jq -c '[.[] | [.comm, .count, .cpu_us]] | sort')"
  same "$("$DAYBOOK" jobs "${list[@]}" | jq -c '[.rows[] | [.job, .runs, .processes]] | sort')" \
    "$(rows jobs | jq -c '[.[] | [.job, .runs, .processes]] | sort')"
  same "$("$DAYBOOK" spawn "${list[@]}" | jq -c '[.rows[] | [.spawner, .births, .short]] | sort')" \
    "$(rows spawners | jq -c '[.[] | [.spawner, .births, .short]] | sort')"
  same "$("$DAYBOOK" failures "${list[@]}" --signal SIGSEGV | jq '[.rows[].count] | add')" \
    "$(rows abnormal_ends | jq '[.[].count] | add')"
  same "$(jq .coverage.processes <<<"$page")" "$(jq '.coverage | .used + .filtered' <<<"$page")"
}

@test "silence where nothing is wrong, and exit status 1 where a rule applies" {
  quiet=(--log "$sample" --since "2026-11-22 02:00:38" --until "2026-11-22 02:00:39" --baseline 0)
  run -0 --separate-stderr report "${quiet[@]}" --only-exceptions
  same "" "$output$stderr"
  run -0 report "${quiet[@]}"
  has "$output" "-- no exceptions"
  run -0 report "${window[@]}" --only-exceptions --fail-on 'core,signal>1'
  has "$output" "SIGSEGV"
  [[ $output != *"== Totals"* ]] || fail "totals are no exception"
  run -1 report "${window[@]}" --only-exceptions --fail-on signal
  has "$output" "-- exit status 1 since this applies: signal (1)"
}

@test "a damaged log is an exception, and exit status 4" {
  cp "$sample" "$BATS_TEST_TMPDIR/daybook-00000001.dbk"
  printf '\x55' | dd of="$BATS_TEST_TMPDIR/daybook-00000001.dbk" bs=1 seek=20000 conv=notrunc status=none
  set -- --since "2026-11-22 02:00" --until "2026-11-22 02:01" --log "$BATS_TEST_TMPDIR"
  run -4 report "$@" --only-exceptions
  has "$output" "damaged"
  run -1 report "$@" --fail-on damage
}

@test "a mistake is exit status 2, and one line that helps" {
  mistake() {
    local text=$1
    shift
    run -2 --separate-stderr "$DAYBOOK" report --log "$sample" "$@"
    same "" "$output"
    same 1 "${#stderr_lines[@]}"
    has "$stderr" "$text"
  }
  mistake "did you mean 'crash-loop'?" --fail-on crashloop
  mistake "there are lost, gap" --fail-on everything
  mistake "write for example failed>10" --fail-on 'failed>many'
  mistake "did you mean 'new_users'?" --section new_user
  mistake "write for example 7d" --baseline week
  mistake "csv holds one table; say which by --section" --output csv
  mistake "not expected: '--sort'" --sort count
  mistake "not expected: '--columns'" --columns comm
}

@test "the lines of the example for cron are ones that daybook takes" {
  mapfile -t lines < <(grep -E '^[0-9]' "$NIGHTLY/daybook-report.cron")
  ((${#lines[@]} == 2))
  for line in "${lines[@]}"; do
    [[ $line != *%* ]] || fail "cron would cut this line: $line"
    read -ra words <<<"$line"
    same daybook "${words[5]}" # the user
    run "$DAYBOOK" "${words[@]:7}" --log "$sample"
    [[ $status -ne 2 ]] || fail "$output"
  done
}

@test "the example for systemd is a unit whose command line daybook takes" {
  line=$(sed -n 's/^ExecStart=//p' "$NIGHTLY/daybook-report.service")
  read -ra words <<<"$line"
  [[ ${words[0]} == */daybook ]]
  run -1 "$DAYBOOK" "${words[@]:1}" --log "$sample"
  has "$output" "recorder_stopped"
  grep -qx Type=oneshot "$NIGHTLY/daybook-report.service"
  grep -qx Persistent=yes "$NIGHTLY/daybook-report.timer"
}
