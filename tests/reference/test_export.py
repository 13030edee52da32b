#!/usr/bin/python3
"""What daybook exports for flame graphs and traces, read as the programs read it that draw them.

DAYBOOK is the program under test.
"""

import collections
import json
import os
import pathlib
import struct
import subprocess
import tempfile
import unittest

DAYBOOK = os.environ['DAYBOOK']
DATA = pathlib.Path(__file__).parent.parent / 'data'
LOGS = ('lives.dbk', 'recorded_lives.dbk', 'shared_lives.dbk', 'sample.dbk', 'sample.dbk.zst')

# Each must stay one name: of one frame of a stack, and of one bar.
HOSTILE = (b'a;b', b'a b', b'a 1', b'a\n b 7', b'\x1b[2J', b'\xff\xfe', b'"},{"', b'\\', b'\\x3b',
           b'\\u0000', b'[unknown]', '\u2028\u3000'.encode(), '\u00a0 1'.encode(), b'\t1', b'\r\n1',
           '\u202e'.encode(), b'{}', b"'", b'</script>', b'\x85', b'#', b'')


def run(*arguments):
    return subprocess.run([DAYBOOK, *arguments], check=True, capture_output=True,
                          env={'TZ': 'UTC'}).stdout


def rows_of(*arguments):
    return [json.loads(line) for line in run(*arguments, '--output', 'jsonl').splitlines()]


def folded(*arguments):
    """Sums by stack. The number is behind the last blank, whatever is taken for one."""
    stacks = {}
    for line in run('export', '--format', 'folded', *arguments).decode().splitlines():
        words = line.split()
        if len(words) != 2:
            raise ValueError(f'not a stack and a number: {line!r}')
        frames = tuple(words[0].split(';'))
        if frames in stacks or '' in frames:
            raise ValueError(f'told twice, or with a frame without a name: {line!r}')
        stacks[frames] = int(words[1])
    return stacks


def trace(*arguments):
    return json.loads(run('export', '--format', 'trace', *arguments).decode())


def bars_of(document):
    return [event for event in document['traceEvents'] if event['ph'] == 'X']


def misplaced(bars):
    """What a viewer drops: a bar that begins within another one and ends behind it."""
    found = []
    lanes = collections.defaultdict(list)
    for bar in bars:
        lanes[bar['pid'], bar['tid']].append(bar)
    for lane in lanes.values():
        lane.sort(key=lambda bar: (bar['ts'], -bar['dur']))
        ends = []
        for bar in lane:
            while ends and ends[-1] <= bar['ts']:
                ends.pop()
            end = bar['ts'] + bar['dur']
            if ends and ends[-1] < end:
                found.append(bar)
            ends.append(end)
    return found


class ExportTest(unittest.TestCase):
    def test_stacks_add_up_to_the_summary(self):
        for name in LOGS:
            log = str(DATA / name)
            for weight, column in (('cpu', 'cpu_us'), ('count', 'count'), ('minflt', 'minflt')):
                with self.subTest(log=name, weight=weight):
                    stacks = folded('--log', log, '--weigh', weight)
                    rows = rows_of('summary', '--log', log, '--by', 'pid')
                    self.assertEqual(sum(stacks.values()), sum(row[column] or 0 for row in rows))
                    self.assertTrue(stacks)

    def test_a_trace_is_json_and_nests(self):
        for name in LOGS:
            log = str(DATA / name)
            with self.subTest(log=name):
                document = trace('--log', log)
                bars = bars_of(document)
                self.assertEqual(misplaced(bars), [])
                rows = rows_of('list', '--log', log, '--window', 'end')
                self.assertEqual(sorted(bar['args']['proc_id'] for bar in bars),
                                 sorted(row['proc_id'] for row in rows))
                self.assertEqual(document['otherData']['coverage']['used'], len(bars))

    def test_every_lane_and_track_has_one_name(self):
        document = trace('--log', str(DATA / 'sample.dbk'))
        names = collections.Counter()
        for event in document['traceEvents']:
            if event['ph'] == 'M':
                names[event['name'], event['pid'], event['tid']] += 1
        self.assertEqual(set(names.values()), {1})
        for bar in bars_of(document):
            self.assertIn(('thread_name', bar['pid'], bar['tid']), names)
            self.assertIn(('process_name', bar['pid'], bar['pid']), names)
        lanes = [tid for name, _, tid in names if name == 'thread_name']
        self.assertEqual(len(lanes), len(set(lanes)))

    def test_bars_show_what_list_tells(self):
        log = str(DATA / 'recorded_lives.dbk')
        rows = {row['proc_id']: row for row in rows_of('list', '--log', log)}
        for bar in bars_of(trace('--log', log)):
            row = rows[bar['args']['proc_id']]
            self.assertEqual(bar['name'], row['comm'] or '[unknown]')
            for name, value in bar['args'].items():
                if name not in ('args', 'user', 'status'):
                    self.assertEqual(value, row[name], name)

    def test_names_are_only_names(self):
        with tempfile.TemporaryDirectory() as folder:
            pacct, log = f'{folder}/pacct', f'{folder}/log'
            with open(pacct, 'wb') as file:
                for number, name in enumerate(HOSTILE):
                    file.write(struct.pack('<BBHIIIIIIfHHHHHHHH16s', 0, 3, 0, 0, 0, 0, 100 + number, 1,
                                           1700000000 + number, 100.0, number + 1, 0, 0, 0, 0, 0, 0,
                                           0, name))
            run('import', pacct, '-o', log)
            stacks = folded('--log', log)
            self.assertEqual(sorted(stacks.values()),
                             [10000 * (number + 1) for number in range(len(HOSTILE))])
            self.assertEqual({len(frames) for frames in stacks}, {2})
            self.assertEqual({frames[0] for frames in stacks}, {'[unknown]'})
            self.assertNotIn(('[unknown]', '[unknown]'), stacks)
            bars = bars_of(trace('--log', log))
            self.assertEqual(len({bar['name'] for bar in bars}), len(HOSTILE))
            self.assertEqual(misplaced(bars), [])


if __name__ == '__main__':
    unittest.main()
