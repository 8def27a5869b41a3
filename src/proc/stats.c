/* stats.c - the pages of what the workers have counted; see stats.h.
 * Runs in: supervisor (creates), worker (adds), xfrd (reads, resets). */
#include "proc/stats.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"

#define ROW_OCTETS (sizeof(uint64_t) * SERVE_COUNTERS)
/* One more than there are workers: what was at the last reset, in one. */
#define ZONE_BASE MAX_WORKERS

static off_t
zone_offset(uint32_t worker, uint32_t zone)
{
	return (off_t)(((uint64_t)worker * MAX_ZONES + zone) * ROW_OCTETS);
}

/* Only what is written to takes memory. Without it there is no counting by
 * zone, and nothing else is missing. */
static void
zones_create(struct shared *s)
{
	int fd = memfd_create("zonestats", MFD_CLOEXEC);
	if (fd == -1 || ftruncate(fd, zone_offset(STATS_ROWS, 0)) == -1) {
		ev_system_trouble("zonestats", strerror(errno));
		fd_close(&fd);
	}
	s->zone_counters = fd;
}

bool
stats_create(struct shared *s)
{
	struct stats_page *p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return false;
	p->booted_us = p->reset_us = clock_mono_us();
	p->booted_s = clock_wall_s();
	s->stats = p;
	zones_create(s);
	return true;
}

uint64_t *
shared_counters(const struct shared *s, uint32_t worker)
{
	return s->stats->counted[worker % MAX_WORKERS];
}

uint64_t *
stats_map_zones(const struct shared *s, uint32_t worker, uint32_t zone_limit)
{
	size_t octets = (size_t)zone_limit * ROW_OCTETS;
	if (octets == 0 || s->zone_counters == -1)
		return NULL;
	void *p = mmap(NULL, octets, PROT_READ | PROT_WRITE, MAP_SHARED,
	    s->zone_counters, zone_offset(worker % MAX_WORKERS, 0));
	if (p == MAP_FAILED) {
		ev_system_trouble("zonestats", strerror(errno));
		return NULL;
	}
	return p;
}

void
stats_add_retired(const struct shared *s, const uint64_t *counted)
{
	for (unsigned i = 0; i < SERVE_COUNTERS; i++)
		if (counted[i] != 0)
			__atomic_fetch_add(&s->stats->counted[STATS_RETIRED]
			    [i], counted[i], __ATOMIC_RELAXED);
}

void
stats_read(const struct shared *s,
    uint64_t rows[STATS_ROWS][SERVE_COUNTERS])
{
	for (unsigned w = 0; w < STATS_ROWS; w++)
		for (unsigned i = 0; i < SERVE_COUNTERS; i++)
			rows[w][i] = __atomic_load_n(
			    &s->stats->counted[w][i], __ATOMIC_RELAXED);
}

/* By reading the file: looking at a page that nobody has written through a
 * mapping would make it. A number is aligned and copied as one. */
static bool
zone_read(const struct shared *s, uint32_t worker, uint32_t zone,
    uint64_t row[SERVE_COUNTERS])
{
	return pread(s->zone_counters, row, ROW_OCTETS,
	    zone_offset(worker, zone)) == (ssize_t)ROW_OCTETS;
}

void
stats_add_zone(const struct shared *s, uint32_t zone, bool is_reset,
    uint64_t sum[SERVE_COUNTERS])
{
	uint64_t all[SERVE_COUNTERS] = { 0 }, row[SERVE_COUNTERS];
	for (uint32_t w = 0; w < MAX_WORKERS; w++) {
		if (!zone_read(s, w, zone, row))
			continue;
		for (unsigned i = 0; i < SERVE_COUNTERS; i++)
			all[i] += row[i];
	}
	bool has_base = zone_read(s, ZONE_BASE, zone, row);
	for (unsigned i = 0; i < SERVE_COUNTERS; i++)
		sum[i] += has_base ? all[i] - row[i] : all[i];
	if (is_reset && pwrite(s->zone_counters, all, sizeof(all),
	    zone_offset(ZONE_BASE, zone)) != (ssize_t)sizeof(all))
		ev_system_trouble("zonestats", strerror(errno));
}
