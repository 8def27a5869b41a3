"""nsd-verify-checkconf beside the real nsd-checkconf: what NSD reads we read,
with the same values; what we say about it."""
import os
import pty
import shutil
import subprocess

import pytest

from checkconf_cases import BAD, GOOD
from harness.nsd import ROOT, build_dir

OURS = str(build_dir() / 'src' / 'bin' / 'nsd-verify-checkconf')
NSD = shutil.which('nsd-checkconf', path='/usr/sbin:' + os.environ['PATH'])

needs_nsd = pytest.mark.skipif(NSD is None, reason='no nsd-checkconf here')


def run(program, directory, *args):
    return subprocess.run([program, *args], cwd=directory, timeout=20,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          encoding='utf-8', errors='surrogateescape')


def write(directory, text, name='t.conf'):
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode('utf-8', 'surrogateescape'))
    return str(path)


def write_all(directory, files):
    if isinstance(files, str):
        files = [files]
    for name, text in files[1:]:
        write(directory, text, name)
    write(directory, files[0])
    return 't.conf'


def question(q):
    if isinstance(q, str):
        return ['-o', q]
    if q[0] == 'pattern':
        return ['-p', q[1], '-o', q[2]]
    return ['-z', q[0], '-o', q[1]]


@needs_nsd
@pytest.mark.parametrize('case', GOOD)
def test_what_nsd_accepts_we_accept(tmp_path, case):
    files, questions = GOOD[case]
    conf = write_all(tmp_path, files)
    theirs = run(NSD, tmp_path, conf)
    assert theirs.returncode == 0, theirs.stderr
    ours = run(OURS, tmp_path, conf)
    assert (ours.returncode, ours.stdout, ours.stderr) == (0, '', '')
    for q in questions:
        theirs = run(NSD, tmp_path, *question(q), conf)
        ours = run(OURS, tmp_path, *question(q), conf)
        assert theirs.returncode == 0, (q, theirs.stderr)
        assert (ours.returncode, ours.stdout) == (0, theirs.stdout), q


@needs_nsd
@pytest.mark.parametrize('case', BAD)
def test_what_nsd_refuses_we_refuse(tmp_path, case):
    conf = write_all(tmp_path, BAD[case])
    theirs = run(NSD, tmp_path, conf)
    assert theirs.returncode != 0
    ours = run(OURS, tmp_path, conf)
    assert ours.returncode == 2
    assert ours.stdout == ''
    first = ours.stderr.splitlines()[0]
    assert first.startswith('t.conf:') and ' error: ' in first, first


@pytest.mark.parametrize('case', GOOD)
def test_printed_configuration_is_accepted(tmp_path, case):
    """What -v prints is a configuration, if no secret is in it."""
    files, _ = GOOD[case]
    conf = write_all(tmp_path, files)
    first = run(OURS, tmp_path, '-v', conf)
    assert first.returncode == 0
    if 'secret: not shown' in first.stdout:
        assert 'AAAA' not in first.stdout
        return
    write(tmp_path, first.stdout, 'again.conf')
    again = run(OURS, tmp_path, '-v', 'again.conf')
    assert again.returncode == 0, again.stderr
    lines = [[line for line in out.splitlines() if '#' not in line]
             for out in (first.stdout, again.stdout)]
    if case not in ('hash inside a word', 'quotes'):
        assert lines[0] == lines[1]


def test_example_is_good(tmp_path):
    example = str(ROOT / 'nsd-verify.conf.example')
    r = run(OURS, tmp_path, example)
    assert (r.returncode, r.stdout, r.stderr) == (0, '', '')
    assert run(OURS, tmp_path, '-z', 'example.org', '-o', 'verifier',
               example).stdout == '"ldns-verify-zone" -V 1\n'


def test_nsds_own_sample_is_good(tmp_path):
    sample = '/etc/nsd/nsd.conf'
    if not os.path.exists(sample):
        pytest.skip('no nsd.conf here')
    assert run(OURS, tmp_path, sample).returncode == 0


def test_verified_zone_without_verifier_is_an_error(tmp_path):
    conf = write_all(tmp_path, 'verify: enable: yes\n\nzone: name: a\n'
                     '  request-xfr: 10.0.0.1 NOKEY\n')
    r = run(OURS, tmp_path, conf)
    assert r.returncode == 2
    assert r.stderr.startswith('t.conf:3: error: zone a: ')
    assert 'verifier' in r.stderr
    conf = write_all(tmp_path, 'verify: enable: yes\nzone: name: a\n'
                     '  request-xfr: 10.0.0.1 NOKEY verify-zone: no\n')
    assert run(OURS, tmp_path, conf).returncode == 0


def test_errors_name_file_line_and_nearest(tmp_path):
    conf = write_all(tmp_path, ['server:\n port: 1\n\ninclude: x/y.conf\n',
                                ('x/y.conf', 'verify:\n\tverifer: a\n')])
    r = run(OURS, tmp_path, conf)
    assert r.returncode == 2
    assert r.stderr.splitlines()[0] == (
        "x/y.conf:2: error: unknown option 'verifer' in verify:, "
        "nearest is verifier")


def test_include_of_no_file(tmp_path):
    """NSD 4.6 refuses a pattern that matches nothing; later ones do not."""
    conf = write_all(tmp_path, 'include: "nothing/*.conf"\nserver: port: 1\n')
    r = run(OURS, tmp_path, '-o', 'port', conf)
    assert (r.returncode, r.stdout) == (0, '1\n'), r.stderr


def test_include_loop(tmp_path):
    conf = write_all(tmp_path, ['include: a.inc\n',
                                ('a.inc', '# a\ninclude: b.inc\n'),
                                ('b.inc', 'include: "./a.in*"\n')])
    r = run(OURS, tmp_path, conf)
    assert r.returncode == 2
    assert r.stderr.splitlines()[0] == (
        'b.inc:1: error: cannot read ./a.inc: it includes itself')


def test_syntaxes_include_each_other(tmp_path):
    conf = write_all(tmp_path, [
        '---\nserver:\n  include: nsd.inc\n  verbosity: 2\nzone:\n'
        '  name: a\n  zonefile: x\n',
        ('nsd.inc', '\tport: 77\nzone:\tname: b zonefile: y\n'
                    'include: yaml.inc\n'),
        ('yaml.inc', '---\nserver:\n  identity: z\n')])
    for q, want in (('port', '77'), ('verbosity', '2'), ('identity', 'z')):
        r = run(OURS, tmp_path, '-o', q, conf)
        assert (r.returncode, r.stdout) == (0, want + '\n'), r.stderr


def test_file_that_cannot_be_read(tmp_path):
    for name in ('nowhere.conf', '.'):
        r = run(OURS, tmp_path, name)
        assert r.returncode == 2
        assert r.stderr.startswith(name + ': error: '), r.stderr
    r = run(OURS, tmp_path, write(tmp_path, 'server:\n\0'))
    assert r.returncode == 2 and 'zero octet' in r.stderr


NOTICED = ('verify: enable: yes verifier: a verifier: b\n'
           'server: metrics-port: 5\nzone: name: a zonefile: x\n')


def test_notices_with_v(tmp_path):
    conf = write_all(tmp_path, NOTICED)
    assert run(OURS, tmp_path, conf).stderr == ''
    r = run(OURS, tmp_path, '-v', conf)
    assert r.returncode == 0
    for words in ('t.conf:2: notice: metrics-port: has no effect in this version',
                  'has 2 verifiers', 'username: is unset',
                  't.conf:3: notice: zone a: its zone file is verified'):
        assert words in r.stderr


def test_notices_on_a_terminal(tmp_path):
    conf = write_all(tmp_path, NOTICED)
    try:
        master, slave = pty.openpty()
    except OSError as e:        # a chroot without /dev/pts
        pytest.skip(str(e))
    try:
        r = subprocess.run([OURS, conf], cwd=tmp_path, stderr=slave,
                           stdout=subprocess.PIPE, timeout=20)
        assert (r.returncode, r.stdout) == (0, b'')
        assert b'notice: ' in os.read(master, 65536)
    finally:
        os.close(master)
        os.close(slave)


def test_nothing_is_believed_in_vain(tmp_path):
    """An option that does nothing, and what would go unprotected, is told."""
    conf = write_all(tmp_path, 'server: xfrd-tcp-pipeline: 9 '
                     'xdp-interface: e\n'
                     'remote-control: control-enable: yes '
                     'control-interface: 127.0.0.1\n'
                     'tls-auth: name: t auth-domain-name: x.y\n'
                     'zone: name: a request-xfr: 10.0.0.1 NOKEY t '
                     'provide-xfr: 10.0.0.2 NOKEY t\n')
    r = run(OURS, tmp_path, '-v', conf)
    assert r.returncode == 0
    for words in ('xfrd-tcp-pipeline: has no effect in this version',
                  'xdp-interface: has no meaning here, ignored',
                  'control-interface: 127.0.0.1 is skipped',
                  'primary 10.0.0.1 is not asked',
                  '10.0.0.2 gets no transfer'):
        assert words in r.stderr


def test_no_builtin_verifiers(tmp_path):
    conf = write_all(tmp_path, 'verify: enable: yes verifier: '
                     'builtin:dnssec\nzone: name: a request-xfr: 10.0.0.1 '
                     'NOKEY\n')
    r = run(OURS, tmp_path, conf)
    assert r.returncode == 2
    assert 'no verifier builtin:dnssec in this version' in r.stderr


def test_single_values(tmp_path):
    conf = write_all(tmp_path, 'key: name: k algorithm: hmac-sha1 secret: '
                     'AAAA\ntls-auth: name: t auth-domain-name: x.y\n'
                     'server: zonesdir: /z\n'
                     'zone: name: a zonefile: %1/%s.zone\n')
    for args, want in ((['-s', 'k'], 'AAAA'), (['-a', 'k'], 'hmac-sha1'),
                       (['-t', 't'], 'x.y'),
                       (['-f', '-z', 'A.', '-o', 'zonefile'],
                        '/z/a/a.zone'),
                       (['-o', 'state-dir'],
                        '/var/lib/nsd-verify/xfrd.state.d'),
                       (['-z', 'a', '-o', 'verifier-timeout'], '14400')):
        r = run(OURS, tmp_path, *args, conf)
        assert (r.returncode, r.stdout) == (0, want + '\n'), args
    for args in (['-s', 'x'], ['-t', 'x'], ['-o', 'nothing'],
                 ['-z', 'b', '-o', 'notify'], ['-p', 'b', '-o', 'notify']):
        r = run(OURS, tmp_path, *args, conf)
        assert r.returncode == 1 and r.stdout == '' and r.stderr != '', args


def test_command_line(tmp_path):
    assert run(OURS, tmp_path, '-h').stdout.startswith('usage: ')
    assert run(OURS, tmp_path, '-V').stdout.startswith('nsd-verify-checkconf ')
    assert run(OURS, tmp_path, '-Q').returncode == 2
    assert run(OURS, tmp_path, 'a', 'b').returncode == 2
