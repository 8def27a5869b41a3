/* db.h - LMDB behind the journal: transactions, keys, checked records.
 * Private to src/journal.
 *
 * A record is: CRC-32C over key and all that follows (4 octets), layout (1),
 * fields in network order. Keys: the apex in wire format, which no other apex
 * is a prefix of, then for most tables a number of 8 octets that rises. */
#pragma once
#include <lmdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "journal/journal.h"

#define DB_FORMAT 1	/* of the whole; raised when a layout changes */
#define DB_LAYOUT 1
#define DB_HEAD 5	/* octets before the fields */
#define DB_FILE_NAME "journal.mdb"
#define DB_APEX_MAX 255
#define DB_FIELDS_MAX 2048

enum db_table {
	DB_META,	/* text -> number or octets */
	DB_ZONE,	/* apex -> zone */
	DB_DELTA,	/* apex, number -> step of history */
	DB_NET,		/* apex, update id -> result not yet published */
	DB_UPDATE,	/* apex, id -> staged tail */
	DB_TRAIL,	/* apex, number -> verdict or decision */
	DB_ZONEFILE,	/* apex -> facts of the zone file */
	DB_DATA,	/* number -> octets that one of the above owns */
	DB_FILE,	/* name -> how many of the above name it */
	DB_TABLES
};

struct journal {
	MDB_env *env;
	MDB_txn *write;		/* of this turn, or null */
	MDB_txn *read;		/* kept between uses, reset */
	MDB_dbi dbi[DB_TABLES];
	unsigned readers;	/* depth of calls that read */
	bool is_reading;	/* read is in use, not reset */
	enum err trouble;	/* spoils the turn */
	bool is_lasting;	/* the turn puts what must outlive a failure of
				 * power when the commit returns */
	int lock;		/* of the data file: nobody else opens it */
	uint8_t digest_key[16];
	uint64_t next;		/* ids of updates, data and trail */
	uint64_t next_stored;
	void (*on_unused_file)(void *arg, const char *name);
	void *arg;
	struct octets unused;	/* names that lost their last record */
	uint64_t commits, last_commit_us, longest_commit_us;
};

struct db_key {
	uint8_t octets[DB_APEX_MAX + 8];
	size_t len;
};
struct db_key db_key_zone(const uint8_t *apex);
struct db_key db_key_number(const uint8_t *apex, uint64_t number);
struct db_key db_key_text(const char *text);
/* False unless it is a whole apex, followed by a number if that is asked
 * for. */
bool db_key_is_zone(const struct db_key *k, bool with_number);
uint64_t db_key_last_number(const struct db_key *k);

/* Fields of one record, put one after the other. */
struct db_fields {
	uint8_t octets[DB_FIELDS_MAX];
	struct buf b;
};
void db_fields_start(struct db_fields *f);
void db_put_u8(struct db_fields *f, uint8_t v);
void db_put_u16(struct db_fields *f, uint16_t v);
void db_put_u32(struct db_fields *f, uint32_t v);
void db_put_u64(struct db_fields *f, uint64_t v);
void db_put_octets(struct db_fields *f, const void *octets, size_t n);
/* Cut to what fits into room octets with its final zero. */
void db_put_text(struct db_fields *f, const char *text, size_t room);
bool db_take_flag(struct buf *b, bool *v);
bool db_take_i64(struct buf *b, int64_t *v);
bool db_take_octets(struct buf *b, void *octets, size_t n);
bool db_take_text(struct buf *b, char *text, size_t room);

/* Each put starts with db_begin and ends with return db_end(j, e). */
MUST_CHECK enum err db_begin(struct journal *j);
/* For what may be lost with the power, and only with it: what is asked for
 * again. */
enum err db_begin_passing(struct journal *j);
enum err db_end(struct journal *j, enum err e);
/* Each read stands between these two; they nest, also within a put. */
MUST_CHECK enum err db_enter(struct journal *j);
void db_leave(struct journal *j);

/* tail follows the fields and may be null. */
MUST_CHECK enum err db_put(struct journal *j, enum db_table t,
    const struct db_key *k, const struct db_fields *f, const uint8_t *tail,
    size_t tail_len);
/* The fields, in the map: valid until the next put or db_leave. */
MUST_CHECK enum err db_get(struct journal *j, enum db_table t,
    const struct db_key *k, struct buf *fields);
MUST_CHECK enum err db_drop(struct journal *j, enum db_table t,
    const struct db_key *k);

/* One after the other; apex null: the whole table. ERR_NOT_FOUND at the end.
 * No put to this table while it runs. */
struct db_walk {
	struct journal *j;
	MDB_cursor *cursor;
	enum db_table table;
	struct db_key prefix;
	bool is_backward, is_started;
};
MUST_CHECK enum err db_walk_start(struct journal *j, enum db_table t,
    const uint8_t *apex, enum journal_order order, struct db_walk *w);
MUST_CHECK enum err db_walk_next(struct db_walk *w, struct db_key *k,
    struct buf *fields);
void db_walk_end(struct db_walk *w);

enum err db_error(int number);
/* Opens the tables in this transaction. */
MUST_CHECK enum err db_open_tables(MDB_txn *txn, unsigned flags,
    MDB_dbi dbi[DB_TABLES]);
/* Reads the whole journal in a child process, so that a damaged page costs
 * only that: ERR_CORRUPT; ERR_INPUT_UNKNOWN for another format. */
MUST_CHECK enum err db_check(const char *path, size_t map_octets,
    int lock);
