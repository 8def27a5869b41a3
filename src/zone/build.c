/* build.c - a version from the records of a whole zone.
 * Runs in: store and candidate. Input is a peer's: bounded, never trusted.
 *
 * Each owner's records are packed and the maps are written from left to right,
 * every block once. Input in canonical order (a snapshot, most transfers) is
 * written as it is read. At the first owner out of order that is given up: the
 * input is cut into groups of neighbours with the same owner, the groups are
 * sorted, and written then. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "dns/name.h"
#include "dns/rrtype.h"
#include "zone/db.h"
#include "zone/node.h"
#include "zone/sort.h"

/* Neighbouring records with the same owner that belong to the same map. */
struct group {
	const uint8_t *at;
	uint32_t n;
};

struct groups {
	struct group *at;
	size_t n, room;
};

/* One of the two maps on its way. */
struct map {
	struct trie_builder *builder;
	struct node_writer writer;
	struct recs records;	/* of the owner at hand */
	struct twig root;
};

struct build {
	struct zonedb *db;
	struct zone_slot *slot;
	const uint8_t *octets;
	size_t len;
	struct mem_op op;
	struct pending made;	/* open chunks and pool */
	struct map map[2];	/* main, nsec3 */
	struct groups groups[2];
	bool take_digest;
	bool is_opt_out;	/* an NSEC3 has the flag */
	digest_sum digest;
	uint64_t records, nodes, wire_octets, dropped;
	struct zone_trouble *trouble;
};

static enum err
refuse(struct build *b, const struct rr *rr, const char *why)
{
	trouble_set(b->trouble, rr, "%s", why);
	return ERR_PEER_INCONSISTENT;
}

static bool
groups_add(struct groups *g, const uint8_t *record)
{
	if (g->n == g->room) {
		size_t room = g->room ? g->room * 2 : 32;
		struct group *at = realloc(g->at, room * sizeof *at);
		if (at == NULL)
			return false;
		g->at = at;
		g->room = room;
	}
	g->at[g->n++] = (struct group){ record, 1 };
	return true;
}

/* May the record stand in this zone? *drop: it is outside. */
static enum err
admit(struct build *b, const struct rr *rr, bool is_first, bool *drop)
{
	const struct zone_slot *s = b->slot;
	*drop = false;
	if (is_first && (rr->type != TYPE_SOA ||
	    !name_equal(rr->owner, s->apex)))
		return refuse(b, rr, "the zone does not begin with its SOA");
	if (rr->class != CLASS_IN)
		return refuse(b, rr, "class is not IN");
	if (rrtype_is_meta(rr->type))
		return refuse(b, rr, "type that stands in no zone");
	if (!name_is_at_or_below(rr->owner, s->apex)) {
		*drop = true;
		return OK;
	}
	if (rr->type == TYPE_SOA && !is_first)
		return refuse(b, rr, "another SOA");
	return OK;
}

/* Goes over the input record by record. */
struct reader {
	struct buf in;
	const uint8_t *owner;	/* of the record right before, or null */
	size_t owner_len;
	bool is_nsec3;
};

/* A record with the same owner as the one before, which most have: its name
 * need not be looked at again. rr->owner is that of the one before. */
static bool
take_same_owner(struct reader *r, struct rr *rr)
{
	const uint8_t *at = buf_here(&r->in), *fixed = at + r->owner_len;
	size_t head = r->owner_len + RR_FIXED_OCTETS;
	if (r->owner == NULL || buf_left(&r->in) < head ||
	    memcmp(at, r->owner, r->owner_len) != 0)
		return false;
	uint16_t rdata_len = octets_u16(fixed + 8);
	if (buf_left(&r->in) - head < rdata_len)
		return false;
	*rr = (struct rr){ .owner = r->owner, .type = octets_u16(fixed),
		.class = octets_u16(fixed + 2), .ttl = octets_u32(fixed + 4),
		.rdata = fixed + RR_FIXED_OCTETS, .rdata_len = rdata_len };
	r->in.at += head + rdata_len;
	return true;
}

/* Takes the next record of this zone; what is outside is dropped. *follows:
 * it has the owner and map of the one before and stands right behind it.
 * ERR_NOT_FOUND at the end. */
static enum err
next_record(struct build *b, struct reader *r, struct rr *rr, bool *follows)
{
	while (buf_left(&r->in) > 0) {
		bool is_first = r->in.at == 0, drop = false;
		bool is_known = take_same_owner(r, rr);
		if (!is_known && !rr_take(&r->in, rr))
			return refuse(b, NULL, "malformed record");
		if (!is_known || rr->class != CLASS_IN ||
		    rr->type == TYPE_SOA || rrtype_is_meta(rr->type)) {
			enum err e = admit(b, rr, is_first, &drop);
			if (e != OK)
				return e;
		}
		if (drop) {
			b->dropped++;
			r->owner = NULL;
			continue;
		}
		bool is_nsec3 = (rr->type == TYPE_NSEC3 ||
		    rr->type == TYPE_RRSIG) &&
		    record_is_nsec3(rr, b->slot->apex_labels);
		/* The same owner in another case goes with it, too. */
		*follows = is_nsec3 == r->is_nsec3 && (is_known ||
		    (r->owner != NULL && name_equal(r->owner, rr->owner)));
		if (!is_known)
			r->owner_len = name_len(rr->owner);
		r->owner = rr->owner;
		r->is_nsec3 = is_nsec3;
		return OK;
	}
	return ERR_NOT_FOUND;
}

/* Where a record's octets begin; its owner may be that of a neighbour. */
static const uint8_t *
record_start(const struct rr *rr, size_t owner_len)
{
	return rr->rdata - RR_FIXED_OCTETS - owner_len;
}

/* Cuts the input into groups. */
static enum err
collect(struct build *b)
{
	struct reader r = { .in = buf_reading(b->octets, b->len) };
	struct group *last = NULL;
	struct rr rr;
	bool follows;
	enum err e;
	while ((e = next_record(b, &r, &rr, &follows)) == OK) {
		struct groups *g = b->groups + r.is_nsec3;
		if (follows) {
			last->n++;
			continue;
		}
		if (!groups_add(g, record_start(&rr, r.owner_len)))
			return ERR_MEMORY;
		last = g->at + g->n - 1;
	}
	return e == ERR_NOT_FOUND ? OK : e;
}

static int
group_order(const void *a, const void *b)
{
	const struct group *x = a, *y = b;
	return name_compare(x->at, y->at);
}

/* Packs the records of the owner at hand. ERR_PEER_SEQUENCE when it does not
 * come after the last one. */
static enum err
pack(struct build *b, struct map *m)
{
	struct recs *r = &m->records;
	struct twig leaf;
	struct zkey k;
	size_t owner_len = name_len(r->rr->owner);
	enum err e = recs_sort_unique(r);
	for (size_t i = 0; e == OK && i < r->n; i++) {
		const struct rr *rr = r->rr + i;
		size_t octets = owner_len + RR_FIXED_OCTETS + rr->rdata_len;
		b->wire_octets += octets;
		if (b->take_digest)
			b->digest += digest_of_octets(b->db->key,
			    record_start(rr, owner_len), octets);
		b->is_opt_out |= nsec3_is_opt_out(rr);
	}
	b->records += r->n;
	b->nodes++;
	key_of_name(&k, r->rr->owner, b->slot->apex_labels);
	m->writer.is_apex = k.len == 0;
	if (e == OK)
		e = node_write(&m->writer, r->rr, r->n, &leaf);
	if (e == ERR_PEER_SIZE)
		trouble_set(b->trouble, r->rr, "too many records");
	if (e == OK)
		e = trie_build_add(m->builder, &k, leaf);
	r->n = 0;
	return e;
}

/* Writes owners in the order in which they come. */
static enum err
stream(struct build *b)
{
	struct reader r = { .in = buf_reading(b->octets, b->len) };
	struct map *m = b->map;
	struct rr rr;
	bool follows;
	enum err e;
	while ((e = next_record(b, &r, &rr, &follows)) == OK) {
		if (!follows && m->records.n > 0 && (e = pack(b, m)) != OK)
			return e;
		m = b->map + r.is_nsec3;
		if (!recs_add(&m->records, &rr))
			return ERR_MEMORY;
	}
	if (e == ERR_NOT_FOUND)
		e = m->records.n > 0 ? pack(b, m) : OK;
	return e;
}

static bool
take_records(const struct build *b, const struct group *g, struct recs *r)
{
	struct buf in = buf_reading(g->at,
	    (size_t)(b->octets + b->len - g->at));
	struct rr rr;
	for (uint32_t i = 0; i < g->n; i++)
		if (!rr_take(&in, &rr) || !recs_add(r, &rr))
			return false;
	return true;
}

/* Writes the groups of one map. */
static enum err
write_groups(struct build *b, bool is_nsec3)
{
	struct groups *g = b->groups + is_nsec3;
	struct map *m = b->map + is_nsec3;
	enum err e = sort_stable(g->at, g->n, sizeof *g->at, group_order);
	for (size_t i = 0; e == OK && i < g->n; i++) {
		if (!take_records(b, g->at + i, &m->records))
			return ERR_MEMORY;
		if (i + 1 == g->n || !name_equal(g->at[i].at,
		    g->at[i + 1].at))
			e = pack(b, m);
	}
	return e;
}

static enum err
start(struct build *b)
{
	struct mem *mem = &b->db->mem;
	b->made = (struct pending){ .is_build = true };
	if (b->len >= OWN_CHUNKS_FROM) {
		if (b->len >= LAYERED_FROM)
			b->made.pool = pool_create(b->len);
		mem_op_start(mem, &b->op, ++mem->last_owner, &b->made.open,
		    &b->made.pool_open, b->made.pool != NULL ? MEM_OLD :
		    MEM_YOUNG);
	} else {
		mem_op_start(mem, &b->op, 0, &mem->shared_open, NULL, MEM_OLD);
	}
	b->digest = 0;
	b->records = b->nodes = b->wire_octets = b->dropped = 0;
	for (unsigned i = 0; i < 2; i++) {
		struct map *m = b->map + i;
		m->writer = (struct node_writer){ .op = &b->op,
			.pool = b->made.pool, .is_nsec3 = i == 1 };
		m->builder = malloc(sizeof *m->builder);
		if (m->builder == NULL)
			return ERR_MEMORY;
		trie_build_start(m->builder, &b->op);
	}
	return OK;
}

/* Takes the maps' roots and frees what building needed. */
static enum err
end(struct build *b, enum err e)
{
	for (unsigned i = 0; i < 2; i++) {
		struct map *m = b->map + i;
		if (m->builder != NULL && !trie_build_end(m->builder,
		    &m->root) && e == OK)
			e = ERR_FULL;
		free(m->builder);
		m->builder = NULL;
		recs_free(&m->records);
		free(b->groups[i].at);
		b->groups[i] = (struct groups){ 0 };
	}
	return e;
}

static void
undo(struct build *b)
{
	if (b->op.owner != 0) {
		tally_free(&b->op.taken);
		tally_free(&b->op.dead);
		mem_drop_owner(&b->db->mem, b->op.owner);
	} else {
		op_undo(b->db, &b->op);
	}
	pool_free(&b->made.pool);
}

static enum err
write_maps(struct build *b)
{
	enum err e = start(b);
	if (e == OK)
		e = stream(b);
	e = end(b, e);
	if (e != ERR_PEER_SEQUENCE)
		return e;
	undo(b);
	e = start(b);
	if (e == OK)
		e = collect(b);
	if (e == OK)
		e = write_groups(b, false);
	if (e == OK)
		e = write_groups(b, true);
	return end(b, e);
}

static enum err
write_version(struct build *b, const struct zone_digest *recorded,
    struct zone_version **out)
{
	struct buf in = buf_reading(b->octets, b->len);
	struct rr soa;
	struct zone_version *v = version_alloc(b->db, &b->op, b->slot);
	if (v == NULL)
		return ERR_FULL;
	v->main = b->map[0].root;
	v->nsec3 = b->map[1].root;
	v->records = b->records;
	v->nodes = b->nodes;
	v->wire_octets = b->wire_octets;
	digest_store(b->digest, &v->digest);
	if (recorded != NULL)
		v->digest = *recorded;
	if (!rr_take(&in, &soa) || !rr_soa_serial(&soa, &v->serial))
		return refuse(b, NULL, "malformed SOA");
	if (!version_finish(v))
		return refuse(b, NULL, "no apex");
	if (b->is_opt_out)
		v->flags |= VERSION_OPT_OUT;
	*out = v;
	return ents_build(&b->op, v);
}

static enum err
build(struct zonedb *db, uint32_t id, const uint8_t *octets, size_t len,
    const struct zone_digest *recorded, struct zone_version **v,
    uint64_t *dropped, struct zone_trouble *t)
{
	struct build b = { .db = db, .slot = slot_of(db, id), .trouble = t,
		.octets = octets, .len = len, .take_digest = recorded == NULL };
	struct zone_version *made = NULL;
	if (b.slot == NULL)
		return ERR_NOT_FOUND;
	if (len == 0)
		return refuse(&b, NULL, "no records");
	enum err e = write_maps(&b);
	if (e == OK)
		e = write_version(&b, recorded, &made);
	if (e == OK)
		e = pending_add(db, &b.op, made, &b.made);
	if (e != OK) {
		undo(&b);
		trouble_local(t, e);
		return e;
	}
	*v = made;
	if (dropped != NULL)
		*dropped = b.dropped;
	return OK;
}

enum err
zonedb_build(struct zonedb *db, uint32_t id, const uint8_t *octets, size_t len,
    struct zone_version **v, uint64_t *dropped, struct zone_trouble *t)
{
	return build(db, id, octets, len, NULL, v, dropped, t);
}

enum err
zonedb_build_trusted(struct zonedb *db, uint32_t id, const uint8_t *octets,
    size_t len, const struct zone_digest *recorded, struct zone_version **v,
    uint64_t *dropped, struct zone_trouble *t)
{
	return build(db, id, octets, len, recorded, v, dropped, t);
}
