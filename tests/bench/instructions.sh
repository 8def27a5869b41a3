#!/bin/bash
# instructions.sh - instructions for one query, under callgrind: a figure that
# does not depend on who else uses the machine.
#
# usage: instructions.sh DATADIR BUILDDIR ZONE ["KINDS"]
#   DATADIR made by make_zones.sh; ZONE such as 1k.nsec3 (small: all runs are
#   slow); KINDS as in queries.py ["referral referral-do nxdomain-do"]
# For each kind, three figures: of query_answer alone, and of all that a process
# does from the socket to the socket, ours and NSD's: the difference of two runs
# with N and with 2N queries, so that start and end do not count. What the
# kernel does is in none of them. Ours is a worker's loop without the other
# processes (bench_query listen): a journal of LMDB cannot be made under
# valgrind.
# Environment: NSD (the other's binary), N (20000). Prints JSON lines.
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
if [ $# -lt 3 ]; then sed -n '2,14p' "$0"; exit 2; fi
D=$1; B=$2; ZONE=$3; N=${N:-20000}
work=$(mktemp -d "${TMPDIR:-/tmp}/instructions.XXXXXX")
trap 'rm -rf "$work"' EXIT
export SUT_SINK=- SUT_PRIMARY=127.0.0.1@18399 SUT_PORT=18342 SUT_DIR=$work/sut
export SUT_ZONES=$work/zones
echo "tld. $D/$ZONE/tld.zone" > "$SUT_ZONES"
/usr/bin/python3 "$HERE/queries.py" --write "$work" --zone "$D/$ZONE/tld.zone" \
    --kinds "${4:-referral referral-do nxdomain-do}" --count "$N"

totals() { # the instructions of all processes of a run
	cat "$work"/out.* | awk '/^totals:/ { n += $2 } END { print n }'
	rm -f "$work"/out.*
}
function_alone() { # kind
	valgrind --tool=callgrind --callgrind-out-file="$work/out.%p" \
	    --toggle-collect=query_answer "$B/tests/bench/bench_query" tld. \
	    "$D/$ZONE/tld.zone" "$1" "$N" > /dev/null 2> "$work/log"
	totals
}
# The difference that N more queries make to a server whose processes are
# started by a command and ended by another.
one_run() { # kind times: the server is there
	/usr/bin/python3 "$HERE/dnswire.py" wait 127.0.0.1 $SUT_PORT tld. 300 \
	    > /dev/null || exit 1
	sleep 2
	dnsperf -s 127.0.0.1 -p $SUT_PORT -B -d "$work/$1" -n "$2" -c 1 -q 20 \
	    -t 30 > "$work/dnsperf"
	grep -q "Queries lost: *0 " "$work/dnsperf" || cat "$work/dnsperf" >&2
}
ours() { # kind times
	valgrind --tool=callgrind --callgrind-out-file="$work/out.%p" \
	    "$B/tests/bench/bench_query" tld. "$D/$ZONE/tld.zone" listen \
	    $SUT_PORT > /dev/null 2> "$work/log" &
	local pid=$!
	one_run "$1" "$2"
	kill $pid
	wait $pid 2> /dev/null
	totals
}
nsd() { # kind times
	cat > "$work/sut-bin" <<SCRIPT
#!/bin/sh
exec valgrind --tool=callgrind --trace-children=yes \
    --callgrind-out-file=$work/out.%p "${NSD:-/usr/sbin/nsd}" "\$@"
SCRIPT
	chmod +x "$work/sut-bin"
	rm -rf "$SUT_DIR"
	SUT_BIN=$work/sut-bin "$HERE/servers/nsd.sh" config
	SUT_BIN=$work/sut-bin "$HERE/servers/nsd.sh" start
	one_run "$1" "$2"
	"$HERE/servers/nsd.sh" stop
	sleep 2
	totals
}
for kind in ${4:-referral referral-do nxdomain-do}; do
	echo "{\"kind\": \"$kind\", \"what\": \"query_answer\"," \
	    "\"instructions\": $(($(function_alone "$kind") / N))}"
	for which in ours nsd; do
		one=$($which "$kind" 1)
		two=$($which "$kind" 2)
		echo "{\"kind\": \"$kind\", \"what\": \"$which\"," \
		    "\"instructions\": $(((two - one) / N))}"
	done
done
