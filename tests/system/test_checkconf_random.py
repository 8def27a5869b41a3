"""Random configurations: what nsd-checkconf accepts, nsd-verify-checkconf
accepts too. The values drawn are such as can work: NSD also accepts a port of
65536, verifier-count: 0 (and hangs) and the like, which we refuse."""
import os
import random
import re
import shutil
import subprocess

import pytest

from harness.nsd import build_dir

OURS = str(build_dir() / 'src' / 'bin' / 'nsd-verify-checkconf')
NSD = shutil.which('nsd-checkconf', path='/usr/sbin:' + os.environ['PATH'])
ROUNDS = int(os.environ.get('NSDV_RANDOM_ROUNDS', '60'))

WORDS = {
    'address': ('1.2.3.4', '10.0.0.1', '::1', '2001:db8::5', 'fe80::1',
                '0.0.0.0', '::', '::ffff:1.2.3.4'),
    'port': ('', '', '@53', '@5353', '@65535'),
    'range': ('', '/0', '/8', '/24', '/32', '/128', '&255.0.0.0', '&ffff::',
              '-10.0.0.9', '-fe80::9'),
    'key': ('NOKEY', 'NOKEY', 'BLOCKED', 'k', '"k"', 'K'),
    'bool': ('yes', 'no', '"yes"', 'Yes'),
    'number': ('1', '2', '10', '100', '1000', '007', '"5"', '-3', 'x'),
    'path': ('/x/y', 'z', '"%s.zone"', '%1/%z', '.', '~/x', '"a b"', '""'),
    'word': ('x', 'a#b', "'y'", '-V', 'a\\b', '"a b"', '"c:"', 'eth0'),
    'zone': ('a', 'b.c', '.', 'x.', 'a_b', '-x', '*.y', '1/2.z', 'A\\046b'),
    'space': (' ', '\t', '\n', '\r\n  ', ' # note\n'),
}
OPTIONS = {
    'server': (
        'ip-address: {address}{port}', 'do-ip4: {bool}', 'port: {number}',
        'tcp-count: {number}', 'verbosity: {number}', 'zonesdir: {path}',
        'pidfile: {path}', 'logfile: {path}', 'identity: {word}',
        'rrl-slip: {number}', 'tcp-timeout: {number}',
        'xfrd-reload-timeout: {number}', 'zonefiles-check: {bool}',
        'statistics: {number}', 'tls-service-key: {path}',
        'cpu-affinity: 0 1', 'database: {path}', 'version: {word}',
        'interface: {address}', 'hide-version: {bool}'),
    'verify': (
        'enable: no', 'port: {number}', 'ip-address: {address}{port}',
        'verify-zones: {bool}', 'verifier: {word} {word}',
        'verifier-count: {number}', 'verifier-feed-zone: {bool}',
        'verifier-timeout: {number}'),
    'remote-control': (
        'control-enable: {bool}', 'control-interface: {address}',
        'control-interface: /x', 'control-port: {number}',
        'server-key-file: {path}'),
    'zone': (
        'zonefile: {path}', 'request-xfr: {address}{port} {key}',
        'request-xfr: AXFR {address}{port} {key}',
        'request-xfr: UDP {address} {key}',
        'allow-notify: {address}{range}{port} {key}',
        'notify: {address}{port} {key}',
        'provide-xfr: {address}{range}{port} {key}',
        'allow-query: {address}{range} {key}',
        'outgoing-interface: {address}{range}{port}',
        'allow-axfr-fallback: {bool}', 'notify-retry: {number}',
        'size-limit-xfr: {number}', 'min-expire-time: {number}',
        'min-expire-time: refresh+retry+1', 'ixfr-number: {number}',
        'store-ixfr: {bool}', 'verify-zone: {bool}', 'verifier: {word}',
        'verifier-timeout: {number}', 'rrl-whitelist: nxdomain',
        'include-pattern: p', 'zonestats: {word}'),
}


def fill(dice, text):
    return re.sub(r'\{(\w+)\}', lambda m: dice.choice(WORDS[m.group(1)]),
                  text)


def configuration(dice):
    parts = ['key:', 'name: k', 'secret: AAAA',
             'pattern:', 'name: p', 'zonefile: z', 'notify: ::7 k']
    for _ in range(dice.randint(1, 2)):
        section = dice.choice(sorted(OPTIONS))
        parts.append(section + ':')
        if section == 'zone':
            parts += [fill(dice, 'name: {zone}'), 'zonefile: dd',
                      'request-xfr: 1.1.1.1 NOKEY']
        parts += [fill(dice, dice.choice(OPTIONS[section]))
                  for _ in range(dice.randint(1, 3))]
    return ''.join(p + dice.choice(WORDS['space']) for p in parts)


def accepts(program, directory):
    r = subprocess.run([program, 't.conf'], cwd=directory, timeout=20,
                       capture_output=True, text=True)
    assert r.returncode in (0, 1, 2), r
    return r.returncode == 0, r.stdout + r.stderr


@pytest.mark.skipif(NSD is None, reason='no nsd-checkconf here')
@pytest.mark.parametrize('seed', range(4))
def test_random_configurations(tmp_path, seed):
    dice = random.Random(seed)
    accepted = 0
    for _ in range(ROUNDS):
        text = configuration(dice)
        (tmp_path / 't.conf').write_bytes(text.encode())
        theirs, _ = accepts(NSD, tmp_path)
        if not theirs:
            continue
        accepted += 1
        ours, said = accepts(OURS, tmp_path)
        assert ours, '%r\n%s' % (text, said)
    assert accepted > ROUNDS / 10
