"""Messages that no honest primary sends: rewriting of whole wire messages."""
import struct

import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.name


def other_id(wires, _query):
    return [struct.pack('!H', struct.unpack('!H', w[:2])[0] ^ 0x5555) + w[2:]
            for w in wires]


def not_a_response(wires, _query):
    return [w[:2] + bytes([w[2] & 0x7f]) + w[3:] for w in wires]


def other_opcode(wires, _query):
    return [w[:2] + bytes([w[2] & 0x87 | 0x20]) + w[3:] for w in wires]


def error_rcode(rcode):
    def tamper(wires, _query):
        return [w[:3] + bytes([w[3] & 0xf0 | rcode]) + w[4:] for w in wires]
    return tamper


def truncated(wires, _query):
    """The framed message is shorter than its counts say."""
    return [w[:max(12, len(w) // 2)] for w in wires]


def short_header(_wires, query):
    return [struct.pack('!H', query.id) + b'\x84\x00']


def empty_message(_wires, _query):
    return [b'']


def wrong_counts(wires, _query):
    return [w[:6] + b'\xff\xff' + w[8:] for w in wires]


def other_question(wires, _query):
    """The first label of the question under another name of equal length."""
    result = []
    for w in wires:
        if w[4:6] != b'\0\1':
            result.append(w)
            continue
        length = w[12]
        result.append(w[:13] + b'x' * length + w[13 + length:])
    return result


def flip_in_last(wires, _query):
    """One octet in the middle of the last message: the MAC must fail."""
    w = bytearray(wires[-1])
    w[len(w) // 3] ^= 1
    return [*wires[:-1], bytes(w)]


def unsigned(wires, query):
    """As if TSIG had been forgotten: strips the last additional record."""
    import dns.message
    result = []
    for w in wires:
        count = struct.unpack('!H', w[10:12])[0]
        m = dns.message.from_wire(w, continue_on_error=True)
        del m
        position = _start_of_last_record(w)
        result.append(w[:10] + struct.pack('!H', count - 1) + w[12:position]
                      if count else w)
    return result


def pointer_loop(wires, _query):
    """The owner of the first answer points to itself."""
    result = []
    for w in wires:
        at = _end_of_question(w)
        result.append(w[:at] + struct.pack('!H', 0xc000 | at) + w[at + 2:])
    return result


def garbage_forever(_wires, query):
    """Many messages, none of which ends the transfer."""
    head = struct.pack('!HHHHHH', query.id, 0x8400, 0, 1, 0, 0)
    rr = b'\xc0\x0c'
    return [head + rr] * 20


def _skip_name(w, at):
    while w[at]:
        if w[at] & 0xc0:
            return at + 2
        at += w[at] + 1
    return at + 1


def _end_of_question(w):
    at = 12
    for _ in range(struct.unpack('!H', w[4:6])[0]):
        at = _skip_name(w, at) + 4
    return at


def _start_of_last_record(w):
    at = _end_of_question(w)
    start = at
    for _ in range(sum(struct.unpack('!HHH', w[6:12]))):
        start = at
        at = _skip_name(w, at)
        at += 10 + struct.unpack('!H', w[at + 8:at + 10])[0]
    return start


# --------------------------------------------------------------- records

def record(text_name, rdtype, rdata, ttl=300):
    """(name, ttl, rdata) as the scripted primary keeps them; rdata is text,
    or octets for what no text can say."""
    name = dns.name.from_text(text_name)
    kind = dns.rdatatype.from_text(rdtype)
    if isinstance(rdata, bytes):
        rd = Octets(dns.rdataclass.IN, kind, rdata)
    else:
        rd = dns.rdata.from_text(dns.rdataclass.IN, kind, rdata,
                                 relativize=False)
    return name, ttl, rd


class Octets(dns.rdata.GenericRdata):
    """Rdata of any type as raw octets, malformed ones too."""


def longest_names(zone):
    """Two legal names of 255 octets in the zone."""
    origin = dns.name.from_text(zone)
    room = 255 - len(origin.to_wire())
    labels = []
    while room > 64:
        labels.append(b'y' * 63)
        room -= 64
    if room > 1:
        labels.append(b'z' * (room - 1))
    names = []
    for first in (b'a', b'b'):
        replaced = [first + labels[0][1:], *labels[1:]]
        names.append(dns.name.Name(
            tuple(replaced) + origin.labels).to_text())
    return names
