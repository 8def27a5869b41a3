/* test_verify_environment.c - NSD's variables exactly as NSD sets them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "verify/environment.h"

static char *const daemon_env[] = { "PATH=/usr/bin", "HOME=/root",
	"NOTIFY_SOCKET=/run/x", "LISTEN_FDS=3", "LISTEN_PID=1",
	"LISTEN_FDNAMES=a", "WATCHDOG_USEC=1", "WATCHDOG_PID=2",
	"VERIFY_ZONE=stale", "VERIFY_IPV4_ADDRESS=stale", "NOTIFY_SOCKETS=kept",
	"MALFORMED", NULL };

static struct arena *arena;

static int
set_up(void **state)
{
	(void)state;
	arena = arena_create(0);
	return arena == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_destroy(&arena);
	return 0;
}

static struct addr
address(const char *text, uint16_t port)
{
	struct addr a;
	assert_true(addr_parse(text, port, &a));
	return a;
}

static const struct verify_request request = { .serial = 4294967295,
	.previous = 7, .has_previous = 1, .attempt = 3,
	.xfr = VERIFY_XFR_IXFR, .primary = "2001:db8::1" };

/* The whole array, and nothing but. */
static void
expect_env(char **env, const char *const *expected)
{
	size_t i;
	for (i = 0; expected[i] != NULL; i++) {
		assert_non_null(env[i]);
		assert_string_equal(env[i], expected[i]);
	}
	assert_null(env[i]);
}

static void
test_exact(void **state)
{
	(void)state;
	const struct addr a[] = { address("127.0.0.1", 5347),
		address("::1", 5348), address("192.0.2.1", 5349),
		address("2001:db8::2", 5350) };
	struct verify_env e = { .zone = "Example.COM.",
		.feed = VERIFY_FEED_ZONE, .addresses = a, .address_count = 4,
		.request = &request };
	expect_env(verify_environment(arena, daemon_env, &e),
	    (const char *const[]){ "PATH=/usr/bin", "HOME=/root",
	    "NOTIFY_SOCKETS=kept", "MALFORMED",
	    "VERIFY_ZONE=Example.COM.",
	    "VERIFY_ZONE_ON_STDIN=yes", "VERIFY_FEED=zone",
	    "VERIFY_IP_ADDRESSES=127.0.0.1@5347 ::1@5348 "
	    "192.0.2.1@5349 2001:db8::2@5350",
	    "VERIFY_IP_ADDRESS=::1", "VERIFY_PORT=5348",
	    "VERIFY_IPV4_ADDRESS=127.0.0.1", "VERIFY_IPV4_PORT=5347",
	    "VERIFY_IPV6_ADDRESS=::1", "VERIFY_IPV6_PORT=5348",
	    "VERIFY_SERIAL=4294967295", "VERIFY_PREVIOUS_SERIAL=7",
	    "VERIFY_XFR_TYPE=ixfr", "VERIFY_PRIMARY=2001:db8::1",
	    "VERIFY_ATTEMPT=3", NULL });
}

static void
test_one_family(void **state)
{
	(void)state;
	const struct addr a[] = { address("127.0.0.1", 53) };
	struct verify_env e = { .zone = "example.com", .addresses = a,
		.address_count = 1, .request = &request };
	char **env = verify_environment(arena, daemon_env, &e);
	assert_string_equal(verify_environment_get(env, "VERIFY_IP_ADDRESS"),
	    "127.0.0.1");
	assert_string_equal(verify_environment_get(env, "VERIFY_PORT"), "53");
	assert_null(verify_environment_get(env, "VERIFY_IPV6_ADDRESS"));
	assert_null(verify_environment_get(env, "VERIFY_IPV6_PORT"));
	assert_string_equal(verify_environment_get(env,
	    "VERIFY_ZONE_ON_STDIN"), "no");
	assert_string_equal(verify_environment_get(env, "VERIFY_FEED"),
	    "none");
}

/* Nothing is published, the version is from a file, no address is bound. */
static void
test_unset(void **state)
{
	(void)state;
	static char *const nothing[] = { NULL };
	const struct verify_request first = { .serial = 1, .attempt = 1,
		.xfr = VERIFY_XFR_FILE };
	struct verify_env e = { .zone = "a", .feed = VERIFY_FEED_DELTA,
		.request = &first };
	expect_env(verify_environment(arena, nothing, &e),
	    (const char *const[]){ "VERIFY_ZONE=a", "VERIFY_ZONE_ON_STDIN=no",
	    "VERIFY_FEED=delta", "VERIFY_IP_ADDRESSES=", "VERIFY_SERIAL=1",
	    "VERIFY_XFR_TYPE=file", "VERIFY_ATTEMPT=1", NULL });
}

static void
test_hooks(void **state)
{
	(void)state;
	struct verify_env e = { .zone = "a", .request = &request,
		.verdict = "reject", .reason = "exited with 1" };
	char **env = verify_environment(arena, daemon_env, &e);
	assert_string_equal(verify_environment_get(env, "VERIFY_VERDICT"),
	    "reject");
	assert_string_equal(verify_environment_get(env, "VERIFY_REASON"),
	    "exited with 1");
}

static void
test_request(void **state)
{
	(void)state;
	struct verify_request r = request;
	assert_true(verify_request_is_valid(&r));
	memset(r.primary, 'x', sizeof(r.primary));
	assert_false(verify_request_is_valid(&r));
	r = request;
	r.xfr = 3;
	assert_false(verify_request_is_valid(&r));
	r = request;
	r.has_previous = 2;
	assert_false(verify_request_is_valid(&r));
	r = request;
	r.attempt = 0;
	assert_false(verify_request_is_valid(&r));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_one_family),
		cmocka_unit_test(test_unset),
		cmocka_unit_test(test_hooks),
		cmocka_unit_test(test_request),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
