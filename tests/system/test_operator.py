"""What an operator does to a running daemon at night, and what the machine
does to both: rotated logs, wrong options, full disks, chroots, signals."""
import os
import pwd
import re
import shutil
import signal
import subprocess

import pytest

from harness.net import stays, wait_until
from harness.nsd import build_dir, under_test
from harness.server import Zone, unprivileged_user
from harness.zones import plain_zone

pytestmark = pytest.mark.ours

ZONE, OTHER = 'example.test.', 'other.test.'
as_root = pytest.mark.skipif(unprivileged_user() is None, reason='not root')


def small(site, *options):
    """One zone from a file."""
    proxy = site.proxy().add(Zone(ZONE, text=plain_zone(ZONE, 1)))
    proxy.server_options += options
    return proxy


def open_files(pid):
    found = []
    for name in os.listdir('/proc/%d/fd' % pid):
        try:
            found.append(os.readlink('/proc/%d/fd/%s' % (pid, name)))
        except FileNotFoundError:
            pass
    return found


def start_in_background(proxy, *options):
    """As an init script does; what it saw on standard error."""
    proxy.prepare()
    proxy.process.start([under_test(), '-c', proxy.config, *options])
    status = proxy.process.wait_exit(15)
    return status, (proxy.dir / 'stderr').read_text()


# -------------------------------------------------------------------- logs

@as_root
@pytest.mark.parametrize('how', ['log_reopen', 'SIGHUP'])
def test_rotated_log_of_root(site, how):
    """The log belongs to root, the children are somebody else: all of them
    write to the new file, a candidate with a verifier under way too."""
    primary = site.primary()
    primary.load(ZONE, plain_zone(ZONE, 1))
    proxy = site.proxy()
    proxy.username = unprivileged_user()
    shown = proxy.dir / 'shown'
    shown.mkdir(mode=0o777)
    shown.chmod(0o777)
    proxy.verify_with('verifier: %s' % proxy.file('verifier', '''#!/bin/sh
[ "$VERIFY_SERIAL" = 1 ] && exit 0
touch %s/begun
while [ ! -e %s/go ]; do sleep 0.05; done
echo said after the rotation
''' % (shown, shown), 0o755))
    proxy.add(Zone(ZONE, primary=primary.peer())).start()
    proxy.wait_serial(ZONE, 1, 15)
    primary.publish(ZONE, plain_zone(ZONE, 2), (primary.address, proxy.port))
    wait_until((shown / 'begun').exists, 10, 'the verifier runs')
    old = proxy.log.rename(proxy.dir / 'log.old')
    if how == 'SIGHUP':
        proxy.process.child.send_signal(signal.SIGHUP)
    else:
        assert proxy.control('log_reopen').strip() == 'ok'
    wait_until(proxy.log.exists, 5, 'a new log')
    wait_until(lambda: not [
        (pid, name) for pid, name in proxy.process.family().items()
        if name not in ('nsdv-keeper', 'nsdv-cworker')
        and str(old) in open_files(pid)], 5,
        lambda: 'nobody writes to the old one: %s' % {
            (pid, name): open_files(pid)
            for pid, name in proxy.process.family().items()})
    (shown / 'go').touch()
    proxy.wait_serial(ZONE, 2, 10)
    proxy.wait_log('verifier: said after the rotation')
    proxy.wait_log('zone example.test. serial 1 is updated to 2')


def test_errors_of_the_start_are_seen_in_the_background(site):
    """The log is a file, the terminal shows the error all the same."""
    proxy = small(site)
    proxy.server_options.append('ip-address: 192.0.2.1')
    status, text = start_in_background(proxy)
    assert status == 1
    assert re.search(r'error: cannot listen on 192\.0\.2\.1', text), text
    assert len(text.splitlines()) == 1, text
    assert not proxy.process.family()
    assert not (proxy.dir / 'pid').exists()
    assert not (proxy.dir / 'ctl').exists()


def test_nothing_in_the_background_holds_standard_error(site):
    """`nsd-verify 2>&1 | cat` ends."""
    proxy = small(site)
    proxy.prepare()
    done = subprocess.run(
        [under_test(), '-c', str(proxy.config)], timeout=15,
        cwd=proxy.dir, env={**os.environ, 'NSDV_TEST_PROCESS':
                            proxy.process.mark}, capture_output=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, b'')
    proxy.control('stop')
    wait_until(lambda: not proxy.process.family(), 5, 'it stops')
    assert not (proxy.dir / 'pid').exists()
    assert not (proxy.dir / 'ctl').exists()


# ------------------------------------------------------ a start that fails

BAD_START = {
    'state-dir of nowhere': ('state-dir: "/nonexistent/a/b"',
                             r'/nonexistent/a/b'),
    'state-dir is a file': ('state-dir: "{dir}/nsd.conf"', r'nsd\.conf'),
    'zonesdir': ('zonesdir: "/nonexistent/z"', r'zonesdir: /nonexistent/z'),
    'pidfile': ('pidfile: "/nonexistent/p/pid"', r'/nonexistent/p/pid'),
    'logfile': ('logfile: "/nonexistent/l/log"', r'/nonexistent/l/log'),
    'username': ('username: "no-such-user-here"', r'no-such-user-here'),
    'chroot': ('chroot: "/nonexistent/c"', r'/nonexistent/c'),
    'ip-address': ('ip-address: 192.0.2.1', r'192\.0\.2\.1'),
}


@pytest.mark.parametrize('how', BAD_START)
@pytest.mark.parametrize('ground', ['-d', 'background'])
def test_start_that_fails(site, how, ground):
    line, words = BAD_START[how]
    if how in ('username', 'chroot') and os.geteuid() != 0:
        pytest.skip('not root')
    proxy = small(site, line.format(dir=site.dir / 'proxy'))
    if ground == '-d':
        proxy.start(wait=False)
        status = proxy.process.wait_exit(10)
        text = (proxy.dir / 'stderr').read_text()
    else:
        status, text = start_in_background(proxy)
    errors = [n for n in text.splitlines() if 'error' in n]
    assert status == 1 and re.search(words, text), text
    assert len(errors) == 1 or how == 'chroot', text
    assert not proxy.process.family()
    assert not (proxy.dir / 'ctl').exists()
    assert not (proxy.dir / 'pid').exists()


@pytest.mark.parametrize('option', [
    ['-V', 'much'], ['-p', '0'], ['-p', '70000'], ['-N', 'x'], ['-x']])
def test_bad_command_line(site, option):
    proxy = small(site)
    proxy.prepare()
    proxy.process.start([under_test(), '-d', '-c', proxy.config, *option])
    assert proxy.process.wait_exit(5) == 1
    assert option[0][1:] in (proxy.dir / 'stderr').read_text().splitlines()[0]


def test_port_of_the_command_line(site):
    """As with nsd it is that of the addresses that name none."""
    proxy = small(site)
    port = site.ports.get()
    proxy.prepare()
    proxy.process.start([under_test(), '-d', '-c', proxy.config, '-p', port,
                         '-4', '-N', '2'])
    proxy.port = port
    proxy.wait_serial(ZONE, 1, 10)
    wait_until(lambda: len(proxy.roles()['nsdv-worker']) == 2, 5, 'two')
    assert proxy.serial(ZONE, 'ipv6') is None


# ----------------------------------------------------------------- signals

def test_signals(site):
    proxy = small(site).start()
    for sig in (signal.SIGUSR1, signal.SIGHUP, signal.SIGUSR1):
        proxy.process.child.send_signal(sig)
        stays(lambda: proxy.serial(ZONE) == 1, 0.2, 'it goes on')
    proxy.process.child.send_signal(signal.SIGINT)
    assert proxy.process.wait_exit(5) == 0
    assert not proxy.process.family()
    assert not (proxy.dir / 'pid').exists()
    assert not (proxy.dir / 'ctl').exists()


def test_ctrl_c_at_the_terminal(site):
    """The whole process group gets it."""
    proxy = small(site).start()
    os.killpg(proxy.process.pid, signal.SIGINT)
    assert proxy.process.wait_exit(5) == 0
    assert not re.search('error|died', proxy.log_text())


# ------------------------------------------------------------------ chroot

@as_root
def test_chroot(site):
    """All paths carry the prefix, as with NSD."""
    primary, sink = site.primary(), site.sink()
    primary.load(ZONE, plain_zone(ZONE, 1))
    user = unprivileged_user()
    proxy = site.proxy()
    proxy.username = user
    root = proxy.dir
    for name in ('bin', 'lib', 'lib64', 'usr'):
        (root / name).mkdir()
    busybox = shutil.which('busybox')
    proxy.server_options += ['chroot: "%s"' % root, 'zonefiles-write: 1']
    if busybox:
        shutil.copy(busybox, root / 'bin' / 'sh')
        verifier = '/bin/sh -c "cat > /dev/null; pwd >&2; test -e /nsd.conf"'
        proxy.verify_with('verifier: ' + verifier)
    own = plain_zone(OTHER, 7)
    (root / 'sub').mkdir()
    os.chown(root / 'sub', pwd.getpwnam(user).pw_uid, -1)
    proxy.add(Zone(ZONE, primary=primary.peer(), secondaries=[sink.peer()],
                   options=['zonefile: "sub/out.zone"']),
              Zone(OTHER, text=own)).start()
    proxy.wait_serial(ZONE, 1, 15)
    proxy.wait_serial(OTHER, 7, 15)
    for role, pids in proxy.roles().items():
        at = os.readlink('/proc/%d/root' % pids[0])
        if role not in ('nsdv-supervisor', 'nsdv-keeper'):
            assert at == str(root), role
    assert proxy.state_dir.is_dir() and not (root / 'proxy').exists()
    assert proxy.control('write', ZONE).strip() == 'ok'
    wait_until((root / 'sub' / 'out.zone').exists, 5, 'the zone file')
    proxy.log.rename(root / 'log.old')
    assert proxy.control('log_reopen').strip() == 'ok'
    assert 'ok' in proxy.control('reconfig')
    primary.publish(ZONE, plain_zone(ZONE, 2), (primary.address, proxy.port))
    proxy.wait_serial(ZONE, 2, 10)
    proxy.wait_log('zone example.test. serial 1 is updated to 2')
    proxy.control('stop')
    assert proxy.process.wait_exit(5) == 0
    assert not (root / 'pid').exists() and not (root / 'ctl').exists()
    proxy.restart(wait=False)
    proxy.wait_serial(ZONE, 2, 5)
