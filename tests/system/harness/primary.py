"""A primary inside the test: full control over what it answers.

It keeps versions of zones as sets of records, answers SOA over UDP and TCP,
AXFR and IXFR over TCP (IXFR from its versions), with TSIG where the zone has a
key, and sends NOTIFY. A test that wants it to misbehave replaces `tamper`.
"""
import select
import socket
import socketserver
import threading
import time

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.tsig
import dns.zone

from .net import FAMILIES, family_of, read_framed, send_framed
from .server import Peer

IXFR = dns.rdatatype.IXFR
AXFR = dns.rdatatype.AXFR
SOA = dns.rdatatype.SOA


class Version:
    """One version: its SOA, and the rest as {(name, ttl, rdata)}."""

    def __init__(self, text, origin, bulk=()):
        zone = dns.zone.from_text(text, origin=origin, relativize=False)
        records = [(n, ttl, rd) for n, ttl, rd in zone.iterate_rdatas()]
        self.soa = next(r for r in records if r[2].rdtype == SOA)
        self.rest = {r for r in records if r[2].rdtype != SOA}.union(bulk)
        self.serial = self.soa[2].serial

    def axfr(self):
        return [self.soa, *sorted(self.rest, key=lambda r: r[0]), self.soa]


class ScriptedPrimary:
    def __init__(self, ports, family='ipv4', key=None):
        self.family = family
        self.address = FAMILIES[family]
        self.port = ports.get()
        self.key = key
        self.versions = {}          # zone name: [Version]
        self.asked = []             # (time, transport, zone, type, serial)
        self.offers_ixfr = True
        self.per_message = 50       # records
        self.pause_s = 0            # between messages of a transfer
        self.closes = False         # the connection after each answer
        self.rcode = {}             # zone name: answer with this rcode
        # tamper(list of wire messages, query) -> list of wire messages
        self.tamper = None
        # (zone, from, to) -> records of the answer, in place of the real ones
        self.scripted_answer = None
        self.lock = threading.Lock()

    def start(self):
        handler = self._tcp_handler()
        server_class = type('Tcp', (socketserver.ThreadingTCPServer,), {
            'address_family': family_of(self.address),
            'allow_reuse_address': True, 'daemon_threads': True,
            'request_queue_size': 64})
        self.tcp = server_class((self.address, self.port), handler)
        self.udp = socket.socket(family_of(self.address), socket.SOCK_DGRAM)
        self.udp.bind((self.address, self.port))
        self.is_stopping = False
        self.threads = [
            threading.Thread(target=self.tcp.serve_forever, daemon=True,
                             kwargs={'poll_interval': 0.05}),
            threading.Thread(target=self._udp_loop, daemon=True)]
        for t in self.threads:
            t.start()
        return self

    def stop(self):
        self.is_stopping = True
        self.tcp.shutdown()
        self.tcp.server_close()
        for t in self.threads:
            t.join(2)
        self.udp.close()

    def peer(self):
        return Peer(self.port, self.family, self.key)

    def load(self, zone, text, bulk=()):
        """A new version; nobody is told. bulk: more records, (name, ttl,
        rdata), which would take long to parse again and again."""
        with self.lock:
            version = Version(text, zone, bulk)
            self.versions.setdefault(zone, []).append(version)
        return version.serial

    def publish(self, zone, text, *downstream):
        """A new version, and NOTIFY to (address, port) of each downstream."""
        serial = self.load(zone, text)
        for address, port in downstream:
            self.notify(zone, address, port)
        return serial

    def notify(self, zone, address, port, timeout=3.0, serial=True):
        """Until it is answered; returns the answer's rcode or None."""
        m = dns.message.make_query(zone, SOA, use_edns=False)
        m.flags = dns.flags.AA
        m.set_opcode(dns.opcode.NOTIFY)
        if serial and zone in self.versions:
            m.answer.append(rrset_of(self.versions[zone][-1].soa))
        if self.key:
            m.use_tsig(self.key.dnspython())
        wire = m.to_wire()
        end = time.monotonic() + timeout
        with socket.socket(family_of(address), socket.SOCK_DGRAM) as s:
            s.bind((self.address, 0))
            while time.monotonic() < end:
                s.sendto(wire, (address, port))
                s.settimeout(0.5)
                try:
                    answer = s.recv(4096)
                except OSError:
                    continue
                if answer[:2] == wire[:2]:
                    return answer[3] & 15
        return None

    # -- serving
    def _udp_loop(self):
        while not self.is_stopping:
            if not select.select([self.udp], [], [], 0.05)[0]:
                continue
            try:
                data, source = self.udp.recvfrom(65535)
            except OSError:
                continue
            for wire in self._answer(data, 'udp')[:1]:
                self.udp.sendto(wire, source)

    def _tcp_handler(primary):
        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                try:
                    self.request.settimeout(30)
                    while True:
                        data = read_framed(self.request)
                        if data is None:
                            return
                        for wire in primary._answer(data, 'tcp'):
                            send_framed(self.request, wire)
                            if primary.pause_s:
                                time.sleep(primary.pause_s)
                        if primary.closes:
                            return
                except OSError:
                    return
        return Handler

    def _answer(self, data, transport):
        try:
            query = dns.message.from_wire(
                data, keyring=self.key.dnspython() if self.key else None)
        except dns.exception.DNSException:
            return []
        if not query.question:
            return []
        q = query.question[0]
        zone = q.name.to_text().lower()
        old = None
        if q.rdtype == IXFR and query.authority:
            old = query.authority[0][0].serial
        self.asked.append((time.monotonic(), transport, zone,
                           dns.rdatatype.to_text(q.rdtype), old))
        with self.lock:
            messages = self._messages(query, zone, q.rdtype, old, transport)
        wires = self._sign(messages, query)
        if self.tamper:
            wires = self.tamper(wires, query)
        return wires

    def _messages(self, query, zone, rdtype, old, transport):
        versions = self.versions.get(zone)
        rcode = self.rcode.get(zone)
        if not versions or rcode is not None or \
                (self.key and not query.had_tsig):
            m = dns.message.make_response(query)
            m.set_rcode(rcode if rcode is not None else dns.rcode.REFUSED)
            return [m]
        records = [versions[-1].soa]
        if rdtype == AXFR or rdtype == IXFR:
            records = self._transfer(zone, rdtype, old, versions)
        if transport == 'udp' and len(records) > 1:
            records = records[:1]
        return [self._message(query, records[i:i + self.per_message], i == 0)
                for i in range(0, len(records), self.per_message)]

    def _transfer(self, zone, rdtype, old, versions):
        new = versions[-1]
        if self.scripted_answer:
            records = self.scripted_answer(zone, old, new.serial)
            if records is not None:
                return records
        if rdtype == AXFR:
            return new.axfr()
        if old == new.serial:
            return [new.soa]
        chain = increasing(versions, old)
        if not self.offers_ixfr or not chain or chain[-1] is not new:
            return new.axfr()
        records = [new.soa]
        for a, b in zip(chain, chain[1:]):
            records += [a.soa, *(a.rest - b.rest), b.soa, *(b.rest - a.rest)]
        return records + [new.soa]

    @staticmethod
    def _message(query, records, is_first):
        m = dns.message.make_response(query)
        m.flags |= dns.flags.AA
        if not is_first:
            m.question = []
        for record in records:
            m.answer.append(rrset_of(record))
        return m

    def _sign(self, messages, query):
        wires, context = [], None
        for m in messages:
            if self.key and query.had_tsig:
                m.use_tsig(self.key.dnspython())
                m.request_mac = query.mac
                wires.append(m.to_wire(multi=True, tsig_ctx=context,
                                       max_size=65535))
                context = m.tsig_ctx
            else:
                wires.append(m.to_wire(max_size=65535))
        return wires

    def requests(self, zone, rdtype=None):
        return [a for a in self.asked if a[2] == zone
                and rdtype in (None, a[3])]


def increasing(versions, old):
    """The versions from old on that count up, by RFC 1982."""
    start = next((i for i, v in enumerate(versions) if v.serial == old),
                 len(versions))
    chain = versions[start:start + 1]
    for v in versions[start + 1:]:
        if 0 < (v.serial - chain[-1].serial) % 2 ** 32 < 2 ** 31:
            chain.append(v)
    return chain


def rrset_of(record):
    name, ttl, rd = record
    return dns.rrset.from_rdata(name, ttl, rd)
