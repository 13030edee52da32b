#!/usr/bin/python3
"""The second reader on the lives that share a record."""

import unittest

import daybook_log
from daybook_log import Base, write_uint
from test_daybook_log import begun, events_of, record

LIVES_GOLDEN = (
    'D0 0F'              # time: 1000 ticks
    'DA 0F'              # last_time: 1005
    'C8 01'              # pid 100
    '03'                 # count
    '01'                 # execs
    '24'                 # lives: 36 bytes
    '10 9C 81 80 02'     # the first: elapsed, ppid, parent_start, uid, comm
    '00 00'              # at 1000 ticks, pid 100
    '07'                 # elapsed 7
    'C5 01'              # ppid 1, 99 less than 100
    'BB 0F'              # parent_start: 10 ticks, 990 less than 1000
    'E8 07'              # uid 1000
    '02 73 68'           # comm sh
    '0D 80 80 80 88 80 80 01'  # the second: exec_after, exe; by the first
    '0A 02'              # at 1005 ticks, pid 101
    '04'                 # exec_after 3
    '02 2F 78'           # exe /x
    '04 09'              # the third: ppid; by the first, too
    '03 03'              # at 1003 ticks, pid 99
    '02')                # ppid 102, one more than that of the second


def told_life(key, fields=b'\0\0'):
    """SEVERAL LIVES: a life, which the fields are all of but the length and the key."""
    told = write_uint(key) + fields
    return bytes([len(told)]) + told


class LivesTest(unittest.TestCase):
    """SEVERAL LIVES."""

    ELAPSED = 4
    UNKNOWN = 1 << 44

    def read(self, payload, tick_ns=1000):
        """The lives of a payload."""
        lives = daybook_log.RECORD_TYPES[daybook_log.LIVES]
        values = daybook_log.decode_fields(lives.fields, payload, Base(0, 0), tick_ns)
        return daybook_log.decode_lives(values, tick_ns)

    def read_told(self, *told, count=None):
        """Those that are told so, in a record of time 10 and pid 20."""
        packed = b''.join(told)
        count = len(told) if count is None else count
        payload = bytes([20, 20, 40, count, 0]) + write_uint(len(packed)) + packed
        return self.read(payload)

    def check_malformed(self, *told, count=None):
        """That the first one is all that can be told."""
        count = 1 + len(told) if count is None else count
        first = told_life(self.ELAPSED, b'\0\0\x07')
        lives, malformed = self.read_told(first, *told, count=count)
        self.assertTrue(malformed)
        self.assertEqual([life['elapsed'] for life in lives], [7])

    def test_golden(self):
        lives, malformed = self.read(bytes.fromhex(LIVES_GOLDEN))
        self.assertFalse(malformed)
        nothing = {field.name: daybook_log.absent_value(field)
                   for field in daybook_log.RECORD_TYPES[daybook_log.LIFE].fields}
        first = nothing | {'time': 1000000, 'pid': 100, 'elapsed': 7, 'ppid': 1,
                           'parent_start': 10000, 'uid': 1000, 'comm': b'sh'}
        second = first | {'time': 1005000, 'pid': 101, 'exec_after': 3, 'exe': b'/x'}
        third = first | {'time': 1003000, 'pid': 99, 'ppid': 102}
        self.assertEqual(lives, [first, second, third])

    def test_as_json(self):
        payload = bytes.fromhex(LIVES_GOLDEN)
        data = begun().add(record(daybook_log.LIVES, payload), numbered=1).close().data
        events = [daybook_log.json_event(event) for event in events_of(data)]
        event = next(e for e in events if e.get('type') == daybook_log.LIVES)
        self.assertEqual(event['seq'], 1)
        self.assertEqual(event['fields']['count'], 3)
        self.assertEqual([life['comm'] for life in event['lives']], ['7368'] * 3)
        self.assertIs(event['malformed'], False)

    def test_back_to_fourth(self):
        told = [told_life(self.ELAPSED, bytes([0, 0, elapsed])) for elapsed in range(4)]
        for back in range(4):
            lives, malformed = self.read_told(*told, told_life(back))
            self.assertFalse(malformed)
            self.assertEqual(lives[4]['elapsed'], 3 - back)

    def test_back_too_far(self):
        self.assertEqual(self.read_told(told_life(1), told_life(0)), ([], True))
        for back in (1, 2, 3):
            self.check_malformed(told_life(back))

    def test_every_field(self):
        key = sum(1 << bit for bit in range(2, 44))
        fields = b'\0\0' + bytes([2]) * 20 + b'\x02sh' + bytes([2]) * 19 + b'\x02ab\x02c'
        lives, malformed = self.read_told(told_life(key, fields))
        self.assertFalse(malformed)
        self.assertEqual((lives[0]['ppid'], lives[0]['old_tid']), (21, 19))
        self.assertEqual((lives[0]['comm'], lives[0]['args_bytes']), (b'sh', 1))
        self.assertEqual((lives[0]['exe'], lives[0]['args']), (b'ab', b'c'))

    def test_back_to_unknown(self):
        bit = 1 << 24  # exec_after
        lives, malformed = self.read_told(told_life(bit, b'\0\0\x04'), told_life(0),
                                          told_life(bit, b'\0\0\0'))
        self.assertFalse(malformed)
        self.assertEqual([life['exec_after'] for life in lives], [3, 3, None])

    def test_newer_fields(self):
        newer = told_life(self.ELAPSED | self.UNKNOWN, b'\0\0\x09new')
        lives, malformed = self.read_told(newer, told_life(1 << 63), told_life(0))
        self.assertFalse(malformed)
        self.assertEqual([life['elapsed'] for life in lives], [9, 9, 9])

    def test_malformed_life(self):
        for name, told in {
                'empty': b'\0',
                'length behind the end': b'\x04\0\0\0',
                'key only': told_life(0, b''),
                'no pid': told_life(0, b'\0'),
                'a key that is cut': b'\x01\x80',
                'a key that is not shortest': b'\x04\x80\0\0\0',
                'a field that is not there': told_life(self.ELAPSED),
                'a field that is cut': told_life(self.ELAPSED, b'\0\0\x80'),
                'a number of 33 bits': told_life(1 << 7, b'\0\0' + write_uint(2 ** 32)),
                'a pid below 0': told_life(0, b'\0\x2B'),
                'a string that is cut': told_life(1 << 42, b'\0\0\x02a'),
                'a byte too many': told_life(0, b'\0\0\0'),
                'newer, without pid': told_life(self.UNKNOWN, b'\0'),
        }.items():
            with self.subTest(name):
                self.check_malformed(told)
                self.check_malformed(told, told_life(0))

    def test_malformed_count(self):
        self.check_malformed(count=2)
        self.check_malformed(b'\0', count=1)
        self.check_malformed(told_life(0), count=1)
        self.assertEqual(self.read_told(count=0), ([], False))
        self.assertEqual(self.read_told(told_life(0), count=0), ([], True))
        self.assertEqual(self.read(bytes([20, 20, 40, 1])), ([], True))
        self.assertEqual(self.read(bytes([20, 20, 40])), ([], False))

    def test_lacks_continuation(self):
        told = told_life(1 << 42, b'\0\0' + write_uint(98) + b'x' * 98)
        payload = bytes([20, 20, 40, 3, 0]) + write_uint(3 * len(told)) + 3 * told
        lives = daybook_log.RECORD_TYPES[daybook_log.LIVES]
        found, malformed = self.read(daybook_log.cut_to_fit(lives, payload[:255]))
        self.assertTrue(malformed)
        self.assertEqual([life['exe'] for life in found], [b'x' * 98] * 2)


if __name__ == '__main__':
    unittest.main()
