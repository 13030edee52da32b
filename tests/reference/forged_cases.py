"""Makes logs that no damage makes: of blocks that are forged, or of other writers, with right sums.

forged_cases(count) gives (name, bytes): pieces of segments put together at random. It is what the
damages of tests/damage do not come to: other versions and ticks, flags, numbers and places that do
not fit, types described by SCHEMA records, CONTs astray, and records that no header follows.
"""

import random
import struct

from daybook_log import crc32c, write_uint

STREAMS = [bytes([value]) * 16 for value in (1, 2)]
TAGS = [0x11111111, 0x22222222]


def record(record_type, payload):
    """A record of at most 255 bytes of payload."""
    return b'\x2b\x91' + bytes([record_type, len(payload)]) + payload


class Forger:
    """Puts one log together."""

    def __init__(self, seed):
        """The seed says which."""
        self.random = random.Random(seed)
        self.data = b''
        self.tag = TAGS[0]
        self.seq = 1
        self.begin = 0     # of the open block
        self.logical = 0   # of the same
        self.base = (0, 0)
        self.numbered = 0

    def chance(self, one_in):
        """True once in so many times."""
        return self.random.randrange(one_in) == 0

    def number(self):
        """A number: small, or one at a border."""
        borders = [0, 1, 127, 128, 255, 256, 65536, 262144, 2 ** 32 - 1, 2 ** 32, 2 ** 63,
                   2 ** 64 // 1000, 2 ** 64 - 1]
        return self.random.choice(borders) if self.chance(2) else self.random.randrange(300)

    def start(self, tag):
        """A SEGMENT_START, now and then of another version."""
        rare = self.random.choice
        payload = b'DBK1\r\n\x1a\n' + write_uint(rare([1] * 12 + [2])) + b'\0'
        payload += write_uint(rare([0] * 12 + [1])) + b'\0' + write_uint(rare([0] * 12 + [1]))
        payload += struct.pack('<I', tag) + b'\x01' + rare(STREAMS) + bytes(32)
        payload += write_uint(rare([1000] * 6 + [1, 10 ** 9, 0])) + write_uint(self.seq)
        return record(0x01, payload + b'\0\0' + bytes(6))

    def schema(self):
        """A SCHEMA of some type, well-formed or not."""
        fields = b''
        for _ in range(self.random.randrange(4)):
            code = self.random.choice([1, 2, 3, 4, 5, 6, 6, 7, 8, 9, 10, 0x41, 0x46, 0x47, 0x43])
            fields += write_uint(code) + b'\0\x01x\0'
        if self.chance(8):
            fields += b'\x01'
        described = self.random.choice([0x90, 0x91, 0x21, 0x0F, 0x03, 0, 256])
        low = self.random.choice([0, 1, 4])
        high = self.random.choice([2, 40, 255])
        return record(0x02, write_uint(described) + write_uint(low) + write_uint(high) +
                      b'\x01t' + write_uint(len(fields)) + fields)

    def text(self, length):
        """Bytes of so many, among them now and then a header."""
        out = bytearray(self.random.randbytes(length))
        if length > 40 and self.chance(3):
            place = self.random.randrange(length - 10)
            out[place:place + 4] = record(0x20, bytes(4))[:4]
        return bytes(out)

    def life_fields(self, key):
        """The fields of a life in a LIVES: times and pids that mostly fit, now and then a number that
        does not.
        """
        out = b''
        for bit in range(44):
            if bit >= 2 and not key >> bit & 1:
                continue
            if bit in (22, 42, 43):  # comm, exe, args
                length = self.random.randrange(6)
                out += write_uint(length + (bit == 43)) + self.text(length)
            else:
                small = 2 * self.random.randrange(8) + self.chance(20)
                out += write_uint(self.number() if self.chance(60) else small)
        return out

    def life(self, before):
        """A life in a LIVES behind so many others, which is malformed now and then."""
        back = self.random.randrange(max(min(before, 4), 1))
        if self.chance(40):
            back = self.random.randrange(4)
        bits = self.random.choice([0, 1, 2, 3, 8, 42])
        key = back | sum({1 << self.random.randrange(2, 44) for _ in range(bits)})
        told = self.life_fields(key)
        if self.chance(12):
            key |= 1 << self.random.randrange(44, 64)
            told += self.text(self.random.randrange(4))
        if self.chance(40):
            told += b'\0'
        if self.chance(40):
            told = told[:self.random.randrange(len(told) + 1)]
        told = write_uint(key) + told
        wrong_by = self.random.choice([-1, 1, 2, 200]) if self.chance(40) else 0
        return bytes([(len(told) + wrong_by) % 256]) + told[:255]

    def lives(self):
        """A LIVES."""
        count = self.random.choice([0, 1, 2, 3, 5, 6, 9, 20])
        packed = bytearray(b''.join(self.life(before) for before in range(count)))
        for _ in range(self.random.choice([0] * 6 + [1, 3])):
            if packed:
                place = self.random.randrange(len(packed))
                packed[place] = self.random.randrange(256)
        count += self.random.choice([0] * 12 + [-1, 1, 300])
        numbers = [self.random.choice([0, 1, 2, 3, 300]) for _ in range(3)]
        numbers += [max(count, 0), self.random.randrange(3)]
        if self.chance(20):
            numbers[self.random.randrange(5)] = self.number()
        payload = b''.join(map(write_uint, numbers)) + write_uint(len(packed)) + packed
        return self.pieces(0x2C, payload + self.random.choice([b''] * 6 + [b'new']))

    def event(self):
        """A record, perhaps a long one, perhaps of an odd kind."""
        kind = self.random.randrange(15)
        if kind == 0:
            return self.schema()
        if kind == 1:
            return record(self.random.randrange(256), self.text(self.random.randrange(60)))
        if kind == 2:
            return record(0x0F, bytes([self.random.choice([0, 1, 5, 128])]) +
                          self.text(self.random.choice([3, 254])))
        if kind in (3, 4, 5):
            record_type = self.random.choice([5, 6, 7, 9, 0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22])
            numbers = (self.number() for _ in range(self.random.randrange(26)))
            return record(record_type, b''.join(map(write_uint, numbers))[:254])
        if kind in (6, 7, 8, 9):
            return record(0x20, bytes([2, 4, 2, 0, 0, 0, 0, 0, 0, 0]))
        if kind in (10, 11, 12):
            return self.lives()
        exec_type = self.random.choice([0x21, 0x21, 0x90, 0x06])
        length = self.random.choice([240, 254, 255, 256, 509, 600, 900])
        payload = bytes([2, 4, 2]) + bytes(15) + write_uint(length + 1) + self.text(length)
        return self.pieces(exec_type, payload)

    def pieces(self, record_type, payload):
        """A record with its CONTs, of which one lacks now and then."""
        pieces = [payload[:255]]
        if len(payload) >= 255:
            rest = payload[255:]
            fragments = [rest[at:at + 254] for at in range(0, len(rest) + 1, 254)]
            pieces += [bytes([index % 128]) + piece for index, piece in enumerate(fragments)]
        out = record(record_type, pieces[0])
        for piece in pieces[1:]:
            if not self.chance(12):
                out += record(0x0F, piece)
        return out

    def add(self, raw):
        """Append records to the open block."""
        pos = 0
        while pos < len(raw):
            self.numbered += raw[pos + 2] == 7 or raw[pos + 2] >= 0x13
            pos += 4 + raw[pos + 3]
        self.data += raw

    def mark(self):
        """Append a MARK."""
        place = struct.pack('<IQQQI', self.tag, self.logical, self.seq, *self.base)
        self.data += b'\x2b\x91\x04\x05\x01'
        crc = crc32c(place + self.data[self.begin:]) ^ self.chance(9)
        self.data += struct.pack('<I', crc)

    def close(self, flags=0):
        """Append a CHECKPOINT, of which something may be wrong."""
        block = self.data[self.begin:]
        names = ['flags', 'block_bytes', 'logical_offset', 'first_seq', 'seq_count', 'base_time',
                 'first_time', 'last_time', 'base_pid', 'last_pid', 'unsynced']
        last = (self.base[0] + self.random.randrange(50)) % 2 ** 64
        values = dict(zip(names, [
            flags | self.random.choice([0] * 20 + [2, 8, 16, 4]), len(block), self.logical,
            self.seq, self.numbered, self.base[0], last, last, self.base[1], 7,
            self.random.choice([0, len(block), len(self.data)])]))
        for _ in range(self.random.choice([0] * 8 + [1, 2])):
            name = self.random.choice(names[1:])
            values[name] = self.random.choice([self.number(), values[name] + 1, values[name] - 1,
                                               values[name] + 39]) % 2 ** 64
        crc = crc32c(self.data[max(len(self.data) - values['block_bytes'], 0):])
        crc ^= self.random.choice([0] * 15 + [1])
        payload = write_uint(values['flags']) + struct.pack('<I', self.tag)
        for name in names[1:5]:
            payload += write_uint(values[name])
        payload += b'\0'
        for name in names[5:10]:
            payload += write_uint(values[name])
        payload += b'\0' + write_uint(values['unsynced']) + struct.pack('<I', crc)
        head = b'\x2b\x91\x03' + bytes([len(payload) + 4]) + payload
        checkpoint = head + struct.pack('<I', crc32c(head))
        self.data += checkpoint
        self.logical = (values['logical_offset'] + len(block) + len(checkpoint)) % 2 ** 64
        self.seq = (values['first_seq'] + values['seq_count']) % 2 ** 64
        self.base = values['last_time'], values['last_pid'] & 0xFFFFFFFF
        self.begin = len(self.data)
        self.numbered = 0

    def head(self):
        """Begin a segment."""
        self.tag = self.random.choice(TAGS)
        self.logical = 0
        self.base = (0, 0)
        self.add(self.start(self.tag))
        self.close(1)

    def block(self):
        """A block with some events."""
        if self.chance(10):
            self.add(self.start(self.tag))
        for _ in range(self.random.randrange(5)):
            self.add(self.event())
            if self.chance(4):
                self.mark()
            if self.chance(40):
                self.data += self.text(self.random.randrange(30))
        if not self.chance(8):
            self.close()

    def damage(self):
        """Change the bytes here and there."""
        data = bytearray(self.data)
        for _ in range(self.random.choice([0, 0, 1, 1, 2, 4])):
            place = self.random.randrange(len(data) + 1)
            length = self.random.choice([1, 1, 5, 60, 600])
            what = self.random.randrange(4)
            if what == 0:
                del data[place:place + length]
            elif what == 1:
                data[place:place] = self.random.randbytes(length)
            elif what == 2:
                data[place:place + length] = bytes(min(length, len(data) - place))
            else:
                data[place:place + 1] = b'\x41'
        self.data = bytes(data)

    def log(self):
        """A whole log."""
        for _ in range(self.random.choice([1, 1, 2, 3])):
            if not self.chance(12):
                self.head()
            for _ in range(self.random.randrange(8)):
                self.block()
        self.damage()
        return self.data


class Usual(random.Random):
    """Chooses what is chosen most."""

    def choice(self, seq):
        """The first one."""
        return seq[0]


class FaultlessForger(Forger):
    """Makes nothing that is wrong in itself."""

    def __init__(self):
        """Each is like the others."""
        super().__init__(0)
        self.random = Usual(0)

    def chance(self, one_in):
        """Never."""
        return False


def long_cases():
    """Records nearly as long as any is assembled, and longer: (name, bytes)."""
    for length in (65533, 65535, 65536, 65537, 65787, 65788, 66500):
        forger = FaultlessForger()
        forger.head()
        forger.add(forger.pieces(0x90, b'x' * length))
        forger.close()
        yield 'long-%d' % length, forger.data


def forged_cases(count):
    """So many logs, the same ones each time, and some of one kind each: (name, bytes)."""
    for seed in range(count):
        yield 'forged-%06d' % seed, Forger(seed).log()
    yield from long_cases()
