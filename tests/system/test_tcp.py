"""TCP from outside (RFC 7766): how many connections, how many queries on one,
how long. Order and fairness within a connection: test_load.py."""
import socket
import struct
import subprocess
import time

import dns.edns
import dns.message
import pytest

from harness import hostile
from harness.net import (SLOW, Transfer, V4, make_query, read_framed,
                         send_framed, serial_in, wait_until)
from harness.server import Zone
from harness.zones import plain_zone

pytestmark = pytest.mark.ours

ZONE = 'example.test.'
QUERY = make_query(ZONE, 'SOA').to_wire()


def serving(site, *options, bulk=0):
    text = ' '.join(['"%s"' % ('x' * 250)] * 30)
    primary = site.primary()
    primary.per_message = 5
    primary.bulk = [hostile.record('bulk%04d.%s' % (i, ZONE), 'TXT',
                                   '%s %d' % (text, i)) for i in range(bulk)]
    primary.load(ZONE, plain_zone(ZONE, 1), primary.bulk)
    proxy = site.proxy()
    proxy.server_options += options
    proxy.add(Zone(ZONE, primary=primary.peer()))
    proxy.start()
    proxy.wait_serial(ZONE, 1, 15)
    return primary, proxy


def publish(primary, proxy, serial):
    primary.load(ZONE, plain_zone(ZONE, serial), primary.bulk)
    primary.notify(ZONE, V4, proxy.port)
    proxy.wait_serial(ZONE, serial)


def connect(proxy):
    s = socket.create_connection((V4, proxy.port), 5)
    s.settimeout(10 * SLOW)
    return s


def ask(s):
    """The serial; None when the connection is closed in order."""
    send_framed(s, QUERY)
    wire = read_framed(s)
    return wire and dns.message.from_wire(wire).answer[0][0].serial


def test_tcp_query_count(site):
    """Queries on one connection, whichever worker answers them."""
    primary, proxy = serving(site, 'tcp-query-count: 3')
    with connect(proxy) as s:
        s.sendall((struct.pack('!H', len(QUERY)) + QUERY) * 5)
        for _ in range(3):
            assert read_framed(s)[:2] == QUERY[:2]
        assert s.recv(1) == b'', 'closed, not reset'
    with connect(proxy) as s:
        for serial in (1, 2, 3):
            assert ask(s) == serial
            if serial < 3:
                publish(primary, proxy, serial + 1)
        assert s.recv(1) == b''


def test_tcp_count_makes_wait(site):
    """Without tcp-reject-overflow who is too many waits for a place."""
    _, proxy = serving(site, 'tcp-count: 4', 'tcp-timeout: 30')
    kept = [connect(proxy) for _ in range(2)]
    assert [ask(s) for s in kept] == [1, 1]
    start = time.monotonic()
    many = [connect(proxy) for _ in range(8)]
    for s in many:
        send_framed(s, QUERY)
    # Two at a time; each keeps its place for a fifth of a second.
    for s in many:
        assert read_framed(s) is not None
    assert 0.4 < time.monotonic() - start < 10 * SLOW
    assert [ask(s) for s in kept] == [1, 1]
    for s in kept + many:
        s.close()


@pytest.mark.parametrize('said', [b'', b'\0', b'\0\x40' + b'x' * 10])
def test_tcp_timeout(site, said):
    """An idle connection, or one with a query that never ends."""
    _, proxy = serving(site, 'tcp-timeout: 1')
    with connect(proxy) as s:
        assert ask(s) == 1
        start = time.monotonic()
        s.sendall(said)
        assert s.recv(1) == b''
        assert 0.9 < time.monotonic() - start < 3 * SLOW


def test_publications_give_no_time(site):
    """A connection that asks for nothing ends in its time, though it is
    handed from worker to worker meanwhile."""
    primary, proxy = serving(site, 'tcp-timeout: 2',
                             'xfrd-reload-timeout: 0')
    idle, half, live = [connect(proxy) for _ in range(3)]
    half.sendall(b'\0')
    start = time.monotonic()
    serial = 1
    ended = {}
    while len(ended) < 2 and time.monotonic() - start < 20 * SLOW:
        serial += 1
        publish(primary, proxy, serial)
        assert ask(live) == serial
        for s in {idle, half} - set(ended):
            s.settimeout(0.05)
            try:
                assert s.recv(1) == b''
                ended[s] = time.monotonic() - start
            except TimeoutError:
                pass
    assert serial > 3 and all(1.8 < t < 5 * SLOW for t in ended.values())
    assert len(ended) == 2
    for s in (idle, half, live):
        s.close()


def test_readers_of_transfers(site):
    """Who takes nothing of a message for tcp-timeout is let go; who takes it
    slowly gets it whole, also while the places are scarce."""
    _, proxy = serving(site, 'tcp-timeout: 1', 'tcp-count: 4', bulk=500)
    readers = [Transfer(V4, proxy.port, ZONE, receive_buffer=4096)
               for _ in range(4)]
    stuck = readers.pop()
    start = time.monotonic()
    while time.monotonic() - start < 3:
        for r in readers:
            assert r.step() and r.step()
        time.sleep(0.05)
    reading = list(readers)
    while reading:
        reading = [r for r in reading if r.step()]
    for r in readers:
        assert len(r.records) > 500 and serial_in(r.records) == 1
    stuck.sock.settimeout(5 * SLOW)
    with pytest.raises(Exception, match='closed|reset'):
        stuck.all()
    assert len(stuck.records) < 500


def test_tcp_keepalive(site):
    """RFC 7828: the time that holds now, in units of 100 ms."""
    _, proxy = serving(site, 'tcp-timeout: 30', 'tcp-count: 4')
    q = make_query(ZONE, 'SOA')
    q.use_edns(0, 0, 1232, options=[dns.edns.GenericOption(11, b'')])

    def said(s):
        send_framed(s, q.to_wire())
        m = dns.message.from_wire(read_framed(s))
        return [o.data for o in m.options if o.otype == 11]
    sockets = [connect(proxy) for _ in range(3)]
    assert [said(s) for s in sockets] == [[struct.pack('!H', 300)]] * 3
    sockets.append(connect(proxy))
    assert said(sockets[3]) == [struct.pack('!H', 2)]
    start = time.monotonic()
    assert sockets[3].recv(1) == b''
    assert 0.15 < time.monotonic() - start < 3 * SLOW
    for s in sockets:
        s.close()


def test_no_processor_is_spent_on_silence(site):
    """Idle, half-closed, stuck and drained connections cost nothing."""
    _, proxy = serving(site, 'tcp-timeout: 30', 'tcp-query-count: 1')
    silent = [connect(proxy) for _ in range(20)]
    for i, s in enumerate(silent):
        if i % 4 == 1:
            s.sendall(b'\0')
        elif i % 4 == 2:
            send_framed(s, QUERY)
            s.shutdown(socket.SHUT_WR)
        elif i % 4 == 3:
            send_framed(s, QUERY)
            assert read_framed(s)
    worker = proxy.roles()['nsdv-worker'][0]

    def ticks():
        words = open('/proc/%d/stat' % worker).read().rsplit(')')[1].split()
        return int(words[11]) + int(words[12])
    before = ticks()
    time.sleep(1)
    assert ticks() - before < 20
    for s in silent:
        s.close()


def test_stock_clients_keep_a_connection(site):
    _, proxy = serving(site)
    for words in (['dig', '+tcp', '+keepopen', '+tries=1'],
                  ['kdig', '+tcp', '+keepopen', '+retry=0']):
        done = subprocess.run(
            [*words, '@' + V4, '-p', str(proxy.port), ZONE, 'SOA', ZONE,
             'NS', ZONE, 'AXFR'], capture_output=True, text=True, timeout=20)
        assert done.returncode == 0, done.stdout
        assert done.stdout.count('status: NOERROR') >= 2, done.stdout
    wait_until(lambda: proxy.ask(ZONE, 'SOA', tcp=True), 5, 'TCP')
