/* build.c - a version from the records of a whole zone.
 * Runs in: store and candidate. Input is a peer's: bounded, never trusted.
 *
 * Records come in any order, but mostly in canonical order. First the input is
 * cut into groups of neighbours with the same owner; the groups are sorted if
 * they must be; then each owner's records are packed and the maps are written
 * from left to right, every block once. */
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
	bool is_sorted;
};

struct build {
	struct zonedb *db;
	struct zone_slot *slot;
	struct mem_op op;
	struct groups groups[2];	/* main, nsec3 */
	struct pool *pool;
	bool take_digest;
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
groups_add(struct groups *g, const struct rr *rr)
{
	if (g->n == g->room) {
		size_t room = g->room ? g->room * 2 : 32;
		struct group *at = realloc(g->at, room * sizeof *at);
		if (at == NULL)
			return false;
		g->at = at;
		g->room = room;
	}
	if (g->n > 0 && g->is_sorted &&
	    name_compare(g->at[g->n - 1].at, rr->owner) > 0)
		g->is_sorted = false;
	g->at[g->n++] = (struct group){ rr->owner, 1 };
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

static enum err
collect(struct build *b, const uint8_t *octets, size_t len)
{
	struct buf in = buf_reading(octets, len);
	struct rr rr;
	struct group *last = NULL;
	bool last_is_nsec3 = false, drop;
	while (buf_left(&in) > 0) {
		bool is_first = in.at == 0;
		if (!rr_take(&in, &rr))
			return refuse(b, NULL, "malformed record");
		enum err e = OK;
		bool is_known = last != NULL && rr.class == CLASS_IN &&
		    name_identical(last->at, rr.owner);
		if (!is_known || rr.type == TYPE_SOA ||
		    rrtype_is_meta(rr.type))
			e = admit(b, &rr, is_first, &drop);
		else
			drop = false;
		if (e != OK)
			return e;
		if (drop) {
			b->dropped++;
			last = NULL;	/* a group is without gaps */
			continue;
		}
		bool is_nsec3 = record_is_nsec3(&rr, b->slot->apex_labels);
		if (is_known && is_nsec3 == last_is_nsec3) {
			last->n++;
			continue;
		}
		struct groups *g = b->groups + is_nsec3;
		if (!groups_add(g, &rr))
			return ERR_MEMORY;
		last = g->at + g->n - 1;
		last_is_nsec3 = is_nsec3;
	}
	return len > 0 ? OK : refuse(b, NULL, "no records");
}

static int
group_order(const void *a, const void *b)
{
	const struct group *x = a, *y = b;
	return name_compare(x->at, y->at);
}

static size_t
record_octets(const struct rr *rr)
{
	return (size_t)(rr->rdata + rr->rdata_len - rr->owner);
}

/* Packs the records of one owner. */
static enum err
pack(struct build *b, struct recs *r, const struct node_writer *w,
    struct trie_builder *t, const struct zkey *k)
{
	struct twig leaf;
	enum err e = recs_sort_unique(r);
	for (size_t i = 0; e == OK && i < r->n; i++) {
		size_t octets = record_octets(r->rr + i);
		b->wire_octets += octets;
		if (b->take_digest)
			b->digest += digest_of_octets(b->db->key,
			    r->rr[i].owner, octets);
	}
	b->records += r->n;
	b->nodes++;
	if (e == OK)
		e = node_write(w, r->rr, r->n, &leaf);
	if (e == ERR_PEER_SIZE)
		trouble_set(b->trouble, r->rr, "too many records");
	if (e == OK && !trie_build_add(t, k, leaf))
		e = ERR_FULL;
	r->n = 0;
	return e;
}

static bool
take_records(const struct group *g, const uint8_t *end, struct recs *r)
{
	struct buf in = buf_reading(g->at, (size_t)(end - g->at));
	struct rr rr;
	for (uint32_t i = 0; i < g->n; i++)
		if (!rr_take(&in, &rr) || !recs_add(r, &rr))
			return false;
	return true;
}

/* One of the two maps, from its groups. */
static enum err
write_map(struct build *b, bool is_nsec3, const uint8_t *end,
    struct twig *root)
{
	struct groups *g = b->groups + is_nsec3;
	struct node_writer w = { .op = &b->op, .pool = b->pool,
		.is_nsec3 = is_nsec3 };
	struct recs r = { 0 };
	struct zkey k;
	struct trie_builder *t = malloc(sizeof *t);
	enum err e = t != NULL && trie_build_start(t, &b->op) ? OK :
	    ERR_MEMORY;
	if (e == OK && !g->is_sorted)
		e = sort_stable(g->at, g->n, sizeof *g->at, group_order);
	for (size_t i = 0; e == OK && i < g->n; i++) {
		if (!take_records(g->at + i, end, &r)) {
			e = ERR_MEMORY;
			break;
		}
		if (i + 1 < g->n && name_equal(g->at[i].at, g->at[i + 1].at))
			continue;
		key_of_name(&k, g->at[i].at, b->slot->apex_labels);
		w.is_apex = k.len == 0;
		e = pack(b, &r, &w, t, &k);
	}
	recs_free(&r);
	if (t != NULL && !trie_build_end(t, root) && e == OK)
		e = ERR_FULL;
	free(t);
	return e;
}

static enum err
write_version(struct build *b, const uint8_t *octets, size_t len,
    const struct zone_digest *recorded, struct zone_version **out)
{
	struct buf in = buf_reading(octets, len);
	struct twig main, nsec3;
	struct rr soa;
	enum err e = write_map(b, false, octets + len, &main);
	if (e == OK)
		e = write_map(b, true, octets + len, &nsec3);
	if (e != OK)
		return e;
	struct zone_version *v = version_alloc(b->db, &b->op, b->slot);
	if (v == NULL)
		return ERR_FULL;
	v->main = main;
	v->nsec3 = nsec3;
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
	*out = v;
	return OK;
}

static void
build_undo(struct build *b, struct pending *p)
{
	if (b->op.owner != 0) {
		tally_free(&b->op.taken);
		tally_free(&b->op.dead);
		mem_drop_owner(&b->db->mem, b->op.owner);
	} else {
		op_undo(b->db, &b->op);
	}
	pool_free(&p->pool);
}

static enum err
build(struct zonedb *db, uint32_t id, const uint8_t *octets, size_t len,
    const struct zone_digest *recorded, struct zone_version **v,
    uint64_t *dropped, struct zone_trouble *t)
{
	struct pending p = { .is_build = true };
	struct build b = { .db = db, .slot = slot_of(db, id), .trouble = t,
		.take_digest = recorded == NULL };
	struct zone_version *made = NULL;
	if (b.slot == NULL)
		return ERR_NOT_FOUND;
	b.groups[0].is_sorted = b.groups[1].is_sorted = true;
	if (len >= OWN_CHUNKS_FROM) {
		p.pool = b.pool = pool_create(len);
		mem_op_start(&db->mem, &b.op, ++db->mem.last_owner, &p.open,
		    &p.pool_open, MEM_OLD);
	} else {
		mem_op_start(&db->mem, &b.op, 0, &db->mem.shared_open, NULL,
		    MEM_OLD);
	}
	enum err e = collect(&b, octets, len);
	if (e == OK)
		e = write_version(&b, octets, len, recorded, &made);
	for (unsigned i = 0; i < 2; i++)
		free(b.groups[i].at);
	if (e == OK)
		e = pending_add(db, &b.op, made, &p);
	if (e != OK) {
		build_undo(&b, &p);
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
