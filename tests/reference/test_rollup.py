#!/usr/bin/python3
"""Roll-ups by daybook-log(5), ROLL-UPS: read by the second reader, held against daybook's own sums.

DAYBOOK is the program under test.
"""

import collections
import json
import os
import pathlib
import subprocess
import unittest

import daybook_log

DAYBOOK = os.environ['DAYBOOK']
DATA = pathlib.Path(__file__).parent.parent / 'data'
ROLLUP, ROLLUP_GROUP = 0x30, 0x31
CLASSES = {'cpu_classes': 'cpu_us', 'elapsed_classes': 'elapsed_us', 'maxrss_classes': 'maxrss_kib'}
SUMS = {'count': 'count', 'failed': 'failed', 'lost': 'lost', 'cpu': 'cpu_us', 'utime': 'utime_us',
        'stime': 'stime_us', 'elapsed': 'elapsed_us', 'minflt': 'minflt', 'majflt': 'majflt',
        'nvcsw': 'nvcsw', 'nivcsw': 'nivcsw', 'read_bytes': 'read_bytes',
        'write_bytes': 'write_bytes'}


def rows_of(*arguments):
    """What daybook says in JSON Lines."""
    output = subprocess.run([DAYBOOK, *arguments, '--output', 'jsonl'], check=True,
                            capture_output=True, text=True, env={'TZ': 'UTC'}).stdout
    return [json.loads(line) for line in output.splitlines()]


def class_of(value):
    """The number of a value's class."""
    shift = max(value.bit_length() - 7, 0)
    return 64 * shift + (value >> shift)


def unpack(packed):
    """A histogram, {class: count}."""
    classes = {}
    number = pos = 0
    while pos < len(packed):
        step, pos = daybook_log.read_uint(packed, pos)
        count, pos = daybook_log.read_uint(packed, pos)
        number += step
        classes[number] = count
    return classes


def read_records():
    """The fields of the ROLLUP and of the ROLLUP_GROUP records of the golden file."""
    events = daybook_log.read_log((DATA / 'sample.rollup').read_bytes())
    by_type = collections.defaultdict(list)
    for event in events:
        if isinstance(event, daybook_log.Record):
            by_type[event.type].append(daybook_log.decode_record(event))
    return by_type[ROLLUP], by_type[ROLLUP_GROUP]


class RollupTest(unittest.TestCase):
    """The golden file, and the log that it was made of."""

    def setUp(self):
        self.rollups, self.groups = read_records()
        self.lives = [life for life in rows_of('list', '--log', str(DATA / 'sample.dbk'))
                      if life['state'] != 'running']

    def test_it_stands_before_and_behind_its_groups(self):
        self.assertEqual(len(self.rollups), 2)
        self.assertEqual(*self.rollups)
        rollup = self.rollups[0]
        self.assertEqual(rollup['host'], b'sample')
        self.assertEqual(rollup['day'], b'2026-11-22')
        self.assertEqual(rollup['until'] - rollup['from'], 86400 * 10**9)
        self.assertEqual(rollup['used'], sum(group['count'] for group in self.groups))
        self.assertEqual(rollup['groups'], len(self.groups))

    def test_sums_are_those_that_merge_tells(self):
        sums = collections.defaultdict(collections.Counter)
        for group in self.groups:
            for name, column in SUMS.items():
                sums[group['comm'].decode()][column] += group[name] or 0
        rows = rows_of('merge', str(DATA / 'sample.rollup'))
        self.assertEqual(len(rows), len(sums))
        for row in rows:
            for column, number in sums[row['comm']].items():
                self.assertEqual(row[column] or 0, number, (row['comm'], column))

    def test_classes_are_those_of_the_processes(self):
        for field, column in CLASSES.items():
            expected = collections.defaultdict(collections.Counter)
            for life in self.lives:
                value = life[column]
                if value is None and column == 'cpu_us':
                    value = 0  # as the version has it that made the file
                if value is not None:
                    expected[life['comm']][class_of(value)] += 1
            found = collections.defaultdict(collections.Counter)
            for group in self.groups:
                found[group['comm'].decode()].update(unpack(group[field]))
            self.assertEqual(found, expected, field)
            self.assertGreater(len(found['cat']), 1)


if __name__ == '__main__':
    unittest.main()
