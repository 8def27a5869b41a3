"""Zones to serve: signed (ldns-signzone) and unsigned, in versions.

A version signs only what changed: signatures of RRsets that stay as they were
are taken over, as a signer does that works incrementally, so that a change is
a small IXFR.
"""
import re
import subprocess
import time

import dns.name
import dns.rdatatype
import dns.zone

SIGNER = 'ldns-signzone'


def basic_records(zone, version, size=0, marker=None):
    """Text of an unsigned zone: one of everything that transfers stumble on.
    The records of 'moves' differ from version to version."""
    ttl = 3600
    lines = [
        '@ %d IN NS ns1.%s' % (ttl, zone),
        '@ %d IN NS ns2.elsewhere.test.' % ttl,
        '@ %d IN MX 10 Mail.%s' % (ttl, zone),
        '@ %d IN TXT "serial %d"' % (ttl, version),
        'ns1 %d IN A 192.0.2.1' % ttl,
        'ns1 %d IN AAAA 2001:db8::1' % ttl,
        'Mail %d IN A 192.0.2.25' % ttl,
        'moves %d IN A 192.0.2.%d' % (ttl, version % 250 + 1),
        'only-%d %d IN A 192.0.2.77' % (version, ttl),
        '*.wild 300 IN TXT "a wildcard"',
        'a.deep.empty.name 300 IN TXT "below empty non-terminals"',
        'alias 300 IN CNAME Mail.%s' % zone,
        'sub 3600 IN NS ns.sub.%s' % zone,
        'ns.sub 3600 IN A 192.0.2.53',
        'secure 3600 IN NS ns.sub.%s' % zone,
        'secure 3600 IN DS 12345 13 2 ' + '0123456789abcdef' * 4,
        'odd\\.label 300 IN TXT "a dot in a label"',
        'type 300 IN TYPE65280 \\# 4 0a000001',
        'svc 300 IN SRV 1 2 53 Mail.%s' % zone,
        'www 300 IN HTTPS 1 . alpn="h2,h3"',
    ]
    if marker:
        lines.append('marker 300 IN TXT "%s"' % marker)
    lines += ['host%05d 3600 IN A 10.%d.%d.%d' % (
        i, i >> 16 & 255, i >> 8 & 255, i & 255) for i in range(size)]
    return lines


def soa_line(zone, serial, refresh=3600, retry=600, expire=604800,
             minimum=300):
    return '@ 3600 IN SOA ns1.%s Hostmaster.%s %d %d %d %d %d' % (
        zone, zone, serial, refresh, retry, expire, minimum)


def plain_zone(zone, serial, version=None, size=0, marker=None, **timers):
    """An unsigned zone file."""
    head = ['$ORIGIN ' + zone, soa_line(zone, serial, **timers)]
    return '\n'.join(head + basic_records(
        zone, serial if version is None else version, size, marker)) + '\n'


class SignedZone:
    """Makes the versions of one signed zone."""

    def __init__(self, directory, zone, nsec3=False, size=0, serial_base=0,
                 algorithm='ECDSAP256SHA256'):
        self.dir = directory
        self.zone = zone
        self.nsec3 = nsec3
        self.size = size
        self.serial_base = serial_base
        self.signatures = {}
        self.expires = time.strftime(
            '%Y%m%d%H%M%S', time.gmtime(time.time() + 30 * 86400))
        self.starts = time.strftime(
            '%Y%m%d%H%M%S', time.gmtime(time.time() - 3600))
        self.keys = [self._key(algorithm, ['-k']), self._key(algorithm, [])]
        self.ds_file = self.dir / (zone.rstrip('.') + '.ds')
        text = subprocess.run(
            ['ldns-key2ds', '-n', '-2', self.dir / (self.keys[0] + '.key')],
            check=True, capture_output=True, text=True).stdout
        self.ds_file.write_text(text)

    def _key(self, algorithm, extra):
        return subprocess.run(
            ['ldns-keygen', '-r', '/dev/urandom', '-a', algorithm, *extra,
             self.zone], cwd=self.dir, check=True, capture_output=True,
            text=True).stdout.strip()

    def version(self, serial, bad=None):
        """The text of a version; a bad one has one broken signature: that of
        the RRset bad = (owner below the zone, type)."""
        unsigned = self.dir / ('unsigned.%d' % serial)
        signed = self.dir / ('signed.%d' % serial)
        unsigned.write_text(plain_zone(
            self.zone, serial + self.serial_base, serial, self.size,
            marker='bad' if bad else 'good'))
        subprocess.run(
            [SIGNER, '-o', self.zone, '-e', self.expires, '-i', self.starts,
             *(['-n', '-s', 'beef', '-t', '0'] if self.nsec3 else []),
             '-f', signed, unsigned, *self.keys],
            cwd=self.dir, check=True, capture_output=True)
        zone = dns.zone.from_file(
            str(signed), origin=self.zone, relativize=False)
        self._reuse_signatures(zone)
        if bad:
            owner, covers = bad
            break_signature(zone, owner + self.zone, covers)
        return self._text(zone)

    def _reuse_signatures(self, zone):
        """Where the RRset is what it was, so is its signature."""
        for name, node in zone.nodes.items():
            for covers in [r.covers for r in node.rdatasets
                           if r.rdtype == dns.rdatatype.RRSIG]:
                rrsigs = node.get_rdataset(
                    zone.rdclass, dns.rdatatype.RRSIG, covers)
                signed = node.get_rdataset(zone.rdclass, covers)
                if signed is None:
                    continue
                data = (name, covers, signed.ttl,
                        frozenset(rd.to_digestable() for rd in signed))
                former = self.signatures.setdefault(data, rrsigs.copy())
                node.replace_rdataset(former.copy())

    @staticmethod
    def _text(zone):
        lines = []
        apex = zone.origin
        soa = zone.find_rdataset(apex, 'SOA')
        lines.append('%s %d IN SOA %s' % (apex, soa.ttl, soa[0].to_text()))
        for name, node in sorted(zone.nodes.items()):
            for rdataset in node.rdatasets:
                for rd in rdataset:
                    if rd.rdtype == dns.rdatatype.SOA:
                        continue
                    lines.append('%s %d IN %s %s' % (
                        name, rdataset.ttl,
                        dns.rdatatype.to_text(rd.rdtype), rd.to_text()))
        return '\n'.join(lines) + '\n'


def break_signature(zone, owner, covers):
    """Flips one bit of one signature. It is not one of those that are kept:
    a later version has the good one."""
    rdataset = zone.find_rdataset(
        dns.name.from_text(owner), 'RRSIG', covers)
    rd = rdataset[0]
    broken = bytearray(rd.signature)
    broken[7] ^= 0x10
    replacement = rd.replace(signature=bytes(broken))
    rdataset.clear()
    rdataset.add(replacement, rdataset.ttl)


def with_serial(text, serial):
    """The same zone file under another serial (unsigned zones)."""
    return re.sub(r'(SOA \S+ \S+ )\d+', r'\g<1>%d' % serial, text, count=1)
