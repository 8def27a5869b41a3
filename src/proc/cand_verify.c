/* cand_verify.c - the verifiers of each zone, and its verdict.
 * Runs in: candidate. The verifiers are processes of the supervisor's; here
 * are their pipes and what their ends mean. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hook.h"
#include "base/log.h"
#include "proc/candidate.h"

#define RUNS_PER_ZONE 1024	/* run numbers: zone's part, verifier's part */

static bool
send_start(void *arg, const struct verify_request *r, const int fds[3])
{
	struct cand_zone *z = arg;
	struct msg_verifier_start m = { .request = *r };
	int copies[3];
	unsigned n = 0;
	for (int i = 0; i < 3; i++) {
		if (fds[i] == -1)
			continue;
		copies[n] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
		if (copies[n] == -1) {
			while (n > 0)
				close(copies[--n]);
			return false;
		}
		n++;
	}
	ipc_send_fds(z->c->supervisor, verifier_start, &m, copies, n);
	return true;
}

static void
send_cancel(void *arg, uint64_t run)
{
	struct cand_zone *z = arg;
	struct msg_verifier_stop m = { run };
	ipc_send(z->c->supervisor, verifier_stop, &m);
}

static struct msg_net
net_of(const struct cand_zone *z)
{
	const struct msg_cand_zone *o = &z->in->order;
	return (struct msg_net){ .conf_number =
		z->c->start.d->conf_number, .from = o->from, .to = o->to,
		.digest = *zone_digest(z->version), .is_whole = z->is_whole,
		.net_len = z->net.len };
}

/* The net delta as a descriptor: 1 and *fd, or 0 when none is needed. False
 * when memory is out. */
static bool
net_fd(const struct cand_zone *z, int *fd, unsigned *n)
{
	*n = 0;
	if (z->is_whole)
		return true;
	*fd = fd_memfile("net", z->net.at, z->net.len);
	*n = *fd != -1;
	return *fd != -1;
}

static struct msg_verdict
verdict_of(const struct cand_zone *z)
{
	const struct msg_cand_zone *o = &z->in->order;
	return (struct msg_verdict){ .number = o->number, .zone = o->zone,
		.update = o->update, .net = net_of(z),
		.verdict = VERDICT_FAIL, .exit_code = -1 };
}

static void
send_verdict(struct cand_zone *z, struct msg_verdict *m,
    const uint8_t *output, size_t output_len)
{
	int fd = -1;
	unsigned n = 0;
	if (!cand_is_whole(z->c))
		return;
	if (m->verdict != VERDICT_REJECT && !net_fd(z, &fd, &n)) {
		/* Without the delta it cannot be published. */
		m->verdict = VERDICT_FAIL;
		snprintf(m->reason, sizeof(m->reason),
		    "no memory for the difference");
	}
	m->duration_ms = (uint32_t)(clock_mono_ms() - z->started_ms);
	if (output_len > IPC_INLINE_MAX) {
		output += output_len - IPC_INLINE_MAX;
		output_len = IPC_INLINE_MAX;
	}
	ipc_send_full(z->c->xfrd, MSG_verdict, m, sizeof(*m), output,
	    output_len, &fd, n);
	cand_zone_done(z, z->conf->verify_mode == MODE_REPORT ||
	    (z->conf->verify_mode == MODE_ENFORCE &&
	    m->verdict == VERDICT_PASS));
}

static void
on_verdict(void *arg, struct verify_plan *p,
    const struct verify_plan_result *r)
{
	struct cand_zone *z = arg;
	struct msg_verdict m = verdict_of(z);
	const struct verify_result *decisive = r->decisive;
	const uint8_t *output = NULL;
	size_t output_len = 0;
	(void)p;
	m.verdict = (uint8_t)r->verdict;
	m.verifiers_run = (uint8_t)r->count;
	m.is_stale_conf = z->is_stale_conf;
	if (decisive == NULL && r->count > 0)
		decisive = &r->results[r->count - 1];
	if (decisive != NULL) {
		m.exit_code = decisive->end.exit;
		m.signal = decisive->end.signal;
		m.cause = (uint8_t)decisive->end.cause;
		m.is_timed_out = decisive->end.cause == VERDICT_BY_TIMEOUT;
		snprintf(m.verifier, sizeof(m.verifier), "%s",
		    decisive->verifier);
		snprintf(m.reason, sizeof(m.reason), "%s", decisive->reason);
		output = decisive->output;
		output_len = decisive->output_len;
	}
	send_verdict(z, &m, output, output_len);
}

static enum verify_feed
feed_of(const struct conf_zone *z)
{
	switch (z->verifier_feed) {
	case FEED_ZONE:
		return VERIFY_FEED_ZONE;
	case FEED_DELTA:
		return VERIFY_FEED_DELTA;
	case FEED_NONE:
		break;
	}
	return VERIFY_FEED_NONE;
}

static struct verify_request
request_of(const struct cand_zone *z)
{
	const struct msg_cand_zone *o = &z->in->order;
	struct verify_request r = { .run = (z->c->next_run += RUNS_PER_ZONE),
		.conf_number = z->c->start.d->conf_number,
		.zone_id = o->zone, .attempt = o->attempt, .serial = o->to,
		.previous = o->from, .has_previous = o->is_published,
		.xfr = o->xfr };
	snprintf(r.primary, sizeof(r.primary), "%s", o->primary);
	return r;
}

static void
start_plan(struct cand_zone *z)
{
	static const struct verify_plan_calls calls = { send_start,
		send_cancel, on_verdict };
	size_t n = z->conf->verifier.n;
	z->steps = calloc(n + 1, sizeof(*z->steps));
	ASSERT(z->steps != NULL);
	for (size_t i = 0; i < n; i++)
		z->steps[i] = (struct verify_step){
			.verifier = z->conf->verifier.at[i].name,
			.feed = feed_of(z->conf),
			.output_max = (size_t)z->conf->verifier_output };
	struct verify_plan_spec s = { .zone = z->conf->name,
		.steps = z->steps, .step_count = (unsigned)n,
		.runs_all = z->conf->verify_all, .request = request_of(z),
		.version = z->version,
		.delta = z->in->order.is_published ? z->net.at : NULL,
		.delta_len = z->net.len };
	s.request.run = z->c->next_run;
	enum err e = verify_plan_start(z->c->loop, &s, &calls, z, &z->plan);
	if (e != OK) {
		struct msg_verdict m = verdict_of(z);
		snprintf(m.reason, sizeof(m.reason), "%s", err_text(e));
		send_verdict(z, &m, NULL, 0);
	}
}

static bool
is_known(const struct cand_zone *z)
{
	const struct msg_cand_zone *o = &z->in->order;
	for (unsigned i = 0; i < o->known_count && i < CAND_KNOWN_MAX; i++)
		if (memcmp(&o->known[i], zone_digest(z->version),
		    sizeof(o->known[i])) == 0)
			return true;
	return false;
}

static bool
is_as_before(const struct cand_zone *z)
{
	return z->before != NULL && memcmp(zone_digest(z->before),
	    zone_digest(z->version), sizeof(struct zone_digest)) == 0;
}

static void
say_verifying(struct cand_zone *z)
{
	const struct msg_cand_zone *o = &z->in->order;
	struct msg_verifying v = { .number = o->number, .zone = o->zone,
		.update = o->update, .net = net_of(z) };
	int fd = -1;
	unsigned n = 0;
	if (z->conf->verify_mode == MODE_REPORT)
		v.has_net = net_fd(z, &fd, &n);
	ipc_send_fds(z->c->xfrd, verifying, &v, &fd, n);
}

void
cand_verify(struct cand_zone *z)
{
	struct msg_verdict m = verdict_of(z);
	z->started_ms = clock_mono_ms();
	if (is_as_before(z)) {
		m.is_same = 1;
		snprintf(m.reason, sizeof(m.reason),
		    "it is what is published");
		send_verdict(z, &m, NULL, 0);
		return;
	}
	if (is_known(z)) {
		m.verdict = VERDICT_REJECT;
		m.is_known = 1;
		snprintf(m.reason, sizeof(m.reason),
		    "the same content was kept back before");
		send_verdict(z, &m, NULL, 0);
		return;
	}
	if (z->conf->is_verified) {
		say_verifying(z);
		start_plan(z);
		return;
	}
	/* verify-zone: no. xfrd counts and logs it as unverified. */
	m.verdict = VERDICT_PASS;
	send_verdict(z, &m, NULL, 0);
}

static struct verify_run *
find_run(struct candidate *c, uint64_t run, struct cand_zone **of)
{
	for (struct cand_zone *z = c->zones; z != NULL; z = z->next) {
		struct verify_run *r = z->plan != NULL && !z->is_done ?
		    verify_plan_run(z->plan, run) : NULL;
		*of = z;
		if (r != NULL)
			return r;
	}
	return NULL;
}

static void
run_ended(struct verify_run *r, struct cand_zone *z,
    const struct msg_verifier_ended *b)
{
	switch ((enum verifier_end)b->end) {
	case VERIFIER_ENDED:
		verify_run_ended(r, b->status, b->is_timed_out);
		break;
	case VERIFIER_NOT_STARTED:
		verify_run_not_started(r, b->why);
		break;
	case VERIFIER_STALE_CONF:
		z->is_stale_conf = true;
		verify_run_stale(r);
		break;
	case VERIFIER_LOST:
		verify_run_lost(r);
		break;
	}
}

void
cand_verifier_message(struct candidate *c, struct ipc_msg *m)
{
	struct cand_zone *z;
	/* It stands first in both. */
	struct verify_run *r = find_run(c, *(const uint64_t *)m->body, &z);
	if (r == NULL)
		return;
	cand_begin(z);
	if (m->type == MSG_verifier_started) {
		const struct msg_verifier_started *b = m->body;
		hook_at("hop-7-feeding", z->conf->name);
		verify_run_started(r, b->pid, b->timeout_s);
	} else if (m->type == MSG_verifier_ended) {
		run_ended(r, z, m->body);
	}
	cand_pause(c);
}
