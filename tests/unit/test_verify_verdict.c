/* test_verify_verdict.c - only one thing is a yes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "verify/verdict.h"

#define EXITED(code) ((code) << 8)
#define SIGNALLED(signal) (signal)

static const struct verdict_facts good = { .has_started = true,
	.has_ended = true, .wait_status = EXITED(0) };

static struct verdict_of_run
judge_exit(int code)
{
	struct verdict_facts f = good;
	f.wait_status = EXITED(code);
	return verdict_judge(&f);
}

static void
test_nothing_known_is_fail(void **state)
{
	(void)state;
	struct verdict_facts f = { .has_started = false };
	struct verdict_of_run r = verdict_judge(&f);
	assert_int_equal(r.verdict, VERDICT_FAIL);
	assert_int_equal(r.cause, VERDICT_BY_START);
	assert_int_equal(r.exit, -1);
	assert_int_equal(r.signal, 0);
}

static void
test_every_exit_code(void **state)
{
	(void)state;
	for (int code = 0; code < 256; code++) {
		struct verdict_of_run r = judge_exit(code);
		enum verdict expected = VERDICT_REJECT;
		if (code == 0)
			expected = VERDICT_PASS;
		else if (code == 75 || code == 126 || code == 127)
			expected = VERDICT_FAIL;
		assert_int_equal(r.verdict, expected);
		assert_int_equal(r.cause, VERDICT_BY_EXIT);
		assert_int_equal(r.exit, code);
	}
}

static void
test_every_signal(void **state)
{
	(void)state;
	for (int n = 1; n < 65; n++) {
		struct verdict_facts f = good;
		f.wait_status = SIGNALLED(n);
		struct verdict_of_run r = verdict_judge(&f);
		assert_int_equal(r.verdict, VERDICT_FAIL);
		assert_int_equal(r.cause, VERDICT_BY_SIGNAL);
		assert_int_equal(r.signal, n);
		assert_int_equal(r.exit, -1);
		f.wait_status = SIGNALLED(n) | 0x80;	/* with a core */
		assert_int_equal(verdict_judge(&f).signal, n);
	}
}

static void
test_unknown_status_is_fail(void **state)
{
	(void)state;
	struct verdict_facts f = good;
	f.wait_status = -1;
	assert_int_equal(verdict_judge(&f).verdict, VERDICT_FAIL);
	assert_int_equal(verdict_judge(&f).cause, VERDICT_BY_LOSS);
	f.wait_status = 0x137f;	/* stopped */
	assert_int_equal(verdict_judge(&f).verdict, VERDICT_FAIL);
}

/* Each of the 32 combinations, with exit 0 and exit 1: PASS or REJECT only
 * where it started, ended, and nothing disturbed it. */
static void
test_all_combinations(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 64; bits++) {
		struct verdict_facts f = { .has_started = bits & 1,
			.has_ended = bits & 2, .is_timed_out = bits & 4,
			.is_cancelled = bits & 8, .is_feed_broken = bits & 16,
			.wait_status = bits & 32 ? EXITED(1) : EXITED(0) };
		enum verdict expected = VERDICT_FAIL;
		if ((bits & 31) == 3)
			expected = bits & 32 ? VERDICT_REJECT : VERDICT_PASS;
		assert_int_equal(verdict_judge(&f).verdict, expected);
	}
}

static void
test_causes(void **state)
{
	(void)state;
	struct verdict_facts f = good;
	f.is_feed_broken = true;
	assert_int_equal(verdict_judge(&f).cause, VERDICT_BY_FEED);
	f.is_cancelled = true;
	assert_int_equal(verdict_judge(&f).cause, VERDICT_BY_FEED);
	f.is_feed_broken = false;
	assert_int_equal(verdict_judge(&f).cause, VERDICT_BY_ORDER);
	f.is_timed_out = true;
	assert_int_equal(verdict_judge(&f).cause, VERDICT_BY_TIMEOUT);
	f = good;
	f.has_ended = false;
	assert_int_equal(verdict_judge(&f).cause, VERDICT_BY_LOSS);
}

static void
test_of_all(void **state)
{
	(void)state;
	const enum verdict P = VERDICT_PASS, R = VERDICT_REJECT,
		F = VERDICT_FAIL;
	assert_int_equal(verdict_of_all(NULL, 0), F);
	assert_int_equal(verdict_of_all((enum verdict[]){ P }, 1), P);
	assert_int_equal(verdict_of_all((enum verdict[]){ P, P, P }, 3), P);
	assert_int_equal(verdict_of_all((enum verdict[]){ P, F, P }, 3), F);
	assert_int_equal(verdict_of_all((enum verdict[]){ P, P, R }, 3), R);
	assert_int_equal(verdict_of_all((enum verdict[]){ F, R, P }, 3), R);
	assert_int_equal(verdict_of_all((enum verdict[]){ F }, 1), F);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_known_is_fail),
		cmocka_unit_test(test_every_exit_code),
		cmocka_unit_test(test_every_signal),
		cmocka_unit_test(test_unknown_status_is_fail),
		cmocka_unit_test(test_all_combinations),
		cmocka_unit_test(test_causes),
		cmocka_unit_test(test_of_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
