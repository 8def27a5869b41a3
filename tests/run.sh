#!/bin/sh
# run.sh - all tests of the project, on a fresh Debian 12 too.
#
# usage: tests/run.sh [--quick | --long]
#
# Installs what is missing (as root, with apt-get), builds into build/, runs
# lint, unit and scenario tests, fuzzers for a minute where clang is there, the
# system tests with the release build, and units and part of the system tests
# again under the address and undefined behaviour sanitizers. The last line is
# "N passed, N failed"; exit 0 only if something ran and nothing failed.
# --quick leaves the slow ones out; --long runs the full product of the matrix
# (some hours), its cells under the sanitizers too, and asks 200,000 random
# queries.
set -eu
ROOT=$(cd "$(dirname "$0")/.." && pwd)
. "$ROOT/contrib/packages.sh"
PYTHON=/usr/bin/python3
BUILD=${NSDV_BUILD_ROOT:-$ROOT/build}
RESULTS=$BUILD/results
JOBS=${NSDV_JOBS:-2}

MODE=normal
case "${1-}" in
'') ;;
--quick) MODE=quick ;;
--long) MODE=long ;;
*) echo "usage: $0 [--quick | --long]" >&2; exit 2 ;;
esac

say() {
	printf '\n== %s (%s)\n' "$*" "$(date +%H:%M:%S)"
}

# stage NAME COMMAND...: its log is shown where it failed; the result of each
# test stands in NAME.xml
stage() {
	local name="$1"
	local log="$RESULTS/$name.log"
	shift
	echo "$name" >> "$RESULTS/stages"
	say "$name"
	if "$@" > "$log" 2>&1; then
		tail -n 2 "$log"
		return 0
	fi
	tail -n "${NSDV_TAIL:-150}" "$log"
	return 1
}

# step NAME COMMAND...: something that is one result in itself
step() {
	local inner='<failure/>'
	! stage "$@" || inner=
	printf '<testsuite><testcase name="%s">%s</testcase></testsuite>\n' \
	    "$1" "$inner" > "$RESULTS/$1.xml"
	[ -z "$inner" ]
}

run_meson_tests() {
	local log="$1/meson-logs/testlog.junit.xml" status=0
	rm -f "$log"
	meson test -C "$1" --no-rebuild --print-errorlogs \
	    --timeout-multiplier "$3" || status=$?
	[ ! -f "$log" ] || cp "$log" "$RESULTS/$2.xml"
	return "$status"
}

run_lint() {
	"$PYTHON" -B "$ROOT/tests/lint/lint.py" "$ROOT" \
	    --junit "$RESULTS/lint.xml"
}

# run_system BUILD NAME ARGUMENT...
run_system() {
	local build="$1" name="$2"
	shift 2
	NSDV_BUILD=$build "$PYTHON" -B -m pytest -q "$ROOT/tests/system" \
	    -c "$ROOT/tests/system/pytest.ini" --tb=short --durations=10 \
	    --junitxml="$RESULTS/$name.xml" "$@"
}

# again BUILD NAME: the few that failed beside others, once more by themselves;
# which ones is said in the log. No if all is lost anyway.
again() {
	local list="$RESULTS/$2-again.list"
	"$PYTHON" -B "$ROOT/tests/count.py" --again "$RESULTS/$2-parallel.xml" \
	    > "$list" || return 1
	echo "failed beside others, run again by themselves:"
	cat "$list"
	(cd "$ROOT/tests/system" && tr '\n' '\0' < "$list" | NSDV_BUILD=$1 \
	    xargs -0 "$PYTHON" -B -m pytest -q -c pytest.ini --tb=short \
	    --junitxml="$RESULTS/$2-again.xml")
}

# In parallel what bears it; what measures time by itself.
run_both() {
	local build="$1" name="$2" status=0 alone=0 part more=
	shift 2
	run_system "$build" "$name-parallel" -n "$JOBS" \
	    -m "not alone and ($*)" || status=$?
	run_system "$build" "$name-alone" -m "alone and ($*)" || alone=$?
	[ "$alone" = 5 ] || [ "$alone" = 0 ] || status=$alone	# 5: none there
	for part in parallel alone; do
		[ -f "$RESULTS/$name-$part.xml" ] || return 1
	done
	if [ "$status" = 1 ] && [ "$alone" != 1 ] && again "$build" "$name"; then
		status=0
	fi
	[ ! -f "$RESULTS/$name-again.xml" ] || more=$RESULTS/$name-again.xml
	"$PYTHON" -B "$ROOT/tests/count.py" --join "$RESULTS/$name.xml" \
	    "$RESULTS/$name-parallel.xml" "$RESULTS/$name-alone.xml" $more
	return "$status"
}

build_fuzzers() {
	if [ ! -f "$BUILD/fuzz/build.ninja" ]; then
		CC=clang meson setup "$BUILD/fuzz" "$ROOT" -Dfuzzers=true \
		    -Dc_args=-fsanitize=fuzzer-no-link -Dtests=enabled \
		    -Db_sanitize=address,undefined -Db_lundef=false || return 1
	fi
	set --
	for source in "$ROOT"/tests/fuzz/fuzz_*.c; do
		set -- "$@" "tests/fuzz/$(basename "$source" .c)"
	done
	ninja -C "$BUILD/fuzz" "$@"
}

# All beside each other: together they cost the time of one. What a fuzzer
# freed is kept for a while to be watched, but not by each of them half a
# gigabyte.
run_fuzzers() {
	local status=0 seconds=60 program target corpus work
	case "$MODE" in quick) seconds=10 ;; long) seconds=600 ;; esac
	seconds=${NSDV_FUZZ_S:-$seconds}
	work=$(mktemp -d)
	set --
	for program in "$BUILD"/fuzz/tests/fuzz/fuzz_*; do
		[ -f "$program" ] && [ -x "$program" ] || continue
		target=${program##*/fuzz_}
		corpus=$ROOT/tests/fuzz/corpus/$target
		mkdir "$work/$target"
		[ -d "$corpus" ] || corpus=$work/$target
		(cd "$work/$target" && ASAN_OPTIONS=quarantine_size_mb=16 \
		    exec "$program" -max_total_time="$seconds" \
		    -rss_limit_mb=2048 -malloc_limit_mb=64 -timeout=25 \
		    "$work/$target" "$corpus") > "$work/$target.log" 2>&1 &
		set -- "$@" "$!:$target"
	done
	for target in "$@"; do
		wait "${target%%:*}" && continue
		status=1
		echo "fuzz_${target#*:}:"
		tail -n 60 "$work/${target#*:}.log"
	done
	[ "$#" -gt 0 ] || status=1
	grep -h '^Done ' "$work"/*.log || :
	rm -rf "$work"
	return "$status"
}

main() {
	need_packages "$BUILD_PACKAGES $TEST_PACKAGES"
	mkdir -p "$BUILD"
	rm -rf "$RESULTS"
	mkdir -p "$RESULTS"
	[ "$MODE" != quick ] || export NSDV_QUICK=1
	[ "$MODE" != long ] || export NSDV_LONG=1
	cd "$ROOT"

	stage lint run_lint || :
	step build-release build_in "$BUILD/release" "$ROOT" \
	    -Dbuildtype=debugoptimized -Dwerror=true -Dtests=enabled || return 0
	stage unit run_meson_tests "$BUILD/release" unit 2 || :
	step demo env NSDV_BUILD="$BUILD/release" contrib/demo.sh || :
	[ "$MODE" != long ] || export NSDV_LONG_ANSWERS=200000
	stage system run_both "$BUILD/release" system 'not hooks' || :
	unset NSDV_LONG_ANSWERS

	step build-sanitize build_in "$BUILD/sanitize" "$ROOT" \
	    -Dbuildtype=debug -Dwerror=true -Dtests=enabled \
	    -Db_sanitize=address,undefined -Db_lundef=false \
	    -Dtest_hooks=true || return 0
	stage unit-sanitize run_meson_tests "$BUILD/sanitize" unit-sanitize 6 || :
	export NSDV_SLOW=4
	what='not matrix or sanitize'
	[ "$MODE" != long ] || what='matrix or not matrix'
	[ "$MODE" != quick ] || what='sanitize'
	stage system-sanitize run_both "$BUILD/sanitize" system-sanitize \
	    "$what" || :
	unset NSDV_SLOW

	if command -v clang > /dev/null && [ -d tests/fuzz ]; then
		step build-fuzz build_fuzzers || return 0
		step fuzz run_fuzzers || :
	fi
}

main
say done
set --
while read -r name; do
	set -- "$@" "$RESULTS/$name.xml"
done < "$RESULTS/stages"
exec "$PYTHON" -B "$ROOT/tests/count.py" "$@"
