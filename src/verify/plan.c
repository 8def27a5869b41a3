/* plan.c - the verifiers of one version, one after the other.
 * Runs in: candidate. Every step counts as FAIL until it has a result of its
 * own, so a plan that ends early can never be a PASS. */
#include "verify/plan.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

struct verify_plan {
	struct event_base *loop;
	struct verify_plan_spec spec;
	const struct verify_plan_calls *calls;
	void *arg;
	struct event *next;	/* start of a step, from the loop */
	struct verify_step *steps;
	struct verify_run **runs;	/* kept to the end for their output */
	struct verify_result *results;
	enum verdict *verdicts;
	unsigned at;		/* the step under way, or the next one */
	bool is_under_way;	/* runs[at] has no result yet */
	bool is_cancelled;
	bool is_done;
};

static bool
plan_send_start(void *arg, const struct verify_request *r, const int fds[3])
{
	struct verify_plan *p = arg;
	return p->calls->send_start(p->arg, r, fds);
}

static void
plan_send_cancel(void *arg, uint64_t run)
{
	struct verify_plan *p = arg;
	p->calls->send_cancel(p->arg, run);
}

static const struct verify_result *
plan_decisive(const struct verify_plan *p, enum verdict v)
{
	for (unsigned i = 0; v != VERDICT_PASS && i < p->at; i++)
		if (p->verdicts[i] == v)
			return &p->results[i];
	return NULL;
}

static void
plan_finish(struct verify_plan *p)
{
	p->is_done = true;
	struct verify_plan_result r = {
		.verdict = verdict_of_all(p->verdicts, p->spec.step_count),
		.count = p->at, .results = p->results };
	r.decisive = plan_decisive(p, r.verdict);
	p->calls->on_verdict(p->arg, p, &r);	/* p may be gone now */
}

static void
plan_on_end(void *arg, struct verify_run *r, const struct verify_result *result)
{
	struct verify_plan *p = arg;
	(void)r;
	p->results[p->at] = *result;
	p->verdicts[p->at] = result->end.verdict;
	p->at++;
	p->is_under_way = false;
	bool goes_on = p->at < p->spec.step_count && !p->is_cancelled &&
	    (p->spec.runs_all || result->end.verdict == VERDICT_PASS);
	if (goes_on)
		event_active(p->next, EV_TIMEOUT, 0);
	else
		plan_finish(p);
}

static const struct verify_run_calls plan_run_calls = {
	.send_start = plan_send_start,
	.send_cancel = plan_send_cancel,
	.on_end = plan_on_end,
};

static void
plan_step(struct verify_plan *p)
{
	const struct verify_step *step = &p->steps[p->at];
	struct verify_run_spec s = { .zone = p->spec.zone,
		.verifier = step->verifier, .request = p->spec.request,
		.feed = { .kind = step->feed, .zone = p->spec.version,
			.delta = p->spec.delta,
			.delta_len = p->spec.delta_len },
		.output_max = step->output_max };
	s.request.run += p->at;
	s.request.index = p->at;
	p->is_under_way = true;
	if (verify_run_start(p->loop, &s, &plan_run_calls, p,
	    &p->runs[p->at]) == OK)
		return;
	p->is_under_way = false;
	ev_verify_not_started(p->spec.zone, strerror(ENOMEM));
	plan_finish(p);
}

static void
plan_on_next(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct verify_plan *p = arg;
	if (p->is_done || p->is_under_way)
		return;
	if (p->spec.step_count == 0)
		ev_verify_none(p->spec.zone);
	if (p->is_cancelled || p->at == p->spec.step_count)
		plan_finish(p);
	else
		plan_step(p);
}

static bool
plan_allocate(struct verify_plan *p)
{
	size_t n = p->spec.step_count > 0 ? p->spec.step_count : 1;
	p->steps = calloc(n, sizeof(*p->steps));
	p->runs = calloc(n, sizeof(*p->runs));
	p->results = calloc(n, sizeof(*p->results));
	p->verdicts = calloc(n, sizeof(*p->verdicts));	/* VERDICT_FAIL */
	p->next = event_new(p->loop, -1, 0, plan_on_next, p);
	return p->steps != NULL && p->runs != NULL && p->results != NULL &&
	    p->verdicts != NULL && p->next != NULL;
}

enum err
verify_plan_start(struct event_base *loop, const struct verify_plan_spec *s,
    const struct verify_plan_calls *calls, void *arg, struct verify_plan **plan)
{
	_Static_assert(VERDICT_FAIL == 0, "what is not known is FAIL");
	struct verify_plan *p = calloc(1, sizeof(*p));
	if (p == NULL)
		return ERR_MEMORY;
	p->loop = loop;
	p->spec = *s;
	p->calls = calls;
	p->arg = arg;
	if (!plan_allocate(p)) {
		verify_plan_free(&p);
		return ERR_MEMORY;
	}
	if (s->step_count > 0)
		memcpy(p->steps, s->steps, s->step_count * sizeof(*p->steps));
	event_active(p->next, EV_TIMEOUT, 0);
	*plan = p;
	return OK;
}

struct verify_run *
verify_plan_run(struct verify_plan *p, uint64_t run)
{
	if (!p->is_under_way || verify_run_number(p->runs[p->at]) != run)
		return NULL;
	return p->runs[p->at];
}

bool
verify_plan_position(const struct verify_plan *p, unsigned *index,
    bool *is_running)
{
	if (!p->is_under_way)
		return false;
	*index = p->at;
	*is_running = verify_run_is_running(p->runs[p->at]);
	return true;
}

void
verify_plan_cancel(struct verify_plan *p)
{
	p->is_cancelled = true;
	if (p->is_under_way)
		verify_run_cancel(p->runs[p->at]);
}

void
verify_plan_free(struct verify_plan **plan)
{
	struct verify_plan *p = *plan;
	if (p == NULL)
		return;
	for (unsigned i = 0; p->runs != NULL && i < p->spec.step_count; i++)
		verify_run_free(&p->runs[i]);
	if (p->next != NULL)
		event_free(p->next);
	free(p->steps);
	free(p->runs);
	free(p->results);
	free(p->verdicts);
	free(p);
	*plan = NULL;
}
