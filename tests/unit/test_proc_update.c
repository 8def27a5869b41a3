/* test_proc_update.c - the way of an update: arrival, chains, windows,
 * restart. Each rule of the design is a short story with a fake clock. */
#include "update_kit.h"

/* --- the way through -------------------------------------------------- */

static void
test_straight(void **state)
{
	(void)state;
	struct update *u = ixfr(10, 11);
	expect("11 STAGED");
	assert_ptr_equal(take(), u);
	expect("11 VERIFYING");
	judge(u, OUTCOME_APPLIED, "d11");
	assert_null(acts.publish);
	expect("11 VERIFYING");
	judge(u, OUTCOME_PASS, "d11");
	assert_ptr_equal(acts.publish, u);
	assert_false(u->is_unverified);
	expect("11 ACCEPTED");
	served(u);
	assert_int_equal(zone.published, 11);
	assert_string_equal((char *)zone.published_digest, "d11");
	expect("");
	assert_int_equal(dropped, 1);
}

static void
test_first_version(void **state)
{
	(void)state;
	uint32_t serial = 7;
	zone.has_published = false;
	assert_false(update_ask_serial(&zone, &serial));
	struct update *u = axfr(0xfffffff0);
	assert_true(update_ask_serial(&zone, &serial));
	assert_int_equal(serial, 0xfffffff0);
	take();
	judge(u, OUTCOME_PASS, "d");
	served(u);
	assert_int_equal(zone.published, 0xfffffff0);
	assert_int_equal(zone.published_octets, 5000);
	/* Across 2^32. */
	u = ixfr(0xfffffff0, 5);
	take();
	judge(u, OUTCOME_PASS, "e");
	served(u);
	assert_int_equal(zone.published, 5);
}

/* PASS without a digest cannot be compared at publication: not accepted. */
static void
test_pass_without_digest(void **state)
{
	(void)state;
	struct update *u = ixfr(10, 11);
	take();
	judge(u, OUTCOME_PASS, NULL);
	assert_null(acts.publish);
	expect("11 FAILED");
}

/* Nothing but PASS publishes in the mode enforce. */
static void
test_only_pass_publishes(void **state)
{
	(void)state;
	static const struct {
		enum update_outcome outcome;
		const char *then;
	} rows[] = {
		{ OUTCOME_APPLIED, "11 VERIFYING" },
		{ OUTCOME_REJECT, "11 REJECTED" },
		{ OUTCOME_UNUSABLE, "" },
		{ OUTCOME_FAILED, "11 FAILED" },
		{ OUTCOME_TIMEOUT, "11 FAILED" },
		{ OUTCOME_KNOWN, "11 STAGED" },	/* of no digest we know */
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		setup(NULL);
		struct update *u = ixfr(10, 11);
		take();
		judge(u, rows[i].outcome, "d");
		assert_null(acts.publish);
		assert_null(update_accepted(&zone));
		expect(rows[i].then);
		teardown(NULL);
	}
}

static void
test_foreign_verdict(void **state)
{
	(void)state;
	struct update_verdict v = { .outcome = OUTCOME_PASS,
		.has_digest = true };
	struct update *u = ixfr(10, 11);
	assert_int_equal(update_judge(&zone, u, &v, now, &acts),
	    ERR_TRANSITION);
	take();
	struct update *v2 = ixfr(11, 12);
	assert_int_equal(update_judge(&zone, v2, &v, now, &acts),
	    ERR_TRANSITION);
	expect("11 VERIFYING, 12 STAGED");
	judge(u, OUTCOME_PASS, "d");
	assert_int_equal(update_judge(&zone, u, &v, now, &acts),
	    ERR_TRANSITION);
	expect("11 ACCEPTED, 12 STAGED");
}

/* --- windows and chains ----------------------------------------------- */

/* A chain is judged as a whole; what was overtaken before its check began is
 * SUPERSEDED, but stays as a link. */
static void
test_chain(void **state)
{
	(void)state;
	const struct update *parts[3];
	uint32_t serial;
	struct update *a = ixfr(10, 11), *b = ixfr(11, 12);
	struct update *c = ixfr(12, 14);
	assert_true(update_ask_serial(&zone, &serial));
	assert_int_equal(serial, 14);
	assert_ptr_equal(take(), c);
	expect("11 SUPERSEDED, 12 SUPERSEDED, 14 VERIFYING");
	assert_int_equal(update_chain(&zone, c, parts, 2), 0);
	assert_int_equal(update_chain(&zone, c, parts, 3), 3);
	assert_true(parts[0] == a && parts[1] == b && parts[2] == c);
	assert_false(update_is_over(&zone, a));
	judge(c, OUTCOME_PASS, "d14");
	served(c);
	expect("");
	assert_int_equal(dropped, 3);
	assert_int_equal(zone.published, 14);
}

/* What arrives while VERIFYING stays STAGED and does not disturb the check;
 * then the tip is next. */
static void
test_arrivals_meanwhile(void **state)
{
	(void)state;
	struct update *a = ixfr(10, 11);
	take();
	struct update *b = ixfr(11, 12), *c = ixfr(12, 13);
	assert_null(update_due(&zone));	/* one candidate at a time */
	expect("11 VERIFYING, 12 STAGED, 13 STAGED");
	judge(a, OUTCOME_PASS, "d11");
	assert_null(update_due(&zone));	/* not beside what is accepted */
	served(a);
	assert_int_equal(b->base_id, 0);
	assert_ptr_equal(take(), c);
	expect("12 SUPERSEDED, 13 VERIFYING");
}

/* An AXFR overtakes what was staged; links under it are of no use. */
static void
test_axfr_overtakes(void **state)
{
	(void)state;
	ixfr(10, 11);
	ixfr(11, 12);
	struct update *w = axfr(13);
	assert_ptr_equal(take(), w);
	expect("13 VERIFYING");
	struct update *x = ixfr(13, 14);
	const struct update *parts[4];
	judge(w, OUTCOME_FAILED, NULL);
	take();
	expect("13 FAILED, 14 VERIFYING");
	assert_int_equal(update_chain(&zone, x, parts, 4), 2);
	assert_ptr_equal(parts[0], w);
}

static void
test_bulk_and_poison_alone(void **state)
{
	(void)state;
	struct update *u = axfr(11);
	assert_false(update_wants_own(&zone, u));
	u->octets = 1000000;
	assert_true(update_wants_own(&zone, u));
	u->kind = UPDATE_IXFR;
	assert_false(update_wants_own(&zone, u));
	/* Suspected until its verdict. */
	zone.is_suspect = true;
	assert_true(update_wants_own(&zone, u));
	take();
	judge(u, OUTCOME_APPLIED, "d");
	assert_true(zone.is_suspect);
	judge(u, OUTCOME_PASS, "d");
	assert_false(update_wants_own(&zone, u));
	zone.is_alone = true;
	assert_true(update_wants_own(&zone, u));
}

static void
test_window_clock(void **state)
{
	(void)state;
	static const struct {
		struct window_clock clock;
		int64_t now, start;
	} rows[] = {
		{ { .spacing_s = 1 }, 5000, 5000 },	/* idle: at once */
		{ { 4500, true, false, 1 }, 5000, 5500 },
		{ { 4500, true, false, 0 }, 5000, 5000 },
		{ { 1000, true, false, 1 }, 5000, 5000 },
		{ { 4999, true, true, 1 }, 5000, 5000 },
		{ { 1000, true, false, -1 }, 5000, INT64_MAX },
		{ { 0, false, false, -1 }, 5000, INT64_MAX },
		{ { 1000, true, true, -1 }, 5000, 5000 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(window_start_ms(&rows[i].clock, rows[i].now),
		    rows[i].start);
}

/* --- arrival ---------------------------------------------------------- */

static void
test_arrive_refused(void **state)
{
	(void)state;
	static const struct {
		enum update_kind kind;
		uint32_t from, to;
		enum err e;
		bool ask_axfr;
	} rows[] = {
		{ UPDATE_IXFR, 10, 11, OK, false },
		{ UPDATE_IXFR, 9, 11, ERR_PEER_INCONSISTENT, true },
		{ UPDATE_IXFR, 11, 12, ERR_PEER_INCONSISTENT, true },
		{ UPDATE_IXFR, 10, 10, ERR_PEER_STALE, false },
		{ UPDATE_IXFR, 10, 9, ERR_PEER_STALE, false },
		{ UPDATE_AXFR, 0, 10, ERR_PEER_STALE, false },
		{ UPDATE_AXFR, 0, 9, ERR_PEER_STALE, false },
		{ UPDATE_FILE, 0, 9, ERR_PEER_STALE, false },
		{ UPDATE_AXFR, 0, 11, OK, false },
		{ UPDATE_AXFR, 0, 0x8000000a, ERR_PEER_STALE, false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		setup(NULL);
		struct update *u = begin(UPDATE_IXFR);
		assert_int_equal(update_arrive(&zone, u, rows[i].kind,
		    rows[i].from, rows[i].to, 1, now, &acts), rows[i].e);
		assert_int_equal(acts.ask_axfr, rows[i].ask_axfr);
		assert_false(acts.ask_ixfr);
		written();
		assert_int_equal(zone.first != NULL, rows[i].e == OK);
		teardown(NULL);
	}
}

/* Not newer than what is staged already. */
static void
test_arrive_behind_tip(void **state)
{
	(void)state;
	ixfr(10, 12);
	struct update *u = begin(UPDATE_AXFR);
	assert_int_equal(update_arrive(&zone, u, UPDATE_AXFR, 0, 12, 1, now,
	    &acts), ERR_PEER_STALE);
	expect("12 STAGED");
}

static void
test_going_back(void **state)
{
	(void)state;
	struct update *u = begin(UPDATE_FILE);
	u->goes_back = true;	/* `reload ZONE` */
	assert_int_equal(update_arrive(&zone, u, UPDATE_FILE, 0, 5, 1, now,
	    &acts), OK);
	take();
	judge(u, OUTCOME_PASS, "old");
	served(u);
	assert_int_equal(zone.published, 5);
	zone.is_expired = true;
	u = axfr(3);
	assert_true(u->goes_back);
	take();
	judge(u, OUTCOME_PASS, "older");
	served(u);
	assert_int_equal(zone.published, 3);
	assert_false(zone.is_expired);
	u = axfr(4);
	assert_false(u->goes_back);
}

/* A staged chain larger than the zone: AXFR. */
static void
test_chain_too_large(void **state)
{
	(void)state;
	struct update *u = begin(UPDATE_IXFR);
	zone.published_octets = 3000000;
	assert_int_equal(update_arrive(&zone, u, UPDATE_IXFR, 10, 11,
	    9000000, now, &acts), OK);	/* one alone may be */
	u = begin(UPDATE_IXFR);
	assert_int_equal(update_arrive(&zone, u, UPDATE_IXFR, 11, 12, 1,
	    now, &acts), ERR_LIMIT);
	assert_true(acts.ask_axfr);
	expect("");
	axfr(12);
	expect("12 STAGED");
}

static void
test_chain_too_long(void **state)
{
	(void)state;
	struct update *tip = ixfr(10, 11);
	take();
	for (uint32_t s = 11; s < 10 + UPDATE_CHAIN_MAX; s++)
		ixfr(s, s + 1);
	struct update *u = begin(UPDATE_IXFR);
	assert_int_equal(update_arrive(&zone, u, UPDATE_IXFR,
	    10 + UPDATE_CHAIN_MAX, 11 + UPDATE_CHAIN_MAX, 1, now, &acts),
	    ERR_LIMIT);
	assert_true(acts.ask_axfr);
	expect("11 VERIFYING");	/* the check goes on */
	judge(tip, OUTCOME_PASS, "d");
	served(tip);
}

static void
test_give_up(void **state)
{
	(void)state;
	struct update *u = begin(UPDATE_IXFR);
	assert_string_equal(list(), "0 RECEIVING");
	assert_null(update_next_changed(&zone));	/* never written */
	update_give_up(&zone, u);
	expect("");
}

/* --- restart ---------------------------------------------------------- */

/* Everything that is in the journal comes back as it was. */
static void
test_restore(void **state)
{
	(void)state;
	static const struct {
		uint64_t id, base;
		enum update_kind kind;
		enum update_state state;
		uint32_t from, to;
		bool is_taken;
	} rows[] = {
		{ 1, 0, UPDATE_IXFR, UPDATE_REJECTED, 10, 11, true },
		{ 2, 0, UPDATE_IXFR, UPDATE_SUPERSEDED, 10, 12, true },
		{ 3, 2, UPDATE_IXFR, UPDATE_STAGED, 12, 13, true },
		{ 4, 9, UPDATE_IXFR, UPDATE_STAGED, 13, 14, false },
		{ 5, 2, UPDATE_IXFR, UPDATE_STAGED, 11, 13, false },
		{ 6, 0, UPDATE_IXFR, UPDATE_STAGED, 9, 15, false },
		{ 7, 0, UPDATE_AXFR, UPDATE_HELD, 0, 15, true },
		{ 8, 0, UPDATE_AXFR, UPDATE_HELD, 0, 10, false },
		{ 9, 0, UPDATE_AXFR, UPDATE_REFUSED, 0, 16, false },
		{ 10, 0, UPDATE_AXFR, UPDATE_PUBLISHED, 0, 16, false },
		{ 10, UPDATE_BASE_GONE, UPDATE_IXFR, UPDATE_STAGED, 10, 16,
		    false },
		{ 11, 0, UPDATE_AXFR, UPDATE_SUPERSEDED, 0, 17, true },
		{ 3, 0, UPDATE_AXFR, UPDATE_STAGED, 0, 17, false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct update *u, s = { .id = rows[i].id,
			.base_id = rows[i].base, .kind = rows[i].kind,
			.state = rows[i].state, .from = rows[i].from,
			.to = rows[i].to };
		assert_int_equal(update_restore(&zone, &s, &u),
		    rows[i].is_taken);
	}
	assert_string_equal(list(), "11 REJECTED, 12 SUPERSEDED, 13 STAGED, "
	    "15 HELD, 17 SUPERSEDED");
	/* What nothing stands on leaves. */
	struct update *u = update_next_changed(&zone);
	assert_int_equal(u->id, 11);
	assert_true(update_is_over(&zone, u));
	expect("11 REJECTED, 12 SUPERSEDED, 13 STAGED, 15 HELD");
	u = take();
	assert_int_equal(u->to, 13);
	judge(u, OUTCOME_PASS, "d");
	served(u);
	expect("15 HELD");
}

/* Accepted before the crash: published after it, without another check. */
static void
test_restore_accepted(void **state)
{
	(void)state;
	struct update *u, s = { .id = 1, .kind = UPDATE_IXFR, .from = 10,
		.to = 11, .state = UPDATE_ACCEPTED, .has_digest = true };
	assert_true(update_restore(&zone, &s, &u));
	assert_null(update_due(&zone));
	served(u);
	assert_int_equal(zone.published, 11);
}

static void
test_flags(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 7; bit++) {
		struct update u = { 0 };
		update_set_flags(&u, 1u << bit);
		assert_int_equal(update_flags(&u), 1u << bit);
	}
	struct update all = { .goes_back = true, .is_passed = true,
		.is_approved = true, .is_waived = true,
		.is_unverified = true, .is_exhausted = true,
		.is_recheck_wanted = true };
	assert_int_equal(update_flags(&all), 127);
}

/* The caller hears of each change once, and of each end. */
static void
test_bookkeeping(void **state)
{
	(void)state;
	struct update *a = ixfr(10, 11);
	assert_ptr_equal(update_next_changed(&zone), a);
	assert_null(update_next_changed(&zone));
	struct update *b = ixfr(11, 12);
	assert_ptr_equal(update_next_changed(&zone), b);
	update_take(&zone, b, 1);
	assert_ptr_equal(update_next_changed(&zone), a);
	assert_false(update_is_over(&zone, a));
	assert_ptr_equal(update_next_changed(&zone), b);
	assert_null(update_next_changed(&zone));
	judge(b, OUTCOME_UNUSABLE, NULL);
	assert_ptr_equal(update_next_changed(&zone), a);
	assert_true(update_is_over(&zone, a));
	assert_ptr_equal(update_next_changed(&zone), b);
	assert_true(update_is_over(&zone, b));
	assert_null(update_next_changed(&zone));
	update_sweep(&zone, count_drop, NULL);
	assert_int_equal(dropped, 2);
	assert_null(zone.first);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UPDATE_TEST(test_straight), UPDATE_TEST(test_first_version),
		UPDATE_TEST(test_pass_without_digest),
		UPDATE_TEST(test_only_pass_publishes),
		UPDATE_TEST(test_foreign_verdict), UPDATE_TEST(test_chain),
		UPDATE_TEST(test_arrivals_meanwhile),
		UPDATE_TEST(test_axfr_overtakes),
		UPDATE_TEST(test_bulk_and_poison_alone),
		UPDATE_TEST(test_window_clock),
		UPDATE_TEST(test_arrive_refused),
		UPDATE_TEST(test_arrive_behind_tip),
		UPDATE_TEST(test_going_back),
		UPDATE_TEST(test_chain_too_large),
		UPDATE_TEST(test_chain_too_long), UPDATE_TEST(test_give_up),
		UPDATE_TEST(test_restore), UPDATE_TEST(test_restore_accepted),
		UPDATE_TEST(test_flags), UPDATE_TEST(test_bookkeeping),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
