#!/bin/bash
# A fork storm: workers that bear processes as fast as they can, while daybookd records; then what
# it took, what it lost, whether its count is the kernel's, and what a life takes in its log. Ends with
# 1 where something is missing, or is told as lost though nothing made it so, or where the recorder
# took more memory than it may. Needs a build of the presets release and bench.
#   tests/bench/storm.sh [--held] [SECONDS [WORKERS [daybookd's options...]]]           as root
# With --ring 64K it may lose: then what is in the log and what is told as lost must add up. With
# --held it must, or its ring was not full: there the recorder is stopped during the storm, each of
# whose processes executes a program; memory is what it took at most while it caught up.
set -euo pipefail
cd "$(dirname "$0")/../.."
held=
[ "${1-}" != --held ] || { held=yes && shift; }
seconds=${1:-60}
workers=${2:-2}
shift $(($# < 2 ? $# : 2))
case " $held$* " in
  *' --ring '* | ' yes'*) may_lose=yes ;;
  *) may_lose= ;;
esac
may_take_kib=8192
work=$(mktemp -d)
chmod 755 "$work"
# shellcheck source=/dev/null
. tests/bench/support.sh
trap clean_up EXIT
# shellcheck disable=SC2034 # of start_recorder
recorder_cpu=()

storm() {
  local children=() child i
  for ((i = 0; i < workers; ++i)); do
    timeout "$seconds" "$@" &
    children+=($!)
  done
  for child in "${children[@]}"; do wait "$child" || true; done
}

# What it takes at most while it reads a full ring.
most_memory() {
  local most=0 now i
  for ((i = 0; i < 300; ++i)); do
    now=$(own_memory)
    most=$((now > most ? now : most))
    sleep 0.003
  done
  echo "$most"
}

cc -O2 -static -pthread -o "$work/actor" tests/live/actor.c
cc -O2 -static -o "$work/lives" tests/bench/lives.c
start_recorder --max-bytes 8G --source bpf "$@"
read -r ns_before switches_before <<<"$(used)"
# shellcheck disable=SC2154 # of support.sh
if [ -n "$held" ]; then
  kill -STOP "$recorder"
  storm "$work/lives" exec 100000000
  kill -CONT "$recorder"
  memory=$(most_memory)
else
  storm "$work/actor" forks 100000000
  sleep 0.5
  memory=$(own_memory)
fi
read -r ns_after switches_after <<<"$(used)"
stop_recorder

# 4: a part was lost, and the log says so.
# shellcheck disable=SC2154 # of support.sh
{ "$daybook" dump --log "$work/log" --output jsonl || [ "$may_lose$?" = yes4 ]; } |
  jq -rn '
    reduce inputs as $r ({forks: 0, exits: 0, lost_forks: 0, lost_exits: 0, lost_others: 0};
      if $r.type == "fork" then .forks += 1
      elif $r.type == "exit" then .exits += 1
      elif $r.type == "life" then .forks += 1 | .exits += 1
      elif $r.type == "lost" then .lost_forks += $r.fields.forks // 0 | .lost_exits += $r.fields.exits // 0 |
        .lost_others += $r.fields.records // 0
      elif $r.type == "recorder" and $r.fields.event == "start" then .start = $r.fields
      elif $r.type == "recorder" and $r.fields.event == "stop" then .stop = $r.fields
      else . end)
    | .unseen = (.stop.kernel_forks - .stop.forks_seen) - (.start.kernel_forks - .start.forks_seen)
    | .told_exits = .exits + .lost_exits
    | "\(.forks) births and \(.exits) ends in the log; \(.lost_forks) births, \(.lost_exits) ends and \(.lost_others) others told as lost; " +
      "ends seen by the hook \(.stop.exits_seen), told in all \(.told_exits); forks that the kernel counted and the hook did not see: \(.unseen)",
      (if .told_exits == .stop.exits_seen and .unseen == 0 then "everything is accounted for" else "SOMETHING IS MISSING" end)' |
  tee "$work/verdict"
grep -q '^everything' "$work/verdict"
awk -v ns=$((ns_after - ns_before)) -v switches=$((switches_after - switches_before)) -v kib="$memory" '
  NR == 1 { printf "the recorder: %.0f ns of CPU a life, %.2f switches for 1000 lives, %.1f MiB of memory\n", ns / $4, 1000 * switches / $4, kib / 1024 }
' "$work/verdict"
build/bench/tests/bench/bench_format "$work/log" | grep '^a life'
[ -n "$may_lose" ] || grep -q ' 0 births, 0 ends and 0 others told as lost' "$work/verdict"
if [ -n "$held" ] && grep -q ' 0 births, 0 ends and 0 others' "$work/verdict"; then
  echo 'storm.sh: the ring was not full: more SECONDS, or a smaller --ring' >&2
  exit 1
fi
[ "$memory" -le "$may_take_kib" ]
