/* delta.c - from accepted to published: nets, history of steps, the base.
 * Runs in: xfrd. Always holds: base plus the steps with greater numbers is
 * what was published last. */
#include <string.h>

#include "journal/record.h"

#define BATCH 256	/* steps dropped between two walks */

static bool
delta_decode(struct buf *b, struct delta_record *r)
{
	struct journal_delta *d = &r->delta;
	return db_take_flag(b, &d->is_whole) &&
	    db_take_flag(b, &d->has_from) &&
	    db_take_flag(b, &d->goes_back) && buf_take_u32(b, &d->from) &&
	    buf_take_u32(b, &d->to) &&
	    db_take_octets(b, d->digest, sizeof d->digest) &&
	    db_take_i64(b, &d->when_s) && data_take_place(b, &r->place) &&
	    buf_left(b) == 0;
}

static enum err
delta_take(struct buf *b, struct delta_record *r)
{
	*r = (struct delta_record){ 0 };
	return delta_decode(b, r) ? OK : ERR_CORRUPT;
}

enum err
delta_read(struct journal *j, enum db_table t, const struct db_key *k,
    struct delta_record *r)
{
	struct buf b;
	enum err e = db_get(j, t, k, &b);
	return e == OK ? delta_take(&b, r) : e;
}

static enum err
delta_write(struct journal *j, enum db_table t, const struct db_key *k,
    const struct delta_record *r)
{
	struct db_fields f;
	const struct journal_delta *d = &r->delta;
	db_fields_start(&f);
	db_put_u8(&f, d->is_whole);
	db_put_u8(&f, d->has_from);
	db_put_u8(&f, d->goes_back);
	db_put_u32(&f, d->from);
	db_put_u32(&f, d->to);
	db_put_octets(&f, d->digest, sizeof d->digest);
	db_put_u64(&f, (uint64_t)d->when_s);
	data_put_place(&f, &r->place);
	return db_put(j, t, k, &f, NULL, 0);
}

enum err
delta_drop(struct journal *j, enum db_table t, const struct db_key *k)
{
	struct delta_record r;
	enum err e = delta_read(j, t, k, &r);
	if (e == OK)
		e = data_release(j, &r.place);
	return e == OK ? db_drop(j, t, k) : e;
}

/* --- nets ------------------------------------------------------------- */

enum err
journal_put_net(struct journal *j, const uint8_t *apex, uint64_t update_id,
    const struct journal_delta *d)
{
	struct delta_record r = { .delta = *d };
	struct data_place before;
	struct delta_record old = { 0 };
	struct db_key k = db_key_number(apex, update_id);
	enum err e = db_begin(j);
	if (e != OK)
		return e;
	/* The new data first: both may name the same file. */
	e = delta_read(j, DB_NET, &k, &old);
	before = old.place;
	if (e == OK || e == ERR_NOT_FOUND)
		e = data_store(j, &d->data, &r.place);
	if (e == OK)
		e = data_release(j, &before);
	if (e == OK)
		e = delta_write(j, DB_NET, &k, &r);
	return db_end(j, e);
}

enum err
journal_read_net(struct journal *j, const uint8_t *apex, uint64_t update_id,
    struct journal_delta *d, char file[SPOOL_NAME_MAX], struct octets *copy)
{
	struct delta_record r;
	struct db_key k = db_key_number(apex, update_id);
	enum err e = db_enter(j);
	if (e != OK)
		return e;
	e = delta_read(j, DB_NET, &k, &r);
	if (e == OK)
		e = data_copy(j, &r.place, copy, &r.delta.data);
	db_leave(j);
	if (e != OK)
		return e;
	memcpy(file, r.place.file, SPOOL_NAME_MAX);
	if (r.delta.data.file != NULL)
		r.delta.data.file = file;
	*d = r.delta;
	return OK;
}

/* --- history ---------------------------------------------------------- */

enum err
journal_each_delta(struct journal *j, const uint8_t *apex,
    enum journal_order order, journal_delta_fn *fn, void *arg)
{
	struct db_walk w;
	struct db_key k;
	struct buf b;
	struct delta_record r;
	enum err e = db_walk_start(j, DB_DELTA, apex, order, &w);
	if (e != OK)
		return e;
	while ((e = db_walk_next(&w, &k, &b)) == OK) {
		e = delta_take(&b, &r);
		if (e == OK)
			e = data_view(j, &r.place, &r.delta.data);
		if (e != OK || !fn(arg, db_key_last_number(&k), &r.delta))
			break;
	}
	db_walk_end(&w);
	return e == ERR_NOT_FOUND ? OK : e;
}

/* What may be dropped: steps up to this number, beyond these limits. */
struct trim {
	uint64_t up_to;
	unsigned number;
	uint64_t octets;
};

/* From the newest on; yields at most BATCH numbers to drop. */
static enum err
find_beyond(struct journal *j, const uint8_t *apex, const struct trim *t,
    uint64_t numbers[BATCH], unsigned *found)
{
	struct db_walk w;
	struct db_key k;
	struct buf b;
	struct delta_record r;
	unsigned count = 0;
	uint64_t sum = 0;
	enum err e = db_walk_start(j, DB_DELTA, apex, JOURNAL_NEWEST_FIRST,
	    &w);
	if (e != OK)
		return e;
	*found = 0;
	while (*found < BATCH && (e = db_walk_next(&w, &k, &b)) == OK) {
		if ((e = delta_take(&b, &r)) != OK)
			break;
		sum += r.place.len;
		count++;
		uint64_t n = db_key_last_number(&k);
		if (n <= t->up_to && (count > t->number || sum > t->octets))
			numbers[(*found)++] = n;
	}
	db_walk_end(&w);
	return e == ERR_NOT_FOUND ? OK : e;
}

static enum err
drop_beyond(struct journal *j, const uint8_t *apex, const struct trim *t,
    unsigned *dropped)
{
	uint64_t numbers[BATCH];
	unsigned found = BATCH;
	enum err e = OK;
	*dropped = 0;
	while (e == OK && found == BATCH) {
		e = find_beyond(j, apex, t, numbers, &found);
		for (unsigned i = 0; e == OK && i < found; i++) {
			struct db_key k = db_key_number(apex, numbers[i]);
			e = delta_drop(j, DB_DELTA, &k);
			(*dropped)++;
		}
	}
	return e;
}

enum err
journal_trim_deltas(struct journal *j, const uint8_t *apex, unsigned number,
    uint64_t octets, unsigned *dropped)
{
	struct zone_record z;
	unsigned count = 0;
	enum err e = db_begin(j);
	if (e != OK)
		return e;
	e = zone_read(j, apex, &z);
	if (e == OK) {
		struct trim t = { z.zone.base_delta, number, octets };
		e = drop_beyond(j, apex, &t, &count);
	}
	if (e == OK && dropped != NULL)
		*dropped = count;
	return db_end(j, e == ERR_NOT_FOUND ? OK : e);
}

enum err
journal_clear_history(struct journal *j, const uint8_t *apex)
{
	return journal_trim_deltas(j, apex, 0, 0, NULL);
}

/* --- publication ------------------------------------------------------ */

/* What the record says before this net is the last that it fits to. */
static bool
net_joins(const struct zone_record *z, const struct journal_delta *d)
{
	return d->is_whole || (z->zone.is_published && d->has_from &&
	    d->from == z->zone.serial && z->base.where != DATA_NONE);
}

static enum err
publish_whole(struct journal *j, const uint8_t *apex, struct zone_record *z,
    const struct delta_record *net)
{
	enum err e = data_release(j, &z->base);
	if (e == OK)
		e = drop_all(j, DB_DELTA, apex, delta_drop);
	/* The number is used up: a snapshot of what was before, written
	 * meanwhile, is then older than this base. */
	z->zone.base_delta = ++z->zone.last_delta;
	z->zone.base_serial = net->delta.to;
	memcpy(z->zone.base_digest, net->delta.digest,
	    sizeof z->zone.base_digest);
	z->base = net->place;
	return e;
}

static enum err
publish_step(struct journal *j, const uint8_t *apex, struct zone_record *z,
    const struct delta_record *net)
{
	unsigned dropped;
	struct trim all = { z->zone.base_delta, 0, 0 };
	struct db_key k = db_key_number(apex, ++z->zone.last_delta);
	enum err e = OK;
	if (net->delta.goes_back)
		e = drop_beyond(j, apex, &all, &dropped);
	return e == OK ? delta_write(j, DB_DELTA, &k, net) : e;
}

static enum err
publish(struct journal *j, const uint8_t *apex, const struct db_key *k,
    int64_t now_s)
{
	struct zone_record z;
	struct delta_record net;
	enum err e = delta_read(j, DB_NET, k, &net);
	if (e != OK)
		return e;
	e = zone_read(j, apex, &z);
	if (e != OK && e != ERR_NOT_FOUND)
		return e;
	if (!net_joins(&z, &net.delta))
		return ERR_TRANSITION;
	e = net.delta.is_whole ? publish_whole(j, apex, &z, &net)
			       : publish_step(j, apex, &z, &net);
	/* Only the record goes: what it owned is owned by the step now. */
	if (e == OK)
		e = db_drop(j, DB_NET, k);
	z.zone.is_published = true;
	z.zone.serial = net.delta.to;
	memcpy(z.zone.digest, net.delta.digest, sizeof z.zone.digest);
	z.zone.published_s = now_s;
	return e == OK ? zone_write(j, apex, &z) : e;
}

enum err
journal_publish(struct journal *j, const uint8_t *apex, uint64_t update_id,
    int64_t now_s)
{
	struct db_key k = db_key_number(apex, update_id);
	enum err e = db_begin(j);
	if (e != OK)
		return e;
	return db_end(j, publish(j, apex, &k, now_s));
}

/* --- base ------------------------------------------------------------- */

static enum err
put_base(struct journal *j, const uint8_t *apex, struct zone_record *z,
    const struct journal_data *base)
{
	struct data_place old = z->base;
	enum err e = data_store(j, base, &z->base);
	if (e == OK)
		e = data_release(j, &old);
	return e == OK ? zone_write(j, apex, z) : e;
}

enum err
journal_put_base(struct journal *j, const uint8_t *apex, uint32_t serial,
    const uint8_t digest[JOURNAL_DIGEST], uint64_t delta,
    const struct journal_data *base)
{
	struct zone_record z;
	enum err e = db_begin(j);
	if (e != OK)
		return e;
	e = zone_read(j, apex, &z);
	if (e == ERR_NOT_FOUND || (e == OK && (!z.zone.is_published ||
	    delta < z.zone.base_delta || delta > z.zone.last_delta))) {
		e = db_end(j, data_unwanted(j, base));
		return e == OK ? ERR_AGAIN : e;
	}
	if (e == OK) {
		z.zone.base_serial = serial;
		memcpy(z.zone.base_digest, digest, JOURNAL_DIGEST);
		z.zone.base_delta = delta;
		e = put_base(j, apex, &z, base);
	}
	return db_end(j, e);
}

enum err
journal_read_base(struct journal *j, const uint8_t *apex, struct octets *copy)
{
	struct zone_record r;
	struct journal_data d;
	enum err e = db_enter(j);
	if (e != OK)
		return e;
	e = zone_read(j, apex, &r);
	if (e == OK && r.base.where != DATA_HERE)
		e = ERR_NOT_FOUND;
	if (e == OK)
		e = data_copy(j, &r.base, copy, &d);
	db_leave(j);
	return e;
}
