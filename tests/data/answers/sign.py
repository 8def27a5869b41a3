#!/usr/bin/python3 -B
"""Makes the zones that tests/data/answers/worlds lists, signed as told there.

usage: sign.py DIRECTORY        writes DIRECTORY/WORLD/ZONE.zone for each, and
                                DIRECTORY/made when all is there

Signatures are four octets that nobody checks: what counts is which records an
answer carries. The chains of NSEC and NSEC3 are complete. A comment beside
each NSEC3 says whose hash its owner is. Nothing but the standard library.
"""
import base64
import hashlib
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
HEX32 = bytes.maketrans(b'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567',
                        b'0123456789abcdefghijklmnopqrstuv')
SIGNATURE = 'c2lnbg=='
FIRST_TYPES = ['A', 'NS', 'CNAME', 'SOA', 'PTR', 'MX', 'TXT', 'AAAA', 'SRV',
               'DNAME', 'DS', 'RRSIG', 'NSEC', 'DNSKEY', 'NSEC3PARAM']


def worlds(path=HERE / 'worlds'):
    """[(world, options, [(apex, source, how...)])]"""
    found = []
    for line in path.read_text().splitlines():
        words = line.split('#')[0].split()
        if not words:
            continue
        if words[0] == 'world':
            found.append((words[1], [], []))
        elif words[0] == 'option':
            found[-1][1].append(' '.join(words[1:]))
        elif words[0] == 'zone':
            found[-1][2].append(tuple(words[1:]))
        else:
            raise ValueError('%s: what is %s' % (path, words[0]))
    return found


def file_of(apex):
    return (apex.rstrip('.') or 'root') + '.zone'


def labels(name):
    """Octets of the labels in lower case, leftmost first."""
    found = re.findall(rb'((?:\\\d\d\d|\\.|[^.\\])+)\.?', name.encode())
    return tuple(re.sub(
        rb'\\(\d\d\d|.)', lambda m: bytes([int(m[1])]) if len(m[1]) == 3
        else m[1], label).lower() for label in found)


def wire(name):
    return b''.join(bytes([len(x)]) + x for x in labels(name)) + b'\0'


def order(name):
    """Canonical order (RFC 4034 6.1)."""
    return labels(name)[::-1]


def parent(name):
    return re.sub(r'^(?:\\\d\d\d|\\.|[^.\\])+\.', '', name, count=1) or '.'


def hashed(name, iterations, salt):
    """RFC 5155 section 5."""
    digest = hashlib.sha1(wire(name) + salt).digest()
    for _ in range(iterations):
        digest = hashlib.sha1(digest + salt).digest()
    return base64.b32encode(digest).translate(HEX32).decode()


class Zone:
    def __init__(self, apex, source):
        self.apex = apex
        self.spelling = {}      # labels: the name as it came first
        self.sets = {}          # (labels, type): [(ttl, rdata)]
        self.notes = []
        for line in source.splitlines():
            line = line.split(';')[0].replace('@', apex)
            if line.strip():
                self.add(*line.split(None, 3))
        soa = self.sets[labels(apex), 'SOA'][0]
        self.negative_ttl = min(int(soa[0]), int(soa[1].split()[-1]))

    def add(self, owner, ttl, kind, rdata):
        key = labels(owner)
        self.spelling.setdefault(key, owner)
        self.sets.setdefault((key, kind), []).append((ttl, rdata.strip()))

    def has(self, key, kind):
        return (key, kind) in self.sets

    def is_cut(self, key):
        return key != labels(self.apex) and self.has(key, 'NS')

    def is_occluded(self, key):
        depth = len(labels(self.apex))
        return any(self.is_cut(key[i:]) or self.has(key[i:], 'DNAME')
                   for i in range(1, len(key) - depth + 1))

    def owners(self):
        return sorted((k for k in self.spelling if not self.is_occluded(k)),
                      key=lambda k: k[::-1])

    def types(self, key, *more):
        found = {t for k, t in self.sets if k == key} | set(more)
        if self.is_cut(key):
            found &= {'NS', 'DS', *more}
        if not found - {'NS'}:
            return ' '.join(found)
        if not self.is_cut(key) or 'DS' in found:
            found.add('RRSIG')
        known = [t for t in FIRST_TYPES if t in found]
        return ' '.join(known + sorted(found - set(known)))

    def sign_sets(self):
        for key, kind in list(self.sets):
            if (self.is_occluded(key) and kind != 'NSEC3') or (
                    self.is_cut(key) and kind not in ('DS', 'NSEC')):
                continue
            count = len(key) - (key[:1] == (b'*',))
            ttl = self.sets[key, kind][0][0]
            self.add(self.spelling[key], ttl, 'RRSIG',
                     '%s 8 %d %s 20330518033320 20010909014640 1 %s %s' % (
                         kind, count, ttl, self.apex, SIGNATURE))

    def chain_nsec(self):
        owners = self.owners()
        for key, following in zip(owners, owners[1:] + owners[:1]):
            self.add(self.spelling[key], self.negative_ttl, 'NSEC',
                     self.spelling[following] + ' ' +
                     self.types(key, 'RRSIG', 'NSEC'))

    def chain_nsec3(self, iterations, salt, opt_out):
        at = {}
        self.add(self.apex, 0, 'NSEC3PARAM',
                 '1 0 %d %s' % (iterations, salt.hex() or '-'))
        for key in self.owners():
            if opt_out and self.is_cut(key) and not self.has(key, 'DS'):
                continue
            name = self.spelling[key]
            while True:
                at[hashed(name, iterations, salt)] = name
                if labels(name) == labels(self.apex):
                    break
                name = parent(name)
        ring = sorted(at)
        below = '' if self.apex == '.' else self.apex
        for digest, following in zip(ring, ring[1:] + ring[:1]):
            self.notes.append('; hash %s is that of %s' % (
                digest, at[digest]))
            types = self.types(labels(at[digest]))
            self.add('%s.%s' % (digest, below), self.negative_ttl, 'NSEC3',
                     '1 %d %d %s %s %s' % (opt_out, iterations,
                                           salt.hex() or '-', following, types))

    def sign(self, how, iterations='0', salt=''):
        self.add(self.apex, 300, 'DNSKEY', '257 3 8 AwEAAQ==')
        if how == 'nsec':
            self.chain_nsec()
        else:
            self.chain_nsec3(int(iterations), bytes.fromhex(salt.strip("-")),
                             how == 'opt-out')
        self.sign_sets()

    def text(self):
        first = (labels(self.apex), 'SOA')
        keys = [first] + sorted(
            (k for k in self.sets if k != first),
            key=lambda k: (k[0][::-1], k[1]))
        lines = ['%s %s IN %s %s' % (self.spelling[key], ttl, kind, rdata)
                 for key, kind in keys for ttl, rdata in self.sets[key, kind]]
        return '\n'.join(self.notes + lines) + '\n'


def zone_text(apex, source, *how):
    zone = Zone(apex, (HERE / 'zones' / source).read_text())
    if how:
        zone.sign(*how)
    return zone.text()


def main(directory):
    for world, _, zones in worlds():
        (directory / world).mkdir(parents=True, exist_ok=True)
        for apex, source, *how in zones:
            if source != '-':
                (directory / world / file_of(apex)).write_text(
                    zone_text(apex, source, *how))
    (directory / 'made').touch()


if __name__ == '__main__':
    main(Path(sys.argv[1]))
