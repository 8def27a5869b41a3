/* stats.h - what the workers have counted, beyond the life of each of them:
 * a shared page with a row for each worker number, and a file in memory with
 * a row for each worker and zone.
 *
 * A row has one writer: the worker of that number that serves. It only adds.
 * xfrd reads while they count, and what a reset means stands in rows of its
 * own: what the others were at that moment, to be subtracted. So nothing is
 * lost or counted twice, whoever restarts. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "proc/daemon.h"
#include "serve/counter.h"

/* Behind the rows of the workers: for those that retired and still drain. */
#define STATS_RETIRED MAX_WORKERS
#define STATS_ROWS (MAX_WORKERS + 1)

struct stats_page {
	int64_t booted_us, booted_s;	/* monotonic, wall */
	_Atomic uint64_t db_octets;	/* the store's */
	uint64_t counted[STATS_ROWS][SERVE_COUNTERS];
	int64_t reset_us;		/* xfrd's, as all that follows */
	uint64_t base[STATS_ROWS][SERVE_COUNTERS];
};

/* Before the first fork. False with errno. */
MUST_CHECK bool stats_create(struct shared *s);
/* The rows of this worker by zone id, or null: there is no memory file. */
uint64_t *stats_map_zones(const struct shared *s, uint32_t worker,
    uint32_t zone_limit);
/* What a worker counted after it had retired, when it ends. */
void stats_add_retired(const struct shared *s, const uint64_t *counted);

/* All rows as they are now. */
void stats_read(const struct shared *s, uint64_t rows[STATS_ROWS]
    [SERVE_COUNTERS]);
/* Adds what all workers have counted of the zone since the last reset; with
 * is_reset this is the reset. */
void stats_add_zone(const struct shared *s, uint32_t zone, bool is_reset,
    uint64_t sum[SERVE_COUNTERS]);
