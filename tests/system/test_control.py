"""The control channel, through NSD's own tool and ours alike."""
import re
import shutil

import pytest

from harness.net import stays, wait_until
from harness.nsd import build_dir, is_ours
from harness.server import Zone
from harness.zones import plain_zone

ZONE, FILE = 'example.test.', 'file.test.'
TOOLS = ['nsd-control'] + (
    [str(build_dir() / 'src' / 'bin' / 'nsd-verify-control')]
    if is_ours() else [])


@pytest.fixture(params=TOOLS, ids=lambda t: t.rsplit('/', 1)[-1])
def tool(request):
    if not shutil.which(request.param):
        pytest.skip('%s is not installed' % request.param)
    return request.param


@pytest.fixture
def pair(site):
    primary, sink = site.primary(), site.sink()
    primary.load(ZONE, plain_zone(ZONE, 1))
    proxy = site.proxy()
    proxy.server_options.append('xfrd-reload-timeout: 0')
    proxy.add(Zone(ZONE, primary=primary.peer(), secondaries=[sink.peer()],
                   options=['zonefile: "out.zone"']),
              Zone(FILE, text=plain_zone(FILE, 1)))
    proxy.start()
    proxy.wait_serial(ZONE, 1, 15)
    proxy.sink = sink
    return primary, proxy


def test_status(pair, tool):
    text = pair[1].control('status', tool=tool)
    assert re.search(r'^version: \S', text, re.M)
    assert re.search(r'^verbosity: 3$', text, re.M)


def test_zonestatus(pair, tool):
    primary, proxy = pair
    text = proxy.control('zonestatus', tool=tool)
    zones = set(re.findall(r'^zone:\t(\S+?)\.?$', text, re.M))
    assert zones == {ZONE.rstrip('.'), FILE.rstrip('.')}
    one = proxy.control('zonestatus', ZONE.rstrip('.'), tool=tool)
    assert FILE.rstrip('.') not in one
    assert re.search(r'^\tstate: (ok|refreshing)$', one, re.M)
    assert re.search(r'^\tserved-serial: "1 since ', one, re.M)
    own = proxy.control('zonestatus', FILE, tool=tool)
    assert re.search(r'^\tstate: (primary|master)$', own, re.M)


@pytest.mark.ours
def test_zonestatus_while_a_zone_comes_in(site):
    """What is known, and nothing else: no serial 0, no 1970."""
    primary = site.primary()
    primary.load(ZONE, plain_zone(ZONE, 7, size=300))
    primary.pause_s = 0.15
    proxy = site.proxy().add(Zone(ZONE, primary=primary.peer()))
    proxy.start()
    seen = set()

    def is_served():
        text = proxy.control('zonestatus', ZONE)
        seen.update(re.findall(r'^\tRECEIVING: "(.*)"$', text, re.M))
        assert '1970' not in text
        return 'served-serial: "7 ' in text
    wait_until(is_served, 15, 'the zone is served')
    assert any(re.fullmatch(r'7, [1-9]\d* octets so far', s) for s in seen)
    assert all(s == 'no records so far' or s.startswith('7, ') for s in seen)


def test_unknown_zone_and_command(pair, tool):
    status, text = pair[1].control_run('zonestatus', 'no.test', tool=tool)
    assert status == 1 and text.startswith('error')
    status, text = pair[1].control_run('transfer', FILE, tool=tool)
    assert status == 1
    assert re.match('error zone not (secondary|slave)', text)
    status, text = pair[1].control_run('no_such_command', tool=tool)
    assert status == 1 and "error" in text


def test_transfer(pair, tool):
    primary, proxy = pair
    primary.load(ZONE, plain_zone(ZONE, 2))
    assert proxy.control('transfer', ZONE, tool=tool).strip() == 'ok'
    proxy.wait_serial(ZONE, 2)
    primary.load(ZONE, plain_zone(ZONE, 3))
    assert proxy.control('transfer', tool=tool).strip() == 'ok, 1 zones'
    proxy.wait_serial(ZONE, 3)


def test_force_transfer_may_go_back(pair, tool):
    primary, proxy = pair
    primary.publish(ZONE, plain_zone(ZONE, 10),
                    (primary.address, proxy.port))
    proxy.wait_serial(ZONE, 10)
    primary.load(ZONE, plain_zone(ZONE, 5))
    proxy.control('transfer', ZONE, tool=tool)
    stays(lambda: proxy.serial(ZONE) == 10, 0.7, 'transfer does not go back')
    before = len(primary.requests(ZONE, 'AXFR'))
    assert proxy.control(
        'force_transfer', ZONE, tool=tool).strip() == 'ok'
    proxy.wait_serial(ZONE, 5)
    assert len(primary.requests(ZONE, 'AXFR')) > before
    proxy.wait_log('warning: zone example.test. goes back from serial 10 to 5')


def test_reload_takes_a_zone_file(pair, tool):
    _, proxy = pair
    zone = proxy.zone(FILE)
    zone.text = plain_zone(FILE, 2)
    proxy.write_zone_file(zone)
    assert proxy.control('reload', FILE, tool=tool).strip() == 'ok'
    proxy.wait_serial(FILE, 2)
    zone.text = plain_zone(FILE, 3)
    proxy.write_zone_file(zone)
    assert proxy.control('reload', tool=tool).strip() == 'ok'
    proxy.wait_serial(FILE, 3)


@pytest.mark.ours
def test_nothing_new_keeps_the_history(pair):
    """`reload ZONE` of the same file, `force_transfer` of the same version."""
    primary, proxy = pair
    zone = proxy.zone(FILE)
    proxy.publish(FILE, plain_zone(FILE, 2))
    primary.publish(ZONE, plain_zone(ZONE, 2), (primary.address, proxy.port))
    for name, order in ((FILE, 'reload'), (ZONE, 'force_transfer')):
        proxy.wait_serial(name, 2)
        assert proxy.control(order, name).strip() == 'ok'
        proxy.wait_log('zone %s: .* says what is published' % name)
        assert [r[2].serial for r in proxy.ixfr(name, 1)
                if r[2].rdtype == 6] == [2, 1, 2, 2]
        assert 'goes back' not in proxy.log_text()
    zone.text = plain_zone(FILE, 3)
    proxy.write_zone_file(zone)
    proxy.control('reload', FILE)
    proxy.wait_serial(FILE, 3)


def test_notify(pair, tool):
    _, proxy = pair
    proxy.sink.wait(ZONE, 1)
    proxy.sink.seen.clear()
    assert proxy.control('notify', ZONE, tool=tool).strip() == 'ok'
    proxy.sink.wait(ZONE, 1)


def test_write(pair, tool):
    primary, proxy = pair
    out = proxy.dir / 'out.zone'
    assert proxy.control('write', ZONE, tool=tool).strip() == 'ok'
    wait_until(out.exists, 5, 'the zone file is written')
    primary.publish(ZONE, plain_zone(ZONE, 2), (primary.address, proxy.port))
    proxy.wait_serial(ZONE, 2)
    assert proxy.control('write', tool=tool).strip() == 'ok'
    wait_until(lambda: 'only-2' in out.read_text(), 5, 'the new version')
    again = [n for n in out.read_text().splitlines() if n.strip()
             and not n.startswith(';')]
    assert len(again) >= len(plain_zone(ZONE, 2).splitlines()) - 1


def test_verbosity_and_log_reopen(pair, tool):
    _, proxy = pair
    assert proxy.control('verbosity', '1', tool=tool).strip() == 'ok'
    assert 'verbosity: 1' in proxy.control('status', tool=tool)
    old = proxy.log.rename(proxy.dir / 'log.old')
    assert proxy.control('log_reopen', tool=tool).strip() == 'ok'
    wait_until(proxy.log.exists, 5, 'a new log file')
    assert old.exists()


def test_reconfig_adds_and_removes_zones(pair, tool):
    primary, proxy = pair
    primary.load('new.test.', plain_zone('new.test.', 7))
    proxy.add(Zone('new.test.', primary=primary.peer()))
    proxy.zones = [z for z in proxy.zones if z.name != FILE]
    proxy.write_config()
    assert 'ok' in proxy.control('reconfig', tool=tool)
    proxy.wait_serial('new.test.', 7, 15)
    wait_until(lambda: proxy.ask(FILE, 'SOA').rcode() == 5, 5, 'it is gone')
    assert proxy.serial(ZONE) == 1


@pytest.mark.ours
def test_zones_that_left_while_nobody_ran(site):
    """What was kept of them goes at the next start; a zone whose clause says
    something else now stays."""
    left, primary = 'left.test.', site.primary()
    primary.load(left, plain_zone(left, 1, size=4000))
    primary.load(ZONE, plain_zone(ZONE, 1))
    proxy = site.proxy().add(Zone(left, primary=primary.peer()),
                             Zone(ZONE, primary=primary.peer()))
    proxy.start()
    for zone in (left, ZONE):
        proxy.wait_serial(zone, 1, 15)
    proxy.process.stop()
    assert list(proxy.state_dir.glob('*-*')), 'a large zone has files'
    primary.rcode.update({left: 5, ZONE: 5})
    gone = proxy.zones.pop(0)
    proxy.zone(ZONE).options.append('ixfr-number: 7')
    proxy.write_config()
    proxy.restart(wait=False)
    proxy.wait_serial(ZONE, 1)
    proxy.wait_log('zone left.test.?: is not configured any more')
    assert proxy.log_text().count('is not configured any more') == 1
    wait_until(lambda: not list(proxy.state_dir.glob('*-*')), 5,
               lambda: 'its files are removed: %s' % list(
                   proxy.state_dir.iterdir()))
    proxy.add(gone)
    proxy.write_config()
    proxy.control('reconfig')
    stays(lambda: proxy.serial(left) is None, 0.3, 'nothing is known of it')
    primary.rcode.clear()
    proxy.control('transfer', left)
    proxy.wait_serial(left, 1)


def test_bad_reconfig_changes_nothing(pair, tool):
    _, proxy = pair
    good = proxy.config.read_text()
    proxy.config.write_text(good.replace('verbosity: 3', 'verbosity: x'))
    status, text = proxy.control_run('reconfig', tool='nsd-control'
                                     if not is_ours() else TOOLS[-1])
    assert status != 0 or 'error' in text or 'error' in proxy.log_text()
    assert proxy.serial(ZONE) == 1 and proxy.serial(FILE) == 1
    proxy.config.write_text(good)


def test_stop(pair, tool):
    _, proxy = pair
    assert proxy.control('stop', tool=tool).strip() == 'ok'
    assert proxy.process.wait_exit(5) == 0
    wait_until(lambda: not proxy.process.family(), 1.5, 'nothing is left')


@pytest.mark.ours
def test_verdicts(site, tool):
    primary = site.primary()
    primary.load(ZONE, plain_zone(ZONE, 1))
    proxy = site.proxied(
        primary, [ZONE], 'echo "because of two"; [ "$serial" != 2 ]')
    primary.publish(ZONE, plain_zone(ZONE, 2), (primary.address, proxy.port))
    wait_until(lambda: proxy.runs(ZONE, 2), 5, 'a verifier runs')
    text = wait_until(lambda: (lambda t: t if re.search('reject', t, re.I)
                               else None)(proxy.control('verdicts', ZONE,
                                                        tool=tool)),
                      5, 'the rejection is listed', every=0.1)
    line = next(n for n in text.splitlines() if re.search('reject', n, re.I))
    assert re.search(r'\b2\b', line)
    assert 'because of two' in text
    everything = proxy.control('verdicts', tool=tool)
    assert ZONE.rstrip('.') in everything
