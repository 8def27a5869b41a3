/* test_zone_store.c - what the model test does not reach: refusals, history,
 * seals, housekeeping, many zones, base files, hostile input. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "config.h"
#include "base/buf.h"
#include "base/fd.h"
#include "dns/name.h"
#include "dns/rr.h"
#include "dns/rrtype.h"
#include "zone/zonedb.h"
#include "zone/zonefile.h"

static const uint8_t key[16] = "0123456789abcdef";
#define RESERVE ((size_t)512 << 20)

static struct zonedb *
open_db(void)
{
	struct zonedb *db;
	assert_int_equal(zonedb_create(key, RESERVE, &db), OK);
	return db;
}

static struct name
name_of(const char *text)
{
	struct name n;
	assert_true(name_from_text(text, &n));
	return n;
}

static void
put(struct octets *o, const char *owner, uint16_t type, uint32_t ttl,
    const void *rdata, size_t len)
{
	struct name n = name_of(owner);
	struct rr rr = { .owner = n.octets, .type = type, .class = CLASS_IN,
		.ttl = ttl, .rdata = rdata, .rdata_len = (uint16_t)len };
	assert_true(rr_add(o, &rr));
}

static void
put_soa(struct octets *o, const char *apex, uint32_t serial)
{
	uint8_t rdata[22] = { 0 };
	octets_set_u32(rdata + 2, serial);
	put(o, apex, TYPE_SOA, 3600, rdata, sizeof rdata);
}

static void
put_a(struct octets *o, const char *owner, uint32_t address)
{
	uint8_t rdata[4];
	octets_set_u32(rdata, address);
	put(o, owner, TYPE_A, 300, rdata, 4);
}

static enum err
build(struct zonedb *db, uint32_t id, const struct octets *o,
    struct zone_version **v, uint64_t *dropped)
{
	struct zone_trouble t = { .what = "" };
	enum err e = zonedb_build(db, id, o->at, o->len, v, dropped, &t);
	if (e != OK)
		assert_true(t.what[0] != '\0');
	return e;
}

static void
load(struct zonedb *db, uint32_t id, const struct octets *o)
{
	struct zone_version *v;
	assert_int_equal(build(db, id, o, &v, NULL), OK);
	zonedb_commit(db, id, v, NULL, 0, HISTORY_CLEAR);
}

static void
test_refusals(void **state)
{
	struct zonedb *db = open_db();
	struct name apex = name_of("example.");
	struct octets o = { 0 };
	struct zone_version *v = NULL;
	uint64_t dropped = 0;
	(void)state;
	assert_int_equal(zonedb_add(db, 1, apex.octets), OK);
	assert_int_equal(zonedb_add(db, 2, apex.octets), ERR_EXISTS);
	assert_int_equal(build(db, 1, &o, &v, &dropped),
	    ERR_PEER_INCONSISTENT);
	put_a(&o, "a.example.", 1);
	assert_int_equal(build(db, 1, &o, &v, &dropped),
	    ERR_PEER_INCONSISTENT);
	o.len = 0;
	put_soa(&o, "example.", 1);
	put_a(&o, "a.example.", 1);
	put_a(&o, "a.other.", 1);
	put_a(&o, "A.example.", 2);
	put_a(&o, "xexample.", 2);
	put_a(&o, "a.example.", 1);
	assert_int_equal(build(db, 1, &o, &v, &dropped), OK);
	assert_int_equal(dropped, 2);
	assert_int_equal(zone_record_count(v), 3);
	zonedb_discard(db, v);
	size_t good = o.len;
	put_soa(&o, "example.", 2);
	assert_int_equal(build(db, 1, &o, &v, NULL), ERR_PEER_INCONSISTENT);
	o.len = good;
	put(&o, "a.example.", TYPE_ANY, 0, "", 0);
	assert_int_equal(build(db, 1, &o, &v, NULL), ERR_PEER_INCONSISTENT);
	o.len = good;
	put_a(&o, "b.example.", 1);
	o.at[good + 11 + 2] = 0;
	o.at[good + 11 + 3] = CLASS_CH;
	assert_int_equal(build(db, 1, &o, &v, NULL), ERR_PEER_INCONSISTENT);
	o.len = good;
	/* Broken off anywhere: refused or a shorter zone, never a crash. */
	for (size_t n = 1; n < good; n++) {
		struct octets cut = { .at = o.at, .len = n };
		if (build(db, 1, &cut, &v, NULL) == OK)
			zonedb_discard(db, v);
	}
	assert_null(zonedb_current(db, 1));
	octets_free(&o);
	zonedb_destroy(&db);
}

static void
delta(struct octets *o, uint32_t from, uint32_t to)
{
	o->len = 0;
	put_soa(o, "example.", from);
	put_soa(o, "example.", to);
}

static enum err
patch(struct zonedb *db, const struct octets *o)
{
	struct zone_version *v = NULL;
	struct zone_trouble t = { .what = "" };
	enum err e = zonedb_patch(db, 1, o->at, o->len, &v, &t);
	if (e == OK)
		zonedb_commit(db, 1, v, o->at, o->len, HISTORY_KEEP);
	else
		assert_true(t.what[0] != '\0');
	return e;
}

static void
test_deltas_that_do_not_apply(void **state)
{
	struct zonedb *db = open_db();
	struct name apex = name_of("example.");
	struct octets o = { 0 };
	struct zone_digest was;
	(void)state;
	assert_int_equal(zonedb_add(db, 1, apex.octets), OK);
	put_soa(&o, "example.", 5);
	put_a(&o, "a.example.", 1);
	load(db, 1, &o);
	was = *zone_digest(zonedb_current(db, 1));
	delta(&o, 4, 6);
	assert_int_equal(patch(db, &o), ERR_PEER_INCONSISTENT);
	delta(&o, 5, 6);
	put_a(&o, "A.example.", 1);
	assert_int_equal(patch(db, &o), ERR_PEER_INCONSISTENT);
	o.len = 0;
	put_soa(&o, "example.", 5);
	put_a(&o, "a.example.", 2);
	put_soa(&o, "example.", 6);
	assert_int_equal(patch(db, &o), ERR_PEER_INCONSISTENT);
	o.len = 0;
	put_soa(&o, "example.", 5);
	assert_int_equal(patch(db, &o), ERR_PEER_INCONSISTENT);
	o.len = 0;
	assert_int_equal(patch(db, &o), ERR_PEER_INCONSISTENT);
	delta(&o, 5, 6);
	put_soa(&o, "example.", 7);
	put_soa(&o, "example.", 8);
	assert_int_equal(patch(db, &o), ERR_PEER_INCONSISTENT);
	assert_memory_equal(&was, zone_digest(zonedb_current(db, 1)), 16);
	delta(&o, 5, 6);
	put_a(&o, "b.example.", 1);
	assert_int_equal(patch(db, &o), OK);
	assert_int_equal(zone_serial(zonedb_current(db, 1)), 6);
	octets_free(&o);
	zonedb_destroy(&db);
}

/* A record that one delta adds and the next deletes is no change. */
static void
test_net_of_chain(void **state)
{
	struct zonedb *db = open_db();
	struct name apex = name_of("example.");
	struct octets o = { 0 }, net = { 0 }, want = { 0 };
	struct zone_trouble t;
	uint64_t dropped;
	(void)state;
	assert_int_equal(zonedb_add(db, 1, apex.octets), OK);
	put_soa(&o, "example.", 5);
	put_a(&o, "a.example.", 1);
	put_a(&o, "b.example.", 1);
	load(db, 1, &o);
	o.len = 0;
	put_soa(&o, "example.", 5);
	put_a(&o, "a.example.", 1);
	put_a(&o, "x.other.", 1);
	put_soa(&o, "example.", 6);
	put_a(&o, "new.example.", 1);
	put_a(&o, "y.other.", 1);
	put_soa(&o, "example.", 6);
	put_a(&o, "new.example.", 1);
	put_a(&o, "b.example.", 1);
	put_soa(&o, "example.", 9);
	put_a(&o, "A.example.", 1);
	put_a(&o, "b.example.", 1);
	assert_int_equal(zonedb_net_of_chain(db, 1, o.at, o.len, &net,
	    &dropped, &t), OK);
	assert_int_equal(dropped, 2);
	/* Only the case of a's owner changed. */
	put_soa(&want, "example.", 5);
	put_a(&want, "a.example.", 1);
	put_soa(&want, "example.", 9);
	put_a(&want, "A.example.", 1);
	assert_int_equal(net.len, want.len);
	assert_memory_equal(net.at, want.at, net.len);
	octets_free(&o);
	octets_free(&net);
	octets_free(&want);
	zonedb_destroy(&db);
}

static void
test_history(void **state)
{
	struct zonedb *db = open_db();
	struct name apex = name_of("example.");
	struct octets o = { 0 };
	struct zone_step s;
	(void)state;
	assert_int_equal(zonedb_add(db, 1, apex.octets), OK);
	zonedb_set_history(db, 1, true, 3, 0);
	put_soa(&o, "example.", 10);
	load(db, 1, &o);
	for (uint32_t n = 10; n < 15; n++) {
		delta(&o, n, n + 1);
		put_a(&o, "a.example.", n);
		assert_int_equal(patch(db, &o), OK);
	}
	const struct zone_version *z = zonedb_current(db, 1);
	assert_int_equal(zone_step_count(z), 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(zone_step(z, i, &s));
		assert_int_equal(s.from, 14 - i);
		assert_int_equal(s.to, 15 - i);
		delta(&o, s.from, s.to);
		put_a(&o, "a.example.", s.from);
		assert_int_equal(s.len, o.len);
		assert_memory_equal(s.octets, o.at, o.len);
	}
	assert_false(zone_step(z, 3, &s));
	/* Older ones join at the end, if they fit. */
	delta(&o, 11, 12);
	assert_int_equal(zonedb_add_step(db, 1, o.at, o.len), ERR_LIMIT);
	zonedb_set_history(db, 1, true, 5, 0);
	assert_int_equal(zonedb_add_step(db, 1, o.at, o.len), OK);
	assert_int_equal(zonedb_add_step(db, 1, o.at, o.len),
	    ERR_PEER_INCONSISTENT);
	assert_true(zone_step(zonedb_current(db, 1), 3, &s));
	assert_int_equal(s.from, 11);
	/* By size; not kept; cleared. */
	zonedb_set_history(db, 1, true, 5, o.len + 40);
	delta(&o, 15, 16);
	assert_int_equal(patch(db, &o), OK);
	assert_int_equal(zone_step_count(zonedb_current(db, 1)), 1);
	zonedb_set_history(db, 1, false, 5, 0);
	delta(&o, 16, 17);
	assert_int_equal(patch(db, &o), OK);
	assert_int_equal(zone_step_count(zonedb_current(db, 1)), 0);
	octets_free(&o);
	zonedb_destroy(&db);
}

static void
number_name(char *to, size_t room, const char *head, unsigned n,
    const char *apex)
{
	snprintf(to, room, "%s%06u.%s", head, n, apex);
}

/* A zone that has chunks of its own; NS sets repeat. */
static void
big_zone(struct octets *o, unsigned n, uint32_t serial)
{
	char name[64];
	uint8_t rdata[64] = "\3ns0\10provider\7example";
	put_soa(o, "example.", serial);
	for (unsigned i = 0; i < n; i++) {
		number_name(name, sizeof name, "d", i, "example.");
		rdata[3] = (uint8_t)('0' + i % 7);
		put(o, name, TYPE_NS, 3600, rdata, 22);
		rdata[2] = 'x';
		put(o, name, TYPE_NS, 3600, rdata, 22);
		rdata[2] = 's';
		put(o, name, TYPE_DS, 3600, rdata, 36);
	}
}

static bool
digest_holds(struct zonedb *db, uint32_t id)
{
	struct zone_digest d;
	const struct zone_version *z = zonedb_current(db, id);
	zone_digest_recompute(db, z, &d);
	return memcmp(&d, zone_digest(z), sizeof d) == 0;
}

static unsigned
count_nodes(const struct zone_version *z)
{
	struct zone_iter it;
	unsigned n = 0;
	zone_iter_start(z, &it);
	while (zone_iter_next(&it) != NULL)
		n++;
	return n;
}

/* Thousands of updates, and patches between the slices of tidying: memory
 * stays, content too. */
static void
tidy_zone(unsigned n)
{
	struct zonedb *db = open_db();
	struct name apex = name_of("example.");
	struct octets o = { 0 };
	struct zonedb_stats first, last;
	char name[64];
	unsigned slices = 0;
	assert_int_equal(zonedb_add(db, 1, apex.octets), OK);
	zonedb_set_history(db, 1, true, 10, 64u << 20);
	big_zone(&o, n, 1);
	load(db, 1, &o);
	zonedb_stats(db, &first);
	for (uint32_t k = 1; k <= 3000; k++) {
		o.len = 0;
		put_soa(&o, "example.", k);
		for (unsigned i = 0; k > 1 && i < 10; i++) {
			number_name(name, sizeof name, "n",
			    (k - 1) * 7919u * 10 % n + i, "d000001.example.");
			put_a(&o, name, k - 1);
		}
		put_soa(&o, "example.", k + 1);
		for (unsigned i = 0; i < 10; i++) {
			number_name(name, sizeof name, "n",
			    k * 7919u * 10 % n + i, "d000001.example.");
			put_a(&o, name, k);
		}
		assert_int_equal(patch(db, &o), OK);
		/* One slice only, so that patches and tidying mix. */
		slices += zonedb_tidy(db, 1);
	}
	assert_true(slices > 10);
	while (zonedb_tidy(db, 5000))
		;
	zonedb_stats(db, &last);
	assert_true(digest_holds(db, 1));
	assert_int_equal(zone_serial(zonedb_current(db, 1)), 3001);
	assert_int_equal(count_nodes(zonedb_current(db, 1)), n + 1 + 10);
	/* What thousands of updates wrote went back: a few chunks stay. */
	assert_true(last.region_octets <= first.region_octets +
	    ((uint64_t)12 << 20));
	/* Most of the zone goes: it is rewritten as a whole. */
	o.len = 0;
	put_soa(&o, "example.", 3001);
	uint8_t rdata[64] = "\3ns0\10provider\7example";
	for (unsigned i = 0; i < n - 1000; i++) {
		number_name(name, sizeof name, "d", i, "example.");
		rdata[3] = (uint8_t)('0' + i % 7);
		put(&o, name, TYPE_DS, 3600, rdata, 36);
	}
	put_soa(&o, "example.", 3002);
	assert_int_equal(patch(db, &o), OK);
	zonedb_stats(db, &first);
	for (slices = 0; zonedb_tidy(db, 1); slices++)
		assert_true(slices < 10000);
	zonedb_stats(db, &last);
	assert_true(slices > 2);
	assert_true(last.region_octets < first.region_octets);
	assert_true(digest_holds(db, 1));
	assert_int_equal(count_nodes(zonedb_current(db, 1)), n + 1 + 10);
	assert_true(zone_step_count(zonedb_current(db, 1)) > 0);
	octets_free(&o);
	zonedb_destroy(&db);
}

static void
test_tidy_middle(void **state)
{
	(void)state;
	tidy_zone(20000);
}

static void
test_tidy_big(void **state)
{
	(void)state;
	tidy_zone(60000);
}

static bool
net_to(struct zonedb *db, const struct zone_version *v, struct octets *net)
{
	net->len = 0;
	return zonedb_net_of_versions(db, 1, v, net) == OK;
}

/* A zone built again in its own place: big, small, big; its history comes
 * along, what it left goes back. */
static void
test_replace(void **state)
{
	static const unsigned sizes[] = { 60000, 60000, 10, 20000, 5, 6,
		60000 };
	struct zonedb *db = open_db();
	struct name apex = name_of("example.");
	struct octets o = { 0 }, net = { 0 };
	struct zonedb_stats s, first = { 0 };
	struct zone_version *v;
	struct zone_step step;
	(void)state;
	assert_int_equal(zonedb_add(db, 1, apex.octets), OK);
	zonedb_set_history(db, 1, true, 10, 64u << 20);
	for (unsigned i = 0; i < 7; i++) {
		bool is_first = i == 0;
		o.len = 0;
		big_zone(&o, sizes[i], 100 + i);
		assert_int_equal(build(db, 1, &o, &v, NULL), OK);
		assert_true(is_first || net_to(db, v, &net));
		zonedb_commit(db, 1, v, is_first ? NULL : net.at, net.len,
		    HISTORY_KEEP);
		assert_true(digest_holds(db, 1));
		assert_int_equal(zone_step_count(v), i);
		for (unsigned k = 0; k < i; k++) {
			assert_true(zone_step(v, k, &step));
			assert_int_equal(step.to, 100 + i - k);
		}
		if (is_first)
			zonedb_stats(db, &first);
	}
	/* Once more without history: as at first. */
	zonedb_set_history(db, 1, false, 0, 0);
	assert_int_equal(build(db, 1, &o, &v, NULL), OK);
	zonedb_commit(db, 1, v, NULL, 0, HISTORY_CLEAR);
	zonedb_stats(db, &s);
	assert_int_equal(s.live_octets, first.live_octets);
	assert_true(s.region_octets <= first.region_octets +
	    ((uint64_t)2 << 20));
	zonedb_clear(db, 1);
	assert_null(zonedb_current(db, 1));
	zonedb_stats(db, &s);
	assert_int_equal(s.live_octets, 0);
	octets_free(&o);
	octets_free(&net);
	zonedb_destroy(&db);
}

/* A small zone that grows by patches gets chunks of its own when it is
 * tidied. */
static void
test_growing(void **state)
{
	struct zonedb *db = open_db();
	struct name apex = name_of("example.");
	struct octets o = { 0 };
	struct zonedb_stats s;
	char name[64];
	(void)state;
	assert_int_equal(zonedb_add(db, 1, apex.octets), OK);
	put_soa(&o, "example.", 1);
	load(db, 1, &o);
	for (uint32_t k = 1; k <= 60; k++) {
		delta(&o, k, k + 1);
		for (unsigned i = 0; i < 1000; i++) {
			number_name(name, sizeof name, "n", k * 1000 + i,
			    "example.");
			put_a(&o, name, i);
		}
		assert_int_equal(patch(db, &o), OK);
		while (zonedb_tidy(db, 5000))
			;
		assert_true(digest_holds(db, 1));
	}
	const struct zone_version *z = zonedb_current(db, 1);
	assert_int_equal(zone_record_count(z), 60001);
	assert_int_equal(count_nodes(z), 60001);
	assert_true(zone_step_count(z) > 0);
	zonedb_stats(db, &s);
	assert_true(s.dead_octets < s.live_octets);
	octets_free(&o);
	zonedb_destroy(&db);
}

static void
test_shared_data(void **state)
{
	struct zonedb *db = open_db();
	struct name apex = name_of("example.");
	struct octets o = { 0 };
	struct zonedb_stats s;
	struct rrset rs;
	struct rr rr;
	uint32_t at = 0;
	(void)state;
	assert_int_equal(zonedb_add(db, 1, apex.octets), OK);
	big_zone(&o, 60000, 1);
	load(db, 1, &o);
	zonedb_stats(db, &s);
	assert_int_equal(s.records, 180001);
	/* Owner 17, head 8, twig 12, NS 14, DS 50 and what rounding takes; the
	 * NS data of 48 octets is stored seven times in all. */
	assert_true(s.live_octets < (uint64_t)60000 * 116);
	struct name q = name_of("d000009.example.");
	const struct zone_node *n = zone_find(zonedb_current(db, 1), q.octets);
	assert_non_null(n);
	assert_true(node_is_cut(n) && node_has_ds(n));
	assert_true(node_rrset(zonedb_current(db, 1), n, TYPE_NS, &rs));
	assert_int_equal(rs.count, 2);
	assert_true(rrset_next(&rs, &at, &rr));
	assert_memory_equal(rr.rdata, "\3ns2\10provider\7example", 22);
	octets_free(&o);
	zonedb_destroy(&db);
}

static void
test_many_small_zones(void **state)
{
	struct zonedb *db = open_db();
	struct octets o = { 0 };
	struct zonedb_stats s;
	struct zonedb_hit hit;
	char apex[64], name[80];
	unsigned n = 5000;
	(void)state;
	for (unsigned i = 0; i < n; i++) {
		number_name(apex, sizeof apex, "z", i, "example.");
		struct name a = name_of(apex);
		assert_int_equal(zonedb_add(db, i * 3, a.octets), OK);
		o.len = 0;
		put_soa(&o, apex, 1);
		for (unsigned k = 0; k < 9; k++) {
			number_name(name, sizeof name, "h", k, apex);
			put_a(&o, name, k);
		}
		load(db, i * 3, &o);
	}
	zonedb_stats(db, &s);
	assert_int_equal(s.zones, n);
	assert_int_equal(s.records, n * 10);
	assert_true(s.live_octets < (uint64_t)n * 1000);
	struct name q = name_of("x.h000003.z000777.example.");
	assert_true(zonedb_find(db, q.octets, false, &hit));
	assert_int_equal(hit.id, 777 * 3);
	assert_int_equal(zone_record_count(hit.version), 10);
	/* Two thirds go; tidying gives back what they filled. */
	for (unsigned i = 0; i < n; i++)
		if (i % 3 != 0)
			zonedb_remove(db, i * 3);
	uint64_t before = s.region_octets;
	while (zonedb_tidy(db, 5000))
		;
	zonedb_stats(db, &s);
	assert_int_equal(s.zones, (n + 2) / 3);
	assert_true(s.region_octets <= before / 2 +
	    ((uint64_t)4 << 20));
	for (unsigned i = 0; i < n; i += 3)
		assert_true(digest_holds(db, i * 3));
	assert_false(zonedb_find(db, q.octets, false, &hit) &&
	    hit.id == 778 * 3);
	octets_free(&o);
	zonedb_destroy(&db);
}

static void
test_find_zone(void **state)
{
	struct zonedb *db = open_db();
	struct zonedb_hit hit;
	struct name uk = name_of("uk."), co = name_of("CO.uk."),
	    q = name_of("www.co.UK."), other = name_of("org.");
	(void)state;
	assert_int_equal(zonedb_add(db, 1, uk.octets), OK);
	assert_int_equal(zonedb_add(db, 2, co.octets), OK);
	assert_true(zonedb_find(db, q.octets, false, &hit));
	assert_int_equal(hit.id, 2);
	assert_null(hit.version);
	assert_true(zonedb_find(db, co.octets, false, &hit));
	assert_int_equal(hit.id, 2);
	assert_true(zonedb_find(db, co.octets, true, &hit));
	assert_int_equal(hit.id, 1);
	assert_true(zonedb_find(db, uk.octets, true, &hit));
	assert_int_equal(hit.id, 1);
	assert_false(zonedb_find(db, other.octets, false, &hit));
	assert_false(zonedb_exact(db, q.octets, &hit));
	assert_true(zonedb_exact(db, co.octets, &hit));
	zonedb_remove(db, 2);
	assert_true(zonedb_find(db, q.octets, false, &hit));
	assert_int_equal(hit.id, 1);
	struct name root = name_of(".");
	assert_int_equal(zonedb_add(db, 9, root.octets), OK);
	assert_true(zonedb_find(db, other.octets, false, &hit));
	assert_int_equal(hit.id, 9);
	zonedb_destroy(&db);
}

static int
status_of_write(struct zonedb *db, void (*seal)(struct zonedb *db), bool write)
{
	int status = 0;
	const struct zone_version *z = zonedb_current(db, 1);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		volatile uint8_t *at =
		    (volatile uint8_t *)(uintptr_t)zone_apex(z);
		(void)signal(SIGSEGV, SIG_DFL);
		if (seal != NULL)
			seal(db);
		if (write)
			*at = *at;
		_exit(digest_holds(db, 1) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* A candidate appends after sealing what it inherited. */
static void
patch_after_seal(struct zonedb *db)
{
	struct octets o = { 0 };
	zonedb_seal_inherited(db);
	delta(&o, 1, 2);
	put_a(&o, "after.example.", 9);
	if (patch(db, &o) != OK)
		_exit(3);
	octets_free(&o);
}

/* A candidate shows what was published again, though it was replaced. */
static void
show_after_seal(struct zonedb *db)
{
	const struct zone_version *before = zonedb_current(db, 1);
	struct zone_digest digest = *zone_digest(before);
	struct octets o = { 0 };
	zonedb_seal_inherited(db);
	for (uint32_t serial = 2; serial < 5; serial++) {
		o.len = 0;
		put_soa(&o, "example.", serial);
		put_a(&o, "after.example.", serial);
		load(db, 1, &o);
	}
	zonedb_show_inherited(db, 1, before);
	if (zone_serial(zonedb_current(db, 1)) != 1 ||
	    memcmp(zone_digest(before), &digest, sizeof digest) != 0)
		_exit(4);
	octets_free(&o);
}

static void
test_seal(void **state)
{
	struct zonedb *db = open_db();
	struct name apex = name_of("example.");
	struct octets o = { 0 };
	int status;
	(void)state;
	assert_int_equal(zonedb_add(db, 1, apex.octets), OK);
	put_soa(&o, "example.", 1);
	load(db, 1, &o);
	assert_int_equal(status_of_write(db, NULL, true), 0);
	assert_int_equal(status_of_write(db, zonedb_seal, false), 0);
	status = status_of_write(db, zonedb_seal, true);
	assert_true(status != 0);
#if !defined(__SANITIZE_ADDRESS__)
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
#endif
	assert_int_equal(status_of_write(db, patch_after_seal, false), 0);
	assert_int_equal(status_of_write(db, show_after_seal, false), 0);
	octets_free(&o);
	zonedb_destroy(&db);
}

static void
hash_owner(char *to, size_t room, const uint8_t *hash)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
	char label[33] = "";
	for (unsigned i = 0; i < 32; i++) {
		unsigned bit = i * 5, v = (unsigned)hash[bit / 8] << 8 |
		    (bit / 8 + 1 < 20 ? hash[bit / 8 + 1] : 0);
		label[i] = digits[v >> (11 - bit % 8) & 31];
	}
	snprintf(to, room, "%s.example.", label);
}

static int
hash_order(const void *a, const void *b)
{
	return memcmp(a, b, 20);
}

static void
test_nsec3(void **state)
{
	struct octets o = { 0 };
	struct name apex = name_of("example.");
	uint8_t hashes[300][20], rdata[32] = "\1\0\0\5\2ab\24", wanted[20];
	uint32_t seed = 7;
	char owner[64];
	(void)state;
	for (unsigned round = 0; round < 5; round++) {
		struct zonedb *db = open_db();
		unsigned n = round == 0 ? 1 : 60 * round;
		o.len = 0;
		put_soa(&o, "example.", 1);
		put(&o, "example.", TYPE_NSEC3PARAM, 0, "\1\0\0\5\2ab", 7);
		for (unsigned i = 0; i < n; i++) {
			for (unsigned k = 0; k < 20; k++) {
				seed = seed * 1664525u + 1013904223u;
				hashes[i][k] = (uint8_t)(seed >> 24);
			}
			hash_owner(owner, sizeof owner, hashes[i]);
			/* Another chain stands among ours. */
			rdata[5] = i % 5 == 4 ? 'x' : 'a';
			put(&o, owner, TYPE_NSEC3, 300, rdata, 28);
			put(&o, owner, TYPE_RRSIG, 300, "\0\62rest", 6);
		}
		assert_int_equal(zonedb_add(db, 1, apex.octets), OK);
		load(db, 1, &o);
		const struct zone_version *z = zonedb_current(db, 1);
		struct nsec3_params params;
		assert_true(zone_nsec3_params(z, &params));
		uint8_t ours[300][20];
		unsigned m = 0;
		for (unsigned i = 0; i < n; i++)
			if (i % 5 != 4)
				memcpy(ours[m++], hashes[i], 20);
		qsort(ours, m, 20, hash_order);
		for (unsigned i = 0; i < 500; i++) {
			bool is_match, want_match = false;
			for (unsigned k = 0; k < 20; k++) {
				seed = seed * 1664525u + 1013904223u;
				wanted[k] = (uint8_t)(seed >> 24);
			}
			if (i % 3 == 0)
				memcpy(wanted, hashes[i % n], 20);
			unsigned at = m - 1;
			for (unsigned k = 0; k < m; k++)
				if (memcmp(ours[k], wanted, 20) <= 0)
					at = k;
			want_match = memcmp(ours[at], wanted, 20) == 0;
			const struct zone_node *node = zone_nsec3_cover(z,
			    &params, wanted, &is_match);
			assert_non_null(node);
			hash_owner(owner, sizeof owner, ours[at]);
			struct name expected = name_of(owner);
			assert_true(name_equal(expected.octets,
			    node_owner(z, node)));
			assert_int_equal(is_match, want_match);
			/* Its name does not exist as a name (RFC 5155 7.2.8). */
			assert_null(zone_find(z, expected.octets));
		}
		assert_int_equal(count_nodes(z), n + 1);
		assert_true(digest_holds(db, 1));
		zonedb_destroy(&db);
	}
	octets_free(&o);
}

static int
memory_file(void)
{
	int fd = memfd_create("base", MFD_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void
test_base_file(void **state)
{
	struct zonedb *db = open_db();
	struct name apex = name_of("example.");
	struct octets o = { 0 };
	struct fd_map m;
	const uint8_t *octets;
	struct zone_version *v;
	struct zone_trouble t;
	size_t len;
	uint32_t serial;
	int fd = memory_file();
	(void)state;
	assert_int_equal(zonedb_add(db, 1, apex.octets), OK);
	big_zone(&o, 3000, 77);
	load(db, 1, &o);
	const struct zone_version *z = zonedb_current(db, 1);
	assert_int_equal(basefile_write_version(fd, z), OK);
	assert_int_equal(fd_map_open(fd, &m), OK);
	assert_int_equal(basefile_read(m.octets, m.len, &serial, &octets,
	    &len), OK);
	assert_int_equal(serial, 77);
	assert_int_equal(len, zone_wire_octets(z));
	struct zone_digest d = *zone_digest(z);
	assert_int_equal(zonedb_build(db, 1, octets, len, &v, NULL, &t), OK);
	assert_memory_equal(&d, zone_digest(v), sizeof d);
	zonedb_discard(db, v);
	assert_int_equal(zonedb_build_trusted(db, 1, octets, len, &d, &v, NULL,
	    &t), OK);
	assert_memory_equal(&d, zone_digest(v), sizeof d);
	zonedb_discard(db, v);
	/* Every damage is found. */
	uint8_t *copy = malloc(m.len);
	assert_non_null(copy);
	for (size_t i = 0; i < m.len; i += i < 100 ? 1 : 4999) {
		memcpy(copy, m.octets, m.len);
		copy[i] ^= (uint8_t)(1u << i % 8);
		assert_int_equal(basefile_read(copy, m.len, &serial, &octets,
		    &len), ERR_CORRUPT);
	}
	for (size_t i = 0; i < m.len; i += 997)
		assert_int_equal(basefile_read(m.octets, i, &serial, &octets,
		    &len), ERR_CORRUPT);
	free(copy);
	fd_map_close(&m);
	fd_close(&fd);
	octets_free(&o);
	zonedb_destroy(&db);
}

static void
test_text(void **state)
{
	struct zonedb *db = open_db();
	struct name apex = name_of("example.");
	struct octets o = { 0 }, text = { 0 };
	struct zone_text_out out;
	(void)state;
	assert_int_equal(zonedb_add(db, 1, apex.octets), OK);
	put_soa(&o, "example.", 5);
	put_a(&o, "b.example.", 0xc0000201);
	put_a(&o, "B.A.example.", 0xc0000202);
	put(&o, "example.", TYPE_NS, 60, "\2nS\0", 4);
	put(&o, "example.", TYPE_A, 60, "\1\2\3\4", 4);
	load(db, 1, &o);
	zone_text_out_start(zonedb_current(db, 1), &out);
	while (zone_text_out_more(&out, &text, 1))
		;
	assert_false(out.failed);
	assert_true(octets_add(&text, "", 1));
	const char *lines[] = { "SOA", "1.2.3.4", "nS.", "B.A.example.",
		"b.example." };
	char *at = (char *)text.at, *save = NULL;
	for (unsigned i = 0; i < 5; i++) {
		char *line = strtok_r(i == 0 ? at : NULL, "\n", &save);
		assert_non_null(line);
		assert_non_null(strstr(line, lines[i]));
	}
	assert_null(strtok_r(NULL, "\n", &save));
	octets_free(&text);
	octets_free(&o);
	zonedb_destroy(&db);
}

static void
on_error(void *arg, const struct zone_text_error *e)
{
	(void)e;
	++*(unsigned *)arg;
}

static enum err
convert(const char *text, const uint8_t *apex, unsigned *errors, int out)
{
	char path[] = "/tmp/test_zone_store.XXXXXX";
	uint32_t serial;
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_true(fd_write_all(fd, text, strlen(text)));
	*errors = 0;
	enum err e = zonefile_to_base(path, apex, out, on_error, errors,
	    &serial);
	fd_close(&fd);
	unlink(path);
	return e;
}

static void
test_zone_file(void **state)
{
	struct name apex = name_of("example.");
	unsigned errors;
	int fd = memory_file();
	(void)state;
	assert_int_equal(convert("$ORIGIN example.\n$TTL 60\n"
	    "www A 192.0.2.1\n@ SOA ns host 5 1 1 1 1\n", apex.octets,
	    &errors, fd), OK);
	struct fd_map m;
	const uint8_t *octets;
	struct zone_version *v;
	struct zone_trouble t;
	uint32_t serial;
	size_t len;
	struct zonedb *db = open_db();
	assert_int_equal(fd_map_open(fd, &m), OK);
	assert_int_equal(basefile_read(m.octets, m.len, &serial, &octets,
	    &len), OK);
	assert_int_equal(serial, 5);
	assert_int_equal(zonedb_add(db, 1, apex.octets), OK);
	assert_int_equal(zonedb_build(db, 1, octets, len, &v, NULL, &t), OK);
	assert_int_equal(zone_record_count(v), 2);
	assert_int_equal(convert("$ORIGIN example.\n$TTL 60\n"
	    "www A 192.0.2.1\n", apex.octets, &errors, fd), ERR_INPUT_ZONE);
	assert_int_equal(errors, 1);
	assert_int_equal(convert("$ORIGIN example.\n$TTL 60\n"
	    "@ SOA ns host 5 1 1 1 1\n@ SOA ns host 6 1 1 1 1\n"
	    "a.other. A 192.0.2.1\n", apex.octets, &errors, fd),
	    ERR_INPUT_ZONE);
	assert_int_equal(errors, 2);
	fd_map_close(&m);
	fd_close(&fd);
	zonedb_destroy(&db);
}

/* Names of 255 octets that share all but the last label, in all positions, as
 * a zone and one by one as patches; an RRset of thousands of records. */
static void
test_hostile(void **state)
{
	struct zonedb *db = open_db();
	struct name apex = name_of("example."), deep;
	struct octets o = { 0 }, all = { 0 };
	struct rrset rs;
	(void)state;
	assert_int_equal(zonedb_add(db, 1, apex.octets), OK);
	put_soa(&all, "example.", 1);
	load(db, 1, &all);
	for (uint32_t i = 0; i < 256; i++) {
		memset(&deep, 0, sizeof deep);
		unsigned at = 0;
		while (at < 246) {
			deep.octets[at] = 1;
			deep.octets[at + 1] = at == i / 2 * 2 % 246 ?
			    (uint8_t)i : 0xff;
			at += 2;
		}
		name_copy((struct name *)(void *)(deep.octets + at),
		    apex.octets);
		struct rr rr = { .owner = deep.octets, .type = TYPE_A,
			.class = CLASS_IN, .rdata = (const uint8_t *)"abcd",
			.rdata_len = 4 };
		delta(&o, 1 + i, 2 + i);
		if (zone_find(zonedb_current(db, 1), deep.octets) != NULL)
			rr.rdata = (const uint8_t *)"wxyz";
		assert_true(rr_add(&o, &rr));
		if (patch(db, &o) == OK)
			assert_true(rr_add(&all, &rr));
		else
			zonedb_set_history(db, 1, true, 100, 0);
		if (zone_serial(zonedb_current(db, 1)) != 2 + i) {
			delta(&o, 1 + i, 2 + i);
			assert_int_equal(patch(db, &o), OK);
		}
	}
	assert_true(digest_holds(db, 1));
	assert_true(count_nodes(zonedb_current(db, 1)) > 100);
	for (uint32_t i = 0; i < 70000; i++) {
		put_a(&all, "many.example.", i * 2654435761u);
		if (i == 3000) {
			load(db, 1, &all);
			assert_true(digest_holds(db, 1));
			struct name q = name_of("many.example.");
			assert_true(node_rrset(zonedb_current(db, 1),
			    zone_find(zonedb_current(db, 1), q.octets),
			    TYPE_A, &rs));
			assert_int_equal(rs.count, 3001);
		}
	}
	struct zone_version *v;
	assert_int_equal(build(db, 1, &all, &v, NULL), ERR_PEER_SIZE);
	assert_true(digest_holds(db, 1));
	octets_free(&o);
	octets_free(&all);
	zonedb_destroy(&db);
}

/* Octets altered at random: refused or taken, but what is taken holds. */
static void
test_mutations(void **state)
{
	struct zonedb *db = open_db();
	struct name apex = name_of("example.");
	struct octets zone = { 0 }, chain = { 0 }, net = { 0 };
	struct zone_trouble t;
	uint32_t seed = 99;
	unsigned taken = 0, refused = 0;
	(void)state;
	assert_int_equal(zonedb_add(db, 1, apex.octets), OK);
	big_zone(&zone, 8, 1);
	put(&zone, "example.", TYPE_NSEC3PARAM, 0, "\1\0\0\5\2ab", 7);
	put(&zone, "abcd.example.", TYPE_NSEC3, 0, "\1\0\0\5\2ab\1a\0\1\2",
	    12);
	put_soa(&chain, "example.", 1);
	put_a(&chain, "no.example.", 3);
	put_soa(&chain, "example.", 2);
	put_a(&chain, "new.example.", 3);
	put_a(&chain, "new.d000001.example.", 3);
	uint8_t *z = malloc(zone.len), *c = malloc(chain.len);
	assert_true(z != NULL && c != NULL);
	for (unsigned round = 0; round < 20000; round++) {
		struct zone_version *v;
		memcpy(z, zone.at, zone.len);
		memcpy(c, chain.at, chain.len);
		for (unsigned k = 0; k < 1 + round % 3; k++) {
			seed = seed * 1664525u + 1013904223u;
			z[(seed >> 8) % zone.len] = (uint8_t)seed;
			seed = seed * 1664525u + 1013904223u;
			c[(seed >> 8) % chain.len] = (uint8_t)(seed >> 4);
		}
		if (round % 8 == 0)
			memcpy(z, zone.at, zone.len);
		if (zonedb_build(db, 1, z, zone.len, &v, NULL, &t) != OK) {
			refused++;
			continue;
		}
		zonedb_commit(db, 1, v, NULL, 0, HISTORY_CLEAR);
		taken++;
		if (round % 16 == 0)
			assert_true(digest_holds(db, 1));
		net.len = 0;
		if (zonedb_net_of_chain(db, 1, c, chain.len, &net, NULL,
		    &t) != OK)
			continue;
		assert_int_equal(zonedb_patch(db, 1, net.at, net.len, &v, &t),
		    OK);
		zonedb_commit(db, 1, v, net.at, net.len, HISTORY_KEEP);
		assert_true(digest_holds(db, 1));
		while (zonedb_tidy(db, 5000))
			;
	}
	assert_true(taken > 1000 && refused > 1000);
	free(z);
	free(c);
	octets_free(&zone);
	octets_free(&chain);
	octets_free(&net);
	zonedb_destroy(&db);
}

/* The range is full: an error, and what is there stays. */
static void
test_full(void **state)
{
	struct zonedb *db;
	struct name apex = name_of("example."), second = name_of("other.");
	struct octets o = { 0 };
	struct zone_version *v;
	struct zone_trouble t;
	(void)state;
	assert_int_equal(zonedb_create(key, (size_t)4 << 20, &db), OK);
	assert_int_equal(zonedb_add(db, 1, apex.octets), OK);
	assert_int_equal(zonedb_add(db, 2, second.octets), OK);
	put_soa(&o, "example.", 1);
	load(db, 1, &o);
	o.len = 0;
	put_soa(&o, "other.", 1);
	for (unsigned i = 0; i < 60000; i++) {
		char name[64];
		number_name(name, sizeof name, "n", i, "other.");
		put_a(&o, name, i);
	}
	assert_int_equal(zonedb_build(db, 2, o.at, o.len, &v, NULL, &t),
	    ERR_FULL);
	assert_non_null(strstr(t.what, "no room"));
	assert_true(digest_holds(db, 1));
	octets_free(&o);
	zonedb_destroy(&db);
}

/* Patches until nothing fits, tidying all the time without room for it. */
static void
test_full_by_patches(void **state)
{
	struct zonedb *db;
	struct name apex = name_of("example.");
	struct octets o = { 0 };
	char name[64];
	enum err e = OK;
	uint32_t k = 1;
	(void)state;
	assert_int_equal(zonedb_create(key, (size_t)14 << 20, &db), OK);
	assert_int_equal(zonedb_add(db, 1, apex.octets), OK);
	zonedb_set_history(db, 1, true, 3, 0);
	big_zone(&o, 20000, 1);
	load(db, 1, &o);
	while (e == OK && k < 400) {
		delta(&o, k, k + 1);
		for (unsigned i = 0; i < 600; i++) {
			number_name(name, sizeof name, "n", k * 1000 + i,
			    "example.");
			put_a(&o, name, i);
		}
		e = patch(db, &o);
		k += e == OK;
		for (unsigned i = 0; i < 5; i++)
			(void)zonedb_tidy(db, 50);
	}
	assert_int_equal(e, ERR_FULL);
	assert_true(k > 10);
	assert_true(digest_holds(db, 1));
	for (unsigned i = 0; i < 5000 && zonedb_tidy(db, 1000); i++)
		;
	const struct zone_version *z = zonedb_current(db, 1);
	assert_int_equal(zone_serial(z), k);
	assert_int_equal(count_nodes(z), 20001 + 600 * (k - 1));
	assert_true(digest_holds(db, 1));
	octets_free(&o);
	zonedb_destroy(&db);
}

#if NSDV_TEST_HOOKS
static void
test_flip(void **state)
{
	struct zonedb *db = open_db();
	struct name apex = name_of("example.");
	struct octets o = { 0 };
	(void)state;
	assert_int_equal(zonedb_add(db, 1, apex.octets), OK);
	put_soa(&o, "example.", 1);
	put_a(&o, "a.example.", 1);
	load(db, 1, &o);
	assert_true(digest_holds(db, 1));
	assert_true(zonedb_test_flip(db, zonedb_current(db, 1)));
	assert_false(digest_holds(db, 1));
	octets_free(&o);
	zonedb_destroy(&db);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_deltas_that_do_not_apply),
		cmocka_unit_test(test_net_of_chain),
		cmocka_unit_test(test_history),
		cmocka_unit_test(test_tidy_middle),
		cmocka_unit_test(test_tidy_big),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_growing),
		cmocka_unit_test(test_shared_data),
		cmocka_unit_test(test_many_small_zones),
		cmocka_unit_test(test_find_zone),
		cmocka_unit_test(test_seal),
		cmocka_unit_test(test_nsec3),
		cmocka_unit_test(test_base_file),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_zone_file),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_full_by_patches),
#if NSDV_TEST_HOOKS
		cmocka_unit_test(test_flip),
#endif
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
