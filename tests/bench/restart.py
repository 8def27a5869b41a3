#!/usr/bin/env python3
"""restart.py - kill -9 of all processes, then the time to the first answer.

usage: restart.py ADAPTER ROUNDS    (a server of servers/ADAPTER.sh that runs;
                                     SUT_DIR and SUT_BIN as for the adapter)
Prints one line a round: seconds from the start to the first answer, busy CPU
seconds of the whole machine meanwhile, the serial.
"""
import os, signal, subprocess, sys, time
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import dnswire, measure


def is_alive(pid):
    try:
        s = open("/proc/%d/stat" % pid).read()
        return s[s.rindex(")") + 2] not in "ZX"
    except OSError:
        return False


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    adapter = HERE + "/servers/%s.sh" % sys.argv[1]
    for _ in range(int(sys.argv[2])):
        pids = measure.tree([int(open(os.environ["SUT_DIR"] + "/pid").read())])
        for p in pids:
            try:
                os.kill(p, signal.SIGKILL)
            except OSError:
                pass
        while any(is_alive(p) for p in pids):
            time.sleep(0.01)
        busy, start = measure.busy(), time.monotonic()
        subprocess.run([adapter, "start"], check=True)
        serial = None
        while serial is None and time.monotonic() - start < 60:
            serial = dnswire.soa("127.0.0.1", 18302, "tld.", 0.02)
        print("%.3f s, CPU %.2f s, serial %s" % (time.monotonic() - start,
              measure.busy() - busy, serial), flush=True)
        time.sleep(2)


if __name__ == "__main__":
    main()
