# packages.sh - Debian packages: what is needed, and getting what is missing.
# Sourced by contrib/demo.sh and tests/run.sh.

BUILD_PACKAGES='gcc libc6-dev meson ninja-build pkgconf libevent-dev libssl-dev
libldns-dev libyaml-dev liblmdb-dev libsystemd-dev'
RUN_PACKAGES='ldnsutils procps'
TEST_PACKAGES='libcmocka-dev python3 python3-pytest python3-pytest-xdist
python3-dnspython knot knot-dnsutils nsd bind9 bind9-utils bind9-dnsutils
ldnsutils procps
openssl clang libclang-rt-dev'

# packages_missing LIST: those of the list that are not installed
packages_missing() {
	for package in $1; do
		dpkg-query -W -f '${db:Status-Status}\n' "$package" \
		    2>/dev/null | grep -qx installed || printf '%s ' "$package"
	done
}

# need_packages LIST: installs what is missing; no service is started by it
need_packages() {
	command -v dpkg-query > /dev/null || return 0
	missing=$(packages_missing "$1")
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" != 0 ]; then
		echo "please install, as root: apt-get install $missing" >&2
		return 1
	fi
	echo "installing: $missing"
	without_services apt_install $missing
}

apt_install() {
	apt_quiet update || return 1
	apt_quiet install -y --no-install-recommends "$@"
}

apt_quiet() {
	out=$(mktemp) || return 1
	if DEBIAN_FRONTEND=noninteractive apt-get -q "$@" > "$out" 2>&1; then
		rm -f "$out"
		return 0
	fi
	tail -n 30 "$out" >&2
	rm -f "$out"
	return 1
}

# without_services COMMAND...: name servers that are installed for the tests
# must not start as services of this machine (policy-rc.d: 101 forbids)
without_services() {
	policy=/usr/sbin/policy-rc.d
	if [ -e "$policy" ]; then
		"$@"
		return
	fi
	printf '#!/bin/sh\nexit 101\n' > "$policy"
	chmod 755 "$policy"
	local status=0
	"$@" || status=$?
	rm -f "$policy"
	return "$status"
}

# build_in DIRECTORY SOURCE [OPTION...]: configures it once, then builds
build_in() {
	local directory="$1" source="$2"
	shift 2
	if [ ! -f "$directory/build.ninja" ]; then
		meson setup "$@" "$directory" "$source" || return 1
	fi
	ninja -C "$directory"
}
