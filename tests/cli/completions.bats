#!/usr/bin/env bats
# What shells complete. The scripts are made from the programs' own tables of options.

load helper

# What bash makes of the last of the words: all candidates in one line, in the order of the alphabet.
complete_bash() {
  COMP_WORDS=("$@")
  COMP_CWORD=$(($# - 1))
  COMPREPLY=()
  # shellcheck source=/dev/null
  source "$COMPLETIONS/bash/$1"
  "_$1"
  printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd ' '
}

# The options that a help in $1 names.
long_options() {
  grep -oE '^ +(-[A-Za-z],)?--?[A-Za-z][a-z-]*' <<<"$1" | sed 's/.*[ ,]//' | sort | paste -sd ' '
}

@test "bash completes verbs, options and what stands behind them" {
  same "dump" "$(complete_bash daybook du)"
  same "salvage spawn status summary" "$(complete_bash daybook s)"
  same "--old-log --old-since --old-until" "$(complete_bash daybook diff --old)"
  same "csv" "$(complete_bash daybook list --output c)"
  same "csv" "$(complete_bash daybook list --output = c)"
  same "json jsonl" "$(complete_bash daybook list --log x --output js)"
  same "auto" "$(complete_bash daybook top --color au)"
  same "end existence" "$(complete_bash daybook jobs --window e)"
  same "lastcomm" "$(complete_bash daybook list --style '')"
  same "lifetimes" "$(complete_bash daybook spawn --view l)"
  same "SIGTERM" "$(complete_bash daybook failures --signal SIGTE)"
  same "" "$(complete_bash daybook list --since y)"
  same "why" "$(complete_bash daybook help w)"
}

@test "bash completes fields one by one" {
  same "job job_kind" "$(complete_bash daybook summary --by jo)"
  same "user,job user,job_kind" "$(complete_bash daybook summary --by user,jo)"
  same "host,month" "$(complete_bash daybook merge --by host,mo)"
  same "pid,comm" "$(complete_bash daybook list --columns pid,com)"
  same "-cpu -cpu_percent -cpu_so_far -cpu_within" "$(complete_bash daybook list --sort -cp)"
  same "births,short" "$(complete_bash daybook spawn --columns births,sh)"
  same "program" "$(complete_bash daybook list --columns prog)"
  same "crash-loop,signal" "$(complete_bash daybook report --fail-on crash-loop,sig)"
  same "root" "$(complete_bash daybook list --user roo)"
}

@test "bash completes files where they are meant" {
  cd "$BATS_TEST_TMPDIR"
  mkdir folder
  touch file
  same "file folder" "$(complete_bash daybook verify f)"
  same "file folder" "$(complete_bash daybook list --log f)"
  same "folder" "$(complete_bash daybook salvage x -o f)"
  same "" "$(complete_bash daybook why f)"
  same "folder" "$(complete_bash daybookd --log-dir f)"
}

@test "bash completes daybookd" {
  same "--args --args-max --audit-interval" "$(complete_bash daybookd --a)"
  same "argv0 full masked none" "$(complete_bash daybookd --args '')"
  same "connector" "$(complete_bash daybookd --source c)"
  same "fork,exec fork,exit" "$(complete_bash daybookd --events fork,ex)"
  same "" "$(complete_bash daybookd --ring 4)"
}

@test "every option of both programs is completed, and no other" {
  verbs=$(verbs)
  for verb in $verbs; do
    options=$("$DAYBOOK" "$verb" --help)
    same "$(long_options "$options")" "$(complete_bash daybook "$verb" -)"
  done
  same "$(long_options "$("$DAYBOOKD" --help)")" "$(complete_bash daybookd -)"
}

@test "the scripts are sound" {
  shellcheck -s bash "$COMPLETIONS"/bash/*
  for program in daybook daybookd; do
    zsh -n "$COMPLETIONS/zsh/_$program"
    fish -n "$COMPLETIONS/fish/$program.fish"
  done
}

@test "fish completes" {
  complete_fish() {
    fish -N -c "source $COMPLETIONS/fish/daybook.fish; complete -C '$1'" | cut -f 1 | sort | paste -sd ' '
  }
  same "salvage spawn status summary" "$(complete_fish 'daybook s')"
  same "csv" "$(complete_fish 'daybook list --output c')"
  same "user,job user,job_kind" "$(complete_fish 'daybook summary --by user,jo')"
}

@test "each shell finds its script where it looks" {
  cmake --install "${COMPLETIONS%/*}" --prefix "$BATS_TEST_TMPDIR/usr" >"$BATS_TEST_TMPDIR/installed"
  share=$BATS_TEST_TMPDIR/usr/share
  for program in daybook daybookd; do
    cmp "$COMPLETIONS/bash/$program" "$share/bash-completion/completions/$program"
    cmp "$COMPLETIONS/zsh/_$program" "$share/zsh/site-functions/_$program"
    cmp "$COMPLETIONS/fish/$program.fish" "$share/fish/vendor_completions.d/$program.fish"
  done
}
