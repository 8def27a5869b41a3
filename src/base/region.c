/* region.c - reserve, take, give back and seal chunks of zone memory.
 * Runs in: store and its forks. A chunk that is not in use has no access and
 * holds no memory; sealing is by whole chunks, never part of a huge page. */
#include "base/region.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { CHUNK_FREE, CHUNK_OPEN, CHUNK_SEALED };

enum err
region_reserve(struct region *r, size_t octets)
{
	memset(r, 0, sizeof *r);
	if (octets == 0 || octets > REGION_MAX_OCTETS)
		octets = REGION_MAX_OCTETS;
	size_t n = (octets + REGION_CHUNK_OCTETS - 1) / REGION_CHUNK_OCTETS;
	if (n < 2)
		n = 2;
	r->states = calloc(n, 1);
	if (r->states == NULL)
		return ERR_MEMORY;
	r->mapped_octets = (n + 1) * REGION_CHUNK_OCTETS;
	r->mapped = mmap(NULL, r->mapped_octets, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (r->mapped == MAP_FAILED) {
		r->mapped = NULL;
		region_release(r);
		return ERR_MEMORY;
	}
	uintptr_t at = (uintptr_t)r->mapped + REGION_CHUNK_OCTETS - 1;
	r->base = (uint8_t *)(at - at % REGION_CHUNK_OCTETS);
	r->chunks = (uint32_t)n;
	r->lowest_free = 1;
#ifdef MADV_HUGEPAGE
	/* Refused where the kernel has none: then small pages do. */
	(void)madvise(r->base, n * REGION_CHUNK_OCTETS, MADV_HUGEPAGE);
#endif
	return OK;
}

void
region_release(struct region *r)
{
	if (r->mapped != NULL)
		munmap(r->mapped, r->mapped_octets);
	free(r->states);
	memset(r, 0, sizeof *r);
}

static uint8_t *
chunk_at(const struct region *r, uint32_t chunk)
{
	return r->base + (size_t)chunk * REGION_CHUNK_OCTETS;
}

/* The first row of n free chunks, or 0. */
static uint32_t
find_row(struct region *r, uint32_t n)
{
	uint32_t run = 0;
	while (r->lowest_free < r->chunks &&
	    r->states[r->lowest_free] != CHUNK_FREE)
		r->lowest_free++;
	for (uint32_t c = r->lowest_free; c < r->chunks; c++) {
		run = r->states[c] == CHUNK_FREE ? run + 1 : 0;
		if (run == n)
			return c - n + 1;
	}
	return 0;
}

enum err
region_take(struct region *r, uint32_t n, uint32_t *first)
{
	uint32_t c = n == 0 ? 0 : find_row(r, n);
	if (c == 0)
		return ERR_FULL;
	if (mprotect(chunk_at(r, c), n * REGION_CHUNK_OCTETS,
	    PROT_READ | PROT_WRITE) != 0)
		return ERR_MEMORY;
#ifdef MADV_NOHUGEPAGE
	if (r->is_next_small)
		(void)madvise(chunk_at(r, c), n * REGION_CHUNK_OCTETS,
		    MADV_NOHUGEPAGE);
#endif
	r->is_next_small = false;
	memset(r->states + c, CHUNK_OPEN, n);
	r->in_use += n;
	*first = c;
	return OK;
}

void
region_next_small(struct region *r)
{
	r->is_next_small = true;
}

void
region_empty(struct region *r, uint32_t first, uint32_t n)
{
	size_t octets = n * REGION_CHUNK_OCTETS;
	(void)madvise(chunk_at(r, first), octets, MADV_DONTNEED);
	(void)mprotect(chunk_at(r, first), octets, PROT_NONE);
}

void
region_give(struct region *r, uint32_t first, uint32_t n)
{
	ASSERT(first > 0 && first + n <= r->chunks);
	region_empty(r, first, n);
	memset(r->states + first, CHUNK_FREE, n);
	r->in_use -= n;
	if (first < r->lowest_free)
		r->lowest_free = first;
}

void
region_seal(struct region *r, uint32_t first, uint32_t n)
{
	/* Sealing guards against our own mistakes: without it data is as
	 * right as before, so a refusal of the system is no error. */
	if (mprotect(chunk_at(r, first), n * REGION_CHUNK_OCTETS,
	    PROT_READ) == 0)
		memset(r->states + first, CHUNK_SEALED, n);
}

bool
region_unseal(struct region *r, uint32_t first, uint32_t n)
{
	if (mprotect(chunk_at(r, first), n * REGION_CHUNK_OCTETS,
	    PROT_READ | PROT_WRITE) != 0)
		return false;
	memset(r->states + first, CHUNK_OPEN, n);
	return true;
}

void
region_seal_all(struct region *r)
{
	if (mprotect(r->base, r->chunks * REGION_CHUNK_OCTETS, PROT_READ) != 0)
		return;
	for (uint32_t c = 0; c < r->chunks; c++)
		if (r->states[c] == CHUNK_OPEN)
			r->states[c] = CHUNK_SEALED;
}

bool
region_is_in_use(const struct region *r, uint32_t chunk)
{
	return r->states[chunk] != CHUNK_FREE;
}

bool
region_is_sealed(const struct region *r, uint32_t chunk)
{
	return r->states[chunk] == CHUNK_SEALED;
}
