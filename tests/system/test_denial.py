"""What does not exist is proven to a validator's satisfaction: zones signed by
BIND, our answers judged by delv, also below empty non-terminals that opt-out
left out of the chain, deeper than anybody would hash."""
import re
import shutil
import subprocess

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
        # Only opt-out leaves it open whether a name is delegated.
        assert 'fully validated' in said or '-A' in how, (name, kind, said)
