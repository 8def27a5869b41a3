"""Crashes at any moment: the last published version is served again, never an
older one, never an unverified one, and the pending update gets its verdict."""
import os
import random
import re
import signal
import threading
import time

import pytest

from harness.net import as_set, stays, wait_until
from harness.zones import plain_zone

pytestmark = pytest.mark.ours


@pytest.fixture(autouse=True)
def kills(site):
    site.kills = True


ZONE = 'example.test.'
BODY = '''
cat > /dev/null
[ "$serial" != 2 ] || while [ ! -e "$0.go" ]; do sleep 0.05; done
echo "$serial" >> "$0.ended"
[ "$((serial % 5))" != 0 ] || exit 1
exit 0'''
LASTING = ['nsdv-xfrd', 'nsdv-store', 'nsdv-worker', 'nsdv-gate']
PASSING = ['nsdv-cand', 'nsdv-cworker', 'nsdv-keeper']


def text(serial):
    """Large enough for several steps to be less than the whole."""
    return plain_zone(ZONE, serial, size=200)


def started(site, sink=None):
    primary = site.primary()
    primary.load(ZONE, text(1))
    proxy = site.proxied(
        primary, [ZONE], BODY, 'verifier-retries: 5',
        'verifier-retry-delay: 1', notify=[sink] if sink else [],
        server=['xfrd-reload-timeout: 0'])
    return primary, proxy


def publish(primary, proxy, serial, timeout=3.0):
    primary.load(ZONE, text(serial))
    return primary.notify(ZONE, primary.address, proxy.port, timeout)


def pid_of(proxy, role):
    return wait_until(lambda: proxy.roles().get(role), 5,
                      lambda: '%s lives: %s' % (role, proxy.roles()))[0]


def ended(proxy):
    path = proxy.dir / 'verifier.ended'
    return [int(w) for w in path.read_text().split()] if path.exists() else []


class Watcher(threading.Thread):
    """Asks all the time: the serial never goes back, and none is seen that
    its verifier had not passed."""

    def __init__(self, proxy):
        super().__init__(daemon=True)
        self.proxy, self.stop_now = proxy, threading.Event()
        self.faults, self.last, self.silent = [], 0, 0

    def run(self):
        while not self.stop_now.is_set():
            serial = self.proxy.serial(ZONE)
            if serial is None:
                self.silent += 1
            elif serial < self.last:
                self.faults.append('%d after %d' % (serial, self.last))
            elif serial != self.last and serial not in ended(self.proxy):
                self.faults.append('%d is not verified' % serial)
            self.last = max(self.last, serial or 0)
            time.sleep(0.005)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop_now.set()
        self.join()


@pytest.mark.parametrize('role', LASTING)
def test_kill_idle(site, role):
    primary, proxy = started(site)
    (proxy.dir / 'verifier.go').touch()
    with Watcher(proxy) as watcher:
        victim = pid_of(proxy, role)
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: [p for p in proxy.roles().get(role, [])
                            if p != victim], 5, 'it is started again')
        publish(primary, proxy, 2)
        proxy.wait_serial(ZONE, 2, 10)
        publish(primary, proxy, 3)
        proxy.wait_serial(ZONE, 3, 10)
    assert not watcher.faults
    assert watcher.silent == 0, 'answers never stop'
    assert re.search('error: .*died unexpectedly', proxy.log_text())
    serials = [r[2].serial for r in proxy.ixfr(ZONE, 1)
               if r[2].rdtype == 6]
    assert serials[0] == 3 and serials[1] == 1, 'history is kept'


@pytest.mark.parametrize('role', LASTING + PASSING)
def test_kill_during_verification(site, role):
    sink = site.sink()
    primary, proxy = started(site, sink)
    with Watcher(proxy) as watcher:
        publish(primary, proxy, 2)
        wait_until(lambda: proxy.runs(ZONE, 2), 5, 'the check of 2 runs')
        os.kill(pid_of(proxy, role), signal.SIGKILL)
        stays(lambda: proxy.serial(ZONE) in (1, None), 0.5, 'still 1')
        (proxy.dir / 'verifier.go').touch()
        proxy.wait_serial(ZONE, 2, 15)
        publish(primary, proxy, 3)
        proxy.wait_serial(ZONE, 3, 10)
    assert not watcher.faults
    assert watcher.silent == 0, 'answers never stop'
    sink.wait(ZONE, 3)
    assert sorted(sink.serials(ZONE)) == sink.serials(ZONE)


def kill_supervisor(proxy):
    """All others end within a second."""
    os.kill(proxy.process.pid, signal.SIGKILL)
    proxy.process.child.wait(5)
    wait_until(lambda: not proxy.process.family(), 1.0,
               lambda: 'all end: %s' % proxy.process.family())


def test_kill_supervisor(site):
    primary, proxy = started(site)
    (proxy.dir / 'verifier.go').touch()
    for serial in (2, 3, 4):
        publish(primary, proxy, serial)
        proxy.wait_serial(ZONE, serial)
    kill_supervisor(proxy)
    primary.rcode[ZONE] = 5
    start = time.monotonic()
    proxy.restart(wait=False)
    proxy.wait_serial(ZONE, 4, 2)
    assert time.monotonic() - start < 2
    assert ended(proxy).count(4) == 1, 'what was accepted needs no check'
    serials = [r[2].serial for r in proxy.ixfr(ZONE, 1)
               if r[2].rdtype == 6]
    assert serials[0] == 4 and serials[1] == 1, 'history is kept'
    primary.rcode.clear()
    publish(primary, proxy, 6)
    proxy.wait_serial(ZONE, 6, 10)


def test_kill_supervisor_during_verification(site):
    """The verifier ends too; afterwards the update gets its verdict."""
    primary, proxy = started(site)
    publish(primary, proxy, 2)
    wait_until(lambda: proxy.runs(ZONE, 2), 5, 'the check of 2 runs')
    # A check may begin while its version is not on the disk yet. xfrd answers
    # when the commit is over.
    proxy.control('zonestatus', ZONE)
    kill_supervisor(proxy)
    (proxy.dir / 'verifier.go').touch()
    primary.rcode[ZONE] = 5         # 2 was received: nobody is asked for it
    proxy.restart(wait=False)
    proxy.wait_serial(ZONE, 2, 10)
    assert 2 in ended(proxy)


def test_rejected_stays_rejected_over_a_restart(site):
    primary, proxy = started(site)
    publish(primary, proxy, 5)
    wait_until(lambda: 5 in ended(proxy), 5, '5 is judged')
    stays(lambda: proxy.serial(ZONE) == 1, 0.5, '5 is rejected')
    kill_supervisor(proxy)
    proxy.restart(wait=False)
    proxy.wait_serial(ZONE, 1, 3)
    primary.notify(ZONE, primary.address, proxy.port)
    stays(lambda: proxy.serial(ZONE) == 1, 1.0, '1 is served')
    assert ended(proxy).count(5) == 1, 'the same version, the same verdict'


@pytest.mark.parametrize('seed', [1, 2, 3])
def test_kill_anything_at_any_moment(site, seed):
    """Versions come all the time, every fifth is bad, processes die."""
    rng = random.Random(seed)
    primary, proxy = started(site)
    (proxy.dir / 'verifier.go').touch()
    serial = 1
    with Watcher(proxy) as watcher:
        for _ in range(25):
            serial += 1
            primary.load(ZONE, text(serial))
            primary.notify(ZONE, primary.address, proxy.port, 0.6)
            time.sleep(rng.random() * 0.06)     # anywhere on the way
            roles = proxy.roles()
            role = rng.choice([r for r in LASTING + PASSING if r in roles]
                              or ['nsdv-supervisor'])
            if rng.random() < 0.12:
                role = 'nsdv-supervisor'
            if role == 'nsdv-supervisor':
                kill_supervisor(proxy)
                proxy.restart(wait=False)
                wait_until(lambda: proxy.serial(ZONE) is not None, 5,
                           'it serves again')
                continue
            for pid in roles.get(role, [])[:1]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        serial += 1 if (serial + 1) % 5 else 2
        primary.load(ZONE, text(serial))

        def arrived():
            primary.notify(ZONE, primary.address, proxy.port, 0.5)
            return proxy.serial(ZONE) == serial
        wait_until(arrived, 30, lambda: '%d comes out: %s\n%s' % (
            serial, proxy.serial(ZONE), proxy.text_of_logs()[-5000:]),
            every=0.2)
    assert not watcher.faults
    assert not [s for s in proxy.runs() if s[1] == '0']


def test_stop_takes_verifiers_along(site):
    primary, proxy = started(site)
    publish(primary, proxy, 2)
    wait_until(lambda: proxy.runs(ZONE, 2), 5, 'the check of 2 runs')
    proxy.process.child.terminate()
    assert proxy.process.wait_exit(5) == 0
    wait_until(lambda: not proxy.process.family(), 1.5,
               lambda: 'nothing is left: %s' % proxy.process.family())


POISON = '''#!/bin/sh
# A verifier that kills every candidate that it can find, or passes.
cat > /dev/null
case "$VERIFY_ZONE$VERIFY_SERIAL" in
poison*2) ;;
*) exit 0 ;;
esac
for p in /proc/[0-9]*; do
    if [ "$(cat $p/comm 2> /dev/null)" = nsdv-cand ] &&
        [ "$(readlink $p/cwd)" = "$PWD" ]; then
        kill -KILL ${p#/proc/}
    fi
done
sleep 300
'''


def test_poison_zone_delays_nobody_for_good(site):
    """A zone whose verification kills its candidate, again and again."""
    poison, other = 'poison.test.', 'other.test.'
    primary = site.primary()
    for zone in (poison, other):
        primary.load(zone, plain_zone(zone, 1))
    proxy = site.proxied(primary, [poison, other], 'exit 0',
                         'verifier-retry-delay: 1',
                         server=['xfrd-reload-timeout: 0'])
    proxy.file('verifier', POISON, 0o755)
    primary.load(poison, plain_zone(poison, 2))
    primary.notify(poison, primary.address, proxy.port)
    for serial in range(2, 12):
        primary.load(other, plain_zone(other, serial))
        start = time.monotonic()
        primary.notify(other, primary.address, proxy.port)
        proxy.wait_serial(other, serial, 6)
        assert time.monotonic() - start < 6
        assert proxy.serial(poison) == 1


def test_damaged_state_of_one_zone(site):
    """Its base cannot be read at a start: the others are served at once, and
    it is transferred and verified anew."""
    other, primary = 'other.test.', site.primary()
    primary.load(ZONE, plain_zone(ZONE, 1, size=4000))
    primary.load(other, plain_zone(other, 1))
    proxy = site.proxied(primary, [ZONE, other], BODY)
    before = len(ended(proxy))
    proxy.process.stop()
    for path in proxy.state_dir.glob('*-*'):    # bases, not the journal
        size = path.stat().st_size
        if size > 65536:
            with open(path, 'r+b') as f:
                f.seek(size // 2)
                f.write(b'damaged!')
    proxy.restart(wait=False)
    proxy.wait_serial(other, 1, 3)
    proxy.wait_log('error: zone %s serial 1 cannot be restored' % ZONE)
    proxy.wait_serial(ZONE, 1, 10)
    assert len(ended(proxy)) == before + 1, 'it is verified again'
    assert as_set(proxy.axfr(ZONE)) == as_set(primary.versions[ZONE][-1].axfr())
