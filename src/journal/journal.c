/* journal.c - making, opening, committing.
 * Runs in: xfrd. Always holds: a journal has its name only when its tables
 * and its key are durable, so that one without them is damaged and never
 * taken for a new one. */
#include "journal/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "journal/db.h"

#define MAP_OCTETS (UINT64_C(64) << 30)
#define FLAGS (MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOTLS)
#define FIRST_ID 1
#define LOCK_WAIT_MS 500
#define FULL_OCTETS (1u << 20)

static void
lmdb_assertion(MDB_env *env, const char *text)
{
	(void)env;
	assert_failed(text, "lmdb", 0);
}

static enum err
open_environment(const char *path, size_t map_octets, MDB_env **env)
{
	MDB_env *n = NULL;
	int r = mdb_env_create(&n);
	if (r == 0)
		r = mdb_env_set_mapsize(n, map_octets);
	if (r == 0)
		r = mdb_env_set_maxdbs(n, DB_TABLES);
	if (r == 0)
		r = mdb_env_set_assert(n, lmdb_assertion);
	if (r == 0)
		r = mdb_env_open(n, path, FLAGS, 0600);
	if (r == 0)
		*env = n;
	else
		mdb_env_close(n);
	return db_error(r);
}

/* --- facts of the whole journal --------------------------------------- */

static enum err
put_number(struct journal *j, const char *name, uint64_t v)
{
	struct db_fields f;
	struct db_key k = db_key_text(name);
	db_fields_start(&f);
	db_put_u64(&f, v);
	return db_put(j, DB_META, &k, &f, NULL, 0);
}

static enum err
get_number(struct journal *j, const char *name, uint64_t *v)
{
	struct buf b;
	struct db_key k = db_key_text(name);
	enum err e = db_get(j, DB_META, &k, &b);
	if (e != OK)
		return e == ERR_NOT_FOUND ? ERR_CORRUPT : e;
	return buf_take_u64(&b, v) ? OK : ERR_CORRUPT;
}

static enum err
put_first_facts(struct journal *j)
{
	struct db_fields f;
	struct db_key k = db_key_text("digest-key");
	uint8_t key[16];
	if (getrandom(key, sizeof key, 0) != sizeof key)
		return ERR_SYSTEM;
	db_fields_start(&f);
	db_put_octets(&f, key, sizeof key);
	enum err e = db_put(j, DB_META, &k, &f, NULL, 0);
	if (e == OK)
		e = put_number(j, "format", DB_FORMAT);
	if (e == OK)
		e = put_number(j, "next-id", FIRST_ID);
	return e;
}

static enum err
sync_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return ERR_SYSTEM;
	enum err e = fsync(fd) == 0 ? OK : ERR_IO;
	fd_close(&fd);
	return e;
}

static enum err
fill_new(const char *path, size_t map_octets)
{
	struct journal j = { .lock = -1 };
	enum err e = open_environment(path, map_octets, &j.env);
	if (e != OK)
		return e;
	int r = mdb_txn_begin(j.env, NULL, 0, &j.write);
	if (r != 0) {
		e = db_error(r);
		goto out;
	}
	e = db_open_tables(j.write, MDB_CREATE, j.dbi);
	if (e == OK)
		e = put_first_facts(&j);
	if (e == OK)
		e = db_error(mdb_txn_commit(j.write));
	else
		mdb_txn_abort(j.write);
out:
	mdb_env_close(j.env);
	return e;
}

static enum err
make_journal(const char *directory, const char *path, size_t map_octets)
{
	char fresh[PATH_MAX];
	if (snprintf(fresh, sizeof fresh, "%s.new", path) >=
	    (int)sizeof fresh)
		return ERR_INPUT_RANGE;
	unlink(fresh);
	enum err e = fill_new(fresh, map_octets);
	if (e != OK) {
		unlink(fresh);
		return e;
	}
	if (rename(fresh, path) == -1)
		return ERR_SYSTEM;
	return sync_directory(directory);
}

/* --- opening ---------------------------------------------------------- */

static enum err
damaged(const char *path, char *why)
{
	return err_why(ERR_CORRUPT, why, "journal %s is damaged: restore it "
	    "from a backup, or move the state directory away and the zones "
	    "are transferred and verified anew", path);
}

/* A predecessor that was killed may have left a child that has not yet given
 * up its copy of the lock. */
static bool
lock_soon(int fd)
{
	struct timespec step = { 0, 10 * 1000000L };
	int64_t end = clock_mono_ms() + LOCK_WAIT_MS;
	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK || clock_mono_ms() >= end)
			return false;
		nanosleep(&step, NULL);
	}
	return true;
}

/* Held as long as the journal is open: two writers would destroy it. */
static enum err
lock_file(struct journal *j, const char *path, char *why)
{
	j->lock = open(path, O_RDONLY | O_CLOEXEC);
	if (j->lock == -1)
		return err_why(ERR_SYSTEM, why, "cannot open %s: %s", path,
		    strerror(errno));
	if (lock_soon(j->lock))
		return OK;
	if (errno == EWOULDBLOCK)
		return err_why(ERR_EXISTS, why,
		    "journal %s is in use by another process", path);
	return err_why(ERR_SYSTEM, why, "cannot lock %s: %s", path,
	    strerror(errno));
}

static enum err
read_facts(struct journal *j)
{
	struct buf b;
	struct db_key k = db_key_text("digest-key");
	enum err e = db_enter(j);
	if (e != OK)
		return e;
	e = get_number(j, "next-id", &j->next);
	if (e == OK)
		e = db_get(j, DB_META, &k, &b);
	if (e == OK &&
	    !db_take_octets(&b, j->digest_key, sizeof j->digest_key))
		e = ERR_CORRUPT;
	db_leave(j);
	j->next_stored = j->next;
	return e == ERR_NOT_FOUND ? ERR_CORRUPT : e;
}

static enum err
open_tables(struct journal *j)
{
	MDB_txn *txn;
	int r = mdb_txn_begin(j->env, NULL, MDB_RDONLY, &txn);
	if (r != 0)
		return db_error(r);
	enum err e = db_open_tables(txn, 0, j->dbi);
	/* Committing is what keeps the handles. */
	if (e == OK)
		e = db_error(mdb_txn_commit(txn));
	else
		mdb_txn_abort(txn);
	return e;
}

static enum err
open_existing(struct journal *j, const char *path, size_t map_octets,
    char *why)
{
	enum err e = lock_file(j, path, why);
	if (e != OK)
		return e;
	e = db_check(path, map_octets, j->lock);
	if (e == OK)
		e = open_environment(path, map_octets, &j->env);
	if (e == OK)
		e = open_tables(j);
	if (e == OK)
		e = read_facts(j);
	if (e == ERR_INPUT_UNKNOWN)
		return err_why(e, why, "journal %s is of another format than "
		    "%d: use the release that wrote it", path, DB_FORMAT);
	if (e == ERR_CORRUPT)
		return damaged(path, why);
	if (e != OK)
		return err_why(e, why, "cannot open journal %s: %s", path,
		    err_text(e));
	return OK;
}

static enum err
open_at(const struct journal_settings *s, struct journal *j,
    const char *path, char *why)
{
	size_t map = s->map_octets != 0 ? s->map_octets : (size_t)MAP_OCTETS;
	struct stat st;
	if (lstat(path, &st) == -1) {
		if (errno != ENOENT)
			return err_why(ERR_SYSTEM, why, "cannot look at %s: %s",
			    path, strerror(errno));
		enum err e = make_journal(s->directory, path, map);
		if (e != OK)
			return err_why(e, why, "cannot make journal %s: "
			    "%s (%s)", path, err_text(e), strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		return err_why(ERR_INPUT_RANGE, why,
		    "journal %s is not a regular file", path);
	} else if (st.st_size == 0) {
		/* LMDB would take it for a new one. */
		return damaged(path, why);
	}
	return open_existing(j, path, map, why);
}

enum err
journal_open(const struct journal_settings *s, struct journal **j,
    char why[ERR_WHY_MAX])
{
	char path[PATH_MAX];
	if (snprintf(path, sizeof path, "%s/" DB_FILE_NAME, s->directory) >=
	    (int)sizeof path)
		return err_why(ERR_INPUT_RANGE, why,
		    "path of the state directory is too long");
	struct journal *n = calloc(1, sizeof *n);
	if (n == NULL)
		return err_why(ERR_MEMORY, why, "%s", err_text(ERR_MEMORY));
	n->lock = -1;
	n->on_unused_file = s->on_unused_file;
	n->arg = s->arg;
	enum err e = open_at(s, n, path, why);
	if (e == OK)
		*j = n;
	else
		journal_close(&n);
	return e;
}

const char *
journal_path(const struct journal *j)
{
	const char *path;
	return mdb_env_get_path(j->env, &path) == 0 ? path : DB_FILE_NAME;
}

void
journal_close(struct journal **j)
{
	struct journal *o = *j;
	if (o == NULL)
		return;
	if (o->env != NULL) {
		journal_abort(o);
		if (o->read != NULL)
			mdb_txn_abort(o->read);
		mdb_env_close(o->env);
	}
	fd_close(&o->lock);
	octets_free(&o->unused);
	free(o);
	*j = NULL;
}

const uint8_t *
journal_digest_key(const struct journal *j)
{
	return j->digest_key;
}

uint64_t
journal_new_id(struct journal *j)
{
	return j->next++;
}

/* --- the end of a turn ------------------------------------------------ */

static void
measure(struct journal *j, int64_t start_us)
{
	uint64_t took = (uint64_t)(clock_mono_us() - start_us);
	j->commits++;
	j->last_commit_us = took;
	if (took > j->longest_commit_us)
		j->longest_commit_us = took;
}

static void
report_unused(struct journal *j)
{
	struct octets names = j->unused;
	j->unused = (struct octets){ 0 };
	for (size_t at = 0; at < names.len; at += SPOOL_NAME_MAX) {
		const char *name = (const char *)names.at + at;
		if (j->on_unused_file != NULL && !journal_uses_file(j, name))
			j->on_unused_file(j->arg, name);
	}
	octets_free(&names);
}

/* Without lasting puts LMDB flushes the data but not the page that points to
 * it: a failure of power may undo this commit, whole, and no other harm comes
 * of it; the next lasting one makes it last. A file goes only after a commit
 * that lasts. */
static int
commit(struct journal *j)
{
	bool is_passing = !j->is_lasting && j->unused.len == 0;
	if (is_passing)
		mdb_env_set_flags(j->env, MDB_NOMETASYNC, 1);
	int r = mdb_txn_commit(j->write);
	if (is_passing)
		mdb_env_set_flags(j->env, MDB_NOMETASYNC, 0);
	j->write = NULL;
	j->is_lasting = false;
	return r;
}

/* LMDB says EIO of a write that was cut short for want of room. What it wrote
 * of it stays in the file, so hardly anything is left. */
static bool
is_disk_full(const struct journal *j)
{
	struct statvfs v;
	return fstatvfs(j->lock, &v) == 0 &&
	    (uint64_t)v.f_bavail * v.f_frsize < FULL_OCTETS;
}

enum err
journal_commit(struct journal *j)
{
	ASSERT(j->readers == 0);
	if (j->trouble == OK && j->write != NULL &&
	    j->next != j->next_stored)
		j->trouble = put_number(j, "next-id", j->next);
	if (j->trouble != OK) {
		enum err e = j->trouble;
		journal_abort(j);
		return e;
	}
	if (j->write == NULL)
		return OK;
	int64_t start_us = clock_mono_us();
	int r = commit(j);
	if (r != 0) {
		journal_abort(j);
		return r == EIO && is_disk_full(j) ? ERR_FULL : db_error(r);
	}
	j->next_stored = j->next;
	measure(j, start_us);
	report_unused(j);
	return OK;
}

void
journal_abort(struct journal *j)
{
	ASSERT(j->readers == 0);
	if (j->write != NULL)
		mdb_txn_abort(j->write);
	j->write = NULL;
	j->is_lasting = false;
	j->trouble = OK;
	j->unused.len = 0;
}

bool
journal_is_dirty(const struct journal *j)
{
	return j->write != NULL || j->trouble != OK;
}

/* Pages in LMDB's own list of free ones: each record is a count and the
 * numbers of that many pages. */
static uint64_t
free_pages(MDB_txn *txn)
{
	MDB_cursor *c;
	MDB_val k, v;
	size_t count;
	uint64_t sum = 0;
	if (mdb_cursor_open(txn, 0, &c) != 0)
		return 0;
	while (mdb_cursor_get(c, &k, &v, MDB_NEXT) == 0) {
		if (v.mv_size < sizeof count)
			continue;
		memcpy(&count, v.mv_data, sizeof count);
		sum += count;
	}
	mdb_cursor_close(c);
	return sum;
}

void
journal_stats(struct journal *j, struct journal_stats *s)
{
	MDB_envinfo info;
	MDB_stat st;
	*s = (struct journal_stats){ .commits = j->commits,
		.last_commit_us = j->last_commit_us,
		.longest_commit_us = j->longest_commit_us };
	if (mdb_env_info(j->env, &info) != 0 ||
	    mdb_env_stat(j->env, &st) != 0 || db_enter(j) != OK)
		return;
	s->file_octets = (info.me_last_pgno + 1) * (uint64_t)st.ms_psize;
	s->free_octets = free_pages(j->write != NULL ? j->write : j->read) *
	    st.ms_psize;
	db_leave(j);
}
