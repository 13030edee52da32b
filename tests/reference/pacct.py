"""Process accounting files for tests: written from a table, and read as the GNU utilities see them.

The utilities are sa, lastcomm and dump-acct of the Debian package acct.
"""

import dataclasses
import os
import shlex
import struct
import subprocess

RECORD_BYTES = 64
ENVIRONMENT = {**os.environ, 'TZ': 'UTC', 'LC_ALL': 'C', 'PATH': os.environ['PATH'] + ':/usr/sbin'}

AFORK, ASU, ACOMPAT, ACORE, AXSIG = 1, 2, 4, 8, 16

# Every column but the name has a default. A name is quoted as in a shell, with Python's escapes.
# comp_t values are the 16 bits as they stand in the file.
EDGE_ROWS = '''
comm                flags status uid        gid        pid     ppid tty    etime      utime  stime  mem    io     minflt majflt
sh                  .     0      0          0          100     1    0      1          3      4      2592   .      120    1
sh                  .     0      33         33         101     100  0x8803 6000       1      1      2592   .      120    .
big                 .     0      4000000000 4000000000 102     1    .      77         .      10     4096   .      .      .
crash               D,X   139    1000       1000       103     100  0x8905 12         25     .      8191   .      .      .
killed              X     9      1000       1000       104     100  0x8905 12         25     .      8191   .      .      .
exit3               .     0x300  0          0          105     100  .      5          .      .      .      .      .      .
exactly-sixteen!    .     0      1          1          106     1    0x0401 5          .      2      .      .      .      .
exactly-sixteen!    .     0      1          1          107     1    0x0440 5          .      2      .      .      .      .
'a\\x01b\\xff\\x7f' .     0      1          1          108     1    0x0501 5          .      .      .      .      .      .
'a\\x01b\\xff\\x7f' .     0      1          1          109     1    0x0301 5          .      .      .      .      .      .
'two words'         .     0      2          2          110     1    .      5          .      .      .      .      .      .
'two words'         .     0      2          2          111     1    .      5          .      .      .      .      .      .
make                F     0      1000       1000       112     100  .      5          .      1      .      .      .      .
make                F     0      1000       1000       113     100  .      5          .      1      .      .      .      .
make                .     0x200  1000       1000       114     100  .      50         .      1      .      .      .      .
make                .     0x200  1000       1000       115     100  .      50         .      1      .      .      .      .
sudo                S     0      0          1000       116     100  .      50         7      1      .      500    .      .
sudo                S,C   0      0          1000       117     100  .      50         7      1      .      .      .      .
daemon              S     0      0          0          118     1    .      1000000000 0x1fff 0x3fff .      .      0x1fff 0x3fff
comp                .     0      0          0          119     1    .      16777217   0x1fff 0x2400 0x3fff .      0xffff .
comp                .     0      0          0          120     1    .      4000000000 0xffff 0xffff 0xffff 0xffff 0xffff 0xffff
pid_max             .     0      65534      65534      4194304 1    .      5          .      .      .      .      .      .
'''


@dataclasses.dataclass
class Row:
    """One process. The times in ticks, counts as comp_t."""

    comm: bytes = b''
    flags: int = 0
    status: int = 0
    uid: int = 0
    gid: int = 0
    pid: int = 1
    ppid: int = 1
    tty: int = 0
    start: int = 1700000000
    etime: float = 0
    utime: int = 0
    stime: int = 0
    mem: int = 0
    io: int = 0
    rw: int = 0
    minflt: int = 0
    majflt: int = 0
    swaps: int = 0


def encode(row):
    """A record of version 3, little-endian."""
    return struct.pack('<BBHIIIIIIfHHHHHHHH16s', row.flags, 3, row.tty, row.status, row.uid,
                       row.gid, row.pid, row.ppid, row.start, row.etime, row.utime, row.stime,
                       row.mem, row.io, row.rw, row.minflt, row.majflt, row.swaps, row.comm)


def _flags(word):
    letters = {'F': AFORK, 'S': ASU, 'C': ACOMPAT, 'D': ACORE, 'X': AXSIG}
    return sum(letters[letter] for letter in word.split(','))


def parse_table(text):
    """The Rows of a table whose first line names the columns; '.' is the default."""
    heading, *lines = text.strip().splitlines()
    rows = []
    for number, line in enumerate(lines):
        row = Row(start=1700000000 + 13 * number)
        for name, word in zip(heading.split(), shlex.split(line)):
            if name == 'comm':
                row.comm = word.encode().decode('unicode_escape').encode('latin-1')
            elif word != '.':
                setattr(row, name, _flags(word) if name == 'flags' else int(word, 0))
        rows.append(row)
    return rows


def write(path, rows):
    """Writes a file of version 3."""
    path.write_bytes(b''.join(map(encode, rows)))
    return path


def run(*command, status=0, stdin=subprocess.DEVNULL):
    """What a command prints, as bytes. Checks its exit status, unless that is None."""
    done = subprocess.run(command, env=ENVIRONMENT, check=False, stdin=stdin,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if status is not None and done.returncode != status:
        raise AssertionError(f'{command}: exit status {done.returncode}, not {status}\n'
                             f'{done.stdout.decode(errors="replace")}{done.stderr.decode()}')
    return done.stdout


def convert(path, version, byteswap):
    """The file in another version ('v0' ...) and byte order, by dump-acct."""
    target = path.with_suffix(f'.{version}{"-swapped" if byteswap else ""}')
    options = ['--byteswap'] if byteswap else []
    target.write_bytes(run('dump-acct', '--raw', '--format', version, *options, str(path)))
    return target


def dump(path):
    """What dump-acct says: a tuple for each record, without its version."""
    lines = run('dump-acct', str(path)).split(b'\n')[:-1]
    records = []
    for line in lines:  # a name may have any byte
        name, rest = line[:16], line[17:].decode()
        records.append((name.rstrip(b' '), *(word.strip() for word in rest.split('|')[1:])))
    return records
