#!/usr/bin/env python3
"""A real build, told by four at once: daybookd by BPF, daybookd by the proc connector, acct(2) and
the parent's wait4(2); and the kernel's count of forks. Prints who has which of its processes, and
the CPU time by each; ends with 1 where one of them misses something. As root.
  tests/bench/reconcile_build.py [COMMAND...]     default: our own programs, from nothing
"""

import ctypes
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
DAYBOOKD = TOP + "/build/release/recorder/daybookd"
DAYBOOK = TOP + "/build/release/analyzer/daybook"
ACCT_V3 = struct.Struct("<BBHIIIIIIfHHHHHHHH16s")  # struct acct_v3 of linux/acct.h


def accounting(path):
    if ctypes.CDLL(None, use_errno=True).acct(path) != 0:
        raise OSError(ctypes.get_errno(), "acct")


def comp(value):
    """comp_t: 13 bits, and an exponent of 8."""
    return (value & 0x1FFF) << (3 * (value >> 13))


def read_accounting(path):
    """{pid: (status, CPU seconds)} in ticks of 10 ms."""
    ends = {}
    with open(path, "rb") as file:
        while len(record := file.read(ACCT_V3.size)) == ACCT_V3.size:
            fields = ACCT_V3.unpack(record)
            ends[fields[6]] = (fields[3], (comp(fields[10]) + comp(fields[11])) / 100)
    return ends


class Recorder:
    def __init__(self, folder, source):
        self.folder = folder
        self.process = subprocess.Popen(
            [DAYBOOKD, "--no-config", "--log-dir", folder, "--source", source, "--user", "root"],
            stderr=subprocess.PIPE, text=True)
        said = self.process.stderr.readline()
        if not said.startswith("recording"):
            sys.exit(said)

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def ask(self, verb, columns=None):
        command = [DAYBOOK, verb, "--log", self.folder, "--output", "json"]
        if columns:
            command += ["--columns", ",".join(columns)]
        return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)

    def unseen(self):
        """Forks that the kernel counted from start to stop, and the hook did not see."""
        dump = subprocess.run([DAYBOOK, "dump", "--log", self.folder, "--output", "jsonl"],
                              check=True, capture_output=True, text=True).stdout
        ahead = []
        for line in dump.splitlines():
            record = json.loads(line)
            if record["type"] == "recorder":
                fields = record["fields"]
                ahead.append(fields["kernel_forks"] - fields["forks_seen"])
        return ahead[-1] - ahead[0]


def descendants(rows, root_pid):
    """The rows of that process and all that came of it."""
    children = {}
    root = None
    for row in rows:
        children.setdefault(row["parent_id"], []).append(row)
        if row["pid"] == root_pid:
            root = row
    found, todo = [], [root]
    while todo:
        row = todo.pop()
        found.append(row)
        todo += children.get(row["proc_id"], [])
    return found


def build(command, work):
    """Returns its pid, and what wait4 tells."""
    pid = os.fork()
    if pid == 0:
        null = os.open("/dev/null", os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        os.chdir(work)
        os.execvp(command[0], command)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"{command}: status {status}")
    return pid, usage.ru_utime + usage.ru_stime


def main():
    work = tempfile.mkdtemp()
    command = sys.argv[1:] or [
        "sh", "-c", f"cmake -S {TOP} -B build -G Ninja -DDAYBOOK_TESTS=OFF -DDAYBOOK_UNITY=OFF"
        " && cmake --build build"]
    pacct = work + "/pacct"
    open(pacct, "w").close()
    bpf = Recorder(work + "/bpf", "bpf")
    connector = Recorder(work + "/connector", "connector")
    accounting(pacct.encode())
    try:
        root, waited_cpu = build(command, work)
        time.sleep(0.5)
    finally:
        accounting(None)
        connector.stop()
        bpf.stop()

    answer = bpf.ask("list", ["proc_id", "parent_id", "pid", "wait_status", "cpu_us", "exact"])
    ours = descendants(answer["rows"], root)
    cpu_us = sum(row["cpu_us"] or 0 for row in ours)
    exact = sum(bool(row["exact"]) for row in ours)
    told = {(row["pid"], row["wait_status"])
            for row in connector.ask("list", ["pid", "wait_status"])["rows"]}
    accounted = read_accounting(pacct)
    by_connector = sum((row["pid"], row["wait_status"]) in told for row in ours)
    by_acct = sum(accounted.get(row["pid"], (None,))[0] == row["wait_status"] for row in ours)
    acct_cpu = sum(accounted.get(row["pid"], (0, 0))[1] for row in ours)
    unseen = bpf.unseen()
    shutil.rmtree(work)

    print(f"{len(ours)} processes of the build ended, {exact} of them with exact usage; "
          f"lost {answer['coverage']['lost_events']}")
    print(f"acct(2) tells {by_acct} of {len(ours)} with the same pid and status, "
          f"the connector {by_connector} of {len(ours)}")
    print(f"CPU: wait4(2) {waited_cpu:.6f} s, daybookd {cpu_us / 1e6:.6f} s "
          f"({cpu_us / 1e6 - waited_cpu:+.6f}), acct(2) {acct_cpu:.2f} s "
          f"({acct_cpu - waited_cpu:+.2f})")
    print(f"forks that the kernel counted and the hook did not see: {unseen}")
    whole = by_acct == by_connector == len(ours) and unseen == 0
    sys.exit(0 if whole else 1)


main()
