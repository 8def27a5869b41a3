"""kill -9 at each of the ten hops from the wire to publication: afterwards the
published serial is the last published one, never older, never unverified, the
pending update gets its verdict and is published, and a secondary that has the
version before gets it by IXFR. And versions on which processes die or hang."""
import os
import re
import signal
import time

import pytest

from harness import hostile
from harness.hooks import Hooks
from harness.net import SLOW, as_set, stays, wait_until
from harness.server import Zone
from harness.zones import plain_zone
from test_crash import ZONE, Watcher, ended, pid_of, publish, text

pytestmark = [pytest.mark.ours, pytest.mark.hooks]

SUPERVISOR, SELF = 'nsdv-supervisor', 'self'
XFRD, STORE, WORKER = 'nsdv-xfrd', 'nsdv-store', 'nsdv-worker'
CAND, CWORKER, GATE, KEEPER = (
    'nsdv-cand', 'nsdv-cworker', 'nsdv-gate', 'nsdv-keeper')

# Where a process stops, and which one is killed then. SELF: the one that stops.
HOPS = [
    # 1 xfrd has read a message of the transfer
    ('hop-1-message', [SELF, STORE, WORKER, SUPERVISOR]),
    # 2 it is checked
    ('hop-2-checked', [SELF, SUPERVISOR]),
    # 3 all records are there
    ('hop-3-complete', [SELF, STORE, SUPERVISOR]),
    # 4 its window may have begun, STAGED is not committed; is committed
    ('hop-4-uncommitted', [SELF, SUPERVISOR]),
    ('hop-4-staged', [SELF, STORE, GATE, SUPERVISOR]),
    # 5 the store is about to fork the candidate
    ('hop-5-fork', [SELF, XFRD, SUPERVISOR]),
    # 6 the candidate applies, has applied
    ('hop-6-patching', [SELF, STORE, XFRD, GATE, SUPERVISOR]),
    ('hop-6-applied', [SELF, STORE, XFRD]),
    # 7 the verifier runs
    ('hop-7-feeding', [SELF, STORE, XFRD, GATE, CWORKER, KEEPER, WORKER,
                       SUPERVISOR]),
    # 8 xfrd has the verdict; it is committed
    ('hop-8-verdict', [SELF, STORE, SUPERVISOR]),
    ('hop-8-committed', [SELF, STORE, SUPERVISOR]),
    # 9 the store has patched, forked workers; they are ready; the supervisor
    # hands over; old workers stop, new ones begin; the store is told
    ('hop-9-patched', [SELF, XFRD, WORKER, SUPERVISOR]),
    ('hop-9-forked', [SELF, XFRD, SUPERVISOR]),
    ('hop-9-ready', [SELF, STORE, XFRD]),
    ('hop-9-switch', [SELF, STORE, XFRD, WORKER]),
    ('hop-9-retire', [SELF, STORE]),
    ('hop-9-go', [SELF, STORE]),
    ('hop-9-serving', [SELF, XFRD, SUPERVISOR]),
    # 10 the journal knows, NOTIFY is about to leave
    ('hop-10-notify', [SELF, STORE, WORKER, SUPERVISOR]),
]


@pytest.fixture(autouse=True)
def kills(site):
    site.kills = True


@pytest.fixture
def hooks(site, monkeypatch):
    return Hooks(site.dir, monkeypatch)


BODY = '''
cat > /dev/null
while [ -e "$0.wait" ]; do sleep 0.02; done
echo "$serial" >> "$0.ended"
exit 0'''


def started(site, sink=None):
    primary = site.primary()
    primary.load(ZONE, text(1))
    proxy = site.proxied(
        primary, [ZONE], BODY, 'verifier-retries: 5',
        'verifier-retry-delay: 1', notify=[sink] if sink else [],
        server=['xfrd-reload-timeout: 0'])
    return primary, proxy


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass                # a worker that does not stop is ended anyway


def kill_supervisor(proxy, hooks, point):
    """The others end within a second; then a service manager starts it."""
    kill(proxy.process.pid)
    hooks.go_on(point)
    proxy.process.child.wait(5)
    wait_until(lambda: not proxy.process.family(), 1.0,
               lambda: 'all end: %s' % proxy.process.family())
    proxy.restart(wait=False)


def kill_at(proxy, hooks, point, victim):
    stopped = hooks.stopped(point)
    pids = [stopped] if victim == SELF else proxy.roles().get(victim, [])
    if proxy.process.pid in pids:
        kill_supervisor(proxy, hooks, point)
        return
    for pid in pids:
        kill(pid)
    hooks.go_on(point)


@pytest.mark.parametrize('point,victim', [
    pytest.param(p, v, id='%s-%s' % (p, v.removeprefix('nsdv-')))
    for p, victims in HOPS for v in victims])
def test_kill_at_hop(site, hooks, point, victim):
    sink = site.sink()
    primary, proxy = started(site, sink)
    publish(primary, proxy, 2)
    proxy.wait_serial(ZONE, 2)
    sink.wait(ZONE, 2)
    with Watcher(proxy) as watcher:
        hooks.set(point)
        if point.startswith('hop-7'):
            (proxy.dir / 'verifier.wait').touch()
        publish(primary, proxy, 3)
        hooks.stopped(point)
        assert victim in (SELF, *proxy.roles())
        kill_at(proxy, hooks, point, victim)
        (proxy.dir / 'verifier.wait').unlink(missing_ok=True)
        proxy.wait_serial(ZONE, 3, 10)
        sink.wait(ZONE, 3, 10)
    assert not watcher.faults
    if victim != SUPERVISOR and point not in ('hop-9-go', 'hop-9-switch'):
        assert watcher.silent == 0, 'answers never stop'
    assert 3 in ended(proxy), 'it has its verdict'
    serials = [r[2].serial for r in proxy.ixfr(ZONE, 2) if r[2].rdtype == 6]
    assert serials == [3, 2, 3, 3], 'IXFR from the version before'
    assert as_set(proxy.axfr(ZONE)) == as_set(primary.versions[ZONE][-1].axfr())
    primary.load(ZONE, text(4))
    primary.notify(ZONE, primary.address, proxy.port)
    proxy.wait_serial(ZONE, 4, 10)


def load(primary, zones, serial, **timers):
    for zone in zones:
        primary.load(zone, plain_zone(zone, serial, **timers))


def notify(primary, proxy, zones):
    for zone in zones:
        primary.notify(zone, primary.address, proxy.port)


def one_window(primary, proxy, zones, serial, **timers):
    """The first starts a window; those within the second after it share the
    next one."""
    load(primary, zones, serial, **timers)
    notify(primary, proxy, zones[:1])
    proxy.wait_serial(zones[0], serial)
    notify(primary, proxy, zones[1:])


def test_verdict_given_before_the_candidate_died_counts(site, hooks):
    zones = ['first.test.', 'good.test.', 'slow.test.']
    primary = site.primary()
    load(primary, zones, 1)
    proxy = site.proxied(primary, zones, '''
cat > /dev/null
[ "$zone" != slow.test. ] || while [ -e "$0.wait" ]; do sleep 0.02; done
exit 0''', 'verifier-retry-delay: 1', server=['xfrd-reload-timeout: 1'])
    (proxy.dir / 'verifier.wait').touch()
    hooks.set('hop-8-verdict@good.test.')
    one_window(primary, proxy, zones, 2)
    stopped = hooks.stopped('hop-8-verdict')
    candidate, = proxy.roles()[CAND]
    kill(candidate)
    wait_until(lambda: CAND not in proxy.roles(), 2, 'it is gone')
    hooks.go_on('hop-8-verdict')
    proxy.wait_serial('good.test.', 2, 2)
    assert stopped in proxy.roles()[XFRD]
    (proxy.dir / 'verifier.wait').unlink()
    proxy.wait_serial('slow.test.', 2, 5)
    assert len(proxy.runs('good.test.', 2)) == 1, 'no second check'


@pytest.mark.parametrize('point', ['hop-7-gate', 'hop-7-answer'])
def test_nobody_to_ask_is_no_rejection(site, hooks, point):
    """The verifier asks the verify address and says no, because who should
    answer has died: that is not held against the version."""
    primary = site.primary()
    primary.load(ZONE, text(1))
    proxy = site.proxied(primary, [ZONE], '''
seen=$(dig +tries=1 +time=1 +short @127.0.0.1 -p $VERIFY_PORT $zone SOA |
    cut -d' ' -f3)
[ "$seen" = "$serial" ]''', 'verifier-retry-delay: 1',
                         server=['xfrd-reload-timeout: 0'])
    hooks.set(point)
    publish(primary, proxy, 2)
    kill(hooks.stopped(point))
    hooks.go_on(point)
    proxy.wait_serial(ZONE, 2, 6)
    assert len(proxy.runs(ZONE, 2)) == 2
    assert 'rejected' not in proxy.log_text()


@pytest.mark.parametrize('what', ['die', 'hang'])
def test_worker_that_answers_no_more(site, hooks, what):
    """Who answers for a candidate dies, or hangs: its zones are verified again
    with another, although their verifiers would go on asking."""
    zones = [ZONE, 'other.test.']
    primary = site.primary()
    load(primary, zones, 1)
    proxy = site.proxied(primary, zones, '''
until seen=$(dig +tries=1 +time=1 +short @127.0.0.1 -p $VERIFY_PORT $zone SOA |
    cut -d' ' -f3) && [ "$seen" = "$serial" ]; do sleep 0.05; done''',
                         'verifier-retry-delay: 1',
                         server=['xfrd-reload-timeout: 0'])
    hooks.set('still-ms', STILL_MS)
    hooks.set('hop-7-answer', what)
    load(primary, zones, 2)
    notify(primary, proxy, zones)
    proxy.wait_log(r'does not answer any more' if what == 'hang' else
                   r'candidate \d+ died of it', 10)
    stays(lambda: proxy.serial(ZONE) == 1, 0.3, 'nothing is published')
    hooks.clear('hop-7-answer')
    for zone in zones:
        proxy.wait_serial(zone, 2, 10)
    assert 'rejected' not in proxy.log_text()


# -- what is altered is not published

def test_altered_record_is_not_published(site, hooks):
    primary, proxy = started(site)
    before = as_set(proxy.axfr(ZONE))
    hooks.set('alter-stored@' + ZONE)
    with Watcher(proxy) as watcher:
        publish(primary, proxy, 2)
        proxy.wait_log(r'(?m)error: .*%s.* serial 2 .*not published' % ZONE)
        assert 2 in ended(proxy), 'its verifier had passed it'
        stays(lambda: proxy.serial(ZONE) == 1, 0.5, '1 stays')
        assert as_set(proxy.axfr(ZONE)) == before
        assert re.search('(?i)held', proxy.control('zonestatus', ZONE))
        publish(primary, proxy, 3)
        proxy.wait_serial(ZONE, 3, 10)
    assert as_set(proxy.axfr(ZONE)) == as_set(primary.versions[ZONE][-1].axfr())
    assert not watcher.faults


def test_store_altered_before_is_not_built_upon(site, hooks):
    """The published version itself was altered in the store: workers have the
    good one, and nothing is published on top of the other."""
    primary, proxy = started(site)
    store = pid_of(proxy, STORE)
    hooks.set('alter-published@' + ZONE)
    with Watcher(proxy) as watcher:
        publish(primary, proxy, 2)
        proxy.wait_log(r'(?m)error: .*%s.* serial 2 .*not published' % ZONE)
        wait_until(lambda: proxy.roles().get(STORE, [store]) != [store], 5,
                   'a store that is not altered takes over')
        publish(primary, proxy, 3)
        proxy.wait_serial(ZONE, 3, 10)
    assert as_set(proxy.axfr(ZONE)) == as_set(primary.versions[ZONE][-1].axfr())
    assert not watcher.faults and watcher.silent == 0


def test_large_zone_altered_is_found_behind_the_publication(site, hooks):
    """Too large to be read again before each publication."""
    primary = site.primary()
    bulk = {hostile.record('b%05d.%s' % (n, ZONE), 'A', '192.0.2.%d' % (n % 256))
            for n in range(17000)}
    primary.load(ZONE, plain_zone(ZONE, 1), bulk)
    proxy = site.proxied(primary, [ZONE], BODY)
    store = pid_of(proxy, STORE)
    hooks.set('alter-published@' + ZONE)
    with Watcher(proxy) as watcher:
        primary.load(ZONE, plain_zone(ZONE, 2), bulk)
        primary.notify(ZONE, primary.address, proxy.port)
        proxy.wait_serial(ZONE, 2, 10)
        proxy.wait_log(r'(?m)error: .*%s serial 2 is not in memory' % ZONE, 20)
        wait_until(lambda: proxy.roles().get(STORE, [store]) != [store], 5,
                   'a store that is not altered takes over')
        published = as_set(primary.versions[ZONE][-1].axfr())
        wait_until(lambda: as_set(proxy.axfr(ZONE)) == published, 20,
                   'what was published is served again')
    assert proxy.serial(ZONE) == 2
    assert not watcher.faults


# -- poison

STILL_MS = str(int(600 * SLOW))    # of a process that hangs
POISON, OTHERS = 'poison.test.', ['other%d.test.' % i for i in range(4)]


def poisoned(site, **timers):
    zones = [POISON, *OTHERS]
    primary = site.primary()
    load(primary, zones, 1, **timers)
    proxy = site.proxied(
        primary, zones, 'cat > /dev/null; exit 0', 'verifier-retries: 2',
        'verifier-retry-delay: 1',
        server=['xfrd-reload-timeout: 1'])
    return primary, proxy


@pytest.mark.parametrize('point,what', [
    ('hop-6-patching', 'die'), ('hop-6-patching', 'hang'),
    ('hop-7-feeding', 'die'), ('hop-7-feeding', 'hang')])
def test_poison_zone(site, hooks, point, what):
    """It kills or hangs its candidate again and again: the others of its
    window come out, it ends FAILED, and a newer good version passes."""
    hooks.set('still-ms', STILL_MS)
    primary, proxy = poisoned(site)
    hooks.set('%s@%s' % (point, POISON), what)
    one_window(primary, proxy, [OTHERS[0], POISON, *OTHERS[1:]], 2)
    start = time.monotonic()
    for zone in OTHERS[1:]:
        proxy.wait_serial(zone, 2, 5)
    # It is alone now: nobody waits for it any more.
    for serial in (3, 4):
        load(primary, OTHERS[1:2], serial)
        notify(primary, proxy, OTHERS[1:2])
        proxy.wait_serial(OTHERS[1], serial, 2.5)
    wait_until(lambda: re.search('(?i)failed', proxy.control(
        'zonestatus', POISON)), 10, 'it ends FAILED')
    deaths = r'zone %s: candidate \d+ died of it' % POISON
    wait_until(lambda: len(re.findall(deaths, proxy.log_text())) >= 3, 10,
               lambda: 'two retries\n' + proxy.log_text()[-4000:])
    stays(lambda: len(re.findall(deaths, proxy.log_text())) == 3, 1.5,
          'no more than its retries')
    assert proxy.serial(POISON) == 1
    assert time.monotonic() - start < 20 * SLOW
    hooks.clear('%s@%s' % (point, POISON))
    load(primary, [POISON], 3)
    notify(primary, proxy, [POISON])
    proxy.wait_serial(POISON, 3, 5)


def test_zone_file_that_kills_its_reader(site, hooks):
    """The others that the same process was to read are served, and it is once
    its file can be read."""
    names = ['zone%02d.test.' % i for i in range(40)]
    hooks.set('loader-reading@' + names[9], 'die')
    proxy = site.proxy()
    for name in names:
        proxy.add(Zone(name, text=plain_zone(name, 1)))
    proxy.start(wait=False)
    for name in names:
        if name != names[9]:
            proxy.wait_serial(name, 1, 10)
    proxy.wait_log('error: .*%s.*who read it died' % names[9])
    assert proxy.log_text().count('who read it died') == 1
    hooks.clear('loader-reading@' + names[9])
    proxy.control('reload', names[9])
    proxy.wait_serial(names[9], 1)


@pytest.mark.parametrize('what', ['die', 'hang'])
def test_version_that_kills_the_store(site, hooks, what):
    """It is held with an alarm; the new store starts without it, and all else
    goes on."""
    hooks.set('still-ms', STILL_MS)
    primary, proxy = poisoned(site, refresh=1, retry=1)
    hooks.set('hop-9-patching@' + POISON, what)
    one_window(primary, proxy, [OTHERS[0], POISON, *OTHERS[1:]], 2,
               refresh=1, retry=1)
    proxy.wait_log(r'error: .*%s serial 2 .*the store died of it' % POISON)
    proxy.wait_log('error: .*%s.* needs an operator' % POISON)
    for zone in OTHERS:
        proxy.wait_serial(zone, 2, 5)
    stays(lambda: proxy.serial(POISON) == 1, 1.0, '1 stays')
    assert proxy.log_text().count('the store died of it') == 1
    assert re.search('(?i)held', proxy.control('zonestatus', POISON))
    # Nor over a restart, nor when the primary offers it again.
    notify(primary, proxy, [POISON])
    kill_supervisor(proxy, hooks, 'none')
    proxy.wait_serial(POISON, 1)
    load(primary, OTHERS, 3)
    notify(primary, proxy, OTHERS)
    for zone in OTHERS:
        proxy.wait_serial(zone, 3, 5)
    assert proxy.serial(POISON) == 1
    assert proxy.log_text().count('the store died of it') == 1
    # It was fetched again meanwhile, and did not get as far as the store.
    proxy.wait_log('%s serial 2 .*kept back before' % POISON)
    assert proxy.log_text().count('the store died of it') == 1
    hooks.clear('hop-9-patching@' + POISON)
    load(primary, [POISON], 3)
    notify(primary, proxy, [POISON])
    proxy.wait_serial(POISON, 3, 5)
