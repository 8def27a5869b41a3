"""Hostile and unlucky askers of transfers: TSIG errors as RFC 8945 says, ACLs,
and serials that are not there."""
import struct
import subprocess
import time

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.tsig
import pytest

from harness import net
from harness.net import (Key, TransferFailed, V4, exchange_tcp, exchange_udp,
                         make_query, serial_in)
from harness.server import Zone
from harness.zones import plain_zone

ZONE = 'example.test.'
BADSIG, BADKEY, BADTIME, BADTRUNC = 16, 17, 18, 22
NOTAUTH = dns.rcode.NOTAUTH


def serving(site, *options, keys=(), serials=(1,), **how):
    primary = site.primary()
    primary.load(ZONE, plain_zone(ZONE, serials[0], **how))
    proxy = site.proxy()
    zone = Zone(ZONE, primary=primary.peer(), options=list(options))
    # Keys are declared by the zones that use them.
    used = Zone('keys.test.', text=plain_zone('keys.test.', 1),
                secondaries=[])
    used.keys = lambda: set(keys)
    used.transfers_unsigned = lambda: False
    zone.transfers_unsigned = lambda: False
    proxy.add(zone, used)
    proxy.start()
    proxy.wait_serial(ZONE, serials[0], 15)
    for serial in serials[1:]:
        primary.publish(ZONE, plain_zone(ZONE, serial, **how),
                        (V4, proxy.port))
        proxy.wait_serial(ZONE, serial)
    return primary, proxy


def tsig_of(wire):
    """(rcode, TSIG record) of an answer, without checking it."""
    from harness.hostile import _skip_name, _start_of_last_record
    rcode = wire[3] & 15
    if struct.unpack('!H', wire[10:12])[0] == 0:
        return rcode, None
    at = _skip_name(wire, _start_of_last_record(wire))
    rdtype, _, _, length = struct.unpack('!HHIH', wire[at:at + 10])
    if rdtype != dns.rdatatype.TSIG:
        return rcode, None
    rd = wire[at + 10:at + 10 + length]
    at = _skip_name(rd, 0)
    signed = int.from_bytes(rd[at:at + 6], 'big')
    _, size = struct.unpack('!HH', rd[at + 6:at + 10])
    mac = rd[at + 10:at + 10 + size]
    _, error, other = struct.unpack('!HHH', rd[at + 10 + size:
                                              at + 16 + size])
    return rcode, (signed, mac, error, rd[at + 16 + size:][:other])


def signed_at(query, key, offset):
    real = time.time
    try:
        time.time = lambda: real() + offset
        query.use_tsig(key.dnspython())
        return query.to_wire()
    finally:
        time.time = real


@pytest.mark.parametrize('rdtype,serial', [('AXFR', None), ('IXFR', 1),
                                           ('SOA', None)])
@pytest.mark.parametrize('tcp', [True, False])
def test_tsig_errors(site, rdtype, serial, tcp):
    key = Key()
    _, proxy = serving(site, 'provide-xfr: 127.0.0.1 transfer.key',
                       keys=[key], serials=(1, 2))

    def exchange(wire):
        how = exchange_tcp if tcp else exchange_udp
        return how(V4, proxy.port, wire, 2)

    def query():
        return make_query(ZONE, rdtype, serial=serial)

    q = query()
    q.use_tsig(Key(name='unknown.key').dnspython())
    rcode, tsig = tsig_of(exchange(q.to_wire()))
    assert rcode == NOTAUTH and tsig[2] == BADKEY and tsig[1] == b''

    q = query()
    q.use_tsig(Key(algorithm='hmac-sha512').dnspython())
    rcode, tsig = tsig_of(exchange(q.to_wire()))
    assert rcode == NOTAUTH and tsig[2] in (BADKEY, 21) and tsig[1] == b''

    q = query()
    q.use_tsig(Key(secret='YW5vdGhlciBzZWNyZXQgYWx0b2dldGhlcg==')
               .dnspython())
    rcode, tsig = tsig_of(exchange(q.to_wire()))
    assert rcode == NOTAUTH and tsig[2] == BADSIG and tsig[1] == b''

    for offset in (-4000, 4000):
        q = query()
        wire = exchange(signed_at(q, key, offset))
        rcode, tsig = tsig_of(wire)
        assert rcode == NOTAUTH and tsig[2] == BADTIME
        assert len(tsig[1]) == 32, 'BADTIME is signed (RFC 8945 5.2.3)'
        assert len(tsig[3]) == 6 and abs(
            int.from_bytes(tsig[3], 'big') - time.time()) < 10
        assert abs(tsig[0] - (time.time() + offset)) < 10, 'the client\'s'
        # Its MAC is right: dnspython checks it before it reports the error.
        with pytest.raises(dns.tsig.PeerBadTime):
            dns.message.from_wire(wire, keyring=key.dnspython(),
                                  request_mac=q.mac)

    # Whatever went wrong before, the right one is answered.
    if tcp and rdtype == 'AXFR':
        assert serial_in(net.axfr(V4, proxy.port, ZONE, key)) == 2


@pytest.mark.parametrize('algorithm', [
    'hmac-md5', 'hmac-sha1', 'hmac-sha224', 'hmac-sha256', 'hmac-sha384',
    'hmac-sha512'])
def test_dig_with_every_algorithm(site, algorithm):
    key = Key(name='k.' + algorithm, algorithm=algorithm)
    _, proxy = serving(site, 'provide-xfr: 127.0.0.1 ' + key.name,
                       keys=[key], serials=(1, 2), size=3000)
    for what, least in (('AXFR', 3000), ('IXFR=1', 4)):
        done = subprocess.run(
            ['dig', '@127.0.0.1', '-p', str(proxy.port), '+tries=1',
             '+noall', '+answer', '+comments', '-y', '%s:%s:%s' % (
                 algorithm, key.name, key.secret), ZONE, what],
            capture_output=True, text=True, timeout=20)
        assert done.returncode == 0 and 'TSIG' not in done.stdout, \
            done.stdout[-500:]
        assert len(done.stdout.splitlines()) >= least
        assert 'failed' not in done.stdout + done.stderr


ACLS = [
    # options, plain from 127.0.0.1, with key, plain from ::1
    (['127.0.0.1 NOKEY'], True, False, False),
    (['127.0.0.1 transfer.key'], False, True, False),
    (['127.0.0.1 NOKEY', '127.0.0.1 transfer.key'], True, True, False),
    (['0.0.0.0/0 NOKEY', '127.0.0.1 BLOCKED'], False, False, False),
    (['127.0.0.1 BLOCKED', '127.0.0.1 transfer.key'], False, False, False),
    (['127.0.0.0/8 NOKEY', '::0/0 NOKEY'], True, False, True),
    (['127.0.0.2-127.0.0.9 NOKEY'], False, False, False),
    (['127.0.0.1&255.255.255.255 transfer.key', '::1 NOKEY',
      '::1 BLOCKED'], False, True, False),
    ([], False, False, False),
]


@pytest.mark.parametrize('acl,plain,keyed,six', ACLS,
                         ids=[';'.join(a[0]) or 'none' for a in ACLS])
def test_provide_xfr(site, acl, plain, keyed, six):
    key = Key()
    _, proxy = serving(site, *['provide-xfr: ' + a for a in acl], keys=[key])
    for allowed, address, k in ((plain, V4, None), (keyed, V4, key),
                                (six, '::1', None)):
        for serial in (None, 0):
            try:
                records = net.Transfer(address, proxy.port, ZONE, k,
                                       serial).all()
                assert allowed and serial_in(records) == 1
            except TransferFailed as e:
                assert not allowed and str(e) in ('REFUSED', 'NOTAUTH'), e


def test_ixfr_from_any_serial(site):
    _, proxy = serving(site, 'provide-xfr: 127.0.0.1 NOKEY',
                       serials=(10, 11, 12, 13), size=200)

    def soas(serial):
        records = net.ixfr(V4, proxy.port, ZONE, serial)
        return len(records), [r[2].serial for r in records
                              if r[2].rdtype == dns.rdatatype.SOA]
    assert soas(13) == (1, [13]), 'equal'
    assert soas(14) == (1, [13]) and soas(2 ** 31)[0] == 1, 'newer'
    for serial in (10, 11, 12):
        count, serials = soas(serial)
        assert serials[0] == serials[-1] == 13 and serials[1] == serial
        assert count < 50
    for serial in (9, 1, 0, 2 ** 32 - 1):
        count, serials = soas(serial)
        assert count > 200 and serials == [13, 13], 'a whole zone'
    # UDP: what does not fit is the SOA alone.
    for serial, how_many in ((13, 1), (14, 1), (9, 1), (12, None)):
        q = make_query(ZONE, 'IXFR', serial=serial)
        m = dns.message.from_wire(exchange_udp(V4, proxy.port, q.to_wire()),
                                  one_rr_per_rrset=True)
        assert m.rcode() == 0 and not m.flags & dns.flags.TC
        assert m.answer[0][0].serial == 13
        assert how_many is None or len(m.answer) == how_many


@pytest.mark.parametrize('change', [
    lambda q: q.authority.clear(), lambda q: q.question.clear(),
    lambda q: q.question.append(q.question[0]),
    lambda q: q.answer.append(q.authority[0])],
    ids=['no-soa', 'no-question', 'two-questions', 'soa-as-answer'])
def test_broken_ixfr_requests(site, change):
    _, proxy = serving(site, 'provide-xfr: 127.0.0.1 NOKEY')
    q = make_query(ZONE, 'IXFR', serial=0)
    change(q)
    for how in (exchange_tcp, exchange_udp):
        wire = how(V4, proxy.port, q.to_wire(), 1)
        assert wire is None or wire[3] & 15 == dns.rcode.FORMERR, wire
    assert serial_in(net.axfr(V4, proxy.port, ZONE)) == 1
