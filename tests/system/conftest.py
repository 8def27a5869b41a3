"""Fixtures: a site is a directory, its ports, and the servers in it; whatever
the test does, afterwards they are gone, and a sanitizer report or a crash of
any of them fails the test."""
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.dont_write_bytecode = True

from harness.bind import Bind          # noqa: E402
from harness.knot import Knot          # noqa: E402
from harness.net import Ports          # noqa: E402
from harness.nsd import Nsd, NsdVerify, is_ours, under_test  # noqa: E402
from harness.primary import ScriptedPrimary  # noqa: E402
from harness.relay import Relay        # noqa: E402
from harness.server import Zone        # noqa: E402
from harness.sink import NotifySink    # noqa: E402

KINDS = {'knot': Knot, 'bind': Bind, 'nsd': Nsd, 'nsd-verify': NsdVerify}


class Site:
    def __init__(self):
        self.dir = Path(tempfile.mkdtemp(prefix='nsdv-'))
        self.dir.chmod(0o755)
        self.ports = Ports()
        self.servers = []
        self.helpers = []
        self.kills = False      # the test kills processes on purpose

    def server(self, kind, name=None):
        name = name or '%s-%d' % (kind, len(self.servers))
        server = KINDS[kind](self.dir / name, self.ports)
        self.servers.append(server)
        return server

    def proxy(self, name='proxy'):
        """The program under test."""
        return self.server('nsd-verify', name)

    def primary(self, family='ipv4', **how):
        """A scripted primary in this process."""
        server = ScriptedPrimary(self.ports, family, **how).start()
        self.helpers.append(server)
        return server

    def relay(self, family='ipv4', **ends):
        relay = Relay(self.ports, family, **ends).start()
        self.helpers.append(relay)
        return relay

    def sink(self, family='ipv4', **how):
        """A secondary that only takes NOTIFYs."""
        sink = NotifySink(self.ports, family, **how).start()
        self.helpers.append(sink)
        return sink

    def proxied(self, primary, zones, verifier, *verify, notify=(),
                server=(), **how):
        """The program under test between a scripted primary and whom it
        notifies, with the body of a verifier script; started, and the zones
        served with what the primary has."""
        proxy = self.proxy()
        proxy.server_options += server
        command = proxy.script('verifier', verifier)
        proxy.verify_with('verifier: %s' % command, *verify, **how)
        for zone in zones:
            proxy.add(Zone(zone, primary=primary.peer(),
                           secondaries=[s.peer() for s in notify]))
        proxy.start()
        for zone in zones:
            proxy.wait_serial(zone, primary.versions[zone][-1].serial, 15)
        return proxy

    def close(self, keep):
        for server in self.servers:
            server.process.stop()
            server.close()
        for helper in self.helpers:
            helper.stop()
        self.ports.release()
        reports = ''.join(
            s.process.sanitizer_reports() for s in self.servers)
        if not self.kills:
            reports += ''.join(s.crashes() for s in self.servers)
        if not keep:
            shutil.rmtree(self.dir, ignore_errors=True)
        return reports


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.when == 'call':
        item.failed_call = report.failed
        site = getattr(item, 'site', None)
        if report.failed and site is not None:
            report.sections.append(('site', str(site.dir)))


@pytest.fixture
def site(request):
    s = Site()
    request.node.site = s
    yield s
    failed = getattr(request.node, 'failed_call', True)
    reports = s.close(keep=failed and os.environ.get('NSDV_KEEP'))
    if reports:
        pytest.fail('crashes:\n' + reports)


def pytest_collection_modifyitems(config, items):
    quick = os.environ.get('NSDV_QUICK')
    for item in items:
        if quick and item.get_closest_marker('slow'):
            item.add_marker(pytest.mark.skip(reason='NSDV_QUICK'))
        if not is_ours() and item.get_closest_marker('ours'):
            item.add_marker(pytest.mark.skip(
                reason='%s cannot do this' % under_test()))


def pytest_report_header():
    return 'under test: %s' % under_test()
