/* region.h - one reserved range of addresses for zone memory.
 *
 * The range is cut into chunks of 2 MiB, each of which is either out of use
 * (no access, no memory) or in use (readable, writable unless sealed). What
 * lies in it is named by 32-bit references in units of 8 octets from its
 * start; reference 0 names nothing. All forks of the process that reserved it
 * see it at the same address. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define REGION_CHUNK_OCTETS ((size_t)2 << 20)
#define REGION_UNIT 8
#define REGION_MAX_OCTETS ((size_t)32 << 30)
#define REGION_UNITS_PER_CHUNK ((uint32_t)(REGION_CHUNK_OCTETS / REGION_UNIT))

struct region {
	uint8_t *base;		/* aligned to a chunk */
	uint32_t chunks;	/* in the whole range */
	uint32_t in_use;
	uint32_t lowest_free;	/* no chunk below it is free */
	uint8_t *states;	/* per chunk, heap */
	bool is_next_small;	/* the next chunk has small pages */
	void *mapped;		/* what munmap needs */
	size_t mapped_octets;
};

/* Reserves addresses, no memory. octets is rounded up to whole chunks. */
MUST_CHECK enum err region_reserve(struct region *r, size_t octets);
void region_release(struct region *r);

/* Takes n chunks in a row, zeroed and writable. ERR_FULL when the range has no
 * such row, ERR_MEMORY when the system refuses. Chunk 0 is never given out. */
MUST_CHECK enum err region_take(struct region *r, uint32_t n,
    uint32_t *first);
/* Gives them back: their memory is free at once and any access faults. */
void region_give(struct region *r, uint32_t first, uint32_t n);

/* Puts memory under the next free chunks, for so many octets, on another core
 * while the caller reads what will stand there: half of a start is the
 * system's clearing of pages. A thread does nothing but touch them; it ends
 * with region_warm_end, which the caller calls before it forks. What is not
 * taken by then holds no memory again. Without success nothing is lost. */
struct region_warmer {
	struct region *region;
	uint32_t first, n;
	atomic_bool is_over;
	bool is_running;
	pthread_t thread;
};
void region_warm_start(struct region_warmer *w, struct region *r,
    size_t octets);
void region_warm_end(struct region_warmer *w);

/* The next chunk taken is made of small pages: for a process that writes a few
 * of them and ends, where clearing a huge page would take most of its time. */
void region_next_small(struct region *r);

/* From now on a write to these chunks faults in this process. */
void region_seal(struct region *r, uint32_t first, uint32_t n);
MUST_CHECK bool region_unseal(struct region *r, uint32_t first, uint32_t n);
/* The same for all that is in use: one system call. */
void region_seal_all(struct region *r);
bool region_is_sealed(const struct region *r, uint32_t chunk);
bool region_is_in_use(const struct region *r, uint32_t chunk);
/* For chunks that are not in use: no memory, no access. */
void region_empty(struct region *r, uint32_t first, uint32_t n);

static inline void *
region_at(const struct region *r, uint32_t ref)
{
	return r->base + (size_t)ref * REGION_UNIT;
}

static inline uint32_t
region_chunk_of(uint32_t ref)
{
	return ref / REGION_UNITS_PER_CHUNK;
}
