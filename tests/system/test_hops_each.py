"""kill -9 of each process at each of the ten hops: the whole product.

test_hops.py has the cases with a story of their own; here every role dies
while another one stands at a hop, and what comes out is the same each time.
"""
import pytest

from harness.hooks import Hooks
from harness.net import wait_until
from test_crash import ZONE, Watcher, ended
from test_hops import SUPERVISOR, kill_at, started, text

pytestmark = [pytest.mark.ours, pytest.mark.hooks]

HOPS = ['hop-1-message', 'hop-2-checked', 'hop-3-complete', 'hop-4-staged',
        'hop-5-fork', 'hop-6-patching', 'hop-7-verifying', 'hop-8-verdict',
        'hop-9-patching', 'hop-10-notify']
ROLES = [SUPERVISOR, 'nsdv-xfrd', 'nsdv-store', 'nsdv-worker', 'nsdv-gate',
         'nsdv-cand', 'nsdv-cworker', 'nsdv-keeper']


@pytest.mark.parametrize('role', ROLES)
@pytest.mark.parametrize('hop', HOPS)
def test_kill_each_at_each_hop(site, monkeypatch, hop, role):
    site.kills = True
    hooks, sink = Hooks(site.dir, monkeypatch), site.sink()
    primary, proxy = started(site, sink)
    with Watcher(proxy) as watcher:
        hooks.set(hop)
        primary.load(ZONE, text(2))
        primary.notify(ZONE, primary.address, proxy.port, 0.3)
        hooks.stopped(hop)
        if role not in proxy.roles():
            hooks.go_on(hop)
            proxy.wait_serial(ZONE, 2, 10)
            return
        kill_at(proxy, hooks, hop, role)
        if (hop, role) == ('hop-9-patching', 'nsdv-store'):
            # It died of this version, as far as it can know.
            proxy.wait_log('serial 2 was verified but is not published', 10)
        else:
            proxy.wait_serial(ZONE, 2, 15)
            assert 2 in ended(proxy), 'it has its verdict'
        primary.load(ZONE, text(3))
        primary.notify(ZONE, primary.address, proxy.port)
        proxy.wait_serial(ZONE, 3, 10)
    assert not watcher.faults
    if role != SUPERVISOR:
        assert watcher.silent == 0, 'answers never stop'
    wait_until(lambda: 3 in sink.serials(ZONE), 5, 'NOTIFY of 3')
    assert sink.serials(ZONE) == sorted(sink.serials(ZONE)), \
        'NOTIFYs never go back'
