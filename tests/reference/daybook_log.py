#!/usr/bin/python3
"""A second reader of daybook logs: plain, slow, and by daybook-log(5).

It follows the sections READING and COMPRESSED SEGMENTS step by step and shares no code with any
other reader, so that each can be held against the other (compare.py).

As a library: load(path) gives Contents, read_log(contents) the Records, Gaps and, last, the End.
As a program: see --help.
"""

import argparse
import bisect
import dataclasses
import itertools
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
PASSES = 16  # READING, Bounded work

SEGMENT_START = 0x01
SCHEMA = 0x02
CHECKPOINT = 0x03
MARK = 0x04
CLOCK = 0x05
LOST = 0x07
CONTAINER = 0x0A
FRAME = 0x0B
FRAME_INDEX = 0x0C
CONT = 0x0F
FIRST_NUMBERED = 0x13
LIFE = 0x2A
LIVES = 0x2C

FLAG_LAST = 2
FLAG_SALVAGED = 8
FLAG_AFTER_LOSS = 16


class Malformed(Exception):
    """A payload or a field that the page calls malformed."""


# CONVENTIONS, CRC32C


def _make_crc_table():
    """The effect of each byte on the register, polynomial 82F63B78."""
    table = []
    for register in range(256):
        for _ in range(8):
            register = (register >> 1) ^ (0x82F63B78 if register & 1 else 0)
        table.append(register)
    return table


CRC_TABLE = _make_crc_table()


def crc_update(register, data):
    """Feed bytes to the register, which is not inverted."""
    table = CRC_TABLE
    for byte in data:
        register = table[(register ^ byte) & 0xFF] ^ (register >> 8)
    return register


def crc32c(data):
    """The sum of some bytes."""
    return crc_update(MASK32, data) ^ MASK32


# CONVENTIONS, Codes and Payloads


def read_uint(data, pos):
    """A uint: (number, position behind it)."""
    value = 0
    for count in range(10):
        if pos >= len(data):
            raise Malformed('a uint is cut')
        byte = data[pos]
        pos += 1
        if count == 9 and byte > 1 or count > 0 and byte == 0:
            raise Malformed('a uint is too large, or not in its shortest form')
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return value, pos
    raise Malformed('a uint is too long')


def write_uint(value):
    """The bytes of a uint."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def unzigzag(number):
    """The signed number that an int is written as."""
    return (number >> 1) ^ -(number & 1)


def read_bytes(data, pos, length):
    """So many bytes, which must be there: (bytes, position behind them)."""
    if length > len(data) - pos:
        raise Malformed('a field is cut')
    return bytes(data[pos:pos + length]), pos + length


FIXED_BYTES = {'fixed32': 4, 'fixed64': 8, 'id': 16}


@dataclasses.dataclass(frozen=True)
class Field:
    """A field of a record type; its code is 'unknown' where this reader does not know it."""

    name: str
    code: str
    bits: int
    optional: bool


@dataclasses.dataclass(frozen=True)
class Base:
    """BLOCKS, Bases: base time in ticks, and base pid."""

    ticks: int
    pid: int


ZERO_BASE = Base(0, 0)


def number_value(field, number, base, tick_ns):
    """What the number of a field means. Without a base, times and pids are None."""
    if field.code == 'uint':
        fits = number >> field.bits == 0
        value = number
    elif field.code == 'int':
        value = unzigzag(number)
        fits = -1 << (field.bits - 1) <= value < 1 << (field.bits - 1)
    elif field.code == 'ticks':
        return number * tick_ns & MASK64
    elif base is None:
        return None
    elif field.code == 'time':
        return (base.ticks + unzigzag(number) & MASK64) * tick_ns & MASK64
    else:
        assert field.code == 'pid'
        value = base.pid + unzigzag(number) & MASK64
        fits = value <= MASK32
    if not fits:
        raise Malformed('a number does not fit')
    return value


def read_field(field, data, pos, base=None, tick_ns=1):
    """One field: (value, position behind it)."""
    if field.code in FIXED_BYTES:
        raw, pos = read_bytes(data, pos, FIXED_BYTES[field.code])
        return raw if field.code == 'id' else int.from_bytes(raw, 'little'), pos
    number, pos = read_uint(data, pos)
    if field.optional:
        if number == 0:
            return None, pos
        number -= 1
    if field.code == 'string':
        return read_bytes(data, pos, number)
    return number_value(field, number, base, tick_ns), pos


def absent_value(field):
    """What a field is treated as that is not there."""
    if field.optional:
        return None
    return {'string': b'', 'id': bytes(16)}.get(field.code, 0)


def decode_fields(fields, payload, base=None, tick_ns=1):
    """A payload as {name: value}. Raises Malformed."""
    values = {}
    pos = 0
    for field in fields:
        if pos == len(payload):
            values[field.name] = absent_value(field)
        elif field.code == 'unknown':
            values[field.name] = payload[pos:]
            break
        else:
            values[field.name], pos = read_field(field, payload, pos, base, tick_ns)
    return values


def decode_exactly(fields, payload):
    """A payload that must have all fields and nothing else; ticks stay plain numbers."""
    values = {}
    pos = 0
    for field in fields:
        values[field.name], pos = read_field(field, payload, pos)
    if pos != len(payload):
        raise Malformed('bytes behind the last field')
    return values


# RECORD TYPES


@dataclasses.dataclass(frozen=True)
class RecordType:
    """The name, the bounds of the length byte, and the fields."""

    name: str
    min_bytes: int
    max_bytes: int
    fields: tuple


def _field(name, code):
    """A Field of words such as "uid", "uint32?"."""
    optional = code.endswith('?')
    code = code.rstrip('?')
    plain = code if code in FIXED_BYTES else code.rstrip('0123456789')
    return Field(name, plain, int(code[len(plain):] or 64), optional)


def _type(name, min_bytes, max_bytes, text):
    """A RecordType of "name code, name code ..."."""
    fields = tuple(_field(*part.split()) for part in text.split(','))
    return RecordType(name, min_bytes, max_bytes, fields)


RECORD_TYPES = {
    0x01: _type('segment_start', 76, 228, '''
        signature fixed64, major_version uint32, minor_version uint32, min_reader uint32,
        compat_flags uint, incompat_flags uint, tag fixed32, segment_no uint, stream_id id,
        host_id id, boot_id id, tick_ns uint32, first_seq uint, time ticks, realtime int,
        previous_segment_no uint?, previous_tag uint32?, previous_end uint8?,
        previous_next_seq uint?, previous_bytes uint?, previous_synced_bytes uint?'''),
    0x02: _type('schema', 5, 255, '''
        type uint32, min_bytes uint32, max_bytes uint32, name string, fields string'''),
    0x03: _type('checkpoint', 25, 160, '''
        flags uint32, tag fixed32, block_bytes uint, logical_offset uint, first_seq uint,
        seq_count uint, record_count uint, base_time ticks, first_time ticks, last_time ticks,
        base_pid uint, last_pid uint, lost_total uint, unsynced uint, block_crc fixed32,
        self_crc fixed32'''),
    0x04: _type('mark', 5, 20, 'record_count uint, crc fixed32'),
    0x05: _type('clock', 7, 70, '''
        time time, realtime int, monotonic ticks, uncertainty uint, reason uint8,
        tai_offset int32?, max_error uint?'''),
    0x06: _type('info', 2, 255, 'key string, value string'),
    0x07: _type('lost', 8, 80, '''
        first_time time, last_time time, reason uint8, forks uint?, execs uint?, exits uint?,
        records uint?, cpu uint32?'''),
    0x09: _type('segment_end', 10, 100, '''
        time time, reason uint8, record_count uint, first_seq uint, next_seq uint,
        lost_total uint, first_time ticks?, last_time ticks?, first_realtime int?,
        last_realtime int?'''),
    0x0F: _type('cont', 1, 255, 'index uint32'),
    0x10: _type('snap_begin', 1, 10, 'time time'),
    0x11: _type('snap_proc', 22, 255, '''
        pid pid, start time, flags uint32, ppid pid?, parent_start time?, uid uint32?,
        euid uint32?, suid uint32?, gid uint32?, egid uint32?, sgid uint32?, login_uid uint32?,
        sid uint32?, tty uint32?, cgroup_id uint?, comm string?, exe string?, args_bytes uint?,
        args string?, cpu uint?, namespace_level uint32?, namespace_pid uint32?'''),
    0x12: _type('snap_end', 2, 20, 'time time, process_count uint'),
    0x13: _type('recorder', 13, 255, '''
        time time, event uint8, source string, version string, kernel_forks uint?,
        forks_seen uint?, execs_seen uint?, exits_seen uint?, ring_bytes uint?,
        drain_interval uint?, args_limit uint?, abilities string?, filter string?'''),
    0x14: _type('recording_gap', 3, 30, 'first_time time, last_time time, missed_forks uint?'),
    0x15: _type('audit', 8, 80, '''
        time time, forks_seen uint?, execs_seen uint?, exits_seen uint?, kernel_forks uint?,
        living uint?, living_in_log uint?, filtered uint?'''),
    0x20: _type('fork', 12, 120, '''
        time time, pid pid, ppid pid, parent_start time?, flags uint32, uid uint32?,
        euid uint32?, gid uint32?, egid uint32?, sid uint32?, namespace_level uint32?,
        namespace_pid uint32?'''),
    0x21: _type('exec', 22, 255, '''
        time time, pid pid, start time, old_tid pid?, uid uint32?, euid uint32?, suid uint32?,
        gid uint32?, egid uint32?, sgid uint32?, login_uid uint32?, sid uint32?, tty uint32?,
        cgroup_id uint?, exe_device uint?, exe_inode uint?, comm string?, exe_bytes uint?,
        exe string?, args_bytes uint?, args string?, cpu uint?'''),
    0x22: _type('exit', 34, 255, '''
        time time, pid pid, start time, ppid pid?, parent_start time?, wait_status uint32?,
        flags uint32, uid uint32?, euid uint32?, suid uint32?, gid uint32?, egid uint32?,
        sgid uint32?, login_uid uint32?, sid uint32?, tty uint32?, cgroup_id uint?, utime uint?,
        stime uint?, cpu uint?, maxrss uint?, minflt uint?, majflt uint?, nvcsw uint?,
        nivcsw uint?, comm string?, image_maxrss uint?, rchar uint?, wchar uint?,
        read_bytes uint?, write_bytes uint?, children_cpu uint?, zombie uint?,
        audit_session uint32?'''),
    0x23: _type('reap', 15, 150, '''
        time time, pid pid, start time, flags uint32, utime uint?, stime uint?, cpu uint?,
        minflt uint?, majflt uint?, nvcsw uint?, nivcsw uint?, rchar uint?, wchar uint?,
        read_bytes uint?, write_bytes uint?'''),
    0x24: _type('id', 7, 70, '''
        time time, pid pid, start time?, uid uint32?, euid uint32?, gid uint32?, egid uint32?'''),
    0x25: _type('session', 3, 30, 'time time, pid pid, start time?'),
    0x26: _type('comm', 4, 255, 'time time, pid pid, start time?, comm string'),
    0x27: _type('ptrace', 4, 40, 'time time, pid pid, start time?, tracer pid?'),
    0x28: _type('cgroup', 3, 255, 'time time, id uint, path string'),
    0x2A: _type('life', 7, 255, '''
        time time, pid pid, elapsed uint, ppid pid, parent_start time, wait_status uint32,
        flags uint32, uid uint32, gid uint32, sid uint32, cgroup_id uint?, login_uid uint32?,
        audit_session uint32?, tty uint32, cpu uint, utime uint, stime uint, maxrss uint,
        image_maxrss uint?, minflt uint, nvcsw uint, nivcsw uint, comm string, zombie uint?,
        exec_after uint?, exec_cpu uint, exe_device uint, exe_inode uint, rchar uint, wchar uint,
        read_bytes uint, write_bytes uint, majflt uint, children_cpu uint, euid uint32?,
        egid uint32?, suid uint32?, sgid uint32?, old_tid pid?, namespace_level uint32?,
        namespace_pid uint32?, args_bytes uint?, exe string, args string?'''),
    0x2B: _type('acct', 8, 80, '''
        time time, pid pid, start time, flags uint32, memory uint, io uint, rw uint, swaps uint'''),
    0x2C: _type('lives', 6, 255, '''
        time time, last_time time, pid pid, count uint32, execs uint32, lives string'''),
    0x30: _type('rollup', 48, 255, '''
        no uint, stream_id id, host string?, day string, zone string, from int, until int,
        filter string, flags uint32, processes uint, used uint, running uint, groups uint,
        folded_groups uint, first_realtime int?, last_realtime int?, boots string,
        segments uint, records uint, dropped_events uint, lost_events uint,
        recording_gaps uint, missed_forks uint, unseen_forks uint, missing_records uint,
        gaps uint, damaged_bytes uint, hole_bytes uint, torn_bytes uint,
        unreadable_files uint, class_bits uint32, unreaped uint?,
        recorder_filters string?'''),
    0x31: _type('rollup_group', 29, 255, '''
        rollup uint, folded uint, comm string?, user string?, uid uint32?, service string?,
        container string?, wait_status uint32?, count uint, lost uint, failed uint, cpu uint?,
        utime uint?, stime uint?, elapsed uint?, maxrss uint?, minflt uint?, majflt uint?,
        nvcsw uint?, nivcsw uint?, read_bytes uint?, write_bytes uint?, first_end int?,
        last_end int?, cpu_classes string, elapsed_classes string, maxrss_classes string,
        parts uint, cpu_within uint?'''),
}
PART_TYPES = {
    CONTAINER: _type('container', 0, 255, 'version uint32, raw_bytes uint, raw_crc fixed32'),
    FRAME: _type('frame', 0, 255, '''
        offset uint, raw_bytes uint, compressed_bytes uint, compressed_crc fixed32,
        first_seq uint, seq_count uint, first_time ticks?, last_time ticks?'''),
    FRAME_INDEX: _type('frame_index', 0, 255, 'frame_count uint, container_bytes uint'),
    CLOCK: RECORD_TYPES[CLOCK],
    SEGMENT_START: RECORD_TYPES[SEGMENT_START],
}


def is_numbered(record_type):
    """RECORDS: whether records of the type have a sequence number."""
    return record_type == LOST or record_type >= FIRST_NUMBERED


# SEGMENTS, Descriptions of types

CODE_NAMES = {1: 'uint', 2: 'int', 3: 'fixed32', 4: 'fixed64', 5: 'id', 6: 'string', 7: 'time',
              8: 'ticks', 9: 'pid'}


def schema_field(code, name):
    """A Field of a code's number."""
    known = CODE_NAMES.get(code & ~0x40, 'unknown')
    optional = bool(code & 0x40)
    if optional and known in FIXED_BYTES:  # these never have a question mark
        known = 'unknown'
    return Field(name.decode('latin-1'), known, 64, optional)


def parse_schema(payload):
    """What a SCHEMA describes: (type, RecordType). Raises Malformed where it is ignored."""
    values = decode_fields(RECORD_TYPES[SCHEMA].fields, payload)
    if not 0 < values['type'] < 0xFF:
        raise Malformed('it describes no type')
    text = _field('', 'string')
    packed = values['fields']
    pos = 0
    fields = []
    while pos < len(packed):
        code, pos = read_uint(packed, pos)
        unit, pos = read_uint(packed, pos)
        name, pos = read_field(text, packed, pos)
        if code > 255 or unit > 255:
            raise Malformed('code or unit is not less than 256')
        count, pos = read_uint(packed, pos)
        for _ in range(count):
            _, pos = read_uint(packed, pos)
            _, pos = read_field(text, packed, pos)
        fields.append(schema_field(code, name))
    return values['type'], RecordType(values['name'].decode('latin-1'), values['min_bytes'],
                                      values['max_bytes'], tuple(fields))


# RECORDS


def header_at(data, pos, end):
    """The header at pos of bytes that end at end: (type, end of the record), or None."""
    if pos + HEADER_BYTES > end or data[pos:pos + 2] != COOKIE:
        return None
    record_type = data[pos + 2]
    record_end = pos + HEADER_BYTES + data[pos + 3]
    if record_type in (0x00, 0xFF) or record_end > end:
        return None
    return record_type, record_end


def assemble(data, pos, end):
    """RECORDS, Long records: the record at pos of bytes that end at end.

    Gives (payload, end of the last CONT, whether it is whole).
    """
    _, stop = header_at(data, pos, end)
    payload = bytearray(data[pos + HEADER_BYTES:stop])
    if len(payload) != 255:
        return bytes(payload), stop, True
    expected = 0
    while True:
        header = header_at(data, stop, end)
        if header is None or header[0] != CONT or header[1] == stop + HEADER_BYTES:
            break
        if data[stop + HEADER_BYTES] != expected:
            break
        fragment = data[stop + HEADER_BYTES:header[1]]
        if len(payload) + len(fragment) - 1 > MAX_PAYLOAD_BYTES:
            break
        payload += fragment[1:]
        stop = header[1]
        if len(fragment) != 255:
            return bytes(payload), stop, True
        expected = (expected + 1) % 128
    return bytes(payload), stop, False


# READING, its results


@dataclasses.dataclass
class Record:
    """A record that is handed out; base is None where it is unknown."""

    offset: int
    size: int
    type: int
    seq: object
    proof: str
    base: object
    is_whole: bool
    payload: bytes
    tick_ns: int
    described: object  # its RecordType, None where nothing describes it


@dataclasses.dataclass
class Gap:
    """A gap."""

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
    """The end."""

    complete: bool


# READING, Terms


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A good checkpoint; its times are in ticks."""

    begin: int
    end: int
    flags: int
    tag: int
    block_bytes: int
    logical_offset: int
    first_seq: int
    seq_count: int
    record_count: int
    base_time: int
    first_time: int
    last_time: int
    base_pid: int
    last_pid: int
    lost_total: int
    unsynced: int
    block_crc: int
    self_crc: int

    @property
    def block_begin(self):
        """Where its block begins; negative where that is impossible."""
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
    def logical_end(self):
        """The logical offset of its end."""
        return self.logical_offset + self.block_bytes + self.end - self.begin & MASK64

    @property
    def durable(self):
        """READING, Causes: the logical offset before which all is durable, as it promises."""
        if self.has(FLAG_LAST):
            return MASK64
        return max((self.logical_offset + self.block_bytes & MASK64) - self.unsynced, 0)

    def has(self, flag):
        """Whether it has a flag."""
        return bool(self.flags & flag)

    def fits(self, tick_ns):
        """Whether its times fit with that tick."""
        return max(self.base_time, self.first_time, self.last_time) * tick_ns <= MASK64


# The same fields, but with times as plain numbers.
CHECKPOINT_FIELDS = tuple(
    dataclasses.replace(field, code='uint') if field.code == 'ticks' else field
    for field in RECORD_TYPES[CHECKPOINT].fields)


def parse_checkpoint(data, pos):
    """The good checkpoint at pos, whatever the tick; or None."""
    header = header_at(data, pos, len(data))
    if header is None or header[0] != CHECKPOINT:
        return None
    end = header[1]
    try:
        values = decode_exactly(CHECKPOINT_FIELDS, data[pos + HEADER_BYTES:end])
    except Malformed:
        return None
    if values['self_crc'] != crc32c(data[pos:end - 4]):
        return None
    return Checkpoint(begin=pos, end=end, **values)


@dataclasses.dataclass(frozen=True)
class Start:
    """A start."""

    tag: int
    stream_id: bytes
    tick_ns: int
    is_supported: bool


def is_start(values):
    """Whether a SEGMENT_START with these values is a start."""
    return values['signature'] == int.from_bytes(SIGNATURE, 'little') and values['tick_ns'] != 0


def parse_start(data, pos):
    """The start at pos, or None."""
    header = header_at(data, pos, len(data))
    if header is None or header[0] != SEGMENT_START:
        return None
    try:
        values = decode_fields(RECORD_TYPES[SEGMENT_START].fields,
                               data[pos + HEADER_BYTES:header[1]])
    except Malformed:
        return None
    if not is_start(values):
        return None
    is_supported = (values['major_version'] == 1 and values['min_reader'] == 0 and
                    values['incompat_flags'] == 0)
    return Start(values['tag'], values['stream_id'], values['tick_ns'], is_supported)


@dataclasses.dataclass
class Context:
    """The context."""

    tag: int
    logical_end: int
    file_end: int


class Log:
    """The bytes of a log, and what can be told of them without a state."""

    def __init__(self, data):
        """Find all good checkpoints, whatever the tick."""
        self.data = data
        self.size = len(data)
        self.checkpoints = {}  # by their begin, in ascending order
        self._block_crcs = {}
        pos = data.find(COOKIE + bytes([CHECKPOINT]))
        while pos >= 0:
            checkpoint = parse_checkpoint(data, pos)
            if checkpoint is not None:
                self.checkpoints[pos] = checkpoint
            pos = data.find(COOKIE + bytes([CHECKPOINT]), pos + 1)
        self._begins = list(self.checkpoints)

    def checkpoints_from(self, pos, tick_ns=DEFAULT_TICK_NS):
        """Every good checkpoint from pos on."""
        for begin in self._begins[bisect.bisect_left(self._begins, pos):]:
            if self.checkpoints[begin].fits(tick_ns):
                yield self.checkpoints[begin]

    def checkpoint_at(self, pos, tick_ns):
        """The good checkpoint at pos, or None."""
        checkpoint = self.checkpoints.get(pos)
        return checkpoint if checkpoint and checkpoint.fits(tick_ns) else None

    def is_proved(self, checkpoint, low):
        """Whether its block is proved from low."""
        if checkpoint.begin < low or checkpoint.block_bytes > checkpoint.begin - low:
            return False
        if checkpoint.block_bytes > MAX_BLOCK_BYTES:
            return False
        key = checkpoint.block_begin, checkpoint.begin
        if key not in self._block_crcs:
            self._block_crcs[key] = crc32c(self.data[key[0]:key[1]])
        return self._block_crcs[key] == checkpoint.block_crc

    def start_of(self, checkpoint):
        """The start of its tag with which its block begins, or None."""
        start = parse_start(self.data, checkpoint.block_begin)
        return start if start and start.tag == checkpoint.tag else None

    def head_of(self, checkpoint, low=0):
        """Its start, if it is that of a head whose block begins at low or later; or None."""
        if checkpoint.logical_offset != 0 or checkpoint.block_begin < low:
            return None
        if checkpoint.block_bytes > MAX_BLOCK_BYTES:
            return None
        start = self.start_of(checkpoint)
        return start if start and checkpoint.fits(start.tick_ns) else None

    def walk_as_ours(self, checkpoint):
        """Step 1: the end of the checkpoint, if going from header to header leads there and no CONT
        stands within a record; else where that ended.
        """
        pos = checkpoint.block_begin
        while pos < checkpoint.end:
            header = header_at(self.data, pos, self.size)
            if header is None or header[0] == CHECKPOINT and pos != checkpoint.begin:
                break
            if self.data.find(COOKIE + bytes([CONT]), pos + 1, header[1]) >= 0:
                break
            pos = header[1]
        return pos

    def walk(self, pos):
        """The records (begin, type, end) from header to header, and where that ends: the first
        header of a CHECKPOINT, or the first place where no header stands.
        """
        records = []
        end = min(self.size, pos + MAX_BLOCK_BYTES + HEADER_BYTES + 255)
        while True:
            header = header_at(self.data, pos, end)
            if header is None or header[0] == CHECKPOINT:
                return records, pos
            records.append((pos, *header))
            pos = header[1]


# READING, Step 1


@dataclasses.dataclass
class Run:
    """Blocks of one tag that follow each other."""

    begin: int
    end: int
    starts_segment: bool


@dataclasses.dataclass
class Found:
    """What step 1 gives."""

    segment: object = None
    expected_tag: object = None
    next_begin: object = None


def find_head(log):
    """Step 1."""
    claims = {}
    heads = {}
    runs = {}
    in_vain = 0
    found = Found()
    for checkpoint in log.checkpoints_from(0):
        if in_vain > PASSES * log.size or not log.is_proved(checkpoint, 0):
            continue
        begin = checkpoint.block_begin
        place = log.walk_as_ours(checkpoint)
        if place != checkpoint.end:
            in_vain += place - begin
            continue
        start = log.start_of(checkpoint)
        if start and not start.is_supported:
            start = None
        if start and begin == 0:
            return Found(start, start.tag)
        starts_segment = start is not None and checkpoint.logical_offset == 0
        run = runs.get(checkpoint.tag)
        if run is None or begin != run.end or starts_segment:
            run = runs[checkpoint.tag] = Run(begin, begin, starts_segment)
        counted = run.end if run.end - run.begin > 255 else run.begin
        run.end = checkpoint.end
        heads[checkpoint.tag] = start or heads.get(checkpoint.tag)
        if run.end - run.begin <= 255:
            continue
        if run.starts_segment:
            found.next_begin = run.begin
            break
        claims[checkpoint.tag] = claims.get(checkpoint.tag, 0) + run.end - counted
    if claims:
        found.expected_tag = min(claims, key=lambda tag: (-claims[tag], tag))
        found.segment = heads[found.expected_tag]
    return found


# READING, Steps 2 to 4


class Reader:
    """The state of the reader, and its steps: generators of Records and Gaps. Where the next step
    begins is in self.pos.
    """

    def __init__(self, content, salvage):
        """Do step 1."""
        self.content = content
        self.data = content.data
        self.size = len(self.data)
        self.log = Log(self.data)
        self.salvage = salvage
        self.found = find_head(self.log)
        self.segment = self.found.segment
        self.context = None
        self.complete = False
        self.next_seq = 0
        self.base = ZERO_BASE
        self.last_time = None
        self.unsupported = None
        self.pos = 0
        self.described = dict(RECORD_TYPES)  # by SCHEMAs of the segment, too
        self.durable = 0
        self.outlook = None
        self.looked = 0  # bytes, for outlooks
        self.walked = 0  # bytes, in vain

    @property
    def tag(self):
        """Of the segment that is being read, if known."""
        return self.context.tag if self.context is not None else self.found.expected_tag

    @property
    def tick_ns(self):
        """The tick of the segment that is being read."""
        return self.segment.tick_ns if self.segment else DEFAULT_TICK_NS

    def read(self):
        """All records and gaps, then the end."""
        while self.pos < self.size:
            yield from self.step2()
        if self.content.lacks_end:
            yield self.lacking_end()
        yield End(self.complete)

    def lacking_end(self):
        """COMPRESSED SEGMENTS: the gap of what the content lacks at its end."""
        gap = Gap(self.size, self.size, 'damaged', first_time=self.last_time)
        first = self.next_seq if self.context is not None else self.content.first_seq
        next_seq = self.content.next_seq
        if None not in (first, next_seq) and next_seq >= first:
            gap.records_lost = next_seq - first
            gap.first_lost_seq = first if gap.records_lost else None
        return gap

    def ns(self, ticks):
        """Ticks in nanoseconds."""
        return ticks * self.tick_ns & MASK64

    def take_over(self, checkpoint):
        """Take over a good checkpoint."""
        self.context = Context(checkpoint.tag, checkpoint.logical_end, checkpoint.end)
        self.next_seq = checkpoint.next_seq
        self.base = Base(checkpoint.last_time, checkpoint.last_pid & MASK32)
        self.last_time = self.ns(checkpoint.last_time)
        self.complete = checkpoint.has(FLAG_LAST)
        self.durable = max(self.durable, checkpoint.durable)
        self.pos = checkpoint.end

    # Step 2

    def step2(self):
        """A block, or an open end and a gap."""
        begin = self.pos
        records, place = [], begin
        if self.walked <= PASSES * self.size:
            records, place = self.log.walk(begin)
        checkpoint = self.log.checkpoint_at(place, self.tick_ns)
        if (checkpoint and checkpoint.block_begin == begin and
                self.log.is_proved(checkpoint, begin)):
            head = self.log.head_of(checkpoint)
            if head and self.is_inside(head):
                head = None
            if head and not head.is_supported:
                self.unsupported = head.stream_id
            if head and head.is_supported or self.continues(checkpoint, begin):
                yield from self.lost_before(checkpoint, head)
                yield from self.read_block(checkpoint)
                return
        self.walked += place - begin
        yield from self.step3(begin, records)

    def is_inside(self, head):
        """Whether the segment goes on behind a head of another log."""
        if self.context is None or self.complete:
            return False
        if self.segment is not None and self.segment.stream_id == head.stream_id:
            return False
        return any(checkpoint.begin >= self.pos for checkpoint in self.outlook_from(self.pos))

    def continues(self, checkpoint, begin):
        """Whether it continues the context, perhaps after a loss."""
        context = self.context
        return (context is not None and not self.complete and checkpoint.tag == context.tag and
                checkpoint.logical_offset == context.logical_end and begin == context.file_end and
                (checkpoint.first_seq == self.next_seq or
                 checkpoint.has(FLAG_AFTER_LOSS) and checkpoint.first_seq > self.next_seq))

    def lost_before(self, checkpoint, head):
        """The empty gap before a block that continues after a loss."""
        if head and head.is_supported or checkpoint.first_seq == self.next_seq:
            return
        gap = Gap(self.pos, self.pos, 'lost_before')
        self.tell_losses(gap, checkpoint, True, self.tick_ns)
        yield gap

    def read_block(self, checkpoint):
        """Reading a block."""
        head = self.log.head_of(checkpoint)
        if head and head.is_supported:
            self.segment = head
            self.unsupported = None
            self.described = dict(RECORD_TYPES)
            self.durable = 0
            self.outlook = None
        begin, end = checkpoint.block_begin, checkpoint.end
        if checkpoint.has(FLAG_SALVAGED):
            records = self.hand_out(begin, end, checkpoint.base, None, 'salvaged')
        else:
            records = self.hand_out(begin, end, checkpoint.base, checkpoint.first_seq, 'verified')
        stop = begin
        for record in records:
            if record.offset >= checkpoint.begin:
                record.proof = 'verified'
            stop = record.offset + record.size
            yield record
        if stop < end:
            yield Gap(stop, end, 'damaged')
        self.take_over(checkpoint)

    def hand_out(self, begin, end, base, seq, proof):
        """The records of [begin, end); seq is the number of the first numbered one."""
        while (header := header_at(self.data, begin, end)) is not None:
            payload, stop, is_whole = assemble(self.data, begin, end)
            own_seq = None
            if seq is not None and is_numbered(header[0]):
                own_seq = seq
                seq = seq + 1 & MASK64
            if header[0] == SCHEMA:
                self.learn(payload)
            yield Record(begin, stop - begin, header[0], own_seq, proof, base, is_whole, payload,
                         self.tick_ns, self.described.get(header[0]))
            begin = stop

    def learn(self, payload):
        """Remember a SCHEMA that is well-formed."""
        try:
            record_type, described = parse_schema(payload)
        except Malformed:
            return
        self.described[record_type] = described

    # Step 3

    def step3(self, begin, records):
        """An open end, and the gap behind it."""
        end = begin
        if self.context is not None and not self.complete:
            end = self.marked_end(begin, records)
        next_seq = self.next_seq
        for record in self.hand_out(begin, end, self.base, next_seq, 'verified'):
            next_seq = next_seq if record.seq is None else record.seq + 1 & MASK64
            yield record
        self.next_seq = next_seq
        self.pos = end
        if end < self.size:
            yield from self.step4(end)

    def marked_end(self, begin, records):
        """The end of the last MARK whose sum is right."""
        end = begin
        place = struct.pack('<IQQQI', self.context.tag, self.context.logical_end, self.next_seq,
                            self.base.ticks, self.base.pid)
        register = crc_update(MASK32, place)
        summed = begin
        for pos, record_type, stop in records:
            if record_type != MARK:
                continue
            try:
                mark = decode_exactly(RECORD_TYPES[MARK].fields, self.data[pos + HEADER_BYTES:stop])
            except Malformed:
                break
            register = crc_update(register, self.data[summed:stop - 4])
            summed = stop - 4
            if register ^ MASK32 != mark['crc']:
                break
            end = stop
        return end

    # Step 4

    def may_start(self, checkpoint, low):
        """A: may start a segment. Gives its start, supported or not; or None."""
        head = self.log.head_of(checkpoint, low)
        if head is None:
            return None
        is_next = (self.context is None and self.found.expected_tag is None and
                   checkpoint.block_begin == self.found.next_begin)
        same_log = (head.stream_id == self.unsupported or
                    self.segment is not None and head.stream_id == self.segment.stream_id)
        if not (self.complete or is_next or same_log):
            return None
        return head if self.log.is_proved(checkpoint, low) else None

    def may_follow(self, checkpoint):
        """B: may follow."""
        if self.unsupported is not None:
            return False
        if self.context is None:
            return checkpoint.tag == self.found.expected_tag
        return (not self.complete and checkpoint.tag == self.context.tag and
                checkpoint.logical_offset >= self.context.logical_end and
                checkpoint.next_seq >= self.next_seq)

    def find_ender(self, low):
        """The checkpoint that ends the gap, or None."""
        for checkpoint in self.log.checkpoints_from(low, self.tick_ns):
            head = self.may_start(checkpoint, low)
            if head and head.is_supported:
                return checkpoint
            if head:
                self.unsupported = head.stream_id
            if self.may_follow(checkpoint):
                return checkpoint
        return None

    def step4(self, low):
        """A gap that begins at low."""
        ender = self.find_ender(low)
        is_proved = ender is not None and self.log.is_proved(ender, low)
        gap = Gap(low, self.size, '')
        if ender is not None:
            gap.end = ender.block_begin if is_proved else ender.end
        gap.cause = self.cause(gap)
        if gap.cause == 'torn_tail':
            gap.tail = tail_kind(self.data, low, gap.end)
        gap.first_time = self.last_time
        if ender is not None:
            head = self.log.head_of(ender, low) if is_proved else None
            self.tell_losses(gap, ender, is_proved,
                             head.tick_ns if head and head.is_supported else self.tick_ns)
        salvaged = []
        if ender is not None and not is_proved and not self.content.changed:
            gap.wrong_byte = self.wrong_byte(gap, ender)
        if self.salvage and gap.cause != 'unsupported_version':
            salvaged = self.salvaged(gap, ender, is_proved)
            gap.records_salvaged = sum(is_numbered(record.type) for record in salvaged)
        yield gap
        yield from salvaged
        if ender is None:
            self.pos = self.size
        elif is_proved:
            yield from self.read_block(ender)
        else:
            self.take_over(ender)

    def tell_losses(self, gap, ender, is_proved, tick_ns):
        """Records lost, first lost number, times."""
        gap.first_time = self.last_time
        if self.context is not None and ender.tag != self.context.tag:
            return
        gap.last_time = (ender.first_time if is_proved else ender.last_time) * tick_ns & MASK64
        if self.context is None:
            return
        bound = ender.first_seq if is_proved else ender.next_seq
        gap.records_lost = max(bound - self.next_seq, 0)
        if gap.records_lost:
            gap.first_lost_seq = self.next_seq

    # Causes

    def cause(self, gap):
        """The cause of a gap."""
        if self.unsupported is not None:
            return 'unsupported_version'
        if self.context is None:
            return 'damaged'
        if self.complete:
            return 'trailing'
        if self.content.changed:
            return 'damaged'
        outlook = self.outlook_from(gap.begin)
        durable = max([self.durable] + [checkpoint.durable for checkpoint in outlook])
        logical = self.context.logical_end + gap.begin - self.context.file_end & MASK64
        if logical < durable:
            return 'damaged'
        is_followed = any(checkpoint.begin >= gap.begin for checkpoint in outlook)
        return 'hole' if is_followed else 'torn_tail'

    def outlook_from(self, low):
        """The outlook, looked for where it is not yet known."""
        if self.outlook is None and self.looked <= PASSES * self.size:
            self.outlook = self.look_ahead(low)
        return self.outlook or []

    def look_ahead(self, low):
        """Looks for the outlook."""
        outlook = []
        stop = self.size
        for checkpoint in self.log.checkpoints_from(low):
            head = self.log.head_of(checkpoint, low) if self.segment else None
            if (head and head.is_supported and head.stream_id == self.segment.stream_id and
                    self.log.is_proved(checkpoint, low)):
                stop = checkpoint.begin
                break
            if checkpoint.tag == self.context.tag:
                outlook.append(checkpoint)
                if checkpoint.has(FLAG_LAST):
                    stop = checkpoint.begin
                    break
        self.looked += stop - low
        return outlook

    # Wrong byte

    def wrong_byte(self, gap, ender):
        """The one byte that is wrong: (offset, is, was), or None."""
        begin = gap.begin
        if self.context is not None:
            begin = self.context.file_end
            if ender.logical_offset != self.context.logical_end:
                return None
        if ender.block_begin != begin or ender.block_bytes > MAX_BLOCK_BYTES:
            return None
        found = find_wrong_byte(self.data[begin:ender.begin], ender.block_crc)
        if found is None or begin + found[0] < gap.begin:
            return None
        return (begin + found[0], *found[1:])

    # Salvage

    def candidates(self, begin, end):
        """{offset: (type, end)} of the candidates in [begin, end), in ascending order."""
        found = {}
        pos = self.data.find(COOKIE, begin, end)
        while pos >= 0:
            header = header_at(self.data, pos, end)
            known = self.described.get(header[0]) if header else None
            if known and known.min_bytes <= header[1] - pos - HEADER_BYTES <= known.max_bytes:
                found[pos] = header
            pos = self.data.find(COOKIE, pos + 1, end)
        return found

    def salvaged(self, gap, ender, is_proved):
        """The records that the gap holds."""
        end = ender.begin if ender is not None and not is_proved else gap.end
        candidates = self.candidates(gap.begin, end)
        records = []
        for begin, stop in chosen_chains(candidates, gap.begin, end, ender is not None):
            base = None
            if begin == gap.begin and self.context is not None and not self.complete:
                base = self.base
            while begin < stop:
                record_type, record_end = candidates[begin]
                if record_type == CHECKPOINT:
                    base = None
                if record_type not in (CHECKPOINT, MARK, CONT):
                    payload, record_end, is_whole = assemble(self.data, begin, stop)
                    described = self.described[record_type]
                    if not is_whole:
                        payload = cut_to_fit(described, payload)
                    own_base = base
                    if ender is not None and not is_proved and (
                            ender.begin - begin <= ender.block_bytes):
                        own_base = ender.base
                    records.append(Record(
                        begin, record_end - begin, record_type, None,
                        'tail' if ender is None else 'salvaged', own_base, is_whole, payload,
                        self.tick_ns, described))
                begin = record_end
        return records


# READING, Tail kinds and Wrong byte


def tail_kind(data, begin, end):
    """The kind of a torn_tail."""
    if begin < end and not any(data[begin:end]):
        return 'zero_fill'
    if is_cut(data, begin, end):
        return 'cut_record'
    for sector in range(-(-begin // 512) * 512, end - 511, 512):
        if not any(data[sector:sector + 512]):
            return 'zero_sector'
    return 'garbage'


def is_cut(data, pos, end):
    """Whether going from record to record leads to the end, or behind it."""
    while pos < end:
        left = data[pos:min(pos + HEADER_BYTES, end)]
        if left[:2] != COOKIE[:len(left)]:
            return False
        if len(left) < HEADER_BYTES:
            return True
        if left[2] in (0x00, 0xFF):
            return False
        pos += HEADER_BYTES + left[3]
    return True


CHANGES = {value: byte for byte, value in enumerate(CRC_TABLE)}
TOP_BYTES = {value >> 24: byte for byte, value in enumerate(CRC_TABLE)}


def find_wrong_byte(block, crc):
    """The only byte that, changed, gives the block that sum: (offset, is, was), or None.

    Going back from the end, differ is by how much the register behind each byte would have to be
    another one; where one byte can make it that, this is a way.
    """
    differ = crc32c(block) ^ crc
    found = None
    for pos in range(len(block) - 1, -1, -1):
        change = CHANGES.get(differ, 0)
        if change:
            if found is not None:
                return None
            found = pos, block[pos], block[pos] ^ change
        index = TOP_BYTES[differ >> 24]
        differ = (differ ^ CRC_TABLE[index]) << 8 & MASK32 | index
    return found


# READING, Salvage


def chosen_chains(candidates, begin, end, ends_at_record):
    """The chains (begin, end) that are chosen, in their order."""
    ends, lengths, lasts = {}, {}, {}
    for pos in reversed(candidates):
        after = candidates[pos][1]
        ends[pos] = ends.get(after, after)
        lengths[pos] = lengths.get(after, 0) + 1
        lasts[pos] = lasts.get(after, pos)
    first_end = search = begin
    first, last = [], []
    if begin in candidates:
        first_end = ends[begin]
        search = lasts[begin] + 1
        first = [(begin, first_end)]
    stop = end
    if ends_at_record and first_end != end:
        stop = min((pos for pos in candidates if pos >= search and ends[pos] == end), default=end)
        last = [(stop, end)] if stop in candidates else []

    def is_island(pos):
        if not first_end < ends[pos] <= stop:
            return False
        if ends_at_record:
            return lengths[pos] >= 3
        return lengths[pos] >= (2 if ends[pos] == end else 4)

    offsets = [pos for pos in candidates if search <= pos < stop]
    return first + best_islands(offsets, ends, [is_island(pos) for pos in offsets]) + last


def best_islands(offsets, ends, allowed):
    """Of the chains from these offsets that are allowed, those that cover most."""
    best = [0] * (len(offsets) + 1)
    for index in reversed(range(len(offsets))):
        best[index] = best[index + 1]
        if allowed[index]:
            length = ends[offsets[index]] - offsets[index]
            taken = length + best[bisect.bisect_left(offsets, ends[offsets[index]])]
            best[index] = max(best[index], taken)
            allowed[index] = taken == best[index]
    chains = []
    index = 0
    while index < len(offsets):
        if allowed[index]:
            chains.append((offsets[index], ends[offsets[index]]))
            index = bisect.bisect_left(offsets, chains[-1][1])
        else:
            index += 1
    return chains


def cut_to_fit(described, payload):
    """The payload of a record that is not whole, so that it can be decoded."""
    pos = 0
    for field in described.fields:
        if pos == len(payload) or field.code == 'unknown':
            break
        begin = pos
        try:
            if field.code == 'string':
                number, text = read_uint(payload, pos)
                left = len(payload) - text + field.optional
                if number > left:
                    return payload[:begin] + write_uint(left) + payload[text:]
            _, pos = read_field(dataclasses.replace(field, bits=65), payload, pos)
        except Malformed:
            return payload[:begin]
    return payload


# SEVERAL LIVES

KEY_BACK_BITS = 2  # of the key: which life it is told by
ALWAYS_THERE = 2   # time and pid


def decode_life(told, before, base, tick_ns):
    """The bytes of a life in a LIVES as {name: value}, told by one of the lives before it, of which
    the last one stands last. Raises Malformed.
    """
    key, pos = read_uint(told, 0)
    back = key & (1 << KEY_BACK_BITS) - 1
    key >>= KEY_BACK_BITS
    fields = RECORD_TYPES[LIFE].fields
    if before:
        if back >= len(before):
            raise Malformed('a life is told by one that is not there')
        values = dict(before[-1 - back])
    else:
        if back != 0:
            raise Malformed('the first life is told by one before it')
        values = {field.name: absent_value(field) for field in fields}
    for number, field in enumerate(fields):
        if number < ALWAYS_THERE or key >> number - ALWAYS_THERE & 1:
            values[field.name], pos = read_field(field, told, pos, base, tick_ns)
    if pos != len(told) and key >> len(fields) - ALWAYS_THERE == 0:
        raise Malformed('bytes behind the last field of a life')
    return values


def decode_lives(values, tick_ns):
    """The lives of a LIVES with these values: ([{name: value}], whether it is malformed)."""
    lives = []
    packed = values['lives']
    pos = 0
    last = values
    try:
        while len(lives) < values['count']:
            length, pos = read_bytes(packed, pos, 1)
            told, pos = read_bytes(packed, pos, length[0])
            base = Base(last['time'] // tick_ns, last['pid'])
            last = decode_life(told, lives, base, tick_ns)
            lives.append(last)
    except Malformed:
        return lives, True
    return lives, pos != len(packed)


# COMPRESSED SEGMENTS

ZSTD_MAGIC = b'\x28\xb5\x2f\xfd'
PART_MAGIC = b'\x5a\x2a\x4d\x18'
SEEK_TABLE_MAGIC = b'\x5e\x2a\x4d\x18'
SEEK_TABLE_END = b'\xb1\xea\x92\x8f'
VERSION = 1
MAX_FRAME_CONTENT = 1024 * 1024
MAX_WINDOW = 8 * 1024 * 1024
ANY_WINDOW = 2 ** 31


def part_at(data, pos):
    """The part at pos: (the bytes of its records, its end), or None."""
    if data[pos:pos + 4] != PART_MAGIC or len(data) < pos + 16:
        return None
    end = pos + 8 + int.from_bytes(data[pos + 4:pos + 8], 'little')
    if not pos + 16 <= end <= len(data):
        return None
    length, crc = struct.unpack('<II', data[end - 8:end])
    if length != end - pos or crc != crc32c(data[pos:end - 4]):
        return None
    return data[pos + 8:end - 8], end


def is_seek_table(data, pos):
    """Whether a seek table stands at pos."""
    if data[pos:pos + 4] != SEEK_TABLE_MAGIC or len(data) < pos + 17:
        return False
    count = int.from_bytes(data[-9:-5], 'little')
    length = int.from_bytes(data[pos + 4:pos + 8], 'little')
    return data[-4:] == SEEK_TABLE_END and length == 8 * count + 9 == len(data) - pos - 8


def seek_table_end(data, pos, length):
    """Where the seek table at pos ends, which is to be so long; None where none stands there."""
    own = pos + 8 + int.from_bytes(data[pos + 4:pos + 8], 'little')
    if pos + 8 <= own <= len(data) and is_seek_table(data[:own], pos):
        return own
    table = data[pos:pos + length]
    if SEEK_TABLE_MAGIC.startswith(table[:4]) or table[-4:] == SEEK_TABLE_END:
        return pos + len(table)
    return None


def has_in_order(whole, some):
    """Whether some are all in the whole, in this order."""
    rest = iter(whole)
    return all(one in rest for one in some)


def part_records(records):
    """The records of a part as [(type, {name: value})], up to (None, None) for what is none."""
    found = []
    pos = 0
    while pos < len(records):
        header = header_at(records, pos, len(records))
        known = header and PART_TYPES.get(header[0])
        if not known:
            return found + [(None, None)]
        try:
            values = decode_fields(known.fields, records[pos + HEADER_BYTES:header[1]], ZERO_BASE)
        except Malformed:
            return found + [(None, None)]
        found.append((header[0], values))
        pos = header[1]
    return found


def version_of(records):
    """The version of the container whose head these records of a part would be, or None."""
    return records[0][1]['version'] if records and records[0][0] == CONTAINER else None


def next_place(data, pos):
    """The first offset from pos on where reading can go on; the length of data if there is none."""
    while pos < len(data):
        magic = data[pos:pos + 4]
        if magic == ZSTD_MAGIC or part_at(data, pos) or is_seek_table(data, pos):
            break
        places = [data.find(magic, pos + 1)
                  for magic in (ZSTD_MAGIC, PART_MAGIC, SEEK_TABLE_MAGIC)]
        pos = min((place for place in places if place >= 0), default=len(data))
    return pos


def decode_frame(frame, step, max_window):
    """A zstd frame at the begin of some bytes: (its content as far as it can be decoded, its length
    or None if it is not whole). Bytes are fed by so many at a time.
    """
    decoder = zstandard.ZstdDecompressor(max_window_size=max_window).decompressobj()
    content = b''
    try:
        parameters = zstandard.get_frame_parameters(frame[:18])
        is_ours = (parameters.has_checksum and
                   parameters.content_size != zstandard.CONTENTSIZE_UNKNOWN)
        for pos in range(0, len(frame), step):
            content += decoder.decompress(frame[pos:pos + step])
            if len(content) > MAX_FRAME_CONTENT:
                return content[:MAX_FRAME_CONTENT], None
            if decoder.eof:
                end = min(pos + step, len(frame)) - len(decoder.unused_data)
                return content, end if is_ours else None
    except zstandard.ZstdError:
        pass
    return content, None


@dataclasses.dataclass
class Content:
    """What a file holds, uncompressed."""

    data: bytes
    changed: bool = False     # since it was compressed
    lacks_end: bool = False
    start: object = None      # the one in the head
    next_seq: object = None   # one more than the last number in what it lacks

    @property
    def first_seq(self):
        """As the start in the head says."""
        return self.start and self.start['first_seq']


class Decompressor:
    """Reading one."""

    def __init__(self, data, start=0):
        """The bytes of a file, in which it begins at start. Once read, it ends at stop."""
        self.data = data
        self.start = self.stop = start
        self.is_known = True     # its version; of another one only the frames are read
        self.parts = 0           # and frames
        self.is_at_end = False   # behind its index
        self.content = b''
        self.head = None
        self.segment = None      # the start in the head at 0
        self.description = None  # of the frame that should stand here
        self.descriptions = []
        self.last_indexed = None
        self.begin = 0           # in the segment, of the next frame; None if unknown
        self.end = 0             # in the segment, of what was decoded last

    def read(self):
        """The Content."""
        pos = self.start
        self.stop = len(self.data)
        first = part_at(self.data, pos)
        self.is_known = first is None or version_of(part_records(first[0])) in (None, VERSION)
        while pos < len(self.data):
            if self.is_at_end:
                length = 17 + 8 * self.parts
                self.stop = seek_table_end(self.data, pos, length) or pos
                break
            part = part_at(self.data, pos)
            if part is None and is_seek_table(self.data, pos):
                break
            if part is not None:
                self.parts += 1
                if self.is_known:
                    self.take_part(pos, part_records(part[0]))
                pos = part[1]
                continue
            end = next_place(self.data, pos + 1)
            if self.description or self.data[pos:pos + 4] == ZSTD_MAGIC:
                end = self.take_frame(pos, end)
            pos = end
        head = self.head
        changed = (head is None or head['raw_bytes'] != len(self.content) or
                   head['raw_crc'] != crc32c(self.content))
        last = self.last_indexed or (self.descriptions or [None])[-1]
        told = max(head['raw_bytes'] if head else 0, end_of(last) if last else 0)
        next_seq = None
        if last and end_of(last) == told and last['seq_count']:
            next_seq = last['first_seq'] + last['seq_count'] & MASK64
        return Content(self.content, changed, self.end < told, self.segment, next_seq)

    def take_part(self, pos, records):
        """A part: head, description, index, or none of them."""
        if self.description:
            self.begin = end_of(self.description)
        self.description = None
        types = [record[0] for record in records]
        if version_of(records) == VERSION:
            if pos == self.start and types[1:2] == [SEGMENT_START] and is_start(records[1][1]):
                self.segment = records[1][1]
            self.head = self.head or records[0][1]
        elif types == [FRAME]:
            self.description = records[0][1]
            self.descriptions.append(self.description)
        elif types[:1] == [FRAME_INDEX]:
            count = records[0][1]['frame_count']
            clocks = len(types) - 1 - count
            if clocks >= 0 and types[1:] == [FRAME] * count + [CLOCK] * clocks:
                frames = [record[1] for record in records[1:count + 1]]
                self.last_indexed = frames[-1] if frames else self.last_indexed
                self.is_at_end = (records[0][1]['container_bytes'] == pos - self.start and
                                  has_in_order(frames, self.descriptions))

    def take_frame(self, pos, end):
        """A zstd frame, which ends at end if it is not whole. Gives its end."""
        piece, length = b'', None
        self.parts += 1
        if self.data[pos:pos + 4] == ZSTD_MAGIC:
            piece, length = decode_frame(self.data[pos:], 4096, ANY_WINDOW)
        if length is None and end - pos >= 4:
            piece, length = decode_frame(ZSTD_MAGIC + self.data[pos + 4:end], 1, MAX_WINDOW)
        self.content += piece
        begin = self.description['offset'] if self.description else self.begin
        if begin is not None:
            self.end = begin + len(piece) & MASK64
        if self.description:
            self.begin = end_of(self.description)
        else:
            self.begin = self.end if begin is not None and length is not None else None
        self.description = None
        return end if length is None else pos + length


def end_of(frame):
    """Where the content of a frame ends in the segment, as its description says."""
    return min(frame['offset'] + frame['raw_bytes'], MASK64)


def decompress(data):
    """The Contents of a file that is compressed, one after the other."""
    reader = Decompressor(data)
    contents = [reader.read()]
    while data[reader.stop:reader.stop + 4] in (PART_MAGIC, ZSTD_MAGIC):
        following = Decompressor(data, reader.stop)
        content = following.read()
        if not content.data and content.start is None:
            break
        reader = following
        contents.append(content)
    if reader.stop < len(data):
        contents.append(Content(data[reader.stop:]))
    return contents


def is_compressed(path, data):
    """Is it one?"""
    if path.endswith(('.dbk', '.dbk.zst')):
        return path.endswith('.zst')
    return data[:4] in (PART_MAGIC, ZSTD_MAGIC)


# Use


def load(path):
    """The Contents of a file."""
    with open(path, 'rb') as file:
        data = file.read()
    if not is_compressed(str(path), data):
        return [Content(data)]
    if zstandard is None:
        raise OSError('%s is compressed, and the Python module zstandard is missing' % path)
    return decompress(data)


def read_log(content, salvage=False):
    """The Records and Gaps of some bytes, a Content or several, and the End."""
    if not isinstance(content, (Content, list)):
        content = Content(bytes(content))
    contents = in_order(content if isinstance(content, list) else [content])
    for number, (begin, one) in enumerate(contents, 1):
        for event in Reader(one, salvage).read():
            if isinstance(event, End) and number < len(contents):
                continue
            yield moved(event, begin)


def in_order(contents):
    """Contents, split where segments begin if these are not in order: [(where it begins, Content)]."""
    ends = list(itertools.accumulate(len(one.data) for one in contents))
    wholes = list(zip([0] + ends, contents))
    places = [place for begin, one in wholes for place in places_in(begin, one)]
    ranks, key, keys = {}, (0, 0), []
    for _, start in places:
        if start:
            rank = ranks.setdefault(start['stream_id'], len(ranks))
            key = (rank, start['segment_no'])
        keys.append(key)
    order = sorted(range(len(places)), key=keys.__getitem__)
    if order == sorted(order):
        return wholes
    return [part_of(wholes, place, [begin for begin, _ in places]) for place in order]


def places_in(begin, content):
    """Where segments begin in it, and their starts, if known."""
    places = [(begin, content.start)]
    if content.lacks_end:
        return places
    reader, tag, has_head = Reader(content, False), None, False
    for event in reader.read():
        start = head_in(event)
        if start and event.offset == 0:
            places[0] = (begin, content.start or start)
        elif start and start['tag'] != tag:  # no copy
            places.append((begin + event.offset, start))
        if start:
            tag, has_head = start['tag'], True
        elif not has_head:
            tag = reader.tag
    return places


def head_in(event):
    """A SEGMENT_START that is proved, as {name: value}."""
    if isinstance(event, Record) and event.type == SEGMENT_START and event.proof == 'verified':
        return decode_record(event)
    return None


def part_of(wholes, place, begins):
    """What stands from a place to the next one, as a Content of its own where it was split."""
    begin = begins[place]
    number = max(i for i, (at, _) in enumerate(wholes) if at <= begin)
    at, whole = wholes[number]
    end = min([other for other in begins if other > begin] + [at + len(whole.data)])
    if (begin, end) == (at, at + len(whole.data)):
        return begin, whole
    start = whole.start if begin == at else None
    return begin, Content(whole.data[begin - at:end - at], whole.changed, start=start)


def moved(event, length):
    """A Record or Gap so many bytes further on; an End as it is."""
    if isinstance(event, Record):
        return dataclasses.replace(event, offset=event.offset + length)
    if isinstance(event, Gap):
        wrong = event.wrong_byte
        return dataclasses.replace(event, begin=event.begin + length, end=event.end + length,
                                   wrong_byte=wrong and (wrong[0] + length, *wrong[1:]))
    return event


def decode_record(record):
    """A record as {name: value}. None where nothing describes it, its base is unknown, or it is
    malformed.
    """
    known = RECORD_TYPES.get(record.type) or record.described
    if known is None or record.base is None:
        return None
    try:
        return decode_fields(known.fields, record.payload, record.base, record.tick_ns)
    except Malformed:
        return None


def json_values(values):
    """{name: value} for JSON: strings and ids in hexadecimal."""
    return values and {name: value.hex() if isinstance(value, bytes) else value
                       for name, value in values.items()}


def json_lives(record):
    """What JSON says of a record that stands for several lives."""
    if record.type != LIVES:
        return {}
    values = decode_record(record)
    if values is None:
        return {'lives': None}
    lives, malformed = decode_lives(values, record.tick_ns)
    return {'lives': [json_values(life) for life in lives], 'malformed': malformed}


def json_event(event):
    """The JSON object of a Record, a Gap or an End."""
    if isinstance(event, End):
        return {'kind': 'end', 'complete': event.complete}
    if isinstance(event, Gap):
        out = {'kind': 'gap'} | dataclasses.asdict(event)
        if event.wrong_byte is not None:
            out['wrong_byte'] = dict(zip(('offset', 'is', 'was'), event.wrong_byte))
        return out
    return {'kind': 'record', 'offset': event.offset, 'size': event.size, 'type': event.type,
            'seq': event.seq, 'proof': event.proof, 'has_base': event.base is not None,
            'is_whole': event.is_whole, 'payload_hex': event.payload.hex(),
            'fields': json_values(decode_record(event))} | json_lives(event)


def main(arguments=None):
    """The command line. Gives the exit status: 3 if a file could not be read."""
    parser = argparse.ArgumentParser(description='Print what daybook logs hold, as lines of JSON.')
    parser.add_argument('--salvage', action='store_true', help='hand out what gaps hold, too')
    parser.add_argument('files', nargs='+', metavar='FILE')
    options = parser.parse_args(arguments)
    status = 0
    for path in options.files:
        try:
            content = load(path)
        except OSError as error:
            print('daybook_log.py: %s' % error, file=sys.stderr)
            status = 3
            continue
        print(json.dumps({'kind': 'file', 'name': os.path.basename(path)}))
        for event in read_log(content, options.salvage):
            print(json.dumps(json_event(event)))
    return status


if __name__ == '__main__':
    sys.exit(main())
