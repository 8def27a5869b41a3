/* changes.c - a chain of deltas as a sorted list of changes (RFC 1995 4).
 * Runs in: store and candidate. Input is a peer's: bounded, never trusted. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "dns/name.h"
#include "dns/rrtype.h"
#include "zone/db.h"
#include "zone/sort.h"

static bool
changes_add(struct changes *c, const struct change *one)
{
	if (c->n == c->room) {
		size_t room = c->room ? c->room * 2 : 64;
		struct change *at = realloc(c->at, room * sizeof *at);
		if (at == NULL)
			return false;
		c->at = at;
		c->room = room;
	}
	c->at[c->n++] = *one;
	return true;
}

void
changes_free(struct changes *c)
{
	free(c->at);
	memset(c, 0, sizeof *c);
}

static int
group_order(const struct change *a, const struct change *b)
{
	if (a->rr.owner != b->rr.owner) {
		int d = name_compare(a->rr.owner, b->rr.owner);
		if (d != 0)
			return d;
	}
	return (int)a->is_nsec3 - (int)b->is_nsec3;
}

/* The sort is stable: changes of one record keep their sequence. */
static int
change_order(const void *a, const void *b)
{
	const struct change *x = a, *y = b;
	int d = group_order(x, y);
	return d != 0 ? d : rr_order(&x->rr, &y->rr);
}

size_t
changes_group(const struct changes *c, size_t i)
{
	size_t n = 1;
	while (i + n < c->n && group_order(c->at + i, c->at + i + n) == 0)
		n++;
	return n;
}

/* The SOA records of a chain: old and new alternate. */
struct chain {
	bool in_adds;
	bool has_soa;
};

static enum err
take_soa(struct changes *c, struct chain *s, const struct rr *rr,
    const struct zone_version *z, struct zone_trouble *t)
{
	uint32_t serial, expected = s->has_soa ? c->to : z->serial;
	if (!name_equal(rr->owner, z->apex) || !rr_soa_serial(rr, &serial)) {
		trouble_set(t, rr, "SOA not at the apex, or malformed");
		return ERR_PEER_INCONSISTENT;
	}
	if (s->in_adds || !s->has_soa) {
		/* The next delta begins. */
		if (serial != expected) {
			trouble_set(t, rr, "starts at serial %u, not at %u",
			    (unsigned)serial, (unsigned)expected);
			return ERR_PEER_INCONSISTENT;
		}
		c->from = s->has_soa ? c->from : serial;
		s->in_adds = false;
		s->has_soa = true;
		return OK;
	}
	c->to = serial;
	c->soa_new = *rr;
	s->in_adds = true;
	return OK;
}

static enum err
take_change(struct changes *c, struct chain *s, const struct rr *rr,
    const struct zone_version *z, struct zone_trouble *t)
{
	if (!s->has_soa) {
		trouble_set(t, rr, "delta does not begin with an SOA");
		return ERR_PEER_INCONSISTENT;
	}
	if (!name_is_at_or_below(rr->owner, z->apex)) {
		c->dropped++;
		return OK;
	}
	struct change one = { .rr = *rr,
		.is_add = s->in_adds,
		.is_nsec3 = record_is_nsec3(rr, z->apex_labels) };
	return changes_add(c, &one) ? OK : ERR_MEMORY;
}

/* The SOA that is stored gives way to the chain's last. */
static enum err
change_soa(struct changes *c, const struct zone_version *z)
{
	struct change old = { 0 }, new = { .rr = c->soa_new, .is_add = true };
	ASSERT(version_soa(z, &old.rr));
	return changes_add(c, &old) && changes_add(c, &new) ? OK : ERR_MEMORY;
}

enum err
changes_read(struct changes *c, const uint8_t *octets, size_t len,
    const struct zone_version *z, struct zone_trouble *t)
{
	struct buf b = buf_reading(octets, len);
	struct chain s = { 0 };
	struct rr rr;
	enum err e = OK;
	memset(c, 0, sizeof *c);
	while (e == OK && buf_left(&b) > 0) {
		if (!rr_take(&b, &rr)) {
			trouble_set(t, NULL, "malformed record in a delta");
			e = ERR_PEER_FORMAT;
		} else if (rr.class != CLASS_IN || rrtype_is_meta(rr.type)) {
			trouble_set(t, &rr,
			    "class or type that stands in no zone");
			e = ERR_PEER_INCONSISTENT;
		} else if (rr.type == TYPE_SOA) {
			e = take_soa(c, &s, &rr, z, t);
		} else {
			e = take_change(c, &s, &rr, z, t);
		}
	}
	if (e == OK && !s.in_adds) {
		trouble_set(t, NULL, "delta ends before its new SOA");
		e = ERR_PEER_INCONSISTENT;
	}
	if (e == OK)
		e = change_soa(c, z);
	if (e == OK)
		e = sort_stable(c->at, c->n, sizeof *c->at, change_order);
	if (e != OK)
		changes_free(c);
	return e;
}

void
merged_clear(struct merged *m)
{
	m->keep.n = m->dels.n = m->adds.n = 0;
}

void
merged_free(struct merged *m)
{
	recs_free(&m->keep);
	recs_free(&m->dels);
	recs_free(&m->adds);
}

/* All changes of one record, from the stored form (or null) on. */
static enum err
merge_record(const struct rr *stored, const struct change *c, size_t n,
    struct merged *m, struct zone_trouble *t)
{
	const struct rr *now = stored;
	for (size_t i = 0; i < n; i++) {
		if (c[i].is_add == (now != NULL)) {
			trouble_set(t, &c[i].rr, c[i].is_add ?
			    "adds a record that is there" :
			    "deletes a record that is not there");
			return ERR_PEER_INCONSISTENT;
		}
		now = c[i].is_add ? &c[i].rr : NULL;
	}
	bool is_same = stored != NULL && now != NULL &&
	    rr_identical(stored, now);
	bool ok = now == NULL || recs_add(&m->keep, is_same ? stored : now);
	if (ok && !is_same && stored != NULL)
		ok = recs_add(&m->dels, stored);
	if (ok && !is_same && now != NULL)
		ok = recs_add(&m->adds, now);
	return ok ? OK : ERR_MEMORY;
}

enum err
merge_owner(const struct recs *old, const struct change *c, size_t n,
    struct merged *m, struct zone_trouble *t)
{
	size_t i = 0, j = 0;
	enum err e = OK;
	merged_clear(m);
	while (e == OK && (i < old->n || j < n)) {
		int d = j == n ? -1 : i == old->n ? 1 :
		    rr_order(old->rr + i, &c[j].rr);
		if (d < 0) {
			e = recs_add(&m->keep, old->rr + i++) ? OK :
			    ERR_MEMORY;
			continue;
		}
		size_t same = 1;
		while (j + same < n &&
		    rr_order(&c[j].rr, &c[j + same].rr) == 0)
			same++;
		e = merge_record(d == 0 ? old->rr + i++ : NULL, c + j, same,
		    m, t);
		j += same;
	}
	return e;
}
