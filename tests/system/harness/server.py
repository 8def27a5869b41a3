"""What all servers have in common: the test talks to this interface only."""
import os
import pwd
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

import dns.flags

from . import net
from .net import FAMILIES, wait_until
from .proc import Process


@dataclass(frozen=True)
class Peer:
    """The other end of a transfer: who asks whom, under which key."""
    port: int
    family: str = 'ipv4'
    key: Optional[net.Key] = None

    @property
    def address(self):
        return FAMILIES[self.family]


@dataclass
class Zone:
    """A zone as one server has it."""
    name: str                      # absolute, with the final dot
    text: Optional[str] = None     # zone file: we are its primary
    primary: Optional[Peer] = None      # from where it is transferred
    also_primaries: list = field(default_factory=list)
    secondaries: list = field(default_factory=list)  # NOTIFY; transfer out
    options: list = field(default_factory=list)      # raw lines, own syntax

    @property
    def file(self):
        return (self.name.rstrip('.') or 'root') + '.zone'

    def primaries(self):
        return ([self.primary] if self.primary else []) + self.also_primaries

    def keys(self):
        peers = self.primaries() + self.secondaries
        return {p.key for p in peers if p.key}

    def transfers_unsigned(self):
        """Transfer out is allowed without a key too."""
        return not self.keys() or any(
            p.key is None for p in self.secondaries)


def program(name, directory):
    """The path of a server's program: a private copy where AppArmor would
    keep the system's from working in a temporary directory."""
    path = shutil.which(name, path=os.environ['PATH'] + ':/usr/sbin:/sbin')
    if path is None:
        raise FileNotFoundError('%s is not installed' % name)
    try:
        profiles = Path('/sys/kernel/security/apparmor/profiles').read_text()
    except OSError:
        return path
    if not re.search('^%s ' % re.escape(path), profiles, re.M):
        return path
    copy = directory / Path(path).name
    shutil.copy(path, copy)
    return str(copy)


class Server:
    """One name server in its own directory, on one port of both families."""
    kind = '?'
    ready_timeout = 10.0

    def __init__(self, directory, ports, zones=()):
        self.dir = Path(directory)
        self.dir.mkdir(parents=True)
        self.dir.chmod(0o755)
        self.ports = ports
        self.port = ports.get()
        self.zones = list(zones)
        self.server_options = []    # raw lines, own syntax
        self.process = Process(self.dir)
        self.log = self.dir / 'log'

    # -- what a kind of server defines
    def write_config(self):
        raise NotImplementedError

    def argv(self):
        raise NotImplementedError

    def announce(self, zone):
        """Makes the running server take up a changed zone file."""
        raise NotImplementedError

    def close(self):
        """Gives back what the server had beside its process."""

    def crashes(self):
        """Lines of the log that tell of a crash."""
        return ''

    # -- what all do alike
    def zone(self, name):
        return next(z for z in self.zones if z.name == name)

    def add(self, *zones):
        self.zones += zones
        return self

    def keys(self):
        return sorted(set().union(*(z.keys() for z in self.zones)),
                      key=lambda k: k.name)

    def write_zone_file(self, zone):
        """In one step, so that no server reads half of it."""
        path = self.dir / zone.file
        fresh = path.with_suffix('.new')
        fresh.write_text(zone.text)
        os.replace(fresh, path)

    def prepare(self):
        for zone in self.zones:
            if zone.text is not None:
                self.write_zone_file(zone)
        self.write_config()

    def start(self, wait=True, env=None):
        self.prepare()
        self.process.start(self.argv(), env=env)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        """It answers; its own zones with authority."""
        def claim():
            if not self.process.is_running():
                raise AssertionError('%s ended with %s:\n%s' % (
                    self.kind, self.process.child.returncode,
                    self.text_of_logs()[-3000:]))
            own = [z for z in self.zones if z.text is not None]
            return self.is_answering() and all(
                self.serial(z.name) is not None for z in own)
        wait_until(claim, self.ready_timeout,
                   lambda: '%s is ready\n%s' % (
                       self.kind, self.text_of_logs()[-3000:]))

    def is_answering(self):
        name = self.zones[0].name if self.zones else 'example.'
        return all(net.ask(a, self.port, name, 'SOA', 0.2) is not None
                   for a in FAMILIES.values())

    def restart(self, wait=True):
        """As a service manager does: the configuration as it stands."""
        self.process.start(self.argv())
        if wait:
            self.wait_ready()

    def stop(self):
        status = self.process.stop()
        reports = self.process.sanitizer_reports()
        assert not reports, reports
        return status

    def publish(self, name, text):
        zone = self.zone(name)
        zone.text = text
        self.write_zone_file(zone)
        self.announce(zone)

    def serial(self, name, family='ipv4'):
        return net.serial_of(FAMILIES[family], self.port, name)

    def wait_serial(self, name, serial, timeout=5.0, family='ipv4'):
        wait_until(lambda: self.serial(name, family) == serial, timeout,
                   lambda: '%s serves %s with serial %d (now %s)\n%s' % (
                       self.kind, name, serial, self.serial(name, family),
                       self.text_of_logs()[-4000:]))

    def ask(self, name, rdtype, family='ipv4', **how):
        return net.ask(FAMILIES[family], self.port, name, rdtype, **how)

    def axfr(self, name, key='default', family='ipv4', timeout=5.0):
        if key == 'default':
            key = self.key_for_axfr(name)
        return net.axfr(FAMILIES[family], self.port, name, key, timeout)

    def ixfr(self, name, serial, key='default', family='ipv4'):
        if key == 'default':
            key = self.key_for_axfr(name)
        return net.ixfr(FAMILIES[family], self.port, name, serial, key)

    def key_for_axfr(self, name):
        """The test itself may transfer with any of the zone's keys."""
        zone = self.zone(name)
        keys = sorted(zone.keys(), key=lambda k: k.name)
        return None if zone.transfers_unsigned() else keys[0]

    def log_text(self):
        try:
            return self.log.read_text(errors='replace')
        except FileNotFoundError:
            return ''

    def text_of_logs(self):
        stderr = self.dir / 'stderr'
        return self.log_text() + (
            stderr.read_text(errors='replace') if stderr.exists() else '')

    def wait_log(self, pattern, timeout=5.0):
        return wait_until(
            lambda: re.search(pattern, self.log_text()), timeout,
            lambda: 'log line %r of %s\n%s' % (
                pattern, self.kind, self.text_of_logs()[-4000:]))

    def file(self, name, text, mode=0o644):
        path = self.dir / name
        path.write_text(text)
        path.chmod(mode)
        return path


def unprivileged_user():
    """A user for privilege tests, or None when we cannot change to one."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam('nobody').pw_name
    except KeyError:
        return None


def is_authoritative(message):
    return message is not None and bool(message.flags & dns.flags.AA)
