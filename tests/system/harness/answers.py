"""Queries and answers octet by octet.

An answer becomes sets of records whose names are in lower case and without
compression: what is compared is meaning, and quickly, for there are many.
"""
import socket
import struct
import time
from dataclasses import dataclass, field

import dns.name
import dns.rdatatype

from .net import SLOW, V4

AA, TC, RD = 0x0400, 0x0200, 0x0100
CLASSES = {'IN': 1, 'CH': 3, 'HS': 4, 'ANY': 255}
OPCODES = {'IQUERY': 1, 'STATUS': 2, 'NOTIFY': 4, 'UPDATE': 5, 'DSO': 6}
NS, SOA, OPT, RRSIG, NSEC, NSEC3 = 2, 6, 41, 46, 47, 50
# Octets before the first name in the rdata, and how many names.
NAMES_IN = {2: (0, 1), 3: (0, 1), 4: (0, 1), 5: (0, 1), 6: (0, 2), 7: (0, 1),
            8: (0, 1), 9: (0, 1), 12: (0, 1), 14: (0, 2), 15: (2, 1),
            17: (0, 2), 18: (2, 1), 21: (2, 1), 26: (2, 2), 33: (6, 1),
            36: (2, 1), 39: (0, 1), 46: (18, 1), 47: (0, 1)}


# ---------------------------------------------------------------- octets

def type_number(text):
    return 255 if text == 'ANY' else dns.rdatatype.from_text(text)


def name_octets(text):
    return dns.name.from_text(text).to_wire()


def query_octets(name, rdtype, number=0, flags=()):
    """flags: words as in the table; see its README."""
    how = dict(f.partition('=')[::2] for f in flags)
    opcode = how.get('opcode', '0')
    bits = OPCODES.get(opcode) or int(opcode)
    head = bits << 11 | (RD if 'rd' in how else 0) | \
        (0x20 if 'ad' in how else 0) | (0x10 if 'cd' in how else 0)
    count = int(how.get('questions', 1))
    question = name_octets(name) + struct.pack(
        '!HH', rdtype, CLASSES[how.get('class', 'IN')])
    has_edns = 'edns' in how or 'do' in how or 'version' in how
    opt = b'' if not has_edns else struct.pack(
        '!BHHBBHH', 0, OPT, int(how.get('edns') or 1232), 0,
        int(how.get('version') or 0), 0x8000 if 'do' in how else 0, 0)
    return struct.pack('!6H', number, head, count, 0, 0, int(has_edns)) + \
        question * count + opt


def take_name(octets, at):
    """(name in lower case without compression, what follows it)"""
    labels, end = [], None
    for _ in range(128):
        n = octets[at]
        if n >= 0xc0:
            end = at + 2 if end is None else end
            at = (n & 0x3f) << 8 | octets[at + 1]
        elif n == 0:
            labels.append(b'\0')
            return b''.join(labels).lower(), at + 1 if end is None else end
        else:
            labels.append(octets[at:at + n + 1])
            at += n + 1
    raise ValueError('a name without end')


def plain_rdata(octets, at, end, rdtype):
    if rdtype not in NAMES_IN:
        return octets[at:end]
    skip, names = NAMES_IN[rdtype]
    parts = [octets[at:at + skip]]
    at += skip
    for _ in range(names):
        name, at = take_name(octets, at)
        parts.append(name)
    return b''.join(parts) + octets[at:end]


@dataclass
class Answer:
    flags: int
    question: bytes
    sections: list = field(default_factory=lambda: [[], [], []])
    edns: tuple = None          # octets, DO, version; None: no OPT
    options: bytes = b''
    rcode: int = 0

    def has(self, flag):
        return bool(self.flags & flag)


def answer_of(octets):
    """Records are (owner, type, class, TTL, rdata)."""
    _, flags, qd, *counts = struct.unpack_from('!6H', octets)
    at = 12
    for _ in range(qd):
        _, at = take_name(octets, at)
        at += 4
    a = Answer(flags, octets[12:at], rcode=flags & 15)
    for section, count in zip(a.sections, counts):
        for _ in range(count):
            owner, at = take_name(octets, at)
            rdtype, rdclass, ttl, n = struct.unpack_from('!HHIH', octets, at)
            at += 10
            if rdtype == OPT:
                a.edns = (rdclass, ttl >> 15 & 1, ttl >> 16 & 255)
                a.options = octets[at:at + n]
                a.rcode |= ttl >> 24 << 4
            else:
                section.append((owner, rdtype, rdclass, ttl, plain_rdata(
                    octets, at, at + n, rdtype)))
            at += n
    if at != len(octets):
        raise ValueError('octets after the last record')
    return a


def extended_errors(options):
    found, at = [], 0
    while at < len(options):
        code, n = struct.unpack_from('!HH', options, at)
        if code == 15:
            found.append(struct.unpack_from('!H', options, at + 4)[0])
        at += 4 + n
    return found


# ------------------------------------------------------------------ asking

def ask_all(port, queries, address=V4, window=32, patience=2.0):
    """Answers (octets or None) to many queries over UDP, in their order. What
    is lost is asked again twice."""
    answers = [None] * len(queries)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        s.connect((address, port))
        todo = list(range(len(queries)))
        for _ in range(3):
            for i in range(0, len(todo), window):
                _ask_some(s, queries, todo[i:i + window], answers, patience)
            todo = [i for i in todo if answers[i] is None]
    return answers


def _ask_some(s, queries, which, answers, patience):
    waiting = {}
    for i in which:
        waiting[i & 0xffff] = i
        s.send(struct.pack('!H', i & 0xffff) + queries[i][2:])
    end = time.monotonic() + patience * SLOW
    while waiting and time.monotonic() < end:
        s.settimeout(max(0.001, end - time.monotonic()))
        try:
            octets = s.recv(65535)
        except (TimeoutError, ConnectionError):
            return
        i = waiting.pop(struct.unpack_from('!H', octets)[0], None)
        if i is not None:
            answers[i] = octets
