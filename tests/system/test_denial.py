"""What does not exist is proven to a validator's satisfaction: zones signed by
BIND, our answers judged by delv, also below empty non-terminals that opt-out
left out of the chain, deeper than anybody would hash. Under opt-out delv is
content with less than RFC 5155 8.3 asks for: the closest encloser proof is
looked for here as well."""
import base64
import re
import shutil
import subprocess

import dns.dnssec
import dns.name
import dns.rdatatype
import pytest

from harness.net import V4
from harness.server import Zone

pytestmark = [
    pytest.mark.ours,
    pytest.mark.skipif(not shutil.which('delv') or
                       not shutil.which('dnssec-signzone'),
                       reason='without the tools of BIND')]

APEX = 'example.test.'
DEEP = 'a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.ent.' + APEX
ZONE = '''
example.test. 300 SOA ns.example.test. host.example.test. 1 3600 600 86400 100
example.test. 300 NS ns.example.test.
ns.example.test. 300 A 192.0.2.1
held.ent.example.test. 300 TXT "x"
*.wild.example.test. 300 TXT "w"
cut.%s 300 NS ns.example.test.
cut.bare.example.test. 300 NS ns.example.test.
insecure.half.two.example.test. 300 NS ns.example.test.
secure.half.two.example.test. 300 NS ns.example.test.
secure.half.two.example.test. 300 DS 1 13 2 %s
''' % (DEEP, 64 * 'A')
QUESTIONS = [
    ('no.' + APEX, 'A'), ('x.no.' + APEX, 'A'), (APEX, 'TXT'),
    ('no.ent.' + APEX, 'A'), ('ent.' + APEX, 'A'),
    ('no.' + DEEP, 'A'), (DEEP, 'A'), ('x.y.' + DEEP[8:], 'A'),
    ('cut.' + DEEP, 'DS'), ('cut.bare.' + APEX, 'DS'),
    ('no.bare.' + APEX, 'A'), ('bare.' + APEX, 'A'),
    ('no.half.two.' + APEX, 'A'), ('half.two.' + APEX, 'A'),
    ('no.two.' + APEX, 'A'), ('insecure.half.two.' + APEX, 'DS'),
    ('y.wild.' + APEX, 'A'), ('y.wild.' + APEX, 'TXT'),
]


def sign(directory, how):
    keys = []
    for flag in (['-f', 'KSK'], []):
        made = subprocess.run(
            ['dnssec-keygen', '-a', 'ECDSAP256SHA256', *flag, APEX],
            cwd=directory, check=True, capture_output=True, text=True)
        keys.append(made.stdout.strip())
    public = [(directory / (k + '.key')).read_text() for k in keys]
    (directory / 'unsigned').write_text(ZONE + ''.join(public))
    subprocess.run(['dnssec-signzone', '-O', 'full', '-o', APEX, '-f',
                    'signed', *how, 'unsigned', *keys],
                   cwd=directory, check=True, capture_output=True)
    anchor = re.search(r'DNSKEY (257) (3) (13) (.*)', public[0])
    (directory / 'anchors').write_text(
        'trust-anchors { "%s" static-key %s %s %s "%s"; };\n' % (
            APEX, *anchor.groups()))
    return re.sub(r'(?m)^;.*\n', '', (directory / 'signed').read_text())


HEX = bytes.maketrans(b'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567',
                      b'0123456789ABCDEFGHIJKLMNOPQRSTUV')


def spans_of(message):
    """(from, to, record) of each NSEC3, as base32hex."""
    return [(s.name.labels[0].upper().decode(),
             base64.b32encode(s[0].next).translate(HEX).decode(), s[0])
            for s in message.authority
            if s.rdtype == dns.rdatatype.NSEC3]


def is_proven(message, text):
    """An NSEC3 matches the name or, with the next closer name covered, one
    above it (RFC 5155 8.3)."""
    spans = spans_of(message)
    covers = False
    name = dns.name.from_text(text)
    apex = dns.name.from_text(APEX)
    while name.is_subdomain(apex):
        p = spans[0][2]
        h = dns.dnssec.nsec3_hash(name, p.salt, p.iterations, p.algorithm)
        if any(h == a for a, _, _ in spans):
            return covers or (message.rcode() == 0 and
                              name == dns.name.from_text(text))
        covers = any(a < h < b if a < b else h > a or h < b
                     for a, b, _ in spans)
        name = name.parent()
    return False


@pytest.mark.parametrize('how', [
    pytest.param([], id='nsec'),
    pytest.param(['-3', '-', '-H', '0'], id='nsec3'),
    pytest.param(['-3', 'beef', '-H', '2', '-A'], id='opt-out')])
def test_validator_is_satisfied(site, tmp_path, how):
    text = sign(tmp_path, how)
    proxy = site.proxy().add(Zone(APEX, text=text))
    proxy.start()
    for name, kind in QUESTIONS:
        done = subprocess.run(
            ['delv', '@' + V4, '-p', str(proxy.port), '-a', 'anchors',
             '+root=' + APEX, '+nodlv', name, kind], cwd=tmp_path,
            capture_output=True, text=True, timeout=20)
        said = done.stdout + done.stderr
        assert re.search('; (negative response, )?(fully validated|'
                         'unsigned answer)', said), (name, kind, said)
        answer = proxy.ask(name, kind, dnssec=True)
        if how and not answer.answer:
            assert is_proven(answer, name), (name, kind, answer)
        # Only opt-out leaves it open whether a name is delegated.
        assert 'fully validated' in said or '-A' in how, (name, kind, said)
