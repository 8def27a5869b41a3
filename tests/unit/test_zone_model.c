/* test_zone_model.c - random zones and random deltas against a sorted array:
 * what a walk finds, what a patch makes, net deltas, digests, order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "dns/name.h"
#include "dns/rr.h"
#include "dns/rrtype.h"
#include "zone/db.h"
#include "zone/node.h"
#include "zone/recs.h"
#include "zone/zone.h"
#include "zone/zonedb.h"

static const uint8_t key[16] = "0123456789abcdef";
#define RESERVE ((size_t)512 << 20)

static uint64_t seed;

static unsigned
pick(unsigned n)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

/* A record of the model; owner and rdata in place. */
struct item {
	struct name owner;
	uint16_t type;
	uint32_t ttl;
	uint16_t len;
	uint8_t rdata[80];
};

struct model {
	struct item *at;
	size_t n, room;
	struct name apex;
	uint32_t serial;
};

static struct rr
rr_of(const struct item *i)
{
	return (struct rr){ .owner = i->owner.octets, .rdata = i->rdata,
		.ttl = i->ttl, .type = i->type, .class = CLASS_IN,
		.rdata_len = i->len };
}

static int
item_order(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	struct rr p = rr_of(x), q = rr_of(y);
	int d = name_compare(x->owner.octets, y->owner.octets);
	return d != 0 ? d : rr_order(&p, &q);
}

static void
model_sort(struct model *m)
{
	qsort(m->at, m->n, sizeof *m->at, item_order);
}

static struct item *
model_find(struct model *m, const struct item *i)
{
	for (size_t k = 0; k < m->n; k++)
		if (item_order(m->at + k, i) == 0)
			return m->at + k;
	return NULL;
}

static void
model_add(struct model *m, const struct item *i)
{
	if (m->n == m->room) {
		m->room = m->room ? m->room * 2 : 64;
		m->at = realloc(m->at, m->room * sizeof *m->at);
		assert_non_null(m->at);
	}
	m->at[m->n++] = *i;
}

static void
model_drop(struct model *m, struct item *i)
{
	*i = m->at[--m->n];
}

static void
make_soa(const struct model *m, uint32_t serial, struct item *i)
{
	static const uint8_t names[] = "\2ns\0\4host\0";
	memset(i, 0, sizeof *i);
	i->owner = m->apex;
	i->type = TYPE_SOA;
	i->ttl = 3600;
	memcpy(i->rdata, names, 10);
	octets_set_u32(i->rdata + 10, serial);
	octets_set_u32(i->rdata + 14, 1800);
	i->len = 30;
}

/* One label out of few, so that names meet: host characters, escapes at both
 * ends of the ranges, an asterisk, upper case, a long one. */
static unsigned
make_label(uint8_t *to)
{
	static const char *const some[] = { "a", "b", "aa", "ab", "A", "*",
		"_x", "-", "0", "9", "z", "zz", "Za", "a-b", "foo", "FOO" };
	static const uint8_t odd[] = { 0, 1, 0x2c, 0x2e, 0x2f, 0x3a, 0x40,
		0x5b, 0x5e, 0x60, 0x7b, 0xa7, 0xa8, 0xd4, 0xd5, 0xff };
	unsigned n, kind = pick(12);
	if (kind < 9) {
		const char *s = some[pick(16)];
		n = (unsigned)strlen(s);
		memcpy(to + 1, s, n);
	} else if (kind < 11) {
		n = 1 + pick(3);
		for (unsigned i = 0; i < n; i++)
			to[1 + i] = odd[pick(16)];
	} else {
		n = pick(2) ? 63 : 62;
		memset(to + 1, pick(2) ? 'q' : 0xfe, n);
	}
	to[0] = (uint8_t)n;
	return n + 1;
}

static void
make_name(const struct model *m, struct name *to)
{
	uint8_t made[NAME_MAX_OCTETS];
	size_t len = 0, apex_len = name_len(m->apex.octets);
	for (unsigned depth = pick(5); depth > 0; depth--) {
		uint8_t label[64];
		unsigned n = make_label(label);
		if (len + n + apex_len > NAME_MAX_OCTETS)
			break;
		memcpy(made + len, label, n);
		len += n;
	}
	memset(to, 0, sizeof *to);
	memcpy(to->octets, made, len);
	memcpy(to->octets + len, m->apex.octets, apex_len);
}

static void
make_nsec3(const struct model *m, struct item *i)
{
	memset(&i->owner, 0, sizeof i->owner);
	i->owner.octets[0] = 32;
	for (unsigned k = 0; k < 32; k++)
		i->owner.octets[1 + k] = (uint8_t)
		    "0123456789abcdefghijklmnopqrstuv"[pick(32)];
	name_copy((struct name *)(void *)(i->owner.octets + 33),
	    m->apex.octets);
	i->type = TYPE_NSEC3;
	memcpy(i->rdata, "\1\0\0\0\0\24hhhhhhhhhhhhhhhhhhhh\0\1\2", 29);
	i->len = 29;
}

static void
make_item(const struct model *m, struct item *i)
{
	static const uint16_t types[] = { TYPE_A, TYPE_NS, TYPE_NS, TYPE_TXT,
		TYPE_DS, TYPE_RRSIG, TYPE_NSEC, TYPE_NSEC, TYPE_DNAME, 65280,
		TYPE_AAAA };
	memset(i, 0, sizeof *i);
	make_name(m, &i->owner);
	i->type = types[pick(sizeof types / sizeof types[0])];
	i->ttl = pick(8) ? 3600 : 60 * (1 + pick(4));
	if (i->type == TYPE_DNAME && pick(4) != 0)
		i->type = TYPE_A;
	if (pick(10) == 0) {
		make_nsec3(m, i);
		return;
	}
	switch (i->type) {
	case TYPE_NS:
	case TYPE_DNAME:
		i->rdata[0] = 1;
		i->rdata[1] = (uint8_t)("aAbBcC"[pick(6)]);
		memcpy(i->rdata + 2, "\10provider\3net", 14);
		i->rdata[2] = 8;
		i->len = 16;
		break;
	case TYPE_NSEC:
		memcpy(i->rdata, "\1n\0\0\1\2", 6);
		i->len = 6;
		break;
	case TYPE_RRSIG:
		octets_set_u16(i->rdata, pick(2) ? TYPE_A : TYPE_NSEC);
		memcpy(i->rdata + 18, "\0sig", 4);
		i->rdata[19] = (uint8_t)pick(4);
		i->len = 30;
		break;
	default:
		i->len = (uint16_t)(i->type == TYPE_AAAA ? 16 : 4);
		i->rdata[1] = (uint8_t)pick(3);
	}
}

static void
model_fill(struct model *m, unsigned n)
{
	struct item i;
	make_soa(m, m->serial, &i);
	model_add(m, &i);
	while (n-- > 0) {
		make_item(m, &i);
		if (model_find(m, &i) == NULL)
			model_add(m, &i);
	}
}

static void
put_item(struct octets *o, const struct item *i)
{
	struct rr rr = rr_of(i);
	assert_true(rr_add(o, &rr));
}

static void
model_octets(const struct model *m, struct octets *o)
{
	struct item soa;
	make_soa(m, m->serial, &soa);
	put_item(o, &soa);
	for (size_t i = 0; i < m->n; i++)
		if (m->at[i].type != TYPE_SOA)
			put_item(o, m->at + i);
}

static void
shuffle(struct model *m)
{
	for (size_t i = m->n; i > 1; i--) {
		size_t k = pick((unsigned)i);
		struct item held = m->at[i - 1];
		m->at[i - 1] = m->at[k];
		m->at[k] = held;
	}
}

/* Everything that a version says, against the model. */
static void
check_content(struct zonedb *db, struct model *m, const struct zone_version *z)
{
	struct zone_iter it;
	const struct zone_node *n;
	struct zone_digest d;
	size_t seen = 0;
	const uint8_t *last = NULL;
	model_sort(m);
	zone_iter_start(z, &it);
	while ((n = zone_iter_next(&it)) != NULL) {
		struct rrset rs;
		unsigned at = 0;
		if (last != NULL)
			assert_true(name_compare(last, node_owner(z, n)) <= 0);
		last = node_owner(z, n);
		while (node_next_rrset(z, n, &at, &rs)) {
			struct rr rr;
			uint32_t rr_at = 0, lowest = UINT32_MAX;
			unsigned count = 0;
			while (rrset_next(&rs, &rr_at, &rr)) {
				struct item i = { .type = rr.type,
					.ttl = rr.ttl, .len = rr.rdata_len };
				name_copy(&i.owner, rr.owner);
				memcpy(i.rdata, rr.rdata, rr.rdata_len);
				struct item *k = bsearch(&i, m->at, m->n,
				    sizeof i, item_order);
				assert_non_null(k);
				struct rr want = rr_of(k);
				assert_true(rr_identical(&rr, &want));
				if (rr.ttl < lowest)
					lowest = rr.ttl;
				seen++;
				count++;
			}
			assert_int_equal(rs.ttl, lowest);
			assert_int_equal(rs.count, count);
		}
	}
	assert_int_equal(seen, m->n);
	assert_int_equal(zone_record_count(z), m->n);
	assert_int_equal(zone_serial(z), m->serial);
	zone_digest_recompute(db, z, &d);
	assert_memory_equal(&d, zone_digest(z), sizeof d);
}

static uint64_t
reached_by_twig(const struct zone_version *z, const struct twig *t)
{
	if (twig_is_empty(t))
		return 0;
	if (!twig_is_branch(t))
		return mem_round(node_at(z, t->ref)->octets);
	unsigned n = branch_count(twig_word(t));
	const struct twig *array = twig_array(z->base, t->ref);
	uint64_t sum = mem_round(n * sizeof *array);
	for (unsigned i = 0; i < n; i++)
		sum += reached_by_twig(z, array + i);
	return sum;
}

/* What is counted as live is what the only version reaches. */
static void
check_counts(const struct zonedb *db, const struct zone_version *z)
{
	struct zonedb_stats s;
	struct zone_step step;
	uint64_t sum = reached_by_twig(z, &z->main) +
	    reached_by_twig(z, &z->nsec3) + mem_round(version_octets(z)) +
	    mem_round(z->n_steps * sizeof(struct zone_step_row)) +
	    mem_round(z->n_ents * sizeof(uint64_t));
	for (unsigned i = 0; zone_step(z, i, &step); i++)
		sum += mem_round(step.len);
	zonedb_stats(db, &s);
	assert_int_equal(s.live_octets, sum);
}

/* Brute force over the sorted model: what zone_walk should find. */
struct truth {
	bool exists, is_ent;
	unsigned encloser_labels;
	const uint8_t *cut, *dname, *nsec, *encloser;
	bool wildcard, wildcard_is_ent;
};

static bool
counts(const struct model *m, const struct item *i)
{
	return i->type != TYPE_NSEC3 ||
	    name_labels(i->owner.octets) != name_labels(m->apex.octets) + 1;
}

static bool
owns(const struct model *m, const uint8_t *name, uint16_t type)
{
	for (size_t i = 0; i < m->n; i++)
		if (counts(m, m->at + i) &&
		    (type == 0 || m->at[i].type == type) &&
		    name_equal(m->at[i].owner.octets, name))
			return true;
	return false;
}

static void
find_truth(const struct model *m, const uint8_t *q, struct truth *t)
{
	unsigned ql = name_labels(q), al = name_labels(m->apex.octets);
	struct name star;
	memset(t, 0, sizeof *t);
	t->exists = owns(m, q, 0);
	for (size_t i = 0; i < m->n; i++) {
		const uint8_t *o = m->at[i].owner.octets;
		if (!counts(m, m->at + i))
			continue;
		unsigned common = name_common_labels(o, q);
		if (common > t->encloser_labels)
			t->encloser_labels = common;
		if (m->at[i].type == TYPE_NSEC && name_compare(o, q) <= 0)
			t->nsec = o;
	}
	t->is_ent = !t->exists && t->encloser_labels == ql;
	for (unsigned l = al; l <= ql; l++) {
		const uint8_t *a = name_strip(q, ql - l);
		if (l > al && t->cut == NULL && owns(m, a, TYPE_NS))
			t->cut = a;
		if (l < ql && t->dname == NULL && owns(m, a, TYPE_DNAME))
			t->dname = a;
	}
	const uint8_t *e = name_strip(q, ql - t->encloser_labels);
	if (owns(m, e, 0))
		t->encloser = e;
	if (t->exists || t->is_ent || !name_wildcard_of(e, &star))
		return;
	t->wildcard = owns(m, star.octets, 0);
	for (size_t i = 0; i < m->n && !t->wildcard; i++)
		t->wildcard_is_ent |= counts(m, m->at + i) &&
		    name_is_at_or_below(m->at[i].owner.octets, star.octets);
}

static void
same_name(const struct zone_version *z, const struct zone_node *n,
    const uint8_t *name)
{
	if (name == NULL) {
		assert_null(n);
		return;
	}
	assert_non_null(n);
	assert_true(name_equal(node_owner(z, n), name));
}

static void
check_walk(const struct model *m, const struct zone_version *z,
    const uint8_t *q)
{
	struct zone_walk w;
	struct truth t;
	find_truth(m, q, &t);
	zone_walk(z, q, &w);
	same_name(z, w.exact, t.exists ? q : NULL);
	same_name(z, zone_find(z, q), t.exists ? q : NULL);
	assert_int_equal(w.is_empty_nonterminal, t.is_ent);
	assert_int_equal(w.encloser_labels, t.encloser_labels);
	same_name(z, w.encloser, t.encloser);
	same_name(z, w.cut, t.cut);
	same_name(z, w.dname, t.dname);
	same_name(z, w.nsec, t.nsec);
	assert_ptr_equal(zone_nsec_cover(z, q), w.nsec);
	assert_int_equal(w.wildcard != NULL, t.wildcard);
	assert_int_equal(w.wildcard_is_empty, t.wildcard_is_ent);
	if (w.wildcard != NULL)
		assert_true(name_is_wildcard(node_owner(z, w.wildcard)) &&
		    name_equal(node_owner(z, w.wildcard) + 2, name_strip(q,
		    name_labels(q) - t.encloser_labels)));
	if (w.exact != NULL)
		assert_int_equal(node_is_occluded(z, w.exact),
		    t.dname != NULL || (t.cut != NULL &&
		    !name_equal(t.cut, q)));
}

static void
check_after(const struct model *m, const struct zone_version *z,
    const uint8_t *q)
{
	struct zone_iter it;
	const uint8_t *want = NULL;
	for (size_t i = m->n; i-- > 0;)
		if (name_compare(m->at[i].owner.octets, q) > 0)
			want = m->at[i].owner.octets;
	zone_iter_after(z, q, &it);
	same_name(z, zone_iter_next(&it), want);
}

/* The model must be sorted. */
static void
check_walks(const struct model *m, const struct zone_version *z, unsigned n)
{
	while (n-- > 0) {
		struct name q;
		if (pick(3) == 0)
			q = m->at[pick((unsigned)m->n)].owner;
		else
			make_name(m, &q);
		check_walk(m, z, q.octets);
		check_after(m, z, q.octets);
	}
}

static void
model_start(struct model *m, const char *apex, uint32_t serial, unsigned n)
{
	memset(m, 0, sizeof *m);
	assert_true(name_from_text(apex, &m->apex));
	m->serial = serial;
	model_fill(m, n);
}

static struct zone_version *
build(struct zonedb *db, uint32_t id, const struct model *m)
{
	struct octets o = { 0 };
	struct zone_version *v;
	struct zone_trouble t;
	uint64_t dropped;
	model_octets(m, &o);
	assert_int_equal(zonedb_build(db, id, o.at, o.len, &v, &dropped, &t),
	    OK);
	assert_int_equal(dropped, 0);
	octets_free(&o);
	return v;
}

static void
test_build_and_walk(void **state)
{
	static const char *const apexes[] = { "tld.", ".", "a.b.example." };
	(void)state;
	for (unsigned round = 0; round < 30; round++) {
		struct zonedb *db;
		struct model m;
		seed = 1000 + round;
		assert_int_equal(zonedb_create(key, RESERVE, &db), OK);
		model_start(&m, apexes[round % 3], 7, 1 + round * 12);
		shuffle(&m);
		assert_int_equal(zonedb_add(db, 5, m.apex.octets), OK);
		struct zone_version *v = build(db, 5, &m);
		check_content(db, &m, v);
		check_walks(&m, v, 300);
		zonedb_commit(db, 5, v, NULL, 0, HISTORY_KEEP);
		assert_ptr_equal(zonedb_current(db, 5), v);
		check_counts(db, v);
		/* Built again in its place. */
		zonedb_commit(db, 5, build(db, 5, &m), NULL, 0, HISTORY_KEEP);
		check_counts(db, zonedb_current(db, 5));
		free(m.at);
		zonedb_destroy(&db);
	}
}

/* Applies random changes to the model and writes them as one delta. */
static void
random_delta(struct model *m, struct octets *o, unsigned n)
{
	struct model dels = { 0 }, adds = { 0 };
	struct item old_soa, new_soa;
	make_soa(m, m->serial, &old_soa);
	make_soa(m, m->serial + 1, &new_soa);
	for (unsigned k = 0; k < n; k++) {
		struct item i = m->at[pick((unsigned)m->n)];
		if (i.type == TYPE_SOA)
			continue;
		if (pick(2) && model_find(&adds, &i) == NULL) {
			model_add(&dels, &i);
			model_drop(m, model_find(m, &i));
			if (pick(4) == 0) {
				/* The same again, with another TTL. */
				i.ttl += pick(2);
				model_add(&adds, &i);
				model_add(m, &i);
			}
		}
		make_item(m, &i);
		if (model_find(m, &i) == NULL && model_find(&adds, &i) == NULL) {
			model_add(&adds, &i);
			model_add(m, &i);
		}
	}
	m->serial++;
	for (size_t k = 0; k < m->n; k++)
		if (m->at[k].type == TYPE_SOA)
			m->at[k] = new_soa;
	put_item(o, &old_soa);
	for (size_t k = 0; k < dels.n; k++)
		put_item(o, dels.at + k);
	put_item(o, &new_soa);
	for (size_t k = 0; k < adds.n; k++)
		put_item(o, adds.at + k);
	free(dels.at);
	free(adds.at);
}

/* A model after a delta, by the rules of IXFR alone. */
static void
replay(struct model *m, const uint8_t *octets, size_t len)
{
	struct buf b = buf_reading(octets, len);
	struct rr rr;
	bool in_adds = true;
	while (rr_take(&b, &rr)) {
		struct item i = { .type = rr.type, .ttl = rr.ttl,
			.len = rr.rdata_len };
		name_copy(&i.owner, rr.owner);
		memcpy(i.rdata, rr.rdata, rr.rdata_len);
		if (rr.type == TYPE_SOA)
			in_adds = !in_adds;
		struct item *there = model_find(m, &i);
		if (in_adds) {
			assert_null(there);
			model_add(m, &i);
		} else {
			assert_non_null(there);
			model_drop(m, there);
		}
		if (rr.type == TYPE_SOA && in_adds)
			assert_true(rr_soa_serial(&rr, &m->serial));
	}
	assert_int_equal(buf_left(&b), 0);
}

static struct model
model_copy(const struct model *m)
{
	struct model c = *m;
	c.at = malloc(m->room * sizeof *m->at);
	assert_non_null(c.at);
	memcpy(c.at, m->at, m->n * sizeof *m->at);
	return c;
}

static void
check_same_digest(struct zonedb *db, const struct model *m,
    const struct zone_version *v)
{
	/* Built anew from the same records the digest is the same. */
	assert_int_equal(zonedb_add(db, 99, m->apex.octets), ERR_EXISTS);
	struct zonedb *other;
	assert_int_equal(zonedb_create(key, RESERVE, &other), OK);
	assert_int_equal(zonedb_add(other, 1, m->apex.octets), OK);
	struct zone_version *again = build(other, 1, m);
	assert_memory_equal(zone_digest(v), zone_digest(again),
	    sizeof(struct zone_digest));
	assert_int_equal(zone_node_count(v), zone_node_count(again));
	assert_int_equal(zone_wire_octets(v), zone_wire_octets(again));
	zonedb_destroy(&other);
}

static void
test_patches(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 12; round++) {
		struct zonedb *db;
		struct model m;
		struct zone_trouble t;
		seed = 2000 + round;
		assert_int_equal(zonedb_create(key, RESERVE, &db), OK);
		model_start(&m, round % 2 ? "tld." : "x.example.", 4294967290u,
		    20 + round * 20);
		assert_int_equal(zonedb_add(db, 5, m.apex.octets), OK);
		zonedb_commit(db, 5, build(db, 5, &m), NULL, 0, HISTORY_KEEP);
		for (unsigned k = 0; k < 12; k++) {
			struct octets chain = { 0 }, net = { 0 };
			struct model was = model_copy(&m);
			struct zone_version *v;
			unsigned steps = 1 + pick(3);
			for (unsigned s = 0; s < steps; s++)
				random_delta(&m, &chain, 1 + pick(25));
			assert_int_equal(zonedb_net_of_chain(db, 5, chain.at,
			    chain.len, &net, NULL, &t), OK);
			replay(&was, net.at, net.len);
			assert_int_equal(was.n, m.n);
			free(was.at);
			/* Given up and made again: nothing is left behind. */
			if (pick(2)) {
				assert_int_equal(zonedb_patch(db, 5, net.at,
				    net.len, &v, &t), OK);
				zonedb_discard(db, v);
			}
			assert_int_equal(zonedb_patch(db, 5, net.at, net.len,
			    &v, &t), OK);
			check_content(db, &m, v);
			check_walks(&m, v, 40);
			zonedb_commit(db, 5, v, net.at, net.len, HISTORY_KEEP);
			check_counts(db, v);
			while (zonedb_tidy(db, 1000))
				;
			check_counts(db, zonedb_current(db, 5));
			check_content(db, &m, zonedb_current(db, 5));
			check_same_digest(db, &m, zonedb_current(db, 5));
			octets_free(&chain);
			octets_free(&net);
		}
		assert_int_equal(zone_step_count(zonedb_current(db, 5)), 12);
		free(m.at);
		zonedb_destroy(&db);
	}
}

/* The net delta of two versions is the one that leads from one to the other.
 */
static void
test_net_of_versions(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 10; round++) {
		struct zonedb *db;
		struct model m, was;
		struct octets ignored = { 0 }, net = { 0 };
		struct zone_trouble t;
		struct zone_version *v;
		seed = 3000 + round;
		assert_int_equal(zonedb_create(key, RESERVE, &db), OK);
		model_start(&m, "tld.", 1, 150);
		assert_int_equal(zonedb_add(db, 5, m.apex.octets), OK);
		zonedb_commit(db, 5, build(db, 5, &m), NULL, 0, HISTORY_KEEP);
		was = model_copy(&m);
		random_delta(&m, &ignored, 40);
		v = build(db, 5, &m);
		assert_int_equal(zonedb_net_of_versions(db, 5, v, &net), OK);
		replay(&was, net.at, net.len);
		model_sort(&was);
		check_content(db, &was, v);
		zonedb_discard(db, v);
		assert_int_equal(zonedb_patch(db, 5, net.at, net.len, &v, &t),
		    OK);
		check_content(db, &m, v);
		zonedb_discard(db, v);
		octets_free(&ignored);
		octets_free(&net);
		free(m.at);
		free(was.at);
		zonedb_destroy(&db);
	}
}

/* A delta and its reverse lead back to the same digest. */
static void
test_undo(void **state)
{
	struct zonedb *db;
	struct model m, was;
	struct octets there = { 0 }, net = { 0 }, back = { 0 };
	struct zone_trouble t;
	struct zone_version *v;
	(void)state;
	seed = 4000;
	assert_int_equal(zonedb_create(key, RESERVE, &db), OK);
	model_start(&m, "tld.", 1, 400);
	was = model_copy(&m);
	assert_int_equal(zonedb_add(db, 5, m.apex.octets), OK);
	v = build(db, 5, &m);
	struct zone_digest first = *zone_digest(v);
	zonedb_commit(db, 5, v, NULL, 0, HISTORY_KEEP);
	random_delta(&m, &there, 100);
	assert_int_equal(zonedb_patch(db, 5, there.at, there.len, &v, &t), OK);
	assert_memory_not_equal(&first, zone_digest(v), sizeof first);
	zonedb_commit(db, 5, v, there.at, there.len, HISTORY_KEEP);
	v = build(db, 5, &was);
	assert_int_equal(zonedb_net_of_versions(db, 5, v, &net), OK);
	zonedb_discard(db, v);
	assert_int_equal(zonedb_patch(db, 5, net.at, net.len, &v, &t), OK);
	assert_memory_equal(&first, zone_digest(v), sizeof first);
	check_content(db, &was, v);
	zonedb_discard(db, v);
	octets_free(&there);
	octets_free(&net);
	octets_free(&back);
	free(m.at);
	free(was.at);
	zonedb_destroy(&db);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build_and_walk),
		cmocka_unit_test(test_patches),
		cmocka_unit_test(test_net_of_versions),
		cmocka_unit_test(test_undo),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
