/* staged.c - the updates of a zone that are not published yet.
 * Runs in: xfrd. RECEIVING and VERIFYING are never written: after a restart
 * the one is absent and the other STAGED. */
#include <string.h>

#include "journal/record.h"

struct update_record {
	struct journal_update update;
	struct data_place place;
};

static bool
update_decode_facts(struct buf *b, struct journal_update *u)
{
	uint8_t state;
	if (!buf_take_u64(b, &u->base_id) || !buf_take_u8(b, &u->kind) ||
	    !buf_take_u8(b, &state) || state >= UPDATE_STATES ||
	    state == UPDATE_RECEIVING || state == UPDATE_VERIFYING)
		return false;
	u->state = (enum update_state)state;
	return db_take_flag(b, &u->has_from) && buf_take_u32(b, &u->from) &&
	    buf_take_u32(b, &u->to) && db_take_flag(b, &u->has_digest) &&
	    db_take_octets(b, u->digest, sizeof u->digest) &&
	    buf_take_u16(b, &u->attempts) && buf_take_u16(b, &u->timeouts) &&
	    buf_take_u32(b, &u->flags) && db_take_i64(b, &u->received_s) &&
	    db_take_i64(b, &u->judged_s) && db_take_i64(b, &u->retry_s) &&
	    db_take_text(b, u->primary, sizeof u->primary);
}

static enum err
update_take_record(const struct db_key *k, struct buf *b,
    struct update_record *r)
{
	*r = (struct update_record){ 0 };
	if (!db_key_is_zone(k, true) ||
	    !update_decode_facts(b, &r->update) ||
	    !data_take_place(b, &r->place) || buf_left(b) != 0)
		return ERR_CORRUPT;
	r->update.id = db_key_last_number(k);
	memcpy(r->update.file, r->place.file, sizeof r->update.file);
	return OK;
}

static enum err
update_record_read(struct journal *j, const struct db_key *k,
    struct update_record *r)
{
	struct buf b;
	enum err e = db_get(j, DB_UPDATE, k, &b);
	return e == OK ? update_take_record(k, &b, r) : e;
}

static enum err
update_record_write(struct journal *j, const struct db_key *k,
    const struct journal_update *u, const struct data_place *p)
{
	struct db_fields f;
	enum update_state state = u->state == UPDATE_VERIFYING
	    ? UPDATE_STAGED : u->state;
	ASSERT(state != UPDATE_RECEIVING);
	db_fields_start(&f);
	db_put_u64(&f, u->base_id);
	db_put_u8(&f, u->kind);
	db_put_u8(&f, (uint8_t)state);
	db_put_u8(&f, u->has_from);
	db_put_u32(&f, u->from);
	db_put_u32(&f, u->to);
	db_put_u8(&f, u->has_digest);
	db_put_octets(&f, u->digest, sizeof u->digest);
	db_put_u16(&f, u->attempts);
	db_put_u16(&f, u->timeouts);
	db_put_u32(&f, u->flags);
	db_put_u64(&f, (uint64_t)u->received_s);
	db_put_u64(&f, (uint64_t)u->judged_s);
	db_put_u64(&f, (uint64_t)u->retry_s);
	db_put_text(&f, u->primary, sizeof u->primary);
	data_put_place(&f, p);
	return db_put(j, DB_UPDATE, k, &f, NULL, 0);
}

enum err
update_record_drop(struct journal *j, enum db_table t, const struct db_key *k)
{
	struct update_record r;
	enum err e = update_record_read(j, k, &r);
	if (e == OK)
		e = data_release(j, &r.place);
	return e == OK ? db_drop(j, t, k) : e;
}

/* What nobody has judged can be fetched again. */
static enum err
begin_of(struct journal *j, const struct journal_update *u)
{
	bool is_judged = u->state != UPDATE_STAGED &&
	    u->state != UPDATE_VERIFYING;
	return is_judged ? db_begin(j) : db_begin_passing(j);
}

enum err
journal_put_update(struct journal *j, const uint8_t *apex,
    const struct journal_update *u)
{
	struct update_record old = { 0 };
	struct data_place place;
	struct db_key k = db_key_number(apex, u->id);
	ASSERT(u->id != 0);
	enum err e = begin_of(j, u);
	if (e != OK)
		return e;
	e = update_record_read(j, &k, &old);
	if (e == OK || e == ERR_NOT_FOUND)
		e = data_store(j, &u->data, &place);
	if (e == OK)
		e = data_release(j, &old.place);
	if (e == OK)
		e = update_record_write(j, &k, u, &place);
	return db_end(j, e);
}

enum err
journal_change_update(struct journal *j, const uint8_t *apex,
    const struct journal_update *u)
{
	struct update_record old;
	struct db_key k = db_key_number(apex, u->id);
	enum err e = begin_of(j, u);
	if (e != OK)
		return e;
	e = update_record_read(j, &k, &old);
	if (e == ERR_NOT_FOUND)
		return e;
	if (e == OK)
		e = update_record_write(j, &k, u, &old.place);
	return db_end(j, e);
}

enum err
journal_drop_update(struct journal *j, const uint8_t *apex, uint64_t id)
{
	struct db_key k = db_key_number(apex, id);
	enum err e = db_begin(j);
	if (e != OK)
		return e;
	e = update_record_drop(j, DB_UPDATE, &k);
	if (e == OK || e == ERR_NOT_FOUND)
		e = delta_drop(j, DB_NET, &k);
	return db_end(j, e == ERR_NOT_FOUND ? OK : e);
}

/* One loop for one zone (apex given) and for all. */
static enum err
each_update(struct journal *j, const uint8_t *apex,
    journal_any_update_fn *fn, void *arg)
{
	struct db_walk w;
	struct db_key k;
	struct buf b;
	struct update_record r;
	enum err e = db_walk_start(j, DB_UPDATE, apex, JOURNAL_OLDEST_FIRST,
	    &w);
	if (e != OK)
		return e;
	while ((e = db_walk_next(&w, &k, &b)) == OK) {
		e = update_take_record(&k, &b, &r);
		if (e == OK)
			e = data_view(j, &r.place, &r.update.data);
		if (e != OK || !fn(arg, k.octets, &r.update))
			break;
	}
	db_walk_end(&w);
	return e == ERR_NOT_FOUND ? OK : e;
}

struct one_zone {
	journal_update_fn *fn;
	void *arg;
};

static bool
of_one_zone(void *arg, const uint8_t *apex, const struct journal_update *u)
{
	const struct one_zone *z = arg;
	(void)apex;
	return z->fn(z->arg, u);
}

enum err
journal_each_update(struct journal *j, const uint8_t *apex,
    journal_update_fn *fn, void *arg)
{
	struct one_zone z = { fn, arg };
	return each_update(j, apex, of_one_zone, &z);
}

enum err
journal_each_update_of_all(struct journal *j, journal_any_update_fn *fn,
    void *arg)
{
	return each_update(j, NULL, fn, arg);
}

enum err
journal_read_update(struct journal *j, const uint8_t *apex, uint64_t id,
    struct journal_update *u, struct octets *copy)
{
	struct update_record r;
	struct db_key k = db_key_number(apex, id);
	enum err e = db_enter(j);
	if (e != OK)
		return e;
	e = update_record_read(j, &k, &r);
	if (e == OK)
		e = data_copy(j, &r.place, copy, &r.update.data);
	db_leave(j);
	if (e != OK)
		return e;
	*u = r.update;
	if (u->data.file != NULL)
		u->data.file = u->file;
	return OK;
}
