"""The table of tests/data/answers: worlds, queries, whole expected answers.

Its README describes the files. tests/unit/test_serve_answer.c reads them too.
"""
import functools
import importlib.util
import re
from dataclasses import dataclass, field
from pathlib import Path

import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype

from . import answers
from .answers import AA, NSEC, NSEC3, RD, RRSIG, TC

DATA = Path(__file__).resolve().parents[2] / 'data' / 'answers'
SECTIONS = ('AN', 'AU', 'AD')


@functools.cache
def signer():
    """tests/data/answers/sign.py as a module."""
    spec = importlib.util.spec_from_file_location('sign', DATA / 'sign.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass
class Row:
    """One query to one world, with the whole answer that is expected."""
    where: str                  # file:line
    world: str
    apex: str                   # what @ stands for
    name: str
    rdtype: str
    flags: list
    expected: list = field(default_factory=list)
    differs: dict = field(default_factory=dict)     # server: why it may

    def octets(self, hashes):
        return answers.query_octets(
            hashes.label(self.name), answers.type_number(self.rdtype), 0x1234,
            self.flags)

    def __str__(self):
        return '%s: %s' % (self.where, ' '.join(
            [self.name, self.rdtype, *self.flags]))


def rows_of(directory=DATA):
    found = []
    for path in sorted(directory.glob('*.answers')):
        found += _rows_of_file(path)
    return found


def _rows_of_file(path):
    world, zones, notes, found, now = None, [], {}, [], []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        words = line.split()
        if not words or line.startswith('#'):
            continue
        where = '%s:%d' % (path.name, number)
        if line.startswith('\tdiffers '):
            for row in now:
                row.differs.update((w, notes[words[-1]]) for w in words[1:-1])
        elif line.startswith('\t'):
            for row in now:
                row.expected.append(line.strip().replace('@', row.apex))
        elif words[0] == 'world':
            world = words[1]
        elif words[0] == 'zones':
            zones = words[1:]
        elif words[0] == 'note':
            notes[words[1]] = ' '.join(words[2:])
        else:
            now = _expand(where, world, zones, *words)
            found += now
    return found


def _expand(where, world, zones, name, rdtype, *flags):
    """A row for each zone that @ stands for."""
    for f in flags:
        if f.startswith('in='):
            zones = f[3:].split(',')
    if '@' not in name:
        zones = zones[:1]
    return [Row(where, world, z, name.replace('@', z), rdtype,
                [f for f in flags if not f.startswith('in=')]) for z in zones]


# -------------------------------------------------------------------- text

class Hashes:
    """Names by the owners of their NSEC3 records, from the comments that the
    signer leaves in a zone."""

    def __init__(self):
        self.names = {}
        self.digests = {}

    def add(self, apex, text):
        for line in text.splitlines():
            words = line.split()
            if line.startswith('; hash '):
                owner = '%s.%s' % (words[2], '' if apex == '.' else apex)
                self.names[owner] = words[-1]
                self.digests[words[-1]] = owner

    def text(self, owner):
        return 'H(%s)' % self.names[owner] if owner in self.names else owner

    def label(self, name):
        """HASH(name) as a label stands for the hash of that name."""
        return re.sub(r'HASH\(([^)]*)\)', lambda m: self.digests[m[1]].split(
            '.')[0], name)

    def owner(self, text):
        return self.digests[text[2:-1]] if text.startswith('H(') else text


def head_of(a):
    words = [dns.rcode.to_text(a.rcode)]
    words += [w for w, bit in (('aa', AA), ('tc', TC), ('rd', RD))
              if a.has(bit)]
    if a.edns:
        words += ['edns=%d' % a.edns[0]] + ['do'] * a.edns[1]
    return ' '.join(words)


def record_text(record, hashes):
    owner, rdtype, _, ttl, rdata = record
    kind = dns.rdatatype.to_text(rdtype)
    if rdtype == RRSIG:
        text = dns.rdatatype.to_text(int.from_bytes(rdata[:2], 'big'))
    elif rdtype in (NSEC, NSEC3):
        text = ''
    else:
        text = dns.rdata.from_wire(1, rdtype, rdata, 0, len(rdata)).to_text()
    name = dns.name.from_wire(owner, 0)[0].to_text()
    return '%s %d %s %s' % (hashes.text(name), ttl, kind, text)


def lines_of(a, hashes):
    """As in the table."""
    lines = [head_of(a)]
    lines += ['ede %d' % e for e in answers.extended_errors(a.options)]
    for name, section in zip(SECTIONS, a.sections):
        lines += ['%s %s' % (name, record_text(r, hashes).strip())
                  for r in section]
    return lines


# -------------------------------------------------------------- comparison

@functools.cache
def _rdata(kind, text):
    return dns.rdata.from_text('IN', kind, text).to_digestable()


def key_of(record):
    """What stands in the table of a record."""
    owner, rdtype, _, ttl, rdata = record
    if rdtype == RRSIG:
        rdata = rdata[:2]
    elif rdtype in (NSEC, NSEC3):
        rdata = b''
    return owner, rdtype, ttl, rdata


def expected_key(words, hashes):
    owner, ttl, kind, *rest = words
    if kind == 'RRSIG':
        rdata = answers.type_number(rest[0]).to_bytes(2, 'big')
    elif kind in ('NSEC', 'NSEC3'):
        rdata = b''
    else:
        rdata = _rdata(kind, ' '.join(rest))
    return (answers.name_octets(hashes.owner(owner)).lower(),
            answers.type_number(kind), int(ttl), rdata)


class Expected:
    """The answer that a row tells, in the form of a comparison."""

    def __init__(self, row, hashes):
        self.head = row.expected[0]
        self.errors = []
        self.sections = [set(), set(), set()]
        for line in row.expected[1:]:
            words = line.split()
            if words[0] == 'ede':
                self.errors.append(int(words[1]))
            else:
                self.sections[SECTIONS.index(words[0])].add(
                    expected_key(words[1:], hashes))


def is_below(name, above):
    return name.endswith(above) and (
        len(name) == len(above) or above == b'\0' or
        _starts_label(name, len(name) - len(above)))


def _starts_label(name, end):
    at = 0
    while at < end:
        at += name[at] + 1
    return at == end


def without_courtesy(sections, apexes):
    """RFC 1034 4.3.2 step 6 leaves to each server what it adds to a complete
    answer: the zone's own name servers, addresses of hosts. What remains of
    the additional section are the addresses below a delegation (RFC 9471)."""
    answer, authority, additional = sections
    kept = {r for r in authority if r[0] not in apexes or not is_ns(r)}
    cuts = [r[0] for r in kept if r[1] == answers.NS]
    return [answer, kept, {r for r in additional if any(
        is_below(r[0], cut) for cut in cuts)}]


def is_ns(key):
    return key[1] == answers.NS or \
        (key[1] == RRSIG and key[3] == b'\0\2')
