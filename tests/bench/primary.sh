#!/bin/bash
# primary.sh - the hidden primary: a Knot that signs, keeps a journal, serves IXFR.
#
# usage: primary.sh start DIR        DIR as made by make_zones.sh (SIZE.VARIANT)
#        primary.sh commit DIR N K R apply delta R (gen_delta.py), print the new serial
#        primary.sh stop DIR
# It listens on 127.0.0.1@18301 and sends no NOTIFY itself (propagate.py does, so
# that the moment is known).  KNOTD=, KNOTC= choose the binaries (default Debian's).
set -eu
HERE=$(cd "$(dirname "$0")" && pwd)
KNOTD=${KNOTD:-/usr/sbin/knotd}
KNOTC=${KNOTC:-/usr/sbin/knotc}
cmd=${1:?usage: primary.sh start|commit|stop DIR}; d=${2:?DIR}
case $cmd in
start)
  rm -rf "$d/journal" "$d/timers" "$d"/*.lock
  setsid "$KNOTD" -c "$d/knot.conf" > "$d/knotd.out" 2>&1 < /dev/null &
  echo $! > "$d/pid"
  /usr/bin/python3 "$HERE/dnswire.py" wait 127.0.0.1 "${PRIMARY_PORT:-18301}" tld. 900 > "$d/start.seconds" ;;
commit)
  /usr/bin/python3 "$HERE/gen_delta.py" --n "$3" --k "$4" --round "$5" | while read -r line; do
    case $line in zone-commit*) f=-b;; *) f=;; esac
    # shellcheck disable=SC2086
    "$KNOTC" -s "$d/knot.sock" -t 600 $f $line > "$d/knotc.out" 2>&1 || { case $line in zone-unset*) ;; *) cat "$d/knotc.out" >&2; exit 1;; esac; }
  done
  /usr/bin/python3 "$HERE/dnswire.py" soa 127.0.0.1 "${PRIMARY_PORT:-18301}" tld. ;;
stop)
  p=$(cat "$d/pid"); kill "$p" 2>/dev/null || true
  for _ in $(seq 600); do kill -0 "$p" 2>/dev/null || break; sleep 0.1; done
  rm -f "$d/pid" ;;
*) sed -n '2,9p' "$0"; exit 2 ;;
esac
