/* run.c - one run of one verifier, as the candidate sees it.
 * Runs in: candidate. The facts of the run gather in one struct; whoever
 * brings the last one calls run_finish, which judges once. */
#include "verify/run.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "verify/output.h"

#define REASON_MAX 200

struct verify_run {
	struct verify_run_spec spec;
	const struct verify_run_calls *calls;
	void *arg;
	struct event *finish;	/* what failed in the start is told from the
				 * loop, not from within the start */
	struct feed *feed;
	struct output *output;
	struct verdict_facts facts;
	bool is_stale;
	bool is_done;
	pid_t pid;
	int64_t started_ms, ended_ms;
	char trouble[REASON_MAX - 40];	/* why it could not be started */
	char reason[REASON_MAX];
};

/* Our ends become -1 when they are given to feed and output; in is -1 with the
 * feed none: the supervisor puts /dev/null there. */
struct run_pipes {
	int in[2], out[2], err[2];
};

static void
pipes_close(struct run_pipes *p)
{
	for (int i = 0; i < 2; i++) {
		fd_close(&p->in[i]);
		fd_close(&p->out[i]);
		fd_close(&p->err[i]);
	}
}

static bool
pipes_open(struct run_pipes *p, enum verify_feed feed)
{
	*p = (struct run_pipes){ { -1, -1 }, { -1, -1 }, { -1, -1 } };
	return (feed == VERIFY_FEED_NONE || pipe2(p->in, O_CLOEXEC) == 0) &&
	    pipe2(p->out, O_CLOEXEC) == 0 && pipe2(p->err, O_CLOEXEC) == 0;
}

static void
reason_write(struct verify_run *r, const struct verdict_of_run *end)
{
	char *to = r->reason;
	switch (end->cause) {
	case VERDICT_BY_NOTHING:
	case VERDICT_BY_LOSS:
		snprintf(to, REASON_MAX, "was lost before its end was seen");
		break;
	case VERDICT_BY_EXIT:
		snprintf(to, REASON_MAX, "exited with %d%s", end->exit,
		    end->exit != 0 && end->verdict == VERDICT_FAIL ?
		    " (could not judge)" : "");
		break;
	case VERDICT_BY_SIGNAL:
		snprintf(to, REASON_MAX, "killed by signal %d (%s)",
		    end->signal, strsignal(end->signal));
		break;
	case VERDICT_BY_TIMEOUT:
		snprintf(to, REASON_MAX, "timed out");
		break;
	case VERDICT_BY_ORDER:
		snprintf(to, REASON_MAX, "was ended before it had judged");
		break;
	case VERDICT_BY_START:
		snprintf(to, REASON_MAX, "could not be started: %s",
		    r->trouble);
		break;
	case VERDICT_BY_CONF:
		snprintf(to, REASON_MAX, "the configuration has changed");
		break;
	case VERDICT_BY_FEED:
		snprintf(to, REASON_MAX, "could not be fed the whole zone");
		break;
	}
}

static void
end_log(const struct verify_run *r, const struct verdict_of_run *end)
{
	const char *zone = r->spec.zone;
	int pid = (int)r->pid;
	switch (end->cause) {
	case VERDICT_BY_EXIT:
		if (end->exit == 0)
			ev_verify_exited(zone, pid, end->exit);
		else
			ev_verify_exited_bad(zone, pid, end->exit);
		break;
	case VERDICT_BY_SIGNAL:
		ev_verify_died(zone, pid, end->signal,
		    strsignal(end->signal));
		break;
	case VERDICT_BY_TIMEOUT:
		ev_verify_timed_out(zone, pid);
		break;
	case VERDICT_BY_ORDER:
		ev_verify_cancelled(zone, pid);
		break;
	case VERDICT_BY_START:
		ev_verify_not_started(zone, r->trouble);
		break;
	case VERDICT_BY_NOTHING:
	case VERDICT_BY_LOSS:
		if (r->facts.has_started)
			ev_verify_lost(zone, pid);
		else
			ev_verify_lost_early(zone);
		break;
	case VERDICT_BY_CONF:	/* the supervisor says so */
	case VERDICT_BY_FEED:	/* was said when it broke */
		break;
	}
}

static struct verdict_of_run
run_judge(const struct verify_run *r)
{
	struct verdict_of_run end = verdict_judge(&r->facts);
	if (r->is_stale && end.verdict == VERDICT_FAIL)
		end.cause = VERDICT_BY_CONF;
	return end;
}

static void
run_finish(struct verify_run *r)
{
	if (r->is_done)
		return;
	r->is_done = true;
	r->ended_ms = clock_mono_ms();
	feed_stop(&r->feed);
	struct verify_result result = { .end = run_judge(r),
		.verifier = r->spec.verifier, .pid = r->pid,
		.reason = r->reason };
	if (r->facts.has_started)
		result.duration_ms = r->ended_ms - r->started_ms;
	if (r->output != NULL) {
		output_finish(r->output);
		result.output = output_text(r->output, &result.output_len);
		result.output_is_cut = output_is_cut(r->output);
	}
	reason_write(r, &result.end);
	end_log(r, &result.end);
	r->calls->on_end(r->arg, r, &result);	/* r may be gone now */
}

static void
run_on_finish(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	run_finish(arg);
}

/* From within the start: the result comes from the loop. */
static void
run_fail_start(struct verify_run *r, const char *step, int error)
{
	snprintf(r->trouble, sizeof(r->trouble), "%s: %s", step,
	    strerror(error));
	event_active(r->finish, EV_TIMEOUT, 0);
}

static void
run_on_fed(void *arg, enum feed_end how)
{
	struct verify_run *r = arg;
	feed_stop(&r->feed);
	if (how != FEED_BROKEN)
		return;
	ev_verify_feed_broken(r->spec.zone, r->spec.request.serial);
	r->facts.is_feed_broken = true;
	r->calls->send_cancel(r->arg, r->spec.request.run);
}

/* Our ends of the pipes; each is taken over by what it is given to. */
static bool
run_attach(struct verify_run *r, struct event_base *loop, struct run_pipes *p)
{
	int fd_out = p->out[0], fd_err = p->err[0], fd_in = p->in[1];
	p->out[0] = p->err[0] = -1;
	if (output_start(loop, r->spec.zone, fd_out, fd_err,
	    r->spec.output_max, &r->output) != OK)
		return false;
	if (r->spec.feed.kind == VERIFY_FEED_NONE)
		return true;
	p->in[1] = -1;
	return feed_start(loop, fd_in, &r->spec.feed, run_on_fed, r,
	    &r->feed) == OK;
}

static void
run_launch(struct verify_run *r, struct event_base *loop)
{
	struct run_pipes p;
	if (!pipes_open(&p, r->spec.feed.kind)) {
		run_fail_start(r, "pipe", errno);
		pipes_close(&p);
		return;
	}
	if (!run_attach(r, loop, &p)) {
		run_fail_start(r, "pipe", ENOMEM);
		pipes_close(&p);
		return;
	}
	const int far[3] = { p.in[0], p.out[1], p.err[1] };
	bool is_sent = r->calls->send_start(r->arg, &r->spec.request, far);
	int error = errno;
	/* Ours must go: the end of the feed and of the output is seen only
	 * when the verifier alone holds them. r may be gone if it was sent. */
	pipes_close(&p);
	if (!is_sent)
		run_fail_start(r, "supervisor", error);
}

enum err
verify_run_start(struct event_base *loop, const struct verify_run_spec *s,
    const struct verify_run_calls *calls, void *arg, struct verify_run **run)
{
	struct verify_run *r = calloc(1, sizeof(*r));
	if (r == NULL)
		return ERR_MEMORY;
	r->spec = *s;
	r->calls = calls;
	r->arg = arg;
	r->finish = event_new(loop, -1, 0, run_on_finish, r);
	if (r->finish == NULL) {
		free(r);
		return ERR_MEMORY;
	}
	*run = r;
	run_launch(r, loop);
	return OK;
}

void
verify_run_started(struct verify_run *r, pid_t pid, unsigned timeout_s)
{
	if (r->is_done || r->facts.has_started)
		return;
	r->facts.has_started = true;
	r->pid = pid;
	r->started_ms = clock_mono_ms();
	if (timeout_s > 0)
		ev_verify_started_timed(r->spec.zone, (int)pid, timeout_s);
	else
		ev_verify_started(r->spec.zone, (int)pid);
}

void
verify_run_ended(struct verify_run *r, int wait_status, bool is_timed_out)
{
	if (r->is_done)
		return;
	r->facts.has_ended = true;
	r->facts.wait_status = wait_status;
	r->facts.is_timed_out = is_timed_out;
	run_finish(r);
}

void
verify_run_not_started(struct verify_run *r, const char *why)
{
	if (r->is_done)
		return;
	r->facts.has_started = false;
	snprintf(r->trouble, sizeof(r->trouble), "%s", why);
	run_finish(r);
}

void
verify_run_stale(struct verify_run *r)
{
	r->is_stale = true;
	verify_run_not_started(r, "the configuration has changed");
}

void
verify_run_lost(struct verify_run *r)
{
	if (r->is_done)
		return;
	r->facts.is_lost = true;
	r->facts.has_ended = false;
	run_finish(r);
}

void
verify_run_cancel(struct verify_run *r)
{
	if (r->is_done || r->facts.is_cancelled)
		return;
	r->facts.is_cancelled = true;
	r->calls->send_cancel(r->arg, r->spec.request.run);
}

bool
verify_run_is_running(const struct verify_run *r)
{
	return r->facts.has_started && !r->is_done;
}

uint64_t
verify_run_number(const struct verify_run *r)
{
	return r->spec.request.run;
}

void
verify_run_free(struct verify_run **r)
{
	if (*r == NULL)
		return;
	event_free((*r)->finish);
	feed_stop(&(*r)->feed);
	output_free(&(*r)->output);
	free(*r);
	*r = NULL;
}
