"""EDNS options beside NSD and BIND: cookies that each of the three made are
good for the others, secrets that are rolled over, versions of zones, and what
is wrong with an OPT record."""
import os
import re
import signal
import struct
import subprocess
import time

import pytest

from harness.edns import (CLIENT_COOKIE, COOKIE, EDE, KEEPALIVE, NSID,
                          ZONEVERSION, exchange, octets_of)
from harness.net import FAMILIES, V4, wait_until
from harness.server import Zone
from harness.zones import plain_zone

ZONE = 'example.test.'
SECRET = '00112233445566778899aabbccddeeff'
OTHER = 'ffeeddccbbaa99887766554433221100'
pytestmark = pytest.mark.ours



def telling(server):
    """Without a valid cookie the second NODATA answer in a second, and no
    other, is truncated: a full one shows that the cookie was believed."""
    server.server_options += ['answer-cookie: yes', 'rrl-slip: 1',
                              'rrl-whitelist-ratelimit: 1']
    return server.add(Zone(ZONE, text=plain_zone(ZONE, 1),
                           options=['rrl-whitelist: nodata']))


@pytest.fixture
def proxy(site):
    server = telling(site.proxy())
    server.server_options.append('nsid: "ascii_ours"')
    return server


@pytest.fixture
def nsd(site):
    server = telling(site.server('nsd'))
    server.server_options.append('nsid: "ascii_theirs"')
    return server


def ask_cookie(server, cookie=CLIENT_COOKIE, family='ipv4', rdtype='SOA'):
    a = exchange(server.port, octets_of(rdtype=rdtype,
                                        options=[(COOKIE, cookie)]),
                 address=FAMILIES[family])
    assert a is not None
    return a


def cookie_of(server, **how):
    cookie = ask_cookie(server, **how).option(COOKIE)
    assert len(cookie) == 24 and cookie[:8] == CLIENT_COOKIE
    return cookie


def believes(server, cookie, family='ipv4'):
    """Is it more than a client's cookie to this server?"""
    if server.kind == 'bind':
        return ask_cookie(server, cookie, family).rcode == 'NOERROR'
    for _ in range(20):     # this flow is over the limit from now on
        ask_cookie(server, CLIENT_COOKIE, family, 'LOC')
    assert ask_cookie(server, CLIENT_COOKIE, family, 'LOC').is_truncated
    return not ask_cookie(server, cookie, family, 'LOC').is_truncated


@pytest.mark.parametrize('family', ['ipv4', 'ipv6'])
def test_three_servers_of_one_address(site, proxy, nsd, family):
    bind = site.server('bind').add(Zone(ZONE, text=plain_zone(ZONE, 1)))
    bind.server_options += ['cookie-algorithm siphash24;',
                            'cookie-secret "%s";' % SECRET,
                            'require-server-cookie yes;']
    servers = [proxy, nsd, bind]
    for server in (proxy, nsd):
        server.server_options.append('cookie-secret: "%s"' % SECRET)
    for server in servers:
        server.start()
    for maker in servers:
        cookie = cookie_of(maker, family=family)
        for server in servers:
            assert believes(server, cookie, family), (maker, server)
            spoilt = cookie[:-1] + bytes([cookie[-1] ^ 1])
            assert not believes(server, spoilt, family), (maker, server)


def test_dig_takes_our_cookies(proxy):
    """dig checks that the client's part comes back, and says so."""
    proxy.start()
    text = subprocess.run(
        ['dig', '@' + V4, '-p', str(proxy.port), '+norec', '+tries=1',
         '+qr', ZONE, 'SOA'], capture_output=True, text=True).stdout
    good = re.search(r'^; COOKIE: (\w{48}) \(good\)$', text, re.M)
    assert good, text
    assert believes(proxy, dig_again(proxy, good.group(1)))


def dig_again(proxy, cookie):
    text = subprocess.run(
        ['dig', '@' + V4, '-p', str(proxy.port), '+norec', '+tries=1',
         '+cookie=' + cookie, ZONE, 'SOA'],
        capture_output=True, text=True).stdout
    assert '(good)' in text
    return bytes.fromhex(cookie)


def keeps(server, cookie):
    """A cookie that is believed and young comes back as it is; in another
    second than it was made in, no other one can look like it."""
    wait_until(lambda: int(time.time()) != int.from_bytes(
        cookie[12:16], 'big'), 3, 'the next second')
    return ask_cookie(server, cookie).option(COOKIE) == cookie


def test_a_random_secret_is_one_for_all(site, proxy):
    """For all workers, all generations, and whatever becomes of xfrd."""
    proxy.server_options.append('server-count: 3')
    site.kills = True
    proxy.start()
    cookies = [cookie_of(proxy) for _ in range(8)]
    assert all(keeps(proxy, c) for c in cookies)
    proxy.publish(ZONE, plain_zone(ZONE, 2))
    proxy.wait_serial(ZONE, 2, 15)
    proxy.control('reconfig')
    os.kill(next(pid for pid, name in proxy.process.family().items()
                 if name == 'nsdv-xfrd'), signal.SIGKILL)
    proxy.wait_log('xfrd died unexpectedly')
    assert all(keeps(proxy, c) for c in cookies)
    assert 'source : random generated' in wait_until(
        lambda: proxy.control_run('print_cookie_secrets')[1], 5, 'xfrd')
    assert all(keeps(proxy, c) for c in cookies)
    # Another daemon, another secret.
    proxy.stop()
    proxy.restart()
    assert not any(keeps(proxy, c) for c in cookies)


def shown(text):
    """What both say: NSD 4.6 does not name the source yet."""
    return [line for line in text.splitlines()
            if not line.startswith('source')]


def test_secrets_are_managed_as_in_nsd(proxy, nsd):
    """Same commands, same states, same files, beside each other; NSD's tool
    speaks with both."""
    both = [proxy, nsd]
    for server in both:
        server.dir.joinpath('cookiesecrets.txt').write_text(SECRET + '\n')
        server.start()
    third = '0123456789abcdef0123456789ABCDEF'
    steps = [
        ('drop_cookie_secret',),
        ('activate_cookie_secret',), ('add_cookie_secret', OTHER),
        ('activate_cookie_secret',), ('add_cookie_secret', third),
        ('activate_cookie_secret',), ('drop_cookie_secret',),
        ('add_cookie_secret', OTHER)]
    for step in steps:
        ours, theirs = (s.control_run(*step, tool='nsd-control')
                        for s in both)
        assert (ours[0] == 0) == (theirs[0] == 0), (step, ours, theirs)
        assert (ours[1] == 'ok\n') == (theirs[1] == 'ok\n'), \
            (step, ours, theirs)
        assert proxy.cookie_file.read_text().lower() == \
            nsd.cookie_file.read_text().lower(), step
        ours, theirs = (shown(s.control('print_cookie_secrets'))
                        for s in both)
        assert [t.lower() for t in ours] == [t.lower() for t in theirs]
    assert proxy.cookie_file.stat().st_mode & 0o777 == 0o600
    assert shown(proxy.control('print_cookie_secrets')) == [
        'active : ' + third.lower(), 'staging: ' + OTHER]
    assert SECRET not in proxy.log_text()
    for bad in ('12', 'x' * 32, SECRET + '00'):
        status, text = proxy.control_run('add_cookie_secret', bad)
        assert status == 1 and 'invalid cookie secret' in text
    # The one that is active there is on trial here, and the other way round.
    nsd.control('activate_cookie_secret')
    wait_until(lambda: believes(proxy, cookie_of(nsd)), 10, 'NSD reloads')
    assert believes(nsd, cookie_of(proxy))
    # It lasts, and an end in the middle of writing leaves no doubt.
    old = cookie_of(proxy)
    proxy.stop()
    proxy.cookie_file.with_name('cookiesecrets.txt.new').write_text(third[:9])
    proxy.restart()
    assert believes(proxy, old)
    assert proxy.control('print_cookie_secrets').startswith(
        'source : "%s"\n' % proxy.cookie_file)


def test_the_first_secret_is_active(proxy):
    """A random one was nobody's (NSD 4.6 kept it as the active one)."""
    proxy.start()
    assert proxy.control('add_cookie_secret', SECRET) == 'ok\n'
    assert shown(proxy.control('print_cookie_secrets')) == [
        'active : ' + SECRET]
    assert proxy.cookie_file.read_text() == SECRET + '\n'
    # Where no file can be written nothing changes.
    proxy.cookie_file.with_name('cookiesecrets.txt.new').mkdir()
    status, text = proxy.control_run('add_cookie_secret', OTHER)
    assert status == 1 and 'unable to write' in text
    assert shown(proxy.control('print_cookie_secrets')) == [
        'active : ' + SECRET]


def test_configuration_goes_before_the_file(proxy):
    proxy.cookie_file.write_text(OTHER + '\n')
    proxy.server_options += ['cookie-secret: "%s"' % SECRET,
                             'cookie-staging-secret: "%s"' % OTHER]
    proxy.start()
    text = proxy.control('print_cookie_secrets')
    assert text.splitlines() == ['source : configuration',
                                 'active : ' + SECRET, 'staging: ' + OTHER]
    for command in (['add_cookie_secret', OTHER], ['drop_cookie_secret'],
                    ['activate_cookie_secret']):
        status, text = proxy.control_run(*command)
        assert status == 1 and 'already configured' in text
    before = cookie_of(proxy)
    # reconfig goes back to the file, the file to chance.
    proxy.server_options[:] = proxy.server_options[:-2]
    proxy.write_config()
    proxy.control('reconfig')
    wait_until(lambda: 'txt"\nactive : ' + OTHER in
               proxy.control('print_cookie_secrets'), 5, 'the file holds')
    assert not believes(proxy, before)
    proxy.cookie_file.write_text('not a secret\n')
    proxy.control('reconfig')
    proxy.wait_log('error parsing cookie secret file')
    assert 'random' in proxy.control('print_cookie_secrets')


def test_cookies_are_answered_only_if_wanted(proxy):
    proxy.server_options.remove('answer-cookie: yes')
    proxy.start()
    assert ask_cookie(proxy).option(COOKIE) is None
    assert ask_cookie(proxy, b'odd').rcode == 'NOERROR'
    proxy.server_options.append('answer-cookie: yes')
    proxy.write_config()
    proxy.control('reconfig')
    wait_until(lambda: ask_cookie(proxy).option(COOKIE), 5, 'reconfig')
    assert ask_cookie(proxy, b'odd').rcode == 'FORMERR'


# Where NSD 4.6 or BIND 9.18 answer otherwise, the last column says why not we.
SHAPES = {
    'plain': ({}, 'NOERROR', True, ''),
    'seven octets of cookie':
        ({'options': [(COOKIE, b'7' * 7)]}, 'FORMERR', True,
         'nsd: no OPT, RFC 6891 6.1.1'),
    'fifteen octets of cookie':
        ({'options': [(COOKIE, b'7' * 15)]}, 'FORMERR', True,
         'nsd: no OPT, RFC 6891 6.1.1'),
    'a cookie of another kind':
        ({'options': [(COOKIE, b'7' * 16)]}, 'NOERROR', True, ''),
    'a cookie too long':
        ({'options': [(COOKIE, b'7' * 41)]}, 'FORMERR', True,
         'nsd: no OPT, RFC 6891 6.1.1'),
    'two OPT records':
        ({'opts': 2}, 'FORMERR', True,
         'nsd bind: no OPT, RFC 6891 6.1.1'),
    'an option that runs over':
        ({'rdata': b'\0\3\0\x09abc'}, 'FORMERR', False, ''),
    'half an option': ({'rdata': b'\0\3\0'}, 'FORMERR', False, ''),
    'version 1': ({'version': 1}, 'BADVERS', True, ''),
    'version 1 and what there means nothing':
        ({'version': 1, 'rdata': b'\0\3\0\x09a'}, 'BADVERS', True,
         'bind: FORMERR, though the rest is of a version not known'),
    'no question': ({'question': False}, 'FORMERR', True,
                    'nsd: NOERROR, RFC 9619'),
    'no question but a cookie':
        ({'question': False, 'options': [(COOKIE, CLIENT_COOKIE)]},
         'NOERROR', True, ''),
    'an unknown option': ({'options': [(65001, b'x')]}, 'NOERROR', True, ''),
    'NSID with data': ({'options': [(NSID, b'x')]}, 'NOERROR', True, ''),
    'keepalive over UDP':
        ({'options': [(KEEPALIVE, b'\0\1')]}, 'NOERROR', True, ''),
    'ZONEVERSION with data':
        ({'options': [(ZONEVERSION, b'x')]}, 'FORMERR', False,
         'nsd bind: not known to them'),
    'room for nothing': ({'size': 0}, 'NOERROR', True, ''),
    'room for everything': ({'size': 65535}, 'NOERROR', True, ''),
}


@pytest.fixture(scope='module')
def table(request):
    """All shapes, asked of all three: {shape: {kind: (rcode, has_opt)}}"""
    from conftest import Site
    site = Site()
    try:
        servers = [site.server(k).add(Zone(ZONE, text=plain_zone(ZONE, 1)))
                   for k in ('nsd-verify', 'nsd', 'bind')]
        for server in servers[:2]:
            server.server_options.append('answer-cookie: yes')
        for server in servers:
            server.start()
        answers = {s.kind: {n: exchange(s.port, octets_of(**shape[0]))
                            for n, shape in SHAPES.items()} for s in servers}
        yield {n: {kind: (a[n].rcode, a[n].has_opt)
                   for kind, a in answers.items()} for n in SHAPES}
    finally:
        site.close(False)


@pytest.mark.parametrize('name', SHAPES)
def test_shapes_of_opt(table, name):
    _, rcode, has_opt, why = SHAPES[name]
    assert table[name]['nsd-verify'] == (rcode, has_opt)
    others = {k for k, v in table[name].items() if v != (rcode, has_opt)}
    assert others == set(why.partition(':')[0].split())


def test_nsid_and_keepalive(proxy):
    proxy.server_options.append('tcp-timeout: 7')
    proxy.start()
    ask = octets_of(options=[(NSID, b''), (KEEPALIVE, b'')])
    a = exchange(proxy.port, ask)
    assert a.options == [(NSID, b'ours')]
    a = exchange(proxy.port, ask, tcp=True)
    assert sorted(a.options) == [(NSID, b'ours'),
                                 (KEEPALIVE, struct.pack('!H', 70))]
    assert exchange(proxy.port, octets_of(options=[(KEEPALIVE, b'\0\1')]),
                    tcp=True).rcode == 'FORMERR'


# Queries that end in an error, with NSD's rcode and extended error.
CLOSED, EMPTY = 'closed.test.', 'empty.test.'
ERRORS = {
    'a zone of nobody': dict(name='elsewhere.'),
    'a zone that may not be asked': dict(name=CLOSED),
    'a zone that has nothing yet': dict(name=EMPTY),
    'a transfer of it': dict(name=EMPTY, rdtype='AXFR', tcp=True),
    'a transfer that is not allowed': dict(name=CLOSED, rdtype='AXFR',
                                           tcp=True),
    'a transfer of nothing': dict(name='elsewhere.', rdtype='AXFR', tcp=True),
    'a transfer over UDP': dict(rdtype='AXFR'),
    'a NOTIFY from nobody': dict(opcode=4, name=EMPTY),
    'an UPDATE': dict(opcode=5),
    'an opcode of no use': dict(opcode=1),
    'a class of no use': dict(rdclass=4),
    'chaos that is not known': dict(name='uptime.bind.', rdtype='TXT',
                                    rdclass=3),
    'chaos of another type': dict(name='version.bind.', rdtype='A',
                                  rdclass=3),
}
# What NSD says instead: nothing where RFC 8914 has a code, and of a zone that
# it could not load yet that it has none, which ends a secondary's trust in us
# (RFC 5936 2.2.1: SERVFAIL, since that passes).
ERRORS_OF_NSD = {'a transfer of it': ('NOTAUTH', None),
                 'a transfer of nothing': ('NOTAUTH', None),
                 'a NOTIFY from nobody': ('REFUSED', None)}


@pytest.fixture(scope='module')
def erring():
    from conftest import Site
    site = Site()
    try:
        servers = []
        for kind in ('nsd-verify', 'nsd'):
            server = site.server(kind)
            server.add(Zone(ZONE, text=plain_zone(ZONE, 1)),
                       Zone(CLOSED, text=plain_zone(CLOSED, 1), options=[
                           'allow-query: 192.0.2.1 NOKEY',
                           'provide-xfr: 127.0.0.1 BLOCKED']),
                       Zone(EMPTY, options=[
                           'request-xfr: 127.0.0.1@1 NOKEY',
                           'provide-xfr: 127.0.0.1 NOKEY']))
            server.start(wait=False)
            server.wait_serial(ZONE, 1, 15)
            servers.append(server)
        yield servers
    finally:
        assert not site.close(False)


@pytest.mark.parametrize('name', ERRORS)
def test_extended_errors_are_those_of_nsd(erring, name):
    how = dict(ERRORS[name])
    tcp = how.pop('tcp', False)
    ours, theirs = (exchange(s.port, octets_of(**how), tcp=tcp)
                    for s in erring)
    ours, theirs = ((a.rcode, a.option(EDE) and struct.unpack(
        '!H', a.option(EDE)[:2])[0]) for a in (ours, theirs))
    assert ours[0] != 'NOERROR'
    assert theirs == ERRORS_OF_NSD.get(name, ours)
    assert (ours == theirs) == (name not in ERRORS_OF_NSD)


def version_at(port):
    a = exchange(port, octets_of(options=[(ZONEVERSION, b'')]))
    return a and a.option(ZONEVERSION)


def test_zoneversion_is_that_of_the_answer(site):
    """The published one for everybody, the one under verification for its
    verifier (P6)."""
    primary = site.primary()
    primary.load(ZONE, plain_zone(ZONE, 1))
    proxy = site.proxied(
        primary, [ZONE],
        '[ "$serial" = 1 ] || while [ ! -e go ]; do sleep 0.05; done',
        'verifier-timeout: 60', server=['xfrd-reload-timeout: 0'])
    assert version_at(proxy.port) == b'\2\0\0\0\0\1'
    primary.publish(ZONE, plain_zone(ZONE, 2), (primary.address, proxy.port))
    wait_until(lambda: version_at(proxy.verify_port) == b'\2\0\0\0\0\2', 10,
               'the candidate answers')
    assert version_at(proxy.port) == b'\2\0\0\0\0\1'
    # A transfer says it once, in its first message.
    a = exchange(proxy.port, octets_of(rdtype='AXFR', options=[
        (ZONEVERSION, b'')]), tcp=True)
    assert a.option(ZONEVERSION) == b'\2\0\0\0\0\1'
    (proxy.dir / 'go').touch()
    proxy.wait_serial(ZONE, 2, 10)
    assert version_at(proxy.port) == b'\2\0\0\0\0\2'
