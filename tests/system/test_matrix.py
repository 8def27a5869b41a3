"""The main job between real servers: good, bad, good again.

{Knot, BIND, NSD, nsd-verify} as primary x the same as secondary x three
verifiers. A wiretap in each hop shows what went over the wire. Address family
and TSIG alternate so that every server meets each of the four in each role; with
NSDV_LONG=1 each cell is run with all four of them at both hops.
"""
import itertools
import os

import pytest

from harness.net import Key, as_set, stays
from harness.server import Peer, Zone
from harness.zones import SignedZone
from verifiers import VERIFIERS

ZONE = 'Matrix.Example.'.lower()
SERVERS = ['knot', 'bind', 'nsd', 'nsd-verify']
LINKS = [('ipv4', False), ('ipv6', True), ('ipv6', False), ('ipv4', True)]


def cells():
    for p, primary in enumerate(SERVERS):
        for s, secondary in enumerate(SERVERS):
            for v, verifier in enumerate(VERIFIERS):
                marks = [pytest.mark.matrix]
                if p < 3 and s < 3 and v == (p + s) % 3:
                    marks.append(pytest.mark.sanitize)
                if not (s == (p + 1) % 4 and v == p % 3):
                    marks.append(pytest.mark.slow)
                for links in links_of(p, s, v):
                    yield pytest.param(
                        primary, secondary, verifier, *links, marks=marks,
                        id='-'.join([primary, secondary, verifier,
                                     *map(text, links)]))


def links_of(p, s, v):
    """What the cell's two hops are: pairs."""
    if os.environ.get('NSDV_LONG'):
        return itertools.product(LINKS, LINKS)
    return [(LINKS[(s + v) % 4], LINKS[(p + v + 2) % 4])]


def text(link):
    return link[0] + ('tsig' if link[1] else '')


class Cell:
    """primary - wiretap - proxy - wiretap - secondary"""

    def __init__(self, site, primary, secondary, verifier, first, second):
        self.zone = SignedZone(
            site.dir, ZONE, nsec3=SERVERS.index(primary) % 2 == 1)
        make, self.bad = VERIFIERS[verifier]
        key1 = Key('first.key') if first[1] else None
        key2 = Key('second.key', secret='YW5vdGhlciBzZWNyZXQgb2YgdGhpcnR5') \
            if second[1] else None
        self.primary = site.server(primary, 'primary')
        self.proxy = site.proxy()
        self.secondary = site.server(secondary, 'secondary')
        self.hop1 = site.relay(first[0], upstream_port=self.primary.port,
                               downstream_port=self.proxy.port)
        self.hop2 = site.relay(second[0], upstream_port=self.proxy.port,
                               downstream_port=self.secondary.port)
        self.primary.add(Zone(ZONE, text=self.zone.version(1), secondaries=[
            Peer(self.hop1.notify_port, first[0], key1)]))
        self.proxy.verify_with()
        command, feed = make(self.proxy, self.zone)
        self.proxy.verify_with('verifier: ' + ' '.join(command), feed=feed)
        self.proxy.server_options.append('xfrd-reload-timeout: 0')
        self.proxy.add(Zone(
            ZONE, primary=Peer(self.hop1.port, first[0], key1),
            secondaries=[Peer(self.hop2.notify_port, second[0], key2)]))
        self.secondary.add(Zone(
            ZONE, primary=Peer(self.hop2.port, second[0], key2)))

    def start(self):
        # BIND does not ask for minutes a primary that was not there once.
        for server in (self.primary, self.proxy, self.secondary):
            server.start(wait=False)
            server.wait_ready()
        self.secondary.wait_serial(ZONE, 1, 20)

    def good(self, serial, previous):
        mark1, mark2 = self.hop1.mark(), self.hop2.mark()
        self.primary.publish(ZONE, self.zone.version(serial))
        try:
            self.secondary.wait_serial(ZONE, serial, 10)
        except AssertionError as e:
            raise AssertionError('%s\nproxy:\n%s' % (
                e, self.proxy.text_of_logs()[-4000:])) from None
        self.assert_equal(self.primary, self.proxy, self.secondary)
        assert (previous, serial) in \
            self.hop1.incremental_transfers(ZONE, mark1), 'IXFR to us'
        assert (previous, serial) in \
            self.hop2.incremental_transfers(ZONE, mark2), 'IXFR from us'
        assert self.hop2.notifies(ZONE, mark2), 'NOTIFY from us'

    def bad_one(self, serial, published):
        self.primary.publish(ZONE, self.zone.version(serial, bad=self.bad))
        self.primary.wait_serial(ZONE, serial)
        self.proxy.wait_log(r'verifier for zone \S+ \(pid \d+\) '
                            r'exited with [1-9]', 8)
        stays(lambda: self.secondary.serial(ZONE) in (published, None)
              and self.proxy.serial(ZONE) in (published, None), 0.3,
              'the bad version stays inside')
        self.assert_equal(self.proxy, self.secondary)
        assert self.proxy.serial(ZONE) == published

    def assert_equal(self, *servers):
        found = [s.axfr(ZONE) for s in servers]
        sets = [as_set(records) for records in found]
        assert all(s == sets[0] for s in sets[1:])
        # NSD lower-cases names for AXFR, and passes IXFRs on as they came.
        if servers[0] is self.primary and self.primary.kind != 'nsd':
            assert as_set(found[0], True) == as_set(found[1], True), \
                'upper and lower case are kept'


@pytest.mark.parametrize('primary,secondary,verifier,first,second',
                         list(cells()))
def test_cell(site, primary, secondary, verifier, first, second):
    cell = Cell(site, primary, secondary, verifier, first, second)
    cell.start()
    cell.assert_equal(cell.primary, cell.proxy, cell.secondary)
    cell.good(2, 1)
    cell.bad_one(3, 2)
    cell.good(4, 2)
    for direction in ('downstream', 'upstream'):
        assert 3 not in cell.hop2.serials_sent(direction), \
            'the bad serial never appears on the way to the secondary'
    for server in (cell.primary, cell.proxy, cell.secondary):
        server.stop()
