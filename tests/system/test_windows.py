"""Zones do not wait for each other, and readers of published data do not wait
for anybody."""
import socket
import threading
import time

import pytest

from harness import hostile
from harness.net import (Transfer, as_set, make_query, read_framed,
                         send_framed, serial_in, stays, wait_until)
from harness.server import Zone
from harness.zones import plain_zone

import dns.message

pytestmark = pytest.mark.alone

GOOD = ['good%d.test.' % i for i in range(5)]
BAD, SLOW = 'bad.test.', 'slow.test.'
WINDOW = '''
cat > /dev/null
case "$zone$serial" in
bad.test.2) exit 1 ;;
slow.test.2) sleep 4 ;;
esac
echo "$zone $serial end" >> "$0.ended"
exit 0
'''


def load(primary, zones, serial=1):
    for zone in zones:
        primary.load(zone, plain_zone(zone, serial))


@pytest.mark.parametrize('timeout', [0, 1])
def test_good_bad_and_slow_together(site, timeout):
    """As they come: the first starts a window at once, the others share the
    next, or each gets its own."""
    zones = [*GOOD, BAD, SLOW]
    primary = site.primary()
    load(primary, zones)
    proxy = site.proxied(primary, zones, WINDOW, 'verifier-count: 7',
                         server=['xfrd-reload-timeout: %d' % timeout])
    load(primary, zones, 2)
    start = time.monotonic()
    for zone in [SLOW, BAD, *GOOD]:
        primary.notify(zone, primary.address, proxy.port)
    for zone in GOOD:
        proxy.wait_serial(zone, 2, 3.5 - (time.monotonic() - start))
    assert proxy.serial(SLOW) == 1, 'the slow one is not done'
    assert proxy.serial(BAD) == 1
    proxy.wait_serial(SLOW, 2, 6)
    assert proxy.serial(BAD) == 1
    for zone in zones:
        assert len(proxy.runs(zone, 2)) == 1, 'one run for one version'


@pytest.mark.ours
def test_manual_windows(site):
    """xfrd-reload-timeout -1: windows start on reload only, one for all."""
    zones = [*GOOD, BAD, SLOW]
    primary, proxy = site.primary(), site.proxy()
    load(primary, zones)
    command = proxy.script('verifier', WINDOW)
    proxy.verify_with('verifier: %s' % command, 'verifier-count: 7')
    proxy.server_options.append('xfrd-reload-timeout: -1')
    for zone in zones:
        proxy.add(Zone(zone, primary=primary.peer()))
    proxy.start()
    wait_until(lambda: all(primary.requests(z, 'AXFR') for z in zones), 10,
               'all transferred')
    stays(lambda: not proxy.runs(), 0.5, 'nothing is verified yet')

    proxy.control('reload')
    for zone in zones:
        proxy.wait_serial(zone, 1, 10)
    load(primary, zones, 2)
    for zone in zones:
        primary.notify(zone, primary.address, proxy.port)
    wait_until(lambda: all(primary.requests(z, 'IXFR') for z in zones), 10,
               'all transferred')
    stays(lambda: not proxy.runs(serial=2), 0.5, 'nothing is verified yet')
    start = time.monotonic()
    proxy.control('reload')
    for zone in GOOD:
        proxy.wait_serial(zone, 2, 3.5 - (time.monotonic() - start))
    assert proxy.serial(SLOW) == 1
    proxy.wait_serial(SLOW, 2, 6)
    assert proxy.serial(BAD) == 1
    for zone in zones:
        assert len(proxy.runs(zone, 2)) == 1, 'one run for one version'


@pytest.mark.parametrize('server,limit', [((), 2.0),
                                          (('xfrd-reload-timeout: 0',), 1.0)],
                         ids=['defaults', 'reload-timeout-0'])
def test_hanging_verifiers_delay_nobody(site, server, limit):
    """Three zones' verifiers hang; what arrives afterwards is out in time."""
    stuck = ['stuck%d.test.' % i for i in range(3)]
    primary = site.primary()
    load(primary, [*stuck, GOOD[0]])
    proxy = site.proxied(primary, [*stuck, GOOD[0]], '''
case "$zone$serial" in stuck?.test.2) sleep 300 ;; esac
exit 0''', server=server)
    load(primary, stuck, 2)
    for zone in stuck:
        primary.notify(zone, primary.address, proxy.port)
    wait_until(lambda: len(proxy.runs(serial=2)) == 3, 8,
               'three verifiers hang')
    for serial in (2, 3, 4):
        load(primary, GOOD[:1], serial)
        start = time.monotonic()
        primary.notify(GOOD[0], primary.address, proxy.port)
        proxy.wait_serial(GOOD[0], serial, limit)
        assert time.monotonic() - start < limit
    assert all(proxy.serial(z) == 1 for z in stuck)


def test_newer_version_waits_for_the_running_check(site):
    """A newer arrival does not stop a running verification; what it overtook
    before its check began is never checked."""
    primary = site.primary()
    zone = GOOD[0]
    load(primary, [zone])
    proxy = site.proxied(primary, [zone], '''
[ "$serial" != 2 ] || while [ ! -e "$0.go" ]; do sleep 0.05; done
exit 0''')
    for serial in (2, 3, 4, 5):
        load(primary, [zone], serial)
        primary.notify(zone, primary.address, proxy.port)
        if serial == 2:
            wait_until(lambda: proxy.runs(zone, 2), 5, 'the check of 2')
        else:
            wait_until(lambda: any(
                a[4] is not None for a in primary.requests(zone)), 5, 'asked')
    stays(lambda: proxy.serial(zone) == 1, 0.5, '2 is under verification')
    assert not proxy.runs(zone, 5)
    (proxy.dir / 'verifier.go').touch()
    proxy.wait_serial(zone, 5, 6)
    assert len(proxy.runs(zone, 2)) == 1
    assert len(proxy.runs(zone, 5)) == 1


def test_open_tcp_connection_gets_each_new_serial(site):
    zone = GOOD[0]
    sink = site.sink()
    primary = site.primary()
    load(primary, [zone])
    proxy = site.proxied(primary, [zone], 'exit 0', notify=[sink],
                         server=['xfrd-reload-timeout: 0'])
    query = make_query(zone, 'SOA').to_wire()
    with socket.create_connection(('127.0.0.1', proxy.port), 5) as s:
        s.settimeout(5)
        for serial in range(2, 12):
            load(primary, [zone], serial)
            primary.notify(zone, primary.address, proxy.port)
            sink.wait(zone, serial)
            send_framed(s, query)
            answer = read_framed(s)
            assert answer is not None, 'the connection stays open'
            got = dns.message.from_wire(answer).answer[0][0].serial
            assert got == serial, 'right after the NOTIFY'


def test_slow_reader_gets_one_whole_version(site):
    """An AXFR read slowly while ten versions are published."""
    zone = GOOD[0]
    text = ' '.join(['"%s"' % ('x' * 250)] * 30)
    bulk = [hostile.record('bulk%04d.%s' % (i, zone), 'TXT',
                           '%s %d' % (text, i)) for i in range(2000)]
    primary = site.primary()
    primary.per_message = 5
    primary.load(zone, plain_zone(zone, 1), bulk)
    proxy = site.proxied(primary, [zone], 'exit 0',
                         server=['xfrd-reload-timeout: 0'])
    expected = as_set(primary.versions[zone][0].axfr())
    reader = Transfer('127.0.0.1', proxy.port, zone, timeout=30,
                      receive_buffer=4096)
    assert reader.step()
    for serial in range(2, 12):
        primary.load(zone, plain_zone(zone, serial), bulk)
        primary.notify(zone, primary.address, proxy.port)
        proxy.wait_serial(zone, serial, 8)
        assert reader.step(), 'the transfer goes on'
    records = reader.all()
    assert as_set(records) == expected
    assert serial_in(records) == records[-1][2].serial == 1


def test_answers_never_stop(site):
    """Queries go unanswered at no time while thirty versions come out."""
    zone = GOOD[0]
    primary = site.primary()
    load(primary, [zone])
    proxy = site.proxied(primary, [zone], 'exit 0',
                         server=['xfrd-reload-timeout: 0'])
    stop, lost, asked, last = threading.Event(), [], [0], [1]

    def ask():
        while not stop.is_set():
            serial = proxy.serial(zone)
            asked[0] += 1
            if serial is None or serial < last[0]:
                lost.append((last[0], serial))
            else:
                last[0] = serial
    thread = threading.Thread(target=ask)
    thread.start()
    try:
        for serial in range(2, 32):
            load(primary, [zone], serial)
            primary.notify(zone, primary.address, proxy.port)
            proxy.wait_serial(zone, serial)
    finally:
        stop.set()
        thread.join()
    assert asked[0] > 30 and not lost
