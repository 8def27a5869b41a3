/* test_base_fsm.c - the rows of states.def and the promises that hang on
 * them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/fsm.h"

struct row {
	enum fsm_machine machine;
	unsigned from, on, to;
};

/* The table once more, by names: a row that the look-up lost would show. */
#define M_update FSM_UPDATE
#define M_worker FSM_WORKER
#define P_update(x) UPDATE_##x
#define P_worker(x) WORKER_##x
#define H_update(x) ON_UPDATE_##x
#define H_worker(x) ON_WORKER_##x
static const struct row rows[] = {
#define TRANSITION(m, f, o, t) { M_##m, P_##m(f), H_##m(o), P_##m(t) },
#include "tables/states.def"
};
#define ROWS (sizeof rows / sizeof rows[0])

static enum err
fire(enum fsm_machine m, unsigned *state, unsigned on)
{
	enum err e = OK;
	enum update_state u = (enum update_state)*state;
	enum worker_state w = (enum worker_state)*state;
	switch (m) {
	case FSM_UPDATE:
		e = update_state_fire(&u, (enum update_happening)on);
		*state = u;
		break;
	case FSM_WORKER:
		e = worker_state_fire(&w, (enum worker_happening)on);
		*state = w;
		break;
	}
	return e;
}

static const struct row *
row_of(enum fsm_machine m, unsigned from, unsigned on)
{
	const struct row *found = NULL;
	for (size_t i = 0; i < ROWS; i++) {
		if (rows[i].machine != m || rows[i].from != from ||
		    rows[i].on != on)
			continue;
		assert_null(found);	/* no cell has two rows */
		found = &rows[i];
	}
	return found;
}

static void
test_every_cell(void **state)
{
	(void)state;
	unsigned legal = 0;
	for (unsigned m = 0; m < FSM_MACHINES; m++)
		for (unsigned s = 0; s < fsm_states(m); s++)
			for (unsigned h = 0; h < fsm_happenings(m); h++) {
				const struct row *r = row_of(m, s, h);
				uint64_t before = fsm_visits(m, s, h);
				unsigned now = s;
				enum err e = fire(m, &now, h);
				assert_int_equal(e, r ? OK : ERR_TRANSITION);
				assert_int_equal(now, r ? r->to : s);
				assert_int_equal(fsm_visits(m, s, h),
				    before + (r != NULL));
				legal += r != NULL;
			}
	assert_int_equal(legal, ROWS);
}

static void
test_one_row_accepts(void **state)
{
	(void)state;
	unsigned found = 0;
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].machine == FSM_UPDATE &&
		    rows[i].from == UPDATE_VERIFYING &&
		    rows[i].to == UPDATE_ACCEPTED) {
			assert_int_equal(rows[i].on, ON_UPDATE_LET_THROUGH);
			found++;
		}
	assert_int_equal(found, 1);
}

/* Nothing is published that was not accepted, and nothing is accepted but
 * after its check or by an operator. */
static void
test_ways_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *r = &rows[i];
		if (r->machine != FSM_UPDATE)
			continue;
		if (r->to == UPDATE_PUBLISHED)
			assert_int_equal(r->from, UPDATE_ACCEPTED);
		if (r->to == UPDATE_ACCEPTED)
			assert_true(r->from == UPDATE_VERIFYING ||
			    r->from == UPDATE_HELD);
		assert_int_not_equal(r->from, UPDATE_PUBLISHED);
		assert_int_not_equal(r->from, UPDATE_REFUSED);
		assert_int_not_equal(r->from, UPDATE_SUPERSEDED);
	}
}

/* Each state can be reached from the first one, and each happening has a
 * row. */
static void
test_reachable(void **state)
{
	(void)state;
	for (unsigned m = 0; m < FSM_MACHINES; m++) {
		bool seen[32] = { true };
		assert_true(fsm_states(m) <= 32);
		for (unsigned round = 0; round < fsm_states(m); round++)
			for (size_t i = 0; i < ROWS; i++)
				if (rows[i].machine == m &&
				    seen[rows[i].from])
					seen[rows[i].to] = true;
		for (unsigned s = 0; s < fsm_states(m); s++)
			assert_true(seen[s]);
		for (unsigned h = 0; h < fsm_happenings(m); h++) {
			bool used = false;
			for (size_t i = 0; i < ROWS; i++)
				used |= rows[i].machine == m &&
				    rows[i].on == h;
			assert_true(used);
		}
	}
}

static void
test_bounds_and_names(void **state)
{
	(void)state;
	unsigned to = 77;
	assert_false(fsm_next(FSM_UPDATE, UPDATE_STATES, 0, &to));
	assert_false(fsm_next(FSM_UPDATE, 0, UPDATE_HAPPENINGS, &to));
	assert_int_equal(to, 77);
	enum update_state odd = (enum update_state)UPDATE_STATES;
	assert_int_equal(update_state_fire(&odd, ON_UPDATE_TAKEN),
	    ERR_TRANSITION);
	assert_string_equal(update_state_name(UPDATE_SUPERSEDED),
	    "SUPERSEDED");
	assert_string_equal(worker_state_name(WORKER_STARTING), "STARTING");
	assert_string_equal(update_state_name(odd), "?");
	assert_string_equal(fsm_machine_name(FSM_WORKER), "worker");
	assert_string_equal(fsm_happening_name(FSM_UPDATE,
	    ON_UPDATE_NOT_SERVED), "NOT_SERVED");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cell),
		cmocka_unit_test(test_one_row_accepts),
		cmocka_unit_test(test_ways_out),
		cmocka_unit_test(test_reachable),
		cmocka_unit_test(test_bounds_and_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
