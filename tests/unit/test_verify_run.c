/* test_verify_run.c - one verifier: what it gets, what it says, what it means.
 */
#include "verify_kit.h"

#include "base/clock.h"
#include "verify/run.h"

struct world {
	const char *script;	/* null: a command that is missing */
	bool refuses_start;
	bool leaves_group;	/* does not kill what is left */
	unsigned cancels;
	unsigned ends;
	struct verify_result result;
	char output[1 << 21];
	bool is_silent;		/* nobody says what becomes of it */
	char reason[200];
};
static struct world w;
static struct verify_run *run;

static bool
on_send_start(void *arg, const struct verify_request *r, const int fds[3])
{
	pid_t pid;
	struct spawn_failure f;
	char text[SPAWN_FAILURE_TEXT_MAX];
	assert_ptr_equal(arg, &w);
	assert_int_equal(r->run, 42);
	if (w.refuses_start) {
		errno = EPIPE;
		return false;
	}
	if (w.is_silent)
		return true;
	if (kit_spawn(w.script, r->run, fds, &pid, &f))
		verify_run_started(run, pid, 7);
	else
		verify_run_not_started(run, spawn_failure_text(&f, text));
	return true;
}

static void
on_send_cancel(void *arg, uint64_t number)
{
	assert_ptr_equal(arg, &w);
	w.cancels++;
	kit_kill(number);
}

static void
on_end(void *arg, struct verify_run *r, const struct verify_result *result)
{
	assert_ptr_equal(arg, &w);
	assert_ptr_equal(run, r);
	w.ends++;
	w.result = *result;
	assert_true(result->output_len < sizeof(w.output));
	if (result->output_len > 0)
		memcpy(w.output, result->output, result->output_len);
	w.output[result->output_len] = '\0';
	snprintf(w.reason, sizeof(w.reason), "%s", result->reason);
	verify_run_free(&run);
}

static const struct verify_run_calls calls = {
	.send_start = on_send_start,
	.send_cancel = on_send_cancel,
	.on_end = on_end,
};

static const struct feed_source no_feed = { .kind = VERIFY_FEED_NONE };

static void
start_run(const char *script, const struct feed_source *feed)
{
	struct verify_run_spec s = { .zone = "example.com",
		.verifier = "check", .request = { .run = 42, .serial = 9,
		.attempt = 1 }, .feed = *feed };
	kit_log_clear();
	w.script = script;
	w.ends = w.cancels = 0;
	assert_int_equal(verify_run_start(kit_loop, &s, &calls, &w, &run),
	    OK);
}

static void
tell_ended(void)
{
	struct kit_child c;
	int status;
	while (kit_take_ended(&c, &status)) {
		if (!w.leaves_group)
			kill(-c.pid, SIGKILL);
		if (run != NULL)
			verify_run_ended(run, status, false);
	}
}

static void
follow(void)
{
	int64_t limit = clock_mono_ms() + KIT_FAR_OFF_S * 1000;
	while ((run != NULL || kit_child_count > 0) &&
	    clock_mono_ms() < limit) {
		kit_turn();
		tell_ended();
	}
	assert_null(run);
	assert_int_equal(w.ends, 1);
}

static void
run_fed(const char *script, const struct feed_source *feed)
{
	start_run(script, feed);
	follow();
}

static void
run_script(const char *script)
{
	run_fed(script, &no_feed);
}

static int
clean(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	return 0;
}

static void
test_pass(void **state)
{
	(void)state;
	char line[200];
	run_script("sleep 0.05; exit 0");
	assert_int_equal(w.result.end.verdict, VERDICT_PASS);
	assert_string_equal(w.reason, "exited with 0");
	assert_string_equal(w.result.verifier, "check");
	assert_in_range(w.result.duration_ms, 10, 15000);
	snprintf(line, sizeof(line), "info: verify: started verifier for zone "
	    "example.com (pid %d), timeout is 7 seconds\n",
	    (int)w.result.pid);
	assert_int_equal(kit_log_count(line), 1);
	snprintf(line, sizeof(line), "info: verify: verifier for zone "
	    "example.com (pid %d) exited with 0\n", (int)w.result.pid);
	assert_int_equal(kit_log_count(line), 1);
}

static void
expect_exit(const char *script, enum verdict v, const char *reason)
{
	run_script(script);
	assert_int_equal(w.result.end.verdict, v);
	assert_string_equal(w.reason, reason);
	assert_int_equal(kit_log_count("error: verify: verifier for zone "
	    "example.com (pid "), 1);
}

static void
test_no(void **state)
{
	(void)state;
	expect_exit("exit 1", VERDICT_REJECT, "exited with 1");
	expect_exit("exit 255", VERDICT_REJECT, "exited with 255");
	expect_exit("exit 75", VERDICT_FAIL,
	    "exited with 75 (could not judge)");
	expect_exit("exit 126", VERDICT_FAIL,
	    "exited with 126 (could not judge)");
	expect_exit("exit 127", VERDICT_FAIL,
	    "exited with 127 (could not judge)");
	expect_exit("kill -SEGV $$", VERDICT_FAIL,
	    "killed by signal 11 (Segmentation fault)");
	assert_int_equal(kit_log_count(") exited abnormally (signal 11, "
	    "Segmentation fault)\n"), 1);
	expect_exit("kill -KILL $$", VERDICT_FAIL,
	    "killed by signal 9 (Killed)");
}

static void
test_missing(void **state)
{
	(void)state;
	run_script(NULL);
	assert_int_equal(w.result.end.verdict, VERDICT_FAIL);
	assert_int_equal(w.result.end.cause, VERDICT_BY_START);
	assert_int_equal(w.result.pid, 0);
	assert_int_equal(kit_log_count("error: verify: could not start "
	    "verifier for zone example.com: No such file or directory\n"), 1);
}

static void
test_supervisor_unreachable(void **state)
{
	(void)state;
	w.refuses_start = true;
	start_run("exit 0", &no_feed);
	assert_int_equal(w.ends, 0);	/* not from within the start */
	follow();
	assert_int_equal(w.result.end.verdict, VERDICT_FAIL);
	assert_string_equal(w.reason,
	    "could not be started: supervisor: Broken pipe");
}

static void
test_timed_out(void **state)
{
	(void)state;
	start_run("exit 0", &no_feed);
	verify_run_ended(run, 0, true);
	assert_int_equal(w.ends, 1);
	assert_int_equal(w.result.end.verdict, VERDICT_FAIL);
	assert_int_equal(w.result.end.cause, VERDICT_BY_TIMEOUT);
	assert_int_equal(kit_log_count(") timed out\n"), 1);
	follow();
}

static void
test_lost_and_stale(void **state)
{
	(void)state;
	start_run("exit 0", &no_feed);
	verify_run_lost(run);
	assert_int_equal(w.result.end.verdict, VERDICT_FAIL);
	assert_int_equal(w.result.end.cause, VERDICT_BY_LOSS);
	assert_string_equal(w.reason, "was lost before its end was seen");
	follow();
	w.is_silent = true;
	start_run("exit 0", &no_feed);
	w.is_silent = false;
	verify_run_lost(run);
	assert_int_equal(w.result.end.verdict, VERDICT_FAIL);
	assert_int_equal(w.result.end.cause, VERDICT_BY_LOSS);
	assert_int_equal(kit_log_count("lost before its start was seen\n"), 1);
	assert_int_equal(kit_log_count("could not start"), 0);
	follow();
	start_run("exit 0", &no_feed);
	verify_run_stale(run);
	assert_int_equal(w.result.end.verdict, VERDICT_FAIL);
	assert_int_equal(w.result.end.cause, VERDICT_BY_CONF);
	follow();
}

/* We end it; that it happens to exit with 0 is no yes. */
static void
test_cancel(void **state)
{
	(void)state;
	start_run("exit 0", &no_feed);
	assert_true(verify_run_is_running(run));
	verify_run_cancel(run);
	verify_run_cancel(run);
	assert_int_equal(w.cancels, 1);
	verify_run_ended(run, 0, false);
	assert_int_equal(w.result.end.verdict, VERDICT_FAIL);
	assert_int_equal(w.result.end.cause, VERDICT_BY_ORDER);
	follow();
}

static void
test_output(void **state)
{
	(void)state;
	run_script("echo one; sleep 0.05; echo two >&2; sleep 0.05; "
	    "printf 'three\\033[0m\\n\\nlast'; exit 1");
	assert_string_equal(w.output, "one\ntwo\nthree\033[0m\n\nlast");
	assert_false(w.result.output_is_cut);
	assert_int_equal(kit_log_count(
	    "info: verifier: one (zone example.com)\n"), 1);
	assert_int_equal(kit_log_count(
	    "error: verifier: two (zone example.com)\n"), 1);
	assert_int_equal(kit_log_count(
	    "info: verifier: three?[0m (zone example.com)\n"), 1);
	assert_int_equal(kit_log_count(
	    "info: verifier:  (zone example.com)\n"), 1);
	assert_int_equal(kit_log_count(
	    "info: verifier: last (zone example.com)\n"), 1);
}

static void
test_long_lines(void **state)
{
	(void)state;
	run_script("printf '%01000d\\n' 1; printf '%01001d\\n' 2; "
	    "printf '%02500d' 3");
	assert_int_equal(kit_log_count("verifier: "), 6);
	assert_int_equal(kit_log_count("1 (zone example.com)\n"), 1);
	assert_int_equal(kit_log_count("verifier: .. 2 (zone"), 1);
	assert_int_equal(kit_log_count("0 .. (zone example.com)\n"), 3);
	assert_int_equal(w.result.output_len, 1001 + 1002 + 2500);
}

static void
test_flood(void **state)
{
	(void)state;
	int64_t begin = clock_mono_ms();
	run_script("head -c 10485760 /dev/zero | tr '\\0' x | fold -w 500; "
	    "exit 0");
	assert_int_equal(w.result.end.verdict, VERDICT_PASS);
	assert_true(w.result.output_is_cut);
	assert_int_equal(w.result.output_len, 1 << 20);
	assert_int_equal(kit_log_count("wrote more than 1048576 octets"), 1);
	assert_in_range(kit_log_count("info: verifier: xxx"), 2000, 2200);
	assert_in_range(clock_mono_ms() - begin, 0, 15000);
}

/* The verdict waits for the verifier, not for who holds its descriptors. */
static void
test_background_child(void **state)
{
	(void)state;
	w.leaves_group = true;
	int64_t begin = clock_mono_ms();
	run_script("sleep 30 & echo $!; exit 0");
	assert_int_equal(w.result.end.verdict, VERDICT_PASS);
	assert_in_range(clock_mono_ms() - begin, 0, 10000);
	pid_t left = (pid_t)atoi(w.output);
	assert_true(left > 1);
	assert_int_equal(kill(left, SIGKILL), 0);
}

/* Deletes what "gone" owns, adds n records. */
static struct octets
delta_of(uint32_t from, uint32_t to, unsigned n)
{
	struct octets o = { 0 };
	char owner[40];
	kit_add_soa(&o, "example.com.", from);
	kit_add_a(&o, "gone.example.com.", 1);
	kit_add_soa(&o, "example.com.", to);
	for (unsigned i = 0; i < n; i++) {
		snprintf(owner, sizeof(owner), "n%u.example.com.", i);
		kit_add_a(&o, owner, i);
	}
	return o;
}

static struct feed_source
feed_of(const struct octets *o)
{
	return (struct feed_source){ .kind = VERIFY_FEED_DELTA,
		.delta = o->at, .delta_len = o->len };
}

static void
test_delta_arrives(void **state)
{
	(void)state;
	struct octets o = delta_of(7, 9, 2);
	struct feed_source f = feed_of(&o);
	run_fed("tr '\\t' ' ' | tr -s ' '", &f);
	assert_int_equal(w.result.end.verdict, VERDICT_PASS);
	assert_string_equal(w.output, "; 7 9\n"
	    "- example.com. 3600 IN SOA m. r. 7 3600 900 604800 300\n"
	    "- gone.example.com. 3600 IN A 0.0.0.1\n"
	    "+ example.com. 3600 IN SOA m. r. 9 3600 900 604800 300\n"
	    "+ n0.example.com. 3600 IN A 0.0.0.0\n"
	    "+ n1.example.com. 3600 IN A 0.0.0.1\n");
	octets_free(&o);
}

/* More than any pipe holds, so that the feed is under way when it ends. */
static void
test_input_is_not_read(void **state)
{
	(void)state;
	struct octets o = delta_of(7, 9, 100000);
	struct feed_source f = feed_of(&o);
	run_fed("exit 0", &f);
	assert_int_equal(w.result.end.verdict, VERDICT_PASS);
	run_fed("sleep 0.1; exit 1", &f);
	assert_int_equal(w.result.end.verdict, VERDICT_REJECT);
	run_fed("exec <&-; sleep 0.1; exit 0", &f);
	assert_int_equal(w.result.end.verdict, VERDICT_PASS);
	run_fed("head -1; exec </dev/null; sleep 0.1; exit 0", &f);
	assert_int_equal(w.result.end.verdict, VERDICT_PASS);
	assert_string_equal(w.output, "; 7 9\n");
	run_fed("wc -l", &f);
	assert_int_equal(atoi(w.output), 100004);
	octets_free(&o);
}

/* Half a record at the end: a verifier that is content with what it read has
 * not seen the zone. */
static void
test_broken_feed(void **state)
{
	(void)state;
	struct octets o = delta_of(7, 9, 10);
	o.len -= 3;
	struct feed_source f = feed_of(&o);
	run_fed("cat >/dev/null; sleep 0.1; exit 0", &f);
	assert_int_equal(w.result.end.verdict, VERDICT_FAIL);
	assert_int_equal(w.result.end.cause, VERDICT_BY_FEED);
	assert_int_equal(w.cancels, 1);
	assert_int_equal(kit_log_count("zone example.com serial 9 could not "
	    "be written whole"), 1);
	octets_free(&o);
}

static void
test_no_feed_is_an_end(void **state)
{
	(void)state;
	run_script("wc -c; readlink /proc/self/fd/0");
	assert_int_equal(w.result.end.verdict, VERDICT_PASS);
	assert_string_equal(w.output, "0\n/dev/null\n");
}

static unsigned
open_descriptors(void)
{
	unsigned n = 0;
	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

static void
test_nothing_stays_open(void **state)
{
	(void)state;
	struct octets o = delta_of(7, 9, 1000);
	struct feed_source f = feed_of(&o);
	unsigned before = open_descriptors();
	run_fed("cat", &f);
	run_fed("exit 1", &f);
	run_script("exit 0");
	run_fed(NULL, &f);
	w.refuses_start = true;
	run_fed("exit 0", &f);
	assert_int_equal(open_descriptors(), before);
	octets_free(&o);
}

static void
test_free_while_running(void **state)
{
	(void)state;
	struct octets o = delta_of(7, 9, 100000);
	struct feed_source f = feed_of(&o);
	start_run("cat >/dev/null; echo x; sleep 0.1", &f);
	kit_turn();
	verify_run_free(&run);
	assert_null(run);
	while (kit_child_count > 0) {
		kit_turn();
		tell_ended();
	}
	assert_int_equal(w.ends, 0);
	octets_free(&o);
}

#define KIT_TEST(name) cmocka_unit_test_setup(name, clean)

int
main(void)
{
	alarm(100);
	const struct CMUnitTest tests[] = {
		KIT_TEST(test_pass),
		KIT_TEST(test_no),
		KIT_TEST(test_missing),
		KIT_TEST(test_supervisor_unreachable),
		KIT_TEST(test_timed_out),
		KIT_TEST(test_lost_and_stale),
		KIT_TEST(test_cancel),
		KIT_TEST(test_output),
		KIT_TEST(test_long_lines),
		KIT_TEST(test_flood),
		KIT_TEST(test_background_child),
		KIT_TEST(test_delta_arrives),
		KIT_TEST(test_input_is_not_read),
		KIT_TEST(test_broken_feed),
		KIT_TEST(test_no_feed_is_an_end),
		KIT_TEST(test_nothing_stays_open),
		KIT_TEST(test_free_while_running),
	};
	return cmocka_run_group_tests(tests, kit_set_up, kit_tear_down);
}
