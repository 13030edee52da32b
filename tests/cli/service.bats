#!/usr/bin/env bats
# What is installed for a service manager. That it starts is for a host that has one.

load helper

unit() {
  grep -vE '^(#|$)' "$SERVICE/daybookd.service"
}

# unit_has LINE...: each stands in the unit as it is here.
unit_has() {
  local line
  for line; do
    unit | grep -qxF -- "$line" || fail "the unit has no line $line"
  done
}

@test "the unit waits for READY=1, and for signs of life" {
  unit_has Type=notify WatchdogSec=3min Restart=on-failure 'ExecReload=/bin/kill -HUP $MAINPID'
}

# started [SETTING...]: what holds where the unit starts it with this configuration, and with these
# DAYBOOKD_OPTIONS.
started() {
  printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/daybook.conf"
  line=$(unit | sed -n 's/^ExecStart=//p')
  [[ $line == */daybookd\ * ]] || return
  read -ra arguments <<<"${line//\$DAYBOOKD_OPTIONS/${DAYBOOKD_OPTIONS-}}"
  read -ra environment <<<"$(unit | sed -n 's/^Environment=//p' | tr '\n' ' ')"
  env "${environment[@]}" "$DAYBOOKD" "${arguments[@]:1}" --config "$BATS_TEST_TMPDIR/daybook.conf" --check-config
}

@test "the unit's command line is one that daybookd takes" {
  run -0 started
  has "$output" 'log-dir = "/var/log/daybook"'
  has "$output" 'pin = "/run/daybook/bpf"'
}

@test "what the configuration says goes before the unit, and the administrator's options before both" {
  run -0 started 'log-dir = /srv/log' 'pin = /srv/bpf'
  has "$output" 'log-dir = "/srv/log"'
  has "$output" 'pin = "/srv/bpf"'
  run -0 started 'pin = none'
  has "$output" 'pin = none'
  DAYBOOKD_OPTIONS="--log-dir /opt/log --pin /opt/bpf" run -0 started 'log-dir = /srv/log' 'pin = none'
  has "$output" 'log-dir = "/opt/log"'
  has "$output" 'pin = "/opt/bpf"'
}

@test "the unit's pins outlive a restart, and are on a file system of their own" {
  unit_has RestartKillSignal=SIGUSR2 ReadWritePaths=-/run/daybook Environment=DAYBOOKD_PIN=/run/daybook/bpf
  if [ "$(id -u)" != 0 ]; then
    [ -z "${CI-}" ] || fail "CI must run this as root"
    skip "mounting takes root"
  fi
  # As the unit has it, twice, in a mount namespace with a /run of its own and another owner.
  line=$(unit | sed -n "s/^ExecStartPre=-+\/bin\/sh -c '\(.*\)'$/\1/p" | sed s/daybook:daybook/nobody/)
  [ -n "$line" ]
  run -0 unshare --mount sh -ec "
    mount -t tmpfs none /run
    $line
    $line
    stat -f -c %T /run/daybook/bpf
    stat -c '%U %a' /run/daybook/bpf
    grep -c ' /run/daybook/bpf ' /proc/self/mountinfo"
  same $'bpf_fs\nnobody 1700\n1' "$output"
}

@test "the unit is never root, and has what loading takes" {
  unit_has User=daybook Group=daybook NoNewPrivileges=yes \
    "AmbientCapabilities=CAP_BPF CAP_PERFMON CAP_NET_ADMIN" \
    "CapabilityBoundingSet=CAP_BPF CAP_PERFMON CAP_NET_ADMIN"
}

@test "the unit writes to its log only" {
  unit_has ProtectSystem=strict ProtectHome=yes PrivateTmp=yes PrivateDevices=yes \
    LogsDirectory=daybook LogsDirectoryMode=0750
}

@test "the unit is hardened" {
  unit_has ProtectKernelTunables=yes ProtectKernelModules=yes ProtectKernelLogs=yes \
    ProtectControlGroups=yes RestrictNamespaces=yes RestrictSUIDSGID=yes LockPersonality=yes \
    MemoryDenyWriteExecute=yes "RestrictAddressFamilies=AF_UNIX AF_NETLINK" \
    SystemCallArchitectures=native SystemCallFilter=@system-service 'SystemCallFilter=~@privileged' \
    SystemCallErrorNumber=EPERM
}

@test "the unit leaves the recorder what it needs" {
  unit_has "SystemCallFilter=bpf capset seccomp adjtimex clock_adjtime" LimitMEMLOCK=infinity
  for setting in ProtectProc ProcSubset PrivateUsers PrivatePIDs PrivateNetwork ProtectClock ProtectHostname; do
    ! unit | grep -q "^$setting=" || fail "with $setting it would not see everything"
  done
}

@test "the user and the folder are made" {
  run -0 grep -x 'u daybook - "Process accounting" -' "$TOP/recorder/service/sysusers.conf"
  run -0 grep -x 'd /var/log/daybook 0750 daybook daybook -' "$TOP/recorder/service/tmpfiles.conf"
}
