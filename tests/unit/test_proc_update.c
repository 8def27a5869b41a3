/* test_proc_update.c - the policy of updates: each rule of the design as a
 * short story with a fake clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proc/update.h"

/* --- a zone under test ------------------------------------------------ */

static struct update_zone zone;
static struct update_acts acts;
static int64_t now;
static uint64_t next_id;
static uint64_t next_candidate;
static unsigned dropped;

static int
setup(void **state)
{
	(void)state;
	zone = (struct update_zone){ .policy = { .mode = UPDATE_ENFORCE,
		.is_verified = true, .retries = 3, .retry_delay_s = 10,
		.recheck_s = 3600, .soa_retry_s = 100,
		.bulk_octets = 1000000 },
		.has_published = true, .published = 10,
		.published_octets = 5000 };
	acts = (struct update_acts){ 0 };
	now = 100000;
	next_id = 1;
	next_candidate = 1;
	dropped = 0;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	update_zone_clear(&zone, NULL, NULL);
	return 0;
}

static void
count_drop(void *arg, struct update *u)
{
	(void)arg;
	(void)u;
	dropped++;
}

/* What the caller does after each event. */
static void
written(void)
{
	while (update_next_changed(&zone) != NULL)
		continue;
	update_sweep(&zone, count_drop, NULL);
}

static struct update *
begin(enum update_kind kind)
{
	return update_begin(&zone, next_id++, kind, 0);
}

static struct update *
ixfr(uint32_t from, uint32_t to)
{
	struct update *u = begin(UPDATE_IXFR);
	acts = (struct update_acts){ 0 };
	assert_int_equal(update_arrive(&zone, u, UPDATE_IXFR, from, to, 100,
	    now, &acts), OK);
	return u;
}

static struct update *
axfr(uint32_t to)
{
	struct update *u = begin(UPDATE_AXFR);
	acts = (struct update_acts){ 0 };
	assert_int_equal(update_arrive(&zone, u, UPDATE_AXFR, 0, to, 5000,
	    now, &acts), OK);
	return u;
}

static struct update *
take(void)
{
	struct update *tip = update_due(&zone);
	assert_non_null(tip);
	update_take(&zone, tip, next_candidate++);
	written();
	return tip;
}

static void
judge(struct update *u, enum update_outcome o, const char *digest)
{
	struct update_verdict v = { .outcome = o,
		.has_digest = digest != NULL };
	if (digest != NULL)
		snprintf((char *)v.digest, sizeof v.digest, "%s", digest);
	acts = (struct update_acts){ 0 };
	assert_int_equal(update_judge(&zone, u, &v, now, &acts), OK);
}

static void
served(struct update *u)
{
	assert_ptr_equal(update_accepted(&zone), u);
	acts = (struct update_acts){ 0 };
	update_served(&zone, u, now, &acts);
	written();
}

/* "11 HELD, 12 STAGED": what is left, in order. */
static const char *
list(void)
{
	static char text[2048];
	text[0] = '\0';
	for (struct update *u = zone.first; u != NULL; u = u->next)
		sprintf(text + strlen(text), "%s%u %s",
		    u == zone.first ? "" : ", ", u->to,
		    update_state_name(u->state));
	return text;
}

static void
expect(const char *text)
{
	written();
	assert_string_equal(list(), text);
}

static struct update *
find(uint32_t serial)
{
	struct update *u = update_find(&zone, serial, NULL);
	assert_non_null(u);
	return u;
}

static void
tick(void)
{
	int64_t next;
	update_tick(&zone, now, &next);
	assert_true(next > now);
	assert_int_equal(next, update_wake_s(&zone));
}

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
		bool ask_axfr, blame;
	} rows[] = {
		{ UPDATE_IXFR, 10, 11, OK, false, false },
		{ UPDATE_IXFR, 9, 11, ERR_PEER_INCONSISTENT, true, true },
		{ UPDATE_IXFR, 11, 12, ERR_PEER_INCONSISTENT, true, true },
		{ UPDATE_IXFR, 10, 10, ERR_PEER_STALE, false, false },
		{ UPDATE_IXFR, 10, 9, ERR_PEER_STALE, false, false },
		{ UPDATE_AXFR, 0, 10, ERR_PEER_STALE, false, false },
		{ UPDATE_AXFR, 0, 9, ERR_PEER_STALE, false, false },
		{ UPDATE_FILE, 0, 9, ERR_PEER_STALE, false, false },
		{ UPDATE_AXFR, 0, 11, OK, false, false },
		{ UPDATE_AXFR, 0, 0x8000000a, ERR_PEER_STALE, false, false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		setup(NULL);
		struct update *u = begin(UPDATE_IXFR);
		assert_int_equal(update_arrive(&zone, u, rows[i].kind,
		    rows[i].from, rows[i].to, 1, now, &acts), rows[i].e);
		assert_int_equal(acts.ask_axfr, rows[i].ask_axfr);
		assert_int_equal(acts.blame, rows[i].blame);
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

/* --- rejection -------------------------------------------------------- */

/* N+1 is rejected: what stands on it goes, and N is asked from again; the
 * answer N -> N+2 is judged as a whole and published in one step. */
static void
test_reject_drops_above(void **state)
{
	(void)state;
	uint32_t serial;
	struct update *bad = ixfr(10, 11);
	take();
	ixfr(11, 12);
	ixfr(12, 13);
	struct update *coming = begin(UPDATE_IXFR);
	judge(bad, OUTCOME_REJECT, "bad");
	assert_true(acts.ask_ixfr);
	assert_false(acts.ask_axfr);
	assert_false(acts.blame);
	expect("11 REJECTED, 0 RECEIVING");
	assert_true(update_ask_serial(&zone, &serial));
	assert_int_equal(serial, 10);
	/* What was under way on top of it is of no use either. */
	acts = (struct update_acts){ 0 };
	assert_int_equal(update_arrive(&zone, coming, UPDATE_IXFR, 13, 14, 1,
	    now, &acts), ERR_AGAIN);
	assert_true(acts.ask_ixfr);
	assert_false(acts.ask_axfr);
	expect("11 REJECTED");
	struct update *good = ixfr(10, 12);
	take();
	judge(good, OUTCOME_PASS, "good");
	served(good);
	expect("");
	assert_int_equal(zone.published, 12);
}

/* The whole comes although a delta was asked for: that needs no base. */
static void
test_axfr_for_lost_base(void **state)
{
	(void)state;
	struct update *bad = ixfr(10, 11);
	take();
	struct update *coming = begin(UPDATE_IXFR);
	judge(bad, OUTCOME_REJECT, "bad");
	assert_int_equal(update_arrive(&zone, coming, UPDATE_AXFR, 0, 12, 1,
	    now, &acts), OK);
	expect("11 REJECTED, 12 STAGED");
}

/* A delta on a rejected N+1 is never applied to another N+1. */
static void
test_other_content_same_serial(void **state)
{
	(void)state;
	struct update *bad = ixfr(10, 11);
	take();
	struct update *coming = begin(UPDATE_IXFR);
	judge(bad, OUTCOME_REJECT, "bad");
	struct update *other = axfr(11);
	take();
	judge(other, OUTCOME_PASS, "other");
	served(other);
	assert_int_equal(zone.published, 11);
	assert_int_equal(update_arrive(&zone, coming, UPDATE_IXFR, 11, 12, 1,
	    now, &acts), ERR_AGAIN);
}

static void
test_nothing_above_nothing_asked(void **state)
{
	(void)state;
	struct update *bad = ixfr(10, 11);
	take();
	judge(bad, OUTCOME_REJECT, "bad");
	assert_false(acts.ask_ixfr || acts.ask_axfr || acts.ask_next);
}

/* Fetched again at most once per SOA retry, doubled; once at once from each
 * other primary. */
static void
test_refetch(void **state)
{
	(void)state;
	assert_true(update_may_fetch(&zone, 11, 0, now));
	assert_false(update_has_limits(&zone));
	struct update *bad = ixfr(10, 11);
	take();
	judge(bad, OUTCOME_REJECT, "bad");
	assert_true(update_has_limits(&zone));
	assert_false(update_may_fetch(&zone, 11, 0, now + 99));
	assert_true(update_may_fetch(&zone, 11, 0, now + 100));
	assert_true(update_may_fetch(&zone, 12, 0, now));
	assert_true(update_may_fetch(&zone, 11, 1, now));
	update_note_fetch(&zone, 11, 1, now);
	assert_false(update_may_fetch(&zone, 11, 1, now));
	assert_true(update_may_fetch(&zone, 11, 2, now));
	now += 100;
	static const int64_t waits[] = { 200, 400, 800 };
	for (unsigned i = 0; i < 3; i++) {
		assert_true(update_may_fetch(&zone, 11, 0, now));
		update_note_fetch(&zone, 11, 0, now);
		assert_false(update_may_fetch(&zone, 11, 0,
		    now + waits[i] - 1));
		now += waits[i];
	}
	for (unsigned i = 0; i < 40; i++)
		update_note_fetch(&zone, 11, 0, now);
	assert_true(update_may_fetch(&zone, 11, 0, now + 86400));
	update_forgive(&zone);
	assert_true(update_may_fetch(&zone, 11, 0, now));
}

static void
test_refetch_forgotten(void **state)
{
	(void)state;
	for (unsigned i = 0; i < UPDATE_KEPT_REJECTED + 3; i++) {
		struct update *bad = axfr(20 + i);
		take();
		judge(bad, OUTCOME_REJECT, "bad");
	}
	written();
	unsigned kept = 0;
	for (struct update *u = zone.first; u != NULL; u = u->next)
		kept++;
	assert_int_equal(kept, UPDATE_KEPT_REJECTED);
	assert_int_equal(zone.refetches, UPDATE_KEPT_REJECTED);
	struct update *good = ixfr(10, 29);
	take();
	judge(good, OUTCOME_PASS, "good");
	served(good);
	expect("30 REJECTED");
	assert_int_equal(zone.refetches, 1);
	assert_false(update_may_fetch(&zone, 30, 0, now));
}

static bool
knows(const char *digest)
{
	const struct update *at = NULL;
	while (update_next_known(&zone, now, &at))
		if (strcmp((const char *)at->digest, digest) == 0)
			return true;
	return false;
}

/* The same digest is not verified again until verifier-recheck. */
static void
test_known_digest(void **state)
{
	(void)state;
	struct update *bad = ixfr(10, 11);
	take();
	judge(bad, OUTCOME_REJECT, "bad");
	assert_true(knows("bad"));
	now += 200;
	struct update *again = ixfr(10, 11);
	take();
	judge(again, OUTCOME_KNOWN, "bad");
	expect("11 REJECTED");
	assert_int_equal(find(11)->id, again->id);
	/* The hour runs from when it was verified. */
	assert_int_equal(update_wake_s(&zone), now - 200 + 3600);
	now += 3399;
	tick();
	expect("11 REJECTED");
	now++;
	assert_false(knows("bad"));
	tick();
	expect("11 STAGED");
	take();
	judge(again, OUTCOME_REJECT, "bad");
	assert_int_equal(update_wake_s(&zone), now + 3600);
}

static void
test_known_only_where_it_counts(void **state)
{
	(void)state;
	struct update *bad = ixfr(10, 11);
	take();
	judge(bad, OUTCOME_REJECT, "bad");
	zone.policy.mode = UPDATE_REPORT;
	assert_false(knows("bad"));
	zone.policy.mode = UPDATE_HOLD;
	assert_true(knows("bad"));
	zone.policy.is_verified = false;
	assert_false(knows("bad"));
	zone.policy.is_verified = true;
	update_forgive(&zone);
	assert_false(knows("bad"));
	/* A candidate that was started before the pardon: verified after
	 * all. */
	struct update *again = ixfr(10, 11);
	take();
	judge(again, OUTCOME_KNOWN, "bad");
	expect("11 REJECTED, 11 STAGED");
}

static void
test_recheck_never(void **state)
{
	(void)state;
	zone.policy.recheck_s = 0;
	struct update *bad = ixfr(10, 11);
	take();
	judge(bad, OUTCOME_REJECT, "bad");
	assert_int_equal(update_wake_s(&zone), INT64_MAX);
	now += 1000000;
	tick();
	expect("11 REJECTED");
	assert_true(knows("bad"));
	assert_int_equal(update_recheck(&zone, find(11)), OK);
	expect("11 STAGED");
}

/* --- what does not apply ---------------------------------------------- */

static void
test_unusable(void **state)
{
	(void)state;
	struct update *u = ixfr(10, 11);
	take();
	ixfr(11, 12);
	judge(u, OUTCOME_UNUSABLE, NULL);
	assert_true(acts.ask_axfr && acts.blame);
	assert_false(acts.ask_next || acts.alarm);
	expect("");
	assert_false(update_has_limits(&zone));	/* not a rejection */
	u = axfr(12);
	take();
	judge(u, OUTCOME_UNUSABLE, NULL);
	assert_true(acts.ask_next && acts.blame);
	assert_false(acts.ask_axfr);
	expect("");
	u = begin(UPDATE_FILE);
	assert_int_equal(update_arrive(&zone, u, UPDATE_FILE, 0, 12, 1, now,
	    &acts), OK);
	take();
	judge(u, OUTCOME_UNUSABLE, NULL);
	assert_true(acts.alarm);
	assert_false(acts.ask_next || acts.ask_axfr);
	expect("");
}

/* --- failure ---------------------------------------------------------- */

static void
test_retries(void **state)
{
	(void)state;
	struct update *u = ixfr(10, 11);
	for (unsigned i = 1; i <= 4; i++) {
		take();
		judge(u, OUTCOME_FAILED, "d");
		assert_int_equal(acts.alarm, i == 1);
		assert_int_equal(u->attempts, i);
		expect("11 FAILED");
		if (i == 4)
			break;
		assert_false(knows("d"));
		assert_int_equal(update_wake_s(&zone), now + 10);
		tick();
		expect("11 FAILED");
		now += 10;
		tick();
		expect("11 STAGED");
	}
	/* Used up: the rule of the rejected from now on. */
	assert_true(u->is_exhausted);
	assert_true(knows("d"));
	assert_false(update_may_fetch(&zone, 11, 0, now));
	assert_int_equal(update_wake_s(&zone), now + 3600);
	struct update *again = axfr(11);
	take();
	judge(again, OUTCOME_KNOWN, "d");
	expect("11 FAILED");
	assert_true(again->is_exhausted);
	now += 3600;
	tick();
	expect("11 STAGED");
	assert_int_equal(again->attempts, 0);
	take();
	judge(again, OUTCOME_PASS, "d");
	served(again);
}

static void
test_timeout_once(void **state)
{
	(void)state;
	struct update *u = ixfr(10, 11);
	take();
	judge(u, OUTCOME_TIMEOUT, "d");
	assert_false(u->is_exhausted);
	now += 10;
	tick();
	take();
	judge(u, OUTCOME_TIMEOUT, "d");
	assert_true(u->is_exhausted);
	expect("11 FAILED");
}

/* A newer serial passes a failed one by; it stays decidable until that one
 * is published. */
static void
test_failed_passed_by(void **state)
{
	(void)state;
	uint32_t serial;
	struct update *u = ixfr(10, 11);
	take();
	judge(u, OUTCOME_FAILED, NULL);
	assert_true(update_ask_serial(&zone, &serial));
	assert_int_equal(serial, 10);
	struct update *v = ixfr(10, 12);
	take();
	now += 100;
	tick();	/* its retry waits */
	expect("11 FAILED, 12 VERIFYING");
	judge(v, OUTCOME_REJECT, "d");
	expect("11 STAGED, 12 REJECTED");	/* and comes then */
	take();
	judge(u, OUTCOME_FAILED, NULL);
	v = ixfr(10, 13);
	take();
	judge(v, OUTCOME_PASS, "e");
	expect("11 FAILED, 12 REJECTED, 13 ACCEPTED");
	served(v);
	expect("");
}

/* --- modes ------------------------------------------------------------ */

static void
test_hold(void **state)
{
	(void)state;
	zone.policy.mode = UPDATE_HOLD;
	struct update *u = ixfr(10, 11);
	take();
	judge(u, OUTCOME_PASS, "d11");
	assert_null(acts.publish);
	expect("11 HELD");
	/* It blocks nothing: the newer one is judged beside it. */
	struct update *v = ixfr(10, 12);
	take();
	judge(v, OUTCOME_PASS, "d12");
	expect("11 HELD, 12 HELD");
	assert_int_equal(update_approve(&zone, find(12), false, now, &acts),
	    OK);
	assert_ptr_equal(acts.publish, v);
	expect("11 HELD, 12 ACCEPTED");
	served(v);
	expect("");
	assert_null(update_find(&zone, 11, NULL));
}

/* The approval of an older one: the newer was judged on what is not published
 * any more; as a delta it is of no use, as a whole it is verified again. */
static void
test_approve_older(void **state)
{
	(void)state;
	zone.policy.mode = UPDATE_HOLD;
	struct update *a = ixfr(10, 11), *b, *c;
	take();
	judge(a, OUTCOME_PASS, "d11");
	b = ixfr(10, 12);
	take();
	judge(b, OUTCOME_PASS, "d12");
	c = axfr(13);
	take();
	judge(c, OUTCOME_PASS, "d13");
	assert_int_equal(update_approve(&zone, a, false, now, &acts), OK);
	served(a);
	expect("13 HELD");
	acts = (struct update_acts){ 0 };
	assert_int_equal(update_approve(&zone, c, false, now, &acts), OK);
	assert_null(acts.publish);
	expect("13 STAGED");
	take();
	judge(c, OUTCOME_PASS, "d13");
	assert_ptr_equal(acts.publish, c);
	served(c);
}

static void
test_approve_waits(void **state)
{
	(void)state;
	zone.policy.mode = UPDATE_HOLD;
	struct update *a = ixfr(10, 11), *b;
	take();
	judge(a, OUTCOME_PASS, "d11");
	b = ixfr(10, 12);
	take();
	acts = (struct update_acts){ 0 };
	assert_int_equal(update_approve(&zone, a, false, now, &acts), OK);
	assert_null(acts.publish);
	expect("11 HELD, 12 VERIFYING");
	judge(b, OUTCOME_REJECT, "d12");
	assert_ptr_equal(acts.publish, a);
	expect("11 ACCEPTED, 12 REJECTED");
	served(a);
	expect("");	/* 12 was a delta to 10 */
}

/* Overriding a rejection: verified again with the waivers, and unverified
 * even if it passes then. */
static void
test_approve_rejected(void **state)
{
	(void)state;
	struct update *u = ixfr(10, 11);
	take();
	judge(u, OUTCOME_REJECT, "d");
	acts = (struct update_acts){ 0 };
	assert_int_equal(update_approve(&zone, u, true, now, &acts), OK);
	assert_null(acts.publish);
	expect("11 STAGED");
	take();
	assert_false(knows("d"));
	judge(u, OUTCOME_REJECT, "d");	/* another verifier said no */
	expect("11 REJECTED");
	assert_false(u->is_approved || u->is_waived);
	assert_int_equal(update_approve(&zone, u, true, now, &acts), OK);
	take();
	judge(u, OUTCOME_PASS, "d");
	assert_ptr_equal(acts.publish, u);
	assert_true(u->is_unverified);
	assert_int_equal(update_approve(&zone, u, true, now, &acts),
	    ERR_TRANSITION);
}

static void
test_turn_down(void **state)
{
	(void)state;
	zone.policy.mode = UPDATE_HOLD;
	struct update *u = ixfr(10, 11);
	take();
	struct update *v = ixfr(11, 12);
	judge(u, OUTCOME_PASS, "d");
	acts = (struct update_acts){ 0 };
	assert_int_equal(update_turn_down(&zone, u, now, &acts), OK);
	assert_true(acts.ask_ixfr);
	assert_int_equal(v->state, UPDATE_SUPERSEDED);
	expect("11 REJECTED");
	assert_true(knows("d"));
	assert_int_equal(update_wake_s(&zone), INT64_MAX);
	assert_int_equal(update_turn_down(&zone, u, now, &acts),
	    ERR_TRANSITION);
}

static void
test_find_names_the_digest(void **state)
{
	(void)state;
	uint8_t digest[UPDATE_DIGEST] = "d", other[UPDATE_DIGEST] = "e";
	struct update *u = ixfr(10, 11);
	assert_null(update_find(&zone, 11, NULL));
	take();
	judge(u, OUTCOME_REJECT, "d");
	assert_ptr_equal(update_find(&zone, 11, digest), u);
	assert_null(update_find(&zone, 11, other));
	assert_null(update_find(&zone, 12, NULL));
}

/* report: published as soon as it applies, verified beside that, counted as
 * unverified whatever the verdict. */
static void
test_report(void **state)
{
	(void)state;
	static const enum update_outcome ends[] = { OUTCOME_PASS,
		OUTCOME_REJECT, OUTCOME_FAILED, OUTCOME_TIMEOUT };
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		setup(NULL);
		zone.policy.mode = UPDATE_REPORT;
		struct update *u = ixfr(10, 11);
		take();
		judge(u, OUTCOME_APPLIED, "d");
		assert_ptr_equal(acts.publish, u);
		assert_true(u->is_unverified);
		served(u);
		ixfr(11, 12);
		/* The check still runs: one candidate at a time. */
		expect("11 PUBLISHED, 12 STAGED");
		assert_null(update_due(&zone));
		judge(u, ends[i], "d");
		assert_null(acts.publish);
		assert_false(update_has_limits(&zone));
		expect("12 STAGED");
		assert_non_null(update_due(&zone));
		teardown(NULL);
	}
}

static void
test_report_does_not_apply(void **state)
{
	(void)state;
	zone.policy.mode = UPDATE_REPORT;
	struct update *u = ixfr(10, 11);
	take();
	judge(u, OUTCOME_UNUSABLE, "d");
	assert_null(acts.publish);
	expect("");
}

static void
test_not_verified(void **state)
{
	(void)state;
	zone.policy.is_verified = false;
	struct update *u = ixfr(10, 11);
	take();
	judge(u, OUTCOME_APPLIED, "d");
	assert_ptr_equal(acts.publish, u);
	assert_true(u->is_unverified);
	assert_int_equal(zone.candidate, 0);
	served(u);
	u = ixfr(11, 12);
	take();
	judge(u, OUTCOME_APPLIED, NULL);	/* P2 holds here too */
	assert_null(acts.publish);
	expect("12 FAILED");
}

/* --- loss ------------------------------------------------------------- */

static void
test_lost(void **state)
{
	(void)state;
	struct update *u = ixfr(10, 11);
	take();
	update_candidate_lost(&zone, false, now, &acts);
	expect("11 STAGED");
	assert_int_equal(u->attempts, 0);
	assert_false(zone.is_alone);
	assert_ptr_equal(take(), u);	/* the next window */
	/* The one that the shared page names. */
	acts = (struct update_acts){ 0 };
	update_candidate_lost(&zone, true, now, &acts);
	expect("11 FAILED");
	assert_int_equal(u->attempts, 1);
	assert_true(acts.alarm);
	now += 10;
	tick();
	assert_true(update_wants_own(&zone, take()));
	judge(u, OUTCOME_PASS, "d");
	served(u);
	assert_true(zone.is_alone);	/* from now on */
}

/* Verdicts given stand. */
static void
test_lost_after_verdict(void **state)
{
	(void)state;
	struct update *u = ixfr(10, 11);
	take();
	judge(u, OUTCOME_PASS, "d");
	acts = (struct update_acts){ 0 };
	update_candidate_lost(&zone, true, now, &acts);
	assert_false(acts.alarm);
	expect("11 ACCEPTED");
	served(u);
}

static void
test_lost_with_newer(void **state)
{
	(void)state;
	ixfr(10, 11);
	take();
	struct update *v = ixfr(11, 12);
	update_candidate_lost(&zone, false, now, &acts);
	expect("11 STAGED, 12 STAGED");
	assert_ptr_equal(take(), v);
	expect("11 SUPERSEDED, 12 VERIFYING");
}

static void
test_done_without_verdict(void **state)
{
	(void)state;
	ixfr(10, 11);
	take();
	update_candidate_done(&zone, now, &acts);
	expect("11 STAGED");
	update_candidate_done(&zone, now, &acts);
	expect("11 STAGED");
}

/* A version on which the store dies, or whose digest differs. */
static void
test_not_served(void **state)
{
	(void)state;
	struct update *u = ixfr(10, 11);
	take();
	struct update *v = ixfr(11, 12);
	judge(u, OUTCOME_PASS, "d");
	acts = (struct update_acts){ 0 };
	update_not_served(&zone, u, now, &acts);
	assert_true(acts.alarm);
	assert_null(acts.publish);
	expect("11 HELD, 12 STAGED");
	assert_int_equal(zone.published, 10);
	take();
	judge(v, OUTCOME_REJECT, "e");
	expect("11 HELD, 12 REJECTED");	/* not by itself */
	now += 10 * 86400;
	acts = (struct update_acts){ 0 };
	assert_int_equal(update_approve(&zone, u, false, now, &acts), OK);
	assert_null(acts.publish);	/* verified again first */
	expect("11 STAGED, 12 REJECTED");
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
	assert_false(update_may_fetch(&zone, 11, 0, 50));
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

/* --- any order of events ---------------------------------------------- */

static void
random_verdict(void)
{
	static const char *const digests[] = { NULL, "a", "b" };
	struct update *tip = zone.first;
	while (tip != NULL && tip->id != zone.candidate_tip)
		tip = tip->next;
	enum update_outcome o = (enum update_outcome)(random() %
	    (OUTCOME_TIMEOUT + 1));
	if (tip == NULL || zone.candidate == 0)
		return;
	judge(tip, o, digests[random() % 3]);
	if (acts.publish == tip) {
		assert_true(tip->has_digest);
		assert_true(o == OUTCOME_PASS || tip->is_unverified);
	}
}

static void
random_decision(void)
{
	struct update *u = update_find(&zone, zone.published + 1 +
	    (uint32_t)random() % 3, NULL);
	enum err e = OK;
	if (u == NULL)
		return;
	switch (random() % 3) {
	case 0:
		e = update_approve(&zone, u, random() % 2, now, &acts);
		break;
	case 1:
		e = update_recheck(&zone, u);
		break;
	case 2:
		e = update_turn_down(&zone, u, now, &acts);
		break;
	}
	assert_true(e == OK || e == ERR_TRANSITION);
}

static void
random_arrival(struct update *u)
{
	enum update_kind kind = (enum update_kind)(random() % 3);
	uint32_t tip = zone.published, from = u->from;
	update_ask_serial(&zone, &tip);
	if (random() % 4 == 0)
		from = zone.published;
	enum err e = update_arrive(&zone, u, kind, from,
	    tip + (uint32_t)random() % 4, 10, now, &acts);
	assert_int_equal(e == OK, u->state == UPDATE_STAGED);
}

static void
random_event(struct update **receiving)
{
	struct update *u = update_accepted(&zone);
	int64_t next;
	now += random() % 50;
	switch (random() % 10) {
	case 0:
		if (*receiving == NULL)
			*receiving = begin((enum update_kind)(random() % 3));
		break;
	case 1:
	case 2:
		if (*receiving == NULL)
			break;
		random_arrival(*receiving);
		*receiving = NULL;
		break;
	case 3:
		if ((u = update_due(&zone)) != NULL)
			update_take(&zone, u, next_candidate++);
		break;
	case 4:
	case 5:
		random_verdict();
		break;
	case 6:
		if (u != NULL && random() % 5 == 0)
			update_not_served(&zone, u, now, &acts);
		else if (u != NULL)
			update_served(&zone, u, now, &acts);
		break;
	case 7:
		if (random() % 8 == 0)
			update_candidate_lost(&zone, random() % 2, now,
			    &acts);
		break;
	case 8:
		random_decision();
		break;
	case 9:
		update_tick(&zone, now, &next);
		break;
	}
}

/* At most one version is open at a time, each chain of it holds, the list
 * stays short, and no serial goes back. */
static void
check_invariants(uint32_t before)
{
	const struct update *parts[UPDATE_CHAIN_MAX];
	unsigned verifying = 0, accepted = 0, count = 0;
	for (struct update *u = zone.first; u != NULL; u = u->next) {
		verifying += u->state == UPDATE_VERIFYING;
		accepted += u->state == UPDATE_ACCEPTED;
		count++;
		if (u->state == UPDATE_VERIFYING)
			assert_int_equal(zone.candidate_tip, u->id);
		if (u->state == UPDATE_VERIFYING ||
		    u->state == UPDATE_ACCEPTED ||
		    u->state == UPDATE_STAGED)
			assert_true(update_chain(&zone, u, parts,
			    UPDATE_CHAIN_MAX) > 0);
	}
	assert_true(verifying + accepted <= 1);
	assert_true(count < 200);
	assert_true(zone.published - before < 0x80000000u);
}

/* Whatever happened before: a good version that comes in now goes through. */
static void
check_alive(void)
{
	struct update *u = zone.first;
	zone.policy.mode = UPDATE_ENFORCE;
	for (unsigned i = 0; i < 200; i++) {
		if ((u = update_accepted(&zone)) != NULL)
			update_served(&zone, u, now, &acts);
		else if (zone.candidate != 0)
			update_candidate_lost(&zone, false, now, &acts);
		else if ((u = update_due(&zone)) != NULL)
			judge(take(), OUTCOME_UNUSABLE, NULL);
		written();
	}
	u = axfr(zone.published + 1000);
	assert_ptr_equal(take(), u);
	judge(u, OUTCOME_PASS, "fresh");
	served(u);
}

static void
test_random(void **state)
{
	(void)state;
	static const enum update_mode modes[] = { UPDATE_ENFORCE,
		UPDATE_ENFORCE, UPDATE_HOLD, UPDATE_REPORT };
	uint64_t published = 0;
	for (unsigned run = 0; run < 400; run++) {
		struct update *receiving = NULL;
		setup(NULL);
		srandom(run);
		zone.policy.mode = modes[run % 4];
		zone.policy.is_verified = run % 7 != 0;
		for (unsigned i = 0; i < 500; i++) {
			uint32_t before = zone.published;
			random_event(&receiving);
			check_invariants(before);
			written();
			check_invariants(before);
			published += zone.published != before;
		}
		if (receiving != NULL)
			update_give_up(&zone, receiving);
		check_alive();
		teardown(NULL);
	}
	print_message("%llu published\n", (unsigned long long)published);
	assert_true(published > 1000);
}

/* Each row of the table was gone by in the tests above. */
static void
test_coverage(void **state)
{
	(void)state;
	unsigned to;
	for (unsigned s = 0; s < UPDATE_STATES; s++)
		for (unsigned h = 0; h < UPDATE_HAPPENINGS; h++)
			if (fsm_next(FSM_UPDATE, s, h, &to) &&
			    fsm_visits(FSM_UPDATE, s, h) == 0)
				fail_msg("%s %s: never visited",
				    fsm_state_name(FSM_UPDATE, s),
				    fsm_happening_name(FSM_UPDATE, h));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_straight), TEST(test_first_version),
		TEST(test_pass_without_digest),
		TEST(test_only_pass_publishes), TEST(test_foreign_verdict),
		TEST(test_chain), TEST(test_arrivals_meanwhile),
		TEST(test_axfr_overtakes), TEST(test_bulk_and_poison_alone),
		TEST(test_window_clock), TEST(test_arrive_refused),
		TEST(test_arrive_behind_tip), TEST(test_going_back),
		TEST(test_chain_too_large), TEST(test_chain_too_long),
		TEST(test_give_up), TEST(test_reject_drops_above),
		TEST(test_axfr_for_lost_base),
		TEST(test_other_content_same_serial),
		TEST(test_nothing_above_nothing_asked), TEST(test_refetch),
		TEST(test_refetch_forgotten), TEST(test_known_digest),
		TEST(test_known_only_where_it_counts),
		TEST(test_recheck_never), TEST(test_unusable),
		TEST(test_retries), TEST(test_timeout_once),
		TEST(test_failed_passed_by), TEST(test_hold),
		TEST(test_approve_older), TEST(test_approve_waits),
		TEST(test_approve_rejected), TEST(test_turn_down),
		TEST(test_find_names_the_digest), TEST(test_report),
		TEST(test_report_does_not_apply), TEST(test_not_verified),
		TEST(test_lost), TEST(test_lost_after_verdict),
		TEST(test_lost_with_newer), TEST(test_done_without_verdict),
		TEST(test_not_served), TEST(test_restore),
		TEST(test_restore_accepted), TEST(test_flags),
		TEST(test_bookkeeping), TEST(test_random),
		cmocka_unit_test(test_coverage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
