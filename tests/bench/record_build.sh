#!/bin/sh
# Records a real build and tells what its log costs, raw and compressed. As root.
#   tests/bench/record_build.sh [LOG_FOLDER]      default: a folder that is removed afterwards
# The build is that of our own programs, from nothing.
set -eu
cd "$(dirname "$0")/../.."
cmake --preset bench >/dev/null
cmake --build --preset bench >/dev/null

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
log=${1-$work/log}
touch "$work/says"
build/bench/recorder/daybookd --log-dir "$log" --user "$(id -un)" --compress none >"$work/says" 2>&1 &
recorder=$!
until grep -q '^recording' "$work/says"; do
  kill -0 "$recorder" || { cat "$work/says" >&2; exit 1; }
  sleep 0.1
done
cmake -S . -B "$work/build" -G Ninja -DDAYBOOK_TESTS=OFF -DDAYBOOK_UNITY=OFF >/dev/null
cmake --build "$work/build" >/dev/null
kill -TERM "$recorder"
wait "$recorder"

build/bench/tests/bench/bench_format "$log"
