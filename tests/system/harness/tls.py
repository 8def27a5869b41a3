"""Certificates made for a test, and TLS clients of our own.

Stock clients (kdig, dig, openssl) are called by the tests themselves; what is
here is for what they do not do: half a handshake, many queries, silence."""
import socket
import ssl
import subprocess

from .net import SLOW, V4, family_of


def openssl(*words, data=None):
    done = subprocess.run(['openssl', *map(str, words)], input=data,
                          capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode(errors='replace')
    return done.stdout


class Certificate:
    """A self-signed certificate NAME.pem with its key NAME.key."""

    def __init__(self, directory, name='dot.test', kind='ec'):
        self.name = name
        self.pem = directory / (name + '.pem')
        self.key = directory / (name + '.key')
        new = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] \
            if kind == 'ec' else ['-newkey', kind]
        openssl('req', '-x509', *new, '-nodes', '-days', 2, '-subj',
                '/CN=' + name, '-addext', 'subjectAltName=DNS:' + name,
                '-keyout', self.key, '-out', self.pem)

    def ocsp(self):
        """A file with a (signed, if not meaningful) OCSP response."""
        directory = self.pem.parent
        index = directory / 'index.txt'
        index.write_text('')
        out = directory / (self.name + '.ocsp')
        request = directory / (self.name + '.ocspreq')
        openssl('ocsp', '-issuer', self.pem, '-cert', self.pem, '-reqout',
                request)
        openssl('ocsp', '-index', index, '-rsigner', self.pem, '-rkey',
                self.key, '-CA', self.pem, '-reqin', request, '-respout', out)
        return out


def client_context(certificate=None, alpn=('dot',), versions=None):
    """Checks the name against the certificate, if there is one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if certificate is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context.load_verify_locations(certificate.pem)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if versions is not None:
        context.minimum_version = context.maximum_version = versions
    return context


def tcp_connect(port, address=V4, timeout=5.0, receive_buffer=None):
    s = socket.socket(family_of(address), socket.SOCK_STREAM)
    if receive_buffer:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    s.settimeout(timeout * SLOW)
    s.connect((address, port))
    return s


def connect(port, certificate=None, address=V4, timeout=5.0, session=None,
            context=None, receive_buffer=None):
    """An SSLSocket after its handshake."""
    context = context or client_context(certificate)
    return context.wrap_socket(
        tcp_connect(port, address, timeout, receive_buffer),
        server_hostname=certificate.name if certificate else 'any',
        session=session, suppress_ragged_eofs=False)
