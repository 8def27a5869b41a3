/* pool.c - the table of shared RRset data of one zone.
 * Runs in: store and candidate. A row is a sum and, from the second sight on,
 * a reference. Rows with a reference are never given up: their blocks live as
 * long as the zone's pool chunks. */
#include "zone/pool.h"

#include <stdlib.h>
#include <string.h>

#include "zone/sum.h"

#define PROBES 4

struct pool_row {
	uint32_t sum;
	uint32_t ref;	/* 0: seen once */
};

struct pool {
	uint32_t mask;
	uint32_t turn;		/* which probe gives way next */
	struct pool_row rows[];
};

struct pool *
pool_create(uint64_t zone_octets)
{
	unsigned bits = 10;
	while (bits < 16 && zone_octets >> bits > 4096)
		bits++;
	size_t n = (size_t)1 << bits;
	struct pool *p = calloc(1, sizeof *p + n * sizeof p->rows[0]);
	if (p != NULL)
		p->mask = (uint32_t)n - 1;
	return p;
}

void
pool_free(struct pool **p)
{
	free(*p);
	*p = NULL;
}

static uint32_t
put_block(struct mem_op *op, const uint8_t *data, uint32_t len)
{
	uint8_t *at;
	uint32_t ref = mem_alloc_pool(op, sizeof len + len, &at);
	if (ref == 0)
		return 0;
	memcpy(at, &len, sizeof len);
	memcpy(at + sizeof len, data, len);
	return ref;
}

static bool
block_equals(const struct mem_op *op, uint32_t ref, const uint8_t *data,
    uint32_t len)
{
	const uint8_t *at = mem_at(op->mem, ref);
	return memcmp(at, &len, sizeof len) == 0 &&
	    memcmp(at + sizeof len, data, len) == 0;
}

uint32_t
pool_share(struct pool *p, struct mem_op *op, const uint8_t *data,
    uint32_t len)
{
	uint64_t h = sum_of(data, len);
	uint32_t sum = (uint32_t)(h >> 32) | 1;
	struct pool_row *spare = NULL;
	for (uint32_t i = 0; i < PROBES; i++) {
		struct pool_row *r = p->rows + (((uint32_t)h + i) & p->mask);
		if (r->sum == sum && r->ref == 0)
			return r->ref = put_block(op, data, len);
		if (r->sum == sum && block_equals(op, r->ref, data, len))
			return r->ref;
		if (r->ref == 0 && (spare == NULL || r->sum == 0 ||
		    i == p->turn % PROBES))
			spare = spare != NULL && spare->sum == 0 ? spare : r;
	}
	p->turn++;
	if (spare != NULL)
		spare->sum = sum;
	return 0;
}
