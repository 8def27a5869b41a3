"""Response rate limiting beside NSD under the same blast, and what must not
be limited."""
import socket
import time

import dns.message
import dns.rrset
import pytest

from harness.edns import (CLIENT_COOKIE, COOKIE, DROPPED, FULL, SLIPPED,
                          Blast, exchange, octets_of)
from harness.net import wait_until
from harness.server import Zone
from harness.zones import plain_zone

ZONE = 'example.test.'
MORE = '''*.wild.example.test. 60 IN A 192.0.2.1
sub.example.test. 60 IN NS ns.sub.example.test.
ns.sub.example.test. 60 IN A 192.0.2.2
'''
pytestmark = pytest.mark.ours


def text(serial=1):
    return plain_zone(ZONE, serial) + MORE


def pair(site, *options, zone=()):
    servers = []
    for kind in ('nsd-verify', 'nsd'):
        server = site.server(kind)
        server.server_options += options
        server.add(Zone(ZONE, text=text(), options=list(zone)))
        servers.append(server.start())
    return servers


def next_second():
    time.sleep(1 - time.time() % 1 + 0.01)


def close_to(a, b, sent, tolerance=0.06):
    return all(abs(a[k] - b[k]) <= tolerance * sent + 2 for k in a)


KINDS = {'positive': dict(rdtype='SOA'),
         'nodata': dict(rdtype='LOC'),
         'nxdomain': dict(name='no.example.test.', rdtype='A'),
         'error': dict(name='elsewhere.', rdtype='A'),
         'referral': dict(name='x.sub.example.test.', rdtype='A'),
         'wildcard': dict(name='x.wild.example.test.', rdtype='A')}


@pytest.fixture(scope='module')
def limited():
    from conftest import Site
    site = Site()
    try:
        yield pair(site, 'rrl-ratelimit: 20', 'rrl-slip: 2')
    finally:
        assert not site.close(False)


@pytest.mark.parametrize('kind', KINDS)
def test_same_share_as_nsd(limited, kind):
    """240 a second for 1.5 seconds where 20 are allowed. Each kind comes from
    an address of its own network."""
    ours, theirs = limited
    source = '127.%d.0.1' % (10 + list(KINDS).index(kind))
    next_second()
    blast = Blast([ours.port, theirs.port], source)
    blast.send(360, 240, **KINDS[kind])
    got = blast.end()
    a, b = got[ours.port], got[theirs.port]
    assert abs(a[FULL] - b[FULL]) <= 10, got
    assert close_to(a, b, blast.sent, 0.1), got
    assert 39 <= a[FULL] <= 60 and a[SLIPPED] > 100 and a[DROPPED] > 100
    line = 'ratelimit block .* ?type %s target %s' % (
        kind, source.rpartition('.')[0] + r'\.0/24')
    ours.wait_log(line + ' query %s' % source)
    theirs.wait_log(line)


@pytest.mark.parametrize('slip, share', [(0, 0), (1, 1), (4, 0.25)])
def test_slip(site, slip, share):
    ours, theirs = pair(site, 'rrl-ratelimit: 5', 'rrl-slip: %d' % slip)
    next_second()
    blast = Blast([ours.port, theirs.port], '127.1.2.3')
    blast.send(400, rdtype='LOC')
    got = blast.end()
    for port in (ours.port, theirs.port):
        limited = got[port][SLIPPED] + got[port][DROPPED]
        assert limited >= 375
        assert abs(got[port][SLIPPED] - share * limited) <= 40, got


def test_prefixes_and_whitelist(site):
    """nxdomain is whitelisted, 127.3.x.y is one network."""
    ours, theirs = pair(
        site, 'rrl-ratelimit: 10', 'rrl-slip: 0', 'rrl-ipv4-prefix-length: 16',
        'rrl-whitelist-ratelimit: 30', zone=['rrl-whitelist: nxdomain'])
    ports = [ours.port, theirs.port]
    next_second()
    Blast(ports, '127.3.1.1').send(100, rdtype='LOC').end(0.1)
    near = Blast(ports, '127.3.200.1').send(20, rdtype='LOC').end(0.1)
    far = Blast(ports, '127.4.1.1').send(15, rdtype='LOC').end(0.1)
    next_second()
    white = Blast(ports, '127.3.1.1').send(
        100, name='no.example.test.', rdtype='A').end(0.1)
    for port in ports:
        assert near[port][FULL] == 0, near
        assert far[port][FULL] == 15, far
        # A machine under load may let the next second begin.
        assert 59 <= white[port][FULL] <= 90, white
    ours.wait_log(r'type nxdomain\(whitelisted\)')
    theirs.wait_log(r'type nxdomain\(whitelisted\)')


def test_transfers_over_udp_that_are_dropped_are_not_logged(site):
    """Who knows a secondary's address could fill the log with it."""
    ours = site.server('nsd-verify')
    ours.server_options += ['rrl-ratelimit: 5', 'rrl-slip: 0']
    ours.add(Zone(ZONE, text=text(),
                  options=['provide-xfr: 127.0.0.0/8 NOKEY']))
    ours.start()
    m = dns.message.make_query(ZONE, 'IXFR', use_edns=False)
    m.authority.append(dns.rrset.from_text(ZONE, 0, 'IN', 'SOA',
                                           '. . 1 0 0 0 0'))
    answers = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(('127.5.0.1', 0))
        s.settimeout(0.5)
        for _ in range(200):
            s.sendto(m.to_wire(), ('127.0.0.1', ours.port))
        try:
            while s.recv(4096):
                answers += 1
        except TimeoutError:
            pass
    assert 5 <= answers <= 30
    assert ours.log_text().count('ixfr for %s' % ZONE) == answers


def test_who_is_exempt(site):
    """TCP, and whoever shows the cookie that he got."""
    proxy = site.proxy()
    proxy.server_options += ['rrl-ratelimit: 5', 'rrl-slip: 0',
                             'answer-cookie: yes']
    proxy.add(Zone(ZONE, text=text())).start()
    cookie = exchange(proxy.port, octets_of(options=[(
        COOKIE, CLIENT_COOKIE)]), source='127.6.6.6').option(COOKIE)
    Blast([proxy.port], '127.6.6.6').send(100).end(0.1)
    got = Blast([proxy.port], '127.6.6.6').send(
        100, options=[(COOKIE, cookie)]).end(0.1)
    assert got[proxy.port][FULL] == 100
    # Somebody else's is worth nothing.
    Blast([proxy.port], '127.7.6.6').send(100).end(0.1)
    got = Blast([proxy.port], '127.7.6.6').send(
        100, options=[(COOKIE, cookie)]).end(0.1)
    assert got[proxy.port][DROPPED] == 100
    for _ in range(20):
        assert exchange(proxy.port, octets_of(), source='127.7.6.6',
                        tcp=True).answers == 1


def test_rates_outlive_generations_and_follow_reconfig(site):
    proxy = site.proxy()
    proxy.server_options += ['rrl-ratelimit: 5', 'rrl-slip: 0']
    proxy.add(Zone(ZONE, text=text())).start()
    Blast([proxy.port], '127.8.0.1').send(2000).end(0.1)
    proxy.publish(ZONE, text(2))
    proxy.wait_log('serial 1 is updated to 2')

    def passed():
        return Blast([proxy.port], '127.8.0.1').send(
            1).end(0.1)[proxy.port][FULL]
    assert not passed()
    proxy.server_options[:] = [o for o in proxy.server_options
                               if not o.startswith('rrl')]
    proxy.server_options += ['rrl-ratelimit: 0', 'rrl-whitelist-ratelimit: 0']
    proxy.write_config()
    proxy.control('reconfig')
    wait_until(passed, 3, 'no limit any more')
    got = Blast([proxy.port], '127.8.0.1').send(2000).end(0.1)
    assert got[proxy.port][FULL] == 2000
    # Back again, though there was no limit meanwhile.
    proxy.server_options += ['rrl-ratelimit: 5', 'rrl-slip: 0']
    proxy.write_config()
    proxy.control('reconfig')
    wait_until(lambda: Blast([proxy.port], '127.9.0.1').send(
        200).end(0.1)[proxy.port][DROPPED], 5, 'limited again')


def test_the_verify_address_is_never_limited(site):
    primary = site.primary()
    primary.load(ZONE, text())
    proxy = site.proxied(
        primary, [ZONE],
        '[ "$serial" = 1 ] || while [ ! -e go ]; do sleep 0.05; done',
        'verifier-timeout: 60',
        server=['xfrd-reload-timeout: 0', 'rrl-ratelimit: 1', 'rrl-slip: 1'])
    primary.publish(ZONE, text(2), (primary.address, proxy.port))
    wait_until(lambda: proxy.runs(ZONE, 2), 10, 'a verifier runs')
    blast = Blast([proxy.verify_port])
    blast.send(1000, 2000)
    assert blast.end()[proxy.verify_port][FULL] == 1000
    assert exchange(proxy.verify_port, octets_of()).answers == 1
    public = Blast([proxy.port], '127.5.5.5').send(100).end()
    assert public[proxy.port][FULL] <= 3
    (proxy.dir / 'go').touch()


def test_the_default_is_that_of_nsd(site):
    """As Debian's NSD without any of these options: 200 a second."""
    servers = []
    for kind in ('nsd-verify', 'nsd'):
        server = site.server(kind)
        server.add(Zone(ZONE, text=text()))
        server.prepare()
        config = server.config.read_text()
        server.config.write_text('\n'.join(
            line for line in config.splitlines() if 'rrl-' not in line))
        server.process.start(server.argv())
        server.wait_ready()
        servers.append(server)
    next_second()
    ports = [s.port for s in servers]
    got = Blast(ports, '127.5.6.7').send(700, rdtype='LOC').end()
    for port in ports:
        assert 399 <= got[port][FULL] <= 610, got
        assert got[port][SLIPPED] and got[port][DROPPED], got
    assert '200' in servers[0].control('status')
