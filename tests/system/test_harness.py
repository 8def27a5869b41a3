"""The harness itself: each server, as primary and as secondary of a scripted
primary, with real zones. Shows that what the other tests rest on works."""
import os
import signal

import pytest

from harness.net import Key, as_set, serial_in, wait_until
from harness.nsd import under_test
from harness.server import Peer, Zone
from harness.zones import SignedZone, plain_zone

ZONE = 'example.test.'


@pytest.mark.parametrize('kind', ['knot', 'bind', 'nsd', 'nsd-verify'])
@pytest.mark.parametrize('family,key', [('ipv4', None), ('ipv6', Key())])
def test_primary_serves_ixfr_from_a_zone_file(site, kind, family, key):
    zone = SignedZone(site.dir, ZONE)
    sink = site.sink(family, key=key)
    server = site.server(kind)
    server.add(Zone(ZONE, text=zone.version(1),
                    secondaries=[sink.peer()]))
    server.start()
    first = server.axfr(ZONE, family=family)
    server.publish(ZONE, zone.version(2))
    server.wait_serial(ZONE, 2)
    records = server.ixfr(ZONE, 1, family=family)
    serials = [r[2].serial for r in records if r[2].rdtype == 6]
    assert serials == [2, 1, 2, 2]
    assert len(records) < len(first)
    assert serial_in(server.axfr(ZONE, family=family)) == 2


@pytest.mark.parametrize('kind', ['knot', 'bind', 'nsd', 'nsd-verify'])
@pytest.mark.parametrize('family,key', [('ipv6', None), ('ipv4', Key())])
def test_secondary_follows_by_notify(site, kind, family, key):
    zone = SignedZone(site.dir, ZONE, nsec3=True)
    primary = site.primary(family, key=key)
    primary.load(ZONE, zone.version(1))
    server = site.server(kind)
    server.add(Zone(ZONE, primary=primary.peer()))
    server.start()
    server.wait_serial(ZONE, 1, 15)
    for serial in (2, 3):
        primary.publish(ZONE, zone.version(serial),
                        (primary.address, server.port))
        server.wait_serial(ZONE, serial)
    assert primary.requests(ZONE, 'IXFR')
    got = server.axfr(ZONE, family=family)
    assert as_set(got) == as_set(primary.versions[ZONE][-1].axfr())


def test_relay_records_both_directions(site):
    primary = site.primary()
    primary.load(ZONE, plain_zone(ZONE, 1))
    server = site.server('nsd')
    relay = site.relay(upstream_port=primary.port,
                       downstream_port=server.port)
    server.add(Zone(ZONE, primary=Peer(relay.port)))
    server.start()
    server.wait_serial(ZONE, 1, 15)
    mark = relay.mark()
    primary.publish(ZONE, plain_zone(ZONE, 2),
                    (relay.address, relay.notify_port))
    server.wait_serial(ZONE, 2)
    assert relay.notifies(ZONE, mark)
    assert relay.incremental_transfers(ZONE, mark) == [(1, 2)]
    assert relay.serials_sent('downstream', mark) == {1, 2}


@pytest.mark.ours
def test_sanitizer_reports_are_found(site):
    """Where the build has a sanitizer, what it says reaches the test."""
    with open(under_test(), 'rb') as f:
        if b'__asan_init' not in f.read():
            pytest.skip('no sanitizer in this build')
    site.kills = True
    server = site.proxy().add(Zone(ZONE, text=plain_zone(ZONE, 1)))
    server.start()
    server.wait_serial(ZONE, 1)
    os.kill(server.roles()['nsdv-worker'][0], signal.SIGSEGV)
    wait_until(server.process.sanitizer_reports, 10, 'a report')
    server.process.kill_all()
    for report in server.dir.glob('sanitizer.*'):
        report.unlink()
    (server.dir / 'stderr').write_text('')
