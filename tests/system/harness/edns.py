"""Queries with EDNS options, octet by octet, and what comes back."""
import select
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import Optional

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from .net import SLOW, V4

NSID, COOKIE, KEEPALIVE, EDE, ZONEVERSION = 3, 10, 11, 15, 19
CLIENT_COOKIE = bytes(range(1, 9))
FULL, SLIPPED, DROPPED = 'full', 'slipped', 'dropped'


def octets_of(name='example.test.', rdtype='SOA', options=(), rdata=None,
              question=True, version=0, size=1232, opts=1, ident=0x1234,
              opcode=0, rdclass=1):
    """options: (code, data) pairs; rdata: of the OPT record, as it is."""
    if rdata is None:
        rdata = b''.join(struct.pack('!HH', c, len(d)) + d
                         for c, d in options)
    opt = b'\0' + struct.pack('!HHBBHH', 41, size, 0, version, 0,
                              len(rdata)) + rdata
    asked = (dns.name.from_text(name).to_wire() + struct.pack(
        '!HH', dns.rdatatype.from_text(rdtype), rdclass)) if question else b''
    return struct.pack('!6H', ident, opcode << 11, int(question), 0, 0,
                       opts) + asked + opt * opts


@dataclass
class Answer:
    octets: bytes
    rcode: str = ''
    has_opt: bool = False
    options: list = field(default_factory=list)   # (code, data)
    is_truncated: bool = False
    answers: int = 0

    def option(self, code):
        return next((d for c, d in self.options if c == code), None)


def parse(octets):
    """By hand: the libraries refuse what is to be seen here."""
    flags, questions, *counts = struct.unpack('!5H', octets[2:12])
    a = Answer(octets, is_truncated=bool(flags & 0x200), answers=counts[0])
    code, at = flags & 15, 12
    for _ in range(questions):
        at = skip_name(octets, at) + 4
    for _ in range(sum(counts)):
        at = skip_name(octets, at)
        rdtype, _, ttl, length = struct.unpack('!HHIH', octets[at:at + 10])
        rdata, at = octets[at + 10:at + 10 + length], at + 10 + length
        if rdtype == 41:
            a.has_opt = True
            code |= (ttl >> 24) << 4
            while rdata:
                option, n = struct.unpack('!HH', rdata[:4])
                a.options.append((option, rdata[4:4 + n]))
                rdata = rdata[4 + n:]
    assert at == len(octets)
    a.rcode = dns.rcode.to_text(code)
    return a


def skip_name(octets, at):
    while octets[at] not in (0,) and octets[at] < 192:
        at += 1 + octets[at]
    return at + (1 if octets[at] == 0 else 2)


def exchange(port, message, address=V4, source=None, tcp=False,
             timeout=2.0) -> Optional[Answer]:
    kind = socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    with socket.socket(family, kind) as s:
        if source:
            s.bind((source, 0))
        s.settimeout(timeout * SLOW)
        s.connect((address, port))
        s.sendall(struct.pack('!H', len(message)) + message if tcp
                  else message)
        try:
            if not tcp:
                return parse(s.recv(65535))
            with s.makefile('rb') as f:
                return parse(f.read(struct.unpack('!H', f.read(2))[0]))
        except (socket.timeout, TimeoutError):
            return None


class Blast:
    """Sends equal queries to several servers in turn, so that they live in
    the same seconds; counts what each answers, by the query's number."""

    def __init__(self, ports, source=V4, address=V4):
        self.sockets = {}
        for port in ports:
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind((source, 0))
            s.connect((address, port))
            s.setblocking(False)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            self.sockets[port] = s
        self.sent = 0
        self.got = {port: {} for port in ports}

    def send(self, count, per_second=None, **query):
        start = time.monotonic()
        for n in range(count):
            message = octets_of(ident=(self.sent & 0xffff), **query)
            self.sent += 1
            for s in self.sockets.values():
                s.send(message)
            if n % 16 == 15:
                self.read(0)
            if per_second:
                ahead = (n + 1) / per_second - (time.monotonic() - start)
                if ahead > 0:
                    self.read(ahead)
        return self

    def read(self, wait):
        end = time.monotonic() + wait
        while True:
            ready, _, _ = select.select(
                list(self.sockets.values()), [], [],
                max(0.0, end - time.monotonic()))
            if not ready:
                return
            for port, s in self.sockets.items():
                if s in ready:
                    self.take(port, parse(s.recv(65535)))

    def take(self, port, a):
        full = a.answers > 0 or not a.is_truncated
        self.got[port][struct.unpack('!H', a.octets[:2])[0]] = \
            FULL if full else SLIPPED

    def end(self, quiet=0.3):
        """{port: {FULL: n, SLIPPED: n, DROPPED: n}}"""
        self.read(quiet * SLOW)
        result = {}
        for port, got in self.got.items():
            kinds = list(got.values())
            result[port] = {k: kinds.count(k) for k in (FULL, SLIPPED)}
            result[port][DROPPED] = self.sent - len(kinds)
        for s in self.sockets.values():
            s.close()
        return result
