/* shared.c - pages that several processes see: zone states written by xfrd,
 * counters written by each worker, progress of store and candidates.
 * Made by the supervisor before its first fork; sparse until used. */
#include <sys/mman.h>

#include "base/clock.h"
#include "base/hook.h"
#include "proc/daemon.h"
#include "proc/messages.h"

#define STILL_MS 60000
#define BEATS_PER_STILL 12

static void *
pages(size_t octets)
{
	void *p = mmap(NULL, octets, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

bool
shared_create(struct shared *s)
{
	s->zones = pages(sizeof(*s->zones) * MAX_ZONES);
	s->counters = pages(sizeof(uint64_t) * SERVE_COUNTERS * MAX_WORKERS);
	s->progress = pages(sizeof(*s->progress) * (1 + MAX_CANDIDATES));
	if (s->zones == NULL || s->counters == NULL || s->progress == NULL)
		return false;
	for (unsigned i = 0; i <= MAX_CANDIDATES; i++)
		progress_end(&s->progress[i]);
	return true;
}

uint64_t *
shared_counters(const struct shared *s, uint32_t worker)
{
	return s->counters + (size_t)worker % MAX_WORKERS * SERVE_COUNTERS;
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
