/* test_proc_update_random.c - any order of events: what must hold always. */
#include "update_kit.h"

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
	if (o == OUTCOME_SAME && tip->to != zone.published)
		o = OUTCOME_PASS;
	judge(tip, o, o == OUTCOME_SAME ? (const char *)zone.published_digest :
	    digests[random() % 3]);
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
	uint32_t to = tip + (uint32_t)random() % 4;
	/* An operator wants once more what is there. */
	u->goes_back = kind != UPDATE_IXFR && to == zone.published;
	enum err e = update_arrive(&zone, u, kind, from, to, 10, now, &acts);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UPDATE_TEST(test_random), cmocka_unit_test(test_coverage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
