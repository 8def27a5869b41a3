/* test_proc_update_verdict.c - what follows from a rejection, from a version
 * that does not apply and from a check that failed. */
#include "update_kit.h"

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

/* Of many rejected ones the newest are kept, and go when they are overtaken. */
static void
test_rejected_kept(void **state)
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
	struct update *good = ixfr(10, 29);
	take();
	judge(good, OUTCOME_PASS, "good");
	served(good);
	expect("30 REJECTED");
}

/* What is published came again: nothing is published, and what stands on it
 * stands on what is. */
static void
test_same(void **state)
{
	static const enum update_mode modes[] = { UPDATE_ENFORCE,
		UPDATE_REPORT, UPDATE_HOLD };
	for (unsigned i = 0; i < sizeof modes / sizeof modes[0]; i++) {
		setup(state);
		zone.policy.mode = modes[i];
		snprintf((char *)zone.published_digest,
		    sizeof zone.published_digest, "published");
		struct update *u = begin(UPDATE_AXFR);
		u->goes_back = true;
		assert_int_equal(update_arrive(&zone, u, UPDATE_AXFR, 0, 10,
		    100, now, &acts), OK);
		take();
		struct update *above = ixfr(10, 11);
		assert_int_equal(above->base_id, u->id);
		judge(u, OUTCOME_SAME, "published");
		assert_null(acts.publish);
		assert_false(acts.ask_ixfr || acts.ask_axfr || acts.alarm);
		expect("11 STAGED");
		assert_int_equal(above->base_id, 0);
		/* It says so, but it is not: no verifier has seen it. */
		take();
		judge(above, OUTCOME_SAME, "published");
		assert_null(acts.publish);
		expect("11 FAILED");
		teardown(state);
	}
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
	assert_true(acts.ask_axfr);
	assert_false(acts.ask_next || acts.alarm);
	expect("");
	u = axfr(12);
	take();
	judge(u, OUTCOME_UNUSABLE, NULL);
	assert_true(acts.ask_next);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UPDATE_TEST(test_reject_drops_above),
		UPDATE_TEST(test_axfr_for_lost_base),
		UPDATE_TEST(test_other_content_same_serial),
		UPDATE_TEST(test_nothing_above_nothing_asked),
		UPDATE_TEST(test_rejected_kept), UPDATE_TEST(test_same),
		UPDATE_TEST(test_known_digest),
		UPDATE_TEST(test_known_only_where_it_counts),
		UPDATE_TEST(test_recheck_never), UPDATE_TEST(test_unusable),
		UPDATE_TEST(test_retries), UPDATE_TEST(test_timeout_once),
		UPDATE_TEST(test_failed_passed_by),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
