/* recs.c - records of one owner: order, equality.
 * Runs in: store and candidate. */
#include "zone/recs.h"

#include <stdlib.h>
#include <string.h>

#include "dns/name.h"
#include "dns/rdata.h"
#include "zone/sort.h"

bool
recs_add(struct recs *r, const struct rr *rr)
{
	if (r->n == r->room) {
		size_t room = r->room ? r->room * 2 : 16;
		struct rr *more = realloc(r->rr, room * sizeof *more);
		if (more == NULL)
			return false;
		r->rr = more;
		r->room = room;
	}
	r->rr[r->n++] = *rr;
	return true;
}

void
recs_free(struct recs *r)
{
	free(r->rr);
	memset(r, 0, sizeof *r);
}

static bool
is_upper(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

/* Up to the first octet that differs both are the same, so only there case can
 * matter; where neither is an upper-case letter it does not. */
int
rr_order(const void *a, const void *b)
{
	const struct rr *x = a, *y = b;
	size_t i = 0, n = x->rdata_len < y->rdata_len ? x->rdata_len :
	    y->rdata_len;
	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	while (i < n && x->rdata[i] == y->rdata[i])
		i++;
	if (i == n)
		return (int)x->rdata_len - (int)y->rdata_len;
	if (!is_upper(x->rdata[i]) && !is_upper(y->rdata[i]))
		return (int)x->rdata[i] - (int)y->rdata[i];
	return rdata_compare(x->type, x->rdata, x->rdata_len, y->rdata,
	    y->rdata_len);
}

enum err
recs_sort_unique(struct recs *r)
{
	size_t kept = 1, ascents = 1;
	while (ascents < r->n &&
	    rr_order(r->rr + ascents - 1, r->rr + ascents) < 0)
		ascents++;
	if (ascents >= r->n)
		return OK;
	enum err e = sort_stable(r->rr, r->n, sizeof *r->rr, rr_order);
	if (e != OK)
		return e;
	for (size_t i = 1; i < r->n; i++)
		if (rr_order(r->rr + kept - 1, r->rr + i) != 0)
			r->rr[kept++] = r->rr[i];
	r->n = kept;
	return OK;
}

bool
rr_identical(const struct rr *a, const struct rr *b)
{
	return a->type == b->type && a->class == b->class &&
	    a->ttl == b->ttl && a->rdata_len == b->rdata_len &&
	    memcmp(a->rdata, b->rdata, a->rdata_len) == 0 &&
	    name_identical(a->owner, b->owner);
}
