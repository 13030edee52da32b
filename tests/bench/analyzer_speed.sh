#!/bin/bash
# How fast the analyzer is and what memory it takes, on logs of so many lives, raw and compressed;
# beside it GNU acct on the same lives. In rounds in which everything takes its turn; medians. Then
# how much of a log of 30 days a question about one hour reads.
#   tests/bench/analyzer_speed.sh [ROUNDS [LIVES...]]     default: 5 rounds, 1000000 lives
# Needs a build of the presets release and bench.
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-5}
shift || true
[ $# -gt 0 ] || set -- 1000000
work=$(mktemp -d)
# shellcheck source=/dev/null
. tests/bench/support.sh
daybook=build/release/analyzer/daybook
trap 'rm -rf "$work"' EXIT
write_lives=build/bench/tests/bench/write_lives

# NAME LIVES COMMAND...: adds seconds of time and of CPU, and KiB of memory at most.
run() {
  local name=$1 lives=$2
  shift 2
  /usr/bin/time -f '%e %U %S %M' -o "$work/time" "$@" >/dev/null
  awk -v n="$lives" '{ print $1 }' "$work/time" >>"$work/elapsed.$name"
  awk '{ print $2 + $3 }' "$work/time" >>"$work/cpu.$name"
  awk '{ print $4 }' "$work/time" >>"$work/memory.$name"
}

tell() { # NAME LIVES
  printf '%-22s %9d %10.2f %10.2f %16.2f %12.0f\n' "$1" "$2" "$(median "$work/elapsed.$1")" "$(median "$work/cpu.$1")" \
    "$(awk -v n="$2" -v t="$(median "$work/cpu.$1")" 'BEGIN { print n / t / 1e6 }')" "$(awk -v k="$(median "$work/memory.$1")" 'BEGIN { print k / 1024 }')"
}

printf '%-22s %9s %10s %10s %16s %12s\n' what lives 'time, s' 'CPU, s' 'M lives/CPU s' 'memory, MiB'
for lives; do
  rm -rf "$work/raw" "$work/packed"
  "$write_lives" "$work/raw" "$lives"
  "$write_lives" "$work/packed" "$lives" 1 packed
  "$daybook" export --log "$work/raw" --format pacct -o "$work/pacct"
  rm -f "$work"/{elapsed,cpu,memory}.*
  for ((round = 0; round < rounds; ++round)); do
    for form in raw packed; do
      run "summary.$form" "$lives" "$daybook" summary --log "$work/$form"
      run "jobs.$form" "$lives" "$daybook" jobs --log "$work/$form"
    done
    run report.raw "$lives" "$daybook" report --log "$work/raw" --since @0
    run list.raw "$lives" "$daybook" list --log "$work/raw" --output csv
    # What lastcomm prints, in its order.
    run list.few "$lives" "$daybook" list --log "$work/raw" --output csv --sort none \
      --columns comm,user,tty,cpu,start_time
    run list.lastcomm "$lives" "$daybook" list --log "$work/raw" --style lastcomm
    # Keeps all lives.
    [ "$lives" -gt 1000000 ] || run tree.raw "$lives" "$daybook" tree --log "$work/raw"
    run sa "$lives" sa "$work/pacct"
    [ "$lives" -gt 1000000 ] || run lastcomm "$lives" lastcomm -f "$work/pacct"
  done
  for name in summary.raw summary.packed jobs.raw jobs.packed report.raw list.raw list.few list.lastcomm tree.raw sa lastcomm; do
    [ ! -e "$work/cpu.$name" ] || tell "$name" "$lives"
  done
done

# Of the largest number of lives.
rm -rf "$work/raw" "$work/packed"
"$write_lives" "$work/raw" "$lives" 30 packed
bytes=$(du -sb "$work/raw" | cut -f1)
read_by() { # what a child that is waited for reads
  local before after shell=$BASHPID
  before=$(awk '/^rchar/ { print $2 }' "/proc/$shell/io")
  "$@" >/dev/null
  after=$(awk '/^rchar/ { print $2 }' "/proc/$shell/io")
  echo $((after - before))
}
hour=$(read_by "$daybook" summary --log "$work/raw" --since '2026-10-06 10:00' --until '2026-10-06 11:00')
# The program itself and its libraries are read, too.
program=$(read_by "$daybook" --version)
awk -v read=$((hour - program)) -v all="$bytes" 'BEGIN { printf "one hour of 30 days: %d of %d bytes read, %.3f %%\n", read, all, 100 * read / all }'
