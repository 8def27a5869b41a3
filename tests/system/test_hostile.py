"""Bad input costs its sender: what a primary must not send is refused, logged,
and followed by what an honest one sends."""
import random
import socket
import struct

import pytest

import dns.message

from harness import hostile
from harness.net import (Key, V4, exchange_udp, ixfr, make_query, stays,
                         wait_until)
from harness.server import Zone
from harness.zones import plain_zone

ZONE = 'example.test.'


def started(site, key=None, family='ipv4', zone=ZONE, text=None):
    primary = site.primary(family, key=key)
    primary.load(zone, text or plain_zone(zone, 1))
    proxy = site.proxy()
    proxy.add(Zone(zone, primary=primary.peer(), options=[
        'max-retry-time: 1', 'min-retry-time: 1']))
    proxy.start()
    proxy.wait_serial(zone, 1, 15)
    return primary, proxy


def offer(primary, proxy, serial, text=None):
    primary.publish(ZONE, text or plain_zone(ZONE, serial),
                    (primary.address, proxy.port))


TAMPER = ['other_id', 'not_a_response', 'other_opcode', 'truncated',
          'short_header', 'empty_message', 'wrong_counts', 'other_question',
          'pointer_loop', 'garbage_forever']


def assert_recovers(primary, proxy, serial):
    primary.tamper = None
    primary.scripted_answer = None
    offer(primary, proxy, serial)
    proxy.wait_serial(ZONE, serial, 12)
    records = {(r[0].to_text().lower(), r[2].rdtype)
               for r in proxy.axfr(ZONE)}
    wanted = {(r[0].to_text().lower(), r[2].rdtype)
              for r in primary.versions[ZONE][-1].axfr()}
    assert records == wanted


@pytest.mark.parametrize('name', TAMPER)
def test_message_is_not_believed(site, name):
    primary, proxy = started(site)
    asked = len(primary.requests(ZONE))
    primary.tamper = getattr(hostile, name)
    offer(primary, proxy, 2)
    wait_until(lambda: len(primary.requests(ZONE)) > asked, 5, 'it asks')
    stays(lambda: proxy.serial(ZONE) == 1, 0.8, 'serial 1 stays')
    assert_recovers(primary, proxy, 3)


@pytest.mark.parametrize('rcode', [1, 2, 3, 4, 5, 9])
def test_error_rcode(site, rcode):
    primary, proxy = started(site)
    asked = len(primary.requests(ZONE))
    primary.tamper = hostile.error_rcode(rcode)
    offer(primary, proxy, 2)
    wait_until(lambda: len(primary.requests(ZONE)) > asked, 5, 'it asks')
    stays(lambda: proxy.serial(ZONE) == 1, 0.5, 'serial 1 stays')
    assert_recovers(primary, proxy, 3)


@pytest.mark.parametrize('name', ['flip_in_last', 'unsigned', 'other_id'])
@pytest.mark.parametrize('per_message', [50, 3])
def test_bad_tsig(site, name, per_message):
    primary, proxy = started(site, key=Key())
    asked = len(primary.requests(ZONE))
    primary.per_message = per_message
    primary.tamper = getattr(hostile, name)
    offer(primary, proxy, 2)
    wait_until(lambda: len(primary.requests(ZONE)) > asked, 5, 'it asks')
    stays(lambda: proxy.serial(ZONE) == 1, 0.8, 'serial 1 stays')
    primary.per_message = 50
    assert_recovers(primary, proxy, 3)


def test_wrong_key_secret(site):
    primary, proxy = started(site, key=Key())
    primary.key = Key(secret='YW5vdGhlciBzZWNyZXQgYWx0b2dldGhlcg==')
    primary.load(ZONE, plain_zone(ZONE, 2))
    primary.notify(ZONE, primary.address, proxy.port, timeout=1)
    stays(lambda: proxy.serial(ZONE) == 1, 0.8, 'serial 1 stays')
    primary.key = Key()
    assert_recovers(primary, proxy, 3)


def incremental(primary, deletions, additions, old=1, new=2):
    """The answer 1 -> 2 with the lists given, instead of the real one."""
    def answer(_zone, asked_from, serial):
        if asked_from != old or serial != new:
            return None
        versions = {v.serial: v for v in primary.versions[ZONE]}
        return [versions[new].soa, versions[old].soa, *deletions,
                versions[new].soa, *additions, versions[new].soa]
    return answer


def test_ixfr_deletes_what_is_not_there(site):
    """Refused whole; an AXFR is asked for at once."""
    primary, proxy = started(site)
    primary.scripted_answer = incremental(
        primary, [hostile.record('nowhere.' + ZONE, 'A', '192.0.2.9')],
        [hostile.record('new.' + ZONE, 'A', '192.0.2.10')])
    offer(primary, proxy, 2)
    proxy.wait_serial(ZONE, 2)
    assert primary.requests(ZONE, 'AXFR')[1:], 'followed by AXFR'
    assert proxy.ask('new.' + ZONE, 'A').rcode() == 3
    assert proxy.ask('only-2.' + ZONE, 'A').rcode() == 0


def test_ixfr_adds_what_is_there(site):
    primary, proxy = started(site)
    primary.scripted_answer = incremental(primary, [], [
        hostile.record('ns1.' + ZONE, 'A', '192.0.2.1', 3600),
        hostile.record('new.' + ZONE, 'A', '192.0.2.10')])
    offer(primary, proxy, 2)
    proxy.wait_serial(ZONE, 2)
    assert primary.requests(ZONE, 'AXFR')[1:], 'followed by AXFR'
    assert proxy.ask('new.' + ZONE, 'A').rcode() == 3
    assert proxy.ask('only-2.' + ZONE, 'A').rcode() == 0


def test_ixfr_starts_elsewhere(site):
    primary, proxy = started(site)

    def answer(_zone, asked_from, serial):
        if asked_from != 1 or serial != 2:
            return None
        new = primary.versions[ZONE][-1]
        name, ttl, rd = new.soa
        old = (name, ttl, rd.replace(serial=4000))
        return [new.soa, old, new.soa,
                hostile.record('new.' + ZONE, 'A', '192.0.2.10'), new.soa]
    primary.scripted_answer = answer
    offer(primary, proxy, 2)
    proxy.wait_serial(ZONE, 2)
    assert proxy.ask('new.' + ZONE, 'A').rcode() == 3


@pytest.mark.parametrize('style', ['ixfr', 'axfr'])
def test_out_of_zone_records_are_dropped(site, style):
    primary, proxy = started(site)
    foreign = [hostile.record('www.elsewhere.example.', 'A', '192.0.2.66'),
               hostile.record('test.', 'TXT', '"above the zone"')]
    if style == 'ixfr':
        primary.scripted_answer = incremental(primary, foreign[:1], [
            hostile.record('new.' + ZONE, 'A', '192.0.2.10'), *foreign])
        wanted = 'new.' + ZONE
    else:
        def answer(_zone, _old, serial):
            whole = primary.versions[ZONE][-1].axfr()
            return whole[:-1] + foreign + whole[-1:] if serial == 2 else None
        primary.scripted_answer = answer
        wanted = 'only-2.' + ZONE
    offer(primary, proxy, 2)
    proxy.wait_serial(ZONE, 2)
    assert proxy.ask(wanted, 'A').rcode() == 0
    names = {r[0].to_text().lower() for r in proxy.axfr(ZONE)}
    assert all(n.endswith(ZONE) for n in names)


MALFORMED = [
    ('A', b'\1\2\3'), ('AAAA', b'\1' * 17), ('MX', b'\0'),
    ('NS', b'\x05abc'), ('TXT', b'\x09short'), ('RRSIG', b'\0' * 5),
    ('NSEC3', b'\1\0\0\0\xff'), ('SRV', b'\0\1\0\2'), ('DS', b'\0'),
    ('NSEC', b'\x01a\x00\x00\x21' + b'\0' * 33),
]


@pytest.mark.parametrize('kind,octets', MALFORMED,
                         ids=[m[0] for m in MALFORMED])
def test_malformed_rdata_refuses_the_transfer(site, kind, octets):
    primary, proxy = started(site)
    bad = hostile.record('mal.' + ZONE, kind, octets)

    def answer(_zone, _old, serial):
        whole = primary.versions[ZONE][-1].axfr()
        return [whole[0], bad, *whole[1:]] if serial == 2 else None
    primary.scripted_answer = answer
    asked = len(primary.requests(ZONE))
    offer(primary, proxy, 2)
    wait_until(lambda: len(primary.requests(ZONE)) > asked, 5, 'it asks')
    stays(lambda: proxy.serial(ZONE) == 1, 0.8, 'serial 1 stays')
    assert_recovers(primary, proxy, 3)


def test_axfr_without_end(site):
    """The connection closes before the second SOA."""
    primary, proxy = started(site)
    primary.scripted_answer = lambda _z, _o, serial: \
        primary.versions[ZONE][-1].axfr()[:-1] if serial == 2 else None
    primary.closes = True
    offer(primary, proxy, 2)
    stays(lambda: proxy.serial(ZONE) == 1, 1.0, 'serial 1 stays')
    assert_recovers(primary, proxy, 3)


def test_axfr_changes_serial_on_the_way(site):
    primary, proxy = started(site)

    def answer(_zone, _old, serial):
        whole = primary.versions[ZONE][-1].axfr()
        name, ttl, rd = whole[-1]
        return whole[:-1] + [(name, ttl, rd.replace(serial=9))] \
            if serial == 2 else None
    primary.scripted_answer = answer
    offer(primary, proxy, 2)
    stays(lambda: proxy.serial(ZONE) == 1, 1.0, 'serial 1 stays')
    assert_recovers(primary, proxy, 3)


def test_longest_names_in_an_nsec3_zone(site):
    """Two names of 255 octets where hashing '*.NAME' would not fit."""
    names = hostile.longest_names(ZONE)
    extra = ''.join('%s 300 IN A 192.0.2.9\n' % n for n in names) + \
        '@ 0 IN NSEC3PARAM 1 0 0 beef\n' \
        '0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 300 IN NSEC3 1 0 0 beef ' \
        '2t7b4g4vsa5smi47k61mv5bv1a22bojr A RRSIG\n' \
        '2t7b4g4vsa5smi47k61mv5bv1a22bojr 300 IN NSEC3 1 0 0 beef ' \
        '0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NS SOA NSEC3PARAM\n'
    other = 'other.test.'
    primary, proxy = site.primary(), site.proxy()
    primary.load(ZONE, plain_zone(ZONE, 1) + extra)
    primary.load(other, plain_zone(other, 1))
    for zone in (ZONE, other):
        proxy.add(Zone(zone, primary=primary.peer()))
    proxy.start()
    proxy.wait_serial(other, 1, 15)
    proxy.wait_serial(ZONE, 1, 15)
    for name in names:
        assert proxy.ask(name, 'A').rcode() == 0
        assert proxy.ask('x.' + ZONE, 'A', dnssec=True) is not None
    primary.publish(other, plain_zone(other, 2), (V4, proxy.port))
    proxy.wait_serial(other, 2)


def test_serial_across_the_wrap(site):
    """RFC 1982: 2^32 - 1 is followed by small numbers."""
    primary, proxy = site.primary(), site.proxy()
    primary.load(ZONE, plain_zone(ZONE, 4294967290, size=100))
    proxy.add(Zone(ZONE, primary=primary.peer())).start()
    proxy.wait_serial(ZONE, 4294967290, 15)
    for serial in (4294967295, 3, 4):
        primary.publish(ZONE, plain_zone(ZONE, serial, size=100),
                        (V4, proxy.port))
        proxy.wait_serial(ZONE, serial)
    records = ixfr(V4, proxy.port, ZONE, 4294967290)
    serials = [r[2].serial for r in records if r[2].rdtype == 6]
    assert serials[0] == serials[-1] == 4 and serials[1] == 4294967290


def test_older_serial_is_not_taken(site):
    primary, proxy = site.primary(), site.proxy()
    primary.load(ZONE, plain_zone(ZONE, 10))
    proxy.add(Zone(ZONE, primary=primary.peer())).start()
    proxy.wait_serial(ZONE, 10, 15)
    for serial in (9, 10, 1, 0x80000000 + 11):
        primary.publish(ZONE, plain_zone(ZONE, serial), (V4, proxy.port))
    stays(lambda: proxy.serial(ZONE) == 10, 1.0, '10 stays published')
    primary.publish(ZONE, plain_zone(ZONE, 11), (V4, proxy.port))
    proxy.wait_serial(ZONE, 11)


def test_notify_from_elsewhere_is_refused(site):
    """No ACL entry, or no key where one is asked for."""
    primary, proxy = started(site, key=Key())
    primary.load(ZONE, plain_zone(ZONE, 2))
    m = make_query(ZONE, 'SOA')
    m.set_opcode(4)
    asked = len(primary.requests(ZONE))
    answer = exchange_udp(V4, proxy.port, m.to_wire(), 2)
    assert answer is not None and answer[3] & 15 in (5, 9)
    stays(lambda: len(primary.requests(ZONE)) == asked, 0.5, 'ignored')


def test_random_datagrams_and_streams(site):
    """Noise on the public port: it answers on."""
    _, proxy = started(site)
    rng = random.Random(20260101)
    good = make_query(ZONE, 'SOA').to_wire()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for _ in range(2000):
            w = bytearray(good)
            for _ in range(rng.randrange(1, 6)):
                w[rng.randrange(len(w))] = rng.randrange(256)
            w += rng.randbytes(rng.randrange(0, 40))
            s.sendto(bytes(w[:rng.randrange(1, len(w) + 1)]),
                     (V4, proxy.port))
    for _ in range(50):
        with socket.create_connection((V4, proxy.port), 2) as s:
            s.sendall(struct.pack('!H', rng.randrange(1, 600))
                      + rng.randbytes(rng.randrange(0, 500)))
    wait_until(lambda: proxy.serial(ZONE) == 1, 3, 'it answers')
    assert dns.message.from_wire(
        exchange_udp(V4, proxy.port, good, 2)).answer
    pids = set(proxy.process.family())
    stays(lambda: pids <= set(proxy.process.family()), 0.3,
          'no process was lost')


@pytest.mark.parametrize('algorithm', [
    'hmac-md5', 'hmac-sha1', 'hmac-sha224', 'hmac-sha256', 'hmac-sha384',
    'hmac-sha512'])
def test_tsig_algorithms(site, algorithm):
    key = Key(name='k.' + algorithm, algorithm=algorithm)
    primary, proxy = started(site, key=key)
    primary.per_message = 4
    offer(primary, proxy, 2)
    proxy.wait_serial(ZONE, 2)
    assert proxy.axfr(ZONE, key=key)
    assert proxy.ask(ZONE, 'AXFR', tcp=True).rcode() in (5, 9)
