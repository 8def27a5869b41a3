/* xfrd.c - start, channels, and the turn.
 * Runs in: xfrd. Handlers change machines in memory and put into the journal;
 * at the end of a turn of the loop all of it is one commit, and only then do
 * messages leave that depend on it (doc/architecture.md). */
#include "proc/xfrd.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hook.h"
#include "base/log.h"
#include "proc/roles.h"

#define LOCK_WAIT_MS 3000
#define PRIORITY_MESSAGES 0
#define PRIORITY_WORK 1
#define PRIORITY_TURN 2		/* after all else that is ready */

static struct xfrd xfrd;

uint32_t
xfrd_random(void)
{
	uint32_t v;
	if (getrandom(&v, sizeof(v), 0) != (ssize_t)sizeof(v))
		v = (uint32_t)clock_mono_us();
	return v;
}

void
xzone_touch(struct xzone *z)
{
	if (z->is_dirty)
		return;
	z->is_dirty = true;
	z->next_dirty = z->x->dirty;
	z->x->dirty = z;
	event_active(z->x->turn_event, EV_TIMEOUT, 0);
}

void
xzone_take_acts(struct xzone *z, const struct update_acts *a)
{
	z->acts.ask_ixfr |= a->ask_ixfr;
	z->acts.ask_axfr |= a->ask_axfr;
	z->acts.ask_next |= a->ask_next;
	z->acts.alarm |= a->alarm;
	xzone_touch(z);
}

/* refresh learns where the chain of staged versions ends, and what update's
 * policy wants asked at once. */
static void
ask_as_told(struct xzone *z, const struct update_acts *acts)
{
	uint32_t tip;
	if (update_ask_serial(&z->updates, &tip) && z->is_published &&
	    tip != z->serial)
		refresh_staged(z->refresh, tip);
	else
		refresh_unstaged(z->refresh);
	if (acts->ask_axfr || acts->ask_next)
		refresh_full(z->refresh, acts->ask_next ? -1 :
		    refresh_primary(z->refresh));
	else if (acts->ask_ixfr)
		refresh_now(z->refresh);
}

/* What the commit has made safe to do. */
static void
zone_act(struct xzone *z)
{
	struct update_acts acts = z->acts;
	struct update *u = update_accepted(&z->updates);
	if (acts.alarm)
		ev_zone_needs_operator(z->conf->name, z->serial);
	z->acts = (struct update_acts){ 0 };
	if (u != NULL && !z->is_sent) {
		hook_at("hop-8-committed", z->conf->name);
		xzone_publish(z, u);
	}
	if (z->wants_notify)
		xzone_notify(z);
	if (z->refresh != NULL)
		ask_as_told(z, &acts);
	update_sweep(&z->updates, xbody_drop, z);
	if (z->is_just_staged)
		hook_at("hop-4-staged", z->conf->name);
	z->is_just_staged = false;
	if (update_due(&z->updates) != NULL)
		xzone_due(z);
	xzone_drive(z);
}

void
xfrd_commit(struct xfrd *x)
{
	for (struct xzone *z = x->dirty; z != NULL; z = z->next_dirty)
		xzone_write_updates(z);
	enum err e = journal_commit(x->journal);
	if (e != OK) {
		/* Memory is ahead of the disk: start again from the disk. The
		 * workers go on answering. */
		ev_journal_not_committed(journal_path(x->journal),
		    err_text(e));
		_exit(1);
	}
}

/* A candidate may start while the commit that makes its versions durable still
 * waits for the disk: its verdict is read after that, and if the commit fails
 * or is cut off candidate and versions are gone alike. */
static void
take_staged(struct xfrd *x)
{
	for (struct xzone *z = x->dirty; z != NULL; z = z->next_dirty) {
		if (update_due(&z->updates) == NULL)
			continue;
		z->is_just_staged = true;
		xzone_due(z);
	}
	xfrd_windows(x);
	for (struct xzone *z = x->dirty; z != NULL; z = z->next_dirty)
		if (z->is_just_staged)
			hook_at("hop-4-uncommitted", z->conf->name);
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct xfrd *x = arg;
	(void)fd;
	(void)what;
	take_staged(x);
	xfrd_commit(x);
	struct xzone *dirty = x->dirty;
	x->dirty = NULL;
	while (dirty != NULL) {
		struct xzone *z = dirty;
		dirty = z->next_dirty;
		z->is_dirty = false;
		zone_act(z);
	}
	xfrd_start_loaders(x);
	xfrd_windows(x);
}

uint32_t
xfrd_order(struct xfrd *x, enum order order, int32_t value)
{
	struct msg_order m = { .id = ++x->next_order, .order = order,
		.value = value };
	ipc_send(x->supervisor, order, &m);
	return m.id;
}

static void
on_channel(struct xfrd *x, struct ipc_msg *m)
{
	const struct msg_channel *b = m->body;
	int fd = m->fds[0];
	m->fds[0] = -1;
	if (b->role == ROLE_STORE)
		xfrd_store_channel(x, fd);
	else
		xfrd_candidate_channel(x, b->number, fd);
}

static void
on_conf(struct xfrd *x, struct ipc_msg *m)
{
	const struct msg_conf *b = m->body;
	struct conf *old;
	if (!conf_share_apply(x->d, m->fds[0], b->number, &old) ||
	    !xfrd_zones_configure(x))
		_exit(1);
	conf_destroy(&old);
	xfrd_cookies_configure(x);
	/* The store has them in the message before ours; it is told what the
	 * journal knows of new zones. */
	for (uint32_t id = 0; id < x->zone_limit; id++)
		if (x->zones[id] != NULL)
			xzone_touch(x->zones[id]);
	event_active(x->turn_event, EV_TIMEOUT, 0);
}

static void
on_answer(struct xfrd *x, const struct msg_answer *m)
{
	if (m->id == 0) {	/* SIGHUP: zone files may have changed */
		for (uint32_t id = 0; id < x->zone_limit; id++)
			if (x->zones[id] != NULL)
				xzone_check_file(x->zones[id]);
		return;
	}
	if (!xfrd_file_answer(x, m))
		control_answer(x, m);
}

static void
on_supervisor(void *arg, struct ipc *c, struct ipc_msg *m)
{
	struct xfrd *x = arg;
	(void)c;
	switch ((int)m->type) {
	case MSG_channel:
		on_channel(x, m);
		break;
	case MSG_conf:
		on_conf(x, m);
		break;
	case MSG_lost: {
		const struct msg_lost *b = m->body;
		if (b->role == ROLE_STORE)
			xfrd_store_lost(x, b->zone);
		else
			xfrd_candidate_lost(x, b);
		break;
	}
	case MSG_answer:
		on_answer(x, m->body);
		break;
	case MSG_log:
		ipc_obey_log(m);
		break;
	}
}

/* The end, in order or not: what is not committed was never promised. */
static void
on_supervisor_gone(void *arg, struct ipc *c, bool is_breach)
{
	struct xfrd *x = arg;
	(void)c;
	(void)is_breach;
	for (uint32_t id = 0; id < x->zone_limit; id++)
		if (x->zones[id] != NULL && x->zones[id]->refresh != NULL) {
			x->zones[id]->is_timers_changed = true;
			xzone_write_updates(x->zones[id]);
		}
	if (journal_commit(x->journal) != OK)
		_exit(1);
	control_flush();
	journal_close(&x->journal);
	_exit(0);
}

static void
on_notify(evutil_socket_t fd, short what, void *arg)
{
	struct xfrd *x = arg;
	struct notify_note n;
	(void)what;
	for (int i = 0; i < 256; i++) {
		if (recv(fd, &n, sizeof(n), MSG_DONTWAIT) !=
		    (ssize_t)sizeof(n))
			return;
		n.key[sizeof(n.key) - 1] = '\0';
		xfrd_notify_note(x, &n);
	}
}

/* The audit trail of each zone is cut once an hour, not of all at once. */
static void
trim_trails(struct xfrd *x, int64_t now)
{
	uint32_t turn = x->minutes++ % 60;
	for (uint32_t id = turn; id < x->zone_limit; id += 60)
		if (x->zones[id] != NULL)
			journal_trim_trail(x->journal,
			    x->zones[id]->apex.octets, now, NULL);
	event_active(x->turn_event, EV_TIMEOUT, 0);
}

static void
on_minute(evutil_socket_t fd, short what, void *arg)
{
	struct xfrd *x = arg;
	int64_t now = xfrd_now_s(x), every =
	    x->d->conf->server.zonefiles_write;
	(void)fd;
	(void)what;
	for (uint32_t id = 0; id < x->zone_limit; id++) {
		struct xzone *z = x->zones[id];
		if (z == NULL)
			continue;
		xzone_snapshot_if_due(z);
		if (every > 0 && z->is_file_old && z->conf->request_xfr.n > 0 &&
		    now - z->file_written_s >= every)
			xzone_write_file(z);
	}
	trim_trails(x, now);
}

static void
on_unused_file(void *arg, const char *name)
{
	struct xfrd *x = arg;
	if (spool_remove(x->statedir, name) != OK)
		ev_system_trouble("removal of a file in state-dir", name);
}

static void
open_state(struct xfrd *x)
{
	char why[ERR_WHY_MAX];
	const char *path = daemon_inside(x->d,
	    x->d->conf->server.state_dir);
	if (statedir_open(path, geteuid(), getegid(), &x->statedir, why) !=
	    OK || statedir_lock(x->statedir, LOCK_WAIT_MS, why) != OK) {
		ev_state_trouble(why);
		_exit(ROLE_EXIT_HOPELESS);
	}
	struct journal_settings s = { .directory = path,
		.on_unused_file = on_unused_file, .arg = x };
	if (journal_open(&s, &x->journal, why) != OK) {
		ev_state_trouble(why);
		_exit(ROLE_EXIT_HOPELESS);
	}
	unsigned removed;
	if (spool_clean(x->statedir, journal_uses_file, x->journal,
	    &removed) != OK)
		ev_system_trouble("clearing of state-dir", path);
}

static bool
open_net(struct xfrd *x)
{
	const struct conf_server *s = &x->d->conf->server;
	struct xfr_net_settings net = {
		.tcp_max = (unsigned)s->xfrd_tcp_max,
		.tcp_timeout_s = (unsigned)s->tcp_timeout,
		.tcp_mss = (int)s->outgoing_tcp_mss };
	struct notify_settings notify = { 0 };
	x->net = xfr_net_create(x->loop, &net);
	x->notify_net = notify_net_create(x->loop, &notify);
	return x->net != NULL && x->notify_net != NULL;
}

static void
on_window(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	xfrd_windows(arg);
}

static void
on_beat(evutil_socket_t fd, short what, void *arg)
{
	struct xfrd *x = arg;
	(void)fd;
	(void)what;
	progress_goes_on(shared_progress_of_xfrd(&x->d->shared));
	(void)xfrd_now_s(x);	/* was the clock set? */
}

void
xfrd_main(struct daemon *d, int fd)
{
	struct timeval beat = progress_beat();
	static const struct timeval minute = { 60, 0 };
	struct xfrd *x = &xfrd;
	struct ipc_user user = { on_supervisor, on_supervisor_gone, x };
	x->d = d;
	x->due_end = &x->due;
	/* Answers to the orders of a former xfrd are not ours. */
	x->next_order = xfrd_random() >> 1;
	/* No number of a former xfrd: the store may still hold its windows. */
	x->next_candidate = xfrd_random();
	x->loop = event_base_new();
	ASSERT(x->loop != NULL && event_base_priority_init(x->loop, 3) == 0);
	open_state(x);
	xfrd_cookies_configure(x);
	x->turn_event = event_new(x->loop, -1, 0, on_turn, x);
	x->window_event = evtimer_new(x->loop, on_window, x);
	x->minute_event = event_new(x->loop, -1, EV_PERSIST, on_minute, x);
	ASSERT(x->turn_event != NULL && x->window_event != NULL);
	event_priority_set(x->turn_event, PRIORITY_TURN);
	event_add(x->minute_event, &minute);
	x->window.spacing_s = (int32_t)d->conf->server.xfrd_reload_timeout;
	x->supervisor = ipc_open(x->loop, fd, ROLE_XFRD, ROLE_SUPERVISOR, 0,
	    &user);
	struct event *notify = event_new(x->loop, d->notify_pair[1],
	    EV_READ | EV_PERSIST, on_notify, x);
	ASSERT(notify != NULL && event_add(notify, NULL) == 0);
	if (!open_net(x) || !xfrd_zones_forget(x) ||
	    !xfrd_zones_configure(x) || !control_start(x)) {
		ev_system_trouble("start of xfrd", "out of memory");
		_exit(1);
	}
	struct event *alive = event_new(x->loop, -1, EV_PERSIST, on_beat, x);
	ASSERT(alive != NULL && event_add(alive, &beat) == 0);
	on_beat(-1, 0, x);
	event_base_dispatch(x->loop);
	_exit(1);
}
