"""The verify address answers as one server: each zone under verification in
its candidate's version and in no other, the rest as published."""
import os
import signal
import socket
import struct
import time

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.update
import pytest

from harness import net
from harness.net import (V4, exchange_udp, make_query, read_framed,
                         send_framed, serial_of, stays, wait_until)
from harness.proc import is_alive
from harness.zones import plain_zone

PARENT, CHILD, OTHER, THIRD = ('uk.test.', 'co.uk.test.', 'other.test.',
                               'third.test.')
REFUSED = dns.rcode.REFUSED

# Serial 1 is good; the others wait for the test's word: an exit status. Only
# KILL ends them before that.
WAITS = '''
trap '' TERM
[ "$serial" = 1 ] && exit 0
while [ ! -s "$0.$zone$serial" ]; do sleep 0.02; done
exit $(cat "$0.$zone$serial")
'''


class Bench:
    def __init__(self, site, zones, texts=None, **how):
        self.texts = texts or {}
        self.primary = site.primary()
        for zone in zones:
            self.load(zone, 1)
        self.proxy = site.proxied(self.primary, zones, WAITS, **how)

    def load(self, zone, serial):
        self.primary.load(zone, plain_zone(zone, serial)
                          + self.texts.get(zone, '').replace(
                              'SERIAL', str(serial)))

    def check(self, *zones, serial=2):
        """A verifier of each zone is running."""
        for zone in zones:
            self.load(zone, serial)
            self.primary.notify(zone, V4, self.proxy.port)
            wait_until(lambda: self.proxy.runs(zone, serial), 10,
                       lambda: 'a verifier of %s runs\n%s' % (
                           zone, self.proxy.text_of_logs()[-3000:]))

    def check_together(self, *zones):
        """All in one window: they come while a check of the first runs."""
        for zone in zones:
            self.load(zone, 2)
        for zone in zones:
            self.primary.notify(zone, V4, self.proxy.port)
        for zone in zones:
            wait_until(lambda: self.proxy.runs(zone, 2), 10,
                       'a verifier of %s runs' % zone)

    def say(self, zone, status, serial=2):
        path = self.proxy.dir / ('verifier.%s%d' % (zone, serial))
        fresh = path.with_suffix('.new')
        fresh.write_text(str(status))
        os.replace(fresh, path)

    def serial(self, zone):
        return serial_of(V4, self.proxy.verify_port, zone)

    def ask(self, name, rdtype, **how):
        return net.ask(V4, self.proxy.verify_port, name, rdtype, **how)

    def rcode(self, name, rdtype='SOA', **how):
        answer = self.ask(name, rdtype, **how)
        return None if answer is None else answer.rcode()

    def connect(self):
        return socket.create_connection((V4, self.proxy.verify_port), 5)


def soa_of(wire):
    m = dns.message.from_wire(wire)
    return m.answer[0][0].serial if m.answer else dns.rcode.to_text(m.rcode())


def names_of(answer):
    return [(r.name.to_text(), r.rdtype) for r in answer.answer]


DS = 'co IN NS ns.co\nns.co IN A 192.0.2.1\n' \
    'co IN DS SERIAL 13 2 ' + 'ab' * 32 + '\n'


def test_parent_and_child_in_two_candidates(site):
    b = Bench(site, [PARENT, CHILD], {PARENT: DS})
    b.check(PARENT)
    b.check(CHILD)
    for tcp in (False, True):
        ds = b.ask(CHILD, 'DS', tcp=tcp)
        assert ds.answer[0][0].key_tag == 2, 'from the parent under check'
        assert b.ask(CHILD, 'SOA', tcp=tcp).answer[0][0].serial == 2
        assert b.ask(PARENT, 'SOA', tcp=tcp).answer[0][0].serial == 2
    assert b.proxy.serial(PARENT) == b.proxy.serial(CHILD) == 1
    b.say(CHILD, 0)
    b.proxy.wait_serial(CHILD, 2)
    assert b.ask(CHILD, 'DS').answer[0][0].key_tag == 2
    b.say(PARENT, 1)
    wait_until(lambda: b.rcode(PARENT) == REFUSED, 5, 'nothing is checked')
    assert b.proxy.serial(PARENT) == 1


def test_one_connection_over_several_candidates(site):
    b = Bench(site, [PARENT, CHILD, OTHER], {PARENT: DS})
    b.check(PARENT)
    b.check(CHILD)
    with b.connect() as s:
        for zone, serial in [(PARENT, 2), (CHILD, 2), (OTHER, 1), (CHILD, 2),
                             (PARENT, 2), (OTHER, 1)] * 5:
            send_framed(s, make_query(zone, 'SOA').to_wire())
            assert soa_of(read_framed(s)) == serial, zone
        send_framed(s, make_query('nowhere.example.', 'SOA').to_wire())
        assert soa_of(read_framed(s)) == 'REFUSED'
        send_framed(s, make_query(CHILD, 'SOA').to_wire())
        assert soa_of(read_framed(s)) == 2


def test_pipelined_queries_over_several_candidates(site):
    """More than one query's worth of octets goes to and fro."""
    b = Bench(site, [PARENT, CHILD])
    b.check(PARENT)
    b.check(CHILD)
    zones = [PARENT, CHILD, CHILD, PARENT, PARENT] * 80
    queries = [make_query(z, 'SOA') for z in zones]
    with b.connect() as s:
        s.sendall(b''.join(struct.pack('!H', len(q.to_wire())) + q.to_wire()
                           for q in queries))
        for i, q in enumerate(queries):
            wire = read_framed(s)
            assert wire is not None, 'answer %d of %d' % (i, len(queries))
            assert wire[:2] == q.to_wire()[:2] and soa_of(wire) == 2


def test_chain_into_another_candidate_ends(site):
    b = Bench(site, [PARENT, OTHER, THIRD], {PARENT: '''
alias IN CNAME www.other.test.
free IN CNAME www.third.test.
tree IN DNAME other.test.
''', OTHER: 'www IN TXT "SERIAL"\n', THIRD: 'www IN TXT "SERIAL"\n'})
    b.check(PARENT)
    before = b.ask('alias.' + PARENT, 'TXT')
    assert len(before.answer) == 2, 'not under verification: followed'
    b.check(OTHER)
    for name in ('alias.', 'www.tree.'):
        a = b.ask(name + PARENT, 'TXT')
        assert a.rcode() == 0 and 'www.other.test.' not in [
            n for n, _ in names_of(a)], a
    free = b.ask('free.' + PARENT, 'TXT')
    assert free.answer[1][0].strings == (b'1',), 'as published'
    # The asker gets it by its own query, on whatever connection.
    with b.connect() as s:
        for name, text in (('free.' + PARENT, b'1'),
                           ('www.' + OTHER, b'2')):
            send_framed(s, make_query(name, 'TXT').to_wire())
            m = dns.message.from_wire(read_framed(s))
            assert m.answer[-1][0].strings == (text,)
    b.say(OTHER, 1)
    wait_until(lambda: len(b.ask('alias.' + PARENT, 'TXT').answer) == 2, 5,
               'after the verdict it is followed again')
    assert b.ask('alias.' + PARENT, 'TXT').answer[1][0].strings == (b'1',)


def test_rejected_version_is_gone_from_its_window(site):
    """Two zones in one candidate: after the verdict on one its version is
    not to be had any more, on no connection; after a pass it is."""
    zones = [PARENT, OTHER, THIRD]
    b = Bench(site, [*zones, CHILD], server=['xfrd-reload-timeout: 1'])
    b.check(CHILD)
    b.check_together(*zones)
    with b.connect() as s:
        def over_tcp(zone):
            send_framed(s, make_query(zone, 'SOA').to_wire())
            return soa_of(read_framed(s))
        for zone in zones:
            assert over_tcp(zone) == b.serial(zone) == 2
        b.say(OTHER, 1)
        wait_until(lambda: b.serial(OTHER) == 1, 5, 'as published')
        assert over_tcp(OTHER) == 1
        b.say(THIRD, 0)
        b.proxy.wait_serial(THIRD, 2)
        # Each answers for those that are not under verification.
        stays(lambda: b.serial(OTHER) == 1 and over_tcp(OTHER) == 1
              and over_tcp(PARENT) == 2, 0.3, 'the verdicts hold')
        assert b.rcode(OTHER, 'AXFR', tcp=True) == REFUSED


def pids_of(proxy, role, number=None):
    result = []
    for pid in proxy.roles().get(role, []):
        with open('/proc/%d/cmdline' % pid, 'rb') as f:
            words = f.read().split(b'\0')[0].split()
        result.append((int(words[1]) if len(words) > 1 else 0, pid))
    return [pid for _, pid in sorted(result)]


@pytest.mark.parametrize('role', ['nsdv-cand', 'nsdv-cworker'])
def test_lost_candidate(site, role):
    """Its zone is refused or answered by its next candidate; not in the
    published version while its verifier runs, though another candidate is
    there to ask."""
    b = Bench(site, [PARENT, OTHER])
    b.check(OTHER)
    b.check(PARENT)
    assert b.serial(PARENT) == 2
    verifier = int(b.proxy.runs(PARENT, 2)[0][3])
    victim = pids_of(b.proxy, role)[-1]
    os.kill(victim, signal.SIGKILL)
    seen = set()
    end = time.monotonic() + 1
    while time.monotonic() < end:
        a = b.ask(PARENT, 'SOA', timeout=0.3)
        if a is not None and is_alive(verifier):
            seen.add(a.answer[0][0].serial if a.answer else a.rcode())
        assert b.serial(OTHER) == 2
    assert REFUSED in seen and seen <= {2, REFUSED}, seen
    b.say(OTHER, 0)
    b.proxy.wait_serial(OTHER, 2)


def test_nothing_under_verification(site):
    b = Bench(site, [PARENT])
    q = dns.message.make_query(PARENT, 'SOA', use_edns=0)
    a = dns.message.from_wire(
        exchange_udp(V4, b.proxy.verify_port, q.to_wire()))
    assert a.rcode() == REFUSED
    assert [o for o in a.options if o.otype == 15], 'with an EDE'
    for rdtype in ('SOA', 'AXFR', 'DS', 'TXT'):
        assert b.rcode(PARENT, rdtype, tcp=True) == REFUSED
    with b.connect() as s:      # several refusals on one connection
        for _ in range(3):
            send_framed(s, q.to_wire())
            assert soa_of(read_framed(s)) == 'REFUSED'
        b.check(PARENT)
        send_framed(s, q.to_wire())
        assert soa_of(read_framed(s)) == 2, 'the same connection goes on'


def test_who_may_ask_what(site):
    """Other names are refused, transfers are of zones under verification
    only; loopback needs no ACL, but a BLOCKED one holds."""
    b = Bench(site, [PARENT, OTHER])
    assert not b.proxy.zone(PARENT).secondaries
    b.check(PARENT)
    assert b.rcode('nowhere.example.') == REFUSED
    assert b.rcode('.', 'NS') == REFUSED
    assert b.serial(OTHER) == 1
    assert b.rcode(OTHER, 'AXFR', tcp=True) == REFUSED
    records = net.axfr(V4, b.proxy.verify_port, PARENT)
    assert net.serial_in(records) == 2
    assert net.ixfr(V4, b.proxy.verify_port, PARENT, 1)
    assert b.ask('x.' + PARENT, 'SOA').rcode() == dns.rcode.NXDOMAIN
    for opcode in (dns.opcode.NOTIFY, dns.opcode.UPDATE, dns.opcode.STATUS):
        for zone in (PARENT, OTHER):
            m = make_query(zone, 'SOA')
            m.set_opcode(opcode)
            answer = exchange_udp(V4, b.proxy.verify_port, m.to_wire())
            assert answer is not None and answer[3] & 15 in (4, 5), answer
    asked = len(b.primary.requests(OTHER))
    stays(lambda: len(b.primary.requests(OTHER)) == asked, 0.3,
          'a NOTIFY to the verify address starts nothing')


def test_blocked_holds_on_the_verify_address(site):
    b = Bench(site, [PARENT])
    b.proxy.zone(PARENT).options += ['provide-xfr: 127.0.0.1 BLOCKED',
                                     'allow-query: 127.0.0.1 BLOCKED']
    b.proxy.write_config()
    b.proxy.control('reconfig')
    b.check(PARENT)
    assert b.rcode(PARENT, 'AXFR', tcp=True) == REFUSED
    assert b.rcode(PARENT) == REFUSED
    assert net.ask('::1', b.proxy.verify_port, PARENT, 'SOA').rcode() == 0


def test_connections_that_only_sit(site):
    """They take the gate and the candidate's worker from nobody."""
    b = Bench(site, [PARENT, OTHER])
    b.check(PARENT)
    b.check(OTHER)
    query = make_query(PARENT, 'SOA').to_wire()
    silent, used = [], []
    try:
        for _ in range(300):
            silent.append(b.connect())
        assert b.rcode(PARENT, tcp=True, timeout=2) == 0
        for i in range(1100):
            # Not more than this test may have open itself.
            if len(used) == 400:
                used.pop(0).close()
            s = b.connect()
            used.append(s)
            send_framed(s, query)
            assert soa_of(read_framed(s)) == 2, i
        workers = b.proxy.roles()['nsdv-cworker']
        assert len(workers) == 2
        for zone in (PARENT, OTHER):
            assert b.rcode(zone, tcp=True, timeout=2) == 0
            assert b.serial(zone) == 2
    finally:
        for s in silent + used:
            s.close()


def test_flood_of_datagrams_costs_no_memory(site):
    """A worker that stands still: the gate drops, and others are served."""
    b = Bench(site, [PARENT, OTHER])
    b.check(OTHER)
    b.check(PARENT)
    gate = b.proxy.roles()['nsdv-gate'][0]
    stuck = pids_of(b.proxy, 'nsdv-cworker')[-1]

    def resident():
        with open('/proc/%d/statm' % gate) as f:
            return int(f.read().split()[1]) * 4096
    before = resident()
    os.kill(stuck, signal.SIGSTOP)
    try:
        query = make_query(PARENT, 'SOA').to_wire() + bytes(3000)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            for _ in range(20000):
                s.sendto(query, (V4, b.proxy.verify_port))
        wait_until(lambda: b.serial(OTHER) == 2, 5, 'others are served')
        assert resident() - before < 8 << 20
    finally:
        os.kill(stuck, signal.SIGCONT)
    wait_until(lambda: b.serial(PARENT) == 2, 5, 'it goes on')
