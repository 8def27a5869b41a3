"""NSD, and nsd-verify with the same configuration syntax.

NSDV_BUILD names the build directory of the program under test. NSDV may name
another nsd-like server to be used in its place: `NSDV=/usr/sbin/nsd` proves
the tests themselves (those that NSD's known faults do not fail).
"""
import os
import re
import subprocess
from pathlib import Path

from .net import FAMILIES, V4, wait_until
from .primary import ScriptedPrimary
from .server import Server, program

ROOT = Path(__file__).resolve().parents[3]


def build_dir():
    return Path(os.environ.get('NSDV_BUILD', ROOT / 'build' / 'release'))


def under_test():
    return os.environ.get(
        'NSDV', str(build_dir() / 'src' / 'bin' / 'nsd-verify'))


def is_ours():
    return Path(under_test()).name == 'nsd-verify'


def asked_again(transfer, *args, **how):
    """NSD's former servers reset the connections that they had accepted when
    a reload ends them: a secondary asks again, and so do we."""
    def asked():
        try:
            return transfer(*args, **how)
        except ConnectionResetError:
            return None
    return wait_until(asked, 5, 'a transfer that is not reset')


class Nsd(Server):
    """As a primary it is fed by a scripted one and serves on what it stores:
    the IXFRs that NSD 4.6.1 makes from zone files (create-ixfr) add records
    that are there already, so that no strict secondary can take them."""
    kind = 'nsd'
    reads_zone_files = False

    def __init__(self, directory, ports, zones=()):
        super().__init__(directory, ports, zones)
        self.verify = None          # lines of the verify: clause
        self.verify_port = None
        self.username = ''
        self.feeder = None

    def prepare(self):
        if not self.reads_zone_files:
            for zone in self.zones:
                if zone.text is not None:
                    self.feed(zone)
        super().prepare()

    def feed(self, zone):
        if self.feeder is None:
            self.feeder = ScriptedPrimary(self.ports).start()
        self.feeder.load(zone.name, zone.text)

    def close(self):
        if self.feeder is not None:
            self.feeder.stop()

    def own_options(self):
        return ['database: ""']

    def verify_with(self, *lines, feed=True):
        """Turns verification on; lines as they stand in verify:."""
        if self.verify_port is None:
            self.verify_port = self.ports.get()
        self.verify = [
            'enable: yes', 'port: %d' % self.verify_port,
            'ip-address: 127.0.0.1', 'ip-address: ::1',
            'verifier-feed-zone: ' + ('yes' if feed else 'no'), *lines]
        return self

    def write_config(self):
        lines = ['server:'] + ['\t' + o for o in [
            'ip-address: 127.0.0.1', 'ip-address: ::1',
            'port: %d' % self.port, 'username: "%s"' % self.username,
            'zonesdir: "%s"' % self.dir, 'logfile: "%s"' % self.log,
            'pidfile: "%s/pid"' % self.dir,
            'xfrdfile: "%s/xfrd.state"' % self.dir,
            'zonelistfile: "%s/zone.list"' % self.dir,
            'xfrdir: "%s"' % self.dir, 'verbosity: 3',
            'cookie-secret-file: "%s"' % self.cookie_file,
            # Tests ask as often as they like, all from one address.
            'rrl-ratelimit: 0', 'rrl-whitelist-ratelimit: 0',
            'zonefiles-write: 0', *self.own_options(), *self.server_options]]
        lines += ['remote-control:', '\tcontrol-enable: yes',
                  '\tcontrol-interface: ' + self.socket()]
        if self.verify is not None:
            lines += ['verify:'] + ['\t' + o for o in self.verify]
        for key in self.keys():
            lines += ['key:', '\tname: "%s"' % key.name,
                      '\talgorithm: ' + key.algorithm,
                      '\tsecret: "%s"' % key.secret]
        for zone in self.zones:
            lines += self._zone(zone)
        self.config.write_text('\n'.join(lines) + '\n')

    def _zone(self, zone):
        lines = ['name: "%s"' % zone.name, 'store-ixfr: yes']
        # Neither from another server's store nor without one does a
        # secondary need its own zone file.
        if not zone.primaries() and self.reads_zone_files:
            lines += ['zonefile: "%s"' % zone.file, 'create-ixfr: yes']
        fed = zone.text is not None and not self.reads_zone_files
        for peer in zone.primaries() + ([self.feeder.peer()] if fed else []):
            key = peer.key.name if peer.key else 'NOKEY'
            lines += ['request-xfr: %s@%d %s' % (peer.address, peer.port, key),
                      'allow-notify: %s %s' % (peer.address, key)]
        for peer in zone.secondaries:
            key = peer.key.name if peer.key else 'NOKEY'
            lines.append('notify: %s@%d %s' % (peer.address, peer.port, key))
        keys = sorted(k.name for k in zone.keys())
        if zone.transfers_unsigned():
            keys.append('NOKEY')
        lines += ['provide-xfr: %s %s' % (a, k) for k in keys
                  for a in FAMILIES.values()]
        return ['zone:'] + ['\t' + o for o in lines + zone.options]

    @property
    def config(self):
        return self.dir / 'nsd.conf'

    @property
    def cookie_file(self):
        return self.dir / 'cookiesecrets.txt'

    def socket(self):
        return str(self.dir / 'ctl')

    def argv(self):
        return [program('nsd', self.dir), '-d', '-c', self.config]

    def control_run(self, *words, tool='nsd-control', timeout=20):
        """As an operator calls it: (exit status, output)."""
        tool = program(tool, self.dir) if '/' not in tool else tool
        done = subprocess.run([tool, '-c', str(self.config), *words],
                              timeout=timeout, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout

    def control(self, *words, **how):
        status, text = self.control_run(*words, **how)
        assert status == 0, '%s: %d: %s\n%s' % (
            words, status, text, self.text_of_logs()[-2000:])
        return text

    def axfr(self, *args, **how):
        return asked_again(super().axfr, *args, **how)

    def ixfr(self, *args, **how):
        return asked_again(super().ixfr, *args, **how)

    def announce(self, zone):
        if self.reads_zone_files:
            self.control('reload', zone.name)
        else:
            self.feeder.publish(zone.name, zone.text, (V4, self.port))


class NsdVerify(Nsd):
    kind = 'nsd-verify'
    reads_zone_files = True

    def own_options(self):
        # state-dir is left at its default, since nsd-control, which reads
        # this file too, does not know it.
        return [] if is_ours() else super().own_options()

    def axfr(self, *args, **how):
        return Server.axfr(self, *args, **how)      # a reset is a fault

    def ixfr(self, *args, **how):
        return Server.ixfr(self, *args, **how)

    def crashes(self):
        if not is_ours():
            return ''
        return '\n'.join(
            line for line in self.log_text().splitlines()
            if re.search('died unexpectedly|broken promise|makes no progress|'
                         'broke the rules|does not stop reading', line))

    @property
    def state_dir(self):
        return self.dir / 'xfrd.state.d'

    def control_run(self, *words, tool=None, **how):
        if tool is None:
            tool = str(build_dir() / 'src' / 'bin' / 'nsd-verify-control') \
                if is_ours() else 'nsd-control'
        return super().control_run(*words, tool=tool, **how)

    def argv(self):
        return [under_test(), '-d', '-c', self.config]

    def script(self, name, body, shell='/bin/sh'):
        """A verifier: notes its zone and serial in the file 'runs', then the
        body. $serial is the serial under verification."""
        text = '''#!%s
serial=${VERIFY_SERIAL:-$(dig @$VERIFY_IP_ADDRESS -p $VERIFY_PORT +short \\
	+tries=1 $VERIFY_ZONE SOA | cut -d' ' -f3)}
zone=${VERIFY_ZONE%%.}.
echo "$zone $serial start $$" >> "%s/runs"
%s
''' % (shell, self.dir, body)
        return self.file(name, text, 0o755)

    def runs(self, zone=None, serial=None):
        """What the scripts noted: lines as lists of words."""
        path = self.dir / 'runs'
        lines = path.read_text().splitlines() if path.exists() else []
        found = [line.split() for line in lines]
        return [w for w in found if (zone is None or w[0] == zone)
                and (serial is None or w[1] == str(serial))]

    def roles(self):
        """Living processes by role: {'nsdv-xfrd': [pid, ...]}."""
        result = {}
        for pid, name in self.process.family().items():
            result.setdefault(name, []).append(pid)
        return result
