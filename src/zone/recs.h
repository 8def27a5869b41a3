/* recs.h - growing arrays of records that point into other octets. */
#pragma once
#include <stddef.h>

#include "base/err.h"
#include "dns/rr.h"

struct recs {
	struct rr *rr;
	size_t n, room;
};

MUST_CHECK bool recs_add(struct recs *r, const struct rr *rr);
void recs_free(struct recs *r);
/* Ascending type, then canonical rdata (RFC 4034 6.3): 0 means the same
 * record, given the same owner. */
int rr_order(const void *a, const void *b);
/* Stable; of same records only the first stays. */
MUST_CHECK enum err recs_sort_unique(struct recs *r);
/* The same octet by octet, and the same TTL. */
bool rr_identical(const struct rr *a, const struct rr *b);
