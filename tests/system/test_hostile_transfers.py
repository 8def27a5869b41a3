"""Bad primaries beyond single messages: order, size, pace, number."""
import random
import re
import socket
import struct
import threading
import time

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset
import dns.tsig
import pytest

from harness import hostile
from harness.net import (Key, V4, exchange_udp, make_query, read_framed,
                         stays, wait_until)
from harness.server import Peer, Zone
from harness.zones import plain_zone
from test_hostile import ZONE, assert_recovers, offer, started

GOOD = 'good.test.'


def soa(primary, serial):
    name, ttl, rd = primary.versions[ZONE][-1].soa
    return name, ttl, rd.replace(serial=serial)


def new(n):
    return hostile.record('new%d.%s' % (n, ZONE), 'A', '192.0.2.%d' % n)


def test_ixfr_steps_across_the_wrap(site):
    """One answer with three steps over 2^32."""
    primary, proxy = site.primary(), site.proxy()
    start = 2 ** 32 - 2
    primary.load(ZONE, plain_zone(ZONE, start, version=1))
    proxy.add(Zone(ZONE, primary=primary.peer())).start()
    proxy.wait_serial(ZONE, start, 15)
    primary.load(ZONE, plain_zone(ZONE, 1, version=1))
    steps = [start, start + 1, 0, 1]

    def answer(_zone, old, _new):
        if old != start:
            return None
        records = [soa(primary, 1)]
        for i, (a, b) in enumerate(zip(steps, steps[1:]), 1):
            records += [soa(primary, a), soa(primary, b), new(i)]
        return records + [soa(primary, 1)]
    primary.scripted_answer = answer
    primary.notify(ZONE, V4, proxy.port)
    proxy.wait_serial(ZONE, 1)
    assert len(primary.requests(ZONE, 'AXFR')) == 1, 'taken as it came'
    for i in (1, 2, 3):
        assert proxy.ask('new%d.%s' % (i, ZONE), 'A').rcode() == 0


@pytest.mark.parametrize('steps', [[1, 2, 2], [1, 3, 2], [1, 2, 1, 2],
                                   [1, 2, 2 ** 31 + 5], [5, 2]],
                         ids=str)
def test_ixfr_steps_in_a_wrong_order(site, steps):
    """Not what an honest primary sends: an AXFR follows."""
    primary, proxy = started(site)

    def answer(_zone, old, serial):
        if old != 1 or serial != 2:
            return None
        records = [soa(primary, 2)]
        for i, (a, b) in enumerate(zip(steps, steps[1:]), 1):
            records += [soa(primary, a), soa(primary, b), new(i)]
        return records + [soa(primary, 2)]
    primary.scripted_answer = answer
    offer(primary, proxy, 2)
    proxy.wait_serial(ZONE, 2, 12)
    assert proxy.ask('new1.' + ZONE, 'A').rcode() == 3
    assert proxy.ask('only-2.' + ZONE, 'A').rcode() == 0


@pytest.mark.parametrize('style', ['ixfr', 'axfr'])
def test_one_warning_for_records_outside(site, style):
    primary, proxy = started(site)
    foreign = [hostile.record('w%d.elsewhere.example.' % i, 'A', '192.0.2.66')
               for i in range(40)]

    def answer(_zone, old, serial):
        if serial != 2:
            return None
        if style == 'axfr':
            whole = primary.versions[ZONE][-1].axfr()
            return whole[:5] + foreign + whole[5:]
        return [soa(primary, 2), soa(primary, 1), *foreign, soa(primary, 2),
                new(1), *foreign, soa(primary, 2)] if old == 1 else None
    primary.scripted_answer = answer
    primary.per_message = 10
    offer(primary, proxy, 2)
    proxy.wait_serial(ZONE, 2)
    lines = [line for line in proxy.log_text().splitlines()
             if 'warning' in line and re.search('outside|out of zone', line)]
    assert len(lines) == 1, lines


META = [('OPT', b''), ('TSIG', b'\0' * 20), ('AXFR', b''), ('ANY', b''),
        ('TYPE0', b''), ('TKEY', b'\0' * 20)]


@pytest.mark.parametrize('kind,octets', META, ids=[m[0] for m in META])
@pytest.mark.parametrize('style', ['ixfr', 'axfr'])
def test_meta_types(site, kind, octets, style):
    primary, proxy = started(site)
    bad = hostile.record('meta.' + ZONE, kind, octets)

    def answer(_zone, old, serial):
        if serial != 2:
            return None
        if style == 'axfr':
            whole = primary.versions[ZONE][-1].axfr()
            return [whole[0], bad, *whole[1:]]
        return [soa(primary, 2), soa(primary, 1), soa(primary, 2), bad,
                soa(primary, 2)]
    primary.scripted_answer = answer
    asked = len(primary.requests(ZONE))
    offer(primary, proxy, 2)
    wait_until(lambda: len(primary.requests(ZONE)) > asked, 5, 'it asks')
    stays(lambda: proxy.serial(ZONE) == 1, 0.5, 'serial 1 stays')
    assert_recovers(primary, proxy, 3)


def class_chaos(wires, _query):
    """The class of the second record of the answer."""
    w = bytearray(wires[0])
    at = hostile._end_of_question(w)
    for i in range(2):
        at = hostile._skip_name(w, at)
        if i == 1:
            w[at + 2:at + 4] = b'\0\3'
        at += 10 + struct.unpack('!H', w[at + 8:at + 10])[0]
    return [bytes(w), *wires[1:]]


def forward_pointer(wires, _query):
    """The owner of the first answer points behind itself."""
    w = wires[0]
    at = hostile._end_of_question(w)
    return [w[:at] + struct.pack('!H', 0xc000 | at + 12) + w[at + 2:],
            *wires[1:]]


def rubbish_behind(wires, _query):
    return [w + b'\0' * 7 for w in wires]


def many_questions(wires, _query):
    return [w[:4] + b'\0\5' + w[6:] for w in wires]


@pytest.mark.parametrize('tamper', [class_chaos, forward_pointer,
                                    rubbish_behind, many_questions])
def test_more_messages_that_are_not_believed(site, tamper):
    primary, proxy = started(site)
    primary.offers_ixfr = False
    asked = len(primary.requests(ZONE))
    primary.tamper = tamper
    offer(primary, proxy, 2)
    wait_until(lambda: len(primary.requests(ZONE)) > asked, 5, 'it asks')
    stays(lambda: proxy.serial(ZONE) == 1, 0.5, 'serial 1 stays')
    assert_recovers(primary, proxy, 3)


def test_messages_of_65535_octets(site):
    """The largest there are, and many records in one."""
    primary, proxy = started(site)
    bulk = {hostile.record('b%05d.%s' % (i, ZONE), 'TXT', '"%s"' % ('x' * 200))
            for i in range(3000)}
    primary.load(ZONE, plain_zone(ZONE, 2), bulk)
    primary.per_message = 275       # a little below 65,535 octets
    primary.notify(ZONE, V4, proxy.port)
    proxy.wait_serial(ZONE, 2, 10)
    assert len(proxy.axfr(ZONE, timeout=10)) > 3000


def test_size_limit(site):
    primary, proxy = site.primary(), site.proxy()
    primary.load(ZONE, plain_zone(ZONE, 1))
    proxy.add(Zone(ZONE, primary=primary.peer(), options=[
        'size-limit-xfr: 20000', 'max-retry-time: 1', 'min-retry-time: 1']))
    proxy.start()
    proxy.wait_serial(ZONE, 1, 15)
    sent = []

    def endless(wires, query):
        sent.append(1)
        m = dns.message.make_response(query)
        for i in range(300):
            m.answer.append(dns.rrset.from_text(
                'e%d.%s' % (random.randrange(10 ** 9), ZONE), 300, 'IN', 'A',
                '192.0.2.1'))
        first = wires[0]
        return [first, *[m.to_wire(max_size=65535)] * 50]
    primary.per_message = 1
    primary.tamper = endless
    asked = len(primary.requests(ZONE))
    offer(primary, proxy, 2)
    wait_until(lambda: len(primary.requests(ZONE)) > asked, 5, 'it asks')
    proxy.wait_log('size limit', 8)
    assert proxy.serial(ZONE) == 1
    primary.per_message = 50
    assert_recovers(primary, proxy, 3)


class Trickler:
    """Answers SOA and IXFR over UDP with the SOA of a newer serial; over TCP
    it sends an octet a second of an answer without end."""

    def __init__(self, site, zones):
        self.inner = site.primary()
        for zone in zones:
            self.inner.load(zone, plain_zone(zone, 1))
        self.octets = 0
        self.connections = 0
        outer = self

        def tamper(wires, _query):
            outer.connections += 1
            return [Slowly(outer)]
        self.inner.tamper = tamper

    def peer(self):
        return self.inner.peer()


class Slowly(bytes):
    """A message of 40,000 octets of which one comes each second."""
    def __new__(cls, outer):
        self = super().__new__(cls, b'\0' * 40000)
        self.outer = outer
        return self


def test_primaries_that_trickle_block_nobody(site, monkeypatch):
    """More zones of a trickling primary than there are sockets for incoming
    transfers: another primary's zone goes through all the same."""
    from harness import primary as module
    real = module.send_framed

    def send(sock, wire):
        if not isinstance(wire, Slowly):
            return real(sock, wire)
        for octet in struct.pack('!H', len(wire)) + wire:
            sock.sendall(bytes([octet]))
            if wire.outer.inner.is_stopping:
                return None
            time.sleep(0.5)
        return None
    monkeypatch.setattr(module, 'send_framed', send)
    zones = ['slow%d.test.' % i for i in range(40)]
    trickler = Trickler(site, zones)
    good = site.primary()
    good.load(GOOD, plain_zone(GOOD, 1))
    proxy = site.proxy()
    proxy.server_options += ['xfrd-tcp-max: 10', 'tcp-timeout: 30']
    for zone in zones:
        proxy.add(Zone(zone, primary=trickler.peer()))
    proxy.add(Zone(GOOD, primary=good.peer()))
    proxy.start()
    wait_until(lambda: trickler.connections >= 10, 10, 'it trickles')
    proxy.wait_serial(GOOD, 1, 5)
    for serial in (2, 3):
        good.publish(GOOD, plain_zone(GOOD, serial), (V4, proxy.port))
        proxy.wait_serial(GOOD, serial, 3)


def lasting(proxy):
    """The processes that outlive publications."""
    return {pid for pid, role in proxy.process.family().items()
            if role in ('nsdv-supervisor', 'nsdv-xfrd', 'nsdv-store')}


def notify_wire(zone, key=None):
    m = make_query(zone, 'SOA')
    m.set_opcode(4)
    m.flags |= dns.flags.AA
    if key:
        m.use_tsig(key.dnspython())
    return m.to_wire()


@pytest.mark.parametrize('source', ['127.0.0.1', '127.0.0.2'],
                         ids=['allowed', 'not-allowed'])
def test_flood_of_notify(site, source):
    """It costs the primary few questions, from elsewhere none; other zones
    are published all the same."""
    primary, proxy = started(site)
    good = site.primary()
    good.load(GOOD, plain_zone(GOOD, 1))
    proxy.add(Zone(GOOD, primary=good.peer()))
    proxy.write_config()
    proxy.control('reconfig')
    proxy.wait_serial(GOOD, 1, 10)
    asked = len(primary.requests(ZONE))
    wire = notify_wire(ZONE)
    pids = lasting(proxy)
    ended = []

    def flood():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind((source, 0))
            end = time.monotonic() + 2
            while time.monotonic() < end:
                for _ in range(50):
                    s.sendto(wire, (V4, proxy.port))
                time.sleep(0.005)
        ended.append(1)
    thread = threading.Thread(target=flood)
    thread.start()
    try:
        for serial in (2, 3):
            good.publish(GOOD, plain_zone(GOOD, serial), (V4, proxy.port))
            proxy.wait_serial(GOOD, serial, 3)
    finally:
        thread.join()
    many = len(primary.requests(ZONE)) - asked
    assert many <= (60 if source == V4 else 0), many
    assert pids == lasting(proxy), 'no process was lost'
    offer(primary, proxy, 2)
    proxy.wait_serial(ZONE, 2, 3)
    assert proxy.log.stat().st_size < 64 << 20


@pytest.mark.parametrize('how', ['mac', 'secret', 'time', 'name', 'twice',
                                 'cut'])
def test_notify_with_broken_tsig(site, how):
    primary, proxy = started(site, key=Key())
    key = Key()
    if how == 'secret':
        key = Key(secret='YW5vdGhlciBzZWNyZXQgYWx0b2dldGhlcg==')
    elif how == 'name':
        key = Key(name='unknown.key')
    wire = bytearray(notify_wire(ZONE, key))
    if how == 'mac':
        wire[-20] ^= 1
    elif how == 'cut':
        wire = wire[:-7]
    elif how == 'twice':
        at = hostile._start_of_last_record(bytes(wire))
        wire += wire[at:]
        wire[10:12] = b'\0\2'
    elif how == 'time':
        m = make_query(ZONE, 'SOA')
        m.set_opcode(4)
        real = time.time
        try:
            time.time = lambda: real() - 4000
            m.use_tsig(key.dnspython())
            wire = bytearray(m.to_wire())
        finally:
            time.time = real
    asked = len(primary.requests(ZONE))
    answer = exchange_udp(V4, proxy.port, bytes(wire), 1)
    assert answer is None or answer[3] & 15 in (1, 9), answer
    stays(lambda: len(primary.requests(ZONE)) == asked, 0.5, 'ignored')


def test_udp_ixfr_truncated(site):
    """TC over UDP: TCP is asked, whatever else the datagram says."""
    primary, proxy = site.primary(), site.proxy()
    primary.load(ZONE, plain_zone(ZONE, 1))
    proxy.add(Zone(ZONE, options=[
        'request-xfr: UDP 127.0.0.1@%d NOKEY' % primary.port,
        'allow-notify: 127.0.0.1 NOKEY', 'provide-xfr: 127.0.0.1 NOKEY']))
    proxy.start()
    proxy.wait_serial(ZONE, 1, 15)

    def tamper(wires, _query):
        if primary.asked[-1][1] != 'udp':
            return wires
        w = wires[0]
        return [w[:2] + bytes([w[2] | 2]) + w[3:]]
    primary.tamper = tamper
    offer(primary, proxy, 2)
    proxy.wait_serial(ZONE, 2)
    kinds = [(a[1], a[3]) for a in primary.requests(ZONE)]
    assert ('udp', 'IXFR') in kinds and ('tcp', 'IXFR') in kinds, kinds
