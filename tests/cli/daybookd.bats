#!/usr/bin/env bats
# The command line of daybookd. That it records is for tests/live.

load helper

@test "help and version are exit status 0, on standard output" {
  run -0 --separate-stderr "$DAYBOOKD" --version
  [[ $output =~ ^daybookd\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
  same "" "$stderr"
  run -0 --separate-stderr "$DAYBOOKD" --help
  has "$output" "--log-dir"
  same "" "$stderr"
}

@test "what is asked for and cannot be written is no success" {
  for arguments in --help --version "--no-config --check-config"; do
    run -1 --separate-stderr bash -c "'$DAYBOOKD' $arguments >/dev/full"
    same "daybookd: cannot write to standard output: No space left on device" "$stderr"
  done
}

@test "a reader that is gone is no failure" {
  for arguments in --help "--no-config --check-config"; do
    run -0 bash -c "set -o pipefail; { sleep 0.3 && exec '$DAYBOOKD' $arguments; } | true"
  done
}

@test "no signal that comes before it records ends it in the middle" {
  mkfifo "$BATS_TEST_TMPDIR/pipe"
  exec {pipe}<>"$BATS_TEST_TMPDIR/pipe"
  for signal in HUP USR1 USR2 TERM INT; do
    # It waits where the pipe is full.
    dd if=/dev/zero of="$BATS_TEST_TMPDIR/pipe" bs=4k count=16 oflag=nonblock status=none
    "$DAYBOOKD" --no-config --check-config >&"$pipe" &
    pid=$!
    until [[ $(<"/proc/$pid/wchan") == *pipe_w* && $(<"/proc/$pid/comm") == daybookd ]]; do
      kill -0 "$pid"
      sleep 0.1
    done
    kill -"$signal" "$pid"
    sleep 0.2
    dd if="$BATS_TEST_TMPDIR/pipe" of=/dev/null bs=4k count=16 status=none
    wait "$pid"
    dd if="$BATS_TEST_TMPDIR/pipe" of=/dev/null bs=64k count=1 status=none
  done
  exec {pipe}<&-
}

# usage_error TEXT ARGUMENT...: exit status 2, one line that has TEXT, and no folder made.
usage_error() {
  local text=$1
  shift
  run -2 --separate-stderr "$DAYBOOKD" "$@"
  same "" "$output"
  same 1 "${#stderr_lines[@]}"
  has "$stderr" "$text"
  [[ ! -e $BATS_TEST_TMPDIR/log ]]
}

@test "a mistake in the command line is exit status 2, and one line that helps" {
  log=$BATS_TEST_TMPDIR/log
  usage_error "--sauce" --log-dir "$log" --sauce bpf
  usage_error "not expected: '--durtion'" --log-dir "$log" --durtion 5s
  usage_error "auto, bpf, connector or replay:FILE" --log-dir "$log" --source magic
  usage_error "auto, bpf, connector or replay:FILE" --log-dir "$log" --source replay:
  usage_error "--id-events" --log-dir "$log" --id-events audit
  usage_error "--duration" --log-dir "$log" --duration 5
  usage_error "--duration" --log-dir "$log" --duration 5parsecs
  usage_error "--drain-interval" --log-dir "$log" --drain-interval 1us
  usage_error "--segment-size" --log-dir "$log" --segment-size 1
  usage_error "--segment-age" --log-dir "$log" --segment-age 0s
  usage_error "--max-bytes" --log-dir "$log" --max-bytes 1M
  usage_error "--min-free" --log-dir "$log" --min-free lots
  usage_error "--max-age" --log-dir "$log" --max-age 5s
  usage_error "none, argv0, masked or full" --log-dir "$log" --args most
  usage_error "from 1 to 4K" --log-dir "$log" --args-max 5K
  usage_error "--mask" --log-dir "$log" --mask "a b"
  usage_error "--events" --log-dir "$log" --events fork,reap
  usage_error "no such user: nobody-of-that-name" --log-dir "$log" --only-uid nobody-of-that-name
  usage_error "no such user: -1" --log-dir "$log" --except-uid=-1
  usage_error "/proc/PID/cgroup" --log-dir "$log" --only-cgroup user.slice
  usage_error "--min-lifetime" --log-dir "$log" --min-lifetime 5
  usage_error "--events must have exit" --log-dir "$log" --only-failed --events fork
  usage_error "--except-uid leaves none" --log-dir "$log" --only-uid 5 --except-uid 5
}

@test "a replay leaves out what is not asked for, and the log says so" {
  log=$BATS_TEST_TMPDIR/log
  run -0 --separate-stderr "$DAYBOOKD" --log-dir "$log" --source "replay:$sample" --user "$(id -un)" \
    --only-failed
  run -0 --separate-stderr "$DAYBOOK" list --log "$log" --output json
  run -0 jq -e '(.rows | length > 0) and all(.rows[]; .wait_status != 0 and .state == "ended")' <<<"$output"
  run -0 --separate-stderr "$DAYBOOK" list --log "$log" --output json
  run -0 jq -e '.coverage.dropped_events > 0' <<<"$output"
  run -0 --separate-stderr "$DAYBOOK" info --log "$log" --output json
  same "--only-failed" "$(jq -r '.rows[0].filter' <<<"$output")"
  # The second filter is added to the first.
  run -0 --separate-stderr "$DAYBOOKD" --log-dir "$BATS_TEST_TMPDIR/other" --source "replay:$log" \
    --user "$(id -un)" --except-uid 12345
  run -0 --separate-stderr "$DAYBOOK" info --log "$BATS_TEST_TMPDIR/other" --output json
  same "--only-failed --except-uid 12345" "$(jq -r '.rows[0].filter' <<<"$output")"
  run -1 --separate-stderr "$DAYBOOKD" --log-dir "$log" --source "replay:$sample" --only-cgroup /
  has "$stderr" "replay: --only-cgroup"
}

@test "a configuration is read, and the command line goes before it" {
  conf=$BATS_TEST_TMPDIR/daybook.conf
  printf 'args = none\nsource = "replay:%s"\nlog-dir = "%s"\n' "$sample" "$BATS_TEST_TMPDIR/log" >"$conf"
  run -0 --separate-stderr "$DAYBOOKD" --config "$conf" --user "$(id -un)"
  same "recording to $BATS_TEST_TMPDIR/log by replay" "$stderr"
  run -0 jq -es 'all(.args == null)' <("$DAYBOOK" list --log "$BATS_TEST_TMPDIR/log" --output jsonl)
  run -0 --separate-stderr "$DAYBOOKD" --config "$conf" --args argv0 --log-dir "$BATS_TEST_TMPDIR/other" \
    --user "$(id -un)"
  run -0 jq -es 'any(.args != null) and all(.args | length < 2)' \
    <("$DAYBOOK" list --log "$BATS_TEST_TMPDIR/other" --output jsonl)
}

@test "a check of the configuration takes no privilege and records nothing" {
  log=$BATS_TEST_TMPDIR/log
  run -0 --separate-stderr unprivileged "$DAYBOOKD" --no-config --check-config --log-dir "$log"
  same "log-dir = \"$log\"" "${lines[0]}"
  has "$output" "args = masked"
  same "" "$stderr"
  [[ ! -e $log ]]
  run -0 unprivileged "$DAYBOOKD" --no-config --check-config
  same 'log-dir = "/var/log/daybook"' "${lines[0]}"
}

@test "a mistake in a configuration is exit status 2, and one line that says where" {
  conf=$BATS_TEST_TMPDIR/daybook.conf
  log=$BATS_TEST_TMPDIR/log
  usage_error "$conf" --config "$conf" --log-dir "$log"
  printf 'args = none\nsauce = bpf\n' >"$conf"
  usage_error "$conf:2: sauce: no such setting" --config "$conf" --log-dir "$log" --check-config
  printf 'args = most\n' >"$conf"
  usage_error "$conf:1: args: must be none, argv0, masked or full" --config "$conf" --log-dir "$log"
}

# cannot_record TEXT ARGUMENT...: exit status 1, and one line that has TEXT.
cannot_record() {
  local text=$1
  shift
  run -1 --separate-stderr "$@"
  same "" "$output"
  same 1 "${#stderr_lines[@]}"
  has "$stderr" "$text"
}

@test "who may not record is told why in one line" {
  cannot_record "CAP_BPF" unprivileged "$DAYBOOKD" --log-dir "$BATS_TEST_TMPDIR/log" \
    --source bpf
  [[ ! -e $BATS_TEST_TMPDIR/log ]]
}

@test "no empty folder is left where it may not become who is to record" {
  log=$BATS_TEST_TMPDIR/log
  chmod a+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test"
  chmod a+rwx "$BATS_TEST_TMPDIR"
  cannot_record "cannot give the log folder $log to root" unprivileged "$DAYBOOKD" --no-config \
    --log-dir "$log" --source "replay:$sample" --user root
  [[ ! -e $log ]]
  takes_root
  cannot_record "cannot become user nobody" setpriv --bounding-set=-setuid,-setgid --inh-caps=-all \
    "$DAYBOOKD" --no-config --log-dir "$log" --source "replay:$sample" --user nobody
  [[ ! -e $log ]]
  # One that was there stays.
  mkdir "$log"
  cannot_record "cannot become user nobody" setpriv --bounding-set=-setuid,-setgid --inh-caps=-all \
    "$DAYBOOKD" --no-config --log-dir "$log" --source "replay:$sample" --user nobody
  [[ -d $log ]]
}

@test "where every source is refused, each has its line with the cause" {
  if [[ $(id -u) -eq 0 ]]; then # always in CI
    elsewhere=(unshare --net setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs
      --bounding-set=-all --inh-caps=-all --)
  else
    unshare --user --net true || skip "no namespaces for the unprivileged"
    elsewhere=(unshare --user --net)
  fi
  run -1 --separate-stderr "${elsewhere[@]}" "$DAYBOOKD" --log-dir "$BATS_TEST_TMPDIR/log"
  same "" "$output"
  same 2 "${#stderr_lines[@]}"
  [[ ${stderr_lines[0]} == "daybookd: bpf: "*"; trying connector" ]]
  [[ ${stderr_lines[1]} == "daybookd: connector: "*"network namespace"* ]]
  [[ ! -e $BATS_TEST_TMPDIR/log ]]
}

@test "a folder, a user or a log that is not there is named" {
  cannot_record "/does/not/exist" \
    "$DAYBOOKD" --log-dir /does/not/exist --source "replay:$sample"
  cannot_record "nobody-of-that-name" "$DAYBOOKD" --log-dir "$BATS_TEST_TMPDIR/log" \
    --source "replay:$sample" --user nobody-of-that-name
  cannot_record "/no/such.dbk" "$DAYBOOKD" --log-dir "$BATS_TEST_TMPDIR/log" --source replay:/no/such.dbk
}

@test "a replay writes the same lives again" {
  run -0 --separate-stderr "$DAYBOOKD" --log-dir "$BATS_TEST_TMPDIR/log" \
    --source "replay:$sample" --user "$(id -un)"
  same "recording to $BATS_TEST_TMPDIR/log by replay" "$stderr"
  same "$("$DAYBOOK" list --log "$sample" --output jsonl)" \
    "$("$DAYBOOK" list --log "$BATS_TEST_TMPDIR/log" --output jsonl)"
}

@test "who cannot be told that it records is no reason not to" {
  replay="'$DAYBOOKD' --no-config --source 'replay:$sample' --user '$(id -un)' --log-dir"
  lives=$("$DAYBOOK" list --log "$sample" --output jsonl)
  log=$BATS_TEST_TMPDIR/log
  run -0 bash -c "$replay '$log.full' 2>/dev/full"
  run -0 bash -c "$replay '$log.closed' 2>&-"
  run -0 bash -c "$replay '$log.none' <&- >&- 2>&-"
  run -0 bash -c "set -o pipefail; { sleep 1 && exec $replay '$log.gone'; } 2>&1 | true"
  for log in "$log".*; do
    same "$lives" "$("$DAYBOOK" list --log "$log" --output jsonl)"
    run -0 "$DAYBOOK" verify --log "$log"
  done
}

@test "the log's folder and segments are not for everybody, whatever the umask is" {
  for mask in 000 022 077; do
    log=$BATS_TEST_TMPDIR/log$mask
    mkdir "$log.metrics"
    (umask "$mask" && "$DAYBOOKD" --log-dir "$log" --source "replay:$sample" --user "$(id -un)" \
      --compress none --metrics-file "$log.metrics/daybook.prom")
    same "750 640 640 644" "$(stat -c %a "$log" "$log/daybook-00000001.dbk" "$log/status" \
      "$log.metrics/daybook.prom" | tr '\n' ' ' | sed 's/ $//')"
  done
}

@test "a limit of a file's length ends segments, and not the recorder" {
  log=$BATS_TEST_TMPDIR/log
  run -0 --separate-stderr bash -c "ulimit -f 20; exec '$DAYBOOKD' --log-dir '$log' --no-config --compress none \
    --source 'replay:$sample' --user '$(id -un)'"
  has "$stderr" "File too large; going on"
  [[ -e $log/daybook-00000002.dbk ]]
  same "$("$DAYBOOK" list --log "$sample" --output jsonl)" "$("$DAYBOOK" list --log "$log" --output jsonl)"
}

@test "with too few descriptors it says that there are too few" {
  # The fewest that loading takes, without those of bats.
  for ((limit = 4; limit < 64; ++limit)); do
    run --separate-stderr bash -c "exec 3>&- 4>&-; ulimit -n $limit; exec '$DAYBOOKD' --no-config --source 'replay:$sample' \
      --log-dir '$BATS_TEST_TMPDIR/log$limit' --compress none --user '$(id -un)'"
    [[ $status -ne 0 ]] || break
    # Sanitizers, which then have none either, end it by themselves.
    [[ $stderr == "daybookd: "* ]] || continue
    has "$stderr" "Too many open files"
    told=$limit
  done
  [[ -n ${told-} && $limit -lt 64 ]]
}

@test "who may start no thread is told which limit it is" {
  takes_root # to become somebody; what looks for leaks starts a thread, too
  ASAN_OPTIONS=detect_leaks=0 cannot_record "cannot start a thread: Resource temporarily unavailable (" \
    bash -c "ulimit -u 1; exec '$DAYBOOKD' --no-config --log-dir '$BATS_TEST_TMPDIR/log' \
      --source 'replay:$sample' --user nobody"
  has "$stderr" "ulimit -u"
}

@test "a folder that another recorder writes to is not asked for to be given away" {
  log=$BATS_TEST_TMPDIR/log
  mkdir "$log"
  exec {lock}<"$log"
  flock "$lock"
  cannot_record "another recorder is writing to $log: stop it, or give another folder" \
    "$DAYBOOKD" --no-config --log-dir "$log" --source "replay:$sample" --user "$(id -un)"
  same 0 "$(grep -c "give the folder" <<<"$stderr")"
  exec {lock}<&-
}

@test "a status that another recorder writes, too, is told" {
  file=$BATS_TEST_TMPDIR/status
  touch "$file"
  run -0 --separate-stderr flock --exclusive "$file" "$DAYBOOKD" --no-config \
    --log-dir "$BATS_TEST_TMPDIR/log" --source "replay:$sample" --user "$(id -un)" --status-file "$file"
  same "daybookd: $file is written by another recorder, too: give another --status-file; going on" \
    "${stderr_lines[0]}"
  same 2 "${#stderr_lines[@]}"
}

@test "the file system for pins that is missing is to be mounted at a folder that is there" {
  takes_root
  pinned_in() {
    cannot_record "$1 is not on a bpf file system: mount one there ($2), or" unshare --mount sh -c "
      umount --lazy --all-targets /sys/fs/bpf 2>/dev/null
      exec '$DAYBOOKD' --no-config --log-dir '$BATS_TEST_TMPDIR/log' --source bpf --pin '$1'"
  }
  pinned_in /sys/fs/bpf/none "mount -t bpf bpf /sys/fs/bpf"
  folder=$BATS_TEST_TMPDIR/pins
  pinned_in "$folder" "mkdir $folder && mount -t bpf bpf $folder"
  mkdir "$folder"
  pinned_in "$folder" "mount -t bpf bpf $folder"
}

@test "nobody is told to mount something over what is there" {
  takes_root
  cannot_record "$BATS_TEST_TMPDIR is not on a bpf file system: give a folder below one" \
    "$DAYBOOKD" --no-config --log-dir "$BATS_TEST_TMPDIR/log" --source bpf --pin "$BATS_TEST_TMPDIR"
}

@test "where there is no room, and no file may be made either, it does not wait for room" {
  takes_root
  mkdir "$BATS_TEST_TMPDIR/log"
  cannot_record "Read-only file system (mounted read-only: " unshare --mount sh -ec "
    mount -t tmpfs -o ro none '$BATS_TEST_TMPDIR/log'
    exec '$DAYBOOKD' --no-config --log-dir '$BATS_TEST_TMPDIR/log' --source 'replay:$sample' --min-free 1000000G"
}

@test "a log that is there is continued, and what it has is left as it is" {
  log=$BATS_TEST_TMPDIR/log
  "$DAYBOOKD" --log-dir "$log" --source "replay:$sample" --user "$(id -un)" --compress none
  sha256sum "$log/daybook-00000001.dbk" >"$BATS_TEST_TMPDIR/before"
  "$DAYBOOKD" --log-dir "$log" --source "replay:$sample" --user "$(id -un)" --compress none
  run -0 sha256sum --check "$BATS_TEST_TMPDIR/before"
  [[ -s $log/daybook-00000002.dbk ]]
}

@test "the log keeps to its budget: the oldest segments go" {
  log=$BATS_TEST_TMPDIR/log
  for _ in 1 2 3 4 5 6 7 8; do
    "$DAYBOOKD" --log-dir "$log" --source "replay:$sample" --user "$(id -un)" --compress none --max-bytes 4M
  done
  fallocate -l 4M "$log/daybook-00000004.dbk"
  "$DAYBOOKD" --log-dir "$log" --source "replay:$sample" --user "$(id -un)" --compress none --max-bytes 4M
  [[ ! -e $log/daybook-00000001.dbk && ! -e $log/daybook-00000004.dbk ]]
  [[ -e $log/daybook-00000005.dbk && -e $log/daybook-00000009.dbk ]]
  [[ $(du -sk "$log" | cut -f 1) -le 4096 ]]
}

@test "where no room is to be left, it waits for some, and says why" {
  run -1 --separate-stderr "$DAYBOOKD" --log-dir "$BATS_TEST_TMPDIR/log" \
    --source "replay:$sample" --user "$(id -un)" --min-free 1000000G
  has "${stderr_lines[0]}" "the log's limits leave no room for a segment"
  has "${stderr_lines[0]}" "going on"
  has "${stderr_lines[-1]}" "the log's limits leave no room for a segment"
}
