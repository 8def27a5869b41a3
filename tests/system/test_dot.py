"""DNS over TLS (RFC 7858) from outside: stock clients, certificates that
change, publications, and peers that mean ill."""
import os
import pwd
import re
import signal
import socket
import ssl
import struct
import subprocess
import time

import dns.message
import pytest

from harness import hostile, net, tls
from harness.net import (V4, V6, make_query, read_framed, send_framed,
                         serial_of_wire, wait_until)
from harness.nsd import build_dir
from harness.server import Zone, unprivileged_user
from harness.zones import plain_zone

pytestmark = pytest.mark.ours
ZONE = 'example.test.'
QUERY = make_query(ZONE, 'SOA').to_wire()


def ask(s):
    """The serial, or None when the connection is ended properly."""
    send_framed(s, QUERY)
    wire = read_framed(s)
    return wire and serial_of_wire(wire)


class Site:
    """The program with a TLS address of both families beside its others."""

    def __init__(self, site, *options, kind='ec', zone_options=(), extra=()):
        self.primary = site.primary()
        self.primary.per_message = 5
        self.primary.load(ZONE, plain_zone(ZONE, 1), extra)
        self.proxy = site.proxy()
        self.proxy.dir.mkdir(exist_ok=True)
        self.port = site.ports.get()
        self.certificate = tls.Certificate(self.proxy.dir, kind=kind)
        self.proxy.server_options += [
            'ip-address: 127.0.0.1@%d' % self.port,
            'ip-address: ::1@%d' % self.port, 'tls-port: %d' % self.port,
            'tls-service-key: "%s"' % self.certificate.key,
            'tls-service-pem: "%s"' % self.certificate.pem, *options]
        self.proxy.add(Zone(ZONE, primary=self.primary.peer(),
                            options=list(zone_options)))

    def start(self):
        self.proxy.start()
        self.proxy.wait_serial(ZONE, 1, 15)
        return self

    def publish(self, serial, extra=()):
        self.primary.load(ZONE, plain_zone(ZONE, serial), extra)
        self.primary.notify(ZONE, V4, self.proxy.port)
        self.proxy.wait_serial(ZONE, serial)

    def connect(self, certificate='own', **how):
        if certificate == 'own':
            certificate = self.certificate
        return tls.connect(self.port, certificate, **how)

    def serial(self, certificate='own'):
        """By a connection of its own; one that the end of its worker cuts
        off is tried again, as clients do."""
        for _ in range(5):
            try:
                with self.connect(certificate) as c:
                    serial = ask(c)
            except (ssl.SSLEOFError, ssl.SSLZeroReturnError,
                    ConnectionError):
                continue
            if serial is not None:
                return serial
        return None

    def count(self, name):
        text = self.proxy.control('stats_noreset')
        return int(re.search(r'^%s=(\d+)$' % re.escape(name), text,
                             re.M).group(1))


def run(*words):
    done = subprocess.run(list(map(str, words)), capture_output=True,
                          text=True, timeout=30)
    return done.returncode, done.stdout + done.stderr


# ---------------------------------------------------------- stock clients

@pytest.mark.parametrize('kind', ['ec', 'rsa:2048'])
def test_stock_clients(site, kind):
    s = Site(site, kind=kind,
             zone_options=['provide-xfr: 127.0.0.1 NOKEY']).start()
    for address in (V4, V6):
        status, text = run(
            'kdig', '@' + address, '-p', s.port, '+tls-ca=%s' %
            s.certificate.pem, '+tls-hostname=dot.test', ZONE, 'SOA')
        assert status == 0 and 'NOERROR' in text, text
        assert '(TLS1.3)' in text and 'aa' in text, text
        status, text = run('dig', '@' + address, '-p', s.port, '+tls',
                           '+tries=1', ZONE, 'SOA')
        assert status == 0 and '(TLS)' in text and 'NOERROR' in text, text
    status, text = run('dig', '@' + V4, '-p', s.port, '+tls', '+tries=1',
                       '+keepopen', ZONE, 'NS', ZONE, 'AXFR')
    assert status == 0 and text.count('SOA') == 2, text
    s.proxy.wait_log(r'axfr for example\.test\.? from 127\.0\.0\.1 tls')
    for line in (['+tls-pin=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='],
                 ['+tls-ca=%s' % s.certificate.pem, '+tls-hostname=x.y']):
        _, text = run('kdig', '@' + V4, '-p', s.port, '+retry=0', *line,
                      ZONE, 'SOA')
        assert 'NOERROR' not in text, text
    # Who speaks plain DNS to this port, or UDP, is not answered.
    assert net.ask(V4, s.port, ZONE, 'SOA', 0.5) is None
    assert net.ask(V4, s.port, ZONE, 'SOA', 2, tcp=True) is None
    assert net.ask(V4, s.proxy.port, ZONE, 'SOA', 2, tcp=True) is not None


def s_client(port, *words, data=b''):
    done = subprocess.run(
        ['openssl', 's_client', '-connect', '%s:%d' % (V4, port), *words],
        input=data, capture_output=True, timeout=30)
    return (done.stdout + done.stderr).decode(errors='replace')


def test_what_is_spoken(site):
    """TLS 1.2 with forward secrecy and 1.3, nothing older or weaker; ALPN."""
    s = Site(site).start()
    for how, expected in [
            (['-tls1_3'], 'New, TLSv1.3'), (['-tls1_2'], 'New, TLSv1.2'),
            (['-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
             'Cipher is ECDHE-ECDSA-AES128-GCM-SHA256'),
            (['-alpn', 'h2,dot'], 'ALPN protocol: dot'),
            ([], 'No ALPN negotiated'),
            (['-alpn', 'h2'], 'no application protocol'),
            (['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'],
             'alert protocol version'),
            (['-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-SHA256'],
             'handshake failure'),
            (['-tls1_2', '-cipher', 'AES128-GCM-SHA256'],
             'handshake failure'),
            (['-status'], 'OCSP response: no response sent')]:
        text = s_client(s.port, *how)
        assert expected in text, (how, text)


def test_renegotiation(site):
    """Asking for it changes nothing and buys no time."""
    s = Site(site, 'tcp-timeout: 2').start()
    child = subprocess.Popen(
        ['openssl', 's_client', '-connect', '%s:%d' % (V4, s.port),
         '-tls1_2'], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    start = time.monotonic()
    try:
        while child.poll() is None and time.monotonic() - start < 15:
            try:
                child.stdin.write(b'R\n')
                child.stdin.flush()
            except BrokenPipeError:
                break
            time.sleep(0.2)
        wait_until(lambda: child.poll() is not None, 5, 'it is ended')
        assert 'RENEGOTIATING' in child.stdout.read().decode()
    finally:
        child.kill()
        child.wait()
    with s.connect() as c:
        assert ask(c) == 1


# ---------------------------------------------------------- queries

def test_many_queries_on_one_connection(site):
    s = Site(site).start()
    with s.connect() as c:
        assert c.selected_alpn_protocol() == 'dot'
        assert c.version() == 'TLSv1.3'
        framed = struct.pack('!H', len(QUERY)) + QUERY
        c.sendall(framed * 200)
        assert [serial_of_wire(read_framed(c)) for _ in range(200)] == \
            [1] * 200
        for octet in framed * 2:
            c.sendall(bytes([octet]))
        assert [serial_of_wire(read_framed(c)) for _ in range(2)] == [1] * 2
        # Several records that end within a message.
        for at in range(0, len(framed) * 3, 7):
            c.sendall((framed * 3)[at:at + 7])
        assert [serial_of_wire(read_framed(c)) for _ in range(3)] == [1] * 3
    with s.connect(address=V6) as c:
        assert ask(c) == 1
    assert s.count('num.tls') == 205 and s.count('num.tls6') == 1
    assert s.count('num.tcp') == s.count('num.tcp6') == 0


def bulk(count):
    text = ' '.join(['"%s"' % ('x' * 250)] * 30)
    return [hostile.record('bulk%04d.%s' % (i, ZONE), 'TXT',
                           '%s %d' % (text, i)) for i in range(count)]


def test_transfer_and_queries_beside_it(site):
    """Read slowly over publications, with queries in between."""
    extra = bulk(500)
    s = Site(site, 'xfrd-reload-timeout: 0', extra=extra,
             zone_options=['provide-xfr: 127.0.0.1 NOKEY']).start()
    query = make_query(ZONE, 'AXFR')
    with s.connect(receive_buffer=4096) as c:
        c.settimeout(20)
        send_framed(c, query.to_wire())
        wires = [read_framed(c)]
        for _ in range(3):
            send_framed(c, QUERY)
        while sum(w[:2] == QUERY[:2] for w in wires) < 3:
            wires.append(read_framed(c))
        assert len(wires) < 60, 'not behind what the system keeps'
        for serial in (2, 3, 4):
            s.publish(serial, extra)
            wires.append(read_framed(c))
        records = []
        while sum(r.rdtype == 6 for r in records) < 2:
            for w in wires:
                if w[:2] != QUERY[:2]:
                    m = dns.message.from_wire(w, one_rr_per_rrset=True,
                                              xfr=True)
                    records += [rr for rrset in m.answer for rr in rrset]
            wires = [read_framed(c)] if sum(
                r.rdtype == 6 for r in records) < 2 else []
        assert len(records) > 500
        assert records[0].serial == records[-1].serial == 1
        # Its worker has retired: the connection is ended, and properly.
        assert c.recv(1) == b''
    with s.connect() as c:
        assert ask(c) == 4


# ---------------------------------------------------------- generations

def test_open_connections_when_something_is_published(site):
    """Idle ones, and those with half a query, are ended properly; what was
    asked before is answered before. Who comes back resumes."""
    s = Site(site).start()
    context = tls.client_context(s.certificate)
    idle, half, busy = [s.connect(context=context) for _ in range(3)]
    assert [ask(c) for c in (idle, half, busy)] == [1, 1, 1]
    half.sendall(b'\0')
    session = idle.session
    s.publish(2)
    for c in (idle, half, busy):
        assert c.recv(1) == b'', 'close_notify'
        assert c.unwrap() is not None
    again = s.connect(context=context, session=session)
    assert again.session_reused and ask(again) == 2
    # Another worker knows it, too.
    session = again.session
    again.close()
    s.publish(3)
    with s.connect(context=context, session=session) as c:
        assert c.session_reused and ask(c) == 3


def test_asking_while_versions_come_out(site):
    """Each query is answered, or the connection is ended properly before;
    serials do not go back."""
    s = Site(site, 'xfrd-reload-timeout: 0', 'server-count: 2').start()
    context = tls.client_context(s.certificate)
    last, ended, asked = 1, 0, 0
    c = s.connect(context=context)
    for serial in range(2, 12):
        s.primary.publish(ZONE, plain_zone(ZONE, serial),
                          (V4, s.proxy.port))
        end = time.monotonic() + 5 * net.SLOW
        while last < serial and time.monotonic() < end:
            asked += 1
            try:
                got = ask(c)
            except (ssl.SSLError, ConnectionError) as e:
                # We wrote after it had ended: a reset may follow.
                assert isinstance(e, (ssl.SSLZeroReturnError,
                                      ConnectionError)), e
                got = None
            if got is None:
                ended += 1
                c.close()
                c = s.connect(context=context)
                continue
            assert got >= last
            last = got
        assert last == serial
    c.close()
    assert 1 <= ended <= 10 < asked


# ---------------------------------------------------------- the files

def certificate_of(port):
    """Of a new connection; the end of its worker may cut one off."""
    for _ in range(5):
        try:
            with tls.connect(port) as c:
                return ssl.DER_cert_to_PEM_cert(c.getpeercert(True))
        except (ssl.SSLError, ConnectionError):
            continue
    return None


def test_new_files(site):
    """reconfig and SIGHUP read them again; bad ones change nothing."""
    s = Site(site, 'tls-service-ocsp: "dot.ocsp"')
    ocsp = s.certificate.ocsp()
    ocsp.rename(s.proxy.dir / 'dot.ocsp')
    s.proxy.server_options.append('zonesdir: "%s"' % s.proxy.dir)
    s.start()
    assert 'OCSP Response Status: successful' in s_client(s.port, '-status')
    first = certificate_of(s.port)
    assert first == s.certificate.pem.read_text()
    second = tls.Certificate(s.proxy.dir, 'new.test')
    second.ocsp().rename(s.proxy.dir / 'dot.ocsp')

    def put(pem, key):
        s.certificate.pem.write_bytes(pem)
        s.certificate.key.write_bytes(key)
    # A key that belongs to another certificate.
    put(s.certificate.pem.read_bytes(), second.key.read_bytes())
    s.proxy.control('reconfig')
    s.proxy.wait_log('tls-service-key: .*dot.test.key: it does not belong to '
                     'the certificate.*stay in use')
    assert certificate_of(s.port) == first
    assert s.serial(None) == 1
    old = s.connect(None)
    assert ask(old) == 1
    put(second.pem.read_bytes(), second.key.read_bytes())
    supervisor = s.proxy.roles()['nsdv-supervisor'][0]
    os.kill(supervisor, signal.SIGHUP)
    wait_until(lambda: certificate_of(s.port) == second.pem.read_text(), 5,
               'the new certificate is used')
    assert s.serial(second) == 1
    # One that was there before the new certificate goes on.
    assert ask(old) == 1
    old.close()
    third = tls.Certificate(s.proxy.dir, 'third.test')
    third.ocsp().rename(s.proxy.dir / 'dot.ocsp')
    put(third.pem.read_bytes(), third.key.read_bytes())
    s.proxy.control('reconfig')
    wait_until(lambda: certificate_of(s.port) == third.pem.read_text(), 5,
               'the third certificate is used')
    assert 'OCSP Response Status: successful' in s_client(s.port, '-status')
    # A worker that is lost and a version that comes get it too.
    site.kills = True
    os.kill(s.proxy.roles()['nsdv-worker'][0], signal.SIGKILL)
    wait_until(lambda: s.proxy.serial(ZONE) == 1, 5, 'a new worker')
    s.publish(2)
    assert s.serial(third) == 2


BAD_FILES = {
    'no-key': ('dot.test.key', None, 'tls-service-key: .*No such file'),
    'no-pem': ('dot.test.pem', None, 'tls-service-pem: .*No such file'),
    'no-ocsp': ('ocsp', None, 'tls-service-ocsp: .*No such file'),
    'key-garbage': ('dot.test.key', b'nothing', 'no private key in it'),
    'pem-garbage': ('dot.test.pem', b'nothing', 'no certificate in it'),
    'pem-cut': ('dot.test.pem', 'half', 'tls-service-pem: .*certificate'),
    'ocsp-garbage': ('ocsp', b'nothing', 'no OCSP response'),
    'key-other': ('dot.test.key', 'other', 'does not belong to the cert'),
    'key-passphrase': ('dot.test.key', 'passphrase', 'no private key in it'),
    'directory': ('dot.test.key', 'directory', 'tls-service-key: .*'),
    'weak': ('dot.test.pem', 'weak', 'key too small'),
}


@pytest.mark.parametrize('case', BAD_FILES)
def test_bad_files(site, case):
    """One clear line at checkconf and at the start."""
    name, content, expected = BAD_FILES[case]
    s = Site(site, 'tls-service-ocsp: "ocsp"')
    proxy = s.proxy
    proxy.server_options.append('zonesdir: "%s"' % proxy.dir)
    s.certificate.ocsp().rename(proxy.dir / 'ocsp')
    path = proxy.dir / name
    if content == 'half':
        content = path.read_bytes()[:300]
    elif content == 'other':
        content = tls.Certificate(proxy.dir, 'other').key.read_bytes()
    elif content == 'passphrase':
        content = tls.openssl('pkey', '-in', path, '-aes128', '-passout',
                              'pass:secret')
    elif content == 'weak':
        content = tls.Certificate(proxy.dir, 'weak',
                                  'rsa:1024').pem.read_bytes()
    path.unlink()
    if content == 'directory':
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    proxy.prepare()
    for program, *words in (['nsd-verify-checkconf', proxy.config],
                            ['nsd-verify', '-t', '-c', proxy.config],
                            ['nsd-verify', '-d', '-c', proxy.config]):
        status, text = run(build_dir() / 'src' / 'bin' / program, *words)
        assert status != 0 and re.search('error: .*' + expected, text), text
        assert len(text.splitlines()) <= 2, text


def test_certificate_out_of_date(site):
    """It is said and served all the same."""
    s = Site(site)
    s.start()
    pem = s.certificate.pem
    pem.write_bytes(tls.openssl('x509', '-in', pem, '-signkey',
                                s.certificate.key, '-days', -1))
    s.proxy.control('reconfig')
    s.proxy.wait_log(r'warning: tls: .*the certificate has expired at 20\d\d-')
    assert s.serial(None) == 1
    status, text = run(build_dir() / 'src' / 'bin' / 'nsd-verify-checkconf',
                       '-v', s.proxy.config)
    assert status == 0 and 'the certificate has expired' in text


def test_options_that_do_not_fit(site):
    s = Site(site)
    options = s.proxy.server_options
    check = [build_dir() / 'src' / 'bin' / 'nsd-verify-checkconf', '-v',
             s.proxy.config]
    s.proxy.prepare()
    assert run(*check)[0] == 0
    key = next(o for o in options if o.startswith('tls-service-key'))
    options.remove(key)
    s.proxy.write_config()
    status, text = run(*check)
    assert status == 2 and 'tls-service-key: is unset' in text
    pem = next(o for o in options if o.startswith('tls-service-pem'))
    options.remove(pem)
    s.proxy.write_config()
    status, text = run(*check)
    assert status == 0 and 'speaks plain DNS' in text
    # As with NSD, without key and certificate the port is any port.
    s.start()
    assert net.ask(V4, s.port, ZONE, 'SOA', tcp=True) is not None
    options += [key, pem, 'tls-port: 853']
    s.proxy.write_config()
    status, text = run(*check)
    assert status == 0 and 'is not used' in text


def test_who_has_the_key(site):
    """Workers alone, and no process has it open."""
    s = Site(site, 'server-count: 2').start()
    s.connect().close()
    secret = tls.openssl('pkey', '-in', s.certificate.key, '-outform', 'DER')
    # The 32 octets of the number itself, in an EC key of P-256.
    at = secret.index(b'\x04\x20') + 2
    number, text = secret[at:at + 32], s.certificate.key.read_bytes()
    for role, pids in s.proxy.roles().items():
        for pid in pids:
            memory = memory_of(pid)
            assert text not in memory, role
            if role != 'nsdv-worker':
                assert number not in memory, role
                assert number[::-1] not in memory, role


@pytest.mark.skipif(unprivileged_user() is None, reason='not root')
@pytest.mark.parametrize('has_chroot', [False, True])
def test_files_that_only_root_can_read(site, has_chroot):
    """Outside of the chroot, at the start and later."""
    s = Site(site)
    s.proxy.username = user = unprivileged_user()
    os.chown(s.proxy.dir, pwd.getpwnam(user).pw_uid, -1)
    private = site.dir / 'private'
    private.mkdir(0o700)
    certificate = tls.Certificate(private)
    certificate.key.chmod(0o600)
    s.proxy.server_options = [
        o.replace(str(s.proxy.dir), str(private)) if o.startswith('tls-')
        else o for o in s.proxy.server_options]
    if has_chroot:
        s.proxy.server_options.append('chroot: "%s"' % s.proxy.dir)
    s.start()
    assert s.serial(certificate) == 1
    other = tls.Certificate(private, 'other.test')
    os.replace(other.pem, certificate.pem)
    os.replace(other.key, certificate.key)
    other.pem = certificate.pem
    s.proxy.control('reconfig')
    wait_until(lambda: certificate_of(s.port) == other.pem.read_text(), 5,
               'the new certificate is used')
    assert s.serial(other) == 1


def memory_of(pid):
    """Private writable memory, up to some size a piece."""
    found = []
    with open('/proc/%d/maps' % pid) as maps, \
            open('/proc/%d/mem' % pid, 'rb', 0) as memory:
        for line in maps:
            words = line.split()
            start, end = (int(w, 16) for w in words[0].split('-'))
            if not words[1].startswith('rw') or end - start > 16 << 20:
                continue
            try:
                memory.seek(start)
                found.append(memory.read(end - start))
            except OSError:
                continue
    return b'\0'.join(found)


# ---------------------------------------------------------- ill will

def cpu_ticks(pids):
    total = 0
    for pid in pids:
        with open('/proc/%d/stat' % pid) as f:
            words = f.read().rsplit(')', 1)[1].split()
        total += int(words[11]) + int(words[12])
    return total


def client_hello():
    """What a client of ours would send first."""
    to_us, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    c = tls.client_context().wrap_bio(to_us, to_server)
    with pytest.raises(ssl.SSLWantReadError):
        c.do_handshake()
    return to_server.read()


SILENT = {
    'nothing': [b''],
    'an octet': [b'\x16'],
    'half a hello': [client_hello()[:100]],
    'a hello': [client_hello()],
    'a hello octet by octet': [bytes([o]) for o in client_hello()],
    'a large record': [b'\x16\x03\x01\x40\x00' + b'\1\0\x3f\xfc' +
                       b'x' * 100],
}


@pytest.mark.parametrize('what', SILENT)
def test_handshakes_that_do_not_end(site, what):
    """They hold a place for tcp-timeout, whatever trickles in, and no
    processor."""
    s = Site(site, 'tcp-timeout: 1', 'tcp-count: 20').start()
    pids = s.proxy.roles()['nsdv-worker']
    before = cpu_ticks(pids)
    start = time.monotonic()
    sockets = [tls.tcp_connect(s.port) for _ in range(5)]
    pieces = list(SILENT[what])
    pause = 3.0 / len(pieces) if len(pieces) > 1 else 0
    open_ones = list(sockets)
    while open_ones and time.monotonic() - start < 8 * net.SLOW:
        piece = pieces.pop(0) if pieces else b''
        for c in list(open_ones):
            c.setblocking(False)
            try:
                if piece:
                    c.send(piece)
                if c.recv(4096) == b'':
                    open_ones.remove(c)
            except BlockingIOError:
                pass
            except ConnectionError:
                open_ones.remove(c)
        time.sleep(max(pause, 0.01))
    took = time.monotonic() - start
    assert not open_ones and 0.9 < took < 5 * net.SLOW, took
    assert cpu_ticks(pids) - before < 40 * net.SLOW
    for c in sockets:
        c.close()
    with s.connect() as c:
        assert ask(c) == 1


GARBAGE = {
    'http': b'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
    'dns': struct.pack('!H', len(QUERY)) + QUERY,
    'zeros': b'\0' * 5000,
    'ones': b'\xff' * 5000,
    'sslv2': b'\x80\x2e\1\0\2\0\x15\0\0\0\x10' + b'x' * 40,
    'alert': b'\x15\3\3\0\2\2\x28',
    'data first': b'\x17\3\3\0\x10' + b'x' * 16,
    'hello and garbage': client_hello() + b'garbage' * 50,
}


@pytest.mark.parametrize('what', GARBAGE)
def test_garbage(site, what):
    """It is ended at once, with FIN where nothing more comes."""
    s = Site(site, 'tcp-timeout: 20').start()
    c = tls.tcp_connect(s.port)
    start = time.monotonic()
    c.sendall(GARBAGE[what])
    try:
        while c.recv(4096):
            pass
    except ConnectionResetError:
        pytest.fail('a reset may overtake the alert')
    assert time.monotonic() - start < 3 * net.SLOW
    c.close()
    assert s.count('num.tls') == 0
    with s.connect() as c:
        assert ask(c) == 1


def test_peers_that_vanish_or_close_half(site):
    s = Site(site, 'tcp-timeout: 3', 'tcp-count: 30').start()
    pids = s.proxy.roles()['nsdv-worker']
    # Half closed after the question: answered, then ended.
    c = s.connect()
    send_framed(c, QUERY)
    c.shutdown(socket.SHUT_WR)
    # Without close_notify, in the middle of a message.
    for piece in (b'', b'\0', struct.pack('!H', 500) + b'x' * 20):
        d = s.connect()
        if piece:
            d.sendall(piece)
        d.shutdown(socket.SHUT_WR)
        d.close()
    # A reset while an answer is due.
    d = s.connect()
    d.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                 struct.pack('ii', 1, 0))
    send_framed(d, QUERY)
    d.close()
    # close_notify first, then silence.
    d = s.connect()
    assert ask(d) == 1
    d.settimeout(5 * net.SLOW)
    assert d.unwrap() is not None, 'it answers with close_notify'
    before = cpu_ticks(pids)
    time.sleep(1)
    assert cpu_ticks(pids) - before < 30 * net.SLOW
    with s.connect() as c:
        assert ask(c) == 1


def test_one_octet_at_a_time_does_not_hold_a_place(site):
    """In records of one octet, slower than the time for a query."""
    s = Site(site, 'tcp-timeout: 1').start()
    c = s.connect()
    assert ask(c) == 1
    start = time.monotonic()
    framed = struct.pack('!H', 300) + b'x' * 300
    ended = None
    for octet in framed:
        try:
            c.sendall(bytes([octet]))
            c.settimeout(0.05)
            if c.recv(1) == b'':
                ended = time.monotonic()
                break
        except TimeoutError:
            continue
        except (ConnectionError, ssl.SSLError):
            ended = time.monotonic()
            break
    assert ended is not None and 0.9 < ended - start < 4 * net.SLOW


def test_places_are_shared(site):
    """tcp-count holds for both; more than half of it in use makes haste."""
    s = Site(site, 'tcp-count: 8', 'tcp-timeout: 20').start()
    kept = [s.connect() for _ in range(4)]
    assert [ask(c) for c in kept] == [1] * 4
    plain = [tls.tcp_connect(s.proxy.port) for _ in range(4)]
    start = time.monotonic()
    for c in plain:
        send_framed(c, QUERY)
        assert serial_of_wire(read_framed(c)) == 1
    late = s.connect()
    assert ask(late) == 1
    # The first of them came to a server half of which was free.
    assert all(c.recv(1) == b'' for c in plain[1:])
    assert time.monotonic() - start < 5 * net.SLOW
    assert [ask(c) for c in kept] == [1] * 4
    for c in [late, *plain, *kept]:
        c.close()


def test_verify_address_has_no_tls(site):
    """A verify address on tls-port speaks plain DNS to the verifiers."""
    s = Site(site)
    s.proxy.verify_port = s.port
    del s.proxy.server_options[0:2]
    s.proxy.server_options.append('ip-address: 127.0.0.2@%d' % s.port)
    s.proxy.verify_with('verifier: %s' % s.proxy.script(
        'verifier', '[ "$(dig @$VERIFY_IP_ADDRESS -p $VERIFY_PORT +tcp +short '
        '$VERIFY_ZONE SOA | cut -d" " -f3)" = $serial ]'))
    s.start()
    s.publish(2)
    c = tls.connect(s.port, s.certificate, address='127.0.0.2')
    assert ask(c) == 2
    c.close()
