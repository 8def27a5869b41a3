"""Bad configuration, zone file, command line or surroundings: one clear line,
an exit status, nothing started. And good ones: ready, and saying so."""
import os
import re
import select
import socket
import subprocess

import pytest

from harness.net import V4, wait_until
from harness.nsd import build_dir, under_test
from harness.server import Zone, unprivileged_user
from harness.zones import plain_zone

pytestmark = pytest.mark.ours

ZONE = 'example.test.'
BAD_CONFIG = {
    'unknown-option': ('server:\n\tport: 53\n\tprot: 53\n', 3, 'prot'),
    'unknown-clause': ('serve:\n\tport: 53\n', 1, 'serve'),
    'number': ('server:\n\tport: fiftythree\n', 2, 'port'),
    'boolean': ('server:\n\tdo-ip4: maybe\n', 2, 'do-ip4'),
    'range': ('server:\n\tport: 70000\n', 2, '70000'),
    'no-key': ('zone:\n\tname: a.test\n\trequest-xfr: 127.0.0.1 nokey.\n',
               None, 'nokey'),
    'no-pattern': ('zone:\n\tname: a.test\n\tinclude-pattern: p\n', 3, 'p'),
    'twice': ('zone:\n\tname: a.test\nzone:\n\tname: A.test.\n', 3,
              'A.test'),
    'address': ('zone:\n\tname: a.test\n\trequest-xfr: 300.1.2.3 NOKEY\n', 3,
                '300.1.2.3'),
    'zone-name': ('zone:\n\tname: "a..test"\n', None, 'a..test'),
    'include': ('include: "/nonexistent/file"\n', 1, '/nonexistent/file'),
    'no-verifier': ('verify:\n\tenable: yes\nzone:\n\tname: a.test\n'
                    '\trequest-xfr: 127.0.0.1 NOKEY\n', None, 'verifier'),
    'verifier-user': ('verify:\n\tenable: no\n\tverifier-user: nobody.here\n', 3,
                      'nobody.here'),
    'verifier-user of a zone': (
        'zone:\n\tname: a.test\n\tzonefile: a\n\tverifier-user: "no one"\n',
        4, 'no one'),
    'yaml-unknown': ('---\nserver:\n  prot: 53\n', 3, 'prot'),
    'yaml-syntax': ('---\nserver:\n  port: [53\n', None, ''),
    'secret': ('key:\n\tname: k\n\tsecret: "not base64!"\n', None, 'key k'),
    'quote': ('server:\n\tlogfile: "open\n', None, ''),
}


def run(program, *arguments, **how):
    return subprocess.run(
        [str(build_dir() / 'src' / 'bin' / program), *map(str, arguments)],
        capture_output=True, text=True, timeout=10, **how)


@pytest.mark.parametrize('how', BAD_CONFIG)
def test_bad_configuration(site, how):
    text, line, word = BAD_CONFIG[how]
    path = site.dir / 'bad.conf'
    path.write_text(text)
    for done in (run('nsd-verify-checkconf', path),
                 run('nsd-verify', '-d', '-c', path),
                 run('nsd-verify', '-t', '-c', path)):
        errors = [e for e in done.stderr.splitlines() if 'error' in e]
        assert done.returncode not in (0, 99) and done.returncode > 0
        assert errors and word in '\n'.join(errors)
        place = r'%s:%s: ' % (re.escape(str(path)), line or r'\d+')
        assert re.search(place, errors[0]), errors
    assert run('nsd-verify-checkconf', path).returncode == 2


def test_checkconf_is_silent_when_good(site):
    path = site.dir / 'good.conf'
    path.write_text('server:\n\tport: 5353\n\tusername: ""\n'
                    'zone:\n\tname: a.test\n\tzonefile: a.zone\n')
    done = run('nsd-verify-checkconf', path)
    assert (done.returncode, done.stdout) == (0, '')
    done = run('nsd-verify-checkconf', '-o', 'port', path)
    assert (done.returncode, done.stdout.strip()) == (0, '5353')
    done = run('nsd-verify-checkconf', '-z', 'a.test', '-o', 'zonefile', path)
    assert (done.returncode, done.stdout.strip()) == (0, 'a.zone')
    dump = run('nsd-verify-checkconf', '-v', path)
    assert dump.returncode == 0 and 'a.test' in dump.stdout


@pytest.mark.parametrize('arguments', [
    ['-c', '/nonexistent/nsd-verify.conf', '-d'], ['--no-such-option'],
    ['-p', 'port', '-d'], ['-d', 'operand'], ['-c'], ['-V', 'much', '-d']],
    ids=lambda a: ' '.join(a))
def test_bad_command_line(arguments):
    done = run('nsd-verify', *arguments)
    assert done.returncode > 0
    assert done.stderr.strip(), 'it says why'
    assert len(done.stderr.splitlines()[0]) < 200


def test_version_and_help():
    assert 'nsd-verify' in (lambda d: d.stdout + d.stderr)(
        run('nsd-verify', '-v'))
    assert '-c' in (lambda d: d.stdout + d.stderr)(run('nsd-verify', '-h'))


def test_bad_zone_file(site):
    """It is named with its line; the zone is not served, others are."""
    proxy = site.proxy()
    proxy.add(Zone(ZONE, text=plain_zone(ZONE, 1).replace(
        'ns1 3600 IN A 192.0.2.1', 'ns1 3600 IN A 192.0.2.x')))
    proxy.add(Zone('good.test.', text=plain_zone('good.test.', 1)))
    proxy.start(wait=False)
    proxy.wait_serial('good.test.', 1, 10)
    wait_until(lambda: re.search(
        r'error: .*example\.test\.zone:\d+', proxy.text_of_logs()), 5,
        lambda: 'file and line\n' + proxy.text_of_logs())
    assert proxy.serial(ZONE) is None
    assert proxy.ask(ZONE, 'SOA').rcode() == 2


@pytest.mark.parametrize('included', [False, True])
@pytest.mark.parametrize('record, why', [
    ('@ IN SOA ns1 h 2 3600 600 86400 300', 'another SOA'),
    ('www.elsewhere. IN A 192.0.2.1', 'outside the zone'),
    ('www IN TYPE251 \\# 0', 'type')], ids=lambda v: v[:8])
def test_bad_record_in_a_zone_file(site, record, why, included):
    """What is right as a line and wrong in the zone: the line is named."""
    proxy = site.proxy()
    part = proxy.file('part', '; first\n' + record + '\n')
    text = plain_zone(ZONE, 1)
    line, file = text.count('\n') + 1, proxy.dir / 'example.test.zone'
    if included:
        line, file, record = 2, part, '$INCLUDE "%s"' % part
    proxy.add(Zone(ZONE, text=text + record + '\n'))
    proxy.start(wait=False)
    proxy.wait_log(r'error: .*%s:%d: .*%s' % (file.name, line, why))


def test_zone_file_without_soa(site):
    proxy = site.proxy()
    proxy.add(Zone(ZONE, text='; nothing\n; at all\n')).start(wait=False)
    proxy.wait_log(r'error: .*example\.test\.zone:3: no SOA')


@pytest.mark.parametrize('what', ['pipe', 'device', 'directory'])
def test_zone_file_is_no_file(site, what):
    """No loader waits for a writer that never comes."""
    proxy = site.proxy()
    proxy.add(Zone(ZONE), Zone('good.test.', text=plain_zone('good.test.', 1)),
              Zone('part.test.', text='$INCLUDE "%s"\n' % (
                  proxy.dir / 'example.test.zone')))
    path = proxy.dir / 'example.test.zone'
    if what == 'pipe':
        os.mkfifo(path)
    elif what == 'device':
        path.symlink_to('/dev/zero')
    else:
        path.mkdir()
    proxy.start(wait=False)
    proxy.wait_serial('good.test.', 1)
    proxy.wait_log(r'error: .*example\.test\.zone: not a regular file')
    proxy.wait_log(r'error: .*part\.test\.zone:1: not a regular file')
    wait_until(lambda: 'nsdv-loader' not in proxy.roles(), 5,
               'no loader is left')


def test_include_of_a_pipe(site):
    """In the configuration; a pipe on the command line is read."""
    pipe = site.dir / 'pipe'
    os.mkfifo(pipe)
    path = site.dir / 'a.conf'
    path.write_text('include: "%s"\n' % pipe)
    for done in (run('nsd-verify-checkconf', path),
                 run('nsd-verify', '-t', '-c', path)):
        assert done.returncode > 0
        assert re.search(r'a\.conf:1: .*not a regular file', done.stderr)
    done = run('nsd-verify-checkconf', '-o', 'port', '/dev/stdin',
               input='server:\n\tport: 5353\n')
    assert (done.returncode, done.stdout.strip()) == (0, '5353')


@pytest.mark.ours
def test_bad_zone_files_among_many(site):
    """One process reads many small files: the fault of one is its own."""
    proxy = site.proxy()
    names = ['zone%02d.test.' % i for i in range(70)]
    for name in names:
        proxy.add(Zone(name, text=plain_zone(name, 1)))
    proxy.zone(names[7]).text += '@ IN A 1.2.3.300\n'
    proxy.zone(names[33]).text = '; nothing\n'
    proxy.zone(names[50]).text = plain_zone(names[50], 1, size=4000)
    good = [n for i, n in enumerate(names) if i not in (7, 33)]
    proxy.start(wait=False)
    for name in good:
        proxy.wait_serial(name, 1, 10)
    log = proxy.log_text()
    assert len(re.findall(r'error: .*zone07\.test\.zone:\d+: ', log)) == 1
    assert len(re.findall(r'error: .*zone33\.test', log)) >= 1
    assert proxy.serial(names[7]) is None and proxy.serial(names[33]) is None
    assert len(list(proxy.state_dir.glob('*-*'))) <= 2, 'but for the large one'
    proxy.zone(names[7]).text = plain_zone(names[7], 2)
    proxy.write_zone_file(proxy.zone(names[7]))
    proxy.control('reload', names[7])
    proxy.wait_serial(names[7], 2)


def test_address_in_use(site):
    proxy = site.proxy().add(Zone(ZONE, text=plain_zone(ZONE, 1)))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((V4, proxy.port))
        proxy.start(wait=False)
        assert proxy.process.wait_exit(5) > 0
    assert re.search(r'error: .*127\.0\.0\.1.*in use', proxy.text_of_logs())
    assert not proxy.process.family()


def test_second_instance_is_refused(site):
    proxy = site.proxy().add(Zone(ZONE, text=plain_zone(ZONE, 1)))
    proxy.start()
    other = site.proxy('second')
    other.add(Zone(ZONE, text=plain_zone(ZONE, 1)))
    other.server_options.append('state-dir: "%s"' % proxy.state_dir)
    other.start(wait=False)
    assert other.process.wait_exit(5) > 0
    assert 'state' in other.text_of_logs()
    assert proxy.serial(ZONE) == 1


@pytest.mark.skipif(unprivileged_user() is None, reason='not root')
def test_state_directory_of_others_is_refused(site):
    import pwd
    proxy = site.proxy().add(Zone(ZONE, text=plain_zone(ZONE, 1)))
    state = proxy.state_dir
    state.mkdir()
    os.chown(state, pwd.getpwnam('nobody').pw_uid, -1)
    proxy.start(wait=False)
    assert proxy.process.wait_exit(5) > 0
    assert 'state' in proxy.text_of_logs()


@pytest.mark.skipif(unprivileged_user() is None, reason='not root')
def test_privileges_are_dropped(site):
    import pwd
    user = unprivileged_user()
    primary = site.primary()
    primary.load(ZONE, plain_zone(ZONE, 1))
    proxy = site.proxy()
    proxy.username = user
    os.chown(proxy.dir, pwd.getpwnam(user).pw_uid, -1)
    proxy.verify_with('verifier: %s' % proxy.script(
        'verifier', 'id -un > "$0.id"; exit 0'))
    proxy.add(Zone(ZONE, primary=primary.peer())).start()
    proxy.wait_serial(ZONE, 1, 15)
    assert (proxy.dir / 'verifier.id').read_text().strip() == user
    wanted = pwd.getpwnam(user).pw_uid
    seen = set()
    for role, pids in proxy.roles().items():
        try:
            status = open('/proc/%d/status' % pids[-1]).read()
        except FileNotFoundError:   # a candidate or an old worker, just gone
            continue
        seen.add(role)
        uids = re.search(r'^Uid:\s+(\d+)\s+(\d+)\s+(\d+)', status, re.M)
        if role not in ('nsdv-supervisor', 'nsdv-keeper'):
            assert {int(u) for u in uids.groups()} == {wanted}, role
            caps = re.search(r'^CapEff:\s+(\w+)', status, re.M).group(1)
            assert int(caps, 16) == 0, role
    assert seen >= {'nsdv-supervisor', 'nsdv-xfrd', 'nsdv-store', 'nsdv-gate'}


def test_service_manager_is_told(site):
    path = str(site.dir / 'notify')
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        os.chmod(path, 0o777)
        s.settimeout(10)
        proxy = site.proxy().add(Zone(ZONE, text=plain_zone(ZONE, 1)))

        def started():
            proxy.start(wait=False, env={'NOTIFY_SOCKET': path})
            seen = ''
            while 'READY=1' not in seen:
                seen += s.recv(4096).decode() + '\n'
        started()
        assert proxy.ask(ZONE, 'SOA') is not None, 'ready means it answers'
        proxy.wait_serial(ZONE, 1)
        proxy.stop()
        while select.select([s], [], [], 0)[0]:
            s.recv(4096)
        started()
        assert proxy.serial(ZONE) == 1, 'what was published is there at once'


def test_pid_file_and_daemon(site):
    """Without -d it goes to the background once it serves."""
    proxy = site.proxy().add(Zone(ZONE, text=plain_zone(ZONE, 1)))
    proxy.prepare()
    proxy.process.start([under_test(), '-c', proxy.config])
    assert proxy.process.wait_exit(10) == 0
    assert proxy.ask(ZONE, 'SOA') is not None
    proxy.wait_serial(ZONE, 1)
    pid = int((proxy.dir / 'pid').read_text())
    assert proxy.process.family()[pid] == 'nsdv-supervisor'
    proxy.control('stop')
    wait_until(lambda: not proxy.process.family(), 5, 'it stops')
