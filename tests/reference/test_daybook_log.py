#!/usr/bin/python3
"""Tests of daybook_log.py, by the manual page alone."""

import contextlib
import io
import itertools
import json
import os
import random
import re
import struct
import unittest

import daybook_log
from daybook_log import (Base, End, Gap, Malformed, Record, crc32c,
                         read_log, read_uint, write_uint)

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(HERE, '..', 'fuzz', 'corpus', 'reader')
SAMPLE = os.path.join(HERE, '..', 'data', 'sample.dbk')
PAGE = os.path.join(HERE, '..', '..', 'man', 'daybook-log.5')

TAG = 0x12345678
STREAM = b'\x11' * 16


def slurp(path):
    """The bytes of a file."""
    with open(path, 'rb') as file:
        return file.read()


def corpus(name):
    """The bytes of a file of the corpus."""
    return slurp(os.path.join(CORPUS, name))


def zigzag(number):
    """CONVENTIONS, Codes, int."""
    return number << 1 if number >= 0 else (-number << 1) - 1


def record(record_type, payload):
    """RECORDS: the bytes of a record of at most 255 bytes of payload."""
    return b'\x2b\x91' + bytes([record_type, len(payload)]) + payload


def long_record(record_type, payload):
    """RECORDS, Long records: a record with its CONTs."""
    out = record(record_type, payload[:255])
    if len(payload) < 255:
        return out
    rest = payload[255:]
    for index in itertools.count():
        part = rest[:254]
        rest = rest[254:]
        out += record(0x0F, bytes([index % 128]) + part)
        if len(part) < 254:
            return out


def start_record(tag=TAG, stream_id=STREAM, tick_ns=1000, major=1,
                 min_reader=0, incompat=0):
    """A SEGMENT_START without the fields behind first_seq."""
    payload = daybook_log.SIGNATURE
    payload += write_uint(major) + b'\0' + write_uint(min_reader) + b'\0'
    payload += write_uint(incompat) + struct.pack('<I', tag) + b'\x01'
    payload += stream_id + bytes(32) + write_uint(tick_ns) + b'\x01'
    payload += write_uint(0) + write_uint(0)
    return record(0x01, payload)


def fork(ticks=0, pid=5, base=Base(0, 0)):
    """A FORK."""
    payload = write_uint(zigzag(ticks - base.ticks))
    payload += write_uint(zigzag(pid - base.pid))
    payload += write_uint(zigzag(1 - base.pid)) + b'\0\0'
    return record(0x20, payload + bytes(7))


class Writer:
    """A writer that is as small as it can be."""

    def __init__(self, tag=TAG, first_seq=1):
        """Begin a segment."""
        self.tag = tag
        self.seq = first_seq
        self.data = b''
        self.begin = 0
        self.base = Base(0, 0)
        self.numbered = 0
        self.synced = 0

    def add(self, *records, numbered=0):
        """Append records to the open block."""
        self.data += b''.join(records)
        self.numbered += numbered
        return self

    def mark(self):
        """Append a MARK."""
        place = struct.pack('<IQQQI', self.tag, self.begin, self.seq,
                            self.base.ticks, self.base.pid)
        self.data += b'\x2b\x91\x04\x05\x01'
        self.data += struct.pack('<I', crc32c(place + self.data[self.begin:]))
        return self

    def close(self, flags=0, seq=None, times=(0, 0), block=None, **changes):
        """Append a CHECKPOINT."""
        if seq is not None:
            self.seq = seq
        block = self.data[self.begin:] if block is None else block
        values = {'block_bytes': len(block), 'logical_offset': self.begin,
                  'unsynced': len(self.data) - self.synced}
        values.update(changes)
        payload = write_uint(flags) + struct.pack('<I', self.tag)
        payload += write_uint(values['block_bytes'])
        payload += write_uint(values['logical_offset'])
        payload += write_uint(self.seq) + write_uint(self.numbered) + b'\0'
        payload += write_uint(self.base.ticks)
        payload += write_uint(times[0]) + write_uint(times[1])
        payload += write_uint(self.base.pid) + write_uint(self.base.pid)
        payload += b'\0' + write_uint(values['unsynced'])
        payload += struct.pack('<I', crc32c(block))
        head = b'\x2b\x91\x03' + bytes([len(payload) + 4]) + payload
        self.data += head + struct.pack('<I', crc32c(head))
        self.seq += self.numbered
        self.numbered = 0
        self.begin = len(self.data)
        self.base = Base(times[1], self.base.pid)
        return self


def begun():
    """A Writer with a head."""
    return Writer().add(start_record()).close(flags=1)


def events_of(data, **options):
    """All events as a list."""
    return list(read_log(data, **options))


def gaps_of(data, **options):
    """The gaps."""
    return [e for e in read_log(data, **options) if isinstance(e, Gap)]


def records_of(data, **options):
    """The records."""
    return [e for e in read_log(data, **options) if isinstance(e, Record)]


def page_example():
    """The bytes of EXAMPLES, with a check of the offsets."""
    out = b''
    with open(PAGE, encoding='utf-8') as file:
        text = file.read()
    text = text[text.index('BEGIN example'):text.index('END example')]
    for line in text.splitlines():
        match = re.match(r'([0-9A-F]{4})  ((?:[0-9A-F]{2} ?){1,8})', line)
        if match:
            assert int(match[1], 16) == len(out), line
            out += bytes.fromhex(match[2])
    return out


def page_types():
    """RECORD TYPES of the page: {number: RecordType}."""
    with open(PAGE, encoding='utf-8') as file:
        text = file.read()
    text = text[text.index('BEGIN records'):text.index('END records')]
    types = {}
    for table in text.split('\n.Ss ')[1:]:
        number, name = table.split('\n', 1)[0].split()
        bounds = re.search(r'Payload of (?:(\d+) to )?(\d+) bytes', table)
        fields = re.findall(r'^\.It Va (\w+) Pq ([\w?]+)', table, re.MULTILINE)
        types[int(number, 16)] = daybook_log._type(
            name, int(bounds[1] or bounds[2]), int(bounds[2]),
            ','.join(' '.join(field) for field in fields))
    return types


class ConventionsTest(unittest.TestCase):
    """CONVENTIONS."""

    def test_crc_check_value(self):
        self.assertEqual(crc32c(b'123456789'), 0xE3069283)
        self.assertEqual(crc32c(b''), 0)

    def test_uint_round_trip(self):
        numbers = [0, 1, 127, 128, 16383, 16384, 2 ** 63, 2 ** 64 - 1]
        for number in numbers:
            raw = write_uint(number)
            self.assertEqual(read_uint(raw, 0), (number, len(raw)))

    def test_uint_malformed(self):
        bad = [b'', b'\x80', b'\x80\x00', b'\xff\x80\x00',
               b'\xff' * 9 + b'\x02', b'\xff' * 9 + b'\x00',
               b'\xff' * 10, b'\x80' * 10 + b'\x01']
        for raw in bad:
            with self.assertRaises(Malformed, msg=raw.hex()):
                read_uint(raw, 0)

    def test_zigzag(self):
        for number, signed in enumerate([0, -1, 1, -2, 2, -3]):
            self.assertEqual(daybook_log.unzigzag(number), signed)
        self.assertEqual(daybook_log.unzigzag(2 ** 64 - 1), -2 ** 63)

    def test_bits(self):
        field = daybook_log.Field('x', 'uint', 32, True)
        raw = write_uint(2 ** 32)
        self.assertEqual(daybook_log.read_field(field, raw, 0)[0], 2 ** 32 - 1)
        raw = write_uint(2 ** 32 + 1)
        with self.assertRaises(Malformed):
            daybook_log.read_field(field, raw, 0)

    def test_long_records(self):
        for length in (254, 255, 256, 508, 509, 510, 40000, 65533):
            data = begun().add(long_record(0x90, b'x' * length),
                               numbered=1).close().data
            found = [r for r in records_of(data) if r.type == 0x90]
            self.assertEqual(len(found), 1)
            self.assertEqual(len(found[0].payload), length)
            self.assertTrue(found[0].is_whole)

    def test_not_whole_and_stray(self):
        cont = record(0x0F, b'\x05abc')
        data = begun().add(record(0x90, b'x' * 255), cont, cont,
                           numbered=1).close().data
        found = records_of(data)[2:]
        self.assertEqual([r.type for r in found], [0x90, 15, 15, 3])
        self.assertFalse(found[0].is_whole)


class ExampleTest(unittest.TestCase):
    """EXAMPLES."""

    def test_whole(self):
        events = events_of(page_example())
        self.assertEqual([getattr(e, 'type', None) for e in events],
                         [1, 3, 0x20, 4, 3, None])
        self.assertEqual(events[2].seq, 1)
        self.assertEqual({e.proof for e in events[:-1]}, {'verified'})
        self.assertEqual(events[-1], End(False))

    def test_cut_behind_mark(self):
        events = events_of(page_example()[:0xA1])
        self.assertEqual([getattr(e, 'type', None) for e in events],
                         [1, 3, 0x20, 4, None])
        self.assertEqual(events[2].seq, 1)

    def test_decoded(self):
        values = [daybook_log.decode_record(r)
                  for r in records_of(page_example())]
        self.assertEqual(values[0]['realtime'], 1790000000000000000)
        self.assertEqual(values[0]['time'], 5000000000)
        self.assertIsNone(values[0]['previous_end'])
        self.assertEqual(values[2]['time'], 5000250000)
        self.assertEqual(values[2]['pid'], 1234)
        self.assertEqual(values[2]['ppid'], 1)
        self.assertEqual(values[2]['parent_start'], 10000000)
        self.assertEqual(values[2]['uid'], 1000)
        self.assertIsNone(values[2]['sid'])
        self.assertEqual(values[4]['block_bytes'], 34)
        self.assertEqual(values[4]['base_time'], 5000000000)


class TypesTest(unittest.TestCase):
    """RECORD TYPES."""

    def test_page(self):
        types = page_types()
        self.assertEqual(set(types), set(daybook_log.RECORD_TYPES))
        for number, described in types.items():
            self.assertEqual(daybook_log.RECORD_TYPES[number], described)


class FilesTest(unittest.TestCase):
    """The sample and the corpus."""

    def test_sample(self):
        events = events_of(slurp(SAMPLE))
        self.assertEqual(events.pop(), End(True))
        self.assertTrue(all(isinstance(e, Record) for e in events))
        self.assertEqual({e.proof for e in events}, {'verified'})
        pos = 0
        for event in events:
            self.assertEqual(event.offset, pos)
            self.assertTrue(event.is_whole)
            pos += event.size
            daybook_log.decode_record(event)
        self.assertEqual(pos, os.path.getsize(SAMPLE))
        numbers = [e.seq for e in events if e.seq is not None]
        self.assertEqual(numbers,
                         list(range(numbers[0], numbers[0] + len(numbers))))

    def test_corpus_covers_all(self):
        for name in os.listdir(CORPUS):
            self.check(corpus(name))

    def test_truncations(self):
        data = corpus('open')
        for length in range(0, len(data) + 1, 7):
            self.check(data[:length])

    def test_headless_and_concatenated_truncations(self):
        for name in ('headless', 'concatenated'):
            data = corpus(name)
            for length in range(0, len(data) + 1, 23):
                self.check(data[:length])

    def test_random_damage(self):
        generator = random.Random(1)
        data = corpus('concatenated')
        for _ in range(150):
            damaged = bytearray(data)
            for _ in range(generator.randrange(1, 6)):
                place = generator.randrange(len(damaged) - 50)
                kind = generator.randrange(4)
                if kind == 0:
                    damaged[place] ^= generator.randrange(1, 256)
                elif kind == 1:
                    del damaged[place:place + generator.randrange(50)]
                elif kind == 2:
                    damaged[place:place] = generator.randbytes(9)
                else:
                    damaged[place:place + 40] = bytes(40)
            self.check(bytes(damaged))

    def check(self, data):
        """What holds for all bytes: order, cover, salvage adds only."""
        plain = events_of(data)
        events = events_of(data, salvage=True)
        self.assertIsInstance(events[-1], End)
        pos = 0
        low = 0
        gap = None
        kept = []
        for event in events[:-1]:
            if isinstance(event, Gap):
                self.assertEqual(event.begin, pos)
                pos = event.end
                gap = event
                low = gap.begin
            elif event.proof == 'verified' or event.offset == pos:
                # Or salvaged when the file was made.
                self.assertEqual(event.offset, pos)
                pos += event.size
                kept.append(event)
            else:
                # It may begin within the one before, whose length may be wrong.
                self.assertLessEqual(low, event.offset)
                low = event.offset + 1
                self.assertLessEqual(event.offset + event.size, gap.end)
                self.assertIsNone(event.seq)
        self.assertEqual(pos, len(data))
        self.assertEqual(kept + events[-1:], [e for e in plain if not isinstance(e, Gap)])

    def test_flipped_names_the_byte(self):
        right = corpus('closed')
        wrong = corpus('flipped')
        place = [i for i in range(len(right)) if right[i] != wrong[i]]
        self.assertEqual(len(place), 1)
        gap, = gaps_of(wrong)
        self.assertEqual(gap.wrong_byte, (place[0], wrong[place[0]],
                                          right[place[0]]))
        self.assertEqual(gap.cause, 'damaged')

    def test_headless(self):
        events = events_of(corpus('headless'))
        self.assertIsInstance(events[0], Gap)
        self.assertEqual(events[0].cause, 'damaged')
        self.assertIsNone(events[0].records_lost)


class StepsTest(unittest.TestCase):
    """READING, Steps 1 to 4."""

    def test_after_loss(self):
        writer = begun().add(fork(), numbered=1)
        data = writer.close(flags=16, seq=7, times=(3, 4)).data
        gap, = gaps_of(data)
        self.assertEqual((gap.cause, gap.records_lost, gap.first_lost_seq),
                         ('lost_before', 6, 1))
        self.assertEqual((gap.begin, gap.first_time, gap.last_time),
                         (gap.end, 0, 3000))
        self.assertEqual(records_of(data)[2].seq, 7)

    def test_salvaged_block(self):
        data = begun().add(fork(), numbered=1).close(flags=8).data
        found = records_of(data)
        self.assertEqual([(r.seq, r.proof) for r in found[2:]],
                         [(None, 'salvaged'), (None, 'verified')])

    def test_unsupported(self):
        for change in ({'major': 2}, {'min_reader': 1}, {'incompat': 1}):
            data = Writer().add(start_record(**change)).close(flags=1).add(
                fork(), numbered=1).close().data
            gap, = gaps_of(data)
            self.assertEqual(gap.cause, 'unsupported_version')
            self.assertEqual((gap.begin, gap.end), (0, len(data)))
            self.assertEqual(records_of(data), [])

    def test_behind_unsupported(self):
        for stream in (STREAM, b'\x22' * 16):
            other = Writer(tag=7).add(start_record(tag=7, stream_id=stream))
            data = Writer().add(start_record(major=2)).close(flags=1).data + other.close().data
            gap, = gaps_of(data)
            self.assertEqual(gap.cause, 'unsupported_version')
            self.assertEqual(gap.end < len(data), stream == STREAM)

    def test_forged_without_head(self):
        hidden = b'x' * 20 + b'\x2b\x91\x0f\xff\0' + b'x' * 150
        for payload, is_read in ((b'x' * 175, True), (b'x', False), (hidden, False)):
            data = begun().add(record(0x06, payload)).close().data
            self.assertEqual(bool(records_of(b'lost' + data)), is_read)

    def test_hole_and_damaged(self):
        for unsynced, cause in ((None, 'hole'), (0, 'damaged')):
            writer = begun()
            place = len(writer.data)
            writer.add(fork(), numbered=1).close()
            changes = {} if unsynced is None else {'unsynced': unsynced}
            writer.add(fork(), numbered=1).close(times=(5, 6), **changes)
            data = bytearray(writer.data)
            data[place:place + 4] = bytes(4)
            gap, = gaps_of(bytes(data))
            self.assertEqual(gap.cause, cause)
            self.assertEqual(gap.records_lost, 1)
            self.assertEqual(gap.first_lost_seq, 1)

    def test_trailing(self):
        data = begun().add(fork(), numbered=1).close(flags=2).data + b'more'
        gap, = gaps_of(data)
        self.assertEqual((gap.cause, gap.first_time), ('trailing', 0))

    def test_tail_kinds(self):
        whole = begun().data
        kinds = [(bytes(7), 'zero_fill'), (fork()[:-1], 'cut_record'),
                 (b'\x2b', 'cut_record'), (fork() + b'\x2b\x91', 'cut_record'),
                 (b'x' + bytes(1023), 'zero_sector'), (b'x', 'garbage'),
                 (fork(), 'cut_record'), (b'\x2b\x91\xff', 'cut_record'),
                 (b'\x2b\x91\xff\0', 'garbage')]
        for tail, kind in kinds:
            gap, = gaps_of(whole + tail)
            self.assertEqual((gap.cause, gap.tail), ('torn_tail', kind))

    def test_marks(self):
        writer = begun().add(fork(), numbered=1).mark().add(fork(pid=9))
        data = writer.data
        found = records_of(data)
        self.assertEqual([r.type for r in found], [1, 3, 32, 4])
        self.assertEqual(found[2].seq, 1)
        gap, = gaps_of(data, salvage=True)
        self.assertEqual(gap.records_salvaged, 1)
        self.assertEqual(records_of(data, salvage=True)[-1].proof, 'tail')

    def test_forged_block(self):
        writer = begun().add(fork(), numbered=1)
        place = len(writer.data)
        writer.add(b'no header').close()
        writer.add(fork(), numbered=1).close()
        events = events_of(writer.data)[2:]
        self.assertEqual(events[0].begin, events[0].end)  # bytes are missing
        self.assertEqual((events[1].type, events[1].proof), (32, 'verified'))
        self.assertEqual((events[2].begin, events[2].cause),
                         (place, 'damaged'))
        self.assertEqual(events[3].seq, 2)

    def test_other_stream_after_damage(self):
        for stream in (STREAM, b'\x22' * 16):
            other = Writer(tag=7).add(start_record(tag=7, stream_id=stream))
            data = begun().data + b'torn' + other.close(flags=1).data
            gap, = gaps_of(data)
            self.assertEqual(gap.cause, 'torn_tail')
            self.assertEqual(gap.end < len(data), stream == STREAM)

    def test_every_wrong_byte(self):
        writer = begun().add(fork(), fork(pid=8), numbered=2)
        begin = len(begun().data)
        end = len(writer.data)
        right = writer.close().data
        for place in range(begin, end):
            data = bytearray(right)
            data[place] ^= 0x41
            gap, = gaps_of(bytes(data))
            self.assertEqual(gap.wrong_byte,
                             (place, data[place], right[place]))


class SalvageTest(unittest.TestCase):
    """READING, Salvage."""

    def test_islands(self):
        generator = random.Random(2)
        for _ in range(600):
            size = generator.randrange(8, 26)
            offsets = sorted(generator.sample(range(size), generator.randrange(8)))
            ends = {pos: pos + generator.randrange(2, 9) for pos in offsets}
            allowed = [generator.random() < 0.7 for _ in offsets]
            self.assertEqual(daybook_log.best_islands(offsets, ends, list(allowed)),
                             self.brute_force(offsets, ends, allowed))

    @staticmethod
    def brute_force(offsets, ends, allowed):
        """Of all choices that do not overlap the best by the words of the page."""
        chains = [(pos, ends[pos]) for pos, fine in zip(offsets, allowed) if fine]
        choices = [choice for count in range(len(chains) + 1)
                   for choice in itertools.combinations(chains, count)
                   if all(a[1] <= b[0] for a, b in zip(choice, choice[1:]))]
        return list(min(choices, key=lambda choice: (sum(a - b for a, b in choice), choice)))

    def test_base_of_ender(self):
        writer = begun()
        place = len(writer.data)
        writer.add(fork(), fork(), fork(), fork(), numbered=4).close()
        data = bytearray(writer.data)
        data[place + len(fork())] ^= 1
        found = records_of(bytes(data), salvage=True)
        self.assertEqual([r.proof for r in found[2:]], ['salvaged'] * 3)
        self.assertTrue(all(r.base == Base(0, 0) for r in found))

    def test_schema_bounds(self):
        schema = record(0x02, write_uint(0x90) + b'\x01\x05\x01x\x00')
        writer = begun().add(schema).close()
        data = writer.data + record(0x90, b'abc') + record(0x91, b'abc')
        found = records_of(data, salvage=True)
        self.assertEqual([r.type for r in found][-1], 0x90)
        self.assertEqual(gaps_of(data, salvage=True)[0].records_salvaged, 1)


class CompressedTest(unittest.TestCase):
    """COMPRESSED SEGMENTS."""

    @staticmethod
    def skippable(records):
        """A skippable frame of ours."""
        head = b'\x5a\x2a\x4d\x18' + struct.pack('<I', len(records) + 8)
        whole = head + records + struct.pack('<I', len(records) + 16)
        return whole + struct.pack('<I', crc32c(whole))

    @staticmethod
    def content_of(packed):
        """The content, and whether it has changed."""
        content = daybook_log.Decompressor(packed).read()
        return content.data, content.changed

    def pack(self, data, length):
        """A compressed segment, cut at any length."""
        compressor = daybook_log.zstandard.ZstdCompressor(write_checksum=True)
        out = self.skippable(record(0x0A, b'\x01' + write_uint(len(data)) +
                                    struct.pack('<I', crc32c(data))))
        frames = []
        described = b''
        for begin in range(0, len(data), length):
            part = data[begin:begin + length]
            frame = compressor.compress(part)
            description = record(
                0x0B, write_uint(begin) + write_uint(len(part)) +
                write_uint(len(frame)) + struct.pack('<I', crc32c(frame)) +
                bytes(4))
            described += description
            out += self.skippable(description)
            frames.append((len(out), len(out) + len(frame), part))
            out += frame
        index = record(0x0C, write_uint(len(frames)) + write_uint(len(out)))
        out += self.skippable(index + described)
        table = bytes(8 * len(frames)) + struct.pack('<I', len(frames))
        table += b'\0' + b'\xb1\xea\x92\x8f'
        out += b'\x5e\x2a\x4d\x18' + struct.pack('<I', len(table)) + table
        return out, frames

    def test_whole(self):
        data = slurp(SAMPLE)
        packed, _ = self.pack(data, 4000)
        self.assertEqual(self.content_of(packed), (data, False))
        self.assertTrue(daybook_log.is_compressed('-', packed))
        self.assertFalse(daybook_log.is_compressed('-', data))

    def test_each_frame_damaged(self):
        data = slurp(SAMPLE)
        packed, frames = self.pack(data, 4000)
        for number, (begin, end, part) in enumerate(frames):
            before = b''.join(frame[2] for frame in frames[:number])
            after = b''.join(frame[2] for frame in frames[number + 1:])
            for place in (begin, begin + 5, (begin + end) // 2, end - 1):
                damaged = bytearray(packed)
                damaged[place] ^= 0x55
                content, changed = self.content_of(bytes(damaged))
                self.assertTrue(content.startswith(before) and content.endswith(after))
                # The first bytes of a frame are known; its checksum proves nothing but itself.
                self.assertEqual(changed, content != data)
                if place in (begin, end - 1):
                    self.assertEqual(content, before + part + after)
            cut = packed[:begin + 9] + packed[begin + 30:]
            content, changed = self.content_of(cut)
            self.assertTrue(content.startswith(before) and content.endswith(after) and changed)

    def test_each_description_damaged(self):
        data = slurp(SAMPLE)
        packed, frames = self.pack(data, 4000)
        for begin, _, _ in frames:
            damaged = bytearray(packed)
            damaged[begin - 10] ^= 0x55
            self.assertEqual(self.content_of(bytes(damaged)), (data, False))

    def test_head_damaged(self):
        data = slurp(SAMPLE)
        packed, _ = self.pack(data, 4000)
        for place in range(16):
            damaged = bytearray(packed)
            damaged[place] ^= 0x55
            self.assertEqual(self.content_of(bytes(damaged)), (data, True))

    def test_truncations(self):
        packed, _ = self.pack(corpus('open'), 1000)
        for length in range(0, len(packed), 7):
            content, changed = self.content_of(packed[:length])
            self.assertTrue(corpus('open').startswith(content))
            events_of(daybook_log.Content(content, changed), salvage=True)

    def test_several(self):
        data = slurp(SAMPLE)
        packed, _ = self.pack(data, 4000)
        for rest in (b'', data, b'no segment', daybook_log.ZSTD_MAGIC + b'no frame'):
            contents = daybook_log.decompress(packed + packed + rest)
            self.assertTrue([content.data for content in contents] ==
                            [data, data] + [rest] * (rest != b''), rest[:20])
            self.assertFalse(any(content.changed for content in contents))
        events = events_of(daybook_log.decompress(packed + b'no segment'))
        self.assertEqual((events[-2].begin, events[-2].end), (len(data), len(data) + 10))
        self.assertEqual(sum(isinstance(event, daybook_log.End) for event in events), 1)

    def test_no_torn_tail(self):
        data = begun().data + b'x'
        self.assertEqual(gaps_of(data)[0].cause, 'torn_tail')
        self.assertEqual(gaps_of(daybook_log.Content(data, True))[0].cause, 'damaged')


class CommandTest(unittest.TestCase):
    """The command line."""

    def test_lines(self):
        out = io.StringIO()
        paths = [os.path.join(CORPUS, name) for name in ('empty', 'flipped')]
        with contextlib.redirect_stdout(out):
            self.assertEqual(daybook_log.main(['--salvage'] + paths), 0)
        lines = [json.loads(line) for line in out.getvalue().splitlines()]
        self.assertEqual(lines[0], {'kind': 'file', 'name': 'empty'})
        self.assertEqual(lines[1], {'kind': 'end', 'complete': False})
        self.assertEqual(lines[2]['kind'], 'file')
        self.assertEqual(lines[-1], {'kind': 'end', 'complete': True})
        for line in lines:
            if line['kind'] == 'record':
                self.assertIsNotNone(line['fields'])
            if line['kind'] == 'gap':
                self.assertEqual(set(line['wrong_byte']),
                                 {'offset', 'is', 'was'})


if __name__ == '__main__':
    unittest.main()
