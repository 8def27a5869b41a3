#!/bin/bash
# queries.sh - answers a second, beside NSD: both servers with the same zone
# and the same number of processes, asked in turn.
#
# usage: queries.sh DATADIR BUILDDIR "ZONES" ["PROCESSES"] [ROUNDS [SECONDS]]
#   DATADIR    made by make_zones.sh          BUILDDIR  a build of this program
#   ZONES      such as "1m.nsec3 1m.nsec"     PROCESSES server-counts ["1"]
#   ROUNDS     of each kind [5]               SECONDS   of each run [5]
# Environment: NSD (the other's binary), KINDS (see queries.py), OPTIONS (lines
# for both server: clauses, separated by ';', such as "reuseport: yes").
# Prints JSON lines; "tabulate.py qps" makes tables.
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
if [ $# -lt 3 ]; then sed -n '2,12p' "$0"; exit 2; fi
D=$1; B=$2; ROUNDS=${5:-5}; SECONDS_EACH=${6:-5}
export SUT_SINK=- SUT_PRIMARY=127.0.0.1@18399 SUT_MODE=${OPTIONS:-}

start() { # name port binary
	export SUT_DIR=$work/$1 SUT_PORT=$2 SUT_BIN=$3 SUT_ZONES=$work/zones
	"$HERE/servers/nsd.sh" config && "$HERE/servers/nsd.sh" start
	/usr/bin/python3 "$HERE/dnswire.py" wait 127.0.0.1 "$2" tld. 600 \
	    > /dev/null
	kill -0 "$(cat "$SUT_DIR/pid")" || exit 1 # the port is another's
}
stop() { # name
	SUT_DIR=$work/$1 "$HERE/servers/nsd.sh" stop
}
for zone in $3; do
	for count in ${4:-1}; do
		work=$(mktemp -d "${TMPDIR:-/tmp}/queries.XXXXXX")
		export SUT_SERVERS=$count
		echo "tld. $D/$zone/tld.zone" > "$work/zones"
		start nsd 18322 "${NSD:-/usr/sbin/nsd}"
		start ours 18332 "$B/src/bin/nsd-verify"
		/usr/bin/python3 "$HERE/queries.py" --zone "$D/$zone/tld.zone" \
		    --label "$zone" --procs "$count" --rounds "$ROUNDS" \
		    --seconds "$SECONDS_EACH" ${KINDS:+--kinds "$KINDS"} \
		    "nsd:18322:$(cat "$work/nsd/pid")" \
		    "ours:18332:$(cat "$work/ours/pid")"
		stop nsd; stop ours
		rm -rf "$work"
	done
done
