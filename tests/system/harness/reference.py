"""What an answer must be, but for its data, by brute force over the zones: the
words of RFC 1034 4.3.2, 4035 3.1.3, 4592, 5155 7.2 and 6672, and nothing of any
server. The aliases followed, the rcode, AA, whether there is an SOA, and the
owners of all NSEC and NSEC3.

Names are tuples of labels in lower case, leftmost first.
"""
from dataclasses import dataclass

from .answer_table import signer

LINKS = 8


def labels(text):
    return signer().labels(text)


def order(name):
    return name[::-1]


def is_too_long(name):
    return len(b''.join(name)) + len(name) + 1 > 255


def text_of(name):
    return '.'.join(''.join('\\%03d' % c for c in label)
                    for label in name) + '.'


class Model:
    """One zone as signed."""

    def __init__(self, apex, text):
        self.apex = labels(apex)
        self.types = {}             # name: {type: first rdata}
        self.params = None
        nsec3 = set()
        for line in text.splitlines():
            words = line.split(None, 4)
            if len(words) < 5 or words[0].startswith(';'):
                continue
            name, kind, rdata = labels(words[0]), words[3], words[4]
            if kind == 'NSEC3':
                nsec3.add(name)
            if kind == 'NSEC3PARAM':
                _, _, iterations, salt = rdata.split()
                self.params = int(iterations), bytes.fromhex(salt.strip('-'))
            self.types.setdefault(name, {}).setdefault(kind, rdata)
        self.is_signed = 'DNSKEY' in self.types[self.apex]
        self.ring = sorted(name[0] for name in nsec3)
        for name in nsec3:
            del self.types[name]
        self.chain = sorted((n for n in self.types if 'NSEC' in
                             self.types[n]), key=order)
        self.known = {n[i:] for n in self.types
                      for i in range(len(n) - len(self.apex) + 1)}
        self.digests = {}

    def shows(self, name, rdtype):
        """The RRset is there, and neither a cut nor a DNAME above hides it."""
        return rdtype in self.types.get(name, {}) and not any(
            'DNAME' in here or ('NS' in here and name[i:] != self.apex)
            for i in range(1, len(name) - len(self.apex) + 1)
            for here in [self.types.get(name[i:], {})])

    # ------------------------------------------------------------- chains
    def digest(self, name):
        if name not in self.digests:
            self.digests[name] = signer().hashed(
                text_of(name), *self.params).encode()
        return self.digests[name]

    def matches(self, name):
        return self.digest(name) in self.ring

    def nsec3(self, name):
        """Of what matches or covers the hash of a name."""
        before = [h for h in self.ring if h <= self.digest(name)]
        return (before or self.ring)[-1:][0], *self.apex

    def nsec(self, name):
        return [n for n in self.chain if order(n) <= order(name)][-1]

    # ------------------------------------------------------------- proofs
    def encloser(self, name):
        """The closest encloser."""
        while name not in self.known:
            name = name[1:]
        return name

    def closest(self, name):
        """(proof, closest provable encloser) of a name that has no NSEC3."""
        at = self.encloser(name)
        while at == name or not self.matches(at):
            at = at[1:]
        closer = name[len(name) - len(at) - 1:]
        return {self.nsec3(at), self.nsec3(closer)}, at

    def no_type(self, name):
        """The name exists."""
        if not self.is_signed:
            return set()
        if not self.params:
            return {self.nsec(name)}
        if self.matches(name):
            return {self.nsec3(name)}
        return self.closest(name)[0]

    def no_name(self, name):
        if not self.is_signed:
            return set()
        star = (b'*', *self.encloser(name))
        if not self.params:
            return {self.nsec(name), self.nsec(star)}
        proof, at = self.closest(name)
        return proof | {self.nsec3((b'*', *at))}

    def no_type_at_wildcard(self, name):
        if not self.is_signed:
            return set()
        star = (b'*', *self.encloser(name))
        if not self.params:
            return {self.nsec(name), self.nsec(star)}
        return self.closest(name)[0] | {self.nsec3(star)}

    def from_wildcard(self, name):
        if not self.is_signed:
            return set()
        if not self.params:
            return {self.nsec(name)}
        at = self.encloser(name)
        return {self.nsec3(name[len(name) - len(at) - 1:])}

    # -------------------------------------------------------------- answer
    def step(self, name, rdtype):
        """(outcome, proof, what the name is an alias of or None)"""
        depth = len(name) - len(self.apex)
        if 'DNAME' in self.types[self.apex] and depth > 0:
            return self.redirect(name, depth, rdtype)
        for i in range(depth - 1, -1, -1):
            here = self.types.get(name[i:], {})
            if 'NS' in here and not (i == 0 and rdtype == 'DS'):
                return 'referral', (set() if 'DS' in here else
                                    self.no_type(name[i:])), None
            if 'DNAME' in here and i > 0:
                return self.redirect(name, i, rdtype)
        if name in self.known:
            return self.at_node(name, rdtype, self.types.get(name, {}),
                                set(), self.no_type)
        star = (b'*', *self.encloser(name))
        if star not in self.known:
            return 'nxdomain', self.no_name(name), None
        return self.at_node(name, rdtype, self.types.get(star, {}),
                            self.from_wildcard(name),
                            self.no_type_at_wildcard)

    def redirect(self, name, depth, rdtype):
        """The CNAME made of a DNAME answers those who ask for one."""
        to = name[:depth] + labels(self.types[name[depth:]]['DNAME'])
        if is_too_long(to):
            return 'yxdomain', set(), None
        if rdtype == 'CNAME':
            return 'data', set(), None
        return 'alias', set(), to

    @staticmethod
    def at_node(name, rdtype, here, proof, no_type):
        if rdtype in here or (rdtype == 'ANY' and here):
            return 'data', proof, None
        if 'CNAME' in here:
            return 'alias', proof, labels(here['CNAME'])
        return 'nodata', no_type(name), None


def zone_of(models, name, rdtype):
    """The zone that answers; for DS that above a cut (RFC 4035 3.1.4.1)."""
    for i in range(len(name) + 1):
        model = models.get(name[i:])
        if model and not (rdtype == 'DS' and i == 0 and any(
                name[j:] in models for j in range(1, len(name) + 1))):
            return model
    return None


def links(models, name, rdtype):
    """(zone, name, outcome, proof) of each name that is looked up."""
    name, seen = labels(name), set()
    while name is not None and name not in seen and len(seen) <= LINKS:
        model = zone_of(models, name, rdtype)
        if model is None:
            return
        seen.add(name)
        outcome, proof, following = model.step(name, rdtype)
        yield model, name, outcome, proof
        name = following


@dataclass
class Wanted:
    rcode: int
    is_authoritative: bool
    has_soa: bool
    aliases: set        # owners of CNAMEs
    proof: set          # owners of NSEC and NSEC3, if DO


def wanted(models, name, rdtype):
    chain = list(links(models, name, rdtype))
    last = chain[-1][2]
    return Wanted({'nxdomain': 3, 'yxdomain': 6}.get(last, 0),
                  chain[0][2] != 'referral', last in ('nodata', 'nxdomain'),
                  {link[1] for link in chain if link[2] == 'alias'},
                  set().union(*(link[3] for link in chain)))
