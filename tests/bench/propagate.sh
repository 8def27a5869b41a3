#!/bin/bash
# propagate.sh - from NOTIFY to the public answer, beside other servers.
#
# usage: propagate.sh DATADIR BUILDDIR SIZE VARIANT "CASES" [ROUNDS]
#   DATADIR   made by make_zones.sh        BUILDDIR  a build of this program
#   CASES     nsd, knot, ours; -true behind nsd or ours: with a verifier that
#             says yes and is fed nothing
# Environment: NSD, KNOTD (the others' binaries), PSS=1 (memory during the
# rounds; costs time), K (names changed, 10). Prints JSON lines; tabulate.py
# makes tables. The primary is Knot DNS, which signs as it goes.
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
if [ $# -lt 5 ]; then sed -n '2,11p' "$0"; exit 2; fi
D=$1; B=$2; S=$3; V=$4; CASES=$5; ROUNDS=${6:-5}
n=$(case $S in *k) echo $((${S%k} * 1000));; *m) echo $((${S%m} * 1000000));;
	*) echo "$S";; esac)
P=$D/$S.$V
export SUT_DIR=$D/sut SUT_ZONES=$D/sut/zones
round=0
measure_case() {
	local c=$1 a=nsd
	rm -rf "$SUT_DIR"; mkdir -p "$SUT_DIR"
	unset SUT_VERIFIER SUT_FEED SUT_BIN
	case $c in *-true) export SUT_VERIFIER=/bin/true SUT_FEED=no ;; esac
	case $c in
	nsd*) export SUT_BIN=${NSD:-/usr/sbin/nsd} ;;
	knot*) a=knot; export SUT_BIN=${KNOTD:-/usr/sbin/knotd} ;;
	ours*) export SUT_BIN=$B/src/bin/nsd-verify ;;
	*) echo "unknown case $c" >&2; exit 2 ;;
	esac
	echo "tld. -" > "$SUT_ZONES"
	"$HERE/servers/$a.sh" config
	"$HERE/servers/$a.sh" start
	local ax
	ax=$(/usr/bin/python3 "$HERE/dnswire.py" wait 127.0.0.1 18302 tld. 600)
	sleep 3
	echo "{\"label\": \"$S.$V.$c\", \"axfr_in_to_soa_s\": $ax, \"idle\":" \
	    "$(/usr/bin/python3 "$HERE/measure.py" --pss \
	    $("$HERE/servers/$a.sh" pids))}"
	/usr/bin/python3 "$HERE/propagate.py" --primary "$P" --n "$n" \
	    --k "${K:-10}" --rounds "$ROUNDS" --first-round $round \
	    --sut-dir "$SUT_DIR" --label "$S.$V.$c" ${PSS:+--pss} --settle 0.3
	round=$((round + ROUNDS))
	"$HERE/servers/$a.sh" stop
}
"$HERE/primary.sh" start "$P"
for c in $CASES; do measure_case "$c"; done
"$HERE/primary.sh" stop "$P"
