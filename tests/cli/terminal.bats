#!/usr/bin/env bats
# What people see at a terminal, and what they can say about that.

load helper

setup() {
  export LC_ALL=C.UTF-8 TERM=xterm TZ=UTC
  export NO_COLOR=1 DAYBOOK_PAGER=cat
  unset PAGER LESS
}

# at COLUMNS ARGUMENT...: sets output to what a terminal of that width shows of daybook.
at() {
  local columns=$1
  shift
  run -0 --separate-stderr /usr/bin/python3 "$BATS_TEST_DIRNAME/at_terminal.py" "$columns" "$DAYBOOK" "$@"
}

@test "no number is cut, the key stays, and what is left out is said once, at every width" {
  while read -r key verb; do
    # shellcheck disable=SC2086 # several words
    "$DAYBOOK" $verb --log "$sample" >"$BATS_TEST_TMPDIR/whole"
    for width in 40 60 80 120 200; do
      # shellcheck disable=SC2086
      at "$width" $verb --log "$sample"
      echo "$output" >"$BATS_TEST_TMPDIR/shown"
      /usr/bin/python3 - "$width" "$key" "$BATS_TEST_TMPDIR/whole" "$BATS_TEST_TMPDIR/shown" <<'PYTHON' ||
import re, sys
width, key = int(sys.argv[1]), sys.argv[2]
whole, shown = (open(path).read() for path in sys.argv[3:])
table = [line for line in shown.splitlines() if not line.startswith("-- ")]
assert len(table) == len([line for line in whole.splitlines() if not line.startswith("-- ")])
assert all(len(line) <= width for line in table), max(table, key=len)
cells = set(re.findall(r"\S+", whole))
for line in table:  # what is shortened ends in a mark, and stands for text
    for cell in line.split():
        assert cell in cells or cell.endswith("…"), (cell, line)
assert key in table[0].split(), table[0]
left_out = re.findall(r"^-- too wide for this terminal: (.*); --no-truncate", shown, re.M)
missing = set(whole.split("\n")[0].split()) - set(table[0].split())
assert len(left_out) == bool(missing), (missing, shown)
assert not missing or len(left_out[0].split(", ")) == len(missing), (left_out, missing)
PYTHON
        fail "$verb at $width:" "$output"
    done
  done <<<"COMM summary
EXE summary --by exe
JOB jobs
COMM list --sort pid
COMM failures
TREE tree
COMM top
COMM why 3600
ARGS ps --at 2026-11-22T02:00:39Z
SPAWNER spawn"
}

@test "eighty columns have room for what matters" {
  at 80 list --log "$sample"
  for heading in START_TIME PID CPU EXIT_CODE SIGNAL COMM ARGS; do
    has "${lines[0]}" "$heading"
  done
  at 80 jobs --log "$sample"
  has "${lines[0]}" "CPU"
}

@test "what is piped, or asked for in whole, is never shortened" {
  "$DAYBOOK" list --log "$sample" >"$BATS_TEST_TMPDIR/piped"
  grep -q '/usr/lib/gcc/x86_64-linux-gnu' "$BATS_TEST_TMPDIR/piped"
  at 40 list --log "$sample" --no-truncate
  same "$(cat "$BATS_TEST_TMPDIR/piped")" "$output"
}

@test "the mark is one that the locale has" {
  at 30 list --log "$sample" --columns comm,args
  has "$output" "…"
  LC_ALL=C at 30 list --log "$sample" --columns comm,args
  [[ $output == *">"* && $output != *"…"* ]]
}

bold=$'\e[1m' red=$'\e[31m' off=$'\e[0m'

@test "at a terminal headings are bold and failures red, and nothing else is" {
  unset NO_COLOR
  at 200 list --log "$sample" --columns pid,exit_code,comm --pid 3604,3592 --sort pid
  has "${lines[0]}" "${bold}PID$off"
  for line in "${lines[@]:1}"; do
    [[ $line != *$'\e'* ]] || fail "$line"
  done
  at 200 list --log "$sample" --columns exit_code,signal --failed
  has "$output" "${red}SIGSEGV$off"
  has "$output" "${red}42$off"
  at 200 summary --log "$sample" --comm sh,cat --columns comm,failed
  same 2 "$(grep -cF "$red" <<<"$output")" # of sh, and in the total
  grep -E '^cat +0$' <<<"$output"
  at 80 report --log "$sample" --since @0 --baseline 0
  has "$output" "$red== "
  at 80 list --log "$sample" --output csv
  [[ $output != *$'\e'* ]]
}

@test "who wants colours has them, and who wants none has none" {
  unset NO_COLOR
  colored() { [[ $output == *"$bold"* ]]; }
  plain() { [[ $output != *$'\e'* ]]; }
  at 80 list --log "$sample" --color never && plain
  NO_COLOR=1 at 80 list --log "$sample" && plain
  NO_COLOR="" at 80 list --log "$sample" && colored
  TERM=dumb at 80 list --log "$sample" && plain
  NO_COLOR=1 at 80 list --log "$sample" --color always && colored
  run -0 "$DAYBOOK" list --log "$sample" --color always && colored
  run -0 "$DAYBOOK" list --log "$sample" --color auto && plain
  run -0 "$DAYBOOK" list --log "$sample" --color always --output jsonl && plain
  run -2 "$DAYBOOK" list --log "$sample" --color red
  has "$output" "--color: 'red' is none of auto, always, never"
}

# A pager that says what it was given.
fake_pager() {
  unset DAYBOOK_PAGER
  fake mypager <<'PAGER'
echo "[LESS=$LESS $*]"
cat
echo "[end]"
PAGER
}

@test "a terminal's pager is DAYBOOK_PAGER, else PAGER, else less" {
  fake_pager
  fake less <"$BATS_TEST_TMPDIR/fakes/mypager"
  at 120 list --log "$sample"
  same "[LESS=FRX ]" "${lines[0]}"
  same "[end]" "${lines[-1]}"
  has "${lines[1]}" "START_TIME"
  PAGER="mypager -x y" LESS=M at 120 list --log "$sample"
  same "[LESS=M -x y]" "${lines[0]}"
  PAGER=less DAYBOOK_PAGER="mypager mine" at 120 list --log "$sample"
  same "[LESS=FRX mine]" "${lines[0]}"
  at 120 report --log "$sample" --since @0 --output md
  same "[LESS=FRX ]" "${lines[0]}"
}

@test "without a pager it is written to the terminal" {
  fake_pager
  export PAGER=mypager
  unpaged() {
    at 120 "$@"
    [[ $output != *LESS* && $output == *3592* ]] || fail "$output"
  }
  unpaged list --log "$sample" --no-pager
  unpaged list --log "$sample" --output jsonl
  unpaged list --log "$sample" --output csv
  DAYBOOK_PAGER="cat" unpaged list --log "$sample"
  DAYBOOK_PAGER="" unpaged list --log "$sample"
  TERM=dumb unpaged list --log "$sample"
  DAYBOOK_PAGER=/does/not/exist at 120 list --log "$sample"
  has "${lines[0]}" "daybook: cannot run the pager /does/not/exist: No such file or directory"
  has "$output" 3592
  run -0 "$DAYBOOK" list --log "$sample"
  [[ $output != *LESS* ]]
}

@test "a pager that is left early is no error, and the exit status is the verb's" {
  unset DAYBOOK_PAGER
  logs=()
  for _ in {1..20}; do logs+=(--log "$sample"); done # more than a pipe holds
  export PAGER="head -n 1"
  at 120 dump "${logs[@]}"
  same 1 "${#lines[@]}"
  run -3 /usr/bin/python3 "$BATS_TEST_DIRNAME/at_terminal.py" 80 "$DAYBOOK" list --log "$sample" --log /no/log
  same 2 "${#lines[@]}"
  has "${lines[1]}" "daybook: cannot open /no/log: No such file or directory"
  run -0 /usr/bin/python3 "$BATS_TEST_DIRNAME/at_terminal.py" 80 "$DAYBOOK" diff --log "$sample" --old-log "$sample"
  run -1 /usr/bin/python3 "$BATS_TEST_DIRNAME/at_terminal.py" 80 "$DAYBOOK" diff --log "$sample" \
    --old-log "$sample" --old-until "2026-11-22T02:00:38Z"
}
