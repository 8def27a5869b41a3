/* db.c - LMDB behind the journal: transactions, checked records, walks.
 * Runs in: xfrd. Always holds: a read transaction is open only while a call
 * runs, so never during a commit: the environment is opened without LMDB's
 * own locks, and only the second commit after it could reuse its pages. A
 * callback may begin the write transaction; its walk goes on as it was. */
#include "journal/db.h"

#include <errno.h>
#include <string.h>

#include "journal/crc.h"

enum err
db_error(int number)
{
	switch (number) {
	case 0:
		return OK;
	case MDB_NOTFOUND:
		return ERR_NOT_FOUND;
	case MDB_MAP_FULL:
	case MDB_TXN_FULL:
	case ENOSPC:
	case EDQUOT:
		return ERR_FULL;
	case MDB_PAGE_NOTFOUND:
	case MDB_CORRUPTED:
	case MDB_VERSION_MISMATCH:
	case MDB_INVALID:
	case MDB_INCOMPATIBLE:
		return ERR_CORRUPT;
	case ENOMEM:
		return ERR_MEMORY;
	case EIO:
	case MDB_PANIC:
		return ERR_IO;
	default:
		return ERR_SYSTEM;
	}
}

enum err
db_open_tables(MDB_txn *txn, unsigned flags, MDB_dbi dbi[DB_TABLES])
{
	static const char *const names[DB_TABLES] = {
		[DB_META] = "meta", [DB_ZONE] = "zone",
		[DB_DELTA] = "delta", [DB_NET] = "net",
		[DB_UPDATE] = "update", [DB_TRAIL] = "trail",
		[DB_ZONEFILE] = "zonefile", [DB_DATA] = "data",
		[DB_FILE] = "file",
	};
	for (unsigned t = 0; t < DB_TABLES; t++) {
		int r = mdb_dbi_open(txn, names[t], flags, &dbi[t]);
		/* A table that is not there was lost: never start empty. */
		if (r != 0)
			return r == MDB_NOTFOUND ? ERR_CORRUPT : db_error(r);
	}
	return OK;
}

enum err
db_begin(struct journal *j)
{
	j->is_lasting = true;
	return db_begin_passing(j);
}

enum err
db_begin_passing(struct journal *j)
{
	if (j->trouble != OK || j->write != NULL)
		return j->trouble;
	j->trouble = db_error(mdb_txn_begin(j->env, NULL, 0, &j->write));
	if (j->trouble != OK)
		j->write = NULL;
	return j->trouble;
}

enum err
db_end(struct journal *j, enum err e)
{
	if (e != OK && j->trouble == OK)
		j->trouble = e;
	return e;
}

enum err
db_enter(struct journal *j)
{
	if (j->readers == 0 && j->write == NULL) {
		int r = j->read == NULL
		    ? mdb_txn_begin(j->env, NULL, MDB_RDONLY, &j->read)
		    : mdb_txn_renew(j->read);
		if (r != 0)
			return db_error(r);
		j->is_reading = true;
	}
	j->readers++;
	return OK;
}

void
db_leave(struct journal *j)
{
	ASSERT(j->readers > 0);
	if (--j->readers > 0 || !j->is_reading)
		return;
	mdb_txn_reset(j->read);
	j->is_reading = false;
}

static MDB_txn *
txn_of(const struct journal *j)
{
	return j->write != NULL ? j->write : j->read;
}

static uint32_t
sum_of(const struct db_key *k, const uint8_t *value, size_t len)
{
	uint32_t c = crc32c(0, k->octets, k->len);
	return crc32c(c, value + 4, len - 4);
}

/* A record that stays as it is costs no commit. */
static bool
is_stored(struct journal *j, enum db_table t, const MDB_val *key,
    const struct db_fields *f, const uint8_t *tail, size_t tail_len)
{
	MDB_val k = *key, v;
	if (mdb_get(j->write, j->dbi[t], &k, &v) != 0 ||
	    v.mv_size != DB_HEAD + f->b.at + tail_len)
		return false;
	const uint8_t *at = v.mv_data;
	return at[4] == DB_LAYOUT &&
	    memcmp(at + DB_HEAD, f->octets, f->b.at) == 0 && (tail_len == 0 ||
	    memcmp(at + DB_HEAD + f->b.at, tail, tail_len) == 0);
}

enum err
db_put(struct journal *j, enum db_table t, const struct db_key *k,
    const struct db_fields *f, const uint8_t *tail, size_t tail_len)
{
	MDB_val key = { k->len, (void *)(uintptr_t)k->octets };
	MDB_val value = { DB_HEAD + f->b.at + tail_len, NULL };
	if (is_stored(j, t, &key, f, tail, tail_len))
		return OK;
	int r = mdb_put(j->write, j->dbi[t], &key, &value, MDB_RESERVE);
	if (r != 0)
		return db_error(r);
	uint8_t *to = value.mv_data;
	to[4] = DB_LAYOUT;
	memcpy(to + DB_HEAD, f->octets, f->b.at);
	if (tail_len > 0)
		memcpy(to + DB_HEAD + f->b.at, tail, tail_len);
	octets_set_u32(to, sum_of(k, to, value.mv_size));
	return OK;
}

static enum err
check_record(const struct db_key *k, const MDB_val *v, struct buf *fields)
{
	const uint8_t *from = v->mv_data;
	if (v->mv_size < DB_HEAD || from[4] != DB_LAYOUT ||
	    octets_u32(from) != sum_of(k, from, v->mv_size))
		return ERR_CORRUPT;
	*fields = buf_reading(from + DB_HEAD, v->mv_size - DB_HEAD);
	return OK;
}

enum err
db_get(struct journal *j, enum db_table t, const struct db_key *k,
    struct buf *fields)
{
	MDB_val key = { k->len, (void *)(uintptr_t)k->octets };
	MDB_val value;
	int r = mdb_get(txn_of(j), j->dbi[t], &key, &value);
	return r != 0 ? db_error(r) : check_record(k, &value, fields);
}

enum err
db_drop(struct journal *j, enum db_table t, const struct db_key *k)
{
	MDB_val key = { k->len, (void *)(uintptr_t)k->octets };
	return db_error(mdb_del(j->write, j->dbi[t], &key, NULL));
}

/* --- walks ------------------------------------------------------------ */

enum err
db_walk_start(struct journal *j, enum db_table t, const uint8_t *apex,
    enum journal_order order, struct db_walk *w)
{
	enum err e = db_enter(j);
	if (e != OK)
		return e;
	*w = (struct db_walk){ .j = j, .table = t,
		.is_backward = order == JOURNAL_NEWEST_FIRST };
	if (apex != NULL)
		w->prefix = db_key_zone(apex);
	int r = mdb_cursor_open(txn_of(j), j->dbi[t], &w->cursor);
	if (r != 0)
		db_leave(j);
	return db_error(r);
}

void
db_walk_end(struct db_walk *w)
{
	mdb_cursor_close(w->cursor);
	db_leave(w->j);
}

/* The last record of a zone stands before the first key that is greater than
 * its apex with the greatest number. */
static int
seek_last(struct db_walk *w, MDB_val *k, MDB_val *v)
{
	struct db_key end = w->prefix;
	if (end.len == 0)
		return mdb_cursor_get(w->cursor, k, v, MDB_LAST);
	memset(end.octets + end.len, 0xff, 8);
	*k = (MDB_val){ end.len + 8, end.octets };
	int r = mdb_cursor_get(w->cursor, k, v, MDB_SET_RANGE);
	if (r == MDB_NOTFOUND)
		return mdb_cursor_get(w->cursor, k, v, MDB_LAST);
	if (r != 0 || (k->mv_size == end.len + 8 &&
	    memcmp(k->mv_data, end.octets, k->mv_size) == 0))
		return r;
	return mdb_cursor_get(w->cursor, k, v, MDB_PREV);
}

static int
seek(struct db_walk *w, MDB_val *k, MDB_val *v)
{
	if (w->is_started)
		return mdb_cursor_get(w->cursor, k, v,
		    w->is_backward ? MDB_PREV : MDB_NEXT);
	w->is_started = true;
	if (w->is_backward)
		return seek_last(w, k, v);
	if (w->prefix.len == 0)
		return mdb_cursor_get(w->cursor, k, v, MDB_FIRST);
	*k = (MDB_val){ w->prefix.len, w->prefix.octets };
	return mdb_cursor_get(w->cursor, k, v, MDB_SET_RANGE);
}

enum err
db_walk_next(struct db_walk *w, struct db_key *k, struct buf *fields)
{
	MDB_val key, value;
	int r = seek(w, &key, &value);
	if (r != 0)
		return db_error(r);
	if (key.mv_size < w->prefix.len ||
	    memcmp(key.mv_data, w->prefix.octets, w->prefix.len) != 0)
		return ERR_NOT_FOUND;
	if (key.mv_size > sizeof k->octets)
		return ERR_CORRUPT;
	memcpy(k->octets, key.mv_data, key.mv_size);
	k->len = key.mv_size;
	return check_record(k, &value, fields);
}
