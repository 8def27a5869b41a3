/* sup_roles.c - xfrd, store, gate and candidates: their making, their
 * channels to each other, and what is done when one is lost
 * (doc/reliability.md).
 * Runs in: supervisor. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/reap.h"
#include "proc/roles.h"
#include "proc/supervisor.h"

#define QUICK_DEATH_MS 1000
#define START_ATTEMPTS 2

static void role_message(void *arg, struct ipc *c, struct ipc_msg *m);
static void role_gone(void *arg, struct ipc *c, bool is_breach);
static void candidate_message(void *arg, struct ipc *c, struct ipc_msg *m);
static void candidate_gone(void *arg, struct ipc *c, bool is_breach);

/* A new pair between two roles: one end to each. */
static void
connect_roles(struct sup_role *a, struct sup_role *b)
{
	int pair[2];
	if (a->channel == NULL || b->channel == NULL)
		return;
	if (!ipc_pair(pair)) {
		ev_system_trouble("socketpair", strerror(errno));
		return;
	}
	struct msg_channel to_a = { .role = b->role };
	struct msg_channel to_b = { .role = a->role };
	ipc_send_fds(a->channel, channel, &to_a, &pair[0], 1);
	ipc_send_fds(b->channel, channel, &to_b, &pair[1], 1);
}

static size_t
keep_sockets(int *keep, size_t n, const struct sockets *s)
{
	for (unsigned i = 0; i < s->count; i++)
		keep[n++] = s->fds[i];
	return n;
}

/* The descriptors that a role needs besides its channel. */
static size_t
role_keeps(const struct daemon *d, enum role r, int *keep)
{
	size_t n = 0;
	if (r == ROLE_XFRD) {
		keep[n++] = d->notify_pair[1];
		keep[n++] = d->shared.zone_counters;
		n = keep_sockets(keep, n, &d->listening.control);
	} else if (r == ROLE_GATE) {
		n = keep_sockets(keep, n, &d->listening.verify_udp);
		n = keep_sockets(keep, n, &d->listening.verify_tcp);
	} else if (r == ROLE_STORE) {
		n = keep_sockets(keep, n, &d->listening.udp);
		n = keep_sockets(keep, n, &d->listening.tcp);
		n = keep_sockets(keep, n, &d->listening.tls);
		n = keep_sockets(keep, n, &d->listening.verify_udp);
		keep[n++] = d->notify_pair[0];
		keep[n++] = d->shared.zone_counters;
		for (unsigned i = 0; i < MAX_WORKERS; i++) {
			keep[n++] = d->handover[i][0];
			keep[n++] = d->handover[i][1];
		}
	}
	return n;
}

static _Noreturn void
role_run(struct daemon *d, enum role r, int fd)
{
	if (!daemon_enter(d)) {
		ev_system_trouble("chroot or change of user",
		    strerror(errno));
		_exit(1);
	}
	/* After the change of user, which clears it. */
	if (!reap_die_with(d->supervisor, SIGKILL))
		_exit(1);
	if (r == ROLE_XFRD)
		xfrd_main(d, fd);
	else if (r == ROLE_STORE)
		store_main(d, fd);
	else
		gate_main(d, fd);
	_exit(0);
}

static void
on_restart(evutil_socket_t fd, short what, void *arg)
{
	struct sup_role *r = arg;
	(void)fd;
	(void)what;
	if (r->pid == 0 && !r->sup->is_stopping)
		sup_role_start(r->sup, r);
}

static void
restart_later(struct sup_role *r, int64_t ms)
{
	struct timeval t = { ms / 1000, ms % 1000 * 1000 };
	if (r->restart == NULL)
		r->restart = evtimer_new(r->sup->loop, on_restart, r);
	evtimer_add(r->restart, &t);
}

static void
role_connect_all(struct sup *s, struct sup_role *r)
{
	if (r == &s->gate)
		return;
	connect_roles(&s->xfrd, &s->store);
}

void
sup_role_start(struct sup *s, struct sup_role *r)
{
	int pair[2], keep[ROLE_KEEP_MAX];
	if (!ipc_pair(pair)) {
		restart_later(r, 1000);
		return;
	}
	size_t n = role_keeps(s->d, r->role, keep);
	keep[n++] = pair[1];
	pid_t pid = role_fork(r->role, 0, keep, n);
	if (pid == 0)
		role_run(s->d, r->role, pair[1]);
	close(pair[1]);
	if (pid == -1) {
		ev_system_trouble("fork", strerror(errno));
		close(pair[0]);
		restart_later(r, 1000);
		return;
	}
	struct ipc_user user = { role_message, role_gone, r };
	r->pid = pid;
	r->started_ms = clock_mono_ms();
	r->channel = ipc_open(s->loop, pair[0], ROLE_SUPERVISOR, r->role, 0,
	    &user);
	role_connect_all(s, r);
}

/* Its channel has ended: it exits, or is made to. SIGCHLD tells the rest. */
static void
role_gone(void *arg, struct ipc *c, bool is_breach)
{
	struct sup_role *r = arg;
	(void)c;
	ipc_close(&r->channel);
	if (is_breach && r->pid != 0)
		kill(r->pid, SIGKILL);
}

static void
tell_lost(struct sup *s, enum role role, uint32_t number, uint32_t zone,
    bool by_us)
{
	struct msg_lost m = { .role = role, .number = number, .zone = zone,
		.by_us = by_us };
	ipc_send(s->xfrd.channel, lost, &m);
}

void
sup_role_on_exit(struct sup *s, struct sup_role *r, int status)
{
	ipc_close(&r->channel);
	r->pid = 0;
	if (s->is_stopping)
		return;
	if (!s->has_served && WIFEXITED(status) &&
	    WEXITSTATUS(status) == ROLE_EXIT_HOPELESS) {
		s->has_failed = true;
		sup_stop(s);
		return;
	}
	ev_role_lost(role_title(r->role), status);
	sup_candidates_end(s);
	if (r == &s->store) {
		s->has_orphans = true;
		struct progress *p = &s->d->shared.progress[0];
		tell_lost(s, ROLE_STORE, 0, p->zone, false);
		progress_end(p);
		sup_generation_store_gone(s);
	}
	if (r == &s->xfrd)
		progress_end(shared_progress_of_xfrd(&s->d->shared));
	bool is_quick = clock_mono_ms() - r->started_ms < QUICK_DEATH_MS;
	r->quick_deaths = is_quick ? r->quick_deaths + 1 : 0;
	if (!s->has_served && r->quick_deaths > START_ATTEMPTS) {
		ev_start_failed(role_title(r->role));
		s->has_failed = true;
		sup_stop(s);
		return;
	}
	if (r->quick_deaths <= 1)
		sup_role_start(s, r);
	else
		restart_later(r, r->quick_deaths > 5 ? 5000 :
		    r->quick_deaths * 1000);
}

struct sup_candidate *
sup_candidate_find(struct sup *s, uint32_t number)
{
	struct sup_candidate *c = s->candidates;
	while (c != NULL && c->number != number)
		c = c->next;
	return c;
}

int
sup_take_pidfd(const struct sup *s, struct ipc_msg *m)
{
	int fd = m->fd_count == 1 ? m->fds[0] : -1;
	if (fd == -1 || (!reap_pidfd_is_child(fd, s->store.pid) &&
	    !reap_pidfd_is_child(fd, getpid())))
		return -1;
	m->fds[0] = -1;
	return fd;
}

static void
candidate_kill(struct sup_candidate *c)
{
	if (c->pidfd != -1)
		syscall(SYS_pidfd_send_signal, c->pidfd, SIGKILL, NULL, 0);
}

static void
candidate_remove(struct sup *s, struct sup_candidate *c)
{
	for (struct sup_candidate **at = &s->candidates; *at != NULL;
	    at = &(*at)->next) {
		if (*at != c)
			continue;
		*at = c->next;
		break;
	}
	sup_verifier_candidate_gone(s, c->number);
	ipc_close(&c->channel);
	fd_close(&c->pidfd);
	free(c);
}

/* Killed, because one that hangs does not look at its channel. */
void
sup_candidates_end(struct sup *s)
{
	while (s->candidates != NULL) {
		struct sup_candidate *c = s->candidates;
		candidate_kill(c);
		progress_end(shared_progress(&s->d->shared, c->number));
		tell_lost(s, ROLE_CANDIDATE, c->number, ZONE_NONE, true);
		candidate_remove(s, c);
	}
}

/* What it stands still on its death names. */
static void
watch_role(struct sup_role *r, const struct progress *p)
{
	if (r->pid == 0 || !progress_stands_still(p->since_ms))
		return;
	if (p->zone != ZONE_NONE)
		ev_store_stands_still();
	else
		ev_role_stands_still(role_title(r->role));
	kill(r->pid, SIGKILL);
}

/* If we ourselves stood still, for example because all were stopped together,
 * the others show life before they are judged. */
static bool
has_slept(struct sup *s)
{
	struct timeval beat = progress_beat();
	int64_t beat_ms = beat.tv_sec * 1000 + beat.tv_usec / 1000;
	int64_t now = clock_mono_ms(), last = s->watched_ms;
	s->watched_ms = now;
	return last != 0 && now - last > 3 * beat_ms;
}

void
sup_progress_watch(struct sup *s)
{
	struct sup_candidate *next;
	if (has_slept(s))
		return;
	sup_verifier_watch(s);
	watch_role(&s->store, &s->d->shared.progress[0]);
	watch_role(&s->xfrd, shared_progress_of_xfrd(&s->d->shared));
	for (struct sup_candidate *c = s->candidates; c != NULL; c = next) {
		next = c->next;
		const struct progress *p = shared_progress(&s->d->shared,
		    c->number);
		if (!progress_stands_still(p->since_ms))
			continue;
		ev_candidate_stands_still(c->number);
		/* A hung candidate does not look at its channel. */
		candidate_kill(c);
		candidate_gone(c, c->channel, false);
	}
}

/* All or none; -1 in each otherwise. */
static bool
pairs_make(int pairs[][2], unsigned n)
{
	bool is_good = true;
	for (unsigned i = 0; i < n; i++) {
		pairs[i][0] = pairs[i][1] = -1;
		is_good = is_good && ipc_pair(pairs[i]);
	}
	for (unsigned i = 0; i < n && !is_good; i++) {
		fd_close(&pairs[i][0]);
		fd_close(&pairs[i][1]);
	}
	return is_good;
}

/* Each has a row of the progress page to itself; xfrd numbers them so. */
static bool
has_room_for_candidate(const struct sup *s, uint32_t number)
{
	errno = EBUSY;
	for (const struct sup_candidate *c = s->candidates; c != NULL;
	    c = c->next)
		if (c->number % MAX_CANDIDATES == number % MAX_CANDIDATES)
			return false;
	return true;
}

/* The store forks it; all its channels are made here, so that each neighbour
 * learns of its end. */
static void
candidate_make(struct sup *s, uint32_t number)
{
	enum { TO_SUP, TO_XFRD, TO_GATE, DATA, PAIRS };
	int p[PAIRS][2];
	if (!has_room_for_candidate(s, number) || !pairs_make(p, PAIRS)) {
		ev_system_trouble("channels of a candidate", strerror(errno));
		tell_lost(s, ROLE_CANDIDATE, number, ZONE_NONE, true);
		return;
	}
	struct sup_candidate *c = calloc(1, sizeof(*c));
	ASSERT(c != NULL);
	struct ipc_user user = { candidate_message, candidate_gone, c };
	*c = (struct sup_candidate){ .next = s->candidates, .sup = s,
		.number = number, .pidfd = -1 };
	s->candidates = c;
	c->channel = ipc_open(s->loop, p[TO_SUP][0], ROLE_SUPERVISOR,
	    ROLE_CANDIDATE, number, &user);
	struct msg_channel to_cand = { ROLE_CANDIDATE, number };
	struct msg_channel to_cworker = { ROLE_CWORKER, number };
	ipc_send_fds(s->xfrd.channel, channel, &to_cand, &p[TO_XFRD][0], 1);
	ipc_send_fds(s->gate.channel, channel, &to_cworker, &p[DATA][0], 1);
	ipc_send_fds(s->gate.channel, channel, &to_cand, &p[TO_GATE][0], 1);
	int theirs[PAIRS] = { p[TO_SUP][1], p[TO_XFRD][1], p[TO_GATE][1],
		p[DATA][1] };
	struct msg_candidate m = { .number = number };
	ipc_send_fds(s->store.channel, candidate, &m, theirs, PAIRS);
}

/* Its end may be seen before SIGCHLD tells of it. */
static bool
role_has_ended(const struct sup_role *r)
{
	siginfo_t end = { 0 };
	return r->pid != 0 && waitid(P_PID, (id_t)r->pid, &end,
	    WEXITED | WNOHANG | WNOWAIT) == 0 && end.si_pid == r->pid;
}

/* One that ended because the store, xfrd or the gate did has nothing to say
 * against its zones. */
static void
candidate_gone(void *arg, struct ipc *ch, bool is_breach)
{
	struct sup_candidate *c = arg;
	struct sup *s = c->sup;
	(void)ch;
	if (is_breach)
		candidate_kill(c);
	struct progress *p = shared_progress(&s->d->shared, c->number);
	bool by_us = role_has_ended(&s->store) || role_has_ended(&s->xfrd) ||
	    role_has_ended(&s->gate);
	tell_lost(s, ROLE_CANDIDATE, c->number, by_us ? ZONE_NONE : p->zone,
	    by_us);
	progress_end(p);
	candidate_remove(s, c);
}

static void
candidate_message(void *arg, struct ipc *ch, struct ipc_msg *m)
{
	struct sup_candidate *c = arg;
	(void)ch;
	if (m->type == MSG_ready) {
		if (c->pidfd == -1)
			c->pidfd = sup_take_pidfd(c->sup, m);
	} else if (m->type == MSG_verifier_start) {
		sup_verifier_start(c->sup, c, m);
	} else if (m->type == MSG_verifier_stop) {
		const struct msg_verifier_stop *v = m->body;
		sup_verifier_stop(c->sup, c->number, v->run);
	}
}

static void
role_message(void *arg, struct ipc *ch, struct ipc_msg *m)
{
	struct sup_role *r = arg;
	struct sup *s = r->sup;
	(void)ch;
	switch ((int)m->type) {
	case MSG_want_generation:
		sup_generation_ask(s);
		break;
	case MSG_want_candidate: {
		const struct msg_want_candidate *w = m->body;
		candidate_make(s, w->number);
		break;
	}
	case MSG_order:
		sup_order(s, m);
		break;
	case MSG_load_file:
		sup_load_file(s, m);
		break;
	}
}
