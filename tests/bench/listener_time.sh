#!/bin/bash
# What a listener takes to hear of 8 000 processes, each a fork, an exec and an exit, one in ten of
# which fails: of all of it, of some events alone, and of failures alone, by the proc connector with
# its filter in the kernel and by BPF. Blocks of all settings in turn, medians. As root, on a quiet
# machine with two CPUs or more.
#   tests/bench/listener_time.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-7}
lives=8000
work=$(mktemp -d)
chmod 755 "$work"
# shellcheck source=/dev/null
. tests/bench/support.sh
trap clean_up EXIT
cc -O2 -static -o "$work/lives" tests/bench/lives.c

options() {
  case $1 in
    forks+execs+exits) echo --events fork,exec,exit ;;
    forks+exits) echo --events fork,exit ;;
    exits) echo --events exit ;;
    failed) echo --only-failed ;;
  esac
}

block() { # SOURCE HEARD: adds the listener's ms, its switches, the records told, and what the lives took
  # shellcheck disable=SC2046
  start_recorder --source "$1" $(options "$2")
  sleep 0.3 # not what it takes to begin
  local before after took
  before=$(used)
  took=$(taskset -c 0 "$work/lives" exec "$lives" 10 | cut -d' ' -f1)
  sleep 1.5 # and the sync of the last ones
  after=$(used)
  stop_recorder
  echo "$before $after" | awk '{ print ($3 - $1) / 1e6 }' >>"$work/ms.$1.$2"
  echo "$before $after" | awk '{ print $4 - $2 }' >>"$work/switches.$1.$2"
  echo "$took" | awk -v n="$lives" '{ print $1 * n / 1e6 }' >>"$work/took.$1.$2"
  dump_types | awk '/^(fork|exec|exit)$/ { ++n } /^life$/ { n += 3 } END { print n + 0 }' >>"$work/told.$1.$2"
  lost_events >>"$work/lost.$1.$2"
}

for ((round = 0; round < rounds; ++round)); do
  for heard in forks+execs+exits forks+exits exits failed; do
    block connector "$heard"
    block bpf "$heard"
  done
done

printf '%-10s %-18s %12s %9s %9s %6s %14s\n' source heard 'listener ms' switches records lost 'the lives, ms'
for heard in forks+execs+exits forks+exits exits failed; do
  for source in connector bpf; do
    printf '%-10s %-18s %12.1f %9d %9d %6d %14.0f\n' "$source" "$heard" "$(median "$work/ms.$source.$heard")" "$(median "$work/switches.$source.$heard")" "$(median "$work/told.$source.$heard")" "$(median "$work/lost.$source.$heard")" "$(median "$work/took.$source.$heard")"
  done
done
echo "$rounds rounds of $lives lives"
