#!/usr/bin/python3
"""A plain, independent reader of daybook logs, written from daybook-log(5).

This module follows the section READING of the manual page as literally as it
can.  It shares no code with any other implementation and is meant to be
compared with one.  Where the page leaves a choice, the comment begins with
"GUESS".

Use as a library: ``for event in read_log(data, salvage=True): ...`` gives
Record, Gap and, last, End.  ``load(path)`` gives (data, lacking).

Use as a program: daybook_log.py [--salvage] [--decode] FILE...
"""

import argparse
import bisect
import dataclasses
import json
import os
import struct
import sys

try:
    import zstandard
except ImportError:  # only compressed segments need it
    zstandard = None

MASK64 = 2 ** 64 - 1
MASK32 = 2 ** 32 - 1

COOKIE = b'\x2b\x91'
HEADER_BYTES = 4
SIGNATURE = b'DBK1\r\n\x1a\n'
DEFAULT_TICK_NS = 1000
MAX_BLOCK_BYTES = 262144
MAX_PAYLOAD_BYTES = 65536
MAX_FRAME_CONTENT = 1024 * 1024

SEGMENT_START = 0x01
SCHEMA = 0x02
CHECKPOINT = 0x03
MARK = 0x04
LOST = 0x07
CONT = 0x0F
FIRST_NUMBERED = 0x13

FLAG_LAST = 2
FLAG_SALVAGED = 8
FLAG_AFTER_LOSS = 16


class Malformed(Exception):
    """A payload or a field that the page calls malformed."""


# --------------------------------------------------------------------------
# CONVENTIONS, CRC32C
# --------------------------------------------------------------------------

def _make_crc_table():
    """CONVENTIONS, CRC32C: the effect of each byte, polynomial 82F63B78."""
    table = []
    for byte in range(256):
        register = byte
        for _ in range(8):
            if register & 1:
                register = (register >> 1) ^ 0x82F63B78
            else:
                register >>= 1
        table.append(register)
    return table


CRC_TABLE = _make_crc_table()


def crc_update(register, data):
    """CONVENTIONS, CRC32C: feed bytes to the (not inverted) register."""
    table = CRC_TABLE
    for byte in data:
        register = table[(register ^ byte) & 0xFF] ^ (register >> 8)
    return register


def crc32c(data):
    """CONVENTIONS, CRC32C: the sum of some bytes."""
    return crc_update(MASK32, data) ^ MASK32


# --------------------------------------------------------------------------
# CONVENTIONS, Codes
# --------------------------------------------------------------------------

def read_uint(data, pos, end):
    """CONVENTIONS, Codes, uint: give (number, position behind it)."""
    value = 0
    for count in range(10):
        if pos >= end:
            raise Malformed('a uint is cut')
        byte = data[pos]
        pos += 1
        if count == 9 and byte > 1:
            raise Malformed('a uint has more than 64 bits')
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            if byte == 0 and count > 0:
                raise Malformed('a uint is not in its shortest form')
            return value, pos
    raise Malformed('a uint is too long')


def write_uint(value):
    """CONVENTIONS, Codes, uint: the bytes of a number."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def unzigzag(number):
    """CONVENTIONS, Codes, int: the signed number of a uint."""
    return (number >> 1) ^ -(number & 1)


def read_bytes(data, pos, end, length):
    """Take length bytes that must be there."""
    if length > end - pos:
        raise Malformed('a field is cut')
    return bytes(data[pos:pos + length]), pos + length


@dataclasses.dataclass(frozen=True)
class Field:
    """A field of a record type: its name, code, bits and question mark."""

    name: str
    code: str
    bits: int
    optional: bool


@dataclasses.dataclass(frozen=True)
class Base:
    """BLOCKS, Bases: base time in ticks, and base pid (32 bits)."""

    ticks: int
    pid: int


ZERO_BASE = Base(0, 0)


def number_value(field, number, base, tick_ns):
    """CONVENTIONS, Codes: what the plain number of a uint-like code means.

    Without a base, times and pids cannot be told and are None.
    """
    code = field.code
    if code == 'uint':
        if number >> field.bits:
            raise Malformed('a number does not fit')
        return number
    if code == 'int':
        signed = unzigzag(number)
        limit = 1 << (field.bits - 1)
        if not -limit <= signed < limit:
            raise Malformed('a number does not fit')
        return signed
    if code == 'ticks':
        return number * tick_ns & MASK64
    if base is None:
        return None
    if code == 'time':
        return (base.ticks + unzigzag(number) & MASK64) * tick_ns & MASK64
    assert code == 'pid'
    pid = base.pid + unzigzag(number) & MASK64
    if pid > MASK32:
        raise Malformed('a pid does not fit in 32 bits')
    return pid


def read_field(field, data, pos, end, base, tick_ns):
    """CONVENTIONS, Codes: decode one field, give (value, position)."""
    if field.code == 'fixed32':
        raw, pos = read_bytes(data, pos, end, 4)
        return int.from_bytes(raw, 'little'), pos
    if field.code == 'fixed64':
        raw, pos = read_bytes(data, pos, end, 8)
        return int.from_bytes(raw, 'little'), pos
    if field.code == 'id':
        return read_bytes(data, pos, end, 16)
    number, pos = read_uint(data, pos, end)
    if field.optional:
        if number == 0:
            return None, pos
        number -= 1
    if field.code == 'string':
        return read_bytes(data, pos, end, number)
    return number_value(field, number, base, tick_ns), pos


def absent_value(field):
    """CONVENTIONS, Payloads: what an absent field is treated as.

    GUESS: 0 of a time or a pid is the value 0, not the base; 0 of a string
    is the empty one, that of an id 16 bytes 00.
    """
    if field.optional:
        return None
    if field.code == 'string':
        return b''
    if field.code == 'id':
        return bytes(16)
    return 0


def decode_fields(fields, payload, base, tick_ns, exact=False):
    """CONVENTIONS, Payloads: decode a payload to {name: value}.

    exact is for CHECKPOINT and MARK: all fields and nothing else.
    Raises Malformed.
    """
    values = {}
    pos = 0
    end = len(payload)
    for field in fields:
        if pos == end:
            if exact:
                raise Malformed('a field is absent')
            values[field.name] = absent_value(field)
        elif field.code == 'unknown':
            # SEGMENTS, Descriptions of types: it cannot be skipped.
            values[field.name] = {'rest_hex': payload[pos:].hex()}
            return values
        else:
            values[field.name], pos = read_field(field, payload, pos, end,
                                                 base, tick_ns)
    if exact and pos != end:
        raise Malformed('bytes behind the last field')
    return values


# --------------------------------------------------------------------------
# RECORD TYPES
# --------------------------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class RecordType:
    """RECORD TYPES: the name, the bounds of the length byte, the fields."""

    name: str
    min_bytes: int
    max_bytes: int
    fields: tuple


def _parse_field(text):
    """Make a Field of "name code", such as "uid uint32?"."""
    name, code = text.split()
    optional = code.endswith('?')
    code = code.rstrip('?')
    bits = 64
    if code not in ('fixed32', 'fixed64'):
        plain = code.rstrip('0123456789')
        if plain != code:
            bits = int(code[len(plain):])
        code = plain
    return Field(name, code, bits, optional)


def _type(name, min_bytes, max_bytes, text):
    """Make a RecordType of a list of fields with commas."""
    fields = tuple(_parse_field(part) for part in text.split(','))
    return RecordType(name, min_bytes, max_bytes, fields)


RECORD_TYPES = {
    0x01: _type('segment_start', 76, 228, '''
        signature fixed64, major_version uint32, minor_version uint32,
        min_reader uint32, compat_flags uint, incompat_flags uint,
        tag fixed32, segment_no uint, stream_id id, host_id id, boot_id id,
        tick_ns uint32, first_seq uint, time ticks, realtime int,
        previous_segment_no uint?, previous_tag uint32?,
        previous_end uint8?, previous_next_seq uint?,
        previous_bytes uint?, previous_synced_bytes uint?'''),
    0x02: _type('schema', 5, 255, '''
        type uint32, min_bytes uint32, max_bytes uint32, name string,
        fields string'''),
    0x03: _type('checkpoint', 25, 160, '''
        flags uint32, tag fixed32, block_bytes uint, logical_offset uint,
        first_seq uint, seq_count uint, record_count uint, base_time ticks,
        first_time ticks, last_time ticks, base_pid uint, last_pid uint,
        lost_total uint, unsynced uint, block_crc fixed32,
        self_crc fixed32'''),
    0x04: _type('mark', 5, 20, 'record_count uint, crc fixed32'),
    0x05: _type('clock', 7, 70, '''
        time time, realtime int, monotonic ticks, uncertainty uint,
        reason uint8, tai_offset int32?, max_error uint?'''),
    0x06: _type('info', 2, 255, 'key string, value string'),
    0x07: _type('lost', 7, 70, '''
        first_time time, last_time time, reason uint8, forks uint?,
        execs uint?, exits uint?, records uint?'''),
    0x09: _type('segment_end', 10, 100, '''
        time time, reason uint8, record_count uint, first_seq uint,
        next_seq uint, lost_total uint, first_time ticks?,
        last_time ticks?, first_realtime int?, last_realtime int?'''),
    0x0F: _type('cont', 1, 10, 'index uint32'),
    0x10: _type('snap_begin', 1, 10, 'time time'),
    0x11: _type('snap_proc', 19, 255, '''
        pid pid, start time, flags uint32, ppid pid?, parent_start time?,
        uid uint32?, euid uint32?, suid uint32?, gid uint32?, egid uint32?,
        sgid uint32?, login_uid uint32?, sid uint32?, tty uint32?,
        cgroup_id uint?, comm string?, exe string?, args_bytes uint?,
        args string?'''),
    0x12: _type('snap_end', 2, 20, 'time time, process_count uint'),
    0x13: _type('recorder', 11, 255, '''
        time time, event uint8, source string, version string,
        kernel_forks uint?, forks_seen uint?, execs_seen uint?,
        exits_seen uint?, ring_bytes uint?, drain_interval uint?,
        args_limit uint?'''),
    0x20: _type('fork', 10, 100, '''
        time time, pid pid, ppid pid, parent_start time?, flags uint32,
        uid uint32?, euid uint32?, gid uint32?, egid uint32?,
        sid uint32?'''),
    0x21: _type('exec', 21, 255, '''
        time time, pid pid, start time, old_tid pid?, uid uint32?,
        euid uint32?, suid uint32?, gid uint32?, egid uint32?,
        sgid uint32?, login_uid uint32?, sid uint32?, tty uint32?,
        cgroup_id uint?, exe_device uint?, exe_inode uint?, comm string?,
        exe_bytes uint?, exe string?, args_bytes uint?, args string?'''),
    0x22: _type('exit', 26, 255, '''
        time time, pid pid, start time, ppid pid?, parent_start time?,
        wait_status uint32?, flags uint32, uid uint32?, euid uint32?,
        suid uint32?, gid uint32?, egid uint32?, sgid uint32?,
        login_uid uint32?, sid uint32?, tty uint32?, cgroup_id uint?,
        utime uint?, stime uint?, cpu uint?, maxrss uint?, minflt uint?,
        majflt uint?, nvcsw uint?, nivcsw uint?, comm string?'''),
}

CODE_NAMES = {1: 'uint', 2: 'int', 3: 'fixed32', 4: 'fixed64', 5: 'id',
              6: 'string', 7: 'time', 8: 'ticks', 9: 'pid'}


def schema_field(code, name):
    """SEGMENTS, Descriptions of types: a Field of a code number.

    GUESS: fixed32, fixed64 and id "never have a question mark", so with it
    they are codes that this reader does not know.
    """
    plain = code & ~0x40
    optional = bool(code & 0x40)
    known = CODE_NAMES.get(plain, 'unknown')
    if optional and known in ('fixed32', 'fixed64', 'id'):
        known = 'unknown'
    return Field(name.decode('latin-1'), known, 64, optional)


def parse_schema(payload):
    """SEGMENTS, Descriptions of types: give (type, RecordType).

    Raises Malformed where the SCHEMA is to be ignored.
    """
    values = decode_fields(RECORD_TYPES[SCHEMA].fields, payload, None,
                           DEFAULT_TICK_NS)
    described = values['type']
    if not 0 < described < 0xFF:
        raise Malformed('describes no type')
    packed = values['fields']
    end = len(packed)
    pos = 0
    fields = []
    while pos < end:
        code, pos = read_uint(packed, pos, end)
        unit, pos = read_uint(packed, pos, end)
        if code > 255 or unit > 255:
            raise Malformed('code or unit is not less than 256')
        length, pos = read_uint(packed, pos, end)
        name, pos = read_bytes(packed, pos, end, length)
        count, pos = read_uint(packed, pos, end)
        for _ in range(count):
            _, pos = read_uint(packed, pos, end)
            length, pos = read_uint(packed, pos, end)
            _, pos = read_bytes(packed, pos, end, length)
        fields.append(schema_field(code, name))
    record_type = RecordType(values['name'].decode('latin-1'),
                             values['min_bytes'], values['max_bytes'],
                             tuple(fields))
    return described, record_type


def is_numbered(record_type):
    """RECORDS: LOST and all types from 13 on have a sequence number."""
    return record_type == LOST or record_type >= FIRST_NUMBERED


# --------------------------------------------------------------------------
# RECORDS
# --------------------------------------------------------------------------

def header_at(data, pos, end):
    """RECORDS: the header at pos in bytes that end at end.

    Gives (type, length of the payload, end of the record), or None.
    """
    if pos + HEADER_BYTES > end or data[pos:pos + 2] != COOKIE:
        return None
    record_type = data[pos + 2]
    length = data[pos + 3]
    record_end = pos + HEADER_BYTES + length
    if record_type in (0x00, 0xFF) or record_end > end:
        return None
    return record_type, length, record_end


def assemble(data, pos, next_header):
    """RECORDS, Long records: assemble the record at pos.

    next_header(pos) gives the header of the next record, or None.
    Gives (payload, end, is whole).

    GUESS: a record that reaches the limit of 65536 bytes without a last CONT
    is not whole.  A stray CONT of 255 bytes is "a record like any other": a
    CONT with index 0 behind it is appended.
    """
    _, length, end = next_header(pos)
    payload = bytearray(data[pos + HEADER_BYTES:end])
    if length != 255:
        return bytes(payload), end, True
    expected = 0
    while len(payload) <= MAX_PAYLOAD_BYTES:
        header = next_header(end)
        if header is None or header[0] != CONT or header[1] < 1:
            break
        if data[end + HEADER_BYTES] != expected:
            break
        payload += data[end + HEADER_BYTES + 1:header[2]]
        end = header[2]
        if header[1] != 255:
            return bytes(payload), end, True
        expected = (expected + 1) % 128
    return bytes(payload), end, False


# --------------------------------------------------------------------------
# Results
# --------------------------------------------------------------------------

@dataclasses.dataclass
class Record:
    """A record that is handed out."""

    offset: int
    size: int
    type: int
    seq: object
    proof: str
    base: object
    is_whole: bool
    payload: bytes
    tick_ns: int
    description: object = None  # RecordType of SCHEMA, for an unknown type


@dataclasses.dataclass
class Gap:
    """READING, Step 4 and Causes: a gap."""

    begin: int
    end: int
    cause: str
    tail: str = 'none'
    records_lost: object = None
    first_lost_seq: object = None
    first_time: object = None
    last_time: object = None
    records_salvaged: int = 0
    wrong_byte: object = None  # (offset, is, was)


@dataclasses.dataclass
class End:
    """READING: the end."""

    complete: bool


# --------------------------------------------------------------------------
# READING, Terms
# --------------------------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """READING, Terms: a good checkpoint; times are in ticks."""

    begin: int
    end: int
    flags: int
    tag: int
    block_bytes: int
    logical_offset: int
    first_seq: int
    seq_count: int
    base_time: int
    first_time: int
    last_time: int
    base_pid: int
    last_pid: int
    unsynced: int
    block_crc: int

    @property
    def block_begin(self):
        """Where its block begins (negative where that is impossible)."""
        return self.begin - self.block_bytes

    @property
    def base(self):
        """BLOCKS, Bases: the base of its block."""
        return Base(self.base_time, self.base_pid & MASK32)

    @property
    def next_seq(self):
        """The number behind those of its block."""
        return self.first_seq + self.seq_count & MASK64

    @property
    def logical_begin(self):
        """Where it began itself in the segment as it was written."""
        return self.logical_offset + self.block_bytes & MASK64

    @property
    def durable(self):
        """READING, Causes: what it promises, or None."""
        if self.unsynced > self.logical_begin:
            return None
        return self.logical_begin - self.unsynced

    def has(self, flag):
        """Whether it has a flag."""
        return bool(self.flags & flag)

    def fits_tick(self, tick_ns):
        """READING, Terms: its times fit in 64 bits with that tick."""
        latest = max(self.base_time, self.first_time, self.last_time)
        return latest * tick_ns <= MASK64


# The same table, but with times as plain numbers.
CHECKPOINT_FIELDS = tuple(
    dataclasses.replace(field, code='uint') if field.code == 'ticks' else
    field for field in RECORD_TYPES[CHECKPOINT].fields)


def parse_checkpoint(data, pos):
    """READING, Terms: a good checkpoint at pos but for the tick, or None."""
    header = header_at(data, pos, len(data))
    if header is None or header[0] != CHECKPOINT:
        return None
    end = header[2]
    try:
        values = decode_fields(CHECKPOINT_FIELDS,
                               data[pos + HEADER_BYTES:end], None, 1,
                               exact=True)
    except Malformed:
        return None
    if values.pop('self_crc') != crc32c(data[pos:end - 4]):
        return None
    del values['record_count'], values['lost_total']
    return Checkpoint(begin=pos, end=end, **values)


@dataclasses.dataclass(frozen=True)
class Start:
    """READING, Terms: a start."""

    tag: int
    stream_id: bytes
    tick_ns: int
    is_supported: bool


def parse_start(data, pos):
    """READING, Terms: the start at pos, or None.

    GUESS: the record must lie within the file, not within its block.
    """
    header = header_at(data, pos, len(data))
    if header is None or header[0] != SEGMENT_START:
        return None
    try:
        values = decode_fields(RECORD_TYPES[SEGMENT_START].fields,
                               data[pos + HEADER_BYTES:header[2]], None, 1)
    except Malformed:
        return None
    if values['signature'] != int.from_bytes(SIGNATURE, 'little'):
        return None
    if values['tick_ns'] == 0:
        return None
    is_supported = (values['major_version'] == 1 and
                    values['min_reader'] == 0 and
                    values['incompat_flags'] == 0)
    return Start(values['tag'], values['stream_id'], values['tick_ns'],
                 is_supported)


def parse_mark(payload):
    """READING, Step 3: the crc of a MARK that decodes exactly, or None."""
    try:
        values = decode_fields(RECORD_TYPES[MARK].fields, payload, None, 1,
                               exact=True)
    except Malformed:
        return None
    return values['crc']


@dataclasses.dataclass
class Context:
    """READING, Terms: the context."""

    tag: int
    logical_end: int
    file_end: int


class Log:
    """The bytes of a log, and what can be told of them without a state."""

    def __init__(self, data):
        """Find all good checkpoints, the tick aside."""
        self.data = data
        self.size = len(data)
        self.checkpoints = []
        self._block_crcs = {}
        self._starts = {}
        pos = data.find(COOKIE + bytes([CHECKPOINT]))
        while pos >= 0:
            checkpoint = parse_checkpoint(data, pos)
            if checkpoint is not None:
                self.checkpoints.append(checkpoint)
            pos = data.find(COOKIE + bytes([CHECKPOINT]), pos + 1)
        self._begins = [c.begin for c in self.checkpoints]

    def checkpoints_from(self, pos, tick_ns):
        """Visit every offset from pos on and every good checkpoint."""
        for index in range(bisect.bisect_left(self._begins, pos),
                           len(self.checkpoints)):
            if self.checkpoints[index].fits_tick(tick_ns):
                yield self.checkpoints[index]

    def checkpoint_at(self, pos, tick_ns):
        """The good checkpoint at pos, or None."""
        index = bisect.bisect_left(self._begins, pos)
        if index < len(self._begins) and self._begins[index] == pos:
            if self.checkpoints[index].fits_tick(tick_ns):
                return self.checkpoints[index]
        return None

    def start_at(self, pos):
        """The start at pos, or None."""
        if pos not in self._starts:
            self._starts[pos] = parse_start(self.data, pos)
        return self._starts[pos]

    def is_proved(self, checkpoint, low):
        """READING, Terms: whether its block is proved from low."""
        if checkpoint.begin < low:
            return False
        if checkpoint.block_bytes > checkpoint.begin - low:
            return False
        if checkpoint.block_bytes > MAX_BLOCK_BYTES:
            return False
        key = checkpoint.begin, checkpoint.block_bytes
        if key not in self._block_crcs:
            block = self.data[checkpoint.block_begin:checkpoint.begin]
            self._block_crcs[key] = crc32c(block)
        return self._block_crcs[key] == checkpoint.block_crc

    def _head_start(self, checkpoint):
        """The start of a block that has all of "starts a segment" but that
        it need not be supported; None if it has not.  Whether the block is
        proved is not looked at.
        """
        if checkpoint.logical_offset != 0 or checkpoint.block_begin < 0:
            return None
        start = self.start_at(checkpoint.block_begin)
        if start is None or start.tag != checkpoint.tag:
            return None
        if not checkpoint.fits_tick(start.tick_ns):
            return None
        return start

    def segment_start(self, checkpoint):
        """READING, Terms: the start, if its (proved) block starts a
        segment.
        """
        start = self._head_start(checkpoint)
        return start if start and start.is_supported else None

    def is_unsupported_head(self, checkpoint, low):
        """READING, Causes: begins a segment that is not supported."""
        start = self._head_start(checkpoint)
        return (start is not None and not start.is_supported and
                self.is_proved(checkpoint, low))


# --------------------------------------------------------------------------
# READING, Step 1
# --------------------------------------------------------------------------

def find_head(log):
    """READING, Step 1: give (segment, expected_tag), each perhaps None."""
    claims = {}
    heads = {}
    for checkpoint in log.checkpoints_from(0, DEFAULT_TICK_NS):
        if not log.is_proved(checkpoint, 0):
            continue
        start = log.start_at(checkpoint.block_begin)
        if start is not None and not (start.is_supported and
                                      start.tag == checkpoint.tag):
            start = None
        if start is not None and checkpoint.block_begin == 0:
            return start, start.tag
        if start is not None and checkpoint.logical_offset == 0:
            break
        length = checkpoint.end - checkpoint.block_begin
        claims[checkpoint.tag] = claims.get(checkpoint.tag, 0) + length
        if start is not None:
            heads[checkpoint.tag] = start
    if not claims:
        return None, None
    expected_tag = min(claims, key=lambda tag: (-claims[tag], tag))
    return heads.get(expected_tag), expected_tag


# --------------------------------------------------------------------------
# READING, Steps 2 to 4
# --------------------------------------------------------------------------

class Reader:
    """READING: the state of the reader, and its steps.

    Each step is a generator of Records and Gaps; the position where the next
    one begins is in self.pos.
    """

    def __init__(self, data, salvage=False, lacking=False):
        """Do step 1."""
        self.log = Log(bytes(data))
        self.data = self.log.data
        self.size = self.log.size
        self.salvage = salvage
        self.lacking = lacking
        self.segment, self.expected_tag = find_head(self.log)
        self.context = None
        self.complete = False
        self.next_seq = 0
        self.base = ZERO_BASE
        self.last_time = 0        # in nanoseconds
        self.pos = 0
        self.schemas = {}         # of this segment, handed out as verified
        self.durable = 0          # of the checkpoints that were taken over
        self.durable_has_last = False
        self.unsupported_tags = set()

    @property
    def tick_ns(self):
        """READING, Terms: the tick of the segment that is being read."""
        return self.segment.tick_ns if self.segment else DEFAULT_TICK_NS

    def read(self):
        """READING: all records and gaps, then the end."""
        while self.pos < self.size:
            yield from self.step2()
        yield End(self.complete)

    # ---- Terms

    def enter_segment(self, checkpoint):
        """READING, Step 2: if the block starts a segment, segment becomes
        its start.
        """
        start = self.log.segment_start(checkpoint)
        if start is None:
            return
        self.segment = start
        self.schemas = {}
        self.durable = 0
        self.durable_has_last = False
        self.unsupported_tags = set()

    def take_over(self, checkpoint):
        """READING, Terms: to take over a good checkpoint."""
        length = checkpoint.end - checkpoint.begin
        self.context = Context(checkpoint.tag,
                               checkpoint.logical_begin + length & MASK64,
                               checkpoint.end)
        self.next_seq = checkpoint.next_seq
        self.base = Base(checkpoint.last_time, checkpoint.last_pid & MASK32)
        self.last_time = checkpoint.last_time * self.tick_ns & MASK64
        self.complete = checkpoint.has(FLAG_LAST)
        self.durable = max(self.durable, checkpoint.durable or 0)
        self.durable_has_last |= self.complete
        self.pos = checkpoint.end

    # ---- Step 2

    def walk(self, pos):
        """READING, Step 2: the headers (pos, type, end) from pos on up to
        the place w; and w.
        """
        limit = min(self.size, pos + MAX_BLOCK_BYTES + 259)
        headers = []
        while True:
            header = header_at(self.data, pos, limit)
            if header is None or header[0] == CHECKPOINT:
                return headers, pos
            headers.append((pos, header[0], header[2]))
            pos = header[2]

    def step2(self):
        """READING, Step 2: a block; else the steps 3 and 4."""
        begin = self.pos
        headers, place = self.walk(begin)
        checkpoint = self.block_to_read(begin, place)
        if checkpoint is None:
            yield from self.step3(begin, headers)
            return
        if self.lost_before(checkpoint):
            yield self.lost_before_gap(checkpoint)
        yield from self.read_block(checkpoint)

    def block_to_read(self, begin, place):
        """READING, Step 2: the checkpoint at w if its block is read."""
        start = self.log.start_at(begin)
        tick_ns = start.tick_ns if start else self.tick_ns
        checkpoint = self.log.checkpoint_at(place, tick_ns)
        if checkpoint is None or checkpoint.block_begin != begin:
            return None
        if not self.log.is_proved(checkpoint, begin):
            return None
        if self.log.segment_start(checkpoint) is not None:
            return checkpoint
        if not self.continues_but_number(checkpoint, begin):
            return None
        if checkpoint.first_seq == self.next_seq:
            return checkpoint
        return checkpoint if self.lost_before(checkpoint) else None

    def continues_but_number(self, checkpoint, begin):
        """READING, Step 2: everything of 2 but the last."""
        context = self.context
        return (context is not None and not self.complete and
                checkpoint.tag == context.tag and
                checkpoint.logical_offset == context.logical_end and
                begin == context.file_end)

    def lost_before(self, checkpoint):
        """READING, Step 2: whether an empty gap precedes its block."""
        return (self.log.segment_start(checkpoint) is None and
                checkpoint.has(FLAG_AFTER_LOSS) and
                checkpoint.first_seq > self.next_seq)

    def lost_before_gap(self, checkpoint):
        """READING, Step 2: the empty gap with the cause lost_before."""
        begin = checkpoint.block_begin
        return Gap(begin, begin, 'lost_before',
                   records_lost=checkpoint.first_seq - self.next_seq,
                   first_lost_seq=self.next_seq,
                   first_time=self.last_time,
                   last_time=checkpoint.first_time * self.tick_ns & MASK64)

    # ---- Reading a block

    def hand_out(self, begin, end, base, seq, proof):
        """Hand out the records of [begin, end).

        seq is the number of the first numbered one, or None where they have
        none.  Leaves where it stopped in self.pos, and the next number in
        self.handed_seq.
        """
        def next_header(pos):
            return header_at(self.data, pos, end)

        pos = begin
        while pos < end:
            header = next_header(pos)
            if header is None:
                break
            payload, record_end, is_whole = assemble(self.data, pos,
                                                     next_header)
            own_seq = None
            if seq is not None and is_numbered(header[0]):
                own_seq = seq
                seq = seq + 1 & MASK64
            if header[0] == SCHEMA and proof == 'verified':
                self.learn(payload)
            yield self.make_record(pos, record_end, header[0], own_seq,
                                   proof, base, is_whole, payload)
            pos = record_end
        self.pos = pos
        self.handed_seq = seq

    def make_record(self, begin, end, record_type, seq, proof, base,
                    is_whole, payload):
        """A Record with what is needed to decode it later."""
        description = None
        if record_type not in RECORD_TYPES:
            description = self.schemas.get(record_type)
        return Record(begin, end - begin, record_type, seq, proof, base,
                      is_whole, payload, self.tick_ns, description)

    def learn(self, payload):
        """READING, Salvage: remember a SCHEMA that is well-formed."""
        try:
            described, record_type = parse_schema(payload)
        except Malformed:
            return
        self.schemas[described] = record_type

    def read_block(self, checkpoint):
        """READING, Reading a block."""
        self.enter_segment(checkpoint)
        seq = checkpoint.first_seq
        proof = 'verified'
        if checkpoint.has(FLAG_SALVAGED):
            seq = None
            proof = 'salvaged'
        yield from self.hand_out(checkpoint.block_begin, checkpoint.end,
                                 checkpoint.base, seq, proof)
        if self.pos < checkpoint.end:
            # GUESS: such a gap can be salvaged as any other, and its end is
            # not anchored, since no checkpoint ended it by step 4.
            yield from self.with_salvage(
                Gap(self.pos, checkpoint.end, 'damaged'), None, True)
        self.take_over(checkpoint)

    # ---- Step 3

    def step3(self, begin, headers):
        """READING, Step 3: an open end; then step 4."""
        handed = begin
        if self.context is not None and not self.complete:
            handed = self.marked_end(begin, headers)
            yield from self.hand_out(begin, handed, self.base, self.next_seq,
                                     'verified')
            self.next_seq = self.handed_seq
        if handed == self.size:
            self.pos = handed
            return
        yield from self.step4(begin, handed)

    def marked_end(self, begin, headers):
        """READING, Step 3: the end of the last MARK whose sum is right."""
        proved_end = begin
        place = struct.pack('<IQQQI', self.context.tag,
                            self.context.logical_end, self.next_seq,
                            self.base.ticks, self.base.pid)
        register = crc_update(MASK32, place)
        done = begin
        for pos, record_type, end in headers:
            if record_type != MARK:
                continue
            crc = parse_mark(self.data[pos + HEADER_BYTES:end])
            if crc is None:
                break
            register = crc_update(register, self.data[done:end - 4])
            done = end - 4
            if register ^ MASK32 != crc:
                break
            proved_end = end
        return proved_end

    # ---- Step 4

    def may_start(self, checkpoint, low):
        """READING, Step 4, A: may start a segment."""
        start = self.log.segment_start(checkpoint)
        if start is None or checkpoint.block_begin < low:
            return False
        if not (self.context is None and self.expected_tag is None or
                self.complete or
                self.segment is not None and
                self.segment.stream_id == start.stream_id):
            return False
        return self.log.is_proved(checkpoint, low)

    def may_follow(self, checkpoint):
        """READING, Step 4, B: may follow.

        GUESS: not within a segment that is not supported ("its blocks are
        not read").
        """
        if checkpoint.tag in self.unsupported_tags:
            return False
        if self.context is None:
            return checkpoint.tag == self.expected_tag
        return (not self.complete and
                checkpoint.tag == self.context.tag and
                checkpoint.logical_offset >= self.context.logical_end and
                checkpoint.next_seq >= self.next_seq)

    def find_ender(self, low):
        """READING, Step 4: the checkpoint that ends the gap, or None."""
        for checkpoint in self.log.checkpoints_from(low, self.tick_ns):
            if self.log.is_unsupported_head(checkpoint, low):
                self.unsupported_tags.add(checkpoint.tag)
            if self.may_start(checkpoint, low) or self.may_follow(checkpoint):
                return checkpoint
        return None

    def step4(self, begin, low):
        """READING, Step 4: a gap; begin is p, low is g."""
        ender = self.find_ender(low)
        is_proved = ender is not None and self.log.is_proved(ender, low)
        if ender is None:
            gap_end = self.size
        elif is_proved:
            gap_end = ender.block_begin
        else:
            gap_end = ender.end
        gap = Gap(low, gap_end, self.cause(low, low - begin))
        self.tell_losses(gap, ender, is_proved)
        if gap.cause == 'torn_tail':
            gap.tail = tail_kind(self.data, low, gap_end)
        if ender is not None and not is_proved:
            gap.wrong_byte = wrong_byte(self.data, ender, begin)
        yield from self.with_salvage(gap, ender, is_proved)
        if ender is None:
            self.pos = self.size
        elif is_proved:
            yield from self.read_block(ender)
        else:
            self.take_over(ender)

    def tell_losses(self, gap, ender, is_proved):
        """READING, Step 4: records lost, first lost number, times."""
        if self.context is None:
            return
        if ender is None:
            gap.first_time = self.last_time
            return
        if ender.tag != self.context.tag:
            return
        bound = ender.first_seq if is_proved else ender.next_seq
        gap.records_lost = max(bound - self.next_seq, 0)
        if gap.records_lost:
            gap.first_lost_seq = self.next_seq
        gap.first_time = self.last_time
        last = ender.first_time if is_proved else ender.last_time
        # GUESS: a moment of a block that starts a segment is by its tick.
        start = self.log.segment_start(ender) if is_proved else None
        tick_ns = start.tick_ns if start else self.tick_ns
        gap.last_time = last * tick_ns & MASK64

    # ---- Causes

    def cause(self, low, handed_bytes):
        """READING, Causes: the cause of a gap that begins at low."""
        if self.begins_unsupported(low):
            return 'unsupported_version'
        if self.context is None:
            return 'damaged'
        if self.complete:
            return 'trailing'
        durable, has_last, is_followed = self.look_ahead(low)
        logical = self.context.logical_end + handed_bytes & MASK64
        if self.lacking or has_last or logical < durable:
            return 'damaged'
        return 'hole' if is_followed else 'torn_tail'

    def begins_unsupported(self, low):
        """READING, Causes: the gap begins where the head of a segment that
        is not supported begins.
        """
        start = self.log.start_at(low)
        if start is None or start.is_supported:
            return False
        for checkpoint in self.log.checkpoints_from(low, self.tick_ns):
            if checkpoint.begin > low + MAX_BLOCK_BYTES:
                break
            if (checkpoint.block_begin == low and
                    self.log.is_unsupported_head(checkpoint, low)):
                return True
        return False

    def look_ahead(self, low):
        """READING, Causes: of the good checkpoints of the segment: the
        durable end; whether one has the flag last; whether one stands at or
        behind low.

        GUESS: the next segment starts where A of step 4 holds first.
        """
        limit = self.size
        for checkpoint in self.log.checkpoints_from(low, self.tick_ns):
            if self.may_start(checkpoint, low):
                limit = checkpoint.block_begin
                break
        durable = self.durable
        has_last = self.durable_has_last
        is_followed = False
        for checkpoint in self.log.checkpoints_from(low, self.tick_ns):
            if checkpoint.begin >= limit:
                break
            if checkpoint.tag != self.context.tag:
                continue
            is_followed = True
            durable = max(durable, checkpoint.durable or 0)
            has_last |= checkpoint.has(FLAG_LAST)
        return durable, has_last, is_followed

    # ---- Salvage

    def with_salvage(self, gap, ender, is_proved):
        """READING, Salvage: the gap, then what is salvaged of it."""
        records = []
        if self.salvage:
            records = self.salvage_records(gap, ender, is_proved)
            gap.records_salvaged = sum(is_numbered(r.type) for r in records)
        yield gap
        yield from records

    def length_bounds(self, record_type):
        """READING, Salvage: bounds of the length byte, or None."""
        if record_type == CONT:
            return 1, 255
        known = self.schemas.get(record_type) or RECORD_TYPES.get(record_type)
        return (known.min_bytes, known.max_bytes) if known else None

    def find_candidates(self, begin, end):
        """READING, Salvage: {offset: header} of candidates in [begin, end),
        in ascending order.
        """
        candidates = {}
        pos = self.data.find(COOKIE, begin, end)
        while pos >= 0:
            header = header_at(self.data, pos, end)
            bounds = header and self.length_bounds(header[0])
            if bounds and bounds[0] <= header[1] <= bounds[1]:
                candidates[pos] = header
            pos = self.data.find(COOKIE, pos + 1, end)
        return candidates

    def salvage_records(self, gap, ender, is_proved):
        """READING, Salvage: the records that the gap holds."""
        begin = gap.begin
        end = gap.end
        if ender is not None and not is_proved:
            end = ender.begin
        anchored = ender is not None
        candidates = self.find_candidates(begin, end)
        first, first_end = chain_from(candidates, begin)
        last_begin = end
        if anchored:
            last_begin = first_to_arrive(candidates, first_end, end)
        chains = [first]
        chains += islands(candidates, first_end, last_begin, anchored,
                          self.size)
        chains.append(chain_from(candidates, last_begin)[0])
        proof = 'salvaged' if anchored else 'tail'
        block_begin = None
        if ender is not None and not is_proved:
            # GUESS: this wraps too, where the block cannot be that long.
            block_begin = ender.block_begin & MASK64
        records = []
        for number, chain in enumerate(chains):
            records += self.salvage_chain(chain, number == 0, proof, ender,
                                          block_begin, candidates)
        return records

    def salvage_chain(self, chain, from_begin, proof, ender, block_begin,
                      candidates):
        """READING, Salvage: the records of one chain, with their bases."""
        members = set(chain)
        records = []
        seen_checkpoint = False
        pos = chain[0] if chain else None
        while pos in members:
            record_type = candidates[pos][0]
            payload, end, is_whole = assemble(
                self.data, pos,
                lambda at: candidates[at] if at in members else None)
            if record_type == CHECKPOINT:
                seen_checkpoint = True
            elif record_type not in (MARK, CONT):
                base = None
                if block_begin is not None and pos >= block_begin:
                    base = ender.base
                elif (from_begin and not seen_checkpoint and
                        self.context is not None):
                    base = self.base
                records.append(self.make_record(pos, end, record_type, None,
                                                proof, base, is_whole,
                                                payload))
            pos = end
        return records


# --------------------------------------------------------------------------
# READING, Tail kinds and Wrong byte
# --------------------------------------------------------------------------

def tail_kind(data, begin, end):
    """READING, Tail kinds: the kind of a torn_tail.

    GUESS: of an empty one, all bytes are 00.
    """
    if not any(data[begin:end]):
        return 'zero_fill'
    if is_cut_record(data, begin, end):
        return 'cut_record'
    sector = -(-begin // 512) * 512
    while sector + 512 <= end:
        if not any(data[sector:sector + 512]):
            return 'zero_sector'
        sector += 512
    return 'garbage'


def is_cut_record(data, begin, end):
    """READING, Tail kinds, cut_record.

    GUESS: where the gap ends before the file does (at another segment), the
    end of the gap is meant.  At least one byte of the record must be there.
    """
    pos = begin
    header = header_at(data, pos, end)
    while header is not None:
        pos = header[2]
        header = header_at(data, pos, end)
    left = data[pos:end]
    if not left or left[:2] != COOKIE[:len(left)]:
        return False
    if len(left) > 2 and left[2] in (0x00, 0xFF):
        return False
    return len(left) < HEADER_BYTES or len(left) < HEADER_BYTES + left[3]


def wrong_byte(data, checkpoint, begin):
    """READING, Wrong byte: (offset, is, was), or None.

    begin is p of step 2.  Going back from the end of the block, keep what
    the register would have to differ by behind each byte, for the sum to be
    right; a byte that can make that difference is one way.
    """
    if checkpoint.block_begin != begin:
        return None
    if checkpoint.block_bytes > MAX_BLOCK_BYTES:
        return None
    block = data[begin:checkpoint.begin]
    differ = crc32c(block) ^ checkpoint.block_crc
    if differ == 0:
        return None
    found = None
    for pos in range(len(block) - 1, -1, -1):
        change = CRC_CHANGES.get(differ)
        if change:
            if found is not None:
                return None
            found = begin + pos, block[pos], block[pos] ^ change
        index = CRC_TOP_BYTES[differ >> 24]
        differ = (differ ^ CRC_TABLE[index]) << 8 & MASK32 | index
    return found


CRC_CHANGES = {value: index for index, value in enumerate(CRC_TABLE)}
CRC_TOP_BYTES = {value >> 24: index for index, value in enumerate(CRC_TABLE)}


# --------------------------------------------------------------------------
# READING, Salvage: chains
# --------------------------------------------------------------------------

def chain_from(candidates, pos):
    """READING, Salvage, 1: the offsets of the chain from pos, and its end."""
    chain = []
    while pos in candidates:
        chain.append(pos)
        pos = candidates[pos][2]
    return chain, pos


def first_to_arrive(candidates, begin, end):
    """READING, Salvage, 2: the first offset from begin on from which going
    from candidate to candidate arrives exactly at end; end if none does.
    """
    arriving = {end}
    first = end
    for pos in reversed(candidates):
        if pos < begin:
            break
        if candidates[pos][2] in arriving:
            arriving.add(pos)
            first = pos
    return first


def islands(candidates, begin, end, anchored, file_size):
    """READING, Salvage, 3: the islands in [begin, end), as lists of offsets.

    best[i][k] is the greatest coverage from the i-th candidate on, where k
    candidates (at most need) of a chain end exactly where it begins.
    """
    need = 3 if anchored else 4
    offsets = [pos for pos in candidates
               if begin <= pos and candidates[pos][2] <= end]
    index_of = {pos: index for index, pos in enumerate(offsets)}
    best = [None] * len(offsets) + [[0] + [None] * need]

    def may_close(pos, count):
        if count == 0 or count >= need:
            return True
        return not anchored and count >= 2 and pos == file_size

    def behind(pos, count):
        """The greatest coverage from pos on, None if there is no way."""
        if pos in index_of:
            return best[index_of[pos]][count]
        if not may_close(pos, count):
            return None
        return best[bisect.bisect_left(offsets, pos)][0]

    def take(index, count):
        """The greatest coverage if this candidate is taken."""
        pos = offsets[index]
        after = candidates[pos][2]
        rest = behind(after, min(count + 1, need))
        return None if rest is None else after - pos + rest

    def skip(index, count):
        """The greatest coverage if it is not."""
        if not may_close(offsets[index], count):
            return None
        return best[index + 1][0]

    for index in range(len(offsets) - 1, -1, -1):
        best[index] = [
            max((way for way in (take(index, count), skip(index, count))
                 if way is not None), default=None)
            for count in range(need + 1)]

    # Now forward: of equal ways, the one with the earlier candidate.
    chains = []
    index = 0
    count = 0
    while index < len(offsets):
        if take(index, count) != best[index][count]:
            index += 1
            count = 0
            continue
        if count == 0:
            chains.append([])
        pos = offsets[index]
        chains[-1].append(pos)
        after = candidates[pos][2]
        count = min(count + 1, need) if after in index_of else 0
        index = bisect.bisect_left(offsets, after)
    return chains


# --------------------------------------------------------------------------
# COMPRESSED SEGMENTS
# --------------------------------------------------------------------------

ZSTD_MAGIC = b'\x28\xb5\x2f\xfd'
OUR_MAGIC = b'\x5a\x2a\x4d\x18'
SEEK_TABLE_MAGIC = b'\x5e\x2a\x4d\x18'
SEEK_TABLE_END = b'\xb1\xea\x92\x8f'
FRAME = 0x0B
FRAME_FIELDS = _type('frame', 0, 255, '''
    offset uint, raw_bytes uint, compressed_bytes uint,
    compressed_crc fixed32, first_seq uint, seq_count uint,
    first_time ticks?, last_time ticks?''').fields
CONTAINER = 0x0A
CONTAINER_FIELDS = _type('container', 0, 255, '''
    version uint, raw_bytes uint, raw_crc fixed32''').fields


def is_compressed(path, data):
    """SEGMENTS, Names: whether a file is a compressed segment.

    GUESS: the page knows it by the name; a file with another name is taken
    for one too, if it begins with the first bytes of one.
    """
    return os.fspath(path).endswith('.zst') or data[:4] in (OUR_MAGIC,
                                                            ZSTD_MAGIC)


def our_frame(data, pos):
    """COMPRESSED SEGMENTS: the records' bytes and the end of a skippable
    frame of ours with a right sum; or None.
    """
    if data[pos:pos + 4] != OUR_MAGIC or pos + 16 > len(data):
        return None
    length = int.from_bytes(data[pos + 4:pos + 8], 'little')
    end = pos + 8 + length
    if length < 8 or end > len(data):
        return None
    whole, crc = struct.unpack('<II', data[end - 8:end])
    if whole != end - pos or crc != crc32c(data[pos:end - 4]):
        return None
    return data[pos + 8:end - 8], end


def described_bytes(records):
    """COMPRESSED SEGMENTS: compressed_bytes of a description, or None."""
    header = header_at(records, 0, len(records))
    if header is None or header[0] != FRAME:
        return None
    try:
        values = decode_fields(FRAME_FIELDS,
                               records[HEADER_BYTES:header[2]], None, 1)
    except Malformed:
        return None
    return values['compressed_bytes']


def zstd_frame_end(data, pos):
    """RFC 8878: where the zstd frame at pos ends by its headers, or None."""
    if data[pos:pos + 4] != ZSTD_MAGIC:
        return None
    try:
        header_bytes = zstandard.frame_header_size(data[pos:pos + 18])
        info = zstandard.get_frame_parameters(data[pos:pos + 18])
    except (zstandard.ZstdError, ValueError):
        return None
    pos += header_bytes
    while True:
        if pos + 3 > len(data):
            return None
        block = int.from_bytes(data[pos:pos + 3], 'little')
        kind = block >> 1 & 3
        if kind == 3:
            return None
        pos += 3 + (1 if kind == 1 else block >> 3)
        if block & 1:
            break
    if info.has_checksum:
        pos += 4
    return pos if pos <= len(data) else None


def zstd_content(frame):
    """COMPRESSED SEGMENTS, Reading one: the content of a zstd frame, no more
    than 1 MiB of it; None if it does not decode wholly.
    """
    content = bytearray()
    try:
        with zstandard.ZstdDecompressor().stream_reader(frame) as stream:
            while len(content) < MAX_FRAME_CONTENT:
                piece = stream.read(MAX_FRAME_CONTENT - len(content))
                if not piece:
                    return bytes(content)
                content += piece
            stream.read(1)  # the checksum may come only now
    except zstandard.ZstdError:
        return None
    return bytes(content)


def seek_table_end(data, pos):
    """COMPRESSED SEGMENTS: the end of a seek table at pos, or None."""
    if data[pos:pos + 4] != SEEK_TABLE_MAGIC or pos + 8 > len(data):
        return None
    end = pos + 8 + int.from_bytes(data[pos + 4:pos + 8], 'little')
    if end > len(data) or data[end - 4:end] != SEEK_TABLE_END:
        return None
    return end


def decompress(data):
    """COMPRESSED SEGMENTS, Reading one: the content of a file.

    The descriptions are followed, and behind damage the next frame is
    searched for.  The index is not needed for that.

    GUESS: a description is believed about the length of a frame that does
    not decode only if a frame of ours stands behind it (or the file ends
    there); else the next frame is searched for from its begin on.
    """
    if zstandard is None:
        raise RuntimeError('the module zstandard is missing')
    content = bytearray()
    pos = 0
    described = None  # compressed_bytes of the description right before
    while pos < len(data):
        frame = our_frame(data, pos)
        if frame is not None:
            described = described_bytes(frame[0])
            pos = frame[1]
            continue
        end = zstd_frame_end(data, pos)
        piece = zstd_content(data[pos:end]) if end else None
        if piece is not None:
            content += piece
            pos = end
        elif described and is_behind_frame(data, pos + described):
            pos += described
        else:
            pos = seek_table_end(data, pos) or next_frame(data, pos + 1)
        described = None
    return bytes(content)


def is_lacking(data, content):
    """READING, Causes: whether a compressed segment's content is another one
    than its head tells of, or it has no head.
    """
    frame = our_frame(data, 0)
    header = header_at(frame[0], 0, len(frame[0])) if frame else None
    if header is None or header[0] != CONTAINER:
        return True
    try:
        head = decode_fields(CONTAINER_FIELDS,
                             frame[0][HEADER_BYTES:header[2]], None, 1)
    except Malformed:
        return True
    return (head['raw_bytes'], head['raw_crc']) != (len(content),
                                                    crc32c(content))


def is_behind_frame(data, pos):
    """Whether a description can have told truly that a frame ends here."""
    return pos == len(data) or our_frame(data, pos) is not None


def next_frame(data, pos):
    """COMPRESSED SEGMENTS, Reading one: search the next frame."""
    while True:
        ours = data.find(OUR_MAGIC, pos)
        zstd = data.find(ZSTD_MAGIC, pos)
        found = [place for place in (ours, zstd) if place >= 0]
        if not found:
            return len(data)
        place = min(found)
        if place == zstd or our_frame(data, place) is not None:
            return place
        pos = place + 1


# --------------------------------------------------------------------------
# Use
# --------------------------------------------------------------------------

def load(path):
    """Read a file; give (content, whether damage to a compressed one cost a
    part of it).
    """
    with open(path, 'rb') as file:
        data = file.read()
    if is_compressed(path, data):
        content = decompress(data)
        return content, is_lacking(data, content)
    return data, False


def read_log(data, salvage=False, lacking=False):
    """READING: the records, gaps and the end of some bytes."""
    return Reader(data, salvage, lacking).read()


def decode_record(record):
    """Decode a record to {name: value}; None for a type that nothing
    describes.  Raises Malformed.
    """
    known = RECORD_TYPES.get(record.type) or record.description
    if known is None:
        return None
    return decode_fields(known.fields, record.payload, record.base,
                         record.tick_ns,
                         exact=record.type in (CHECKPOINT, MARK))


def plain_value(field_code, value):
    """A value for JSON: an id in hexadecimal, a string as latin-1."""
    if not isinstance(value, bytes):
        return value
    return value.hex() if field_code == 'id' else value.decode('latin-1')


def json_fields(record):
    """The keys that --decode adds to a record."""
    try:
        values = decode_record(record)
    except Malformed:
        return {'fields': None, 'malformed': True}
    if values is None:
        return {'fields': None, 'malformed': False}
    known = RECORD_TYPES.get(record.type) or record.description
    codes = {field.name: field.code for field in known.fields}
    return {'fields': {name: plain_value(codes[name], value)
                       for name, value in values.items()},
            'malformed': False}


def json_event(event, decode=False):
    """The JSON object of a Record, a Gap or an End."""
    if isinstance(event, End):
        return {'kind': 'end', 'complete': event.complete}
    if isinstance(event, Gap):
        out = {'kind': 'gap'}
        out.update(dataclasses.asdict(event))
        if event.wrong_byte is not None:
            out['wrong_byte'] = dict(zip(('offset', 'is', 'was'),
                                         event.wrong_byte))
        return out
    out = {'kind': 'record', 'offset': event.offset, 'size': event.size,
           'type': event.type, 'seq': event.seq, 'proof': event.proof,
           'has_base': event.base is not None, 'is_whole': event.is_whole,
           'payload_hex': event.payload.hex()}
    if decode:
        out.update(json_fields(event))
    return out


def main(arguments=None):
    """The command line."""
    parser = argparse.ArgumentParser(description='read daybook logs')
    parser.add_argument('--salvage', action='store_true',
                        help='hand out what gaps hold')
    parser.add_argument('--decode', action='store_true',
                        help='decode payloads')
    parser.add_argument('files', nargs='+', metavar='FILE')
    options = parser.parse_args(arguments)
    status = 0
    for path in options.files:
        print(json.dumps({'kind': 'file', 'path': path}))
        try:
            data, lacking = load(path)
        except OSError as error:
            print('daybook_log.py: %s' % error, file=sys.stderr)
            status = 3
            continue
        for event in read_log(data, options.salvage, lacking):
            print(json.dumps(json_event(event, options.decode)))
    return status


if __name__ == '__main__':
    sys.exit(main())
