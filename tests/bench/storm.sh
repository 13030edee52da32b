#!/bin/bash
# A fork storm: workers that bear processes as fast as they can, while daybookd records; then what
# it took, what it lost, and whether its count is the kernel's. Ends with 1 where something is missing,
# or is told as lost though no ring was chosen. As root.
#   tests/bench/storm.sh [SECONDS [WORKERS [daybookd's options...]]]
# With --ring 64K it may lose: then what is in the log and what is told as lost must add up.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-60}
workers=${2:-2}
shift $(($# < 2 ? $# : 2))
work=$(mktemp -d)
chmod 755 "$work"
# shellcheck source=/dev/null
. tests/bench/support.sh
trap clean_up EXIT
# shellcheck disable=SC2034 # of start_recorder
recorder_cpu=()

cc -O2 -static -pthread -o "$work/actor" tests/live/actor.c
start_recorder --max-bytes 8G --source bpf "$@"
read -r ns_before switches_before <<<"$(used)"
children=()
for ((i = 0; i < workers; ++i)); do
  timeout "$seconds" "$work/actor" forks 100000000 &
  children+=($!)
done
for child in "${children[@]}"; do wait "$child" || true; done
sleep 0.5
read -r ns_after switches_after <<<"$(used)"
memory=$(own_memory)
stop_recorder

# 4: a part was lost, and the log says so.
# shellcheck disable=SC2154 # of support.sh
{ "$daybook" dump --log "$work/log" --output jsonl || [ $? -eq 4 ]; } |
  jq -rn '
    reduce inputs as $r ({forks: 0, exits: 0, lost_forks: 0, lost_exits: 0};
      if $r.type == "fork" then .forks += 1
      elif $r.type == "exit" then .exits += 1
      elif $r.type == "life" then .forks += 1 | .exits += 1
      elif $r.type == "lost" then .lost_forks += $r.fields.forks // 0 | .lost_exits += $r.fields.exits // 0
      elif $r.type == "recorder" and $r.fields.event == "start" then .start = $r.fields
      elif $r.type == "recorder" and $r.fields.event == "stop" then .stop = $r.fields
      else . end)
    | .unseen = (.stop.kernel_forks - .stop.forks_seen) - (.start.kernel_forks - .start.forks_seen)
    | .told_exits = .exits + .lost_exits
    | "\(.forks) births and \(.exits) ends in the log, \(.lost_forks) and \(.lost_exits) told as lost; " +
      "ends seen by the hook \(.stop.exits_seen), told in all \(.told_exits); forks that the kernel counted and the hook did not see: \(.unseen)",
      (if .told_exits == .stop.exits_seen and .unseen == 0 then "everything is accounted for" else "SOMETHING IS MISSING" end)' |
  tee "$work/verdict"
grep -q '^everything' "$work/verdict"
awk -v ns=$((ns_after - ns_before)) -v switches=$((switches_after - switches_before)) -v kib="$memory" '
  NR == 1 { printf "the recorder: %.0f ns of CPU a life, %.2f switches for 1000 lives, %.1f MiB of memory\n", ns / $4, 1000 * switches / $4, kib / 1024 }
' "$work/verdict"
case " $* " in
  *' --ring '*) ;;
  *) grep -q ' 0 and 0 told as lost' "$work/verdict" ;;
esac
