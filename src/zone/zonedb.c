/* zonedb.c - all zones of this server: by number, by name, what is current.
 * Runs in: store and candidate; workers only look up. */
#include "zone/zonedb.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/name.h"
#include "zone/db.h"

enum err
zonedb_create(const uint8_t digest_key[16], size_t reserve_octets,
    struct zonedb **out)
{
	struct zonedb *db = calloc(1, sizeof *db);
	if (db == NULL)
		return ERR_MEMORY;
	enum err e = mem_create(&db->mem, reserve_octets);
	if (e != OK) {
		free(db);
		return e;
	}
	memcpy(db->key, digest_key, sizeof db->key);
	*out = db;
	return OK;
}

static void
slot_free(struct zone_slot *s)
{
	pool_free(&s->pool);
	free(s);
}

void
zonedb_destroy(struct zonedb **db)
{
	struct zonedb *d = *db;
	if (d == NULL)
		return;
	while (d->pendings != NULL)
		zonedb_discard(d, d->pendings->version);
	for (uint32_t i = 0; d->by_id.rows != NULL && i <= d->by_id.mask; i++)
		if (d->by_id.rows[i] != NULL)
			slot_free(d->by_id.rows[i]);
	free(d->by_id.rows);
	free(d->by_apex.rows);
	free(d->touched);
	mem_destroy(&d->mem);
	free(d);
	*db = NULL;
}

static uint32_t
hash_id(uint32_t id)
{
	return id * UINT32_C(0x9e3779b1) ^ id >> 15;
}

/* Label by label from the root down, so that one pass over a name yields the
 * hashes of all its ancestors. Zones are the operator's choice: no peer can
 * crowd the table. */
static uint32_t
hash_label(uint32_t h, const uint8_t *label)
{
	for (unsigned i = 0; i <= label[0]; i++)
		h = (h ^ name_fold[label[i]]) * UINT32_C(0x01000193);
	return h ^ h >> 15;
}

static uint32_t
hash_name(const uint8_t *name)
{
	uint8_t at[NAME_MAX_LABELS];
	unsigned n = 0;
	uint32_t h = UINT32_C(0x811c9dc5);
	for (unsigned i = 0; name[i] != 0; i += name[i] + 1u)
		at[n++] = (uint8_t)i;
	while (n > 0)
		h = hash_label(h, name + at[--n]);
	return h;
}

static uint32_t
row_hash(const struct zonedb *db, const struct slot_table *t,
    const struct zone_slot *s)
{
	return t == &db->by_id ? hash_id(s->id) : s->hash;
}

static void
table_put(const struct zonedb *db, struct slot_table *t, struct zone_slot *s)
{
	uint32_t i = row_hash(db, t, s) & t->mask;
	while (t->rows[i] != NULL)
		i = (i + 1) & t->mask;
	t->rows[i] = s;
	t->n++;
}

static bool
table_reserve(const struct zonedb *db, struct slot_table *t)
{
	struct slot_table more = { .mask = t->mask * 2 + 1 };
	if (t->rows != NULL && (t->n + 1) * 4 <= t->mask * 3)
		return true;
	if (t->rows == NULL)
		more.mask = 15;
	more.rows = calloc(more.mask + (size_t)1, sizeof *more.rows);
	if (more.rows == NULL)
		return false;
	struct slot_table old = *t;
	*t = more;
	for (uint32_t i = 0; old.rows != NULL && i <= old.mask; i++)
		if (old.rows[i] != NULL)
			table_put(db, t, old.rows[i]);
	free(old.rows);
	return true;
}

static void
table_take(const struct zonedb *db, struct slot_table *t,
    const struct zone_slot *s)
{
	uint32_t i = row_hash(db, t, s) & t->mask;
	while (t->rows[i] != s)
		i = (i + 1) & t->mask;
	t->rows[i] = NULL;
	t->n--;
	/* What stands behind the gap goes where it is found without it. */
	for (i = (i + 1) & t->mask; t->rows[i] != NULL; i = (i + 1) & t->mask) {
		struct zone_slot *moved = t->rows[i];
		t->rows[i] = NULL;
		t->n--;
		table_put(db, t, moved);
	}
}

struct zone_slot *
slot_of(const struct zonedb *db, uint32_t id)
{
	const struct slot_table *t = &db->by_id;
	if (t->rows == NULL)
		return NULL;
	for (uint32_t i = hash_id(id) & t->mask; t->rows[i] != NULL;
	    i = (i + 1) & t->mask)
		if (t->rows[i]->id == id)
			return t->rows[i];
	return NULL;
}

static struct zone_slot *
slot_at(const struct zonedb *db, uint32_t hash, const uint8_t *apex)
{
	const struct slot_table *t = &db->by_apex;
	if (t->rows == NULL)
		return NULL;
	for (uint32_t i = hash & t->mask; t->rows[i] != NULL;
	    i = (i + 1) & t->mask)
		if (t->rows[i]->hash == hash &&
		    name_equal(t->rows[i]->apex, apex))
			return t->rows[i];
	return NULL;
}

enum err
zonedb_add(struct zonedb *db, uint32_t id, const uint8_t *apex)
{
	uint32_t hash = hash_name(apex);
	size_t len = name_len(apex);
	if (slot_of(db, id) != NULL || slot_at(db, hash, apex) != NULL)
		return ERR_EXISTS;
	struct zone_slot *s = calloc(1, sizeof *s + len);
	if (s == NULL || !table_reserve(db, &db->by_id) ||
	    !table_reserve(db, &db->by_apex)) {
		free(s);
		return ERR_MEMORY;
	}
	s->id = id;
	s->hash = hash;
	s->keep_history = true;
	s->history_number = 100;
	s->apex_len = (uint8_t)len;
	s->apex_labels = (uint8_t)name_labels(apex);
	memcpy(s->apex, apex, len);
	if (s->apex_labels > db->most_labels)
		db->most_labels = s->apex_labels;
	table_put(db, &db->by_id, s);
	table_put(db, &db->by_apex, s);
	return OK;
}

void
zonedb_remove(struct zonedb *db, uint32_t id)
{
	struct zone_slot *s = slot_of(db, id);
	if (s == NULL)
		return;
	zonedb_clear(db, id);
	table_take(db, &db->by_id, s);
	table_take(db, &db->by_apex, s);
	slot_free(s);
}

void
zonedb_set_history(struct zonedb *db, uint32_t id, bool keep, unsigned number,
    uint64_t octets)
{
	struct zone_slot *s = slot_of(db, id);
	if (s == NULL)
		return;
	s->keep_history = keep;
	s->history_number = number;
	s->history_octets = octets;
}

static bool
hit_set(const struct zone_slot *s, struct zonedb_hit *hit)
{
	if (s == NULL)
		return false;
	hit->id = s->id;
	hit->apex = s->apex;
	hit->version = s->version;
	return true;
}

bool
zonedb_find(const struct zonedb *db, const uint8_t *name, bool for_ds,
    struct zonedb_hit *hit)
{
	uint8_t at[NAME_MAX_LABELS];
	unsigned n = 0, i = 0;
	uint32_t h = UINT32_C(0x811c9dc5);
	for (; name[i] != 0; i += name[i] + 1u)
		at[n++] = (uint8_t)i;
	const uint8_t *root = name + i;
	struct zone_slot *best = slot_at(db, h, root), *above = NULL;
	for (unsigned depth = 1; depth <= db->most_labels && n > 0; depth++) {
		h = hash_label(h, name + at[--n]);
		struct zone_slot *s = slot_at(db, h, name + at[n]);
		if (s == NULL)
			continue;
		above = best;
		best = s;
	}
	if (for_ds && best != NULL && above != NULL &&
	    name_equal(best->apex, name))
		best = above;
	return hit_set(best, hit);
}

bool
zonedb_exact(const struct zonedb *db, const uint8_t *apex,
    struct zonedb_hit *hit)
{
	return hit_set(slot_at(db, hash_name(apex), apex), hit);
}

const struct zone_version *
zonedb_current(const struct zonedb *db, uint32_t id)
{
	const struct zone_slot *s = slot_of(db, id);
	return s == NULL ? NULL : s->version;
}

void
zonedb_seal(struct zonedb *db)
{
	region_seal_all(&db->mem.region);
}

void
zonedb_seal_inherited(struct zonedb *db)
{
	/* What is open now is sealed too, so the next block opens a chunk of
	 * this process. */
	region_seal_all(&db->mem.region);
	region_next_small(&db->mem.region);
	mem_inherit(&db->mem);
}

void
zonedb_show_inherited(struct zonedb *db, uint32_t id,
    const struct zone_version *v)
{
	struct zone_slot *s = slot_of(db, id);
	if (s != NULL)
		s->version = (struct zone_version *)(uintptr_t)v;
}

/* A zone takes about three quarters of its octets on the wire. */
void
zonedb_warm_start(struct zonedb *db, size_t octets)
{
	region_warm_start(&db->warmer, &db->mem.region, octets / 3 * 2);
}

void
zonedb_warm_end(struct zonedb *db)
{
	region_warm_end(&db->warmer);
}

uint64_t
zonedb_octets(const struct zonedb *db)
{
	return (uint64_t)db->mem.region.in_use * REGION_CHUNK_OCTETS;
}

void
zonedb_stats(const struct zonedb *db, struct zonedb_stats *s)
{
	memset(s, 0, sizeof *s);
	s->zones = db->by_id.n;
	for (uint32_t i = 0; db->by_id.rows != NULL && i <= db->by_id.mask;
	    i++) {
		const struct zone_slot *z = db->by_id.rows[i];
		if (z == NULL || z->version == NULL)
			continue;
		s->records += z->version->records;
		s->nodes += z->version->nodes;
	}
	s->region_octets = zonedb_octets(db);
	for (uint32_t c = 1; c <= db->mem.highest; c++) {
		s->live_octets += db->mem.chunks[c].live;
		s->dead_octets += db->mem.chunks[c].fill -
		    db->mem.chunks[c].live;
	}
}

void
trouble_set(struct zone_trouble *t, const struct rr *rr, const char *fmt, ...)
{
	va_list args;
	if (t == NULL)
		return;
	memset(&t->owner, 0, sizeof t->owner);
	t->type = 0;
	if (rr != NULL) {
		name_copy(&t->owner, rr->owner);
		t->type = rr->type;
	}
	va_start(args, fmt);
	(void)vsnprintf(t->what, sizeof t->what, fmt, args);
	va_end(args);
}

void
trouble_local(struct zone_trouble *t, enum err e)
{
	if (err_is_local(e))
		trouble_set(t, NULL, "%s", e == ERR_FULL ?
		    "no room left in zone memory" : err_text(e));
}
