/* candidate.c - the dress rehearsal of a window: start, channels, end.
 * Runs in: candidate. All that it inherited is sealed; what it builds dies
 * with it. */
#include "proc/candidate.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hook.h"
#include "base/log.h"
#include "base/reap.h"

/* What xfrd does not take by then it does not take: less than the time after
 * which we count as hanging. */
#define FLUSH_MS 30000
#define LOST_MS 100

static struct candidate candidate;

static void
on_supervisor_gone(void *arg, struct ipc *c, bool is_breach)
{
	(void)arg;
	(void)c;
	(void)is_breach;
	_exit(0);
}

static void
on_lost_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	_exit(1);
}

/* No verdict can come of this any more. The supervisor ends us, if it was not
 * for our zones; otherwise we end a moment later, and that is. */
static void
cand_lost(struct candidate *c)
{
	static const struct timeval later = { 0, LOST_MS * 1000 };
	if (c->is_lost)
		return;
	c->is_lost = true;
	event_base_once(c->loop, -1, EV_TIMEOUT, on_lost_timer, c, &later);
}

static void
on_gone(void *arg, struct ipc *ch, bool is_breach)
{
	struct candidate *c = arg;
	(void)is_breach;
	ipc_close(ch == c->xfrd ? &c->xfrd : &c->gate);
	cand_lost(c);
}

bool
cand_is_whole(struct candidate *c)
{
	if (c->worker != 0 && waitpid(c->worker, NULL, WNOHANG) != 0) {
		c->worker = 0;
		cand_lost(c);
	}
	return !c->is_lost;
}

void
cand_begin(struct cand_zone *z)
{
	progress_begin(z->c->progress, z->in->order.zone,
	    z->in->order.update);
}

void
cand_pause(struct candidate *c)
{
	progress_goes_on(c->progress);
}

/* That a loop turns shows that none of its handlers hangs. */
static void
on_beat(evutil_socket_t fd, short what, void *arg)
{
	struct candidate *c = arg;
	(void)fd;
	(void)what;
	cand_pause(c);
	if (c->worker == 0 ||
	    !progress_stands_still(c->progress->worker_since_ms))
		return;
	ev_candidate_worker_stands_still(c->start.number);
	kill(c->worker, SIGKILL);	/* its channel tells the rest */
}

static void
watch_start(struct candidate *c)
{
	struct timeval beat = progress_beat();
	struct event *e = event_new(c->loop, -1, EV_PERSIST, on_beat, c);
	ASSERT(e != NULL && event_add(e, &beat) == 0);
}

static void
on_worker_gone(void *arg, struct ipc *ch, bool is_breach)
{
	struct candidate *c = arg;
	(void)ch;
	(void)is_breach;
	ipc_close(&c->to_worker);
	cand_lost(c);
}

/* The supervisor does not know the worker. */
static void
obey_log(struct candidate *c, const struct ipc_msg *m)
{
	struct msg_worker_log w = { *(const struct msg_log *)m->body };
	int copy = m->fd_count == 1 ? fcntl(m->fds[0], F_DUPFD_CLOEXEC, 3) :
	    -1;
	ipc_send_fds(c->to_worker, worker_log, &w, &copy, copy != -1);
	ipc_obey_log(m);
}

static void
on_supervisor(void *arg, struct ipc *c, struct ipc_msg *m)
{
	(void)c;
	if (m->type == MSG_log)
		obey_log(arg, m);
	else
		cand_verifier_message(arg, m);
}

static void
on_silent(void *arg, struct ipc *c, struct ipc_msg *m)
{
	(void)arg;
	(void)c;
	(void)m;
}

static struct ipc *
open_channel(struct candidate *c, int fd, enum role peer)
{
	struct ipc_user user = { peer == ROLE_SUPERVISOR ? on_supervisor :
		on_silent, peer == ROLE_SUPERVISOR ? on_supervisor_gone :
		on_gone, c };
	return ipc_open(c->loop, fd, ROLE_CANDIDATE, peer, 0, &user);
}

static void
say_ready(struct candidate *c)
{
	struct msg_ready m = { .number = c->start.number };
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	ipc_send_fds(c->supervisor, ready, &m, &pidfd, pidfd == -1 ? 0 : 1);
}

static void
finish_if_done(struct candidate *c)
{
	for (struct cand_zone *z = c->zones; z != NULL; z = z->next)
		if (!z->is_done)
			return;
	if (c->is_lost)
		return;
	ipc_flush(c->xfrd, FLUSH_MS);
	ipc_flush(c->gate, 100);
	_exit(0);
}

static void
on_finish(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	finish_if_done(arg);
}

void
cand_zone_done(struct cand_zone *z, bool is_let_out)
{
	static const struct timeval at_once = { 0, 0 };
	struct msg_gate_release m = { .number = z->c->start.number,
		.zone = z->in->order.zone, .is_let_out = is_let_out };
	z->is_done = true;
	ipc_send(z->c->gate, gate_release, &m);
	event_base_once(z->c->loop, -1, EV_TIMEOUT, on_finish, z->c,
	    &at_once);
}

static void
add_zones(struct candidate *c)
{
	const struct daemon *d = c->start.d;
	for (struct candidate_zone *in = c->start.zones; in != NULL;
	    in = in->next) {
		const struct conf_zone *conf = in->order.zone < d->zone_limit ?
		    d->zones[in->order.zone] : NULL;
		if (conf == NULL)
			continue;
		struct cand_zone *z = calloc(1, sizeof(*z));
		ASSERT(z != NULL);
		*z = (struct cand_zone){ .next = c->zones, .c = c, .in = in,
			.conf = conf };
		c->zones = z;
	}
}

/* The zones that verifiers will look at. */
static unsigned
zones_to_show(struct candidate *c, struct cworker_zone **zones)
{
	unsigned n = 0;
	for (struct cand_zone *z = c->zones; z != NULL; z = z->next)
		n++;
	*zones = calloc(n + 1, sizeof(**zones));
	ASSERT(*zones != NULL);
	n = 0;
	for (struct cand_zone *z = c->zones; z != NULL; z = z->next)
		if (!z->is_done && z->conf->is_verified)
			(*zones)[n++] = (struct cworker_zone){
				.id = z->in->order.zone,
				.before = z->before };
	return n;
}

/* In messages of bounded length. */
static void
tell_gate(struct candidate *c, const struct cworker_zone *zones, unsigned n)
{
	static uint32_t ids[IPC_INLINE_MAX / sizeof(uint32_t)];
	const unsigned most = sizeof(ids) / sizeof(*ids);
	struct msg_gate_zones m = { c->start.number };
	for (unsigned i = 0; i < n; i++) {
		ids[i % most] = zones[i].id;
		if (i % most == most - 1 || i == n - 1)
			ipc_send_payload(c->gate, gate_zones, &m, ids,
			    (i % most + 1) * sizeof(*ids));
	}
}

/* The worker is forked when every zone stands as it will be judged. */
static void
start_worker(struct candidate *c)
{
	const struct sockets *v = &c->start.d->listening.verify_udp;
	struct cworker_zone *zones;
	int pair[2], keep[MAX_SOCKETS + 2];
	unsigned n_keep = 0, n = zones_to_show(c, &zones);
	if (n == 0 || v->count == 0)
		goto out;
	if (!ipc_pair(pair))
		_exit(1);	/* verifiers would find nobody to ask */
	for (unsigned i = 0; i < v->count; i++)
		keep[n_keep++] = v->fds[i];
	keep[n_keep++] = c->start.data;
	keep[n_keep++] = pair[0];
	struct cworker_start w = { .d = c->start.d, .db = c->start.db,
		.number = c->start.number, .data = c->start.data,
		.candidate = pair[0], .zones = zones, .zone_count = n };
	c->worker = role_fork(ROLE_CWORKER, c->start.number, keep, n_keep);
	if (c->worker == 0)
		cworker_main(&w);
	if (c->worker == -1)
		_exit(1);
	fd_close(&pair[0]);
	c->progress->worker_since_ms = clock_mono_ms();
	struct ipc_user user = { on_silent, on_worker_gone, c };
	c->to_worker = ipc_open(c->loop, pair[1], ROLE_CANDIDATE,
	    ROLE_CWORKER, c->start.number, &user);
	tell_gate(c, zones, n);
out:
	free(zones);
}

/* What was refused is no longer there to be seen. */
static void
apply(struct cand_zone *z)
{
	struct zonedb *db = z->c->start.db;
	uint32_t id = z->in->order.zone;
	z->before = zonedb_current(db, id);
	z->is_done = !cand_apply(z);
	if (z->is_done && zonedb_current(db, id) != z->before)
		zonedb_show_inherited(db, id, z->before);
}

void
candidate_main(const struct candidate_start *start)
{
	struct candidate *c = &candidate;
	c->start = *start;
	if (!reap_die_with(start->store, SIGKILL))
		_exit(1);
	zonedb_seal_inherited(start->db);
	c->loop = event_base_new();
	ASSERT(c->loop != NULL);
	c->progress = shared_progress(&start->d->shared, start->number);
	cand_pause(c);
	c->supervisor = open_channel(c, start->to_supervisor,
	    ROLE_SUPERVISOR);
	c->xfrd = open_channel(c, start->to_xfrd, ROLE_XFRD);
	c->gate = open_channel(c, start->to_gate, ROLE_GATE);
	say_ready(c);
	add_zones(c);
	for (struct cand_zone *z = c->zones; z != NULL; z = z->next) {
		cand_begin(z);
		hook_at("hop-6-patching", z->conf->name);
		apply(z);
	}
	cand_pause(c);
	hook_at("hop-6-applied", NULL);
	start_worker(c);
	fd_close(&c->start.data);
	for (struct cand_zone *z = c->zones; z != NULL; z = z->next) {
		cand_begin(z);
		if (!z->is_done)
			cand_verify(z);
	}
	cand_pause(c);
	watch_start(c);
	hook_at("hop-7-verifying", NULL);
	finish_if_done(c);
	event_base_dispatch(c->loop);
	_exit(1);
}
