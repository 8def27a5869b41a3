"""A wiretap between two servers on loopback.

The downstream asks our port instead of the upstream's, the upstream notifies
our other port instead of the downstream's: every message passes here in both
directions, over UDP and TCP, and is kept. Nothing is changed (TSIG and message
ids survive).
"""
import asyncio
import struct
import threading
from dataclasses import dataclass, field

import dns.message
import dns.opcode
import dns.rdatatype

from .net import FAMILIES


@dataclass
class Message:
    to: str             # 'downstream' or 'upstream'
    wire: bytes
    transport: str
    session: int        # one per connection or datagram source
    _parsed: object = field(default=None, repr=False)

    def parsed(self):
        """As far as it can be parsed; a TSIG is not checked here."""
        if self._parsed is None:
            self._parsed = dns.message.from_wire(
                self.wire, one_rr_per_rrset=True, ignore_trailing=True,
                continue_on_error=True)
        return self._parsed

    def is_response(self):
        return bool(self.wire[2] & 0x80)

    def question(self):
        m = self.parsed()
        if not m.question:
            return None
        q = m.question[0]
        return q.name.to_text().lower(), dns.rdatatype.to_text(q.rdtype)

    def serials(self):
        """Of every SOA in any section."""
        m = self.parsed()
        return [rd.serial for section in m.sections[1:] for rrset in section
                for rd in rrset if rd.rdtype == dns.rdatatype.SOA]


class Relay:
    def __init__(self, ports, family, upstream_port=None,
                 downstream_port=None):
        self.address = FAMILIES[family]
        self.family = family
        self.port = ports.get()         # the downstream asks here
        self.notify_port = ports.get()  # the upstream notifies here
        self.upstream_port = upstream_port
        self.downstream_port = downstream_port
        self.messages = []
        self.sessions = 0
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        ready = threading.Event()
        self.loop.call_soon_threadsafe(
            lambda: self.loop.create_task(self._open(ready)))
        self.thread.start()
        assert ready.wait(5), 'the relay does not start'
        return self

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        self.loop.run_until_complete(
            asyncio.gather(*tasks, return_exceptions=True))
        self.loop.close()

    async def _open(self, ready):
        for port, target, ahead, back in (
                (self.port, 'upstream_port', 'upstream', 'downstream'),
                (self.notify_port, 'downstream_port', 'downstream',
                 'upstream')):
            await asyncio.start_server(
                lambda r, w, t=target, a=ahead, b=back:
                self._stream(r, w, t, a, b), self.address, port)
            await self.loop.create_datagram_endpoint(
                lambda t=target, a=ahead, b=back: _Datagrams(self, t, a, b),
                local_addr=(self.address, port))
        ready.set()

    def keep(self, to, wire, transport, session):
        self.messages.append(Message(to, bytes(wire), transport, session))

    def new_session(self):
        self.sessions += 1
        return self.sessions

    async def _stream(self, reader, writer, target, ahead, back):
        session = self.new_session()
        try:
            there_r, there_w = await asyncio.open_connection(
                self.address, getattr(self, target))
        except OSError:
            writer.close()
            return
        await asyncio.gather(
            self._pump(reader, there_w, ahead, session),
            self._pump(there_r, writer, back, session))

    async def _pump(self, reader, writer, to, session):
        try:
            while True:
                head = await reader.readexactly(2)
                wire = await reader.readexactly(
                    struct.unpack('!H', head)[0])
                self.keep(to, wire, 'tcp', session)
                writer.write(head + wire)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    # -- what a test asks
    def between(self, start=0, to=None):
        return [m for m in list(self.messages)[start:]
                if to is None or m.to == to]

    def mark(self):
        return len(self.messages)

    def serials_sent(self, to, start=0):
        return {s for m in self.between(start, to) for s in m.serials()}

    def incremental_transfers(self, zone, start=0):
        """(from, to) of each IXFR answer that really is incremental."""
        found, asked = [], {}
        for m in self.between(start):
            key = (m.session, m.wire[:2])
            if m.to == 'upstream' and m.question() == (zone, 'IXFR'):
                asked[key] = []
            elif m.to == 'downstream' and m.is_response() and key in asked:
                asked[key] += [
                    rd for rrset in m.parsed().answer for rd in rrset]
        for records in asked.values():
            if len(records) > 3 and all(
                    rd.rdtype == dns.rdatatype.SOA for rd in records[:2]):
                found.append((records[1].serial, records[0].serial))
        return found

    def notifies(self, zone, start=0):
        return [m for m in self.between(start, 'downstream')
                if not m.is_response() and m.question() is not None
                and m.question()[0] == zone
                and m.parsed().opcode() == dns.opcode.NOTIFY]


class _Datagrams(asyncio.DatagramProtocol):
    """One socket towards the target per source address."""

    def __init__(self, relay, target, ahead, back):
        self.relay, self.target = relay, target
        self.ahead, self.back = ahead, back
        self.sources = {}

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, source):
        self.relay.loop.create_task(self._forward(data, source))

    async def _forward(self, data, source):
        port = getattr(self.relay, self.target)
        if source not in self.sources:
            future = self.relay.loop.create_future()
            self.sources[source] = future
            session = self.relay.new_session()
            there, _ = await self.relay.loop.create_datagram_endpoint(
                lambda: _Back(self, source, session),
                remote_addr=(self.relay.address, port))
            future.set_result((there, session))
        there, session = await self.sources[source]
        self.relay.keep(self.ahead, data, 'udp', session)
        there.sendto(data)


class _Back(asyncio.DatagramProtocol):
    def __init__(self, front, source, session):
        self.front, self.source, self.session = front, source, session

    def datagram_received(self, data, _):
        self.front.relay.keep(self.front.back, data, 'udp', self.session)
        self.front.transport.sendto(data, self.source)

    def error_received(self, exc):
        pass
