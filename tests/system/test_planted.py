"""What the user of the daemon, or a slip in the configuration, may put in the
way of root: no file but ours is written, given away or removed."""
import os
import pwd
import re
import stat
import subprocess

import pytest

from harness.nsd import under_test
from harness.net import wait_until
from harness.server import Zone, unprivileged_user
from harness.zones import plain_zone

pytestmark = [pytest.mark.ours, pytest.mark.skipif(
    unprivileged_user() is None, reason='not root')]

ZONE = 'example.test.'
PRECIOUS = 'what root has written, long enough to be seen if it is cut\n'


def uid():
    return pwd.getpwnam(unprivileged_user()).pw_uid


def of_the_user(site):
    """A daemon in a directory of the user that its processes run as."""
    proxy = site.proxy().add(Zone(ZONE, text=plain_zone(ZONE, 1)))
    proxy.username = unprivileged_user()
    os.chown(proxy.dir, uid(), -1)
    return proxy


def precious(site):
    path = site.dir / 'precious'
    path.write_text(PRECIOUS)
    path.chmod(0o600)
    return path


def link(path, target, owner):
    if os.path.lexists(path):
        os.unlink(path)
    os.symlink(target, path)
    os.lchown(path, owner, -1)


def assert_untouched(path):
    st = path.stat()
    assert (st.st_uid, stat.S_IMODE(st.st_mode)) == (0, 0o600)
    assert path.read_text() == PRECIOUS


def ends(proxy):
    """It does not start; what it says."""
    proxy.start(wait=False)
    assert proxy.process.wait_exit(10) > 0
    return proxy.text_of_logs()


@pytest.mark.parametrize('name', ['pid', 'ctl'])
def test_link_for_a_name_of_ours(site, name):
    """Pid file and control socket take the place of a link."""
    proxy, victim = of_the_user(site), precious(site)
    path = proxy.dir / name
    link(path, victim, uid())
    proxy.start()
    assert_untouched(victim)
    st = path.lstat()
    assert st.st_uid == uid()
    if name == 'pid':
        assert stat.S_ISREG(st.st_mode)
        assert int(path.read_text()) == proxy.process.pid
    else:
        assert stat.S_ISSOCK(st.st_mode)
        assert stat.S_IMODE(st.st_mode) == 0o660
        proxy.control('status')
    assert not [n for n in os.listdir(proxy.dir) if n.startswith('pid.')]
    proxy.stop()
    assert not os.path.lexists(path)
    assert_untouched(victim)


def test_pid_file_of_another(site):
    """What stands there at the end and is not ours stays."""
    proxy = of_the_user(site).start()
    path = proxy.dir / 'pid'
    os.rename(path, proxy.dir / 'moved')
    path.write_text('1\n')
    proxy.stop()
    assert path.read_text() == '1\n'


@pytest.mark.parametrize('what', ['directory', 'device'])
def test_pid_file_is_no_file(site, what):
    proxy = of_the_user(site)
    path = proxy.dir / 'pid'
    if what == 'directory':
        path.mkdir()
    else:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    before = path.lstat()
    assert re.search(r'error: .*/pid: ', ends(proxy))
    after = path.lstat()
    assert (before.st_ino, before.st_uid, before.st_mode) == (
        after.st_ino, after.st_uid, after.st_mode)


@pytest.mark.parametrize('at', ['start', 'log_reopen'])
def test_link_for_the_log(site, at):
    """One of the user's is not followed, with a word; root's own is."""
    proxy, victim = of_the_user(site), precious(site)
    if at == 'start':
        link(proxy.log, victim, uid())
        text = ends(proxy)
        assert re.search(r'error: logfile: .*symbolic link', text), text
    else:
        proxy.start()
        os.rename(proxy.log, proxy.dir / 'log.1')
        link(proxy.log, victim, uid())
        status, text = proxy.control_run('log_reopen')
        assert status != 0 and 'symbolic link' in text, text
        wait_until(lambda: 'symbolic link' in (
            proxy.dir / 'log.1').read_text(), 5, 'the old log goes on')
        proxy.stop()
    assert_untouched(victim)
    link(proxy.log, site.dir / 'log.of.root', 0)
    proxy.start()
    proxy.control('log_reopen')
    assert 'nsd-verify' in (site.dir / 'log.of.root').read_text()


def test_link_on_the_way_to_the_log(site):
    """The directory of the log is a link of the user's."""
    proxy = of_the_user(site)
    (site.dir / 'of-root').mkdir()
    link(proxy.dir / 'logs', site.dir / 'of-root', uid())
    proxy.log = proxy.dir / 'logs' / 'log'
    assert 'symbolic link' in ends(proxy)
    assert not os.listdir(site.dir / 'of-root')


@pytest.mark.parametrize('owner', ['user', 'root'])
def test_link_for_the_state_directory(site, owner):
    """/var/lib/nsd-verify -> /data/nsd-verify is root's to say."""
    proxy = of_the_user(site)
    other = site.dir / 'data'
    other.mkdir(mode=0o700)
    site.dir.joinpath('data').chmod(0o700)
    link(proxy.state_dir, other, 0 if owner == 'root' else uid())
    if owner == 'root':
        proxy.start()
        assert other.stat().st_uid == uid()
        assert 'lock' in os.listdir(other)
        return
    text = ends(proxy)
    assert 'state directory' in text and 'symbolic link' in text
    assert other.stat().st_uid == 0 and not os.listdir(other)


@pytest.mark.parametrize('mode', [0o755, 0o700])
def test_state_directory_in_other_use(site, mode):
    """As /etc would be: it stays as it is, and -t says it too."""
    proxy = of_the_user(site)
    other = site.dir / 'etc'
    other.mkdir()
    (other / 'passwd').write_text('root\n')
    other.chmod(mode)
    proxy.server_options.append('state-dir: "%s"' % other)
    proxy.prepare()
    check = subprocess.run(
        [under_test(), '-t', '-c', proxy.config], capture_output=True,
        text=True, timeout=10)
    assert check.returncode != 0 and 'in other use' in check.stderr
    text = ends(proxy)
    assert 'in other use' in text and 'chmod' not in text
    st = other.stat()
    assert (st.st_uid, stat.S_IMODE(st.st_mode)) == (0, mode)
    assert os.listdir(other) == ['passwd']


def test_state_directory_of_root_changes_hands(site):
    """It ran as root before."""
    proxy = site.proxy().add(Zone(ZONE, text=plain_zone(ZONE, 1)))
    proxy.username = ''
    proxy.start()
    proxy.stop()
    assert proxy.state_dir.stat().st_uid == 0
    for path in proxy.state_dir.iterdir():
        os.chown(path, uid(), -1)
    proxy.username = unprivileged_user()
    proxy.prepare()
    check = subprocess.run(
        [under_test(), '-t', '-c', proxy.config], capture_output=True,
        text=True, timeout=10)
    assert check.returncode == 0, check.stderr
    assert proxy.state_dir.stat().st_uid == 0, 'a check changes nothing'
    proxy.start()
    assert proxy.state_dir.stat().st_uid == uid()
