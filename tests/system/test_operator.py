"""What an operator does to a running daemon at night, and what the machine
does to both: rotated logs, wrong options, full disks, chroots, signals."""
import contextlib
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
    """Of a process that may end meanwhile."""
    found = []
    try:
        for name in os.listdir('/proc/%d/fd' % pid):
            try:
                found.append(os.readlink('/proc/%d/fd/%s' % (pid, name)))
            except FileNotFoundError:
                pass
    except (FileNotFoundError, ProcessLookupError):
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
        if name != 'nsdv-keeper'
        and str(old) in open_files(pid)], 5,
        lambda: 'nobody writes to the old one: %s' % {
            (pid, name): open_files(pid)
            for pid, name in proxy.process.family().items()})
    (shown / 'go').touch()
    proxy.wait_serial(ZONE, 2, 10)
    proxy.wait_log('verifier: said after the rotation')
    proxy.wait_log('zone example.test. serial 1 is updated to 2')


def test_log_that_cannot_be_reopened(site):
    """It is said, and the log goes on where it was."""
    proxy = small(site).start()
    old = proxy.log.rename(proxy.dir / 'log.old')
    proxy.log.mkdir()
    status, text = proxy.control_run('log_reopen')
    assert status != 0 and str(proxy.log) in text, text
    assert 'Is a directory' in text
    proxy.publish(ZONE, plain_zone(ZONE, 2))
    proxy.wait_serial(ZONE, 2)
    wait_until(lambda: 'updated to 2' in old.read_text(), 5, 'the old log')
    proxy.log.rmdir()
    assert proxy.control('log_reopen').strip() == 'ok'
    proxy.publish(ZONE, plain_zone(ZONE, 3))
    proxy.wait_log('updated to 3')


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


# ------------------------------------------------------------- zone files

def test_write_leaves_the_file_of_a_primary_zone_alone(site):
    """It is the operator's, with comments that are nowhere else."""
    primary = site.primary()
    primary.load(OTHER, plain_zone(OTHER, 1))
    text = '; the only copy of this comment\n' + plain_zone(ZONE, 1)
    proxy = site.proxy().add(
        Zone(ZONE, text=text),
        Zone(OTHER, primary=primary.peer(), options=['zonefile: "out"']))
    proxy.start()
    proxy.wait_serial(OTHER, 1, 10)
    for words in (['write'], ['write', ZONE]):
        assert proxy.control(*words).strip() == 'ok'
    wait_until((proxy.dir / 'out').exists, 5, 'that of the other is written')
    before = (proxy.dir / 'out').stat().st_mtime_ns
    assert proxy.control('write', OTHER).strip() == 'ok'
    stays(lambda: (proxy.dir / 'out').stat().st_mtime_ns == before, 0.3,
          'what is written is not written again')
    (proxy.dir / 'out').unlink()
    assert proxy.control('write', OTHER).strip() == 'ok'
    wait_until((proxy.dir / 'out').exists, 5, 'unless it is gone')
    assert (proxy.dir / 'example.test.zone').read_text() == text


def test_write_into_a_directory_that_is_closed(site):
    primary = site.primary()
    primary.load(ZONE, plain_zone(ZONE, 1))
    proxy = site.proxy().add(Zone(ZONE, primary=primary.peer(), options=[
        'zonefile: "/nonexistent/directory/out"']))
    proxy.start()
    proxy.wait_serial(ZONE, 1, 10)
    assert proxy.control('write').strip() == 'ok'
    proxy.wait_log('error: .*/nonexistent/directory/out: No such file')
    assert proxy.serial(ZONE) == 1


def test_reload_takes_other_content_under_the_same_serial(site):
    """As with NSD, where the file is all that the zone has; a file that was
    only touched changes nothing."""
    proxy = small(site).start()
    zone = proxy.zone(ZONE)
    zone.text = plain_zone(ZONE, 1, version=99)
    proxy.write_zone_file(zone)
    proxy.control('reload')
    wait_until(lambda: proxy.ask('only-99.' + ZONE, 'A').answer, 5,
               'the new content')
    count = proxy.log_text().count('serial is updated to 1')
    os.utime(proxy.dir / zone.file)
    proxy.control('reload')
    proxy.wait_log('(?s)read with success.*read with success')
    stays(lambda: proxy.log_text().count('serial is updated to 1') == count,
          0.5, 'nothing new is published')


# ---------------------------------------------------------------- reconfig

def test_reconfig_with_another_verifier_judges_anew(site):
    primary = site.primary()
    primary.load(ZONE, plain_zone(ZONE, 1))
    proxy = site.proxied(primary, [ZONE], '[ "$serial" = 1 ]')
    primary.publish(ZONE, plain_zone(ZONE, 2), (primary.address, proxy.port))
    proxy.wait_log('REJECTED by verifier: exited with 1; '
                   'serial 1 stays published')
    good = proxy.script('good', 'exit 0')
    proxy.verify = [n for n in proxy.verify if 'verifier:' not in n] + \
        ['verifier: %s' % good]
    proxy.write_config()
    asked = len(primary.requests(ZONE))
    assert 'ok' in proxy.control('reconfig')
    proxy.wait_serial(ZONE, 2, 5)
    assert len(primary.requests(ZONE)) == asked, 'from what is kept'


def test_verifiers_of_a_removed_zone_end(site):
    primary = site.primary()
    for zone in (ZONE, OTHER):
        primary.load(zone, plain_zone(zone, 1))
    proxy = site.proxied(primary, [ZONE, OTHER],
                         '[ "$serial" = 1 ] || exec sleep 60')
    primary.publish(ZONE, plain_zone(ZONE, 2), (primary.address, proxy.port))
    wait_until(lambda: proxy.runs(ZONE, 2), 5, 'the verifier runs')
    proxy.zones = [proxy.zone(OTHER)]
    proxy.write_config()
    assert 'ok' in proxy.control('reconfig')
    wait_until(lambda: 'sleep' not in proxy.process.family().values(), 5,
               lambda: 'it ends: %s' % proxy.process.family())
    wait_until(lambda: proxy.ask(ZONE, 'SOA').rcode() == 5, 5, 'REFUSED')
    assert proxy.serial(OTHER) == 1 and not proxy.crashes()


def test_rejection_of_the_first_version(site):
    primary = site.primary()
    primary.load(ZONE, plain_zone(ZONE, 1))
    proxy = site.proxy()
    proxy.verify_with('verifier: /bin/false')
    proxy.add(Zone(ZONE, primary=primary.peer())).start()
    proxy.wait_log('serial 1 REJECTED by false: exited with 1; '
                   'nothing is published')


# ----------------------------------------------------------------- control

def test_control_socket_bears_anything(site):
    import socket
    proxy = small(site).start()

    def talk(octets):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(5)
            s.connect(proxy.socket())
            try:
                s.sendall(octets)
                got = b''
                while chunk := s.recv(65536):
                    got += chunk
                return got
            except (BrokenPipeError, ConnectionResetError):
                return b''
    assert talk(b'x' * 1000000) == b''
    assert talk(b'NSDCT1 ' + b'x' * 1000000) == b''
    assert talk(b'\0' * 100 + b'\n') == b''
    assert talk(b'NSDCT1 \n').startswith(b'error')
    assert talk(b'NSDCT1 zonestatus ' + b'a.' * 500 + b'\n') \
        .startswith(b'error zone a.a.')
    silent = [socket.socket(socket.AF_UNIX) for _ in range(25)]
    for s in silent:
        s.connect(proxy.socket())
    assert 'version' in proxy.control('status', tool='nsd-control')
    for s in silent:
        s.close()
    assert proxy.serial(ZONE) == 1 and not proxy.crashes()


# ------------------------------------------------------------------- modes

def test_hold_and_report_say_so(site):
    primary = site.primary()
    primary.load(ZONE, plain_zone(ZONE, 1))
    proxy = site.proxied(primary, [ZONE], 'exit 0')
    proxy.zone(ZONE).options = ['verify-mode: hold']
    proxy.write_config()
    proxy.control('reconfig')
    primary.publish(ZONE, plain_zone(ZONE, 2), (primary.address, proxy.port))
    proxy.wait_log('warning: verify: zone example.test. serial 2 passed and '
                   'is HELD')
    primary.publish(ZONE, plain_zone(ZONE, 3), (primary.address, proxy.port))
    proxy.wait_log('serial 3 passed and is HELD')
    assert proxy.serial(ZONE) == 1
    assert 'HELD: "3 since' in proxy.control('zonestatus', ZONE)
    proxy.zone(ZONE).options = []
    proxy.write_config()
    proxy.control('reconfig')
    proxy.wait_serial(ZONE, 3, 5)
    proxy.zone(ZONE).options = ['verify-mode: report']
    proxy.verify.append('verifier: /bin/false')
    proxy.write_config()
    proxy.control('reconfig')
    primary.publish(ZONE, plain_zone(ZONE, 4), (primary.address, proxy.port))
    proxy.wait_serial(ZONE, 4, 5)
    proxy.wait_log(r'notice: zone example.test. serial 4 goes out unverified '
                   r'\(verify-mode: report\)')
    proxy.wait_log('serial 4 REJECTED by false')


# ------------------------------------------------------------------ expiry

def test_expiry_and_another_primary(site):
    """Rejections do not let the zone expire while its primary answers; silence
    does; a primary that is configured then is asked at once."""
    primary, second = site.primary(), site.primary()
    quick = {'refresh': 1, 'retry': 1, 'expire': 3}
    primary.load(ZONE, plain_zone(ZONE, 1, **quick))
    second.load(ZONE, plain_zone(ZONE, 1, **quick))
    proxy = site.proxied(primary, [ZONE], '[ "$serial" != 2 ]')
    primary.publish(ZONE, plain_zone(ZONE, 2, **quick),
                    (primary.address, proxy.port))
    proxy.wait_log('serial 2 REJECTED')
    stays(lambda: proxy.serial(ZONE) == 1, 5, 'it does not expire')
    left = int(re.search(r'expires-in: (-?\d+)', proxy.control(
        'zonestatus', ZONE)).group(1))
    assert 0 < left <= 3
    primary.stop()
    wait_until(lambda: proxy.ask(ZONE, 'SOA').rcode() == 2, 6, 'SERVFAIL')
    proxy.wait_log('error: zone example.test. serial 1 has expired')
    assert 'state: expired' in proxy.control('zonestatus', ZONE)
    site.helpers.remove(primary)
    # Let the wait between attempts grow beyond what this test waits.
    stays(lambda: proxy.ask(ZONE, 'SOA').rcode() == 2, 4, 'it stays so')
    proxy.zone(ZONE).primary = second.peer()
    proxy.write_config()
    proxy.control('reconfig')
    proxy.wait_serial(ZONE, 1, 2)
    assert 'state: ok' in proxy.control('zonestatus', ZONE)


# --------------------------------------------------------------- full disk

@contextlib.contextmanager
def small_disk(proxy, state):
    """The state directory is a disk of its own; unmounted when the program
    has ended."""
    state.mkdir()
    if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=3m,mode=700',
                       'none', str(state)], check=False).returncode != 0:
        pytest.skip('no mount')
    try:
        yield
    finally:
        proxy.process.stop()
        subprocess.run(['umount', str(state)], check=False)


@as_root
def test_full_disk(site):
    """Transfers end with an error that says so, what is published stays, and
    it goes on by itself when there is room."""
    primary = site.primary()
    primary.load(ZONE, plain_zone(ZONE, 1))
    proxy = site.proxy().add(Zone(ZONE, primary=primary.peer()))
    proxy.server_options.append('xfrd-reload-timeout: 0')
    state = proxy.state_dir
    with small_disk(proxy, state):
        proxy.start()
        proxy.wait_serial(ZONE, 1, 10)
        with open(state / 'fill', 'wb', buffering=0) as f:
            free = os.statvfs(state)
            f.write(b'x' * (free.f_bavail * free.f_bsize - 64 * 1024))
        primary.publish(ZONE, plain_zone(ZONE, 2),
                        (primary.address, proxy.port))
        proxy.wait_log('error: .*no space left')
        stays(lambda: proxy.serial(ZONE) == 1, 0.5, 'it is answered')
        assert not proxy.crashes()
        (state / 'fill').unlink()
        proxy.control('transfer', ZONE)
        proxy.wait_serial(ZONE, 2, 5)


@as_root
def test_full_disk_under_the_journal(site):
    """The commit that finds no room says what is full."""
    site.kills = True   # xfrd starts again from what the disk has
    primary = site.primary()
    primary.load(ZONE, plain_zone(ZONE, 1))
    proxy = site.proxy()
    state = proxy.state_dir
    with small_disk(proxy, state):
        proxy.verify_with('verifier: %s' % proxy.script(
            'verifier', '[ $serial = 1 ] || while [ ! -e %s/go ]; do '
            'sleep 0.05; done; head -c 60000 /dev/zero | tr "\\0" x' %
            proxy.dir))
        proxy.add(Zone(ZONE, primary=primary.peer())).start()
        proxy.wait_serial(ZONE, 1, 10)
        primary.publish(ZONE, plain_zone(ZONE, 2),
                        (primary.address, proxy.port))
        wait_until(lambda: proxy.runs(ZONE, 2), 5, 'the verifier runs')
        with open(state / 'fill', 'wb', buffering=0) as f:
            free = os.statvfs(state)
            f.write(b'x' * ((free.f_bavail - 1) * free.f_bsize))
        (proxy.dir / 'go').touch()
        proxy.wait_log(r'error: commit to the journal failed: '
                       r'\S+/journal\.mdb: no space left')
        assert 'input/output' not in proxy.log_text()
        stays(lambda: proxy.serial(ZONE) == 1, 0.5, 'it is answered')
        (state / 'fill').unlink()
        proxy.wait_serial(ZONE, 2, 10)


# ------------------------------------------------------------ damaged state

@pytest.mark.parametrize('ground', ['-d', 'background'])
def test_damaged_journal(site, ground):
    """One line, nothing started, nothing served."""
    proxy = small(site).start()
    proxy.stop()
    (proxy.dir / 'stderr').unlink()
    (proxy.state_dir / 'journal.mdb').write_bytes(b'garbage' * 1000)
    if ground == '-d':
        proxy.restart(wait=False)
        assert proxy.process.wait_exit(5) == 1
    else:
        assert start_in_background(proxy)[0] == 1
    lines = (proxy.dir / 'stderr').read_text().splitlines()
    assert len(lines) == 1, lines
    assert re.fullmatch(r'nsd-verify: error: journal \S+ is damaged: .*anew',
                        lines[0])
    wait_until(lambda: not proxy.process.family(), 2, 'nothing is left')
    assert not (proxy.dir / 'pid').exists()


def test_damaged_snapshot(site):
    """It is transferred anew; never served as it is."""
    primary = site.primary()
    primary.load(ZONE, plain_zone(ZONE, 1, size=3000))
    proxy = site.proxy().add(Zone(ZONE, primary=primary.peer())).start()
    proxy.wait_serial(ZONE, 1, 10)
    # It is answered a moment before the journal knows that it is published;
    # xfrd takes commands between its commits.
    proxy.wait_log('serial is updated to 1')
    proxy.control('zonestatus', ZONE)
    proxy.stop()
    # The spool of the transfer serves as the first snapshot.
    bases = [p for kind in ('snapshot-*', 'transfer-*')
             for p in proxy.state_dir.glob(kind)]
    assert bases
    for path in bases:
        octets = bytearray(path.read_bytes())
        octets[len(octets) // 2] ^= 0xff
        path.write_bytes(octets)
    proxy.restart(wait=False)
    proxy.wait_log('error: zone example.test. serial 1 cannot be restored')
    proxy.wait_serial(ZONE, 1, 5)
    assert len(proxy.axfr(ZONE)) > 3000


def test_limit_of_file_size(site):
    """An error like a full disk, not the end of a process."""
    import resource
    primary = site.primary()
    primary.load(ZONE, plain_zone(ZONE, 1))
    proxy = site.proxy().add(Zone(ZONE, primary=primary.peer())).start()
    proxy.wait_serial(ZONE, 1, 10)
    for pid in proxy.roles()['nsdv-xfrd'] + proxy.roles()['nsdv-store']:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (200000, 200000))
    primary.publish(ZONE, plain_zone(ZONE, 2, size=10000),
                    (primary.address, proxy.port))
    wait_until(lambda: len(primary.requests(ZONE)) >= 2, 5, 'it asks')
    stays(lambda: proxy.serial(ZONE) == 1, 1.5, 'it is answered')
    assert 'signal 25' not in proxy.log_text()
    assert not re.search('died unexpectedly with status (25|153)',
                         proxy.log_text())
