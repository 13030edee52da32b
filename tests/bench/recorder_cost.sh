#!/bin/bash
# What recording costs each process: a loop of fork, exit and wait, and one with an exec between,
# with nothing, acct(2), and daybookd in its settings, in turn, round after round. Prints medians in
# ns over nothing, what the recorder itself took of the CPU, and what it lost. As root, on a quiet
# machine.
#   tests/bench/recorder_cost.sh [ROUNDS [FORKS]]
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-7}
forks=${2:-20000}
daybookd=build/release/recorder/daybookd
daybook=build/release/analyzer/daybook
work=$(mktemp -d)
chmod 755 "$work"
recorder=
stop_recorder() {
  if [ -n "$recorder" ]; then
    kill -TERM "$recorder" || true
    wait "$recorder" || true
  fi
  recorder=
}
trap 'stop_recorder; accounting ""; rm -rf "$work"' EXIT

accounting() { # a file, or nothing to end it
  python3 -c 'import ctypes, sys; sys.exit(ctypes.CDLL(None).acct(sys.argv[1].encode() or None) != 0)' "$1"
}

cc -O2 -static -pthread -o "$work/actor" tests/live/actor.c

begin() {
  case $1 in
    nothing) ;;
    acct) touch "$work/pacct" && accounting "$work/pacct" ;;
    *)
      rm -rf "$work/log"
      "$daybookd" --no-config --log-dir "$work/log" --compress none --usage "$1" 2>"$work/messages" &
      recorder=$!
      until grep -qs '^recording' "$work/messages"; do sleep 0.05; done
      ;;
  esac
  sleep 0.5
  # Not what it took to begin.
  [ -z "$recorder" ] || begun=$(cpu_ns)
}

# ns for each life.
loop() {
  local begin end
  begin=$(date +%s%N)
  "$work/actor" "$@" >/dev/null
  end=$(date +%s%N)
  echo $(((end - begin) / ${*: -1}))
}

cpu_ns() { awk -v tick="$(getconf CLK_TCK)" '{ printf "%d\n", ($14 + $15) / tick * 1e9 }' "/proc/$recorder/stat"; }

finish() {
  if [ -n "$recorder" ]; then
    sleep 0.6
    echo "$(($(cpu_ns) - begun)) $(awk '/ctxt_switches/ { s += $2 } END { print s }' "/proc/$recorder/task/$recorder/status")" >>"$work/recorder.$1"
    stop_recorder
    "$daybook" info --log "$work/log" --output json | jq -r '.coverage | .lost_events + .unseen_forks' >>"$work/lost.$1"
  fi
  [ "$1" != acct ] || { accounting "" && rm -f "$work/pacct"; }
}

settings='nothing acct fast exact'
for ((round = 0; round < rounds; ++round)); do
  for setting in $settings; do
    begin "$setting"
    loop forks "$forks" >>"$work/fork.$setting"
    loop spawn 0 $((forks / 10)) >>"$work/exec.$setting"
    finish "$setting"
  done
done

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
printf '%-8s %14s %14s %10s %22s %10s\n' setting 'fork+exit' 'fork+exec+exit' lost 'recorder ns per life' switches
declare -A over
for setting in $settings; do
  for kind in fork exec; do
    # Differences within a round: what drifts from round to round is not counted.
    paste "$work/$kind.$setting" "$work/$kind.nothing" | awk '{ print $1 - $2 }' >"$work/over"
    over[$kind]=$(median "$work/over")
  done
  lost=- cpu=- switches=-
  if [ -e "$work/lost.$setting" ]; then
    lost=$(awk '{ s += $1 } END { print s }' "$work/lost.$setting")
    awk -v n=$((forks + forks / 10)) '{ print $1 / n }' "$work/recorder.$setting" >"$work/cpu"
    awk -v n=$((forks + forks / 10)) '{ print $2 * 1000 / n }' "$work/recorder.$setting" >"$work/switches"
    cpu=$(median "$work/cpu") switches=$(median "$work/switches")
  fi
  printf '%-8s %+11d ns %+11d ns %10s %22s %10s\n' "$setting" "${over[fork]}" "${over[exec]}" "$lost" "$cpu" "$switches"
done
echo "$rounds rounds of $forks and $((forks / 10)) lives; nothing takes $(median "$work/fork.nothing") and $(median "$work/exec.nothing") ns; switches are for 1000 lives"
