"""What stats counts: beside Debian's NSD on the same queries, and through
publications, deaths and restarts."""
import os
import re
import signal
import socket
import struct
import threading
import time

import dns.message
import dns.rrset
import dns.tsigkeyring
import pytest

from harness.net import SLOW, exchange_udp, wait_until
from harness.server import Zone
from harness.zones import plain_zone

pytestmark = pytest.mark.ours

ZONE, OTHER, BLOCKED, LARGE = ('example.test.', 'other.test.', 'blocked.test.',
                               'large.test.')
KEY_SECRET = 'c2VjcmV0c2VjcmV0c2VjcmV0'
ADDRESSES = {4: '127.0.0.1', 6: '::1'}
# What both count but nobody would compare: memory, disk and time.
OWN = re.compile(r'^(size|time)\.')
# Newer NSDs have these beside the two that 4.6.1 has.
NEWER = {'zone.primary', 'zone.secondary'}


def query(name=ZONE, rdtype='A', rdclass='IN', flags=0, opcode=0, **edns):
    m = dns.message.make_query(name, rdtype, rdclass, **edns)
    w = bytearray(m.to_wire())
    w[2] |= flags | opcode << 3
    return bytes(w)


def serial_query(serial, name=ZONE):
    m = dns.message.make_query(name, 'IXFR')
    m.authority.append(dns.rrset.from_text(
        name, 300, 'IN', 'SOA', 'ns. host. %d 1 1 1 1' % serial))
    return m.to_wire()


def signed_query(key):
    m = dns.message.make_query('www.' + ZONE, 'A')
    m.use_tsig(dns.tsigkeyring.from_text({key: KEY_SECRET}),
               algorithm='hmac-sha256.')
    return m.to_wire()


def with_counts(wire, **counts):
    w = bytearray(wire)
    for name, n in counts.items():
        w[{'qd': 5, 'an': 7, 'ns': 9, 'ar': 11}[name]] = n
    return bytes(w)


def badvers(wire):
    w = bytearray(wire)
    w[-5] = 1
    return bytes(w)


EDNS = {'use_edns': 0, 'payload': 1232}
SMALL = {'use_edns': 0, 'payload': 512}
OPT = b'\0\0\x29\x04\0\0\0\0\0\0\0'

# name, transport, family, octets
QUERIES = [
    ('address', 'udp', 4, query('www.' + ZONE)),
    ('no data', 'udp', 4, query('www.' + ZONE, 'MX')),
    ('over IPv6', 'udp', 6, query('www.' + ZONE)),
    ('no such name', 'udp', 4, query('no.' + ZONE)),
    ('referral', 'udp', 4, query('a.sub.' + ZONE)),
    ('EDNS', 'udp', 4, query(ZONE, 'SOA', **EDNS)),
    ('EDNS 1', 'udp', 4, badvers(query(ZONE, 'SOA', **EDNS))),
    ('truncated', 'udp', 4, query('big.' + ZONE, 'TXT')),
    ('truncated, EDNS', 'udp', 4, query('big.' + ZONE, 'TXT', **SMALL)),
    ('no zone of ours', 'udp', 4, query('nowhere.', **EDNS)),
    ('not allowed', 'udp', 6, query('www.' + BLOCKED)),
    ('other zone', 'udp', 4, query(OTHER, 'SOA')),
    ('ANY', 'udp', 4, query(ZONE, 'ANY')),
    ('type 0', 'udp', 4, query('www.' + ZONE, 'TYPE0')),
    ('type 256', 'udp', 4, query('www.' + ZONE, 'URI')),
    ('type 65280', 'udp', 4, query('www.' + ZONE, 'TYPE65280')),
    ('class ANY', 'udp', 4, query('www.' + ZONE, 'A', 'ANY')),
    ('class CH', 'udp', 4, query(ZONE, 'A', 'CH')),
    ('version', 'udp', 4, query('version.bind.', 'TXT', 'CH')),
    ('class HS', 'udp', 4, query(ZONE, 'A', 'HS')),
    ('class NONE', 'udp', 4, query(ZONE, 'A', 'NONE')),
    ('opcode IQUERY', 'udp', 4, query(opcode=1)),
    ('opcode STATUS', 'udp', 4, query(opcode=2, **EDNS)),
    ('opcode UPDATE', 'udp', 4, query(opcode=5)),
    ('opcode 15', 'udp', 4, query(opcode=15)),
    ('NOTIFY refused', 'udp', 4, query(ZONE, 'SOA', opcode=4)),
    ('NOTIFY elsewhere', 'udp', 4, query('nowhere.', 'SOA', opcode=4)),
    ('an answer', 'udp', 4, query(flags=0x80)),
    ('three octets', 'udp', 4, b'\1\2\3'),
    ('a name that points to itself', 'udp', 4,
     b'\1\2\0\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1'),
    ('an answer section', 'udp', 4,
     with_counts(query(), an=1) + b'\0\0\1\0\1\0\0\0\0\0\0'),
    ('OPT with a name', 'udp', 4,
     with_counts(query(), ar=1) + b'\1a' + OPT),
    ('TSIG', 'udp', 4, signed_query('k.')),
    ('unknown key', 'udp', 4, signed_query('unknown.')),
    ('AXFR over UDP', 'udp', 4, query(ZONE, 'AXFR')),
    ('IXFR over UDP, current', 'udp', 4, serial_query(1)),
    ('address over TCP', 'tcp', 4, query('www.' + ZONE)),
    ('address over TCP and IPv6', 'tcp', 6, query('www.' + ZONE)),
    ('EDNS over TCP', 'tcp', 4, query('no.' + ZONE, **EDNS)),
    ('AXFR', 'tcp', 4, query(ZONE, 'AXFR', **EDNS)),
    ('AXFR of many messages', 'tcp', 4, query(LARGE, 'AXFR')),
    ('AXFR refused', 'tcp', 4, query(OTHER, 'AXFR')),
    ('AXFR elsewhere', 'tcp', 4, query('nowhere.', 'AXFR')),
    ('IXFR, current', 'tcp', 4, serial_query(1)),
    ('IXFR, older', 'tcp', 4, serial_query(0)),
]

# Where we answer, or count, otherwise; why.
DIFFERENT = {
    # RFC 6891 7 and RFC 8945 5.2: an error that has an OPT in its query has
    # one in its answer.
    'opcode STATUS': {'num.edns': 1},
    # What we say of ourselves we say with authority (RFC 1035 4.1.1).
    'version': {'num.answer_wo_aa': -1},
}


def ask(server, transport, family, wire):
    """To the end of what is said to it."""
    if transport == 'udp':
        exchange_udp(ADDRESSES[family], server.port, wire, 0.2)
        return
    where = (ADDRESSES[family], server.port)
    with socket.create_connection(where, 5.0) as s:
        s.sendall(struct.pack('!H', len(wire)) + wire)
        s.shutdown(socket.SHUT_WR)
        while s.recv(65536):
            pass


def stats_of(server, *words):
    text = server.control(*(words or ('stats',)))
    lines = [line.split('=') for line in text.splitlines()]
    assert all(len(line) == 2 for line in lines), text
    return dict(lines)


def counted(server):
    return {k: int(v) for k, v in stats_of(server).items()
            if not OWN.match(k) and not k.startswith('zone.') and v != '0'}


def zone_text(zone, serial=1, extra=''):
    return plain_zone(zone, serial) + extra


def fill(server):
    server.reads_zone_files = True
    server.server_options += [
        'server-count: 1', 'identity: "here"', 'drop-updates: no',
        'refuse-any: no', 'key:', 'name: "k."', 'algorithm: hmac-sha256',
        'secret: "%s"' % KEY_SECRET]
    big = ''.join('big 300 IN TXT "%s"\n' % (str(i) * 200)
                  for i in range(5))
    cut = 'sub 300 IN NS ns.sub\nns.sub 300 IN A 192.0.2.9\n'
    bulk = ''.join('t%d 300 IN TXT "%s"\n' % (i, 'x' * 200)
                   for i in range(300))
    server.add(
        Zone(ZONE, text=zone_text(ZONE, extra=big + cut), options=[
            'zonestats: "%s"']),
        Zone(OTHER, text=zone_text(OTHER), options=[
            'zonestats: "both"', 'provide-xfr: 127.0.0.1 BLOCKED']),
        Zone(BLOCKED, text=zone_text(BLOCKED), options=[
            'zonestats: "both"', 'allow-query: 127.0.0.1 NOKEY']),
        Zone(LARGE, text=zone_text(LARGE, extra=bulk), options=[
            'zonestats: "group-%z"']))
    server.start()
    server.wait_serial(ZONE, 1, 15)
    return server


def test_counts_and_names_are_those_of_nsd(site):
    ours, nsd = fill(site.proxy()), fill(site.server('nsd'))
    wait_until(lambda: ours.serial(LARGE) == nsd.serial(LARGE) == 1, 10,
               'both serve')
    ours_all, nsd_all = stats_of(ours), stats_of(nsd)
    names = [k for k in ours_all if not k.startswith('zone.')
             or k not in NEWER]
    assert names == list(nsd_all), 'names and their order'
    wrong = []
    for name, transport, family, wire in QUERIES:
        ask(ours, transport, family, wire)
        ask(nsd, transport, family, wire)
        expected = counted(nsd)
        for k, n in DIFFERENT.get(name, {}).items():
            expected[k] = expected.get(k, 0) + n
        expected = {k: n for k, n in expected.items() if n != 0}
        got = counted(ours)
        if got != expected:
            wrong.append((name, dict(got.items() - expected.items()),
                          dict(expected.items() - got.items())))
    assert not wrong, '\n'.join('%s: ours %s, NSD %s' % w for w in wrong)


class Load:
    """Queries one after the other until it is ended; what was answered."""

    def __init__(self, server):
        self.server, self.answered = server, 0
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        wire = query('www.' + ZONE)
        while not self.is_over.is_set():
            if exchange_udp('127.0.0.1', self.server.port, wire, 1.0):
                self.answered += 1

    def end(self):
        self.is_over.set()
        self.thread.join()
        return self.answered


def publish(server, serial):
    zone = server.zone(ZONE)
    zone.text = zone_text(ZONE, serial)
    server.write_zone_file(zone)
    server.control('reload', ZONE)
    server.wait_serial(ZONE, serial)


@pytest.fixture
def proxy(site):
    proxy = site.proxy()
    proxy.server_options += ['server-count: 2', 'xfrd-reload-timeout: 0']
    proxy.add(Zone(ZONE, text=zone_text(ZONE), options=['zonestats: "%s"']))
    proxy.start()
    proxy.wait_serial(ZONE, 1, 15)
    return proxy


def queries_in(stats):
    """For addresses, which nobody else asks for: in all, and of the zone."""
    assert int(stats['num.queries']) == sum(
        int(v) for k, v in stats.items() if re.match(r'server\d', k))
    return int(stats['num.type.A']), int(stats[ZONE + '.num.type.A'])


def test_no_reset_loses_or_repeats_a_query(proxy):
    """Not while they come, nor while the workers change."""
    load, seen = Load(proxy), []
    for serial in range(2, 8):
        publish(proxy, serial)
        seen += [queries_in(stats_of(proxy, 'stats')) for _ in range(3)]
    answered = load.end()
    peeked = queries_in(stats_of(proxy, 'stats_noreset'))
    assert queries_in(stats_of(proxy, 'stats_noreset')) == peeked
    seen.append(queries_in(stats_of(proxy, 'stats')))
    assert [sum(n) for n in zip(*seen)] == [answered, answered]
    assert answered > 100
    assert queries_in(stats_of(proxy, 'stats')) == (0, 0)


def kill(proxy, role):
    before = proxy.roles()[role]
    os.kill(before[0], signal.SIGKILL)
    wait_until(lambda: before[0] not in proxy.roles().get(role, []) and
               len(proxy.roles().get(role, [])) == len(before), 10,
               role + ' is there again')


@pytest.mark.parametrize('role', ['nsdv-worker', 'nsdv-xfrd', 'nsdv-store'])
def test_counts_outlive(site, proxy, role):
    site.kills = True
    wire = query('www.' + ZONE)
    stats_of(proxy, 'stats')
    for _ in range(5):
        assert exchange_udp('127.0.0.1', proxy.port, wire)
    assert queries_in(stats_of(proxy, 'stats')) == (5, 5)
    for _ in range(7):
        assert exchange_udp('127.0.0.1', proxy.port, wire)
    kill(proxy, role)
    wait_until(lambda: proxy.serial(ZONE) == 1, 10, 'it serves')
    wait_until(lambda: proxy.control_run('status')[0] == 0, 10, 'and obeys')
    stats = stats_of(proxy, 'stats_noreset')
    assert queries_in(stats) == (7, 7)
    assert float(stats['time.elapsed']) < float(stats['time.boot'])


def test_a_group_is_what_the_configuration_says_now(proxy):
    for _ in range(3):
        assert exchange_udp('127.0.0.1', proxy.port, query('www.' + ZONE))
    proxy.zone(ZONE).options = ['zonestats: "one/%z"']
    proxy.add(Zone(OTHER, text=zone_text(OTHER),
                   options=['zonestats: "one/%z"']))
    proxy.prepare()
    proxy.control('reconfig')
    proxy.wait_serial(OTHER, 1, 15)
    assert exchange_udp('127.0.0.1', proxy.port, query('www.' + OTHER))
    stats = stats_of(proxy, 'stats')
    assert ZONE + '.num.queries' not in stats
    assert stats['one/test.num.type.A'] == '4'
    sizes = {k: int(v) for k, v in stats.items() if k.startswith('size.')}
    assert sizes.pop('size.config.disk') == 0
    if SLOW > 1:        # a sanitizer does not say what it has given out
        del sizes['size.xfrd.mem']
    assert all(n > 0 for n in sizes.values()), sizes
    assert stats['zone.primary'] == stats['zone.master'] == '2'


def test_many_groups_come_whole(proxy):
    """More than a socket holds at once."""
    proxy.add(*(Zone('z%d.test.' % i, text=zone_text('z%d.test.' % i),
                     options=['zonestats: "%s"']) for i in range(150)))
    proxy.prepare()
    proxy.control('reconfig')
    proxy.wait_serial('z149.test.', 1, 20)
    assert exchange_udp('127.0.0.1', proxy.port, query('www.z7.test.'))
    stats = stats_of(proxy, 'stats')
    groups = [k for k in stats if k.endswith('.num.queries')]
    assert groups == sorted(groups) and len(groups) == 151
    assert stats['z7.test..num.type.A'] == '1'
    assert stats['z8.test..num.type.A'] == '0'


# ----------------------------------------------------------------- the log

STATS_LINE = re.compile(r'nsd(?:-verify)?\[(\d+)\]: info: ([NX]STATS) '
                        r'(\d+) (\d+)((?: \w+=\d+)+)$')


def stats_lines(server):
    """[(process, kind, when, since, {name: number})]"""
    found = (STATS_LINE.search(line)
             for line in server.text_of_logs().splitlines())
    return [(int(m[1]), m[2], int(m[3]), int(m[4]),
             {k: int(v) for k, v in
              (w.split('=') for w in m[5].split())}) for m in found if m]


def log_of_queries(server, queries):
    """What SIGUSR1 brings into the log, less what it brought before."""
    def told(count):
        server.process.child.send_signal(signal.SIGUSR1)
        wait_until(lambda: len(stats_lines(server)) == count, 5, 'both lines')
        return stats_lines(server)[-2:]
    before = told(2)
    for transport, family, wire in queries:
        ask(server, transport, family, wire)
    after = told(4)
    assert [line[1] for line in after] == ['NSTATS', 'XSTATS']
    assert before[0][3] == after[0][3] <= after[0][2] <= time.time()
    return [{k: n - b.get(k, 0) for k, n in a.items()}
            for a, b in zip((x[4] for x in after), (x[4] for x in before))]


def test_lines_of_the_log_are_those_of_nsd(site):
    """For queries that differ in every field."""
    wanted = {'address': 1, 'no data': 2, 'no such name': 3, 'referral': 4,
              'three octets': 5, 'AXFR': 2, 'IXFR, older': 3,
              'OPT with a name': 1, 'address over TCP and IPv6': 2}
    queries = [q[1:] for q in QUERIES for _ in range(wanted.get(q[0], 0))]
    ours = log_of_queries(fill(site.proxy()), queries)
    nsd = log_of_queries(fill(site.server('nsd')), queries)
    assert ours == nsd
    assert [list(line) for line in ours] == [list(line) for line in nsd]


def test_statistics_come_at_their_period(site):
    proxy = site.proxy()
    proxy.server_options += ['statistics: 1', 'xfrd-reload-timeout: 0']
    proxy.add(Zone(ZONE, text=zone_text(ZONE)))
    proxy.start()
    proxy.wait_serial(ZONE, 1, 15)

    def counted_so_far():
        return [n.get('A', 0) for _, kind, _, _, n in stats_lines(proxy)
                if kind == 'NSTATS'] or [0]
    for serial in 2, 3:
        assert exchange_udp('127.0.0.1', proxy.port, query('www.' + ZONE))
        wait_until(lambda: counted_so_far()[-1] == serial - 1, 5, 'counted')
        publish(proxy, serial)
    lines = [line for line in stats_lines(proxy) if line[1] == 'XSTATS']
    times = [line[2] for line in lines]
    assert len(times) == len(set(times)), 'one line a second'
    assert len({line[0] for line in lines}) >= 2, 'of more than one worker'
    assert len({line[3] for line in lines}) == 1, 'since the start of all'
