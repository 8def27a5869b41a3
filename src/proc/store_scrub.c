/* store_scrub.c - is the memory of the published zones what was published?
 * Runs in: store, and in a child that reads. Before a publication a large zone
 * is not read whole (store_publish.c): that is done here, behind it. What has
 * been altered is not repaired but thrown away: the store ends, and the next
 * one loads from state-dir. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "proc/store.h"

#define SCRUB_NICE 10
#define SOON_MS 1000		/* behind a publication */
#define PERIOD_MS 3600000	/* without one; also behind a start, so that a
				 * zone that is wrong in state-dir does not end
				 * one store after the other */
#define REST 20			/* times as long as it took, at least */
#define EXIT_ALTERED 3
#define FLUSH_MS 1000

/* One child at a time. */
static struct {
	struct event *timer;
	pid_t pid;		/* 0: none */
	bool is_wanted;		/* something was published since it began */
	int64_t started_ms, rest_until_ms;
} scrub;

static _Noreturn void
scrub_main(struct store *s)
{
	zonedb_seal(s->db);
	setpriority(PRIO_PROCESS, 0, SCRUB_NICE);
	for (uint32_t id = 0; id < s->has_zone_limit; id++) {
		const struct zone_version *v = s->has_zone[id] ?
		    zonedb_current(s->db, id) : NULL;
		if (v == NULL || zone_is_as_recorded(s->db, v))
			continue;
		ev_store_altered(s->d->zones[id]->name, zone_serial(v));
		_exit(EXIT_ALTERED);
	}
	_exit(0);
}

static void
wait_ms(int64_t ms)
{
	struct timeval t = { ms / 1000, ms % 1000 * 1000 };
	evtimer_add(scrub.timer, &t);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct store *s = arg;
	(void)fd;
	(void)what;
	wait_ms(PERIOD_MS);
	if (scrub.pid != 0 || !s->is_loaded)
		return;
	scrub.is_wanted = false;
	scrub.started_ms = clock_mono_ms();
	pid_t pid = role_fork(ROLE_SCRIBE, 0, NULL, 0);
	if (pid == 0)
		scrub_main(s);
	if (pid == -1)
		ev_system_trouble("fork", strerror(errno));
	else
		scrub.pid = pid;
}

void
store_scrub_start(struct store *s)
{
	scrub.timer = evtimer_new(s->loop, on_timer, s);
	ASSERT(scrub.timer != NULL);
	wait_ms(PERIOD_MS);
}

void
store_scrub_soon(void)
{
	if (scrub.is_wanted)
		return;
	scrub.is_wanted = true;
	if (scrub.pid != 0)
		return;		/* when it has ended */
	int64_t rest = scrub.rest_until_ms - clock_mono_ms();
	wait_ms(rest > SOON_MS ? rest : SOON_MS);
}

bool
store_scrub_reaped(struct store *s, pid_t pid, int status)
{
	if (pid != scrub.pid)
		return false;
	int64_t now = clock_mono_ms();
	scrub.pid = 0;
	scrub.rest_until_ms = now + REST * (now - scrub.started_ms);
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_ALTERED) {
		if (s->xfrd != NULL)
			ipc_flush(s->xfrd, FLUSH_MS);
		_exit(1);
	}
	if (scrub.is_wanted) {
		scrub.is_wanted = false;
		store_scrub_soon();
	}
	return true;
}
