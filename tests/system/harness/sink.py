"""A secondary that only takes NOTIFYs: answers each and remembers it."""
import select
import socket
import threading
import time

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rdatatype

from .net import FAMILIES, family_of, wait_until
from .server import Peer


class NotifySink:
    def __init__(self, ports, family='ipv4', key=None):
        self.family, self.key = family, key
        self.port = ports.get()
        self.seen = []          # (time, zone, serial or None)
        self.is_silent = False
        self.sock = socket.socket(
            family_of(FAMILIES[family]), socket.SOCK_DGRAM)
        self.sock.bind((FAMILIES[family], self.port))
        self.is_stopping = False
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self.thread.start()
        return self

    def stop(self):
        self.is_stopping = True
        self.thread.join(2)
        self.sock.close()

    def peer(self):
        return Peer(self.port, self.family, self.key)

    def _run(self):
        while not self.is_stopping:
            if not select.select([self.sock], [], [], 0.05)[0]:
                continue
            data, source = self.sock.recvfrom(65535)
            try:
                m = dns.message.from_wire(
                    data,
                    keyring=self.key.dnspython() if self.key else None)
            except dns.exception.DNSException:
                continue
            if m.opcode() != dns.opcode.NOTIFY or not m.question:
                continue
            serial = next((rd.serial for rrset in m.answer for rd in rrset
                           if rd.rdtype == dns.rdatatype.SOA), None)
            self.seen.append((time.monotonic(),
                              m.question[0].name.to_text().lower(), serial))
            if not self.is_silent:
                answer = dns.message.make_response(m)
                answer.flags |= dns.flags.AA
                self.sock.sendto(answer.to_wire(), source)

    def serials(self, zone):
        return [s for _, z, s in list(self.seen) if z == zone]

    def wait(self, zone, serial, timeout=5.0):
        return wait_until(
            lambda: next((t for t, z, s in list(self.seen)
                          if z == zone and s == serial), None), timeout,
            lambda: 'NOTIFY of %s serial %d (seen: %s)' % (
                zone, serial, self.serials(zone)))
