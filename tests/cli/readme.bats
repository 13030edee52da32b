#!/usr/bin/env bats
# README.md names nothing that there is not.

load helper

# The parts of the regular expressions that README.md gives ctest, as `^WriterTest`, one a line; those
# within parentheses stay together.
named_tests() {
  grep -oE "ctest --preset debug -R '[^']+'" "$TOP/README.md" | cut -d "'" -f 2 |
    sed -E ':split; s/^(([^()|]|\([^()]*\))*)\|/\1\n/; t more; b; :more; P; D'
}

@test "every part of what README gives ctest is the name of a test" {
  # From another folder, since in its own ctest would write over the log of the one that runs this.
  echo "subdirs(\"$BUILD\")" >"$BATS_TEST_TMPDIR/CTestTestfile.cmake"
  tests=$(ctest --test-dir "$BATS_TEST_TMPDIR" --show-only | sed -n 's/^ *Test *#[0-9]*: //p')
  [[ $tests == *cli.readme* ]]
  [[ $tests != *_NOT_BUILT* ]] || skip "not all tests are built"
  parts=$(named_tests)
  (($(wc -l <<<"$parts") > 30))
  while read -r part; do
    grep -qE -- "$part" <<<"$tests" || fail "no test is called $part"
  done <<<"$parts"
}

@test "the verbs and the options in README are ones that daybook has" {
  commands=$(sed -nE 's/^    (\$ )?daybook ([^#|>]*).*/\2/p' "$TOP/README.md")
  (($(wc -l <<<"$commands") > 15))
  while read -r verb words; do
    [[ $verb != --help ]] || continue # of no verb
    run -0 "$DAYBOOK" "$verb" --help
    # Words with one dash may be values, as -cpu and -1h.
    while read -r option; do
      [[ $output =~ [\ ,]${option}[\ ,] ]] || fail "$verb has no $option"
    done < <(grep -oP '(?<!\S)(--[a-z-]+|-[A-Za-z])(?!\S)' <<<"$words")
  done <<<"$commands"
}
