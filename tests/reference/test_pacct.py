#!/usr/bin/python3
"""Process accounting files in and out of daybook, held against the GNU accounting utilities.

DAYBOOK is the program under test.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import unittest

import pacct

DAYBOOK = os.environ['DAYBOOK']
VERSIONS = ('v0', 'v1', 'v2', 'v3')

# The uid of the edge rows that GNU's utilities take for a negative number.
BIG = 4000000000


class PacctTest(unittest.TestCase):
    """A folder for files and logs."""

    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = pathlib.Path(self.temporary.name)
        self.logs = 0

    def file(self, rows, name='pacct'):
        """A file of these rows."""
        return pacct.write(self.folder / name, rows)

    def bytes(self, content):
        """A file of these bytes."""
        path = self.folder / 'bytes'
        path.write_bytes(content)
        return path

    def run_import(self, *paths, status=0, stdin=subprocess.DEVNULL):
        """Imports; gives the new log's folder and the rows."""
        self.logs += 1
        log = self.folder / f'log-{self.logs}'
        output = pacct.run(DAYBOOK, 'import', *map(str, paths), '-o', str(log), '--output', 'jsonl',
                           status=status, stdin=stdin)
        return log, [json.loads(line) for line in output.splitlines()]

    def imported(self, path):
        """The log of a sound file."""
        return self.run_import(path)[0]

    def exported(self, log):
        """The bytes of the log as a file of version 3."""
        return pacct.run(DAYBOOK, 'export', '--format', 'pacct', '--log', str(log))

    def sa(self, log, *options):
        """Our answer in the shape of sa."""
        return pacct.run(DAYBOOK, 'summary', '--style', 'sa', '--log', str(log), *options)

    def sa_users(self, log):
        """Our answer in the shape of sa -m."""
        return pacct.run(DAYBOOK, 'summary', '--style', 'sa-users', '--log', str(log))

    def lastcomm(self, log, *options):
        """Our answer in the shape of lastcomm."""
        return pacct.run(DAYBOOK, 'list', '--style', 'lastcomm', '--log', str(log), *options)

    def assert_same(self, ours, theirs):
        """Line by line, so that a difference can be read."""
        self.assertEqual(ours.split(b'\n'), theirs.split(b'\n'))


def as_dump(log):
    """The records of an imported log as dump-acct would show them; see pacct.dump."""
    output = pacct.run(DAYBOOK, 'dump', '--log', str(log), '--output', 'jsonl')
    records = []
    for line in output.splitlines():
        record = json.loads(line)
        fields = record.get('fields')
        if record['type'] == 'acct':
            acct = fields
        elif record['type'] == 'exit':
            records.append(dump_record(acct, fields))
    return records


def text_bytes(text):
    """The bytes of a string in our JSON."""
    raw = re.sub(r'\\x([0-9a-f]{2})', lambda match: chr(int(match[1], 16)), text)
    return raw.encode('latin-1')


def terminal(device):
    """What GNU's utilities call a terminal."""
    major, minor = map(int, device.split(':'))
    if (major, minor) == (0, 0):
        return '__'
    if major == 136:
        return f'pts/{minor}'
    known = {(4, 1): 'tty1', (4, 64): 'ttyS0', (5, 1): 'console'}
    return known.get((major, minor), f'[{major},{minor}]')


def dump_record(acct, fields):
    """One of them."""
    letters = zip('SFCDX', ('superuser', 'fork', 'compat', 'core', 'signal'))
    flags = ''.join(letter if name in acct['flags'] else ' ' for letter, name in letters)
    ticks = [f'{fields[name] / 10000:.2f}' for name in ('utime', 'stime')]
    elapsed = (fields['time'] - fields['start']) / 1e7
    start = time.strftime('%a %b %e %H:%M:%S %Y', time.gmtime(fields['start'] // 10 ** 9))
    return (text_bytes(fields['comm']), *ticks, f'{elapsed:.2f}', str(fields['uid']),
            str(fields['gid']), f'{acct["memory"]:.2f}', f'{acct["io"]:.2f}',
            str(fields['pid']), str(fields['ppid'] or 0), flags.strip(),
            str(fields['wait_status'] >> 8), terminal(fields['tty']), start)


class EdgeRowsTest(PacctTest):
    """The table of edge rows in all versions and byte orders."""

    def setUp(self):
        super().setUp()
        self.rows = pacct.parse_table(pacct.EDGE_ROWS)
        self.path = self.file(self.rows)

    def versions(self):
        """The file in every version: (what it is, path, a file that GNU reads as the same)."""
        for version in VERSIONS:
            for byteswap in (False, True):
                path = pacct.convert(self.path, version, byteswap)
                # GNU writes version 1 with 62 bytes a record, and reads it with 64. Only ours
                # reads it; its elapsed time is that of version 2.
                oracle = pacct.convert(self.path, 'v2', byteswap) if version == 'v1' else path
                yield f'{version}, swapped: {byteswap}', path, oracle

    def test_dump(self):
        """Every field of every record."""
        for what, path, oracle in self.versions():
            with self.subTest(what):
                self.assertEqual(as_dump(self.imported(path)), pacct.dump(oracle))

    def test_sa(self):
        """Totals by command: nothing in them is wrong."""
        for what, path, oracle in self.versions():
            with self.subTest(what):
                self.assert_same(self.sa(self.imported(path)),
                                 pacct.run('sa', '-i', str(oracle)))

    def test_sa_users(self):
        """Totals by user. GNU is wrong: a uid above 2^31 is negative there."""
        for what, path, oracle in self.versions():
            with self.subTest(what):
                theirs = pacct.run('sa', '-i', '-m', str(oracle))
                self.assertIn(b'\n%-10d ' % (BIG - 2 ** 32), theirs)
                theirs = theirs.replace(b'%-10d' % (BIG - 2 ** 32), b'%-10d' % BIG)
                self.assert_same(self.sa_users(self.imported(path)), theirs)

    def test_lastcomm(self):
        """Every process, the last one first. GNU is wrong in the same uid, and shows 8 digits."""
        for what, path, oracle in self.versions():
            with self.subTest(what):
                theirs = pacct.run('lastcomm', '-f', str(oracle))
                self.assertIn(b' -2949672 ', theirs)
                self.assert_same(self.lastcomm(self.imported(path)),
                                 theirs.replace(b' -2949672 ', b' 40000000 '))

    def test_export(self):
        """What came from version 3 is the same bytes again; of others GNU sees the same."""
        for what, path, oracle in self.versions():
            with self.subTest(what):
                content = self.exported(self.imported(path))
                if what.startswith('v3'):
                    self.assertEqual(content, self.path.read_bytes())
                else:
                    again = self.bytes(content)
                    self.assertEqual(pacct.dump(again), pacct.dump(oracle))

    def test_facts(self):
        """What the file's own version says of it, and where GNU hides how a process ended."""
        swapped = pacct.convert(self.path, 'v3', True)
        log, (row,) = self.run_import(swapped)
        self.assertEqual((row['verdict'], row['version'], row['byte_order'], row['records']),
                         ('complete', 3, 'big', len(self.rows)))
        lives = {life['pid']: life for life in map(json.loads, pacct.run(
            DAYBOOK, 'list', '--log', str(log), '--output', 'jsonl').splitlines())}
        self.assertEqual((lives[103]['signal'], lives[103]['core']), (signal.SIGSEGV, True))
        self.assertEqual(lives[105]['exit_code'], 3)
        self.assertEqual(lives[102]['uid'], BIG)
        self.assertEqual((lives[101]['ppid'], lives[101]['exit_ppid']), (None, 100))
        theirs = pacct.run('dump-acct', str(swapped)).decode('latin-1')
        self.assertRegex(theirs, r'crash .*\|   DX\|       0\|')  # not 11

    def test_sound_log(self):
        """The log is one like any other, and says where it comes from."""
        log = self.imported(self.path)
        pacct.run(DAYBOOK, 'verify', '--log', str(log))
        report = json.loads(pacct.run(DAYBOOK, 'summary', '--log', str(log), '--output', 'json'))
        self.assertEqual(report['coverage']['imported'], True)
        self.assertEqual(report['coverage']['processes'], len(self.rows))
        self.assertIn(b'imported from pacct: starts to 1 s, CPU times to 10 ms',
                      pacct.run(DAYBOOK, 'list', '--log', str(log)))


class ShapeTest(PacctTest):
    """Files that are unusual in their whole."""

    def test_zero_ticks(self):
        """A thousand processes without a tick cost nothing, as far as such files tell."""
        rows = [pacct.Row(comm=b'true', pid=number % 7 + 1, start=1700000000)
                for number in range(1000)]
        path = self.file(rows)
        for version in VERSIONS:
            log = self.imported(pacct.convert(path, version, False))
            self.assert_same(self.sa(log), pacct.run('sa', '-i', str(path)))
            self.assertEqual(self.lastcomm(log).count(b'\n'), 1000)
            self.assertIn(b'   1000 ', self.sa(log))

    def test_fractions(self):
        """Sums round as sa rounds them."""
        rows = [pacct.Row(comm=b'%d' % (number % 9), utime=number % 61, stime=number % 7,
                          etime=number * 37 % 4001, mem=number * 11 % 8000, pid=number + 1)
                for number in range(3000)]
        path = self.file(rows)
        self.assert_same(self.sa(self.imported(path)), pacct.run('sa', '-i', str(path)))

    def test_once_only(self):
        """GNU is wrong: where every command ran once, sa prints nothing at all."""
        path = self.file([pacct.Row(comm=b'one', utime=6000), pacct.Row(comm=b'two', pid=2)])
        self.assertEqual(pacct.run('sa', '-i', str(path)), b'')
        self.assertEqual([line.split()[0] for line in self.sa(self.imported(path)).splitlines()],
                         [b'2', b'2'])

    def test_empty(self):
        """A file to which nothing was written yet is fine, and makes no log."""
        log, (row,) = self.run_import(self.bytes(b''))
        self.assertEqual((row['verdict'], row['records']), ('complete', 0))
        self.assertFalse(log.exists())

    def test_standard_input(self):
        """Several files, one of them a pipe, in the order given."""
        first = self.file([pacct.Row(comm=b'first')], 'first')
        second = self.file([pacct.Row(comm=b'second', pid=2)], 'second')
        with subprocess.Popen(['cat', str(second)], stdout=subprocess.PIPE) as cat:
            log, rows = self.run_import(first, '-', stdin=cat.stdout)
        self.assertEqual([row['file'] for row in rows], [str(first), 'standard input'])
        self.assertEqual(self.exported(log), first.read_bytes() + second.read_bytes())

    def test_window(self):
        """The views keep to the time that is asked for."""
        rows = [pacct.Row(comm=b'%d' % hour, start=1700000000 + 3600 * hour, pid=hour + 1)
                for hour in range(10)]
        log = self.imported(self.file(rows))
        window = ('-S', f'@{1700000000 + 3600 * 4 - 60}', '-U', f'@{1700000000 + 3600 * 6}')
        self.assertEqual([line.split()[0] for line in self.lastcomm(log, *window).splitlines()],
                         [b'5', b'4'])

    def test_mixed_versions(self):
        """A kernel that was replaced goes on in the same file."""
        path = self.file(pacct.parse_table(pacct.EDGE_ROWS))
        parts = [pacct.convert(path, version, False).read_bytes() for version in ('v2', 'v3')]
        mixed = self.bytes(b''.join(parts))
        self.assertEqual(as_dump(self.imported(mixed)), pacct.dump(mixed))


class DamageTest(PacctTest):
    """Damage is told by its bytes, and costs no more than it touches."""

    def setUp(self):
        super().setUp()
        self.path = self.file(pacct.parse_table(pacct.EDGE_ROWS)[:9])
        self.content = self.path.read_bytes()

    def gaps(self, rows):
        """The ranges of bytes that were not read."""
        return [(row['begin'], row['end'], row['verdict']) for row in rows if row['row'] == 'gap']

    def test_torn_tail(self):
        """GNU is wrong: lastcomm crashes, sa and dump-acct are silent."""
        path = self.bytes(self.content[:-20])
        log, rows = self.run_import(path, status=1)
        self.assertEqual(self.gaps(rows), [(512, 556, 'torn_tail')])
        self.assertEqual(self.exported(log), self.content[:512])
        self.assertRaises(AssertionError, pacct.run, 'lastcomm', '-f', str(path))
        pacct.run('dump-acct', str(path))
        pacct.run('sa', '-i', str(path))

    def test_lost_middle(self):
        """GNU is wrong: two intact records are gone from its view, and it invents others."""
        path = self.bytes(self.content[:3 * 64 + 21] + self.content[5 * 64:])
        log, rows = self.run_import(path, status=4)
        self.assertEqual(self.gaps(rows), [(192, 213, 'damaged')])
        self.assertEqual(self.exported(log), self.content[:192] + self.content[5 * 64:])
        theirs = pacct.dump(path)
        self.assertEqual(theirs[:3], pacct.dump(self.path)[:3])
        self.assertNotEqual(theirs[3:], pacct.dump(self.path)[5:])

    def test_shift(self):
        """GNU is wrong: dump-acct shows nonsense, with exit status 0."""
        path = self.bytes(b'ten bytes.' + self.content)
        log, rows = self.run_import(path, status=4)
        self.assertEqual(self.gaps(rows), [(0, 10, 'damaged')])
        self.assertEqual(self.exported(log), self.content)
        self.assertNotIn(pacct.dump(self.path)[0], pacct.dump(path))

    def test_zeros(self):
        """What a power loss leaves. GNU takes zeros for records."""
        path = self.bytes(self.content[:128] + bytes(192) + self.content[320:])
        log, rows = self.run_import(path, status=4)
        self.assertEqual(self.gaps(rows), [(128, 320, 'damaged')])
        self.assertEqual(self.exported(log), self.content[:128] + self.content[320:])
        self.assertEqual(len(pacct.dump(path)), 9)

    def test_no_such_file(self):
        """What is no such file makes no log, and the others do all the same."""
        text = self.folder / 'text'
        text.write_bytes(b'What is this?\n' * 100)
        log, rows = self.run_import(text, status=3)
        self.assertEqual((rows, log.exists()), ([], False))
        log, rows = self.run_import(text, self.path, self.folder / 'missing', status=3)
        self.assertEqual([row['verdict'] for row in rows], ['complete'])
        self.assertEqual(self.exported(log), self.content)

    def test_every_truncation_and_every_flipped_byte(self):
        """No crash; and never exit status 0 where a record is cut or gone."""
        content = self.content[:2 * 64]
        for size in range(len(content)):
            expected = 0 if size % 64 == 0 else 1 if size > 64 else 3
            self.run_import(self.bytes(content[:size]), status=expected)
        for place in range(len(content)):
            changed = bytearray(content)
            changed[place] ^= 0xFF
            log, rows = self.run_import(self.bytes(changed), status=None)
            gaps = self.gaps(rows)
            self.assertEqual(rows[0]['records'] + len(gaps), 2, place)
            self.assertEqual(rows[0]['verdict'], 'damaged' if gaps else 'complete', place)
            self.assertEqual(len(self.exported(log)), 64 * rows[0]['records'])


if __name__ == '__main__':
    unittest.main()
