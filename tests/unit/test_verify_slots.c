/* test_verify_slots.c - who gets a slot, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "verify/slots.h"

static struct slots *
slots_of(unsigned count, unsigned cores)
{
	struct slots *p;
	assert_int_equal(slots_create(count, cores, &p), OK);
	return p;
}

static void
ask(struct slots *p, uint64_t id, uint32_t zone, int64_t now)
{
	assert_int_equal(slots_ask(p, id, zone, now), OK);
}

static uint64_t
next(struct slots *p, int64_t now)
{
	uint64_t id = 0;
	return slots_next(p, now, &id) ? id : 0;
}

static void
test_hard_limit(void **state)
{
	(void)state;
	struct slots *p = slots_of(2, 16);
	for (uint64_t i = 1; i <= 4; i++)
		ask(p, i, (uint32_t)i, 0);
	assert_int_equal(next(p, 0), 1);
	assert_int_equal(next(p, 0), 2);
	assert_int_equal(next(p, 0), 0);
	/* However long they run. */
	assert_int_equal(next(p, 1000000), 0);
	assert_int_equal(slots_wake_ms(p, 0), -1);
	assert_true(slots_release(p, 1));
	assert_int_equal(next(p, 1), 3);
	assert_int_equal(next(p, 1), 0);
	assert_int_equal(slots_waiting_count(p), 1);
	assert_int_equal(slots_holder_count(p), 2);
	slots_destroy(&p);
	assert_null(p);
}

static void
test_unset_lets_the_long_ones_run(void **state)
{
	(void)state;
	struct slots *p = slots_of(0, 2);	/* at least 4 */
	for (uint64_t i = 1; i <= 9; i++)
		ask(p, i, (uint32_t)i, 0);
	assert_int_equal(next(p, 0), 1);
	assert_int_equal(next(p, 500), 2);
	assert_int_equal(next(p, 600), 3);
	assert_int_equal(next(p, 700), 4);
	assert_int_equal(next(p, 800), 0);
	assert_int_equal(slots_wake_ms(p, 800), 10000);
	assert_int_equal(next(p, 9999), 0);
	assert_int_equal(next(p, 10000), 5);
	assert_int_equal(next(p, 10000), 0);
	assert_int_equal(slots_wake_ms(p, 10000), 10500);
	/* The end of one that no longer counted frees nothing. */
	assert_true(slots_release(p, 1));
	assert_int_equal(next(p, 10001), 0);
	assert_int_equal(next(p, 20000), 6);
	slots_destroy(&p);
}

static void
test_unset_has_an_end(void **state)
{
	(void)state;
	struct slots *p = slots_of(0, 4);
	for (uint64_t i = 1; i <= 70; i++)
		ask(p, i, (uint32_t)i, 0);
	unsigned given = 0;
	int64_t now = 0;
	for (unsigned round = 0; round < 40; round++, now += 10000)
		while (next(p, now) != 0)
			given++;
	assert_int_equal(given, SLOTS_UNSET_MOST);
	assert_true(slots_release(p, 1));
	assert_int_equal(next(p, now), 65);
	assert_int_equal(next(p, now), 0);
	slots_destroy(&p);
}

static void
test_zones_take_turns(void **state)
{
	(void)state;
	struct slots *p = slots_of(2, 1);
	ask(p, 1, 10, 0);
	ask(p, 2, 10, 0);
	ask(p, 3, 10, 0);
	ask(p, 4, 20, 0);
	assert_int_equal(next(p, 0), 1);
	assert_int_equal(next(p, 0), 4);	/* zone 10 holds one */
	assert_true(slots_release(p, 4));
	assert_int_equal(next(p, 0), 2);	/* nobody else waits */
	assert_true(slots_release(p, 1));
	assert_true(slots_release(p, 2));
	ask(p, 5, 30, 0);
	assert_int_equal(next(p, 0), 3);
	assert_int_equal(next(p, 0), 5);
	slots_destroy(&p);
}

static void
test_release_of_waiting(void **state)
{
	(void)state;
	struct slots *p = slots_of(1, 1);
	ask(p, 1, 1, 0);
	ask(p, 2, 2, 0);
	ask(p, 3, 3, 0);
	assert_int_equal(next(p, 0), 1);
	assert_true(slots_release(p, 3));	/* the last in line */
	ask(p, 4, 4, 0);
	assert_true(slots_release(p, 2));
	assert_false(slots_release(p, 2));
	assert_false(slots_release(p, 99));
	assert_true(slots_release(p, 1));
	assert_int_equal(next(p, 0), 4);
	assert_true(slots_release(p, 4));
	assert_int_equal(next(p, 0), 0);
	assert_int_equal(slots_waiting_count(p), 0);
	assert_int_equal(slots_holder_count(p), 0);
	slots_destroy(&p);
}

static void
test_who_waits_and_who_holds(void **state)
{
	(void)state;
	struct slots *p = slots_of(2, 1);
	struct slot e;
	unsigned position;
	for (uint64_t i = 1; i <= 4; i++)
		ask(p, i, (uint32_t)(i * 10), (int64_t)i);
	assert_int_equal(next(p, 100), 1);
	assert_int_equal(next(p, 200), 2);
	assert_true(slots_is_waiting(p, 4, &position, &e));
	assert_int_equal(position, 1);
	assert_int_equal(e.id, 1);
	assert_int_equal(e.zone_id, 10);
	assert_int_equal(e.since_ms, 100);
	assert_false(slots_is_waiting(p, 1, &position, &e));
	assert_true(slots_holder(p, 1, &e));
	assert_int_equal(e.id, 2);
	assert_false(slots_holder(p, 2, &e));
	slots_destroy(&p);
}

static void
test_count_may_change(void **state)
{
	(void)state;
	struct slots *p = slots_of(1, 1);
	for (uint64_t i = 1; i <= 6; i++)
		ask(p, i, (uint32_t)i, 0);
	assert_int_equal(next(p, 0), 1);
	slots_set_count(p, 3, 1);
	assert_int_equal(next(p, 0), 2);
	assert_int_equal(next(p, 0), 3);
	slots_set_count(p, 1, 1);
	assert_true(slots_release(p, 1));
	assert_true(slots_release(p, 2));
	assert_int_equal(next(p, 0), 0);
	assert_true(slots_release(p, 3));
	assert_int_equal(next(p, 0), 4);
	slots_destroy(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hard_limit),
		cmocka_unit_test(test_unset_lets_the_long_ones_run),
		cmocka_unit_test(test_unset_has_an_end),
		cmocka_unit_test(test_zones_take_turns),
		cmocka_unit_test(test_release_of_waiting),
		cmocka_unit_test(test_who_waits_and_who_holds),
		cmocka_unit_test(test_count_may_change),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
