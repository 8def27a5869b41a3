/* test_proc_keeper.c - a verifier ends when it has to, with all it started. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/reap.h"
#include "proc/keeper.h"

#define WAIT_MS 10000

static char *const plain_env[] = { "PATH=/usr/bin:/bin", NULL };

struct outcome {
	struct keeper_report started, last;
	bool has_started, has_last;
	int64_t duration_ms;	/* until the last report */
};

static enum err
wait_report(struct keeper *k, struct keeper_report *r)
{
	struct pollfd p = { .fd = k->channel, .events = POLLIN };
	enum err e;
	while ((e = keeper_read(k, r)) == ERR_AGAIN)
		assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	return e;
}

/* Until the keeper is gone, and everything with it. */
static void
wait_gone(struct keeper *k)
{
	int st;
	assert_int_equal(waitpid(k->pid, &st, 0), k->pid);
	assert_true(WIFEXITED(st));
	assert_int_equal(WEXITSTATUS(st), 0);
	keeper_close(k);
}

static struct outcome
follow_beside_others(struct keeper *k)
{
	struct outcome o = { .has_last = false };
	struct keeper_report r;
	int64_t begin = clock_mono_ms();
	while (wait_report(k, &r) == OK) {
		assert_false(o.has_last);
		if (r.what == KEEPER_STARTED) {
			assert_false(o.has_started);
			o.has_started = true;
			o.started = r;
			continue;
		}
		o.has_last = true;
		o.last = r;
		o.duration_ms = clock_mono_ms() - begin;
	}
	wait_gone(k);
	return o;
}

/* Nothing at all is left below us. */
static struct outcome
follow(struct keeper *k)
{
	struct outcome o = follow_beside_others(k);
	assert_int_equal(reap_signal_all(0, NULL, 0), 0);
	return o;
}

static void
start_argv(struct keeper *k, char *const *argv, int out, unsigned timeout_s)
{
	struct keeper_spec s = { .run = { .argv = argv, .env = plain_env,
		.fds = { -1, out, out } }, .timeout_s = timeout_s,
		.grace_ms = 300 };
	assert_int_equal(keeper_start(&s, k), OK);
}

static void
start_shell(struct keeper *k, const char *script, int out, unsigned timeout_s)
{
	char *argv[] = { "sh", "-c", (char *)(uintptr_t)script, NULL };
	start_argv(k, argv, out, timeout_s);
}

static struct outcome
run_shell(const char *script, unsigned timeout_s)
{
	struct keeper k;
	start_shell(&k, script, -1, timeout_s);
	return follow(&k);
}

static void
expect_exit(const char *script, int code)
{
	struct outcome o = run_shell(script, 0);
	assert_true(o.has_started);
	assert_int_equal(o.last.what, KEEPER_ENDED);
	assert_int_equal(o.last.reason, KEEPER_BY_ITSELF);
	assert_int_equal(o.last.verifier, o.started.verifier);
	assert_true(WIFEXITED(o.last.wait_status));
	assert_int_equal(WEXITSTATUS(o.last.wait_status), code);
}

static void
test_exit_codes(void **state)
{
	(void)state;
	expect_exit("exit 0", 0);
	expect_exit("exit 1", 1);
	expect_exit("exit 75", 75);
	expect_exit("exit 126", 126);
	expect_exit("exit 127", 127);
	expect_exit("exit 255", 255);
}

static void
expect_signal(const char *script, int signal)
{
	struct outcome o = run_shell(script, 0);
	assert_int_equal(o.last.reason, KEEPER_BY_ITSELF);
	assert_true(WIFSIGNALED(o.last.wait_status));
	assert_int_equal(WTERMSIG(o.last.wait_status), signal);
}

static void
test_signals(void **state)
{
	(void)state;
	expect_signal("kill -SEGV $$", SIGSEGV);
	expect_signal("kill -KILL $$", SIGKILL);
	expect_signal("kill -TERM $$", SIGTERM);
}

static void
test_not_started(void **state)
{
	(void)state;
	struct keeper k;
	char *missing[] = { "/no/such/verifier", NULL };
	start_argv(&k, missing, -1, 0);
	struct outcome o = follow(&k);
	assert_false(o.has_started);
	assert_int_equal(o.last.what, KEEPER_NOT_STARTED);
	assert_int_equal(o.last.failure.error, ENOENT);
	assert_int_equal(o.last.failure.step, SPAWN_EXEC);
	char *not_executable[] = { "/etc/passwd", NULL };
	start_argv(&k, not_executable, -1, 0);
	o = follow(&k);
	assert_false(o.has_started);
	assert_int_equal(o.last.what, KEEPER_NOT_STARTED);
	assert_int_equal(o.last.failure.error, EACCES);
}

static void
test_timeout_ends_by_term(void **state)
{
	(void)state;
	struct outcome o = run_shell("sleep 100; exit 0", 1);
	assert_int_equal(o.last.what, KEEPER_ENDED);
	assert_int_equal(o.last.reason, KEEPER_BY_TIMEOUT);
	assert_true(WIFSIGNALED(o.last.wait_status));
	assert_int_equal(WTERMSIG(o.last.wait_status), SIGTERM);
	assert_in_range(o.duration_ms, 900, 5000);
}

static void
test_timeout_ends_by_kill(void **state)
{
	(void)state;
	struct outcome o = run_shell(
	    "trap '' TERM; while :; do sleep 100; done", 1);
	assert_int_equal(o.last.reason, KEEPER_BY_TIMEOUT);
	assert_true(WIFSIGNALED(o.last.wait_status));
	assert_int_equal(WTERMSIG(o.last.wait_status), SIGKILL);
	assert_in_range(o.duration_ms, 1200, 5000);
}

/* It may say 0 when it hears TERM: the reason tells the verdict. */
static void
test_timeout_with_exit_0(void **state)
{
	(void)state;
	struct outcome o = run_shell(
	    "trap 'exit 0' TERM; while :; do sleep 0.05; done", 1);
	assert_int_equal(o.last.reason, KEEPER_BY_TIMEOUT);
	assert_true(WIFEXITED(o.last.wait_status));
	assert_int_equal(WEXITSTATUS(o.last.wait_status), 0);
}

static void
test_stopped_verifier_ends(void **state)
{
	(void)state;
	struct outcome o = run_shell("kill -STOP $$; exit 0", 1);
	assert_int_equal(o.last.reason, KEEPER_BY_TIMEOUT);
}

static void
test_cancel(void **state)
{
	(void)state;
	struct keeper k;
	struct keeper_report r;
	start_shell(&k, "sleep 100", -1, 0);
	assert_int_equal(wait_report(&k, &r), OK);
	assert_int_equal(r.what, KEEPER_STARTED);
	keeper_cancel(&k);
	struct outcome o = follow(&k);
	assert_int_equal(o.last.what, KEEPER_ENDED);
	assert_int_equal(o.last.reason, KEEPER_BY_ORDER);
	assert_in_range(o.duration_ms, 0, 5000);
}

static void
test_cancel_at_once(void **state)
{
	(void)state;
	struct keeper k;
	start_shell(&k, "sleep 100", -1, 0);
	keeper_cancel(&k);
	keeper_cancel(&k);
	struct outcome o = follow(&k);
	assert_int_equal(o.last.reason, KEEPER_BY_ORDER);
}

/* The supervisor's end closes: nobody is told, all end. */
static void
test_close_ends_all(void **state)
{
	(void)state;
	struct keeper k;
	struct keeper_report r;
	start_shell(&k, "trap '' TERM; setsid sleep 100 & sleep 101", -1, 0);
	assert_int_equal(wait_report(&k, &r), OK);
	int64_t begin = clock_mono_ms();
	keeper_close(&k);
	wait_gone(&k);
	assert_int_equal(reap_signal_all(0, NULL, 0), 0);
	assert_in_range(clock_mono_ms() - begin, 0, 1000);
	assert_int_equal(kill(r.verifier, 0), -1);
}

/* As above, by the death of the supervisor itself. */
static void
test_death_ends_all(void **state)
{
	(void)state;
	int ends[2];
	pid_t told;
	assert_true(reap_adopt_orphans());
	assert_int_equal(pipe(ends), 0);
	pid_t supervisor = fork();
	if (supervisor == 0) {
		struct keeper k;
		struct keeper_report r;
		start_shell(&k, "trap '' TERM; setsid sleep 100 & sleep 101",
		    -1, 0);
		bool is_told = wait_report(&k, &r) == OK &&
		    fd_write_all(ends[1], &r.verifier, sizeof(r.verifier));
		raise(is_told ? SIGKILL : SIGABRT);
	}
	assert_int_equal(read(ends[0], &told, sizeof(told)), sizeof(told));
	int64_t begin = clock_mono_ms();
	int st;
	assert_int_equal(waitpid(supervisor, &st, 0), supervisor);
	assert_int_equal(WTERMSIG(st), SIGKILL);
	while (waitpid(-1, &st, 0) > 0)
		assert_in_range(clock_mono_ms() - begin, 0, 1000);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(kill(told, 0), -1);
	close(ends[0]);
	close(ends[1]);
}

/* A keeper killed from outside takes its verifier along. */
static void
test_keeper_killed(void **state)
{
	(void)state;
	struct keeper k;
	struct keeper_report r;
	int st;
	assert_true(reap_adopt_orphans());
	start_shell(&k, "exec sleep 100", -1, 0);
	assert_int_equal(wait_report(&k, &r), OK);
	assert_int_equal(kill(k.pid, SIGKILL), 0);
	assert_int_equal(wait_report(&k, &r), ERR_PEER_CLOSED);
	assert_int_equal(waitpid(k.pid, &st, 0), k.pid);
	assert_int_equal(waitpid(r.verifier, &st, 0), r.verifier);
	assert_int_equal(WTERMSIG(st), SIGKILL);
	keeper_close(&k);
}

static void
test_term_to_keeper(void **state)
{
	(void)state;
	struct keeper k;
	struct keeper_report r;
	start_shell(&k, "sleep 100", -1, 0);
	assert_int_equal(wait_report(&k, &r), OK);
	kill(k.pid, SIGTERM);
	struct outcome o = follow(&k);
	assert_int_equal(o.last.reason, KEEPER_BY_ORDER);
}

/* What it leaves behind ends with it, wherever it went; the report does not
 * wait for that. */
static void
expect_all_gone(const char *script)
{
	struct keeper k;
	int ends[2];
	char octet;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	start_shell(&k, script, ends[1], 0);
	close(ends[1]);
	struct outcome o = follow(&k);
	assert_int_equal(o.last.reason, KEEPER_BY_ITSELF);
	assert_int_equal(o.last.wait_status, 0);
	assert_in_range(o.duration_ms, 0, 5000);
	/* End of file: nobody holds the other end any more. */
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(read(ends[0], &octet, 1), 0);
	close(ends[0]);
}

static void
test_leftovers_end(void **state)
{
	(void)state;
	expect_all_gone("sleep 100 & exit 0");
	expect_all_gone("setsid sleep 100 & sleep 0.1; exit 0");
	expect_all_gone("(setsid sh -c 'sleep 100 & sleep 100' &); "
	    "sleep 0.1; exit 0");
	expect_all_gone("trap '' TERM HUP; (setsid sh -c "
	    "'setsid sleep 100 & setsid sleep 100' &); sleep 0.1; exit 0");
}

/* Processes that beget the next and end: never the same pid twice. They stay
 * in a group, which dies as one; a depth bounds what a bug could do. */
static void
test_running_chain_ends(void **state)
{
	(void)state;
	expect_all_gone("setsid sh -c 'go() { [ $1 -gt 0 ] && "
	    "{ sleep 0.01; go $(($1 - 1)) & }; }; go 3000' & "
	    "sleep 0.2; exit 0");
}

/* Worse: each in a session of its own, alive for a moment only. This program
 * itself is the command; so many generations would take seconds. */
#define COMET_GENERATIONS 50000

static int
comet(void)
{
	if (fork() != 0)
		return 0;
	for (unsigned i = 0; i < COMET_GENERATIONS; i++) {
		if (fork() != 0)
			_exit(0);
		setsid();
	}
	return 0;
}

static void
test_comet_ends(void **state)
{
	(void)state;
	struct keeper k;
	char *argv[] = { "/proc/self/exe", "comet", NULL };
	start_argv(&k, argv, -1, 0);
	int64_t begin = clock_mono_ms();
	struct outcome o = follow(&k);
	assert_int_equal(o.last.wait_status, 0);
	assert_in_range(clock_mono_ms() - begin, 0, 2500);
}

static void
test_no_descriptor_leaks(void **state)
{
	(void)state;
	struct keeper k, other;
	int ends[2];
	char text[200];
	start_shell(&other, "sleep 100", -1, 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	int stray = fcntl(ends[0], F_DUPFD, 100);
	/* ls has its own descriptor 3 for the directory. */
	start_shell(&k, "exec ls /proc/self/fd", ends[1], 0);
	close(ends[1]);
	struct outcome o = follow_beside_others(&k);
	assert_int_equal(o.last.wait_status, 0);
	ssize_t n = read(ends[0], text, sizeof(text));
	assert_int_equal(n, 8);
	assert_memory_equal(text, "0\n1\n2\n3\n", 8);
	close(stray);
	close(ends[0]);
	keeper_cancel(&other);
	follow(&other);
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "comet") == 0)
		return comet();
	alarm(100);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit_codes),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_not_started),
		cmocka_unit_test(test_timeout_ends_by_term),
		cmocka_unit_test(test_timeout_ends_by_kill),
		cmocka_unit_test(test_timeout_with_exit_0),
		cmocka_unit_test(test_stopped_verifier_ends),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_cancel_at_once),
		cmocka_unit_test(test_close_ends_all),
		cmocka_unit_test(test_death_ends_all),
		cmocka_unit_test(test_keeper_killed),
		cmocka_unit_test(test_term_to_keeper),
		cmocka_unit_test(test_leftovers_end),
		cmocka_unit_test(test_running_chain_ends),
		cmocka_unit_test(test_comet_ends),
		cmocka_unit_test(test_no_descriptor_leaks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
