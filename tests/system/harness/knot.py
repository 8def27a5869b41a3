"""Knot DNS as a primary from a zone file, or as a secondary."""
import subprocess

from .server import Server, program


class Knot(Server):
    kind = 'knot'

    def write_config(self):
        lines = [
            'server:',
            '  rundir: "%s"' % self.dir,
            '  listen: [ 127.0.0.1@%d, "::1@%d" ]' % (self.port, self.port),
            '  udp-workers: 1', '  tcp-workers: 1', '  background-workers: 1',
            '  automatic-acl: off',
            *('  ' + o for o in self.server_options),
            'control:',
            '  listen: "%s"' % self.socket(),
            'log:', '  - target: "%s"' % self.log, '    any: debug',
            'database:', '  storage: "%s"' % self.dir,
            '  journal-db-max-size: 100M', '  timer-db-max-size: 10M',
            '  kasp-db-max-size: 10M', '  catalog-db-max-size: 10M',
        ]
        if self.keys():
            lines.append('key:')
        for key in self.keys():
            lines += ['  - id: ' + key.name, '    algorithm: ' + key.algorithm,
                      '    secret: ' + key.secret]
        remotes, acls, zones = [], [], []
        for zone in self.zones:
            zones += self._zone(zone, remotes, acls)
        lines += ['remote:'] + remotes if remotes else []
        lines += ['acl:'] + acls if acls else []
        lines += ['zone:'] + zones
        (self.dir / 'knot.conf').write_text('\n'.join(lines) + '\n')

    def _zone(self, zone, remotes, acls):
        tag = zone.name.replace('.', '-') or 'root'
        masters, notify, rules = [], [], []
        for i, peer in enumerate(zone.primaries() + zone.secondaries):
            name = '%s%d' % (tag, i)
            remotes += ['  - id: ' + name,
                        '    address: "%s@%d"' % (peer.address, peer.port)]
            acls += ['  - id: ' + name, '    address: [127.0.0.1, "::1"]',
                     '    action: [transfer, notify]']
            if peer.key:
                remotes.append('    key: ' + peer.key.name)
                acls.append('    key: ' + peer.key.name)
            (masters if peer in zone.primaries() else notify).append(name)
            rules.append(name)
        if zone.transfers_unsigned():
            acls += ['  - id: %sall' % tag, '    address: [127.0.0.1, "::1"]',
                     '    action: transfer']
            rules.append(tag + 'all')
        lines = ['  - domain: "%s"' % zone.name,
                 '    storage: "%s"' % self.dir,
                 '    file: "%s"' % zone.file,
                 '    zonefile-sync: -1', '    semantic-checks: off',
                 '    journal-content: changes',
                 '    acl: [%s]' % ', '.join(rules)]
        if masters:
            lines.append('    master: [%s]' % ', '.join(masters))
            lines.append('    zonefile-load: none')
        else:
            lines.append('    zonefile-load: difference')
        if notify:
            lines.append('    notify: [%s]' % ', '.join(notify))
        return lines + ['    ' + o for o in zone.options]

    def socket(self):
        return str(self.dir / 'ctl')

    def argv(self):
        return [program('knotd', self.dir), '-c', self.dir / 'knot.conf']

    def control(self, *words):
        return subprocess.run(
            ['knotc', '-s', self.socket(), *words], check=True, timeout=20,
            capture_output=True, text=True).stdout

    def announce(self, zone):
        self.control('zone-reload', zone.name)
