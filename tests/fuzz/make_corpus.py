#!/usr/bin/python3 -B
"""Writes the seeds of the fuzzers that ask our server: one for each kind of
query that it answers in its own way, as short as it can be said. Each goes a way
that no other goes; `fuzz_TARGET -merge=1 EMPTY CORPUS` shows it.

usage: tests/fuzz/make_corpus.py [DIRECTORY]     (tests/fuzz/corpus)

query: the message. signed: how it is altered, over what it comes, the message.
tcp: pieces of a stream and what the peer does between them; see the fuzzers.
"""
import struct
import sys
from pathlib import Path

TYPES = {'A': 1, 'NS': 2, 'CNAME': 5, 'SOA': 6, 'MX': 15, 'TXT': 16, 'SRV': 33,
         'DNAME': 39, 'OPT': 41, 'DS': 43, 'RRSIG': 46, 'NSEC3': 50,
         'TKEY': 249, 'TSIG': 250, 'IXFR': 251, 'AXFR': 252, 'MAILB': 253,
         'ANY': 255, 'TYPE65280': 65280}
CLASSES = {'IN': 1, 'CH': 3, 'HS': 4, 'ANY': 255}
# How the server is configured: bits of the id (fuzz_world.h).
MINIMAL, ROTATES, CONFINED, NO_ANY, NO_UPDATES, COOKIES, LIMITS, HIDDEN, \
    EXPIRED, EXPIRES = (1 << i for i in range(10))


def name(text):
    labels = [label for label in text.split('.') if label]
    return b''.join(bytes([len(x)]) + x.encode() for x in labels) + b'\0'


def record(owner, kind, rdata, rclass=1, ttl=0):
    return name(owner) + struct.pack('!HHIH', TYPES[kind], rclass, ttl,
                                     len(rdata)) + rdata


def soa(owner, serial):
    return record(owner, 'SOA', b'\0\0' + struct.pack('!5I', serial, 0, 0, 0,
                                                      0))


def opt(*options, size=1232, version=0, dnssec=False):
    rdata = b''.join(struct.pack('!HH', code, len(data)) + data
                     for code, data in options)
    return struct.pack('!BHHBBHH', 0, TYPES['OPT'], size, 0, version,
                       0x8000 if dnssec else 0, len(rdata)) + rdata


def message(qname='web.example', kind='A', rclass='IN', bits=0, opcode=0,
            flags=0, questions=1, answer=(), authority=(), additional=()):
    head = struct.pack('!6H', bits, opcode << 11 | flags, questions,
                       len(answer), len(authority), len(additional))
    question = name(qname) + struct.pack('!HH', TYPES[kind], CLASSES[rclass])
    return head + question * questions + b''.join(
        [*answer, *authority, *additional])


DO = [opt(dnssec=True)]
COOKIE = (10, b'01234567')
LONG = '.'.join(['a' * 60] * 3)

QUERIES = {
    'address-dnssec': message(additional=DO),
    'case': message('MiXed.eXample'),
    'no-data': message(kind='MX', additional=DO),
    'no-such-name': message('no.example', additional=DO),
    'no-such-name-nsec': message('no.small.example', additional=DO),
    'no-such-name-opt-out': message('no', additional=DO),
    'empty-non-terminal': message('ent.example', additional=DO),
    'wildcard': message('x.wild.example', additional=DO),
    'wildcard-no-data': message('x.wild.example', 'TXT', additional=DO),
    'wildcard-alias': message('x.cwild.example', additional=DO),
    'alias': message('www.example', additional=DO),
    'alias-chain': message('c1.example'),
    'alias-loop': message('loop1.example'),
    'alias-elsewhere': message('out.example'),
    'alias-other-zone': message('two.example'),
    'alias-confined': message('two.example', bits=CONFINED),
    'dname': message('b.dname.example', additional=DO),
    'dname-itself': message('dname.example', 'DNAME'),
    'dname-too-long': message(LONG + '.long.example'),
    'referral': message('x.sub.example'),
    'referral-signed': message('x.sec.example', additional=DO),
    'referral-opt-out': message('a.com', additional=DO),
    'ds-at-the-cut': message('sec.example', 'DS', additional=DO),
    'ds-of-a-zone': message('small.example', 'DS', additional=DO),
    'apex': message('example', 'NS'),
    'apex-minimal': message('example', 'MX', bits=MINIMAL),
    'rotation': message('ttl.example', bits=ROTATES),
    'additional': message('_x._tcp.example', 'SRV', additional=DO),
    'any': message('example', 'ANY', additional=DO),
    'any-refused': message('example', 'ANY', bits=NO_ANY),
    'signatures': message('example', 'RRSIG', additional=DO),
    'root': message('', 'SOA'),
    'empty-zone': message('empty'),
    'expired': message(bits=EXPIRED),
    'type-unknown': message(kind='TYPE65280'),
    'type-refused': message(kind='TKEY'),
    'class-chaos': message('id.server', 'TXT', 'CH'),
    'class-chaos-hidden': message('version.bind', 'TXT', 'CH', HIDDEN),
    'class-any': message(rclass='ANY'),
    'class-other': message(rclass='HS'),
    'opcode-update': message('example', 'SOA', opcode=5),
    'opcode-update-dropped': message(opcode=5, bits=NO_UPDATES),
    'opcode-status': message(opcode=2),
    'an-answer': message(flags=0x8000),
    'two-questions': message(questions=2),
    'answer-section': message(answer=[record('', 'A', b'1234')]),
    'edns-small': message('example', 'ANY', additional=[opt(size=512)]),
    'edns-1': message(additional=[opt(version=1)]),
    'edns-twice': message(additional=[opt(), opt()]),
    'edns-nsid': message(additional=[opt((3, b''))]),
    'edns-expire': message('second', 'SOA', bits=EXPIRES,
                           additional=[opt((9, b''))]),
    'edns-keepalive': message(additional=[opt((11, b''))]),
    'edns-zoneversion': message(additional=[opt((19, b''))]),
    'edns-padding': message(additional=[opt((12, b'\0' * 8))]),
    'edns-option-cut': message(additional=[opt()[:-2] + b'\0\3\0\3\0']),
    'cookie': message(bits=COOKIES, additional=[opt(COOKIE)]),
    'cookie-alone': message(bits=COOKIES, questions=0,
                            additional=[opt(COOKIE)]),
    'cookie-of-a-server': message(bits=COOKIES, additional=[
        opt((10, b'01234567' + b'\1\0\0\0' + struct.pack('!I', 1500000000) +
             b'01234567'))]),
    'cookie-short': message(bits=COOKIES, additional=[opt((10, b'0'))]),
    'limited': message('no.example', bits=LIMITS),
    'tsig-unknown-key': message(additional=[record(
        'no', 'TSIG', name('hmac-sha256') + bytes(6) + b'\1\x2c\0\x10' +
        bytes(16) + bytes(6), 255)]),
    'axfr': message('example', 'AXFR'),
    'axfr-edns': message('small.example', 'AXFR', additional=DO),
    'axfr-elsewhere': message('elsewhere', 'AXFR'),
    'ixfr': message('second', 'IXFR', authority=[soa('second', 7)]),
    'ixfr-current': message('second', 'IXFR', authority=[soa('second', 8)]),
    'ixfr-fallback': message('example', 'IXFR',
                             authority=[soa('example', 1)]),
    'ixfr-without-serial': message('second', 'IXFR'),
    'notify': message('second', 'SOA', opcode=4),
    'notify-dropped': message('second', 'SOA', opcode=4,
                              answer=[soa('second', 11)]),
    'notify-elsewhere': message('elsewhere', 'SOA', opcode=4),
    'notify-other-type': message('second', opcode=4),
}

SIGNED = {
    'address': (0, 0, 0, message()),
    'address-altered': (13, 1, 0, message()),
    'address-edns': (0, 0, 0, message(additional=DO)),
    'truncated': (0, 0, 0, message('example', 'ANY')),
    'axfr': (0, 0, 1, message('example', 'AXFR')),
    'axfr-altered': (3, 1, 1, message('second', 'AXFR')),
    'ixfr': (0, 0, 1, message('second', 'IXFR',
                              authority=[soa('second', 7)])),
    'ixfr-over-udp': (0, 0, 0, message('second', 'IXFR',
                                       authority=[soa('second', 7)])),
    'notify': (0, 0, 0, message('second', 'SOA', opcode=4,
                                answer=[soa('second', 10)])),
    'update': (0, 0, 0, message(opcode=5)),
    'edns-1': (0, 0, 0, message(additional=[opt(version=1)])),
    'formerr': (0, 0, 0, message(questions=2)),
    'signed-before': (0, 0, 0, QUERIES['tsig-unknown-key']),
}


def framed(*messages):
    return b''.join(struct.pack('!H', len(m)) + m for m in messages)


def pieces(stream, size):
    return b''.join(bytes([len(stream[i:i + size])]) + stream[i:i + size]
                    for i in range(0, len(stream), size))


TURN, READ_ONE, READ_ALL = b'\xf0', b'\xe0', b'\xee'
AXFR = framed(message('example', 'AXFR'))
STREAMS = {
    'one': pieces(framed(message()), 200),
    'octet-by-octet': pieces(framed(message('', 'NS')), 1),
    'pipelined': pieces(framed(message(), message('no.example'),
                               message('second', 'SOA')), 200),
    'cut-in-the-length': b'\1\0',
    'cut-in-a-message': pieces(framed(message())[:9], 200),
    'length-0': pieces(b'\0\0' + framed(message()), 200),
    'an-answer': pieces(framed(message(flags=0x8000), message()), 200),
    'transfer': pieces(AXFR, 200),
    'transfer-and-queries': pieces(AXFR + framed(message()) + AXFR, 200),
    'transfer-read-slowly': pieces(AXFR, 200) + READ_ONE + TURN * 2 +
        READ_ALL,
    'away-while-it-answers': pieces(AXFR + framed(message()), 200) + b'\xf1',
    'keepalive': pieces(framed(message(additional=[opt((11, b''))])), 200),
    'many': pieces(framed(*[message('', 'NS')] * 41), 0xdf),
}


def write(directory, seeds):
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.iterdir():
        old.unlink()
    for what, octets in seeds.items():
        (directory / what).write_bytes(octets)


def main(where):
    write(where / 'query', QUERIES)
    write(where / 'signed', {k: bytes(v[:3]) + v[3]
                             for k, v in SIGNED.items()})
    write(where / 'tcp', STREAMS)


if __name__ == '__main__':
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else
         Path(__file__).resolve().parent / 'corpus')
