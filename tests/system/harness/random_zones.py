"""Zones and queries at random: wildcards, DNAMEs, CNAMEs, empty non-terminals,
cuts with and without DS and glue, names that a cut or a DNAME hides. The
signers are those of BIND and ldns; one key serves all zones."""
import re
import subprocess

TYPES = ['A', 'AAAA', 'TXT', 'MX', 'NS', 'SOA', 'CNAME', 'DNAME', 'DS', 'SRV',
         'NSEC', 'NSEC3PARAM', 'DNSKEY', 'TYPE65280', 'RRSIG', 'ANY', 'PTR']
COMMON = ['A'] * 8 + ['AAAA', 'TXT', 'MX', 'DS', 'NS'] * 2
LABELS = ['a', 'b', 'c', 'd', 'm', 'mm', 'z', '0', 'a-b', '_x', 'B'] * 3 + [
    'a\\.b', '\\000', '\\255z', 'x' * 60]
LONG = '.'.join(['y' * 60] * 3) + '.invalid.'   # as a target: YXDOMAIN is near
SIGNERS = [None, 'nsec', 'nsec3', 'opt-out']


class RandomZone:
    def __init__(self, rng, apex, elsewhere, how):
        self.rng = rng
        self.apex = apex
        self.elsewhere = elsewhere      # apexes of other zones
        self.how = how
        self.sets = {}                  # (owner, type): [rdata]
        self.add(apex, 'SOA', 'ns1.%s host.%s 1 3600 600 86400 %d' % (
            apex, apex, rng.choice([60, 300, 900])))
        self.add(apex, 'NS', 'ns1.' + apex)
        self.add('ns1.' + apex, 'A', '192.0.2.1')
        self.hashes = []                # owners of NSEC3, when signed
        if rng.random() < 0.04:
            self.add(apex, 'DNAME', self.target())
        for _ in range(rng.randrange(4, 30)):
            rng.choice([self.host, self.host, self.host, self.wildcard,
                        self.cut, self.cut, self.alias, self.dname])()

    def add(self, owner, kind, rdata):
        """False where it may not stand beside what is there."""
        there = {k for o, k in self.sets if o.lower() == owner.lower()}
        alone = {'CNAME'}
        if (kind in alone and there) or there & alone or \
                (kind == 'DNAME' and there & {'DNAME'}) or \
                (kind == 'DNAME' and 'NS' in there and owner != self.apex) or \
                (kind == 'NS' and 'DNAME' in there):
            return False
        found = self.sets.setdefault((owner.lower(), kind), [])
        if rdata not in found:
            found.append(rdata)
        return True

    def names(self):
        return sorted({owner for owner, _ in self.sets})

    def label(self):
        return self.rng.choice(LABELS)

    def fresh(self, depth=3):
        """A name of the zone, often below one that is there."""
        name = self.rng.choice([self.apex, self.apex,
                                self.rng.choice(self.names())])
        for _ in range(self.rng.randrange(1, depth)):
            name = self.label() + '.' + name
        return name

    def target(self):
        return self.rng.choice([
            self.rng.choice(self.names()), self.fresh(), self.fresh(),
            self.label() + '.' + self.rng.choice(self.elsewhere),
            'x.' + self.rng.choice(self.names()), 'out.invalid.', LONG])

    def host(self):
        name = self.fresh()
        for _ in range(self.rng.randrange(1, 4)):
            kind, rdata = self.rng.choice([
                ('A', '192.0.2.%d' % self.rng.randrange(1, 250)),
                ('AAAA', '2001:db8::%x' % self.rng.randrange(1, 250)),
                ('TXT', '"%s"' % ('t' * self.rng.choice([3, 3, 200]))),
                ('MX', '10 ' + self.target()),
                ('SRV', '0 0 53 ' + self.target()),
                ('TYPE65280', '\\# 2 0102')])
            self.add(name, kind, rdata)

    def wildcard(self):
        name = '*.' + self.rng.choice([self.apex, self.fresh()])
        kind, rdata = self.rng.choice([
            ('A', '192.0.2.99'), ('TXT', '"wild"'),
            ('MX', '5 ' + self.target()), ('CNAME', self.target()),
            ('DNAME', self.target())])
        self.add(name, kind, rdata)
        if self.rng.random() < 0.2:
            self.add(self.label() + '.' + name, 'A', '192.0.2.98')

    def cut(self):
        name = self.fresh()
        if name.startswith('*') or not self.add(name, 'NS', self.rng.choice([
                'ns.' + name, name, 'ns1.' + self.apex, 'ns.out.invalid.',
                self.target()])):
            return
        if self.rng.random() < 0.5:
            self.add(name, 'NS', 'ns.' + name)
        if self.rng.random() < 0.7:
            self.add('ns.' + name, 'A', '192.0.2.53')
        if self.rng.random() < 0.3:
            self.add('ns.' + name, 'AAAA', '2001:db8::53')
        if self.rng.random() < 0.4:
            self.add(name, 'DS', '%d 13 2 %s' % (
                self.rng.randrange(65536), '%064x' % self.rng.getrandbits(256)))
        if self.rng.random() < 0.3:
            self.add(self.label() + '.' + name, 'TXT', '"hidden by a cut"')

    def alias(self):
        self.add(self.fresh(), 'CNAME', self.target())

    def dname(self):
        name = self.fresh()
        if self.add(name, 'DNAME', self.target()) and \
                self.rng.random() < 0.3:
            self.add(self.label() + '.' + name, 'TXT', '"hidden by a DNAME"')

    def text(self):
        lines = ['%s 300 IN %s %s' % (owner, kind, rdata)
                 for (owner, kind), found in self.sets.items()
                 for rdata in found]
        return '\n'.join(lines) + '\n'

    # ---------------------------------------------------------------- queries
    def question(self):
        name = self.rng.choice(self.names())
        kind = self.rng.randrange(10)
        if kind in (1, 2):
            name = self.label() + '.' + name
        elif kind == 3:
            name = '.'.join([self.label(), self.label(), name])
        elif kind == 4 and len(name) > len(self.apex):
            name = name.partition('.')[2]
        elif kind == 5 and len(name) > len(self.apex):
            name = self.label() + '.' + name.partition('.')[2]
        elif kind == 6:
            name = '*.' + name
        elif kind == 7:
            name = self.fresh(4)
        elif kind == 8 and self.hashes and self.rng.random() < 0.3:
            name = self.rng.choice(['', '', self.label() + '.']) + \
                self.rng.choice(self.hashes)
        if self.rng.random() < 0.1:
            name = name.upper()
        return name, self.rng.choice(self.rng.choice([COMMON, TYPES]))

    def flags(self):
        return self.rng.choice([['do'], ['do'], ['do'], ['do', 'edns=512'],
                                ['do', 'edns=4096'], ['edns'], ['rd'], []])


class Signer:
    def __init__(self, directory):
        self.dir = directory
        made = subprocess.run(
            ['dnssec-keygen', '-a', 'ECDSAP256SHA256', 'key.invalid.'],
            cwd=directory, check=True, capture_output=True, text=True)
        self.key = made.stdout.strip()

    def _key(self, apex):
        name = self.key.replace('key.invalid.', apex)
        for end in ('.key', '.private'):
            text = (self.dir / (self.key + end)).read_text()
            (self.dir / (name + end)).write_text(
                text.replace('key.invalid.', apex))
        return name

    def sign(self, zone):
        if zone.how is None:
            return zone.text()
        source = self.dir / (zone.apex + 'unsigned')
        signed = self.dir / (zone.apex + 'signed')
        key = self._key(zone.apex)
        source.write_text(zone.text() + (self.dir / (key + '.key')).read_text())
        tool = self._ldns if zone.rng.random() < 0.3 and \
            zone.how != 'opt-out' else self._bind
        done = subprocess.run(tool(zone, source, signed, key), cwd=self.dir,
                              capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError('%s\n%s\n%s' % (
                done.args, done.stderr, source.read_text()))
        return re.sub(r'(?m)^;.*\n', '', signed.read_text())

    @staticmethod
    def _bind(zone, source, signed, key):
        how = {'nsec': [], 'nsec3': ['-3', 'beef', '-H', '1'],
               'opt-out': ['-3', '-', '-H', '0', '-A']}[zone.how]
        return ['dnssec-signzone', '-P', '-z', '-O', 'full', '-o', zone.apex,
                '-f', signed, *how, source, key]

    @staticmethod
    def _ldns(zone, source, signed, key):
        how = [] if zone.how == 'nsec' else ['-n', '-s', 'cafe', '-t', '2']
        return ['ldns-signzone', '-b', '-o', zone.apex, '-f', signed, *how,
                source, key]


def zones_of(rng, count):
    """Zones beside each other, and some below another."""
    apexes = []
    for i in range(count):
        above = rng.choice(apexes) if apexes and rng.random() < 0.25 \
            else 'test.'
        apexes.append('%s%d.%s' % (rng.choice('ab'), i, above))
    return [RandomZone(rng, apex, apexes, SIGNERS[i % 4])
            for i, apex in enumerate(apexes)]
