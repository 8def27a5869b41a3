/* sup_generation.c - the generations of workers and the hand-over between
 * them (doc/architecture.md, Hand-over).
 * Runs in: supervisor. New workers wait until the old ones have stopped
 * reading, so that no two versions answer at the same time; queries wait in
 * the sockets' buffers meanwhile. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/hook.h"
#include "base/log.h"
#include "proc/supervisor.h"

#define CONFIRM_MS 200
#define DRAINING_MAX 64

static void worker_message(void *arg, struct ipc *c, struct ipc_msg *m);
static void worker_gone(void *arg, struct ipc *c, bool is_breach);

static struct sup_worker *
worker_add(struct sup *s, uint32_t generation, uint32_t number, int fd)
{
	struct sup_worker *w = calloc(1, sizeof(*w));
	ASSERT(w != NULL);
	*w = (struct sup_worker){ .next = s->workers, .sup = s,
		.generation = generation, .number = number,
		.state = WORKER_STARTING, .pidfd = -1 };
	struct ipc_user user = { worker_message, worker_gone, w };
	w->channel = ipc_open(s->loop, fd, ROLE_SUPERVISOR, ROLE_WORKER,
	    number, &user);
	s->workers = w;
	sup_tls_hand_out(s, w);
	return w;
}

static void
worker_signal(struct sup_worker *w, int sig)
{
	if (w->pidfd != -1)
		syscall(SYS_pidfd_send_signal, w->pidfd, sig, NULL, 0);
}

static void
worker_remove(struct sup *s, struct sup_worker *w)
{
	for (struct sup_worker **at = &s->workers; *at != NULL;
	    at = &(*at)->next) {
		if (*at != w)
			continue;
		*at = w->next;
		break;
	}
	ipc_close(&w->channel);
	fd_close(&w->pidfd);
	free(w);
}

/* Asks the store to fork workers first .. first + count - 1. */
static void
workers_order(struct sup *s, uint32_t generation, uint32_t first,
    uint32_t count)
{
	int theirs[MAX_WORKERS];
	struct msg_generation m = { .generation = generation, .first = first };
	for (uint32_t i = 0; i < count; i++) {
		int pair[2];
		if (!ipc_pair(pair)) {
			ev_system_trouble("socketpair", strerror(errno));
			break;
		}
		worker_add(s, generation, first + i, pair[0]);
		theirs[m.count++] = pair[1];
	}
	ipc_send_fds(s->store.channel, generation, &m, theirs, m.count);
}

/* A hand-over that has begun comes to its end first: its new workers would
 * never be told to read. */
void
sup_generation_ask(struct sup *s)
{
	s->is_asked_for = s->is_switching;
	if (s->is_switching)
		return;
	s->store_has_forked = true;
	s->generation++;
	workers_order(s, s->generation, 0, daemon_worker_count(s->d));
}

static bool
all_in_state(const struct sup *s, uint32_t generation, enum worker_state st)
{
	bool any = false;
	for (const struct sup_worker *w = s->workers; w != NULL; w = w->next) {
		if (w->generation != generation)
			continue;
		if (w->state != st)
			return false;
		any = true;
	}
	return any;
}

static bool
any_retiring(const struct sup *s)
{
	for (const struct sup_worker *w = s->workers; w != NULL; w = w->next)
		if (w->state == WORKER_RETIRING)
			return true;
	return false;
}

static struct sup_worker *
oldest_draining(const struct sup *s, unsigned *count)
{
	struct sup_worker *oldest = NULL;
	*count = 0;
	for (struct sup_worker *w = s->workers; w != NULL; w = w->next) {
		if (w->state != WORKER_DRAINING)
			continue;
		++*count;
		if (oldest == NULL || w->generation < oldest->generation)
			oldest = w;
	}
	return oldest;
}

/* Too many old workers with slow transfers: the oldest go. */
static void
limit_draining(struct sup *s)
{
	unsigned n;
	struct sup_worker *w;
	while ((w = oldest_draining(s, &n)) != NULL && n > DRAINING_MAX) {
		ev_draining_worker_ended(w->number, w->generation);
		worker_signal(w, SIGKILL);
		worker_remove(s, w);
	}
}

static void
switch_finish(struct sup *s)
{
	s->is_switching = false;
	evtimer_del(s->switch_timer);
	struct msg_go go = { s->generation };
	for (struct sup_worker *w = s->workers; w != NULL; w = w->next) {
		if (w->generation == s->generation &&
		    worker_state_fire(&w->state, ON_WORKER_LET_GO) == OK)
			ipc_send(w->channel, go, &go);
	}
	struct msg_serving m = { s->generation };
	ipc_send(s->store.channel, serving, &m);
	if (!s->has_served)
		sup_serves(s);
	limit_draining(s);
	if (s->is_asked_for)
		sup_generation_ask(s);
}

static void
switch_check(struct sup *s)
{
	if (s->is_switching && !any_retiring(s))
		switch_finish(s);
}

static void
on_switch_timer(evutil_socket_t fd, short what, void *arg)
{
	struct sup *s = arg;
	(void)fd;
	(void)what;
	struct sup_worker *next;
	for (struct sup_worker *w = s->workers; w != NULL; w = next) {
		next = w->next;
		if (w->state != WORKER_RETIRING)
			continue;
		ev_worker_does_not_stop(w->number, w->generation);
		worker_signal(w, SIGKILL);
		worker_remove(s, w);
	}
	switch_check(s);
}

/* Who takes the connections of a worker: the new one of its number, or, when
 * server-count is lower now, one that there is. */
static uint32_t
heir_of(const struct sup *s, uint32_t number)
{
	uint32_t count = 0;
	for (const struct sup_worker *w = s->workers; w != NULL; w = w->next)
		count += w->generation == s->generation;
	return count == 0 || number < count ? number : number % count;
}

static void
order_retirement(struct sup *s, struct sup_worker *w)
{
	struct msg_retire m = { s->generation };
	uint32_t heir = heir_of(s, w->number);
	int fd = heir == w->number ? -1 : fcntl(s->d->handover[heir][0],
	    F_DUPFD_CLOEXEC, 3);
	ipc_send_fds(w->channel, retire, &m, &fd, fd != -1);
}

static void
switch_start(struct sup *s)
{
	static const struct timeval limit = { 0, CONFIRM_MS * 1000 };
	if (s->switch_timer == NULL)
		s->switch_timer = evtimer_new(s->loop, on_switch_timer, s);
	s->is_switching = true;
	hook_at("hop-9-switch", NULL);
	for (struct sup_worker *w = s->workers; w != NULL; w = w->next) {
		if (w->generation != s->generation &&
		    worker_state_fire(&w->state, ON_WORKER_REPLACED) == OK)
			order_retirement(s, w);
	}
	evtimer_add(s->switch_timer, &limit);
	switch_check(s);
}

static void
worker_ready(struct sup_worker *w, struct ipc_msg *m)
{
	struct sup *s = w->sup;
	if (worker_state_fire(&w->state, ON_WORKER_SEALED) != OK)
		return;
	w->pidfd = sup_take_pidfd(s, m);
	if (w->generation != s->generation)
		return;
	bool is_repair = false;
	for (struct sup_worker *o = s->workers; o != NULL; o = o->next)
		if (o->generation == w->generation &&
		    o->state == WORKER_SERVING)
			is_repair = true;
	if (is_repair) {
		struct msg_go go = { w->generation };
		if (worker_state_fire(&w->state, ON_WORKER_LET_GO) == OK)
			ipc_send(w->channel, go, &go);
	} else if (all_in_state(s, s->generation, WORKER_READY)) {
		switch_start(s);
	}
}

static void
worker_message(void *arg, struct ipc *c, struct ipc_msg *m)
{
	struct sup_worker *w = arg;
	(void)c;
	if (m->type == MSG_ready) {
		worker_ready(w, m);
	} else if (m->type == MSG_stopped &&
	    worker_state_fire(&w->state, ON_WORKER_STOPPED) == OK) {
		switch_check(w->sup);
	}
}

static bool
has_worker(const struct sup *s, uint32_t generation, uint32_t number)
{
	const struct sup_worker *w = s->workers;
	while (w != NULL && (w->generation != generation ||
	    w->number != number))
		w = w->next;
	return w != NULL;
}

static void
on_missing(evutil_socket_t fd, short what, void *arg)
{
	struct sup *s = arg;
	(void)fd;
	(void)what;
	s->is_refilling = false;
	if (s->is_stopping || s->store.channel == NULL || !s->store_has_forked)
		return;
	for (uint32_t i = 0; i < daemon_worker_count(s->d); i++)
		if (!has_worker(s, s->generation, i))
			workers_order(s, s->generation, i, 1);
}

/* One that could not even start is tried again in a second: whatever it lacked
 * would be lacking at once again. */
static void
refill_later(struct sup *s)
{
	static const struct timeval pause = { 1, 0 };
	if (s->is_refilling)
		return;
	s->is_refilling = true;
	event_base_once(s->loop, -1, EV_TIMEOUT, on_missing, s, &pause);
}

/* A worker of the present generation is forked again at the published
 * version; an old one has done its work. */
static void
worker_gone(void *arg, struct ipc *c, bool is_breach)
{
	struct sup_worker *w = arg;
	struct sup *s = w->sup;
	(void)c;
	uint32_t generation = w->generation, number = w->number;
	enum worker_state state = w->state;
	if (is_breach)
		worker_signal(w, SIGKILL);
	worker_remove(s, w);
	if (s->is_stopping)
		return;
	if (generation == s->generation && state != WORKER_RETIRING &&
	    state != WORKER_DRAINING) {
		ev_worker_lost(number, generation);
		/* A new store that still loads has nothing to fork from; its
		 * first generation replaces the lost one too. */
		if (state == WORKER_STARTING)
			refill_later(s);
		else if (s->store.channel != NULL && s->store_has_forked)
			workers_order(s, generation, number, 1);
	}
	switch_check(s);
}

/* Old workers that were told to stop do stop: then the new ones, which need no
 * store, take over. Workers that were still being made are given up; the new
 * store asks for a generation of its own. */
void
sup_generation_store_gone(struct sup *s)
{
	s->store_has_forked = s->is_asked_for = false;
	if (s->is_switching)
		return;
	struct sup_worker *next;
	for (struct sup_worker *w = s->workers; w != NULL; w = next) {
		next = w->next;
		if (w->state != WORKER_STARTING && w->state != WORKER_READY)
			continue;
		worker_signal(w, SIGKILL);
		worker_remove(s, w);
	}
}

void
sup_workers_end(struct sup *s)
{
	while (s->workers != NULL) {
		worker_signal(s->workers, SIGTERM);
		worker_remove(s, s->workers);
	}
}
