"""Who hangs is noticed and replaced, and a clock that is set changes nothing."""
import os
import re
import signal
import time

import pytest

from harness.hooks import Hooks
from harness.net import stays, wait_until
from harness.zones import plain_zone
from test_crash import ZONE, Watcher, pid_of

pytestmark = [pytest.mark.ours, pytest.mark.hooks]
SLOW = int(os.environ.get('NSDV_SLOW', '1'))
STILL_MS = str(2000 * SLOW)
BODY = '''
cat > /dev/null
echo "$serial" >> "$0.ended"'''


@pytest.fixture
def hooks(site, monkeypatch):
    site.kills = True
    return Hooks(site.dir, monkeypatch)


def publish(primary, proxy, serial, **timers):
    primary.load(ZONE, plain_zone(ZONE, serial, **timers))
    primary.notify(ZONE, primary.address, proxy.port)


def started(site, body, *verify, **timers):
    primary = site.primary()
    primary.load(ZONE, plain_zone(ZONE, 1, **timers))
    return primary, site.proxied(primary, [ZONE], body, *verify,
                                 server=['xfrd-reload-timeout: 0'])


@pytest.mark.parametrize('role', ['nsdv-store', 'nsdv-xfrd'])
def test_role_that_stands_still(site, hooks, role):
    hooks.set('still-ms', STILL_MS)
    primary, proxy = started(site, BODY)
    with Watcher(proxy) as watcher:
        stuck = pid_of(proxy, role)
        os.kill(stuck, signal.SIGSTOP)
        publish(primary, proxy, 2)
        proxy.wait_log('error: .*%s does nothing any more' % role, 20)
        proxy.wait_serial(ZONE, 2, 15)
        assert pid_of(proxy, role) != stuck
        publish(primary, proxy, 3)
        proxy.wait_serial(ZONE, 3, 5)
    assert not watcher.faults and watcher.silent == 0


def test_all_that_slept_together_are_not_ended(site, hooks):
    hooks.set('still-ms', STILL_MS)
    primary, proxy = started(site, BODY)
    before = proxy.roles()
    pids = [pid for some in before.values() for pid in some]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(int(STILL_MS) * 1.5 / 1000)
    for pid in reversed(pids):
        os.kill(pid, signal.SIGCONT)
    stays(lambda: proxy.roles() == before, 1.5 * SLOW, 'all live on')
    publish(primary, proxy, 2)
    proxy.wait_serial(ZONE, 2, 5)


def test_keeper_that_stands_still(site, hooks):
    """Its verifier may have stopped it: the time limit holds all the same."""
    hooks.set('overdue-ms', '1000')
    primary, proxy = started(site, '''
cat > /dev/null
[ "$serial" != 2 ] || sleep 300
echo "$serial" >> "$0.ended"''', 'verifier-timeout: %d' % (2 * SLOW))
    publish(primary, proxy, 2)
    os.kill(pid_of(proxy, 'nsdv-keeper'), signal.SIGSTOP)
    proxy.wait_log(r'error: the keeper of verifier \d+ did not end it', 30)
    wait_until(lambda: re.search('(?i)failed', proxy.control(
        'zonestatus', ZONE)), 10, 'it ends FAILED')
    wait_until(lambda: not proxy.roles().get('nsdv-keeper'), 5,
               'the keeper is gone')
    publish(primary, proxy, 3)
    proxy.wait_serial(ZONE, 3, 5)


@pytest.mark.parametrize('seconds', [-7200, 7200])
def test_clock_that_is_set(site, hooks, seconds):
    """No lease ends before its time and no timer waits for ever."""
    hooks.set('still-ms', '12000')      # it is looked for every second
    timers = dict(refresh=2, retry=1, expire=3600)
    primary, proxy = started(site, BODY, **timers)
    hooks.set('clock-set-s', str(seconds))
    proxy.wait_log('the clock was set %s by 7[12]' % (
        'back' if seconds < 0 else 'forward'), 10)
    asked = len(primary.requests(ZONE))
    wait_until(lambda: len(primary.requests(ZONE)) >= asked + 3, 15,
               'the primary is asked every two seconds')
    status = proxy.control('zonestatus', ZONE)
    assert not re.search('expired|stale', status), status
    assert proxy.serial(ZONE) == 1
    publish(primary, proxy, 2, **timers)
    proxy.wait_serial(ZONE, 2, 5)
