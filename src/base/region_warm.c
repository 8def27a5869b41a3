/* region_warm.c - memory for the chunks that are taken next, made beside the
 * work of the process.
 * Runs in: store, while it loads; the only thread of the program. It writes
 * nothing and reads nothing but its own orders. */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "base/region.h"

static uint8_t *
chunk_at(const struct region *r, uint32_t chunk)
{
	return r->base + (size_t)chunk * REGION_CHUNK_OCTETS;
}

static void *
touch(void *arg)
{
#ifdef MADV_POPULATE_WRITE
	struct region_warmer *w = arg;
	for (uint32_t i = 0; i < w->n && !atomic_load(&w->is_over); i++)
		/* One that is sealed already was faster than we are. */
		(void)madvise(chunk_at(w->region, w->first + i),
		    REGION_CHUNK_OCTETS, MADV_POPULATE_WRITE);
#endif
	return arg;
}

/* Signals are for the process. */
static bool
start_thread(struct region_warmer *w)
{
	sigset_t all, before;
	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
		return false;
	bool is_good = pthread_create(&w->thread, NULL, touch, w) == 0;
	return pthread_sigmask(SIG_SETMASK, &before, NULL) == 0 && is_good;
}

void
region_warm_start(struct region_warmer *w, struct region *r, size_t octets)
{
	memset(w, 0, sizeof *w);
	w->region = r;
	w->first = r->lowest_free;
	while (w->first < r->chunks && region_is_in_use(r, w->first))
		w->first++;
	while (w->first + w->n < r->chunks &&
	    !region_is_in_use(r, w->first + w->n) &&
	    w->n < octets / REGION_CHUNK_OCTETS)
		w->n++;
	if (w->n == 0 || mprotect(chunk_at(r, w->first),
	    w->n * REGION_CHUNK_OCTETS, PROT_READ | PROT_WRITE) != 0) {
		w->n = 0;
		return;
	}
	w->is_running = start_thread(w);
}

void
region_warm_end(struct region_warmer *w)
{
	atomic_store(&w->is_over, true);
	if (w->is_running)
		pthread_join(w->thread, NULL);
	w->is_running = false;
	for (uint32_t c = w->first; c < w->first + w->n; c++)
		if (!region_is_in_use(w->region, c))
			region_empty(w->region, c, 1);
	w->n = 0;
}
