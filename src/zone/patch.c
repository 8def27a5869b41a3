/* patch.c - a version from the current one and a net delta.
 * Runs in: store and candidate. Copies only what changes and the way to it. */
#include <string.h>

#include "dns/name.h"
#include "dns/rrtype.h"
#include "zone/db.h"
#include "zone/node.h"

struct patch {
	struct zonedb *db;
	struct zone_slot *slot;
	const struct zone_version *from;
	struct mem_op op;
	struct twig root[2];		/* main, nsec3 */
	digest_sum digest;
	uint64_t records, nodes, wire_octets;
	struct recs old;
	struct merged merged;
	struct zone_trouble *trouble;
};

const struct zone_node *
node_of(const struct zone_version *z, const uint8_t *owner, bool is_nsec3)
{
	struct zone_version nsec3;
	if (!is_nsec3)
		return zone_find(z, owner);
	if (twig_is_empty(&z->nsec3))
		return NULL;
	/* The same search in the other map. */
	nsec3 = *z;
	nsec3.main = z->nsec3;
	return zone_find(&nsec3, owner);
}

static void
count_records(struct patch *p)
{
	const struct merged *m = &p->merged;
	for (size_t i = 0; i < m->dels.n; i++) {
		p->digest -= digest_of_rr(p->db->key, m->dels.rr + i);
		p->wire_octets -= rr_len(m->dels.rr + i);
	}
	for (size_t i = 0; i < m->adds.n; i++) {
		p->digest += digest_of_rr(p->db->key, m->adds.rr + i);
		p->wire_octets += rr_len(m->adds.rr + i);
	}
	p->records += m->adds.n - m->dels.n;
}

/* Writes what became of one owner. */
static enum err
replace_node(struct patch *p, const struct zone_node *old,
    const uint8_t *owner, bool is_nsec3)
{
	struct trie_edit edit = { &p->op, version_key_of, p->from };
	struct twig *root = p->root + is_nsec3, leaf;
	struct zkey k;
	const struct recs *keep = &p->merged.keep;
	key_of_name(&k, owner, p->from->apex_labels);
	struct node_writer w = { .op = &p->op, .pool = p->slot->pool,
		.is_nsec3 = is_nsec3, .is_apex = k.len == 0 };
	if (keep->n == 0 && old == NULL)
		return OK;
	if (keep->n == 0) {
		if (!trie_delete(&edit, root, &k))
			return ERR_FULL;
		p->nodes--;
	} else {
		enum err e = node_write(&w, keep->rr, keep->n, &leaf);
		if (e == ERR_PEER_SIZE)
			trouble_set(p->trouble, keep->rr, "too many records");
		if (e != OK)
			return e;
		if (!trie_set(&edit, root, &k, leaf))
			return ERR_FULL;
		p->nodes += old == NULL;
	}
	if (old != NULL)
		mem_retire(&p->op, (uint32_t)((size_t)((const uint8_t *)old -
		    p->from->base) / REGION_UNIT), old->octets);
	return OK;
}

static enum err
apply_group(struct patch *p, const struct change *c, size_t n)
{
	const struct zone_node *old = node_of(p->from, c->rr.owner,
	    c->is_nsec3);
	p->old.n = 0;
	if (old != NULL && !node_records(p->from, old, &p->old))
		return ERR_MEMORY;
	enum err e = merge_owner(&p->old, c, n, &p->merged, p->trouble);
	if (e != OK || (p->merged.dels.n == 0 && p->merged.adds.n == 0))
		return e;
	count_records(p);
	return replace_node(p, old, c->rr.owner, c->is_nsec3);
}

static enum err
finish(struct patch *p, const struct changes *c, struct zone_version **out)
{
	struct pending none = { 0 };
	struct zone_version *v = version_alloc(p->db, &p->op, p->slot);
	if (v == NULL)
		return ERR_FULL;
	v->main = p->root[0];
	v->nsec3 = p->root[1];
	v->records = p->records;
	v->nodes = p->nodes;
	v->wire_octets = p->wire_octets;
	v->serial = c->to;
	digest_store(p->digest, &v->digest);
	if (!version_finish(v)) {
		trouble_set(p->trouble, NULL, "no apex is left");
		return ERR_PEER_INCONSISTENT;
	}
	enum err e = ents_patch(&p->op, p->from, v, c);
	if (e == OK)
		e = pending_add(p->db, &p->op, v, &none);
	if (e == OK)
		*out = v;
	return e;
}

enum err
zonedb_patch(struct zonedb *db, uint32_t id, const uint8_t *delta, size_t len,
    struct zone_version **v, struct zone_trouble *t)
{
	struct patch p = { .db = db, .slot = slot_of(db, id), .trouble = t };
	struct changes c;
	if (p.slot == NULL || p.slot->version == NULL)
		return ERR_NOT_FOUND;
	p.from = p.slot->version;
	enum err e = changes_read(&c, delta, len, p.from, t);
	if (e != OK) {
		trouble_local(t, e);
		return e;
	}
	slot_op_start(db, p.slot, &p.op);
	p.root[0] = p.from->main;
	p.root[1] = p.from->nsec3;
	p.digest = digest_load(&p.from->digest);
	p.records = p.from->records;
	p.nodes = p.from->nodes;
	p.wire_octets = p.from->wire_octets;
	if (c.dropped > 0) {
		trouble_set(t, NULL, "records outside the zone");
		e = ERR_PEER_INCONSISTENT;
	}
	for (size_t i = 0, n; e == OK && i < c.n; i += n) {
		n = changes_group(&c, i);
		e = apply_group(&p, c.at + i, n);
	}
	if (e == OK)
		e = finish(&p, &c, v);
	if (e != OK) {
		op_undo(db, &p.op);
		trouble_local(t, e);
	}
	recs_free(&p.old);
	merged_free(&p.merged);
	changes_free(&c);
	return e;
}
