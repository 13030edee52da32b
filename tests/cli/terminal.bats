#!/usr/bin/env bats
# What people see at a terminal, and what they can say about that.

load helper

setup() {
  export LC_ALL=C.UTF-8 TERM=xterm TZ=UTC
  unset NO_COLOR DAYBOOK_PAGER PAGER LESS
}

# at COLUMNS ARGUMENT...: sets output to what a terminal of that width shows of daybook.
at() {
  local columns=$1
  shift
  run -0 --separate-stderr python3 "$BATS_TEST_DIRNAME/at_terminal.py" "$columns" "$DAYBOOK" "$@"
}

@test "no number is cut, the key stays, and what is left out is said once, at every width" {
  while read -r key verb; do
    # shellcheck disable=SC2086 # several words
    "$DAYBOOK" $verb --log "$sample" >"$BATS_TEST_TMPDIR/whole"
    for width in 40 60 80 120 200; do
      # shellcheck disable=SC2086
      at "$width" $verb --log "$sample"
      echo "$output" >"$BATS_TEST_TMPDIR/shown"
      python3 - "$width" "$key" "$BATS_TEST_TMPDIR/whole" "$BATS_TEST_TMPDIR/shown" <<'PYTHON' ||
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
ARGS top
ARGS why 3600
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
