#!/bin/bash
# What a recorder takes that runs: its own CPU and switches for each life, what it loses, and by how
# much lives become slower as a whole, wake-ups and the CPU's caches included: lives of fork, exit
# and wait, and with an exec between, on one CPU while the recorder has the other one; beside nothing,
# and beside what else does that. Blocks with and without a recorder follow each other; the difference
# is taken within such a pair, and of all pairs the median, with its quartiles. That shows wake-ups;
# what hooks cost is far less than blocks differ by themselves, above all with an exec: for that see
# inline_cost.sh. As root, on a quiet machine with two CPUs or more.
#   tests/bench/recorder_cost.sh [PAIRS [SETTING...]]
# Settings: forkstat, unbatched (unbatched.c), connector, fast, exact, exits, failed (daybookd).
set -euo pipefail
cd "$(dirname "$0")/../.."
pairs=${1:-21}
shift || true
[ $# -gt 0 ] || set -- forkstat unbatched connector fast exact exits failed
forks=10000
execs=1500
work=$(mktemp -d)
chmod 755 "$work"
# shellcheck source=/dev/null
. tests/bench/support.sh

options() { # of daybookd in that setting
  case $1 in
    connector) echo --source connector ;;
    fast | exact) echo --source bpf --usage "$1" ;;
    exits) echo --source bpf --events exit ;;
    failed) echo --source bpf --only-failed ;;
  esac
}

# The hooks of daybookd but for what they do when an event is there, and who listens to that.
build_unbatched() {
  sed 's/BPF_RB_NO_WAKEUP)/BPF_RB_FORCE_WAKEUP)/' recorder/bpf/process.bpf.c >"$work/unbatched.bpf.c"
  [ "$(grep -c 'BPF_RB_FORCE_WAKEUP)' "$work/unbatched.bpf.c")" -gt 4 ]
  "$(command -v clang-14 || echo clang)" -O2 -g -target bpf -mcpu=v3 -ffreestanding -I recorder/bpf \
    -c "$work/unbatched.bpf.c" -o "$work/unbatched.o"
  PATH=$PATH:/usr/sbin bpftool gen skeleton "$work/unbatched.o" name process_bpf >"$work/process.skel.h"
  cc -O2 -I recorder/bpf -include stdint.h -include events.h -I "$work" -o "$work/unbatched" tests/bench/unbatched.c -lbpf
}

begin() {
  case $1 in
    unbatched)
      taskset -c 1 "$work/unbatched" "$work/events" >"$work/counts" 2>"$work/messages" &
      recorder=$!
      await_recorder
      ;;
    forkstat)
      taskset -c 1 forkstat -e fork,exec,exit >/dev/null 2>&1 &
      recorder=$!
      ;;
    *)
      # shellcheck disable=SC2046
      start_recorder $(options "$1")
      ;;
  esac
  sleep 0.3 # not what it takes to begin
  kill -0 "$recorder" || exit 1
  begun=$(used)
}

finish() {
  sleep 1.5 # and the sync of the last ones
  echo "$begun $(used)" | awk '{ print $3 - $1, $4 - $2 }' >>"$work/used.$1"
  stop_recorder
  case $1 in
    forkstat) ;;
    unbatched) cut -d' ' -f2 "$work/counts" >>"$work/lost.$1" ;;
    *) lost_events >>"$work/lost.$1" ;;
  esac
}
trap clean_up EXIT

cc -O2 -static -o "$work/lives" tests/bench/lives.c
case " $* " in *" unbatched "*) build_unbatched ;; esac
blocks() { # the two numbers of ns that a life took
  taskset -c 0 "$work/lives" fork "$forks" | cut -d' ' -f1 >"$work/fork"
  taskset -c 0 "$work/lives" exec "$execs" | cut -d' ' -f1 >"$work/exec"
}

without() {
  blocks
  for kind in fork exec; do
    tee -a "$work/$kind.nothing" <"$work/$kind" >"$work/$kind.without"
  done
}

with() { # SETTING
  begin "$1"
  blocks
  finish "$1"
  for kind in fork exec; do mv "$work/$kind" "$work/$kind.with"; done
}

for ((pair = 0; pair < pairs; ++pair)); do
  for setting; do
    # In turn which comes first: else what drifts meanwhile looks like a cost.
    if ((pair % 2)); then with "$setting" && without; else without && with "$setting"; fi
    for kind in fork exec; do
      paste "$work/$kind.with" "$work/$kind.without" | awk '{ print $1 - $2 }' >>"$work/$kind.$setting"
    done
  done
done

printf '%-10s %32s %32s %14s %10s %6s\n' setting 'fork+exit, ns over nothing' 'fork+exec+exit' 'own ns a life' 'switches' lost
for setting; do
  awk -v n=$((forks + execs)) '{ print $1 / n }' "$work/used.$setting" >"$work/own"
  own=$(quartiles "$work/own" | cut -d' ' -f1)
  switches=$(awk -v n=$((forks + execs)) '{ s += $2 } END { printf "%.1f", s * 1000 / n / NR }' "$work/used.$setting")
  lost=-
  [ ! -e "$work/lost.$setting" ] || lost=$(awk '{ s += $1 } END { print s }' "$work/lost.$setting")
  printf '%-10s %32s %32s %14s %10s %6s\n' "$setting" "$(quartiles "$work/fork.$setting")" "$(quartiles "$work/exec.$setting")" "$own" "$switches" "$lost"
done
echo "$pairs pairs of $forks and $execs lives; without anything one takes $(quartiles "$work/fork.nothing") and $(quartiles "$work/exec.nothing") ns; switches are for 1000 lives"
