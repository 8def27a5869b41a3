/* test_proc_verify.c - a run as in a candidate, a keeper as under the
 * supervisor: what each kind of verifier comes to. */
#include <errno.h>
#include <event2/event.h>
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
#include "base/log.h"
#include "base/reap.h"
#include "proc/keeper.h"
#include "verify/run.h"

struct verifier_case {
	const char *script;	/* run by sh; null: path is the command */
	const char *path;
	unsigned timeout_s;
	enum verdict verdict;
	enum verdict_cause cause;
	int exit, signal;
	int64_t most_ms;	/* from start to verdict */
};

#define LEAVES_CHILD "sleep 100 & "
#define FLEES "setsid sh -c 'sleep 100 & sleep 100' & sleep 0.1; "

static const struct verifier_case cases[] = {
	{ "exit 0", NULL, 5, VERDICT_PASS, VERDICT_BY_EXIT, 0, 0, 5000 },
	{ "exit 1", NULL, 5, VERDICT_REJECT, VERDICT_BY_EXIT, 1, 0, 5000 },
	{ "exit 2", NULL, 0, VERDICT_REJECT, VERDICT_BY_EXIT, 2, 0, 5000 },
	{ "exit 255", NULL, 5, VERDICT_REJECT, VERDICT_BY_EXIT, 255, 0, 5000 },
	{ "exit 75", NULL, 5, VERDICT_FAIL, VERDICT_BY_EXIT, 75, 0, 5000 },
	{ "exit 126", NULL, 5, VERDICT_FAIL, VERDICT_BY_EXIT, 126, 0, 5000 },
	{ "exit 127", NULL, 5, VERDICT_FAIL, VERDICT_BY_EXIT, 127, 0, 5000 },
	{ "no-such-tool", NULL, 5, VERDICT_FAIL, VERDICT_BY_EXIT, 127, 0,
	    5000 },
	{ "kill -SEGV $$", NULL, 5, VERDICT_FAIL, VERDICT_BY_SIGNAL, -1,
	    SIGSEGV, 5000 },
	{ "kill -KILL $$", NULL, 5, VERDICT_FAIL, VERDICT_BY_SIGNAL, -1,
	    SIGKILL, 5000 },
	{ NULL, "/no/such/verifier", 5, VERDICT_FAIL, VERDICT_BY_START, -1, 0,
	    5000 },
	{ NULL, "/etc/passwd", 5, VERDICT_FAIL, VERDICT_BY_START, -1, 0,
	    5000 },
	{ NULL, "/", 5, VERDICT_FAIL, VERDICT_BY_START, -1, 0, 5000 },
	{ LEAVES_CHILD "exit 0", NULL, 5, VERDICT_PASS, VERDICT_BY_EXIT, 0, 0,
	    5000 },
	{ LEAVES_CHILD "exit 1", NULL, 5, VERDICT_REJECT, VERDICT_BY_EXIT, 1,
	    0, 5000 },
	{ FLEES "exit 0", NULL, 5, VERDICT_PASS, VERDICT_BY_EXIT, 0, 0, 5000 },
	{ "head -c 10485760 /dev/zero; exit 0", NULL, 10, VERDICT_PASS,
	    VERDICT_BY_EXIT, 0, 0, 8000 },
	{ "exec <&- >&- 2>&-; exit 0", NULL, 5, VERDICT_PASS, VERDICT_BY_EXIT,
	    0, 0, 5000 },
	{ "sleep 100", NULL, 1, VERDICT_FAIL, VERDICT_BY_TIMEOUT, -1, SIGTERM,
	    5000 },
	{ "trap 'exit 0' TERM; while :; do sleep 0.02; done", NULL, 1,
	    VERDICT_FAIL, VERDICT_BY_TIMEOUT, 0, 0, 5000 },
	{ "trap '' TERM; " FLEES "while :; do sleep 100; done", NULL, 1,
	    VERDICT_FAIL, VERDICT_BY_TIMEOUT, -1, SIGKILL, 5000 },
	{ "yes", NULL, 1, VERDICT_FAIL, VERDICT_BY_TIMEOUT, -1, SIGTERM,
	    5000 },
};

static char *const plain_env[] = { "PATH=/usr/bin:/bin", NULL };
static struct event_base *loop;

/* Candidate and supervisor in one. */
struct world {
	const struct verifier_case *c;
	struct verify_run *run;
	struct keeper keeper;
	struct event *readable;
	bool is_kept, is_done;
	struct verify_result result;
};

static void
take_report(struct world *w, const struct keeper_report *r)
{
	char why[SPAWN_FAILURE_TEXT_MAX];
	assert_non_null(w->run);
	switch (r->what) {
	case KEEPER_STARTED:
		verify_run_started(w->run, r->verifier, w->c->timeout_s);
		break;
	case KEEPER_NOT_STARTED:
		verify_run_not_started(w->run,
		    spawn_failure_text(&r->failure, why));
		break;
	case KEEPER_ENDED:
		verify_run_ended(w->run, r->wait_status,
		    r->reason == KEEPER_BY_TIMEOUT);
		break;
	}
}

static void
on_keeper(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct world *w = arg;
	struct keeper_report r;
	enum err e;
	while ((e = keeper_read(&w->keeper, &r)) == OK)
		take_report(w, &r);
	if (e == ERR_AGAIN)
		return;
	event_free(w->readable);
	int status;
	assert_int_equal(waitpid(w->keeper.pid, &status, 0), w->keeper.pid);
	assert_int_equal(status, 0);
	keeper_close(&w->keeper);
	w->is_kept = false;
}

static bool
on_send_start(void *arg, const struct verify_request *q, const int fds[3])
{
	(void)q;
	struct world *w = arg;
	char *shell[] = { "sh", "-c", (char *)(uintptr_t)w->c->script, NULL };
	char *plain[] = { (char *)(uintptr_t)w->c->path, NULL };
	struct keeper_spec s = { .run = {
		.argv = w->c->script != NULL ? shell : plain,
		.env = plain_env, .fds = { fds[0], fds[1], fds[2] } },
		.timeout_s = w->c->timeout_s, .grace_ms = 300 };
	if (keeper_start(&s, &w->keeper) != OK)
		return false;
	w->is_kept = true;
	w->readable = event_new(loop, w->keeper.channel, EV_READ | EV_PERSIST,
	    on_keeper, w);
	return event_add(w->readable, NULL) == 0;
}

static void
on_send_cancel(void *arg, uint64_t run)
{
	(void)run;
	struct world *w = arg;
	keeper_cancel(&w->keeper);
}

static void
on_end(void *arg, struct verify_run *r, const struct verify_result *result)
{
	struct world *w = arg;
	assert_false(w->is_done);
	w->is_done = true;
	w->result = *result;
	verify_run_free(&r);
	w->run = NULL;
}

static const struct verify_run_calls calls = {
	.send_start = on_send_start,
	.send_cancel = on_send_cancel,
	.on_end = on_end,
};

static void
turn(void)
{
	const struct timeval t = { 0, 10000 };
	event_base_loopexit(loop, &t);
	event_base_loop(loop, EVLOOP_ONCE);
}

static void
check_case(const struct verifier_case *c)
{
	struct world w = { .c = c };
	const struct verify_run_spec s = { .zone = "example.com",
		.verifier = "check", .request = { .run = 1, .attempt = 1 },
		.feed = { .kind = VERIFY_FEED_NONE } };
	print_message("    %s\n", c->script != NULL ? c->script : c->path);
	int64_t begin = clock_mono_ms();
	assert_int_equal(verify_run_start(loop, &s, &calls, &w, &w.run), OK);
	while (!w.is_done && clock_mono_ms() - begin < c->most_ms)
		turn();
	assert_true(w.is_done);
	assert_int_equal(w.result.end.verdict, c->verdict);
	assert_int_equal(w.result.end.cause, c->cause);
	assert_int_equal(w.result.end.exit, c->exit);
	assert_int_equal(w.result.end.signal, c->signal);
	while (w.is_kept && clock_mono_ms() - begin < c->most_ms + 1000)
		turn();
	assert_false(w.is_kept);
	assert_int_equal(reap_signal_all(0, NULL, 0), 0);
}

static void
test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_case(&cases[i]);
}

static int
set_up(void **state)
{
	(void)state;
	static char path[] = "/tmp/proc-verify-XXXXXX";
	struct log_settings log = { .ident = "test", .file = path };
	int fd = mkstemp(path);
	bool is_ok = fd != -1 && log_open(&log) == OK && reap_adopt_orphans();
	fd_close(&fd);
	unlink(path);	/* lines go nowhere; the log's tests are elsewhere */
	loop = event_base_new();
	return !is_ok || loop == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	event_base_free(loop);
	return 0;
}

int
main(void)
{
	alarm(100);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
