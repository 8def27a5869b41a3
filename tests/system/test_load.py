"""Answers never stop: whoever asks while versions are published one after
another gets every answer, of a serial that never goes back."""
import socket
import struct
import threading
import time

import pytest

from harness import hostile
from harness.net import (Key, Transfer, V4, as_set, make_query,
                         read_framed, send_framed, serial_in,
                         serial_of_wire, wait_until)
from harness.server import Zone
from harness.zones import plain_zone

import dns.message

ZONE = 'example.test.'
QUERY = make_query(ZONE, 'SOA').to_wire()


class Asker(threading.Thread):
    """Asks without pause until told to stop; notes what went wrong."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.address = (V4, port)
        self.asked = 0
        self.newest = 0
        self.troubles = []
        self.is_stopping = False

    def run(self):
        while not self.is_stopping and len(self.troubles) < 10:
            try:
                serial = serial_of_wire(self.exchange())
                if serial < self.newest:
                    self.troubles.append('%d after %d' % (
                        serial, self.newest))
                self.newest = serial
            except (OSError, AssertionError, struct.error) as e:
                self.troubles.append('%s: %r' % (type(self).__name__, e))
                self.again()
            self.asked += 1

    def again(self):
        pass


class UdpAsker(Asker):
    def __init__(self, port):
        super().__init__(port)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.settimeout(2)
        self.sock.connect(self.address)
        self.number = 0

    def exchange(self):
        self.number = (self.number + 1) & 0xffff
        head = struct.pack('!H', self.number)
        self.sock.send(head + QUERY[2:])
        while True:
            wire = self.sock.recv(4096)
            if wire[:2] == head:
                return wire


class NewConnections(Asker):
    def exchange(self):
        with socket.create_connection(self.address, 2) as s:
            send_framed(s, QUERY)
            wire = read_framed(s)
        assert wire is not None, 'closed without an answer'
        return wire


class KeptConnection(Asker):
    """One connection; the query comes in pieces, several at once."""
    many = 1

    def __init__(self, port):
        super().__init__(port)
        self.again()

    def again(self):
        self.sock = socket.create_connection(self.address, 2)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def exchange(self):
        framed = (struct.pack('!H', len(QUERY)) + QUERY) * self.many
        cut = self.asked % len(framed)
        self.sock.sendall(framed[:cut])
        self.sock.sendall(framed[cut:])
        for _ in range(self.many):
            wire = read_framed(self.sock)
            assert wire is not None, 'closed without an answer'
        return wire


class Pipelined(KeptConnection):
    many = 50


@pytest.mark.parametrize('workers,reuseport', [
    (1, 'no'), (2, 'no'), (2, 'yes')])
def test_no_query_is_lost(site, workers, reuseport):
    primary = site.primary()
    primary.load(ZONE, plain_zone(ZONE, 1))
    proxy = site.proxy()
    proxy.server_options += ['server-count: %d' % workers,
                             'reuseport: %s' % reuseport,
                             'xfrd-reload-timeout: 0']
    proxy.add(Zone(ZONE, primary=primary.peer()))
    proxy.start()
    proxy.wait_serial(ZONE, 1, 15)
    askers = [kind(proxy.port) for kind in (
        UdpAsker, UdpAsker, NewConnections, KeptConnection, Pipelined)]
    for a in askers:
        a.start()
    for serial in range(2, 42):
        primary.load(ZONE, plain_zone(ZONE, serial))
        primary.notify(ZONE, V4, proxy.port)
        time.sleep(0.1)
    proxy.wait_serial(ZONE, 41, 10)
    for a in askers:
        a.is_stopping = True
    for a in askers:
        a.join(5)
    assert not sum((a.troubles for a in askers), [])
    assert all(a.asked > 20 and a.newest > 30 for a in askers), [
        (type(a).__name__, a.asked, a.newest) for a in askers]


def test_many_kept_connections_outlive_a_publication(site):
    primary = site.primary()
    primary.load(ZONE, plain_zone(ZONE, 1))
    proxy = site.proxy()
    # Twice as many places: the more than half-full server is in a hurry.
    proxy.server_options += ['tcp-count: 8000', 'tcp-timeout: 60']
    proxy.add(Zone(ZONE, primary=primary.peer()))
    proxy.start()
    proxy.wait_serial(ZONE, 1, 15)
    kept = []
    try:
        for _ in range(3500):
            kept.append(socket.create_connection((V4, proxy.port), 5))
        for s in kept:
            send_framed(s, QUERY)
            assert serial_of_wire(read_framed(s)) == 1
        for s in kept:
            s.sendall(b'\0')        # a query that has only begun
        for serial in (2, 3):
            primary.publish(ZONE, plain_zone(ZONE, serial), (V4, proxy.port))
            proxy.wait_serial(ZONE, serial)
        for i, s in enumerate(kept):
            s.sendall(struct.pack('!H', len(QUERY))[1:] + QUERY)
            wire = read_framed(s)
            assert wire is not None, 'connection %d was lost' % i
            assert serial_of_wire(wire) == 3
    finally:
        for s in kept:
            s.close()


@pytest.mark.ours
def test_connections_of_workers_that_are_no_more(site):
    """server-count is lowered: who has a connection keeps it."""
    proxy = site.proxy().add(Zone(ZONE, text=plain_zone(ZONE, 1)))
    proxy.server_options += ['tcp-timeout: 60', 'server-count: 4']
    proxy.start()
    proxy.wait_serial(ZONE, 1)
    kept = []
    try:
        for _ in range(40):
            kept.append(socket.create_connection((V4, proxy.port), 5))
        for s in kept:
            send_framed(s, QUERY)
            assert serial_of_wire(read_framed(s)) == 1
        old = set(proxy.roles()['nsdv-worker'])
        assert len(old) == 4
        proxy.server_options[-1] = 'server-count: 1'
        proxy.write_config()
        assert proxy.control('reconfig').strip().endswith('ok')
        wait_until(lambda: len(proxy.roles()['nsdv-worker']) == 1 and
                   not old & set(proxy.roles()['nsdv-worker']), 10,
                   lambda: 'one worker: %s' % proxy.roles())
        for i, s in enumerate(kept):
            s.settimeout(5)
            send_framed(s, QUERY)
            wire = read_framed(s)
            assert wire is not None, 'connection %d was lost' % i
            assert serial_of_wire(wire) == 1
    finally:
        for s in kept:
            s.close()


def test_descriptors_for_tcp_count(site, monkeypatch):
    """A service manager gives few descriptors; more are allowed."""
    primary = site.primary()
    primary.load(ZONE, plain_zone(ZONE, 1))
    proxy = site.proxy()
    argv = proxy.argv()
    monkeypatch.setattr(proxy, 'argv', lambda: [
        'prlimit', '--nofile=256:8192', *argv])
    proxy.server_options += ['tcp-count: 1200']
    proxy.add(Zone(ZONE, primary=primary.peer()))
    proxy.start()
    proxy.wait_serial(ZONE, 1, 15)
    kept = []
    try:
        for i in range(600):
            s = socket.create_connection((V4, proxy.port), 5)
            kept.append(s)
            s.settimeout(2)
            send_framed(s, QUERY)
            assert serial_of_wire(read_framed(s)) == 1, i
    finally:
        for s in kept:
            s.close()


def test_more_connections_than_tcp_count(site):
    """Those that say nothing are let go after a while; UDP goes on; one that
    got in is answered."""
    primary = site.primary()
    primary.load(ZONE, plain_zone(ZONE, 1))
    proxy = site.proxy()
    proxy.server_options += ['tcp-count: 20', 'tcp-timeout: 3']
    proxy.add(Zone(ZONE, primary=primary.peer()))
    proxy.start()
    proxy.wait_serial(ZONE, 1, 15)
    silent = []
    try:
        for _ in range(60):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex((V4, proxy.port))
            silent.append(s)
        for serial in (2, 3, 4):
            primary.publish(ZONE, plain_zone(ZONE, serial), (V4, proxy.port))
            proxy.wait_serial(ZONE, serial, 2)
        wait_until(lambda: proxy.ask(ZONE, 'SOA', tcp=True, timeout=1)
                   is not None, 15, 'TCP is answered in the end')
    finally:
        for s in silent:
            s.close()


@pytest.mark.parametrize('key', [None, Key()], ids=['plain', 'tsig'])
def test_queries_within_a_transfer(site, key):
    """They are answered between its messages."""
    text = ' '.join(['"%s"' % ('x' * 250)] * 30)
    primary = site.primary(key=key)
    primary.per_message = 5
    primary.load(ZONE, plain_zone(ZONE, 1), [
        hostile.record('bulk%04d.%s' % (i, ZONE), 'TXT', '%s %d' % (text, i))
        for i in range(400)])
    proxy = site.proxy()
    proxy.add(Zone(ZONE, primary=primary.peer()))
    proxy.start()
    proxy.wait_serial(ZONE, 1, 15)
    t = Transfer(V4, proxy.port, ZONE, key, receive_buffer=4096)
    t.step()
    for _ in range(3):
        send_framed(t.sock, QUERY)
    while t.step():
        pass
    assert serial_in(t.records) == 1 and len(t.records) > 400
    assert [serial_of_wire(w) for w in t.others] == [1, 1, 1]
    send_framed(t.sock, QUERY)
    assert serial_of_wire(read_framed(t.sock)) == 1
    t.close()


def test_slow_readers_over_generations(site):
    """Each gets its own version whole, though it reads it over five
    publications."""
    primary = site.primary()
    primary.load(ZONE, plain_zone(ZONE, 1, size=8000))
    proxy = site.proxy()
    proxy.add(Zone(ZONE, primary=primary.peer()))
    proxy.server_options += ['xfrd-reload-timeout: 0']
    proxy.start()
    proxy.wait_serial(ZONE, 1, 15)
    readers = []
    for serial in range(2, 7):
        readers.append(Transfer(V4, proxy.port, ZONE, receive_buffer=2048))
        readers[-1].step()
        primary.publish(ZONE, plain_zone(ZONE, serial, size=8000),
                        (V4, proxy.port))
        proxy.wait_serial(ZONE, serial)
        for r in readers:
            r.step()
    for i, r in enumerate(readers):
        records = r.all()
        assert serial_in(records) == records[-1][2].serial == i + 1
        assert 'only-%d.%s' % (i + 1, ZONE) in {
            n.to_text() for n, _, _ in records}
    wait_until(lambda: len(proxy.roles()['nsdv-worker']) == 1, 5,
               'old workers are gone')


def test_tcp_count_holds_over_publications(site):
    """Connections that were handed over keep their place."""
    primary = site.primary()
    primary.load(ZONE, plain_zone(ZONE, 1))
    proxy = site.proxy()
    proxy.server_options += ['tcp-count: 10', 'tcp-timeout: 30',
                             'tcp-reject-overflow: yes']
    proxy.add(Zone(ZONE, primary=primary.peer()))
    proxy.start()
    proxy.wait_serial(ZONE, 1, 15)
    kept = []
    try:
        for _ in range(6):
            kept.append(connect(proxy))
        assert [answer_on(s) for s in kept] == [1] * 6
        for serial in (2, 3, 4):
            primary.publish(ZONE, plain_zone(ZONE, serial), (V4, proxy.port))
            proxy.wait_serial(ZONE, serial)
            # Four places are left; there one has to hurry.
            fresh = [connect(proxy) for _ in range(6)]
            assert [answer_on(s) for s in fresh] == [serial] * 4 + [None] * 2
            wait_until(lambda: all(is_closed(s) for s in fresh), 5,
                       'the four places are free again')
        assert [answer_on(s) for s in kept] == [4] * 6
    finally:
        for s in kept:
            s.close()


def connect(proxy):
    s = socket.create_connection((V4, proxy.port), 5)
    s.settimeout(2)
    return s


def answer_on(s):
    """The serial, or None from a connection that is closed."""
    try:
        send_framed(s, QUERY)
        wire = read_framed(s)
    except ConnectionError:
        return None
    return wire and serial_of_wire(wire)


def is_closed(s):
    s.setblocking(False)
    try:
        return s.recv(1) == b''
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def sockets_on(port, protocol):
    """How many sockets are bound to it, by their local addresses."""
    with open('/proc/net/' + protocol) as f:
        return sum(line.split()[1].endswith(':%04X' % port) and
                   line.split()[3] in ('07', '0A') for line in f)


def ask_from(port, count):
    """One query from each of so many sockets: which were answered."""
    asking = []
    for _ in range(count):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(2)
        s.sendto(QUERY, (V4, port))
        asking.append(s)
    answered = 0
    for s in asking:
        with s:
            answered += len(s.recv(4096)) > len(QUERY)
    return answered


def test_reuseport(site):
    """Each worker has its sockets; when there are fewer workers none is
    without a reader; another server of the same user is not let in."""
    proxy = site.proxy().add(Zone(ZONE, text=plain_zone(ZONE, 1)))
    proxy.server_options += ['reuseport: yes', 'server-count: 3']
    proxy.start()
    assert sockets_on(proxy.port, 'udp') == 3
    assert sockets_on(proxy.port, 'tcp') == 3
    assert ask_from(proxy.port, 60) == 60
    other = site.proxy('other').add(Zone(ZONE, text=plain_zone(ZONE, 2)))
    other.port = proxy.port
    other.server_options += ['reuseport: yes', 'server-count: 3']
    other.start(wait=False)
    assert other.process.wait_exit(5) > 0
    assert 'in use' in other.text_of_logs()
    for count in (1, 5):
        proxy.server_options[-1] = 'server-count: %d' % count
        proxy.write_config()
        proxy.control('reconfig')
        wait_until(lambda n=count: n == list(
            proxy.process.family().values()).count('nsdv-worker'),
                   10, '%d workers' % count)
        assert ask_from(proxy.port, 60) == 60
        assert proxy.serial(ZONE) == 1
