/* shared.c - pages that several processes see: zone states written by xfrd,
 * counters and rates of each worker, progress of store and candidates, secrets.
 * Made by the supervisor before its first fork; sparse until used. */
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/hook.h"
#include "proc/daemon.h"
#include "proc/messages.h"
#include "proc/stats.h"

#define STILL_MS 60000
#define BEATS_PER_STILL 12

static void *
pages(size_t octets)
{
	void *p = mmap(NULL, octets, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

static bool
secrets_create(struct shared *s)
{
	struct cookie_secrets c = { .count = 1 };
	struct shared_secrets *p = pages(sizeof(*p));
	if (p == NULL || getrandom(p->rrl_key, sizeof(p->rrl_key), 0) !=
	    (ssize_t)sizeof(p->rrl_key) || getrandom(p->cookie,
	    sizeof(p->cookie), 0) != (ssize_t)sizeof(p->cookie))
		return false;
	memcpy(c.at[0], p->cookie, sizeof(p->cookie));
	cookie_jar_put(&p->cookies, &c);
	s->secrets = p;
	return true;
}

void
shared_seal_secrets(const struct shared *s)
{
	/* Who cannot seal them does not write them either. */
	(void)!mprotect(s->secrets, sizeof(*s->secrets), PROT_READ);
}

bool
shared_create(struct shared *s, size_t rrl_size, unsigned workers)
{
	s->rrl_size = rrl_size;
	s->rrl_tables = workers;
	s->rrl = pages(sizeof(*s->rrl) * rrl_size * workers);
	s->zones = pages(sizeof(*s->zones) * MAX_ZONES);
	s->progress = pages(sizeof(*s->progress) * (2 + MAX_CANDIDATES));
	if (s->rrl == NULL || s->zones == NULL || s->progress == NULL ||
	    !stats_create(s) || !secrets_create(s))
		return false;
	for (unsigned i = 0; i < 2 + MAX_CANDIDATES; i++)
		progress_end(&s->progress[i]);
	return true;
}

struct rrl_bucket *
shared_rrl(const struct shared *s, uint32_t worker)
{
	return s->rrl + worker % s->rrl_tables * s->rrl_size;
}

struct progress *
shared_progress_of_xfrd(const struct shared *s)
{
	return &s->progress[1 + MAX_CANDIDATES];
}

struct progress *
shared_progress(const struct shared *s, uint32_t candidate)
{
	return &s->progress[1 + candidate % MAX_CANDIDATES];
}

void
progress_begin(struct progress *p, uint32_t zone, uint64_t update)
{
	p->update = update;
	p->since_ms = clock_mono_ms();
	p->zone = zone;
}

void
progress_goes_on(struct progress *p)
{
	p->zone = ZONE_NONE;
	p->since_ms = clock_mono_ms();
}

void
progress_end(struct progress *p)
{
	p->zone = ZONE_NONE;
	p->since_ms = 0;
	p->worker_since_ms = 0;
}

static int64_t
still_ms(void)
{
	return hook_number("still-ms", STILL_MS);
}

bool
progress_stands_still(int64_t since_ms)
{
	return since_ms != 0 && clock_mono_ms() - since_ms >= still_ms();
}

struct timeval
progress_beat(void)
{
	int64_t ms = still_ms() / BEATS_PER_STILL;
	return (struct timeval){ ms / 1000, ms % 1000 * 1000 };
}
