#!/usr/bin/env bats
# The manual says what the programs do: no option and no column is left out.

load helper

# A page as plain text.
lines_of() {
  mandoc -T utf8 -O width=1000 "$TOP/man/$1" | sed 's/.\x08//g'
}

# The same in one line.
page() {
  lines_of "$1" | tr -s ' \n' '  '
}

# Of the lines in $1 those about the columns of the verb $2, in one line.
columns_of() {
  sed -n "/^ *Columns of $2\$/,/^ *Columns of /{/^ *Columns of /!p;}" <<<"$1" | tr -s ' \n' '  '
}

# Every option that the help in $1 names is in the page $2.
options_are_in() {
  options=$(grep -oE '^ +(-[A-Za-z],)?--?[a-z][a-z-]*' <<<"$1" | tr -d ' ' | tr ',' '\n')
  [[ -n $options ]]
  for option in $options; do
    [[ $2 =~ [\ ,]${option}[\ ,] ]] || fail "the page has no $option"
  done
}

@test "every option of daybook is in its page" {
  text=$(page daybook.1)
  options_are_in "$("$DAYBOOK" --help)" "$text"
  verbs=$(verbs)
  for verb in $verbs; do
    options_are_in "$("$DAYBOOK" "$verb" --help)" "$text"
  done
}

@test "every option of daybookd is in its page" {
  options_are_in "$("$DAYBOOKD" --help)" "$(page daybookd.8)"
}

@test "every metric of daybookd is in its page" {
  metrics=$BATS_TEST_TMPDIR/daybook.prom
  "$DAYBOOKD" --no-config --log-dir "$BATS_TEST_TMPDIR/log" --source "replay:$sample" \
    --user "$(id -un)" --metrics-file "$metrics"
  text=$(page daybookd.8)
  names=$(sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' "$metrics")
  [[ $names == *daybook_recording* ]]
  for name in $names; do
    [[ $text =~ [\ ,]${name}[\ ,] ]] || fail "the page has no $name"
  done
}

@test "every setting of daybookd is in the page of its configuration" {
  settings=$("$DAYBOOKD" --no-config --check-config | sed -nE 's/^(# )?([a-z-]+)( =|:) .*/\2/p')
  ((${#settings} > 0))
  text=$(page daybook.conf.5)
  for setting in $settings; do
    [[ $text =~ [\ ,]${setting}[\ ,] ]] || fail "the page has no $setting"
  done
  # And none is left out there.
  same "$("$DAYBOOKD" --help | grep -oE '^  --[a-z-]+' | tr -d ' ' | sed 's/^--//' |
    grep -vE '^(config|no-config|check-config|version)$' | sort)" "$(sort <<<"$settings")"
}

@test "the example of a configuration is one" {
  sed -n '/^\.Bd -literal/,/^\.Ed/{/^\./!p;}' "$TOP/man/daybook.conf.5" >"$BATS_TEST_TMPDIR/conf"
  run -0 "$DAYBOOKD" --config "$BATS_TEST_TMPDIR/conf" --check-config
  has "$output" "max-age = 30d"
  has "$output" 'mask = ["pin", "licence-key"]'
}

@test "every verb and every column is in the page" {
  text=$(lines_of daybook.1)
  verbs=$(verbs)
  for verb in $verbs; do
    [[ $verb != export ]] || continue # other programs' formats have no columns of ours
    columns=$("$DAYBOOK" "$verb" --help | sed -n 's/^\(Columns\|Sections\): //p')
    section=$(columns_of "$text" "$verb")
    if [[ $verb == tree || $verb == follow ]]; then # the page refers to list's for the rest
      section+=$(columns_of "$text" list)
    fi
    [[ -n $columns ]]
    for column in $columns; do
      [[ $section =~ [\ ,]${column}[\ ,] ]] || fail "the page has no column $column of $verb"
    done
  done
}

@test "the columns that tree shows by itself are in its own section" {
  section=$(columns_of "$(lines_of daybook.1)" tree)
  for format in text csv; do
    columns=$("$DAYBOOK" tree --log "$sample" --output "$format" | head -n 1 | tr ',A-Z' ' a-z')
    [[ $columns == *args* ]]
    for column in $columns; do
      [[ $section =~ [\ ,]${column}(_us)?[\ ,] ]] || fail "the page has no column $column of tree"
    done
  done
}

@test "the page of the format counts its record types right" {
  types=$(sed -n '/^\.Sh RECORD TYPES/,/^\.Sh CONTAINER/p' "$TOP/man/daybook-log.5" | grep -c '^\.Ss')
  ((types > 16))
  # A header is the cookie and one byte, the type.
  has "$(page daybook-log.5)" "one of $types known types $((types << (30 - 24))) times in a GiB"
}

@test "every exit status of daybook is in its page" {
  for status in 0 1 2 3 4; do
    run -0 grep -qE "EXIT STATUS.* $status +[A-Z]" <<<"$(page daybook.1)"
  done
}

@test "every example of daybookd is a command line that it takes" {
  # Help comes only after the values have been read.
  run -2 "$DAYBOOKD" --log-dir log --duration 10m --help
  mapfile -t examples < <(sed -n 's/^\.Dl # daybookd //p' "$TOP/man/daybookd.8")
  ((${#examples[@]} > 0))
  for example in "${examples[@]}"; do
    read -ra arguments <<<"$example"
    run -0 "$DAYBOOKD" "${arguments[@]}" --help
  done
}
