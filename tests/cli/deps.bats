#!/usr/bin/env bats
# tools/deps, with a Debian of fakes: nothing is installed here.

load helper

setup() {
  fake sudo <<<'exit 1'
  fake apt-get <<'FAKE'
echo "$*" >>"$CALLS"
case "$* " in
  *" --simulate "*) [ -e "$LISTS" ] ;;
  *" update "*) : >"$LISTS" ;;
esac
FAKE
  export CALLS=$BATS_TEST_TMPDIR/calls LISTS=$BATS_TEST_TMPDIR/lists
  : >"$CALLS"
}

user_is() {
  fake id <<<"echo $1"
}

installed_is_all_but() {
  export MISSING=" $* "
  fake dpkg-query <<'FAKE'
for package; do :; done
case "$MISSING" in
  *" $package "*) exit 1 ;;
esac
# Of another architecture there may be remains.
printf 'installed\nconfig-files\n'
FAKE
}

@test "nothing is called where nothing is missing" {
  installed_is_all_but nothing
  user_is 0
  run -0 --separate-stderr "$TOP/tools/deps" test
  same "" "$output$stderr"
  same "" "$(cat "$CALLS")"
}

@test "who may not install is told the exact line, with exit status 2" {
  installed_is_all_but g++ bpftool shellcheck
  user_is 1000
  run -2 --separate-stderr "$TOP/tools/deps" build
  same "  apt-get install --yes --no-install-recommends g++ bpftool" "${stderr_lines[1]}"
  run -2 --separate-stderr "$TOP/tools/deps" test
  same "  apt-get install --yes --no-install-recommends g++ bpftool shellcheck" "${stderr_lines[1]}"
  same "" "$(cat "$CALLS")"
}

@test "root installs what is missing, and fetches lists only where there are none" {
  installed_is_all_but cmake bats
  user_is 0
  : >"$LISTS"
  run -0 "$TOP/tools/deps" test
  run -1 grep -w update "$CALLS"
  run -0 grep -c ' install --yes --no-install-recommends cmake bats$' "$CALLS"
  same 1 "$output"

  rm "$LISTS"
  : >"$CALLS"
  run -0 "$TOP/tools/deps" test
  run -0 grep -cw update "$CALLS"
  same 1 "$output"
  run -0 tail -n 1 "$CALLS"
  has "$output" " install --yes --no-install-recommends cmake bats"
}

@test "who has sudo installs by sudo" {
  installed_is_all_but cmake
  user_is 1000
  fake sudo <<'FAKE'
[ "$1" = -n ] && shift && "$@"
FAKE
  : >"$LISTS"
  run -0 "$TOP/tools/deps" build
  run -0 grep -c ' install --yes --no-install-recommends cmake$' "$CALLS"
}

@test "the package of sa is no reason to switch accounting on" {
  installed_is_all_but acct
  user_is 0
  : >"$LISTS"
  fake systemctl <<<'echo "systemctl $*" >>"$CALLS"'
  run -0 "$TOP/tools/deps" test
  run -0 tail -n 1 "$CALLS"
  same "systemctl disable --now acct" "$output"
}

@test "an installation that fails is exit status 2, and says what must succeed" {
  installed_is_all_but cmake
  user_is 0
  fake apt-get <<<'exit 100'
  run -2 --separate-stderr "$TOP/tools/deps" build
  has "$stderr" "  apt-get install --yes --no-install-recommends cmake"
}

@test "where there is no dpkg-query the packages are named" {
  mkdir "$BATS_TEST_TMPDIR/bin"
  for program in sh cat sed; do
    ln -s "$(command -v "$program")" "$BATS_TEST_TMPDIR/bin/"
  done
  run -2 --separate-stderr env PATH="$BATS_TEST_TMPDIR/bin" "$TOP/tools/deps" build
  has "$stderr" "not Debian"
  has "$stderr" "libbpf-dev"
}

@test "an unknown set is a usage error" {
  run -2 --separate-stderr "$TOP/tools/deps" everything
  same "usage: tools/deps build|test" "$stderr"
}
