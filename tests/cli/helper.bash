# Shared by the bats files. ctest tells where the programs under test are: DAYBOOK, DAYBOOKD.
bats_require_minimum_version 1.5.0

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd -P)
sample=$TOP/tests/data/sample.dbk

# `fail TEXT...`: the test fails, and TEXT says why.
fail() {
  printf '%s\n' "$@" >&2
  return 1
}

# The text in $1 has the fixed string $2 somewhere.
has() {
  [[ $1 == *"$2"* ]] || fail "this has no \"$2\":" "$1"
}

# $1 is the text expected, $2 what came.
same() {
  [[ $1 == "$2" ]] || fail "$(diff <(echo "$1") <(echo "$2") | head -n 20 | cut -c 1-1000)"
}

# The verbs of daybook, as its help names them. Read them into a variable, so that a failure is one.
verbs() {
  local found
  found=$("$DAYBOOK" --help | sed -n '/^Subcommands:/,/^$/s/^  \([a-z][a-z]*\) .*/\1/p')
  echo "$found"
  [[ $found == *verify* ]] || fail "the help names no verbs:" "$found"
}

# Runs a command as somebody whom the kernel lets do nothing special.
unprivileged() {
  if [[ $(id -u) -eq 0 ]]; then
    setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs --bounding-set=-all \
      --inh-caps=-all -- "$@"
  else
    setpriv --no-new-privs -- "$@"
  fi
}

# For a test that takes root: it is skipped elsewhere, but in CI.
takes_root() {
  [[ $(id -u) -ne 0 ]] || return 0
  [[ -z ${CI-} ]] || fail "CI must run this as root"
  skip "takes root"
}

# A new program $1 in the folder of fakes, which is the first in PATH; its text comes from stdin.
fake() {
  mkdir -p "$BATS_TEST_TMPDIR/fakes"
  { echo '#!/bin/sh' && cat; } >"$BATS_TEST_TMPDIR/fakes/$1"
  chmod -R a+rx "$BATS_TEST_TMPDIR/fakes"
  PATH=$BATS_TEST_TMPDIR/fakes:${PATH#"$BATS_TEST_TMPDIR/fakes:"}
}
