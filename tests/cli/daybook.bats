#!/usr/bin/env bats
# The command line of daybook, on a real log.

load helper

verbs=(list summary jobs top tree ps spawn failures info dump)

@test "help and version are exit status 0, on standard output" {
  run -0 --separate-stderr "$DAYBOOK" --version
  [[ $output =~ ^daybook\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
  same "" "$stderr"
  run -0 --separate-stderr "$DAYBOOK" --help
  same "" "$stderr"
  for verb in "${verbs[@]}"; do
    has "$output" "  $verb "
  done
  for verb in "${verbs[@]}"; do
    run -0 --separate-stderr "$DAYBOOK" "$verb" --help
    has "$output" "--log"
    same "" "$stderr"
    if [[ $verb == dump ]]; then # in the order of the log
      [[ $output != *--sort* && $output != *--reverse* ]] || fail "offers to sort:" "$output"
    else
      has "$output" "--sort"
    fi
  done
}

# usage_error TEXT ARGUMENT...: exit status 2, and one line that has TEXT.
usage_error() {
  local text=$1
  shift
  run -2 --separate-stderr "$DAYBOOK" "$@"
  same "" "$output"
  same 1 "${#stderr_lines[@]}"
  has "$stderr" "$text"
}

@test "a mistake in the command line is exit status 2, and one line that helps" {
  usage_error "report, list, summary, jobs, top, tree, why, ps, spawn, failures, diff, identity, follow, info,"
  usage_error "did you mean 'list'?" lst
  usage_error "did you mean '--since'?" list --log "$sample" --sinze today
  usage_error "did you mean 'cpu_us'?" list --log "$sample" --sort cpu_usec
  usage_error "did you mean 'comm'?" list --log "$sample" --columns pid,com
  usage_error "did you mean 'jsonl'?" list --log "$sample" --output jsnl
  usage_error "--limit" list --log "$sample" --limit few
  usage_error "--since" list --log "$sample" --since "25 o'clock"
  usage_error "--until" list --log "$sample" --since today --until yesterday
  usage_error "cannot be sorted" dump --log "$sample" --sort type
  usage_error "cannot be sorted" dump --log "$sample" -r
  usage_error "a log is given by --log" list "$sample"
}

@test "a value that is empty is a mistake, and no wish for everything" {
  ask=(list --log "$sample")
  usage_error "--since: '' is not a time; write" "${ask[@]}" -S ""
  usage_error "--until: '' is not a time; write" "${ask[@]}" --until ""
  usage_error "--sort: '' is no column" "${ask[@]}" --sort ""
  usage_error "--tz: '' is not in the tz database" "${ask[@]}" --tz ""
  usage_error "--output: no format ''; there are text, json," "${ask[@]}" --output ""
  usage_error "--window: no rule ''; there are start, end, existence" "${ask[@]}" --window ""
  usage_error "--style: no ''; there is lastcomm" "${ask[@]}" --style ""
  usage_error "no column ''" "${ask[@]}" --columns ""
  usage_error "--color: '' is none of" "${ask[@]}" --color ""
  for option in --pid --ppid --status --min-cpu; do
    usage_error "$option: '' is not a" "${ask[@]}" "$option" ""
  done
  for limit in "" x -1 1.5 5x 99999999999999999999; do
    usage_error "--limit: '$limit' is not a number of rows, as 20 or 0" "${ask[@]}" -n "$limit"
  done
}

@test "a log that cannot be read is exit status 3 and named" {
  run -3 --separate-stderr "$DAYBOOK" list --log /does/not/exist
  has "$stderr" "/does/not/exist: No such file or directory"
  mkdir "$BATS_TEST_TMPDIR/empty"
  run -3 --separate-stderr "$DAYBOOK" list --log "$BATS_TEST_TMPDIR/empty"
  has "$stderr" "$BATS_TEST_TMPDIR/empty"
}

@test "what can be read is reported beside what cannot" {
  run -3 --separate-stderr "$DAYBOOK" list --output jsonl --log "$sample" --log /does/not/exist
  has "$stderr" "/does/not/exist"
  same "$("$DAYBOOK" list --output jsonl --log "$sample" | wc -l)" "${#lines[@]}"
}

@test "a file that is no log is exit status 3 and named, and the others are reported" {
  echo "no log" >"$BATS_TEST_TMPDIR/text"
  : >"$BATS_TEST_TMPDIR/nothing"
  for file in /dev/null "$BATS_TEST_TMPDIR/text" "$BATS_TEST_TMPDIR/nothing"; do
    for verb in "${verbs[@]}"; do
      run -3 --separate-stderr "$DAYBOOK" "$verb" --log "$file"
      same "daybook: $file: not a daybook log" "$stderr"
    done
    run -3 --separate-stderr "$DAYBOOK" list --log "$file" --log "$sample" --output jsonl
    has "$stderr" "$file: not a daybook log"
    same "$("$DAYBOOK" list --log "$sample" --output jsonl)" "$output"
  done
  run -3 --separate-stderr "$DAYBOOK" list --log - </dev/null
  has "$stderr" "standard input: not a daybook log"
}

@test "a segment that a crash left empty in its folder is fine" {
  mkdir "$BATS_TEST_TMPDIR/log"
  cp "$sample" "$BATS_TEST_TMPDIR/log/daybook-00000001.dbk"
  : >"$BATS_TEST_TMPDIR/log/daybook-00000002.dbk"
  run -0 --separate-stderr "$DAYBOOK" list --log "$BATS_TEST_TMPDIR/log"
  same "" "$stderr"
}

@test "every verb reports on the sample" {
  for verb in "${verbs[@]}"; do
    run -0 --separate-stderr "$DAYBOOK" "$verb" --log "$sample"
    same "" "$stderr"
    ((${#lines[@]} > 2))
    has "${lines[-1]}" "lost 0, damaged 0 bytes"
  done
}

@test "standard input is a log" {
  run -0 --separate-stderr "$DAYBOOK" list --log - --output jsonl <"$sample"
  same "$("$DAYBOOK" list --log "$sample" --output jsonl)" "$output"
}

@test "pipes are logs, several too" {
  cp "$sample" "$BATS_TEST_TMPDIR/copy"
  run -0 --separate-stderr "$DAYBOOK" dump --log <(cat "$sample") --log <(cat "$sample") \
    --output jsonl --columns seq,type,fields
  same "$("$DAYBOOK" dump --log "$sample" --log "$BATS_TEST_TMPDIR/copy" --output jsonl \
    --columns seq,type,fields)" "$output"
  ((${#lines[@]} > 100))
}

@test "every format holds the same rows" {
  for verb in list summary jobs top tree ps spawn failures info; do
    "$DAYBOOK" "$verb" --log "$sample" --output json >"$BATS_TEST_TMPDIR/json"
    "$DAYBOOK" "$verb" --log "$sample" --output jsonl >"$BATS_TEST_TMPDIR/jsonl"
    "$DAYBOOK" "$verb" --log "$sample" --output csv >"$BATS_TEST_TMPDIR/csv"
    run -0 jq -e '.rows | length > 0' "$BATS_TEST_TMPDIR/json"
    same "$verb" "$(jq -r .report "$BATS_TEST_TMPDIR/json")"
    same "$(jq -c '.rows[]' "$BATS_TEST_TMPDIR/json")" "$(jq -c . "$BATS_TEST_TMPDIR/jsonl")"
    # CSV has the same columns, and of numbers and nulls the same cells.
    run -0 /usr/bin/python3 - "$BATS_TEST_TMPDIR/jsonl" "$BATS_TEST_TMPDIR/csv" <<'PYTHON'
import csv, json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
with open(sys.argv[2], newline="") as file:
    table = list(csv.DictReader(file))
assert len(rows) == len(table)
for row, cells in zip(rows, table):
    assert list(row) == list(cells), (row, cells)
    for name, value in row.items():
        if value is None:
            assert cells[name] == "", (name, cells)
        elif isinstance(value, int) and not isinstance(value, bool):
            assert cells[name] == str(value), (name, cells)
PYTHON
  done
}

@test "columns are shown in the order that was asked for" {
  run -0 "$DAYBOOK" list --log "$sample" --columns comm,pid --output csv
  same "comm,pid" "${lines[0]}"
  run -0 jq -es 'all(.[]; keys_unsorted == ["comm", "pid"])' \
    <<<"$("$DAYBOOK" list --log "$sample" --columns comm,pid --output jsonl)"
}

@test "rows are sorted, unknown values last, and limited after sorting" {
  "$DAYBOOK" list --log "$sample" --columns cpu_us --sort cpu_us --output jsonl |
    jq .cpu_us >"$BATS_TEST_TMPDIR/up"
  "$DAYBOOK" list --log "$sample" --columns cpu_us --sort -cpu_us --output jsonl |
    jq .cpu_us >"$BATS_TEST_TMPDIR/down"
  same null "$(tail -n 1 "$BATS_TEST_TMPDIR/up")"
  same null "$(tail -n 1 "$BATS_TEST_TMPDIR/down")"
  same "$(grep -v null "$BATS_TEST_TMPDIR/up" | sort -n)" "$(grep -v null "$BATS_TEST_TMPDIR/up")"
  same "$(grep -v null "$BATS_TEST_TMPDIR/down" | sort -rn)" \
    "$(grep -v null "$BATS_TEST_TMPDIR/down")"
  run -0 "$DAYBOOK" list --log "$sample" --columns cpu_us --sort -cpu_us -n 3 --output csv
  same "cpu_us $(head -n 3 "$BATS_TEST_TMPDIR/down" | xargs)" "${lines[*]}"
}

@test "without another order the newest come first, and the running before all" {
  run -0 jq -es '[.[] | .state == "running"] | length > 0 and . == (sort | reverse)' \
    <<<"$("$DAYBOOK" list --log "$sample" --output jsonl)"
  run -0 jq -es '[.[] | select(.state == "ended") | .end_ns] | . == (sort | reverse)' \
    <<<"$("$DAYBOOK" list --log "$sample" --output jsonl)"
}

@test "the output goes to a file, or is a usage error where there can be none" {
  run -0 "$DAYBOOK" list --log "$sample" --output jsonl -o "$BATS_TEST_TMPDIR/out"
  same "" "$output"
  same "$("$DAYBOOK" list --log "$sample" --output jsonl)" "$(cat "$BATS_TEST_TMPDIR/out")"
  run -2 --separate-stderr "$DAYBOOK" list --log "$sample" -o /does/not/exist
  has "$stderr" "/does/not/exist"
  run -3 --separate-stderr "$DAYBOOK" list --log "$sample" -o /dev/full
  has "$stderr" "No space left on device"
}

@test "an output that may be so long only is an error as a full disk is" {
  run -3 --separate-stderr bash -c "ulimit -f 8; exec '$DAYBOOK' dump --log '$sample' -o '$BATS_TEST_TMPDIR/out'"
  same "daybook: cannot write to $BATS_TEST_TMPDIR/out: File too large" "$stderr"
}

@test "the output has no message in it where standard error is closed" {
  { head -c 9000 "$sample" && echo wrong && tail -c +9007 "$sample"; } >"$BATS_TEST_TMPDIR/damaged"
  for output in open closed; do
    if [[ $output == closed ]]; then exec {err}>&2 2>&-; fi
    status=0
    "$DAYBOOK" list --log "$BATS_TEST_TMPDIR/damaged" --output csv -o "$BATS_TEST_TMPDIR/$output" || status=$?
    if [[ $output == closed ]]; then exec 2>&"$err"; fi
    same 4 "$status"
  done
  same "$(cat "$BATS_TEST_TMPDIR/open")" "$(cat "$BATS_TEST_TMPDIR/closed")"
}

@test "help that cannot be written is no success" {
  for arguments in --help --version "list --help"; do
    run -3 --separate-stderr bash -c "'$DAYBOOK' $arguments >/dev/full"
    same "daybook: cannot write to standard output: No space left on device" "$stderr"
  done
}

@test "the output never replaces a log that is read" {
  mkdir "$BATS_TEST_TMPDIR/log"
  log=$BATS_TEST_TMPDIR/log/daybook-00000001.dbk
  cp "$sample" "$log"
  ln "$log" "$BATS_TEST_TMPDIR/hard"
  ln -s "$log" "$BATS_TEST_TMPDIR/soft"
  for file in "$log" "$BATS_TEST_TMPDIR/hard" "$BATS_TEST_TMPDIR/soft"; do
    for path in "$log" "$BATS_TEST_TMPDIR/log" -; do
      run -2 --separate-stderr "$DAYBOOK" list --log "$path" -o "$file" <"$log"
      same "daybook: cannot write to $file: it is a part of the log" "$stderr"
      cmp "$sample" "$log"
    done
  done
}

@test "no verb writes over any file of a log that it reads" {
  for folder in new old; do
    mkdir "$BATS_TEST_TMPDIR/$folder"
    for number in 1 2 3; do cp "$sample" "$BATS_TEST_TMPDIR/$folder/daybook-0000000$number.dbk"; done
  done
  cd "$BATS_TEST_TMPDIR"
  "$DAYBOOK" dump --log "$sample" -o plain
  cp plain new/status
  refuses() {
    run -2 --separate-stderr "$DAYBOOK" "${@:2}"
    same "daybook: cannot write to $1: it is a part of the log" "$stderr"
  }
  for file in old/daybook-00000001.dbk old/daybook-00000003.dbk; do
    refuses $file diff --log new --old-log old -o $file
  done
  for file in new/daybook-00000001.dbk new/daybook-00000003.dbk; do
    refuses $file follow --log new -o $file
    refuses $file list --log new -o $file
    refuses $file report --log new --partial $file --replace
  done
  refuses new/status status --log new -o new/status
  refuses plain status --log new --status-file plain -o plain
  for file in {old,new}/*.dbk; do cmp "$sample" "$file"; done
  cmp plain new/status
  # A file of one's own may stand there, and be written anew.
  for _ in 1 2; do run -0 "$DAYBOOK" list --log new -n 1 -o new/list.csv; done
}

@test "a reader that goes away is no failure" {
  set -o pipefail
  # More than a pipe holds, so that writing to it must fail.
  logs=()
  for _ in {1..20}; do logs+=(--log "$sample"); done
  (($("$DAYBOOK" dump "${logs[@]}" --output jsonl | wc -c) > 300000))
  run -0 --separate-stderr bash -o pipefail -c '"$DAYBOOK" dump "$@" --output jsonl | head -n 1' _ \
    "${logs[@]}"
  same "" "$stderr"
  same 1 "${#lines[@]}"
}

@test "a window of time leaves out what did not live in it, and says how many" {
  run -0 "$DAYBOOK" list --log "$sample" --until 2000-01-01
  has "${lines[-1]}" "filtered"
  has "${lines[-2]}" "nobody recorded until"
  same 3 "${#lines[@]}"
  run -0 "$DAYBOOK" list --log "$sample" --since 2000-01-01 --output jsonl
  same "$("$DAYBOOK" list --log "$sample" --output jsonl)" "$output"
}

# The rows of the filter options $@ are those of which jq says $1.
filters() {
  local select=$1
  shift
  run -0 --separate-stderr "$DAYBOOK" list --log "$sample" --output jsonl "$@"
  same "$("$DAYBOOK" list --log "$sample" --output jsonl | jq -c "select($select)")" \
    "$(jq -c . <<<"$output")"
  ((${#lines[@]} > 0)) || fail "nothing is left: $*"
}

@test "each filter option leaves what it says" {
  filters '.uid == 4242' --user 4242
  filters '.gid == 4242' --group 4242
  filters '.comm == "sleep" or .comm == "cc1"' --comm sleep,cc1
  filters '.comm == "sleep" or .comm == "cc1"' --comm sleep --comm cc1
  filters '.exe == "/usr/bin/sleep"' --exe /usr/bin/sleep
  filters '.pid == 3600 or .pid == 3601' --pid 3600,3601
  filters '.ppid == 3592' --ppid 3592
  filters '.tty == "none"' --tty none
  filters '.host == "sample"' --host sample
  filters '.exit_code == 42 or .signal == 15' --status 42,SIGTERM
  filters '.signal == 15' --signal TERM
  filters '.wait_status != null and .wait_status != 0' --failed
  filters '.wait_status == 0' --ok
  filters '.cpu_us != null and .cpu_us >= 5000' --min-cpu 5ms
  filters '.elapsed_us != null and .elapsed_us >= 100000' --min-elapsed 100ms
  filters '.cgroup == "1"' --cgroup 1
  filters '.comm == "sh" and .exit_code == 3' --comm sh --status 3
  filters '.comm == "sh" and .exit_code == 3' --filter 'comm == "sh"' --filter 'exit_code == 3'
  filters '.uid == 4242 and .cpu_us != null and .cpu_us > 1000 and (.comm | test("^cc"))' \
    --filter 'user == "4242" && cpu > 1ms && comm =~ "^cc"'
}

@test "every grouping adds up to the same total" {
  "$DAYBOOK" summary --log "$sample" --output json >"$BATS_TEST_TMPDIR/json"
  total=$(jq -c '.total | del(.comm, .count_share, .cpu_share)' "$BATS_TEST_TMPDIR/json")
  for by in comm user group uid exe cgroup service session tty host day hour status signal state \
    comm,status user,comm,exit_code pid,start ok,core proof; do
    for limit in 1000 3 0; do
      "$DAYBOOK" summary --log "$sample" --by "$by" -n "$limit" --output json \
        >"$BATS_TEST_TMPDIR/json" || fail "by $by"
      run -0 jq -ce --argjson total "$total" --argjson limit "$limit" '. as $all
        | (.total | with_entries(select(.key | in($total)))) as $own
        | if $own != $total then "the total is \($own)" else empty end,
          (["count", "running", "failed", "cpu_us", "utime_us", "stime_us", "elapsed_us", "minflt",
            "majflt", "nvcsw", "nivcsw", "read_bytes", "write_bytes"][]
           | select(. as $column | [$all.rows[][$column]] | add != $all.total[$column])
           | "rows do not add up to the total of \(.)"),
          (select($limit <= 3 and ($all.rows | length) > $limit + 1) | "too many rows"),
          true' "$BATS_TEST_TMPDIR/json"
      same true "$output" || fail "by $by, at most $limit rows"
    done
  done
}

@test "percentiles are those of the rows, but for their small error" {
  "$DAYBOOK" list --log "$sample" --output jsonl |
    jq -s '[.[].elapsed_us | values] | sort | .[((length * 95 + 99) / 100 | floor) - 1]' \
      >"$BATS_TEST_TMPDIR/true"
  run -0 "$DAYBOOK" summary --log "$sample" --output json
  run -0 jq -e --argjson true "$(cat "$BATS_TEST_TMPDIR/true")" \
    '.total.p95_elapsed_us - $true | fabs <= $true / 128' <<<"$output"
}

@test "a key that is none is a usage error" {
  usage_error "--by: no key 'usr'; did you mean 'user'?" summary --log "$sample" --by comm,usr
  usage_error "--by: 'failed' is another column here" summary --log "$sample" --by comm,failed
}

@test "jobs add up to the totals, whatever a job is" {
  total=$("$DAYBOOK" summary --log "$sample" --output json |
    jq -c '.total | [.count, .running, .failed, .cpu_us]')
  for jobs in "" "--runs" "--root failed" "--root forked_only --runs"; do
    # shellcheck disable=SC2086 # words
    run -0 --separate-stderr "$DAYBOOK" jobs --log "$sample" $jobs --output jsonl
    same "$total" "$(jq -cs '[([.[].processes] | add), ([.[].running] | add),
      ([.[].failed] | add), ([.[].cpu_us] | add)]' <<<"$output")"
  done
}

@test "a job is as much as the tree below its root" {
  root=$("$DAYBOOK" list --log "$sample" --comm busy --sort start --output csv --columns pid -n 1 |
    tail -n 1)
  run -0 --separate-stderr "$DAYBOOK" jobs --log "$sample" --root "pid == $root" --output jsonl
  job=$(jq -c 'select(.kind == "root") | [.pid, .processes, .cpu_us]' <<<"$output")
  run -0 "$DAYBOOK" tree --log "$sample" --output jsonl
  same "$job" "$(jq -c --argjson root "$root" \
    'select(.pid == $root) | [.pid, .descendants + 1, .total_cpu_us]' <<<"$output")"
}

@test "why tells all ancestors, each the parent of the one before" {
  pid=$("$DAYBOOK" list --log "$sample" --comm cc1 --output csv --columns pid -n 1 | tail -n 1)
  run -0 --separate-stderr "$DAYBOOK" why "$pid" --log "$sample" --output jsonl
  ((${#lines[@]} > 3))
  run -0 jq -es '[.[].above] == [range(length)]
    and ([.[:-1][].parent_id] == [.[1:][].proc_id])' <<<"$output"
  run -1 "$DAYBOOK" why 99999 --log "$sample"
  has "$output" "no process 99999 in the log"
}

@test "ps shows who existed then" {
  at="2026-11-22T02:00:38Z"
  run -0 "$DAYBOOK" ps --log "$sample" --at "$at" --output csv --columns pid,comm
  ((${#lines[@]} > 3))
  same "$("$DAYBOOK" list --log "$sample" --existed-at "$at" --sort start --output csv \
    --columns pid,comm)" "$output"
}

@test "every birth is in each view of spawn" {
  births=$("$DAYBOOK" list --log "$sample" --filter 'known(execs)' --output jsonl | wc -l)
  for view in "spawners births" "rate births" "lifetimes count"; do
    run -0 --separate-stderr "$DAYBOOK" spawn --log "$sample" --view "${view% *}" --output jsonl
    same "$births" "$(jq -s "[.[].${view#* }] | add" <<<"$output")"
  done
}

@test "what the programs of a process used adds up to what it used" {
  lives=$TOP/tests/data/recorded_lives.dbk
  run -0 --separate-stderr "$DAYBOOK" list --log "$lives" --view programs --output jsonl
  ((${#lines[@]} > 20))
  programs=$(jq -sc 'group_by(.proc_id)[] | [.[0].proc_id, (map(.cpu_us) | add)]' <<<"$output")
  run -0 --separate-stderr "$DAYBOOK" list --log "$lives" --output jsonl
  same "$(jq -c '[.proc_id, .cpu_us]' <<<"$output" | sort)" "$(sort <<<"$programs")"
  run -0 --separate-stderr "$DAYBOOK" summary --log "$lives" --per program --output jsonl
  same "$(jq -s 'map(.[1]) | add' <<<"$programs")" "$(jq -s 'map(.cpu_us) | add' <<<"$output")"
}

@test "failures are those of the list" {
  run -0 --separate-stderr "$DAYBOOK" failures --log "$sample" --output jsonl
  same "$("$DAYBOOK" list --log "$sample" --failed --output jsonl | wc -l)" \
    "$(jq -s '[.[].count] | add' <<<"$output")"
}

@test "a log does not differ from itself, and does from a part of it" {
  run -0 "$DAYBOOK" diff --log "$sample" --old-log "$sample"
  same 3 "${#lines[@]}"
  run -0 "$DAYBOOK" diff --log "$sample" --old-log "$sample" --all --by comm,status --output jsonl
  run -0 jq -es 'length > 10 and all(.[]; .change == null and .count == .old_count)' <<<"$output"
  run -1 "$DAYBOOK" diff --log "$sample" --old-log "$sample" --old-until "2026-11-22T02:00:38Z"
  has "$output" "more_often"
  run -0 jq -es 'any(.[]; .change == "gone" and .count == 0)' <<<"$("$DAYBOOK" diff \
    --log "$sample" --until "2026-11-22T02:00:38Z" --old-log "$sample" --output jsonl)"
}

@test "a pipe cannot be compared with itself" {
  run -3 --separate-stderr "$DAYBOOK" diff --log - --since -1h <"$sample"
  has "$stderr" "a pipe can be read only once"
  run -0 "$DAYBOOK" diff --log - --old-log "$sample" < <(cat "$sample")
}

@test "a mistake in an option of one verb is exit status 2, too" {
  run -2 --separate-stderr "$DAYBOOK" jobs --log "$sample" --root 'com == "x"'
  same "daybook: --root: no field 'com'; did you mean 'comm'?" "${stderr_lines[0]}"
  usage_error "'x' is not a pid" why x --log "$sample"
  usage_error "'x' is not a time" why 1@x --log "$sample"
  usage_error "--at: 'x' is not a time" ps --at x --log "$sample"
  usage_error "--view: no view 'x'" spawn --view x --log "$sample"
  usage_error "--by: no key 'x'" failures --by x --log "$sample"
  usage_error "--old-since: 'x' is not a time" diff --old-since x --log "$sample"
  usage_error "--threshold: 'x' is not a percentage" diff --threshold x --log "$sample"
  usage_error "with what to compare is missing" diff --log "$sample"
}

@test "who was alive at a moment" {
  at=$("$DAYBOOK" list --log "$sample" --comm cc1 --output jsonl | jq -r .start_time | head -n 1)
  run -0 "$DAYBOOK" list --log "$sample" --existed-at "$at" --output csv --columns comm
  has "$output" cc1
  has "$output" busy
  ((${#lines[@]} < 20))
}

@test "what is filtered is counted, and used and filtered are all" {
  for verb in list summary jobs top tree spawn failures; do
    run -0 "$DAYBOOK" "$verb" --log "$sample" --failed --output json
    run -0 jq -e '.coverage | .used > 0 and .filtered > 0 and .used + .filtered == .processes' \
      <<<"$output"
  done
  for verb in ps identity; do # nobody who failed was alive, or became another one
    run -0 "$DAYBOOK" "$verb" --log "$sample" --failed --output json
    run -0 jq -e '.coverage | .used == 0 and .filtered == .processes' <<<"$output"
  done
  run -0 "$DAYBOOK" summary --log "$sample" --failed --output json
  run -0 jq -e '.total.count == .coverage.used and .total.failed == .total.count' <<<"$output"
}

@test "descendants are those that the tree has" {
  root=$("$DAYBOOK" list --log "$sample" --comm busy --sort start --output csv --columns pid -n 1 |
    tail -n 1)
  run -0 "$DAYBOOK" tree --log "$sample" --output jsonl
  below=$(jq -s --argjson root "$root" '.[] | select(.pid == $root) | .descendants' <<<"$output")
  run -0 "$DAYBOOK" list --log "$sample" --filter "under($root)" --output jsonl
  same "$((below + 1))" "${#lines[@]}"
  run -0 "$DAYBOOK" list --log "$sample" --filter "descends_from(pid == $root)" --output jsonl
  same "$below" "${#lines[@]}"
}

@test "a mistake in a filter is pointed at" {
  run -2 --separate-stderr "$DAYBOOK" list --log "$sample" --filter 'ok && usr == "x"'
  same "daybook: --filter: no field 'usr'; did you mean 'user'?" "${stderr_lines[0]}"
  same '  ok && usr == "x"' "${stderr_lines[1]}"
  same '        ^~~' "${stderr_lines[2]}"
  same 3 "${#stderr_lines[@]}"
  usage_error "--min-cpu: '5' is not a duration" list --log "$sample" --min-cpu 5
  usage_error "--pid: 'x' is not a number" summary --log "$sample" --pid x
  usage_error "not expected: '--filter'" dump --log "$sample" --filter ok
}

@test "help lists the columns of each view" {
  run -0 "$DAYBOOK" spawn --help
  has "$output" "
Columns of --view rate: "
  run -0 "$DAYBOOK" list --help
  has "$output" " program of count "
}

@test "the fields of a filter are the columns of list" {
  run -0 "$DAYBOOK" list --filter help
  columns=$("$DAYBOOK" list --help | sed -n 's/^Columns: //p')
  [[ $columns == *exit_code* ]]
  for column in $columns; do
    has "$output" "
  $column "
  done
}

@test "the sample tells of everything that tools/busy does" {
  "$DAYBOOK" list --log "$sample" --output jsonl >"$BATS_TEST_TMPDIR/rows"
  check() { run -0 jq -es "any(.[]; $1)" "$BATS_TEST_TMPDIR/rows"; }
  for code in 1 3 42; do
    check ".comm == \"sh\" and .exit_code == $code and .args == [\"sh\", \"-c\", \"exit $code\"]"
  done
  check '.exit_code == 7 and .exit_ppid != .ppid' # the daemon, whose parent left first
  check '.exit_code == 126'
  check '.exit_code == 127'
  check '.comm == "sh" and .signal == 11 and .core == false and .exit_code == null'
  check '.comm == "sleep" and .signal == 15'
  check '.comm == "cc1" and .exit_code == 0 and .cpu_us > 1000 and .maxrss_kib > 1000'
  check '.comm == "sh" and .state == "running" and .end_time == null and .cpu_us == null'
  # By identity, not by pid: each of the three compilers was started by a driver.
  run -0 jq -es '(map({key: .proc_id, value: .args[0]}) | from_entries) as $program
    | [.[] | select(.comm == "cc1") | $program[.parent_id]] == ["cc", "cc", "cc"]' \
    "$BATS_TEST_TMPDIR/rows"
}

@test "nothing in the sample tells of the machine that it is from" {
  run -0 "$DAYBOOK" dump --log - --output jsonl <"$sample"
  same "sample" "$(jq -r 'select(.fields.key == "hostname").fields.value' <<<"$output")"
  run -0 jq -es 'all(.[].fields | select(has("uid")); .uid == 4242)' <<<"$output"
}

@test "follow shows what there is since a time, and ends well when it is told to" {
  mkdir "$BATS_TEST_TMPDIR/log"
  cp "$sample" "$BATS_TEST_TMPDIR/log/daybook-00000001.dbk"
  lives=$("$DAYBOOK" list --log "$sample" --filter '!running' --sort none --output jsonl)
  run -0 --separate-stderr timeout --preserve-status --signal TERM 2 \
    "$DAYBOOK" follow --log "$BATS_TEST_TMPDIR/log" --since @0 --output jsonl
  same "$lives" "$output"
  same "" "$stderr"
  run -0 --separate-stderr "$DAYBOOK" follow --log "$BATS_TEST_TMPDIR/log" -S @0 --ok -n 3 \
    --columns comm --output csv
  same 4 "${#lines[@]}"
  # Whoever reads only the beginning ends it, also where nothing more happens.
  run -0 bash -c "timeout 20 '$DAYBOOK' follow --log '$BATS_TEST_TMPDIR/log' | head -n 1"
  has "$output" "COMM"
}

@test "follow says what cannot be followed" {
  run -3 --separate-stderr "$DAYBOOK" follow --log "$sample"
  has "$stderr" "one folder that is written to can be followed"
  run -3 --separate-stderr "$DAYBOOK" follow --log /does/not/exist
  has "$stderr" "/does/not/exist: No such file or directory"
  usage_error "cannot be sorted" follow --log "$sample" --sort pid
  usage_error "--limit" follow --log "$sample" --limit few
  usage_error "did you mean 'comm'?" follow --log "$sample" --columns com
  run -2 --separate-stderr "$DAYBOOK" follow --log "$sample" --filter 'comm ='
  has "$stderr" "--filter"
}

@test "times are in the zone that is asked for, those given too" {
  ask=(--log "$sample" --columns "pid,start" --output csv --comm mktemp --no-header)
  TZ=Asia/Kolkata run -0 "$DAYBOOK" list "${ask[@]}"
  same "3593,2026-11-22T07:30:37" "${output%%.*}"
  same "$output" "$("$DAYBOOK" list "${ask[@]}" --tz Asia/Kolkata)"
  TZ=Asia/Kolkata run -0 "$DAYBOOK" list "${ask[@]}" --utc --until "2026-11-22 02:01"
  same "3593,2026-11-22T02:00:37" "${output%%.*}"
  same "" "$("$DAYBOOK" list "${ask[@]}" --tz Asia/Kolkata --until "2026-11-22 02:01")"
  usage_error "--tz: 'Berlin' is not in the tz database" list --log "$sample" --tz Berlin
  usage_error "--utc excludes --tz" list --log "$sample" --tz Europe/Berlin --utc
}

@test "TZ stops no verb: rules as POSIX has them are honoured, and what is not known is UTC" {
  ask=(list --log "$sample" --columns start --output csv --pid 3593 --no-header)
  for zone in UTC+3 XYZ3 "<-03>3" "<-03>+03"; do
    TZ=$zone run -0 --separate-stderr "$DAYBOOK" "${ask[@]}"
    same "2026-11-21T23:00:37" "${output%%.*}"
    same "" "$stderr"
  done
  for zone in CET-1 CET-1CEST,M3.5.0,M10.5.0/3 ABC0DEF,M10.1.0,M4.1.0/3; do
    TZ=$zone run -0 --separate-stderr "$DAYBOOK" "${ask[@]}"
    same "2026-11-22T03:00:37" "${output%%.*}"
    same "" "$stderr"
    same "$output" "$("$DAYBOOK" "${ask[@]}" --tz "$zone")"
  done
  for zone in Asia/Tokyo :Asia/Tokyo /usr/share/zoneinfo/Asia/Tokyo; do
    TZ=$zone run -0 --separate-stderr "$DAYBOOK" "${ask[@]}"
    same "2026-11-22T11:00:37" "${output%%.*}"
    same "" "$stderr"
  done
  for zone in Berlin CET-1CEST X3 XYZ99 "<" "<->" /no/zoneinfo; do
    TZ=$zone run -0 --separate-stderr "$DAYBOOK" "${ask[@]}"
    same "2026-11-22T02:00:37" "${output%%.*}"
    has "$stderr" "daybook: TZ: '$zone' is not in the tz database, nor a rule as "
    has "$stderr" "; times are in UTC"
    TZ=$zone run -0 --separate-stderr "$DAYBOOK" "${ask[@]}" --tz Europe/Berlin
    same "" "$stderr"
  done
}

@test "help is a verb, too" {
  same "$("$DAYBOOK" --help)" "$("$DAYBOOK" help)"
  same "$("$DAYBOOK" list --help)" "$("$DAYBOOK" help list)"
  usage_error "no verb 'lst'; did you mean 'list'?" help lst
}

@test "the opposite order is that, for every verb that has one" {
  for verb in list summary jobs top ps failures; do
    key=$([[ $verb == jobs ]] && echo job || echo comm)
    same "$("$DAYBOOK" "$verb" --log "$sample" --sort "$key" --output jsonl -n 3)" \
      "$("$DAYBOOK" "$verb" --log "$sample" --sort "-$key" -r --output jsonl -n 3)"
  done
  same "$("$DAYBOOK" list --log "$sample" --output csv --columns pid | tail -n +2 | tac)" \
    "$("$DAYBOOK" list --log "$sample" --output csv --columns pid --reverse --no-header)"
  usage_error "say which by --sort" spawn --log "$sample" --reverse
}

@test "headings can be left out, and Markdown has two names" {
  for format in text csv tsv; do
    same "$("$DAYBOOK" list --log "$sample" --output $format | tail -n +2 | tr -s ' ')" \
      "$("$DAYBOOK" list --log "$sample" --output $format --no-header | tr -s ' ')"
  done
  same "" "$("$DAYBOOK" report --log "$sample" --section programs --output csv --no-header \
    --until 2000-01-01)"
  same "$("$DAYBOOK" summary --log "$sample" --output md)" \
    "$("$DAYBOOK" summary --log "$sample" --output markdown)"
}

@test "who waits at a terminal sees how much has been read, and nobody else does" {
  run -0 /usr/bin/python3 - "$DAYBOOK" "$sample" "$BATS_TEST_TMPDIR" "$BATS_TEST_DIRNAME/at_terminal.py" \
    <<'PYTHON'
import os, subprocess, sys, threading, time

daybook, sample, folder, at_terminal = sys.argv[1:]
pipe = os.path.join(folder, "pipe")
os.mkfifo(pipe)
command = [daybook, "summary", "--log", sample, "--log", pipe, "-o", os.path.join(folder, "out")]

def write_late():  # more than is looked at between two looks at the clock
    with open(sample, "rb") as file, open(pipe, "wb") as out:
        log = file.read()
        time.sleep(1.5)
        out.write(20 * log)

def run_at_terminal(*options):
    ran = subprocess.run([sys.executable, at_terminal, "80", *command, *options], capture_output=True)
    return ran.returncode, ran.stdout

for attempt in ("terminal", "quiet", "file"):
    writer = threading.Thread(target=write_late)
    writer.start()
    if attempt == "terminal":
        status, seen = run_at_terminal()
        assert status == 0, (status, seen)
        assert seen.startswith(b"\rdaybook: read "), seen
        assert seen.endswith(b" \r"), seen
    elif attempt == "quiet":
        assert run_at_terminal("--quiet") == (0, b"")
    else:
        ran = subprocess.run(command, capture_output=True)
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b""), ran
    writer.join()
PYTHON
}

@test "nobody is said to live on behind the end of the log" {
  export TZ=UTC
  run -0 --separate-stderr "$DAYBOOK" ps --log "$sample" --output csv --no-header --columns pid
  pid=$output
  [[ $pid =~ ^[0-9]+$ ]]
  # A recorder that lives writes each minute, so that is no end, but where it was stopped.
  head -c 30200 "$sample" >"$BATS_TEST_TMPDIR/torn.dbk"
  has "$("$DAYBOOK" ps --log "$BATS_TEST_TMPDIR/torn.dbk" --at "2026-11-22 02:02" --output csv --no-header --columns pid)" "$pid"
  run -0 --separate-stderr "$DAYBOOK" ps --log "$sample" --at "2026-11-22 02:02" --output csv --no-header
  same "" "$output"
  end="-- the log of sample ends at 2026-11-22 02:00:41: who lived after that it does not tell"
  run -0 --separate-stderr "$DAYBOOK" ps --log "$sample" --at 2026-11-23 --no-header
  same "$end" "${lines[0]}"
  run -1 --separate-stderr "$DAYBOOK" why --log "$sample" "$pid@2026-11-23" --no-header
  same "$end" "${lines[1]}"
  run -0 --separate-stderr "$DAYBOOK" list --log "$sample" -S 2026-11-23 --no-header
  same "-- the log ends at 2026-11-22 02:00:41, before the time that is asked for" "${lines[0]}"
  run -0 --separate-stderr "$DAYBOOK" summary --log "$sample" -S 2026-11-23 --no-header
  has "$output" "-- the log ends at 2026-11-22 02:00:41, before the time that is asked for"
}
