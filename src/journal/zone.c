/* zone.c - the record of a zone: timers, what is published, its base.
 * Runs in: xfrd. */
#include <string.h>

#include "journal/record.h"

static bool
zone_decode(struct buf *b, struct zone_record *r)
{
	struct journal_zone *z = &r->zone;
	if (!buf_take_u32(b, &z->flags) ||
	    !db_take_flag(b, &z->is_published) ||
	    !buf_take_u32(b, &z->serial) ||
	    !db_take_octets(b, z->digest, sizeof z->digest) ||
	    !db_take_i64(b, &z->published_s) ||
	    !buf_take_u32(b, &z->base_serial) ||
	    !db_take_octets(b, z->base_digest, sizeof z->base_digest) ||
	    !buf_take_u64(b, &z->base_delta) ||
	    !buf_take_u64(b, &z->last_delta) ||
	    !data_take_place(b, &r->base) ||
	    !buf_take_u16(b, &z->timers_len) ||
	    z->timers_len > sizeof z->timers ||
	    !db_take_octets(b, z->timers, z->timers_len))
		return false;
	return buf_left(b) == 0 && z->base_delta <= z->last_delta;
}

static void
zone_derive(struct zone_record *r)
{
	struct journal_zone *z = &r->zone;
	switch (r->base.where) {
	case DATA_NONE:
		z->base = JOURNAL_BASE_NONE;
		break;
	case DATA_HERE:
		z->base = JOURNAL_BASE_INLINE;
		break;
	case DATA_FILE:
		z->base = JOURNAL_BASE_FILE;
		break;
	}
	memcpy(z->base_file, r->base.file, sizeof z->base_file);
}

static enum err
zone_take(struct buf *b, struct zone_record *r)
{
	*r = (struct zone_record){ 0 };
	if (!zone_decode(b, r))
		return ERR_CORRUPT;
	zone_derive(r);
	return OK;
}

enum err
zone_read(struct journal *j, const uint8_t *apex, struct zone_record *r)
{
	struct buf b;
	struct db_key k = db_key_zone(apex);
	*r = (struct zone_record){ 0 };
	enum err e = db_get(j, DB_ZONE, &k, &b);
	return e == OK ? zone_take(&b, r) : e;
}

enum err
zone_write(struct journal *j, const uint8_t *apex, struct zone_record *r)
{
	struct db_fields f;
	struct db_key k = db_key_zone(apex);
	const struct journal_zone *z = &r->zone;
	zone_derive(r);
	db_fields_start(&f);
	db_put_u32(&f, z->flags);
	db_put_u8(&f, z->is_published);
	db_put_u32(&f, z->serial);
	db_put_octets(&f, z->digest, sizeof z->digest);
	db_put_u64(&f, (uint64_t)z->published_s);
	db_put_u32(&f, z->base_serial);
	db_put_octets(&f, z->base_digest, sizeof z->base_digest);
	db_put_u64(&f, z->base_delta);
	db_put_u64(&f, z->last_delta);
	data_put_place(&f, &r->base);
	db_put_u16(&f, z->timers_len);
	db_put_octets(&f, z->timers, z->timers_len);
	return db_put(j, DB_ZONE, &k, &f, NULL, 0);
}

enum err
journal_zone(struct journal *j, const uint8_t *apex, struct journal_zone *z)
{
	struct zone_record r;
	enum err e = db_enter(j);
	if (e != OK)
		return e;
	e = zone_read(j, apex, &r);
	db_leave(j);
	if (e == OK)
		*z = r.zone;
	return e;
}

enum err
journal_put_timers(struct journal *j, const uint8_t *apex,
    const uint8_t *timers, size_t timers_len, uint32_t flags)
{
	struct zone_record r;
	ASSERT(timers_len <= JOURNAL_TIMERS_MAX);
	enum err e = db_begin_passing(j);
	if (e != OK)
		return e;
	e = zone_read(j, apex, &r);
	if (e == OK || e == ERR_NOT_FOUND) {
		memset(r.zone.timers, 0, sizeof r.zone.timers);
		if (timers_len > 0)
			memcpy(r.zone.timers, timers, timers_len);
		r.zone.timers_len = (uint16_t)timers_len;
		r.zone.flags = flags;
		e = zone_write(j, apex, &r);
	}
	return db_end(j, e);
}

enum err
journal_each_zone(struct journal *j, journal_zone_fn *fn, void *arg)
{
	struct db_walk w;
	struct db_key k;
	struct buf b;
	struct zone_record r;
	enum err e = db_walk_start(j, DB_ZONE, NULL, JOURNAL_OLDEST_FIRST, &w);
	if (e != OK)
		return e;
	while ((e = db_walk_next(&w, &k, &b)) == OK) {
		e = db_key_is_zone(&k, false) ? zone_take(&b, &r)
					      : ERR_CORRUPT;
		if (e != OK || !fn(arg, k.octets, &r.zone))
			break;
	}
	db_walk_end(&w);
	return e == ERR_NOT_FOUND ? OK : e;
}

/* --- a zone that is no more ------------------------------------------- */

enum err
drop_all(struct journal *j, enum db_table t, const uint8_t *apex,
    drop_fn *drop)
{
	for (;;) {
		struct db_walk w;
		struct db_key k;
		struct buf b;
		enum err e = db_walk_start(j, t, apex, JOURNAL_OLDEST_FIRST,
		    &w);
		if (e != OK)
			return e;
		e = db_walk_next(&w, &k, &b);
		db_walk_end(&w);
		if (e == OK)
			e = drop(j, t, &k);
		if (e != OK)
			return e == ERR_NOT_FOUND ? OK : e;
	}
}

static enum err
drop_zone_record(struct journal *j, const uint8_t *apex)
{
	struct zone_record r;
	struct db_key k = db_key_zone(apex);
	enum err e = zone_read(j, apex, &r);
	if (e == OK)
		e = data_release(j, &r.base);
	if (e == OK)
		e = db_drop(j, DB_ZONE, &k);
	return e == ERR_NOT_FOUND ? OK : e;
}

enum err
journal_forget_zone(struct journal *j, const uint8_t *apex)
{
	enum err e = db_begin(j);
	if (e != OK)
		return e;
	e = drop_zone_record(j, apex);
	if (e == OK)
		e = drop_all(j, DB_DELTA, apex, delta_drop);
	if (e == OK)
		e = drop_all(j, DB_NET, apex, delta_drop);
	if (e == OK)
		e = drop_all(j, DB_UPDATE, apex, update_record_drop);
	if (e == OK)
		e = drop_all(j, DB_TRAIL, apex, db_drop);
	if (e == OK)
		e = drop_all(j, DB_ZONEFILE, apex, db_drop);
	return db_end(j, e);
}

#define NUMBER_OCTETS 8

static bool
add_apex(struct octets *to, const uint8_t *apex, size_t len)
{
	uint8_t n = (uint8_t)len;
	return octets_add(to, &n, 1) && octets_add(to, apex, len);
}

/* Names that are not kept, each behind its length. */
static enum err
find_others(struct journal *j, enum db_table t, journal_apex_fn *is_kept,
    void *arg, struct octets *others)
{
	struct db_walk w;
	struct db_key k, last = { .len = 0 };
	struct buf b;
	enum err e = db_walk_start(j, t, NULL, JOURNAL_OLDEST_FIRST, &w);
	if (e != OK)
		return e;
	while ((e = db_walk_next(&w, &k, &b)) == OK) {
		if (!db_key_is_zone(&k, t == DB_UPDATE)) {
			e = ERR_CORRUPT;
			break;
		}
		size_t len = k.len - (t == DB_UPDATE ? NUMBER_OCTETS : 0);
		if (last.len == len && memcmp(last.octets, k.octets, len) == 0)
			continue;	/* another update of it */
		memcpy(last.octets, k.octets, last.len = len);
		if (!is_kept(arg, k.octets) &&
		    !add_apex(others, k.octets, len)) {
			e = ERR_MEMORY;
			break;
		}
	}
	db_walk_end(&w);
	return e == ERR_NOT_FOUND ? OK : e;
}

enum err
journal_forget_others(struct journal *j, journal_apex_fn *is_kept, void *arg)
{
	/* Whatever is kept of a zone, it has a record in one of these. */
	static const enum db_table tables[] = { DB_ZONE, DB_UPDATE,
		DB_ZONEFILE };
	enum err e = OK;
	for (size_t i = 0; i < sizeof tables / sizeof *tables && e == OK;
	    i++) {
		struct octets others = { 0 };
		e = find_others(j, tables[i], is_kept, arg, &others);
		for (size_t at = 0; at < others.len && e == OK;
		    at += 1 + others.at[at])
			e = journal_forget_zone(j, others.at + at + 1);
		octets_free(&others);
	}
	return e;
}

/* --- zone files ------------------------------------------------------- */

enum err
journal_put_zonefile(struct journal *j, const uint8_t *apex,
    const struct journal_zonefile *z)
{
	struct db_fields f;
	struct db_key k = db_key_zone(apex);
	enum err e = db_begin(j);
	if (e != OK)
		return e;
	db_fields_start(&f);
	db_put_u64(&f, z->octets);
	db_put_u64(&f, (uint64_t)z->mtime_s);
	db_put_u32(&f, z->mtime_ns);
	db_put_u32(&f, z->serial);
	db_put_octets(&f, z->digest, sizeof z->digest);
	return db_end(j, db_put(j, DB_ZONEFILE, &k, &f, NULL, 0));
}

enum err
journal_zonefile(struct journal *j, const uint8_t *apex,
    struct journal_zonefile *z)
{
	struct buf b;
	struct journal_zonefile r;
	struct db_key k = db_key_zone(apex);
	enum err e = db_enter(j);
	if (e != OK)
		return e;
	e = db_get(j, DB_ZONEFILE, &k, &b);
	if (e == OK && (!buf_take_u64(&b, &r.octets) ||
	    !db_take_i64(&b, &r.mtime_s) || !buf_take_u32(&b, &r.mtime_ns) ||
	    !buf_take_u32(&b, &r.serial) ||
	    !db_take_octets(&b, r.digest, sizeof r.digest) ||
	    buf_left(&b) != 0))
		e = ERR_CORRUPT;
	db_leave(j);
	if (e == OK)
		*z = r;
	return e;
}
