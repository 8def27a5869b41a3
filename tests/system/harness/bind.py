"""BIND 9 as a primary from a zone file, or as a secondary."""
import subprocess

from .server import Server, program

CONTROL_SECRET = 'YSBzZWNyZXQgZm9yIHRoZSBjb250cm9sIGNoYW5uZWw='


class Bind(Server):
    kind = 'bind'
    ready_timeout = 20.0

    def __init__(self, directory, ports, zones=()):
        super().__init__(directory, ports, zones)
        self.control_port = ports.get()

    def write_config(self):
        key = 'key "rndc" { algorithm hmac-sha256; secret "%s"; };\n' \
            % CONTROL_SECRET
        (self.dir / 'rndc.conf').write_text(key + (
            'options { default-server 127.0.0.1; default-key rndc; '
            'default-port %d; };\n' % self.control_port))
        text = key + '''
controls { inet 127.0.0.1 port %(control)d allow { 127.0.0.1; } keys { rndc; }; };
logging {
	channel f { file "%(log)s"; severity debug 1; print-time yes;
		print-category yes; print-severity yes; };
	category default { f; };
};
options {
	directory "%(dir)s"; pid-file "%(dir)s/pid"; session-keyfile none;
	managed-keys-directory "%(dir)s"; lock-file none;
	listen-on port %(port)d { 127.0.0.1; };
	listen-on-v6 port %(port)d { ::1; };
	recursion no; dnssec-validation no; check-integrity no;
	notify explicit; notify-delay 0; startup-notify-rate 1000;
	serial-query-rate 1000; notify-rate 1000;
	masterfile-format text; max-ixfr-ratio unlimited;
	allow-transfer { none; }; empty-zones-enable no;
	%(more)s
};
''' % {'control': self.control_port, 'log': self.log, 'dir': self.dir,
            'port': self.port, 'more': ' '.join(self.server_options)}
        for k in self.keys():
            text += 'key "%s" { algorithm %s; secret "%s"; };\n' % (
                k.name, k.algorithm, k.secret)
        for zone in self.zones:
            text += self._zone(zone)
        (self.dir / 'named.conf').write_text(text)

    @staticmethod
    def _peer(peer):
        key = ' key "%s"' % peer.key.name if peer.key else ''
        return '%s port %d%s;' % (peer.address, peer.port, key)

    def _zone(self, zone):
        keys = sorted(k.name for k in zone.keys())
        allowed = ''.join('key "%s"; ' % k for k in keys)
        if zone.transfers_unsigned():
            allowed += '127.0.0.1; ::1; '
        lines = ['zone "%s" {' % zone.name, 'file "%s";' % zone.file,
                 'allow-transfer { %s};' % allowed]
        if zone.primaries():
            lines += ['type secondary;', 'primaries { %s };' % ' '.join(
                self._peer(p) for p in zone.primaries())]
            lines += ['allow-notify { %s};' % allowed]
        else:
            lines += ['type primary;', 'ixfr-from-differences yes;']
        if zone.secondaries:
            lines.append('also-notify { %s };' % ' '.join(
                self._peer(p) for p in zone.secondaries))
        return '\n\t'.join(lines + zone.options) + '\n};\n'

    def argv(self):
        return [program('named', self.dir), '-f', '-n', '1', '-c',
                self.dir / 'named.conf']

    def control(self, *words):
        return subprocess.run(
            [program('rndc', self.dir), '-c', str(self.dir / 'rndc.conf'),
             *words], check=True, timeout=20, capture_output=True,
            text=True).stdout

    def announce(self, zone):
        self.control('reload', zone.name)
