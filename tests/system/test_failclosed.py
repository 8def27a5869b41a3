"""Refuse by default: a version is published only after its verifier ran to
its end and exited 0, and whatever a verifier does costs no other version."""
import re
import time

import pytest

from harness.net import stays, wait_until
from harness.proc import is_alive
from harness.server import Zone
from harness.zones import plain_zone

ZONE = 'example.test.'

# What becomes of serial 2; every other serial is good.
REFUSALS = {
    'exit-1': 'exit 1',
    'exit-255': 'exit 255',
    'exit-75': 'exit 75',
    'exit-126': 'exit 126',
    'exit-127': 'exit 127',
    'segv': 'kill -SEGV $$',
    'kill': 'kill -KILL $$',
    'term': 'kill -TERM $$',
    'exit-1-unread': 'exec <&-; exit 1',
}


def publish(primary, proxy, serial, zone=ZONE, **how):
    primary.publish(zone, plain_zone(zone, serial, **how),
                    (primary.address, proxy.port))


def proxied(site, body, *verify, size=0, **how):
    primary = site.primary()
    primary.load(ZONE, plain_zone(ZONE, 1, size=size))
    return primary, site.proxied(
        primary, [ZONE], 'if [ "$serial" = 2 ]; then\n%s\nfi\n'
        'if [ "$VERIFY_ZONE_ON_STDIN" = yes ]; then cat > /dev/null; fi\n'
        'exit 0' % body, *verify, **how)


def assert_second_is_held_back(primary, proxy, sink=None):
    """Serial 2 was tried and is nowhere to be seen; 3 goes through."""
    wait_until(lambda: proxy.runs(ZONE, 2), 5, 'a verifier runs for 2')
    stays(lambda: proxy.serial(ZONE) == 1, 0.7, 'serial 1 stays published')
    assert proxy.ask('only-2.' + ZONE, 'A').rcode() == 3
    publish(primary, proxy, 3)
    proxy.wait_serial(ZONE, 3)
    for records in (proxy.ixfr(ZONE, 1), proxy.axfr(ZONE)):
        names = {r[0].to_text().lower() for r in records}
        assert 'only-2.' + ZONE not in names
        assert 2 not in {r[2].serial for r in records if r[2].rdtype == 6}
    if sink:
        assert 2 not in sink.serials(ZONE)
        sink.wait(ZONE, 3)


@pytest.mark.parametrize('how', REFUSALS)
def test_refused(site, how):
    sink = site.sink()
    primary, proxy = proxied(site, REFUSALS[how], notify=[sink])
    publish(primary, proxy, 2)
    assert_second_is_held_back(primary, proxy, sink)


@pytest.mark.ours
@pytest.mark.parametrize('how,words', [
    ('exit 1', r'exited with 1'), ('exit 255', r'exited with 255'),
    ('kill -SEGV $$', r'signal|abnormally'), ('exit 75', r'exited with 75')])
def test_refusal_is_in_the_log(site, how, words):
    """Which zone, which serial, which verifier, what exit."""
    primary, proxy = proxied(site, 'echo "the reason"; ' + how)
    publish(primary, proxy, 2)
    proxy.wait_log(r'verify: verifier for zone example\.test\.? '
                   r'\(pid \d+\) .*(%s)' % words)
    proxy.wait_log('the reason')
    wait_until(lambda: any(
        re.search(r'example\.test\.?\b.*serial 2\b', line)
        and re.search('verifier', line)
        for line in proxy.log_text().splitlines()
        if re.search(r'(error|warning|notice): ', line)), 5,
        lambda: 'one line says zone, serial and verifier\n'
        + proxy.log_text()[-2000:])


def test_missing_verifier(site):
    primary, proxy = proxied(site, 'exit 0')
    (proxy.dir / 'verifier').rename(proxy.dir / 'away')
    publish(primary, proxy, 2)
    stays(lambda: proxy.serial(ZONE) == 1, 2, 'serial 1 stays published')
    (proxy.dir / 'away').rename(proxy.dir / 'verifier')
    publish(primary, proxy, 3)
    proxy.wait_serial(ZONE, 3)
    assert not proxy.runs(ZONE, 2) or proxy.serial(ZONE) == 3


def test_verifier_not_executable(site):
    primary, proxy = proxied(site, 'exit 0')
    (proxy.dir / 'verifier').chmod(0o644)
    publish(primary, proxy, 2)
    stays(lambda: proxy.serial(ZONE) == 1, 2, 'serial 1 stays published')
    assert not proxy.runs(ZONE, 2)
    (proxy.dir / 'verifier').chmod(0o755)
    publish(primary, proxy, 3)
    proxy.wait_serial(ZONE, 3)


def test_not_a_program(site):
    """An executable file that the system cannot execute."""
    primary, proxy = proxied(site, 'exit 0')
    good = (proxy.dir / 'verifier').read_text()
    (proxy.dir / 'verifier').write_bytes(b'\x7fELF' + bytes(60))
    publish(primary, proxy, 2)
    stays(lambda: proxy.serial(ZONE) == 1, 1, 'serial 1 stays published')
    (proxy.dir / 'verifier').write_text(good)
    publish(primary, proxy, 3)
    proxy.wait_serial(ZONE, 3)


@pytest.mark.ours
def test_enabled_without_verifier_is_an_error(site):
    proxy = site.proxy()
    proxy.verify_with()
    proxy.add(Zone(ZONE, primary=site.primary().peer()))
    proxy.start(wait=False)
    assert proxy.process.wait_exit(5) != 0
    text = proxy.text_of_logs()
    assert 'verifier' in text and ZONE.rstrip('.') in text
    assert not proxy.process.family()


@pytest.mark.ours
def test_first_version_is_verified_too(site):
    """Nothing published, nothing verified: SERVFAIL, not the candidate."""
    primary = site.primary()
    primary.load(ZONE, plain_zone(ZONE, 2))
    proxy = site.proxy()
    proxy.verify_with('verifier: %s' % proxy.script('verifier', 'exit 1'))
    proxy.add(Zone(ZONE, primary=primary.peer())).start()
    wait_until(lambda: proxy.runs(ZONE, 2), 5, 'a verifier runs')
    stays(lambda: proxy.serial(ZONE) is None, 1, 'nothing is published')
    assert proxy.ask(ZONE, 'SOA').rcode() == 2


@pytest.mark.parametrize('body', ['exit 0', 'exec <&-; sleep 0.3; exit 0'],
                         ids=['unread', 'closed'])
def test_input_need_not_be_read(site, body):
    """The exit status decides; the zone is larger than a pipe holds."""
    primary, proxy = proxied(site, body, size=20000)
    publish(primary, proxy, 2, size=20000)
    proxy.wait_serial(ZONE, 2, 8)


@pytest.mark.parametrize('leaver', ['sleep 300 &', 'setsid sleep 300 &',
                                    '(trap "" TERM HUP; sleep 300) &'],
                         ids=['child', 'own-session', 'deaf'])
def test_child_that_outlives_its_verifier(site, leaver):
    """It holds descriptors open; neither this nor the next version waits for
    it, and it does not stay."""
    primary, proxy = proxied(
        site, 'cat > /dev/null\n%s\necho $! > "$0.left"\nexit 0' % leaver)
    publish(primary, proxy, 2)
    proxy.wait_serial(ZONE, 2, 4)
    publish(primary, proxy, 3)
    proxy.wait_serial(ZONE, 3, 4)
    left = int((proxy.dir / 'verifier.left').read_text())
    wait_until(lambda: not is_alive(left), 3, 'the child is ended')


def test_refusal_with_child_left_behind(site):
    primary, proxy = proxied(site, 'sleep 300 &\nexit 1')
    publish(primary, proxy, 2)
    assert_second_is_held_back(primary, proxy)


@pytest.mark.parametrize('stream', ['', '>&2'], ids=['stdout', 'stderr'])
@pytest.mark.parametrize('line', ['a line of a talkative verifier', ''],
                         ids=['lines', 'no-newline'])
def test_output_flood(site, stream, line):
    """Thirty megabytes of output: the verdict stands, the log is bounded."""
    body = "yes '%s' | head -c 30000000 %s" % (line, stream) if line else \
        'head -c 30000000 /dev/zero %s' % stream
    primary, proxy = proxied(site, body + '\nexit 0')
    before = proxy.log.stat().st_size
    publish(primary, proxy, 2)
    wait_until(lambda: proxy.runs(ZONE, 2), 5, 'a verifier runs for 2')
    worst = 0.0
    end = time.monotonic() + 20
    while proxy.serial(ZONE) != 2 and time.monotonic() < end:
        start = time.monotonic()
        assert proxy.serial(ZONE) in (1, 2), 'answers never stop'
        worst = max(worst, time.monotonic() - start)
        time.sleep(0.02)
    assert proxy.serial(ZONE) == 2
    assert worst < 0.5
    assert proxy.log.stat().st_size - before < 8 << 20


TIMEOUTS = {
    'sleeps': 'exec sleep 300',
    'deaf': 'trap "" TERM; while :; do sleep 300; done',
    'with-children': 'sleep 301 & sleep 302 & setsid sleep 303 & wait',
    'blocked-on-output': 'exec head -c 100000000 /dev/zero >&2; sleep 300',
}


@pytest.mark.parametrize('how', ['sleeps', 'deaf', 'with-children'])
def test_timeout(site, how):
    """TERM, then KILL, to the whole group; not published."""
    primary, proxy = proxied(site, TIMEOUTS[how], 'verifier-timeout: 1')
    before = set(proxy.process.family())
    publish(primary, proxy, 2)
    proxy.wait_log(r'verifier for zone example\.test\.? \(pid \d+\) timed out',
                   6)

    def sleepers():
        return [p for p, name in proxy.process.family().items()
                if p not in before and name in ('sleep', 'verifier', 'sh')]
    publish(primary, proxy, 3)
    proxy.wait_serial(ZONE, 3, 10)
    wait_until(lambda: not sleepers(), 6,
               lambda: 'the group is ended: %s' % proxy.process.family())
    assert proxy.ask('only-2.' + ZONE, 'A').rcode() == 3


@pytest.mark.ours
def test_failed_is_retried(site):
    """FAILED, unlike REJECTED, is tried again, and says which attempt."""
    primary, proxy = proxied(
        site, 'echo $VERIFY_ATTEMPT >> "$0.attempts"\n'
        '[ "$VERIFY_ATTEMPT" -ge 3 ] || kill -SEGV $$\nexit 0',
        'verifier-retries: 3', 'verifier-retry-delay: 1')
    publish(primary, proxy, 2)
    proxy.wait_serial(ZONE, 2, 10)
    assert (proxy.dir / 'verifier.attempts').read_text().split() == \
        ['1', '2', '3']


@pytest.mark.ours
def test_rejected_is_not_run_again(site):
    primary, proxy = proxied(site, 'exit 1')
    publish(primary, proxy, 2)
    wait_until(lambda: proxy.runs(ZONE, 2), 5, 'a verifier runs')
    for _ in range(5):
        primary.notify(ZONE, primary.address, proxy.port)
    stays(lambda: len(proxy.runs(ZONE, 2)) == 1, 1.5,
          'one verdict for one version')
    assert proxy.serial(ZONE) == 1


@pytest.mark.ours
def test_corrected_under_the_same_serial_is_not_confused(site):
    """Serial 2 rejected; the primary goes on to 3 by IXFR 1-2-3: judged and
    sent on as one step 1-3, without what 2 alone had."""
    primary, proxy = proxied(site, 'exit 1')
    publish(primary, proxy, 2)
    wait_until(lambda: proxy.runs(ZONE, 2), 5, 'a verifier runs')
    publish(primary, proxy, 3)
    proxy.wait_serial(ZONE, 3)
    records = proxy.ixfr(ZONE, 1)
    assert [r[2].serial for r in records if r[2].rdtype == 6] == [3, 1, 3, 3]
    assert primary.requests(ZONE, 'IXFR')[-1][4] == 1, \
        'asked for from the published serial'


ENVIRONMENT = '''
env > "$0.env.$serial"
ls -l /proc/self/fd > "$0.fd.$serial"
cat > "$0.in.$serial"
ps -o pid=,sid=,pgid= -p $$ > "$0.ps.$serial"
pwd > "$0.pwd.$serial"
exit 0
'''


@pytest.mark.ours
def test_environment(site):
    primary = site.primary()
    primary.load(ZONE, plain_zone(ZONE, 1))
    proxy = site.proxied(primary, [ZONE], ENVIRONMENT)
    publish(primary, proxy, 2)
    proxy.wait_serial(ZONE, 2)
    text = (proxy.dir / 'verifier.env.2').read_text()
    env = dict(line.split('=', 1) for line in text.splitlines()
               if '=' in line)
    port = str(proxy.verify_port)
    both = '127.0.0.1@%s ::1@%s' % (port, port)
    expected = {
        'VERIFY_ZONE': ZONE, 'VERIFY_ZONE_ON_STDIN': 'yes',
        'VERIFY_IP_ADDRESSES': both, 'VERIFY_IP_ADDRESS': '::1',
        'VERIFY_PORT': port, 'VERIFY_IPV4_ADDRESS': '127.0.0.1',
        'VERIFY_IPV4_PORT': port, 'VERIFY_IPV6_ADDRESS': '::1',
        'VERIFY_IPV6_PORT': port, 'VERIFY_SERIAL': '2',
        'VERIFY_PREVIOUS_SERIAL': '1', 'VERIFY_XFR_TYPE': 'ixfr',
        'VERIFY_ATTEMPT': '1', 'VERIFY_FEED': 'zone'}
    assert {k: env.get(k) for k in expected} == expected
    assert '127.0.0.1' in env['VERIFY_PRIMARY']
    for name in ('NOTIFY_SOCKET', 'WATCHDOG_PID', 'LISTEN_FDS'):
        assert name not in env
    first = (proxy.dir / 'verifier.env.1').read_text()
    assert 'VERIFY_PREVIOUS_SERIAL' not in first
    assert 'VERIFY_XFR_TYPE=axfr' in first
    descriptors = re.findall(
        r' (\d+) -> ', (proxy.dir / 'verifier.fd.2').read_text())
    # ls itself has one open on the directory
    assert sorted(map(int, descriptors))[:3] == [0, 1, 2]
    assert len(descriptors) <= 4, 'nothing but 0, 1, 2 is inherited'
    pid, sid, pgid = (proxy.dir / 'verifier.ps.2').read_text().split()
    assert pid == sid == pgid, 'a session and group of its own'
    assert (proxy.dir / 'verifier.pwd.2').read_text().strip() == \
        str(proxy.dir)
    lines = (proxy.dir / 'verifier.in.2').read_text().splitlines()
    assert re.match(r'example\.test\.\s+3600\s+IN\s+SOA\s', lines[0])
    assert all(re.match(r'\S+\s+\d+\s+IN\s', line) for line in lines)
    assert len(lines) == len(proxy.axfr(ZONE)) - 1


@pytest.mark.ours
def test_delta_feed(site):
    primary = site.primary()
    primary.load(ZONE, plain_zone(ZONE, 1))
    proxy = site.proxied(primary, [ZONE], 'cat > "$0.in.$serial"\nexit 0',
                         'verifier-feed: delta')
    publish(primary, proxy, 2)
    proxy.wait_serial(ZONE, 2)
    lines = (proxy.dir / 'verifier.in.2').read_text().splitlines()
    assert lines[0] == '; 1 2'
    assert {line[0] for line in lines[1:]} == {'+', '-'}
    text = '\n'.join(lines)
    assert re.search(r'^- ?only-1\.example\.test\.', text, re.M)
    assert re.search(r'^\+ ?only-2\.example\.test\.', text, re.M)
