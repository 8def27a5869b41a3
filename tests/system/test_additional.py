"""Additional data beside BIND, which knows all of it, and NSD, which knows
the older half."""
import dns.rdatatype
import pytest

from harness.server import Zone

ZONE = 'example.test.'
NAMES = '''
@ 60 IN SOA ns hostmaster 7 3600 600 86400 300
@ 60 IN NS ns
@ 60 IN MX 10 mail
@ 60 IN HTTPS 1 . alpn=h2
@ 60 IN A 192.0.2.99
ns 60 IN A 192.0.2.1
ns 60 IN AAAA 2001:db8::1
mail 60 IN A 192.0.2.2
mail 60 IN X25 "1234"
mail 60 IN ISDN "1234"
svc 60 IN HTTPS 1 target alpn=h2
svc 60 IN HTTPS 2 target2 alpn=h3
alias 60 IN HTTPS 0 svc
svcb 60 IN SVCB 0 www
www 60 IN SVCB 1 target alpn=h2
www 60 IN A 192.0.2.9
own 60 IN HTTPS 1 . alpn=h2
own 60 IN A 192.0.2.66
off 60 IN HTTPS 0 .
off 60 IN A 192.0.2.67
target 60 IN A 192.0.2.3
target 60 IN AAAA 2001:db8::3
target2 60 IN A 192.0.2.4
naps 60 IN NAPTR 10 10 "s" "SIP+D2U" "" _sip._udp
napa 60 IN NAPTR 10 10 "A" "x" "" mail
napu 60 IN NAPTR 10 10 "u" "E2U+sip" "!^.*$!sip:a@b!" .
nape 60 IN NAPTR 10 10 "" "" "" napa
_sip._udp 60 IN SRV 1 1 5060 target
kx 60 IN KX 10 mail
rt 60 IN RT 10 mail
afs 60 IN AFSDB 1 mail
mb 60 IN MB mail
lp 60 IN LP 10 l
l 60 IN L32 10 10.1.2.3
l 60 IN L64 10 2001:db8:1:2
ptr 60 IN PTR mail
alone 60 IN CNAME svc
sub 60 IN NS ns.sub
ns.sub 60 IN A 192.0.2.77
into 60 IN MX 1 ns.sub
'''
ROWS = [('@', 'MX'), ('@', 'HTTPS'), ('@', 'NS'), ('svc', 'HTTPS'),
        ('alias', 'HTTPS'), ('svcb', 'SVCB'), ('www', 'SVCB'),
        ('own', 'HTTPS'), ('off', 'HTTPS'), ('naps', 'NAPTR'),
        ('napa', 'NAPTR'), ('napu', 'NAPTR'), ('nape', 'NAPTR'),
        ('_sip._udp', 'SRV'), ('kx', 'KX'), ('rt', 'RT'), ('afs', 'AFSDB'),
        ('mb', 'MB'), ('lp', 'LP'), ('ptr', 'PTR'), ('alone', 'HTTPS'),
        ('x.sub', 'A'), ('into', 'MX')]
# Older than RFC 3403, 6742 and 9460; AFSDB it leaves alone (RFC 1183 1).
UNKNOWN_TO_NSD = {'HTTPS', 'SVCB', 'NAPTR', 'LP', 'AFSDB'}
# RFC 9460 4.1: A, AAAA and SVCB of a target; BIND gives only SVCB if there is.
BEYOND_BIND = {'svcb': {('www.' + ZONE, 'A', '192.0.2.9')}}


def text():
    return '$ORIGIN %s\n%s' % (ZONE, NAMES)


@pytest.fixture(scope='module')
def servers():
    from conftest import Site
    site = Site()
    try:
        found = {}
        for kind in ('nsd-verify', 'bind', 'nsd'):
            server = site.server(kind)
            if kind == 'bind':
                server.server_options += ['minimal-responses no;']
            if kind == 'nsd':   # its feeder does not know all these types
                path = server.file('own.zone', text())
                server.add(Zone(ZONE, options=['zonefile: "%s"' % path]))
            else:
                server.add(Zone(ZONE, text=text()))
            found[kind] = server.start()
            server.wait_serial(ZONE, 7)
        yield found
    finally:
        assert not site.close(False)


def additional(server, name, rdtype):
    owner = ZONE if name == '@' else '%s.%s' % (name, ZONE)
    answer = server.ask(owner, rdtype)
    return {(r.name.to_text(), dns.rdatatype.to_text(r.rdtype),
             rd.to_text()) for r in answer.additional for rd in r}


@pytest.mark.ours
@pytest.mark.parametrize('name, rdtype', ROWS)
def test_additional(servers, name, rdtype):
    ours, bind, nsd = (additional(servers[k], name, rdtype)
                       for k in ('nsd-verify', 'bind', 'nsd'))
    assert ours == bind | BEYOND_BIND.get(name, set())
    if rdtype in UNKNOWN_TO_NSD:
        assert nsd <= ours
    else:
        assert ours == nsd
