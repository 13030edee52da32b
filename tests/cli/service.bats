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

@test "the unit's command line is one that daybookd takes" {
  line=$(unit | sed -n 's/^ExecStart=//p')
  [[ $line == */daybookd\ * ]]
  # As it is where nobody sets the variable.
  read -ra arguments <<<"${line//\$DAYBOOKD_OPTIONS/}"
  run -0 "$DAYBOOKD" "${arguments[@]:1}" --help
}

@test "the unit's pins outlive a restart, and are on a file system of their own" {
  unit_has RestartKillSignal=SIGUSR2 ReadWritePaths=-/run/daybook
  unit | grep -q '^ExecStart=.* --pin /run/daybook/bpf ' || fail "it pins nothing"
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
  for setting in ProtectProc ProcSubset PrivateUsers PrivatePIDs PrivateNetwork ProtectClock; do
    ! unit | grep -q "^$setting=" || fail "with $setting it would not see everything"
  done
}

@test "the user and the folder are made" {
  run -0 grep -x 'u daybook - "Process accounting" -' "$TOP/recorder/service/sysusers.conf"
  run -0 grep -x 'd /var/log/daybook 0750 daybook daybook -' "$TOP/recorder/service/tmpfiles.conf"
}
