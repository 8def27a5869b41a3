/* test_verify_plan.c - the verifiers of a version in their order, zones side
 * by side, one verdict for each. */
#include "verify_kit.h"

#include "base/clock.h"
#include "verify/plan.h"

#define PLANS 3
#define STEPS 4

/* One zone; scripts by the index of the step, null: a missing command. */
struct zone_under_test {
	const char *const *scripts;
	struct verify_plan *plan;
	unsigned starts, cancels, verdicts;
	unsigned order[STEPS];
	enum verdict verdict;
	unsigned count;
	int decisive;		/* index, -1: none */
	char reasons[STEPS][100];
	char outputs[STEPS][20];
	int64_t done_ms;
};
static struct zone_under_test zones[PLANS];

static bool
on_send_start(void *arg, const struct verify_request *r, const int fds[3])
{
	struct zone_under_test *z = arg;
	pid_t pid;
	struct spawn_failure f;
	char text[SPAWN_FAILURE_TEXT_MAX];
	assert_true(z->starts < STEPS);
	z->order[z->starts++] = r->index;
	assert_int_equal(r->serial, 9);
	struct verify_run *run = verify_plan_run(z->plan, r->run);
	assert_non_null(run);
	assert_null(verify_plan_run(z->plan, r->run + 1));
	bool is_running = true;
	unsigned index;
	assert_true(verify_plan_position(z->plan, &index, &is_running));
	assert_int_equal(index, r->index);
	assert_false(is_running);
	if (kit_spawn(z->scripts[r->index], r->run, fds, &pid, &f)) {
		verify_run_started(run, pid, 0);
		assert_true(verify_plan_position(z->plan, &index,
		    &is_running));
		assert_true(is_running);
	} else {
		verify_run_not_started(run, spawn_failure_text(&f, text));
	}
	return true;
}

static void
on_send_cancel(void *arg, uint64_t run)
{
	struct zone_under_test *z = arg;
	z->cancels++;
	kit_kill(run);
}

static void
on_verdict(void *arg, struct verify_plan *p,
    const struct verify_plan_result *r)
{
	struct zone_under_test *z = arg;
	assert_ptr_equal(z->plan, p);
	z->verdicts++;
	z->verdict = r->verdict;
	z->count = r->count;
	z->done_ms = clock_mono_ms();
	z->decisive = r->decisive != NULL ? (int)(r->decisive - r->results) :
	    -1;
	for (unsigned i = 0; i < r->count; i++) {
		snprintf(z->reasons[i], sizeof(z->reasons[i]), "%s",
		    r->results[i].reason);
		snprintf(z->outputs[i], sizeof(z->outputs[i]), "%.*s",
		    (int)r->results[i].output_len,
		    (const char *)r->results[i].output);
	}
	verify_plan_free(&z->plan);
}

static const struct verify_plan_calls calls = {
	.send_start = on_send_start,
	.send_cancel = on_send_cancel,
	.on_verdict = on_verdict,
};

static void
start_plan(unsigned i, const char *const *scripts, unsigned count,
    bool runs_all)
{
	struct zone_under_test *z = &zones[i];
	struct verify_step steps[STEPS] = { { 0 } };
	for (unsigned s = 0; s < count; s++)
		steps[s].verifier = "check";
	struct verify_plan_spec spec = { .zone = "example.com",
		.steps = steps, .step_count = count, .runs_all = runs_all,
		.request = { .run = (i + 1) * 100, .serial = 9,
		.attempt = 1 } };
	*z = (struct zone_under_test){ .scripts = scripts };
	assert_int_equal(verify_plan_start(kit_loop, &spec, &calls, z,
	    &z->plan), OK);
	assert_int_equal(z->starts, 0);
}

static void
tell(const struct kit_child *c, int status)
{
	struct zone_under_test *z = &zones[c->run / 100 - 1];
	kill(-c->pid, SIGKILL);
	if (z->plan == NULL)
		return;
	struct verify_run *run = verify_plan_run(z->plan, c->run);
	assert_non_null(run);
	verify_run_ended(run, status, false);
}

static bool
is_any_open(void)
{
	for (unsigned i = 0; i < PLANS; i++)
		if (zones[i].plan != NULL)
			return true;
	return kit_child_count > 0;
}

static void
follow(void)
{
	int64_t limit = clock_mono_ms() + KIT_FAR_OFF_S * 1000;
	while (is_any_open() && clock_mono_ms() < limit) {
		struct kit_child c;
		int status;
		kit_turn();
		while (kit_take_ended(&c, &status))
			tell(&c, status);
	}
	assert_false(is_any_open());
}

static struct zone_under_test *
run_plan(const char *const *scripts, unsigned count, bool runs_all)
{
	kit_log_clear();
	start_plan(0, scripts, count, runs_all);
	follow();
	assert_int_equal(zones[0].verdicts, 1);
	return &zones[0];
}

static void
test_all_pass_in_order(void **state)
{
	(void)state;
	const char *s[] = { "echo a", "echo b", "echo c" };
	struct zone_under_test *z = run_plan(s, 3, false);
	assert_int_equal(z->verdict, VERDICT_PASS);
	assert_int_equal(z->count, 3);
	assert_int_equal(z->decisive, -1);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(z->order[i], i);
	assert_string_equal(z->outputs[0], "a\n");
	assert_string_equal(z->outputs[2], "c\n");
}

static void
test_first_no_stops(void **state)
{
	(void)state;
	const char *s[] = { "exit 0", "exit 3", "exit 0" };
	struct zone_under_test *z = run_plan(s, 3, false);
	assert_int_equal(z->verdict, VERDICT_REJECT);
	assert_int_equal(z->starts, 2);
	assert_int_equal(z->count, 2);
	assert_int_equal(z->decisive, 1);
	assert_string_equal(z->reasons[1], "exited with 3");
}

static void
test_failure_stops(void **state)
{
	(void)state;
	const char *s[] = { "exit 75", "exit 0" };
	struct zone_under_test *z = run_plan(s, 2, false);
	assert_int_equal(z->verdict, VERDICT_FAIL);
	assert_int_equal(z->starts, 1);
	const char *t[] = { "exit 0", NULL, "exit 0" };
	z = run_plan(t, 3, false);
	assert_int_equal(z->verdict, VERDICT_FAIL);
	assert_int_equal(z->starts, 2);
	assert_string_equal(z->reasons[1],
	    "could not be started: No such file or directory");
}

static void
test_verify_all(void **state)
{
	(void)state;
	const char *s[] = { "exit 75", "exit 0", "exit 4", NULL };
	struct zone_under_test *z = run_plan(s, 4, true);
	assert_int_equal(z->verdict, VERDICT_REJECT);
	assert_int_equal(z->count, 4);
	assert_int_equal(z->decisive, 2);
	const char *t[] = { "exit 0", "kill -9 $$", "exit 0" };
	z = run_plan(t, 3, true);
	assert_int_equal(z->verdict, VERDICT_FAIL);
	assert_int_equal(z->count, 3);
	assert_int_equal(z->decisive, 1);
}

static void
test_no_verifier(void **state)
{
	(void)state;
	struct zone_under_test *z = run_plan(NULL, 0, false);
	assert_int_equal(z->verdict, VERDICT_FAIL);
	assert_int_equal(z->count, 0);
	assert_int_equal(z->decisive, -1);
	assert_int_equal(kit_log_count(
	    "error: verify: no verifier for zone example.com\n"), 1);
}

/* The slow one keeps nobody waiting, and each has its own verdict. */
static void
test_side_by_side(void **state)
{
	(void)state;
	const char *slow[] = { "sleep 1; exit 0" };
	const char *bad[] = { "exit 1" };
	const char *good[] = { "exit 0", "exit 0", "exit 0" };
	start_plan(0, slow, 1, false);
	start_plan(1, bad, 1, false);
	start_plan(2, good, 3, false);
	follow();
	assert_int_equal(zones[0].verdict, VERDICT_PASS);
	assert_int_equal(zones[1].verdict, VERDICT_REJECT);
	assert_int_equal(zones[2].verdict, VERDICT_PASS);
	assert_true(zones[1].done_ms < zones[0].done_ms);
	assert_true(zones[2].done_ms < zones[0].done_ms);
}

static void
test_cancel_before_the_first(void **state)
{
	(void)state;
	const char *s[] = { "exit 0" };
	start_plan(0, s, 1, false);
	verify_plan_cancel(zones[0].plan);
	follow();
	assert_int_equal(zones[0].verdict, VERDICT_FAIL);
	assert_int_equal(zones[0].starts, 0);
}

static void
test_cancel_under_way(void **state)
{
	(void)state;
	const char *s[] = { "exit 0", "sleep 100", "exit 0" };
	start_plan(0, s, 3, false);
	int64_t limit = clock_mono_ms() + KIT_FAR_OFF_S * 1000;
	while (zones[0].starts < 2 && clock_mono_ms() < limit) {
		struct kit_child c;
		int status;
		kit_turn();
		while (kit_take_ended(&c, &status))
			tell(&c, status);
	}
	assert_int_equal(zones[0].starts, 2);
	verify_plan_cancel(zones[0].plan);
	follow();
	assert_int_equal(zones[0].verdict, VERDICT_FAIL);
	assert_int_equal(zones[0].cancels, 1);
	assert_int_equal(zones[0].starts, 2);
	assert_int_equal(zones[0].decisive, 1);
}

static void
test_cancel_after_a_no(void **state)
{
	(void)state;
	const char *s[] = { "exit 1", "sleep 100" };
	start_plan(0, s, 2, true);
	int64_t limit = clock_mono_ms() + KIT_FAR_OFF_S * 1000;
	while (zones[0].starts < 2 && clock_mono_ms() < limit) {
		struct kit_child c;
		int status;
		kit_turn();
		while (kit_take_ended(&c, &status))
			tell(&c, status);
	}
	verify_plan_cancel(zones[0].plan);
	follow();
	assert_int_equal(zones[0].verdict, VERDICT_REJECT);
	assert_int_equal(zones[0].decisive, 0);
}

static void
test_free_under_way(void **state)
{
	(void)state;
	const char *s[] = { "sleep 0.1" };
	start_plan(0, s, 1, false);
	kit_turn();
	assert_int_equal(zones[0].starts, 1);
	verify_plan_free(&zones[0].plan);
	follow();
	assert_int_equal(zones[0].verdicts, 0);
}

int
main(void)
{
	alarm(100);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_pass_in_order),
		cmocka_unit_test(test_first_no_stops),
		cmocka_unit_test(test_failure_stops),
		cmocka_unit_test(test_verify_all),
		cmocka_unit_test(test_no_verifier),
		cmocka_unit_test(test_side_by_side),
		cmocka_unit_test(test_cancel_before_the_first),
		cmocka_unit_test(test_cancel_under_way),
		cmocka_unit_test(test_cancel_after_a_no),
		cmocka_unit_test(test_free_under_way),
	};
	return cmocka_run_group_tests(tests, kit_set_up, kit_tear_down);
}
