/* mem.h - blocks of zone memory: from which chunk they come, how much of each
 * chunk is still reached, when a chunk goes back.
 *
 * Blocks are appended to an open chunk and never moved or freed one by one.
 * Per chunk the octets that are live are counted; a chunk that is no longer
 * open and has none goes back. Chunks have an owner: the number of the build
 * of a big zone, or 0 for those that small zones share.
 *
 * All changes run inside an operation (mem_op): blocks made by it may be
 * edited and used again, those made before it may not. What it took and what
 * it made unreachable is tallied, so that it can be settled (the new version
 * became current) or undone (it was given up). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/region.h"

/* A block above this has chunks of its own. */
#define MEM_LARGE_OCTETS ((size_t)1 << 20)
/* No block may be larger (nodes are refused before that). */
#define MEM_BLOCK_MAX ((size_t)1 << 30)
#define MEM_FREE_CLASSES 96

enum mem_gen {
	MEM_OLD,	/* written by a build or a whole rewrite */
	MEM_YOUNG,	/* written by patches since then */
	MEM_VICTIM,	/* being emptied */
	MEM_NEW		/* written since the emptying began */
};

struct chunk {
	uint32_t live;	/* octets reached */
	uint32_t fill;	/* octets given out from its start */
	uint32_t owner;
	uint32_t op;	/* the last operation that appended here ... */
	uint32_t mark;	/* ... and where it began */
	uint32_t run;	/* chunks in a row from here; 0: not a first one */
	uint8_t gen;	/* enum mem_gen */
	bool is_pool;	/* shared RRset data: counted as a whole */
	bool is_open;
	bool is_inherited; /* by a fork that reads old versions: stays */
};

struct mem {
	struct region region;
	struct chunk *chunks;
	uint32_t highest;	/* no chunk above was ever in use */
	uint32_t last_op;
	uint32_t last_owner;
	uint32_t shared_open;	/* open chunk of the small zones */
};

struct tally_row {
	uint32_t chunk;
	uint32_t octets;
};

struct tally {
	struct tally_row *rows;
	uint32_t n, room;
	uint64_t octets;	/* in all */
};

struct mem_op {
	struct mem *mem;
	uint32_t id;
	uint32_t owner;
	uint32_t *open;		/* the open chunk to append to; 0: none */
	uint32_t *pool_open;	/* the same for shared RRset data */
	uint8_t gen;		/* of chunks that it opens */
	bool is_tidy;		/* settles at once, edits all but victims */
	uint32_t freed[MEM_FREE_CLASSES]; /* own blocks to use again, by size */
	struct tally taken, dead;
};

MUST_CHECK enum err mem_create(struct mem *m, size_t reserve_octets);
void mem_destroy(struct mem *m);

void mem_op_start(struct mem *m, struct mem_op *op, uint32_t owner,
    uint32_t *open, uint32_t *pool_open, uint8_t gen);
/* Returns the reference and where it is, or 0 when there is no memory. The
 * octets are not cleared. */
MUST_CHECK uint32_t mem_alloc(struct mem_op *op, size_t octets, void *at);
MUST_CHECK uint32_t mem_alloc_pool(struct mem_op *op, size_t octets,
    void *at);
/* The block is not reached by the version being made. */
void mem_retire(struct mem_op *op, uint32_t ref, size_t octets);
/* May this operation edit the block in place? */
bool mem_is_own(const struct mem_op *op, uint32_t ref);
/* Lifts the seal of the block's chunk, if any. */
MUST_CHECK bool mem_writable(struct mem *m, uint32_t ref);

/* The version is current now: what it does not reach is dead. */
void mem_settle(struct mem *m, struct tally *dead);
/* The version is given up: what it took is dead. */
void mem_undo(struct mem *m, struct tally *taken);
void tally_free(struct tally *t);

/* All chunks of an owner go back at once. */
void mem_drop_owner(struct mem *m, uint32_t owner);
/* Those where nothing lives; no operation may be under way. */
void mem_drop_empty(struct mem *m, uint32_t owner);
/* Those of its pool chunks that are of this generation. */
void mem_drop_pools(struct mem *m, uint32_t owner, uint8_t gen);
/* No longer the open one; goes back if nothing lives there. */
void mem_close(struct mem *m, uint32_t *open);
/* What is in use now does not go back, whatever dies in it. */
void mem_inherit(struct mem *m);
/* Seals what is full. */
void mem_seal_full(struct mem *m);

/* Sums over the chunks of an owner. */
struct mem_sums {
	uint64_t used, live, young_used, young_live;
};
void mem_sums(const struct mem *m, uint32_t owner, struct mem_sums *s);

static inline void *
mem_at(const struct mem *m, uint32_t ref)
{
	return region_at(&m->region, ref);
}

static inline size_t
mem_round(size_t octets)
{
	return (octets + REGION_UNIT - 1) & ~(size_t)(REGION_UNIT - 1);
}
