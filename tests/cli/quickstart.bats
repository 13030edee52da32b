#!/usr/bin/env bats
# ./quickstart on copies of the checkout. Nothing is installed: the packages are here already, or
# fakes say that they are not.

load helper

setup() {
  # Where an unprivileged user can reach it, unlike the folders of bats.
  copy=$(mktemp -d "${TMPDIR:-/tmp}/daybook-quickstart.XXXXXX")
  tar -C "$TOP" --exclude=./build --exclude=./demo-data --exclude=./.git -cf - . |
    tar -C "$copy" -xf -
}

teardown() {
  rm -rf "$copy"
}

# The programs that are under test, as if they had been built in the copy already.
use_built_programs() {
  mkdir -p "$copy/build/release/recorder" "$copy/build/release/analyzer"
  cp "$DAYBOOKD" "$copy/build/release/recorder/"
  cp "$DAYBOOK" "$copy/build/release/analyzer/"
  fake cmake <<<'exit 0'
}

give_to_nobody() {
  if [[ $(id -u) -eq 0 ]]; then
    chown -R 65534:65534 "$copy"
    chmod 755 "$copy"
  fi
  fake sudo <<<'exit 1'
  # The folder of fakes, for a user who cannot enter those of bats.
  cp -r "$BATS_TEST_TMPDIR/fakes" "$copy/fakes"
  chmod -R a+rX "$copy/fakes"
  PATH=$copy/fakes:$PATH
}

# What README.md has of the reports on the sample.
shown_in_readme() {
  sed -n '/^    == /,/^$/s/^    //p' "$TOP/README.md" | grep -A 9 'tools/busy'
}

# The checkout is in a folder that only its owner can enter, as a root's home is.
@test "builds, records this machine, reports, and leaves alone what it did not make" {
  chmod 700 "$copy"
  mkdir "$copy/demo-data"
  echo mine >"$copy/demo-data/1"
  run -0 "$copy/quickstart"
  has "$output" "Recording 5 seconds"
  same mine "$(cat "$copy/demo-data/1")"
  if [[ $(id -u) -ne 0 ]]; then # the kernel may refuse, and then the reports are of the sample
    has "$output" "Try next"
    return
  fi
  has "$output" "recording to demo-data/2 by bpf"
  run -0 --separate-stderr "$DAYBOOK" list --log "$copy/demo-data/2" --output jsonl
  run -0 jq -se 'any(.[]; .comm == "cc1" and .exit_code == 0) and any(.[]; .exit_code == 42)' \
    <<<"$output"

  find "$copy/demo-data/2" -type f -exec sha256sum {} + >"$BATS_TEST_TMPDIR/before"
  run -0 "$copy/quickstart"
  has "$output" "recording to demo-data/3 by bpf"
  run -0 sha256sum --check "$BATS_TEST_TMPDIR/before"
}

@test "who may not record gets one line that says why, and the report on the sample" {
  use_built_programs
  give_to_nobody
  run -0 --separate-stderr unprivileged "$copy/quickstart"
  same "" "$stderr"
  report=$output
  run -0 grep -A 4 'Recording 5 seconds' <<<"$output"
  [[ ${lines[1]} == "This user cannot record here: "*CAP_BPF* ]]
  has "${lines[2]}" "tests/data/sample.dbk"
  has "${lines[3]}" "What ran"
  has "$report" "$(shown_in_readme)"
  run find "$copy/demo-data" -mindepth 1
  same "" "$output"
}

@test "who may not install the missing packages is told the line" {
  fake dpkg-query <<<'exit 1'
  give_to_nobody
  run -2 --separate-stderr unprivileged "$copy/quickstart"
  same "" "$output"
  has "${stderr_lines[1]}" "  apt-get install --yes --no-install-recommends g++ cmake"
}

@test "a build that fails shows its end" {
  fake cmake <<<'echo building; echo "no such header"; exit 1'
  run -1 --separate-stderr "$copy/quickstart"
  has "$stderr" "no such header"
}
