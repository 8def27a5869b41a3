"""Which NSEC and NSEC3 an answer must have, by brute force over the zones: the
words of RFC 4035 3.1.3, 4592, 5155 7.2 and 6672, and nothing of any server.

Names are tuples of labels in lower case, leftmost first.
"""
from .answer_table import signer

LINKS = 8


def labels(text):
    return signer().labels(text)


def order(name):
    return name[::-1]


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

    def shows(self, name):
        """It exists, and neither a cut nor a DNAME above it hides it."""
        return name in self.known and not any(
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
        """(proof, what the name is an alias of or None)"""
        depth = len(name) - len(self.apex)
        if 'DNAME' in self.types[self.apex] and depth > 0:
            return self.redirect(name, depth, rdtype)
        for i in range(depth - 1, -1, -1):
            here = self.types.get(name[i:], {})
            if 'NS' in here and not (i == 0 and rdtype == 'DS'):
                return (set() if 'DS' in here else
                        self.no_type(name[i:])), None
            if 'DNAME' in here and i > 0:
                return self.redirect(name, i, rdtype)
        if name in self.known:
            return self.at_node(name, rdtype, self.types.get(name, {}),
                                set(), self.no_type)
        star = (b'*', *self.encloser(name))
        if star not in self.known:
            return self.no_name(name), None
        return self.at_node(name, rdtype, self.types.get(star, {}),
                            self.from_wildcard(name),
                            self.no_type_at_wildcard)

    def redirect(self, name, depth, rdtype):
        """The CNAME made of a DNAME answers those who ask for one."""
        to = labels(self.types[name[depth:]]['DNAME'])
        return set(), None if rdtype == 'CNAME' else name[:depth] + to

    @staticmethod
    def at_node(name, rdtype, here, proof, no_type):
        if rdtype in here or (rdtype == 'ANY' and here):
            return proof, None
        if 'CNAME' in here:
            return proof, labels(here['CNAME'])
        return no_type(name), None


def zone_of(models, name, rdtype):
    """The zone that answers; for DS that above a cut (RFC 4035 3.1.4.1)."""
    for i in range(len(name) + 1):
        model = models.get(name[i:])
        if model and not (rdtype == 'DS' and i == 0 and any(
                name[j:] in models for j in range(1, len(name) + 1))):
            return model
    return None


def proof_of(models, name, rdtype):
    """The owners of all NSEC and NSEC3 in the authority section."""
    name, proof, seen = labels(name), set(), set()
    for _ in range(LINKS + 1):
        model = zone_of(models, name, rdtype)
        if model is None or name in seen:
            break
        seen.add(name)
        more, name = model.step(name, rdtype)
        proof |= more
        if name is None or len(b''.join(name)) + len(name) + 1 > 255:
            break
    return proof
