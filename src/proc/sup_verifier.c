/* sup_verifier.c - verifiers are started here, by the one process that may
 * change the user, each under a keeper of its own; their slots are counted
 * over all candidates.
 * Runs in: supervisor. It builds command and environment from its own
 * configuration and takes only numbers from a candidate. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/hook.h"
#include "base/log.h"
#include "base/reap.h"
#include "proc/supervisor.h"
#include "verify/environment.h"

/* Each holds three descriptors; a candidate has at most 256 zones and asks for
 * one verifier of each at a time. */
#define VERIFIERS_PER_CANDIDATE 1024
/* A keeper needs its grace, and some seconds to see that KILL does nothing. */
#define OVERDUE_MS 10000

static void verifiers_admit(struct sup *s);
static void verifier_stop(struct sup_verifier *v);

static unsigned
core_count(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	return n < 1 ? 1 : (unsigned)n;
}

static unsigned
slot_count(const struct daemon *d)
{
	const struct conf_verify *v = &d->conf->verify;
	return v->verifier_count_is_unset ? 0 : (unsigned)v->verifier_count;
}

static void
on_pool_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	verifiers_admit(arg);
}

bool
sup_verifier_init(struct sup *s)
{
	s->pool_timer = evtimer_new(s->loop, on_pool_timer, s);
	return s->pool_timer != NULL && slots_create(slot_count(s->d),
	    core_count(), &s->slots) == OK;
}

/* Verifiers of zones that are gone end with them. */
void
sup_verifier_configure(struct sup *s)
{
	struct sup_verifier *next;
	slots_set_count(s->slots, slot_count(s->d), core_count());
	for (struct sup_verifier *v = s->verifiers; v != NULL; v = next) {
		uint32_t zone = v->request.zone_id;
		next = v->next;
		if (zone >= s->d->zone_limit || s->d->zones[zone] == NULL)
			verifier_stop(v);
	}
	verifiers_admit(s);
}

static void
verifier_remove(struct sup *s, struct sup_verifier *v)
{
	for (struct sup_verifier **at = &s->verifiers; *at != NULL;
	    at = &(*at)->next) {
		if (*at != v)
			continue;
		*at = v->next;
		break;
	}
	slots_release(s->slots, v->id);
	if (v->readable != NULL)
		event_free(v->readable);
	if (v->is_kept)
		keeper_close(&v->keeper);
	for (int i = 0; i < 3; i++)
		fd_close(&v->fds[i]);
	free(v);
}

static struct msg_verifier_ended
ended(const struct sup_verifier *v, enum verifier_end end)
{
	return (struct msg_verifier_ended){ .run = v->request.run,
		.end = end };
}

/* Once per run; the slot is free from now on, whatever the keeper still has to
 * clear away. */
static void
report_end(struct sup_verifier *v, const struct msg_verifier_ended *m)
{
	if (v->has_ended)
		return;
	v->has_ended = true;
	slots_release(v->sup->slots, v->id);
	struct sup_candidate *c = sup_candidate_find(v->sup, v->candidate);
	if (c != NULL)
		ipc_send(c->channel, verifier_ended, m);
}

static void
take_report(struct sup_verifier *v, const struct keeper_report *r)
{
	struct msg_verifier_ended m = ended(v, VERIFIER_ENDED);
	switch (r->what) {
	case KEEPER_STARTED: {
		struct msg_verifier_started started = { v->request.run,
			r->verifier, v->timeout_s };
		struct sup_candidate *c = sup_candidate_find(v->sup,
		    v->candidate);
		v->pid = r->verifier;
		if (c != NULL)
			ipc_send(c->channel, verifier_started, &started);
		break;
	}
	case KEEPER_NOT_STARTED:
		m.end = VERIFIER_NOT_STARTED;
		spawn_failure_text(&r->failure, m.why);
		report_end(v, &m);
		break;
	case KEEPER_ENDED:
		m.status = r->wait_status;
		m.is_timed_out = r->reason == KEEPER_BY_TIMEOUT;
		if (r->wait_status == KEEPER_STATUS_UNKNOWN)
			m.end = VERIFIER_LOST;
		report_end(v, &m);
		break;
	}
}

static void
on_keeper(evutil_socket_t fd, short what, void *arg)
{
	struct sup_verifier *v = arg;
	struct sup *s = v->sup;
	struct keeper_report r;
	enum err e;
	(void)fd;
	(void)what;
	while ((e = keeper_read(&v->keeper, &r)) == OK)
		take_report(v, &r);
	if (e != ERR_AGAIN) {
		struct msg_verifier_ended m = ended(v, VERIFIER_LOST);
		report_end(v, &m);
		verifier_remove(s, v);
	}
	verifiers_admit(s);
}

static void
fill_run(struct sup *s, struct sup_verifier *v, const struct conf_zone *z,
    struct arena *a, struct keeper_spec *k)
{
	const struct daemon *d = s->d;
	struct verify_env env = { .zone = z->name,
		.feed = v->fds[0] == -1 ? VERIFY_FEED_NONE :
		    z->verifier_feed == FEED_DELTA ? VERIFY_FEED_DELTA :
		    VERIFY_FEED_ZONE,
		.addresses = d->listening.verify_udp.addrs,
		.address_count = d->listening.verify_udp.count,
		.request = &v->request };
	const struct conf_argv *argv = &z->verifier.at[v->request.index];
	k->run.argv = (char *const *)(uintptr_t)argv->argv;
	k->run.env = verify_environment(a, d->environment, &env);
	memcpy(k->run.fds, v->fds, sizeof(k->run.fds));
	if (d->conf->server.chroot != NULL &&
	    d->conf->server.chroot[0] != '\0')
		k->run.chroot = d->conf->server.chroot;
	k->run.directory = daemon_inside(d, d->conf->server.zonesdir);
	k->run.memory_octets = z->verifier_memory > 0 ?
	    (uint64_t)z->verifier_memory : 0;
	k->run.cpu_s = z->verifier_cpu > 0 ? (uint64_t)z->verifier_cpu : 0;
	k->timeout_s = v->timeout_s = (unsigned)z->verifier_timeout;
}

static void
verifier_run(struct sup *s, struct sup_verifier *v)
{
	struct msg_verifier_ended m = ended(v, VERIFIER_NOT_STARTED);
	const struct conf_zone *z = v->request.zone_id < s->d->zone_limit ?
	    s->d->zones[v->request.zone_id] : NULL;
	struct keeper_spec k = { 0 };
	struct spawn_user user;
	struct arena *a = NULL;
	if (v->request.conf_number != s->d->conf_number || z == NULL ||
	    v->request.index >= z->verifier.n) {
		m.end = VERIFIER_STALE_CONF;
		goto out;
	}
	a = arena_create(0);
	ASSERT(a != NULL);
	fill_run(s, v, z, a, &k);
	k.run.user = s->d->has_user ? &s->d->user : NULL;
	if (z->verifier_user != NULL && z->verifier_user[0] != '\0') {
		if (spawn_user_find(z->verifier_user, &user) != OK) {
			snprintf(m.why, sizeof(m.why), "no user %s",
			    z->verifier_user);
			goto out;
		}
		k.run.user = &user;
	}
	if (keeper_start(&k, &v->keeper) != OK) {
		snprintf(m.why, sizeof(m.why), "%s", strerror(errno));
		goto out;
	}
	v->is_kept = true;
	if (v->timeout_s > 0)
		v->overdue_ms = clock_mono_ms() + v->timeout_s * INT64_C(1000)
		    + hook_number("overdue-ms", OVERDUE_MS);
	v->readable = event_new(s->loop, v->keeper.channel,
	    EV_READ | EV_PERSIST, on_keeper, v);
	event_add(v->readable, NULL);
out:
	arena_destroy(&a);
	for (int i = 0; i < 3; i++)
		fd_close(&v->fds[i]);
	if (!v->is_kept) {
		report_end(v, &m);
		verifier_remove(s, v);
	}
}

static void
verifiers_admit(struct sup *s)
{
	int64_t now = clock_mono_ms();
	uint64_t id;
	while (slots_next(s->slots, now, &id)) {
		struct sup_verifier *v = s->verifiers;
		while (v != NULL && v->id != id)
			v = v->next;
		if (v != NULL)
			verifier_run(s, v);
		else
			slots_release(s->slots, id);
	}
	int64_t wake = slots_wake_ms(s->slots, now);
	if (wake >= 0) {
		int64_t left = wake > now ? wake - now : 1;
		struct timeval t = { left / 1000, left % 1000 * 1000 };
		evtimer_add(s->pool_timer, &t);
	}
}

static unsigned
count_of(const struct sup *s, uint32_t candidate)
{
	unsigned n = 0;
	for (const struct sup_verifier *v = s->verifiers; v != NULL;
	    v = v->next)
		n += v->candidate == candidate;
	return n;
}

void
sup_verifier_start(struct sup *s, struct sup_candidate *c, struct ipc_msg *m)
{
	const struct msg_verifier_start *b = m->body;
	if (!verify_request_is_valid(&b->request) || m->fd_count < 2 ||
	    m->fd_count > 3 ||
	    count_of(s, c->number) >= VERIFIERS_PER_CANDIDATE) {
		ev_message_breach(role_title(ROLE_CANDIDATE),
		    role_title(ROLE_SUPERVISOR));
		return;
	}
	struct sup_verifier *v = calloc(1, sizeof(*v));
	ASSERT(v != NULL);
	*v = (struct sup_verifier){ .next = s->verifiers, .sup = s,
		.id = ++s->next_verifier, .candidate = c->number,
		.request = b->request, .fds = { -1, -1, -1 } };
	unsigned skip = 3 - m->fd_count;
	for (unsigned i = 0; i < m->fd_count; i++) {
		v->fds[skip + i] = m->fds[i];
		m->fds[i] = -1;
	}
	s->verifiers = v;
	if (slots_ask(s->slots, v->id, v->request.zone_id, clock_mono_ms()) !=
	    OK) {
		struct msg_verifier_ended e = ended(v, VERIFIER_NOT_STARTED);
		snprintf(e.why, sizeof(e.why), "no slot");
		report_end(v, &e);
		verifier_remove(s, v);
		return;
	}
	verifiers_admit(s);
}

static void
verifier_stop(struct sup_verifier *v)
{
	struct msg_verifier_ended m = ended(v, VERIFIER_LOST);
	if (v->is_kept) {
		keeper_cancel(&v->keeper);
		return;
	}
	report_end(v, &m);
	verifier_remove(v->sup, v);
}

void
sup_verifier_stop(struct sup *s, uint32_t candidate, uint64_t run)
{
	for (struct sup_verifier *v = s->verifiers; v != NULL; v = v->next) {
		if (v->candidate != candidate || v->request.run != run)
			continue;
		verifier_stop(v);
		return;
	}
}

void
sup_verifier_candidate_gone(struct sup *s, uint32_t candidate)
{
	struct sup_verifier *next;
	for (struct sup_verifier *v = s->verifiers; v != NULL; v = next) {
		next = v->next;
		if (v->candidate == candidate)
			verifier_remove(s, v);
	}
	verifiers_admit(s);
}

/* Killed, it leaves its verifier to us: sup_verifier_reaped. */
void
sup_verifier_watch(struct sup *s)
{
	int64_t now = clock_mono_ms();
	for (struct sup_verifier *v = s->verifiers; v != NULL; v = v->next) {
		if (v->overdue_ms == 0 || v->has_ended || now < v->overdue_ms)
			continue;
		v->overdue_ms = 0;
		ev_keeper_stands_still((int)v->pid);
		kill(v->keeper.pid, SIGKILL);
	}
}

/* Whatever fell to us when a keeper was killed: all below us that is neither
 * a role nor a keeper nor a loader, nor one of theirs. */
static void
end_strays(struct sup *s, pid_t verifier)
{
	pid_t spared[1024];
	size_t n = 0;
	spared[n++] = s->xfrd.pid;
	spared[n++] = s->store.pid;
	spared[n++] = s->gate.pid;
	for (struct sup_verifier *v = s->verifiers; v != NULL && n < 900;
	    v = v->next)
		if (v->is_kept)
			spared[n++] = v->keeper.pid;
	for (struct sup_loader *l = s->loaders; l != NULL && n < 950;
	    l = l->next)
		spared[n++] = l->pid;
	/* Workers of a store that was lost have come to us as well: then only
	 * the group is known. */
	if (s->has_orphans)
		kill(-verifier, SIGKILL);
	else
		reap_signal_all(SIGKILL, spared, n);
}

/* A keeper that did not end by itself left its verifier to us. */
void
sup_verifier_reaped(struct sup *s, pid_t pid, int status)
{
	if (WIFEXITED(status))
		return;
	for (struct sup_verifier *v = s->verifiers; v != NULL; v = v->next)
		if (v->is_kept && v->keeper.pid == pid && v->pid > 0) {
			ev_keeper_lost((int)pid);
			end_strays(s, v->pid);
		}
}
