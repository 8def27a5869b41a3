"""Ports, waiting, and a small DNS client.

Nothing here sleeps for a fixed time: a test waits for what it wants to see,
and fails with a sentence when the deadline passes.
"""
import fcntl
import os
import random
import socket
import struct
import time
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.tsig

V4, V6 = '127.0.0.1', '::1'
FAMILIES = {'ipv4': V4, 'ipv6': V6}
LOCK_DIR = '/tmp/nsdv-test-ports'
SLOW = float(os.environ.get('NSDV_SLOW', '1'))   # factor for slow machines


class Timeout(AssertionError):
    """What was waited for did not happen."""


def wait_until(claim, timeout, what, every=0.01):
    """Returns the first true value of claim()."""
    end = time.monotonic() + timeout * SLOW
    while True:
        value = claim()
        if value:
            return value
        if time.monotonic() > end:
            raise Timeout('not within %.1f s: %s' % (
                timeout * SLOW, what() if callable(what) else what))
        time.sleep(every)


def stays(claim, seconds, what):
    """The claim is true all the time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert claim(), what
        time.sleep(0.01)


# ------------------------------------------------------------------ ports

class Ports:
    """Port numbers that are free on both families for UDP and TCP, and held
    against other test runs by a locked file for as long as this object is."""

    def __init__(self):
        self.held = []

    def get(self):
        os.makedirs(LOCK_DIR, exist_ok=True)
        try:
            os.chmod(LOCK_DIR, 0o1777)
        except PermissionError:
            pass
        for _ in range(2000):
            port = random.randrange(10000, 32000)
            lock = self._lock(port)
            if lock is None:
                continue
            if port_is_free(port):
                self.held.append(lock)
                return port
            os.close(lock)
        raise RuntimeError('no free port')

    @staticmethod
    def _lock(port):
        try:
            fd = os.open('%s/%d' % (LOCK_DIR, port),
                         os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except PermissionError:
            return None
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
            return None
        return fd

    def release(self):
        for fd in self.held:
            os.close(fd)
        self.held = []


def port_is_free(port):
    for family, address in ((socket.AF_INET, V4), (socket.AF_INET6, V6)):
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            with socket.socket(family, kind) as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    s.bind((address, port))
                except OSError:
                    return False
    return True


# ------------------------------------------------------------------- keys

@dataclass(frozen=True)
class Key:
    """A TSIG key as all servers spell it."""
    name: str = 'transfer.key'
    algorithm: str = 'hmac-sha256'
    secret: str = 'c29tZSBzZWNyZXQgb2YgMzIgb2N0ZXRzIGZvciB0ZXN0'

    def dnspython(self):
        algorithm = {'hmac-md5': 'hmac-md5.sig-alg.reg.int'}.get(
            self.algorithm, self.algorithm)
        return dns.tsig.Key(self.name, self.secret, algorithm)


# ----------------------------------------------------------------- client

def family_of(address):
    return socket.AF_INET6 if ':' in address else socket.AF_INET


def exchange_udp(address, port, wire, timeout=1.0):
    """The answer with the right id, or None."""
    end = time.monotonic() + timeout
    with socket.socket(family_of(address), socket.SOCK_DGRAM) as s:
        s.connect((address, port))
        try:
            s.send(wire)
            while time.monotonic() < end:
                s.settimeout(max(0.001, end - time.monotonic()))
                answer = s.recv(65535)
                if answer[:2] == wire[:2]:
                    return answer
        except OSError:
            return None
    return None


def read_exactly(sock, count):
    data = b''
    while len(data) < count:
        part = sock.recv(count - len(data))
        if not part:
            return None
        data += part
    return data


def read_framed(sock):
    head = read_exactly(sock, 2)
    return head and read_exactly(sock, struct.unpack('!H', head)[0])


def send_framed(sock, wire):
    sock.sendall(struct.pack('!H', len(wire)) + wire)


def make_query(zone, rdtype, key=None, serial=None):
    q = dns.message.make_query(zone, rdtype, use_edns=False)
    q.flags = 0
    if serial is not None:
        q.authority.append(dns.rrset.from_text(
            zone, 0, 'IN', 'SOA', '. . %d 0 0 0 0' % serial))
    if key:
        q.use_tsig(key.dnspython())
    return q


def ask(address, port, name, rdtype, timeout=1.0, tcp=False, key=None,
        dnssec=False):
    """One query; the parsed answer or None."""
    q = make_query(name, rdtype, key)
    if dnssec:
        q.use_edns(0, dns.flags.DO, 1232)
    wire = q.to_wire()
    if tcp:
        answer = exchange_tcp(address, port, wire, timeout)
    else:
        answer = exchange_udp(address, port, wire, timeout)
    if answer is None:
        return None
    try:
        return dns.message.from_wire(
            answer, keyring=key.dnspython() if key else None,
            request_mac=q.mac if key else b'', one_rr_per_rrset=True)
    except dns.exception.DNSException:
        return None


def exchange_tcp(address, port, wire, timeout):
    try:
        with socket.create_connection((address, port), timeout) as s:
            send_framed(s, wire)
            return read_framed(s)
    except OSError:
        return None


def serial_of(address, port, zone, timeout=0.5):
    """The serial that a server answers with authority, or None."""
    m = ask(address, port, zone, 'SOA', timeout)
    if m is None or m.rcode() != 0 or not m.flags & dns.flags.AA:
        return None
    for rrset in m.answer:
        if rrset.rdtype == dns.rdatatype.SOA:
            return rrset[0].serial
    return None


class TransferFailed(Exception):
    """The server refused, or what came is not a transfer."""


class Transfer:
    """Reads an AXFR or IXFR record by record; keeps the messages."""

    def __init__(self, address, port, zone, key=None, serial=None,
                 timeout=5.0, receive_buffer=None):
        self.zone = dns.name.from_text(zone)
        self.key = key
        self.query = make_query(
            zone, 'AXFR' if serial is None else 'IXFR', key, serial)
        self.is_ixfr = serial is not None
        self.context = None
        self.records = []
        self.others = []        # messages of other answers in between
        self.sock = socket.socket(family_of(address), socket.SOCK_STREAM)
        if receive_buffer:
            self.sock.setsockopt(
                socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(timeout * SLOW)
        self.sock.connect((address, port))
        send_framed(self.sock, self.query.to_wire())

    def step(self):
        """Reads one message; returns False when the transfer is whole."""
        wire = self._next_message()
        m = dns.message.from_wire(
            wire, one_rr_per_rrset=True, multi=True, tsig_ctx=self.context,
            keyring=self.key.dnspython() if self.key else None,
            request_mac=self.query.mac if self.key else b'')
        self.context = m.tsig_ctx
        if m.id != self.query.id or m.rcode() != 0:
            raise TransferFailed(dns.rcode.to_text(m.rcode()))
        for rrset in m.answer:
            self.records.append((rrset.name, rrset.ttl, rrset[0]))
        if not self.records:
            raise TransferFailed('empty answer')
        return not self._is_whole()

    def _next_message(self):
        while True:
            wire = read_framed(self.sock)
            if wire is None:
                raise TransferFailed('connection closed')
            if wire[:2] == struct.pack('!H', self.query.id):
                return wire
            self.others.append(wire)

    def _is_whole(self):
        soas = [rd.serial for _, _, rd in self.records
                if rd.rdtype == dns.rdatatype.SOA]
        if self.records[-1][2].rdtype != dns.rdatatype.SOA:
            return False
        if not self.is_ixfr or not self.looks_incremental():
            return len(soas) == 2 or (self.is_ixfr and len(self.records) == 1)
        # newest, (old, new)..., newest: whole after an odd number above 2
        return len(soas) % 2 == 0 and len(soas) > 3 and soas[-1] == soas[0]

    def looks_incremental(self):
        return len(self.records) > 1 and \
            self.records[1][2].rdtype == dns.rdatatype.SOA

    def close(self):
        self.sock.close()

    def all(self):
        try:
            while self.step():
                pass
        finally:
            self.close()
        return self.records


def as_set(records, keep_case=False):
    """Records of a transfer as a set in canonical form (or as they came)."""
    result = set()
    for name, ttl, rd in records:
        if keep_case:
            result.add((name.to_wire(), rd.rdtype, ttl, rd.to_wire()))
        else:
            result.add((name.to_digestable(), rd.rdtype, ttl,
                        rd.to_digestable()))
    return result


def axfr(address, port, zone, key=None, timeout=5.0):
    return Transfer(address, port, zone, key, timeout=timeout).all()


def ixfr(address, port, zone, serial, key=None, timeout=5.0):
    return Transfer(address, port, zone, key, serial, timeout).all()


def serial_of_wire(wire):
    """Of a message with an answer and no error."""
    m = dns.message.from_wire(wire)
    assert m.rcode() == 0 and m.answer, m
    return m.answer[0][0].serial


def serial_in(records):
    return next(rd.serial for _, _, rd in records
                if rd.rdtype == dns.rdatatype.SOA)
