"""The table of tests/data/answers asked of nsd-verify, NSD, Knot and BIND.

Sections are compared as sets, names without regard to case, the question as
it is. An answer with TC counts for nothing but that bit (RFC 2181 9). What a
server adds out of courtesy (RFC 1034 4.3.2 step 6) and extended errors are
compared with NSD's alone. Where another server may answer otherwise, the row
names the text that decides.
"""
import pytest

from harness import answers
from harness.answer_table import (Expected, Hashes, head_of, key_of, lines_of,
                                  rows_of, signer, without_courtesy)
from harness.net import exchange_tcp
from harness.server import Zone

KINDS = ['nsd-verify', 'nsd', 'knot', 'bind']
IDENTITY, VERSION = 'here', 'nsd-verify 1'
WORLDS = {name: (options, zones) for name, options, zones
          in signer().worlds()}
ROWS = rows_of()


def options_of(kind, options):
    if kind == 'knot':
        return ['identity: "%s"' % IDENTITY, 'version: "%s"' % VERSION]
    if kind == 'bind':
        minimal = 'yes' if 'minimal-responses' in options else 'no'
        return ['server-id "%s"; hostname "%s"; version "%s";' % (
            IDENTITY, IDENTITY, VERSION), 'check-names primary ignore;',
            'minimal-responses %s;' % minimal]
    return ['identity: "%s"' % IDENTITY, 'version: "%s"' % VERSION] + [
        o + ': yes' for o in options]


class World:
    """One kind of server with the zones of a world; NSD, which refuses files
    with names below a DNAME, gets them by transfer."""

    def __init__(self, site, name, kind):
        options, zones = WORLDS[name]
        self.kind = kind
        self.apexes = {answers.name_octets(z[0]).lower() for z in zones}
        self.hashes = Hashes()
        self.server = site.server(kind)
        self.server.server_options += options_of(kind, options)
        for apex, source, *how in zones:
            text = None if source == '-' else \
                signer().zone_text(apex, source, *how)
            self.hashes.add(apex, text or '')
            if kind == 'bind' and source == 'wildns':
                continue        # it loads no zone with such a record
            self.server.add(Zone(apex, text=text, options=[
                'semantic-checks: soft'] if kind == 'knot' else []))

    def ask(self, rows):
        """Octets, or None for silence, which is not waited for long."""
        found = {}
        over_udp = [r for r in rows if 'tcp' not in r.flags]
        silent = [r for r in over_udp if r.expected == ['drop'] or
                  self.kind in r.differs]
        for some, patience in (
                ([r for r in over_udp if r not in silent], 2.0),
                (silent, 0.1)):
            found.update(zip(map(id, some), answers.ask_all(
                self.server.port, [r.octets(self.hashes) for r in some],
                patience=patience)))
        for row in rows:
            if id(row) not in found:
                found[id(row)] = exchange_tcp(
                    '127.0.0.1', self.server.port, row.octets(self.hashes), 5)
        return [found[id(row)] for row in rows]

    def is_nsd(self):
        return self.kind.startswith('nsd')

    def difference(self, row, octets):
        """Nothing, or the answer as text."""
        if octets is None or row.expected == ['drop']:
            return [] if octets is None and row.expected == ['drop'] \
                else ['drop' if octets is None else 'no drop']
        try:
            a = answers.answer_of(octets)
        except (IndexError, ValueError):
            return ['rcode %d and malformed' % (octets[3] & 15)]
        asked = row.octets(self.hashes)
        if a.question and a.question != asked[12:12 + len(a.question)]:
            return ['another question']
        return [] if self.is_same(Expected(row, self.hashes), a) else \
            lines_of(a, self.hashes)

    def is_same(self, expected, a):
        if expected.head != head_of(a):
            return False
        if a.has(answers.TC):
            return True
        sections = [set(map(key_of, s)) for s in a.sections]
        if self.is_nsd():
            return sections == expected.sections and \
                expected.errors == answers.extended_errors(a.options)
        return without_courtesy(sections, self.apexes) == \
            without_courtesy(expected.sections, self.apexes)


def start(site, name):
    worlds = [World(site, name, kind) for kind in KINDS]
    for world in worlds:
        world.server.start(wait=False)
    for world in worlds:
        world.server.wait_ready()
    return worlds


def iterations_are_told(server):
    """Of costly., above what is served, and not of dear., just below."""
    server.wait_log(r'zone costly\. serial 1 has NSEC3 with 501 iterations')
    assert 'zone dear. serial 1 has' not in server.log_text()


@pytest.mark.sanitize
@pytest.mark.parametrize('name', WORLDS)
def test_answers(site, name):
    rows = [r for r in ROWS if r.world == name]
    assert len(rows) > 20
    wrong, needed = [], set()
    worlds = start(site, name)
    if name == 'main':
        iterations_are_told(worlds[0].server)
    for world in worlds:
        for row, octets in zip(rows, world.ask(rows)):
            found = world.difference(row, octets)
            if found and world.kind in row.differs:
                needed.add(row.differs[world.kind])
            elif found:
                wrong.append('%s: %s\n\t%s' % (
                    world.kind, row, '\n\t'.join(found)))
    assert not wrong, '%d differences:\n%s' % (
        len(wrong), '\n'.join(wrong[:30]))
    assert {why for r in rows for why in r.differs.values()} == needed, \
        'a note that no server gives reason for'
