/* test_xfr_refresh.c - what scenarios do not show of the refresh policy:
 * jitter, configuration changes, cancelled orders, zones without primaries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "xfr/refresh.h"
#include "xfr/xfr_client.h"

#define NOW INT64_C(1700000000)

static struct refresh_primary primaries[3];

static struct refresh_policy
policy_with(unsigned n)
{
	static const char *const texts[] = { "192.0.2.1", "192.0.2.2",
		"2001:db8::3" };
	for (unsigned i = 0; i < 3; i++)
		assert_true(addr_parse(texts[i], 53, &primaries[i].addr));
	return (struct refresh_policy){ .primaries = primaries,
		.n_primaries = n, .max_refresh_s = 2419200,
		.max_retry_s = 1209600, .allow_axfr_fallback = true };
}

static struct refresh *
published(unsigned n, uint32_t refresh_s, uint32_t random)
{
	struct refresh_policy p = policy_with(n);
	struct refresh *r = refresh_create(&p, NULL, NOW, random);
	struct refresh_version v = { .serial = 5, .refresh_s = refresh_s,
		.retry_s = 100, .expire_s = 86400, .at_start = true };
	assert_non_null(r);
	refresh_published(r, &v, NOW, random);
	return r;
}

static void
answer(struct refresh *r, enum refresh_verdict verdict, uint32_t serial,
    uint32_t random)
{
	struct refresh_outcome o = { .verdict = verdict,
		.is_checked = verdict != REFRESH_FAILED, .serial = serial };
	refresh_result(r, &o, NOW, random);
}

/* Seconds from the end of a round, that went like this, to the next. */
static int64_t
wait_of(enum refresh_verdict verdict, uint32_t refresh_s, uint32_t random)
{
	struct refresh *r = published(1, refresh_s, random);
	struct refresh_order o;
	assert_true(refresh_decide(r, NOW, random, &o));
	answer(r, verdict, 5, random);
	assert_false(refresh_decide(r, NOW, random, &o));
	int64_t wait = refresh_wake_s(r) - NOW;
	refresh_destroy(&r);
	return wait;
}

static void
test_jitter(void **state)
{
	int64_t least = INT64_MAX, most = 0;
	(void)state;
	for (uint32_t random = 0; random < 2000; random++) {
		int64_t s = wait_of(REFRESH_CURRENT, 1000, random);
		least = s < least ? s : least;
		most = s > most ? s : most;
		assert_in_range(wait_of(REFRESH_FAILED, 1000, random), 90,
		    100);
		assert_int_equal(wait_of(REFRESH_CURRENT, 10, random), 10);
		assert_int_equal(wait_of(REFRESH_CURRENT, 0, random), 1);
	}
	assert_int_equal(least, 900);
	assert_int_equal(most, 1000);
	assert_in_range(wait_of(REFRESH_CURRENT, 1000, UINT32_MAX), 900,
	    1000);
}

static void
test_no_primaries(void **state)
{
	(void)state;
	struct refresh *r = published(0, 100, 0);
	struct refresh_order o;
	struct addr from;
	assert_true(addr_parse("192.0.2.1", 53, &from));
	assert_false(refresh_notify(r, &from, true, 9, NOW));
	refresh_transfer(r, true, NOW);
	assert_false(refresh_decide(r, NOW + 1000000, 0, &o));
	assert_true(refresh_wake_s(r) == INT64_MAX);
	assert_int_equal(refresh_state(r, NOW + 1000000), REFRESH_FRESH);
	refresh_destroy(&r);
	assert_null(r);
	refresh_destroy(&r);
}

static void
test_cancelled_comes_again(void **state)
{
	(void)state;
	struct refresh *r = published(1, 1000, 0);
	struct refresh_order o;
	assert_true(refresh_decide(r, NOW, 0, &o));
	assert_true(refresh_is_busy(r));
	assert_false(refresh_decide(r, NOW, 0, &o));
	refresh_cancelled(r);
	assert_false(refresh_is_busy(r));
	assert_false(refresh_decide(r, NOW, 0, &o));
	assert_int_equal(refresh_wake_s(r), NOW + 1);
	assert_true(refresh_decide(r, NOW + 1, 0, &o));
	refresh_destroy(&r);
}

/* What is remembered of a primary goes with its address. */
static void
test_configure(void **state)
{
	(void)state;
	struct refresh *r = published(2, 1000, 0);
	struct refresh_policy p = policy_with(3);
	struct refresh_outcome unknown = { .verdict = REFRESH_FAILED,
		.ixfr_unknown = true };
	struct refresh_order o;
	assert_true(refresh_decide(r, NOW, 0, &o));
	assert_int_equal(o.primary, 0);
	assert_int_equal(o.ask, XFR_ASK_IXFR);
	refresh_result(r, &unknown, NOW, 0);
	assert_true(refresh_decide(r, NOW, 0, &o));
	assert_int_equal(o.ask, XFR_ASK_AXFR);
	assert_false(o.accept_any);
	answer(r, REFRESH_CURRENT, 5, 0);
	struct refresh_primary first = primaries[0];
	primaries[0] = primaries[2];
	primaries[2] = first;
	assert_true(refresh_configure(r, &p, NOW));
	struct addr from = first.addr;
	assert_true(refresh_notify(r, &from, true, 6, NOW));
	assert_true(refresh_decide(r, NOW, 0, &o));
	assert_int_equal(o.primary, 2);
	assert_int_equal(o.ask, XFR_ASK_AXFR);
	answer(r, REFRESH_FAILED, 0, 0);
	assert_true(refresh_decide(r, NOW, 0, &o));
	assert_int_equal(o.primary, 0);
	assert_int_equal(o.ask, XFR_ASK_IXFR);
	refresh_destroy(&r);
}

static void
test_primaries_appear(void **state)
{
	(void)state;
	struct refresh *r = published(0, 1000, 0);
	struct refresh_policy p = policy_with(1);
	struct refresh_order o;
	assert_true(refresh_configure(r, &p, NOW + 7));
	assert_true(refresh_decide(r, NOW + 7, 0, &o));
	assert_int_equal(o.ask, XFR_ASK_IXFR);
	assert_int_equal(o.from, 5);
	refresh_destroy(&r);
}

static void
test_notified_is_shown(void **state)
{
	(void)state;
	struct refresh *r = published(1, 1000, 0);
	struct refresh_order o;
	struct addr from;
	uint32_t serial;
	assert_true(addr_parse("192.0.2.1", 999, &from));
	assert_true(refresh_decide(r, NOW, 0, &o));
	answer(r, REFRESH_CURRENT, 5, 0);
	assert_false(refresh_notified(r, &serial));
	assert_true(refresh_notify(r, &from, true, 7, NOW));
	assert_true(refresh_is_round(r));
	assert_true(refresh_notified(r, &serial));
	assert_int_equal(serial, 7);
	assert_true(refresh_decide(r, NOW, 0, &o));
	assert_int_equal(refresh_primary(r), 0);
	answer(r, REFRESH_GOT_DELTA, 7, 0);
	assert_false(refresh_notified(r, &serial));
	assert_false(refresh_is_round(r));
	refresh_destroy(&r);
}

/* A NOTIFY while an order is under way: a round of its own, after it. */
static void
test_notify_while_busy(void **state)
{
	(void)state;
	struct refresh *r = published(1, 1000, 0);
	struct refresh_order o;
	struct addr from;
	assert_true(addr_parse("192.0.2.1", 999, &from));
	assert_true(refresh_decide(r, NOW, 0, &o));
	assert_true(refresh_notify(r, &from, true, 7, NOW));
	answer(r, REFRESH_CURRENT, 5, 0);	/* sent before 7 was there */
	assert_true(refresh_decide(r, NOW, 0, &o));
	assert_int_equal(o.ask, XFR_ASK_IXFR);
	answer(r, REFRESH_GOT_DELTA, 7, 0);
	assert_false(refresh_decide(r, NOW, 0, &o));
	refresh_destroy(&r);
}

/* The tail was dropped while a delta on top of it was under way. */
static void
test_delta_without_its_base(void **state)
{
	(void)state;
	struct refresh *r = published(1, 1000, 0);
	struct refresh_order o;
	uint32_t base;
	refresh_staged(r, 6);
	assert_true(refresh_decide(r, NOW, 0, &o));
	assert_int_equal(o.from, 6);
	refresh_unstaged(r);
	answer(r, REFRESH_GOT_DELTA, 7, 0);
	assert_true(refresh_base(r, &base));
	assert_int_equal(base, 5);
	assert_true(refresh_decide(r, NOW, 0, &o));
	assert_int_equal(o.from, 5);
	answer(r, REFRESH_GOT_DELTA, 7, 0);
	assert_true(refresh_base(r, &base));
	assert_int_equal(base, 7);
	refresh_destroy(&r);
}

static void
test_now_keeps_what_is_held_back(void **state)
{
	(void)state;
	struct refresh *r = published(1, 1000, 0);
	struct refresh_order o;
	assert_true(refresh_decide(r, NOW, 0, &o));
	answer(r, REFRESH_GOT_DELTA, 6, 0);
	refresh_rejected(r, 6, 0, NOW, 0);
	refresh_now(r);
	assert_true(refresh_decide(r, NOW, 0, &o));
	assert_int_equal(o.ask, XFR_ASK_SOA);
	answer(r, REFRESH_NEWER, 6, 0);
	assert_false(refresh_decide(r, NOW, 0, &o));
	refresh_transfer(r, false, NOW);
	assert_true(refresh_decide(r, NOW, 0, &o));
	assert_int_equal(o.ask, XFR_ASK_IXFR);
	refresh_destroy(&r);
}

static void
test_full(void **state)
{
	(void)state;
	struct refresh *r = published(2, 1000, 0);
	struct refresh_order o;
	assert_true(refresh_decide(r, NOW, 0, &o));
	answer(r, REFRESH_CURRENT, 5, 0);
	refresh_full(r, 1);
	assert_true(refresh_decide(r, NOW, 0, &o));
	assert_int_equal(o.ask, XFR_ASK_AXFR);
	assert_int_equal(o.primary, 1);
	assert_false(o.accept_any);
	refresh_destroy(&r);
}

/* The list became shorter, or the process began anew, while a version that
 * came from there was verified. */
static void
test_primary_that_is_gone(void **state)
{
	(void)state;
	for (int primary = -1; primary < 6; primary += 6) {
		struct refresh *r = published(2, 1000, 0);
		struct refresh_order o;
		assert_true(refresh_decide(r, NOW, 0, &o));
		answer(r, REFRESH_CURRENT, 5, 0);
		refresh_rejected(r, 6, primary, NOW, 0);
		assert_false(refresh_decide(r, NOW, 0, &o));
		assert_int_equal(refresh_wake_s(r), NOW + 100);
		/* A delta that does not apply: AXFR at once, of the next. */
		refresh_refused(r, 7, primary, true, NOW, 0);
		assert_true(refresh_decide(r, NOW, 0, &o));
		assert_int_equal(o.ask, XFR_ASK_AXFR);
		assert_false(o.accept_any);
		answer(r, REFRESH_GOT_ZONE, 7, 0);
		assert_false(refresh_decide(r, NOW, 0, &o));
		refresh_refused(r, 7, primary, false, NOW, 0);
		assert_false(refresh_decide(r, NOW, 0, &o));
		refresh_destroy(&r);
	}
}

static void
test_foreign_timers_are_not_believed(void **state)
{
	(void)state;
	struct refresh_policy p = policy_with(1);
	struct refresh_timers t = { .version = REFRESH_TIMERS_VERSION + 1,
		.serial = 5, .expires_s = NOW + 5, .next_s = NOW + 500 };
	struct refresh_version v = { .serial = 5, .refresh_s = 1000,
		.retry_s = 100, .expire_s = 86400, .at_start = true };
	struct refresh_order o;
	struct refresh *r = refresh_create(&p, &t, NOW, 0);
	refresh_published(r, &v, NOW, 0);
	assert_int_equal(refresh_timers(r)->expires_s, NOW + 86400);
	assert_true(refresh_decide(r, NOW, 0, &o));
	refresh_destroy(&r);
	/* Of another serial: likewise. */
	t.version = REFRESH_TIMERS_VERSION;
	t.serial = 4;
	r = refresh_create(&p, &t, NOW, 0);
	refresh_published(r, &v, NOW, 0);
	assert_int_equal(refresh_timers(r)->expires_s, NOW + 86400);
	refresh_destroy(&r);
	/* Ours, but of a clock that was far ahead: bounded. */
	t = (struct refresh_timers){ .version = REFRESH_TIMERS_VERSION,
		.serial = 5, .expires_s = NOW + 9999999,
		.next_s = NOW + 9999999 };
	r = refresh_create(&p, &t, NOW, 0);
	refresh_published(r, &v, NOW, 0);
	assert_int_equal(refresh_timers(r)->expires_s, NOW + 86400);
	assert_int_equal(refresh_timers(r)->next_s, NOW + 1000);
	refresh_destroy(&r);
}

/* Answered, noted in the journal, and then the process was killed. */
static void
test_notify_survives_a_restart(void **state)
{
	(void)state;
	struct refresh_policy p = policy_with(1);
	struct refresh_version v = { .serial = 5, .refresh_s = 1000,
		.retry_s = 100, .expire_s = 86400, .at_start = true };
	struct refresh_order o;
	for (int has_serial = 0; has_serial < 2; has_serial++) {
		struct refresh *r = published(1, 1000, 0);
		assert_true(refresh_decide(r, NOW, 0, &o));
		answer(r, REFRESH_CURRENT, 5, 0);
		assert_false(refresh_decide(r, NOW + 1, 0, &o));
		assert_true(refresh_notify(r, &p.primaries[0].addr,
		    has_serial == 1, 6, NOW + 1));
		struct refresh_timers t = *refresh_timers(r);
		refresh_destroy(&r);
		r = refresh_create(&p, &t, NOW + 2, 0);
		refresh_published(r, &v, NOW + 2, 0);
		assert_true(refresh_decide(r, NOW + 2, 0, &o));
		/* One that tells of nothing newer is over. */
		t.notified_serial = 5;
		t.next_s = NOW + 500;
		refresh_destroy(&r);
		r = refresh_create(&p, &t, NOW + 2, 0);
		refresh_published(r, &v, NOW + 2, 0);
		assert_false(refresh_decide(r, NOW + 2, 0, &o));
		refresh_destroy(&r);
	}
}

static void
test_outcomes(void **state)
{
	static const struct {
		enum xfr_ask ask;
		struct xfr_result x;
		bool unknown, bad_delta;
	} cases[] = {
		{ XFR_ASK_IXFR, { .why = XFR_WHY_NOT_IMPLEMENTED }, true,
		    false },
		{ XFR_ASK_IXFR, { .why = XFR_WHY_EMPTY }, true, false },
		{ XFR_ASK_IXFR, { .why = XFR_WHY_EMPTY, .is_checked = true },
		    false, false },
		{ XFR_ASK_AXFR, { .why = XFR_WHY_NOT_IMPLEMENTED }, false,
		    false },
		{ XFR_ASK_IXFR, { .why = XFR_WHY_GAP }, false, true },
		{ XFR_ASK_AXFR, { .why = XFR_WHY_GAP }, false, false },
		{ XFR_ASK_IXFR, { .why = XFR_WHY_RDATA }, false, false },
		{ XFR_ASK_IXFR, { .why = XFR_WHY_TSIG }, false, false },
		{ XFR_ASK_IXFR, { .why = XFR_WHY_CLOSED, .is_checked = true,
		    .records = 1 }, false, true },
		{ XFR_ASK_IXFR, { .why = XFR_WHY_CLOSED, .is_checked = true,
		    .records = 2 }, false, false },
		{ XFR_ASK_IXFR, { .why = XFR_WHY_CLOSED }, false, false },
		{ XFR_ASK_IXFR, { .why = XFR_WHY_LOCAL }, false, false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct refresh_outcome o;
		refresh_outcome_of(&cases[i].x, cases[i].ask, &o);
		assert_int_equal(o.verdict, REFRESH_FAILED);
		assert_int_equal(o.ixfr_unknown, cases[i].unknown);
		assert_int_equal(o.bad_delta, cases[i].bad_delta);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_jitter),
		cmocka_unit_test(test_no_primaries),
		cmocka_unit_test(test_cancelled_comes_again),
		cmocka_unit_test(test_configure),
		cmocka_unit_test(test_primaries_appear),
		cmocka_unit_test(test_notified_is_shown),
		cmocka_unit_test(test_notify_while_busy),
		cmocka_unit_test(test_delta_without_its_base),
		cmocka_unit_test(test_now_keeps_what_is_held_back),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_primary_that_is_gone),
		cmocka_unit_test(test_foreign_timers_are_not_believed),
		cmocka_unit_test(test_notify_survives_a_restart),
		cmocka_unit_test(test_outcomes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
