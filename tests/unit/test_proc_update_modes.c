/* test_proc_update_modes.c - report, hold, operators' decisions, zones that
 * are not verified; loss of candidates and of the store. */
#include "update_kit.h"

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

/* The store died of it: the same content, transferred again, does not get as
 * far as a store; in no mode. */
static void
test_not_served_comes_again(void **state)
{
	(void)state;
	for (int mode = UPDATE_ENFORCE; mode <= UPDATE_REPORT; mode++) {
		setup(state);
		zone.policy.mode = (enum update_mode)mode;
		struct update *u = ixfr(10, 11);
		take();
		judge(u, OUTCOME_PASS, "d");
		assert_ptr_equal(acts.publish, u);
		update_not_served(&zone, u, now, &acts);
		struct update again = { 0 };
		update_set_flags(&again, update_flags(u));
		assert_true(again.is_unserved);
		struct update *v = ixfr(10, 11);
		const struct update *known = NULL;
		assert_true(update_next_known(&zone, now, &known));
		assert_ptr_equal(known, u);
		take();
		acts = (struct update_acts){ 0 };
		judge(v, OUTCOME_KNOWN, "d");
		assert_null(acts.publish);
		expect("11 HELD");
		assert_int_equal(update_recheck(&zone, v), OK);
		take();
		judge(v, OUTCOME_PASS, "d");	/* an operator wants it */
		assert_ptr_equal(acts.publish, v);
		teardown(state);
	}
	setup(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UPDATE_TEST(test_hold), UPDATE_TEST(test_approve_older),
		UPDATE_TEST(test_approve_waits),
		UPDATE_TEST(test_approve_rejected),
		UPDATE_TEST(test_turn_down),
		UPDATE_TEST(test_find_names_the_digest),
		UPDATE_TEST(test_report),
		UPDATE_TEST(test_report_does_not_apply),
		UPDATE_TEST(test_not_verified), UPDATE_TEST(test_lost),
		UPDATE_TEST(test_lost_after_verdict),
		UPDATE_TEST(test_lost_with_newer),
		UPDATE_TEST(test_done_without_verdict),
		UPDATE_TEST(test_not_served),
		UPDATE_TEST(test_not_served_comes_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
