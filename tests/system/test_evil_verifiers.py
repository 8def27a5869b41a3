"""Verifiers that mean ill, or were written badly: they cost their own zone."""
import os
import time

import pytest

from harness.net import V4, ask, wait_until
from harness.proc import is_alive
from harness.zones import plain_zone

EVIL, GOOD = 'evil.test.', 'good.test.'

# What the verifier of serial 2 does; it never says yes.
EVILS = {
    'reads-slowly': 'while head -c 1 > /dev/null; do sleep 0.1; done',
    'floods-output': 'head -c 100000000 /dev/zero | tr "\\0" "x"; '
                     'head -c 100000000 /dev/zero >&2; exit 1',
    'long-lines': 'yes "$(head -c 20000 /dev/zero | tr "\\0" y)" '
                  '| head -c 30000000; exit 1',
    'closes-all': 'exec <&- >&- 2>&-; sleep 30',
    'forks': 'i=0; while [ $i -lt 100 ]; do (trap "" TERM; setsid sleep 60) '
             '& i=$((i+1)); done; sleep 30',
    'transfers-for-ever': 'while :; do dig @$VERIFY_IP_ADDRESS -p '
                          '$VERIFY_PORT $zone AXFR > /dev/null; done',
    'hammers': '''exec python3 -c '
import os, socket
a = (os.environ["VERIFY_IP_ADDRESS"], int(os.environ["VERIFY_PORT"]))
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
q = b"ab\\0\\0\\0\\1\\0\\0\\0\\0\\0\\0\\4evil\\4test\\0\\0\\6\\0\\1"
while True: s.sendto(q, a)
' ''',
    'half-queries': '''exec python3 -c '
import os, socket, time
a = (os.environ["VERIFY_IP_ADDRESS"], int(os.environ["VERIFY_PORT"]))
c = []
while True:
    while len(c) > 500: c.pop(0).close()
    c.append(socket.create_connection(a)); c[-1].send(b"\\0")
    time.sleep(0.001)
' ''',
}
SCRIPT = '''
if [ "$zone$serial" = evil.test.2 ]; then
%s
exit 1
fi
[ $(dig @$VERIFY_IP_ADDRESS -p $VERIFY_PORT +short +tries=3 +time=1 \\
	$zone SOA | cut -d' ' -f3) = $serial ] || exit 1
[ $(dig @$VERIFY_IP_ADDRESS -p $VERIFY_PORT +short +tcp +tries=3 +time=1 \\
	$zone SOA | cut -d' ' -f3) = $serial ] || exit 1
exit 0'''


def resident(proxy):
    """Octets of all our processes together."""
    total = 0
    for pids in proxy.roles().values():
        for pid in pids:
            try:
                with open('/proc/%d/statm' % pid) as f:
                    fields = f.read().split()
                total += (int(fields[1]) - int(fields[2])) * 4096
            except OSError:
                pass
    return total


@pytest.mark.parametrize('how', EVILS)
def test_others_go_through(site, how):
    primary = site.primary()
    for zone in (EVIL, GOOD):
        primary.load(zone, plain_zone(zone, 1, size=3000))
    proxy = site.proxied(primary, [EVIL, GOOD], SCRIPT % EVILS[how],
                         'verifier-timeout: 8')
    before = resident(proxy)
    primary.load(EVIL, plain_zone(EVIL, 2, size=3000))
    primary.notify(EVIL, V4, proxy.port)
    wait_until(lambda: proxy.runs(EVIL, 2), 5, 'it runs')
    for serial in (2, 3, 4):
        primary.load(GOOD, plain_zone(GOOD, serial, size=3000))
        primary.notify(GOOD, V4, proxy.port)
        proxy.wait_serial(GOOD, serial, 5)
        assert len(proxy.runs(GOOD, serial)) == 1, 'at the first try'
    assert proxy.serial(EVIL) == 1
    # Timeout, TERM, and KILL: whatever it started is gone.
    pid = int(proxy.runs(EVIL, 2)[0][3])
    wait_until(lambda: not is_alive(pid), 15, 'it ends')
    wait_until(lambda: sum(1 for n in proxy.process.family().values()
                           if n == 'sleep') <= 1, 5, 'its children end')
    assert proxy.serial(EVIL) == 1
    assert resident(proxy) - before < 150 << 20
    assert proxy.log.stat().st_size < 30 << 20
    primary.load(EVIL, plain_zone(EVIL, 3, size=3000))
    primary.notify(EVIL, V4, proxy.port)
    proxy.wait_serial(EVIL, 3, 10)
