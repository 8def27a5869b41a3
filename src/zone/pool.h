/* pool.h - equal RRset data stored once per zone: the delegations of a TLD
 * share their NS sets. Only data seen at least twice is shared; the table is
 * an aid of whoever writes the zone, readers follow references. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "zone/mem.h"

struct pool;

/* zone_octets: how big the zone is about. Null without memory: then nothing
 * is shared. */
struct pool *pool_create(uint64_t zone_octets);
void pool_free(struct pool **p);
/* A reference to a shared block (length in 32 bits, then the data), or 0 when
 * it is better kept with the node. */
uint32_t pool_share(struct pool *p, struct mem_op *op, const uint8_t *data,
    uint32_t len);
