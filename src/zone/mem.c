/* mem.c - blocks of zone memory, counted per chunk.
 * Runs in: store and candidate. */
#include "zone/mem.h"

#include <stdlib.h>
#include <string.h>

enum err
mem_create(struct mem *m, size_t reserve_octets)
{
	memset(m, 0, sizeof *m);
	enum err e = region_reserve(&m->region, reserve_octets);
	if (e != OK)
		return e;
	m->chunks = calloc(m->region.chunks, sizeof *m->chunks);
	if (m->chunks == NULL) {
		region_release(&m->region);
		return ERR_MEMORY;
	}
	return OK;
}

void
mem_destroy(struct mem *m)
{
	free(m->chunks);
	region_release(&m->region);
	memset(m, 0, sizeof *m);
}

void
mem_op_start(struct mem *m, struct mem_op *op, uint32_t owner, uint32_t *open,
    uint32_t *pool_open, uint8_t gen)
{
	memset(op, 0, sizeof *op);
	op->mem = m;
	op->id = ++m->last_op;
	op->owner = owner;
	op->open = open;
	op->pool_open = pool_open;
	op->gen = gen;
}

static uint32_t
ref_of(uint32_t chunk, uint32_t octet)
{
	return chunk * REGION_UNITS_PER_CHUNK + octet / REGION_UNIT;
}

static uint32_t
octet_of(uint32_t ref)
{
	return ref % REGION_UNITS_PER_CHUNK * REGION_UNIT;
}

/* Counting must not fail half-way: without memory for a row the octets stay
 * counted as live, and the next rewrite of the zone finds them. */
static void
tally_add(struct tally *t, uint32_t chunk, size_t octets)
{
	uint32_t i = t->n;
	while (i > 0 && t->rows[i - 1].chunk != chunk)
		i--;
	if (i > 0) {
		t->rows[i - 1].octets += (uint32_t)octets;
		t->octets += octets;
		return;
	}
	if (t->n == t->room) {
		uint32_t room = t->room ? t->room * 2 : 8;
		struct tally_row *rows = realloc(t->rows, room * sizeof *rows);
		if (rows == NULL)
			return;
		t->rows = rows;
		t->room = room;
	}
	t->rows[t->n++] = (struct tally_row){ chunk, (uint32_t)octets };
	t->octets += octets;
}

static void
tally_take(struct tally *t, uint32_t chunk, size_t octets)
{
	for (uint32_t i = t->n; i-- > 0;)
		if (t->rows[i].chunk == chunk) {
			t->rows[i].octets -= (uint32_t)octets;
			t->octets -= octets;
			return;
		}
}

void
tally_free(struct tally *t)
{
	free(t->rows);
	memset(t, 0, sizeof *t);
}

static void
chunk_release(struct mem *m, uint32_t c)
{
	uint32_t run = m->chunks[c].run;
	if (m->chunks[c].is_inherited)
		return;
	region_give(&m->region, c, run);
	memset(m->chunks + c, 0, run * sizeof *m->chunks);
}

static void
live_take(struct mem *m, uint32_t c, uint32_t octets)
{
	struct chunk *k = m->chunks + c;
	/* Counts of chunks that went back as a whole may still come in; what
	 * a pool holds is found by others than its first user. */
	if (k->run == 0 || k->is_pool)
		return;
	k->live -= octets < k->live ? octets : k->live;
	if (k->live != 0)
		return;
	if (k->is_open)
		k->fill = k->mark = 0;
	else
		chunk_release(m, c);
}

static uint32_t
chunk_open(struct mem_op *op, uint32_t n)
{
	struct mem *m = op->mem;
	uint32_t c;
	if (region_take(&m->region, n, &c) != OK)
		return 0;
	m->chunks[c] = (struct chunk){ .owner = op->owner, .op = op->id,
		.run = n, .gen = op->gen };
	if (c + n - 1 > m->highest)
		m->highest = c + n - 1;
	return c;
}

void
mem_close(struct mem *m, uint32_t *open)
{
	uint32_t c = *open;
	*open = 0;
	if (c == 0 || m->chunks[c].run == 0)
		return;
	m->chunks[c].is_open = false;
	live_take(m, c, 0);
}

/* A chunk with room for so many octets, as the open one. */
static uint32_t
chunk_with_room(struct mem_op *op, uint32_t *open, size_t octets)
{
	struct mem *m = op->mem;
	uint32_t c = *open;
	if (c != 0 && m->chunks[c].fill + octets <= REGION_CHUNK_OCTETS &&
	    !region_is_sealed(&m->region, c))
		return c;
	c = chunk_open(op, 1);
	if (c == 0)
		return 0;
	/* Blocks of a chunk that this operation wrote to may be on its list of
	 * blocks to use again: that one stays even if nothing lives there. */
	if (*open != 0 && m->chunks[*open].op == op->id)
		m->chunks[*open].is_open = false;
	else
		mem_close(m, open);
	*open = c;
	m->chunks[c].is_open = true;
	return c;
}

static uint32_t
append(struct mem_op *op, uint32_t c, size_t octets)
{
	struct chunk *k = op->mem->chunks + c;
	uint32_t at = k->fill;
	if (k->op != op->id) {
		k->op = op->id;
		k->mark = at;
	}
	k->fill += (uint32_t)octets;
	k->live += (uint32_t)octets;
	tally_add(&op->taken, c, octets);
	return ref_of(c, at);
}

static uint32_t
reuse(struct mem_op *op, size_t octets)
{
	uint32_t *head = op->freed + octets / REGION_UNIT;
	uint32_t ref = *head, c = region_chunk_of(ref);
	memcpy(head, mem_at(op->mem, ref), sizeof *head);
	op->mem->chunks[c].live += (uint32_t)octets;
	tally_add(&op->taken, c, octets);
	return ref;
}

uint32_t
mem_alloc(struct mem_op *op, size_t octets, void *at)
{
	uint32_t ref, c;
	size_t size = mem_round(octets);
	if (size > MEM_BLOCK_MAX)
		return 0;
	if (size > MEM_LARGE_OCTETS) {
		c = chunk_open(op, (uint32_t)((size + REGION_CHUNK_OCTETS - 1) /
		    REGION_CHUNK_OCTETS));
		ref = c == 0 ? 0 : append(op, c, size);
	} else if (size / REGION_UNIT < MEM_FREE_CLASSES &&
	    op->freed[size / REGION_UNIT] != 0) {
		ref = reuse(op, size);
	} else {
		c = chunk_with_room(op, op->open, size);
		ref = c == 0 ? 0 : append(op, c, size);
	}
	if (ref != 0)
		*(void **)at = mem_at(op->mem, ref);
	return ref;
}

uint32_t
mem_alloc_pool(struct mem_op *op, size_t octets, void *at)
{
	size_t size = mem_round(octets);
	if (size > MEM_LARGE_OCTETS)
		return 0;
	uint32_t c = chunk_with_room(op, op->pool_open, size);
	if (c == 0)
		return 0;
	uint32_t ref = append(op, c, size);
	op->mem->chunks[c].is_pool = true;
	*(void **)at = mem_at(op->mem, ref);
	return ref;
}

bool
mem_is_own(const struct mem_op *op, uint32_t ref)
{
	const struct chunk *k = op->mem->chunks + region_chunk_of(ref);
	if (op->is_tidy)
		return k->gen != MEM_VICTIM;
	return k->op == op->id && octet_of(ref) >= k->mark;
}

bool
mem_writable(struct mem *m, uint32_t ref)
{
	uint32_t c = region_chunk_of(ref);
	if (!region_is_sealed(&m->region, c))
		return true;
	return region_unseal(&m->region, c, m->chunks[c].run);
}

void
mem_retire(struct mem_op *op, uint32_t ref, size_t octets)
{
	size_t size = mem_round(octets);
	uint32_t c = region_chunk_of(ref);
	if (op->is_tidy) {
		live_take(op->mem, c, (uint32_t)size);
		return;
	}
	if (!mem_is_own(op, ref)) {
		tally_add(&op->dead, c, size);
		return;
	}
	/* Not through live_take: the version being made is not yet whole and
	 * its chunks stay. */
	op->mem->chunks[c].live -= (uint32_t)size;
	tally_take(&op->taken, c, size);
	if (size / REGION_UNIT < MEM_FREE_CLASSES) {
		uint32_t *head = op->freed + size / REGION_UNIT;
		memcpy(mem_at(op->mem, ref), head, sizeof *head);
		*head = ref;
	}
}

static void
take_all(struct mem *m, struct tally *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		live_take(m, t->rows[i].chunk, t->rows[i].octets);
	tally_free(t);
}

void
mem_settle(struct mem *m, struct tally *dead)
{
	take_all(m, dead);
}

void
mem_undo(struct mem *m, struct tally *taken)
{
	take_all(m, taken);
}

void
mem_drop_owner(struct mem *m, uint32_t owner)
{
	for (uint32_t c = 1; c <= m->highest; c++)
		if (m->chunks[c].run != 0 && m->chunks[c].owner == owner)
			chunk_release(m, c);
}

void
mem_drop_empty(struct mem *m, uint32_t owner)
{
	for (uint32_t c = 1; c <= m->highest; c++) {
		const struct chunk *k = m->chunks + c;
		if (k->run != 0 && k->owner == owner && k->live == 0 &&
		    !k->is_open)
			chunk_release(m, c);
	}
}

void
mem_drop_pools(struct mem *m, uint32_t owner, uint8_t gen)
{
	for (uint32_t c = 1; c <= m->highest; c++) {
		const struct chunk *k = m->chunks + c;
		if (k->run != 0 && k->owner == owner && k->is_pool &&
		    k->gen == gen)
			chunk_release(m, c);
	}
}

void
mem_inherit(struct mem *m)
{
	for (uint32_t c = 1; c <= m->highest; c++)
		m->chunks[c].is_inherited = m->chunks[c].run != 0;
}

void
mem_seal_full(struct mem *m)
{
	for (uint32_t c = 1; c <= m->highest; c++) {
		struct chunk *k = m->chunks + c;
		if (k->run != 0 && !k->is_open &&
		    !region_is_sealed(&m->region, c))
			region_seal(&m->region, c, k->run);
	}
}

void
mem_sums(const struct mem *m, uint32_t owner, struct mem_sums *s)
{
	memset(s, 0, sizeof *s);
	for (uint32_t c = 1; c <= m->highest; c++) {
		const struct chunk *k = m->chunks + c;
		if (k->run == 0 || k->owner != owner)
			continue;
		s->used += k->fill;
		s->live += k->live;
		if (k->gen != MEM_OLD && !k->is_pool) {
			s->young_used += k->fill;
			s->young_live += k->live;
		}
	}
}
