# shellcheck shell=bash
# What the benchmarks of the recorder share; sourced by them, with $work their own folder.
daybookd=build/release/recorder/daybookd
daybook=build/release/analyzer/daybook
recorder=
work=${work:?}

# Where it runs: not where what is measured does.
recorder_cpu=(taskset -c 1)

# daybookd with these options; returns when it records.
start_recorder() {
  rm -rf "$work/log"
  "${recorder_cpu[@]}" "$daybookd" --no-config --log-dir "$work/log" --compress none "$@" 2>"$work/messages" &
  recorder=$!
  await_recorder
}

await_recorder() {
  until grep -qs '^recording' "$work/messages"; do
    kill -0 "$recorder" || { cat "$work/messages" >&2 && exit 1; }
    sleep 0.02
  done
}

# Fails where the recorder did.
stop_recorder() {
  [ -n "$recorder" ] || return 0
  local stopped=$recorder
  recorder=
  kill -TERM "$stopped" && wait "$stopped"
}

clean_up() {
  [ -z "$recorder" ] || kill -CONT "$recorder" || true
  stop_recorder || true
  rm -rf "$work"
}

# Its memory in KiB, the ring and the program not counted.
own_memory() { awk '/^RssAnon/ { print $2 }' "/proc/$recorder/status"; }

dump_types() { "$daybook" dump --log "$work/log" --output tsv --columns type; }

# The recorder's ns on a CPU, and its switches, of all its threads.
used() {
  cat "/proc/$recorder"/task/*/schedstat | awk '{ s += $1 } END { printf "%d ", s }'
  cat "/proc/$recorder"/task/*/status | awk '/ctxt_switches/ { s += $2 } END { print s }'
}

lost_events() { "$daybook" info --log "$work/log" --output json | jq -r '.coverage | .lost_events'; }

# The median of a file of numbers; and with its quartiles.
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
quartiles() { sort -n "$1" | awk '{ v[NR] = $1 } END { printf "%+d (%+d to %+d)", v[int((NR + 1) / 2)], v[int((NR + 3) / 4)], v[int((3 * NR + 1) / 4)] }'; }
