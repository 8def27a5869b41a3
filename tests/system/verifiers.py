"""The three verifiers of the matrix, as an operator would configure them."""
import shutil

COMPARE = '''#!/usr/bin/python3 -B
"""Asks the verify address only: SOA against VERIFY_SERIAL, AXFR against the
standard input, and a name that says whether the version is good."""
import os
import subprocess
import sys
import dns.rdatatype
import dns.zone

address, port = os.environ['VERIFY_IP_ADDRESS'], os.environ['VERIFY_PORT']
zone = os.environ['VERIFY_ZONE'].rstrip('.') + '.'


def dig(*words):
    return subprocess.run(
        ['dig', '@' + address, '-p', port, '+tries=1', '+time=5',
         '+norec', *words], check=True, capture_output=True, text=True).stdout


def records(text):
    parsed = dns.zone.from_text(text, origin=zone, relativize=False)
    return {(name.to_digestable(), ttl, rd.rdtype, rd.to_digestable())
            for name, ttl, rd in parsed.iterate_rdatas()}


fed = sys.stdin.read()
served = dig('+short', zone, 'SOA').split()[2]
serial = os.environ.get('VERIFY_SERIAL', served)
if served != serial:
    sys.exit('SOA has %s, not %s' % (served, serial))
over_tcp = dig('+tcp', '+short', zone, 'SOA').split()[2]
if over_tcp != serial:
    sys.exit('over TCP the SOA has %s, not %s' % (over_tcp, serial))
transfer = dig('+noall', '+answer', '+onesoa', zone, 'AXFR')
if records(transfer) != records(fed):
    sys.exit('AXFR and standard input differ')
if dig('+short', 'marker.' + zone, 'TXT').strip() != '"good"':
    sys.exit('the marker says that this version is bad')
'''


def ldns(_proxy, _zone):
    """The whole zone on standard input."""
    return [shutil.which('ldns-verify-zone') or 'ldns-verify-zone'], True


def query(proxy, _zone):
    """Nothing but queries to the verify address."""
    return [str(proxy.file('query-verifier', COMPARE, 0o755))], True


def drill(proxy, zone):
    """NSD's published example: the address is hard-coded."""
    return ['drill', '-S', '-k', str(zone.ds_file), '@::1', '-p',
            str(proxy.verify_port), zone.zone, 'SOA'], False


# name: (how it is configured, what a bad version has that it can find)
VERIFIERS = {
    'ldns': (ldns, ('moves.', 'A')),
    'query': (query, ('moves.', 'A')),
    'drill': (drill, ('', 'SOA')),
}
