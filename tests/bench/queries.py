#!/usr/bin/env python3
"""queries.py - asks running servers in turn with dnsperf; for queries.sh.

usage: queries.py --zone FILE --label L [--procs N] [--rounds N] [--seconds S]
           [--kinds "KIND..."] NAME:PORT:PID...
       queries.py --write DIR --zone FILE --count N [--kinds ...]
Kinds: referral (an A query below a delegation), referral-do, nxdomain-do, mix
(one of ten for the apex, three of each of these), mix-tcp (the same).  One JSON
line a run: answers per second, answers per CPU second of the server, answers
lost.  On a machine that others use the second is the one to compare.
"""
import argparse, json, os, random, re, struct, subprocess, sys, tempfile
import dnswire, measure

A, SOA, DNSKEY = 1, 6, 48
KINDS = "referral referral-do nxdomain-do mix mix-tcp"
OPT_DO = b"\0" + struct.pack("!HHIH", 41, 1232, 0x8000, 0)
NAMES = 50000


def delegations(path):
    """Owners of NS records below the apex, a sample of NAMES of them."""
    rng, found, seen, apex = random.Random(7), [], 0, None
    for line in open(path):
        f = line.split()
        if len(f) < 4 or "NS" not in f[1:4] or line[0].isspace():
            continue
        apex = apex or f[0]
        if f[0] == apex or (found and found[-1] == f[0]):
            continue
        seen += 1
        if len(found) < NAMES:
            found.append(f[0])
        elif rng.randrange(seen) < NAMES:
            found[rng.randrange(NAMES)] = f[0]
    rng.shuffle(found)
    return apex, found


def wire(name, qtype, do):
    return struct.pack("!6H", 0, 0x0100, 1, 0, 0, int(do)) + \
        dnswire.name(name) + struct.pack("!2H", qtype, 1) + (OPT_DO if do else b"")


def one(kind, i, name, apex):
    if kind == "mix":
        kind = ("apex", "referral", "referral-do", "nxdomain-do")[(i % 10 + 2) // 3]
    if kind == "apex":
        return wire(apex, SOA if i % 20 else DNSKEY, True)
    if kind == "nxdomain-do":
        head, rest = name.split(".", 1)
        return wire("%s0q%d.%s" % (head[:50], i % 10, rest), A, True)
    return wire("www." + name, A, kind == "referral-do")


def write_file(path, kind, names, apex):
    with open(path, "wb") as f:
        for i, n in enumerate(names):
            q = one(kind, i, n, apex)
            f.write(struct.pack("!H", len(q)) + q)


def run(path, port, seconds, tcp):
    cmd = ["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-B", "-d", path,
           "-l", str(seconds), "-c", "10" if tcp else "4", "-q", "200"]
    out = subprocess.run(cmd + (["-m", "tcp"] if tcp else []), check=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.decode()
    get = lambda what: float(re.search(what + r":\s+([0-9.]+)", out).group(1))
    codes = re.search(r"Response codes:\s+(.*)", out).group(1)
    return get("Queries per second"), get("Queries completed"), get("Queries lost"), codes


def processes(pid):
    """The server: all of its session, for NSD's ancestors do not stay, and all of its tree."""
    out = set(measure.tree([pid]))
    for p in os.listdir("/proc"):
        try:
            if p.isdigit() and os.getsid(int(p)) == pid:
                out.add(int(p))
        except OSError:
            pass
    return out


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--zone", required=True)
    ap.add_argument("--label")
    ap.add_argument("--write")
    ap.add_argument("--count", type=int)
    ap.add_argument("--procs", type=int, default=1)
    ap.add_argument("--rounds", type=int, default=5)
    ap.add_argument("--seconds", type=float, default=5)
    ap.add_argument("--kinds", default=KINDS)
    ap.add_argument("server", nargs="*")
    a = ap.parse_args()
    apex, names = delegations(a.zone)
    if a.write:
        names = [names[i % len(names)] for i in range(a.count)]
        for kind in a.kinds.split():
            write_file(os.path.join(a.write, kind), kind.replace("-tcp", ""), names, apex)
        return
    with tempfile.TemporaryDirectory() as d:
        for kind in a.kinds.split():
            path = os.path.join(d, kind)
            write_file(path, kind.replace("-tcp", ""), names, apex)
            for i in range(a.rounds):
                for s in a.server if i % 2 == 0 else reversed(a.server):
                    name, port, pid = s.split(":")
                    pids = processes(int(pid))
                    before = measure.cpu(pids)
                    qps, done, lost, codes = run(path, port, a.seconds, kind.endswith("-tcp"))
                    used = max(measure.cpu(pids) - before, 0.01)
                    print(json.dumps({"label": a.label + "." + name, "mode": kind, "procs": a.procs,
                                      "qps": round(qps), "per_cpu_s": round(done / used),
                                      "lost": lost, "codes": codes}), flush=True)


if __name__ == "__main__":
    main()
