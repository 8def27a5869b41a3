#!/usr/bin/env python3
"""propagate.py - how long a change takes from NOTIFY to the public port.

usage: propagate.py --primary DIR --n N --sut-dir DIR [--k 10] [--rounds 5]
                    [--first-round 0] [--pss] [--label L] [--timeout 600]

The primary (primary.sh start DIR) and the server under test must be running with
the same serial.  Each round: apply delta R at the primary; when the primary serves
the new serial, send NOTIFY to the server under test and take that moment as t0;
ask its public port for the SOA every millisecond; play the downstream server
(answer NOTIFY on port 18303).  Prints one JSON line a round and a line of medians (and of minima, which other
load on the machine spoils less):
  soa_s       t0 -> first answer with the new serial on the public port
  notify_s    t0 -> first NOTIFY with the new serial at the downstream
  ixfr_s      then: time of an IXFR from the old serial (bytes in ixfr_bytes)
  gap_ms      longest time without any answer on the public port in the round
  cpu_s       busy CPU time of the whole machine from t0 until 0.5 s after the end
  mem_mib     largest fall of MemAvailable in the round
  pss_mib     with --pss: largest PSS sum of all processes of the server under test,
              verifiers included (sampled about every 0.2 s; slows things a little)
"""
import argparse, json, multiprocessing, os, select, socket, statistics, struct, subprocess, sys, time
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import dnswire, measure


def busy():
    f = open("/proc/stat").readline().split()
    v = [int(x) for x in f[1:9]]
    return (sum(v) - v[3] - v[4]) / os.sysconf("SC_CLK_TCK")


def avail():
    for line in open("/proc/meminfo"):
        if line.startswith("MemAvailable"):
            return int(line.split()[1]) / 1024


def sampler(pid, pss, stop, res):
    """Separate process: lowest MemAvailable, highest PSS sum."""
    lo, hi, n = avail(), 0.0, 0
    while not stop.is_set() and os.getppid() != 1:
        lo = min(lo, avail())
        if pss and n % 10 == 0:
            hi = max(hi, measure.mem(measure.tree([pid]))[0])
        n += 1
        time.sleep(0.02)
    res[0], res[1] = lo, hi


def reply(m):
    """The downstream's answer to a NOTIFY."""
    return (m[:2] + bytes([m[2] | 0x84, 0]) + m[4:6] + b"\0\0\0\0\0\0" +
            m[12:dnswire.skip(m, 12) + 4])


def one_round(a, rnd, old, zone, pid):
    new = int(subprocess.run([HERE + "/primary.sh", "commit", a.primary, str(a.n), str(a.k), str(rnd)],
                             env=dict(os.environ, PRIMARY_PORT=str(a.primary_port)), check=True, stdout=subprocess.PIPE).stdout)
    if new == old:
        raise SystemExit("the primary did not change its serial")
    time.sleep(a.settle)
    stop, res = multiprocessing.Event(), multiprocessing.Array("d", 2)
    sp = multiprocessing.Process(target=sampler, args=(pid, a.pss, stop, res))
    a0 = avail()
    sp.start()
    time.sleep(0.1)
    q = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    q.connect(("127.0.0.1", a.sut_port))
    n = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    n.bind(("127.0.0.1", 0))
    for s in (q, n, a.sink):
        s.setblocking(False)
    out = {"round": rnd, "serial": new}
    b0, t0 = busy(), time.monotonic()
    n.sendto(dnswire.query(zone, 6, serial=new, opcode=4), ("127.0.0.1", a.sut_port))
    next_q = next_n = t0
    next_n += 1.0
    acked, last, gap, conns = False, t0, 0.0, []
    while True:
        now = time.monotonic()
        if now - t0 > a.timeout:
            out["timeout"] = True
            break
        if "soa_s" in out and ("notify_s" in out or now - t0 - out["soa_s"] > a.notify_wait):
            break
        if not acked and now >= next_n:                     # resend an unanswered NOTIFY
            n.sendto(dnswire.query(zone, 6, serial=new, opcode=4), ("127.0.0.1", a.sut_port))
            next_n = now + 1.0
        if now >= next_q:
            try:
                q.send(dnswire.query(zone))
            except OSError:
                pass
            next_q = now + 0.001
        for s in select.select([q, n, a.sink, a.tcp] + conns, [], [], max(0, next_q - time.monotonic()))[0]:
            if s is a.tcp:                                   # Knot notifies over TCP
                conns.append(s.accept()[0])
                continue
            if s in conns:
                now, m = time.monotonic(), s.recv(65535)
                if len(m) > 14:
                    r = reply(m[2:])
                    s.sendall(struct.pack("!H", len(r)) + r)
                    if "notify_s" not in out and dnswire.serial_of(m[2:]) in (None, new):
                        out["notify_s"] = round(now - t0, 4)
                else:
                    conns.remove(s)
                    s.close()
                continue
            try:
                m, peer = s.recvfrom(65535)
            except OSError:
                continue
            now = time.monotonic()
            if s is n:
                acked = True
            elif s is q:
                gap = max(gap, now - last)
                last = now
                if "soa_s" not in out and dnswire.serial_of(m) == new:
                    out["soa_s"] = round(now - t0, 4)
            elif len(m) > 12:                                # NOTIFY at the downstream
                s.sendto(reply(m), peer)
                ser = dnswire.serial_of(m)
                if "notify_s" not in out and ser in (None, new):
                    out["notify_s"] = round(now - t0, 4)
    out["gap_ms"] = round(1000 * gap, 1)
    if "soa_s" in out:
        try:
            x = dnswire.transfer("127.0.0.1", a.sut_port, zone, old)
            out["ixfr_s"], out["ixfr_bytes"] = x.get("seconds"), x.get("bytes", x.get("rcode"))
        except OSError as e:
            out["ixfr_s"] = str(e)
    time.sleep(0.5)
    out["cpu_s"] = round(busy() - b0, 2)
    stop.set()
    sp.join()
    out["mem_mib"] = round(a0 - res[0])
    if a.pss:
        out["pss_mib"] = round(res[1])
    for s in conns + [q, n]:
        s.close()
    return new, out


def main():
    ap = argparse.ArgumentParser(description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--primary", required=True)
    ap.add_argument("--sut-dir", required=True)
    ap.add_argument("--n", type=int, required=True)
    ap.add_argument("--k", type=int, default=10)
    ap.add_argument("--rounds", type=int, default=5)
    ap.add_argument("--first-round", type=int, default=0)
    ap.add_argument("--primary-port", type=int, default=18301)
    ap.add_argument("--sut-port", type=int, default=18302)
    ap.add_argument("--sink-port", type=int, default=18303)
    ap.add_argument("--timeout", type=float, default=600)
    ap.add_argument("--notify-wait", type=float, default=5)
    ap.add_argument("--settle", type=float, default=1.0)
    ap.add_argument("--zone", default="tld.")
    ap.add_argument("--label", default="")
    ap.add_argument("--pss", action="store_true")
    a = ap.parse_args()
    a.sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    a.sink.bind(("127.0.0.1", a.sink_port))
    a.tcp = socket.socket()
    a.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    a.tcp.bind(("127.0.0.1", a.sink_port))
    a.tcp.listen(20)
    pid = int(open(a.sut_dir + "/pid").read())
    old = dnswire.soa("127.0.0.1", a.primary_port, a.zone)
    rows = []
    for r in range(a.first_round, a.first_round + a.rounds):
        old, out = one_round(a, r, old, a.zone, pid)
        out["label"] = a.label
        print(json.dumps(out), flush=True)
        rows.append(out)
        time.sleep(a.settle)
    med = {"label": a.label, "median": True, "rounds": len(rows)}
    for k in ("soa_s", "notify_s", "ixfr_s", "ixfr_bytes", "gap_ms", "cpu_s", "mem_mib", "pss_mib"):
        v = [x[k] for x in rows if isinstance(x.get(k), (int, float))]
        if v:
            med[k] = round(statistics.median(v), 4)
            if k in ("soa_s", "notify_s", "cpu_s"):
                med[k + "_min"] = min(v)
    print(json.dumps(med), flush=True)


if __name__ == "__main__":
    main()
