#!/usr/bin/env python3
"""soak.py - many updates in a row, and the memory they leave behind.

usage: soak.py --primary DIR --n N --sut-dir DIR [--updates 1000] [--first-round 0]

The primary (primary.sh start DIR) and the server under test must be running with
the same serial.  Each update changes ten names at the primary; the next one begins
when the server under test answers with the new serial.  Prints a JSON line with
the PSS of all its processes (MiB) before, after one update and after each hundred;
pss_max_mib is the largest of samples taken one after the other during each tenth
(without those in which a process came or went: they count shared pages twice).
"""
import argparse, json, multiprocessing, os, socket, subprocess, sys, time
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import dnswire, measure


def sampler(pid, stop, watch, most):
    while not stop.is_set() and os.getppid() != 1:
        if watch.wait(0.5):
            pids = measure.tree([pid])
            pss = measure.mem(pids)[0]
            if sorted(measure.tree([pid])) == sorted(pids):
                most.value = max(most.value, pss)


def update(a, rnd):
    new = int(subprocess.run([HERE + "/primary.sh", "commit", a.primary, str(a.n), "10", str(rnd)],
                             check=True, stdout=subprocess.PIPE).stdout)
    q = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    q.connect(("127.0.0.1", 18302))
    q.settimeout(0.002)
    end, again = time.monotonic() + 30, 0
    while time.monotonic() < end:
        if time.monotonic() > again:
            q.send(dnswire.query("tld.", 6, serial=new, opcode=4))
            again = time.monotonic() + 1
        q.send(dnswire.query("tld."))
        try:
            while True:
                if dnswire.serial_of(q.recv(4096)) == new:
                    q.close()
                    return
        except OSError:
            pass
    raise SystemExit("serial %d did not come out" % new)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--primary", required=True)
    ap.add_argument("--sut-dir", required=True)
    ap.add_argument("--n", type=int, required=True)
    ap.add_argument("--updates", type=int, default=1000)
    ap.add_argument("--first-round", type=int, default=0)
    a = ap.parse_args()
    pid = int(open(a.sut_dir + "/pid").read())
    stop, watch = multiprocessing.Event(), multiprocessing.Event()
    most = multiprocessing.Value("d", 0)

    def say(n):
        print(json.dumps({"updates": n, "pss_mib": round(measure.mem(measure.tree([pid]))[0], 1),
                          "pss_max_mib": round(most.value, 1)}), flush=True)
    say(0)
    s = multiprocessing.Process(target=sampler, args=(pid, stop, watch, most))
    s.start()
    try:
        for i in range(1, a.updates + 1):
            if i % 10 == 1:
                watch.set()
            update(a, a.first_round + i)
            watch.clear()
            if i == 1 or i % 100 == 0:
                say(i)
    finally:
        stop.set()
        s.join()
    time.sleep(3)
    say(a.updates)


if __name__ == "__main__":
    main()
