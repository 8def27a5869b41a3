"""Transfers in and out, apart from verification: timers, several primaries,
what goes out by IXFR, and what TSIG errors look like."""
import struct
import time

import pytest

import dns.message
import dns.rcode
import dns.rdatatype
import dns.tsig

from harness.net import (Key, V4, V6, as_set, axfr, exchange_tcp,
                         exchange_udp, ixfr, make_query, stays, wait_until)
from harness.server import Peer, Zone
from harness.zones import plain_zone

ZONE = 'example.test.'


def started(site, text=None, key=None, options=(), **how):
    primary = site.primary(key=key)
    primary.load(ZONE, text or plain_zone(ZONE, 1))
    proxy = site.proxy()
    proxy.server_options.append('xfrd-reload-timeout: 0')
    proxy.add(Zone(ZONE, primary=primary.peer(), options=list(options),
                   **how)).start()
    proxy.wait_serial(ZONE, primary.versions[ZONE][-1].serial, 15)
    return primary, proxy


def publish(primary, proxy, serial, text=None):
    primary.publish(ZONE, text or plain_zone(ZONE, serial),
                    (V4, proxy.port))
    proxy.wait_serial(ZONE, serial)


def serials(records):
    return [r[2].serial for r in records if r[2].rdtype == 6]


def test_refresh_without_notify(site):
    primary, proxy = started(site, plain_zone(ZONE, 1, refresh=1, retry=1))
    primary.load(ZONE, plain_zone(ZONE, 2, refresh=3600))
    proxy.wait_serial(ZONE, 2, 6)


def test_retry_after_failure(site):
    primary, proxy = started(site, plain_zone(ZONE, 1, refresh=1, retry=1))
    primary.rcode[ZONE] = dns.rcode.SERVFAIL
    asked = len(primary.requests(ZONE))
    wait_until(lambda: len(primary.requests(ZONE)) > asked, 6, 'it asks')
    primary.load(ZONE, plain_zone(ZONE, 2))
    primary.rcode.clear()
    proxy.wait_serial(ZONE, 2, 8)


def test_expire_and_return(site):
    """Error rcodes keep no zone alive; an expired one answers SERVFAIL."""
    primary, proxy = started(
        site, plain_zone(ZONE, 1, refresh=1, retry=1, expire=3))
    primary.rcode[ZONE] = dns.rcode.REFUSED
    wait_until(lambda: proxy.ask(ZONE, 'SOA').rcode() == 2, 12,
               'the zone expires')
    primary.rcode.clear()
    proxy.wait_serial(ZONE, 1, 8)
    primary.load(ZONE, plain_zone(ZONE, 2))
    primary.notify(ZONE, V4, proxy.port)
    proxy.wait_serial(ZONE, 2, 5)


@pytest.mark.ours
def test_rejection_is_not_an_outage(site):
    """The last good version does not expire while newer ones are refused."""
    primary = site.primary()
    primary.load(ZONE, plain_zone(ZONE, 1, refresh=1, retry=1, expire=3))
    proxy = site.proxied(primary, [ZONE], '[ "$serial" = 1 ]')
    primary.load(ZONE, plain_zone(ZONE, 2, refresh=1, retry=1, expire=3))
    primary.notify(ZONE, V4, proxy.port)
    wait_until(lambda: proxy.runs(ZONE, 2), 5, 'a verifier runs')
    stays(lambda: proxy.serial(ZONE) == 1, 7, 'serial 1 stays published')


def test_second_primary(site):
    """The first refuses, or is away: the next is asked."""
    first, second = site.primary(), site.primary()
    second.load(ZONE, plain_zone(ZONE, 1))
    proxy = site.proxy()
    proxy.add(Zone(ZONE, primary=Peer(first.port), also_primaries=[
        Peer(site.ports.get()), second.peer()])).start()
    proxy.wait_serial(ZONE, 1, 15)
    publish(second, proxy, 2)
    assert second.requests(ZONE, 'IXFR')


def test_primary_with_ixfr_refused(site):
    """No IXFR there: AXFR, and still IXFR goes out (ixfr-from-axfr)."""
    primary, proxy = started(site)
    primary.offers_ixfr = False
    publish(primary, proxy, 2)
    publish(primary, proxy, 3)
    expected = as_set(primary.versions[ZONE][-1].axfr())
    assert as_set(proxy.axfr(ZONE)) == expected


@pytest.mark.ours
def test_ixfr_out_from_axfr_in(site):
    primary, proxy = started(site)
    primary.offers_ixfr = False
    publish(primary, proxy, 2)
    records = proxy.ixfr(ZONE, 1)
    assert serials(records) == [2, 1, 2, 2]
    names = [r[0].to_text() for r in records]
    assert names.count('only-1.' + ZONE) == names.count('only-2.' + ZONE) == 1
    assert len(records) < 14, 'the difference only'


def apply_ixfr(base, records):
    """The set that a downstream has after an IXFR (RFC 1995 section 4)."""
    result = set(base)
    position = 1
    while position < len(records) - 1:
        end = position + 1
        while records[end][2].rdtype != 6:
            end += 1
        gone = as_set(records[position:end])
        position = end
        end = position + 1
        while records[end][2].rdtype != 6:
            end += 1
        added = as_set(records[position:end])
        assert gone <= result, 'deletes what is there'
        result -= gone
        assert not added & result, 'adds what is not there'
        result |= added
        position = end
    return result


@pytest.mark.ours
def test_added_and_deleted_does_not_come_back(site):
    """A record that one step adds and the next deletes: an IXFR over several
    steps leads to the same zone as an AXFR."""
    def text(serial, extra=''):
        return plain_zone(ZONE, serial, size=200) + extra
    primary, proxy = started(site, text(1))
    base = as_set(proxy.axfr(ZONE))
    extra = 'passing 300 IN A 192.0.2.99\n'
    publish(primary, proxy, 2, text(2, extra))
    publish(primary, proxy, 3, text(3))
    publish(primary, proxy, 4, text(4, extra))
    publish(primary, proxy, 5, text(5))
    final = as_set(proxy.axfr(ZONE))
    assert final == as_set(primary.versions[ZONE][-1].axfr())
    assert apply_ixfr(base, proxy.ixfr(ZONE, 1)) == final


@pytest.mark.ours
def test_steps_fetched_at_once_go_out_as_one(site):
    """1-2-3 in one answer is published as 1-3: a net difference."""
    primary, proxy = started(site)
    base = as_set(proxy.axfr(ZONE))
    primary.load(ZONE, plain_zone(ZONE, 2)
                 + 'passing 300 IN A 192.0.2.99\n')
    publish(primary, proxy, 3)
    records = proxy.ixfr(ZONE, 1)
    assert serials(records) == [3, 1, 3, 3]
    assert 'passing.' + ZONE not in {r[0].to_text() for r in records}
    assert apply_ixfr(base, records) == as_set(proxy.axfr(ZONE))


@pytest.mark.ours
def test_changed_case_and_ttl_go_out(site):
    primary, proxy = started(site)
    base = as_set(proxy.axfr(ZONE))
    publish(primary, proxy, 2, plain_zone(ZONE, 2, version=1)
            .replace('ns1 3600 IN A ', 'ns1 7200 IN A '))
    final = as_set(proxy.axfr(ZONE))
    assert final == as_set(primary.versions[ZONE][-1].axfr())
    assert apply_ixfr(base, proxy.ixfr(ZONE, 1)) == final


def test_ixfr_number_limits_the_history(site):
    primary, proxy = started(site, options=['ixfr-number: 2'])
    for serial in (2, 3, 4, 5):
        publish(primary, proxy, serial)
    assert serials(proxy.ixfr(ZONE, 3))[1] == 3
    whole = proxy.ixfr(ZONE, 1)
    assert serials(whole) == [5, 5], 'AXFR where history is missing'
    assert as_set(whole) == as_set(proxy.axfr(ZONE))


def test_ixfr_up_to_date_and_ahead(site):
    _, proxy = started(site)
    for serial in (1, 2):
        records = proxy.ixfr(ZONE, serial)
        assert serials(records) == [1] and len(records) == 1


def test_ixfr_over_udp(site):
    primary, proxy = started(site)
    publish(primary, proxy, 2)
    query = make_query(ZONE, 'IXFR', serial=1)
    m = dns.message.from_wire(exchange_udp(
        V4, proxy.port, query.to_wire(), 2), one_rr_per_rrset=True)
    soas = [r[0].serial for r in m.answer if r.rdtype == 6]
    assert soas in ([2, 1, 2, 2], [2])


def test_axfr_over_udp_is_refused(site):
    _, proxy = started(site)
    answer = exchange_udp(V4, proxy.port,
                          make_query(ZONE, 'AXFR').to_wire(), 2)
    assert answer[3] & 15 in (1, 4, 5)


def test_transfer_needs_permission(site):
    _, proxy = started(site, key=Key())
    for rdtype in ('AXFR', 'IXFR'):
        query = make_query(ZONE, rdtype,
                           serial=0 if rdtype == 'IXFR' else None)
        answer = exchange_tcp(V4, proxy.port, query.to_wire(), 2)
        assert answer[3] & 15 in (5, 9)
    assert axfr(V6, proxy.port, ZONE, Key())


@pytest.mark.ours
def test_large_zone_in_many_messages(site):
    """Both ways, signed with TSIG, several hundred messages."""
    key = Key()
    primary = site.primary(key=key)
    primary.per_message = 20
    primary.load(ZONE, plain_zone(ZONE, 1, size=8000))
    proxy = site.proxy()
    proxy.add(Zone(ZONE, primary=primary.peer())).start()
    proxy.wait_serial(ZONE, 1, 20)
    assert as_set(proxy.axfr(ZONE)) == \
        as_set(primary.versions[ZONE][-1].axfr())


def tsig_error(site, spoil):
    """The answer to a spoiled signed query: (rcode, TSIG error or None)."""
    _, proxy = started(site, key=Key())
    query = make_query(ZONE, 'SOA', spoil.get('key', Key()))
    wire = bytearray(query.to_wire())
    if 'octet' in spoil:
        wire[spoil['octet']] ^= 1
    answer = exchange_udp(V4, proxy.port, bytes(wire), 2)
    m = dns.message.from_wire(answer, continue_on_error=True)
    position = answer.find(b'\x00\xfa\x00\xff')
    assert position > 0, 'the answer has a TSIG record'
    rdata = answer[position + 10:]
    at = rdata.index(b'\x00') + 1
    mac_len = struct.unpack('!H', rdata[at + 8:at + 10])[0]
    error = struct.unpack('!H', rdata[at + 12 + mac_len:at + 14 + mac_len])[0]
    return m.rcode(), error, mac_len


def test_unknown_key(site):
    """RFC 8945 5.2.1: NOTAUTH, BADKEY, unsigned."""
    assert tsig_error(site, {'key': Key('other.key')}) == (9, 17, 0)


def test_bad_signature(site):
    """RFC 8945 5.2.2: NOTAUTH, BADSIG, unsigned."""
    wrong = Key(secret='d3Jvbmcgd3Jvbmcgd3Jvbmcgd3Jvbmcgd3Jvbmc=')
    assert tsig_error(site, {'key': wrong}) == (9, 16, 0)


def test_bad_time(site, monkeypatch):
    """RFC 8945 5.2.3: NOTAUTH, BADTIME, signed."""
    _, proxy = started(site, key=Key())
    real = time.time
    with monkeypatch.context() as m:
        m.setattr(time, 'time', lambda: real() - 3600)
        wire = make_query(ZONE, 'SOA', Key()).to_wire()
    answer = exchange_udp(V4, proxy.port, wire, 2)
    assert answer[3] & 15 == 9
    assert struct.pack('!HH', 18, 6) in answer, 'BADTIME and our time'


def test_ixfr_is_signed_throughout(site):
    key = Key()
    primary, proxy = started(site, key=key)
    publish(primary, proxy, 2)
    assert serials(ixfr(V4, proxy.port, ZONE, 1, key))[:2] == [2, 1]
