#!/bin/sh
# demo.sh - what this program does, seen from outside, in under a minute.
#
# usage: contrib/demo.sh [--keep]
#
# A primary (nsd-verify, from a zone file signed on the spot), the proxy with
# ldns-verify-zone as its verifier, and a secondary, all on loopback. Serials 1
# and 2 go through, 3 has one broken signature and is held back, 4 goes
# through. Exit 0 only if all of that was seen. --keep leaves the three running
# and says what to try. NSDV_BUILD: a build directory that is ready to use.
set -eu
ROOT=$(cd "$(dirname "$0")/.." && pwd)
. "$ROOT/contrib/packages.sh"

KEEP=
case "${1-}" in
'') ;;
--keep) KEEP=yes ;;
*) echo "usage: $0 [--keep]" >&2; exit 2 ;;
esac

ZONE=demo.example
PRIMARY=${NSDV_DEMO_PORT:-5601}
PROXY=$((PRIMARY + 1))
SECONDARY=$((PRIMARY + 2))
VERIFY=$((PRIMARY + 3))
STARTED=
DIR=

fail() {
	echo "demo: $*" >&2
	for name in primary proxy secondary; do
		[ -f "$DIR/$name/log" ] || continue
		echo "--- $name" >&2
		tail -n 20 "$DIR/$name/log" >&2
	done
	exit 1
}

tidy() {
	[ -z "$DIR" ] || [ -n "$KEPT" ] && return
	for pid in $STARTED; do
		kill "$pid" 2>/dev/null || :
	done
	for pid in $STARTED; do
		wait "$pid" 2>/dev/null || :
	done
	rm -rf "$DIR"
}

# --------------------------------------------------------------- set-up

prepare() {
	need_packages "$RUN_PACKAGES"
	if [ -z "${NSDV_BUILD-}" ]; then
		need_packages "$BUILD_PACKAGES"
		NSDV_BUILD=$ROOT/build/release
		echo "building in $NSDV_BUILD ..."
		build_in "$NSDV_BUILD" "$ROOT" > "$DIR/build.log" 2>&1 ||
			{ tail -n 30 "$DIR/build.log" >&2; exit 1; }
	fi
	BIN=$NSDV_BUILD/src/bin
	[ -x "$BIN/nsd-verify" ] || fail "no program in $BIN"
}

make_keys() {
	(cd "$DIR/keys" &&
	    ldns-keygen -r /dev/urandom -a ECDSAP256SHA256 -k "$ZONE" > ksk &&
	    ldns-keygen -r /dev/urandom -a ECDSAP256SHA256 "$ZONE" > zsk)
}

# sign_zone SERIAL: writes the primary's zone file in one step
sign_zone() {
	cat > "$DIR/keys/zone" <<-EOF
	\$ORIGIN $ZONE.
	\$TTL 300
	@ SOA ns.$ZONE. hostmaster.$ZONE. $1 3600 600 604800 300
	@ NS ns.$ZONE.
	@ TXT "serial $1"
	ns A 192.0.2.53
	www A 192.0.2.$1
	EOF
	(cd "$DIR/keys" && ldns-signzone -f signed zone "$(cat ksk)" \
	    "$(cat zsk)") || fail "ldns-signzone failed"
	[ "$1" != 3 ] || break_signature "$DIR/keys/signed"
	mv "$DIR/keys/signed" "$DIR/primary/$ZONE.zone"
}

# One octet of the signature over the address of www.
break_signature() {
	awk '$1 ~ /^www\./ && $4 == "RRSIG" && $5 == "A" {
		sub(".", substr($NF, 1, 1) == "A" ? "B" : "A", $NF)
	} { print }' "$1" > "$1.broken"
	! cmp -s "$1" "$1.broken" || fail "no signature to break"
	mv "$1.broken" "$1"
}

# --------------------------------------------------------- configuration

# configure NAME PORT < the rest of the file
configure() {
	cat > "$DIR/$1/nsd-verify.conf" <<-EOF
	---
	server:
	  ip-address: 127.0.0.1
	  port: $2
	  username: ""
	  zonesdir: $DIR/$1
	  state-dir: $DIR/$1/state
	  pidfile: $DIR/$1/pid
	  zonelistfile: $DIR/$1/zone.list
	  logfile: $DIR/$1/log
	  verbosity: 2
	remote-control:
	  control-enable: yes
	  control-interface: $DIR/$1/control
	EOF
	cat >> "$DIR/$1/nsd-verify.conf"
}

configure_all() {
	configure primary "$PRIMARY" <<-EOF
	zone:
	  name: $ZONE
	  zonefile: $ZONE.zone
	  store-ixfr: yes
	  create-ixfr: yes
	  notify: 127.0.0.1@$PROXY NOKEY
	  provide-xfr: 127.0.0.1 NOKEY
	EOF
	configure proxy "$PROXY" <<-EOF
	verify:
	  enable: yes
	  ip-address: 127.0.0.1
	  port: $VERIFY
	  verifier: ldns-verify-zone
	  verifier-timeout: 60
	zone:
	  name: $ZONE
	  request-xfr: 127.0.0.1@$PRIMARY NOKEY
	  allow-notify: 127.0.0.1 NOKEY
	  notify: 127.0.0.1@$SECONDARY NOKEY
	  provide-xfr: 127.0.0.1 NOKEY
	EOF
	configure secondary "$SECONDARY" <<-EOF
	zone:
	  name: $ZONE
	  request-xfr: 127.0.0.1@$PROXY NOKEY
	  allow-notify: 127.0.0.1 NOKEY
	EOF
}

start_server() {
	setsid "$BIN/nsd-verify" -d -c "$DIR/$1/nsd-verify.conf" \
	    > "$DIR/$1/stderr" 2>&1 < /dev/null &
	STARTED="$STARTED $!"
}

# ----------------------------------------------------------- observation

now_ms() {
	date +%s%3N
}

serial_at() {
	drill -p "$1" @127.0.0.1 "$ZONE" SOA 2>/dev/null |
	    awk '$1 !~ /^;/ && $4 == "SOA" { print $7; exit }'
}

# wait_for SECONDS COMMAND...: until the command succeeds
wait_for() {
	deadline=$(($(now_ms) + $1 * 1000))
	shift
	until "$@"; do
		[ "$(now_ms)" -lt "$deadline" ] || return 1
		sleep 0.02
	done
}

has_serial() {
	[ "$(serial_at "$1")" = "$2" ]
}

is_rejected() {
	grep -q "verifier for zone $ZONE.* exited with [1-9]" "$DIR/proxy/log"
}

row() {
	printf '%-34s %9s %9s %9s   %s\n' "$1" "$(serial_at "$PRIMARY")" \
	    "$(serial_at "$PROXY")" "$(serial_at "$SECONDARY")" "$2"
}

elapsed() {
	awk -v ms="$(($(now_ms) - $1))" 'BEGIN { printf "%.2f s", ms / 1000 }'
}

# goes_through SERIAL TEXT: published everywhere
goes_through() {
	sign_zone "$1"
	began=$(now_ms)
	"$BIN/nsd-verify-control" -c "$DIR/primary/nsd-verify.conf" \
	    reload "$ZONE" > /dev/null || fail "reload failed"
	wait_for 20 has_serial "$SECONDARY" "$1" ||
		fail "serial $1 does not arrive at the secondary"
	took=$(elapsed "$began")
	has_serial "$PROXY" "$1" || fail "serial $1 is not at the proxy"
	row "$2" "$took"
}

# held_back SERIAL LAST: verified, rejected, invisible
held_back() {
	sign_zone "$1"
	"$BIN/nsd-verify-control" -c "$DIR/primary/nsd-verify.conf" \
	    reload "$ZONE" > /dev/null || fail "reload failed"
	wait_for 20 has_serial "$PRIMARY" "$1" || fail "the primary lacks $1"
	wait_for 20 is_rejected || fail "serial $1 was not rejected"
	until=$(($(now_ms) + 1000))
	while [ "$(now_ms)" -lt "$until" ]; do
		for port in "$PROXY" "$SECONDARY"; do
			! has_serial "$port" "$1" || fail "serial $1 got out"
		done
		sleep 0.05
	done
	has_serial "$PROXY" "$2" && has_serial "$SECONDARY" "$2" ||
		fail "serial $2 is not served any more"
	row "serial $1: one broken signature" "held back"
}

show() {
	printf '\n%-34s %9s %9s %9s   %s\n' "" primary proxy secondary time
	sign_zone 1
	began=$(now_ms)
	for name in primary proxy secondary; do
		start_server "$name"
	done
	wait_for 30 has_serial "$SECONDARY" 1 ||
		fail "serial 1 does not arrive at the secondary"
	row "serial 1: good, all three started" "$(elapsed "$began")"
	goes_through 2 "serial 2: good"
	held_back 3 2
	goes_through 4 "serial 4: good"
	printf '\nfrom the log of the proxy:\n'
	grep -E "verifier: |verifier for zone $ZONE.* exited with [1-9]|$ZONE.*REJECTED" \
	    "$DIR/proxy/log"
	echo
}

what_to_try() {
	KEPT=yes
	cat <<-EOF
	The three servers go on, in $DIR. Try:
	  drill -p $PROXY @127.0.0.1 $ZONE SOA
	  drill -p $PROXY @127.0.0.1 $ZONE AXFR
	  $BIN/nsd-verify-control -c $DIR/proxy/nsd-verify.conf zonestatus
	  $BIN/nsd-verify-control -c $DIR/proxy/nsd-verify.conf verdicts $ZONE
	  tail -f $DIR/proxy/log
	End them with:
	  kill$STARTED; rm -r $DIR
	EOF
}

KEPT=
DIR=$(mktemp -d "${TMPDIR:-/tmp}/nsd-verify-demo.XXXXXX")
chmod 755 "$DIR"
mkdir "$DIR/keys" "$DIR/primary" "$DIR/proxy" "$DIR/secondary"
trap tidy EXIT
trap 'exit 1' HUP INT TERM
prepare
make_keys
configure_all
show
[ -z "$KEEP" ] || what_to_try
echo "demo: all of it was seen"
