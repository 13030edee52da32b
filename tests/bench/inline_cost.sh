#!/bin/bash
# What a life pays itself to be recorded, to some 0.2 microseconds, beside acct(2): one of fork and
# exit, and one with an exec of a small program between. In ns over nothing, with the least and the
# most of five parts of the time; then how many events were told for each life, those of whoever else
# was there among them, and the ns in each program of the hooks, by the kernel's statistics.
# inline_cost.cc has the method, and what the first numbers leave out: reaps, which are told later.
# As root, on a machine with two CPUs or more; a bit more than a minute for each kind of life. acct
# ends accounting that is on.
#   tests/bench/inline_cost.sh [SECONDS [SETTING...]]
# Settings: attached, exact, fast, noargs, exits, failed, connector, acct; switches.h says what they
# are.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-60}
shift || true
[ $# -gt 0 ] || set -- attached exact fast noargs exits failed connector acct
cmake --preset bench >/dev/null
cmake --build --preset bench -t inline_cost >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cc -O2 -static -o "$work/timed_lives" tests/bench/timed_lives.c
# Nothing but its end: no libc begins.
echo '#include <unistd.h>
void _start(void) { _exit(0); }' | cc -O2 -static -nostartfiles -x c -o "$work/ends" -

inline_cost=build/bench/tests/bench/inline_cost
settings=("$@")

measure() { # [PROGRAM]
  # And a second for each setting, for what comes before and after.
  taskset -c 0 "$work/timed_lives" $((seconds + ${#settings[@]} + 1)) "$@" |
    taskset -c 1 "$inline_cost" "$seconds" "$work" "${settings[@]}"
}

echo 'fork, exit:'
measure
echo 'fork, exec, exit:'
measure "$work/ends"
