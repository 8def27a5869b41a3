/* data.c - octets or a spool file, owned by exactly one record.
 * Runs in: xfrd. Always holds: DB_FILE counts the records that name a file;
 * a file whose count fell to nothing is reported after the commit. */
#include "journal/data.h"

#include <string.h>

static enum err
file_count(struct journal *j, const struct db_key *k, uint32_t *count)
{
	struct buf b;
	enum err e = db_get(j, DB_FILE, k, &b);
	*count = 0;
	if (e == ERR_NOT_FOUND)
		return OK;
	if (e == OK && !buf_take_u32(&b, count))
		e = ERR_CORRUPT;
	return e;
}

static enum err
file_put_count(struct journal *j, const struct db_key *k, uint32_t count)
{
	struct db_fields f;
	db_fields_start(&f);
	db_put_u32(&f, count);
	return db_put(j, DB_FILE, k, &f, NULL, 0);
}

static enum err
file_use(struct journal *j, const char *name)
{
	struct db_key k = db_key_text(name);
	uint32_t count;
	enum err e = file_count(j, &k, &count);
	return e != OK ? e : file_put_count(j, &k, count + 1);
}

static enum err
note_unused(struct journal *j, const struct db_key *name)
{
	char padded[SPOOL_NAME_MAX] = "";
	memcpy(padded, name->octets, name->len);
	return octets_add(&j->unused, padded, sizeof padded) ? OK : ERR_MEMORY;
}

enum err
data_unwanted(struct journal *j, const struct journal_data *d)
{
	if (d->file == NULL || d->file[0] == '\0')
		return OK;
	ASSERT(spool_is_name(d->file));
	struct db_key k = db_key_text(d->file);
	return note_unused(j, &k);
}

static enum err
file_unuse(struct journal *j, const char *name)
{
	struct db_key k = db_key_text(name);
	uint32_t count;
	enum err e = file_count(j, &k, &count);
	if (e != OK)
		return e;
	if (count == 0)
		return ERR_CORRUPT;
	if (count > 1)
		return file_put_count(j, &k, count - 1);
	e = note_unused(j, &k);
	return e == OK ? db_drop(j, DB_FILE, &k) : e;
}

bool
journal_uses_file(void *journal, const char *name)
{
	struct journal *j = journal;
	uint32_t count = 1;
	if (!spool_is_name(name) || db_enter(j) != OK)
		return true;	/* in doubt nothing is removed */
	struct db_key k = db_key_text(name);
	enum err e = file_count(j, &k, &count);
	db_leave(j);
	return e != OK || count > 0;
}

enum err
data_store(struct journal *j, const struct journal_data *d,
    struct data_place *p)
{
	*p = (struct data_place){ .where = DATA_NONE, .len = d->len };
	if (d->file != NULL && d->file[0] != '\0') {
		ASSERT(spool_is_name(d->file));
		memcpy(p->file, d->file, strlen(d->file));
		p->where = DATA_FILE;
		return file_use(j, p->file);
	}
	ASSERT(d->len <= JOURNAL_INLINE_MAX);
	if (d->len == 0)
		return OK;
	struct db_fields none;
	p->where = DATA_HERE;
	p->id = j->next++;
	struct db_key k = db_key_number(NULL, p->id);
	db_fields_start(&none);
	return db_put(j, DB_DATA, &k, &none, d->octets, d->len);
}

enum err
data_release(struct journal *j, const struct data_place *p)
{
	switch (p->where) {
	case DATA_NONE:
		return OK;
	case DATA_HERE: {
		struct db_key k = db_key_number(NULL, p->id);
		return db_drop(j, DB_DATA, &k);
	}
	case DATA_FILE:
		return file_unuse(j, p->file);
	}
	return ERR_CORRUPT;
}

enum err
data_view(struct journal *j, const struct data_place *p,
    struct journal_data *d)
{
	*d = (struct journal_data){ .len = (size_t)p->len };
	if (p->where == DATA_FILE)
		d->file = p->file;
	if (p->where != DATA_HERE)
		return OK;
	struct buf b;
	struct db_key k = db_key_number(NULL, p->id);
	enum err e = db_get(j, DB_DATA, &k, &b);
	if (e == ERR_NOT_FOUND || (e == OK && buf_left(&b) != p->len))
		e = ERR_CORRUPT;
	if (e == OK)
		d->octets = buf_here(&b);
	return e;
}

enum err
data_copy(struct journal *j, const struct data_place *p, struct octets *copy,
    struct journal_data *d)
{
	enum err e = data_view(j, p, d);
	if (e != OK || d->octets == NULL)
		return e;
	copy->len = 0;
	if (!octets_add(copy, d->octets, d->len))
		return ERR_MEMORY;
	d->octets = copy->at;
	return OK;
}

void
data_put_place(struct db_fields *f, const struct data_place *p)
{
	db_put_u8(f, (uint8_t)p->where);
	db_put_u64(f, p->len);
	db_put_u64(f, p->id);
	db_put_text(f, p->file, sizeof p->file);
}

bool
data_take_place(struct buf *b, struct data_place *p)
{
	uint8_t where;
	if (!buf_take_u8(b, &where) || where > DATA_FILE ||
	    !buf_take_u64(b, &p->len) || !buf_take_u64(b, &p->id) ||
	    !db_take_text(b, p->file, sizeof p->file))
		return false;
	p->where = (enum data_where)where;
	if (p->where == DATA_HERE && p->len > JOURNAL_INLINE_MAX)
		return false;
	/* A name out of a record becomes a path. */
	return p->where != DATA_FILE || spool_is_name(p->file);
}
