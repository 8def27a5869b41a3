/* store.c - the process that owns all zones in memory: start, messages.
 * Runs in: store. It talks to the supervisor and xfrd only; the public sockets
 * pass through it to the workers unread. */
#include "proc/stats.h"
#include "proc/store.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "proc/signals.h"

#define TIDY_BUDGET_US 4000

static struct store store;

static void on_supervisor(void *arg, struct ipc *c, struct ipc_msg *m);
static void on_supervisor_gone(void *arg, struct ipc *c, bool is_breach);
static void on_xfrd(void *arg, struct ipc *c, struct ipc_msg *m);
static void on_xfrd_gone(void *arg, struct ipc *c, bool is_breach);

static void
zone_history(struct store *s, uint32_t id)
{
	const struct conf_zone *z = s->d->zones[id];
	zonedb_set_history(s->db, id, z->store_ixfr && z->ixfr_number > 0,
	    (unsigned)z->ixfr_number,
	    z->ixfr_size > 0 ? (uint64_t)z->ixfr_size : 0);
}

/* Zones of the configuration that the store lacks, and those it has too many.
 */
void
store_configure_zones(struct store *s)
{
	uint32_t limit = s->d->zone_limit;
	if (s->db == NULL)
		return;
	if (limit > s->has_zone_limit) {
		s->has_zone = realloc(s->has_zone, limit);
		ASSERT(s->has_zone != NULL);
		memset(s->has_zone + s->has_zone_limit, 0,
		    limit - s->has_zone_limit);
		s->has_zone_limit = limit;
	}
	for (uint32_t id = 0; id < s->has_zone_limit; id++) {
		const struct conf_zone *z = id < limit ? s->d->zones[id] :
		    NULL;
		if (z == NULL && s->has_zone[id]) {
			zonedb_remove(s->db, id);
			s->has_zone[id] = false;
		} else if (z != NULL && !s->has_zone[id]) {
			if (zonedb_add(s->db, id, z->apex) != OK)
				continue;
			s->has_zone[id] = true;
		}
		if (z != NULL)
			zone_history(s, id);
	}
}

static void
on_hello(struct store *s, const struct msg_hello *m)
{
	static uint8_t key[16];
	if (s->db != NULL && memcmp(key, m->digest_key, 16) != 0) {
		/* Another journal: nothing that is here can be compared. */
		ev_store_other_journal();
		_exit(1);
	}
	if (s->db == NULL) {
		memcpy(key, m->digest_key, 16);
		enum err e = zonedb_create(key, 0, &s->db);
		if (e != OK) {
			ev_system_trouble("zone store", err_text(e));
			_exit(1);
		}
		store_configure_zones(s);
	}
	store_tell_state(s);
}

static void
on_xfrd(void *arg, struct ipc *c, struct ipc_msg *m)
{
	struct store *s = arg;
	(void)c;
	if (m->type == MSG_hello) {
		on_hello(s, m->body);
		return;
	}
	if (s->db == NULL)
		return;
	switch ((int)m->type) {
	case MSG_load:
	case MSG_load_step:
	case MSG_load_commit:
	case MSG_load_end:
		store_load_message(s, m);
		break;
	case MSG_cand_zone:
		store_cand_zone(s, m);
		break;
	case MSG_cand_start:
		store_cand_start(s, m->body);
		break;
	case MSG_publish:
		store_publish_message(s, m);
		break;
	case MSG_write_zone:
		store_write_zone(s, m);
		break;
	}
}

static void
on_xfrd_gone(void *arg, struct ipc *c, bool is_breach)
{
	struct store *s = arg;
	(void)c;
	(void)is_breach;
	ipc_close(&s->xfrd);
	store_load_abort(s);
	store_publish_forget(s);
	store_cand_forget(s);
}

static void
on_channel(struct store *s, struct ipc_msg *m)
{
	const struct msg_channel *b = m->body;
	struct ipc_user user = { on_xfrd, on_xfrd_gone, s };
	if (b->role != ROLE_XFRD)
		return;
	if (s->xfrd != NULL)
		on_xfrd_gone(s, s->xfrd, false);
	s->xfrd = ipc_open(s->loop, m->fds[0], ROLE_STORE, ROLE_XFRD, 0,
	    &user);
	m->fds[0] = -1;
}

static void
on_conf(struct store *s, struct ipc_msg *m)
{
	const struct msg_conf *b = m->body;
	if (!conf_share_apply(s->d, m->fds[0], b->number, NULL)) {
		ev_system_trouble("new configuration", "not understood");
		_exit(1);
	}
	store_configure_zones(s);
	if (s->is_loaded)
		store_want_generation(s);
}

static void
on_supervisor(void *arg, struct ipc *c, struct ipc_msg *m)
{
	struct store *s = arg;
	(void)c;
	switch ((int)m->type) {
	case MSG_channel:
		on_channel(s, m);
		break;
	case MSG_conf:
		on_conf(s, m);
		break;
	case MSG_log:
		ipc_obey_log(m);
		break;
	case MSG_generation:
		store_generation_message(s, m);
		break;
	case MSG_serving:
		store_serving(s, m->body);
		break;
	case MSG_candidate:
		store_cand_fork(s, m);
		break;
	}
}

static void
on_supervisor_gone(void *arg, struct ipc *c, bool is_breach)
{
	(void)arg;
	(void)c;
	(void)is_breach;
	_exit(0);
}

static void
on_child(int sig, void *arg)
{
	pid_t pid;
	int status;
	(void)sig;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		store_reaped(arg, pid, status);
}

void
store_tell_size(const struct store *s)
{
	if (s->db != NULL)
		s->d->shared.stats->db_octets = zonedb_octets(s->db);
}

static void
on_tidy(evutil_socket_t fd, short what, void *arg)
{
	struct store *s = arg;
	struct timeval soon = { 0, 1000 }, later = { 1, 0 };
	(void)fd;
	(void)what;
	bool is_more = s->db != NULL && zonedb_tidy(s->db, TIDY_BUDGET_US);
	store_tell_size(s);
	evtimer_add(s->tidy_timer, is_more ? &soon : &later);
}

/* Who stands still here reads no messages either. */
static void
on_beat(evutil_socket_t fd, short what, void *arg)
{
	struct store *s = arg;
	(void)fd;
	(void)what;
	progress_goes_on(&s->d->shared.progress[0]);
}

void
store_main(struct daemon *d, int fd)
{
	struct timeval beat = progress_beat();
	struct store *s = &store;
	struct ipc_user user = { on_supervisor, on_supervisor_gone, s };
	s->d = d;
	shared_seal_secrets(&d->shared);
	s->loop = event_base_new();
	s->waiting_end = &s->waiting;
	ASSERT(s->loop != NULL);
	s->supervisor = ipc_open(s->loop, fd, ROLE_STORE, ROLE_SUPERVISOR, 0,
	    &user);
	const int signals[] = { SIGCHLD };
	if (!signals_watch(s->loop, signals, 1, on_child, s))
		_exit(1);
	s->tidy_timer = evtimer_new(s->loop, on_tidy, s);
	on_tidy(-1, 0, s);
	store_scrub_start(s);
	struct event *alive = event_new(s->loop, -1, EV_PERSIST, on_beat, s);
	ASSERT(alive != NULL && event_add(alive, &beat) == 0);
	on_beat(-1, 0, s);
	event_base_dispatch(s->loop);
	_exit(1);
}
