/* test_zone_ents.c - which empty non-terminals have no NSEC3: random zones
 * under opt-out, random deltas, against an oracle that hashes every name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "dns/name.h"
#include "dns/rr.h"
#include "dns/rrtype.h"
#include "zone/db.h"
#include "zone/node.h"
#include "zone/zonedb.h"

static const uint8_t key[16] = "0123456789abcdef";
#define RESERVE ((size_t)512 << 20)
#define ZONE 5
#define LABELS 3	/* a, b, c */
#define DEPTH 4
#define NAMES (3 + 9 + 27 + 81)
#define SALTS 3
#define FILLERS 20	/* large records, for a zone with its own chunks */
#define FILLER_OCTETS 60000

/* What the zone holds. */
struct world {
	uint32_t serial;
	unsigned salt;
	bool is_opt_out;
	bool is_there[NAMES];
	bool is_cut[NAMES];
	bool is_hashed[NAMES];	/* has an NSEC3 of the chain in force */
	bool is_foreign[NAMES];	/* has one of another chain */
	bool has_params;
	unsigned fillers[FILLERS];	/* 0: none */
};

static struct name names[NAMES];
static struct name apex;
static uint64_t seed;

static unsigned
pick(unsigned n)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

static void
make_names(void)
{
	unsigned n = 0, level = 0;
	assert_true(name_from_text("tld.", &apex));
	for (unsigned depth = 0; depth < DEPTH; depth++) {
		unsigned next = n, parents = depth == 0 ? 1 : n - level;
		for (unsigned i = 0; i < parents; i++)
			for (unsigned l = 0; l < LABELS; l++) {
				const uint8_t label[3] = { 1,
					(uint8_t)('a' + l), 0 };
				assert_true(name_join(label, 1, depth == 0 ?
				    apex.octets : names[level + i].octets,
				    &names[n++]));
			}
		level = next;
	}
	assert_int_equal(n, NAMES);
}

static struct nsec3_params
params_of(unsigned salt)
{
	static const uint8_t salts[SALTS] = { 1, 2, 3 };
	return (struct nsec3_params){ .algorithm = 1,
		.iterations = (uint16_t)(salt == 2 ? 3 : 0),
		.salt_len = (uint8_t)(salt == 0 ? 0 : 1),
		.salt = salts + salt };
}

/* ---- the world as records ---- */

static void
put(struct octets *o, const uint8_t *owner, uint16_t type,
    const uint8_t *rdata, size_t len)
{
	struct rr rr = { .owner = owner, .type = type, .class = CLASS_IN,
		.ttl = 60, .rdata = rdata, .rdata_len = (uint16_t)len };
	assert_true(rr_add(o, &rr));
}

static void
put_soa(struct octets *o, uint32_t serial)
{
	uint8_t rdata[22] = { 0 };
	octets_set_u32(rdata + 2, serial);
	put(o, apex.octets, TYPE_SOA, rdata, sizeof(rdata));
}

static void
put_nsec3(struct octets *o, const uint8_t *name, unsigned salt, bool opt_out)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
	struct nsec3_params p = params_of(salt);
	uint8_t hash[NSEC3_HASH_OCTETS], rdata[64];
	struct name owner;
	size_t n = 5 + (size_t)p.salt_len;
	nsec3_hash(&p, name, hash);
	owner.octets[0] = 32;
	for (unsigned i = 0; i < 32; i++) {
		unsigned bit = i * 5, v = (unsigned)hash[bit / 8] << 8;
		if (bit / 8 + 1 < sizeof(hash))
			v |= hash[bit / 8 + 1];
		owner.octets[1 + i] = (uint8_t)
		    digits[(v >> (11 - bit % 8)) & 31];
	}
	memcpy(owner.octets + 33, apex.octets, name_len(apex.octets));
	memset(rdata, 0, sizeof(rdata));
	rdata[0] = 1;
	rdata[1] = opt_out;
	octets_set_u16(rdata + 2, p.iterations);
	rdata[4] = p.salt_len;
	memcpy(rdata + 5, p.salt, p.salt_len);
	rdata[n] = 20;
	put(o, owner.octets, TYPE_NSEC3, rdata, n + 21);
}

static void
put_filler(struct octets *o, unsigned i, unsigned what)
{
	static uint8_t rdata[FILLER_OCTETS];
	uint8_t label[4] = { 2, 'f', (uint8_t)('a' + i), 0 };
	struct name owner;
	memset(rdata, (int)what, sizeof(rdata));
	assert_true(name_join(label, 1, apex.octets, &owner));
	put(o, owner.octets, 65280, rdata, sizeof(rdata));
}

/* All records but the SOA. */
static void
put_world(struct octets *o, const struct world *w)
{
	struct nsec3_params p = params_of(w->salt);
	uint8_t rdata[8] = { 1, 0, (uint8_t)(p.iterations >> 8),
		(uint8_t)p.iterations, p.salt_len };
	memcpy(rdata + 5, p.salt, p.salt_len);
	if (w->has_params)
		put(o, apex.octets, TYPE_NSEC3PARAM, rdata,
		    5 + (size_t)p.salt_len);
	for (unsigned i = 0; i < NAMES; i++) {
		if (w->is_there[i])
			put(o, names[i].octets, w->is_cut[i] ? TYPE_NS :
			    TYPE_A, (const uint8_t *)"\2ns", 4);
		if (w->is_hashed[i])
			put_nsec3(o, names[i].octets, w->salt, w->is_opt_out);
		if (w->is_foreign[i])
			put_nsec3(o, names[i].octets, (w->salt + 1) % SALTS,
			    w->is_opt_out);
	}
	for (unsigned i = 0; i < FILLERS; i++)
		if (w->fillers[i] != 0)
			put_filler(o, i, w->fillers[i]);
}

static bool
holds(const struct octets *o, const struct rr *wanted)
{
	struct buf b = buf_reading(o->at, o->len);
	struct rr rr;
	while (rr_take(&b, &rr))
		if (rr.type == wanted->type &&
		    rr.rdata_len == wanted->rdata_len &&
		    memcmp(rr.rdata, wanted->rdata, rr.rdata_len) == 0 &&
		    name_equal(rr.owner, wanted->owner))
			return true;
	return false;
}

static void
put_difference(struct octets *o, const struct octets *of,
    const struct octets *without)
{
	struct buf b = buf_reading(of->at, of->len);
	struct rr rr;
	while (rr_take(&b, &rr))
		if (!holds(without, &rr))
			assert_true(rr_add(o, &rr));
}

/* ---- the oracle ---- */

static bool
exists(const struct world *w, const uint8_t *name)
{
	if (name_is_at_or_below(apex.octets, name))
		return true;
	for (unsigned i = 0; i < NAMES; i++)
		if (w->is_there[i] &&
		    name_is_at_or_below(names[i].octets, name))
			return true;
	return false;
}

static bool
owns(const struct world *w, const uint8_t *name)
{
	if (name_equal(name, apex.octets))
		return true;
	for (unsigned i = 0; i < NAMES; i++)
		if (w->is_there[i] && name_equal(names[i].octets, name))
			return true;
	return false;
}

static bool
is_hashed(const struct world *w, const uint8_t *name)
{
	for (unsigned i = 0; i < NAMES; i++)
		if (name_equal(names[i].octets, name))
			return w->is_hashed[i];
	return false;
}

static void
check_name(const struct world *w, const struct zone_version *z,
    const uint8_t *name)
{
	unsigned all = name_labels(name), labels = all;
	while (!exists(w, name_strip(name, all - labels)))
		labels--;
	unsigned got = labels;
	while (w->is_opt_out && w->has_params && labels > 1 &&
	    !owns(w, name_strip(name, all - labels)) &&
	    !is_hashed(w, name_strip(name, all - labels)))
		labels--;
	assert_true(zone_nsec3_encloser(z, name, &got));
	assert_int_equal(got, labels);
}

static uint64_t
reached_by(const struct zone_version *z, const struct twig *t)
{
	if (twig_is_empty(t))
		return 0;
	if (!twig_is_branch(t))
		return mem_round(node_at(z, t->ref)->octets);
	unsigned n = branch_count(twig_word(t));
	uint64_t sum = mem_round(n * sizeof(*t));
	for (unsigned i = 0; i < n; i++)
		sum += reached_by(z, twig_array(z->base, t->ref) + i);
	return sum;
}

static void
check(const struct zonedb *db, const struct world *w)
{
	const struct zone_version *z = zonedb_current(db, ZONE);
	struct zonedb_stats s;
	for (unsigned i = 0; i < NAMES; i++) {
		struct name below;
		assert_true(name_join((const uint8_t *)"\1q", 1,
		    names[i].octets, &below));
		check_name(w, z, names[i].octets);
		check_name(w, z, below.octets);
	}
	zonedb_stats(db, &s);
	assert_int_equal(s.live_octets, reached_by(z, &z->main) +
	    reached_by(z, &z->nsec3) + mem_round(version_octets(z)) +
	    mem_round(z->n_ents * sizeof(uint64_t)));
}

/* ---- how it changes ---- */

static void
fill(struct world *w, bool is_large)
{
	memset(w, 0, sizeof(*w));
	w->serial = 1;
	w->has_params = true;
	w->is_opt_out = pick(4) != 0;
	w->salt = pick(SALTS);
	for (unsigned i = 0; i < NAMES; i++) {
		w->is_there[i] = pick(6) == 0;
		w->is_cut[i] = pick(3) != 0;
		w->is_hashed[i] = pick(2) == 0;
		w->is_foreign[i] = pick(5) == 0;
	}
	for (unsigned i = 0; is_large && i < FILLERS; i++)
		w->fillers[i] = 1;
}

static void
change(struct world *w)
{
	unsigned how = pick(10);
	w->serial++;
	if (w->fillers[0] != 0)
		w->fillers[pick(FILLERS)] = 1 + pick(200);
	if (how == 0) {		/* another chain */
		w->salt = pick(SALTS);
		memset(w->is_foreign, 0, sizeof(w->is_foreign));
	} else if (how == 1) {	/* the flag, everywhere */
		w->is_opt_out = !w->is_opt_out;
	} else if (how == 2) {	/* NSEC3 alone */
		for (unsigned i = 1 + pick(3); i > 0; i--)
			w->is_hashed[pick(NAMES)] ^= true;
	} else if (how == 3) {
		w->has_params = !w->has_params;
	} else {		/* names, with their NSEC3 or without */
		for (unsigned n = 1 + pick(4); n > 0; n--) {
			unsigned i = pick(NAMES);
			w->is_there[i] ^= pick(4) != 0;
			w->is_cut[i] ^= pick(2);
			w->is_hashed[i] ^= pick(2);
		}
	}
}

static void
load(struct zonedb *db, const struct world *w)
{
	struct octets o = { 0 };
	struct zone_version *v;
	struct zone_trouble t;
	uint64_t dropped;
	put_soa(&o, w->serial);
	put_world(&o, w);
	assert_int_equal(zonedb_build(db, ZONE, o.at, o.len, &v, &dropped,
	    &t), OK);
	zonedb_commit(db, ZONE, v, NULL, 0, HISTORY_CLEAR);
	octets_free(&o);
}

static void
patch(struct zonedb *db, const struct world *from, const struct world *to)
{
	struct octets old = { 0 }, new = { 0 }, delta = { 0 };
	struct zone_version *v;
	struct zone_trouble t = { .what = "" };
	put_world(&old, from);
	put_world(&new, to);
	put_soa(&delta, from->serial);
	put_difference(&delta, &old, &new);
	put_soa(&delta, to->serial);
	put_difference(&delta, &new, &old);
	if (zonedb_patch(db, ZONE, delta.at, delta.len, &v, &t) != OK)
		fail_msg("%s", t.what);
	/* Given up once, then made again. */
	zonedb_discard(db, v);
	assert_int_equal(zonedb_patch(db, ZONE, delta.at, delta.len, &v, &t),
	    OK);
	zonedb_commit(db, ZONE, v, NULL, 0, HISTORY_CLEAR);
	for (unsigned i = 0; i < 1000 && zonedb_tidy(db, 1000); i++)
		;
	octets_free(&old);
	octets_free(&new);
	octets_free(&delta);
}

static void
rounds(unsigned zones, unsigned patches, bool is_large)
{
	for (unsigned round = 0; round < zones; round++) {
		struct zonedb *db;
		struct world w, next;
		seed = 5000 + round;
		assert_int_equal(zonedb_create(key, RESERVE, &db), OK);
		assert_int_equal(zonedb_add(db, ZONE, apex.octets), OK);
		fill(&w, is_large);
		load(db, &w);
		check(db, &w);
		for (unsigned i = 0; i < patches; i++) {
			next = w;
			change(&next);
			bool was_opt_out = w.is_opt_out;
			patch(db, &w, &next);
			w = next;
			/* A version that lost the flag may go on with a list:
			 * the oracle starts again from a whole one. */
			if (was_opt_out && !w.is_opt_out)
				load(db, &w);
			check(db, &w);
		}
		zonedb_destroy(&db);
	}
}

static void
test_random(void **state)
{
	(void)state;
	rounds(20, 40, false);
}

/* The list moves with the zone when that is rewritten. */
static void
test_large_zone(void **state)
{
	(void)state;
	rounds(1, 80, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_large_zone),
	};
	make_names();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
